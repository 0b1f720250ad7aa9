"""Readers out of a table: what is taken, what is kept out, what a second import and a register change."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from newsletter import readers
from newsletter.cli import approving, importing
from newsletter.cli import readers as commands
from newsletter.errors import ConfigurationError
from newsletter.models import JoinRequest, JoinState, Source, SubscriberState
from newsletter.readers import Counter, forgetting, in_force
from newsletter.readers.importing import Order, Tally, import_table
from newsletter.settings import Settings
from newsletter.subscribers import parse, table
from newsletter.subscribers.preferences import said
from newsletter.subscribers.table import BadRow, Row, open_table
from tests.conftest import LEDGER, ROOT
from tests.counters import MORNING, counter_of
from tests.forked import Forks

LIST = """\
newsletter:
  languages: [en]
topics:
  foundations:  # the first
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity.
  vision:
    categories: [cs.CV]
    interests: Segmentation.
# Readers are below.
subscribers: []
"""
NOTE = "registration form, March 2026"
ALL = ("foundations", "vision")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "subscribers.yaml").write_text(LIST, "utf-8")
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


@pytest.fixture
def counter(settings: Settings) -> Iterator[Counter]:
    with counter_of(settings) as opened:
        in_force.take_in(opened, in_force.look(opened))
        yield opened


def in_file(counter: Counter, entries: str) -> None:
    """The file has these entries, and is taken in."""
    counter.subscribers.write_text(LIST.replace("subscribers: []\n", f"subscribers:\n{entries}"), "utf-8")
    in_force.take_in(counter, in_force.look(counter))


@pytest.fixture
def inviting(tmp_path: Path) -> Iterator[Counter]:
    """People can join."""
    (tmp_path / "subscribers.yaml").write_text(LIST.replace("  languages", "  join: open\n  languages"), "utf-8")
    settings = Settings(
        subscribers=tmp_path / "subscribers.yaml",
        data_dir=tmp_path / "var",
        postal_address="1 Some Street",
        admin_email="admin@example.org",
        public_url="https://news.example.org",
    )
    with counter_of(settings) as opened:
        in_force.take_in(opened, in_force.look(opened))
        yield opened


def brought(counter: Counter, text: str, *, accept: bool = False, note: str = NOTE, **order: object) -> Tally:
    """What an import of this table does; rows that cannot be used must not be in it."""
    done, bad = with_bad(counter, text, accept=accept, note=note, **order)
    assert [] == bad
    return done


def with_bad(
    counter: Counter, text: str, *, accept: bool = False, note: str = NOTE, **order: object
) -> tuple[Tally, list[BadRow]]:
    file = counter.subscribers.parent / "import.csv"
    file.write_text(text, "utf-8")
    known = in_force.last_good(counter.store)
    assert known
    bad: list[BadRow] = []
    told = Order(note=note, **order)  # type: ignore[arg-type]
    return import_table(counter, known.masthead, open_table(file), told, bad.append, accept=accept), bad


def counts(done: Tally) -> tuple[int, int, int]:
    return done.added, done.changed, done.unchanged


def what(counter: Counter, email: str, key: str) -> str | None:
    """What somebody gets, as it would be written; None: they are in no list."""
    subscriber = counter.store.subscriber(email)
    reader = counter.store.reader(subscriber.id) if subscriber else None
    return said(reader, key) if reader else None


def state(counter: Counter, email: str) -> SubscriberState | None:
    subscriber = counter.store.subscriber(email)
    return subscriber.state if subscriber else None


def leave(counter: Counter, email: str, how: str = readers.BY_LINK) -> None:
    subscriber = counter.store.subscriber(email)
    assert subscriber
    readers.leave(counter, subscriber.id, how)


# --- tables ---


ROWS = [("ada@example.org", "Ada", "vision"), ("bob@example.org", "Bob, PhD", ""), ("陈@example.org", "陈", "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write(tmp_path: Path, delimiter: str, encoding: str, ending: str) -> None:
    """Each delimiter, with or without BOM, with each line ending, columns in any order and case, some not ours."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerow(["Phone", " Topics ", "E-mail", "name"])
    writer.writerows([["+44 1", topic, email, name] for email, name, topic in ROWS])
    file = tmp_path / "a.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    found = open_table(file)
    assert ("phone",) == found.ignored
    rows = list(found.rows(ALL))
    assert [(2, "ada@example.org", "Ada"), (3, "bob@example.org", "Bob, PhD"), (4, "陈@example.org", "陈")] == [
        (row.line, row.email, row.name) for row in rows if isinstance(row, Row)
    ]
    assert isinstance(rows[0], Row)
    assert (("topics", "vision"),) == rows[0].given


