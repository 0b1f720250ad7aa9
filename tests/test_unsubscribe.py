"""Leaving and coming back: the ledger first, and it alone decides; the file follows where it can be written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import subscribers, unsubscribe
from newsletter.models import Action, Meaning, Subscriber, SubscriberState
from newsletter.store import SqlStore, open_store
from newsletter.subscribers import load
from tests.morning import MORNING, ROSTER
from tests.test_web import make_unwritable

LEFT = "2026-03-09 by reply"


@pytest.fixture
def store() -> Iterator[SqlStore]:
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def chen(store: SqlStore) -> Subscriber:
    return store.enrol(["Chen@example.org", "ada@example.org"], MORNING)["chen@example.org"]


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    file = tmp_path / "subscribers.yaml"
    file.write_text(ROSTER + "# the end\n", "utf-8")
    return file


def state(store: SqlStore, email: str = "chen@example.org") -> SubscriberState:
    found = store.subscriber(email)
    assert found is not None
    return found.state


def test_leaving_is_in_the_ledger_and_in_the_file(store: SqlStore, chen: Subscriber, roster: Path) -> None:
    """Both say since when and how; every other byte of the file and every other reader stay."""
    changed = unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    assert changed is not None
    assert (SubscriberState.UNSUBSCRIBED, LEFT, MORNING) == (
        changed.subscriber.state,
        changed.subscriber.why,
        changed.subscriber.since,
    )
    assert changed.file_problem is None
    assert changed.line is not None
    lines = roster.read_text("utf-8").splitlines()
    assert f"    unsubscribed: {LEFT}" == lines.pop(changed.line - 1)
    assert (ROSTER + "# the end").splitlines() == lines
    assert SubscriberState.ACTIVE is state(store, "ada@example.org")


def test_the_ledger_comes_first(
    store: SqlStore, chen: Subscriber, roster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file is touched, the ledger has it already: a stop in between loses nothing."""
    seen: list[SubscriberState] = []
    write_field = subscribers.write_field

    def watching(*arguments: object) -> int | None:
        seen.append(state(store))
        return write_field(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(subscribers, "write_field", watching)
    unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    assert [SubscriberState.UNSUBSCRIBED] == seen


def test_twice_is_the_same(store: SqlStore, chen: Subscriber, roster: Path) -> None:
    """Leaving again, later and another way, changes neither date nor reason, in ledger and file."""
    first = unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    text = roster.read_bytes()
    assert first == unsubscribe.leave(store, roster, chen.id, "by link", MORNING + timedelta(days=3))
    assert text == roster.read_bytes()


def test_a_line_deleted_by_hand_comes_back_with_its_date(store: SqlStore, chen: Subscriber, roster: Path) -> None:
    """Who clicks again after the owner has removed the line is written down again, with the day they left."""
    unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    roster.write_text(ROSTER, "utf-8")
    unsubscribe.leave(store, roster, chen.id, "by link", MORNING + timedelta(days=3))
    assert f"unsubscribed: {LEFT}" in roster.read_text("utf-8")


@pytest.mark.parametrize(
    ("trouble", "told"), [("missing", "No such file"), ("read-only", "denied"), ("broken", "subscribers.yaml:")]
)
def test_a_file_that_cannot_be_written_changes_nothing_about_it(
    store: SqlStore, chen: Subscriber, roster: Path, trouble: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file missing, read-only or broken the reader has still left, and the problem is told."""
    make_unwritable(roster, trouble, monkeypatch)
    changed = unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    assert changed is not None
    assert (SubscriberState.UNSUBSCRIBED, None) == (changed.subscriber.state, changed.line)
    assert changed.file_problem is not None
    assert "the ledger has it" in changed.file_problem
    assert told in changed.file_problem
    assert [] == [path for path in roster.parent.iterdir() if path != roster]


def test_a_reader_whom_the_file_does_not_name_leaves_all_the_same(
    store: SqlStore, chen: Subscriber, roster: Path
) -> None:
    """Somebody removed from the file but still in the ledger: no line, no problem, gone."""
    roster.write_text(ROSTER[: ROSTER.index("  - email: chen")], "utf-8")
    changed = unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    assert changed is not None
    assert (None, None) == (changed.line, changed.file_problem)
    assert SubscriberState.UNSUBSCRIBED is state(store)


def test_an_unknown_id_is_nobody(store: SqlStore, roster: Path) -> None:
    """An id that the ledger does not hold changes nothing."""
    before = roster.read_bytes()
    assert unsubscribe.leave(store, roster, 42, "by reply", MORNING) is None
    assert before == roster.read_bytes()


def test_coming_back(store: SqlStore, chen: Subscriber, roster: Path) -> None:
    """Resubscribing makes the reader active and takes the mark out of the file, which is then as it was."""
    unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    changed = unsubscribe.come_back(store, roster, chen, MORNING + timedelta(days=1))
    assert (SubscriberState.ACTIVE, "2026-03-10 resubscribed") == (changed.subscriber.state, changed.subscriber.why)
    assert ROSTER + "# the end\n" == roster.read_text("utf-8")
    unsubscribe.come_back(store, roster, chen, MORNING + timedelta(days=2))
    assert ROSTER + "# the end\n" == roster.read_text("utf-8")


def test_coming_back_after_bounces(store: SqlStore, chen: Subscriber, roster: Path) -> None:
    """A reader who was left out after bounces comes back in ledger and file."""
    roster.write_text(ROSTER + "    bounced: 2026-03-09 5.1.1\n", "utf-8")
    store.set_subscriber(chen.id, SubscriberState.SUPPRESSED, "2026-03-09 5.1.1", MORNING)
    unsubscribe.come_back(store, roster, chen, MORNING)
    assert SubscriberState.ACTIVE is state(store)
    assert all(reader.bounced is None for reader in load(roster).readers)


def test_coming_back_with_a_broken_file(
    store: SqlStore, chen: Subscriber, roster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger decides this way too; the file's mark is named as a problem."""
    unsubscribe.leave(store, roster, chen.id, "by reply", MORNING)
    make_unwritable(roster, "broken", monkeypatch)
    changed = unsubscribe.come_back(store, roster, chen, MORNING)
    assert SubscriberState.ACTIVE is changed.subscriber.state
    assert changed.file_problem is not None


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("proven", [True, False])
def test_only_a_proven_request_acts(
    store: SqlStore, chen: Subscriber, roster: Path, action: Action, proven: bool
) -> None:
    """Of all that a mail can mean only an unsubscribe with proof changes anything."""
    meaning = Meaning(action=action, reason="test", subscriber_id=chen.id if proven else None, sender=chen.email)
    before = roster.read_bytes()
    changed = unsubscribe.act(store, roster, meaning, MORNING)
    acted = proven and action is Action.UNSUBSCRIBE
    assert acted == (changed is not None)
    assert acted == (SubscriberState.UNSUBSCRIBED is state(store))
    assert acted == (before != roster.read_bytes())
    if acted:
        assert f"unsubscribed: {LEFT}" in roster.read_text("utf-8")
