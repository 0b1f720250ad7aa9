"""Joining by email: "subscribe" from an address that a trusted signature proves, and "yes" to our confirmation.

Without such a proof nothing happens: a forged From must not make us write to its victim.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from newsletter import tokens
from newsletter.models import JoinRequest, Meaning, Source
from newsletter.readers import Counter, joining
from newsletter.readers.changes import left_by_themselves
from newsletter.replies.commands import Acted
from newsletter.subscribers.tree import Unfit

log = structlog.get_logger()

_DONE = Acted(subscriber=None)
_MOST = 20  # requests of one domain a day that nobody confirmed


def is_stranger(counter: Counter, meaning: Meaning) -> bool:
    """Whether an email asks to join that is of no reader; who left by their own hand is asked about that instead."""
    if meaning.subscriber_id is not None or not meaning.sender:
        return False
    try:
        known = joining.known(counter, meaning.sender)
    except Unfit:
        return False
    return known is None or not (joining.reads(counter, known) or left_by_themselves(known))


def ask(counter: Counter, meaning: Meaning) -> Acted | None:
    """Note that they ask; the next tick answers. None, and for a person, where nobody can join or not this address."""
    masthead = joining.open_masthead(counter)
    if masthead is None or not meaning.is_proven or joining.is_full(counter, masthead):
        return None
    try:
        written = joining.address(masthead, meaning.sender or "")
    except Unfit:
        return None
    network = tokens.secret(counter.keys, "join network", written.rpartition("@")[2])
    now = counter.now()
    if len(counter.store.joins_from(network, now - timedelta(days=1))) >= _MOST:
        return None
    language = masthead.newsletter.languages[0]
    counter.store.ask_to_join(
        JoinRequest(
            email=joining.mailbox(written),
            written=written,
            language=language,
            source=Source.EMAIL,
            network=network,
            consent=joining.consent_hash(counter, masthead, language),
            asked=now,
        )
    )
    counter.bell.ring()
    log.info("join.asked")
    return _DONE


def agree(counter: Counter, meaning: Meaning) -> Acted | None:
    """A yes to our confirmation, from the very address; None for any other one."""
    masthead = joining.open_masthead(counter)
    request = counter.store.join_request_of(meaning.answers) if meaning.answers else None
    if masthead is None or request is None or not meaning.is_proven:
        return None
    asked = joining.answered(counter, request)
    if asked is None or (meaning.sender or "").lower() != asked.written.lower():
        return None
    joined = joining.agree(counter, masthead, asked)
    return Acted(subscriber=joined.subscriber) if joined else None