def test_one_line_of_a_spreadsheet_names_the_delimiter(tmp_path: Path) -> None:
    """`sep=|` counts, and is a line."""
    file = tmp_path / "a.csv"
    file.write_text("sep=|\nemail|languages|send_at\nada@Example.ORG|zh en|7:05:00\n", "utf-8")
    assert [Row(3, "ada@example.org", None, (("languages", "zh, en"), ("send_at", "07:05")))] == list(
        open_table(file).rows(ALL)
    )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b"ada@example.org\n", "names no column 'email'"),
        (b"email,email\n", "two columns 'email'"),
        (b"email,langauges\n", "did you mean 'languages'"),
        ("email\nada@example.org\n".encode("utf-16"), "is UTF-16; save it as CSV in UTF-8"),
        (b"email,name\n" + b"a@example.org,Ada\n" * 3000 + b"b@example.org,Zo\xeb\n", "csv:3002: is not UTF-8"),
    ],
)
def test_what_is_no_table(tmp_path: Path, raw: bytes, said: str) -> None:
    """It says what is wrong and what to do."""
    file = tmp_path / "a.csv"
    file.write_bytes(raw)
    with pytest.raises(ConfigurationError, match=said):
        list(open_table(file).rows(ALL))


def test_bad_rows_are_named_and_the_others_taken(counter: Counter) -> None:
    """Ten rows in ten ways, each with its line and reason."""
    text = (
        "email,name,topics,languages,send_at,timezone,frequency\n"
        "not an address,,,,,,\n"
        "ada@example.org,,nonsense,,,,\n"
        "bob@example.org,,,english,,,\n"
        "cy@example.org,,,,25:00,,\n"
        "dan@example.org,,,,,Europe/Londn,\n"
        "eve@example.org,,,,,,hourly\n"
        "fay@example.org,,foundations,en,zh,,daily,extra\n"
        "good@example.org,Good,vision,zh,06:45,Asia/Shanghai,weekly\n"
        '"gus@example.org,"Gus\n'
        "GOOD@example.org,,,,,,\n"
        "\n"
        f"hal@example.org,{'x' * 201},,,,,\n"
        "fine@example.org\n"
    )
    done, bad = with_bad(counter, text)
    assert (2, 10) == (done.added, done.bad)
    assert {2, 3, 4, 5, 6, 7, 8, 10, 11, 13} == {one.line for one in bad}
    reasons = {one.line: one.reason for one in bad}
    assert "is not an email address" in reasons[2]
    assert "topics: unknown topic 'nonsense'" in reasons[3]
    assert "did you mean 'Europe/London'?" in reasons[6]
    assert "8 values for 7 columns; put a value with commas into quotes" in reasons[8]
    assert "here twice (first in line 9)" in reasons[11]
    assert ("vision", "zh", "06:45", "weekly") == tuple(
        what(counter, "good@example.org", key) for key in ("topics", "languages", "send_at", "frequency")
    )
    assert "foundations, vision" == what(counter, "fine@example.org", "topics")


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    """And line breaks inside quotes are fine in a column that is not ours."""
    file = tmp_path / "a.csv"
    rest = "".join(f"reader{n}@example.org,Name,Street\n" for n in range(9000))
    file.write_text('email,name,place\na@example.org,A,"Street\nTown"\nb@example.org,"B,Street\n' + rest, "utf-8")
    rows = list(open_table(file).rows(ALL))
    good = [row for row in rows if isinstance(row, Row)]
    assert (2, "a@example.org") == (good[0].line, good[0].email)
    assert {f"reader{n}@example.org" for n in range(9000)} <= {row.email for row in good}
    assert [4] == [row.line for row in rows if isinstance(row, BadRow)] or 9002 == len(good)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12).map(str.strip)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), cells, st.booleans()), unique_by=lambda one: one[0], max_size=6))
