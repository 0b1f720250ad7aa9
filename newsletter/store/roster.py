"""The subscriber list as the ledger holds it, and its readers page by page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Row,
    Select,
    Table,
    case,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
    update,
)

from newsletter.models import Enrolled, Hours, Preference, Reader, SubscriberState, Wishes
from newsletter.store.engine import Base, add_missing, put, put_all
from newsletter.store.papers import CHUNK, chunks
from newsletter.store.readers import column_id, overrides, put_preferences, value_id
from newsletter.store.tables import delivery, hours, meta, reader, received, subscriber, wishes

_NUMBER = "roster.import"  # of the last import that was finished
_HOURS, _WISHES = TypeAdapter(Hours), TypeAdapter(Wishes)
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
            put(connection, meta, {"key": _NUMBER, "value": str(number)})
        return Turnover(added, removed if before else 0, changed)

    def change_reader(self, subscriber_id: int, changed: Reader, preferences: Sequence[Preference]) -> tuple[str, str]:
        """Store these preferences and set the reader's row to `changed`, except the address, in one step.

        Returns `overrides` before and after.
        """
        mine = reader.c.subscriber_id == column_id(subscriber_id)
        with self._transaction() as connection:
            before = overrides(connection)
            put_preferences(connection, preferences)
            (values,) = _values(connection, [changed])
            del values["email"]
            connection.execute(update(reader).where(mine).values(values))
            return before, overrides(connection)

    def reader(self, subscriber_id: int) -> Reader | None:
        """A reader in the list, even one who currently gets no email."""
        query = (
            select(reader, hours.c.text.label("hours"), wishes.c.text.label("wishes"))
            .join(hours, hours.c.id == reader.c.hours_id)
            .join(wishes, wishes.c.id == reader.c.wishes_id)
            .where(reader.c.subscriber_id == column_id(subscriber_id), _in_force(self._number()))
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return _reader(row) if row else None

    def reader_languages(self) -> tuple[str, ...]:
        """Every language that a reader in force asks for."""
        asked = select(reader.c.wishes_id).where(_in_force(self._number())).distinct()
        query = select(wishes.c.text).where(wishes.c.id.in_(asked)).order_by(wishes.c.id)
        with self._reading() as connection:
            texts = connection.scalars(query).all()
        return tuple(dict.fromkeys(language for text in texts for language in _wishes(text).languages))

    def mailing_lists(self) -> frozenset[int]:
        """The ids of subscribers that are mailing lists."""
        with self._reading() as connection:
            rows = connection.execute(select(wishes).where(wishes.c.text.contains('"mailing_list"', autoescape=True)))
            ids = [row.id for row in rows if _wishes(row.text).mailing_list]
            mine = select(reader.c.subscriber_id).where(reader.c.wishes_id.in_(ids), _in_force(self._number()))
            return frozenset(map(value_id, connection.scalars(mine))) if ids else frozenset()

    def hours(self) -> Mapping[int, Hours]:
        """The distinct hours of the readers who get email, by id."""
        mine = exists().where(reader.c.hours_id == hours.c.id, *_gets_mail(self._number()))
        with self._reading() as connection:
            return {row.id: _hours(row.text) for row in connection.execute(select(hours).where(mine))}

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
            return list(dict.fromkeys(_wishes(text).shared for text in connection.scalars(query)))

    def liked_in_settings(self) -> Sequence[str]:
        """The arXiv ids that readers name as papers to learn from."""
        query = select(wishes.c.text).where(wishes.c.text.contains('"leanings"', autoescape=True))
        with self._reading() as connection:
            found = [_wishes(text).leanings.like for text in connection.scalars(query)]
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
                rows = connection.execute(page).all()
            if not rows:
                return
            yield [_enrolled(row) for row in rows]
            page = query.where(_place > (rows[-1].wishes_id, rows[-1].subscriber_id))

    def _number(self) -> int:
        with self._reading() as connection:
            return int(connection.scalar(select(meta.c.value).where(meta.c.key == _NUMBER)) or 0)


_place = tuple_(reader.c.wishes_id, reader.c.subscriber_id)
_same_reader = received.c.subscriber_id == reader.c.subscriber_id
_SEEN = ("subscriber_id", "email", "name", "hours_id", "wishes_id")  # of a reader: what an edit of the file changes
_of_file = reader.c.source == "file"  # all others are in force whatever a file says


def _in_force(number: int) -> ColumnElement[bool]:
    return or_(reader.c.import_number >= number, ~_of_file)


def _gets_mail(number: int) -> tuple[ColumnElement[bool], ...]:
    """What is true of a row in force whose reader is active."""
    return (
        _in_force(number),
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
        select(reader, wishes.c.text, func.coalesce(last.scalar_subquery(), folded, type_=Date).label("last"))
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
        select(*(reader.c[name] for name in _SEEN)).where(mine, _in_force(before) if before else false())
    )
    held = {row.subscriber_id: tuple(row) for row in known}
    new = sum(row["subscriber_id"] not in held for row in rows)
    same = sum(held.get(row["subscriber_id"]) == tuple(row[name] for name in _SEEN) for row in rows)
    put_all(connection, reader, rows, _of_file)
    return new, len(rows) - new - same


def _values(connection: Connection, readers: Sequence[Reader]) -> list[dict[str, Any]]:
    """The rows for these readers; rows for new hours and wishes are added first."""
    when = [_hours_text(_hours_of(one)) for one in readers]
    what = [_wishes_text(one.wishes) for one in readers]
    hours_ids, wishes_ids = _ids(connection, hours, when), _ids(connection, wishes, what)
    return [
        {"email": one.email, "name": one.name, "stated": dict(one.stated)}
        | {"hours_id": hours_ids[hours_text], "wishes_id": wishes_ids[wishes_text]}
        for one, hours_text, wishes_text in zip(readers, when, what, strict=True)
    ]


def _ids(connection: Connection, table: Table, texts: Iterable[str]) -> Mapping[str, int]:
    different = dict.fromkeys(texts)
    add_missing(connection, table, [{"text": text} for text in different])
    return {row.text: row.id for row in connection.execute(select(table).where(table.c.text.in_(different)))}


def _hours_of(one: Reader) -> Hours:
    return Hours(
        send_at=one.send_at, wait_until=one.wait_until, timezone=one.timezone, days=one.days, weekly=one.weekly
    )


@lru_cache(1000)
def _hours_text(value: Hours) -> str:
    plain = _HOURS.dump_python(value, mode="json")
    return json.dumps(plain | {"days": sorted(value.days)}, sort_keys=True)


@lru_cache(1000)
def _wishes_text(value: Wishes) -> str:
    plain = _WISHES.dump_python(value, mode="json")
    if value.mailing_list is None:
        del plain["mailing_list"]  # a text is a row's key, and those of earlier versions go on to count
    if plain["leanings"] == _NO_LEANINGS:
        del plain["leanings"]
    return json.dumps(plain, sort_keys=True)


@lru_cache(1000)
def _hours(text: str) -> Hours:
    return _HOURS.validate_json(text)


@lru_cache(1000)
def _wishes(text: str) -> Wishes:
    return _WISHES.validate_json(text)


def _reader(row: Row[Any]) -> Reader:
    when = {name: getattr(_hours(row.hours), name) for name in Hours.__dataclass_fields__}
    stated = tuple((row.stated or {}).items())
    return Reader(email=row.email, name=row.name, wishes=_wishes(row.wishes), stated=stated, **when)


def _enrolled(row: Row[Any]) -> Enrolled:
    return Enrolled(value_id(row.subscriber_id), row.email, row.name, _wishes(row.text), row.last)
