"""The ledger keeps the promises of `ports.Store`, in a file and in memory."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.errors import DataFolderLocked, StoreUnreadable
from newsletter.models import (
    REPEATED,
    Claim,
    Delivery,
    DeliveryState,
    Hours,
    IssueState,
    Preference,
    PrintedPaper,
    Ranked,
    Reader,
    Score,
    Slotted,
    Source,
    SubscriberState,
    Usage,
    Usual,
    Wishes,
)
from newsletter.store import Store, open_store
from newsletter.store.lock import hold, hold_ledger
from newsletter.store.tables import REVISION, issue
from newsletter.store.tables import edition as edition_table
from tests.factories import a_letterhead, a_paper
from tests.ledger import FRIDAY, MONDAY, NOW, TUESDAY, a_delivery, a_rendered, an_issue, received


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    """Threads need a connection each, which memory does not have."""
    opened = open_store(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def planned(store: Store, *emails: str, issues: tuple[date, ...] = (MONDAY,), edition: str = "k1") -> list[Delivery]:
    """Enrol these readers, plan a mail for each, and give back the ledger's rows."""
    people = store.enrol(emails, NOW)
    store.save_edition(a_rendered(edition))
    store.plan([a_delivery(people[email.lower()].id, email, issues=issues, edition=edition) for email in emails])
    return [mail for mail in store.deliveries() if mail.email in emails and mail.edition == edition]


