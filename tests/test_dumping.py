"""A ledger on a server: copied whole or not at all, and nothing of the time between is sent from what was restored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import make_url

from newsletter import app, pipeline
from newsletter.backup import backup
from newsletter.delivery import restored
from newsletter.errors import StoreUnavailable, StoreUnreadable
from newsletter.models import Claim, DeliveryState
from newsletter.settings import Settings
from newsletter.store import identity, open_store
from newsletter.store.dumping import dump
from tests.morning import MORNING, desk_of, outbox, practice
from tests.postgres import Server, a_server, run
from tests.test_copying import morning
from tests.test_scheduler import announce

TUESDAY, WEDNESDAY = date(2026, 3, 10), date(2026, 3, 11)


def with_ledger(settings: Settings, url: str) -> Settings:
    return Settings(**{**dict(settings), "database_url": url})


def restore(server: Server, name: str, file: Path, *how: str) -> None:
    """As the documentation says."""
    readable = Path(shutil.copy(file, server.folder / name))
    readable.chmod(0o644)  # the server's user is not ours
    run("pg_restore", "-h", str(server.folder), "-U", "postgres", "-d", name, "--exit-on-error", *how, str(readable))


@contextmanager
def newly_restored(server: Server, file: Path) -> Iterator[str]:
    """A new database with what is in the dump."""
    name = server.database("template0")
    restore(server, name, file)
    try:
        yield server.url(name)
    finally:
        server.drop(name)


def copied(url: str) -> str | None:
    with closing(open_store(url)) as store:
        return store.recall(identity.COPIED)


def test_a_restored_dump_sends_nothing_twice(tmp_path: Path, postgres: Server, url: str) -> None:
    """What the original sent after the copy is not sent again; the next issue goes to everybody, once."""
    (tmp_path / "a").mkdir()
    with practice(tmp_path / "a", model=False) as (servers, plain):
        settings = with_ledger(plain, url)
        assert 2 == morning(settings, "2026-03-09 06:00").tally.accepted
        folder = backup(settings, tmp_path / "b", MORNING)
        assert 0o600 == (folder / "var" / "newsletter.dump").stat().st_mode & 0o777
        announce(servers, TUESDAY)
        assert 2 == morning(settings, "2026-03-10 09:30").tally.accepted
        with newly_restored(postgres, folder / "var" / "newsletter.dump") as there:
            again = with_ledger(settings.model_copy(update={"data_dir": folder / "var"}), there)
            assert 0 == morning(again, "2026-03-10 15:00").tally.accepted
            announce(servers, WEDNESDAY)
            assert 2 == morning(again, "2026-03-11 09:30").tally.accepted
            assert 2 == len(outbox(again))
        assert 2 == morning(settings, "2026-03-11 09:30").tally.accepted  # the original goes on


def test_an_email_that_waited_when_a_dump_was_made_is_not_sent(tmp_path: Path, postgres: Server, url: str) -> None:
    """The original may have sent it a second later."""
    with practice(tmp_path, model=False) as (_, plain):
        settings = with_ledger(plain, url)
        with desk_of(settings) as desk:
            pipeline.prepare_days(desk, None)
            pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        dump(url, tmp_path / "dump")
        with newly_restored(postgres, tmp_path / "dump") as there:
            again = with_ledger(settings, there)
            with app.open_ledger(again) as store:  # as a worker does, which sends what it can claim
                assert [] == store.turn([], Claim(owner="worker", limit=10, now=MORNING))
            assert 0 == morning(again, "2026-03-09 08:00").tally.accepted
            with app.open_ledger(again) as store:
                assert [DeliveryState.UNKNOWN] * 2 == [mail.state for mail in store.deliveries()]


def test_every_way_to_copy_a_database_is_noticed_and_every_other_change_is_none(
    tmp_path: Path, postgres: Server, url: str
) -> None:
    """A dump of an operator's own, a template, the rows alone; not a new name, a vacuum or a restart."""
    assert identity.COPIED == restored.COPIED
    assert copied(url) is None
    name = make_url(url).database or ""
    dump(url, tmp_path / "dump")
    with newly_restored(postgres, tmp_path / "dump") as there:
        assert "UTC" in (copied(there) or "")
    by_template = postgres.database(name)
    assert copied(postgres.url(by_template))
    postgres.drop(by_template)
    for statement in ("VACUUM FULL meta", "VACUUM FREEZE meta", "REINDEX TABLE meta", "CLUSTER meta USING meta_pkey"):
        postgres.sql(statement, name)
    postgres.sql(f"ALTER DATABASE {name} RENAME TO {name}_now")
    assert copied(postgres.url(f"{name}_now")) is None
    postgres.sql(f"ALTER DATABASE {name}_now RENAME TO {name}")
    with newly_restored(postgres, tmp_path / "dump") as there:
        again = make_url(there).database or ""
        assert copied(there)
        postgres.sql("DELETE FROM meta", again)
        restore(postgres, again, tmp_path / "dump", "--data-only", "--table=meta")
        assert copied(there)


