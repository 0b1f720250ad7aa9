"""SendGrid through its official package: one mail a call, tracking off, and the delivery key as custom argument."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from email.parser import BytesHeaderParser
from http.client import HTTPException
from typing import Any

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.errors import TransportRefused
from newsletter.models import Outcome, Outgoing, Verdict

_SECONDS = 30.0
# Headers that the vendor sets itself and refuses from us.
_RESERVED = frozenset(("from", "to", "cc", "bcc", "subject", "reply-to", "received", "dkim-signature", "mime-version"))


class SendGrid:
    """202 means accepted, not delivered. There is no idempotency key: after a time-out nobody knows."""

    name = "sendgrid"
    batch_size = 1

    def __init__(self, api_key: str, url: str, *, timeout: float = _SECONDS) -> None:
        self._api = SendGridAPIClient(api_key=api_key, host=url)
        self._api.client.timeout = timeout  # the package has none of its own

    def send(self, mails: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [self._send_one(mail) for mail in mails]

    def close(self) -> None:
        """The package opens a connection for each call."""

    def _send_one(self, mail: Outgoing) -> Outcome:
        try:
            response = self._api.client.mail.send.post(request_body=payload(mail))
        except HTTPError as error:
            return self._refused(error)
        except (OSError, HTTPException) as error:
            return self._unanswered(error)
        # A 200 comes from whoever a redirection led to.
        taken = response.status_code == 202
        return Outcome(Verdict.ACCEPTED if taken else Verdict.UNKNOWN, f"HTTP {response.status_code}")

    def _unanswered(self, error: Exception) -> Outcome:
        """What failed before the request was sent is certain; of everything later nobody knows."""
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise TransportRefused(self.name, f"no secure connection: {reason}") from error
        unsent = isinstance(reason, (ConnectionRefusedError, socket.gaierror))
        return Outcome(Verdict.TEMPORARY if unsent else Verdict.UNKNOWN, f"no answer: {reason}")

    def _refused(self, error: HTTPError) -> Outcome:
        status, detail = error.status_code, f"HTTP {error.status_code} {_said(error)}"
        if status in (401, 403):
            raise TransportRefused(self.name, f"the key or the sender is refused: {detail}") from error
        if status in (408, 429) or status >= 500:
            return Outcome(Verdict.TEMPORARY, detail, _reset(error.headers))
        return Outcome(Verdict.PERMANENT, detail)


def payload(mail: Outgoing) -> dict[str, Any]:
    """The body of one v3/mail/send call."""
    message = mail.message
    named = dict(message.headers)
    found = {
        "personalizations": [{"to": [_person(message.recipient_name, message.recipient)]}],
        "from": _mailbox(named["From"]),
        "subject": named["Subject"],
        "content": [{"type": "text/plain", "value": message.text}, {"type": "text/html", "value": message.html}],
        "headers": _headers(message.raw),
        "custom_args": {"delivery": mail.key},
        # All of it rewrites links or adds pixels.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }
    reply_to = named.get("Reply-To")
    return found | ({"reply_to": _mailbox(reply_to)} if reply_to else {})


def _headers(raw: bytes) -> dict[str, str]:
    """Our own headers as they stand on the wire, unfolded: the vendor refuses what is not ASCII."""
    given = BytesHeaderParser().parsebytes(raw).items()
    return {name: re.sub(r"\r?\n(?=[ \t])", "", str(value)) for name, value in given if _is_ours(name)}


def _is_ours(name: str) -> bool:
    return name.lower() not in _RESERVED and not name.lower().startswith(("content-", "x-sg-"))


def _mailbox(decoded: str) -> dict[str, str]:
    """`Name <a@b>` without the quotes that a name with a comma would need on the wire."""
    name, bracket, address = decoded.removesuffix(">").rpartition("<")
    return _person(name.strip(), address) if bracket else _person(None, decoded)


def _person(name: str | None, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _said(error: HTTPError) -> str:
    """The vendor's own words; its `to_dict` raises where the body is no JSON."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body)
    try:
        return "; ".join(str(problem.get("message")) for problem in json.loads(body)["errors"])[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:300]


def _reset(headers: Mapping[str, str] | None) -> float | None:
    """Seconds until the limit is lifted, from X-RateLimit-Reset (Unix time)."""
    value = (headers or {}).get("X-RateLimit-Reset", "")
    return max(1.0, float(value) - time.time()) if value.isdecimal() else None
