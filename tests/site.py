"""A running web part on an ephemeral port, with its ledger and its roster: fixtures of several test files."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from newsletter import web
from newsletter.models import SubscriberState
from newsletter.readers import Counter, in_force
from newsletter.settings import Settings
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make
from tests.counters import counter_of
from tests.morning import ROSTER

ADA = "ada@example.org"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass(frozen=True)
class Site:
    """A running web part and what stands behind it."""

    settings: Settings
    counter: Counter
    port: int
    ids: dict[str, int]

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request with the path exactly as given; no redirect is followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def token(self, purpose: Purpose, email: str = ADA) -> str:
        return make(self.counter.keys, purpose, self.ids[email])

    def leave(self, **more: Any) -> Answer:
        return self.ask("POST", f"/u/{self.token(Purpose.LEAVE)}", **more)

    def snapshot(self) -> tuple[object, ...]:
        """Everything that a request could change: the ledger's readers and the file."""
        return (*self.counter.store.subscribers(), self.settings.subscribers.read_bytes())

    def state(self, email: str = ADA) -> SubscriberState:
        found = self.counter.store.subscriber(email)
        assert found is not None
        return found.state


def undo_path(page: Answer) -> str:
    """The page behind the buttons that take back what this one tells of; their addresses are relative."""
    (found,) = set(re.findall(r'action="(?:\.\./)+(undo/[0-9a-f]{40})"', page.text))
    return f"/{found}"


class Switch:
    """One server for all tests: each puts its own application behind it."""

    def __init__(self) -> None:
        self.inner: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.inner(scope, receive, send)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Switch, int]]:
    """A server on an ephemeral port of this machine."""
    switch = Switch()
    how = {"log_level": "error", "lifespan": "off", "proxy_headers": False}  # as `web.run` has it
    running = uvicorn.Server(uvicorn.Config(switch, host="127.0.0.1", port=0, **how))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not running.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        yield switch, running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(10)


@pytest.fixture
def site(tmp_path: Path, server: tuple[Switch, int]) -> Iterator[Site]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with site_of(settings, server) as opened:
        yield opened


@contextmanager
def site_of(settings: Settings, server: tuple[Switch, int]) -> Iterator[Site]:
    """The web part over this list, taken in."""
    with counter_of(settings, utc_now) as counter:
        in_force.take_in(counter, in_force.load(counter))
        switch, port = server
        switch.inner = web.build(counter)
        yield Site(settings, counter, port, {one.email: one.id for one in counter.store.subscribers()})
