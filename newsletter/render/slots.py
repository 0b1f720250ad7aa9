"""Finds where fixed-width values stand in ready bytes, by building them twice and looking where they differ."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.models import Slotted, Span
from newsletter.tokens import WIDTH

LEAVE, PREFERENCES, ARCHIVE, MARKS, SAVED = "leave", "preferences", "archive", "marks", "saved"
REPLY, MESSAGE = "reply", "message"  # in links that write us an email
_SLOTS = (LEAVE, PREFERENCES, ARCHIVE, MARKS, SAVED, REPLY, MESSAGE)
BLANK = dict.fromkeys(_SLOTS, "a" * WIDTH)
_MARKED = {slot: letter * WIDTH for slot, letter in zip(_SLOTS, "bcdefgh", strict=True)}
FILLINGS = (BLANK, _MARKED)
_NAMES = {ord(value[0]): name for name, value in _MARKED.items()}
_BLOCK = 256  # bytes compared at once: nearly all of an email is equal


def slotted(content: bytes, marked: bytes) -> Slotted:
    """The content with its slots recorded, from the same content built with each of the two fillings.

    Searching would miss slots that a soft line break splits.
    """
    if len(content) != len(marked):
        raise ValueError("a slot changes the length of the content")
    places = list(_differing(content, marked))
    spans: list[Span] = []
    for first in range(0, len(places), WIDTH):
        slot = places[first : first + WIDTH]
        if len(slot) < WIDTH or len({marked[at] for at in slot}) > 1:
            raise ValueError("a slot is not written completely")
        spans += _runs(_NAMES[marked[slot[0]]], slot)
    return Slotted(content, tuple(spans))


def _differing(one: bytes, other: bytes) -> Iterator[int]:
    for start in range(0, len(one), _BLOCK):
        pieces = one[start : start + _BLOCK], other[start : start + _BLOCK]
        if pieces[0] != pieces[1]:
            yield from (start + at for at, (a, b) in enumerate(zip(*pieces, strict=True)) if a != b)


def _runs(name: str, places: list[int]) -> Iterator[Span]:
    begin = 0
    for index in range(1, len(places) + 1):
        if index == len(places) or places[index] != places[index - 1] + 1:
            yield Span(places[begin], index - begin, name, begin)
            begin = index
