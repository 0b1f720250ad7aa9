"""One request to a token address (RFC 6749, sections 4 to 6), and what its answer means."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter.errors import AuthorizationRefused, AuthorizationUnavailable
from newsletter.oauth.providers import Registration

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

_SECONDS = 15.0  # of silence
_MOST_SECONDS = 30.0  # for a whole answer
_MOST = 1 << 18  # octets; an answer has some 5,000
_LIFETIME = 600.0  # seconds, of a token that does not say how long it lives
_PASSING = ("temporarily_unavailable", "server_error", "slow_down")
_OF_THE_APPLICATION = ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_resource")


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a provider gave."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)  # None: the old one stays
    lifetime: float  # seconds


def ask(url: str, of: Registration, fields: Mapping[str, str], *, again: str) -> Granted:
    """`again` is the command with which a person signs in anew.

    Raises AuthorizationUnavailable for what may pass, AuthorizationRefused for what someone has to change.
    """
    import requests

    secret = {"client_secret": of.client_secret} if of.client_secret else {}
    body = {"client_id": of.client_id, **secret, **fields}
    try:
        # Nothing secret follows a redirection, and nothing out of a .netrc is added.
        with requests.post(
            url, data=body, timeout=_SECONDS, allow_redirects=False, stream=True, auth=_as_it_is
        ) as response:
            return _understood(url, response.status_code, _read(response), again)
    except (requests.RequestException, OSError) as error:
        raise AuthorizationUnavailable(url, f"does not answer ({type(error).__name__})") from error


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _read(response: Response) -> bytes:
    """The body, unless it is too long or comes in drops."""
    until, found = time.monotonic() + _MOST_SECONDS, bytearray()
    for piece in response.iter_content(1 << 13):
        found += piece
        if len(found) > _MOST or time.monotonic() > until:
            raise OSError("an answer without end")
    return bytes(found)


def _understood(url: str, status: int, body: bytes, again: str) -> Granted:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("error", ""), str):
        raise AuthorizationUnavailable(url, f"HTTP {status}, but it is not an answer about tokens")
    if status != 200 or "error" in answer:
        raise _refusal(url, status, answer, again)
    return _granted(url, answer)


def _refusal(url: str, status: int, answer: Mapping[str, Any], again: str) -> Exception:
    error = answer.get("error", "")
    said = f"HTTP {status} {error} {_first_line(answer.get('error_description'))}".strip()
    if not error or error in _PASSING or status in (408, 429) or status >= 500:
        return AuthorizationUnavailable(url, said)
    first = "check NEWSLETTER_OAUTH_CLIENT_ID, its secret (it may have expired) and its permissions, then "
    return AuthorizationRefused(url, said, f"{first if error in _OF_THE_APPLICATION else ''}run `{again}`")


def _first_line(text: object) -> str:
    """Of what may go on with trace numbers and times."""
    return next(iter(str(text or "").splitlines()), "")[:300]


def _granted(url: str, answer: Mapping[str, Any]) -> Granted:
    token, refresh = answer.get("access_token"), answer.get("refresh_token")
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token and token
    if not usable or str(answer.get("token_type", "bearer")).lower() != "bearer":
        raise AuthorizationUnavailable(url, "HTTP 200, but without a bearer token")
    return Granted(
        access_token=str(token),
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        lifetime=_seconds(answer.get("expires_in")),
    )


def _seconds(value: object) -> float:
    """A number, or text that is one."""
    text = str(value)
    return float(text) if text.isascii() and text.isdecimal() and 0 < int(text) < 10**9 else _LIFETIME
