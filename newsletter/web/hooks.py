"""Where mail providers post to: answered with 2xx only after the commit, so that they try again otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import NewsletterError
from newsletter.ports import Hook
from newsletter.readers import Counter
from newsletter.replies import events
from newsletter.web.bodies import read_body

log = structlog.get_logger()

_NOT_FOUND, _REFUSED = PlainTextResponse("Not Found", 404), PlainTextResponse("refused", 403)
_TOO_LARGE, _NOT_NOW = PlainTextResponse("too large", 413), PlainTextResponse("try again", 503)
_NOT_READ, _DONE = PlainTextResponse("cannot be read", 400), PlainTextResponse("done")


def routes(counter: Counter) -> list[Route]:
    """An address for each hook; one that is not set up is not found."""
    return [Route(hook.path, _endpoint(counter, hook), methods=["POST"]) for hook in counter.hooks]


def _endpoint(counter: Counter, hook: Hook) -> Callable[[Request], Awaitable[Response]]:
    def take(request: Request, body: bytes) -> bool:
        posted = hook.read(request.headers, body, counter.now())
        return posted is not None and events.take(counter, posted)

    async def endpoint(request: Request) -> Response:
        if not hook.is_open(request.path_params.get("secret", "")):
            return _NOT_FOUND
        body = await read_body(request, hook.most)
        if body is None:
            return _TOO_LARGE
        try:
            return _DONE if await run_in_threadpool(take, request, body) else _REFUSED
        except ValueError as error:
            log.warning("hook.unreadable", error=str(error)[:200])
            return _NOT_READ
        except NewsletterError as error:
            log.error("hook.failed", error=str(error))
            return _NOT_NOW

    return endpoint
