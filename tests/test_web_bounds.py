"""Strangers at the web part of a real `serve`: few at a time, none for long, and the morning goes on beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from newsletter.demo.servers import Servers
from newsletter.web import connections
from newsletter.web.patience import Patience
from tests.conftest import ROOT
from tests.factories import DAY
from tests.morning import ROSTER, sample_rows
from tests.outside import _AT_START, Web, free_port, sink, wait_for
from tests.site import Site
from tests.test_cli import todays_servers, without_model
from tests.test_hooks import INBOUND, KEY, SECRET

HOOK = "/hooks/sendgrid/events"
PUBLIC = "https://news.example"


@dataclass(frozen=True)
class Served:
    """A service and what it wrote."""

    process: subprocess.Popen[bytes]
    web: Web
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.web.port), timeout=60)

    def memory(self) -> int:
        """Octets that it holds now, of its own."""
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"RssAnon:\s+(\d+)", said)[0]) << 10

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], readers: int = 0) -> Iterator[Served]:
    """`newsletter serve` with 512 descriptors, once it answers."""
    entries = "".join(f"  - reader{number}@example.org\n" for number in range(readers))
    (folder / "subscribers.yaml").write_text(ROSTER + entries, "utf-8")
    port, log = free_port(), folder / "log"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder), **settings}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "serve"],
            cwd=folder,
            env=environment | {"NEWSLETTER_PORT": str(port)},
            stdout=output,
            stderr=output,
            preexec_fn=few_descriptors,
        )
    try:
        served = Served(process, Web(port), log)
        wait_for(served.web.is_ready, "the service is not ready")
        yield served
    finally:
        process.kill()
        process.wait()


HOOKED = {
    "NEWSLETTER_SENDGRID_WEBHOOK_KEY": KEY,
    "NEWSLETTER_INBOUND_SECRET": SECRET,
    "NEWSLETTER_PUBLIC_URL": PUBLIC,
    "NEWSLETTER_SENDER": "Morning arXiv <news@news.example>",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with nothing to do."""
    with (
        todays_servers() as servers,
        serving(tmp_path_factory.mktemp("served"), without_model(servers) | HOOKED) as one,
    ):
        yield one


def head(path: str, length: int, **more: str) -> bytes:
    lines = {"Host": "127.0.0.1", "Content-Length": str(length)} | {n.replace("_", "-"): v for n, v in more.items()}
    return (f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n").encode()


def likely() -> dict[str, str]:
    """The headers of an event post that nobody signed."""
    return {
        "X_Twilio_Email_Event_Webhook_Signature": "A" * 96,
        "X_Twilio_Email_Event_Webhook_Timestamp": str(int(time.time())),
    }


def status(connection: socket.socket) -> int:
    """Of the answer; 0 where the connection just ends."""
    with contextlib.suppress(ConnectionError):
        found = re.match(rb"HTTP/1.1 (\d+)", connection.recv(4_096))
        return int(found[1]) if found else 0
    return 0


@contextmanager
def flood(one: Served) -> Iterator[None]:
    """80 bodies that hardly come and 1,000 connections that say nothing, again as soon as they were let go."""
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            with ExitStack() as opened, contextlib.suppress(OSError):
                for number in range(1_080):
                    client = opened.enter_context(one.connect())
                    if number < 80:
                        client.sendall(head(HOOK, 10_000, **likely()) + b"[")
                over.wait(8)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_idle_connections_and_slow_bodies_stop_no_email(tmp_path: Path) -> None:
    """While 30 readers are due, with 512 descriptors: every email goes out, the log is short, SIGTERM ends it."""
    (tmp_path / "sitecustomize.py").write_text(_AT_START, "utf-8")
    clock = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "OUTSIDE_NOW": "2026-03-09 09:29:20+00:00"}
    with Servers(sample_rows(), DAY) as servers, sink() as mails:
        settings = without_model(servers) | HOOKED | {"NEWSLETTER_TRANSPORT": "smtp", **mails.settings, **clock}
        with serving(tmp_path, settings, readers=30) as one:
            before = one.memory()
            with flood(one):
                wait_for(lambda: len(mails.mails) >= 32, "an email did not go out")
                wait_for(lambda: "web.full" in one.log.read_text(), "the table is never full")
                assert 200 == one.web.ask("GET", "/healthz").status
                assert 60 << 20 > one.memory() - before
                one.process.send_signal(signal.SIGTERM)
                one.process.wait(60)
            said = one.log.read_text()
    assert 0 == one.process.returncode
    assert 32 == len({mail.to for mail in mails.mails}) == len(mails.mails)
    assert 100 << 10 > len(said)
    assert "Traceback" not in said
    assert 3 >= said.count("web.full")


