"""How many requests are answered at once, and how long one may take to come."""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

MOST = 100  # requests at once
MOST_BODIES = 30  # of them that wait for more of a body; the others are answered beside them
FOR_BODY = 10.0  # seconds, from when it is first asked for
_CLOSE = {"Connection": "close", "Cache-Control": "no-store"}
_BUSY = PlainTextResponse("busy, try again", 503, headers={**_CLOSE, "Retry-After": "10"})
_TOO_SLOW = PlainTextResponse("too slow", 408, headers=_CLOSE)


class BodyRefused(Exception):
    """The body did not arrive in time, or too many others are awaited; contains the answer."""


class Patience:
    """Middleware in front of every route."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner, self._running, self._bodies = inner, 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._running >= MOST:
            await _BUSY(scope, receive, send)
            return
        self._running += 1
        try:
            await self._inner(scope, self._in_time(receive) if scope["method"] == "POST" else receive, send)
        except ClientDisconnect:
            log.debug("web.client-gone")  # nobody is there to be told
        except BodyRefused as refused:  # raised by who asks for a body, before anything was answered
            await refused.args[0](scope, receive, send)
        finally:
            self._running -= 1

    def _in_time(self, receive: Receive) -> Receive:
        """The body, while it comes in time; what comes behind it, a client's leaving, is waited for."""
        until: float | None = None
        whole = False

        async def received() -> Message:
            nonlocal until, whole
            if whole:
                return await receive()
            until = until or asyncio.get_running_loop().time() + FOR_BODY
            if self._bodies >= MOST_BODIES:
                raise BodyRefused(_BUSY)
            self._bodies += 1
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise BodyRefused(_TOO_SLOW) from None
            finally:
                self._bodies -= 1
            whole = not message.get("more_body")
            return message

        return received
