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
_MOST_SUBSTITUTIONS = 10_000  # octets for one personalization
_MOST_ARGUMENTS = 10_000  # octets of custom_args
_MOST = 30 * 1024 * 1024  # octets of a mail


class SendGridServer(Loopback):
    """Takes mails that the real one would take; `faults` make it refuse, stall or hang up."""

    def __init__(self, *, key: str = "SG.practice", faults: Sequence[Fault | None] = (), seconds: float = 0.0) -> None:
        """`seconds`: how long each call takes."""
        self.key, self._seconds = key, seconds
        self.scopes = ["mail.send"]  # what the key may do
        self.calls: list[dict[str, Any]] = []  # bodies that were answered with 202
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
            return _refusal(400, *problem)
        if fault is None or fault.kind in ("slow", "cut"):  # the real one has taken it too when its answer is lost
            self.calls.append(mail)
        headers = {"X-Message-Id": f"practice-{len(self.calls)}"}
        return Response(status=202, headers=headers, wait=self._seconds)

    @property
    def mails(self) -> list[dict[str, Any]]:
        """What each reader gets, in order."""
        return [mail for call in self.calls for mail in delivered(call)]


def delivered(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The mails of one call as the service puts them together: one for each personalization."""
    return [_one(call, person) for person in call["personalizations"]]


def _one(call: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, Any]:
    """Substitutions are made in the content, the subject and the address of replies; headers stay as they are."""
    own = person.get("substitutions", {})
    reply_to = call.get("reply_to")
    return {
        "to": person["to"],
        "from": call["from"],
        "subject": _filled(person.get("subject") or call["subject"], own),
        "reply_to": reply_to and reply_to | {"email": _filled(reply_to["email"], own)},
        "content": [part | {"value": _filled(part["value"], own)} for part in call["content"]],
        "headers": {**call.get("headers", {}), **person.get("headers", {})},
        "custom_args": {**call.get("custom_args", {}), **person.get("custom_args", {})},
    }


def _filled(text: str, own: Mapping[str, str]) -> str:
    for tag, value in own.items():
        text = text.replace(tag, value)
    return text


Problem = tuple[str, str | None]  # in the service's words where they are known, and the field that it names


def _problem(mail: dict[str, Any]) -> Problem | None:
    """Why the real one would answer 400."""
    people = mail["personalizations"]
    checks: dict[Problem, bool] = {
        ("The personalizations field is required and must have at least one personalization.", None): not people,
        (f"The personalizations field holds more than {_MOST_PERSONS}.", None): len(people) > _MOST_PERSONS,
        ("Does not contain a valid address.", "from.email"): not _valid(mail["from"]),
        ("The reply_to must contain a valid address.", "reply_to.email"): "reply_to" in mail
        and not _valid(mail["reply_to"]),
        ("The subject is required.", "subject"): not isinstance(mail["subject"], str) or not mail["subject"],
    }
    found = next((problem for problem, wrong in checks.items() if wrong), None)
    return found or _common_problem(mail) or _personal_problem(people)


def _common_problem(mail: dict[str, Any]) -> Problem | None:
    for field, problem in (
        ("content", _content_problem(mail["content"])),
        ("headers", _header_problem(mail.get("headers", {}))),
        ("custom_args", _arguments_problem(mail.get("custom_args", {}))),
    ):
        if problem:
            return problem, field
    return None


def _personal_problem(people: list[dict[str, Any]]) -> Problem | None:
    for number, person in enumerate(people):
        to = [one for kind in ("to", "cc", "bcc") for one in person.get(kind, ())]
        for field, problem in (
            ("to", None if person.get("to") else "The to array is required for all personalization objects."),
            ("to.0.email", None if all(map(_valid, to)) else "Does not contain a valid address."),
            ("to", "Each email address must be unique." if len({one["email"] for one in to}) < len(to) else None),
            ("headers", _header_problem(person.get("headers", {}))),
            ("custom_args", _arguments_problem(person.get("custom_args", {}))),
            ("substitutions", _substitution_problem(person.get("substitutions", {}))),
        ):
            if problem:
                return problem, f"personalizations.{number}.{field}"
    return None


def _arguments_problem(arguments: dict[str, Any]) -> str | None:
    if not _strings(arguments):
        return "The custom_args values must be strings."
    return "The custom_args are too large." if len(json.dumps(arguments)) > _MOST_ARGUMENTS else None


def _substitution_problem(substitutions: dict[str, Any]) -> str | None:
    if not _strings(substitutions):
        return "The substitutions values must be strings."
    octets = sum(len(f"{tag}{value}".encode()) for tag, value in substitutions.items())
    return "The substitutions are larger than 10000 bytes." if octets > _MOST_SUBSTITUTIONS else None


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


def _refusal(status: int, message: str, field: str | None = None) -> Response:
    body = json.dumps({"errors": [{"message": message, "field": field, "help": None}]}).encode()
    return Response(status=status, body=body, content_type="application/json")
