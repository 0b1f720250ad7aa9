"""Routes over the ledger. A GET changes nothing; a POST to a reader's own address unsubscribes, again and again."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter import app, unsubscribe
from newsletter.app.files import token_keys
from newsletter.app.pulse import Pulse
from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Subscriber
from newsletter.ports import Store
from newsletter.settings import Settings
from newsletter.tokens import Purpose, make, read
from newsletter.web import health, hooks, metrics, pages

log = structlog.get_logger()

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # a token may be in the address
    "X-Content-Type-Options": "nosniff",
}
_LAST_REQUESTS = 3  # seconds that requests in flight have when the service stops
_Endpoint = Callable[[Request], Awaitable[Response]]


def listen(settings: Settings) -> socket.socket:
    """The socket of the web part. Raises ConfigurationError when it cannot be had."""
    host, port = settings.host, settings.port
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        problem = f"{port} at {host} cannot be used: {error.strerror or error}"
        remedy = "stop what listens there, or choose another port or NEWSLETTER_HOST"
        raise ConfigurationError([Finding("NEWSLETTER_PORT", None, problem, remedy)]) from error


def run(settings: Settings, listening: socket.socket, pulse: Pulse) -> None:
    """Answer on this socket until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(build(settings, pulse), log_level="warning", timeout_graceful_shutdown=_LAST_REQUESTS)
    host, port = listening.getsockname()[:2]
    log.info("web.listening", address=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    uvicorn.Server(config).run(sockets=[listening])


def build(settings: Settings, pulse: Pulse | None = None) -> Starlette:
    """The application; `pulse` is that of the loop beside it."""
    pulse = pulse or Pulse()
    return Starlette(
        routes=[
            Route("/healthz", health.endpoint(settings, pulse)),
            Route("/metrics", metrics.endpoint(settings, pulse)),
            Route("/u/{token}", _leave(settings), methods=["GET", "POST"]),
            Route("/p/{token}", _preferences(settings), methods=["GET", "POST"]),
            *hooks.routes(settings),
            Mount("/", _Archive(directory=settings.data_dir / "archive", html=True, check_dir=False)),
        ],
        middleware=[Middleware(_SafeHeaders)],
    )


class _Archive(StaticFiles):
    async def check_config(self) -> None:
        """The folder comes with the first issue: until then a page is not found, which is no error."""


class _SafeHeaders:
    """What every answer says to browsers, the archive's files included."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._inner(scope, receive, with_headers)


def _leave(settings: Settings) -> _Endpoint:
    def known(token: str) -> int | None:
        return read(token_keys(settings.data_dir), Purpose.LEAVE, token)

    def leave(subscriber_id: int) -> bool:
        with app.open_ledger(settings) as store:
            changed = unsubscribe.leave(store, settings.subscribers, subscriber_id, "by link", app.utc_now())
        _log_problem(settings, changed)
        return changed is not None

    async def endpoint(request: Request) -> Response:
        subscriber_id = known(request.path_params["token"])
        if subscriber_id is None:
            return _page(pages.NOT_VALID, 404)
        if request.method != "POST":
            return _page(pages.LEAVE)
        # Nothing of the body is needed: the address is the proof, whichever form a mail program posts.
        if not await run_in_threadpool(leave, subscriber_id):
            return _page(pages.NOT_VALID, 404)
        return _page(pages.left(make(token_keys(settings.data_dir), Purpose.PREFERENCES, subscriber_id)))

    return endpoint


def _preferences(settings: Settings) -> _Endpoint:
    def known(store: Store, token: str) -> Subscriber | None:
        subscriber_id = read(token_keys(settings.data_dir), Purpose.PREFERENCES, token)
        return store.subscriber(subscriber_id) if subscriber_id is not None else None

    def find(token: str) -> str | None:
        with app.open_ledger(settings) as store:
            subscriber = known(store, token)
        if subscriber is None:
            return None
        reader = next((r for r in app.load_roster(settings).readers if r.email.lower() == subscriber.email), None)
        return pages.preferences(reader, subscriber)

    def undo(token: str) -> str | None:
        with app.open_ledger(settings) as store:
            subscriber = known(store, token)
            if subscriber is None:
                return None
            changed = unsubscribe.undo(store, settings.subscribers, subscriber, app.utc_now())
        _log_problem(settings, changed)
        return pages.BACK if changed else pages.NOT_BACK

    async def endpoint(request: Request) -> Response:
        answer = undo if request.method == "POST" else find
        try:
            page = await run_in_threadpool(answer, request.path_params["token"])
        except ConfigurationError as error:
            log.error("roster.broken", error=str(error))
            return _page(pages.NOT_NOW, 503)
        return _page(page) if page else _page(pages.NOT_VALID, 404)

    return endpoint


def _log_problem(settings: Settings, changed: unsubscribe.Changed | None) -> None:
    if changed and changed.file_problem:
        log.warning("roster.unchanged", file=str(settings.subscribers), problem=changed.file_problem)


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
