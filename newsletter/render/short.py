"""A short mail of our own to one person: an answer, or word to the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

from newsletter.models import Head, Header, Message, Rendered, Slotted, literal
from newsletter.render.addresses import ascii_domain


def short_mail(
    recipient: str, headers: Sequence[tuple[str, str]], text: str, html: str, *, envelope_from: str, boundary: str
) -> Message:
    """Both parts in base64: lines of any length and any language pass. The same arguments give the same bytes."""
    content = EmailMessage(policy=SMTP)
    content.set_content(text + "\n", cte="base64")
    content.add_alternative(html, subtype="html", cte="base64")
    content.set_boundary(boundary)
    return Message(
        recipient=ascii_domain(recipient),
        recipient_name=None,
        head=Head(tuple(_header(name, value) for name, value in headers), literal(envelope_from)),
        rendered=Rendered(
            key=boundary,
            subject=dict(headers)["Subject"],
            html=Slotted(html.encode()),
            text=Slotted(text.encode()),
            body=Slotted(content.as_bytes()),
        ),
    )


def _header(name: str, value: str) -> Header:
    folded = SMTP.fold(name, SMTP.header_factory(name, value))
    return Header(name, literal(value), literal(folded.removeprefix(f"{name}: ").removesuffix("\r\n")))
