"""A copy of a ledger on a server, made by PostgreSQL's own program."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import make_url

from newsletter.errors import StoreUnavailable
from newsletter.redaction import redacted
from newsletter.store.postgres import connection_of, name_of

_KEPT = ("PATH", "HOME", "TZ")
_OURS = ("options", "application_name")  # what our transactions wait for is not what a copy waits for
_MAGIC = b"PGDMP"
_OTHER_VERSION = re.compile(r"server version: (\d+)")


def dump(url: str, target: Path) -> None:
    """One consistent copy in PostgreSQL's custom format, for `pg_restore`. Raises StoreUnavailable."""
    place = name_of(make_url(url))
    target.touch(mode=0o600)  # it holds everybody's address
    environment, rest = _environment(url)
    command = ["pg_dump", "--format=custom", "--no-password", "--lock-wait-timeout=60s", f"--file={target}", rest]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and no secret among its arguments
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise StoreUnavailable(f"{place} cannot be copied without pg_dump", "install postgresql-client") from None
    if done.returncode or not _is_dump(target):
        said = redacted(" ".join(done.stderr.split())) or f"pg_dump ended with {done.returncode}"
        raise StoreUnavailable(f"{place} cannot be copied: {said}", _remedy(said))


def _environment(url: str) -> tuple[dict[str, str], str]:
    """What pg_dump is told of the server, the password among it, and what it reads from its arguments alone."""
    given = {name: str(value) for name, value in connection_of(url).items() if name not in _OURS}
    options = {option.keyword.decode(): option for option in Conninfo.get_defaults()}
    by_name = {name: option.envvar.decode() for name, option in options.items() if option.envvar}
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("PG")}
    told = {by_name[name]: value for name, value in given.items() if name in by_name}
    # libpq shows its secrets as * or not at all: those without a variable are left out.
    shown = {name: value for name, value in given.items() if name not in by_name and not options[name].dispchar}
    return {**kept, **told, "LC_ALL": "C"}, f"--dbname={make_conninfo(**shown)}"


def _is_dump(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _remedy(said: str) -> str:
    if "version mismatch" in said and (server := _OTHER_VERSION.search(said)):
        return f"install postgresql-client-{server[1]} or newer"
    if "permission denied" in said:
        return "give this user SELECT on all tables and sequences of the database"
    return "check the server and its address, and the space for the copy"
