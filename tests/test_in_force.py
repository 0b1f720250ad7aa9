"""The roster in force: taken in when the file has changed, kept when it is broken, and not parsed again in between."""

from __future__ import annotations

import os
import sys
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from newsletter import doctor, readers
from newsletter.errors import ConfigurationError
from newsletter.models import Preference, Reader, SubscriberState
from newsletter.readers import Counter, enrolling, forgetting, guard, in_force
from newsletter.readers.in_force import Follower
from newsletter.settings import Settings
from newsletter.store import papers
from newsletter.store.roster import Turnover
from tests.counters import counter_of
from tests.morning import MORNING

HEAD = """\
newsletter: {name: Papers, wait_until: 11:00}
topics:
  foundations:
    categories: [cs.LG]
    interests: Sparsity.
  vision:
    categories: [cs.CV]
    interests: vision.md
subscribers:
"""
ADA = "  - {email: Ada@example.org, topics: foundations}\n"
BOB = "  - {email: bob@example.org, topics: [vision], name: Bob, send_at: 06:45, days: [mon, tue]}\n"
BROKEN = HEAD + ADA + "  - {email: [\n"
LATER = MORNING + timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "vision.md").write_text("Segmentation.", "utf-8")
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


@pytest.fixture
def counter(settings: Settings) -> Iterator[Counter]:
    """With Ada and Bob in force since yesterday."""
    settings.subscribers.write_text(HEAD + ADA + BOB, "utf-8")
    with counter_of(settings, MORNING) as yesterday:
        look(yesterday)
    with counter_of(settings, LATER) as opened:
        yield opened


def write(counter: Counter, text: str) -> None:
    counter.subscribers.write_text(text, "utf-8")


def look(counter: Counter) -> in_force.InForce:
    """As the first tick after a restart."""
    return Follower(counter).look()


def listed(counter: Counter) -> dict[str, tuple[str | None, time, int, tuple[str, ...]]]:
    """Who gets mail by what the ledger holds: name, hour, number of days and topics, by address."""
    return {
        one.email: (one.name, hours.send_at, len(hours.days), one.wishes.topics)
        for number, hours in counter.store.hours().items()
        for page in counter.store.pages(number)
        for one in page
    }


ADA_ROW = (None, time(9, 30), 7, ("foundations",))
BOB_ROW = ("Bob", time(6, 45), 2, ("vision",))
BOTH = {"Ada@example.org": ADA_ROW, "bob@example.org": BOB_ROW}


# --- what an edit does ---


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (ADA + BOB, BOTH),
        (BOB + ADA, BOTH),
        (ADA, {"Ada@example.org": ADA_ROW}),
        ("", {}),
        (ADA + BOB.replace("06:45", "07:00"), {**BOTH, "bob@example.org": ("Bob", time(7), 2, ("vision",))}),
        (ADA + BOB.replace("[mon, tue]", "fri"), {**BOTH, "bob@example.org": ("Bob", time(6, 45), 1, ("vision",))}),
        (ADA + BOB.replace("[vision]", "[vision, foundations]").replace("name: Bob, ", ""),
         {**BOTH, "bob@example.org": (None, time(6, 45), 2, ("vision", "foundations"))}),
        (ADA.replace("Ada", "ada") + BOB, {"ada@example.org": ADA_ROW, "bob@example.org": BOB_ROW}),
        (ADA + BOB + BOB.replace("bob@", "eve@"), {**BOTH, "eve@example.org": BOB_ROW}),
        (ADA + BOB.replace("}", ", unsubscribed: 2026-03-01 by reply}"), {"Ada@example.org": ADA_ROW}),
        (ADA + BOB.replace("}", ", bounced: 2026-03-01 5.1.1}"), {"Ada@example.org": ADA_ROW}),
        (ADA + BOB.replace("}", ", paused_until: 2026-04-01}"), {"Ada@example.org": ADA_ROW}),
        (ADA + BOB.replace("}", ", paused_until: 2026-03-10}"), BOTH),  # that is today
        (ADA + BOB.replace("bob@", "bob.") , {"Ada@example.org": ADA_ROW}),  # one entry has a finding
    ],
)  # fmt: skip
def test_an_edit(counter: Counter, entries: str, expected: dict[str, object]) -> None:
    """Whatever is changed in the file is what the next tick works with."""
    assert BOTH == listed(counter)
    write(counter, HEAD + entries)
    look(counter)
    assert expected == listed(counter)


