"""`/healthz`: 200 while every morning can come right by itself, else 503 with the reason in one word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.alarms import Pulse
from newsletter.errors import StoreError
from newsletter.store import Store

log = structlog.get_logger()


def endpoint(store: Store, pulse: Pulse) -> Callable[[Request], Awaitable[Response]]:
    """The route for this ledger and this service loop."""

    def newest() -> str | None:
        return next((issue.date.isoformat() for issue in store.issues(1)), None)

    async def answer(_: Request) -> Response:
        try:
            last_issue, readable = await run_in_threadpool(newest), True
        except StoreError as error:
            log.error("ledger.unreadable", error=str(error))
            last_issue, readable = None, False
        status = verdict(pulse, readable=readable)
        body = {"status": status, "last_issue": last_issue} | _times(pulse)
        return JSONResponse(body, 200 if status == "ok" else 503, {"Cache-Control": "no-store"})

    return answer


def verdict(pulse: Pulse, *, readable: bool) -> str:
    """ok; failed: no ledger; stalled: the loop is silent; late: an issue is missing after every deadline;
    unread: the mailbox was not read completely for half an hour, so nobody can unsubscribe by reply.
    """
    if not readable:
        return "failed"
    if pulse.is_stalled():
        return "stalled"
    if pulse.overdue:
        return "late"
    return "unread" if pulse.unread_since() else "ok"


def _times(pulse: Pulse) -> dict[str, Any]:
    def text(moment: datetime | None) -> str | None:
        return moment.isoformat(timespec="seconds") if moment else None

    missing = pulse.overdue.isoformat() if pulse.overdue else None
    ready = pulse.last_tick is not None
    return {
        "ready": ready,
        "missing_issue": missing,
        "last_tick": text(pulse.last_tick),
        "last_poll": text(pulse.last_poll),
    }
