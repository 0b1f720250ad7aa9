"""SendGrid's two webhooks: signed delivery events, and emails that its Inbound Parse posts as a form.

The events are signed (ECDSA over timestamp and raw body); the form is not, so its address is the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP
from typing import Any

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field

from newsletter.inbound import failure, limits, trust
from newsletter.models import DeliveryEvent, EventKind, Incoming, Posted

# Its events, some with their reason; a bounce takes a look at what the server said.
_KINDS = {
    "processed": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "dropped": EventKind.FAILED,
    "dropped: bounced address": EventKind.UNDELIVERABLE,
    "dropped: invalid": EventKind.UNDELIVERABLE,
    "dropped: unsubscribed address": EventKind.LEFT,
    "dropped: spam reporting address": EventKind.COMPLAINED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.LEFT,
    "group_unsubscribe": EventKind.LEFT,
}
_SIGNERS = re.compile(r"@([a-z0-9.-]+)\s*:\s*pass\b", re.I)
_SIGNATURE_FORM = re.compile(r"[A-Za-z0-9+/]{80,200}={0,2}")  # of a P-256 key some 96 letters
_LONGEST_TYPE = 1 << 10  # octets
_MOST_FIELD = 32 << 20
_LARGE_FIELDS = ("email", "text", "html")  # the others are headers, or of their size
_OLDEST, _AHEAD = timedelta(minutes=10), timedelta(minutes=5)
_SIGNATURE, _TIMESTAMP = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"


@dataclass(frozen=True, slots=True)
class EventHook:
    """Its event webhook: signed, fresh, and each post once."""

    key: str | None  # NEWSLETTER_SENDGRID_WEBHOOK_KEY
    path = "/hooks/sendgrid/events"
    most = 16 << 20  # more than the 10,000 events of a large post

    def is_open(self, secret: str) -> bool:
        return self.key is not None

    def admits(self, headers: Mapping[str, str], now: datetime) -> bool:
        """Fresh, and with something in the place of a signature."""
        signature = headers.get(_SIGNATURE, "")
        return _is_fresh(headers.get(_TIMESTAMP, ""), now) and bool(_SIGNATURE_FORM.fullmatch(signature))

    def read(self, headers: Mapping[str, str], body: bytes | bytearray, now: datetime) -> Posted | None:
        """None for a post that is not signed or too old. Raises ValueError for one that is no list of events."""
        signature, timestamp = headers.get(_SIGNATURE, ""), headers.get(_TIMESTAMP, "")
        if not _is_fresh(timestamp, now) or not is_signed(self.key or "", signature, timestamp, body):
            return None
        # By what was signed: one signature can be written in several ways.
        post = _digest(timestamp, body).hex()
        return Posted(source="sendgrid", key=post, events=tuple(events(body)))


@dataclass(frozen=True, slots=True)
class InboundHook:
    """Its Inbound Parse: not signed, so its address is the secret."""

    secret: str  # NEWSLETTER_INBOUND_SECRET, empty where none is set
    path = "/hooks/sendgrid/inbound/{secret}"
    most = 32 << 20  # the provider takes emails of 30 MB

    def is_open(self, secret: str) -> bool:
        return hmac.compare_digest(secret.encode(), self.secret.encode()) and bool(self.secret)

    def admits(self, headers: Mapping[str, str], now: datetime) -> bool:
        """Limits the parameters of a form's content type, because they are compared with each other."""
        return len(headers.get("Content-Type", "")) <= _LONGEST_TYPE

    def read(self, headers: Mapping[str, str], body: bytes | bytearray, now: datetime) -> Posted | None:
        mail = form_mail(headers.get("Content-Type", ""), body)
        if mail is None:
            raise ValueError("not a form that contains an email")
        return Posted(source="sendgrid", mail=mail)


def _is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    age = now.timestamp() - int(timestamp)
    return -_AHEAD.total_seconds() <= age <= _OLDEST.total_seconds()


def _digest(timestamp: str, body: bytes | bytearray) -> bytes:
    """Of what is signed, without a copy of the body."""
    digest = hashlib.sha256(timestamp.encode("ascii"))
    digest.update(body)
    return digest.digest()


