"""A restored copy of the ledger knows who has left since it was made."""

from __future__ import annotations

import shutil
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import readers
from newsletter.backup import backup
from newsletter.errors import StoreUnavailable
from newsletter.models import SubscriberState
from newsletter.readers import Counter, forgetting, in_force, left_log
from newsletter.readers.in_force import Follower
from newsletter.readers.left_log import What
from newsletter.settings import Settings
from newsletter.store import Store
from tests.counters import MORNING, counter_of, desk_at
from tests.morning import ROSTER, active

HEAD = ROSTER[: ROSTER.index("  - ada@")]
NAMES = ("ada", "bob", "cy", "eve", "gone")


pytestmark = pytest.mark.on_file  # beside which the log lies


def entries(*names: str) -> str:
    return HEAD + "".join(f"  - {name}@example.org\n" for name in names)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "subscribers.yaml").write_text(entries(*NAMES), "utf-8")
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


def take_in(counter: Counter) -> None:
    in_force.take_in(counter, in_force.look(counter))


def leave(counter: Counter, name: str, how: str = readers.BY_LINK) -> None:
    subscriber = counter.store.subscriber(f"{name}@example.org")
    assert subscriber
    readers.leave(counter, subscriber.id, how)


def come_back(counter: Counter, name: str) -> None:
    subscriber = counter.store.subscriber(f"{name}@example.org")
    assert subscriber
    readers.come_back(counter, subscriber)


def standing(counter: Counter) -> dict[str, SubscriberState]:
    return {one.email.partition("@")[0]: one.state for one in counter.store.subscribers()}


def put_back(settings: Settings, copy: Path) -> None:
    """As an operator does it: the copy's file under the ledger's name."""
    for ending in ("-wal", "-shm"):
        (settings.data_dir / f"newsletter.db{ending}").unlink(missing_ok=True)
    shutil.copy(copy, settings.data_dir / "newsletter.db")


