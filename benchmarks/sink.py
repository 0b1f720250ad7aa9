"""Servers that take what the benchmarks send: Postfix's smtp-sink, and a proxy that answers as from far away."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


def program(name: str) -> str | None:
    """Where a program is, the administrator's included."""
    return shutil.which(name, path=_PLACES)


class Sink:
    """A running smtp-sink, which writes down how many mails it has taken."""

    def __init__(self, port: int, said: Path) -> None:
        self.port, self._said = port, said

    def taken(self) -> int:
        """Mails so far; its last words may come a moment late."""
        counts = re.findall(r"mesg=(\d+)", self._said.read_text("ascii", "replace"))
        return int(counts[-1]) if counts else 0

    def took(self, mails: int) -> None:
        """Fails unless it has taken exactly so many."""
        until = time.monotonic() + 3
        while self.taken() < mails and time.monotonic() < until:
            time.sleep(0.02)
        if self.taken() != mails:
            raise AssertionError(f"{self.taken()} mails arrived, {mails} were sent")


@contextmanager
def smtp_sink(*options: str) -> Iterator[Sink]:
    """smtp-sink on a free port."""
    port = _free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.NamedTemporaryFile() as said:
        command = [program("smtp-sink") or "smtp-sink", *user, *options, "-c", f"127.0.0.1:{port}", "1000"]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            _await(port)
            yield Sink(port, Path(said.name))
        finally:
            process.terminate()
            process.wait()


@contextmanager
def far_away(port: int, seconds: float) -> Iterator[int]:
    """A proxy before `port`, in a process of its own: each reply comes `seconds` later, without holding up others."""
    mine = _free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink", str(mine), str(port), str(seconds)])
    try:
        _await(mine)
        yield mine
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _await(port: int) -> None:
    for _ in range(500):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")


class _Far(asyncio.Protocol):
    """One end of a connection through the proxy: what comes in leaves at the other end, `seconds` later."""

    def __init__(self, seconds: float, other: _Far | None = None) -> None:
        self._seconds, self.other = seconds, other
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        assert isinstance(transport, asyncio.Transport)
        for data in self._early:
            transport.write(data)

    def write(self, data: bytes) -> None:
        if isinstance(transport := getattr(self, "transport", None), asyncio.Transport):
            transport.write(data)
        else:
            self._early.append(data)

    def data_received(self, data: bytes) -> None:
        if self.other and self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self.other.write, data)
        elif self.other:
            self.other.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self.other and isinstance(transport := getattr(self.other, "transport", None), asyncio.Transport):
            asyncio.get_running_loop().call_later(self._seconds, transport.close)


async def _proxy(mine: int, to: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()

    def accepted() -> _Far:
        near = _Far(0.0)
        near.other = _Far(seconds, near)
        connecting = loop.create_connection(lambda: near.other or near, "127.0.0.1", to)
        near.task = asyncio.ensure_future(connecting)  # type: ignore[attr-defined] # kept, or it may be collected
        return near

    async with await loop.create_server(accepted, "127.0.0.1", mine, backlog=256) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_proxy(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
