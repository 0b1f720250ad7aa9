"""What of a reply is our own mail coming back, whatever program quoted it and however it wrapped the lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from newsletter.inbound.html import to_text
from newsletter.inbound.lexicon import CJK

_LEAST = 24  # letters that prove a run of lines to be ours; a Chinese one counts for three
_WHOLE = 0.9
_MOST_LINES = 2_000
_IDEOGRAMS = re.compile(f"[{CJK}]")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\])]+", re.I)


def quoted(text: str, sent: Iterable[str]) -> str:
    """The text with `>` before every line that one of our mails (text or HTML) holds too.

    Lines are joined before they are compared, so a word that stands in our mail only as part of a sentence is ours
    only together with that sentence: a reader's own `unsubscribe` stays theirs.
    """
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        return text
    letters = [_letters(line) for line in lines]
    found: set[int] = set()
    for one in sent:
        ours = _letters(to_text(one) if "<body" in one[:20_000] else one)
        found |= _found(letters, ours)
        if sum(len(letters[index]) for index in found) >= _WHOLE * len(ours) > 0:
            break  # it came back whole: reading the HTML as well costs as much as all the rest
    return "\n".join(f"> {line}" if index in found else line for index, line in enumerate(lines))


def _found(letters: list[str], ours: str) -> set[int]:
    """The lines that stand in one of our mails."""
    found: set[int] = set()
    start = 0
    while ours and start < len(letters):
        end = _run(letters, start, ours) if letters[start] else start
        found.update(range(start, end))
        start = max(end, start + 1)
    return found


def _run(letters: list[str], start: int, ours: str) -> int:
    """Behind the longest run of lines from `start` that stands in our mail; `start` where it proves nothing."""
    joined, end = "", start
    while end < len(letters) and joined + letters[end] in ours:
        joined += letters[end]
        end += 1
    return end if len(joined) + 2 * len(_IDEOGRAMS.findall(joined)) >= _LEAST else start


def _letters(text: str) -> str:
    """Letters alone: programs change links, numbers, marks and spaces."""
    plain = unicodedata.normalize("NFKC", _LINK.sub("", text)).casefold()
    return _NO_LETTERS.sub("", plain)
