"""A ledger on a server: PostgreSQL, which several machines use at the same time."""

from __future__ import annotations

import os
import ssl
from functools import partial
from ipaddress import ip_address
from typing import Any

import certifi
import psycopg
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError

from newsletter.errors import StoreContended, StoreError, StoreUnavailable, StoreUnreadable
from newsletter.store import identity, schema
from newsletter.store.engine import BESIDE, EXPLAIN, READS, reading

_WRITERS = 0x6E657773  # the advisory lock of whoever reads and then writes: of this database alone
_TIMES = {  # milliseconds
    "lock_timeout": 10_000,
    "statement_timeout": 300_000,
    "idle_in_transaction_session_timeout": 60_000,
}
_CONNECT = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_MOST_CONNECTIONS = 20  # of one process, beyond the few that it keeps

# By the first characters of SQLSTATE, longest first.
_REMEDIES = {
    "25006": "write the address of the server that can be written to: this one is a standby, or read-only",
    "53100": "free some disk space on the database server",
    "53300": "raise max_connections of the database server, or run fewer workers",
    "42501": (
        "let the owner of the tables make or upgrade the ledger, and give this user SELECT, INSERT, UPDATE and DELETE "
        "on all tables and USAGE on all sequences"
    ),
    "55P03": "wait, or end the session that holds the lock",
    "57014": "wait, or find out what keeps the database server busy",
    "53": "give the database server more memory or disk space",
    "57P": "wait until the database server is up again",
    "40": "try again: another process changed the same rows",
    "28": "check the user and the password in NEWSLETTER_DATABASE_URL, and pg_hba.conf of the server",
    "3D": "create the database, or correct its name in NEWSLETTER_DATABASE_URL",
    "58": "check the disk of the database server",
    "08": "check that the database server runs, and its address, user and password in NEWSLETTER_DATABASE_URL",
}
_CERTIFICATE = "write sslrootcert=/path/to/its/authority.pem into the URL, or sslmode=require to trust any server"
# What a server says before it lets us in, by the state that the driver does not tell; in its own language.
_REFUSALS = {
    "password authentication failed": "28",
    "no pg_hba.conf entry": "28",
    "pg_hba.conf rejects": "28",
    'role "': "28",
    'database "': "3D",
    "permission denied": "42501",
    "too many connections": "53300",  # for a role or a database
    "sorry, too many clients": "53300",
    "remaining connection slots": "53300",
    "the database system is": "57P",  # starting up, shutting down, in recovery
}
_TLS = ("certificate", "SSL")  # the client's own words
_OLDEST_SERVER = 13
_DAMAGED = ("XX001", "XX002", "42P01", "42703")  # data, index, no such table, no such column


