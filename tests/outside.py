"""The product as its users meet it: commands, HTTP, SMTP and files. Nothing here imports it."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from aiosmtpd.controller import Controller

from tests.forked import Forks

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0  # seconds; a busy machine is no failure

# A process starts with this clock, and it goes on from there. Not libfaketime: waits of threads that are to end after
# some seconds end at once with it and are begun again, and Python's own sleep fails.
_AT_START = """\
import os, socket
from datetime import datetime

import time_machine

time_machine.travel(datetime.fromisoformat(os.environ["OUTSIDE_NOW"]), tick=True).start()
socket.gethostname = socket.getfqdn = lambda *_: "machine.example"
"""


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until `condition()` is true, or fail with `what`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])


@dataclass(frozen=True)
class Home:
    """A newsletter's folder, with the settings that its commands get beside `.env`."""

    folder: Path
    settings: Mapping[str, str]
    forks: Forks | None = None  # where its commands come from, if each need not start Python by itself

    def environment(self, now: str, more: Mapping[str, str]) -> dict[str, str]:
        at_start = self.folder.parent / "at-start"
        at_start.mkdir(exist_ok=True)
        (at_start / "sitecustomize.py").write_text(_AT_START, "utf-8")
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{at_start}{os.pathsep}{ROOT}",
            "HOME": str(self.folder.parent),
            "TZ": "UTC",
            "COLUMNS": "200",
            "OUTSIDE_NOW": f"{now}+00:00",
            **self.settings,
            **more,
        }

    def run(self, now: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`newsletter …` at a time such as `2026-03-09 13:00`, with further settings."""
        environment = self.environment(now, more)
        if self.forks:
            return self.forks.run(
                arguments, folder=self.folder, environment=environment, timeout=PATIENCE, first=_AT_START
            )
        return subprocess.run(
            [sys.executable, "-m", "newsletter", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def settle(self) -> None:
        """Let the list look saved a while ago: files have the machine's own time, which is ahead of the one given here,
        and what was changed just now may be in the middle of being saved."""
        file = self.folder / "subscribers.yaml"
        then = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + file.stat().st_mtime % 10**6  # no two alike
        os.utime(file, (then, then))

    @contextmanager
    def running(self, now: str, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """The same as a process beside us, stopped at the end; its output goes to `output` beside the folder."""
        with (
            (self.folder.parent / "output").open("a") as output,
            subprocess.Popen(
                [sys.executable, "-m", "newsletter", *arguments],
                cwd=self.folder,
                env=self.environment(now, more),
                stdout=subprocess.PIPE if "--serve" in arguments else output,
                stderr=output,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()

    @contextmanager
    def serving(self, now: str, **more: str) -> Iterator[Web]:
        """`newsletter serve`, once its first tick is over."""
        web = Web(free_port())
        with self.running(now, "serve", NEWSLETTER_PORT=str(web.port), **more) as process:

            def ready() -> bool:
                assert process.poll() is None, (self.folder.parent / "output").read_text()
                return web.is_ready()

            wait_for(ready, "the service is not ready")
            yield web

    @contextmanager
    def arxiv(self, now: str, papers: Path) -> Iterator[dict[str, str]]:
        """`newsletter demo --serve` with these papers; the settings that use it."""
        with self.running(now, "demo", "--serve", "--papers", str(papers)) as process:
            assert process.stdout is not None
            printed = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
            yield printed


@dataclass(frozen=True)
class Page:
    """One answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Web:
    """The web part on this port."""

    port: int

    def ask(self, method: str, address: str, body: str = "") -> Page:
        """One request; of an address only path and query count, since a proxy stands before the real one."""
        parts = urlsplit(address)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            return Page(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return b'"last_tick":null' not in self.ask("GET", "/healthz").body.replace(b" ", b"")
        except OSError:
            return False


@dataclass(frozen=True)
class Sent:
    """One email that a server was given."""

    envelope_from: str
    to: str
    content: bytes = field(repr=False)


@dataclass
class Sink:
    """An SMTP server that keeps what it takes. Who is in `dropped` is cut off after the final dot, who is in
    `hanging` waits for the answer until the client is gone."""

    mails: list[Sent] = field(default_factory=list)
    doubtful: list[Sent] = field(default_factory=list)
    dropped: frozenset[str] = frozenset()
    hanging: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()  # for policy, as what the sender is
    hangs: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def settings(self) -> dict[str, str]:
        # Without a password, which would not be sent in the clear.
        return {"NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{self.port}", "NEWSLETTER_SMTP_PASSWORD": ""}

    def to(self, email: str) -> list[Sent]:
        return [one for one in self.mails if one.to == email]

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        mail = Sent(envelope.mail_from or "", envelope.rcpt_tos[0], envelope.original_content or b"")
        if mail.to in self.refused:
            return "550 5.7.1 Message rejected: your address is listed by our policy"
        if mail.to in self.dropped | self.hanging:
            self.doubtful.append(mail)
            if mail.to in self.dropped:
                server.transport.abort()
                return "250 never heard"
            self.hangs.set()
            await asyncio.sleep(PATIENCE)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def sink(dropped: Sequence[str] = (), hanging: Sequence[str] = (), refused: Sequence[str] = ()) -> Iterator[Sink]:
    kept = Sink(dropped=frozenset(dropped), hanging=frozenset(hanging), refused=frozenset(refused), port=free_port())
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


# --- what readers write ---


@lru_cache(maxsize=512)
def original(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def written_to(address: str, sender: str, text: str, *, subject: str = "", **headers: str) -> bytes:
    """An email of a reader; each has a Message-ID of its own."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, address, subject
    known = hashlib.sha256(repr((address, sender, text, subject, headers)).encode()).hexdigest()[:20]
    mail["Message-ID"] = f"<{known}@reader.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{text}\n")
    return mail.as_bytes(policy=policy.SMTP)


def reply(content: bytes, text: str, *, proof: str = "Reply-To") -> bytes:
    """An answer as a mail program writes it, addressed by Reply-To; or with `In-Reply-To` or `References` alone."""
    mail = original(content)
    body = mail.get_body(("plain",))
    quoted = "".join(f"> {line}\n" for line in (str(body.get_content()) if body else "").splitlines())
    by_address = proof == "Reply-To"
    named = ("In-Reply-To", "References") if by_address else (proof,)
    return written_to(
        str(mail["Reply-To" if by_address else "From"]),
        str(mail["To"]) if by_address else "somebody@elsewhere.example",
        f"{text}\n\nOn Monday {mail['From']} wrote:\n{quoted}",
        subject=f"Re: {mail['Subject']}",
        **{name: str(mail["Message-ID"]) for name in named},
    )


def by_mailto(link: str, sender: str) -> bytes:
    """The email that a mail program prepares for a `mailto:` link."""
    parts = urlsplit(link)
    wanted = dict(parse_qsl(parts.query))
    return written_to(unquote(parts.path), sender, wanted.get("body", ""), subject=wanted.get("subject", ""))


def returned(mail: Sent, status: str, text: str) -> bytes:
    """The report of a mail server (RFC 3464) about an email that it could not deliver, sent to its envelope sender."""
    token = hashlib.sha256(mail.content + status.encode()).hexdigest()[:20]
    head = mail.content.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery System <mailer-daemon@mx.example>",
        f"To: {mail.envelope_from}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <{token}@mx.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"',
        "",
        "--report",
        "Content-Type: text/plain",
        "",
        f"Your message to <{mail.to}> could not be delivered: {text}",
        "",
        "--report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        f"Final-Recipient: rfc822; {mail.to}",
        f"Action: {'failed' if status.startswith('5') else 'delayed'}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {'550' if status.startswith('5') else '450'} {status} {text}",
        "",
        "--report",
        "Content-Type: text/rfc822-headers",
        "",
        head,
        "",
        "--report--",
        "",
    ]
    return "\r\n".join(line.replace("\r\n", "\n").replace("\n", "\r\n") for line in lines).encode()
