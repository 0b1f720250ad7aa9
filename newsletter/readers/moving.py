"""A change of address: both addresses agree, each by a link of its own; then all but the address stays.

The ledger changes at once, in one transaction; the subscriber list follows with the next tick (`in_force`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from newsletter.models import Masthead, Moved, Subscriber
from newsletter.readers import forgetting, joining, tickets
from newsletter.readers.counter import Counter
from newsletter.readers.rights import HOUR
from newsletter.readers.tickets import Kind
from newsletter.subscribers.tree import Unfit

OLD, NEW = Kind("address", HOUR), Kind("new address", HOUR)
UNDO = Kind("undo address", timedelta(days=14))
_BOTH = (OLD.purpose, NEW.purpose)


@dataclass(frozen=True, slots=True)
class Change:
    """What a link of ours is about."""

    subscriber: Subscriber
    old: str
    new: str  # as our emails would name it
    used: bool = False

    @property
    def is_done(self) -> bool:
        return self.subscriber.email == self.new.lower()


def wished(counter: Counter, masthead: Masthead, subscriber: Subscriber, text: str) -> str:
    """The new address as our emails would name it; joining's rules hold for it. Raises Unfit."""
    written = joining.address(masthead, text)
    if written.lower() == subscriber.email:
        raise Unfit(f"{text!r} is their address already", "write another one", "same")
    if joining.is_full(counter, masthead):
        raise Unfit("as many emails about joining went out as a day allows", "try again tomorrow", "full")
    return written


def begin(counter: Counter, subscriber: Subscriber, written: str) -> tuple[str, str]:
    """The secret parts of both links, for the old address and for the new one; earlier ones work no more."""
    counter.store.drop_move(subscriber.id, _BOTH)
    payload = {
        "subscriber": str(subscriber.id),
        "old": subscriber.email,
        "new": written,
        "change": secrets.token_hex(8),
    }
    return tickets.issue(counter, OLD, payload), tickets.issue(counter, NEW, payload)


def may_write(counter: Counter, subscriber: Subscriber, written: str) -> bool:
    """Whether the new address may be sent its link; if so, it is counted. Nobody hears the reason."""
    if _is_closed(counter, subscriber, written):
        return False
    now = counter.now()
    mailbox = joining.mailbox(written)
    return counter.store.claim_join_email(mailbox, written, now, now - joining.ONCE_IN, joining.MOST_EMAILS)


def _is_closed(counter: Counter, subscriber: Subscriber, written: str) -> bool:
    """To an address that the ledger knows, as a reader's or as that of one who left, nobody else moves."""
    there = joining.known(counter, written)
    barred = counter.store.is_barred(forgetting.fingerprints(counter.keys, written))
    return barred or (there is not None and there.id != subscriber.id)


def find(counter: Counter, kind: Kind, secret: str) -> Change | None:
    """What the link asks for, used or not; None where it is unknown, too old, or of a reader who is gone."""
    # A second look: the link may be used, and the reader moved, between two things that are read here.
    return _found(counter, kind, secret) or _found(counter, kind, secret)


def _found(counter: Counter, kind: Kind, secret: str) -> Change | None:
    unused = tickets.find(counter, kind, secret)
    payload = unused or tickets.find_used(counter, kind, secret)
    subscriber = counter.store.subscriber(int(payload["subscriber"])) if payload else None
    if payload is None or subscriber is None:
        return None
    change = Change(subscriber, payload["old"], payload["new"], used=unused is None)
    is_open = subscriber.email == change.old and subscriber.state.reads
    return change if kind is UNDO or is_open or (change.used and change.is_done) else None


def agree(counter: Counter, kind: Kind, secret: str) -> Moved:
    """The button of one of both links was pressed."""
    change = find(counter, kind, secret)
    if change is None or (kind is NEW and _is_closed(counter, change.subscriber, change.new)):
        return Moved.NOT  # the old address hears nothing of who has the new one
    if payload := tickets.find(counter, kind, secret):
        moved = _agreed(counter, kind, secret, payload["change"])
        if moved is not Moved.NOT:
            return moved
    # It was pressed before, perhaps just now.
    again = find(counter, kind, secret)
    if again is None or not again.used:
        return Moved.NOT
    return Moved.DONE if again.is_done else Moved.HALF


def _agreed(counter: Counter, kind: Kind, secret: str, change: str) -> Moved:
    now, back = counter.now(), tickets.derived(counter, UNDO, change)
    undo = (next(tickets.hashes(counter, UNDO, back)), UNDO.purpose, now + UNDO.valid)
    tried = (
        counter.store.agree_to_move(kept, kind.purpose, undo, now) for kept in tickets.hashes(counter, kind, secret)
    )
    return next((moved for moved in tried if moved is not Moved.NOT), Moved.NOT)


def refuse(counter: Counter, secret: str) -> bool:
    """ "Not me, never write again", by whoever has the new address."""
    change = find(counter, NEW, secret)
    if change is None or change.is_done:
        return False
    counter.store.bar(forgetting.fingerprint(counter.keys, change.new), counter.now())
    counter.store.drop_move(change.subscriber.id, _BOTH)
    return True


def take_back(counter: Counter, secret: str) -> bool:
    """Undo a change, with all that was changed since: by the address that had the reader before."""
    hashes = tickets.hashes(counter, UNDO, secret)
    return any(counter.store.move_back(kept, UNDO.purpose, _BOTH, counter.now()) for kept in hashes)


def link_back(counter: Counter, told: Mapping[str, str]) -> str | None:
    """The secret part of the link in the email about a change; None where that was an undo itself."""
    return tickets.derived(counter, UNDO, told["change"]) if "change" in told else None
