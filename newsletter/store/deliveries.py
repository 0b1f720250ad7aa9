"""Emails from plan to outcome. Every change of state is its own commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.dml import ReturningUpdate

from newsletter.models import (
    HEARD_OF,
    REPEATED,
    Claim,
    Delivery,
    DeliveryState,
    DomainPause,
    Letterhead,
    PrintedPaper,
    Rendered,
    Slotted,
    Span,
    SubscriberState,
    may_follow,
)
from newsletter.redaction import redacted
from newsletter.store import identity, parts
from newsletter.store.beats import renew
from newsletter.store.engine import Base, is_among, put, put_all, retried
from newsletter.store.papers import chunks
from newsletter.store.readers import column_id, value_id
from newsletter.store.tables import delivery, domain_pause, edition, paper, received, subscriber
from newsletter.times.waiting import LONGEST_WAIT

_PARTS = ("html", "text", "body")
_OF_LETTERHEAD = frozenset(one.name for one in fields(Letterhead))
_MOST_REPEATS = 2  # a server that never answers after the body would else send the same email every minute

# Written into the statement: a partial index serves only who names its condition.
_IS_QUEUED, IS_SENDING, _IS_UNKNOWN = (
    delivery.c.state == literal_column(f"'{state.value}'")
    for state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)
)

# Emails that are sent once more, because nobody knows whether they arrived.
IN_DOUBT = _IS_UNKNOWN & (delivery.c.attempts < _MOST_REPEATS)

SENT = [
    state.value
    for state in DeliveryState
    if state not in (DeliveryState.QUEUED, DeliveryState.SKIPPED, DeliveryState.FAILED)
]


class Deliveries(Base):
    """Each email from plan to outcome."""

    def save_edition(self, rendered: Rendered) -> None:
        """Keep the first version: emails may have been sent from it. One whose old bytes are gone is kept anew."""
        with self._transaction() as connection:
            put_all(connection, edition, [_edition_row(rendered, {})], edition.c.kept != "all")

    def save_own_editions(self, rendered: Mapping[int, Rendered], now: datetime) -> None:
        """The same for editions that one reader each gets: what they have in common is stored once."""
        with self._transaction() as connection:
            recipes = parts.save(connection, [one.body.content for one in rendered.values()], now)
            rows = [
                _edition_row(one, parts.slim(one)) | {"subscriber_id": column_id(who), "recipe": recipe}
                for (who, one), recipe in zip(rendered.items(), recipes, strict=True)
            ]
            put_all(connection, edition, rows, edition.c.kept != "all")

    def edition(self, key: str) -> Rendered | None:
        """Its bytes. Raises StoreUnreadable for one whose parts are not what they were."""
        with self._reading() as connection:
            row = connection.execute(select(edition).where(edition.c.key == key, edition.c.kept == "all")).first()
            body = parts.load(connection, row.recipe) if row and row.recipe else None
        return _rendered(row, body) if row else None

    def papers_of(self, message_id: str) -> tuple[PrintedPaper, ...]:
        """The papers in the email with this Message-ID, in printed order; none if that is unknown."""
        joined = delivery.join(edition, edition.c.key == delivery.c.edition)
        query = select(edition.c.papers).select_from(joined).where(delivery.c.message_id == message_id)
        with self._reading() as connection:
            return printed_papers(connection.scalar(query) or ())

    def papers_for(self, subscriber_id: int, message_id: str | None) -> tuple[PrintedPaper, ...]:
        """The papers of this reader's email of this Message-ID, else of the newest that was sent to them."""
        mine = (delivery.c.subscriber_id == column_id(subscriber_id)) & delivery.c.state.in_(SENT)
        joined = delivery.join(edition, edition.c.key == delivery.c.edition)
        query = select(edition.c.papers).select_from(joined).where(mine)
        query = query.order_by((delivery.c.message_id == (message_id or "")).desc(), delivery.c.id.desc()).limit(1)
        with self._reading() as connection:
            return printed_papers(connection.scalar(query) or ())

    def carried(self, ids: Iterable[str], since: date) -> Mapping[str, date]:
        """Which of these papers stood in an email about an issue since that day, with the issue that announced each."""
        by_issue: dict[date, dict[str, date]] = {}
        found: dict[str, date] = {}
        with self._reading() as connection:
            for chunk in chunks(ids):
                mine = paper.c.arxiv_id.in_(chunk) & (paper.c.issue >= since)
                for arxiv_id, issue in connection.execute(select(paper.c.arxiv_id, paper.c.issue).where(mine)):
                    by_issue.setdefault(issue, {})[arxiv_id] = issue
            for papers in by_issue.values():
                found |= {arxiv_id: papers[arxiv_id] for _, arxiv_id in _carriers(connection, papers)}
        return found

    def had(self, papers: Mapping[str, date], subscriber_ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
        """Which of these papers, given with their issues, each of these readers has had in an email."""
        found: dict[int, list[str]] = {}
        with self._reading() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                for subscriber_id, arxiv_id in _carriers(connection, papers, chunk):
                    found.setdefault(value_id(subscriber_id), []).append(arxiv_id)
        return {subscriber_id: tuple(sorted(ids)) for subscriber_id, ids in found.items()}

    def sent_to(self, subscriber_id: int, limit: int = 5) -> Sequence[Rendered]:
        """The editions of this reader's newest emails."""
        mine = delivery.c.subscriber_id == column_id(subscriber_id)
        newest = select(delivery.c.edition).where(mine).order_by(delivery.c.id.desc()).limit(limit)
        with self._reading() as connection:
            keys = list(dict.fromkeys(connection.scalars(newest)))
            rows = connection.execute(select(edition).where(edition.c.key.in_(keys), edition.c.kept != "facts"))
            return [_rendered(row, parts.load(connection, row.recipe) if row.recipe else None) for row in rows.all()]

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Record emails as queued, each with its (reader, issue) pairs; one that is already there is left out."""
        planned = 0
        for chunk in chunks(deliveries):
            with self._explained(), self._transaction() as connection:
                planned += self._plan(connection, chunk)
        return planned

    def _plan(self, connection: Connection, wanted: Sequence[Delivery]) -> int:
        """Record those of whose issues their reader has had none, once; a few statements, however many they are."""
        planned = _lacking(connection, wanted)
        if not planned:
            return 0
        newest = max(one.date for one in planned.values())
        keys = {one.edition for one in planned.values()}
        if connection.execute(update(edition).where(edition.c.key.in_(keys)).values(used=newest)).rowcount < len(keys):
            raise LookupError("an email was planned from an edition that is not stored: its bytes would be lost")
        cursor = connection.connection.cursor()
        rows = [_row(one) for one in planned.values()]
        self._prepared(_ADD, *rows[0]).run_all(cursor, rows)
        # Asked for afterwards: the driver inserts many rows in one call only if none is returned.
        ids = select(delivery.c.id, delivery.c.message_id).where(_is_one_of(delivery.c.message_id, list(planned)))
        mails = [
            {"subscriber_id": column_id(planned[message_id].subscriber_id), "issue": day, "delivery_id": number}
            for number, message_id in connection.execute(ids)
            for day in planned[message_id].issues
        ]
        if mails:
            self._prepared(_ADD_ISSUE, *mails[0]).run_all(cursor, mails)
        return len(planned)

    @retried
    def turn(self, finished: Sequence[Delivery], claim: Claim) -> Sequence[Delivery]:
        """Commit the outcomes of the owner's emails and up to `limit` due ones as sending, in one transaction.

        Emails to readers who have unsubscribed meanwhile are skipped. The outcome of an email that is no longer this
        owner's changes nothing. With the first claim the owner's own row is made.
        """
        if claim.beat is None:
            with self._directly() as cursor:
                return self._turned(cursor, finished, claim)
        with self._explained(), self._beside() as connection:
            if claimed := self._turned(connection.connection.cursor(), finished, claim):
                renew(connection, claim.beat)
            return claimed

    def _turned(self, cursor: DBAPICursor, finished: Sequence[Delivery], claim: Claim) -> Sequence[Delivery]:
        self._record(cursor, finished, claim.owner)
        return self._claimed(cursor, claim) if claim.limit else []

    def _record(self, cursor: DBAPICursor, finished: Sequence[Delivery], owner: str) -> None:
        """The outcomes of what is still ours; those that are all alike, nearly always all, in one statement."""
        plain = {one.id for one in finished if one.state is DeliveryState.ACCEPTED and one.error is None}
        if plain:
            self._prepared(_ACCEPT_MINE).run(cursor, {"ids": sorted(plain), "the_owner": owner})
        for one in finished:
            if one.id not in plain:
                values = _outcome(one)
                named = {"the_id": one.id, "the_owner": owner}
                self._prepared(_RECORD_MINE, *values).run(cursor, named | values)

    def _claimed(self, cursor: DBAPICursor, claim: Claim) -> Sequence[Delivery]:
        """The first due emails, now being sent; emails to readers who unsubscribed are skipped."""
        asked = {"after": claim.after, "now": claim.now, "latest": claim.now + LONGEST_WAIT, "the_owner": claim.owner}
        query, values = (_CLAIM, asked) if claim.only is None else (_CLAIM_ONLY, asked | {"only": claim.only.lower()})
        claimed: list[Delivery] = []
        while len(claimed) < claim.limit:
            rows = self._prepared(query).run(cursor, values | {"limit": claim.limit - len(claimed)})
            touched = list(map(_delivery, sorted(rows)))  # by id, which no two have in common
            claimed += (one for one in touched if one.state is DeliveryState.SENDING)
            if all(one.state is DeliveryState.SENDING for one in touched):
                break
            values["after"] = touched[-1].id  # the next ones take the places of those who unsubscribed
        return claimed

    def finish(self, finished: Delivery) -> None:
        """Commit the state of one email, whoever owns it."""
        with self._transaction() as connection:
            # What was heard of the email meanwhile is newer than the transport's own answer.
            open_ = delivery.c.state.not_in([state.value for state in HEARD_OF])
            values = _outcome(finished)
            connection.execute(update(delivery).where((delivery.c.id == finished.id) & open_).values(values))

    def correct(self, corrected: Sequence[Delivery]) -> None:
        """Commit what the end of a round makes of emails that were refused in it or before. One transaction."""
        refused = or_(*(delivery.c.state == state.value for state in (DeliveryState.QUEUED, DeliveryState.FAILED)))
        if rows := [{"the_id": one.id, **_outcome(one)} for one in corrected]:
            with self._transaction() as connection:
                connection.execute(update(delivery).where(delivery.c.id == bindparam("the_id"), refused), rows)

    def refusals(self, days: Collection[date]) -> Sequence[Delivery]:
        """Every email that carries one of these issues and was refused, for good or for now."""
        waits = (delivery.c.state == DeliveryState.QUEUED.value) & delivery.c.error.is_not(None)
        refused = or_(delivery.c.state == DeliveryState.FAILED.value, waits)
        query = select(delivery).where(_carries(days), refused).order_by(delivery.c.id)
        with self._reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def taken_by_domain(self, days: Collection[date]) -> Mapping[str, int]:
        """How many emails that carry one of these issues were accepted, by domain in lower case."""
        # Without the address up to its last @; both databases have these functions, and none that says it shorter.
        before = func.rtrim(delivery.c.email, func.replace(delivery.c.email, "@", ""))
        domain = func.lower(func.substr(delivery.c.email, func.length(before) + 1)).label("domain")
        gone = delivery.c.state.in_([state.value for state in HEARD_OF])
        query = select(domain, func.count().label("number")).where(_carries(days), gone).group_by("domain")
        with self._reading() as connection:
            return {row.domain: row.number for row in connection.execute(query)}

    def acceptance(self, day: date, tries: int) -> tuple[int, int, str | None]:
        """How many emails of this issue were accepted, how many were refused (for now: `tries` times), and why one was.

        An email of which nobody knows counts as refused once it is not repeated any more.
        """
        gone = delivery.c.state.in_([state.value for state in HEARD_OF])
        lasting = or_(
            delivery.c.state == DeliveryState.FAILED.value,
            (delivery.c.state == DeliveryState.QUEUED.value) & (delivery.c.attempts >= tries),
            (delivery.c.state == DeliveryState.UNKNOWN.value) & (delivery.c.attempts >= min(tries, _MOST_REPEATS)),
        )
        joined = delivery.join(received, received.c.delivery_id == delivery.c.id)
        counts = select(func.count().filter(gone), func.count().filter(lasting)).select_from(joined)
        why = select(delivery.c.error).select_from(joined).where(received.c.issue == day, lasting).limit(1)
        with self._reading() as connection:
            accepted, refused = connection.execute(counts.where(received.c.issue == day)).one()
            return accepted, refused, connection.scalar(why) if refused else None

    def recipients(self, delivery_ids: Iterable[int]) -> Mapping[int, tuple[int, str, str]]:
        """By delivery: the subscriber's id, the address in lower case, and the Message-ID."""
        found: dict[int, tuple[int, str, str]] = {}
        with self._reading() as connection:
            for chunk in chunks(dict.fromkeys(delivery_ids)):
                query = select(delivery.c.id, delivery.c.subscriber_id, delivery.c.email, delivery.c.message_id)
                for row in connection.execute(query.where(delivery.c.id.in_(chunk))):
                    found[row.id] = (value_id(row.subscriber_id), row.email.lower(), row.message_id)
        return found

    def recipient_of(self, message_id: str) -> str | None:
        """To whom the email with this Message-ID goes, or went, in lower case."""
        with self._reading() as connection:
            found = connection.scalar(select(delivery.c.email).where(delivery.c.message_id == message_id))
        return found.lower() if found else None

    @retried
    def settle(self, news: Mapping[int, DeliveryState]) -> None:
        """Update emails by later events about them, never backwards. One transaction."""
        with self._transaction() as connection:
            for state in DeliveryState:
                ids = [key for key, wanted in news.items() if wanted is state]
                for chunk in chunks(ids):
                    _move(connection, delivery.c.id.in_(chunk), state)

    def came_back(self, subscriber_id: int, message_id: str, state: DeliveryState) -> None:
        """Move on this reader's email of this Message-ID, never backwards."""
        mine = delivery.c.subscriber_id == column_id(subscriber_id)
        with self._transaction() as connection:
            _move(connection, mine & (delivery.c.message_id == message_id), state)

    def set_back(self, now: datetime) -> None:
        """Correct what a clock that was ahead has dated later than `now`.

        Else a reader of a time to come would not be one yet, and an email of that time would be the one of that day.
        An email that has gone out served no hour that is open now; one that may be repeated keeps its date.
        """
        queued = delivery.c.state == DeliveryState.QUEUED.value
        repeated = delivery.c.state.in_([DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value])
        ahead = update(delivery).where(delivery.c.date > now)
        with self._transaction() as connection:
            connection.execute(ahead.where(queued, delivery.c.attempts == 0).values(date=now))
            connection.execute(ahead.where(~queued, ~repeated).values(date=now - timedelta(days=1)))
            connection.execute(update(subscriber).where(subscriber.c.added > now).values(added=now))

    def doubt_open(self, copied: str) -> None:
        """Emails that were open when this ledger was copied (`copied` says when) are not sent again."""
        with self._transaction() as connection:
            identity.doubt_open(connection, copied)

    def pause_domain(self, pause: DomainPause) -> None:
        """Leave emails to this domain in the queue until then."""
        with self._transaction() as connection:
            put(connection, domain_pause, {"domain": pause.domain, "until": pause.until, "why": pause.why})

    def paused_domains(self, now: datetime) -> Sequence[DomainPause]:
        with self._reading() as connection:
            rows = connection.execute(select(domain_pause).where(_lasts(now)))
            return [DomainPause(row.domain, row.until, row.why) for row in rows]

    def revive(self, subscriber_id: int, since: datetime) -> int:
        """Queue permanently rejected emails again if they are dated after `since`; returns how many."""
        mine = (delivery.c.subscriber_id == column_id(subscriber_id)) & (delivery.c.date >= since)
        fresh = {"state": DeliveryState.QUEUED.value, "attempts": 0, "not_before": None, "error": None}
        with self._transaction() as connection:
            refused = delivery.c.state == DeliveryState.FAILED.value
            return connection.execute(update(delivery).where(mine, refused).values(fresh)).rowcount

    def deliveries(
        self, states: Iterable[DeliveryState] | None = None, *, reader: int | None = None
    ) -> Sequence[Delivery]:
        """Emails in the order in which they were planned: all, those in these states, those of one reader."""
        query = select(delivery).order_by(delivery.c.id)
        if states is not None:
            query = query.where(delivery.c.state.in_([state.value for state in states]))
        if reader is not None:
            query = query.where(delivery.c.subscriber_id == column_id(reader))
        with self._reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def unsent(self, states: Iterable[DeliveryState], before: datetime | None = None) -> tuple[int, str | None]:
        """How many emails are in one of these states, planned by `before`, and why the first that says so is."""
        unsent: ColumnElement[bool] = delivery.c.state.in_([state.value for state in states])
        unsent = unsent if before is None else unsent & (delivery.c.date <= before)
        reason = select(delivery.c.error).where(unsent, delivery.c.error.is_not(None)).order_by(delivery.c.id).limit(1)
        with self._reading() as connection:
            count = connection.scalar(select(func.count()).select_from(delivery).where(unsent))
            return count or 0, connection.scalar(reason)

    def due_now(self, now: datetime) -> int:
        """How many emails are being sent, or could be."""
        due = or_(IS_SENDING, _IS_QUEUED & _IS_DUE)
        moments = {"now": now, "latest": now + LONGEST_WAIT}
        with self._reading() as connection:
            return connection.scalar(select(func.count()).select_from(delivery).where(due), moments) or 0

    def troubled(self, day: date, limit: int | None) -> tuple[int, Sequence[Delivery]]:
        """How many emails of this issue failed, are in doubt or were repeated, and the first of them, or all."""
        named = or_(delivery.c.error.is_not(None), delivery.c.state == DeliveryState.UNKNOWN.value)
        of_issue = (received.c.delivery_id == delivery.c.id) & (received.c.issue == day)
        with self._reading() as connection:
            count = connection.scalar(select(func.count()).select_from(delivery).where(of_issue, named))
            first = connection.execute(select(delivery).where(of_issue, named).order_by(delivery.c.id).limit(limit))
            return count or 0, [_delivery(row) for row in first]

    def delivery_counts(self, day: date) -> Mapping[str, int]:
        """Number of emails that carry this issue, by state."""
        joined = delivery.join(received, received.c.delivery_id == delivery.c.id)
        query = (
            select(delivery.c.state, func.count().label("number"))
            .select_from(joined)
            .where(received.c.issue == day)
            .group_by(delivery.c.state)
        )
        with self._reading() as connection:
            return {row.state: row.number for row in connection.execute(query)}


def _outcome(finished: Delivery) -> dict[str, Any]:
    values = {name: getattr(finished, name) for name in ("owner", "attempts", "not_before")}
    return {"state": finished.state.value, "error": finished.error and redacted(finished.error), **values}


# Built once: these run for every few emails, and SQLAlchemy would spend as long on building them as SQLite on running.
_ADD, _ADD_ISSUE = insert(delivery).inline(), insert(received).inline()
_MINE = (delivery.c.state == DeliveryState.SENDING.value) & (delivery.c.owner == bindparam("the_owner"))
# However many they are, one parameter: one for each would cost more than the update.
_THESE = is_among(delivery.c.id, bindparam("ids", type_=JSON))
_ACCEPT_MINE = (
    update(delivery)
    .where(_THESE, _MINE)
    .values(state=DeliveryState.ACCEPTED.value, owner=None, not_before=None, error=None)
)
_RECORD_MINE = update(delivery).where(delivery.c.id == bindparam("the_id"), _MINE)
_IS_PAUSED = (
    exists()
    .where(domain_pause.c.until > bindparam("now"), domain_pause.c.until <= bindparam("latest"))
    .where(func.lower(delivery.c.email).like("%@" + func.replace(domain_pause.c.domain, "_", "\\_"), escape="\\"))
)
_IS_DUE = (
    or_(
        delivery.c.not_before.is_(None),
        delivery.c.not_before <= bindparam("now"),
        delivery.c.not_before > bindparam("latest"),
    )
    & ~_IS_PAUSED
)
_DUE = (
    select(delivery.c.id)
    .where(_IS_QUEUED, delivery.c.id > bindparam("after"))
    .where(_IS_DUE)
    .order_by(delivery.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=delivery)
)
_READS_ON = exists().where(
    subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE.value
)


def _claiming(due: Select[Any]) -> ReturningUpdate[Any]:
    """Decided in the claim itself: who unsubscribed a second ago gets nothing."""
    return (
        update(delivery)
        .where(
            delivery.c.id.in_(select(due.correlate(None).cte("due").c.id))
        )  # else a server may run it again and again
        .values(
            state=case((_READS_ON, DeliveryState.SENDING.value), else_=DeliveryState.SKIPPED.value),
            owner=case((_READS_ON, bindparam("the_owner"))),
            attempts=delivery.c.attempts + case((_READS_ON, 1), else_=0),
        )
        .returning(*delivery.c)
    )


_CLAIM = _claiming(_DUE)
_IS_ONLY = delivery.c.subscriber_id.in_(select(subscriber.c.id).where(subscriber.c.email == bindparam("only")))
_CLAIM_ONLY = _claiming(_DUE.where(_IS_ONLY))


def _carries(days: Collection[date]) -> ColumnElement[bool]:
    return delivery.c.id.in_(select(received.c.delivery_id).where(received.c.issue.in_(days)))


def _lasts(now: datetime) -> ColumnElement[bool]:
    """Which pauses of a domain are not over; one of more than a day was begun by a clock that was ahead."""
    return (domain_pause.c.until > now) & (domain_pause.c.until <= now + LONGEST_WAIT)


def _move(connection: Connection, which: ColumnElement[bool], state: DeliveryState) -> None:
    """Safe beside other writers, because the state is compared in the statement that changes it."""
    doubtful = (delivery.c.state == DeliveryState.QUEUED.value) & (delivery.c.error == REPEATED)
    earlier = delivery.c.state.in_([one.value for one in may_follow(state)]) | doubtful
    values = {"state": state.value, "owner": None, "not_before": None}
    connection.execute(update(delivery).where(which & earlier).values(values))


def _lacking(connection: Connection, wanted: Sequence[Delivery]) -> dict[str, Delivery]:
    """By name, those of whose issues their reader has had none."""
    people = [column_id(one.subscriber_id) for one in wanted]
    days = {day for one in wanted for day in one.issues}
    names = [one.message_id for one in wanted]
    query = select(received.c.subscriber_id, received.c.issue)
    query = query.where(_is_one_of(received.c.subscriber_id, people), received.c.issue.in_(days))
    had = {(row.subscriber_id, row.issue) for row in connection.execute(query)}
    had |= _had_long_ago(connection, people, days)
    taken = set(connection.scalars(select(delivery.c.message_id).where(_is_one_of(delivery.c.message_id, names))))
    planned: dict[str, Delivery] = {}
    for who, one in zip(people, wanted, strict=True):
        pairs = {(who, day) for day in one.issues}
        if had.isdisjoint(pairs) and one.message_id not in taken:
            had |= pairs
            planned[one.message_id] = one
    return planned


def _had_long_ago(connection: Connection, people: Sequence[int], days: Collection[date]) -> set[tuple[int, date]]:
    """Which of these issues lie so far back that only the last one is known, for whom."""
    if not days:
        return set()
    folded = _is_one_of(subscriber.c.id, people) & (subscriber.c.last_issue >= min(days))
    rows = connection.execute(select(subscriber.c.id, subscriber.c.last_issue).where(folded))
    return {(row.id, day) for row in rows for day in days if day <= row.last_issue}


def _is_one_of(column: ColumnElement[Any], values: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    return is_among(column, literal(values, JSON))


def _row(planned: Delivery) -> dict[str, Any]:
    return {
        "subscriber_id": column_id(planned.subscriber_id),
        "email": planned.email,
        "name": planned.name,
        "edition": planned.edition,
        "issues": planned.issues,
        "state": planned.state.value,
        "message_id": planned.message_id,
        "date": planned.date,
        "attempts": 0,
    }


def _edition_row(rendered: Rendered, instead: Mapping[str, Slotted]) -> dict[str, Any]:
    """`instead`: what is stored in place of a part's bytes."""
    row: dict[str, Any] = {"key": rendered.key, "subject": rendered.subject}
    for part in _PARTS:
        slotted: Slotted = instead.get(part) or getattr(rendered, part)
        spans = [[span.offset, span.length, span.slot, span.start] for span in slotted.spans]
        row |= {part: slotted.content, f"{part}_spans": spans}
    papers = [
        {"id": one.arxiv_id, "version": one.version, "number": one.number, "topic": one.topic}
        for one in rendered.papers
    ]
    head = asdict(rendered.letterhead) if rendered.letterhead else None
    return row | {"papers": papers, "kept": "all", "letterhead": head}


def _rendered(row: Row[Any], body: bytes | None = None) -> Rendered:
    contents = {"body": body, **parts.both_texts(body)} if body else {name: getattr(row, name) for name in _PARTS}
    slotted = {name: _slotted(contents[name], getattr(row, f"{name}_spans")) for name in _PARTS}
    # A newer program beside this one may know more of it; what is sent here needs no more than what it had.
    kept = {name: value for name, value in (row.letterhead or {}).items() if name in _OF_LETTERHEAD}
    head = Letterhead(**kept) if row.letterhead else None
    return Rendered(key=row.key, subject=row.subject, papers=printed_papers(row.papers), letterhead=head, **slotted)


def _carriers(
    connection: Connection, papers: Mapping[str, date], subscriber_ids: Sequence[int] | None = None
) -> list[tuple[int, str]]:
    """Who was sent which of these papers; without readers only one for each edition that carried one."""
    mine = [] if subscriber_ids is None else [received.c.subscriber_id.in_(subscriber_ids)]
    query = (
        select(received.c.subscriber_id, delivery.c.edition)
        .join(delivery, delivery.c.id == received.c.delivery_id)
        .where(received.c.issue.in_(set(papers.values())), delivery.c.state.in_(SENT), *mine)
    )
    rows = connection.execute(query if mine else query.group_by(delivery.c.edition)).all()
    keys = sorted({row.edition for row in rows})
    printed: dict[str, set[str]] = {}
    for chunk in chunks(keys):
        for key, stored in connection.execute(select(edition.c.key, edition.c.papers).where(edition.c.key.in_(chunk))):
            printed[key] = {one.arxiv_id for one in printed_papers(stored or ())} & papers.keys()
    return [(row.subscriber_id, arxiv_id) for row in rows for arxiv_id in sorted(printed.get(row.edition, ()))]


def printed_papers(objects: Iterable[Mapping[str, Any]]) -> tuple[PrintedPaper, ...]:
    return tuple(PrintedPaper(one["id"], one["version"], one["number"], one["topic"]) for one in objects)


def _slotted(content: bytes, spans: Iterable[Sequence[Any]]) -> Slotted:
    return Slotted(content, tuple(Span(*span) for span in spans))


def _delivery(row: Sequence[Any]) -> Delivery:
    # Unpacked: asking a row for its values by name takes longer than all the rest of this.
    key, who, email, name, edition_, issues, state, message_id, date_, attempts, not_before, owner, error = row
    return Delivery(
        id=key,
        subscriber_id=value_id(who),
        email=email,
        name=name,
        edition=edition_,
        issues=issues,
        state=DeliveryState(state),
        message_id=message_id,
        date=date_,
        attempts=attempts,
        not_before=not_before,
        owner=owner,
        error=error,
    )
