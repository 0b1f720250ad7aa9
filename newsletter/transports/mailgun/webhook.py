"""Mailgun's event webhook. It signs time and token, not the event: with an old signature, others could be forged.

An event therefore counts only within five minutes, once for each token, and when it carries the number, the recipient
and the Message-ID of one of our emails; the last two are compared with the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.inbound import failure
from newsletter.models import DeliveryEvent, EventKind, Posted

# Its events; a failure by how lasting it is, or by what Mailgun knew before it tried. It goes on trying after a
# temporary failure, which is therefore no news; its last one is permanent, whatever the reader's server said.
_KINDS = {
    "accepted": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "failed: permanent": EventKind.BOUNCED,
    "failed: suppress-bounce": EventKind.UNDELIVERABLE,
    "failed: suppress-complaint": EventKind.COMPLAINED,
    "failed: suppress-unsubscribe": EventKind.LEFT,
    "rejected": EventKind.FAILED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.LEFT,
}
_TRIED_LONG_ENOUGH = "old"
_NEAR = timedelta(minutes=5)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_MOST = 2_000  # characters of a value


@dataclass(frozen=True, slots=True)
class EventHook:
    """One event a post."""

    key: str  # NEWSLETTER_MAILGUN_WEBHOOK_KEY, empty where none is set
    path = "/hooks/mailgun/events"
    most = 1 << 18  # of an event with the headers of its email

    def is_open(self, secret: str) -> bool:
        return bool(self.key)

    def admits(self, headers: Mapping[str, str], now: datetime) -> bool:
        """What is signed lies in the body."""
        return headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"

    def read(self, headers: Mapping[str, str], body: bytes | bytearray, now: datetime) -> Posted | None:
        """None for a post that is not signed or too old. Raises ValueError for one that is no event."""
        post = _object(body)
        signed = _inner(post, "signature")
        token = _text(signed, "token")
        if not is_signed(self.key, signed, now):
            return None
        event = _event(_inner(post, "event-data"))
        return Posted(source="mailgun", key=token, events=(event,) if event else ())


def is_signed(key: str, signed: Mapping[str, Any], now: datetime) -> bool:
    """Whether this is fresh and was made by someone with the key."""
    timestamp, token, signature = (_text(signed, name) for name in ("timestamp", "token", "signature"))
    if not (re.fullmatch(r"[0-9]{1,12}", timestamp) and _TOKEN.fullmatch(token) and _SIGNATURE.fullmatch(signature)):
        return False
    if abs(now.timestamp() - int(timestamp)) > _NEAR.total_seconds():
        return False
    expected = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def _event(row: Mapping[str, Any]) -> DeliveryEvent | None:
    """None for opens, clicks, delays, and emails of other programs, which carry no key of ours."""
    ours = _inner(row, "user-variables")
    delivery, message, key = _text(ours, "delivery"), _text(ours, "message"), _text(row, "id")
    at = _moment(row.get("timestamp"))
    name, reason = _text(row, "event"), _text(row, "reason")
    kind = _KINDS.get(f"{name}: {reason}", _KINDS.get(f"{name}: {_text(row, 'severity')}", _KINDS.get(name)))
    if kind is None or not key or not message or not re.fullmatch(r"[0-9]{1,18}", delivery):
        return None
    told = _inner(row, "delivery-status")
    said = " ".join(filter(None, (_text(told, one) for one in ("code", "message", "description"))))[:1_000]
    known = failure("4.4.7" if reason == _TRIED_LONG_ENOUGH else _text(told, "enhanced-code"), said)
    if kind is EventKind.BOUNCED and known.blames_sender:
        kind = EventKind.BLOCKED
    return DeliveryEvent(
        key=f"{at:%Y-%m-%d} {key[:150]}",  # unique within a day
        kind=kind,
        delivery_id=int(delivery),
        email=_text(row, "recipient").lower(),
        at=at,
        status=known.status,
        detail=said or _text(_inner(row, "reject"), "reason"),
        message_id=message,
    )


def _object(body: bytes | bytearray) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _inner(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in an object; Mailgun writes an empty one as a list."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _text(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    return str(found)[:_MOST] if isinstance(found, str | int) else ""


def _moment(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(float(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime(1970, 1, 1, tzinfo=UTC)
