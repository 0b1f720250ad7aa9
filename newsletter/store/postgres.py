"""A ledger on a server: PostgreSQL, which several machines use at the same time."""

from __future__ import annotations

import ssl
from functools import partial
from ipaddress import ip_address
from typing import Any

import certifi
import psycopg
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError

from newsletter.errors import StoreError, StoreUnavailable, StoreUnreadable
from newsletter.store import identity, schema
from newsletter.store.engine import BESIDE, READS, reading

_WRITERS = 0x6E657773  # the advisory lock of whoever reads and then writes: of this database alone
_TIMES = {  # milliseconds
    "lock_timeout": 10_000,
    "statement_timeout": 300_000,
    "idle_in_transaction_session_timeout": 60_000,
}
_CONNECT = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_MOST_CONNECTIONS = 20  # of one process, beyond the few that it keeps

# By the first characters of SQLSTATE, longest first.
_REMEDIES = {
    "25006": "write the address of the server that can be written to: this one is a standby, or read-only",
    "53100": "free some disk space on the database server",
    "53300": "raise max_connections of the database server, or run fewer workers",
    "42501": "give this user rights on the tables, or let a user who has them upgrade the ledger",
    "55P03": "wait, or end the session that holds the lock",
    "57014": "wait, or find out what keeps the database server busy",
    "53": "give the database server more memory or disk space",
    "57P": "wait until the database server is up again",
    "40": "try again: another process changed the same rows",
    "28": "check the user and the password in NEWSLETTER_DATABASE_URL",
    "3D": "create the database, or correct its name in NEWSLETTER_DATABASE_URL",
    "58": "check the disk of the database server",
    "08": "check that the database server runs, and its address, user and password in NEWSLETTER_DATABASE_URL",
}
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
    try:
        with reading(engine).begin() as connection:
            current = schema.is_current(connection) and identity.is_settled(connection)
        if moving or not current:
            with engine.begin() as connection:
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


def parameters(address: URL) -> dict[str, Any]:
    """All that a connection is made with, as libpq calls it."""
    return _arguments(address) | dict(address.get_dialect()().create_connect_args(address)[1])


def _arguments(address: URL) -> dict[str, Any]:
    """What the driver is told beside the URL: when to stop waiting, and to trust only a server that proves its name."""
    options = " ".join(f"-c {name}={value}" for name, value in _TIMES.items())
    arguments: dict[str, Any] = _CONNECT | {"application_name": "newsletter", "options": options}
    if not is_near(address):
        arguments |= {"sslmode": "verify-full", "sslrootcert": ssl.get_default_verify_paths().cafile or certifi.where()}
    return {name: value for name, value in arguments.items() if name not in address.query}


def is_near(address: URL) -> bool:
    """Whether what is sent there stays on this machine: a socket, or a loopback address."""
    hosts = address.query.get("host", address.host or "")
    return all(_is_near(host) for host in ([hosts] if isinstance(hosts, str) else hosts))


def _is_near(host: str) -> bool:
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
    state = error.sqlstate or ""
    said = str(error).partition("\n")[0]
    if state in _DAMAGED:
        return StoreUnreadable(place, said)
    if not state and type(error) is psycopg.OperationalError:
        state = "08"  # the server was not reached, or did not let us in, or the connection broke
    key = next((key for key in _REMEDIES if state.startswith(key)), None)
    return StoreUnavailable(f"{place}: {said}", _REMEDIES[key]) if key else None
