"""Full, read-only, locked and damaged disks and databases: nothing goes out without a record, and it resumes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.errors import StoreUnreadable
from newsletter.settings import Settings
from newsletter.store import open_store
from soak.crash import copied
from soak.morning import READERS, RUN, found, prepare, status
from soak.sinks import SmtpSink, smtp_sink
from soak.warm import ROOT, Warm
from tests.counters import service_of

pytestmark = [
    pytest.mark.skipif(
        shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") is None, reason="needs Postfix's smtp-sink"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts small and read-only disks: needs root"),
]
RESTORE = "restore a backup, or set NEWSLETTER_DATA_DIR to an empty folder"


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as started:
        yield started


@pytest.fixture(scope="module")
def prepared(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk") / "prepared"
    prepare(warm, folder)
    return folder


@pytest.fixture
def folder(prepared: Path) -> Iterator[Path]:
    """A prepared folder whose data folder is a disk of its own, of 8 MiB."""
    with copied(prepared) as place:
        var, kept = place / "var", place / "kept"
        var.rename(kept)
        var.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", var], check=True)
        try:
            shutil.copytree(kept, var, dirs_exist_ok=True)
            yield place
        finally:
            subprocess.run(["umount", "--lazy", var], check=True)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        yield running


# --- what can be wrong with it; each is healed at the end of the block ---


@contextmanager
def full(var: Path, free: int = 0) -> Iterator[None]:
    """A disk with so many octets left."""
    room = os.statvfs(var)
    filler = var / "filler"
    filler.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - free)))
    yield
    filler.unlink()


@contextmanager
def read_only(var: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", var], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", var], check=True)


@contextmanager
def locked(var: Path) -> Iterator[None]:
    with closing(sqlite3.connect(var / "newsletter.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def changed(var: Path, change: Callable[[Path], object]) -> Iterator[None]:
    """A database file that something has been done to, restored from a backup in the end."""
    database, backup = var / "newsletter.db", var / "backup.db"
    shutil.copyfile(database, backup)
    change(database)
    yield
    if database.is_dir():
        database.rmdir()
    backup.replace(database)


def damaged(place: int, octets: int = 512) -> Callable[[Path], AbstractContextManager[None]]:
    def overwrite(database: Path) -> None:
        with database.open("r+b") as file:
            file.seek(place)
            file.write(b"\xa5" * octets)

    return lambda var: changed(var, overwrite)


def truncated(var: Path) -> AbstractContextManager[None]:
    return changed(var, lambda database: os.truncate(database, 3 * 4096))


def emptied(var: Path) -> AbstractContextManager[None]:
    return changed(var, lambda database: os.truncate(database, 0))


def replaced_by_a_folder(var: Path) -> AbstractContextManager[None]:
    return changed(var, lambda database: (database.unlink(), database.mkdir()))


TROUBLES = {
    "full": (full, "free some disk space, then run again: nothing was lost", "free some disk space"),
    "read-only": (read_only, "Read-only file system; choose a writable folder", "Read-only file system"),
    "locked": (locked, "wait, or stop the other process that writes to it, then run again", "locked"),
    "damaged-head": (damaged(0), f"file is not a database; {RESTORE}", "file is not a database"),
    "damaged-schema": (damaged(100), f"database disk image is malformed; {RESTORE}", "malformed"),
    "truncated": (truncated, f"database disk image is malformed; {RESTORE}", "malformed"),
    "emptied": (emptied, f"is empty; {RESTORE}", "is empty"),
    "a-folder": (replaced_by_a_folder, f"unable to open database file; {RESTORE}", "unable to open"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_morning_with_a_bad_disk_sends_nothing_and_resumes(
    warm: Warm, folder: Path, sink: SmtpSink, trouble: str
) -> None:
    """`run` says what is wrong and what to do, in one line; when it is healed everybody gets their mail, once."""
    spoil, expected, _ = TROUBLES[trouble]
    with spoil(folder / "var"):
        assert 1 == warm.run(folder, sink.environment, RUN)
        said = (folder / "output").read_text()
    assert expected in said
    assert "Traceback" not in said
    assert [] == sink.arrived()
    assert 0 == warm.run(folder, sink.environment, RUN)
    assert [] == found(warm, folder, sink.environment, sink.arrived()).problems(0)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_ticking_service_outlives_a_bad_disk(
    folder: Path,
    sink: SmtpSink,
    warm: Warm,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The tick fails with one line in the log and sends nothing; the next tick after healing sends all, once."""
    spoil, _, expected = TROUBLES[trouble]
    settings = Settings(
        subscribers=folder / "subscribers.yaml",
        data_dir=folder / "var",
        transport="smtp",
        smtp_url=sink.environment["NEWSLETTER_SMTP_URL"],
        sender=sink.environment["NEWSLETTER_SENDER"],
    )
    hands = [datetime(2026, 3, 9, 9, 29, tzinfo=UTC)]
    with service_of(settings, lambda: hands[0]) as service:
        service.tick()
        hands[0] += timedelta(minutes=2)
        with spoil(folder / "var"):
            service.tick()
        assert [] == sink.arrived()
        logged = capsys.readouterr().out
        assert "tick.failed" in logged
        assert expected in logged
        assert "Traceback" not in logged
        service.tick()
    assert [] == found(warm, folder, sink.environment, sink.arrived()).problems(0)


