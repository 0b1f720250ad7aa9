"""One-time links: a secret goes out by email, and the ledger keeps a hash of it with what the link is for.

A look asks `find`; what does something ends with `use`, which answers one caller alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from newsletter import tokens
from newsletter.readers.counter import Counter

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """Links for one purpose, and how long they work."""

    purpose: str
    valid: timedelta


def issue(counter: Counter, kind: Kind, payload: Mapping[str, Any], *, of: str | None = None) -> str:
    """The secret part of a new link; `of`: what it is about, where asking again must give the same link."""
    secret = secrets.token_hex(20) if of is None else derived(counter, kind, of)
    kept = next(hashes(counter, kind, secret))
    counter.store.issue_ticket(kept, kind.purpose, payload, counter.now() + kind.valid)
    return secret


def derived(counter: Counter, kind: Kind, of: str) -> str:
    """The secret part of the link that `issue` makes about this."""
    return tokens.secret(counter.keys, f"{kind.purpose} link", of)


def find(counter: Counter, kind: Kind, secret: str) -> Mapping[str, Any] | None:
    """What the link was issued with; None where it is unknown, too old, used or for something else."""
    now = counter.now()
    found = (counter.store.ticket(kept, kind.purpose, now) for kept in hashes(counter, kind, secret))
    return next((payload for payload in found if payload is not None), None)


def find_used(counter: Counter, kind: Kind, secret: str) -> Mapping[str, Any] | None:
    """The same of a link that has been used, until it would have expired."""
    now = counter.now()
    found = (counter.store.used_ticket(kept, kind.purpose, now) for kept in hashes(counter, kind, secret))
    return next((payload for payload in found if payload is not None), None)


def use(counter: Counter, kind: Kind, secret: str) -> Mapping[str, Any] | None:
    """Like `find`, but uses the link up: of several callers one gets an answer."""
    now = counter.now()
    found = (counter.store.use_ticket(kept, kind.purpose, now) for kept in hashes(counter, kind, secret))
    return next((payload for payload in found if payload is not None), None)


def claim(counter: Counter, purpose: str, of: str, *, most: int = 1) -> bool:
    """Whether this may be done once more today; at most `most` callers a day are told so."""
    now, today = counter.now(), f"{of} {counter.today}"
    for text in (today, *(f"{today} {number}" for number in range(2, most + 1))):
        kept = tokens.secret(counter.keys, purpose, text)
        counter.store.issue_ticket(kept, purpose, {}, now + _DAY)
        if counter.store.use_ticket(kept, purpose, now) is not None:
            return True
    return False


def hashes(counter: Counter, kind: Kind, secret: str) -> Iterator[str]:
    """The hash under the key that signs now, then under the others: a new key ends no link."""
    for number in sorted(counter.keys, reverse=True):
        yield tokens.secret({number: counter.keys[number]}, f"{kind.purpose} kept", secret)
