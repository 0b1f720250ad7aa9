"""Many readers at once: rows of a table become readers of the ledger, a chunk at a time, each once.

A stop in between leaves what is done; the same import again does the rest. Nobody comes back who left, whom we stopped
writing to, or who was forgotten.
"""

from __future__ import annotations

import collections
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import islice

from email_validator import validate_email

from newsletter.errors import ConfigurationError
from newsletter.models import Consent, Finding, JoinRequest, Masthead, Reader, Source, Subscriber, SubscriberState
from newsletter.readers import guard, joining, left_log
from newsletter.readers.changes import MISSING, ended_by_register, left_by_themselves
from newsletter.readers.counter import Counter
from newsletter.readers.fingerprints import fingerprints
from newsletter.readers.left_log import What
from newsletter.readers.preferences import laid_over
from newsletter.store.registers import Standing
from newsletter.subscribers.table import BadRow, Row, Table, with_given

_SIZE = "register.size {}"  # how many rows the last import of this register had
_MOST_ASKED = 100  # days' worth of emails about joining
_CHUNK = 2_000  # rows of a transaction: each waits for the disk
_PLAIN = ("register", "register_number")  # what an import of no register leaves as it is

Given = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is done with the rows."""

    source: Source = Source.IMPORT
    note: str  # the operator's, about the consent
    register: str | None = None  # the rows are the whole of it
    ask: bool = False  # only ask them, by an email with a button
    dry_run: bool = False


@dataclass
class Tally:
    """What an import did, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0  # the register had lost them
    ended: int = 0  # the register has lost them
    asked: int = 0
    bad: int = 0
    kept_out: collections.Counter[str] = field(default_factory=collections.Counter)  # by reason


@dataclass(frozen=True, slots=True)
class Survey:
    """A table as a whole, before anything of it is taken."""

    rows: int  # with different addresses
    repeated: frozenset[int]  # hashes of addresses that are here more than once


def survey(table: Table, known_topics: Sequence[str]) -> Survey:
    """Read everything once; what is remembered lies in a file of its own that has no name.

    Raises ConfigurationError where the file is not UTF-8.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as seen:
        seen.execute("CREATE TABLE seen (hash INTEGER)")
        hashes = ((hash(row.email.lower()),) for row in table.rows(known_topics) if row.email)
        seen.execute("BEGIN")
        seen.executemany("INSERT INTO seen VALUES (?)", hashes)
        (rows,) = seen.execute("SELECT count(DISTINCT hash) FROM seen").fetchone()
        twice = seen.execute("SELECT hash FROM seen GROUP BY hash HAVING count(*) > 1")
        return Survey(rows, frozenset(row[0] for row in twice))


def import_table(
    counter: Counter, masthead: Masthead, table: Table, order: Order, bad: Callable[[BadRow], None], *, accept: bool
) -> Tally:
    """Take in the whole table, `bad` hearing of each row that cannot be used.

    Raises ConfigurationError before anything is taken: for a file that is not UTF-8, and for a register that lost more
    than half of its rows or more than doubled, until the operator accepts that.
    """
    topics = [topic.key for topic in masthead.topics]
    found = survey(table, topics)
    _refuse(counter, masthead, order, found, accept=accept)
    done = _Import(counter, masthead, order)
    rows = _once(table.rows(topics), found.repeated)
    while chunk := list(islice(rows, _CHUNK)):
        for row in chunk:
            if isinstance(row, BadRow):
                bad(row)
        done.take(chunk)
    if order.register:
        done.end_missing()
        if not order.dry_run:
            counter.store.remember(_SIZE.format(order.register), str(found.rows))
    return done.tally


def _refuse(counter: Counter, masthead: Masthead, order: Order, found: Survey, *, accept: bool) -> None:
    if order.register and not accept:
        before = counter.store.recall(_SIZE.format(order.register))
        if before is not None and guard.is_held_back(int(before), found.rows):
            problem = f"{found.rows} rows instead of {before}: nothing is changed yet, waiting for your confirmation"
            remedy = "check the file, try --dry-run, or confirm with --accept"
            raise ConfigurationError([Finding(f"register {order.register}", None, problem, remedy)])
    if order.ask and not joining.is_open(masthead, counter.letterhead, counter.alarms.admin):
        shut = joining.problem(masthead, counter.letterhead, counter.alarms.admin)
        problem = shut or "nobody can confirm while the subscriber list says `join: closed`"
        raise ConfigurationError([Finding("--ask", None, problem, "see docs/joining.md")])
    most = _MOST_ASKED * masthead.newsletter.join_limit
    if order.ask and found.rows > most:
        problem = f"{found.rows} people would be asked, but only {masthead.newsletter.join_limit} emails a day are sent"
        raise ConfigurationError(
            [
                Finding(
                    "--ask", None, problem, f"ask at most {most} at a time, or raise join_limit in the subscriber list"
                )
            ]
        )


def bring(counter: Counter, masthead: Masthead, rows: Sequence[Row], order: Order) -> Tally:
    """Take in these rows, each of another address."""
    done = _Import(counter, masthead, order)
    done.take(rows)
    return done.tally


def _once(rows: Iterable[Row | BadRow], repeated: Collection[int]) -> Iterator[Row | BadRow]:
    """Of rows with one address the first one counts."""
    first: dict[str, int] = {}
    for row in rows:
        if repeated and isinstance(row, Row) and hash(key := row.email.lower()) in repeated:
            line = first.setdefault(key, row.line)
            if line != row.line:
                yield BadRow(row.line, f"{row.email!r} is here twice (first in line {line}); keep one", (row.email,))
                continue
        yield row


def refusal(known: Subscriber) -> str | None:
    """Why an import does not bring someone back; None where they may read."""
    if known.state.reads or ended_by_register(known):
        return None
    if known.state is SubscriberState.UNSUBSCRIBED:
        return "left" if left_by_themselves(known) else "unsubscribed by the operator"
    return "complained" if (known.why or "").endswith("complaint") else "bounced"


@lru_cache(4096)
def _news(before: str | None, now: Given) -> tuple[Given, str]:
    """What a row says that the last import did not say, and what is remembered of both."""
    known: dict[str, str] = json.loads(before) if before else {}
    fresh = tuple((key, text) for key, text in now if known.get(key) != text)
    return fresh, json.dumps(known | dict(now), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A row of someone who reads, or will."""

    row: Row
    standing: Standing | None
    own: Reader  # what they have from now on without an entry of the file
    given: str
    told: bool  # whether the ledger has all of this

    @property
    def is_new(self) -> bool:
        return self.standing is None or self.standing.own is None

    @property
    def email(self) -> str:
        """What the ledger calls them."""
        return self.standing.subscriber.email if self.standing else self.own.email.lower()


