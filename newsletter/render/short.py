"""A short mail of our own to one person: an answer, or word to the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

from newsletter.addresses import ascii_domain, encoded, mailbox, split_mailbox
from newsletter.models import Head, Message, Rendered, Slotted
from newsletter.tex import clean


def short_mail(
    recipient: str, headers: Sequence[tuple[str, str]], text: str, html: str, *, envelope_from: str, boundary: str
) -> Message:
    """Both parts in base64, which allows any line length and language. The same arguments give the same bytes."""
    content = EmailMessage(policy=SMTP)
    content.set_content(text + "\n", cte="base64")
    content.add_alternative(html, subtype="html", cte="base64")
    content.set_boundary(boundary)
    return Message(
        recipient=ascii_domain(recipient),
        recipient_name=None,
        head=Head.of([_line(name, value) for name, value in headers], envelope_from),
        rendered=Rendered(
            key=boundary,
            subject=dict(headers)["Subject"],
            html=Slotted(html.encode()),
            text=Slotted(text.encode()),
            body=Slotted(content.as_bytes()),
        ),
    )


def _line(name: str, value: str) -> tuple[str, str, str]:
    """Written like the newsletter's. The standard library would fold and encode what must stay as it is:
    identifiers, and addresses that are longer than a line.
    """
    if not value.isprintable():
        value = clean(value)  # no line break gets through
    match name:
        case "From":
            return name, value, mailbox(*split_mailbox(value), name)
        case "Subject":
            return name, value, encoded(value, name)
    return name, value, value
