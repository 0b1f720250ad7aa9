"""Why emails stay queued, and until when: kept in the ledger, so that a restart does not begin anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import structlog

from newsletter.store import Store

log = structlog.get_logger()

_KEY = "sending.hold"


@dataclass(frozen=True, slots=True)
class Hold:
    """What stopped the last round, and when the service tries again by itself; `newsletter run` does not wait."""

    reason: str
    until: datetime

    def __str__(self) -> str:
        return f"emails wait: {self.reason}; next try at {self.until:%Y-%m-%d %H:%M} UTC, or now with `newsletter run`"


def read(store: Store) -> Hold | None:
    """Why emails wait; kept after the waiting time is over, until a round goes well."""
    noted = store.recall(_KEY)
    return Hold(*_values(noted)) if noted else None


def _values(noted: str) -> tuple[str, datetime]:
    values = json.loads(noted)
    return values["reason"], datetime.fromisoformat(values["until"])


def write(store: Store, hold: Hold | None) -> None:
    """Note a new one, or that all is well again."""
    if hold:
        log.warning("sending.held", reason=hold.reason, until=f"{hold.until:%Y-%m-%d %H:%M} UTC")
        store.remember(_KEY, json.dumps({"reason": hold.reason, "until": hold.until.isoformat()}))
    elif store.recall(_KEY):
        log.info("sending.resumed")
        store.remember(_KEY, "")
