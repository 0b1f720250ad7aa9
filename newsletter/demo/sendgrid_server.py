"""SendGrid on loopback: `v3/mail/send` that refuses what the real one refuses, and keeps the mails it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback

# https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, limitations and parameters
_RESERVED = frozenset(
    (
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    )
)
_MOST_PERSONS = 1000
_MOST_ARGUMENTS = 10_000  # octets of custom_args
_MOST = 30 * 1024 * 1024  # octets of a mail


class SendGridServer(Loopback):
    """Takes mails that the real one would take; `faults` make it refuse, stall or hang up."""

    def __init__(self, *, key: str = "SG.practice", faults: Sequence[Fault | None] = ()) -> None:
        self.key = key
        self.scopes = ["mail.send"]  # what the key may do
        self.mails: list[dict[str, Any]] = []  # bodies that were answered with 202
        super().__init__()
        self.faults.extend(faults)

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _refusal(401, "The provided authorization grant is invalid, expired, or revoked")
        if (request.method, request.path) == ("GET", "/v3/scopes"):
            return Response(body=json.dumps({"scopes": self.scopes}).encode(), content_type="application/json")
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            return _refusal(404, "Not Found")
        if request.headers.get("content-type") != "application/json":
            return _refusal(415, "Content-Type should be application/json.")
        if len(request.body) > _MOST:
            return _refusal(413, "The JSON payload you have included in your request is too large.")
        try:
            mail = json.loads(request.body)
            problem = _problem(mail)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            return _refusal(400, f"Bad Request: {type(error).__name__} {error}")
        if problem:
            return _refusal(400, problem)
        if fault is None or fault.kind in ("slow", "cut"):  # the real one has taken it too when its answer is lost
            self.mails.append(mail)
        return Response(status=202, headers={"X-Message-Id": f"practice-{len(self.mails)}"})


def _problem(mail: dict[str, Any]) -> str | None:
    """Why the real one would answer 400, in its words where they are known."""
    people = mail["personalizations"]
    recipients = [person for one in people for kind in ("to", "cc", "bcc") for person in one.get(kind, ())]
    checks = {
        "The personalizations field is required and must have at least one personalization.": not people,
        f"The personalizations field holds more than {_MOST_PERSONS}.": len(people) > _MOST_PERSONS,
        "The to array is required for all personalization objects.": not all(one.get("to") for one in people),
        "Does not contain a valid address.": not all(map(_valid, [*recipients, mail["from"]])),
        "The reply_to must contain a valid address.": "reply_to" in mail and not _valid(mail["reply_to"]),
        "The subject is required.": not isinstance(mail["subject"], str) or not mail["subject"],
        "The custom_args are too large.": len(json.dumps(mail.get("custom_args", {}))) > _MOST_ARGUMENTS,
        "The custom_args values must be strings.": not _strings(mail.get("custom_args", {})),
    }
    found = next((problem for problem, wrong in checks.items() if wrong), None)
    return found or _content_problem(mail["content"]) or _header_problem(mail.get("headers", {}))


def _content_problem(content: list[dict[str, str]]) -> str | None:
    if not content or not all(isinstance(part["value"], str) and part["value"] for part in content):
        return "The content value must be a string at least one character in length."
    kinds = [part["type"] for part in content]
    if "text/plain" in kinds[1:] or (len(kinds) > 1 and kinds[1] != "text/html"):
        return "If present, text/plain and text/html may only be provided once, in this order."
    return None


def _header_problem(headers: dict[str, str]) -> str | None:
    if reserved := [name for name in headers if name.lower() in _RESERVED]:
        return f"The header {reserved[0]} is reserved."
    if not _strings(headers):
        return "The headers must be strings."
    if any(not value.isascii() or not value.isprintable() for value in headers.values()):
        return "The headers must be properly encoded if they contain unicode characters, on one line."
    return None


def _strings(values: Mapping[str, object]) -> bool:
    return all(isinstance(value, str) for value in values.values())


def _valid(person: dict[str, str]) -> bool:
    local, _, domain = person["email"].rpartition("@")
    named = person.get("name") is None or isinstance(person["name"], str)
    return bool(local and domain and named and person["email"].isascii() and " " not in person["email"])


def _refusal(status: int, message: str) -> Response:
    body = json.dumps({"errors": [{"message": message, "field": None, "help": None}]}).encode()
    return Response(status=status, body=body, content_type="application/json")
