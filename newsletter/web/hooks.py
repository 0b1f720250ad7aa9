"""Where mail providers post to: answered with 2xx only after the commit, so that they try again otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import NewsletterError
from newsletter.ports import Hook
from newsletter.readers import Counter
from newsletter.replies import events
from newsletter.web.bodies import is_too_long, read_body

log = structlog.get_logger()

_NOT_FOUND, _REFUSED = PlainTextResponse("Not Found", 404), PlainTextResponse("refused", 403)
_TOO_LARGE, _NOT_NOW = PlainTextResponse("too large", 413), PlainTextResponse("try again", 503)
_NO_LENGTH = PlainTextResponse("length required", 411)
_NOT_READ, _DONE = PlainTextResponse("cannot be read", 400), PlainTextResponse("done")

_AT_ONCE, _LARGE = 2, 2 << 20
_WAITING = 16  # posts; the next one is to come again, so that they leave places to readers
_WAIT = 10.0  # seconds for a place


def routes(counter: Counter) -> list[Route]:
    """An address for each hook; one that is not set up is not found."""
    return [Route(hook.path, _endpoint(counter, hook), methods=["POST"]) for hook in counter.find_hooks()]


def _endpoint(counter: Counter, hook: Hook) -> Callable[[Request], Awaitable[Response]]:
    desk = _Desk()  # of its own: who holds up the posts at an open address does not reach those at a secret one

    def take(request: Request, body: bytearray) -> bool:
        posted = hook.read(request.headers, body, counter.now())
        return posted is not None and events.take(counter, posted)

    async def endpoint(request: Request) -> Response:
        if not hook.is_open(request.path_params.get("secret", "")):
            return _NOT_FOUND
        if "content-length" not in request.headers:
            return _NO_LENGTH
        if is_too_long(request, hook.most):
            return _TOO_LARGE
        if not hook.admits(request.headers, counter.now()):
            return _REFUSED
        try:
            async with desk.for_one(request):
                body = await read_body(request, hook.most)
                if body is None:
                    return _TOO_LARGE
                try:
                    return _DONE if await run_in_threadpool(take, request, body) else _REFUSED
                finally:
                    body.clear()  # the thread remembers what it was called with until it is called again
        except ValueError as error:
            log.warning("hook.unreadable", error=str(error)[:200])
            return _NOT_READ
        except NewsletterError as error:
            log.error("hook.failed", error=str(error))
            return _NOT_NOW
        except TimeoutError:
            return _NOT_NOW

    return endpoint


class _Desk:
    """Admits two posts at once, only one of them large: a body stays in memory until its sender is verified."""

    def __init__(self) -> None:
        self._places, self._for_large = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(1)
        self._waiting = 0

    @asynccontextmanager
    async def for_one(self, request: Request) -> AsyncIterator[None]:
        """Raises TimeoutError when others take too long."""
        large = int(request.headers["content-length"]) > _LARGE
        async with AsyncExitStack() as held, asyncio.timeout(_WAIT) as limit:
            if self._waiting >= _WAITING:
                raise TimeoutError
            self._waiting += 1
            try:
                for place in (self._places, self._for_large) if large else (self._places,):
                    await held.enter_async_context(place)
            finally:
                self._waiting -= 1
            limit.reschedule(None)
            yield