class _Import:
    def __init__(self, counter: Counter, masthead: Masthead, order: Order) -> None:
        self._counter, self._store, self._masthead, self._order = counter, counter.store, masthead, order
        self._keys, self._now = counter.keys, counter.now()
        self._number = self._store.next_number(order.register) if order.register else 0
        self._there = 0  # readers of the register who are in the file
        self._templates: dict[Given, Reader] = {}
        self.tally = Tally()

    @cached_property
    def _topics(self) -> tuple[str, ...]:
        return tuple(topic.key for topic in self._masthead.topics)

    def take(self, rows: Sequence[Row | BadRow]) -> None:
        """One chunk."""
        spelled = {row: _spellings(row.email) for row in rows if row.email}
        known = self._store.standings(one for spellings in spelled.values() for one in spellings)
        gone = self._forgotten(spelled)
        decided: list[_Decided] = []
        present: list[Standing] = []
        for row, spellings in spelled.items():
            standing = next((known[one] for one in spellings if one in known), None)
            if isinstance(row, BadRow):
                present += [standing] if standing else []
            elif row in gone:
                self.tally.kept_out["forgotten"] += 1
            elif standing and (reason := refusal(standing.subscriber)):
                self.tally.kept_out[reason] += 1
            else:
                decided.append(self._decide(row, standing))
        self.tally.bad += sum(isinstance(row, BadRow) for row in rows)
        if self._order.ask:
            self._ask(decided)
        else:
            self._count(decided)
            self._put(decided, present)

    def _forgotten(self, spelled: Mapping[Row | BadRow, Collection[str]]) -> Collection[Row | BadRow]:
        if not self._store.has_forgotten():
            return ()
        marks = {row: fingerprints(self._keys, row.email) for row in spelled if row.email}
        found = self._store.forgotten_among(mark for some in marks.values() for mark in some)
        return {row for row, some in marks.items() if not some.isdisjoint(found)} if found else ()

    def _decide(self, row: Row, standing: Standing | None) -> _Decided:
        own = standing.own if standing else None
        fresh, given = _news(standing.given if standing and own else None, row.given)
        if own is None:
            found = replace(self._newcomer(fresh), email=row.email, name=row.name, source=self._order.source)
            if standing and standing.subscriber.email != row.email.lower():
                found = replace(found, email=standing.subscriber.email)
            return _Decided(row, standing, found, given, told=False)
        found = with_given(own, dict(fresh), self._topics) if fresh else own
        if row.name and row.name != own.name:
            found = replace(found, name=row.name)
        return _Decided(
            row, standing, found, given, told=found == own and standing is not None and given == standing.given
        )

    def _newcomer(self, given: Given) -> Reader:
        if (found := self._templates.get(given)) is None:
            found = self._templates[given] = with_given(self._masthead.usual.reader(), dict(given), self._topics)
        return found

    # --- what is said and done ---

    def _count(self, decided: Sequence[_Decided]) -> None:
        for one in decided:
            standing = one.standing
            if standing is None or standing.reader is None:
                self.tally.added += 1
            elif not standing.subscriber.state.reads:
                self.tally.returned += 1
            elif standing.own is not None and standing.own != one.own:
                self.tally.changed += 1
            else:
                self.tally.unchanged += 1

    def _put(self, decided: Sequence[_Decided], present: Sequence[Standing]) -> None:
        register = self._order.register
        mine = [one for one in decided if register and (one.is_new or one.own.source is Source.IMPORT)]
        staying = [one for one in present if register and one.register == register]
        self._there += sum(_reads_by(one.standing, register) for one in mine) + len(staying)
        if self._order.dry_run:
            return
        self._bring_back(decided)
        ids = self._ids(decided)
        claimed = {id(one) for one in mine}
        self._write([one for one in mine if not one.told], ids, (register, self._number) if register else None)
        self._write([one for one in decided if not one.told and id(one) not in claimed], ids, None)
        if register:
            told = [ids[one.email] for one in mine if one.told] + [one.subscriber.id for one in staying]
            self._store.claim(told, register, self._number)

    def _bring_back(self, decided: Sequence[_Decided]) -> None:
        back = [one.standing.subscriber for one in decided if one.standing and not one.standing.subscriber.state.reads]
        why = f"{self._counter.today} in {self._order.register or 'an import'} again"
        if back:
            with left_log.noting(self._counter, What.BACK, back, why):
                self._store.bring_back([one.id for one in back], MISSING, why, self._now)

    def _ids(self, decided: Sequence[_Decided]) -> Mapping[str, int]:
        ids = {one.email: one.standing.subscriber.id for one in decided if one.standing}
        new = [one.email for one in decided if one.standing is None]
        return ids | {email: one.id for email, one in self._store.enrol(new, self._now).items()}

    def _write(self, some: Sequence[_Decided], ids: Mapping[str, int], register: tuple[str, int] | None) -> None:
        if not some:
            return
        entries = [(ids[one.email], one.own) for one in some]
        consents = [self._consent(ids[one.email], one.own) for one in some if one.is_new]
        keep = () if register else _PLAIN
        self._store.put_readers(entries, register, consents, [one.given for one in some], keep)
        for one in some:
            entry = one.standing.reader if one.standing else None
            if entry is not None and entry.in_file and (now := laid_over(one.own, entry)) != entry:
                self._store.change_reader(ids[one.email], now, (), one.own)

    def _consent(self, subscriber_id: int, reader: Reader) -> Consent:
        """The operator's word: none of our texts was shown."""
        return Consent(
            subscriber_id=subscriber_id,
            confirmed=self._now,
            asked=None,
            source=self._order.source,
            language=reader.wishes.languages[0],
            text_hash="",
            note=self._order.note,
        )

    def end_missing(self) -> None:
        """Whoever the register had before and has no more reads no longer, unless the file has an entry of theirs."""
        register = self._order.register or ""
        if self._order.dry_run:
            self.tally.ended = self._store.in_register(register) - self._there
            return
        while found := self._store.missing(register, self._number):
            self._store.leave_to_file([one.id for one, in_file in found if in_file])
            gone = [one for one, in_file in found if not in_file]
            why = f"{self._counter.today} {MISSING}{register}"
            with left_log.noting(self._counter, What.LEFT, gone, why):
                self.tally.ended += self._store.end([one.id for one in gone], why, self._now)

    def _ask(self, decided: Sequence[_Decided]) -> None:
        new = [one for one in decided if one.standing is None or not _reads_by(one.standing)]
        self.tally.kept_out["subscribed already"] += len(decided) - len(new)
        requests = [self._request(one) for one in new]
        asked = len(requests) if self._order.dry_run else self._store.ask_all(requests)
        self.tally.asked += asked
        self.tally.kept_out["asked already"] += len(requests) - asked

    def _request(self, one: _Decided) -> JoinRequest:
        return JoinRequest(
            email=joining.mailbox(one.row.email),
            written=one.row.email,
            given=one.row.given,
            language=one.own.wishes.languages[0],
            source=Source.IMPORT,
            consent="",
            note=self._order.note,
            asked=self._now,
        )


def _reads_by(standing: Standing | None, register: str | None = None) -> bool:
    """Whether they read, and by this register if one is named."""
    reads = standing is not None and standing.reader is not None and standing.subscriber.state.reads
    return reads and standing is not None and (register is None or standing.register == register)


def _spellings(email: str) -> Collection[str]:
    """How the ledger may spell this address: a file may have its domain in another alphabet."""
    lower = email.lower()
    if "@xn--" not in lower and ".xn--" not in lower:
        return (lower,)
    return (lower, validate_email(email, check_deliverability=False).normalized.lower())
