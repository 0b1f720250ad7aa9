"""One reader's mail: headers of their own around the edition's body. Nothing here may let a line break through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache

from newsletter import tokens
from newsletter.models import Letterhead, Message, Rendered
from newsletter.render.addresses import (
    archive_link,
    ascii_domain,
    domain_of,
    encoded,
    leave_mailto,
    mailbox,
    own_address,
    phrase,
    plus,
    split_mailbox,
)
from newsletter.render.slots import ARCHIVE, LEAVE, PREFERENCES
from newsletter.tex import clean
from newsletter.tokens import Keys, Purpose

_LIST_LABEL = "newsletter"  # List-Id must never change, or every reader's filter breaks (RFC 2919)
Header = tuple[str, str, str]  # name, decoded value, value on the wire


def message_id(keys: Keys, letterhead: Letterhead, subscriber_id: int, issue: date) -> str:
    """The same for every attempt at one mail; a reply proves whose it is by quoting it."""
    token = tokens.make(keys, Purpose.MESSAGE, subscriber_id)
    return f"<{issue.isoformat()}.{token}@{domain_of(own_address(letterhead))}>"


def personalise(
    rendered: Rendered,
    letterhead: Letterhead,
    *,
    keys: Keys,
    subscriber_id: int,
    email: str,
    name: str | None,
    message_id: str,
    date: datetime,
) -> Message:
    """The finished mail for one reader: the same arguments give the same bytes."""
    slots = {
        LEAVE: tokens.make(keys, Purpose.LEAVE, subscriber_id),
        PREFERENCES: tokens.make(keys, Purpose.PREFERENCES, subscriber_id),
        ARCHIVE: tokens.make(keys, Purpose.ARCHIVE, subscriber_id),
    }
    reply = tokens.make(keys, Purpose.REPLY, subscriber_id)
    recipient, recipient_name = ascii_domain(email), clean(name or "") or None
    headers = [
        *_addressing(rendered, letterhead, recipient, recipient_name, reply),
        _same("Date", format_datetime(date)),
        _same("Message-ID", _bare(message_id)),
        *_list_headers(letterhead, slots),
        _same("Auto-Submitted", "auto-generated"),
    ]
    head = "".join(f"{header}: {wire}\r\n" for header, _, wire in headers)
    return Message(
        recipient=recipient,
        recipient_name=recipient_name,
        envelope_from=_envelope_from(letterhead, keys, subscriber_id),
        headers=tuple((header, value) for header, value, _ in headers),
        head=head.encode(),
        rendered=rendered,
        slots=slots,
    )


def _addressing(
    rendered: Rendered, letterhead: Letterhead, recipient: str, name: str | None, reply: str
) -> Iterator[Header]:
    sender_name, sender = split_mailbox(letterhead.sender)
    yield _person("From", sender_name, sender)
    yield _person("To", name, recipient)
    if letterhead.reply_to:
        address = own_address(letterhead)
        yield _same("Reply-To", plus(address, reply) if letterhead.plus_addressing else address)
    subject = clean(rendered.subject)
    yield "Subject", subject, encoded(subject, "Subject")


def _list_headers(letterhead: Letterhead, slots: Mapping[str, str]) -> Iterator[Header]:
    """RFC 2369, 2919 and 8058."""
    yield _list_id(letterhead)
    web = letterhead.public_url
    ways = [_bare(f"<{web}/u/{slots[LEAVE]}>")] if web else []
    if letterhead.reply_to:
        ways.append(_bare(f"<{leave_mailto(letterhead, slots[LEAVE])}>"))
    if ways:
        yield "List-Unsubscribe", ", ".join(ways), ",\r\n ".join(ways)
    if web:
        yield _same("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        # Without an archive the root shows nothing; the reader's own page says what can be changed.
        archive = archive_link(letterhead, slots[ARCHIVE])
        yield _same("List-Help", _bare(f"<{archive or f'{web}/p/{slots[PREFERENCES]}'}>"))
        if archive:
            yield _same("List-Archive", _bare(f"<{archive}>"))


@lru_cache(maxsize=8)
def _list_id(letterhead: Letterhead) -> Header:
    name, sender = split_mailbox(letterhead.sender)
    list_id = f"<{_LIST_LABEL}.{domain_of(sender)}>"
    return "List-Id", f"{name} {list_id}".strip(), f"{phrase(name, 'List-Id')} {list_id}".strip()


def _person(header: str, name: str | None, address: str) -> Header:
    return header, f"{name} <{address}>" if name else address, mailbox(name, address, header)


def _same(header: str, value: str) -> Header:
    return header, value, value


def _bare(value: str) -> str:
    """Without anything that could end the line; an address of ours holds neither spaces nor controls."""
    return clean(value)


def _envelope_from(letterhead: Letterhead, keys: Keys, subscriber_id: int) -> str:
    """Where bounces go; the token tells whose they are."""
    if letterhead.reply_to and letterhead.plus_addressing:
        return plus(own_address(letterhead), tokens.make(keys, Purpose.BOUNCE, subscriber_id))
    return split_mailbox(letterhead.sender)[1]
