"""A whole `newsletter run` over a list of 10,000 readers: CPU for each email, and how soon the first one leaves.

`python -m benchmarks.whole [CHECKOUT]` runs another checkout's `newsletter` beside ours, on the same day and server.
"""

from __future__ import annotations

import mmap
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.scale import readers
from benchmarks.sink import program
from benchmarks.start import children_ms
from newsletter import app
from newsletter.app.files import token_keys
from newsletter.demo.rows import SampleRow
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.readers import enrolling
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.clock import utc_now

_ROOT = Path(__file__).parent.parent
_READERS, _MANY = 10_000, 100_000
_INTEREST = "Pruning and quantisation of language models."
_HEAD = f"""\
topics:
  foundations: {{categories: [cs.LG, cs.CL, cs.CV, cs.AI], interests: {_INTEREST}}}
subscribers:
"""


def lines(others: Sequence[Path] = ()) -> Iterator[str]:
    """One line for each checkout, smtp-source and the first email."""
    sizes = {}
    for checkout in (*others, _ROOT):
        name = "ours" if checkout == _ROOT else checkout.name
        for kind, settled in (("first run", False), ("later run", True)):
            taken, size = _run(checkout, settled=settled)
            sizes[name] = size
            yield f"{name}, {kind}: {taken:.0f} µs of CPU an email of {size / 1000:.0f} KB, {_READERS:,} readers"
    yield f"smtp-source, the same size: {_smtp_source(sizes['ours']):.0f} µs of CPU an email"
    yield f"the first of {_MANY:,} readers gets the email {_first_email():.2f} s after the tick of their hour"


def _run(checkout: Path, *, settled: bool) -> tuple[float, int]:
    """Microseconds of CPU an email, and octets of one; `settled`: the day is prepared and the list known."""
    with _morning() as (folder, settings, sink):
        command = partial(_newsletter, checkout, folder, settings, "run")
        for _ in range(2 if settled else 0):
            command("--only", "reader0@example.org")
        before = sink.taken
        taken = children_ms(command) * 1000
        sink.took(_READERS)
        return taken / (_READERS - before), sink.octets // sink.taken


def _smtp_source(size: int) -> float:
    with counting_sink() as sink:
        options = ["-d", "-s", "8", "-l", str(size), "-m", str(_READERS), "-f", "a@example.org", "-t", "b@example.org"]
        command = [program("smtp-source") or "smtp-source", *options, f"127.0.0.1:{sink.port}"]
        return children_ms(partial(subprocess.run, command, check=True)) * 1000 / _READERS


def _first_email() -> float:
    """Seconds from the tick at which so many readers are due; an earlier one has prepared the day."""
    with _morning(1) as (folder, given, sink):
        os.environ.update(given)
        settings = Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")
        announced = calendar.announced_at(calendar.newest(utc_now()))
        clock = [announced + timedelta(minutes=5)]
        with app.open_counter(settings, now=lambda: clock[0]) as counter:
            service = Service(settings, counter)
            service.tick()
            enrolling.enrol(counter.store, token_keys(settings.data_dir), readers(_MANY), announced - timedelta(days=9))
            clock[0] = announced + timedelta(hours=10)
            before, began = sink.taken, time.monotonic()
            service.tick()
        if before:
            raise AssertionError("an email left before its hour")
        return sink.first - began


# --- the day and the list -----------------------------------------------------------


@contextmanager
def _morning(entries: int = _READERS) -> Iterator[tuple[Path, Mapping[str, str], Sink]]:
    day = calendar.newest(utc_now())
    rows = list(map(_of_interest, sample_day(day, calendar.window(day))))
    with tempfile.TemporaryDirectory() as name, counting_sink() as sink, Servers(rows, day) as servers:
        folder = Path(name)
        entry = "  - {{email: reader{}@example.org, abstracts: full, max_papers: 40}}\n"
        (folder / "subscribers.yaml").write_text(_HEAD + "".join(map(entry.format, range(entries))), "utf-8")
        given = {name: value for name, value in servers.environment().items() if "MODEL" not in name}
        yield (
            folder,
            given
            | {
                "NEWSLETTER_TRANSPORT": "smtp",
                "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
                "NEWSLETTER_SENDER": "Morning <news@example.org>",
                "NEWSLETTER_PUBLIC_URL": "https://news.example.org",
            },
            sink,
        )


