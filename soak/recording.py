"""An SMTP server in a process of its own that notes each email that it takes: when, which one, and its bytes' hash."""

from __future__ import annotations

import hashlib
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_END = b"\r\n.\r\n"
_NAME = re.compile(rb"^message-id:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)
_ANSWERS = {b"EHLO": b"250-recording\r\n250 PIPELINING\r\n", b"DATA": b"354 go\r\n"}


@dataclass(frozen=True, slots=True)
class Taken:
    """An email for which the server has answered, by the monotonic clock."""

    at: float
    message_id: str
    digest: str


@dataclass(frozen=True)
class RecordingSink:
    """A running server, and what it has taken."""

    port: int
    file: Path

    def number(self) -> int:
        """How many emails it has taken, for less than what `taken` costs."""
        with self.file.open("rb") as noted:
            return sum(block.count(b"\n") for block in iter(partial(noted.read, 1 << 20), b""))

    def taken(self) -> list[Taken]:
        lines = self.file.read_text("ascii").splitlines()
        return [Taken(float(at), name, digest) for at, name, digest in map(str.split, lines)]


@contextmanager
def recording_sink(pause: float = 0.0) -> Iterator[RecordingSink]:
    """On a free port; `pause`: seconds that it thinks about each email."""
    with tempfile.NamedTemporaryFile() as noted, socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        command = [sys.executable, "-m", "soak.recording", str(listening.fileno()), noted.name, str(pause)]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], cwd=Path(__file__).parent.parent)
        try:
            yield RecordingSink(listening.getsockname()[1], Path(noted.name))
        finally:
            process.terminate()
            process.wait()


class _Guest:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self._rest, self._in_body = connection, b"", False
        self.due: list[tuple[float, bytes]] = []  # answers that are thought about
        connection.sendall(b"220 recording\r\n")

    def read(self, pause: float) -> list[bytes] | None:
        """The emails that have ended with what has come; None: it has gone."""
        data = self.connection.recv(1 << 18)
        if not data:
            return None
        self._rest += data
        ended: list[bytes] = []
        answers = bytearray()
        while True:
            if self._in_body:
                body, end, rest = self._rest.partition(_END)
                if not end:
                    break
                self._rest, self._in_body = rest, False
                ended.append(body)
                answers += b"250 ok\r\n"
                continue
            line, newline, rest = self._rest.partition(b"\r\n")
            if not newline:
                break
            self._rest = rest
            self._in_body = line[:4].upper() == b"DATA"
            answers += _ANSWERS.get(line[:4].upper(), b"250 ok\r\n")
        if answers:
            self.due.append((time.monotonic() + (pause if ended else 0.0), bytes(answers)))
        return ended

    def answer(self, now: float) -> None:
        while self.due and self.due[0][0] <= now:
            self.connection.sendall(self.due.pop(0)[1])


def _record(listening: socket.socket, file: Path, pause: float) -> None:
    waiting, guests = selectors.DefaultSelector(), set[_Guest]()
    waiting.register(listening, selectors.EVENT_READ)
    with file.open("a") as noted:
        while True:
            due = [guest.due[0][0] for guest in guests if guest.due]
            left = max(0.0, min(due) - time.monotonic()) if due else None
            for key, _ in waiting.select(left):
                if key.fileobj is listening:
                    guest = _Guest(listening.accept()[0])
                    guests.add(guest)
                    waiting.register(guest.connection, selectors.EVENT_READ, guest)
                    continue
                ended: list[bytes] | None = None
                with suppress(ConnectionError):
                    ended = key.data.read(pause)
                if ended is None:
                    waiting.unregister(key.fileobj)
                    key.data.connection.close()
                    guests.discard(key.data)
                for body in ended or ():
                    found = _NAME.search(body)
                    name = found[1].decode() if found else "?"
                    noted.write(f"{time.monotonic()} {name} {hashlib.sha256(body).hexdigest()}\n")
                noted.flush()
            for guest in list(guests):
                with suppress(OSError):
                    guest.answer(time.monotonic())


if __name__ == "__main__":
    _record(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]), float(sys.argv[3]))
