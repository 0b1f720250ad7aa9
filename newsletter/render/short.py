"""A short mail of our own to one person: an answer, or word to the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP

from newsletter.models import Message, Rendered, Slotted
from newsletter.render.addresses import ascii_domain


def short_mail(
    recipient: str, headers: Sequence[tuple[str, str]], text: str, html: str, *, envelope_from: str, boundary: str
) -> Message:
    """Both parts in base64: lines of any length and any language pass. The same arguments give the same bytes."""
    mail = EmailMessage(policy=SMTP)
    for name, value in headers:
        mail[name] = value
    mail.set_content(text + "\n", cte="base64")
    mail.add_alternative(html, subtype="html", cte="base64")
    mail.set_boundary(boundary)
    head, _, content = mail.as_bytes().partition(b"\r\n\r\n")
    return Message(
        recipient=ascii_domain(recipient),
        recipient_name=None,
        envelope_from=envelope_from,
        headers=tuple(headers),
        head=head + b"\r\n",
        rendered=Rendered(
            key=boundary,
            subject=mail["Subject"],
            html=Slotted(html.encode()),
            text=Slotted(text.encode()),
            body=Slotted(b"\r\n" + content),
        ),
    )
