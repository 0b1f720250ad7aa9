"""SMTP over one reused connection: TLS before any password, and every reply sorted into our words."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from newsletter.errors import TransportRefused
from newsletter.models import Outcome, Outgoing, Verdict

_SECONDS = 60.0  # RFC 5321 §4.5.3.2 allows servers minutes after the final dot
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Smtp:
    """Sends through one server. A lost connection is opened again for the next mail."""

    name = "smtp"
    batch_size = 1

    def __init__(self, url: str, password: str | None = None, *, timeout: float = _SECONDS) -> None:
        """`url`: `smtp://user@host:587` (STARTTLS) or `smtps://user@host` (TLS from the first byte)."""
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password, self._timeout = password, timeout
        self._connection: smtplib.SMTP | None = None

    def send(self, mails: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [self._send_one(mail) for mail in mails]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send_one(self, mail: Outgoing) -> Outcome:
        try:
            connection = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            raise TransportRefused(self.name, f"{self._host} refuses the login: {_said(error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return Outcome(Verdict.TEMPORARY, f"cannot connect to {self._host}:{self._port}: {error}")
        return self._transact(connection, mail)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        context = ssl.create_default_context()
        if self._tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
            self._secure(connection, context)
        if self._user and self._password:
            connection.login(self._user, self._password)
        self._connection = connection
        return connection

    def _secure(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """STARTTLS, which only a server on this machine may lack, and only where no password is sent."""
        connection.ehlo()
        if not connection.has_extn("starttls"):
            if self._host in _LOOPBACK and not self._password:
                return
            connection.close()
            raise TransportRefused(self.name, f"{self._host} does not offer STARTTLS; nothing was sent in the clear")
        try:
            connection.starttls(context=context)
        except ssl.SSLError as error:
            raise TransportRefused(self.name, f"{self._host}: its certificate is not accepted: {error}") from error
        connection.ehlo()

    def _transact(self, connection: smtplib.SMTP, mail: Outgoing) -> Outcome:
        """One mail over an open connection. What is lost before the body is certain; what is lost after it is not."""
        message, body_sent = mail.message, False
        try:
            if _is_refused(reply := connection.mail(message.envelope_from)):
                return self._refused(connection, reply)
            if _is_refused(reply := connection.rcpt(message.recipient)):
                return self._refused(connection, reply)
            if (reply := connection.docmd("DATA"))[0] != 354:
                return self._refused(connection, reply)
            body_sent = True
            connection.send(_with_dots(message.raw))
            reply = connection.getreply()
            return Outcome(Verdict.ACCEPTED) if reply[0] == 250 else self._refused(connection, reply)
        except UnicodeEncodeError:
            connection.rset()
            return Outcome(Verdict.PERMANENT, "the address has letters outside ASCII before its @")
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return Outcome(Verdict.UNKNOWN if body_sent else Verdict.TEMPORARY, f"connection lost: {error}")

    def _refused(self, connection: smtplib.SMTP, reply: tuple[int, bytes]) -> Outcome:
        code, text = reply
        detail = f"{code} {text.decode('utf-8', 'replace')}"
        if code == 421:  # the server says good-bye: RFC 5321 §3.8
            self.close()
        else:
            connection.rset()
        return Outcome(Verdict.PERMANENT if 500 <= code < 600 else Verdict.TEMPORARY, detail)


def _is_refused(reply: tuple[int, bytes]) -> bool:
    return reply[0] not in (250, 251)


def _with_dots(raw: bytes) -> bytes:
    """The body as DATA wants it: lines that begin with a dot doubled, and the final dot (RFC 5321 §4.5.2)."""
    doubled = raw.replace(b"\r\n.", b"\r\n..")
    start = b"." if raw.startswith(b".") else b""
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return start + doubled + end + b".\r\n"


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