def test_a_copy_that_is_the_original_can_be_said_to_be_so(tmp_path: Path, postgres: Server, url: str) -> None:
    """After a planned change of the server, for which everything was stopped."""
    open_store(url).close()
    dump(url, tmp_path / "dump")
    with newly_restored(postgres, tmp_path / "dump") as there:
        postgres.sql(f"DELETE FROM meta WHERE key = '{identity.PLACE}'", make_url(there).database or "")
        assert copied(there) is None
        assert copied(there) is None


def test_a_running_process_stops_where_another_ledger_was_restored(tmp_path: Path, postgres: Server, url: str) -> None:
    """Its place in the morning belongs to the other one."""
    name = make_url(url).database or ""
    with closing(open_store(url)) as store:
        store.remember("known", "here")
        dump(url, tmp_path / "dump")
        postgres.drop(name)
        postgres.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        restore(postgres, name, tmp_path / "dump")
        with pytest.raises(
            StoreUnreadable, match="was replaced by another ledger while it was in use; start this again"
        ):
            store.recall("known")
    assert copied(url)


def test_a_copy_before_it_is_restored_begins_no_new_ledger(tmp_path: Path, url: str) -> None:
    """Everybody would get the newest issue again."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".env").write_text(f"NEWSLETTER_DATABASE_URL={url}\n")
    with practice(tmp_path / "a", model=False) as (_, plain):
        folder = backup(with_ledger(plain, url), tmp_path / "b", MORNING)
    assert (
        "NEWSLETTER_DATABASE_URL=  # the database into which you restore var/newsletter.dump\n"
        == (folder / ".env").read_text()
    )
    settings = Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")
    with (
        pytest.raises(StoreUnreadable, match="restore it with pg_restore, set NEWSLETTER_DATABASE_URL"),
        app.open_ledger(settings),
    ):
        pass
    assert not (folder / "var" / "newsletter.db").exists()


def fake_pg_dump(folder: Path, script: str) -> None:
    folder.mkdir()
    (folder / "pg_dump").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "pg_dump").chmod(0o755)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "cannot be copied without pg_dump; install postgresql-client"),
        (
            """
            echo 'pg_dump: error: server version: 17.2; pg_dump version: 15.1' >&2
            echo 'pg_dump: error: aborting because of server version mismatch' >&2
            exit 1
            """,
            "server version mismatch; install postgresql-client-17 or newer",
        ),
        ("exit 0", "pg_dump ended with 0"),
        ("echo 'pg_dump: error: lost' >&2; kill -9 $$", "pg_dump: error: lost"),
    ],
)
def test_there_is_no_copy_that_is_none(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    """Without pg_dump, with one that is too old, and with one that ends without a word: an error, and no folder."""
    folder = tmp_path / "bin"
    fake_pg_dump(folder, script) if script else folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    with practice(tmp_path, model=False) as (_, plain), pytest.raises(StoreUnavailable, match=said):
        backup(with_ledger(plain, url), tmp_path / "copy", MORNING)
    assert not list(tmp_path.glob("*copy*"))


def test_the_password_is_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user of a machine sees the arguments of its processes."""
    with a_server({"password_encryption": "scram-sha-256"}) as server:
        server.sql("ALTER USER postgres PASSWORD 'canary p@ss'")
        (server.folder / "data" / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        server.stop("fast")
        server.start()
        url = server.url("postgres").replace("postgres@", "postgres:canary%20p%40ss@")
        open_store(url).close()
        real = shutil.which("pg_dump")
        fake_pg_dump(tmp_path / "bin", f'echo "$@" > {tmp_path}/arguments; exec {real} "$@"')
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        dump(url, tmp_path / "dump")
        assert (tmp_path / "dump").read_bytes().startswith(b"PGDMP")
        assert "canary" not in (tmp_path / "arguments").read_text()
        wrong = url.replace("canary", "canarx")
        with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
            dump(wrong, tmp_path / "dump")
        assert "canarx" not in str(caught.value)


def test_a_user_who_may_not_read_all_is_told(tmp_path: Path, postgres: Server, url: str) -> None:
    """A dump with a part of the tables would be no ledger."""
    name = make_url(url).database or ""
    open_store(url).close()
    postgres.sql("DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; GRANT SELECT ON meta TO looker", name)
    with pytest.raises(StoreUnavailable, match=r"permission denied.*give this user SELECT on all tables"):
        dump(url.replace("postgres@", "looker@"), tmp_path / "dump")
    postgres.sql("DROP OWNED BY looker; DROP ROLE looker", name)
