"""The roster against the ledger: slips wait, contradictions are named, and who is forgotten stays out."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from newsletter import app, doctor, pipeline, readers
from newsletter.errors import ConfigurationError
from newsletter.models import SubscriberState
from newsletter.readers import Counter, forgetting, guard, in_force
from newsletter.settings import Settings
from tests.conftest import Run
from tests.counters import counter_of, service_of
from tests.morning import MORNING, ROSTER, active, desk_of, practice

HEAD = ROSTER[: ROSTER.index("  - ada@")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


def write(settings: Settings, number: int) -> None:
    entries = "".join(f"  - reader{one}@example.org\n" for one in range(number))
    settings.subscribers.write_text(HEAD + entries, "utf-8")


def awake(desk: pipeline.Desk) -> set[str]:
    """The addresses of those who get mail."""
    return {one.email for one in active(desk)}


# --- the guard ---


@pytest.mark.parametrize(
    ("before", "now", "held"),
    [
        (100, 50, False),
        (100, 49, True),
        (100, 200, False),
        (100, 201, True),
        (100, 0, True),
        (9, 0, True),
        (6, 1, True),
        (4, 2, False),
        (4, 1, True),
        (3, 0, False),
        (10, 0, True),
        (1, 10, False),
        (1, 11, True),
        (0, 9, False),
        (15, 6, True),
        (15, 8, False),
    ],
)
def test_when_a_roster_is_held_back(before: int, now: int, held: bool) -> None:
    """More than half of at least four lost, or more than doubled by ten readers or more."""
    assert held == guard.is_held_back(before, now)


def test_a_slip_waits_until_it_is_confirmed(settings: Settings) -> None:
    """The first load is exempt; an emptied file is a finding that stops, until `check --accept` or it is mended."""
    write(settings, 40)
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        write(settings, 3)
        with pytest.raises(ConfigurationError, match=r"3 readers instead of 40.*check --accept"):
            in_force.look(counter)
        with pytest.raises(ConfigurationError, match="3 readers instead of 40"):
            doctor.examine_or_stop(settings, counter)
        write(settings, 39)
        in_force.take_in(counter, in_force.look(counter))
        write(settings, 3)
        guard.remember_size(counter.store, in_force.load(counter))
        assert 3 == len(guard.accepted(counter, in_force.load(counter)).readers)


def test_a_first_run_is_what_the_next_list_is_compared_with(settings: Settings) -> None:
    """Where the list was examined before there was a ledger, the guard knows its size all the same."""
    write(settings, 40)
    examine = partial(doctor.examine_or_stop, settings)
    with app.open_examined(settings, examine) as (counter, looked):
        in_force.take_in(counter, looked)
    write(settings, 3)
    with (
        pytest.raises(ConfigurationError, match="3 readers instead of 40"),
        app.open_examined(settings, examine),
    ):
        pass


def test_accept_is_a_command(settings: Settings, newsletter: Run) -> None:
    """`newsletter check` names what waits and exits with 1, `--accept` confirms it."""
    write(settings, 40)
    with counter_of(settings) as counter:
        guard.remember_size(counter.store, in_force.load(counter))
    write(settings, 3)
    held = newsletter("check")
    assert (1, True) == (held.returncode, "3 readers instead of 40" in held.stdout), held.stderr
    assert 0 == newsletter("check", "--accept").returncode
    assert 0 == newsletter("check").returncode


def test_whom_we_take_out_ourselves_is_no_slip(settings: Settings, newsletter: Run) -> None:
    """Three of four readers are forgotten by command before the list is looked at again."""
    write(settings, 4)
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
    for number in range(3):
        assert 0 == newsletter("subscribers", "forget", f"reader{number}@example.org").returncode
    with counter_of(settings) as counter:
        assert [] == guard.held_back(counter, in_force.load(counter))


def test_skipped_entries_reach_status_and_the_administrator(tmp_path: Path, newsletter: Run) -> None:
    """Once for all of them, whatever the number of ticks; the end is told too."""
    entries = "".join(f"  - {{email: odd{one}@example.org, topics: nothing}}\n" for one in range(5)) + "  - a@\n"
    with practice(tmp_path, model=False, roster=ROSTER + entries) as (_, settings), service_of(settings) as service:
        service.tick()
        service.tick()
        (trouble,) = (one for one in service.counter.store.troubles() if one.key == "entries")
        assert "unknown topic 'nothing' (5 times, first in lines" in trouble.problem
        assert "All other readers get their emails" in trouble.remedy
        said = json.loads(newsletter("status", "--json").stdout)["list"]
        first = ROSTER.count("\n") + 1
        assert list(range(first, first + 6)) == said["skipped"]
        assert 2 == len(said["findings"])
        shown = newsletter("status").stdout
        assert f"Subscriber list: 6 entries skipped (lines {first}, {first + 1}, {first + 2} …)" in shown
        assert "'a@' is not an email address" in shown
        settings.subscribers.write_text(ROSTER, "utf-8")
        service.tick()
        assert [] == [one for one in service.counter.store.troubles() if one.key == "entries" and one.ended is None]
    assert "list" not in json.loads(newsletter("status", "--json").stdout)


# --- contradictions ---


def contradictions(counter: Counter) -> list[str]:
    return [str(finding) for finding in doctor.contradictions(counter, in_force.load(counter))]


def test_lines_that_contradict_the_ledger_are_named(settings: Settings) -> None:
    """A line without the mark of somebody who left, and a mark of somebody who came back, each with its place."""
    with counter_of(settings) as counter:
        known = counter.store.enrol(["ada@example.org", "chen@example.org"], MORNING)
        assert [] == contradictions(counter)
        readers.leave(counter, known["ada@example.org"].id, "by reply")
        readers.come_back(counter, known["chen@example.org"])
        assert [] == contradictions(counter)
        settings.subscribers.write_text(ROSTER + "    unsubscribed: 2026-03-01 by reply\n", "utf-8")
        first, second = contradictions(counter)
    assert "subscribers.yaml:6: 'ada@example.org' gets no email" in first
    assert "2026-03-09 by reply" in first
    assert "subscribers.yaml:7: 'chen@example.org' gets email" in second


@pytest.mark.parametrize(
    ("code", "remedy"),
    [("cn", "did you mean 'zh'?"), ("jp", "did you mean 'ja'?"), ("xx", "write codes such as en, zh or pt-BR")],
)
def test_a_code_that_is_no_language_is_named(settings: Settings, code: str, remedy: str) -> None:
    """Nobody is left out for it: a model may know what is meant."""
    more = ROSTER.replace("[zh, en]", "[de, zh-Hant, eo, pt-BR]")
    settings.subscribers.write_text(f"newsletter: {{languages: [en, {code}]}}\n{more}", "utf-8")
    with counter_of(settings) as counter:
        (found,) = [one for one in doctor.examine(settings, counter) if "language" in one.problem]
    assert (found.problem, found.remedy, found.fatal) == (f"'{code}' is the code of no known language", remedy, False)


# --- forgetting ---


def test_forgotten_is_erased_and_stays_out(settings: Settings) -> None:
    """Nothing of the address is left in the data folder; the line in the file does not bring the reader back."""
    with desk_of(settings) as desk:
        assert {"ada@example.org", "chen@example.org"} == awake(desk)
    outbox = settings.data_dir / "outbox"
    outbox.mkdir()
    for name in ("2026-03-09_Ada@example.org.eml", "2026-03-09_chen@example.org.eml"):
        (outbox / name).write_text("To: somebody")
    with counter_of(settings) as counter:
        ada = counter.store.subscriber("ada@example.org")
        assert ada is not None
        assert 1 == forgetting.forget(counter, ada)
        assert (None, None) == (counter.store.subscriber(ada.id), counter.store.subscriber(ada.email))
    left = b"".join(file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file())
    assert b"ada@example.org" not in left.lower()
    assert ["2026-03-09_chen@example.org.eml"] == [file.name for file in outbox.iterdir()]
    with desk_of(settings) as desk:
        assert {"chen@example.org"} == awake(desk)
    with counter_of(settings) as counter:
        (finding,) = contradictions(counter)
    assert "asked to be forgotten" in finding


def test_forget_and_take_back_by_command(settings: Settings, newsletter: Run) -> None:
    """`forget` takes the entry out of the file; `resubscribe` is the way back for who is entered again."""
    with counter_of(settings) as counter:
        counter.store.enrol(["ada@example.org"], MORNING)
    forgotten = newsletter("subscribers", "forget", "ada@example.org")
    assert (0, "") == (forgotten.returncode, forgotten.stderr)
    assert "ada@example.org" not in settings.subscribers.read_text("utf-8")
    with settings.subscribers.open("a", encoding="utf-8") as file:
        file.write("  - ada@example.org\n")
    with desk_of(settings) as desk:
        assert {"chen@example.org"} == awake(desk)
    assert 0 == newsletter("subscribers", "resubscribe", "ada@example.org").returncode
    with desk_of(settings) as desk:
        assert {"ada@example.org", "chen@example.org"} == awake(desk)


def test_forget_says_why_a_file_cannot_be_changed(settings: Settings, newsletter: Run) -> None:
    """A file that others need whole (an alias) stays as it is; the reader is forgotten all the same."""
    text = settings.subscribers.read_text("utf-8").replace("- ada@example.org", "- &ada {email: ada@example.org}")
    settings.subscribers.write_text(text + "  - *ada\n", "utf-8")
    with counter_of(settings) as counter:
        counter.store.enrol(["ada@example.org"], MORNING)
    forgotten = newsletter("subscribers", "forget", "ada@example.org")
    assert 1 == forgotten.returncode
    assert "subscribers.yaml:6: this entry cannot be removed safely; remove it by hand" in forgotten.stderr
    with desk_of(settings) as desk:
        assert {"chen@example.org"} == awake(desk)


# --- pauses of ledger and file ---


def test_the_later_of_two_pauses_counts(settings: Settings) -> None:
    """The ledger decides; a date that somebody wrote into the file since counts, a line deleted by hand does not."""

    def now_awake() -> set[str]:
        with desk_of(settings) as desk:
            return awake(desk)

    with counter_of(settings) as counter:
        chen = counter.store.enrol(["chen@example.org"], MORNING)["chen@example.org"]
        readers.pause(counter, chen, MORNING.date().replace(day=23))
    assert {"ada@example.org"} == now_awake()
    settings.subscribers.write_text(ROSTER, "utf-8")
    assert {"ada@example.org"} == now_awake()
    settings.subscribers.write_text(ROSTER + "    paused_until: 2026-03-09\n", "utf-8")
    assert {"ada@example.org", "chen@example.org"} == now_awake()
    settings.subscribers.write_text(ROSTER + "    paused_until: 2026-03-10\n", "utf-8")
    assert {"ada@example.org"} == now_awake()
    with counter_of(settings) as counter:
        found = counter.store.subscriber("chen@example.org")
        assert found is not None
        assert SubscriberState.PAUSED is found.state
        settings.subscribers.chmod(0o444)
        readers.resume(counter, found)
    assert {"ada@example.org", "chen@example.org"} == now_awake()
