"""A short mail of our own to one person: an answer, or word to the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

from newsletter.addresses import ascii_domain, encoded, mailbox, split_mailbox
from newsletter.models import Head, Header, Message, Rendered, Slotted, literal
from newsletter.tex import clean


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


def _header(name: str, given: str) -> Header:
    """As the newsletter's own are written. The standard library's would fold and encode what must stay as it is:
    identifiers, and addresses that are longer than a line."""
    value = clean(given)
    wire = value
    if name == "From":
        wire = mailbox(*split_mailbox(value), name)
    elif name == "Subject":
        wire = encoded(value, name)
    return Header(name, literal(value), literal(wire))
