"""Old rows go: a few at a time, each time in a transaction of its own, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from sqlalchemy import Connection, Row, Table, case, delete, func, insert, or_, select, tuple_, update

from newsletter.models import DeliveryState, JoinState, Source
from newsletter.store.deliveries import IN_DOUBT
from newsletter.store.engine import Base, put
from newsletter.store.joining import DECIDED
from newsletter.store.tables import (
    answered,
    bounce,
    delivery,
    edition,
    inbound,
    join_request,
    meta,
    model_call,
    part,
    question,
    received,
    spent,
    subscriber,
    ticket,
    worker,
)

_ROWS, _EDITIONS = 500, 50  # in one transaction; an edition has up to 300 KB
_BODIES = timedelta(days=14)  # how long after its last email an edition can be sent again as the same bytes
_REQUESTS = timedelta(days=7)  # how long an address is known that someone else may have given us
_TEXTS = timedelta(days=60)  # how long its lines are known when a reply quotes them
_KEPT_SINCE = "kept.since"  # the oldest issue of which it is known who had it

_OPEN = or_(delivery.c.state.in_((DeliveryState.QUEUED.value, DeliveryState.SENDING.value)), IN_DOUBT)


class Retention(Base):
    """What is older than an installation keeps it."""

    def kept_since(self) -> date | None:
        """The oldest issue of which it is still known who had it; None: all of them.

        Never later than the oldest issue that anyone had: a clock that ran ahead notes a day of the future.
        """
        with self._reading() as connection:
            noted = connection.scalar(select(meta.c.value).where(meta.c.key == _KEPT_SINCE))
            oldest = connection.scalar(select(func.min(received.c.issue)))
        return min(date.fromisoformat(noted), oldest or date.max) if noted else None

    def clear(self, now: datetime, keep: timedelta, mailboxes: Collection[str] = ()) -> Iterator[int]:
        """Remove what is old, yielding the number of rows after each transaction.

        Bodies of emails go 14 days after their last email was settled and their texts after 60; after `keep`, who had
        which issue, emails, calls of models, used links and what came in, but for what came from `mailboxes`: see
        `clear_inbound`.
        The last issue that a reader had stays, and the sums of the calls. Papers, scores and issues stay.
        """
        first = (now - keep).date()
        self._note_kept(first)
        steps: Sequence[Callable[[Connection], int]] = (
            partial(_date_editions, now),
            partial(
                _drop,
                "all",
                {"kept": "text", "html": b"", "html_spans": [], "body": b"", "body_spans": [], "recipe": None},
                now - _BODIES,
            ),
            partial(_drop, "text", {"kept": "facts", "text": b"", "text_spans": []}, now - min(_TEXTS, keep)),
            partial(_fold_received, first),
            _Deliveries(now - keep, first),
            partial(_remove_parts, now - _BODIES),
            partial(_remove_editions, datetime.combine(first, time(), UTC)),
            partial(_fold_calls, first),
            partial(_remove_inbound, now - keep, mailboxes),
            partial(_remove_expired, now),
            partial(_remove_requests, now - _REQUESTS),
            partial(_remove_workers, now - timedelta(days=1)),
            *(partial(_remove, table, now - keep) for table in (answered, bounce, question)),
        )
        for step in steps:
            while removed := self._one(step):
                yield removed

    def clear_inbound(self, mailbox: str, before: datetime, there: Container[str]) -> int:
        """Remove old records of what came from this mailbox, but for emails that still lie `there`; how many."""
        source = inbound.c.source == mailbox
        with self._reading() as connection:
            keys = connection.scalars(select(inbound.c.external_id).where(inbound.c.at < before, source)).all()
        gone = [key for key in keys if key not in there]
        for place in range(0, len(gone), _ROWS):
            with self._transaction() as connection:
                some = inbound.c.external_id.in_(gone[place : place + _ROWS])
                connection.execute(delete(inbound).where(source, some))
        return len(gone)

    def _one(self, step: Callable[[Connection], int]) -> int:
        with self._unchecked() as connection:
            return step(connection)

    @contextmanager
    def _unchecked(self) -> Iterator[Connection]:
        """A transaction for what removes children before their parents.

        SQLite would look through all children of each parent, which no index serves; on a server they are not checked.
        """
        if self.on_server:
            with self._transaction() as connection:
                yield connection
            return
        with self._engine.connect() as connection:
            driver = connection.connection.cursor()  # outside a transaction: in one, it has no effect
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def _note_kept(self, first: date) -> None:
        with self._transaction() as connection:
            noted = connection.scalar(select(meta.c.value).where(meta.c.key == _KEPT_SINCE))
            put(connection, meta, {"key": _KEPT_SINCE, "value": max(noted or "", first.isoformat())})


def _date_editions(now: datetime, connection: Connection) -> int:
    """Those that no email was planned from: they get old from now on."""
    undated = edition.c.key.in_(select(edition.c.key).where(edition.c.used.is_(None)).limit(_ROWS))
    return connection.execute(update(edition).where(undated).values(used=now)).rowcount


def _drop(kept: str, rest: dict[str, object], before: datetime, connection: Connection) -> int:
    """Empty what editions of this kind no longer need."""
    waiting = select(delivery.c.edition).where(_OPEN)
    old = select(edition.c.key).where(edition.c.kept == kept, edition.c.used < before, edition.c.key.not_in(waiting))
    keys = connection.scalars(old.limit(_EDITIONS)).all()
    connection.execute(update(edition).where(edition.c.key.in_(keys)).values(rest))
    return len(keys)


def _fold_received(first: date, connection: Connection) -> int:
    """Who had the oldest issue: noted as the last one that they had, unless they have had a newer one since."""
    oldest = connection.scalar(select(func.min(received.c.issue)))
    if oldest is None or oldest >= first:
        return 0
    query = select(received.c.subscriber_id).where(received.c.issue == oldest).limit(_ROWS)
    people = connection.scalars(query).all()
    later = or_(subscriber.c.last_issue.is_(None), subscriber.c.last_issue < oldest)
    connection.execute(update(subscriber).where(subscriber.c.id.in_(people), later).values(last_issue=oldest))
    connection.execute(delete(received).where(received.c.issue == oldest, received.c.subscriber_id.in_(people)))
    return len(people)


class _Deliveries:
    """Settled emails from before a moment, in the order in which they were planned."""

    def __init__(self, before: datetime, first: date) -> None:
        self._before, self._first, self._place = before, first, 0

    def __call__(self, connection: Connection) -> int:
        query = select(delivery.c.id, delivery.c.date, delivery.c.issues, _OPEN.label("open"))
        query = query.order_by(delivery.c.id).limit(_ROWS)
        while rows := connection.execute(query.where(delivery.c.id > self._place)).all():
            if rows[0].date >= self._before:
                break  # what was planned later is not older
            self._place = rows[-1].id
            if old := [row.id for row in rows if self._is_old(row)]:
                connection.execute(delete(delivery).where(delivery.c.id.in_(old)))
                return len(old)
        return 0

    def _is_old(self, row: Row[tuple[int, datetime, tuple[date, ...], bool]]) -> bool:
        return row.date < self._before and not row.open and max(row.issues, default=date.min) < self._first


def _remove_editions(before: datetime, connection: Connection) -> int:
    """Those whose emails are gone: all of them were planned by `used`."""
    kept = select(delivery.c.edition).where(_OPEN)
    old = select(edition.c.key).where(edition.c.kept == "facts", edition.c.used < before, edition.c.key.not_in(kept))
    return connection.execute(delete(edition).where(edition.c.key.in_(old.limit(_EDITIONS)))).rowcount


def _remove_parts(before: datetime, connection: Connection) -> int:
    """Those that no edition has used for as long as one is kept; none while an old email still waits."""
    if connection.scalar(select(edition.c.key).where(edition.c.recipe.is_not(None), edition.c.used < before).limit(1)):
        return 0
    old = select(part.c.hash).where(part.c.used < before - timedelta(days=1)).limit(_ROWS)
    return connection.execute(delete(part).where(part.c.hash.in_(old))).rowcount


def _fold_calls(first: date, connection: Connection) -> int:
    """The calls of the oldest issue: summed by stage and model."""
    oldest = connection.scalar(select(func.min(model_call.c.issue)))
    if oldest is None or oldest >= first:
        return 0
    calls, stage = model_call.c, func.coalesce(model_call.c.stage, "")
    unpriced = func.sum(case((calls.cost_usd.is_(None), 1), else_=0))
    sums = (func.sum(column) for column in (calls.prompt_tokens, calls.completion_tokens, calls.cost_usd))
    folded = select(calls.issue, stage, calls.model, func.count(), unpriced, *sums).where(calls.issue == oldest)
    folded = folded.group_by(calls.issue, stage, calls.model)
    connection.execute(insert(spent).from_select([column.name for column in spent.c], folded))
    return connection.execute(delete(model_call).where(calls.issue == oldest)).rowcount


def _remove_inbound(before: datetime, mailboxes: Collection[str], connection: Connection) -> int:
    key = tuple_(inbound.c.source, inbound.c.external_id)
    old = select(inbound.c.source, inbound.c.external_id)
    old = old.where(inbound.c.at < before, inbound.c.source.not_in(mailboxes)).limit(_ROWS)
    return connection.execute(delete(inbound).where(key.in_(old))).rowcount


def _remove_expired(now: datetime, connection: Connection) -> int:
    """One-time links: they may name people who never wanted anything."""
    old = select(ticket.c.hash).where(ticket.c.expires < now).limit(_ROWS)
    return connection.execute(delete(ticket).where(ticket.c.hash.in_(old))).rowcount


def _remove_requests(before: datetime, connection: Connection) -> int:
    """To join, but for what was confirmed, and imported ones that are still to be sent."""
    unsent = (join_request.c.source == Source.IMPORT.value) & (join_request.c.state == JoinState.ASKED.value)
    open_ones = (join_request.c.asked < before, join_request.c.state.not_in(DECIDED), ~unsent)
    old = select(join_request.c.email).where(*open_ones).limit(_ROWS)
    return connection.execute(delete(join_request).where(join_request.c.email.in_(old))).rowcount


def _remove_workers(before: datetime, connection: Connection) -> int:
    """Processes that ended without saying so, and of which nobody asks any more."""
    return connection.execute(delete(worker).where(worker.c.until < before)).rowcount


def _remove(table: Table, before: datetime, connection: Connection) -> int:
    moment = table.c["at" if "at" in table.c else "expires"]
    keys = tuple(table.primary_key.columns)
    old = select(*keys).where(moment < before).limit(_ROWS)
    return connection.execute(delete(table).where(tuple_(*keys).in_(old))).rowcount
