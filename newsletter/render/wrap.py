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
    lines: list[list[str]] = [[]]
    measure = len if text.isascii() else columns  # a third of the time for most abstracts
    used = columns(first)
    for unit in _UNIT.findall(re.sub(r"[ \t\r\n]+", " ", text).strip(" ")):
        width = measure(unit)
        if lines[-1] and used + width - (unit[-1] == " ") > WIDTH:
            lines.append([])
            used = columns(rest)
        lines[-1].append(unit)
        used += width
    _join_orphan(lines)
    written = ["".join(line).rstrip(" ").replace("\u00a0", " ") for line in lines]
    return "\n".join((rest if index else first) + line for index, line in enumerate(written))


def _join_orphan(lines: list[list[str]]) -> None:
    """Moves more words to a short last line: alone, "stop." or 退订 would look like a command in a reply."""
    last = "".join(lines[-1])
    if len(lines) < 2 or columns(last) > 16 or " " in last:
        return
    # Wide characters are units of their own: some of them move; of spaced text one word does.
    before = lines[-2]
    word = before[-1].rstrip(" ")
    kept = max(1, len(before) - (4 if columns(word) == 2 * len(word) else 1))
    lines[-1] = before[kept:] + lines[-1]
    del before[kept:]
