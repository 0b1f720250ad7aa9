"""Where a mail provider posts to: answered with 2xx only after the commit, so that it tries again otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter import app
from newsletter.app import hooks
from newsletter.errors import NewsletterError
from newsletter.settings import Settings

log = structlog.get_logger()

# More than the 10,000 events of a large post; the provider takes mails of 30 MB.
_MOST_EVENTS, _MOST_MAIL = 16 << 20, 32 << 20
_SIGNATURE, _TIMESTAMP = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
_NOT_FOUND, _REFUSED = PlainTextResponse("Not Found", 404), PlainTextResponse("refused", 403)
_TOO_LARGE, _NOT_NOW = PlainTextResponse("too large", 413), PlainTextResponse("try again", 503)
_NOT_READ, _DONE = PlainTextResponse("cannot be read", 400), PlainTextResponse("done")


def routes(settings: Settings) -> list[Route]:
    """The two addresses; without a key or a secret there is nothing at them."""
    return [
        Route("/hooks/sendgrid/events", _events(settings), methods=["POST"]),
        Route("/hooks/sendgrid/inbound/{secret}", _inbound(settings), methods=["POST"]),
    ]


def _events(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if settings.sendgrid_webhook_key is None:
            return _NOT_FOUND
        body = await _body(request, _MOST_EVENTS)
        if body is None:
            return _TOO_LARGE
        signed = request.headers.get(_SIGNATURE, ""), request.headers.get(_TIMESTAMP, "")
        return await _answered(lambda: hooks.take_events(settings, *signed, body, app.utc_now()), _REFUSED)

    return endpoint


def _inbound(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not hooks.is_secret(settings, request.path_params["secret"]):
            return _NOT_FOUND
        body = await _body(request, _MOST_MAIL)
        if body is None:
            return _TOO_LARGE
        form = request.headers.get("Content-Type", "")
        return await _answered(lambda: hooks.take_mail(settings, form, body, app.utc_now), _NOT_READ)

    return endpoint


async def _answered(take: Callable[[], bool], otherwise: Response) -> Response:
    try:
        return _DONE if await run_in_threadpool(take) else otherwise
    except ValueError as error:
        log.warning("hook.unreadable", error=str(error)[:200])
        return _NOT_READ
    except NewsletterError as error:
        log.error("hook.failed", error=str(error))
        return _NOT_NOW


async def _body(request: Request, most: int) -> bytes | None:
    """The whole body, None as soon as it is over the limit."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            return None
    return bytes(found)
