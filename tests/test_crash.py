"""Killed anywhere and started again: everybody once. A sample of what `make soak` sweeps, over real processes."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from soak import crash, pairs, preparing, tastes
from soak.crash import Ground, Point, copied
from soak.morning import READERS, RUN, clock, found, practice_servers, prepare, settings_for, status, write_roster
from soak.sinks import sendgrid_sink, smtp_sink
from soak.warm import Warm

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None or shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") is None,
    reason="needs strace and Postfix's smtp-sink",
)


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as started:
        yield started


@pytest.fixture(scope="module")
def warm_with_a_model() -> Iterator[Warm]:
    with Warm(model=True) as started:
        yield started


@pytest.fixture(scope="module")
def at_the_hour(warm: Warm) -> Iterator[pairs.Pair]:
    """Two processes at 09:31 of the issue's day."""
    with pairs.pair(warm) as workers:
        yield workers


@pytest.fixture(scope="module")
def prepared(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose ledger holds the issue; nobody has had a mail."""
    folder = tmp_path_factory.mktemp("crash") / "prepared"
    prepare(warm, folder)
    return folder


NETWORK = ("sendto", "sendmsg")


@pytest.mark.parametrize(
    ("open_sink", "connections"),
    [(smtp_sink, 1), (smtp_sink, 8), (sendgrid_sink, 1)],
    ids=["smtp-1", "smtp-8", "sendgrid"],
)
def test_killed_at_a_system_call_and_restarted(
    warm: Warm, prepared: Path, open_sink: crash.OpenSink, connections: int
) -> None:
    """Nobody skipped, at most what was in flight repeated, as the same bytes, and named; done within a minute."""
    ground = Ground(prepared=prepared, open_sink=open_sink, connections=connections)
    everything = crash.points(warm, ground)
    # From the last mail's final bytes to the record of what the server answered: there a repeat cannot be avoided.
    pairs_of_calls = enumerate(pairwise(everything))
    sent = max(n for n, (one, next_one) in pairs_of_calls if one.kind in NETWORK and next_one.kind == "pwrite64")
    # Several connections make a few calls more or less each time: those in the middle are made by every run.
    first = sent if connections == 1 else sent // 2
    trials = [crash.trial(warm, point, ground) for point in everything[first : first + 10 : 3]]
    assert all(one.killed for one in trials)
    assert [] == [problem for one in trials for problem in one.problems()]
    # Else the sample would miss the very moment that it is about.
    assert connections > 1 or any(one.found.repeats for one in trials)


def test_killed_while_preparing(warm_with_a_model: Warm) -> None:
    """No paper is lost, and an answer that the ledger holds is not asked for again."""
    # With the scores and some of the one-liners stored.
    assert [] == preparing.trial(warm_with_a_model, Point("fdatasync", 35)).problems()


@pytest.fixture(scope="module")
def tasted(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder where some readers said what they like."""
    folder = tmp_path_factory.mktemp("crash") / "tasted"
    tastes.prepare(warm, folder)
    return folder


def test_killed_while_own_editions_are_made(warm: Warm, tasted: Path) -> None:
    """The restart makes those that a morning without a stop would have made, and changes no mark."""
    ground = Ground(prepared=tasted, open_sink=smtp_sink, connections=1)
    expected, everything = tastes.undisturbed(warm, ground)
    assert expected.own == len(expected.marks) == 6
    written = [one for one in everything if one.kind not in NETWORK]
    trials = crash.spread(written, 8)
    assert [] == [problem for one in trials for problem in tastes.trial(warm, one, ground, expected)]


def test_killed_while_a_reader_marks(warm: Warm, tasted: Path) -> None:
    everything = tastes.marking_points(warm, tasted)
    assert [] == [
        problem for one in crash.spread(everything, 12) for problem in tastes.marking_trial(warm, one, tasted)
    ]


@pytest.mark.parametrize("kind", pairs.KINDS)
def test_two_processes_at_once(at_the_hour: pairs.Pair, prepared: Path, kind: str) -> None:
    """One of them works: nobody has two mails, nobody none."""
    for apart in pairs.gaps(2):
        assert [] == pairs.KINDS[kind](at_the_hour, prepared, apart).problems(0)


# --- told to stop ---


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stop(warm: Warm, process: int) -> int:
    """SIGTERM; the exit code. The process is killed if it does not end within a minute."""
    os.kill(process, signal.SIGTERM)
    late = threading.Timer(60, os.kill, (process, signal.SIGKILL))
    late.start()
    ended = warm.wait()
    late.cancel()
    return ended


@pytest.mark.parametrize(("command", "code"), [("run", 1), ("serve", 0)])
def test_sigterm_while_sending_finishes_the_mail_in_flight(
    at_the_hour: pairs.Pair, prepared: Path, command: str, code: int
) -> None:
    """Only that one: what the server took is recorded, and the rest goes out later, nothing twice."""
    warm = at_the_hour.first
    with copied(prepared) as folder:
        with smtp_sink("-w", "1") as slow:  # a second for each mail
            process = warm.hold(folder, {**slow.environment, "NEWSLETTER_PORT": "0"}, (command,))
            warm.go()
            wait_for(lambda: list(slow.folder.iterdir()))
            ended = stop(warm, process)
            taken = slow.arrived()
        assert code == ended, (folder / "output").read_text()
        assert READERS > len(taken)
        assert len(taken) == status(warm, folder, {})["deliveries"]["accepted"]
        with smtp_sink() as sink:
            assert 0 == warm.run(folder, sink.environment, ("run",))
            assert [] == found(warm, folder, sink.environment, taken + sink.arrived()).problems(0)


def test_sigterm_while_a_model_is_silent(warm_with_a_model: Warm, tmp_path: Path) -> None:
    """`run` ends long before the model would answer, and says how to go on."""
    write_roster(tmp_path, 3)
    warm = warm_with_a_model
    with practice_servers(latency=600) as servers:
        process = warm.hold(tmp_path, settings_for(servers, model=True), RUN)
        warm.go()
        wait_for(lambda: servers.model.requests)
        ended = stop(warm, process)
    assert 1 == ended
    assert "run again to continue" in (tmp_path / "output").read_text()


# --- clocks ---


def said_by(warm: Warm, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code of `newsletter run` by this process's clock, and what it said."""
    (folder / "output").unlink(missing_ok=True)
    return warm.run(folder, environment, ("run",)), (folder / "output").read_text()


@pytest.mark.parametrize("wrong", ["2026-03-10 09:31:00", "2026-03-08 09:31:00", "1970-01-01 09:31:00"])
def test_a_wrong_clock_and_then_the_right_one(at_the_hour: pairs.Pair, prepared: Path, wrong: str) -> None:
    """A day ahead, a day back, or lost: one clear text or the morning itself, and in the end everybody once."""
    with copied(prepared) as folder, smtp_sink() as sink, practice_servers() as servers:
        environment = settings_for(servers) | dict(sink.environment)
        with Warm(clock(wrong)) as astray:
            code, said = said_by(astray, folder, environment)
        assert "Traceback" not in said
        if wrong.startswith("1970"):
            assert (1, "clock: this machine thinks it is 1970-01-01 09:31 UTC; set the clock") == (code, said.strip())
            assert [] == sink.arrived()
        for _ in range(2):
            code, said = said_by(at_the_hour.first, folder, environment)
            assert (0, False) == (code, "Traceback" in said), said
        assert [] == found(at_the_hour.asking, folder, environment, sink.arrived()).problems(0)
