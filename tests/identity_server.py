"""An identity provider on loopback: people agree, codes become tokens, and each refresh token is good for one use."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback

CLIENT, SECRET = "client-of-the-newsletter", "secret-of-the-client"


class IdentityServer(Loopback):
    """Answers as RFC 6749 says; `refuses` makes the token address say no in the provider's words."""

    def __init__(self, *, user: str = "news@example.org", lifetime: Any = 3600, offline: bool = True) -> None:
        self.user, self.lifetime, self._offline = user, lifetime, offline
        self.refuses: tuple[int, str, str] | None = None  # status, error, description
        self.scope = "https://mail.google.com/"  # what is allowed
        self.asked: list[dict[str, str]] = []  # forms that the token address got
        self.valid: set[str] = set()  # access tokens
        self.refresh = ""  # the one that is good now
        self._codes: dict[str, dict[str, str]] = {}
        super().__init__()

    @property
    def token_url(self) -> str:
        return f"{self.origin}/token"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/authorize":
            return self._agree(query)
        if parts.path == "/tokeninfo":  # as Dovecot asks
            known = query.get("access_token") in self.valid
            return _json(200 if known else 401, {"email": self.user} if known else {"error": "invalid_token"})
        if (request.method, parts.path) != ("POST", "/token"):
            return Response(status=404)
        assert "authorization" not in request.headers
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.asked.append(form)
        return self._grant(form)

    def _agree(self, query: Mapping[str, str]) -> Response:
        """A person who says yes."""
        assert ("code", "S256") == (query["response_type"], query["code_challenge_method"])
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(query)
        back = f"{query['redirect_uri']}/?{urlencode({'code': code, 'state': query['state']}, quote_via=quote)}"
        return Response(status=302, headers={"Location": back})

    def _grant(self, form: Mapping[str, str]) -> Response:
        if self.refuses:
            status, error, description = self.refuses
            return _json(status, {"error": error, "error_description": description})
        if (form["client_id"], form.get("client_secret", SECRET)) != (CLIENT, SECRET):
            return _json(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."})
        if problem := self._problem(form):
            return _json(400, {"error": "invalid_grant", "error_description": problem})
        token = f"access.{secrets.token_urlsafe(1500)}"  # as long as Microsoft's
        self.valid.add(token)
        granted: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        if self._offline and form["grant_type"] != "client_credentials":
            self.refresh = f"refresh.{secrets.token_urlsafe(600)}"
            granted["refresh_token"] = self.refresh
        return _json(200, granted)

    def _problem(self, form: Mapping[str, str]) -> str | None:
        match form["grant_type"]:
            case "authorization_code":
                begun = self._codes.pop(form["code"], None)
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                good = begun and (begun["code_challenge"], begun["redirect_uri"]) == (challenge, form["redirect_uri"])
                return None if good else "The code is not ours."
            case "refresh_token":
                return None if form["refresh_token"] == self.refresh else "The refresh token was used before."
            case "client_credentials":
                return None if form.get("client_secret") and form["scope"].endswith("/.default") else "No secret."
        return "unsupported"


def _json(status: int, value: object) -> Response:
    return Response(status=status, body=json.dumps(value).encode(), content_type="application/json")
