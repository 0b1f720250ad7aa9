"""Opening the ledger, and the locks of whoever collects or sends."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from errno import ENOSPC
from functools import partial
from pathlib import Path

import structlog

from newsletter import __version__
from newsletter.archive import folder_of
from newsletter.delivery import restored
from newsletter.delivery.lease import SECONDS, Lease
from newsletter.errors import ConfigurationError, DataFolderLocked, NewsletterError, StoreUnavailable, StoreUnreadable
from newsletter.models import ArchiveMode, Beat, Finding
from newsletter.settings import Settings
from newsletter.store import Store, open_store
from newsletter.store.lock import hold, hold_ledger
from newsletter.store.private import close_to_others, make_folder

log = structlog.get_logger()

LEADS = "tick"  # the lease of the process that collects and plans
DUMP = "newsletter.dump"  # in a backup, of a ledger on a server
_FOLDER, _DATABASE = "NEWSLETTER_DATA_DIR", "NEWSLETTER_DATABASE_URL"


@contextmanager
def open_ledger(settings: Settings, *, peek: bool = False) -> Iterator[Store]:
    """The ledger alone. `peek`: where there is none yet, an empty one in memory, and nothing is written."""
    file = settings.ledger_file
    if peek and not _is_there(file):
        store = open_store("sqlite://")
    else:
        try:
            if file:
                make_folder(file.parent)
            make_folder(settings.data_dir)
            close_to_others(settings.data_dir, [folder_of(settings.data_dir, ArchiveMode.PUBLIC)])
            if file:
                _refuse_emptied(file, settings.data_dir)
                if not file.exists():
                    _refuse_unrestored(settings.data_dir)
        except OSError as error:
            name = _DATABASE if file and settings.database_url else _FOLDER
            raise _unusable(name, file.parent if file else settings.data_dir, error) from error
        store = open_store(settings.database, settings.data_dir / "backups")
    try:
        yield store
    finally:
        store.close()


def _is_there(file: Path | None) -> bool:
    try:
        return file is None or file.is_file()
    except OSError:  # another user's folder: opening it says so
        return True


def _refuse_unrestored(data_dir: Path) -> None:
    """A copy of a ledger on a server: without it a new one would begin in this folder."""
    if (data_dir / DUMP).is_file():
        remedy = f"restore it with pg_restore, set {_DATABASE} to that database, and remove the file"
        raise StoreUnreadable(str(data_dir / DUMP), "this ledger has not been restored", remedy)


def _refuse_emptied(database: Path, data_dir: Path) -> None:
    """A ledger that lost all its bytes would begin as a new one, and send everybody the newest issue again.

    Keys are made after the ledger: without them an empty file is what a stop left of a first start.
    """
    if database.is_file() and not database.stat().st_size and (data_dir / "token-keys").exists():
        raise StoreUnreadable(str(database), "is empty")


@contextmanager
def work_folder(
    settings: Settings, store: Store, command: str, now: Callable[[], datetime], *, wait: bool = False
) -> Iterator[None]:
    """The locks of the data folder and of the ledger; a ledger out of a backup is taken into use.

    On a server it is a lease instead of a lock. Raises DataFolderLocked.
    """
    file = settings.ledger_file
    locks = [(_FOLDER, settings.data_dir, partial(hold, settings.data_dir, command))]
    if file:
        locks.append((_DATABASE, file.parent, partial(hold_ledger, file, command)))
    with ExitStack() as held:
        for name, folder, lock in locks:
            try:
                _take(held, lock, wait=wait)
            except OSError as error:
                raise _unusable(name, folder, error) from error
        restored.settle(store, now())
        if file:
            store.end_all()  # the holder of its lock is alone with it
        elif store.on_server and command != "serve":  # which takes over whenever it can
            _lead(held, settings, store, command)
        yield


def _lead(held: ExitStack, settings: Settings, store: Store, command: str) -> None:
    """Of all machines one collects and plans at a time. Raises DataFolderLocked."""
    lease = new_lease(store, command, settings.lease)
    held.enter_context(lease.kept())
    if not store.take_lease(LEADS, lease.owner):
        holder = store.holder(LEADS)
        host = next((one.host for one in store.workers() if one.owner == holder), "another machine")
        raise DataFolderLocked("the ledger", f"a newsletter on {host}")


def new_lease(store: Store, role: str, seconds: float = SECONDS) -> Lease:
    """Of a process whose name no other has, here or elsewhere."""
    host = socket.gethostname()
    owner = f"{host}.{os.getpid()}.{secrets.token_hex(4)}"
    return Lease(store, Beat(owner=owner, host=host, version=__version__, role=role, seconds=seconds))


def _take(held: ExitStack, lock: Callable[..., AbstractContextManager[None]], *, wait: bool) -> None:
    try:
        held.enter_context(lock())
    except DataFolderLocked as error:
        if not wait:
            raise
        log.info("folder.waiting", reason=str(error))
        held.enter_context(lock(wait=True))


def _unusable(name: str, folder: Path, error: OSError) -> NewsletterError:
    if error.errno == ENOSPC:
        return StoreUnavailable(f"{folder}: {error.strerror}", "free some disk space")
    problem = f"{folder} cannot be used: {error.strerror or error}"
    return ConfigurationError([Finding(name, None, problem, "choose a writable folder")])
