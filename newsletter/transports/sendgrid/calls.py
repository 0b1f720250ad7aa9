"""One call of the official package, and what its answer means for its emails, the next calls and everyone."""

from __future__ import annotations

import json
import logging
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.bulk.sending import Result
from newsletter.models import Outcome, Verdict

_NOW = 1.0  # seconds, for a limit that is lifted already
_UNNAMED = 60.0  # for a limit that does not say when


def no_secrets(record: logging.LogRecord) -> bool:
    """The package logs whole requests at DEBUG, the key among them."""
    return record.levelno > logging.DEBUG


def api(key: str, url: str, timeout: float) -> SendGridAPIClient:
    """The package's client, which has no time-out of its own."""
    logging.getLogger("python_http_client.client").addFilter(no_secrets)
    made = SendGridAPIClient(api_key=key, host=url)
    made.client.timeout = timeout
    return made


def call(client: SendGridAPIClient, body: Mapping[str, Any]) -> Result:
    """202 means accepted, not delivered. There is no idempotency key: after a time-out nobody knows."""
    try:
        response = client.client.mail.send.post(request_body=body)
    except HTTPError as error:
        return _refused(error)
    except URLError as error:  # while connecting or sending: nobody can have taken half a request
        return _unsent(error.reason)
    except (OSError, HTTPException) as error:
        return Result(Outcome(Verdict.UNKNOWN, f"no answer: {error}"))
    # A 200 comes from whoever a redirection led to.
    taken = response.status_code == 202
    return Result(Outcome(Verdict.ACCEPTED if taken else Verdict.UNKNOWN, f"HTTP {response.status_code}"))


def _unsent(reason: str | BaseException) -> Result:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Result(_untried(f"no secure connection: {reason}"), refused=True)
    return Result(_untried(f"cannot connect: {reason}"), unreached=True)


def _untried(detail: str) -> Outcome:
    return Outcome(Verdict.UNTRIED, detail)


def _refused(error: HTTPError) -> Result:
    status, problems = error.status_code, _problems(error)
    detail = f"HTTP {status} {'; '.join(text for text, _ in problems)}"[:300]
    if status in (401, 403):
        return Result(_untried(f"the key or the sender is refused: {detail}"), refused=True)
    if status == 429:
        return Result(_untried(detail), pause=_reset(error.headers))
    if status == 504:  # someone in between gave up waiting for the one who may have taken it
        return Result(Outcome(Verdict.UNKNOWN, detail))
    if status == 408 or status >= 500:
        return Result(_untried(detail), failing=True)
    places = [found for _, field in problems if (found := re.match(r"personalizations\.(\d+)\b", field))]
    return Result(
        Outcome(Verdict.PERMANENT, detail), too_large=status == 413, guilty=int(places[0][1]) if places else None
    )


def _problems(error: HTTPError) -> Sequence[tuple[str, str]]:
    """The vendor's own words, each with the field that it names; its `to_dict` raises where the body is no JSON."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body)
    try:
        return [(str(one.get("message")), str(one.get("field"))) for one in json.loads(body)["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [(body, "")]


def _reset(headers: Mapping[str, str] | None) -> float:
    """Seconds until the limit is lifted, from X-RateLimit-Reset (Unix time)."""
    value = (headers or {}).get("X-RateLimit-Reset", "")
    return max(_NOW, float(value) - time.time()) if value.isascii() and value.isdecimal() else _UNNAMED
