"""What an inbound meaning does. Without proof nothing; twice is the same as once."""

from __future__ import annotations

from dataclasses import replace

from newsletter.models import Action, Bounce, Command, Meaning, Subscriber
from newsletter.readers import Counter, lists, suppress
from newsletter.readers.changes import BY_REPLY
from newsletter.replies import bounces, by_email, commands, questions
from newsletter.replies.commands import Acted, Request
from newsletter.store import Store

_OF_LISTS = (Action.BOUNCE_PERMANENT, Action.BOUNCE_TEMPORARY)  # the address itself is dead
_ASKED_FOR = {Action(command.value): command for command in Command}


def act(counter: Counter, meaning: Meaning, *, key: str = "") -> Acted | None:
    """Do what an email asks for with proof; None: nothing was done, it is for a person. `key` names a bounce."""
    if meaning.action not in _OF_LISTS and _is_of_list(counter, meaning):
        return None
    if meaning.action is Action.CONFIRM:
        return _to_confirm(counter, meaning)
    if meaning.action is Action.AGREE:
        return _without_quiet(questions.agreed(counter, meaning, BY_REPLY)) or by_email.agree(counter, meaning)
    if meaning.action is Action.JOIN and by_email.is_stranger(counter, meaning):
        return by_email.ask(counter, meaning)
    who = proven(counter.store, meaning)
    if who is None:
        return None
    if command := _ASKED_FOR.get(meaning.action):
        return commands.carry_out(_request(counter, meaning, who, command))
    match meaning.action:
        case Action.COMPLAINT:
            changed = suppress(counter, who, "complaint")
            return Acted(subscriber=changed.subscriber, changed=changed)
        case Action.BOUNCE_PERMANENT | Action.BOUNCE_TEMPORARY if not meaning.blames_sender:
            return _bounced(counter, who, meaning, key)
    return None


def _is_of_list(counter: Counter, meaning: Meaning) -> bool:
    """Whether it answers the copy of a mailing list, or comes from its address: any member may have written it."""
    claimed = meaning.subscriber_id if meaning.subscriber_id is not None else meaning.sender
    who = counter.store.subscriber(claimed) if claimed is not None else None
    return who is not None and lists.is_list(counter, who.id)


def proven(store: Store, meaning: Meaning) -> Subscriber | None:
    """Whose email it is: by its token, else by a sender whom DKIM proves."""
    if meaning.subscriber_id is not None:
        return store.subscriber(meaning.subscriber_id)
    return store.subscriber(meaning.sender) if meaning.action in _ASKED_FOR and meaning.sender else None


def _request(counter: Counter, meaning: Meaning, who: Subscriber, command: Command) -> Request:
    value = meaning.value or (meaning.until.isoformat() if meaning.until else "")
    return Request(counter=counter, reader=who, command=command, value=value, about=meaning.answers)


def _to_confirm(counter: Counter, meaning: Meaning) -> Acted | None:
    """A request that is not certain, or without proof, changes nothing; the reader on record is asked by email."""
    given = meaning.subscriber_id is not None
    claimed = meaning.subscriber_id if given else meaning.sender
    who = counter.store.subscriber(claimed) if claimed else None
    if who is None or not (given or who.state.reads):
        return None
    command = meaning.command or Command.UNSUBSCRIBE
    return commands.question(_request(counter, meaning, who, command), proven=given)


def _without_quiet(acted: Acted | None) -> Acted | None:
    """Who has just said yes to us is told that it was done, whenever we confirmed something last."""
    if acted is None or acted.response is None:
        return acted
    return replace(acted, response=replace(acted.response, confirms=False))


def _bounced(counter: Counter, who: Subscriber, meaning: Meaning, key: str) -> Acted | None:
    sent_to = counter.store.recipient_of(meaning.returned) if meaning.returned else None
    if sent_to and sent_to != who.email:
        return Acted(subscriber=who)  # they have moved since
    now = counter.now()
    bounce = Bounce(
        key=key,
        status=meaning.status,
        permanent=meaning.action is Action.BOUNCE_PERMANENT,
        issue=meaning.issue or now.date(),
        at=now,
    )
    # What came before a reader was taken back counts no more.
    history = [one for one in counter.store.add_bounce(who.id, bounce) if one.at >= who.since]
    why = bounces.verdict(history, now)
    changed = suppress(counter, who, why) if why else None
    return Acted(subscriber=changed.subscriber if changed else who, changed=changed)
