"""An email to ourselves, as readers get theirs: whether one to a plus address comes back is tried, not believed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import make_msgid

from newsletter.addresses import domain_of, own_address, plus
from newsletter.models import Letterhead, Message, Outgoing, Verdict
from newsletter.readers import Counter
from newsletter.store import Store

_NONE, _WORK = "none", "work"  # what is remembered of a host
_SIZE = 60_000  # octets: what a newsletter has, which some servers look at
_SAID = "This email was sent by your newsletter to see whether replies arrive. You do not need to do anything.\n"


def is_known(store: Store, letterhead: Letterhead) -> bool:
    """Whether it was tried before."""
    return bool(store.recall(_key(letterhead)))


def is_missing(store: Store, letterhead: Letterhead) -> bool:
    """Whether an email to a plus address was found not to arrive: then tokens leave the addresses."""
    return store.recall(_key(letterhead)) == _NONE


def _key(letterhead: Letterhead) -> str:
    return f"plus-addresses {own_address(letterhead)}"


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of an email to ourselves."""

    problem: str | None  # None: it came back
    seconds: float = 0.0


def works(counter: Counter) -> None:
    """Remember that an email to a plus address comes back."""
    counter.store.remember(_key(counter.letterhead), _WORK)


def fails(counter: Counter) -> None:
    """Remember, and tell once, that it does not, while one to the plain address does."""
    own, key = own_address(counter.letterhead), _key(counter.letterhead)
    if is_missing(counter.store, counter.letterhead):
        return
    counter.store.remember(key, _NONE)
    counter.alarms.notice(
        key,
        f"an email to {plus(own, '…')} does not come back, one to {own} does; from now on Message-ID and web links "
        "show whose a reply is, not the address",
        "set NEWSLETTER_PLUS_ADDRESSING=false, or use a host that has plus addresses",
    )


def probe(
    counter: Counter, *, plus_address: bool, within: float, pause: float, wait: Callable[[float], object] = time.sleep
) -> Returned:
    """Send one to our reply address, and look for it every `pause` seconds until `wait` returns something true.

    Raises NewsletterError.
    """
    if counter.open_mailbox is None:
        return Returned("cannot be looked for: there is no mailbox")
    message = _message(counter, plus_address=plus_address)
    wanted = dict(message.headers)["Message-ID"].encode()
    with counter.open_mailbox() as mailbox:
        before: set[str] = set()

        def remember(keys: Iterable[str]) -> set[str]:
            before.update(keys)
            return before

        next(iter(mailbox.waiting(remember)), None)
        started = time.monotonic()
        outcome = counter.post(Outgoing(key="check", message=message))
        if outcome.verdict is not Verdict.ACCEPTED:
            return Returned(f"was not accepted: {outcome.detail}")
        while time.monotonic() - started < within:
            for mail in mailbox.waiting(lambda _: before):
                before.add(mail.key)
                if wanted in mail.raw:
                    mailbox.put_away(mail)
                    return Returned(None, time.monotonic() - started)
            if wait(pause):
                break
    return Returned(f"did not come back within {within:.0f} s")


def _message(counter: Counter, *, plus_address: bool) -> Message:
    """With the envelope, the headers and the size of a reader's email."""
    from newsletter.render import personalise  # takes as long to import as a short command
    from newsletter.render.short import short_mail

    letterhead = counter.letterhead
    own, token = own_address(letterhead), f"check{secrets.token_hex(8)}"
    recipient = plus(own, token) if plus_address else own
    subject = "newsletter check: this email has arrived"
    text = _SAID * (_SIZE // len(_SAID) // 3)  # in two parts, in base64
    page = f'<!doctype html><html lang="en"><body><p>{text}</p></body></html>'
    rendered = short_mail(recipient, (("Subject", subject),), text, page, envelope_from="", boundary=token).rendered
    return personalise(
        rendered,
        letterhead,
        keys=counter.keys,
        subscriber_id=0,
        email=recipient,
        name=None,
        message_id=make_msgid(idstring=token, domain=domain_of(own)),
        date=counter.now(),
    )
