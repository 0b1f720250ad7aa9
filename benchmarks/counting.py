"""An SMTP server that does nothing but count, in a process of its own: faster than smtp-sink."""

from __future__ import annotations

import mmap
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_COUNTED = struct.Struct("qqd")  # emails, octets, when the first one had come by the monotonic clock
_END = b"\r\n.\r\n"
_ANSWERS = {b"EHLO": b"250-counting\r\n250 PIPELINING\r\n", b"DATA": b"354 go\r\n"}


@dataclass(frozen=True)
class CountingSink:
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
def counting_sink() -> Iterator[CountingSink]:
    """An SMTP server in a process of its own, faster than smtp-sink: it looks at nothing but the ends of emails."""
    with tempfile.NamedTemporaryFile() as counted, socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        counted.write(bytes(_COUNTED.size))
        counted.flush()
        command = [sys.executable, "-m", "benchmarks.counting", str(listening.fileno()), counted.name]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], cwd=Path(__file__).parent.parent)
        try:
            yield CountingSink(listening.getsockname()[1], Path(counted.name))
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
    _count(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))
