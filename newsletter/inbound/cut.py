"""The new text of a reply: quotes, attribution lines, header blocks and signatures are dropped."""

from __future__ import annotations

import re
import unicodedata

from newsletter.inbound import forms, grammar

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# An emoji or a question mark says something, a rule or a row of dots does not.
_SAYS_NOTHING = re.compile(r"(?:[^\w?¿؟\u2600-\u27bf\u2b00-\u2bff\ufffd\U00010000-\U0010ffff]|_)+")
_LONGEST_LINE = 1_000
_MOST_LINES = 2_000


def visible_lines(text: str) -> list[str]:
    """What the sender wrote, line by line; of empty lines one is kept, where something follows."""
    lines = [
        _clean(line) for line in re.split(r"\r\n|[\r\n\u0085\u2028\u2029]", text, maxsplit=_MOST_LINES)[:_MOST_LINES]
    ]
    kept: list[str] = []
    signed = False
    for index, line in enumerate(lines):
        height = 1 if _begins_quote(lines, index) else _attribution(lines, index)
        if height and (
            any(one and not grammar.only_greets(one) for one in kept) or not _quote_follows(lines, index + height)
        ):
            break
        if height:
            lines[index : index + height] = [">"] * height  # the answer may stand below the quote
        elif line.startswith(">"):
            signed = False  # below a quote someone may write again, whatever its last line was
        elif forms.BANNER.search(line):
            continue
        elif kept and (forms.DISCLAIMER.match(line) or forms.FOOTER.search(line)):
            signed = True
        elif forms.SIGNATURE_MARK.fullmatch(line):
            signed = bool(kept)
        elif not signed and _is_typed(lines, index):
            kept.append(line)
        elif kept and kept[-1]:
            kept.append("")
    while kept and (not kept[-1] or (len(kept) > 1 and forms.is_mobile_footer(kept[-1]))):
        kept.pop()
    return kept


def _clean(line: str) -> str:
    """A line in one form: compatibility letters folded, &nbsp; and invisible marks gone, spaces single."""
    text = unicodedata.normalize("NFKC", line[:_LONGEST_LINE].replace("&nbsp;", " "))
    return " ".join(_INVISIBLE.sub("", text).split())


def _is_typed(lines: list[str], index: int) -> bool:
    line = lines[index]
    empty = not line or _SAYS_NOTHING.fullmatch(line)
    return not (empty or _is_quoted(lines, index))


def _is_quoted(lines: list[str], index: int) -> bool:
    """Whether a line is quoted, or the wrapped end of a quoted line that lost its mark."""
    if lines[index].startswith((">", "|>")):
        return True
    before = lines[index - 1] if index else ""
    after = lines[index + 1] if index + 1 < len(lines) else ""
    return before.startswith(">") and after.startswith(">")


def _quote_follows(lines: list[str], index: int) -> bool:
    """Whether marked lines come next; between them and here may stand the header lines of the quoted mail."""
    near = (line for line in lines[index : index + 10] if line and not forms.HEADER_LINE.match(line))
    following = next(near, "")
    return following.startswith(">") or bool(forms.ATTRIBUTION.fullmatch(following))


def _attribution(lines: list[str], index: int) -> int:
    """How many lines from here are `On … wrote:`; clients wrap it over up to three."""
    if not lines[index] or lines[index].startswith(">"):
        return 0
    for height in range(1, 5):
        piece = lines[index : index + height]
        joined = " ".join(piece)
        if height > 1 and (not piece[-1] or piece[-1].startswith(">") or not _may_be_wrapped(piece[0], joined)):
            return 0
        if forms.ATTRIBUTION.fullmatch(joined):
            return height
    return 0


def _may_be_wrapped(first: str, joined: str) -> bool:
    """Whether a first line may be the beginning of `On … wrote:`, by its first word, or by the time or sender in it."""
    return bool(forms.ATTRIBUTION_BEGINS.match(first) or (forms.SENT_BY.search(first) and joined.count("<") == 1))


def _begins_quote(lines: list[str], index: int) -> bool:
    line = lines[index]
    if forms.is_separator(line):
        return True
    named = forms.NAMED_RULE.fullmatch(line)
    if not (named or forms.HEADER_LINE.match(line)):
        return False
    if not named and index and lines[index - 1] == ">":
        return True  # the last one of a block
    near = [bool(forms.HEADER_LINE.match(one)) for one in lines[index + 1 : index + 8] if one][:3]
    return near[:2] == [True, True] if named else any(near)
