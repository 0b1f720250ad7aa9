"""The body of an email: multipart/alternative in quoted-printable, the same bytes for the same edition."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP


def body(text: str, html: str, *, key: str, language: str) -> bytes:
    """Content headers, blank line, text part, HTML part; CRLF, lines of at most 78 octets.

    Never base64, though it would be smaller for Chinese: there a slot's letters share octets with their neighbours.
    """
    message = EmailMessage(policy=SMTP)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    for part in message.iter_parts():
        del part["MIME-Version"]  # belongs to the whole email only
    message.set_boundary(f"=_{hashlib.sha256(key.encode()).hexdigest()[:32]}")  # "=_" never occurs in the encoding
    message["Content-Language"] = language
    return message.as_bytes()
