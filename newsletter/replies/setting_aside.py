"""Emails that nobody can read: tried twice, then left where they are, named, and not parsed again.

What the mailbox does not hand out is named as well, and asked for again by each poll: that costs one command.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import timedelta

import structlog

from newsletter.models import Attempt, Incoming
from newsletter.readers import Counter
from newsletter.replies import putting_away
from newsletter.store import Store

log = structlog.get_logger()

ASIDE = "set-aside"  # recorded of such an email
ATTEMPTS = 2
_TROUBLE = "inbound"
_REMEMBERED = timedelta(days=30)  # what was posted, could not be read, and was not posted again
_HEAD = 64 << 10  # octets of an email in which its name is looked for
_NAMED = 3  # emails that the administrator's email names; `newsletter status` names all
# Of what stands there only what a terminal and a mail program show as it is.
_NAMES = {
    name: re.compile(rb"^%s:[ \t]{0,10}(?:\r?\n[ \t]{1,10})?([!-~][ -~]{0,100})" % name.encode(), re.I | re.M)
    for name in ("From", "Message-ID")
}


def begun(counter: Counter, source: str, mail: Incoming) -> bool:
    """Note an attempt before anything of the email is parsed; False: there were enough of them."""
    return counter.store.begin_attempt(source, mail.key, _name(mail), counter.now()) <= ATTEMPTS


def failed(counter: Counter, source: str, mail: Incoming, why: str) -> bool:
    """After an attempt that failed: whether it was the last one, and the email is set aside."""
    last = any(one.source == source and one.key == mail.key for one in emails(counter.store))
    log.warning("mail.unread", reason=why, octets=len(mail.raw), set_aside=last)
    return last


def set_aside(counter: Counter, source: str, mail: Incoming) -> None:
    """Do not try it again, and say so."""
    counter.store.first_time(source, mail.key, ASIDE, counter.now())
    tell(counter)


def not_handed_out(counter: Counter, source: str, mail: Incoming) -> bool:
    """Note that the mailbox kept this email from us; whether it did so before, and is told."""
    name = f"{mail.place}, which the server does not hand out: {mail.kept}"
    told = counter.store.begin_attempt(kept(source), mail.key, name, counter.now()) >= ATTEMPTS
    log.warning("mail.kept", place=mail.place, reason=mail.kept)
    if told:
        tell(counter)
    return told


def kept(source: str) -> str:
    """Under which attempts to fetch an email are counted: one that is handed out at last is read as any other."""
    return f"{source} fetch"


def emails(store: Store) -> list[Attempt]:
    """Those that are set aside and, as far as is known, still lie where they were."""
    return [one for one in store.attempts(ATTEMPTS) if not putting_away.counts(one)]


def sweep(counter: Counter, source: str, there: Container[str]) -> None:
    """Forget those that somebody has moved or deleted."""
    before = emails(counter.store)
    counter.store.forget_attempts(source, there)
    if before and not emails(counter.store):
        counter.alarms.over(_TROUBLE)


def recent(counter: Counter) -> frozenset[str]:
    """The keys of those that were begun lately and may be posted again."""
    attempts = counter.store.attempts(1)
    return frozenset(one.key for one in attempts if one.number < ATTEMPTS and counter.now() - one.at < _REMEMBERED)


def tell(counter: Counter) -> None:
    """The administrator, once for all that are set aside at a time."""
    aside = emails(counter.store)
    named = "; ".join(one.name for one in aside[-_NAMED:])
    more = f" and {len(aside) - _NAMED} more" if len(aside) > _NAMED else ""
    counter.alarms.trouble(
        _TROUBLE,
        f"{len(aside)} email{'' if len(aside) == 1 else 's'} could not be read: {named}{more}",
        "each is where its name says, unread: look whether somebody asks for something, then move or delete it. "
        "All others are read",
    )


def _name(mail: Incoming) -> str:
    """By what a person finds it; looked for in the bytes, since parsing it is what may fail."""
    head = mail.raw[:_HEAD]
    found = ((name, pattern.search(head)) for name, pattern in _NAMES.items())
    said = [f"{name}: {match[1].decode('ascii').strip()}" for name, match in found if match]
    return ", ".join(filter(None, (mail.place, *said, f"{len(mail.raw):,} octets")))
