"""`left.log` beside the ledger: who left and who came back, as keyed hashes, so that a restored copy knows it too.

One line each: a number, when, what, the hashes of the address and of the id, and why. It is written and on disk before
the ledger is changed. The ledger remembers the number of the last line that it knows; what follows is done again in an
older copy. An older copy may have another address of the same reader: hence the id.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from io import FileIO
from pathlib import Path

import structlog

from newsletter.models import Subscriber, SubscriberState
from newsletter.readers.counter import Counter
from newsletter.readers.fingerprints import fingerprint, fingerprints
from newsletter.tokens import Keys

log = structlog.get_logger()

NAME = "left.log"
_MARK = "left.mark"
_TAIL = 4096  # bytes that surely hold a whole line
_WORTH = 1 << 16  # bytes below which it is not made shorter
_TRIES = 100
_NOBODY = "-"
_ADDRESS = re.compile(r"\S+@\S+")


class What(StrEnum):
    """What became of someone."""

    LEFT = "left"
    SUPPRESSED = "suppressed"
    BACK = "back"
    FORGOTTEN = "forgotten"
    BARRED = "barred"  # forgotten, and joining does not bring them back


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    at: datetime
    what: What
    mark: str  # the hash of the address
    who: str  # the hash of the id; "-" of whom the ledger does not know
    why: str

    def text(self) -> str:
        return f"{self.number} {self.at.isoformat()} {self.what} {self.mark} {self.who} {self.why}".rstrip() + "\n"


@contextmanager
def noting(counter: Counter, what: What, people: Sequence[Subscriber | str], why: str = "") -> Iterator[None]:
    """Around a change of the ledger: these people have left, or are back; an address where the ledger knows no more.

    A log that cannot be written is no reason to keep anybody.
    """
    file = _file(counter)
    if file is None or not people:
        yield
        return
    try:
        opened = _opened(file)
    except OSError as error:
        log.warning("left.not-noted", problem=error.strerror or str(error))
        yield
        return
    with closing(opened):
        number = _added(counter, opened, what, people, why)
        yield
        if number is not None:
            counter.store.remember(_MARK, str(number))


def catch_up(counter: Counter) -> int:
    """Do again what a restored copy of the ledger does not know; for how many people. Cheap where it knows all."""
    file = _file(counter)
    if file is None or not file.exists():
        return 0
    if _last_number(file) <= _mark(counter):
        return 0
    with closing(_opened(file)) as opened:
        known, lines = _mark(counter), _lines(opened)
        later = [line for line in lines if line.number > known]
        if not later:  # it was being written
            return 0
        done = _done_again(counter, later)
        counter.store.remember(_MARK, str(max(line.number for line in lines)))
    log.warning("ledger.older-than-left-log", known=known, done_again=done)
    return done


def compact(counter: Counter) -> None:
    """Keep the last line of each, and none that is older than an installation keeps what happened."""
    file = _file(counter)
    if file is None or not file.exists() or file.stat().st_size < _WORTH:
        return
    with closing(_opened(file)) as opened:
        lines = _lines(opened)
        last = _last(lines)
        oldest = counter.now() - max(counter.keep, timedelta(days=1))
        kept = [
            line
            for line in lines
            if (last[line.mark] is line or last.get(line.who) is line) and (line.at >= oldest or line is lines[-1])
        ]
        if 2 * len(kept) < len(lines):
            _replace(file, "".join(line.text() for line in kept).encode())


# --- the file -------------------------------------------------------------------


def _file(counter: Counter) -> Path | None:
    folder = counter.store.folder
    return folder / NAME if folder else None


def _opened(file: Path) -> FileIO:
    """The file, for us alone until it is closed. Raises OSError."""
    for _ in range(_TRIES):
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        opened = os.fdopen(handle, "r+b", buffering=0)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(handle), file.stat()):
                return opened
        except FileNotFoundError:
            pass
        except OSError:
            opened.close()
            raise
        opened.close()  # it was made shorter meanwhile, and is another file now
    raise OSError("the file is replaced all the time")


def _added(counter: Counter, opened: FileIO, what: What, people: Sequence[Subscriber | str], why: str) -> int | None:
    """The number of the last of the lines that are on disk now; None if they could not be written."""
    size = opened.seek(0, os.SEEK_END)
    tail = _tail(opened, size)
    number = max(_number_in(tail), _mark(counter))
    keys, now, said = counter.keys, counter.now(), _ADDRESS.sub("", " ".join(why.split()))[:80].strip()
    lines = [_Line(number + place, now, what, *_hashes(keys, one), said) for place, one in enumerate(people, 1)]
    text = ("" if not tail or tail.endswith(b"\n") else "\n") + "".join(line.text() for line in lines)
    try:
        raw = text.encode()
        if opened.write(raw) != len(raw):
            opened.truncate(size)
            raise OSError("it could not be written as a whole")
        os.fsync(opened.fileno())
    except OSError as error:
        log.warning("left.not-noted", problem=error.strerror or str(error))
        return None
    return lines[-1].number


def _tail(opened: FileIO, size: int) -> bytes:
    opened.seek(max(0, size - _TAIL))
    return opened.read()


def _number_in(tail: bytes) -> int:
    """The number of the last whole line."""
    return next((line.number for raw in reversed(tail.split(b"\n")) if (line := _parsed(raw))), 0)


def _last_number(file: Path) -> int:
    with suppress(OSError), file.open("rb", buffering=0) as opened:
        return _number_in(_tail(opened, opened.seek(0, os.SEEK_END)))
    return 0


def _lines(opened: FileIO) -> list[_Line]:
    """What can be read of it; a stop may have left half a line."""
    opened.seek(0)
    return [line for raw in opened.readall().split(b"\n") if (line := _parsed(raw))]


def _parsed(raw: bytes) -> _Line | None:
    try:
        number, at, what, mark, who, *why = raw.decode().split(" ", 5)
        return _Line(int(number), datetime.fromisoformat(at), What(what), mark, who, "".join(why))
    except ValueError:
        return None


def _hashes(keys: Keys, one: Subscriber | str) -> tuple[str, str]:
    if isinstance(one, str):
        return fingerprint(keys, one), _NOBODY
    return fingerprint(keys, one.email), fingerprint(keys, _id_text(one))


def _id_text(one: Subscriber) -> str:
    return f"#{one.id}"  # no address: it has no @


def _last(lines: Sequence[_Line]) -> dict[str, _Line]:
    """The last line by each hash of an address, and by each of an id."""
    found = {}
    for line in lines:
        found[line.mark] = found[line.who] = line
    found.pop(_NOBODY, None)
    return found


def _replace(file: Path, content: bytes) -> None:
    part = file.with_name(f".{NAME}.new")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


# --- the ledger -----------------------------------------------------------------


def _mark(counter: Counter) -> int:
    return int(counter.store.recall(_MARK) or 0)


def _done_again(counter: Counter, later: Sequence[_Line]) -> int:
    """Each as their last line says: of whom the copy knows nothing, the hash keeps a line of the file from counting."""
    keys, store, last = counter.keys, counter.store, _last(later)
    done, seen = 0, set[str]()
    for subscriber in store.addresses():
        own = fingerprints(keys, subscriber.email) | fingerprints(keys, _id_text(subscriber))
        if found := [last[mark] for mark in own & last.keys()]:
            seen |= {line.mark for line in found}
            done += _do_again(counter, subscriber, max(found, key=lambda line: line.number))
    for mark in dict.fromkeys(line.mark for line in later if line.mark not in seen):
        line = last[mark]
        if line.what is What.BACK:
            store.remember_again([mark])
        else:
            store.note_forgotten(mark, line.at, barred=_bars(line))
        done += 1
    return done


def _do_again(counter: Counter, known: Subscriber, line: _Line) -> bool:
    store = counter.store
    if line.what in (What.FORGOTTEN, What.BARRED):
        store.forget(known.id, fingerprint(counter.keys, known.email), line.at, barred=_bars(line))
        return True
    wanted = {
        What.LEFT: SubscriberState.UNSUBSCRIBED,
        What.SUPPRESSED: SubscriberState.SUPPRESSED,
        What.BACK: SubscriberState.ACTIVE,
    }[line.what]
    if known.state.reads == wanted.reads:
        return False
    store.set_subscriber(known.id, wanted, line.why or None, line.at)
    return True


def _bars(line: _Line) -> bool:
    return line.what is What.BARRED or line.why.endswith(("complaint", "by the operator"))
