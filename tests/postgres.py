"""A real PostgreSQL server for the tests, and a fresh database in it for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from newsletter.store import open_store
from newsletter.store.tables import metadata

_NUMBERS = count()
_USER = "postgres"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
}


class Server:
    """A cluster of its own in a folder, reached by a socket in it."""

    def __init__(self, folder: Path, settings: dict[str, str] = _SETTINGS) -> None:
        self.folder, self._settings = folder, settings

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            run(
                _binary("initdb"),
                "-D",
                str(data),
                "-U",
                _USER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C.UTF-8",
            )
        options = [f"-c {name}={value}" for name, value in self._settings.items()]
        options += [f"-c unix_socket_directories={self.folder}"]
        run(_binary("pg_ctl"), "-D", str(data), "-w", "-l", str(self.folder / "log"), "-o", " ".join(options), "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: what was not written is recovered from the log at the next start."""
        run(_binary("pg_ctl"), "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def sql(self, statement: str, database: str = "postgres") -> str:
        return run(_binary("psql"), "-h", str(self.folder), "-U", _USER, "-d", database, "-Atqc", statement)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{_USER}@/{database}?host={self.folder}"

    def database(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"db{next(_NUMBERS)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def a_server(settings: dict[str, str] | None = None) -> Iterator[Server]:
    """A server that runs until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, _USER, _USER)
    server = Server(folder, _SETTINGS | (settings or {}))
    try:
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str) -> str:
    """As a user that the server accepts."""
    who = {"user": _USER, "group": _USER, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **who)
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def _binary(name: str) -> str:
    found = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True), shutil.which(name)]
    if found[0] is None:
        pytest.skip("PostgreSQL is not installed")
    return str(found[0])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of a process."""
    with a_server() as server:
        yield server


@pytest.fixture(scope="session")
def ledger_url(postgres: Server) -> str:
    """A database that tests take turns with: see `empty`."""
    return postgres.url(postgres.database())


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """A database of its own."""
    name = postgres.database()
    yield postgres.url(name)
    postgres.drop(name)


_TABLES = ", ".join(f"'{name}'" for name in metadata.tables)
_EMPTY = f"""
SET LOCAL session_replication_role = replica; -- foreign keys are not asked
DO $$ DECLARE name text; used boolean; BEGIN
  FOREACH name IN ARRAY ARRAY[{_TABLES}] LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO used;
    IF used THEN EXECUTE 'DELETE FROM ' || name; END IF;
  END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""


@cache
def _emptying(url: str) -> Engine:
    open_store(url).close()  # makes the tables
    return create_engine(url)


def empty(url: str) -> None:
    """Take away every row of the ledger there: much cheaper than TRUNCATE, which makes a file for each index."""
    with _emptying(url).begin() as connection:
        connection.exec_driver_sql(_EMPTY)
