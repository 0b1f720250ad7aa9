"""Mailing lists among the readers: what comes back from a copy is one member's, and changes nothing for the list."""

from __future__ import annotations

import json
from collections.abc import Iterator

from newsletter.models import Meaning, Roster
from newsletter.readers.counter import Counter

_KEY = "replies through lists"
_MOST = 20


def is_list(counter: Counter, subscriber_id: int) -> bool:
    """Whether this subscriber is a mailing list by the list in force."""
    reader = counter.store.reader(subscriber_id)
    return reader is not None and reader.wishes.mailing_list is not None


def note(counter: Counter, meaning: Meaning) -> None:
    """A reply to this subscriber's copy came through a mailing list: the address may be that list's."""
    subscriber = counter.store.subscriber(meaning.subscriber_id) if meaning.subscriber_id is not None else None
    if not meaning.list_id or subscriber is None or is_list(counter, subscriber.id):
        return
    known = _known(counter)
    if subscriber.email not in known and len(known) < _MOST:
        counter.store.remember(_KEY, json.dumps(known | {subscriber.email: meaning.list_id}))


def found(counter: Counter, roster: Roster) -> Iterator[tuple[int, str, str]]:
    """Line, address and List-Id of entries to which replies came through a list and that do not say `list:`."""
    known = _known(counter)
    for reader in roster.readers if known else ():
        if (list_id := known.get(reader.email.lower())) and "list" not in dict(reader.stated):
            yield reader.line, reader.email, list_id


def _known(counter: Counter) -> dict[str, str]:
    return dict(json.loads(counter.store.recall(_KEY) or "{}"))
