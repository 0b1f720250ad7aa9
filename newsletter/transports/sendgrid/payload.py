"""Many readers' emails as one v3/mail/send call: what is the same once, and each reader's own as substitutions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from newsletter.bulk.content import Own, Tags, Values, same, unfolded
from newsletter.models import Message, Outgoing

# Headers that the vendor sets itself and refuses from us.
_RESERVED = frozenset(("from", "to", "cc", "bcc", "subject", "reply-to", "received", "dkim-signature", "mime-version"))
_REPLY = "reply"
# All of it rewrites links or adds pixels.
_UNTRACKED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


def payload(mails: Sequence[Outgoing]) -> dict[str, Any]:
    """The body of one call for emails of one edition."""
    first = mails[0].message
    named = {one.name: one for one in first.head.headers}
    ours = [one for one in named.values() if _is_ours(one.name)]
    tags, own = _Tags(first), Own([one for one in ours if one.own])
    found = {
        "personalizations": [_personal(mail, tags, own) for mail in mails],
        "from": _mailbox(same(named["From"].value)),
        "subject": same(named["Subject"].value),
        "content": [
            {"type": "text/plain", "value": tags.put_into(first.rendered.text)},
            {"type": "text/html", "value": tags.put_into(first.rendered.html)},
        ],
        "headers": {one.name: same(unfolded(one)) for one in ours if not one.own},
        "tracking_settings": _UNTRACKED,
    }
    # Reserved in the headers of a personalization; but substitutions are made here too.
    return found | ({"reply_to": {"email": tags.reply_to}} if tags.reply_to else {})


class _Tags(Tags):
    """Substitutions are made in the content, and in the address of replies."""

    def __init__(self, message: Message) -> None:
        headers = {one.name: one.value for one in message.head.headers}
        # Its edition's name makes sure that a tag is no word of the content; hyphens may stand in an address.
        self._tag = f"-{{}}x{re.sub('[^a-z0-9]', '', message.rendered.key.lower())[:12]}-"
        super().__init__(message, self._tag)
        self._reply, _, domain = headers.get("Reply-To", "").rpartition("@")
        self.reply_to = f"{self._tag.format(_REPLY)}@{same(domain)}" if domain else None

    def substitutions(self, slots: Values) -> Values:
        """A reader's values, by placeholder."""
        found = self.values(slots) | ({_REPLY: self._reply.format_map(slots)} if self.reply_to else {})
        return {self._tag.format(name): value for name, value in found.items()}


def _personal(mail: Outgoing, tags: _Tags, own: Own) -> dict[str, Any]:
    message = mail.message
    return {
        "to": [_person(message.recipient_name, message.recipient)],
        "headers": own.of(message.slots),
        "substitutions": tags.substitutions(message.slots),
        "custom_args": {"delivery": mail.key},
    }


def _is_ours(name: str) -> bool:
    return name.lower() not in _RESERVED and not name.lower().startswith(("content-", "x-sg-"))


def _mailbox(decoded: str) -> dict[str, str]:
    """`Name <a@b>` without the quotes that a name with a comma would need on the wire."""
    name, bracket, address = decoded.removesuffix(">").rpartition("<")
    return _person(name.strip(), address) if bracket else _person(None, decoded)


def _person(name: str | None, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}
