"""One reader's email: headers of their own around the edition's body. Nothing here may let a line break through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from newsletter import tokens
from newsletter.addresses import (
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
from newsletter.models import Head, Letterhead, Message, Rendered
from newsletter.render.slots import ARCHIVE, LEAVE, MARKS, MESSAGE, PREFERENCES, REPLY, SAVED
from newsletter.tex import clean
from newsletter.tokens import Keys, Purpose

_LIST_LABEL = "newsletter"  # List-Id must never change, or every reader's filter breaks (RFC 2919)
_Line = tuple[str, str, str]  # name, decoded value, value on the wire
_BOUNCE = "bounce"
_PURPOSES = {
    LEAVE: Purpose.LEAVE,
    PREFERENCES: Purpose.PREFERENCES,
    ARCHIVE: Purpose.ARCHIVE,
    MARKS: Purpose.MARKS,
    SAVED: Purpose.SAVED,
    REPLY: Purpose.REPLY,
    MESSAGE: Purpose.MESSAGE,
    _BOUNCE: Purpose.BOUNCE,
}
# Where a reader's own values stand while the patterns are made: letters that survive quoting in links and addresses.
_MARKS = {
    name: f"{name.replace('_', '')}{number:04}".translate(str.maketrans("0189", "2345")).ljust(tokens.WIDTH, "7")
    for number, name in enumerate((*_PURPOSES, "to", "to_wire", "date", "message_id"), 9001)
}


def message_id(keys: Keys, letterhead: Letterhead, subscriber_id: int, issue: date) -> str:
    """The same for every attempt at one email; a reply that quotes it proves which reader it belongs to."""
    token = tokens.make(keys, Purpose.MESSAGE, subscriber_id)
    return f"<{issue.isoformat()}.{token}@{_home(letterhead)}>"


@lru_cache(maxsize=8)
def _home(letterhead: Letterhead) -> str:
    return domain_of(own_address(letterhead))


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
    to_list: bool = False,
) -> Message:
    """The finished mail for one reader: the same arguments give the same bytes.

    `to_list`: the reader is a mailing list, so that replies and requests to leave reach the operator alone.
    """
    recipient, recipient_name = ascii_domain(email), clean(name or "") or None
    to, to_wire = _person(recipient_name, recipient, "To")
    head = _head(rendered.subject, letterhead, email if to_list else None)
    wanted = [name for name in head.slots | rendered.body.slots if name in _PURPOSES]
    made = tokens.make_all(keys, [_PURPOSES[name] for name in wanted], subscriber_id)
    return Message(
        recipient=recipient,
        recipient_name=recipient_name,
        head=head,
        rendered=rendered,
        slots={
            **dict(zip(wanted, made, strict=True)),
            "to": to,
            "to_wire": to_wire,
            "date": _dated(date),
            "message_id": _bare(message_id),
        },
    )


@lru_cache(maxsize=32)
def _head(subject: str, letterhead: Letterhead, to_list: str | None) -> Head:
    """Made once for an edition, with `{names}` where readers differ."""
    return Head.of(_headers(subject, letterhead, _MARKS, to_list), _envelope_from(letterhead, _MARKS), _MARKS)


@lru_cache(maxsize=8)
def _dated(date: datetime) -> str:
    return format_datetime(date)  # the emails of one planning have the same


def _headers(subject: str, letterhead: Letterhead, own: Mapping[str, str], to_list: str | None) -> Iterator[_Line]:
    """All of them in order; `own` has what is a reader's."""
    sender_name, sender = split_mailbox(letterhead.sender)
    yield "From", *_person(sender_name, sender, "From")
    yield "To", own["to"], own["to_wire"]
    if letterhead.reply_to:
        address = own_address(letterhead)
        personal = letterhead.plus_addressing and not to_list
        yield _same("Reply-To", plus(address, own[REPLY]) if personal else address)
    subject = clean(subject)
    yield "Subject", subject, encoded(subject, "Subject")
    yield _same("Date", own["date"])
    yield _same("Message-ID", own["message_id"])
    yield from _list_id(letterhead)
    yield from _ways_out_of_list(letterhead, to_list) if to_list else _ways_out(letterhead, own)
    yield _same("Auto-Submitted", "auto-generated")


def _list_id(letterhead: Letterhead) -> Iterator[_Line]:
    """RFC 2919."""
    name, sender = split_mailbox(letterhead.sender)
    list_id = f"<{_LIST_LABEL}.{domain_of(sender)}>"
    yield "List-Id", f"{name} {list_id}".strip(), f"{phrase(name, 'List-Id')} {list_id}".strip()


def _ways_out_of_list(letterhead: Letterhead, to_list: str) -> Iterator[_Line]:
    """A person is asked: whoever presses the button is one of many who read this copy."""
    subject = quote(f"unsubscribe {to_list}")
    yield _same("List-Unsubscribe", _bare(f"<mailto:{quote(own_address(letterhead), safe='@+')}?subject={subject}>"))
    if not letterhead.private and (archive := archive_link(letterhead, "")):
        yield _same("List-Archive", _bare(f"<{archive}>"))


def _ways_out(letterhead: Letterhead, slots: Mapping[str, str]) -> Iterator[_Line]:
    """RFC 2369 and 8058."""
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


def _person(name: str | None, address: str, header: str) -> tuple[str, str]:
    """The value, decoded and as it is sent."""
    return f"{name} <{address}>" if name else address, mailbox(name, address, header)


def _same(header: str, value: str) -> _Line:
    return header, value, value


def _bare(value: str) -> str:
    """Without anything that could end the line; an address of ours holds neither spaces nor controls."""
    return clean(value)


def _envelope_from(letterhead: Letterhead, own: Mapping[str, str]) -> str:
    """Where bounces go; the token tells whose they are."""
    if letterhead.reply_to and letterhead.plus_addressing:
        return plus(own_address(letterhead), own[_BOUNCE])
    return split_mailbox(letterhead.sender)[1]
