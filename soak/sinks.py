"""Where mails arrive: servers that outlive the process under test and keep what they accepted."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.sendgrid_server import SendGridServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """One mail that a server has answered for."""

    recipient: str
    message_id: str
    content: bytes  # all that two copies of one mail have in common


class Sink(Protocol):
    """A running server, and what it has accepted so far."""

    @property
    def environment(self) -> Mapping[str, str]: ...

    def arrived(self) -> list[Arrived]: ...


@dataclass(frozen=True)
class SmtpSink:
    """Postfix's `smtp-sink`: a file for each mail whose final dot it has answered, none for a cut one."""

    port: int
    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "NEWSLETTER_TRANSPORT": "smtp",
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "NEWSLETTER_SENDER": "Morning arXiv <news@example.org>",
        }

    def arrived(self) -> list[Arrived]:
        return [_read_dump(file.read_bytes()) for file in sorted(self.folder.iterdir())]


@contextmanager
def smtp_sink(*options: str) -> Iterator[SmtpSink]:
    """A sink on a free port of loopback until the block ends."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        user = ["-u", "root"] if os.geteuid() == 0 else []
        program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin")
        command = [program or "smtp-sink", *user, *options, "-d", f"{folder}/", f"127.0.0.1:{port}", "100"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_until_listening(port)
            yield SmtpSink(port, Path(folder))
        finally:
            process.kill()
            process.wait()


def _wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _read_dump(dump: bytes) -> Arrived:
    """The sink's own lines (X-…-Args, Received) stand before the mail's."""
    head, _, mail = dump.partition(b"\tby smtp-sink")
    _, _, mail = mail.partition(b"(UTC)\n")  # its Received line ends with the date
    envelope = dict(line.split(b": ", 1) for line in head.splitlines() if b": " in line)
    given = dict(line.split(b": ", 1) for line in mail.partition(b"\n\n")[0].splitlines() if b": " in line)
    return Arrived(
        recipient=_path(envelope[b"X-Rcpt-Args"]),
        message_id=given[b"Message-ID"].decode(),
        content=envelope[b"X-Mail-Args"] + b"\n" + mail,
    )


def _path(arguments: bytes) -> str:
    return arguments.decode().partition(">")[0].removeprefix("<")


@dataclass(frozen=True)
class SendGridSink:
    """The stand-in of SendGrid: a mail for each personalization of a call that was answered with 202."""

    server: SendGridServer

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "NEWSLETTER_TRANSPORT": "sendgrid",
            "NEWSLETTER_SENDGRID_URL": self.server.origin,
            "SENDGRID_API_KEY": self.server.key,
            "NEWSLETTER_SENDER": "Morning arXiv <news@example.org>",
        }

    def arrived(self) -> list[Arrived]:
        return [
            Arrived(
                recipient=mail["to"][0]["email"],
                message_id=mail["headers"]["Message-ID"],
                content=json.dumps(mail, sort_keys=True).encode(),
            )
            for mail in self.server.mails
        ]

    def largest_call(self) -> int:
        return max((len(call["personalizations"]) for call in self.server.calls), default=0)


@contextmanager
def sendgrid_sink() -> Iterator[SendGridSink]:
    with SendGridServer() as server:
        yield SendGridSink(server)
