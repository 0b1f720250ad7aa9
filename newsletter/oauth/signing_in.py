"""A person agrees in a browser: authorization code with PKCE (RFC 7636), back to this machine (RFC 8252) or by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import secrets
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.errors import AuthorizationRefused
from newsletter.oauth import keeping
from newsletter.oauth.access import again
from newsletter.oauth.asking import Granted, ask
from newsletter.oauth.keeping import SignIn
from newsletter.oauth.providers import Provider, Registration, authorize_url, token_url

_WAIT = 5.0  # seconds for a browser that connects and says nothing
_DONE = "Signed in. You can close this window."
_NOT_DONE = "Not signed in. The terminal says why; you can close this window."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person is asked, with what proves that the answer belongs to it."""

    provider: Provider
    of: Registration
    redirect: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def scope(self) -> str:
        return self.of.scope or self.provider.scope

    def address(self, user: str | None) -> str:
        """What the browser opens; `user`: the account that is meant."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self.of.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"login_hint": user} if user else {}),
            **self.provider.parameters,
        }
        return f"{authorize_url(self.provider, self.of)}?{urlencode(query)}"

    def refused(self, problem: str, hint: str = "") -> AuthorizationRefused:
        """Why nobody is signed in."""
        remedy = f"run `newsletter authorize {self.provider.name}` again{hint}"
        return AuthorizationRefused(self.provider.title, problem, remedy)

    def code(self, answer: str) -> str | None:
        """The code in the address at which the browser arrived; None where that is no answer to this question.

        Raises AuthorizationRefused if the person or the provider said no.
        """
        try:
            found = {name: values[0] for name, values in parse_qs(urlsplit(answer.strip()).query).items()}
        except ValueError:
            return None
        if not hmac.compare_digest(found.get("state", "").encode(), self.state.encode()):
            return None
        if "error" in found:
            said = f"{found['error']} {found.get('error_description', '')}".strip()[:300]
            raise self.refused(said)
        return found.get("code")


class Listener:
    """The place on this machine to which the browser comes back; only this machine can reach it."""

    def __init__(self) -> None:
        self._server = _Server()
        # The name that Microsoft accepts with any port; Google accepts it too.
        self.redirect = f"http://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def begin(self, asked: Asked) -> None:
        """Listen; a browser in the terminal ends only after it was answered."""
        self._server.asked = asked
        self._thread.start()

    def wait(self, seconds: float) -> str:
        """The code. What comes with another state is ignored, whoever sent it. Raises AuthorizationRefused."""
        try:
            answer = self._server.answers.get(timeout=seconds)
        except queue.Empty:
            problem = f"nobody signed in within {seconds / 60:.0f} minutes"
            raise self._server.asked.refused(
                problem, ", with --no-browser if the browser is on another machine"
            ) from None
        if isinstance(answer, AuthorizationRefused):
            raise answer
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    asked: Asked

    def __init__(self) -> None:
        self.answers: queue.Queue[str | AuthorizationRefused] = queue.Queue()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Without the look-up of a name that HTTPServer makes."""
        TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    timeout = _WAIT

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        answer: str | AuthorizationRefused | None
        try:
            answer = server.asked.code(self.path)
        except AuthorizationRefused as error:
            answer = error
        if answer is None:
            self._say(404, "Nothing is here.")
        else:
            self._say(200, _DONE if isinstance(answer, str) else _NOT_DONE)
            server.answers.put(answer)

    def _say(self, status: int, text: str) -> None:
        body = f'<!doctype html><html lang="en"><title>newsletter</title><p>{text}</p></html>'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: the line would contain the code."""


def finish(asked: Asked, code: str, data_dir: Path, now: float) -> None:
    """Turn the code into tokens, and keep them. Raises AuthorizationRefused or AuthorizationUnavailable."""
    begun = _begun(asked.provider, asked.of, asked.scope)
    command = f"newsletter authorize {asked.provider.name}"
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.redirect,
        "code_verifier": asked.verifier,
        "scope": asked.scope,
    }
    granted = ask(begun.token_url, asked.of, fields, again=command)
    if granted.refresh_token is None:
        problem = "no refresh token came, so this would work for an hour only"
        raise asked.refused(problem, ", after you have allowed offline access for the application")
    _keep(replace(begun, refresh_token=granted.refresh_token), granted, data_dir, now)


def as_application(provider: Provider, of: Registration, data_dir: Path, now: float) -> None:
    """The application signs in by itself (client credentials). Raises as `finish` does."""
    begun = _begun(provider, of, of.scope or provider.application_scope or "")
    fields = {"grant_type": "client_credentials", "scope": begun.scope}
    _keep(begun, ask(begun.token_url, of, fields, again=again(begun)), data_dir, now)


def _begun(provider: Provider, of: Registration, scope: str) -> SignIn:
    return SignIn(provider=provider.name, client_id=of.client_id, token_url=token_url(provider, of), scope=scope)


def _keep(begun: SignIn, granted: Granted, data_dir: Path, now: float) -> None:
    found = replace(begun, access_token=granted.access_token, since=now, lifetime=granted.lifetime)
    with keeping.locked(data_dir):
        keeping.write(data_dir, found)
