"""The text that a reader typed into an HTML mail: quote containers of known clients are dropped.

Not html.parser: on hostile input it takes quadratic time or raises; here every search that fails ends the work.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_SILENT = ("script", "style", "head", "title", "blockquote", "template", "textarea")
_BREAKS = frozenset(
    [
        "address",
        "article",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
# Begun only where a name begins: elsewhere a long one would be looked at from each of its letters.
_ATTRIBUTE = re.compile(r"""(?<![a-z-])([a-z-]{1,30}+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
# A container with one of these classes is quoted text.
_QUOTES = re.compile(
    r"gmail_quote|gmail_attr|moz-cite-prefix|moz-forward-container|yahoo_quoted|protonmail_quote|zmail_extra|"
    r"ntes-mailmaster-quote|tutanota_quote|hm_quote|skiptranslate|OutlookMessageHeader|mail-quote|mail_quote",
    re.I,
)
# Behind an element with one of these ids nothing is the sender's own.
_BEGINS_QUOTE = re.compile(
    r"^x?_?(?:divRplyFwdMsg|appendonsend|stopSpelling|isReplyContent|origbody|mail-editor-reference-message-container|"
    r"ms-outlook-mobile-body-separator-line|reply-?quote|replyBody|mailQuote)",
    re.I,
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_SPACING = re.compile(r"white-space(?:-collapse)?\s*:\s*([a-z-]+)", re.I)
_KEEPING = ("pre", "pre-wrap", "pre-line", "break-spaces", "preserve", "preserve-breaks")
_LONGEST_TAG = 4_000
_MOST_TAGS = 5_000  # the fullest of 690 real emails has 386
# No letter has such a number, and int() takes quadratic time over thousands of digits or refuses them.
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{9,}|x[0-9a-f]{9,});?", re.I)


@dataclass(slots=True)
class _Open:
    """An open element that says how its white space counts; `inside` are the open ones of its name in it."""

    name: str
    keeps_lines: bool
    inside: int = 0


@dataclass(slots=True)
class _Page:
    """What has been read of a page so far."""

    out: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  # the open element that is dropped, and those of its name inside
    spacing: list[_Open] = field(default_factory=list)

    def write(self, text: str) -> None:
        if not self.silent:
            blanks = r"[ \t\f]+" if self.spacing and self.spacing[-1].keeps_lines else r"[ \t\r\n\f]+"
            self.out.append(html.unescape(_LONG_NUMBER.sub("", re.sub(blanks, " ", text))))


def to_text(source: str) -> str:
    """The visible text without quotes, a line for each block."""
    page = _Page()
    position = tags = 0
    while (start := source.find("<", position)) >= 0:
        page.write(source[position:start])
        position = _tag_end(source, start)
        tag = source[start + 1 : min(position, start + _LONGEST_TAG) - 1]
        tags += 1
        if tags > _MOST_TAGS or _handle(tag, page):
            return "".join(page.out)
    page.write(source[position:])
    return "".join(page.out)


def _tag_end(source: str, start: int) -> int:
    """Behind the tag or comment that begins here; the end of the source when it is never closed."""
    mark = "-->" if source.startswith("<!--", start) else ">"
    end = source.find(mark, start)
    return len(source) if end < 0 else end + len(mark)


def _handle(tag: str, page: _Page) -> bool:
    """Acts on one tag; True when only quoted text follows."""
    found = re.match(r"(/?)\s*([a-zA-Z][\w:-]{0,40})", tag)
    if not found:
        return False
    name, closes = found[2].lower(), bool(found[1])
    if page.silent:
        if name == page.silent[0] and not tag.endswith("/"):
            page.silent.pop() if closes else page.silent.append(name)
        return False
    if name in _BREAKS:
        page.out.append("\n")
    if closes:
        _close_spacing(name, page.spacing)
        return False
    attributes = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(tag)}
    if _BEGINS_QUOTE.search(attributes.get("id", "")) or _BEGINS_QUOTE.search(attributes.get("name", "")):
        return True
    if name not in _VOID and not tag.endswith("/"):
        if name in _SILENT or _is_dropped(attributes):
            page.silent.append(name)
        else:
            _open_spacing(name, attributes.get("style", ""), page.spacing)
    return False


def _open_spacing(name: str, style: str, spacing: list[_Open]) -> None:
    told = _SPACING.search(style)
    if told or name == "pre":
        spacing.append(_Open(name, told is None or told[1].lower() in _KEEPING))
    elif spacing and spacing[-1].name == name:
        spacing[-1].inside += 1


def _close_spacing(name: str, spacing: list[_Open]) -> None:
    if spacing and spacing[-1].name == name:
        spacing[-1].inside -= 1
        if spacing[-1].inside < 0:
            spacing.pop()


def _is_dropped(attributes: dict[str, str]) -> bool:
    return bool(
        _QUOTES.search(attributes.get("class", ""))
        or _QUOTES.search(attributes.get("id", ""))
        or _HIDDEN.search(attributes.get("style", ""))
    )