def test_removed_and_added_again(counter: Counter) -> None:
    """Who is taken out of the file is not forgotten: added again they are the same reader, and who left has left."""
    before = counter.store.subscribers_of(["ada@example.org", "bob@example.org"])
    readers.leave(counter, before["ada@example.org"].id, "by reply")
    write(counter, HEAD)
    look(counter)
    assert {} == listed(counter)
    write(counter, HEAD + ADA + BOB)
    look(counter)
    assert {"bob@example.org": BOB_ROW} == listed(counter)
    after = counter.store.subscribers_of(["ada@example.org", "bob@example.org"])
    assert before["bob@example.org"] == after["bob@example.org"]
    assert before["ada@example.org"].id == after["ada@example.org"].id
    assert SubscriberState.UNSUBSCRIBED is after["ada@example.org"].state


def test_a_pause_ends_by_itself(counter: Counter) -> None:
    """Paused until tomorrow: tomorrow the reader gets mail, with the file as it was."""
    write(counter, HEAD + ADA + BOB.replace("}", ", paused_until: 2026-03-12}"))
    look(counter)
    assert {"Ada@example.org"} == set(listed(counter))
    for day, expected in ((11, {"Ada@example.org"}), (12, {"Ada@example.org", "bob@example.org"})):
        counter.store.end_pauses(MORNING.replace(day=day))
        assert expected == set(listed(counter))


def test_a_changed_interests_file_counts(counter: Counter) -> None:
    """The words of a topic in a file of their own are part of the roster."""
    (counter.subscribers.parent / "vision.md").write_text("Depth.", "utf-8")
    assert "Depth." == look(counter).masthead.topic("vision").interests


def test_who_is_taken_back_is_in_the_roster_again(counter: Counter) -> None:
    """Forgotten: out, without an edit of the file; taken back: in, with the wishes of the file."""
    follower = Follower(counter)
    bob = counter.store.subscribers_of(["bob@example.org"])["bob@example.org"]
    forgetting.forget(counter, bob)
    follower.look()
    assert {"Ada@example.org": ADA_ROW} == listed(counter)
    forgetting.take_back(counter, "bob@example.org")
    follower.look()
    assert BOTH == listed(counter)


def test_what_a_reader_sets_counts_at_the_next_look(counter: Counter) -> None:
    """A preference is in force though the file could not be written; an edit of the same key by hand wins."""
    follower = Follower(counter)
    bob = counter.store.subscribers_of(["bob@example.org"])["bob@example.org"]
    counter.store.set_preferences(
        [Preference(subscriber_id=bob.id, email=bob.email, key="send_at", value="08:15", in_file="06:45", at=LATER)]
    )
    follower.look()
    assert {**BOTH, "bob@example.org": ("Bob", time(8, 15), 2, ("vision",))} == listed(counter)
    write(counter, HEAD + ADA + BOB.replace("06:45", "07:00"))
    follower.look()
    assert {**BOTH, "bob@example.org": ("Bob", time(7), 2, ("vision",))} == listed(counter)


# --- what must not reach anybody ---


def test_a_broken_file_leaves_the_last_one_in_force(settings: Settings, counter: Counter) -> None:
    """Also over a restart: readers, topics and the newsletter's settings are in the ledger."""
    write(counter, BROKEN)
    for follower in (Follower(counter), Follower(counter)):
        with pytest.raises(ConfigurationError, match="not YAML"):
            follower.look()
    last = in_force.last_good(counter.store)
    assert last is not None
    assert ("Papers", time(11)) == (last.masthead.newsletter.name, last.masthead.newsletter.wait_until)
    assert [("foundations", "Sparsity."), ("vision", "Segmentation.")] == [
        (topic.key, topic.interests) for topic in last.masthead.topics
    ]
    assert BOTH == listed(counter)
    doctor.examine_service_or_stop(settings, counter)
    with pytest.raises(ConfigurationError, match="not YAML"):
        doctor.examine_or_stop(settings, counter)


