"""What readers set on their page: the ledger first, then the file; of two changes to one key the later wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from newsletter import subscribers
from newsletter.models import Preference, Reader, Roster, Subscriber
from newsletter.ports import ReaderStore
from newsletter.subscribers.preferences import PREFERENCES, said, with_preference
from newsletter.subscribers.tree import Unfit
from newsletter.unsubscribe.changes import Changed, write_through


def prefer(
    store: ReaderStore,
    roster: Path,
    subscriber: Subscriber,
    before: Reader,
    after: Reader,
    now: datetime,
) -> Changed:
    """Make what is in force for a reader what `after` says."""
    stated = dict(before.stated)
    wanted = [
        Preference(
            subscriber_id=subscriber.id,
            email=subscriber.email,
            key=key,
            value=said(after, key),
            in_file=stated.get(key),
            at=now,
        )
        for key in PREFERENCES
        if said(after, key) != said(before, key)
    ]
    store.set_preferences(wanted)

    def edit() -> int | None:
        line = None
        for one in wanted:
            if found := subscribers.write_field(roster, subscriber.email, one.key, one.value):
                # Known as ours from here on: anything else in the file is an edit by hand, and the later one counts.
                store.set_preferences([replace(one, in_file=one.value)])
                line = found
        return line

    return write_through(store, subscriber, edit)


def honoured(store: ReaderStore, roster: Roster) -> Roster:
    """The roster with what readers set, as far as nobody has edited the same keys in the file since."""
    kept = store.preferences()
    if not kept:
        return roster
    changed, edited = _applied(roster, kept)
    store.drop_preferences(edited)
    return replace(roster, readers=tuple(changed.get(reader.email.lower(), reader) for reader in roster.readers))


def _applied(roster: Roster, kept: Sequence[Preference]) -> tuple[Mapping[str, Reader], list[Preference]]:
    """The readers for whom something else is in force than the file says; and what was edited in the file since."""
    topics = [topic.key for topic in roster.topics]
    readers = {reader.email.lower(): reader for reader in roster.readers}
    changed: dict[str, Reader] = {}
    edited = []
    for one in kept:
        reader = changed.get(one.email) or readers.get(one.email)
        if reader is None:
            continue  # not in the file just now
        if dict(reader.stated).get(one.key) != one.in_file:
            edited.append(one)
            continue
        with suppress(Unfit):  # a topic that is gone: the file counts
            changed[one.email] = with_preference(reader, one.key, one.value, topics)
    return changed, edited
