"""Routes over the ledger. A GET changes nothing; a POST to a reader's own address unsubscribes, however often it is
repeated."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.alarms import Pulse
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.readers import Counter
from newsletter.store import Store
from newsletter.web import (
    asking,
    fresh,
    health,
    hooks,
    joining,
    languages,
    leaving,
    marking,
    pages,
    preferences,
    privacy,
    rights,
    saved,
    shelf,
    undoing,
)
from newsletter.web.connections import ACCEPTED, WAITING, Connection, Table
from newsletter.web.hosts import Door, OwnHost
from newsletter.web.pages import Voice
from newsletter.web.patience import Patience
from newsletter.web.visitors import networks

log = structlog.get_logger()

_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self' '{joining.SCRIPT_HASH}'; connect-src 'self'; "
    f"img-src 'self' data:; style-src 'self' '{pages.STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # a token may be in the address
    "X-Content-Type-Options": "nosniff",
}
_OPEN = Door()
_LONGEST_HEADER = 32 << 10  # octets of a request's whole header
_THREADS = 8  # of the ledger's fifteen connections
_LAST_REQUESTS = 3  # seconds that requests in flight have when the service stops


def listen(host: str, port: int) -> socket.socket:
    """Opens the socket of the web server. Raises ConfigurationError if that fails."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        problem = f"{port} at {host} cannot be used: {error.strerror or error}"
        remedy = "stop whatever is listening there, or choose another NEWSLETTER_PORT or NEWSLETTER_HOST"
        raise ConfigurationError([Finding("NEWSLETTER_PORT", None, problem, remedy)]) from error


def run(counter: Counter, listening: socket.socket, pulse: Pulse, told: Callable[[], bool], door: Door = _OPEN) -> None:
    """Serve on this socket until `told` to stop."""
    config = uvicorn.Config(
        build(counter, pulse, door),
        http=partial(Connection, table=Table()),  # type: ignore[arg-type]  # a class, which is all it calls
        ws="none",
        proxy_headers=False,  # who may say whom a request is from is ours to decide, see `visitors`
        lifespan="off",
        backlog=ACCEPTED,
        h11_max_incomplete_event_size=_LONGEST_HEADER,
        log_level="error",  # what is wrong with a stranger's request is no news
        timeout_graceful_shutdown=_LAST_REQUESTS,
    )
    host, port = listening.getsockname()[:2]
    log.info("web.listening", address=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    _Server(config, told).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends when the process has been told to; whoever runs it hears the signals."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], bool]) -> None:
        super().__init__(config)
        self._told = told

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # uvicorn's own handlers would hear nothing of a signal that came a moment before them

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or []:
            one.listen(WAITING)  # how many wait is not how many are accepted in one go, which would be a thousand
        # Each may hold a connection of the ledger's: who sends must find one too.
        to_thread.current_default_thread_limiter().total_tokens = _THREADS

    async def on_tick(self, counter: int) -> bool:
        return self._told() or await super().on_tick(counter)


def _metrics(store: Store, pulse: Pulse) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        from newsletter.web import metrics  # with a package that is needed only where someone asks

        return await metrics.endpoint(store, pulse)(request)

    return answer


def build(counter: Counter, pulse: Pulse | None = None, door: Door = _OPEN) -> Starlette:
    """The application; `pulse` is that of the loop beside it."""
    pulse = pulse or Pulse()
    measured = [Route("/metrics", _metrics(counter.store, pulse))] if door.metrics else []
    return Starlette(
        routes=[
            Route("/healthz", health.endpoint(counter.store, pulse)),
            *measured,
            Route("/u/{token}", leaving.endpoint(counter), methods=["GET", "POST"]),
            Route("/u/{token}/less", leaving.instead(counter), methods=["GET", "POST"]),
            Route(fresh.PATH, fresh.endpoint(counter), methods=["GET", "POST"]),
            Route("/p/{token}", preferences.endpoint(counter), methods=["GET", "POST"]),
            Route(marking.PATH, marking.endpoint(counter), methods=["GET", "POST"]),
            Route(saved.PATH, saved.endpoint(counter), methods=["GET", "POST"]),
            Route(saved.FILE, saved.file(counter)),
            Route(saved.FEED, saved.subscribed(counter)),
            Route("/undo/{secret}", undoing.endpoint(counter), methods=["GET", "POST"]),
            Route(joining.PATH, joining.endpoint(counter, networks(door.trusted)), methods=["GET", "POST"]),
            Route("/j/{secret:secret}", joining.confirming(counter), methods=["GET", "POST"]),
            Route("/approve/{secret:secret}", joining.deciding(counter), methods=["GET", "POST"]),
            Route(rights.PATH, rights.endpoint(counter), methods=["GET", "POST"]),
            Route("/privacy", privacy.endpoint(counter), methods=["GET"]),
            *hooks.routes(counter),
            Route(asking.PATH, asking.endpoint(counter), methods=["GET", "POST"]),
            Mount("/a", GZipMiddleware(shelf.PrivateArchive(counter))),
            Mount("/", GZipMiddleware(shelf.PublicArchive(counter))),
        ],
        middleware=[
            Middleware(_SafeHeaders),
            Middleware(OwnHost, counter.letterhead.public_url, door.trusted),
            Middleware(Patience),
        ],
        exception_handlers={405: _failure(counter, pages.not_allowed), 500: _failure(counter, pages.failed)},
    )


def _failure(counter: Counter, page: Callable[[Voice], str]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Our page in the browser's language; an answer with 500 does not pass the middleware that adds the headers."""

    async def answer(request: Request, error: Exception) -> Response:
        voice = await run_in_threadpool(languages.without_ledger, counter, request.scope)
        response = pages.answer(page(voice), getattr(error, "status_code", 500))
        response.headers.update(_HEADERS | dict(getattr(error, "headers", None) or {}))
        return response

    return answer


class _SafeHeaders:
    """Adds security headers to every answer, including the archive's files."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._inner(scope, receive, with_headers)
