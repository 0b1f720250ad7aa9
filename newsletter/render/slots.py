"""Finds where fixed-width values stand in ready bytes, by building them twice and looking where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from newsletter.models import Slotted, Span
from newsletter.tokens import WIDTH

LEAVE, PREFERENCES = "leave", "preferences"
NAMES = (LEAVE, PREFERENCES)
BLANK = dict.fromkeys(NAMES, "a" * WIDTH)


def slotted(build: Callable[[Mapping[str, str]], bytes], names: Sequence[str] = NAMES) -> Slotted:
    """The bytes with their slots recorded. Searching would miss slots that a soft line break splits."""
    content = build(BLANK)
    spans = (span for name in names for span in _spans(name, content, build(BLANK | {name: "b" * WIDTH})))
    return Slotted(content, tuple(sorted(spans, key=lambda span: span.offset)))


def _spans(name: str, first: bytes, second: bytes) -> Iterator[Span]:
    if len(first) != len(second):
        raise ValueError(f"slot {name!r} changes the length of the content")
    differing = [at for at, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
    if len(differing) % WIDTH:
        raise ValueError(f"slot {name!r} is not written out whole")
    for start in range(0, len(differing), WIDTH):
        yield from _runs(name, differing[start : start + WIDTH])


def _runs(name: str, places: Sequence[int]) -> Iterator[Span]:
    begin = 0
    for index in range(1, len(places) + 1):
        if index == len(places) or places[index] != places[index - 1] + 1:
            yield Span(places[begin], index - begin, name, begin)
            begin = index
