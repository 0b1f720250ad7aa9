"""A proxy in front of a real IMAP server that answers some commands itself, ends connections and hides capabilities."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field


class Cut(Exception):
    """The connection ends here, without a word."""


@dataclass
class Faults:
    """What the proxy does; it may be changed while it runs."""

    answer: Callable[[bytes], bytes | None] = lambda _: None  # a command without tag → an answer without tag, or Cut
    hidden: tuple[bytes, ...] = ()  # capabilities that are not passed on
    heard: list[bytes] = field(default_factory=list)  # every line of the client

    def of_server(self, line: bytes) -> bytes:
        if b"CAPABILITY" in line:
            for word in self.hidden:
                line = line.replace(b" " + word, b"")
        return line


@contextmanager
def imap_proxy(port: int, faults: Faults) -> Iterator[int]:
    """Listens on a port of its own in front of the server at `port`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=_accept, args=(listening, port, faults), daemon=True)
        accepting.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join(10)


def _accept(listening: socket.socket, port: int, faults: Faults) -> None:
    threads, ends = list[threading.Thread](), list[socket.socket]()
    with ExitStack() as opened:
        with suppress(OSError):
            while True:
                client = opened.enter_context(listening.accept()[0])
                server = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
                for source, target, passed in (
                    (client, server, _Commands(client, faults)),
                    (server, client, faults.of_server),
                ):
                    ends.append(source)
                    threads.append(threading.Thread(target=_pass, args=(source, target, passed), daemon=True))
                    threads[-1].start()
        for end in ends:
            _ended(end)
        for thread in threads:
            thread.join(10)


class _Commands:
    """What becomes of a line of the client."""

    def __init__(self, client: socket.socket, faults: Faults) -> None:
        self._client, self._faults = client, faults

    def __call__(self, line: bytes) -> bytes:
        self._faults.heard.append(line.rstrip())
        tag, _, command = line.rstrip().partition(b" ")
        answer = self._faults.answer(command)
        if answer is None:
            return line
        self._client.sendall(tag + b" " + answer + b"\r\n")
        return b""


def _pass(source: socket.socket, target: socket.socket, passed: Callable[[bytes], bytes]) -> None:
    with suppress(OSError, Cut), source.makefile("rb") as lines:
        for line in lines:
            target.sendall(passed(line))
    _ended(source)
    _ended(target)


def _ended(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