def test_any_name_survives(tmp_path: Path, people: list[tuple[int, str, bool]]) -> None:
    """Written by Python's own writer and read back: names with quotes, delimiters and letters of all scripts."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "email", "frequency"])
    writer.writerows([[name, f"a{number}@example.org", "weekly" if weekly else ""] for number, name, weekly in people])
    file = tmp_path / "any.csv"
    file.write_text(text.getvalue(), "utf-8", newline="")
    rows = list(open_table(file).rows(ALL))
    assert [(f"a{number}@example.org", name or None) for number, name, _ in people] == [
        (row.email, row.name) for row in rows if isinstance(row, Row)
    ]


# --- who is taken ---


def test_a_second_import_changes_nothing(counter: Counter) -> None:
    """Each once, with the consent of the first."""
    text = "email,topics\nada@example.org,vision\nbob@example.org,\n"
    assert (2, 0, 0) == counts(brought(counter, text))
    assert (0, 0, 2) == counts(brought(counter, text))
    ada = counter.store.subscriber("ada@example.org")
    assert ada
    (consent,) = counter.store.consents(ada.id)
    assert (Source.IMPORT, NOTE, MORNING, None) == (consent.source, consent.note, consent.confirmed, consent.asked)


def test_what_readers_set_stays_until_the_table_says_something_new(counter: Counter) -> None:
    """Of two changes to one key the later wins; a table that says what it said is no change."""
    text = "email,topics,send_at\nada@example.org,vision,07:00\n"
    brought(counter, text)
    ada = counter.store.subscriber("ada@example.org")
    assert ada
    before = counter.store.reader(ada.id)
    assert before
    chosen = table.with_given(before, {"send_at": "11:00"}, ALL)
    readers.prefer(counter, ada, before, chosen)
    assert (0, 0, 1) == counts(brought(counter, text))
    assert "11:00" == what(counter, "ada@example.org", "send_at")
    assert (0, 1, 0) == counts(brought(counter, text.replace("vision", "foundations")))
    assert ("foundations", "11:00") == tuple(what(counter, "ada@example.org", key) for key in ("topics", "send_at"))
    assert (0, 1, 0) == counts(brought(counter, text.replace("07:00", "08:00")))
    assert "08:00" == what(counter, "ada@example.org", "send_at")


def test_nobody_is_brought_back(counter: Counter) -> None:
    """Left, removed by the operator, bounced, complained, forgotten and barred: each is counted by its reason."""
    names = ("left", "removed", "bounced", "complained", "forgotten", "stays")
    text = "email\n" + "".join(f"{name}@example.org\n" for name in names)
    brought(counter, text)
    leave(counter, "left@example.org")
    leave(counter, "removed@example.org", "by the operator")
    for name, why in (("bounced", "5.1.1"), ("complained", "complaint")):
        subscriber = counter.store.subscriber(f"{name}@example.org")
        assert subscriber
        readers.suppress(counter, subscriber, why)
    subscriber = counter.store.subscriber("forgotten@example.org")
    assert subscriber
    forgetting.forget(counter, subscriber)
    counter.store.bar(forgetting.fingerprint(counter.keys, "barred@example.org"), MORNING)
    done = brought(counter, text + "barred@example.org\n")
    assert (0, 0, 1) == counts(done)
    reasons = {"left": 1, "unsubscribed by the operator": 1, "bounced": 1, "complained": 1, "forgotten": 2}
    assert reasons == done.kept_out
    assert SubscriberState.UNSUBSCRIBED == state(counter, "left@example.org")
    assert state(counter, "forgotten@example.org") is None


def test_the_file_counts_later(counter: Counter) -> None:
    """What an entry says stays so; its other keys come from the table; without the entry the table's count."""
    in_file(counter, "  - email: ada@example.org\n    topics: [vision]\n")
    done = brought(counter, "email,topics,send_at\nada@example.org,foundations,07:00\n")
    assert (0, 0, 1) == counts(done)
    assert ("vision", "07:00") == tuple(what(counter, "ada@example.org", key) for key in ("topics", "send_at"))
    in_file(counter, "  - bob@example.org\n")
    assert ("foundations", "07:00") == tuple(what(counter, "ada@example.org", key) for key in ("topics", "send_at"))


def test_a_reader_of_the_file_under_another_spelling_is_the_same(counter: Counter) -> None:
    """A domain in another alphabet, and as DNS spells it."""
    in_file(counter, "  - ada@bücher.example\n")
    assert (0, 0, 1) == counts(brought(counter, "email\nADA@xn--bcher-kva.example\n"))
    assert 1 == len(counter.store.subscribers())


