"""A signed time in a form: it was shown by us, not long ago, and someone took the time to read it."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from newsletter import tokens
from newsletter.tokens import Keys

FIELD = "shown"
_LONGEST = timedelta(days=1)
_SHORTEST = timedelta(seconds=2)


def stamp(keys: Keys, what: str, now: datetime) -> str:
    """For a form about this, shown now."""
    seconds = str(int(now.timestamp()))
    return f"{seconds}.{_mac(keys, what, seconds)}"


def is_fresh(keys: Keys, what: str, text: str, now: datetime, *, shortest: timedelta = _SHORTEST) -> bool:
    """Whether it is ours, for this, and neither too young nor too old."""
    seconds, _, mac = text.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12):
        return False
    age = now.timestamp() - int(seconds)
    known = hmac.compare_digest(mac.encode(), _mac(keys, what, seconds).encode())
    return known and shortest.total_seconds() <= age <= _LONGEST.total_seconds()


def _mac(keys: Keys, what: str, seconds: str) -> str:
    return tokens.secret(keys, f"form {what}", seconds)
