"""An inbound mail → what it means → what changes. Acted on first, recorded second: each act can be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from newsletter import inbound
from newsletter.addresses import domain_of, own_address, split_mailbox
from newsletter.alarms import domains
from newsletter.errors import ConfigurationError, MailboxUnavailable, NewsletterError, StoreError
from newsletter.inbound import limits, trust
from newsletter.models import Action, DeliveryState, Finding, Incoming, Meaning
from newsletter.ports import Mailbox
from newsletter.readers import Changed, Counter, log_problem
from newsletter.replies import acting, answering

log = structlog.get_logger()

_MAIL = "mail"  # the source under which a mail is recorded by its Message-ID, whichever way it came

_LEFT = "left"  # recorded of a mail that is for a person

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


def read(counter: Counter, mail: Incoming) -> Meaning:
    """What an email means here; nothing changes."""
    return inbound.read(
        mail.raw,
        keys=counter.keys,
        today=counter.today,
        own_domain=domain_of(own_address(counter.letterhead)),
        aligned=mail.aligned,
        envelope_to=mail.envelope_to,
        sent=partial(_sent, counter),
        called=split_mailbox(counter.letterhead.sender)[0],
    )


def _sent(counter: Counter, subscriber_id: int) -> list[str]:
    """The texts of the emails that this reader got last."""
    editions = counter.store.sent_to(subscriber_id)
    return [part.content.decode("utf-8", "replace") for one in editions for part in (one.text, one.html)]


def read_file(counter: Counter, raw: bytes) -> Meaning:
    """What an email out of a file means: its headers are believed as far as those of the mailbox would be."""
    return read(counter, _from_file(counter, raw))


def receive(counter: Counter, raw: bytes) -> Received:
    """Handle one raw email as a mailbox would hand it over, in silence: the demo's outbox holds the morning's alone."""
    return handle(counter, _from_file(counter, raw), answers=False)


def handle(counter: Counter, mail: Incoming, *, answers: bool = True) -> Received:
    """Do what an email asks for, once: a copy of one that was handled before changes nothing."""
    meaning, store = read(counter, mail), counter.store
    key = message_key(mail.raw)
    if before := store.handled(_MAIL, [key]).get(key):
        return Received(meaning, None, handled=before != _LEFT)
    changed = acting.act(counter, meaning, key=key)
    _note_report(counter, meaning)
    log_problem(counter, changed)
    if answers and changed is not None and meaning.action in answering.ANSWERED:
        answering.answer(counter, meaning.action, changed.subscriber, key)
    store.first_time(_MAIL, key, _LEFT if changed is None else meaning.action.value, counter.now())
    log.info("mail.read", action=meaning.action.value, reason=meaning.reason, changed=changed is not None)
    return Received(meaning, changed, handled=changed is not None)


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


def message_key(raw: bytes) -> str:
    """The Message-ID, else a hash of the email: what makes two copies one."""
    named = str(limits.headers_of(raw).get("message-id", "")).strip()
    return named if 3 <= len(named) <= 500 else hashlib.sha256(raw).hexdigest()


def poll(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> Polled:
    """Look into the configured mailbox once and act. Raises MailboxUnavailable; nothing is lost by it."""
    if counter.open_mailbox is None:
        remedy = "set it to imaps://user@host/INBOX, or name files and add --explain"
        raise ConfigurationError([Finding("NEWSLETTER_IMAP_URL", None, "no mailbox is configured", remedy)])
    with counter.open_mailbox() as mailbox:
        found = Polled()
        for mail in mailbox.waiting(partial(counter.store.handled, mailbox.name)):
            if stop():
                break
            found = _add(found, _handled(counter, mailbox, mail))
        return found


def _handled(counter: Counter, mailbox: Mailbox, mail: Incoming) -> bool | None:
    """True: acted on and put away; False: left for a person; None: failed, and to be tried again."""
    try:
        received = handle(counter, mail)
        if received.handled:
            mailbox.put_away(mail)
        counter.store.first_time(mailbox.name, mail.key, received.meaning.action.value, counter.now())
    except (MailboxUnavailable, StoreError):
        raise
    except NewsletterError as error:
        log.error("mail.failed", error=str(error))
        return None
    except Exception:
        # One email that we cannot handle must not keep the others from being read.
        log.exception("mail.failed")
        return None
    return received.handled


def _add(found: Polled, outcome: bool | None) -> Polled:
    return Polled(found.handled + (outcome is True), found.left + (outcome is False), found.failed + (outcome is None))


def _from_file(counter: Counter, raw: bytes) -> Incoming:
    return Incoming(
        key=message_key(raw),
        raw=raw,
        aligned=trust.aligned(raw, counter.authserv_id),
        envelope_to=trust.envelope_to(raw),
    )