def both(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """What two functions give that are started at the same moment on two threads."""
    barrier, given = threading.Barrier(2), [None, None]  # type: list[object]

    def run(place: int, work: Callable[[], object]) -> None:
        barrier.wait()
        given[place] = work()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


# --- opening --------------------------------------------------------------------


def test_reopened(tmp_path: Path) -> None:
    """What was committed is there when the file is opened again."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    first = open_store(url)
    first.save_issue(an_issue())
    first.close()
    second = open_store(url)
    assert second.issue(MONDAY) == an_issue()
    second.close()


def test_survives_power_cuts(file_store: Store) -> None:
    """A commit waits for the disk, and readers do not wait for writers."""
    with file_store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_opened_by_two_at_once(tmp_path: Path) -> None:
    """Two processes that open a new ledger at the same moment both get it."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    for opened in both(lambda: open_store(url), lambda: open_store(url)):
        assert isinstance(opened, Store)
        opened.close()


def make_damaged(path: Path) -> None:
    path.write_bytes(b"This is no database at all, only a text that is long enough to look like one." * 20)


def make_foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE album (title TEXT)")


def make_newer(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.execute("UPDATE meta SET value = '0998' WHERE key = 'schema.oldest'")
        connection.commit()


def tables(path: Path) -> list[str] | None:
    """What the database holds; None where it is none."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())
    except sqlite3.DatabaseError:
        return None


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (make_damaged, "file is not a database"),
        (make_foreign, "this database belongs to another program"),
        (make_newer, f"schema 0999, created by a newer version; this version supports {REVISION}, upgrade it"),
        (Path.mkdir, "unable to open database file"),
    ],
)
def test_unreadable(tmp_path: Path, make: Callable[[Path], None], problem: str) -> None:
    """A file that is not our ledger is refused by its name, with the remedy, and nothing is added to it."""
    path = tmp_path / "ledger.db"
    make(path)
    before = tables(path)
    with pytest.raises(StoreUnreadable) as error:
        open_store(f"sqlite:///{path}")
    remedy = "restore a backup, or set NEWSLETTER_DATA_DIR to an empty folder"
    assert str(error.value) == f"{path}: {problem}; {remedy}"
    assert tables(path) == before


def test_lock(tmp_path: Path) -> None:
    """One holder at a time works in a data folder; the next is told who it is, and gets it afterwards."""
    with hold(tmp_path, "serve"), pytest.raises(DataFolderLocked, match=r"in use by newsletter serve \(process \d+\)"):
        hold(tmp_path, "run").__enter__()
    with hold(tmp_path, "run"):
        assert (tmp_path / "lock").read_text().startswith("newsletter run")


def test_lock_that_is_not_signed_yet(tmp_path: Path) -> None:
    """Between taking a lock and signing it the next one waits for the name; without one it says "another process"."""
    with hold(tmp_path, "serve"), (tmp_path / "lock").open("r+", encoding="utf-8") as file:
        signature = file.read()
        file.truncate(0)
        with pytest.raises(DataFolderLocked, match="in use by another process"):
            hold(tmp_path, "run").__enter__()
        with ThreadPoolExecutor(1) as pool:
            refused = pool.submit(hold(tmp_path, "run").__enter__)
            file.seek(0)
            file.write(signature)
            file.flush()
            assert f"in use by {signature}" in str(refused.exception(10))
    assert "" == (tmp_path / "lock").read_text(), "a name that stays would be told of the next holder"


def test_lock_of_a_ledger(tmp_path: Path) -> None:
    """A ledger has one holder, whatever way its path is written."""
    database, other = tmp_path / "ledger.db", tmp_path / "other"
    other.symlink_to(tmp_path)
    with (
        hold_ledger(database, "serve"),
        pytest.raises(DataFolderLocked, match=r"ledger\.db is in use by newsletter serve"),
    ):
        hold_ledger(other / "ledger.db", "run").__enter__()
    with hold_ledger(other / "ledger.db", "run"), hold_ledger(tmp_path / "second.db", "run"):
        pass


def test_a_read_is_one_snapshot(file_store: Store) -> None:
    """What is written while somebody reads is not seen by halves, and waits for nobody."""
    with file_store._reading() as connection:
        count = select(func.count()).select_from(issue)
        assert connection.scalar(count) == 0
        file_store.save_issue(an_issue())
        assert connection.scalar(count) == 0
    assert file_store.issue(MONDAY) == an_issue()


def test_lock_waits(tmp_path: Path) -> None:
    """Whoever waits for the folder gets it when the holder is done."""
    got = threading.Event()

    def wait_for_it() -> None:
        with hold(tmp_path, "serve", wait=True):
            got.set()

    waiting = threading.Thread(target=wait_for_it)
    with hold(tmp_path, "run"):
        waiting.start()
        assert not got.wait(0.1)
    assert got.wait(5)
    waiting.join()


# --- papers ---------------------------------------------------------------------


def test_nothing_yet(store: Store) -> None:
    """A new ledger is empty, and asking it is no error."""
    assert store.known(["2603.00001"]) == {}
    assert store.watched() == {}
    assert store.issue(MONDAY) is None
    assert store.issues() == []
    assert store.papers(MONDAY) == []
    assert store.paper("2603.00001") is None
    assert store.subscriber("ada@example.org") is None
    assert store.edition("k1") is None
    assert received(store) == set()
    assert claim(store, "me", 1, NOW) == []
    assert (store.hours(), store.wishes(), list(store.pages(1))) == ({}, [], [])
    assert (store.unsent(DeliveryState), store.troubled(MONDAY, 5)) == ((0, None), (0, []))
    assert store.delivery_counts(MONDAY) == {}


def test_collection(store: Store) -> None:
    """A collected issue gives back its papers whole, older ones as seen, and its categories as watched."""
    full = a_paper(1, version=3, comment="12 pages", journal_ref="J. 1", doi="10.1/x", abstract="$a<b$ 中文 \u2028")
    store.save_collection(an_issue(missing=("2603.9",), notes=("n",)), [full, a_paper(2)], [a_paper(3)], ["cs.LG"])
    assert store.papers(MONDAY) == [full, a_paper(2)]
    assert store.paper("2603.00001") == (full, MONDAY)
    assert store.paper("2603.00003") == (a_paper(3), None)
    assert store.known(["2603.00001", "2603.00003", "2603.00009"]) == {"2603.00001": MONDAY, "2603.00003": None}
    assert store.watched() == {"cs.LG": MONDAY}
    assert store.issue(MONDAY) == an_issue(missing=("2603.9",), notes=("n",))


def test_collection_repeated(store: Store) -> None:
    """Recording the same collection again changes nothing."""
    for _ in range(2):
        store.save_collection(an_issue(), [a_paper(1)], [a_paper(2)], ["cs.LG"])
    assert store.papers(MONDAY) == [a_paper(1)]
    assert store.issues() == [an_issue()]
    assert store.watched() == {"cs.LG": MONDAY}


def test_first_issue_wins(store: Store) -> None:
    """A paper belongs to the issue that announced it first, in the version of that day, and seen stays seen."""
    store.save_collection(an_issue(), [a_paper(1)], [a_paper(2)], ["cs.LG"])
    again = [a_paper(1, version=2, title="New title"), a_paper(2), a_paper(3)]
    store.save_collection(an_issue(TUESDAY), again, [], ["cs.LG", "cs.CL"])
    assert store.papers(MONDAY) == [a_paper(1)]
    assert store.papers(TUESDAY) == [a_paper(3)]
    assert store.paper("2603.00002") == (a_paper(2), None)
    assert store.watched() == {"cs.LG": MONDAY, "cs.CL": TUESDAY}


def test_collection_is_whole(store: Store) -> None:
    """A collection that cannot be recorded whole is not recorded at all."""
    with pytest.raises(Exception, match="zone"):
        store.save_collection(an_issue(), [a_paper(1), a_paper(2, published=datetime(2026, 3, 6))], [], ["cs.LG"])  # noqa: DTZ001
    assert store.issue(MONDAY) is None
    assert store.known(["2603.00001"]) == {}


def test_many_ids(store: Store) -> None:
    """More ids than one statement can carry are no error."""
    papers = [a_paper(number) for number in range(1, 1203)]
    store.save_collection(an_issue(), papers, [], [])
    assert len(store.known([paper.arxiv_id for paper in papers] * 30)) == 1202


def test_issues_newest_first(store: Store) -> None:
    """Issues come newest first, at most as many as asked for, in their newest state."""
    for day in (MONDAY, TUESDAY, FRIDAY):
        store.save_issue(an_issue(day))
    store.save_issue(an_issue(FRIDAY, state=IssueState.READY, picked=7, model="m"))
    assert [issue.date for issue in store.issues()] == [TUESDAY, MONDAY, FRIDAY]
    assert [issue.date for issue in store.issues(1)] == [TUESDAY]
    assert store.issue(FRIDAY) == an_issue(FRIDAY, state=IssueState.READY, picked=7, model="m")


# --- judgements -----------------------------------------------------------------

ONE, TWO = Score("2603.00001", 9, 7), Score("2603.00002", 1, 10)
SCORED = {a_paper(1): ONE, a_paper(2): TWO}


def test_ranks(store: Store) -> None:
    """A place comes back as it was saved last, and an issue with what was noted of its models."""
    first = Ranked(value=0.5, trained=True, fate="picked as number 1 of 2", place=1)
    store.save_ranks("t", {a_paper(1): first, a_paper(2): Ranked(value=0.25)})
    assert store.ranks("t", [a_paper(1), a_paper(2)]) == {"2603.00001": first, "2603.00002": Ranked(value=0.25)}
    store.save_issue(an_issue(notes=("late",), model_notes=("model m: busy",), budget_reached=True))
    held = store.issue(MONDAY)
    assert held is not None
    assert (held.all_notes, held.budget_reached) == (("late", "model m: busy"), True)


def test_scores(store: Store) -> None:
    """An answer is found again, a second one of the same question takes its place, and both were paid for."""
    store.save_issue(an_issue())
    store.save_scores(MONDAY, "topic", "prompt", "model", SCORED, Usage(100, 20, 0.25))
    store.save_scores(MONDAY, "topic", "prompt", "model", {a_paper(2): replace(TWO, novelty=3)}, Usage(10, 2, 0.5))
    found = store.scores("topic", "prompt", ["model"], [a_paper(1), a_paper(2), a_paper(3)])
    assert found == {"2603.00001": ONE, "2603.00002": replace(TWO, novelty=3)}
    issue = store.issue(MONDAY)
    assert issue is not None
    assert issue.usage == Usage(110, 22, 0.75)


@pytest.mark.parametrize(
    ("topic", "prompt", "model", "paper"),
    [
        ("other", "prompt", "model", a_paper(1)),
        ("topic", "other", "model", a_paper(1)),
        ("topic", "prompt", "other", a_paper(1)),
        ("topic", "prompt", "model", a_paper(1, version=2)),
    ],
)
def test_scores_of_another_question(store: Store, topic: str, prompt: str, model: str, paper: Any) -> None:
    """An answer counts only for the same topic, prompt, model and version."""
    store.save_scores(MONDAY, "topic", "prompt", "model", SCORED, Usage())
    assert store.scores(topic, prompt, [model], [paper]) == {}


@pytest.mark.parametrize(
    ("costs", "expected"),
    [([], 0.0), ([0.25, 0.5], 0.75), ([0.25, None], None), ([None], None), ([0.0], 0.0)],
)
def test_cost(store: Store, costs: list[float | None], expected: float | None) -> None:
    """The cost of an issue is the sum of its own calls, and unknown as soon as one of them is."""
    store.save_issue(an_issue())
    store.save_scores(TUESDAY, "t", "p", "m", {}, Usage(1000, 1000, 1000.0))
    for cost in costs:
        store.save_scores(MONDAY, "t", "p", "m", {}, Usage(10, 1, cost))
    issue = store.issue(MONDAY)
    assert issue is not None
    assert issue.usage == Usage(10 * len(costs), len(costs), expected)
    assert store.issues()[-1].usage == issue.usage


def test_summary(store: Store) -> None:
    """Lines and reasons are found again by language and topic; one that failed its check was answered too."""
    store.save_issue(an_issue())
    lines, reasons = {"en": "A line.", "zh": None}, {("h1", "en"): "a reason", ("h2", "zh"): None}
    store.save_summary(MONDAY, a_paper(1), "prompt", "model", lines, reasons, Usage(7, 3, 0.5))
    papers = [a_paper(1), a_paper(2)]
    found = store.lines(["en", "zh", "de"], "prompt", ["model"], papers)
    assert found == {("2603.00001", "en"): "A line.", ("2603.00001", "zh"): None}
    assert store.lines(["en"], "prompt", ["model"], papers) == {("2603.00001", "en"): "A line."}
    found = store.reasons(["en", "zh"], ["h1", "h2", "h3"], "prompt", ["model"], papers)
    assert found == {("2603.00001", "h1", "en"): "a reason", ("2603.00001", "h2", "zh"): None}
    assert store.issues()[0].usage == Usage(7, 3, 0.5)


@pytest.mark.parametrize(
    ("prompt", "model", "paper"),
    [("other", "model", a_paper(1)), ("prompt", "other", a_paper(1)), ("prompt", "model", a_paper(1, version=2))],
)
def test_summary_of_another_question(store: Store, prompt: str, model: str, paper: Any) -> None:
    """A line counts only for the same prompt, model and version, and so does a reason."""
    store.save_summary(MONDAY, a_paper(1), "prompt", "model", {"en": "A line."}, {("h", "en"): "a reason"}, Usage())
    assert store.lines(["en"], prompt, [model], [paper]) == {}
    assert store.reasons(["en"], ["h"], prompt, [model], [paper]) == {}


# --- readers --------------------------------------------------------------------


def test_enrol(store: Store) -> None:
    """An address is one subscriber, in any case, with the same id for ever."""
    first = store.enrol(["Ada@Example.org", "ada@example.org", "JÖRG@example.org"], NOW)
    assert set(first) == {"ada@example.org", "jörg@example.org"}
    later = store.enrol(["ADA@example.org", "new@example.org"], NOW + timedelta(days=1))
    assert later["ada@example.org"] == first["ada@example.org"]
    assert later["new@example.org"].added == NOW + timedelta(days=1)
    ada = first["ada@example.org"]
    assert (ada.state, ada.why, ada.since, ada.added) == (SubscriberState.ACTIVE, None, NOW, NOW)
    assert store.subscriber("aDa@example.ORG") == store.subscriber(ada.id) == ada
    assert [one.email for one in store.subscribers()] == ["ada@example.org", "jörg@example.org", "new@example.org"]


def test_enrol_by_two(file_store: Store) -> None:
    """Two who enrol the same readers at the same moment agree on their ids."""
    emails = [f"reader{number}@example.org" for number in range(50)]
    first, second = both(lambda: file_store.enrol(emails, NOW), lambda: file_store.enrol(emails, NOW))
    assert first == second
    assert len(file_store.subscribers()) == 50


@pytest.mark.parametrize("number", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_id_ends(store: Store, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ids of all 64 bits go through the ledger unchanged, in subscribers, mails and what was received."""
    monkeypatch.setattr(secrets, "randbits", lambda _bits: number)
    (mail,) = planned(store, "ada@example.org")
    assert mail.subscriber_id == number
    assert received(store) == {(number, MONDAY)}
    assert store.deliveries(reader=number) == [mail]
    found = store.subscriber(number)
    assert found is not None
    assert found.id == number
    assert claim(store, "me", 1, NOW)[0].subscriber_id == number


def test_leaving_is_kept(store: Store) -> None:
    """Whoever has left stays left when the file names them again."""
    ada = store.enrol(["ada@example.org"], NOW)["ada@example.org"]
    later = NOW + timedelta(hours=1)
    store.set_subscriber(ada.id, SubscriberState.UNSUBSCRIBED, "by reply", later)
    left = replace(ada, state=SubscriberState.UNSUBSCRIBED, why="by reply", since=later)
    assert store.enrol(["Ada@example.org"], later)["ada@example.org"] == left
    assert store.subscriber(ada.id) == left


def test_first_time(store: Store) -> None:
    """An inbound message is new once; the same id from another source is another message."""
    assert store.first_time("imap", "<1@x>", "unsubscribe", NOW) is True
    assert store.first_time("imap", "<1@x>", "ignore", NOW) is False
    assert store.first_time("hook", "<1@x>", "unsubscribe", NOW) is True


def test_first_time_for_one_of_two(file_store: Store) -> None:
    """Of two who record the same message at the same moment one is the first."""
    ask = lambda: file_store.first_time("imap", "<1@x>", "unsubscribe", NOW)  # noqa: E731
    assert sorted(map(bool, both(ask, ask))) == [False, True]


# --- the subscriber list --------------------------------------------------------

EN, ZH = Wishes(topics=("moe",), languages=("en", "de")), Wishes(topics=("nlp",), languages=("zh", "en"))
HOURS = ("send_at", "wait_until", "timezone", "days", "weekly")
ADA_STATED = (("languages", "en, de"), ("send_at", "06:45"))


def a_reader(email: str = "Ada@example.org", **changes: Any) -> Reader:
    values: dict[str, Any] = {
        "email": email,
        "wishes": EN,
        "send_at": time(6, 45),
        "wait_until": time(12),
        "timezone": "Asia/Shanghai",
        "days": frozenset({1, 5}),
    }
    return Reader(**values | changes)


def listed(store: Store, *readers: Reader) -> list[int]:
    """Put a list of these readers in force; their ids."""
    people = store.enrol([one.email for one in readers], NOW)
    entries = [(people[one.email.lower()].id, one) for one in readers]
    store.replace_roster(entries)
    return [one for one, _ in entries]


def getting_mail(store: Store) -> set[str]:
    return {one.email for number in store.hours() for page in store.pages(number) for one in page}


def test_reader(store: Store) -> None:
    """A reader comes back as they were listed, also while they get no mail, and not once they are off the list."""
    first = a_reader(name="Ada", stated=ADA_STATED, line=7)
    ada, bob = listed(store, first, a_reader("bob@example.org", wishes=ZH))
    assert store.reader(ada) == replace(first, line=0)
    store.set_subscriber(ada, SubscriberState.UNSUBSCRIBED, None, NOW)
    assert store.reader(ada) == replace(first, line=0)
    assert store.reader_languages() == ("en", "de", "zh")
    listed(store, a_reader("bob@example.org", wishes=ZH))
    assert store.reader(ada) is None
    assert store.reader(7) is None
    assert store.reader(bob) is not None
    assert store.reader_languages() == ("zh", "en")


def test_reader_of_an_old_ledger(store: Store) -> None:
    """What the file said of a reader is not known until it is read again."""
    (ada,) = listed(store, a_reader(stated=ADA_STATED))
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE reader SET stated = NULL")
    assert store.reader(ada) == a_reader()


def test_an_entry_lies_over_what_a_reader_of_the_ledger_has(store: Store) -> None:
    """Readers whom no file brought stay in force without it; an entry of theirs counts until it is deleted."""
    hours = Hours(**{key: getattr(a_reader(), key) for key in HOURS})
    store.remember_usual(Usual(hours=hours, wishes=EN, topics=("moe", "nlp")))
    ada = store.enrol(["Ada@example.org"], NOW)["ada@example.org"].id
    own = a_reader(name="Ada", timezone="Europe/Rome", source=Source.PAGE, in_file=False)
    store.put_readers([(ada, own)])
    listed(store, a_reader("eve@example.org"))
    assert getting_mail(store) == {"Ada@example.org", "eve@example.org"}
    assert store.reader(ada) == own == store.own_readers([ada])[ada]
    store.put_readers([(ada, own)])
    listed(store, a_reader(name="Another", wishes=ZH, stated=ADA_STATED))
    laid_over = store.reader(ada)
    assert laid_over == a_reader(name="Another", wishes=ZH, stated=ADA_STATED, source=Source.PAGE)
    assert store.own_readers([ada])[ada].timezone == "Europe/Rome"
    moved = replace(own, timezone="Europe/Paris", source=Source.IMPORT)
    store.put_readers([(ada, moved)])
    assert store.reader(ada) == replace(laid_over, source=Source.IMPORT)
    listed(store, a_reader("eve@example.org"))
    assert store.reader(ada) == replace(moved, name="Another")
    assert store.wishes() == [EN]


def test_a_changed_default_holds_for_readers_of_the_ledger(store: Store) -> None:
    """They keep what they chose; of the rest no row changes. A topic that is gone is left out."""
    hours = Hours(**{key: getattr(a_reader(), key) for key in HOURS})
    store.remember_usual(Usual(hours=hours, wishes=EN, topics=("moe", "nlp")))
    ids = [one.id for one in store.enrol(["a@example.org", "b@example.org"], NOW).values()]
    chosen = (a_reader("a@example.org"), a_reader("b@example.org", send_at=time(5), wishes=ZH))
    store.put_readers(
        [(who, replace(one, source=Source.EMAIL, in_file=False)) for who, one in zip(ids, chosen, strict=True)]
    )
    later = Usual(
        hours=replace(hours, send_at=time(8), timezone="UTC"), wishes=replace(EN, topics=("a",)), topics=("a",)
    )
    store.remember_usual(later)
    found = [store.reader(who) for who in ids]
    assert [(one.send_at, one.timezone, one.wishes.topics) for one in found if one] == [
        (time(8), "UTC", ("a",)),
        (time(5), "UTC", ("a",)),
    ]
    assert [one.wishes.languages for one in found if one] == [("en", "de"), ("zh", "en")]


def test_change_reader(store: Store) -> None:
    """Preferences and the row change together, for this reader alone, and the address stays as it is written."""
    bob = a_reader("bob@example.org")
    ids = listed(store, a_reader(name="Ada"), bob)
    changed = a_reader("ADA@example.org", name="Countess", wishes=ZH, send_at=time(8), stated=ADA_STATED)
    kept = Preference(
        subscriber_id=ids[0], email="ada@example.org", key="languages", value="zh, en", in_file=None, at=NOW
    )
    store.change_reader(ids[0], changed, [kept])
    assert store.reader(ids[0]) == replace(changed, email="Ada@example.org")
    assert store.reader(ids[1]) == bob
    assert store.preferences() == [kept]
    store.change_reader(ids[0], a_reader(), [])
    assert store.reader(ids[0]) == a_reader()
    assert store.preferences() == [kept]


def test_change_of_a_reader_is_whole(store: Store) -> None:
    """Where the preferences cannot be kept the row stays as it was."""
    (ada,) = listed(store, a_reader())
    stranger = Preference(subscriber_id=7, email="?", key="languages", value="zh", in_file=None, at=NOW)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        store.change_reader(ada, a_reader(wishes=ZH), [stranger])
    assert store.reader(ada) == a_reader()


# --- one-time links and notes ---------------------------------------------------


def test_ticket(store: Store) -> None:
    """A ticket is valid for its purpose until it expires or is used, and is never issued anew."""
    payload = {"email": "ada@example.org", "topics": ["moe"]}
    store.issue_ticket("h1", "confirm", payload, NOW + timedelta(hours=1))
    assert store.ticket("h1", "confirm", NOW) == payload
    for ask in (store.ticket, store.use_ticket):
        assert ask("h2", "confirm", NOW) is None
        assert ask("h1", "sign-in", NOW) is None
        assert ask("h1", "confirm", NOW + timedelta(hours=1)) is None
    assert store.use_ticket("h1", "confirm", NOW) == payload
    assert store.use_ticket("h1", "confirm", NOW) is None
    assert store.ticket("h1", "confirm", NOW) is None
    store.issue_ticket("h1", "confirm", payload, NOW + timedelta(hours=2))
    assert store.ticket("h1", "confirm", NOW) is None


def test_ticket_for_one_of_two(file_store: Store) -> None:
    """Of two who use a ticket at the same moment one gets its payload."""
    for number in range(20):
        file_store.issue_ticket(f"h{number}", "confirm", {"n": number}, NOW + timedelta(hours=1))
        use = lambda: file_store.use_ticket(f"h{number}", "confirm", NOW)  # noqa: B023, E731
        given = both(use, use)
        assert sorted(given, key=str) == [None, {"n": number}]


def test_notes(store: Store) -> None:
    """A note is there until the next one under its key."""
    assert store.recall("roster") is None
    store.remember("roster", "a")
    store.remember("roster", "b")
    assert store.recall("roster") == "b"


def test_texts_of_a_topic(store: Store) -> None:
    """Every text of a topic is kept with the time when it was first noted, the newest first."""
    store.note_topics([("moe", "h1", "Experts."), ("nlp", "h1", "Words.")], NOW)
    store.note_topics([("moe", "h2", "Routers.")], NOW + timedelta(days=1))
    store.note_topics([("moe", "h1", "Experts.")], NOW + timedelta(days=2))
    assert store.topic_texts("moe") == [("h2", "Routers.", NOW + timedelta(days=1)), ("h1", "Experts.", NOW)]
    assert store.topic_texts("nlp") == [("h1", "Words.", NOW)]
    assert store.topic_texts("vision") == []


# --- mails ----------------------------------------------------------------------


def test_edition_is_immutable(store: Store) -> None:
    """An edition comes back byte for byte with its slots, and a second one under its key changes nothing."""
    store.save_edition(a_rendered())
    store.save_edition(a_rendered(subject="Another", body=Slotted(b"other")))
    assert store.edition("k1") == a_rendered()
    assert store.edition("k2") is None


def test_papers_of_a_mail(store: Store) -> None:
    """What a reader was shown is known by the Message-ID of their mail."""
    shown = (PrintedPaper("2603.00002", 1, 1, "moe"), PrintedPaper("quant-ph/0201082", None, 2, None))
    store.save_edition(a_rendered(papers=shown))
    (mail,) = planned(store, "ada@example.org")
    assert store.papers_of(mail.message_id) == shown
    assert store.edition("k1") == a_rendered(papers=shown)
    assert store.papers_of("<another@example.org>") == ()


def test_plan(store: Store) -> None:
    """A planned mail is there as it was planned, queued and not tried, and counts as received for all its issues."""
    (mail,) = planned(store, "Ada@example.org", issues=(FRIDAY, MONDAY))
    who = store.enrol(["ada@example.org"], NOW)["ada@example.org"].id
    assert mail == replace(a_delivery(who, "Ada@example.org", issues=(FRIDAY, MONDAY)), id=mail.id)
    assert received(store) == {(who, FRIDAY), (who, MONDAY)}
    assert store.deliveries([DeliveryState.ACCEPTED]) == []
    assert store.deliveries([DeliveryState.QUEUED]) == [mail]


@pytest.mark.parametrize("second", [(MONDAY,), (FRIDAY, MONDAY), (MONDAY, TUESDAY)])
def test_planned_once(store: Store, second: tuple[date, ...]) -> None:
    """A mail with an issue that the reader has had is left out whole, and the others are planned."""
    (first,) = planned(store, "ada@example.org")
    store.save_edition(a_rendered("k2"))
    bob = store.enrol(["bob@example.org"], NOW)["bob@example.org"].id
    mails = [
        a_delivery(first.subscriber_id, "ada@example.org", second, "k2"),
        a_delivery(bob, "bob@example.org", second, "k2"),
    ]
    assert store.plan(mails) == 1
    assert store.plan(mails) == 0
    assert [mail.email for mail in store.deliveries()] == ["ada@example.org", "bob@example.org"]


def test_planned_once_by_two(file_store: Store) -> None:
    """Two who plan the same mails at the same moment plan each of them once."""
    emails = [f"reader{number}@example.org" for number in range(40)]
    people = file_store.enrol(emails, NOW)
    file_store.save_edition(a_rendered())
    mails = [a_delivery(people[email].id, email) for email in emails]
    counts = both(lambda: file_store.plan(mails), lambda: file_store.plan(mails))
    assert sum(count for count in counts if isinstance(count, int)) == 40
    assert len(file_store.deliveries()) == 40
    assert len(received(file_store)) == 40


def test_plan_needs_its_edition(store: Store) -> None:
    """A mail of an edition that is not stored cannot be planned: its bytes would be lost."""
    who = store.enrol(["ada@example.org"], NOW)["ada@example.org"].id
    with pytest.raises(LookupError, match="edition"):
        store.plan([a_delivery(who, "ada@example.org", edition="nowhere")])
    assert received(store) == set()


def claim(store: Store, owner: str, limit: int, now: datetime, only: str | None = None) -> Sequence[Delivery]:
    return store.turn([], Claim(owner=owner, limit=limit, now=now, only=only))


def test_claim(store: Store) -> None:
    """A claim commits mails as sending, counts the try, and gives each to one owner only."""
    one, two, three = planned(store, "a@example.org", "b@example.org", "c@example.org")
    claimed = claim(store, "me", 2, NOW)
    assert claimed == [replace(mail, state=DeliveryState.SENDING, owner="me", attempts=1) for mail in (one, two)]
    assert [mail.id for mail in claim(store, "you", 2, NOW)] == [three.id]
    assert claim(store, "you", 2, NOW) == []
    assert {mail.owner for mail in store.deliveries([DeliveryState.SENDING])} == {"me", "you"}


def test_claim_when_due(store: Store) -> None:
    """A mail that waits is not claimed before its time, and does not hold up the others."""
    one, two = planned(store, "a@example.org", "b@example.org")
    store.finish(replace(one, not_before=NOW + timedelta(minutes=5), error="later"))
    assert [mail.id for mail in claim(store, "me", 10, NOW)] == [two.id]
    assert claim(store, "me", 10, NOW + timedelta(minutes=4, seconds=59)) == []
    assert [mail.id for mail in claim(store, "me", 10, NOW + timedelta(minutes=5))] == [one.id]


@pytest.mark.parametrize("only", ["jörg@example.org", "JÖRG@EXAMPLE.ORG"])
def test_claim_of_one_reader(store: Store, only: str) -> None:
    """A claim for one address takes nobody else's mail, whatever the case it is written in."""
    _, mine = planned(store, "ada@example.org", "Jörg@example.org")
    assert [mail.id for mail in claim(store, "me", 10, NOW, only)] == [mine.id]
    assert claim(store, "me", 10, NOW, only) == []


@pytest.mark.parametrize(
    "state", [state for state in SubscriberState if state is not SubscriberState.ACTIVE], ids=lambda state: state.value
)
def test_claim_skips_who_left(store: Store, state: SubscriberState) -> None:
    """Whoever left after the mail was planned gets nothing, the others do."""
    one, two, three = planned(store, "a@example.org", "b@example.org", "c@example.org")
    for mail in (one, two):
        store.set_subscriber(mail.subscriber_id, state, "by reply", NOW)
    assert [mail.id for mail in claim(store, "me", 1, NOW)] == [three.id]
    assert store.deliveries([DeliveryState.SKIPPED]) == [replace(m, state=DeliveryState.SKIPPED) for m in (one, two)]
    assert store.delivery_counts(MONDAY) == {"sending": 1, "skipped": 2}


def test_claim_is_full_though_some_left(store: Store) -> None:
    """Calls that carry hundreds of mails stay full: the next ones have the places of those who left."""
    mails = planned(store, *(f"reader{number}@example.org" for number in range(9)))
    for mail in (mails[0], mails[2], mails[3], mails[8]):
        store.set_subscriber(mail.subscriber_id, SubscriberState.UNSUBSCRIBED, "by reply", NOW)
    assert [mail.id for mail in claim(store, "me", 3, NOW)] == [mails[n].id for n in (1, 4, 5)]
    assert [mail.id for mail in claim(store, "me", 3, NOW)] == [mails[n].id for n in (6, 7)]


def test_claimed_by_one_of_two(file_store: Store) -> None:
    """Two who claim at the same moment never get the same mail, and leave none behind."""
    mails = planned(file_store, *(f"reader{number}@example.org" for number in range(40)))

    def claim_all(owner: str) -> list[int]:
        claimed = []
        while some := claim(file_store, owner, 3, NOW):
            claimed += [mail.id for mail in some]
        return claimed

    mine, yours = both(lambda: claim_all("me"), lambda: claim_all("you"))
    assert isinstance(mine, list)
    assert isinstance(yours, list)
    assert sorted(mine + yours) == [mail.id for mail in mails]


def test_finish(store: Store) -> None:
    """The outcome of a mail is recorded, and nothing else of it changes."""
    planned(store, "ada@example.org")
    (claimed,) = claim(store, "me", 1, NOW)
    finished = replace(
        claimed, state=DeliveryState.QUEUED, owner=None, not_before=NOW + timedelta(minutes=1), error="451 later"
    )
    store.finish(replace(finished, email="somebody@else.org", message_id="<other>"))
    assert store.deliveries() == [finished]


def test_turn(store: Store) -> None:
    """Outcomes are recorded and the next mails claimed behind a place in the queue, in one step."""
    one, two, three, four = planned(store, *(f"{name}@example.org" for name in "abcd"))
    claimed = claim(store, "me", 2, NOW)
    done = [replace(mail, state=DeliveryState.ACCEPTED, owner=None) for mail in claimed]
    assert [mail.id for mail in store.turn(done, Claim(owner="me", limit=1, now=NOW, after=three.id))] == [four.id]
    assert [mail.id for mail in store.deliveries([DeliveryState.ACCEPTED])] == [one.id, two.id]
    assert store.turn([], Claim(owner="me", limit=9, now=NOW, after=four.id)) == []
    assert [mail.id for mail in store.turn([], Claim(owner="me", limit=9, now=NOW))] == [three.id]
    assert store.turn([], Claim(owner="me", limit=0, now=NOW)) == []


@pytest.mark.parametrize("change", [{"owner": "you"}, {"state": DeliveryState.BOUNCED}, {"owner": None}])
def test_turn_of_somebody_elses_mail(store: Store, change: dict[str, Any]) -> None:
    """An outcome that comes too late changes nothing: the mail is another's by now, or more is known of it."""
    planned(store, "ada@example.org")
    (claimed,) = claim(store, "me", 1, NOW)
    store.finish(replace(claimed, **change))
    store.turn([replace(claimed, state=DeliveryState.ACCEPTED, owner=None)], Claim(owner="me", limit=0, now=NOW))
    assert store.deliveries() == [replace(claimed, **change)]


@pytest.mark.parametrize(
    ("state", "attempts", "repeated"),
    [
        (DeliveryState.SENDING, 1, True),
        (DeliveryState.SENDING, 9, True),
        (DeliveryState.UNKNOWN, 1, True),
        (DeliveryState.UNKNOWN, 2, False),
        (DeliveryState.QUEUED, 1, False),
        (DeliveryState.ACCEPTED, 1, False),
        (DeliveryState.FAILED, 1, False),
        (DeliveryState.SKIPPED, 1, False),
    ],
)
def test_recover(store: Store, state: DeliveryState, attempts: int, repeated: bool) -> None:
    """Emails in flight at a stop are queued again and named; so is one whose outcome nobody knows, once."""
    (mail,) = planned(store, "ada@example.org")
    left = replace(mail, state=state, attempts=attempts, owner="gone", not_before=NOW)
    store.finish(left)
    again = replace(left, state=DeliveryState.QUEUED, owner=None, not_before=None, error=REPEATED)
    assert store.recover("me") == repeated
    assert store.deliveries() == [again if repeated else left]
    assert store.recover("me") == 0


def test_revive(store: Store) -> None:
    """What was refused for good is queued again for one reader, as far as it is news; nothing else changes."""
    old, mine, other = planned(store, "old@example.org", "mine@example.org", "other@example.org")
    for one in (old, mine, other):
        store.finish(replace(one, state=DeliveryState.FAILED, attempts=3, error="550"))
    assert store.revive(mine.subscriber_id, mine.date + timedelta(seconds=1)) == 0
    assert store.revive(mine.subscriber_id, mine.date) == 1
    assert store.deliveries([DeliveryState.QUEUED]) == [mine]
    assert store.revive(mine.subscriber_id, mine.date) == 0


def test_mails_of_a_reader_and_counts(store: Store) -> None:
    """A reader's mails are found without the others', and each issue's mails are counted by their states."""
    (first,) = planned(store, "ada@example.org", issues=(FRIDAY,))
    store.save_edition(a_rendered("k2"))
    later = replace(a_delivery(first.subscriber_id, "ada@example.org", (MONDAY,), "k2"), date=NOW + timedelta(days=3))
    store.plan([later])
    store.finish(replace(first, state=DeliveryState.ACCEPTED))
    planned(store, "bob@example.org", issues=(TUESDAY,))
    assert [mail.issues for mail in store.deliveries(reader=first.subscriber_id)] == [(FRIDAY,), (MONDAY,)]
    assert store.delivery_counts(FRIDAY) == {"accepted": 1}
    assert store.delivery_counts(MONDAY) == {"queued": 1}


def test_a_letterhead_of_a_newer_program_is_read(store: Store) -> None:
    """Workers of two versions send the same editions."""
    rendered = a_rendered(letterhead=a_letterhead())
    store.save_edition(rendered)
    newer = update(edition_table).values(letterhead=asdict(a_letterhead()) | {"seal": "red"})
    with store._engine.begin() as connection:
        connection.execute(newer)
    assert rendered == store.edition(rendered.key)


def test_whom_an_issue_reached_and_who_refused_it(store: Store) -> None:
    """By domain, whatever stands before the last @; a refusal that waits counts, and no other issue."""
    addresses = ("ada@Example.org", "bob@example.org", '"a@b"@other.example', "eve@other.example", "lin@third.example")
    ada, bob, odd, eve, lin = planned(store, *addresses)
    store.finish(replace(ada, state=DeliveryState.ACCEPTED))
    store.finish(replace(bob, state=DeliveryState.BOUNCED))
    store.finish(replace(odd, state=DeliveryState.ACCEPTED))
    store.finish(replace(eve, state=DeliveryState.FAILED, attempts=1, error="550 no"))
    store.finish(replace(lin, state=DeliveryState.QUEUED, attempts=1, error="451 later"))
    planned(store, "mai@example.org")
    planned(store, "tom@example.org", issues=(TUESDAY,))
    assert {"example.org": 2, "other.example": 1} == store.taken_by_domain({MONDAY})
    assert ["eve@other.example", "lin@third.example"] == [one.email for one in store.refusals({MONDAY, FRIDAY})]
    assert ({}, []) == (store.taken_by_domain({TUESDAY}), list(store.refusals({TUESDAY})))


def test_times_are_utc(store: Store) -> None:
    """A time of another zone is the same moment in UTC, and a time without a zone is refused."""
    shanghai = datetime(2026, 3, 9, 9, 30, tzinfo=timezone(timedelta(hours=8)))
    ada = store.enrol(["ada@example.org"], shanghai)["ada@example.org"]
    assert ada.added == NOW
    assert ada.added.tzinfo is UTC
    with pytest.raises(Exception, match="a time without zone cannot be stored"):
        store.enrol(["bob@example.org"], datetime(2026, 3, 9))  # noqa: DTZ001
    assert store.subscriber("bob@example.org") is None
