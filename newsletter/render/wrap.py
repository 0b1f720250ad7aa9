"""Folds text for the plain part, counting CJK characters as two columns."""

from __future__ import annotations

import re
import unicodedata

WIDTH = 74
# A word, or one wide character with the punctuation that may not begin a line.
_UNIT = re.compile(
    r"\s+|[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"
    r"[，。、；：！？）》」』】”’…]*|[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+"
)


def columns(text: str) -> int:
    """How wide a terminal writes the text."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def wrap(text: str, first: str = "", rest: str = "") -> str:
    """The text in lines of at most 74 columns; a longer word (a link) has a line of its own."""
    lines: list[list[str]] = [[]]
    used = columns(first)
    for unit in _UNIT.findall(" ".join(text.split())):
        width = columns(unit)
        if used + width > WIDTH and any(piece != " " for piece in lines[-1]):
            lines.append([])
            used = columns(rest)
        if unit != " " or lines[-1]:
            lines[-1].append(unit)
            used += width
    _join_orphan(lines)
    written = ["".join(line).strip() for line in lines]
    return "\n".join((rest if index else first) + line for index, line in enumerate(written) if line or not index)


def _join_orphan(lines: list[list[str]]) -> None:
    """A short last line takes more words along: alone, "stop." or 退订 would read like a command in a reply."""
    if len(lines) < 2 or columns("".join(lines[-1])) > 16 or " " in lines[-1][:-1]:
        return
    before, last = lines[-2], lines[-1]
    while before and before[-1] == " ":
        before.pop()
    # Wide characters are units of their own: some of them move; of spaced text one word does.
    wanted = 4 if columns(before[-1]) == 2 * len(before[-1]) else 1
    moved: list[str] = []
    while len(before) > 1 and sum(unit != " " for unit in moved) < wanted:
        moved.insert(0, before.pop())
    spaced = [] if wanted > 1 else [" "]
    lines[-1] = [*moved, *spaced, *last]
