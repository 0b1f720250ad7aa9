"""An email's bytes as DATA wants them (RFC 5321 section 4.5.2)."""

from __future__ import annotations

from functools import lru_cache

from newsletter.models import Message


def with_dots(message: Message) -> bytes:
    """Lines that begin with a dot have it doubled, and a line of one dot ends the email."""
    head, body = message.head.fill(message.slots), message.rendered.body
    # Looking through 60 KB takes as long as everything else here: once an edition, since no slot holds a dot.
    if _is_plain(body.content) and b"\n." not in head and not head.startswith(b"."):
        return b"".join((head, body.fill(message.slots), b".\r\n"))
    raw = head + body.fill(message.slots)
    doubled = raw.replace(b"\r\n.", b"\r\n..")
    start = b"." if raw.startswith(b".") else b""
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return b"".join((start, doubled, end, b".\r\n"))


@lru_cache(maxsize=8)
def _is_plain(content: bytes) -> bool:
    return b"\n." not in content and content.endswith(b"\r\n") and not content.startswith(b".")
