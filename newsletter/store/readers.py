"""Readers, current and unsubscribed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, update

from newsletter.models import Bounce, Preference, Source, Subscriber, SubscriberState
from newsletter.store import parts
from newsletter.store.engine import Base, add_missing, overwrite_deleted, put, put_all
from newsletter.store.papers import CHUNK, chunks
from newsletter.store.tables import (
    answer,
    answered,
    bounce,
    consent,
    delivery,
    edition,
    forgotten,
    inbound,
    join_request,
    mark,
    meta,
    preference,
    question,
    reader,
    received,
    subscriber,
    ticket,
)

IMPORTED = "roster.import"  # the number of the last import of the file that was finished
MOVED = "email"  # the key of a preference: a new address that the subscriber list does not have yet
_SIGN = 1 << 63  # ids are unsigned for tokens and signed in the column


class Readers(Base):
    """Who reads, and who has left. The ledger decides, not the file."""

    def enrol(self, emails: Iterable[str], now: datetime, *, of_file: bool = False) -> Mapping[str, Subscriber]:
        """The subscribers of these addresses by lower-case address; unknown ones are added as active.

        `of_file`: the list may still name the former address of someone who has moved.
        """
        wanted = dict.fromkeys(email.lower() for email in emails)
        found: dict[str, Subscriber] = {}
        # Together they lie in few pages of the file: for a million at once, half the work.
        first = secrets.randbits(64)
        ids = ((first + place) % (1 << 64) for place in count())
        with self._transaction() as connection:
            moved = {old: new.lower() for old, new, _ in moves(connection)} if of_file else {}
            for chunk in chunks(moved.get(email, email) for email in wanted):
                query = select(subscriber).where(subscriber.c.email.in_(chunk))
                there = {row.email for row in connection.execute(query)}
                fresh = [_new_row(next(ids), email, now) for email in chunk if email not in there]
                add_missing(connection, subscriber, fresh)
                found.update((row.email, to_subscriber(row)) for row in connection.execute(query))
        found.update((old, found[new]) for old, new in moved.items() if old in wanted)
        return {email: found[email] for email in dict.fromkeys((*wanted, *found)) if email in found}

    def subscriber(self, who: str | int) -> Subscriber | None:
        """By address (any case) or id."""
        by = subscriber.c.email == who.lower() if isinstance(who, str) else subscriber.c.id == column_id(who)
        with self._reading() as connection:
            row = connection.execute(select(subscriber).where(by)).first()
        return to_subscriber(row) if row else None

    def subscribers(self) -> Sequence[Subscriber]:
        with self._reading() as connection:
            return [to_subscriber(row) for row in connection.execute(select(subscriber).order_by(subscriber.c.email))]

    def addresses(self) -> Iterator[Subscriber]:
        """All of them by address, a chunk at a time."""
        last = ""
        while True:
            page = select(subscriber).where(subscriber.c.email > last).order_by(subscriber.c.email).limit(CHUNK)
            with self._reading() as connection:
                found = [to_subscriber(row) for row in connection.execute(page)]
            if not found:
                return
            yield from found
            last = found[-1].email

    def subscribers_of(self, emails: Iterable[str]) -> Mapping[str, Subscriber]:
        """Those of these addresses that the ledger knows, by lower-case address; nobody is added."""
        found: dict[str, Subscriber] = {}
        with self._reading() as connection:
            for chunk in chunks(email.lower() for email in emails):
                rows = connection.execute(select(subscriber).where(subscriber.c.email.in_(chunk)))
                found.update((row.email, to_subscriber(row)) for row in rows)
        return found

    def set_subscriber(self, subscriber_id: int, state: SubscriberState, why: str | None, now: datetime) -> None:
        values = {"state": state.value, "why": why, "since": now}
        with self._transaction() as connection:
            connection.execute(update(subscriber).where(subscriber.c.id == column_id(subscriber_id)).values(values))

    def set_pause(self, subscriber_id: int, until: date | None, in_file: date | None, now: datetime) -> None:
        """Pause until a day, or end it with None; of someone who has left it changes nothing."""
        mine = subscriber.c.id == column_id(subscriber_id)
        state = SubscriberState.PAUSED if until else SubscriberState.ACTIVE
        values = {"state": state.value, "since": now, "paused_until": until, "paused_in_file": in_file}
        gets_mail = subscriber.c.state.in_([SubscriberState.ACTIVE.value, SubscriberState.PAUSED.value])
        with self._transaction() as connection:
            connection.execute(update(subscriber).where(mine & gets_mail).values(values))

    def set_preferences(self, preferences: Iterable[Preference]) -> None:
        """Store these, each replacing the earlier value for its reader and key."""
        with self._transaction() as connection:
            put_preferences(connection, preferences)

    def preferences(self) -> Sequence[Preference]:
        """Everything that readers set and, as far as we know, nobody has edited since."""
        query = select(preference, subscriber.c.email).join(subscriber).order_by(subscriber.c.email, preference.c.key)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        fields = ("email", "key", "value", "in_file", "at")
        return [
            Preference(subscriber_id=value_id(row.subscriber_id), **{name: getattr(row, name) for name in fields})
            for row in rows
        ]

    def drop_preferences(self, preferences: Iterable[Preference]) -> None:
        """Remove these, unless they have been set again meanwhile."""
        with self._transaction() as connection:
            for one in preferences:
                same = (preference.c.subscriber_id == column_id(one.subscriber_id)) & (preference.c.key == one.key)
                connection.execute(delete(preference).where(same & (preference.c.at == one.at)))

    def end_pauses(self, now: datetime) -> None:
        """Readers whose pause ends today, or has ended, get email again."""
        over = (subscriber.c.state == SubscriberState.PAUSED.value) & (subscriber.c.paused_until <= now.date())
        values = {"state": SubscriberState.ACTIVE.value, "since": now, "paused_until": None}
        with self._transaction() as connection:
            connection.execute(update(subscriber).where(over).values(values))

    def add_bounce(self, subscriber_id: int, added: Bounce) -> Sequence[Bounce]:
        """Record a bounce, once by its key; all of this reader, oldest first."""
        fields = ("key", "status", "permanent", "issue", "at")
        row = {name: getattr(added, name) for name in fields} | {"subscriber_id": column_id(subscriber_id)}
        query = select(bounce).where(bounce.c.subscriber_id == row["subscriber_id"]).order_by(bounce.c.at)
        with self._transaction() as connection:
            add_missing(connection, bounce, [row])
            return [Bounce(**{name: getattr(one, name) for name in fields}) for one in connection.execute(query)]

    def claim_answer(self, subscriber_id: int, now: datetime, quiet: timedelta) -> bool:
        """Whether this reader may be answered now; if so, records it and refuses for the time `quiet`."""
        row = {"subscriber_id": column_id(subscriber_id), "at": now}
        with self._transaction() as connection:
            last = connection.scalar(select(answer.c.at).where(answer.c.subscriber_id == row["subscriber_id"]))
            if last is not None and abs(now - last) < quiet:
                return False
            put(connection, answer, row)
        return True

    def release_answer(self, subscriber_id: int) -> None:
        """The answer was certainly not sent."""
        with self._transaction() as connection:
            connection.execute(delete(answer).where(answer.c.subscriber_id == column_id(subscriber_id)))

    def count_answer(self, subscriber_id: int, key: str, now: datetime, most: int) -> bool:
        """Whether this reader may be answered once more today, and it is counted; the same email is counted once."""
        mine, row = answered.c.subscriber_id == column_id(subscriber_id), {"key": key, "at": now}
        with self._transaction() as connection:
            connection.execute(delete(answered).where(mine & (answered.c.at <= now - timedelta(days=1))))
            others = select(func.count()).select_from(answered).where(mine & (answered.c.key != key))
            if (connection.scalar(others) or 0) >= most:
                return False
            add_missing(connection, answered, [row | {"subscriber_id": column_id(subscriber_id)}])
        return True

    def forget(self, subscriber_id: int, fingerprint: str, now: datetime, *, barred: bool = False) -> None:
        """Erase a subscriber with all their emails; only the fingerprint stays.

        `barred`: joining does not bring them back.
        """
        self.forget_all([(subscriber_id, fingerprint, barred)], now)

    def forget_all(self, some: Sequence[tuple[int, str | None, bool]], now: datetime) -> None:
        """The same for many: id, fingerprint, and whether they are barred. Without a fingerprint nothing stays."""
        with self._transaction() as connection:
            overwrite_deleted(connection)
            theirs = parts.of_editions(connection, [column_id(one) for one, _, _ in some])
            for subscriber_id, fingerprint, barred in some:
                if fingerprint is not None:
                    put(connection, forgotten, {"hash": fingerprint, "at": now, "barred": barred})
                _erase(connection, column_id(subscriber_id))
            parts.remove_unused(connection, theirs)

    def forget_request(self, email: str) -> bool:
        """Erase that this address asked to join, with its links; false if it did not."""
        with self._transaction() as connection:
            overwrite_deleted(connection)
            return _erase_requests(connection, email.lower()) > 0

    def departed(self, before: datetime) -> Sequence[Subscriber]:
        """Some who left before that and of whom the file has no entry."""
        states = [state.value for state in SubscriberState if not state.reads]
        entered = or_(reader.c.source == Source.FILE.value, reader.c.own_hours_id.is_not(None))
        with self._reading() as connection:
            number = int(connection.scalar(select(meta.c.value).where(meta.c.key == IMPORTED)) or 0)
            in_file = exists().where(
                reader.c.subscriber_id == subscriber.c.id, reader.c.import_number >= max(1, number), entered
            )
            query = select(subscriber).where(subscriber.c.state.in_(states), subscriber.c.since < before, ~in_file)
            return [to_subscriber(row) for row in connection.execute(query.limit(CHUNK))]

    def forgotten(self) -> frozenset[str]:
        """The fingerprints of all who were forgotten."""
        with self._reading() as connection:
            return frozenset(connection.scalars(select(forgotten.c.hash)))

    def bar(self, fingerprint: str, now: datetime, *, barred: bool = True) -> None:
        """Someone who is no reader never wants to hear from us; else only an old line does not bring them back."""
        with self._transaction() as connection:
            put(connection, forgotten, {"hash": fingerprint, "at": now, "barred": barred})

    def note_forgotten(self, fingerprint: str, now: datetime, *, barred: bool) -> None:
        """Someone of whom nothing else is known, or kept, was forgotten."""
        with self._transaction() as connection:
            add_missing(connection, forgotten, [{"hash": fingerprint, "at": now, "barred": barred}])

    def is_barred(self, fingerprints: Iterable[str]) -> bool:
        """Whether one of these fingerprints is of someone whom joining does not bring back."""
        query = select(func.count()).where(forgotten.c.hash.in_(list(fingerprints)), forgotten.c.barred)
        with self._reading() as connection:
            return bool(connection.scalar(query))

    def overrides(self) -> str:
        """A text that changes whenever someone is forgotten or resubscribed, or sets a preference."""
        with self._reading() as connection:
            return overrides(connection)

    def remember_again(self, fingerprints: Iterable[str]) -> None:
        """Remove these fingerprints."""
        with self._transaction() as connection:
            connection.execute(delete(forgotten).where(forgotten.c.hash.in_(list(fingerprints))))

    def handled(self, source: str, external_ids: Iterable[str]) -> Mapping[str, str]:
        """Those of the inbound messages that are recorded, with what was done."""
        found: dict[str, str] = {}
        with self._reading() as connection:
            for chunk in chunks(dict.fromkeys(external_ids)):
                same = (inbound.c.source == source) & inbound.c.external_id.in_(chunk)
                rows = connection.execute(select(inbound.c.external_id, inbound.c.action).where(same))
                found.update((row.external_id, row.action) for row in rows)
        return found

    def record(self, source: str, actions: Mapping[str, str], now: datetime) -> None:
        """Record many inbound messages, with what was done, in one transaction."""
        rows = [{"source": source, "external_id": key, "action": done, "at": now} for key, done in actions.items()]
        with self._transaction() as connection:
            for chunk in chunks(rows):
                add_missing(connection, inbound, chunk)

    def first_time(self, source: str, external_id: str, action: str, now: datetime) -> bool:
        """Record an inbound message; False when it was recorded before."""
        row = {"source": source, "external_id": external_id, "action": action, "at": now}
        with self._transaction() as connection:
            same = (inbound.c.source == source) & (inbound.c.external_id == external_id)
            there = connection.execute(select(inbound.c.at).where(same)).first()
            add_missing(connection, inbound, [row])
        return there is None


def _erase(connection: Connection, who: int) -> None:
    email = connection.scalar(select(subscriber.c.email).where(subscriber.c.id == who))
    for table in (received, delivery, edition, bounce, answer, answered, question, preference, consent, mark, reader):
        connection.execute(delete(table).where(table.c.subscriber_id == who))
    connection.execute(delete(subscriber).where(subscriber.c.id == who))
    if email:
        _erase_requests(connection, email)
    connection.execute(delete(meta).where(meta.c.key == feed_key(value_id(who))))
    mine = ticket.c.payload["subscriber"].as_string() == str(value_id(who))
    connection.execute(delete(ticket).where(mine))


def feed_key(subscriber_id: int) -> str:
    """Under which the ledger keeps the epoch of a reader's feed."""
    return f"feed {subscriber_id}"


