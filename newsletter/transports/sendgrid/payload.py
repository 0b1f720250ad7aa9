"""Many readers' mails as one v3/mail/send call: what is the same once, and each reader's own as substitutions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from newsletter.models import Message, Outgoing, Rendered, Slotted

# Headers that the vendor sets itself and refuses from us.
_RESERVED = frozenset(("from", "to", "cc", "bcc", "subject", "reply-to", "received", "dkim-signature", "mime-version"))
_FOLD = re.compile(r"\r\n(?=[ \t])")
_REPLY = "reply"
# All of it rewrites links or adds pixels.
_UNTRACKED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
Headers = Mapping[str, str]


def same_call(message: Message) -> tuple[object, ...]:
    """Mails with an equal key may go out in one call."""
    named = dict(message.headers)
    reply_domain = named.get("Reply-To", "").rpartition("@")[2]
    return message.rendered.key, named["From"], named["Subject"], reply_domain


def payload(mails: Sequence[Outgoing]) -> dict[str, Any]:
    """The body of one call for mails of one edition."""
    first = mails[0].message
    named, tags = dict(first.headers), _Tags(first.rendered)
    lines = [_lines(mail.message) for mail in mails]
    shared = frozenset(lines[0]).intersection(*lines[1:])
    found = {
        "personalizations": [
            _personal(mail, tags, _headers(line for line in own if line not in shared))
            for mail, own in zip(mails, lines, strict=True)
        ],
        "from": _mailbox(named["From"]),
        "subject": named["Subject"],
        "content": [
            {"type": "text/plain", "value": tags.put_into(first.rendered.text)},
            {"type": "text/html", "value": tags.put_into(first.rendered.html)},
        ],
        "headers": _headers(line for line in lines[0] if line in shared),
        "tracking_settings": _UNTRACKED,
    }
    if "Reply-To" not in named:
        return found
    # Reserved in the headers of a personalization; but substitutions are made here too.
    domain = named["Reply-To"].rpartition("@")[2]
    return found | {"reply_to": {"email": f"{tags.of(_REPLY)}@{domain}"}}


class _Tags:
    """What stands in the shared content where each reader has something else."""

    def __init__(self, rendered: Rendered) -> None:
        # Its edition's name makes sure that a tag is no word of the content; hyphens may stand in an address.
        self._mark = re.sub("[^a-z0-9]", "", rendered.key.lower())[:12]
        spans = {*rendered.text.spans, *rendered.html.spans}
        cuts = {(span.slot, span.start, span.start + span.length) for span in spans}
        self._places = [(self.of(slot, start), slot, start, end) for slot, start, end in sorted(cuts)]

    def of(self, slot: str, start: int = 0) -> str:
        return f"-{slot}{start}x{self._mark}-"

    def put_into(self, slotted: Slotted) -> str:
        """The content with tags in its slots."""
        pieces, at = [], 0
        for span in slotted.spans:
            pieces += [slotted.content[at : span.offset], self.of(span.slot, span.start).encode()]
            at = span.offset + span.length
        return b"".join([*pieces, slotted.content[at:]]).decode()

    def values(self, message: Message) -> dict[str, str]:
        """What this reader has in the places of the tags."""
        found = {tag: message.slots[slot][start:end] for tag, slot, start, end in self._places}
        reply_to = dict(message.headers).get("Reply-To")
        return found | ({self.of(_REPLY): reply_to.rpartition("@")[0]} if reply_to else {})


def _personal(mail: Outgoing, tags: _Tags, headers: Headers) -> dict[str, Any]:
    return {
        "to": [_person(mail.message.recipient_name, mail.message.recipient)],
        "headers": headers,
        "substitutions": tags.values(mail.message),
        "custom_args": {"delivery": mail.key},
    }


def _lines(message: Message) -> list[str]:
    """The headers as they stand on the wire, each in one line: the vendor refuses what is not ASCII."""
    return _FOLD.sub("", message.head.decode()).split("\r\n")


def _headers(lines: Iterable[str]) -> Headers:
    """Those that are ours to set. By hand: the standard library's parser takes longer than all the rest of a call."""
    given = (line.partition(": ") for line in lines)
    return {name: value for name, _, value in given if name and _is_ours(name)}


@lru_cache(maxsize=64)
def _is_ours(name: str) -> bool:
    return name.lower() not in _RESERVED and not name.lower().startswith(("content-", "x-sg-"))


def _mailbox(decoded: str) -> dict[str, str]:
    """`Name <a@b>` without the quotes that a name with a comma would need on the wire."""
    name, bracket, address = decoded.removesuffix(">").rpartition("<")
    return _person(name.strip(), address) if bracket else _person(None, decoded)


def _person(name: str | None, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}
