"""Readers as entries of the subscriber list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from newsletter.models import Reader, Usual
from newsletter.subscribers.preferences import PREFERENCES, said
from newsletter.subscribers.readers import LIST_KEYS
from newsletter.subscribers.splices import written


def entry(reader: Reader, usual: Usual, paused_until: date | None = None) -> str:
    """Lines for below `subscribers:`, with what differs from the usual."""
    first, *rest = _pairs(reader, usual, paused_until)
    return "".join((f"  - {first}\n", *(f"    {pair}\n" for pair in rest)))


def _pairs(reader: Reader, usual: Usual, paused_until: date | None) -> Iterator[str]:
    yield f"email: {written(reader.email)}"
    if reader.name:
        yield f"name: {written(reader.name)}"
    if reader.wishes.mailing_list:
        yield "list: true"
    other = usual.reader()
    for key in PREFERENCES:
        text = said(reader, key)
        if text != said(other, key):
            yield f"{key}: {written(text.split(', ') if key in LIST_KEYS else text)}"
    if paused_until:
        yield f"paused_until: {paused_until}"