def test_a_dry_run_writes_nothing(counter: Counter) -> None:
    """It counts the same."""
    text = "email\nada@example.org\nbob@example.org\n"
    assert (2, 0, 0) == counts(brought(counter, text, dry_run=True))
    assert [] == counter.store.subscribers()
    assert (2, 0, 0) == counts(brought(counter, text, register="staff", dry_run=True))
    assert [] == counter.store.subscribers()


def test_who_is_asked(inviting: Counter) -> None:
    """A request for each who is not known, once; who reads, left or complained is not asked."""
    brought(inviting, "email\nada@example.org\nleft@example.org\n")
    leave(inviting, "left@example.org")
    text = "email,topics\nada@example.org,\nleft@example.org,\nnew@example.org,vision\n"
    assert 1 == brought(inviting, text, ask=True, dry_run=True).asked
    assert [] == inviting.store.join_requests(JoinState.ASKED)
    assert 1 == brought(inviting, text, ask=True).asked
    (request,) = inviting.store.join_requests(JoinState.ASKED)
    assert ("new@example.org", (("topics", "vision"),), Source.IMPORT, NOTE) == (
        request.written,
        request.given,
        request.source,
        request.note,
    )
    again = brought(inviting, text, ask=True)
    assert (0, 1, 1, 1) == (
        again.asked,
        *(again.kept_out[one] for one in ("left", "subscribed already", "asked already")),
    )
    assert state(inviting, "new@example.org") is None


def test_those_who_are_asked_in_bulk_wait_behind_others(inviting: Counter) -> None:
    """Neither do they use up the day's emails, nor do they go before whoever asks now, nor are they cleared unsent."""
    brought(inviting, "email\n" + "".join(f"a{n}@example.org\n" for n in range(5)), ask=True)
    assert 0 == inviting.store.joins_since(MORNING, MORNING)
    own = JoinRequest(
        email="own@example.org", written="own@example.org", language="en", source=Source.PAGE, consent="", asked=MORNING
    )
    inviting.store.ask_to_join(own)
    assert "own@example.org" == inviting.store.join_requests(JoinState.ASKED)[0].written
    list(inviting.store.clear(MORNING.replace(year=2027), timedelta(days=400)))
    assert 5 == len(inviting.store.join_requests(JoinState.ASKED))


def test_nobody_is_asked_who_could_not_answer(counter: Counter) -> None:
    """Joining is closed here; and no more than a hundred days' worth."""
    with pytest.raises(ConfigurationError, match="join: closed"):
        brought(counter, "email\nada@example.org\n", ask=True)


def test_no_more_are_asked_than_can_be_written_to(inviting: Counter) -> None:
    text = inviting.subscribers.read_text("utf-8").replace("join: open", "join: open\n  join_limit: 1")
    inviting.subscribers.write_text(text, "utf-8")
    in_force.take_in(inviting, in_force.look(inviting))
    with pytest.raises(ConfigurationError, match=r"101 people would be asked.*at most 100 at a time"):
        brought(inviting, people(*(f"a{n}" for n in range(101))), ask=True)
    assert 100 == brought(inviting, people(*(f"a{n}" for n in range(100))), ask=True).asked


# --- registers ---


def people(*names: str) -> str:
    return "email\n" + "".join(f"{name}@example.org\n" for name in names)


def test_a_register_is_all_of_itself(counter: Counter) -> None:
    """Who is missing is ended, who is there again is back, who left stays away; others are not touched."""
    brought(counter, people("other"))
    brought(counter, people("a", "b", "c", "d", "e"), register="staff")
    leave(counter, "b@example.org")
    done = brought(counter, people("a", "b", "c", "f"), register="staff")
    assert (1, 2, 2, {"left": 1}) == (done.added, done.unchanged, done.ended, done.kept_out)
    ended = counter.store.subscriber("d@example.org")
    assert ended
    assert (SubscriberState.UNSUBSCRIBED, "2026-03-09 missing in staff") == (ended.state, ended.why)
    done = brought(counter, people("a", "c", "d", "f"), register="staff")
    assert (1, 3, 0) == (done.returned, done.unchanged, done.ended)
    assert SubscriberState.ACTIVE == state(counter, "d@example.org")
    assert SubscriberState.UNSUBSCRIBED == state(counter, "b@example.org")
    assert SubscriberState.ACTIVE == state(counter, "other@example.org")


