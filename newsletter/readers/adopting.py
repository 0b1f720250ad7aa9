"""From the file into the ledger: readers keep what they have, and the file names none any more."""

from __future__ import annotations

from dataclasses import replace

from newsletter import subscribers
from newsletter.errors import ConfigurationError
from newsletter.models import Reader, Roster, Source
from newsletter.readers import guard
from newsletter.readers.counter import Counter
from newsletter.readers.enrolling import entries
from newsletter.readers.preferences import honoured
from newsletter.store.papers import chunks
from newsletter.subscribers import Edit


def to_ledger(counter: Counter) -> int:
    """Move all readers of the file; how many.

    The ledger comes first: a stop in between leaves readers in both, which changes nothing for them, and the next call
    does the rest. Raises OSError or ConfigurationError, and then the file is as it was.
    """
    moved = 0

    def move(roster: Roster, edit: Edit) -> None:
        nonlocal moved
        if roster.skipped:
            raise ConfigurationError(roster.findings)
        guard.expect(counter.store, edit)
        moved = _moved(counter, honoured(counter.store, roster))

    subscribers.empty(counter.subscribers, move)
    return moved


def _moved(counter: Counter, roster: Roster) -> int:
    found = entries(counter.store, counter.keys, roster.readers, counter.now(), lambda: True)
    number = 0
    for chunk in chunks(found):
        own = counter.store.own_readers(who for who, _ in chunk)
        staying = [(who, replace(one, source=_source(own.get(who)), in_file=False)) for who, one in chunk]
        counter.store.put_readers(staying, keep=("register", "register_number"))
        number += len(chunk)
    return number


def _source(own: Reader | None) -> Source:
    return own.source if own else Source.COMMAND
