"""Keyed hashes of addresses: they recognise an address but do not reveal it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping


def fingerprint(keys: Mapping[int, bytes], email: str) -> str:
    """What is kept of an address."""
    return _hash(keys[min(keys)], email)


def fingerprints(keys: Mapping[int, bytes], email: str) -> frozenset[str]:
    """Fingerprints under each key, since the oldest key may have been removed meanwhile."""
    return frozenset(_hash(key, email) for key in keys.values())


def _hash(key: bytes, email: str) -> str:
    return hmac.digest(key, b"newsletter forgotten\0" + email.lower().encode(), hashlib.sha256).hex()
