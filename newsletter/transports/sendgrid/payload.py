"""Many readers' emails as one v3/mail/send call: what is the same once, and each reader's own as substitutions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.models import Header, Message, Outgoing, Slotted

# Headers that the vendor sets itself and refuses from us.
_RESERVED = frozenset(("from", "to", "cc", "bcc", "subject", "reply-to", "received", "dkim-signature", "mime-version"))
_FOLD = re.compile(r"\r\n(?=[ \t])")
_REPLY = "reply"
_BETWEEN = "\0"  # stands in no header
# All of it rewrites links or adds pixels.
_UNTRACKED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
Values = Mapping[str, str]


def same_call(message: Message) -> tuple[object, ...]:
    """Emails with an equal key may go out in one call."""
    return message.rendered.key, message.head


def payload(mails: Sequence[Outgoing]) -> dict[str, Any]:
    """The body of one call for emails of one edition."""
    first = mails[0].message
    named = {one.name: one for one in first.head.headers}
    ours = [one for one in named.values() if _is_ours(one.name)]
    tags, own = _Tags(first), _Own([one for one in ours if one.own])
    found = {
        "personalizations": [_personal(mail, tags, own) for mail in mails],
        "from": _mailbox(_same(named["From"].value)),
        "subject": _same(named["Subject"].value),
        "content": [
            {"type": "text/plain", "value": tags.put_into(first.rendered.text)},
            {"type": "text/html", "value": tags.put_into(first.rendered.html)},
        ],
        "headers": {one.name: _same(_unfolded(one)) for one in ours if not one.own},
        "tracking_settings": _UNTRACKED,
    }
    # Reserved in the headers of a personalization; but substitutions are made here too.
    return found | ({"reply_to": {"email": tags.reply_to}} if tags.reply_to else {})


class _Own:
    """Headers in which readers differ, all filled at once."""

    def __init__(self, headers: Sequence[Header]) -> None:
        self._names = [one.name for one in headers]
        self._patterns = _BETWEEN.join(map(_unfolded, headers))

    def of(self, slots: Values) -> Values:
        return dict(zip(self._names, self._patterns.format_map(slots).split(_BETWEEN), strict=False))


class _Tags:
    """The placeholder in the shared content for a value that differs for each reader."""

    def __init__(self, message: Message) -> None:
        rendered, headers = message.rendered, {one.name: one.value for one in message.head.headers}
        # Its edition's name makes sure that a tag is no word of the content; hyphens may stand in an address.
        self._mark = re.sub("[^a-z0-9]", "", rendered.key.lower())[:12]
        spans = {*rendered.text.spans, *rendered.html.spans}
        cuts = {(span.slot, span.start, span.start + span.length) for span in spans}
        self._places = [(self.of(slot, start), slot, start, end) for slot, start, end in sorted(cuts)]
        self._reply, _, domain = headers.get("Reply-To", "").rpartition("@")
        self._reply_tag = self.of(_REPLY)
        self.reply_to = f"{self._reply_tag}@{_same(domain)}" if domain else None

    def of(self, slot: str, start: int = 0) -> str:
        return f"-{slot}{start}x{self._mark}-"

    def put_into(self, slotted: Slotted) -> str:
        """The content with tags in its slots."""
        pieces, at = [], 0
        for span in slotted.spans:
            pieces += [slotted.content[at : span.offset], self.of(span.slot, span.start).encode()]
            at = span.offset + span.length
        return b"".join([*pieces, slotted.content[at:]]).decode()

    def values(self, slots: Values) -> Values:
        """A reader's values for the tags."""
        found = {tag: slots[slot][start:end] for tag, slot, start, end in self._places}
        if self.reply_to:
            found[self._reply_tag] = self._reply.format_map(slots)
        return found


def _personal(mail: Outgoing, tags: _Tags, own: _Own) -> dict[str, Any]:
    message = mail.message
    return {
        "to": [_person(message.recipient_name, message.recipient)],
        "headers": own.of(message.slots),
        "substitutions": tags.values(message.slots),
        "custom_args": {"delivery": mail.key},
    }


def _unfolded(header: Header) -> str:
    """Its pattern in one line: the vendor refuses line breaks, and what is not ASCII."""
    return _FOLD.sub("", header.wire)


def _same(pattern: str) -> str:
    """The value of a header that is the same for all readers."""
    return pattern.format_map({})


def _is_ours(name: str) -> bool:
    return name.lower() not in _RESERVED and not name.lower().startswith(("content-", "x-sg-"))


def _mailbox(decoded: str) -> dict[str, str]:
    """`Name <a@b>` without the quotes that a name with a comma would need on the wire."""
    name, bracket, address = decoded.removesuffix(">").rpartition("<")
    return _person(name.strip(), address) if bracket else _person(None, decoded)


def _person(name: str | None, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}