def test_who_leaves_after_a_register_lost_them_stays_away(counter: Counter) -> None:
    """By the link of an old email: it is their own wish from then on."""
    brought(counter, people("a", "b", "c"), register="staff")
    brought(counter, people("b", "c"), register="staff")
    leave(counter, "a@example.org")
    done = brought(counter, people("a", "b", "c"), register="staff")
    assert (0, {"left": 1}) == (done.returned, done.kept_out)


def test_leaving_while_a_register_is_read(counter: Counter) -> None:
    """What was decided a moment ago does not hide that somebody left since."""
    brought(counter, people("a", "b"), register="staff")
    ids = [one.id for one in counter.store.subscribers()]
    leave(counter, "a@example.org")
    assert 1 == counter.store.end(ids, "2026-03-09 missing in staff", MORNING)
    leave(counter, "b@example.org", readers.BY_LINK)
    counter.store.bring_back(ids, "missing in ", "again", MORNING)
    assert {SubscriberState.UNSUBSCRIBED} == {one.state for one in counter.store.subscribers()}
    assert {"2026-03-09 by link"} == {one.why for one in counter.store.subscribers()}


def test_a_register_ends_nobody_who_has_another_reason(counter: Counter) -> None:
    """An entry of the file, a wish of their own, a row that has a mistake, and another register's claim keep them."""
    in_file(counter, "  - a@example.org\n")
    brought(counter, people("b"), source=Source.PAGE)
    brought(counter, people("a", "b", "c", "d", "e"), register="staff")
    brought(counter, people("d"), register="guests")
    text = people("e") + "c@example.org,surplus\n"
    done, bad = with_bad(counter, text, register="staff", accept=True)
    assert ([3], 0) == ([one.line for one in bad], done.ended)
    assert {"a", "b", "c", "d", "e"} == {
        one.email[0] for one in counter.store.subscribers() if one.state is SubscriberState.ACTIVE
    }
    in_file(counter, "  - z@example.org\n")
    assert what(counter, "a@example.org", "topics") is None  # a reader of the file alone, and of none now


def test_a_broken_register_waits(counter: Counter) -> None:
    """More than half lost, or more than doubled, waits for --accept, and changes nothing."""
    brought(counter, people(*"abcdefgh"), register="staff")
    with pytest.raises(ConfigurationError, match=r"3 rows instead of 8.*--accept"):
        brought(counter, people(*"abc"), register="staff")
    with pytest.raises(ConfigurationError, match="instead of 8"):
        brought(counter, people(*(f"x{n}" for n in range(19))), register="staff")
    assert 8 == sum(one.state.reads for one in counter.store.subscribers())
    assert 5 == brought(counter, people(*"abc"), register="staff", dry_run=True, accept=True).ended
    assert 5 == brought(counter, people(*"abc"), register="staff", accept=True).ended


def test_a_plain_import_leaves_the_register(counter: Counter) -> None:
    """Whom a register brought is still its own after another import changed something."""
    brought(counter, people("a", "b"), register="staff")
    assert 1 == brought(counter, "email,topics\na@example.org,vision\n").changed
    assert 1 == brought(counter, people("b"), register="staff").ended
    assert SubscriberState.UNSUBSCRIBED == state(counter, "a@example.org")


# --- killed ---

_DIES = """
import os, sys
from pathlib import Path
from newsletter.settings import Settings
from newsletter.cli import importing
from newsletter.readers import importing as engine
from newsletter.readers.importing import Order
from newsletter.store import Store

engine._CHUNK = 4
left = int(sys.argv[2])

def counted(name):
    real = getattr(Store, name)
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return real(*arguments, **named)
    setattr(Store, name, call)

for name in ("enrol", "put_readers", "claim", "end", "bring_back", "missing", "remember"):
    counted(name)
folder = Path(sys.argv[1])
settings = Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")
order = Order(note="n", register="staff")
sys.exit(importing.import_file(settings, folder / "import.csv", order, folder / "errors.csv", accept=False))
"""


