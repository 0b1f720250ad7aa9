"""A running web part on an ephemeral port, with its ledger and its roster: fixtures of several test files."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from newsletter import app, web
from newsletter.app.files import token_keys
from newsletter.models import SubscriberState
from newsletter.settings import Settings
from newsletter.tokens import Purpose, make
from tests.morning import MORNING, ROSTER

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
        return make(token_keys(self.settings.data_dir), purpose, self.ids[email])

    def leave(self, **more: Any) -> Answer:
        return self.ask("POST", f"/u/{self.token(Purpose.LEAVE)}", **more)

    def snapshot(self) -> tuple[object, ...]:
        """Everything that a request could change: the ledger's readers and the file."""
        with app.open_ledger(self.settings) as store:
            return (*store.subscribers(), self.settings.subscribers.read_bytes())

    def state(self, email: str = ADA) -> SubscriberState:
        with app.open_ledger(self.settings) as store:
            found = store.subscriber(email)
        assert found is not None
        return found.state


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
    running = uvicorn.Server(uvicorn.Config(switch, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
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
def site(tmp_path: Path, server: tuple[Switch, int]) -> Site:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with app.open_ledger(settings) as store:
        known = store.enrol([ADA, "chen@example.org"], MORNING)
    switch, port = server
    switch.inner = web.build(settings)
    return Site(settings, port, {email: one.id for email, one in known.items()})
