"""Mailgun on loopback: `v3/<domain>/messages` that refuses what the real one refuses, and keeps the emails it takes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback

KEY, DOMAIN, SIGNING = "key-of-the-domain", "mg.example.org", "signing-key-of-the-webhooks"
_MOST_PEOPLE = 1000
_MOST_OPTIONS = 16 << 10  # octets of o:, h:, v: and t: together
_MOST = 25 << 20
_ADDRESS = re.compile(r"[^@\s<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
Form = Mapping[str, Sequence[str]]


class MailgunServer(Loopback):
    """Takes what the real one would take; `faults` make it refuse, stall or hang up."""

    def __init__(self, *, faults: Sequence[Fault | None] = ()) -> None:
        self.calls: list[Form] = []  # that were answered with 200
        super().__init__()
        self.faults.extend(faults)

    def answer(self, request: Request, fault: Fault | None) -> Response:
        known = base64.b64encode(f"api:{KEY}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {known}":
            return Response(status=401, body=b"Forbidden")
        if request.path != f"/v3/{DOMAIN}/messages":
            missing = re.fullmatch(r"/v3/[^/]+/messages", request.path)
            # The real one greets whoever asks at an address that it does not know.
            return _refusal(404, "Domain not found") if missing else Response(body=b"Mailgun Magnificent API")
        if len(request.body) > _MOST:
            return _refusal(413, "Request Entity Too Large")
        form = _form(request)
        if problem := _problem(form):
            return _refusal(400, problem)
        if fault is None or fault.kind in ("slow", "cut"):  # the real one has taken it too when its answer is lost
            self.calls.append(form)
        body = {"id": f"<{len(self.calls)}.practice@{DOMAIN}>", "message": "Queued. Thank you."}
        return Response(body=json.dumps(body).encode(), content_type="application/json")

    @property
    def mails(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """What each reader gets, in order: address, email, and what comes back with its events."""
        return [mail for call in self.calls for mail in delivered(call)]


def delivered(form: Form) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """The emails of one call as the service puts them together."""
    variables = json.loads(form["recipient-variables"][0]) if "recipient-variables" in form else None
    for person in form["to"]:
        address = parseaddr(person)[1]
        own = (variables or {}).get(address, {})
        head = {"From": form["from"][0], "To": person if variables else ", ".join(form["to"])}
        head |= {"Subject": form["subject"][0]} | _named(form, "h:")
        mail = EmailMessage(policy=SMTP)
        mail.set_content(_filled(form["text"][0], own), cte="base64")
        mail.add_alternative(_filled(form["html"][0], own), subtype="html", cte="base64")
        lines = "".join(f"{name}: {_filled(value, own)}\r\n" for name, value in head.items())
        custom = {name: _filled(value, own) for name, value in _named(form, "v:").items()}
        yield address, lines.encode("ascii") + bytes(mail), custom


def _named(form: Form, start: str) -> dict[str, str]:
    return {name.removeprefix(start): values[0] for name, values in form.items() if name.startswith(start)}


def _filled(text: str, own: Mapping[str, Any]) -> str:
    return re.sub(r"%recipient\.([^%\s]+)%", lambda found: str(own.get(found[1], "")), text)


def _form(request: Request) -> Form:
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    found: dict[str, list[str]] = {}
    for part in message_from_bytes(head + request.body).get_payload():
        assert not isinstance(part, str)
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.setdefault(str(name), []).append(content.decode())
    return found


def _problem(form: Form) -> str | None:
    """Why the real one would answer 400."""
    for name in ("from", "to"):
        if name not in form:
            return f"'{name}' parameter is missing"
        if not all(_ADDRESS.fullmatch(parseaddr(one)[1]) for one in form[name]):
            return f"'{name}' parameter is not a valid address. please check documentation"
    if not form.keys() & {"text", "html"}:
        return "Need at least one of 'text', 'html' or 'template' parameters specified"
    if len(form["to"]) > _MOST_PEOPLE:
        return "too many recipients"
    options = [
        name + value for name, values in form.items() if name[:2] in ("o:", "h:", "v:", "t:") for value in values
    ]
    if sum(map(len, options)) > _MOST_OPTIONS:
        return "Send options are limited to 16KB"
    if any("\n" in value or not value.isascii() for value in options):
        return "header values must be encoded, on one line"
    if not isinstance(json.loads(form.get("recipient-variables", ["{}"])[0]), dict):
        return "recipient-variables must be valid JSON"
    return None


def _refusal(status: int, message: str) -> Response:
    return Response(status=status, body=json.dumps({"message": message}).encode(), content_type="application/json")


def signed(timestamp: int, token: str, key: str = SIGNING) -> dict[str, str]:
    """As Mailgun signs a post: the time and a token of its own."""
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": str(timestamp), "token": token, "signature": signature}