def test_killed_anywhere_and_run_again(settings: Settings, tmp_path: Path, forks: Forks) -> None:
    """At every write of an import that adds, changes and ends: afterwards each is a reader once."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        brought(counter, people(*(f"r{n}" for n in range(10))), register="staff")
    rows = [f"r{n}@example.org,vision" for n in range(3, 12)]
    (tmp_path / "import.csv").write_text("email,topics\n" + "\n".join(rows) + "\n", "utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    environment |= {name: os.environ[name] for name in (LEDGER,) if name in os.environ}
    killed = 0
    for writes in (2, 5, 8, 11, 60):
        program = f"import sys\nsys.argv[1:] = {[str(tmp_path), str(writes)]!r}\n{_DIES}"
        ended = forks.run((), folder=tmp_path, environment=environment, timeout=60, first=program)
        killed += ended.returncode == -signal.SIGKILL
    assert (0, True) == (ended.returncode, killed >= 3), ended.stderr
    with counter_of(settings) as counter:
        reading = {one.email for one in counter.store.subscribers() if one.state.reads}
        assert {f"r{n}@example.org" for n in range(3, 12)} == reading
        assert {"vision"} == {what(counter, email, "topics") for email in reading}
        assert {1} == {len(counter.store.consents(one.id)) for one in counter.store.subscribers()}


# --- commands ---


@contextmanager
def printed() -> Iterator[Callable[[], str]]:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        yield out.getvalue


def exported(settings: Settings, *, as_yaml: bool = False) -> str:
    stream = io.StringIO()
    importing.export(settings, stream, as_yaml=as_yaml)
    return stream.getvalue()


TABLE = '''\
email,name,topics,languages,send_at,timezone,frequency
ada@example.org,"Lovelace, Ada",vision,en,09:30,UTC,daily
bob@example.org,,"foundations, vision","zh, en",06:45,Asia/Shanghai,weekly
=c@example.org,"""a"" # b: c",foundations,zh-Hant,23:59,America/New_York,daily
'''


def test_an_export_reads_back_in(settings: Settings, tmp_path: Path) -> None:
    """The identity for its columns, here and in another folder."""
    file = tmp_path / "a.csv"
    file.write_text(TABLE, "utf-8")
    order = Order(note=NOTE)
    assert 0 == importing.import_file(settings, file, order, tmp_path / "errors.csv", accept=False)
    out = exported(settings)
    assert sorted(TABLE.splitlines()) == sorted(out.splitlines())
    file.write_text(out, "utf-8")
    with printed() as text:
        assert 0 == importing.import_file(settings, file, order, tmp_path / "errors.csv", accept=False)
    assert "0 added, 0 changed, 3 unchanged." in text()
    assert out == exported(settings)
    assert not (tmp_path / "errors.csv").exists()


def test_an_export_is_entries_of_a_list(settings: Settings, tmp_path: Path) -> None:
    """Pasted below `subscribers:` they say the same; who left is not among them."""
    in_the_file = "  - email: eve@example.org\n    days: [mon, fri]\n    max_papers: 5\n    abstracts: none\n"
    with counter_of(settings) as counter:
        in_file(counter, in_the_file + "  - email: all@example.org\n    list: true\n")
        brought(counter, TABLE + "left@example.org,,,,,,\n")
        leave(counter, "left@example.org")
    text = exported(settings, as_yaml=True)
    found = parse(LIST.replace("subscribers: []\n", f"subscribers:\n{text}"), "a.yaml", tmp_path)
    assert () == found.findings
    with counter_of(settings) as counter:
        for reader in found.readers:
            known = counter.store.subscriber(reader.email)
            held = counter.store.reader(known.id) if known else None
            assert held
            assert (reader.name, reader.wishes, reader.send_at, reader.timezone, reader.days) == (
                held.name,
                held.wishes,
                held.send_at,
                held.timezone,
                held.days,
            )
    assert 5 == len(found.readers)


def test_errors_can_be_corrected_and_imported(settings: Settings, tmp_path: Path) -> None:
    """They have the columns of the table, and line and reason before them."""
    file, errors = tmp_path / "a.csv", tmp_path / "errors.csv"
    file.write_text("email;topics\nada@example.org;visoin\nbob@example.org;\n", "utf-8")
    order = Order(note=NOTE)
    with printed() as text:
        assert 1 == importing.import_file(settings, file, order, errors, accept=False)
    assert "1 row could not be used" in text()
    ((line, reason, email, _),) = list(csv.reader(errors.read_text("utf-8").splitlines()))[1:]
    assert ("2", "ada@example.org") == (line, email)
    assert "did you mean 'vision'" in reason
    errors.write_text(errors.read_text("utf-8").replace(",visoin", ",vision"), "utf-8")
    assert 0 == importing.import_file(settings, errors, order, tmp_path / "more.csv", accept=False)


def test_add(settings: Settings) -> None:
    """By command, with a topic and a note; who left is named and not added."""
    with printed() as text:
        assert 0 == importing.add(settings, ["ada@example.org", "bob@example.org"], ["vision"], "asked me at lunch")
    assert "ada@example.org: added\nbob@example.org: added\n" in text()
    with counter_of(settings) as counter:
        assert "vision" == what(counter, "ada@example.org", "topics")
        leave(counter, "bob@example.org")
    with printed() as text:
        assert 1 == importing.add(settings, ["bob@example.org", "nonsense", "ada@example.org"], [], "again")
    assert "bob@example.org: not added (left)" in text()
    assert "nonsense: not added: 'nonsense' is not an email address" in text()
    assert "ada@example.org: subscribed already" in text()
    with pytest.raises(ConfigurationError, match="did you mean 'vision'"):
        importing.add(settings, ["cy@example.org"], ["visoin"], "")
    with printed() as text:
        commands.show(settings, "ada@example.org", as_json=True)
    row = json.loads(text().splitlines()[-1])
    assert ("command", "asked me at lunch") == (row["source"], row["consents"][0]["note"])


def listed(settings: Settings) -> Mapping[str, str]:
    with printed() as text:
        commands.list_readers(settings, as_json=False)
    return {line.split()[0]: line for line in text().splitlines()}


def test_list_tells_where_they_come_from(settings: Settings) -> None:
    """The file's, a register's, both, and who is in no list any more; as JSON one object a line."""
    with counter_of(settings) as counter:
        in_file(counter, "  - ada@example.org\n  - gone@example.org\n")
        brought(counter, people("ada", "bob"), register="staff")
        in_file(counter, "  - ada@example.org\n  - email: eve@example.org\n    topics: vision\n")
    found = listed(settings)
    assert found["ada@example.org"].endswith("  from import, register staff, also in the file")
    assert found["bob@example.org"].endswith("foundations, vision; en; 09:30 UTC  from import, register staff")
    assert found["eve@example.org"].endswith("  active  vision; en; 09:30 UTC")
    assert found["gone@example.org"].endswith("  active  not in the file")
    with printed() as text:
        commands.list_readers(settings, as_json=True)
    rows = {row["email"]: row for row in map(json.loads, text().splitlines())}
    assert ("import", "staff", True) == tuple(rows["ada@example.org"][key] for key in ("source", "register", "in_file"))
    assert ("file", None, True) == tuple(rows["eve@example.org"][key] for key in ("source", "register", "in_file"))


def test_who_waits_for_approval(settings: Settings) -> None:
    """pending names them; approve makes a reader, decline none; both once."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        for name in ("ada", "bob"):
            counter.store.ask_to_join(
                JoinRequest(
                    email=f"{name}@example.org",
                    written=f"{name}@example.org",
                    given=(("topics", "vision"),),
                    language="en",
                    source=Source.PAGE,
                    consent="hash",
                    state=JoinState.CONFIRMED,
                    asked=MORNING,
                    confirmed=MORNING,
                )
            )
    with printed() as text:
        approving.pending(settings, as_json=True)
    assert ["ada@example.org", "bob@example.org"] == [json.loads(line)["email"] for line in text().splitlines()]
    with printed() as text:
        assert 0 == approving.settle(settings, ["ADA@example.org"], approved=True)
        assert 0 == approving.settle(settings, ["bob@example.org"], approved=False)
        assert 1 == approving.settle(settings, ["bob@example.org"], approved=True)
        approving.pending(settings, as_json=False)
    assert "ada@example.org is subscribed." in text()
    assert "bob@example.org: does not wait for approval" in text()
    assert text().endswith("Nobody waits for approval.\n")
    with counter_of(settings) as counter:
        assert "vision" == what(counter, "ada@example.org", "topics")
        assert what(counter, "bob@example.org", "topics") is None


# --- from the file into the ledger ---

FILE = """\
# Our newsletter.
subscribers:
  # The first ones.
  - ada@example.org  # since the beginning
  - email: bob@example.org
    topics: [vision]
    unsubscribed: 2026-03-01 by reply
  - {email: cy@example.org, languages: [zh, en], paused_until: 2099-04-01}
  - email: all@example.org
    list: true

# Topics are below.
topics:  # two
  foundations: {categories: [cs.LG], interests: Sparsity.}
  vision: {categories: [cs.CV], interests: Segmentation.}
"""


def test_the_file_s_readers_move(settings: Settings) -> None:
    """They keep what they have and how they stand; what is not an entry stays in the file; the guard lets it pass."""
    more = "".join(f"  - reader{n}@example.org\n" for n in range(12))
    settings.subscribers.write_text(FILE.replace("\n# Topics", f"{more}\n# Topics"), "utf-8")
    with printed() as text:
        assert 0 == commands.to_ledger(settings)
    assert "16 readers moved" in text()
    assert settings.subscribers.read_text("utf-8") == (
        "# Our newsletter.\nsubscribers:\n  # The first ones.\n  []\n" + FILE[FILE.index("\n# Topics") :]
    )
    with counter_of(settings) as counter:
        assert () == in_force.take_in(counter, in_force.look(counter)).findings
        assert "zh, en" == what(counter, "cy@example.org", "languages")
        assert (SubscriberState.PAUSED, SubscriberState.UNSUBSCRIBED) == (
            state(counter, "cy@example.org"),
            state(counter, "bob@example.org"),
        )
        assert 1 == len(counter.store.mailing_lists())
        leave(counter, "ada@example.org")
        in_file(counter, "  - ada@example.org\n")
        assert SubscriberState.UNSUBSCRIBED == state(counter, "ada@example.org")
    assert "from command" in listed(settings)["cy@example.org"]


def test_a_stop_in_between_loses_nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has them, the file still names them: nothing changes for anybody, and the next call does the rest."""
    from newsletter.subscribers import removing

    settings.subscribers.write_text(FILE, "utf-8")
    replaced = removing.replace_file

    def stop(path: Path, change: Callable[[bytes], bytes]) -> None:
        change(path.read_bytes())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(removing, "replace_file", stop)
    with pytest.raises(ConfigurationError, match="No space left"):
        commands.to_ledger(settings)
    assert FILE == settings.subscribers.read_text("utf-8")
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        assert "zh, en" == what(counter, "cy@example.org", "languages")
    monkeypatch.setattr(removing, "replace_file", replaced)
    assert 0 == commands.to_ledger(settings)
    assert "[]" in settings.subscribers.read_text("utf-8")


def test_a_file_with_mistakes_is_not_moved(settings: Settings) -> None:
    """An entry that cannot be read would be lost: it is named, and nothing changes."""
    text = FILE.replace("topics: [vision]", "topics: [visoin]")
    settings.subscribers.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match="visoin"):
        commands.to_ledger(settings)
    assert text == settings.subscribers.read_text("utf-8")
    with counter_of(settings) as counter:
        assert not counter.store.has_own_readers()


# --- beside the file ---


def test_a_default_is_everybody_s(counter: Counter, logs: Callable[[], list[str]]) -> None:
    """An edit of a default changes what readers of the file and of the ledger get, rewrites no row, and is one line;
    the guard counts the file's alone.
    """
    few = "".join(f"  - filed{n}@example.org\n" for n in range(4))
    in_file(counter, few)
    brought(counter, "email,send_at\n" + "".join(f"a{n}@example.org,\n" for n in range(40)) + "own@example.org,07:00\n")
    before = len(counter.store.hours())
    text = counter.subscribers.read_text("utf-8").replace("languages: [en]", "languages: [zh]\n  send_at: 10:15")
    counter.subscribers.write_text(text, "utf-8")
    logs()
    in_force.take_in(counter, in_force.look(counter))
    assert ["4 changed, send_at and languages changed"] == logs()
    assert {("10:15", "zh")} == {
        (what(counter, f"{name}@example.org", "send_at"), what(counter, f"{name}@example.org", "languages"))
        for name in ("filed3", "a0", "a39")
    }
    assert ("07:00", "zh") == tuple(what(counter, "own@example.org", key) for key in ("send_at", "languages"))
    assert before == len(counter.store.hours())
    counter.subscribers.write_text(text.replace(few, "  - filed0@example.org\n"), "utf-8")
    with pytest.raises(ConfigurationError, match="1 readers instead of 4"):
        in_force.look(counter)


@pytest.fixture
def logs() -> Iterator[Callable[[], list[str]]]:
    """What has been said of the list since the last call."""
    with capture_logs() as entries:

        def changes() -> list[str]:
            found = [one["changes"] for one in entries if one["event"] == "roster.changed"]
            entries.clear()
            return found

        yield changes
