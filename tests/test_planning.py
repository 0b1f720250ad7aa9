"""Planning in pages: the same mails as from a list of everybody, those of one edition together, and never twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from newsletter import pipeline
from newsletter.delivery import due_issues
from newsletter.models import Delivery, IssueState, Reader, SubscriberState, Wishes
from newsletter.pipeline import Due
from newsletter.store import Store, open_store, papers, roster
from newsletter.times.waiting import issue_waits_until
from tests.ledger import a_delivery, a_rendered, an_issue
from tests.morning import MORNING, desk_of, practice

DAYS = [date(2026, 3, day) for day in (3, 4, 5, 6, 9, 10)]
NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # before one's wait_until and after the other's
HOUR = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
WISHES = [Wishes(topics=("foundations",), max_papers=number) for number in (5, 10, 15)]
LIMITS = [time(10), time(12)]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three readers a page: what is true of the borders of pages shows with few."""
    monkeypatch.setattr(roster, "CHUNK", 3)
    monkeypatch.setattr(papers, "CHUNK", 3)


@dataclass(frozen=True)
class Person:
    """A reader with a history."""

    wishes: Wishes
    wait_until: time
    listed: bool
    state: SubscriberState
    added: datetime
    mails: tuple[datetime, ...]
    had: frozenset[date]

    def reader(self, number: int) -> Reader:
        return Reader(
            email=f"R{number}@example.org",
            wishes=self.wishes,
            send_at=time(9, 30),
            wait_until=self.wait_until,
            timezone="UTC",
            days=frozenset(range(1, 8)),
        )


people = st.lists(
    st.builds(
        Person,
        wishes=st.sampled_from(WISHES),
        wait_until=st.sampled_from(LIMITS),
        listed=st.sampled_from([True, True, True, False]),
        state=st.sampled_from([SubscriberState.ACTIVE] * 4 + list(SubscriberState)),
        added=st.sampled_from([HOUR - timedelta(days=30), HOUR, HOUR + timedelta(seconds=1)]),
        mails=st.lists(st.sampled_from([HOUR - timedelta(days=1), HOUR, NOW]), unique=True, max_size=1).map(tuple),
        had=st.sets(st.sampled_from(DAYS), max_size=3).map(frozenset),
    ),
    max_size=14,
)
states = st.lists(
    st.sampled_from(["ready", "quiet", "held", "collected", "none"]), min_size=len(DAYS), max_size=len(DAYS)
)


def known_days(issues: Sequence[str]) -> set[date]:
    return {day for day, state in zip(DAYS, issues, strict=True) if state in ("ready", "quiet", "held")}


def fill(store: Store, persons: Sequence[Person], issues: Sequence[str]) -> list[int]:
    """The ledger with this history, where only what was ready was ever sent; the ids of the persons."""
    known = known_days(issues)
    for day, state in zip(DAYS, issues, strict=True):
        if state != "none":
            kind = IssueState.COLLECTED if state == "held" else IssueState(state)
            store.save_issue(an_issue(day, state=kind, held_since=NOW if state == "held" else None))
    store.save_edition(a_rendered())
    ids = [
        store.enrol([person.reader(n).email], person.added)[f"r{n}@example.org"].id for n, person in enumerate(persons)
    ]
    entries = [(one, person.reader(number)) for number, (one, person) in enumerate(zip(ids, persons, strict=True))]
    store.replace_roster(entries)
    store.replace_roster(entry for entry, person in zip(entries, persons, strict=True) if person.listed)
    for one, person in zip(ids, persons, strict=True):
        store.plan(list(_history(one, person, known)))
        store.set_subscriber(one, person.state, None, NOW)
    return ids


def _history(subscriber_id: int, person: Person, known: Set[date]) -> Iterator[Delivery]:
    """One mail long ago with all issues that they had, and those of later hours, which said that there was none."""
    long_ago = HOUR - timedelta(days=9)
    sent = [(long_ago, person.had & known), *((one, frozenset()) for one in person.mails)]
    for number, (moment, issues) in enumerate(sent):
        yield a_delivery(
            subscriber_id, "r@example.org", tuple(sorted(issues)), date=moment, message_id=f"<{subscriber_id}.{number}>"
        )


def expected(
    ids: Sequence[int],
    persons: Sequence[Person],
    issues: Sequence[str],
    since: datetime | None,
    newest: date,
    late: date | None,
) -> dict[int, tuple[date, ...]]:
    """The same by the list, one reader after the other."""
    by_state = dict(zip(DAYS, issues, strict=True))
    known = known_days(issues)
    found = {}
    for one, person in zip(ids, persons, strict=True):
        reader = person.reader(0)
        mature = [day for day in known if by_state[day] != "held" or issue_waits_until(reader, day) <= NOW]
        mine = tuple(day for day in due_issues(mature, person.had & known) if day <= newest)
        gets_mail = person.listed and person.state is SubscriberState.ACTIVE
        served = since is not None and (person.added > since or any(mail >= since for mail in person.mails))
        if gets_mail and not served and (mine or late):
            found[one] = mine
    return found


