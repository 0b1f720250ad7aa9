"""Routes over the ledger. A GET changes nothing; a POST to a reader's own address unsubscribes, as often as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from newsletter import app, unsubscribe
from newsletter.app.files import token_keys
from newsletter.models import SubscriberState
from newsletter.settings import Settings
from newsletter.tokens import Purpose, read
from newsletter.web import pages

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # the token is in the address
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_Endpoint = Callable[[Request], Awaitable[Response]]


def build(settings: Settings) -> Starlette:
    """The application."""
    archive = settings.data_dir / "archive"
    return Starlette(
        routes=[
            Route("/healthz", _health(settings)),
            Route("/u/{token}", _leave(settings), methods=["GET", "POST"]),
            Route("/p/{token}", _preferences(settings)),
            Mount("/", _archive(archive)),
        ]
    )


def _archive(folder: Path) -> StaticFiles:
    return StaticFiles(directory=folder, html=True, check_dir=False)


def _health(settings: Settings) -> _Endpoint:
    def newest() -> str | None:
        with app.open_ledger(settings) as store:
            return next((issue.date.isoformat() for issue in store.issues(1)), None)

    async def endpoint(_: Request) -> Response:
        return JSONResponse({"status": "ok", "last_issue": await run_in_threadpool(newest)})

    return endpoint


def _leave(settings: Settings) -> _Endpoint:
    def known(token: str) -> int | None:
        return read(token_keys(settings.data_dir), Purpose.LEAVE, token)

    def leave(subscriber_id: int) -> bool:
        with app.open_ledger(settings) as store:
            return unsubscribe.leave(store, settings.subscribers, subscriber_id, "by link", app.utc_now()) is not None

    async def endpoint(request: Request) -> Response:
        subscriber_id = known(request.path_params["token"])
        if subscriber_id is None:
            return _page(pages.NOT_VALID, 404)
        if request.method != "POST":
            return _page(pages.LEAVE)
        # Nothing of the body is needed: the address is the proof, whichever form a mail program posts.
        return _page(pages.LEFT) if await run_in_threadpool(leave, subscriber_id) else _page(pages.NOT_VALID, 404)

    return endpoint


def _preferences(settings: Settings) -> _Endpoint:
    def find(token: str) -> str | None:
        subscriber_id = read(token_keys(settings.data_dir), Purpose.PREFERENCES, token)
        with app.open_ledger(settings) as store:
            subscriber = store.subscriber(subscriber_id) if subscriber_id is not None else None
        if subscriber is None:
            return None
        reader = next((r for r in app.load_roster(settings).readers if r.email.lower() == subscriber.email), None)
        return pages.preferences(reader, active=subscriber.state is SubscriberState.ACTIVE)

    async def endpoint(request: Request) -> Response:
        page = await run_in_threadpool(find, request.path_params["token"])
        return _page(page) if page else _page(pages.NOT_VALID, 404)

    return endpoint


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=_HEADERS)