def _erase_requests(connection: Connection, email: str) -> int:
    named = or_(join_request.c.email == email, func.lower(join_request.c.written) == email)
    asked = func.lower(ticket.c.payload["written"].as_string()) == email
    connection.execute(delete(ticket).where(asked))
    return connection.execute(delete(join_request).where(named)).rowcount


def overrides(connection: Connection) -> str:
    """See `Readers.overrides`."""
    found = [connection.execute(select(func.count(), func.max(table.c.at))).one() for table in (forgotten, preference)]
    return ", ".join(f"{count} until {newest}" for count, newest in found)


def moves(connection: Connection) -> list[tuple[str, str, int]]:
    """Former address in lower case, new address, and column id of each reader who moved ahead of the file."""
    query = select(preference).where(preference.c.key == MOVED)
    return [(row.in_file.lower(), row.value, row.subscriber_id) for row in connection.execute(query)]


def put_preferences(connection: Connection, preferences: Iterable[Preference]) -> None:
    """Insert these, or replace those of the same reader and key."""
    rows = [
        {"subscriber_id": column_id(one.subscriber_id), "key": one.key}
        | {"value": one.value, "in_file": one.in_file, "at": one.at}
        for one in preferences
    ]
    put_all(connection, preference, rows)


def _new_row(subscriber_id: int, email: str, now: datetime) -> dict[str, Any]:
    times = {"since": now, "added": now}
    return {"id": column_id(subscriber_id), "email": email, "state": SubscriberState.ACTIVE.value} | times


def to_subscriber(row: Row[Any]) -> Subscriber:
    """A row of the subscriber table as a value."""
    return Subscriber(
        id=value_id(row.id),
        email=row.email,
        state=SubscriberState(row.state),
        since=row.since,
        why=row.why,
        added=row.added,
        paused_until=row.paused_until,
        paused_in_file=row.paused_in_file,
    )


def column_id(subscriber_id: int) -> int:
    """The id as stored in a signed column."""
    return subscriber_id - _SIGN


def value_id(column: int) -> int:
    """The id as used in values and tokens."""
    return column + _SIGN
