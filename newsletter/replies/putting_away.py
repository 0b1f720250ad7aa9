"""Handled emails are moved out of their owner's sight. One that cannot be moved is tried again by each poll."""

from __future__ import annotations

from collections.abc import Container, Iterable

import structlog

from newsletter.errors import MailboxUnavailable
from newsletter.models import Attempt, Incoming
from newsletter.ports import Mailbox
from newsletter.readers import Counter

log = structlog.get_logger()

_SUFFIX = " move"  # of the source under which what is to be moved is noted
_TROUBLE = "handled emails"
_TOLD = 2  # attempts; what fails once may pass


def note(counter: Counter, mailbox: Mailbox, mail: Incoming) -> None:
    """Before the email is recorded as handled: a stop in between must not leave it in the inbox for ever."""
    _begin(counter, mailbox, mail)


def move(counter: Counter, mailbox: Mailbox, mail: Incoming, *, number: int = 1) -> bool:
    """Move it, or say why that is impossible; whether it is moved. Never raises for the mailbox."""
    try:
        mailbox.put_away(mail)
    except MailboxUnavailable as error:
        log.warning("mail.not-moved", place=mail.place, reason=error.problem)
        if number >= _TOLD:
            _tell(counter, mailbox, error.problem)
        return False
    counter.store.end_attempts(_source(mailbox), mail.key)
    return True


def waiting(counter: Counter, mailbox: Mailbox) -> list[Attempt]:
    """What earlier polls could not move, the one that was tried last at the end."""
    return [one for one in counter.store.attempts(1) if one.source == _source(mailbox)]


def again(counter: Counter, mailbox: Mailbox, waited: Iterable[Attempt], there: Container[str]) -> None:
    """Move these if they are still there, as long as it works."""
    counter.store.forget_attempts(_source(mailbox), there)
    for one in waited:
        if one.key not in there:
            continue
        mail = Incoming(key=one.key, raw=b"", place=one.name)
        if not move(counter, mailbox, mail, number=_begin(counter, mailbox, mail)):
            return
    if not waiting(counter, mailbox):
        counter.alarms.over(_TROUBLE)


def counts(attempt: Attempt) -> bool:
    """Whether this is about moving an email that was read."""
    return attempt.source.endswith(_SUFFIX)


def _begin(counter: Counter, mailbox: Mailbox, mail: Incoming) -> int:
    return counter.store.begin_attempt(_source(mailbox), mail.key, mail.place, counter.now())


def _source(mailbox: Mailbox) -> str:
    return f"{mailbox.name}{_SUFFIX}"


def _tell(counter: Counter, mailbox: Mailbox, why: str) -> None:
    left = waiting(counter, mailbox)
    problem = f"{len(left)} handled email{'' if len(left) == 1 else 's'} cannot be moved out of the inbox: {why}"
    remedy = "see that the mailbox has room and a folder Newsletter/Done; what the emails ask for is done all the same"
    counter.alarms.trouble(_TROUBLE, problem, remedy)