def test_a_service_without_any_good_roster_does_not_start(settings: Settings) -> None:
    """There is nothing to go on with: the finding names file and line."""
    with counter_of(settings) as counter:
        write(counter, BROKEN)
        assert in_force.last_good(counter.store) is None
        with pytest.raises(ConfigurationError, match=r"subscribers\.yaml:1\d: not YAML"):
            doctor.examine_service_or_stop(settings, counter)


@pytest.mark.parametrize("text", ["", "{", '{"masthead": {"newsletter": {}, "sections": []}}'])
def test_what_another_version_wrote(counter: Counter, text: str) -> None:
    """A ledger whose note of the roster cannot be read takes the file in again."""
    counter.store.remember("roster", text)
    assert in_force.last_good(counter.store) is None
    assert "Papers" == look(counter).masthead.newsletter.name
    assert BOTH == listed(counter)


def test_texts_of_topics_are_noted(counter: Counter) -> None:
    """Each text that a topic has had is noted once, with the time when it came."""
    ((before, text, since),) = counter.store.topic_texts("vision")
    assert MORNING == since
    (counter.subscribers.parent / "vision.md").write_text("Depth.", "utf-8")
    look(counter)
    newest, oldest = counter.store.topic_texts("vision")
    assert 1 == len(counter.store.topic_texts("foundations"))
    assert (before, text, MORNING) == oldest
    assert LATER == newest[2]
    assert "Depth." in (newest[1] or "")


def test_a_slip_is_not_taken_in(counter: Counter) -> None:
    """The guard is asked before the ledger changes; when it is overruled the next tick takes the roster in."""
    many = HEAD + "".join(BOB.replace("bob@", f"bob{number}@") for number in range(12))
    write(counter, many)
    follower = Follower(counter)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="12 readers instead of 2"):
            follower.look()
    assert BOTH == listed(counter)
    guard.remember_size(counter.store, in_force.load(counter))
    assert BOTH == listed(counter)
    follower.look()
    assert 12 == len(listed(counter))


class Stopped(BaseException):
    """A stop that no handler expects."""