def _of_interest(row: SampleRow) -> SampleRow:
    """The paper as one that the list is about, with an abstract that makes emails of 60 KB."""
    return replace(row, title=f"{row.title} by pruning", abstract=f"{_INTEREST} {row.abstract * 4}")


def _newsletter(checkout: Path, folder: Path, settings: Mapping[str, str], *arguments: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    command = [sys.executable, "-m", "newsletter", *arguments]
    environment = plain | {"PYTHONPATH": str(checkout)} | dict(settings)
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


# --- a server that does nothing but count ---------------------------------------------

_COUNTED = struct.Struct("qqd")  # emails, octets, when the first one had come by the monotonic clock
_END = b"\r\n.\r\n"
_ANSWERS = {b"EHLO": b"250-counting\r\n250 PIPELINING\r\n", b"DATA": b"354 go\r\n"}


@dataclass(frozen=True)
class Sink:
    """What the counting server writes into a file."""

    port: int
    file: Path

    @property
    def taken(self) -> int:
        return int(_COUNTED.unpack(self.file.read_bytes())[0])

    @property
    def octets(self) -> int:
        return int(_COUNTED.unpack(self.file.read_bytes())[1])

    @property
    def first(self) -> float:
        return float(_COUNTED.unpack(self.file.read_bytes())[2])

    def took(self, mails: int) -> None:
        """Fails unless it has taken exactly so many."""
        if self.taken != mails:
            raise AssertionError(f"{self.taken} emails arrived, {mails} were sent")


@contextmanager
def counting_sink() -> Iterator[Sink]:
    """An SMTP server in a process of its own, faster than smtp-sink: it looks at nothing but the ends of emails."""
    with tempfile.NamedTemporaryFile() as counted, socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        counted.write(bytes(_COUNTED.size))
        counted.flush()
        command = [sys.executable, "-m", "benchmarks.whole", "--count", str(listening.fileno()), counted.name]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], cwd=_ROOT)
        try:
            yield Sink(listening.getsockname()[1], Path(counted.name))
        finally:
            process.terminate()
            process.wait()


class _Guest:
    """One connection: commands are answered one by one, a body is counted at its end."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self._rest, self._body = connection, b"", False
        self.octets = 0
        connection.sendall(b"220 counting\r\n")

    def read(self) -> int | None:
        """How many emails have ended with what has come; None: it has gone."""
        data = self.connection.recv(1 << 18)
        if not data:
            return None
        said, ended = self._rest + data, 0
        answers: list[bytes] = []
        while True:
            if self._body:
                at = said.find(_END)
                if at < 0:
                    self.octets += max(0, len(said) - len(_END))
                    self._rest = said[-len(_END) :]
                    break
                self.octets += at
                said, self._body, ended = said[at + len(_END) :], False, ended + 1
                answers.append(b"250 ok\r\n")
            line, newline, more = said.partition(b"\r\n")
            if not newline:
                self._rest = said
                break
            said = more
            verb = line[:4].upper()
            self._body = verb == b"DATA"
            answers.append(_ANSWERS.get(verb, b"250 ok\r\n"))
        if answers:
            self.connection.sendall(b"".join(answers))
        return ended


def _count(listening: socket.socket, file: Path) -> None:
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), _COUNTED.size) as shared:
        waiting, taken, octets, first = selectors.DefaultSelector(), 0, 0, 0.0
        waiting.register(listening, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    waiting.register(connection, selectors.EVENT_READ, _Guest(connection))
                    continue
                try:
                    ended = key.data.read()
                except ConnectionError:
                    ended = None
                if ended is None:
                    waiting.unregister(key.fileobj)
                    key.data.connection.close()
                elif ended:
                    first, taken = first or time.monotonic(), taken + ended
                    octets, key.data.octets = octets + key.data.octets, 0
                    _COUNTED.pack_into(shared, 0, taken, octets, first)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--count"]:
        _count(socket.socket(fileno=int(sys.argv[2])), Path(sys.argv[3]))
    for said in lines([Path(name) for name in sys.argv[1:]]):
        print(said, flush=True)
