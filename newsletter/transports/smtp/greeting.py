"""From a host's name to a connection that is ready for emails: TLS before any password, by the standard library."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote, urlsplit

from newsletter.errors import AuthorizationRefused, AuthorizationUnavailable, TransportRefused
from newsletter.oauth import Access, XOAuth2

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAME = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where emails are handed over, and as whom."""

    host: str
    port: int
    tls: bool  # from the first byte
    user: str | None
    password: str | None
    access: Access | None = None  # logs in instead of a password
    helo: str | None = None  # what we call ourselves; None: this machine's name

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server(url: str, password: str | None, access: Access | None = None, helo: str | None = None) -> Server:
    """`smtp://user@host:587` (STARTTLS) or `smtps://user@host` (TLS from the first byte)."""
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    port = parts.port or (465 if tls else 587)
    return Server(host=parts.hostname or "", port=port, tls=tls, user=user, password=password, access=access, helo=helo)


def greet(to: Server, timeout: float) -> smtplib.SMTP:
    """An open connection behind EHLO, STARTTLS and login.

    Raises TransportRefused for what another try would not fix, OSError or SMTPException for what it may.
    """
    try:
        return _open(to, timeout)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:  # 454: the server cannot check passwords at present
            raise
        raise TransportRefused(NAME, f"{to.host} refuses the login: {_said(error)}") from error
    except AuthorizationRefused as error:
        raise TransportRefused(NAME, str(error)) from error
    except AuthorizationUnavailable as error:
        raise ConnectionError(str(error)) from error
    except smtplib.SMTPResponseException as error:  # the greeting, or EHLO
        if error.smtp_code < 500:
            raise
        raise TransportRefused(NAME, f"{to.host} refuses the connection: {_said(error)}") from error
    except ssl.SSLError as error:
        raise TransportRefused(NAME, f"no secure connection to {to.host}: {error}") from error


def _open(to: Server, timeout: float) -> smtplib.SMTP:
    token = to.access.token() if to.access else ""
    name = to.helo or _own_name()
    connection = (
        smtplib.SMTP_SSL(to.host, to.port, name, timeout=timeout, context=_trusting())
        if to.tls
        else smtplib.SMTP(to.host, to.port, name, timeout=timeout)
    )
    with ExitStack() as undone:
        undone.callback(connection.close)
        _hello(connection)
        if not to.tls:
            _secure(connection, to)
        if to.user and to.access:
            _login_by_token(connection, to.host, to.user, token, to.access)
        elif to.user and to.password:
            _login(connection, to.host, to.user, to.password)
        undone.pop_all()
    return connection


def _trusting() -> ssl.SSLContext:
    """For servers that prove their name. Made where TLS begins: reading all authorities takes 20 ms."""
    return ssl.create_default_context()


def _hello(connection: smtplib.SMTP) -> None:
    code, text = connection.ehlo()
    if not 200 <= code < 300:
        raise smtplib.SMTPHeloError(code, text)


def _secure(connection: smtplib.SMTP, to: Server) -> None:
    """STARTTLS, which only a server on this machine may lack, and only where no password is sent."""
    if not connection.has_extn("starttls"):
        if to.host in _LOOPBACK and not (to.password or to.access):
            return
        raise TransportRefused(NAME, f"{to.host} does not offer STARTTLS; nothing was sent in the clear")
    try:
        connection.starttls(context=_trusting())
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 500:
            raise
        raise TransportRefused(NAME, f"{to.host} refuses STARTTLS: {_said(error)}") from error
    _hello(connection)


def _login(connection: smtplib.SMTP, host: str, user: str, password: str) -> None:
    try:
        if (user + password).isascii():
            connection.login(user, password)
        else:
            _login_utf8(connection, host, user, password)
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise
    except smtplib.SMTPException as error:
        raise TransportRefused(NAME, f"{host} offers no login that we know: {error}") from error


def _login_by_token(connection: smtplib.SMTP, host: str, user: str, token: str, access: Access) -> None:
    """With XOAUTH2; a token that is refused before its time, as after a change of permissions, is renewed once."""
    if "XOAUTH2" not in connection.esmtp_features.get("auth", "").upper().split():
        problem = f"{host} does not offer XOAUTH2; set NEWSLETTER_SMTP_PASSWORD to log in with a password"
        raise TransportRefused(NAME, problem)
    code, said = _present(connection, user, token)
    if code >= 500 and (renewed := access.token(refused=token)) != token:
        code, said = _present(connection, user, renewed)
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


def _present(connection: smtplib.SMTP, user: str, token: str) -> tuple[int, bytes]:
    """The server's answer, with what it explained before."""
    login = XOAuth2(user, token)
    first = login.respond(b"")
    code, said = connection.docmd("AUTH", f"XOAUTH2 {base64.b64encode(first).decode()}")
    if code == 334:
        code, text = connection.docmd(login.respond(_decoded(said)).decode())
        said = f"{text.decode('utf-8', 'replace')} {login.explanation}".encode()
    return code, said


def _decoded(challenge: bytes) -> bytes:
    try:
        return base64.b64decode(challenge)
    except ValueError:  # for a person to read, so as it is
        return challenge


def _login_utf8(connection: smtplib.SMTP, host: str, user: str, password: str) -> None:
    """AUTH PLAIN (RFC 4616), the one mechanism whose letters are UTF-8; the standard library's takes ASCII alone."""
    if "PLAIN" not in connection.esmtp_features.get("auth", "").upper().split():
        problem = f"the user or password has letters outside ASCII, for which {host} would have to offer AUTH PLAIN"
        raise TransportRefused(NAME, f"{problem}; choose a password of ASCII letters, digits and signs")
    secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, text = connection.docmd("AUTH", f"PLAIN {secret}")
    if code not in (235, 503):  # 503: logged in already
        raise smtplib.SMTPAuthenticationError(code, text)


@cache
def _own_name() -> str:
    """What we call ourselves; asking for it anew takes seconds a connection where there is no name service."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
