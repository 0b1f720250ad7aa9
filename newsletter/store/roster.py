"""The subscriber list as the ledger holds it, and its readers page by page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Row,
    Select,
    Table,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
    update,
)

from newsletter.models import Consent, Enrolled, Hours, Preference, Reader, Source, SubscriberState, Usual, Wishes
from newsletter.store.engine import Base, add_missing, put, put_all
from newsletter.store.papers import CHUNK, chunks
from newsletter.store.readers import IMPORTED, column_id, overrides, put_preferences, value_id
from newsletter.store.tables import consent, delivery, hours, meta, reader, received, subscriber, wishes

_USUAL = "roster.usual"
_HOURS, _WISHES, _USUALS = TypeAdapter(Hours), TypeAdapter(Wishes), TypeAdapter(Usual)
_NO_LEANINGS = _WISHES.dump_python(Wishes(topics=()), mode="json")["leanings"]


@dataclass(frozen=True, slots=True)
class Turnover:
    """How many readers of the file an import added, took out of force and changed."""

    added: int = 0
    removed: int = 0
    changed: int = 0


class Rosters(Base):
    """The subscriber list in force, as rows: a million readers are never in memory at once."""

    def replace_roster(self, entries: Iterable[tuple[int, Reader]]) -> Turnover:
        """Put the subscriber list of these subscriber ids and entries in force, taking them in chunks.

        Anyone not among them is no longer in the list. A stop in between leaves the readers of both
        lists in force, until the next call.
        """
        before, added, changed = self._number(), 0, 0
        with self._transaction() as connection:
            number = 1 + (connection.scalar(select(func.max(reader.c.import_number))) or 0)  # also after one cut short
        for chunk in chunks(entries):
            with self._transaction() as connection:
                new, other = _put_entries(connection, chunk, number, before)
                added, changed = added + new, changed + other
        with self._transaction() as connection:
            gone = (_of_file, reader.c.import_number >= before, reader.c.import_number < number)
            removed = connection.scalar(select(func.count()).select_from(reader).where(*gone)) or 0
            _lift_entries(connection, number)
            put(connection, meta, {"key": IMPORTED, "value": str(number)})
        return Turnover(added, removed if before else 0, changed)

    def remember_usual(self, usual: Usual) -> None:
        """What readers have who say nothing else: it holds for all of the ledger's own at once."""
        with self._transaction() as connection:
            put(connection, meta, {"key": _USUAL, "value": _USUALS.dump_json(usual).decode()})

    def change_reader(
        self, subscriber_id: int, changed: Reader, preferences: Sequence[Preference], own: Reader | None = None
    ) -> tuple[str, str]:
        """Store these preferences and set the reader's row to `changed`, except the address, in one step.

        `own`: what a reader who did not come by the file has without it. Returns `overrides` before and after.
        """
        mine = reader.c.subscriber_id == column_id(subscriber_id)
        with self._transaction() as connection:
            before = overrides(connection)
            put_preferences(connection, preferences)
            values: dict[str, Any] = {}
            if changed.in_file:
                (values,) = _values(connection, [changed])
                del values["email"]
            if own is not None:
                (ids,) = _differences(connection, [own], usual_in(connection))
                values |= {f"own_{key}": value for key, value in ids.items()} if changed.in_file else ids
            connection.execute(update(reader).where(mine).values(values))
            return before, overrides(connection)

    def put_readers(
        self,
        entries: Sequence[tuple[int, Reader]],
        register: tuple[str, int] | None = None,
        consents: Sequence[Consent] = (),
        given: Sequence[str] = (),
        keep: Collection[str] = (),
    ) -> None:
        """Put readers in force who did not come by the file, with what they have, in one transaction.

        An entry of the file goes on to lie over it. `register`: which one brought them, and the number of its import.
        `given`: what an import said of each; without it, what the last one said stays. `keep`: columns of readers who
        are there that stay as they are.
        """
        with self._transaction() as connection:
            ids = _differences(connection, [one for _, one in entries], usual_in(connection))
            laid_over = _laid_over(connection, [column_id(who) for who, _ in entries], finished(connection))
            name, number = register or (None, None)
            rows = [
                {"subscriber_id": column_id(who), "email": one.email, "name": one.name, "source": one.source.value}
                | {"register": name, "register_number": number, "own_hours_id": None, "own_wishes_id": None}
                | {"stated": None, "import_number": 0}
                | own
                for (who, one), own in zip(entries, ids, strict=True)
            ]
            for row, text in zip(rows, given, strict=False):
                row["given"] = text
            for row, column in product(rows, keep):
                del row[column]
            put_all(connection, reader, [row for row in rows if row["subscriber_id"] not in laid_over])
            for row in rows:
                if row["subscriber_id"] in laid_over:
                    beneath = {f"own_{key}": row[key] for key in ("hours_id", "wishes_id")}
                    kept = {key: row[key] for key in _BROUGHT if key in row}
                    mine = reader.c.subscriber_id == row["subscriber_id"]
                    connection.execute(update(reader).where(mine).values(beneath | kept))
            put_all(connection, consent, [_consent_row(one) for one in consents])

    def own_readers(self, subscriber_ids: Iterable[int]) -> Mapping[int, Reader]:
        """Those of them who did not come by the file, with what they have without it."""
        own_hours, own_wishes = (func.coalesce(reader.c[f"own_{key}"], reader.c[key]) for key in _SHARED)
        found: dict[int, Reader] = {}
        with self._reading() as connection:
            usual = usual_in(connection)
            for chunk in chunks(subscriber_ids):
                mine = reader.c.subscriber_id.in_([column_id(one) for one in chunk])
                query = (
                    select(reader, hours.c.text.label("hours"), wishes.c.text.label("wishes"))
                    .join(hours, hours.c.id == own_hours)
                    .join(wishes, wishes.c.id == own_wishes)
                    .where(mine, ~_of_file)
                )
                found.update((value_id(row.subscriber_id), to_reader(row, usual)) for row in connection.execute(query))
        return found

    def has_own_readers(self) -> bool:
        """Whether anybody did not come by the file."""
        with self._reading() as connection:
            return connection.scalar(select(exists().where(~_of_file))) or False

    def own_reader_number(self) -> int:
        """How many readers there are of whom the file has no entry."""
        alone = (~_of_file, reader.c.own_hours_id.is_(None))
        with self._reading() as connection:
            return connection.scalar(select(func.count()).select_from(reader).where(*alone)) or 0

    def consents(self, subscriber_id: int) -> Sequence[Consent]:
        """How often and how this reader agreed to read, oldest first."""
        mine = consent.c.subscriber_id == column_id(subscriber_id)
        with self._reading() as connection:
            rows = connection.execute(select(consent).where(mine).order_by(consent.c.confirmed)).all()
        return [_consent(row) for row in rows]

    def reader(self, subscriber_id: int) -> Reader | None:
        """A reader in the list, even one who currently gets no email."""
        query = (
            select(reader, hours.c.text.label("hours"), wishes.c.text.label("wishes"))
            .join(hours, hours.c.id == reader.c.hours_id)
            .join(wishes, wishes.c.id == reader.c.wishes_id)
            .where(reader.c.subscriber_id == column_id(subscriber_id), in_force(self._number()))
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
            return to_reader(row, usual_in(connection)) if row else None

    def reader_languages(self) -> tuple[str, ...]:
        """Every language that a reader in force asks for whom the operator brought here."""
        by_themselves = reader.c.source.in_((Source.PAGE.value, Source.EMAIL.value))
        asked = select(reader.c.wishes_id).where(in_force(self._number()), ~by_themselves).distinct()
        query = select(wishes.c.text).where(wishes.c.id.in_(asked)).order_by(wishes.c.id)
        with self._reading() as connection:
            texts, usual = connection.scalars(query).all(), usual_in(connection)
        return tuple(dict.fromkeys(language for text in texts for language in _wishes(text, usual).languages))

    def mailing_lists(self) -> frozenset[int]:
        """The ids of subscribers that are mailing lists."""
        with self._reading() as connection:
            rows = connection.execute(select(wishes).where(wishes.c.text.contains('"mailing_list"', autoescape=True)))
            usual = usual_in(connection)
            ids = [row.id for row in rows if _wishes(row.text, usual).mailing_list]
            mine = select(reader.c.subscriber_id).where(reader.c.wishes_id.in_(ids), in_force(self._number()))
            return frozenset(map(value_id, connection.scalars(mine))) if ids else frozenset()

    def hours(self) -> Mapping[int, Hours]:
        """The distinct hours of the readers who get email, by id."""
        mine = exists().where(reader.c.hours_id == hours.c.id, *_gets_mail(self._number()))
        with self._reading() as connection:
            usual = usual_in(connection)
            return {row.id: _hours(row.text, usual) for row in connection.execute(select(hours).where(mine))}

    def readers_by_hours(self) -> Mapping[int, int]:
        """How many readers who get email have these hours, by the id of the hours."""
        query = select(reader.c.hours_id, func.count()).where(*_gets_mail(self._number())).group_by(reader.c.hours_id)
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def wishes(self) -> Sequence[Wishes]:
        """The distinct wishes of the readers who get email."""
        asked = select(reader.c.wishes_id).where(*_gets_mail(self._number())).distinct()
        query = select(wishes.c.text).where(wishes.c.id.in_(asked)).order_by(wishes.c.id)
        with self._reading() as connection:
            usual = usual_in(connection)
            return list(dict.fromkeys(_wishes(text, usual).shared for text in connection.scalars(query)))

    def liked_in_settings(self) -> Sequence[str]:
        """The arXiv ids that readers name as papers to learn from."""
        query = select(wishes.c.text).where(wishes.c.text.contains('"leanings"', autoescape=True))
        with self._reading() as connection:
            usual = usual_in(connection)
            found = [_wishes(text, usual).leanings.like for text in connection.scalars(query)]
        return list(dict.fromkeys(one for ids in found for one in ids))

    def pages(
        self,
        hours_id: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        lacking: date | None = None,
        only: str | None = None,
        oldest: date | None = None,
    ) -> Iterator[Sequence[Enrolled]]:
        """The readers of these hours who get mail, page by page, those with equal wishes together.

        `since`, `until`: who was a reader by then and has had no mail in between; `lacking`: who has not had this
        issue; `only`: this address; `oldest`: issues before it do not count as the last that a reader has had.
        """
        query = _page(self._number(), oldest).where(
            reader.c.hours_id == hours_id, *_narrowed(since, until, lacking, only)
        )
        page = query
        while True:
            with self._reading() as connection:
                rows, usual = connection.execute(page).all(), usual_in(connection)
            if not rows:
                return
            wish = {text: _wishes(text, usual) for text in {row.text for row in rows}}
            yield [Enrolled(value_id(who), email, name, wish[text], last) for _, who, email, name, text, last in rows]
            page = query.where(_place > (rows[-1].wishes_id, rows[-1].subscriber_id))

    def _number(self) -> int:
        with self._reading() as connection:
            return finished(connection)


def finished(connection: Connection) -> int:
    """The number of the last import of the file that was finished."""
    return int(connection.scalar(select(meta.c.value).where(meta.c.key == IMPORTED)) or 0)


def usual_in(connection: Connection) -> Usual | None:
    """What readers have who say nothing else; None before a list is in force."""
    return _read_usual(connection.scalar(select(meta.c.value).where(meta.c.key == _USUAL)))


@lru_cache(maxsize=4)
def _read_usual(raw: str | None) -> Usual | None:
    return _USUALS.validate_json(raw) if raw else None


_place = tuple_(reader.c.wishes_id, reader.c.subscriber_id)
_same_reader = received.c.subscriber_id == reader.c.subscriber_id
_SEEN = ("subscriber_id", "email", "name", "hours_id", "wishes_id")  # of a reader: what an edit of the file changes
_SHARED = ("hours_id", "wishes_id")
_BROUGHT = ("source", "register", "register_number", "given")
_of_file = reader.c.source == "file"  # all others are in force whatever a file says


def in_force(number: int) -> ColumnElement[bool]:
    """Whether a row of the reader table counts; `number`: of the last import of the file that was finished."""
    return or_(reader.c.import_number >= number, ~_of_file)


def _gets_mail(number: int) -> tuple[ColumnElement[bool], ...]:
    """What is true of a row in force whose reader is active."""
    return (
        in_force(number),
        subscriber.c.id == reader.c.subscriber_id,
        subscriber.c.state == SubscriberState.ACTIVE.value,
    )


def _narrowed(
    since: datetime | None, until: datetime | None, lacking: date | None, only: str | None
) -> Iterator[ColumnElement[bool]]:
    if lacking is not None:
        yield ~exists().where(_same_reader, received.c.issue == lacking)
        yield or_(subscriber.c.last_issue.is_(None), subscriber.c.last_issue < lacking)
    if since is not None:
        mails = exists().where(delivery.c.subscriber_id == reader.c.subscriber_id, delivery.c.date >= since)
        yield subscriber.c.added <= since
        yield ~(mails if until is None else mails.where(delivery.c.date <= until))
    if only is not None:
        yield subscriber.c.email == only.lower()


def _page(number: int, oldest: date | None) -> Select[Any]:
    last = select(func.max(received.c.issue)).where(_same_reader)
    last = last if oldest is None else last.where(received.c.issue >= oldest)
    folded = (
        subscriber.c.last_issue
        if oldest is None
        else case((subscriber.c.last_issue >= oldest, subscriber.c.last_issue))
    )
    return (
        select(*_place.clauses, reader.c.email, reader.c.name, wishes.c.text)
        .add_columns(func.coalesce(last.scalar_subquery(), folded, type_=Date).label("last"))
        .where(wishes.c.id == reader.c.wishes_id, *_gets_mail(number))
        .order_by(reader.c.wishes_id, reader.c.subscriber_id)
        .limit(CHUNK)
    )


def _put_entries(
    connection: Connection, chunk: Sequence[tuple[int, Reader]], number: int, before: int
) -> tuple[int, int]:
    """How many were not in force before, and how many of the others have other values now."""
    values = _values(connection, [one for _, one in chunk])
    keys = [{"subscriber_id": column_id(who), "import_number": number, "source": "file"} for who, _ in chunk]
    rows = [key | row for key, row in zip(keys, values, strict=True)]
    mine = reader.c.subscriber_id.in_([row["subscriber_id"] for row in rows])
    known = connection.execute(
        select(*(reader.c[name] for name in _SEEN)).where(mine, in_force(before) if before else false())
    )
    held = {row.subscriber_id: tuple(row) for row in known}
    new = sum(row["subscriber_id"] not in held for row in rows)
    same = sum(held.get(row["subscriber_id"]) == tuple(row[name] for name in _SEEN) for row in rows)
    put_all(connection, reader, rows, _of_file)
    _lay_over(connection, rows)
    return new, len(rows) - new - same


def _lay_over(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Entries of readers who did not come by the file count until they are deleted; what lies beneath stays."""
    ids = [row["subscriber_id"] for row in rows]
    others = select(reader.c.subscriber_id).where(reader.c.subscriber_id.in_(ids), ~_of_file)
    of_ledger = set(connection.scalars(others))
    kept = {f"own_{key}": func.coalesce(reader.c[f"own_{key}"], reader.c[key]) for key in _SHARED}
    for row in rows:
        if row["subscriber_id"] in of_ledger:
            mine = reader.c.subscriber_id == row["subscriber_id"]
            values = {key: value for key, value in row.items() if key not in ("subscriber_id", "source")}
            connection.execute(update(reader).where(mine).values(values | kept))


def _lift_entries(connection: Connection, number: int) -> None:
    """Of whom the file has no entry any more, what the ledger has counts again."""
    beneath = {key: reader.c[f"own_{key}"] for key in _SHARED}
    bare: dict[str, Any] = {f"own_{key}": None for key in _SHARED}
    gone = (~_of_file, reader.c.own_hours_id.is_not(None), reader.c.import_number < number)
    connection.execute(update(reader).where(*gone).values(beneath | bare | {"stated": None}))


def _laid_over(connection: Connection, ids: Sequence[int], number: int) -> frozenset[int]:
    """Those of them of whom the file has an entry."""
    entered = or_(reader.c.own_hours_id.is_not(None), and_(_of_file, reader.c.import_number >= number))
    query = select(reader.c.subscriber_id).where(reader.c.subscriber_id.in_(ids), entered)
    return frozenset(connection.scalars(query)) if number else frozenset()


def _values(connection: Connection, readers: Sequence[Reader]) -> list[dict[str, Any]]:
    """The rows for these readers; rows for new hours and wishes are added first."""
    shared = _differences(connection, readers, None)
    return [
        {"email": one.email, "name": one.name, "stated": dict(one.stated)} | ids
        for one, ids in zip(readers, shared, strict=True)
    ]


def _differences(connection: Connection, readers: Sequence[Reader], usual: Usual | None) -> list[dict[str, int]]:
    """The ids of what these readers have, of which only what differs from the usual is written down."""
    when = [_hours_text(_hours_of(one), usual) for one in readers]
    what = [_wishes_text(one.wishes, usual) for one in readers]
    hours_ids, wishes_ids = _ids(connection, hours, when), _ids(connection, wishes, what)
    return [{"hours_id": hours_ids[one], "wishes_id": wishes_ids[other]} for one, other in zip(when, what, strict=True)]


def _ids(connection: Connection, table: Table, texts: Iterable[str]) -> Mapping[str, int]:
    different = dict.fromkeys(texts)
    add_missing(connection, table, [{"text": text} for text in different])
    return {row.text: row.id for row in connection.execute(select(table).where(table.c.text.in_(different)))}


def _hours_of(one: Hours) -> Hours:
    return Hours(
        send_at=one.send_at, wait_until=one.wait_until, timezone=one.timezone, days=one.days, weekly=one.weekly
    )


@lru_cache(1000)
def _hours_text(value: Hours, usual: Usual | None = None) -> str:
    """As JSON; with `usual`, only what differs from it."""
    return json.dumps(_less(_plain_hours(value), _plain_hours(usual.hours) if usual else {}), sort_keys=True)


@lru_cache(1000)
def _wishes_text(value: Wishes, usual: Usual | None = None) -> str:
    return json.dumps(_less(_plain_wishes(value), _plain_wishes(usual.wishes) if usual else {}), sort_keys=True)


def _less(plain: Mapping[str, Any], usual: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in plain.items() if key not in usual or usual[key] != value}


def _plain_hours(value: Hours) -> Mapping[str, Any]:
    plain: dict[str, Any] = _HOURS.dump_python(value, mode="json")
    return plain | {"days": sorted(value.days)}


def _plain_wishes(value: Wishes) -> Mapping[str, Any]:
    plain: dict[str, Any] = _WISHES.dump_python(value, mode="json")
    for later in ("mailing_list", "min_relevance"):
        if plain[later] is None:
            del plain[later]  # a text is a row's key, and those of earlier versions go on to count
    if plain["leanings"] == _NO_LEANINGS:
        del plain["leanings"]
    elif not value.leanings.library:
        del plain["leanings"]["library"]
    return plain


@lru_cache(1000)
def _hours(text: str, usual: Usual | None) -> Hours:
    return _HOURS.validate_python((_plain_hours(usual.hours) if usual else {}) | json.loads(text))


@lru_cache(1000)
def _wishes(text: str, usual: Usual | None) -> Wishes:
    """Topics that are gone are left out; whoever has none left gets the usual ones."""
    found = _WISHES.validate_python((_plain_wishes(usual.wishes) if usual else {}) | json.loads(text))
    if usual is None or set(found.topics) <= set(usual.topics):
        return found
    return replace(found, topics=tuple(key for key in found.topics if key in usual.topics) or usual.wishes.topics)


def to_reader(row: Row[Any], usual: Usual | None, names: tuple[str, str, str] = ("email", "hours", "wishes")) -> Reader:
    """A row of the reader table as a value; `names`: of the address as written, and of the texts it is joined with."""
    email, when, what = (getattr(row, name) for name in names)
    due = _hours(when, usual)
    return Reader(
        email=email,
        name=row.name,
        wishes=_wishes(what, usual),
        stated=tuple(row.stated.items()) if row.stated else (),
        source=Source(row.source),
        in_file=row.source == Source.FILE or row.own_hours_id is not None,
        send_at=due.send_at,
        wait_until=due.wait_until,
        timezone=due.timezone,
        days=due.days,
        weekly=due.weekly,
    )


def _consent_row(one: Consent) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in Consent.__dataclass_fields__}  # asdict copies each value
    return row | {"subscriber_id": column_id(one.subscriber_id), "source": one.source.value}


def _consent(row: Row[Any]) -> Consent:
    fields = dict(row._mapping) | {"subscriber_id": value_id(row.subscriber_id), "source": Source(row.source)}
    return Consent(**fields)
