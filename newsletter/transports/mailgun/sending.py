"""One call of Mailgun's API: many readers' emails by recipient variables, and what the answer means.

By parts and not as ready MIME: a substitution in a line of quoted-printable could break it. Date is left to Mailgun,
which sets its own.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests
import urllib3
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from newsletter.bulk.content import Own, Tags, same, unfolded
from newsletter.bulk.sending import MAILS, SECONDS, Bulk, Call, Result
from newsletter.models import Outcome, Verdict

Fields = Sequence[tuple[str, str]]

_RESERVED = frozenset(("from", "to", "cc", "bcc", "subject", "date", "received", "dkim-signature", "mime-version"))
_VARIABLE = "%recipient.{}%"
_MOST = 1 << 16  # octets of an answer that are read
_NOW, _UNNAMED, _LONGEST = 1.0, 60.0, 86_400.0  # seconds, for a limit that is over, without a time, and at most
_REFUSED = (401, 402, 403, 404)  # the key, the bill, the sender, the domain
# All of it rewrites links or adds pixels.
_UNTRACKED = (("o:tracking", "no"), ("o:tracking-clicks", "no"), ("o:tracking-opens", "no"))


class Mailgun(Bulk):
    """`v3/<domain>/messages`: one call for up to 1,000 readers, each of whom sees no other."""

    name = "mailgun"

    def __init__(
        self,
        key: str,
        domain: str,
        url: str,
        *,
        connections: int = 8,
        batch: int = MAILS,
        timeout: float = SECONDS,
    ) -> None:
        self._key, self._domain, self._url, self._timeout = key, domain, url, timeout
        super().__init__(connections=connections, batch=batch)

    def payload(self, mails: Call) -> Any:
        return fields(mails)

    def call(self, payload: Any) -> Result:
        return ask(self._url, self._domain, self._key, payload, self._timeout)


def fields(mails: Call) -> Fields:
    """The form of one call for emails of one edition to different addresses."""
    first = mails[0].message
    named = {one.name: one for one in first.head.headers}
    ours = [one for one in named.values() if _is_ours(one.name)]
    tags, own = Tags(first, _VARIABLE), Own([one for one in ours if one.own])
    known = Own([named[name] for name in ("To", "Message-ID") if name in named])
    variables, to = {}, []
    for mail in mails:
        slots = mail.message.slots
        ends = known.of(slots)
        to.append(("to", ends["To"]))
        heads = {_variable(name): value for name, value in own.of(slots).items()}
        ours_again = {"delivery": mail.key, "message": ends.get("Message-ID", "")}
        variables[mail.message.recipient] = {**tags.values(slots), **heads, **ours_again}
    return [
        ("from", same(unfolded(named["From"]))),
        *to,
        ("subject", same(unfolded(named["Subject"]))),
        ("text", tags.put_into(first.rendered.text)),
        ("html", tags.put_into(first.rendered.html)),
        *((f"h:{one.name}", same(unfolded(one))) for one in ours if not one.own),
        *((f"h:{name}", _VARIABLE.format(_variable(name))) for name in own.names),
        *_UNTRACKED,
        # They come back with each event.
        ("v:delivery", _VARIABLE.format("delivery")),
        ("v:message", _VARIABLE.format("message")),
        # With these, nobody sees the addresses of the others.
        ("recipient-variables", json.dumps(variables)),
    ]


def _variable(header: str) -> str:
    return header.lower().replace("-", "_")


def _is_ours(name: str) -> bool:
    return name.lower() not in _RESERVED and not name.lower().startswith(("content-", "x-mailgun-"))


def ask(url: str, domain: str, key: str, form: Fields, timeout: float) -> Result:
    """There is no idempotency key: after a time-out nobody knows."""
    address = f"{url}/v3/{quote(domain, safe='')}/messages"
    parts = [(name, (None, value.encode())) for name, value in form]
    try:
        with requests.post(
            address, files=parts, auth=("api", key), timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            return _understood(response)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        return _failed(error)


def _failed(error: Exception) -> Result:
    reason: object = error
    while isinstance(reason, requests.RequestException | MaxRetryError):
        inner = reason.reason if isinstance(reason, MaxRetryError) else next(iter(reason.args), None)
        if not isinstance(inner, Exception):
            break
        reason = inner
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Result(Outcome(Verdict.UNTRIED, f"cannot connect: {reason}"), unreached=True)
    if isinstance(reason, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return Result(Outcome(Verdict.UNTRIED, f"no secure connection: {reason}"), refused=True)
    return Result(Outcome(Verdict.UNKNOWN, f"no answer: {reason}"[:300]))


def _understood(response: requests.Response) -> Result:
    """Only a 200 with an id is a yes: another page comes from a proxy in between."""
    status, said = response.status_code, _said(_body(response))
    detail = f"HTTP {status} {said.get('message', '')}".strip()[:300]
    if status == 200:
        return Result(Outcome(Verdict.ACCEPTED if said.get("id") else Verdict.UNKNOWN, detail))
    if status in _REFUSED:
        return Result(Outcome(Verdict.UNTRIED, f"the key or the domain is refused: {detail}"), refused=True)
    if status == 429:
        return Result(Outcome(Verdict.UNTRIED, detail), pause=_pause(response.headers))
    if status in (408, 503):
        return Result(Outcome(Verdict.UNTRIED, detail), failing=True)
    if status >= 500:  # a call that was answered so has been seen to be delivered all the same
        return Result(Outcome(Verdict.UNKNOWN, detail), failing=True)
    some, too_large = _is_about_addresses(said), status == 413
    if some or too_large:
        return Result(Outcome(Verdict.PERMANENT, detail), too_large=too_large, some=some)
    return Result(Outcome(Verdict.UNTRIED, detail), refused=True)  # of what all share, also where there is only one


def _body(response: requests.Response) -> bytes:
    """What there is of it: a status means what it means without its words."""
    try:
        return bytes(response.raw.read(_MOST, decode_content=True))
    except (urllib3.exceptions.HTTPError, OSError):
        return b""


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"message": body.decode("utf-8", "replace")}


def _is_about_addresses(said: Mapping[str, Any]) -> bool:
    """The parameter is named: "'to' parameter is not a valid address"."""
    return bool(re.search(r"\bto\b['\"]? parameter|parameter ['\"]?to\b", str(said.get("message", ""))))


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds until the limit is lifted, from Retry-After (seconds) or X-RateLimit-Reset (Unix time, also in ms)."""
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isascii() and after.isdecimal() and len(after) < 10:
        return min(max(_NOW, float(after)), _LONGEST)
    if reset.isascii() and reset.isdecimal() and len(reset) < 20:
        moment = float(reset) / (1000 if len(reset) > 11 else 1)
        return min(max(_NOW, moment - time.time()), _LONGEST)
    return _UNNAMED
