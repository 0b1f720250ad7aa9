"""`newsletter move`: the ledger on a server is the one of the file, whenever it is stopped, and the file is closed."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Table,
    insert,
    make_url,
    select,
)

from newsletter import app, pipeline
from newsletter.app import relocation
from newsletter.errors import ConfigurationError, DataFolderLocked, StoreError, StoreUnavailable, StoreUnreadable
from newsletter.models import DeliveryState
from newsletter.settings import Settings
from newsletter.store import Store, open_store, schema
from newsletter.store.tables import REVISION, Days, UtcDateTime, metadata
from newsletter.times.clock import utc_now
from tests.conftest import Run
from tests.morning import desk_of, practice
from tests.postgres import Server
from tests.test_copying import morning
from tests.test_dumping import with_ledger
from tests.test_first_edition import FIXTURE
from tests.test_scheduler import announce

Rows = dict[str, list[tuple[object, ...]]]
AWKWARD = "tab\t, new\nline, back\\slash, \\N, 'quote', 陈晨, \N{MATHEMATICAL BOLD CAPITAL A}, NUL\0."


def no_tell(_table: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def move(settings: Settings, url: str) -> dict[str, int]:
    return dict(relocation.move(settings, url, utc_now, no_tell))


def a_row(table: Table, number: int) -> dict[str, object]:
    """A row whose keys differ by the number and whose references lead to the row of the same number."""
    return {column.name: some(column, number) for column in table.columns}


def some(column: Column[Any], number: int) -> object:
    """A value for it: the first row has none where it may, the second is large."""
    if column.nullable and number == 1:
        return None
    kinds: dict[Any, object] = {
        UtcDateTime: datetime(2026, 3, 9, 12, 0, 0, number, UTC),
        Days: (date(2026, 3, 9 + number),),
        Boolean: bool(number % 2),
        Date: date(2026, 3, 9 + number),
        JSON: ["陈晨", number],
        LargeBinary: bytes(range(256)) * (1 if column.primary_key or number != 2 else 4000) + bytes([number]),
        Float: 1.1 + number,
        BigInteger: 2**62 + number if column.name == "subscriber_id" or column.table.name == "subscriber" else number,
        Integer: number,
    }
    for kind, value in kinds.items():
        if isinstance(column.type, kind):
            return value
    is_key = (
        column.primary_key or column.unique or column.foreign_keys or column.name in ("edition", "message_id", "owner")
    )
    return f"text {number}" if is_key or column.table.name in ("hours", "wishes") else AWKWARD


def filled(store: Store) -> None:
    """Rows in every table, among them empty values, awkward text and large bodies."""
    with store._engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(insert(table), [a_row(table, number) for number in range(4)])


def content(engine: Engine, but: tuple[str, ...] = ()) -> Rows:
    """Every row, without what says where a ledger lies."""
    found: Rows = {}
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table).order_by(*table.primary_key)).all()
            found[table.name] = [tuple(row) for row in rows if row[0] not in but]
    return found


def without_nul(rows: Rows) -> Rows:
    return {
        name: [tuple(one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in row) for row in found]
        for name, found in rows.items()
    }


OF_PLACES = ("ledger.place", "move.source", "move.unfinished", "schema.oldest", "moved")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


@pytest.fixture
def full(settings: Settings) -> Rows:
    """The rows of a ledger with all tables filled."""
    with app.open_ledger(settings) as store:
        filled(store)
        rows = content(store._engine, OF_PLACES)
    return without_nul(rows)


def moved_rows(url: str) -> Rows:
    with closing(open_store(url)) as store:
        return content(store._engine, OF_PLACES)


def test_every_row_of_every_table_is_there(settings: Settings, full: Rows, url: str) -> None:
    """Awkward text, large bodies and empty values too; the next row gets a number of its own."""
    counts = move(settings, url)
    full["worker"] = full["lease"] = []  # of processes that ended
    assert full == moved_rows(url)
    assert {name: len(rows) for name, rows in full.items() if name != "meta"} == counts
    with closing(open_store(url)) as store, store._engine.begin() as connection:
        for name in ("delivery", "model_call", "hours", "wishes"):
            table = metadata.tables[name]
            row = {**a_row(table, 9), "subscriber_id": 2**62, "edition": "text 0"}
            fresh = {key: value for key, value in row.items() if key in table.columns and key != "id"}
            number = connection.scalar(insert(table).returning(table.c.id), fresh)
            assert number == max(row[0] for row in full[name]) + 1


def test_the_file_is_closed_for_every_program(settings: Settings, full: Rows, url: str) -> None:
    """For this one with what to set, for one of any other version as a ledger that it does not know."""
    move(settings, url)
    name = make_url(url).database
    with pytest.raises(StoreUnreadable, match=rf"was moved to .*{name}; set NEWSLETTER_DATABASE_URL to that database"):
        open_store(settings.database)
    with closing(sqlite3.connect(settings.ledger_file or "")) as connection:
        ((revision,),) = connection.execute("SELECT version_num FROM alembic_version")
        assert not schema.is_of_this_version(connection)
    assert revision > "9999" > REVISION
    assert {} == move(settings, url)  # done already
    with pytest.raises(StoreUnreadable, match="was moved to"):
        move(settings, url.replace(str(name), "elsewhere"))


def test_wherever_it_is_stopped_it_can_be_done_again(
    settings: Settings,
    full: Rows,
    url: str,
) -> None:
    """While a table is copied, nothing of it is there."""
    full["worker"] = full["lease"] = []

    for where in ("meta", "delivery", metadata.sorted_tables[-1].name):

        def stop(table: str, _done: int, _total: int, where: str = where) -> None:
            if table == where:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            relocation.move(settings, url, utc_now, stop)
        with app.open_ledger(settings) as store:  # which still counts
            assert len(full["delivery"]) == len(content(store._engine)["delivery"])
    move(settings, url)
    assert full == moved_rows(url)


def test_stopped_between_the_two_ledgers_only_one_of_them_opens(
    settings: Settings,
    full: Rows,
    postgres: Server,
    url: str,
) -> None:
    """The copy is there and the file not yet closed; then the file is closed and the copy not yet open."""
    full["worker"] = full["lease"] = []
    name = make_url(url).database or ""
    file = settings.ledger_file or Path()
    with app.open_ledger(settings), closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TRIGGER stop BEFORE UPDATE ON alembic_version BEGIN SELECT RAISE(ABORT, 'stopped here'); END"
        )
    with pytest.raises(Exception, match="stopped here"):
        move(settings, url)
    with pytest.raises(StoreUnreadable, match="was not finished; run `newsletter move` again"):
        open_store(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TRIGGER stop")
    with app.open_ledger(settings) as store:
        store.remember("later", "than the stop")
    postgres.sql(
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'stopped there'; END$$;"
        "CREATE TRIGGER stop BEFORE DELETE ON meta FOR EACH ROW WHEN (OLD.key = 'move.unfinished')"
        "EXECUTE FUNCTION stop()",
        name,
    )
    with pytest.raises(Exception, match="stopped there"):
        move(settings, url)
    for address in (url, settings.database):
        with pytest.raises(StoreUnreadable):
            open_store(address)
    postgres.sql("DROP TRIGGER stop ON meta", name)
    assert {} == move(settings, url)
    with closing(open_store(url)) as store:
        assert "than the stop" == store.recall("later")
        assert store.recall("copied") is None


def test_what_is_there_is_never_written_over(
    settings: Settings,
    full: Rows,
    postgres: Server,
    url: str,
    tmp_path: Path,
) -> None:
    """Another newsletter's ledger, one with a single note, another program's tables, an unfinished move of another."""
    with closing(open_store(url)) as store:
        store.remember("a", "note")
    with pytest.raises(StoreUnreadable, match=r"already holds a ledger \(meta\); move to an empty database"):
        move(settings, url)
    name = make_url(url).database or ""
    postgres.sql("UPDATE meta SET key = 'move.unfinished', value = 'another' WHERE key = 'a'", name)
    with pytest.raises(StoreUnreadable, match="an unfinished move of another ledger"):
        move(settings, url)
    foreign = postgres.database()
    postgres.sql("CREATE TABLE theirs (id int)", foreign)
    with pytest.raises(StoreUnreadable, match="belongs to another program"):
        move(settings, postgres.url(foreign))
    postgres.drop(foreign)
    assert full["delivery"]
    with app.open_ledger(settings) as store:
        assert len(full["delivery"]) == len(content(store._engine)["delivery"])


def test_it_waits_for_nobody_and_for_no_email(settings: Settings, full: Rows, url: str) -> None:
    """Not beside a running service, and not with emails of which nobody knows whether they were sent."""
    with (
        app.open_ledger(settings) as store,
        app.work_folder(settings, store, "serve", utc_now),
        pytest.raises(DataFolderLocked, match="in use by newsletter serve"),
    ):
        move(settings, url)
    with closing(sqlite3.connect(settings.ledger_file or "")) as connection, connection:
        connection.execute("UPDATE delivery SET state = ? WHERE rowid = 1", [DeliveryState.SENDING.value])
        changed = connection.execute("SELECT count(*) FROM delivery WHERE state = 'sending'").fetchone()
    with pytest.raises(StoreUnavailable, match=rf"{changed[0]} emails were being sent.*`newsletter run`"):
        move(settings, url)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mysql://host/name", "URL: names no supported database"),
        ("sqlite:///there.db", "URL: names no server; write postgresql://user@host/name"),
        ("postgresql://user:canary-pass@host:port/name", "URL: "),
    ],
)
def test_a_url_that_cannot_be_used(settings: Settings, given: str, said: str) -> None:
    """Before anything is opened, and without its password."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        move(settings, given)
    assert "canary" not in str(caught.value)