def test_stopped_while_a_roster_is_taken_in(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the next tick the readers and topics of both are known, and nobody's wishes are lost; then the new one."""
    monkeypatch.setattr(enrolling, "_CHUNK", 2)
    monkeypatch.setattr(papers, "CHUNK", 2)
    write(
        counter,
        HEAD.replace("vision", "sight")
        + "".join(f"  - {{email: r{n}@example.org, topics: sight}}\n" for n in range(9)),
    )
    (counter.subscribers.parent / "sight.md").write_text("Sight.", "utf-8")
    roster = in_force.load(counter)

    def some() -> Iterator[Reader]:
        yield from roster.readers[:4]
        raise Stopped

    with pytest.raises(Stopped):
        in_force.take_in(counter, replace(roster, readers=some()))  # type: ignore[arg-type]
    last = in_force.last_good(counter.store)
    assert last is not None
    assert {"foundations", "vision", "sight"} == {topic.key for topic in last.masthead.topics}
    assert {"Ada@example.org", "bob@example.org", *(f"r{n}@example.org" for n in range(4))} == set(listed(counter))
    write(counter, counter.subscribers.read_text("utf-8").replace("r0@", "new@"))  # who was taken in is taken out
    assert {"foundations", "sight"} == {topic.key for topic in look(counter).masthead.topics}
    assert {"new@example.org", *(f"r{number}@example.org" for number in range(1, 9))} == set(listed(counter))


# --- an unchanged file ---


class Watching:
    """Counts what a process does with the roster: the times it is opened, and the times it is parsed."""

    def __init__(self, file: Path) -> None:
        self.file, self.on, self.opened, self.parsed = str(file), False, 0, 0
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event == "open":
            self.opened += str(arguments[0]) == self.file

    def _profile(self, frame: object, event: str, _: object) -> None:
        code = frame.f_code  # type: ignore[attr-defined]
        self.parsed += event == "call" and code.co_name == "compose" and code.co_filename.endswith("tree.py")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.opened = self.parsed = 0
        self.on = True
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            self.on = False


def test_an_unchanged_file_is_neither_parsed_nor_read(counter: Counter) -> None:
    """After the first look nothing of it is opened; a touched one is read and not parsed; a changed one is parsed."""
    watching, follower = Watching(counter.subscribers), Follower(counter)

    def done(work: Callable[[], object]) -> tuple[bool, bool]:
        with watching():
            work()
        return watching.opened > 0, watching.parsed > 0

    def next_look() -> object:
        return follower.look()

    assert (True, False) == done(next_look)  # after a restart: the hash is that in the ledger
    settle(counter)
    assert (True, False) == done(next_look)
    assert (False, False) == done(next_look)
    os.utime(counter.subscribers)
    assert (True, False) == done(next_look)
    write(counter, HEAD + ADA)
    assert (True, True) == done(next_look)
    assert {"Ada@example.org": ADA_ROW} == listed(counter)


# --- what we change ourselves ---


def parsed(counter: Counter, work: Callable[[], object]) -> bool:
    """Whether the list was parsed as a whole, and not only for a change of one entry."""
    loads: list[object] = []
    with pytest.MonkeyPatch.context() as patched:
        load = in_force.subscribers.load
        patched.setattr(in_force.subscribers, "load", lambda path: loads.append(path) or load(path))
        work()
    return bool(loads)


def change(counter: Counter, **wanted: object) -> None:
    """Bob sets something on his page."""
    bob = counter.store.subscriber("bob@example.org")
    assert bob is not None
    before = counter.store.reader(bob.id)
    assert before is not None
    readers.prefer(counter, bob, before, replace(before, **wanted))  # type: ignore[arg-type]


CHANGES: dict[str, Callable[[Counter], object]] = {
    "preferences": lambda counter: change(counter, send_at=time(8, 15), days=frozenset({5})),
    "leaving": lambda counter: readers.leave(counter, counter.store.subscriber("bob@example.org").id, "by link"),
    "a pause": lambda counter: readers.pause(counter, counter.store.subscriber("bob@example.org"), LATER.date()),
}


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("name", CHANGES)
def test_what_we_write_ourselves_is_no_news(
    counter: Counter, name: str, writable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click changes the reader's row, and the file where that can be written; the next tick parses nothing."""
    follower = Follower(counter)
    follower.look()
    if not writable:
        monkeypatch.setattr("newsletter.subscribers.files.os.access", lambda *_: False)
    CHANGES[name](counter)
    after = listed(counter)
    assert BOTH != after
    assert not parsed(counter, follower.look)
    assert not parsed(counter, lambda: look(counter))
    counter.store.remember("roster", "")  # as if nothing had been noted: the file and the preferences say the same
    assert parsed(counter, lambda: look(counter))
    assert after == listed(counter)


def test_an_edit_by_hand_beside_our_own_is_taken_in(counter: Counter) -> None:
    """What somebody saved before our change of the same file is not lost in it."""
    write(counter, HEAD + ADA.replace("foundations", "vision") + BOB)
    change(counter, send_at=time(8, 15))
    look(counter)
    assert {
        "Ada@example.org": (None, time(9, 30), 7, ("vision",)),
        "bob@example.org": ("Bob", time(8, 15), 2, ("vision",)),
    } == listed(counter)


def test_a_pause_that_ends_while_the_list_is_taken_in(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader ends a pause after a tick has read the file in which it stands: the pause does not come back."""
    write(counter, HEAD + ADA + BOB.replace("}", ", paused_until: 2026-06-01}"))
    taken = in_force.enrol

    def beside(*arguments: object) -> Turnover:
        taken(*arguments)  # type: ignore[arg-type]
        readers.resume(counter, counter.store.subscriber("bob@example.org"))  # type: ignore[arg-type]
        return taken(*arguments)  # type: ignore[arg-type]  # as a tick that read the file a moment before

    monkeypatch.setattr(in_force, "enrol", beside)
    look(counter)
    assert "bob@example.org" in listed(counter)


EDITS = [
    # what the file says instead, and what the log says of it
    (HEAD + ADA + BOB, ""),
    (HEAD + ADA + BOB + "# a remark\n", ""),
    (HEAD + ADA + BOB + "  - cleo@example.org\n  - dan@example.org\n", "2 added"),
    (HEAD + BOB, "1 removed"),
    (HEAD + ADA.replace("foundations", "vision") + BOB, "1 changed"),
    (HEAD.replace("Sparsity", "Pruning") + ADA + BOB, "1 topic changed"),
    (HEAD.replace("name: Papers", "name: Papers, archive: none") + ADA + BOB, "archive changed"),
    (
        HEAD.replace("Sparsity", "Pruning") + BOB + "  - a@\n  - cleo@example.org\n  - b@\n",
        "1 added, 1 removed, 1 topic changed, 2 entries skipped (lines 11, 13)",
    ),
    (HEAD + ADA + BOB + "  - a@\n", "1 entry skipped (line 12)"),
]


@pytest.mark.parametrize(("text", "changes"), EDITS)
def test_each_reload_that_changes_something_is_one_line(
    counter: Counter, text: str, changes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With numbers, not with a line for each reader; an edit that changes nothing is not mentioned."""
    write(counter, text)
    look(counter)
    lines = [line for line in capsys.readouterr().out.splitlines() if "roster.changed" in line]
    assert [True] * bool(changes) == [
        f"changes='{changes}'" in line or f'changes="{changes}"' in line for line in lines
    ]


def test_the_first_list_is_all_added(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.subscribers.write_text(HEAD + ADA + BOB, "utf-8")
    with counter_of(settings, MORNING) as counter:
        look(counter)
    assert "changes='2 added'" in capsys.readouterr().out


def test_findings_keep_their_lines(counter: Counter) -> None:
    """A change of ours that adds a line moves the entries below it, and what is said of them."""
    write(counter, HEAD + "  - email: Ada@example.org\n    topics: foundations\n  - {email: nobody}\n")
    assert {12} == {finding.line for finding in look(counter).findings}
    readers.leave(counter, counter.store.subscriber("ada@example.org").id, "by link")  # type: ignore[union-attr]
    assert {13} == {finding.line for finding in look(counter).findings}


def test_stopped_between_the_file_and_the_ledger(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop after the file was written is healed by the next look: an edit by hand still wins later."""

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(in_force, "note_own_edit", stop)
        with pytest.raises(Stopped):
            change(counter, send_at=time(8, 15))
    look(counter)
    assert ("Bob", time(8, 15), 2, ("vision",)) == listed(counter)["bob@example.org"]
    write(counter, HEAD + ADA + BOB)
    look(counter)
    assert BOB_ROW == listed(counter)["bob@example.org"]


def test_a_change_while_the_list_is_taken_in(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader saves between the moment a tick reads the preferences and the one it writes the rows: both count."""
    monkeypatch.setattr("newsletter.subscribers.files.os.access", lambda *_: False)  # only the ledger can know of it
    write(counter, HEAD + ADA.replace("foundations", "vision") + BOB)
    taken = in_force.enrol

    def beside(*arguments: object) -> Turnover:
        change(counter, send_at=time(8, 15))
        return taken(*arguments)  # type: ignore[arg-type]

    follower = Follower(counter)
    monkeypatch.setattr(in_force, "enrol", beside)
    follower.look()
    monkeypatch.setattr(in_force, "enrol", taken)
    follower.look()
    assert ("Bob", time(8, 15), 2, ("vision",)) == listed(counter)["bob@example.org"]


def settle(counter: Counter) -> None:
    """Wait until a change of the files can be told by their times."""
    files = [counter.subscribers, counter.subscribers.parent / "vision.md"]
    while clock.time() - max(max(file.stat().st_mtime, file.stat().st_ctime) for file in files) < 2.1:
        clock.sleep(0.05)


def test_an_unchanged_roster_of_ten_thousand_costs_next_to_nothing(counter: Counter) -> None:
    """Taking it in is paid once; the next tick costs less than a twentieth of it."""
    entries = "".join(f"  - {{email: r{number}@example.org, topics: vision}}\n" for number in range(10_000))
    write(counter, HEAD + entries)
    guard.remember_size(counter.store, in_force.load(counter))
    follower = Follower(counter)

    def seconds() -> float:
        began = clock.process_time()
        follower.look()
        return clock.process_time() - began

    assert seconds() > 20 * seconds()
    assert 10_000 == len(listed(counter))