@settings(max_examples=40)
@given(people, states, st.sampled_from([None, HOUR]), st.sampled_from(DAYS), st.sampled_from([None, DAYS[-1]]))
@pytest.mark.usefixtures("small_pages")
def test_pages_give_the_same_as_the_list(
    persons: list[Person], issues: list[str], since: datetime | None, newest: date, late: date | None
) -> None:
    """Every reader who is due by the rules is on one page with the same issues, and nobody else is."""

    def carries(days: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(day for day in days if day <= newest)

    with closing(open_store("sqlite://")) as store:
        ids = fill(store, persons, issues)
        desk: Any = SimpleNamespace(store=store, now=lambda: NOW)
        pages = [
            page
            for group in pipeline.groups(desk)
            for page in pipeline.due_of(desk, group, carries=carries, since=since, late=late)
        ]
    found = [(one.reader.id, one.issues) for page in pages for one in page]
    assert expected(ids, persons, issues, since, newest, late) == dict(found)
    assert len(found) == len(dict(found))
    assert all(0 < len(page) <= 3 for page in pages)


@settings(max_examples=40)
@given(people, st.sampled_from(DAYS), st.sampled_from([None, "r0@example.org", "R1@Example.org"]))
@pytest.mark.usefixtures("small_pages")
def test_everybody_without_one_issue(persons: list[Person], day: date, only: str | None) -> None:
    """Asked for one issue, it goes to every active reader who has not had it, or to the one who is named."""
    with closing(open_store("sqlite://")) as store:
        ids = fill(store, persons, ["ready"] * len(DAYS))
        desk: Any = SimpleNamespace(store=store, now=lambda: NOW)
        found = [(one.reader.id, one.issues) for page in pipeline.due(desk, day, only) for one in page]
    lacking = [
        (one, (day,))
        for number, (one, person) in enumerate(zip(ids, persons, strict=True))
        if person.listed and person.state is SubscriberState.ACTIVE and day not in person.had
        if only in (None, f"r{number}@example.org") or only.lower() == f"r{number}@example.org"
    ]
    assert sorted(lacking) == sorted(found)


# --- whole mornings ---

MANY = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
""" + "".join(
    f"  - {{email: r{number}@example.org, languages: [{'zh, en' if number % 2 else 'en, zh'}]}}\n"
    for number in range(11)
)


@contextmanager
def prepared(folder: Path) -> Iterator[pipeline.Desk]:
    """Eleven readers of two editions, and an issue that is ready for them."""
    with practice(folder, roster=MANY, model=False) as (_, configuration), desk_of(configuration) as desk:
        pipeline.prepare_days(desk, None)
        yield desk


@pytest.mark.usefixtures("small_pages")
def test_mails_of_one_edition_lie_together(tmp_path: Path) -> None:
    """Whatever the order of the file, a batch holds as many mails of an edition as there are."""
    with prepared(tmp_path) as desk:
        assert 11 == pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        editions = [key for key, _ in groupby(mail.edition for mail in desk.store.deliveries())]
    assert 2 == len(editions)


@pytest.mark.usefixtures("small_pages")
def test_stopped_between_two_pages(tmp_path: Path) -> None:
    """What is planned stays planned; the next run plans the rest, and each reader has one mail."""
    with prepared(tmp_path) as desk:

        def until(number: int) -> Iterator[Sequence[Due]]:
            yield from (page for page, _ in zip(pipeline.due(desk), range(number), strict=False))

        planned = [pipeline.Planning(desk, pipeline.Editor(desk), until(1)).finish() for _ in range(5)]
        assert 0 == pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        emails = [mail.email for mail in desk.store.deliveries()]
    assert (11, 11, 11) == (sum(planned), len(emails), len(set(emails)))
    assert all(0 < number <= 3 for number in planned[:4])


@pytest.mark.usefixtures("small_pages")
def test_who_leaves_while_the_others_are_planned(tmp_path: Path) -> None:
    """Somebody who leaves after the first page is on none of the next, or is skipped when mails are claimed."""
    with prepared(tmp_path) as desk:
        pages = pipeline.due(desk)
        first = next(pages)
        everybody = [one for page in desk.store.pages(1) for one in page]
        on_page = first[0].reader
        later = next(one for one in everybody if one.email not in {due.reader.email for due in first})
        for one in (on_page, later):
            desk.store.set_subscriber(one.id, SubscriberState.UNSUBSCRIBED, "by link", MORNING)
        assert 10 == pipeline.Planning(desk, pipeline.Editor(desk), [first, *pages]).finish()
        assert 9 == pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), [])).accepted
        skipped = [mail.email for mail in desk.store.deliveries() if mail.state == "skipped"]
    assert [on_page.email] == skipped


@pytest.mark.usefixtures("small_pages")
def test_an_edition_is_rendered_once_for_all_pages(tmp_path: Path) -> None:
    """Four pages of two editions: each is made once."""
    made: list[int] = []
    with prepared(tmp_path) as desk:
        shown = SimpleNamespace(**{name: getattr(desk, name) for name in desk.__dataclass_fields__})
        shown.progress = lambda stage, number, total: made.append(total)
        pipeline.Planning(shown, pipeline.Editor(desk), pipeline.due(desk)).finish()  # type: ignore[arg-type]
    assert [1, 1] == made


@pytest.mark.on_file
def test_a_page_is_a_range_of_an_index(tmp_path: Path) -> None:
    """What a tick asks of the ledger reads no table from end to end and sorts nothing."""
    asked: list[tuple[str, Any]] = []
    with prepared(tmp_path) as desk, desk.store._engine.connect() as connection:  # type: ignore[attr-defined]
        event.listen(connection.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        assert 11 == sum(map(len, desk.store.pages(1, since=MORNING, lacking=DAYS[-1], oldest=DAYS[0])))
        pages = [one for one in asked if "LIMIT" in one[0]]
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all() for text, given in pages]
        plan = [row.detail for rows in plans for row in rows]
    assert 2 == len(pages)  # the readers, and that there are no more
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan
