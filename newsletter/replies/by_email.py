"""Joining by email: "subscribe" from an address that a trusted signature proves, and "yes" to our confirmation.

Without such a proof nothing happens: a forged From must not make us write to its victim.
"""

from __future__ import annotations

import hashlib

import structlog

from newsletter.models import JoinRequest, JoinState, Meaning, Source
from newsletter.readers import Counter, joining
from newsletter.replies.commands import Acted
from newsletter.subscribers.tree import Unfit
from newsletter.words import speak

log = structlog.get_logger()

_DONE = Acted(subscriber=None)


def is_stranger(counter: Counter, meaning: Meaning) -> bool:
    """Whether an email asks to join and the ledger does not know who sent it."""
    if meaning.subscriber_id is not None or not meaning.sender:
        return False
    try:
        return joining.known(counter, meaning.sender) is None
    except Unfit:
        return False


def ask(counter: Counter, meaning: Meaning) -> Acted | None:
    """Note that they ask; the next tick answers. None, and for a person, where nobody can join or not this address."""
    masthead = joining.open_masthead(counter)
    if masthead is None or not meaning.is_proven or joining.is_full(counter, masthead):
        return None
    try:
        written = joining.address(masthead, meaning.sender or "")
    except Unfit:
        return None
    language = masthead.newsletter.languages[0]
    agreed = speak(counter.templates, language).say("answer_join_about", name=masthead.newsletter.name)
    counter.store.ask_to_join(
        JoinRequest(
            email=joining.mailbox(written),
            written=written,
            language=language,
            source=Source.EMAIL,
            consent=hashlib.sha256(agreed.encode()).hexdigest(),
            asked=counter.now(),
        )
    )
    log.info("join.asked")
    return _DONE


def agree(counter: Counter, meaning: Meaning) -> Acted | None:
    """A yes to our confirmation, from the very address; None for any other one."""
    masthead = joining.open_masthead(counter)
    request = counter.store.join_request_of(meaning.answers) if meaning.answers else None
    if masthead is None or request is None or not meaning.is_proven:
        return None
    is_open = request.state is JoinState.SENT and request.sent and counter.now() - request.sent < joining.VALID
    if not is_open or (meaning.sender or "").lower() != request.written.lower():
        return None
    joined = joining.agree(counter, masthead, request)
    return Acted(subscriber=joined.subscriber) if joined else None
