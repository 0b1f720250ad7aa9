"""An inbound mail → what it means → what changes. Acted on first, recorded second: each act can be done again."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from newsletter.alarms import domains
from newsletter.errors import ConfigurationError, MailUnread, NewsletterError, StoreError
from newsletter.models import Action, DeliveryState, Finding, Incoming, Meaning
from newsletter.ports import Mailbox
from newsletter.readers import Changed, Counter, lists, log_problem
from newsletter.replies import acting, answering, keeping, moving, putting_away, setting_aside
from newsletter.replies.reading import Read, Understood, Worker, read_here

log = structlog.get_logger()

_MAIL = "mail"  # the source under which a mail is recorded by its Message-ID, whichever way it came

_LEFT = "left"  # recorded of a mail that is for a person

Outcome = Literal["handled", "left", "failed", "aside"]

_REPORTED = {
    Action.BOUNCE_PERMANENT: DeliveryState.BOUNCED,
    Action.BOUNCE_TEMPORARY: DeliveryState.BOUNCED,
    Action.COMPLAINT: DeliveryState.COMPLAINED,
}


@dataclass(frozen=True, slots=True)
class Received:
    """One handled mail; `changed` is None where nothing happened."""

    meaning: Meaning
    changed: Changed | None
    handled: bool = False  # now or before: there is nothing left in it for a person


@dataclass(frozen=True, slots=True)
class Polled:
    """What one look into the mailbox found."""

    handled: int = 0  # acted on and put away
    left: int = 0  # for a person; they lie in the inbox as before
    failed: int = 0  # an error of ours: the next poll tries again
    aside: int = 0  # nobody can read them; they lie in the inbox as before, and are named

    def with_one(self, outcome: Outcome) -> Polled:
        """One email more."""
        return replace(self, **{outcome: getattr(self, outcome) + 1})


def read_file(counter: Counter, raw: bytes) -> Meaning:
    """What an email out of a file means: its headers are believed as far as those of the mailbox would be."""
    return read_here(counter, _from_file(counter, raw)).meaning


def receive(counter: Counter, raw: bytes) -> Received:
    """Handle one raw email as a mailbox would hand it over, in silence: the demo's outbox holds the morning's alone."""
    return handle(counter, read_here(counter, _from_file(counter, raw)), answers=False)


def receive_posted(counter: Counter, mail: Incoming, source: str) -> None:
    """Handle an email that a provider posted. Raises MailUnread for one that it is to post again."""
    with Worker() as worker:
        if understood := _understood(counter, worker.read, source, keeping.named(counter, mail), keeping.keep):
            handle(counter, understood)
    keeping.sweep(counter, source)


def handle(counter: Counter, mail: Understood, *, answers: bool = True) -> Received:
    """Do what an email asks for, once: a copy of one that was handled before changes nothing."""
    meaning, key, store = mail.meaning, mail.key, counter.store
    if before := store.handled(_MAIL, [key]).get(key):
        return Received(meaning, None, handled=before != _LEFT)
    lists.note(counter, meaning)
    acted = acting.act(counter, meaning, key=key)
    _note_report(counter, meaning)
    log_problem(counter, acted.changed if acted else None)
    if answers and acted and acted.response and acted.subscriber:
        answering.answer(counter, acted.response, acted.subscriber, key)
    if answers and acted and acted.new_address and acted.subscriber:
        moving.send(counter, acted.subscriber, acted.new_address)
    store.first_time(_MAIL, key, _LEFT if acted is None else meaning.action.value, counter.now())
    log.info("mail.read", action=meaning.action.value, reason=meaning.reason, changed=acted is not None)
    return Received(meaning, acted.changed if acted else None, handled=acted is not None)


def _note_report(counter: Counter, meaning: Meaning) -> None:
    """What a report with our token says of the email that it gives back, and of us."""
    who = acting.proven(counter.store, meaning)
    if who is None or meaning.action not in _REPORTED:
        return
    if meaning.returned:
        counter.store.came_back(who.id, meaning.returned, _REPORTED[meaning.action])
    if meaning.blames_sender:
        permanent = meaning.action is Action.BOUNCE_PERMANENT
        domains.refused(
            counter.store, counter.alarms, who.email, permanent=permanent, why=meaning.reason, now=counter.now()
        )


def poll(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> Polled:
    """Look into the configured mailbox once and act. Raises MailboxUnavailable; nothing is lost by it."""
    if counter.open_mailbox is None:
        remedy = "set it to imaps://user@host/INBOX, or name files and add --explain"
        raise ConfigurationError([Finding("NEWSLETTER_IMAP_URL", None, "no mailbox is configured", remedy)])
    with counter.open_mailbox() as mailbox, Worker() as worker:
        found, there, kept = Polled(), set[str](), set[str]()
        unmoved = putting_away.waiting(counter, mailbox)

        def known(keys: Iterable[str]) -> Container[str]:
            there.update(keys)
            return counter.store.handled(mailbox.name, there)

        for mail in mailbox.waiting(known):
            if stop():
                return found
            if mail.kept:
                kept.add(mail.key)
            found = found.with_one(_handled(counter, mailbox, mail, worker.read))
        setting_aside.sweep(counter, mailbox.name, there)
        setting_aside.sweep(counter, setting_aside.kept(mailbox.name), kept)
        putting_away.again(counter, mailbox, unmoved, there)
        counter.store.clear_inbound(mailbox.name, counter.now() - counter.keep, there)
        return found


def _handled(counter: Counter, mailbox: Mailbox, mail: Incoming, read: Read) -> Outcome:
    try:
        if mail.kept:
            return "aside" if setting_aside.not_handed_out(counter, mailbox.name, mail) else "failed"
        if mail.arrived and mail.arrived < counter.now() - counter.keep:
            # It may have been acted on: what we record of an email goes after as long.
            counter.store.first_time(mailbox.name, mail.key, _LEFT, counter.now())
            return "left"
        understood = _understood(counter, read, mailbox.name, mail)
        if understood is None:
            return "aside"
        received = handle(counter, understood)
        if received.handled:
            putting_away.note(counter, mailbox, mail)
        counter.store.first_time(mailbox.name, mail.key, received.meaning.action.value, counter.now())
        if received.handled:
            putting_away.move(counter, mailbox, mail)
    except StoreError:
        raise
    except MailUnread:
        return "failed"  # and said
    except NewsletterError as error:
        log.error("mail.failed", error=str(error))
        return "failed"
    except Exception:
        # One email that we cannot handle must not keep the others from being read.
        log.exception("mail.failed")
        return "failed"
    return "handled" if received.handled else "left"


def _understood(
    counter: Counter,
    read: Read,
    source: str,
    mail: Incoming,
    set_aside: Callable[[Counter, str, Incoming], None] = setting_aside.set_aside,
) -> Understood | None:
    """What an email says; None: it is set aside. Raises MailUnread for one that is to be tried once more."""
    if setting_aside.begun(counter, source, mail):
        try:
            understood = read(counter, mail)
        except MailUnread as error:
            if not setting_aside.failed(counter, source, mail, str(error)):
                raise
        else:
            counter.store.end_attempts(source, mail.key)
            return understood
    set_aside(counter, source, mail)
    return None


def _from_file(counter: Counter, raw: bytes) -> Incoming:
    return Incoming(key="", raw=raw, authserv_id=counter.authserv_id)