def test_where_there_is_nothing_to_move(settings: Settings, url: str) -> None:
    """No ledger yet, or one on a server."""
    with pytest.raises(ConfigurationError, match=r"there is no ledger at .*a new ledger begins there"):
        move(settings, url)
    with pytest.raises(ConfigurationError, match="is on a server already"):
        move(with_ledger(settings, url), url)


def test_the_morning_after_the_move(tmp_path: Path, url: str) -> None:
    """Nobody gets anything twice, and everybody the next issue."""
    with practice(tmp_path, model=False) as (servers, plain):
        assert 2 == morning(plain, "2026-03-09 06:00").tally.accepted
        move(plain, url)
        settings = with_ledger(plain, url)
        assert 0 == morning(settings, "2026-03-09 08:00").tally.accepted
        announce(servers, date(2026, 3, 10))
        assert 2 == morning(settings, "2026-03-10 09:30").tally.accepted


def test_planned_emails_are_sent_from_the_server(tmp_path: Path, url: str) -> None:
    """Those that waited when it was moved."""
    with practice(tmp_path, model=False) as (_, plain):
        with desk_of(plain) as desk:
            pipeline.prepare_days(desk, None)
            pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        move(plain, url)
        assert 2 == morning(with_ledger(plain, url), "2026-03-09 06:01").tally.accepted


def test_a_ledger_of_the_first_edition(tmp_path: Path, newsletter: Run, url: str) -> None:
    """By the command, which upgrades it first."""
    with tarfile.open(FIXTURE / "var.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    (tmp_path / "subscribers.yaml").write_text("topics: {}\nsubscribers: []\n")
    (file,) = tmp_path.rglob("newsletter.db")
    given = {"NEWSLETTER_DATA_DIR": str(file.parent)}
    refused = newsletter("move", url, settings=given)
    assert "2 emails were being sent when a process ended; finish them with `newsletter run`" in refused.stderr
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE delivery SET state = 'queued' WHERE state = 'sending'")
    with closing(open_store(f"sqlite:///{file}")) as store:
        before = without_nul(content(store._engine, OF_PLACES))
    done = newsletter("move", url, settings=given)
    assert 0 == done.returncode, done.stderr
    assert "are the same there." in done.stdout
    assert before == moved_rows(url)
    with pytest.raises(StoreError, match="was moved to"):
        open_store(f"sqlite:///{file}")
