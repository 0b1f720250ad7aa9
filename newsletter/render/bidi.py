"""Right-to-left languages: a mirrored template, and marks around right-to-left text in the plain part."""

from __future__ import annotations

import re

from newsletter.words import direction

# Isolates: what stands around a run keeps its own order.
_RIGHT_TO_LEFT, _LEFT_TO_RIGHT, _NAME, _END = (
    "\u2067",
    "\u2066",
    "\u2068",
    "\u2069",
)
_STYLE = re.compile(r'(?<=style=")[^"]*(?=")|(?<=<style type="text/css">).*?(?=</style>)', re.S)
_SIDES = re.compile(r"\b(left|right)\b")
_FOUR = re.compile(r"(padding|margin):( ?)" + " ".join([r"([^;\s\"]+)"] * 4))
_RTL_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# A line of the text part: its indentation, its words, and an address, which a mark would become part of.
_LINE = re.compile(r"(?m)^([ \t]*)([^\u2067\n]*?)((?:: )?https?://\S+|mailto:\S+)?$")


def isolated(text: str, language: str) -> str:
    """Puts each line of a run between U+2067 and U+2069 if its language is written from right to left.

    A paragraph of plain text ends with its line, and an isolate with it: every line needs its own.
    """
    return _isolated(text) if direction(language) == "rtl" else text


def _isolated(text: str) -> str:
    return "\n".join(_marked(line) if line.strip() else line for line in text.split("\n"))


def _marked(line: str) -> str:
    """A name that continues on the next line is closed here too."""
    bare = line.lstrip()
    opened = bare.count(_NAME) + bare.count(_LEFT_TO_RIGHT) - bare.count(_END)
    return f"{line[: len(line) - len(bare)]}{_RIGHT_TO_LEFT}{bare}{_END * (1 + max(0, opened))}"


def isolated_lines(text: str) -> str:
    """The text part of a right-to-left email: marks every line with right-to-left letters."""

    def line(found: re.Match[str]) -> str:
        indented, words, address = found[1], found[2], found[3] or ""
        return f"{indented}{_isolated(words)}{address}" if _RTL_LETTER.search(words) else found[0]

    return _LINE.sub(line, text)


def mirrored(html: str) -> str:
    """A compiled template with left and right swapped; it contains no data yet."""
    html = _STYLE.sub(lambda found: _mirrored_style(found[0]), html)
    html = re.sub(r'align="(left|right)"', lambda found: f'align="{_other(found[1])}"', html)
    return re.sub(r'(<html[^>]*) dir="ltr"', r'\1 dir="rtl"', html, count=1)


def _mirrored_style(style: str) -> str:
    style = style.replace("direction:ltr", "direction:rtl")
    style = _SIDES.sub(lambda found: _other(found[1]), style)
    # An English abstract still begins at its own side; who does not know the word keeps the one before.
    style = style.replace("text-align:right", "text-align:right;text-align:start")
    return _FOUR.sub(lambda found: "{}:{}{} {} {} {}".format(*(found[n] for n in (1, 2, 3, 6, 5, 4))), style)


def _other(side: str) -> str:
    return "left" if side == "right" else "right"
