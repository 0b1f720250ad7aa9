"""What keeps a slip of the editor from reaching everybody, and keeps out whoever asked to be forgotten. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

_FEW = 10


def is_held_back(before: int, now: int) -> bool:
    """Whether a roster that had `before` readers waits for its operator: halved or doubled, by ten or more."""
    return abs(now - before) >= _FEW and (now * 2 < before or now > before * 2)


def fingerprint(keys: Mapping[int, bytes], email: str) -> str:
    """What is kept of a forgotten reader: it finds the address again and does not tell it."""
    return _hash(keys[min(keys)], email)


def fingerprints(keys: Mapping[int, bytes], email: str) -> frozenset[str]:
    """Under each key, since the oldest may have been taken away meanwhile."""
    return frozenset(_hash(key, email) for key in keys.values())


def _hash(key: bytes, email: str) -> str:
    return hmac.digest(key, b"newsletter forgotten\0" + email.lower().encode(), hashlib.sha256).hex()
