"""The emails with a link for what a reader may do with their data: to the address on record alone."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from newsletter.models import Subscriber
from newsletter.readers import Counter, rights, tickets
from newsletter.readers.tickets import Kind
from newsletter.replies import answering
from newsletter.replies.responses import Response, Sentence, Way

log = structlog.get_logger()

_MOST = 3  # such emails to one reader a day
KINDS: Mapping[str, Kind] = {"download": rights.DOWNLOAD, "erase": rights.ERASE, "feed": rights.FEED}


def send(counter: Counter, subscriber: Subscriber, wanted: str) -> None:
    """The link for one of `KINDS`; nothing where enough was sent today."""
    if not may_send(counter, subscriber):
        log.info("right.left-out", wanted=wanted)
        return
    secret = rights.link(counter, KINDS[wanted], subscriber)
    answering.answer(counter, email(wanted), subscriber, f"{wanted} {secret[:8]}", {Way(wanted): secret})


def is_possible(counter: Counter, subscriber: Subscriber) -> bool:
    """Whether such links can be sent to this reader at all."""
    return counter.letterhead.public_url is not None and rights.may_ask(subscriber)


def may_send(counter: Counter, subscriber: Subscriber) -> bool:
    """Whether one more goes out today; it is counted."""
    return rights.may_ask(subscriber) and tickets.claim(counter, "right", str(subscriber.id), most=_MOST)


def email(wanted: str) -> Response:
    """What it says."""
    return Response(
        title=Sentence(f"answer_{wanted}"),
        lines=(Sentence(f"answer_{wanted}_about"),),
        ways=(Way(wanted),),
        after=(Sentence("answer_once"), Sentence("answer_links_otherwise")),
    )
