"""A question to a reader, from its email to its yes: by the button or by a reply. Good once and for seven days."""

from __future__ import annotations

from datetime import timedelta

from newsletter import tokens
from newsletter.models import Meaning, Question, Subscriber
from newsletter.readers import Counter
from newsletter.readers.changes import BY_LINK
from newsletter.replies.commands import Acted, Request, carry_out
from newsletter.replies.responses import Asking

_VALID = timedelta(days=7)
_MOST = 3  # questions to one reader within that time


def begin(counter: Counter, reader: Subscriber, asking: Asking, answers: str, message_id: str) -> str | None:
    """The secret part of the link; None where this is asked already, or enough was asked.

    `answers`: the email that makes us ask; read once more, it gives the same link.
    """
    secret = tokens.secret(counter.keys, "question", f"{reader.id} {asking.command.value} {asking.value} {answers}")
    now = counter.now()
    asked = Question(
        key=_key(counter, secret),
        subscriber_id=reader.id,
        command=asking.command,
        value=asking.value,
        message_id=message_id,
        made=now,
        expires=now + _VALID,
    )
    return secret if counter.store.ask(asked, _VALID, _MOST) else None


def withdraw(counter: Counter, secret: str) -> None:
    """It did not go out."""
    counter.store.withdraw_question(_key(counter, secret))


def find(counter: Counter, secret: str) -> Question | None:
    """What the link asks, used or not; None where it is unknown or too old."""
    found = counter.store.question(_key(counter, secret))
    return found if found and found.expires > counter.now() else None


def request_of(counter: Counter, question: Question, value: str = "", how: str = BY_LINK) -> Request | None:
    """What a yes would ask for; `value` where the question left it open."""
    reader = counter.store.subscriber(question.subscriber_id)
    if reader is None:
        return None
    return Request(counter=counter, reader=reader, command=question.command, value=question.value or value, how=how)


def settle(request: Request, question: Question) -> Acted | None:
    """Do what was asked about; None where it was done, where it is too late, or where it can no longer be done.

    Acted on first, marked second: a stop in between leaves a question that can be answered once more.
    """
    store, now = request.counter.store, request.counter.now()
    if question.used or question.expires <= now:
        return None
    acted = carry_out(request)
    store.use_question(question.key, now)
    return acted


def agreed(counter: Counter, meaning: Meaning, how: str) -> Acted | None:
    """A yes: it counts as a reply to our question, by the reader who was asked."""
    question = counter.store.question_of(meaning.answers) if meaning.answers else None
    if question is None or question.subscriber_id != meaning.subscriber_id:
        return None
    request = request_of(counter, question, how=how)
    return settle(request, question) if request else None


def _key(counter: Counter, secret: str) -> str:
    return tokens.secret(counter.keys, "question kept", secret)