def test_a_store_follows_its_file(tmp_path: Path) -> None:
    """A copy that is put back under a running service is used at once; a lost ledger is never begun anew."""
    file, kept, away = (tmp_path / name for name in ("ledger.db", "kept.db", "away.db"))
    with closing(open_store(f"sqlite:///{file}")) as store:
        store.remember("who", "the copy")
        store.rest()
        shutil.copyfile(file, kept)
        store.remember("who", "the original")
        kept.replace(file)
        assert "the copy" == store.recall("who")
        store.rest()
        file.rename(away)
        with pytest.raises(StoreUnreadable, match="is gone"):
            store.recall("who")
        file.touch()
        with pytest.raises(StoreUnreadable, match="is empty"):
            store.recall("who")
        assert 0 == file.stat().st_size
        away.replace(file)
        assert "the copy" == store.recall("who")


def start_over(folder: Path, sink: SmtpSink) -> None:
    """The morning as it was prepared, and nothing has arrived."""
    for old in (folder / "var").iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(folder / "kept", folder / "var", dirs_exist_ok=True)
    for mail in sink.folder.iterdir():
        mail.unlink()


def test_the_disk_fills_in_the_middle_of_a_morning(warm: Warm, folder: Path, sink: SmtpSink) -> None:
    """Sending stops where it cannot be recorded, by a line of text; with room again the rest goes out."""
    code, before = 0, READERS
    for free in range(600_000, 0, -40_000):  # how much a morning writes is nobody's promise
        start_over(folder, sink)
        with full(folder / "var", free=free):
            code = warm.run(folder, sink.environment, RUN)
            assert "Traceback" not in (folder / "output").read_text()
            before = len(sink.arrived())
        if before < READERS:
            break
    assert (1, True) == (code, 0 < before < READERS)
    assert 0 == warm.run(folder, sink.environment, RUN)
    assert [] == found(warm, folder, sink.environment, sink.arrived()).problems(
        allowed=8
    )  # one for each open connection


@pytest.mark.parametrize("trouble", [read_only, locked], ids=["read-only", "locked"])
def test_looking_needs_no_writing(
    warm: Warm, folder: Path, trouble: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """`status` answers on a read-only disk, and beside a writer who does not end before it has answered."""
    with trouble(folder / "var"):
        assert 40 == status(warm, folder, {})["collected"]


@pytest.mark.parametrize("what", ["", "newsletter.db"], ids=["folder", "database"])
def test_no_permission_is_said(folder: Path, sink: SmtpSink, what: str) -> None:
    """A data folder or database of another user: exit code 1, the reason and the remedy."""
    theirs = folder / "var" / what
    os.chown(theirs, 65534, 65534)
    theirs.chmod(0o700 if theirs.is_dir() else 0o600)
    bounded = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    ended = subprocess.run(
        [*bounded, sys.executable, "-m", "newsletter", *RUN],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **sink.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 1 == ended.returncode
    assert "Permission denied" in ended.stderr
    assert "writable" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [] == sink.arrived()
