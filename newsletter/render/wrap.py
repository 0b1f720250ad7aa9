"""Folds text for the plain part, counting CJK characters as two columns."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WIDTH = 74
# A word, or one wide character with the punctuation that may not begin a line; each with the space behind it.
_UNIT = re.compile(
    r"(?:[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f][，。、；：！？）》」』】”’…]*"
    r"|[^ \u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+) ?"
)


# What may be wider or narrower than one column; letters and signs that most texts have are known not to be.
_WIDE = re.compile(r"[^\x00-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2070-\u20cf\u2100-\u22ff]")
_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")


def columns(text: str) -> int:
    """The width of the text in a terminal."""
    if text.isascii():  # nearly every word is, and need not be looked at letter by letter
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


@lru_cache(maxsize=2048)  # an edition is written twice, to find its slots
def wrap(text: str, first: str = "", rest: str = "") -> str:
    """The text in lines of at most 74 columns; a longer word (a link) has a line of its own."""
    text = _SPACES.sub(" ", text).strip(" ")
    folded = _folded_wide if _WIDE.search(text) else _folded
    lines = folded(text, WIDTH - columns(first), WIDTH - columns(rest))
    _join_orphan(lines)
    written = [line.rstrip(" ").replace("\u00a0", " ") for line in lines]
    return "\n".join((rest if index else first) + line for index, line in enumerate(written))


def _folded(text: str, room: int, rest: int) -> list[str]:
    """The lines where each character is one column wide; `rest`: columns of every line but the first."""
    lines, start = [], 0
    while len(text) - start > room:
        end = text.rfind(" ", start, start + room + 1)
        end = end if end >= 0 else text.find(" ", start + room)
        if end < 0:
            break
        lines.append(text[start : end + 1])
        start, room = end + 1, rest
    return [*lines, text[start:]]


def _folded_wide(text: str, room: int, rest: int) -> list[str]:
    """The same unit by unit, as wide as each is."""
    lines, used = [""], 0
    for unit in _UNIT.findall(text):
        width = columns(unit)
        if lines[-1] and used + width - (unit[-1] == " ") > room:
            lines.append("")
            used, room = 0, rest
        lines[-1] += unit
        used += width
    return lines


def _join_orphan(lines: list[str]) -> None:
    """Moves more words to a short last line: alone, "stop." or 退订 would look like a command in a reply."""
    last = lines[-1]
    if len(lines) < 2 or columns(last) > 16 or " " in last:
        return
    # Wide characters are units of their own: some of them move; of spaced text one word does.
    before = _UNIT.findall(lines[-2])
    word = before[-1].rstrip(" ")
    kept = max(1, len(before) - (4 if columns(word) == 2 * len(word) else 1))
    lines[-2:] = ["".join(before[:kept]), "".join(before[kept:]) + last]