def is_signed(key: str, signature: str, timestamp: str, body: bytes | bytearray) -> bool:
    """Whether the holder of the private key signed this body at this time."""
    # 8 MiB that a service without SendGrid never needs.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        digest = _digest(timestamp, body)
        public.verify(base64.b64decode(signature, validate=True), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True


def events(body: bytes | bytearray) -> list[DeliveryEvent]:
    """The events of a post that concern an email of ours. Raises ValueError if it is not a list of events."""
    try:
        rows = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(rows, list):
        raise ValueError("not a list")
    return [event for row in rows if isinstance(row, dict) and (event := _event(row))]


def _event(row: Mapping[str, Any]) -> DeliveryEvent | None:
    """None for clicks, opens and emails of other programs, which carry no key of ours."""
    delivery, key = str(row.get("delivery", "")), str(row.get("sg_event_id", ""))
    said = " ".join(str(row.get(name, "")) for name in ("reason", "response") if row.get(name))[:1_000]
    name = str(row.get("event", ""))
    known = failure(str(row.get("status") or ""), said)
    if name == "bounce":
        # "blocked": refused for now or for what we are, and now and then for who the reader is.
        blocked = str(row.get("type", "")) == "blocked" and (known.status or "")[1:3] not in (".1", ".2")
        kind: EventKind | None = EventKind.BLOCKED if blocked or known.blames_sender else EventKind.BOUNCED
    else:
        reason = str(row.get("reason", "")).strip().lower()
        kind = _KINDS.get(f"{name}: {reason}", _KINDS.get(name))
    if kind is None or not key or not re.fullmatch(r"[0-9]{1,18}", delivery):
        return None
    return DeliveryEvent(
        key=key[:200],
        kind=kind,
        delivery_id=int(delivery),
        email=str(row.get("email", "")).lower(),
        at=_moment(row.get("timestamp")),
        status=known.status,
        detail=said,
    )


def _moment(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def form_mail(content_type: str, body: bytes | bytearray) -> Incoming | None:
    """The email that a form hands over, raw or in parts; None for what is no such form."""
    fields = _fields(content_type, body)
    raw = fields.get("email") or (_rebuilt(fields) if {"headers", "from"} & set(fields) else None)
    if not raw:
        return None
    signers = _SIGNERS.findall(fields.get("dkim", b"").decode("latin-1"))
    return Incoming(
        key=hashlib.sha256(raw).hexdigest(),
        raw=raw,
        place="posted by SendGrid",
        aligned=trust.covered(raw, signers),
        envelope_to=_recipient(fields),
    )


def _fields(content_type: str, body: bytes | bytearray) -> dict[str, bytes]:
    """The bytes of each field: a framework would decode them, and each is in a charset of its own."""
    found: dict[str, bytes] = {}

    def keep(field: Any) -> None:
        if isinstance(field, Field) and field.field_name and field.value is not None:
            name = field.field_name.decode("latin-1")
            found.setdefault(name, field.value[: _MOST_FIELD if name in _LARGE_FIELDS else limits.MOST_OCTETS])

    headers = {"Content-Type": content_type.encode("latin-1", "replace"), "Content-Length": str(len(body)).encode()}
    try:
        parse_form(headers, io.BytesIO(body), keep, lambda file: file.close())
    except (FormParserError, ValueError):
        return {}
    return found


def _recipient(fields: Mapping[str, bytes]) -> str | None:
    try:
        to = json.loads(fields.get("envelope", b"{}"))["to"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return ", ".join(map(str, to))[:10_000] if isinstance(to, list) else None


def _rebuilt(fields: Mapping[str, bytes]) -> bytes:
    """An email out of its parts: its own header lines, and each text in the charset that the form names."""
    charsets = _charsets(fields)
    mail = MIMEMultipart("alternative", policy=SMTP)
    del mail["MIME-Version"]
    head = b"".join(_header_lines(fields, charsets))
    for name, kind in (("text", "plain"), ("html", "html")):
        if name in fields:
            mail.attach(_part(kind, fields[name], charsets.get(name, "utf-8")))
    return head + mail.as_bytes()


def _charsets(fields: Mapping[str, bytes]) -> dict[str, str]:
    try:
        found = json.loads(fields.get("charsets", b"{}"))
    except (ValueError, RecursionError):
        return {}
    named = found.items() if isinstance(found, dict) else ()
    return {str(name): str(charset) for name, charset in named if re.fullmatch(r"[\w.:-]{1,40}", str(charset))}


def _header_lines(fields: Mapping[str, bytes], charsets: Mapping[str, str]) -> Iterator[bytes]:
    """The email's own headers except those that describe its body, because the body is a different one here."""
    given = fields.get("headers", b"").replace(b"\r\n", b"\n").strip(b"\n")
    for line in re.split(rb"\n(?![ \t])", given):
        if b":" in line and not line.lower().startswith((b"content-", b"mime-version")):
            yield line.replace(b"\n", b"\r\n") + b"\r\n"
    named = {name.lower() for name in limits.headers_of(given)}
    for name in ("from", "to", "subject"):
        if name in fields and name not in named:
            # As it is, in UTF-8: the standard library takes seconds to encode a long one, and fails on brackets.
            text = _text(fields[name], charsets.get(name, "utf-8"))
            yield f"{name.title()}: {' '.join(text.splitlines())}\r\n".encode()


def _text(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _part(kind: str, content: bytes, charset: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, policy=SMTP, charset=charset)
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode("ascii"))
    return part
