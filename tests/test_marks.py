"""What readers marked, as the ledger keeps it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.models import DeliveryState, Mark, MarkedBy, MarkKind, Marks, PrintedPaper
from newsletter.store import Store, open_store
from tests.ledger import MONDAY, NOW, TUESDAY, a_delivery, a_rendered

LIKE, NOT, SAVE = MarkKind.LIKE, MarkKind.NOT, MarkKind.SAVE
PAPERS = tuple(PrintedPaper(f"2603.0000{number}", 1, number, "moe") for number in range(1, 5))


def _mark(arxiv_id: str, kind: MarkKind, minutes: int = 0, how: MarkedBy = MarkedBy.PAGE, edition: str = "") -> Mark:
    return Mark(arxiv_id=arxiv_id, kind=kind, how=how, at=NOW + timedelta(minutes=minutes), edition=edition or None)


def _reader(store: Store, email: str = "ada@example.org") -> int:
    return store.enrol([email], NOW)[email].id


def _had(store: Store, who: int, key: str, day: date = MONDAY, **changes: object) -> None:
    store.save_edition(a_rendered(key, papers=PAPERS))
    store.plan([a_delivery(who, "ada@example.org", (day,), key, message_id=f"<{key}@example.org>", **changes)])


def test_marks_are_kept_once_with_when_and_how(store: Store) -> None:
    who = _reader(store)
    assert store.mark(who, [_mark("2603.00001", LIKE), _mark("2603.00001", SAVE)]) == 2
    assert store.mark(who, [_mark("2603.00001", LIKE, 5, MarkedBy.REPLY)]) == 0
    (first, second) = store.marks(who).all
    assert (first.kind, first.how, first.at) == (LIKE, MarkedBy.PAGE, NOW)
    assert second.kind is SAVE
    assert store.mark_counts(who) == {"like": 1, "not": 0, "save": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["2603.1", "2603.2"]), st.sampled_from([*MarkKind, None])), max_size=12))
def test_the_last_word_counts(store: Store, said: list[tuple[str, MarkKind | None]]) -> None:
    """Like and pass exclude each other, saving goes beside them, taking back takes back all."""
    who = _reader(store)
    store.unmark(who, ["2603.1", "2603.2"])
    expected: dict[str, set[MarkKind]] = {"2603.1": set(), "2603.2": set()}
    for minute, (arxiv_id, kind) in enumerate(said):
        if kind is None:
            store.unmark(who, [arxiv_id])
            expected[arxiv_id].clear()
            continue
        store.mark(who, [_mark(arxiv_id, kind, minute)])
        expected[arxiv_id] -= {LIKE: {NOT}, NOT: {LIKE}}.get(kind, set())
        expected[arxiv_id].add(kind)
    marks = store.marks(who)
    assert {one: set(marks.kinds(one)) for one in expected} == expected


def test_liked_and_passed_over() -> None:
    marks = Marks(
        (
            _mark("2603.00001", LIKE, 9, edition="k2"),
            _mark("2603.00002", SAVE, 8, edition="k1"),
            _mark("2603.00003", NOT, 7),
            _mark("2603.00003", SAVE, 6),
        )
    )
    assert marks.liked == ("2603.00001", "2603.00002")
    assert marks.editions == ("k2", "k1")
    assert marks.passed({"k1": PAPERS}) == ("2603.00003", "2603.00004")
    assert Marks().passed({}) == ()


def test_an_unread_email_says_nothing(store: Store) -> None:
    who = _reader(store)
    _had(store, who, "k1")
    _had(store, who, "k2", TUESDAY)
    store.mark(who, [_mark("2603.00001", LIKE, edition="k1")])
    marks = store.marks(who)
    assert set(store.shown(marks.editions)) == {"k1"}
    assert marks.passed(store.shown(marks.editions)) == ("2603.00002", "2603.00003", "2603.00004")


def test_printed(store: Store) -> None:
    """An email is found by its issue, its Message-ID or a paper; never another reader's."""
    who, other = _reader(store), _reader(store, "grace@example.org")
    _had(store, who, "aa1", state=DeliveryState.ACCEPTED)
    _had(store, who, "ab2", TUESDAY, state=DeliveryState.ACCEPTED)
    for found in (
        store.printed(who, MONDAY),
        store.printed_in(who, "<aa1@example.org>"),
    ):
        assert found is not None
        assert (found.edition, found.papers) == ("aa1", PAPERS)
    newest = store.printed_in(who, "<unknown@example.org>")
    assert newest is not None
    assert newest.edition == "ab2"
    assert store.printed_with(who, "2603.00003") == newest
    assert store.printed_with(who, "2603.09999") is None
    assert store.printed(who, MONDAY - timedelta(days=1)) is None
    assert store.printed(other, MONDAY) is None
    assert store.printed_in(other, "<aa1@example.org>") is None


def test_noted_since_the_last_email(store: Store) -> None:
    who = _reader(store)
    _had(store, who, "k1", date=NOW)
    store.mark(who, [_mark("2603.00001", LIKE, -5, MarkedBy.REPLY)])
    assert store.marked_since([who], MarkedBy.REPLY) == {}
    store.mark(who, [_mark(f"2603.0000{number}", LIKE, 5, MarkedBy.REPLY) for number in (2, 3)])
    store.mark(who, [_mark("2603.00004", LIKE, 5, MarkedBy.PAGE)])
    assert store.marked_since([who], MarkedBy.REPLY) == {who: {LIKE: 2}}


def test_erasing_and_forgetting(store: Store) -> None:
    who, other = _reader(store), _reader(store, "grace@example.org")
    for one in (who, other):
        store.mark(one, [_mark("2603.00001", LIKE), _mark("2603.00002", NOT), _mark("2603.00003", SAVE)])
    assert store.erase_marks(who) == 2
    assert store.mark_counts(who) == {"like": 0, "not": 0, "save": 1}
    store.forget(who, "fingerprint", NOW)
    assert store.marks(who) == Marks()
    assert store.mark_counts() == {"like": 1, "not": 1, "save": 1}


@pytest.mark.parametrize("kind", list(MarkKind))
def test_marks_survive_a_stop(tmp_path: Path, kind: MarkKind) -> None:
    """Committed before the answer: a ledger that nobody closed has them."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    first = open_store(url)
    who = _reader(first)
    first.mark(who, [_mark("2603.00001", kind)])
    second = open_store(url)
    assert second.mark(who, [_mark("2603.00001", kind)]) == 0
    assert [one.kind for one in second.marks(who).all] == [kind]