def open_engine(url: str, *, moving: bool = False) -> Engine:
    """An engine with our tables in place and up to date. `moving`: to become the copy of another ledger.

    Raises StoreUnreadable for a damaged, foreign or newer database, StoreUnavailable for a server that cannot be used.
    """
    address = make_url(url)
    place = name_of(address)
    engine = create_engine(
        address, pool_pre_ping=True, max_overflow=_MOST_CONNECTIONS, connect_args=_arguments(address)
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", partial(_explain, place))
    engine.update_execution_options(**{EXPLAIN: partial(explained, place=place)})
    try:
        with reading(engine).begin() as connection:
            _refuse_old(connection, place)
            current = schema.is_current(connection) and identity.is_settled(connection)
        if moving or not current:
            with engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # a new index may take longer
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # a new index may take longer
                schema.prepare(connection, place, None)
                if not moving:
                    schema.refuse_unfinished(connection, place)
                    identity.settle(connection)
        if not moving:
            identity.follow(engine, place)
    except (DatabaseError, StoreError):
        engine.dispose()
        raise
    return engine


def name_of(address: URL) -> str:
    """How messages call the database: never with its password."""
    return f"{address.host or 'PostgreSQL'}/{address.database or ''}"


def connection_of(url: str) -> dict[str, Any]:
    """The same address as keywords of the driver, for what opens its own connections."""
    address = make_url(url)
    return _arguments(address) | dict(address.get_dialect()().create_connect_args(address)[1])


def _arguments(address: URL) -> dict[str, Any]:
    """What the driver is told beside the URL: when to stop waiting, and to trust only a server that proves its name."""
    options = " ".join(f"-c {name}={value}" for name, value in _TIMES.items())
    arguments: dict[str, Any] = _CONNECT | {"application_name": "newsletter", "options": options}
    mode = str(address.query.get("sslmode", "prefer" if is_near(address) else "verify-full"))
    if mode.startswith("verify"):  # with a root certificate, libpq verifies in other modes too
        arguments |= {"sslmode": mode, "sslrootcert": ssl.get_default_verify_paths().cafile or certifi.where()}
    return {name: value for name, value in arguments.items() if name not in address.query}


def is_near(address: URL) -> bool:
    """Whether what is sent there stays on this machine: a socket, or a loopback address."""
    if not (hosts := _hosts(address)):  # libpq's own choice is a socket
        return not (address.query.get("service") or os.environ.get("PGSERVICE"))
    return all(_is_near(host) for host in hosts)


def _hosts(address: URL) -> list[str]:
    """Where libpq connects to: every one of a list."""
    places = (address.query.get("hostaddr"), address.query.get("host"), address.host)
    given = next(filter(None, (*places, os.environ.get("PGHOSTADDR"), os.environ.get("PGHOST"))), None)
    lists = (given,) if isinstance(given, str) else given or ()
    return [host for one in lists for host in one.split(",")]


def _is_near(host: str) -> bool:
    if host.count(":") == 1:
        host = host.partition(":")[0]
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _begin(connection: Connection) -> None:
    # One writer at a time, as on SQLite, unless the transaction says that it needs no such thing.
    options = connection.get_execution_options()
    if not (options.get(READS) or options.get(BESIDE)):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _explain(place: str, context: ExceptionContext) -> None:
    """Raise the driver's error in our words, unless the program is at fault and not the server."""
    error = context.sqlalchemy_exception
    if not isinstance(error, DatabaseError) or context.is_pre_ping:  # after which the pool connects anew
        return
    if isinstance(error.orig, psycopg.Error) and (explanation := explained(error.orig, place)):
        raise explanation from error


def explained(error: psycopg.Error, place: str) -> StoreUnavailable | StoreUnreadable | None:
    """The driver's error in our words; None where the program is at fault."""
    state = error.sqlstate
    if state is None and type(error) is psycopg.OperationalError:
        return _unreached(" ".join(str(error).split()), place)
    said = str(error).partition("\n")[0]
    if state in _DAMAGED:
        return StoreUnreadable(place, said, schema.RESTORE)
    key = next((key for key in _REMEDIES if (state or "").startswith(key)), None)
    kind = StoreContended if key == "40" else StoreUnavailable
    return kind(f"{place}: {said}", _REMEDIES[key]) if key else None


def _unreached(said: str, place: str) -> StoreUnavailable:
    """The server was not reached, or did not let us in, or the connection broke."""
    reason = said.rpartition("FATAL: ")[2].strip()
    if reason == said and any(word in said for word in _TLS):
        return StoreUnavailable(f"{place}: {said}", _CERTIFICATE)
    state = next((state for words, state in _REFUSALS.items() if reason.startswith(words)), "08")
    return StoreUnavailable(f"{place}: {said}", _REMEDIES[state])


def _refuse_old(connection: Connection, place: str) -> None:
    major = int((connection.dialect.server_version_info or (_OLDEST_SERVER,))[0])
    if major < _OLDEST_SERVER:
        raise StoreUnreadable(place, f"PostgreSQL {major} is too old", f"use version {_OLDEST_SERVER} or newer")
