"""Many readers at once, as an import brings them: how they stand, and who is missing in a register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, select, update

from newsletter.models import Reader, Source, Subscriber, SubscriberState, Usual
from newsletter.store.engine import Base
from newsletter.store.papers import CHUNK, chunks
from newsletter.store.readers import column_id, to_subscriber
from newsletter.store.roster import finished, in_force, to_reader, usual_in
from newsletter.store.tables import forgotten, hours, reader, subscriber, wishes

_READS = [one.value for one in SubscriberState if one.reads]
_CLAIM = {"register": None, "register_number": None, "given": None}


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscriber as the ledger has them."""

    subscriber: Subscriber
    reader: Reader | None  # what they get; None: they are in no list
    own: Reader | None  # what they have without an entry of the file; None: they came by the file, or are in no list
    register: str | None = None
    given: str | None = None  # see the table


class Registers(Base):
    """Readers by the thousand, without more of them in memory than one chunk."""

    def standings(self, emails: Iterable[str]) -> Mapping[str, Standing]:
        """Those of these lower-case addresses that the ledger knows."""
        found: dict[str, Standing] = {}
        with self._reading() as connection:
            usual, query = usual_in(connection), _standing(finished(connection))
            for chunk in chunks(emails):
                for row in connection.execute(query.where(subscriber.c.email.in_(chunk))):
                    found[row.email] = _as_standing(row, usual)
        return found

    def everybody(self) -> Iterator[Standing]:
        """All subscribers by address, a chunk at a time."""
        last = ""
        while True:
            with self._reading() as connection:
                usual, query = usual_in(connection), _standing(finished(connection))
                page = query.where(subscriber.c.email > last).order_by(subscriber.c.email).limit(CHUNK)
                found = [_as_standing(row, usual) for row in connection.execute(page)]
            if not found:
                return
            yield from found
            last = found[-1].subscriber.email

    def has_forgotten(self) -> bool:
        """Whether anybody was ever forgotten."""
        with self._reading() as connection:
            return connection.scalar(select(exists().where(forgotten.c.hash.is_not(None)))) or False

    def forgotten_among(self, fingerprints: Iterable[str]) -> frozenset[str]:
        """Those of them that are of someone who was forgotten."""
        with self._reading() as connection:
            return frozenset(
                one
                for chunk in chunks(fingerprints)
                for one in connection.scalars(select(forgotten.c.hash).where(forgotten.c.hash.in_(chunk)))
            )

    def next_number(self, register: str) -> int:
        """The number of the next import of this register, also after one that was cut short."""
        newest = select(func.max(reader.c.register_number)).where(reader.c.register == register)
        with self._reading() as connection:
            return 1 + (connection.scalar(newest) or 0)

    def in_register(self, register: str) -> int:
        """How many readers this register has."""
        query = select(func.count()).where(reader.c.register == register, *_reads())
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def claim(self, subscriber_ids: Iterable[int], register: str, number: int) -> None:
        """This import of the register has these readers."""
        with self._transaction() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                values = {"register": register, "register_number": number}
                connection.execute(update(reader).where(reader.c.subscriber_id.in_(chunk)).values(values))

    def missing(self, register: str, number: int) -> Sequence[tuple[Subscriber, bool]]:
        """Some readers whom the register had before this import of it, and whether the file has an entry of theirs."""
        gone = (reader.c.register == register, reader.c.register_number < number)
        query = select(subscriber, reader.c.own_hours_id.is_not(None).label("in_file")).where(*gone, *_reads())
        with self._reading() as connection:
            return [(to_subscriber(row), bool(row.in_file)) for row in connection.execute(query.limit(CHUNK))]

    def leave_to_file(self, subscriber_ids: Iterable[int]) -> None:
        """These are readers by their entry of the file alone from now on."""
        with self._transaction() as connection:
            bare: dict[str, Any] = {"own_hours_id": None, "own_wishes_id": None} | _CLAIM
            for chunk in chunks(map(column_id, subscriber_ids)):
                mine = reader.c.subscriber_id.in_(chunk)
                connection.execute(update(reader).where(mine).values(bare | {"source": Source.FILE.value}))

    def end(self, subscriber_ids: Iterable[int], why: str, now: datetime) -> int:
        """Whoever of them still reads is unsubscribed, and in no register any more; how many."""
        values, ended = {"state": SubscriberState.UNSUBSCRIBED.value, "why": why, "since": now}, 0
        with self._transaction() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                mine = (subscriber.c.id.in_(chunk), subscriber.c.state.in_(_READS))
                ended += connection.execute(update(subscriber).where(*mine).values(values)).rowcount
                bare = {"register": None, "register_number": None}
                connection.execute(update(reader).where(reader.c.subscriber_id.in_(chunk)).values(bare))
        return ended

    def bring_back(self, subscriber_ids: Iterable[int], ended: str, why: str, now: datetime) -> None:
        """Whoever of them is still unsubscribed for the reason `ended`, or a part of it, is active."""
        values = {"state": SubscriberState.ACTIVE.value, "why": why, "since": now}
        still = (subscriber.c.state == SubscriberState.UNSUBSCRIBED.value, subscriber.c.why.contains(ended))
        with self._transaction() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                mine = (subscriber.c.id.in_(chunk), *still)
                connection.execute(update(subscriber).where(*mine).values(values))


def _reads() -> tuple[Any, Any]:
    return subscriber.c.id == reader.c.subscriber_id, subscriber.c.state.in_(_READS)


def _standing(number: int) -> Select[Any]:
    own = [func.coalesce(reader.c[f"own_{key}"], reader.c[key]) for key in ("hours_id", "wishes_id")]
    under, beneath = hours.alias(), wishes.alias()
    return (
        select(
            subscriber,
            *(reader.c[name] for name in ("name", "source", "own_hours_id", "stated", "register", "given")),
            reader.c.email.label("written"),
            hours.c.text.label("hours"),
            wishes.c.text.label("wishes"),
            under.c.text.label("under"),
            beneath.c.text.label("beneath"),
        )
        .outerjoin(reader, and_(reader.c.subscriber_id == subscriber.c.id, in_force(number)))
        .outerjoin(hours, hours.c.id == reader.c.hours_id)
        .outerjoin(wishes, wishes.c.id == reader.c.wishes_id)
        .outerjoin(under, under.c.id == own[0])
        .outerjoin(beneath, beneath.c.id == own[1])
    )


def _as_standing(row: Row[Any], usual: Usual | None) -> Standing:
    known = to_subscriber(row)
    if row.written is None:
        return Standing(known, None, None)
    found = to_reader(row, usual, ("written", "hours", "wishes"))
    if found.source is Source.FILE:
        return Standing(known, found, None)
    own = found if not found.in_file else to_reader(row, usual, ("written", "under", "beneath"))
    return Standing(known, found, own, row.register, row.given)