@pytest.mark.parametrize("signed", [False, True])
def test_unsigned_posts_are_not_kept(served: Served, signed: bool) -> None:
    """20 posts of 15 MB, without a signature and with something in its place: 403, and hardly any memory."""
    largest, before = 15_000_000, served.memory()
    with ExitStack() as opened:
        clients = [opened.enter_context(served.connect()) for _ in range(20)]
        for client in clients:
            with contextlib.suppress(ConnectionError):  # it has its answer already
                client.sendall(head(HOOK, largest, **(likely() if signed else {})))
        grown = [served.memory() - before]
        for client in clients:
            for _ in range(largest // 1_000_000):
                with contextlib.suppress(ConnectionError):
                    client.sendall(b" " * 1_000_000)
                grown.append(served.memory() - before)
                if not signed:
                    break
        if not signed:
            assert {403, 0} >= {status(client) for client in clients}
    assert 20 << 20 > max(grown)


def test_who_sends_nothing_is_let_go(served: Served) -> None:
    """A connection without a request, one with half a header, and one with half a body: all end by themselves."""
    silent, half, body = served.connect(), served.connect(), served.connect()
    half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    body.sendall(head(HOOK, 1_000, **likely()) + b"[")
    assert b"" == silent.recv(1)
    assert b"" == half.recv(1)
    assert 408 == status(body)
    for client in (silent, half, body):
        client.close()


def test_what_is_said_of_a_body_is_looked_at_first(served: Served) -> None:
    """Too long, of unknown length, without a signature, of too long a type: answered before anything is sent."""
    chunked = head(HOOK, 0, **likely()).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    cases = [
        (head(HOOK, 17 << 20, **likely()), 413),
        (chunked, 411),
        (head(HOOK, 1_000), 403),
        (head(HOOK, 1_000, **likely() | {"X_Twilio_Email_Event_Webhook_Timestamp": "1"}), 403),
        (head(INBOUND, 1_000, Content_Type="multipart/form-data" + "; a=b" * 500), 403),
        (head(f"/p/{'a' * 34}", 1_000), 404),
        (head("/hooks/sendgrid/inbound/another-secret-of-twenty", 1_000), 404),
    ]
    for given, expected in cases:
        with served.connect() as client:
            client.sendall(given)
            assert expected == status(client), given


def test_a_client_that_goes_away_costs_no_traceback(served: Served) -> None:
    """In the middle of a header, of a body, before the answer: the log says nothing."""
    for number in range(60):
        with served.connect() as client:
            given = (b"GET / HT", head(HOOK, 1_000, **likely()) + b"[", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            client.sendall(given[number % 3])
    for nonsense in (b"\x00\xff" * 100 + b"\r\n\r\n", b"GET /" + b"x" * 100_000):
        with served.connect() as client, contextlib.suppress(ConnectionError):
            client.sendall(nonsense)
            status(client)
    assert 200 == served.web.ask("GET", "/healthz").status
    said = served.log.read_text()
    assert "Traceback" not in said
    assert "Invalid HTTP" not in said


def test_a_flood_is_answered_as_busy_at_most(served: Served) -> None:
    """150 bodies at once that never end: nobody gets more than a hundred places, and afterwards all is as before."""
    with ExitStack() as opened:
        clients = [opened.enter_context(served.connect()) for _ in range(150)]
        for client in clients:
            client.sendall(head(HOOK, 1_000, **likely()))
        found = [status(client) for client in clients]
    assert {503, 408} == set(found)
    assert 50 <= found.count(503)
    wait_for(lambda: 60 > served.descriptors(), "connections stay open")
    assert 200 == served.web.ask("GET", "/healthz").status


def test_bodies_that_are_held_back_leave_room(served: Served) -> None:
    """Of 150 unfinished posts to the open hook most are sent away at once: pages and the secret hook answer beside."""
    with ExitStack() as opened:
        clients = [opened.enter_context(served.connect()) for _ in range(150)]
        for client in clients:
            client.sendall(head(HOOK, 1_000, **likely()) + b"[")
        wait_for(lambda: 132 <= len(select.select(clients, [], [], 0)[0]), "they hold more than 18 places")
        assert 200 == served.web.ask("GET", "/healthz").status
        assert 404 == served.web.ask("POST", f"/u/{'a' * 34}").status
        with served.connect() as provider:
            provider.sendall(head(INBOUND, 1, Content_Type="text/plain") + b"x")
            assert 400 == status(provider)  # read, and no form


def test_few_bodies_are_waited_for() -> None:
    """A reader who has a token and holds back a hundred bodies keeps nobody else from a page."""
    never = asyncio.Event()
    answers: list[int] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await receive()
        await PlainTextResponse("page")(scope, receive, send)

    async def receive() -> Message:
        await never.wait()
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    async def flood() -> None:
        patience = Patience(page)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(100):
                tasks.create_task(patience({"type": "http", "method": "POST"}, receive, send))
            await asyncio.sleep(0)
            assert [503] * 70 == answers
            await patience({"type": "http", "method": "GET"}, receive, send)
            never.set()

    asyncio.run(flood())
    assert [503] * 70 + [200] * 31 == answers


def test_room_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,024 descriptors the web part has two hundred, of few it leaves the most."""
    allowed: Callable[[int], tuple[int, int]]
    for most, expected in ((1_024, 200), (512, 156), (256, 28), (64, 8), (resource.RLIM_INFINITY, 200)):
        allowed = lambda _, most=most: (most, most)  # type: ignore[misc]  # noqa: E731
        monkeypatch.setattr(connections.resource, "getrlimit", allowed)
        assert expected == connections.room()


# --- whom a request is addressed to ---


def test_other_hosts_are_refused(served: Served) -> None:
    """Its own name and this machine's are answered; any other, two of them or none are not."""
    for given, expected in [
        (b"Host: news.example", 200),
        (b"Host: NEWS.example:443", 200),
        (b"Host: localhost:8080", 200),
        (b"Host: [::1]:8080", 200),
        (b"Host: evil.example", 421),
        (b"Host: news.example.evil.example", 421),
        (b"Host: news.example@evil.example", 421),
        (b"Host: news.example\r\nHost: evil.example", 400),  # already for who parses it
        (b"Host:", 421),
    ]:
        with served.connect() as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\n" + given + b"\r\nConnection: close\r\n\r\n")
            assert expected == status(client), given


def test_a_redirect_leads_to_the_public_address(site: Site) -> None:
    """Without one to a path alone; what a client wrote into Host is in no address."""
    folder = site.settings.data_dir / "archive" / "2026"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("x", "utf-8")
    answer = site.ask("GET", "/2026", headers={"Host": "localhost:1234", "X-Forwarded-Host": "evil.example"})
    assert (307, "/2026/") == (answer.status, answer.headers["location"])


def test_dotfiles_of_the_archive_are_not_served(site: Site) -> None:
    """A part that is being written, a folder of git, what an editor left."""
    folder = site.settings.data_dir / "archive"
    (folder / ".git").mkdir(parents=True)
    for name in (".env", ".git/config", ".index.html.part", "index.html"):
        (folder / name).write_text("x", "utf-8")
    assert 200 == site.ask("GET", "/index.html").status
    for path in ("/.env", "/.git/config", "/.index.html.part", "/%2eenv", "/x/../.env", "/./.env"):
        assert 404 == site.ask("GET", path).status, path
