"""An email's bytes as DATA wants them (RFC 5321 section 4.5.2)."""

from __future__ import annotations

from newsletter.models import Message, Slotted


def with_dots(message: Message) -> list[bytes]:
    """In pieces: lines that begin with a dot have it doubled, and a line of one dot ends the email."""
    head = message.head.fill(message.slots)
    if b"\n." in head or head.startswith(b"."):
        head = Slotted(head).with_doubled_dots.content
    # Looking through 60 KB takes longer than all the rest: the edition's body is doubled once, since no slot has a dot.
    body = message.rendered.body.with_doubled_dots
    end = b".\r\n" if body.content.endswith(b"\r\n") else b"\r\n.\r\n"
    return [head, *body.filled(message.slots), end]
