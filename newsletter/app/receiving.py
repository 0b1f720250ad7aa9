"""An inbound mail → what it means → what changes. Acted on first, recorded second: each act can be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from newsletter import inbound, unsubscribe
from newsletter.app import answering, blame
from newsletter.app.desk import open_ledger, utc_now
from newsletter.app.files import token_keys
from newsletter.errors import MailboxUnavailable, NewsletterError, StoreError
from newsletter.inbound import limits, trust
from newsletter.models import Action, DeliveryState, Incoming, Meaning
from newsletter.ports import Mailbox, Store
from newsletter.render.addresses import domain_of, own_address, split_mailbox
from newsletter.settings import Settings

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
    changed: unsubscribe.Changed | None
    handled: bool = False  # now or before: there is nothing left in it for a person


@dataclass(frozen=True, slots=True)
class Polled:
    """What one look into the mailbox found."""

    handled: int = 0  # acted on and put away
    left: int = 0  # for a person; they lie in the inbox as before
    failed: int = 0  # an error of ours: the next poll tries again


def read(settings: Settings, mail: Incoming, now: datetime) -> Meaning:
    """What a mail means here; nothing changes."""
    return inbound.read(
        mail.raw,
        keys=token_keys(settings.data_dir),
        today=now.date(),
        own_domain=domain_of(own_address(settings.letterhead)),
        aligned=mail.aligned,
        envelope_to=mail.envelope_to,
        sent=partial(_sent, settings),
        called=split_mailbox(settings.letterhead.sender)[0],
    )


def _sent(settings: Settings, subscriber_id: int) -> list[str]:
    """The texts of the mails that this reader got last."""
    with open_ledger(settings) as store:
        editions = store.sent_to(subscriber_id)
    return [part.content.decode("utf-8", "replace") for one in editions for part in (one.text, one.html)]


def read_file(settings: Settings, raw: bytes, now: datetime) -> Meaning:
    """What a mail out of a file means: its headers are believed as far as those of the mailbox would be."""
    return read(settings, _from_file(settings, raw), now)


def receive(settings: Settings, raw: bytes) -> Received:
    """Handle one raw mail as a mailbox would hand it over, in silence: the demo's folder holds the morning's mails."""
    with open_ledger(settings) as store:
        return handle(settings, store, _from_file(settings, raw), utc_now(), answers=False)


def handle(settings: Settings, store: Store, mail: Incoming, now: datetime, *, answers: bool = True) -> Received:
    """Do what a mail asks for, once: a copy of a mail that was handled before changes nothing."""
    meaning = read(settings, mail, now)
    key = message_key(mail.raw)
    if before := store.handled(_MAIL, [key]).get(key):
        return Received(meaning, None, handled=before != _LEFT)
    changed = unsubscribe.act(store, settings.subscribers, meaning, now, key=key)
    _note_report(settings, store, meaning, now)
    if changed is not None and changed.file_problem:
        log.warning("roster.unchanged", file=str(settings.subscribers), problem=changed.file_problem)
    if answers and changed is not None and meaning.action in answering.ANSWERED:
        answering.answer(settings, store, meaning.action, changed.subscriber, key, now)
    store.first_time(_MAIL, key, _LEFT if changed is None else meaning.action.value, now)
    log.info("mail.read", action=meaning.action.value, reason=meaning.reason, changed=changed is not None)
    return Received(meaning, changed, handled=changed is not None)


def _note_report(settings: Settings, store: Store, meaning: Meaning, now: datetime) -> None:
    """What a report with our token says of the mail that it gives back, and of us."""
    who = unsubscribe.proven(store, meaning)
    if who is None or meaning.action not in _REPORTED:
        return
    if meaning.returned:
        store.came_back(who.id, meaning.returned, _REPORTED[meaning.action])
    if meaning.blames_sender:
        permanent = meaning.action is Action.BOUNCE_PERMANENT
        blame.refused(settings, store, who.email, permanent=permanent, why=meaning.reason, now=now)


def message_key(raw: bytes) -> str:
    """The Message-ID, else a hash of the mail: what makes two copies one."""
    named = str(limits.headers_of(raw).get("message-id", "")).strip()
    return named if 3 <= len(named) <= 500 else hashlib.sha256(raw).hexdigest()


def poll(settings: Settings, *, stop: Callable[[], bool] = lambda: False) -> Polled:
    """Look into the configured mailbox once and act. Raises MailboxUnavailable; nothing is lost by it."""
    with open_mailbox(settings) as mailbox, open_ledger(settings) as store:
        found = Polled()
        for mail in mailbox.waiting(partial(store.handled, mailbox.name)):
            if stop():
                break
            found = _add(found, _handled(settings, store, mailbox, mail))
        return found


def _handled(settings: Settings, store: Store, mailbox: Mailbox, mail: Incoming) -> bool | None:
    """True: acted on and put away; False: left for a person; None: failed, and to be tried again."""
    try:
        received = handle(settings, store, mail, utc_now())
        if received.handled:
            mailbox.put_away(mail)
        store.first_time(mailbox.name, mail.key, received.meaning.action.value, utc_now())
    except (MailboxUnavailable, StoreError):
        raise
    except NewsletterError as error:
        log.error("mail.failed", error=str(error))
        return None
    except Exception:
        # One mail that we cannot handle must not keep the others from being read.
        log.exception("mail.failed")
        return None
    return received.handled


def _add(found: Polled, outcome: bool | None) -> Polled:
    return Polled(found.handled + (outcome is True), found.left + (outcome is False), found.failed + (outcome is None))


@contextmanager
def open_mailbox(settings: Settings) -> Iterator[Mailbox]:
    """The configured mailbox; only to be called where there is one."""
    from newsletter.mailboxes.imap import Imap

    password = settings.imap_password.get_secret_value() if settings.imap_password else None
    mailbox = Imap(settings.imap_url or "", password, authserv_id=settings.authserv_id)
    try:
        yield mailbox
    finally:
        mailbox.close()


def _from_file(settings: Settings, raw: bytes) -> Incoming:
    return Incoming(
        key=message_key(raw),
        raw=raw,
        aligned=trust.aligned(raw, settings.authserv_id),
        envelope_to=trust.envelope_to(raw),
    )