@pytest.fixture(params=["backup", "cp"])
def restored(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    """A copy from before: after it, `ada` left, `bob` left and came back, `cy` complained, `dan` joined the file and
    left, `eve` was forgotten, and `gone`, who had left before, came back.
    """
    with counter_of(settings) as counter:
        take_in(counter)
        leave(counter, "gone")
    if request.param == "backup":
        copy = backup(settings, tmp_path / "copy", MORNING) / "var" / "newsletter.db"
    else:
        copy = tmp_path / "copy.db"
        shutil.copy(settings.data_dir / "newsletter.db", copy)
    with counter_of(settings, MORNING + timedelta(days=1)) as counter:
        settings.subscribers.write_text(entries(*NAMES, "dan"), "utf-8")
        take_in(counter)
        for name in ("ada", "bob", "dan"):
            leave(counter, name)
        for name in ("bob", "gone"):
            come_back(counter, name)
        for name, act in (("cy", readers.suppress), ("eve", None)):
            subscriber = counter.store.subscriber(f"{name}@example.org")
            assert subscriber
            if act:
                act(counter, subscriber, "complaint")
            else:
                forgetting.forget(counter, subscriber)
    settings.subscribers.write_text(entries(*NAMES, "dan"), "utf-8")  # the file too is a copy: it says of nobody
    put_back(settings, copy)
    return settings


def test_who_left_after_the_copy_was_made_is_left_again(restored: Settings) -> None:
    """Before anything is sent, also for readers of the file; who came back since is not."""
    with desk_at(restored, MORNING + timedelta(days=2)) as desk:
        assert {"bob@example.org", "gone@example.org"} == {one.email for one in active(desk)}
        found = {one.email: one for one in desk.store.subscribers()}
        assert "2026-03-10 by link" == found["ada@example.org"].why
        assert "2026-03-10 complaint" == found["cy@example.org"].why
        assert "dan@example.org" not in found
        assert "eve@example.org" not in found
    with counter_of(restored) as counter:
        assert 0 == left_log.catch_up(counter)


def test_who_left_may_come_back_in_a_restored_copy(restored: Settings) -> None:
    """What is kept of whom the copy does not know bars nobody who left by themselves."""
    with counter_of(restored) as counter:
        take_in(counter)
        assert not counter.store.is_barred(forgetting.fingerprints(counter.keys, "dan@example.org"))
        forgetting.take_back(counter, "dan@example.org")
        in_force.take_in(counter, in_force.load(counter))
        assert SubscriberState.ACTIVE == standing(counter)["dan"]


def test_a_copy_put_back_under_a_running_service(settings: Settings, tmp_path: Path) -> None:
    """The next look at the list notices."""
    with counter_of(settings) as counter:
        follower = Follower(counter)
        follower.look()
        counter.store.rest()
        shutil.copy(settings.data_dir / "newsletter.db", tmp_path / "copy.db")
        leave(counter, "ada")
        counter.store.rest()
        (tmp_path / "copy.db").replace(settings.data_dir / "newsletter.db")
        follower.look()
        assert SubscriberState.UNSUBSCRIBED == standing(counter)["ada"]


def test_who_moved_and_then_left(settings: Settings, tmp_path: Path) -> None:
    """The copy has them under their former address, and does not write there."""
    with counter_of(settings) as counter:
        take_in(counter)
    shutil.copy(settings.data_dir / "newsletter.db", tmp_path / "copy.db")
    with counter_of(settings) as counter:
        ada = counter.store.subscriber("ada@example.org")
        assert ada
        moved = replace(ada, email="ada@new.example")
        with left_log.noting(counter, What.LEFT, [moved], "2026-03-09 by link"):
            pass
    put_back(settings, tmp_path / "copy.db")
    with counter_of(settings) as counter:
        take_in(counter)
        assert SubscriberState.UNSUBSCRIBED == standing(counter)["ada"]


def lines(settings: Settings) -> list[list[str]]:
    text = (settings.data_dir / "left.log").read_text("ascii")
    return [line.split(" ", 5) for line in text.splitlines()]


def test_what_is_written(settings: Settings) -> None:
    """A line each, with a keyed hash and no address, for nobody else to read; repeating it adds none."""
    with counter_of(settings) as counter:
        take_in(counter)
        leave(counter, "ada")
        leave(counter, "ada")
        come_back(counter, "ada")
        subscriber = counter.store.subscriber("bob@example.org")
        assert subscriber
        readers.suppress(counter, subscriber, "5.1.1 <bob@example.org> unknown")
        mark = forgetting.fingerprint(counter.keys, "ada@example.org")
    found = lines(settings)
    assert [("1", "left"), ("2", "back"), ("3", "suppressed")] == [(line[0], line[2]) for line in found]
    assert [mark, mark] == [line[3] for line in found[:2]]
    assert "2026-03-09 by link" == found[0][5]
    file = settings.data_dir / "left.log"
    assert b"example.org" not in file.read_bytes()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_stop_between_the_log_and_the_ledger(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log comes first: whoever pressed the button has left, the next time the list is looked at."""
    with counter_of(settings) as counter:
        take_in(counter)

        def busy(*_: object) -> None:
            raise StoreUnavailable("busy", "try again")

        monkeypatch.setattr(Store, "set_subscriber", busy)
        with pytest.raises(StoreUnavailable):
            leave(counter, "ada")
        monkeypatch.undo()
        assert SubscriberState.ACTIVE == standing(counter)["ada"]
        take_in(counter)
        assert SubscriberState.UNSUBSCRIBED == standing(counter)["ada"]


@pytest.mark.parametrize("half", [b"7 2026-03-09T06:0", b"\xff\xfe", b"7 2026-03-09T06:00:00+00:00 danced 00 - \n"])
def test_half_a_line(settings: Settings, half: bytes) -> None:
    """It is passed over, and the next line is whole."""
    with counter_of(settings) as counter:
        take_in(counter)
        leave(counter, "ada")
        with (settings.data_dir / "left.log").open("ab") as stream:
            stream.write(half)
        leave(counter, "bob")
        assert 0 == left_log.catch_up(counter)
        counter.store.remember("left.mark", "0")
        assert 0 == left_log.catch_up(counter)  # both have left already
        assert "2" == counter.store.recall("left.mark")


def test_a_log_that_cannot_be_written_keeps_nobody(settings: Settings) -> None:
    """A folder of its name: leaving works."""
    with counter_of(settings) as counter:
        take_in(counter)
        (settings.data_dir / "left.log").mkdir()
        leave(counter, "ada")
        assert SubscriberState.UNSUBSCRIBED == standing(counter)["ada"]
        take_in(counter)


def test_it_does_not_grow_for_ever(settings: Settings) -> None:
    """The last line of each stays, as long as anything is kept; the numbers go on."""
    with counter_of(settings) as counter:
        take_in(counter)
        people = [f"reader{n}@example.org" for n in range(100)]
        for _ in range(8):
            for what in (What.LEFT, What.BACK):
                with left_log.noting(counter, what, people, "by link"):
                    pass
        left_log.compact(counter)
        assert 100 == len(lines(settings))
        assert {"back"} == {line[2] for line in lines(settings)}
        leave(counter, "ada")
        assert "1601" == lines(settings)[-1][0]
        assert 0o600 == stat.S_IMODE((settings.data_dir / "left.log").stat().st_mode)
    later = MORNING + timedelta(days=500)
    with counter_of(settings, later) as counter:
        for _ in range(8):
            with left_log.noting(counter, What.LEFT, people):
                pass
        before = (settings.data_dir / "left.log").stat().st_size
        left_log.compact(counter)
        assert 100 == len(lines(settings))
        assert before > (settings.data_dir / "left.log").stat().st_size
    assert str(1601 + 800) == lines(settings)[-1][0]


def test_two_at_once_have_two_lines(settings: Settings) -> None:
    """Also while it is made shorter."""
    from concurrent.futures import ThreadPoolExecutor

    with counter_of(settings) as counter:
        take_in(counter)

        def note(number: int) -> None:
            with left_log.noting(counter, What.LEFT, [f"a{number}@example.org"] * 40, "by reply"):
                pass
            left_log.compact(counter)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(note, range(40)))
        numbers = [int(line[0]) for line in lines(settings)]
        assert numbers == sorted(set(numbers))
        assert 1600 == numbers[-1]
        assert 40 == len({line[3] for line in lines(settings)})
        with suppress(FileNotFoundError):
            assert not (settings.data_dir / ".left.log.new").exists()
