"""The emails of a change of address: a link to each of both, and the notice to the one that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from newsletter.models import Masthead, Subscriber, Verdict
from newsletter.readers import Counter, in_force, moving
from newsletter.render.answer import Button, Content
from newsletter.replies import answering, letters, rights
from newsletter.replies.responses import Way
from newsletter.tex import clean
from newsletter.words import Words, speak

log = structlog.get_logger()

_TRIED = timedelta(days=1)  # how long a notice is tried to be sent


def send(counter: Counter, subscriber: Subscriber, written: str) -> None:
    """The link to the address on record, always; that to the new one where it may be written to."""
    known = in_force.last_good(counter.store)
    if known is None or not rights.may_send(counter, subscriber):
        log.info("address.left-out")
        return
    old, new = moving.begin(counter, subscriber, written)
    answering.answer(counter, rights.email("address"), subscriber, f"address {old[:8]}", {Way.ADDRESS: old})
    if not moving.may_write(counter, subscriber, written):
        log.info("address.not-written-to")
        return
    content = _to_new(_words(counter, known.masthead, subscriber), counter, known.masthead, new)
    outcome = letters.post(counter, letters.compose(counter, written, content, "address", new), f"address-{new[:8]}")
    log.info("address.asked", outcome=outcome.verdict.value)


def settle(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Tell the former address of each change since the last tick, with the link that undoes it."""
    known = in_force.last_good(counter.store)
    if known is None:
        return
    for change in counter.store.untold_moves():
        if stop():
            return
        outcome = _tell(counter, known.masthead, change)
        is_old = counter.now() - datetime.fromisoformat(change["at"]) >= _TRIED
        if outcome is not Verdict.TEMPORARY or is_old:
            counter.store.told_move(change)


def _tell(counter: Counter, masthead: Masthead, change: Mapping[str, str]) -> Verdict:
    subscriber = counter.store.subscriber(int(change["subscriber"]))
    if subscriber is None:
        return Verdict.PERMANENT
    secret, words = moving.link_back(counter, change), _words(counter, masthead, subscriber)
    content = _to_former(words, counter, masthead, secret)
    kind = "moved" if secret else "moved-back"
    message = letters.compose(counter, change["old"], content, kind, secret or f"{change['subscriber']} {change['at']}")
    outcome = letters.post(counter, message, f"{kind}-{change['subscriber']}")
    log.info("address.told", outcome=outcome.verdict.value)
    return outcome.verdict


def _words(counter: Counter, masthead: Masthead, subscriber: Subscriber) -> Words:
    entry = counter.store.reader(subscriber.id)
    words = speak(counter.templates, (entry.wishes if entry else masthead.usual.wishes).languages[0])
    return speak(counter.templates, words.language)  # one that has all of them


def _to_new(words: Words, counter: Counter, masthead: Masthead, secret: str) -> Content:
    name, link = clean(masthead.newsletter.name), f"{counter.letterhead.public_url}/t/{secret}"

    def say(key: str) -> str:
        return words.say(f"answer_{key}", name=name)

    return Content(
        language=words.language,
        brand=name,
        title=say("address"),
        lines=(say("address_new_about"),),
        buttons=(Button(say("address_new_button"), link),),
        after=(say("once"), say("otherwise")),
        aside=Button(say("join_never_button"), f"{link}?never"),
        foot=tuple(filter(None, (say("address_concerns"), counter.letterhead.postal_address))),
    )


def _to_former(words: Words, counter: Counter, masthead: Masthead, secret: str | None) -> Content:
    name, link = clean(masthead.newsletter.name), f"{counter.letterhead.public_url}/t/{secret}"

    def say(key: str) -> str:
        return words.say(f"answer_{key}", name=name)

    key = "moved" if secret else "moved_back"
    return Content(
        language=words.language,
        brand=name,
        title=say(key),
        lines=(say(f"{key}_about"),),
        buttons=(Button(say("undo_button"), link, say("moved_undo")),) if secret else (),
        foot=tuple(filter(None, (counter.letterhead.postal_address,))),
    )
