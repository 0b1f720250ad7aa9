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
# Many servers end a connection that was idle or has carried enough; of the next mail they have heard nothing.
_ENDED = Outcome(Verdict.TEMPORARY, "the server ended the connection")


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
            try:
                self._connection.quit()  # RFC 5321 §4.1.1.10: never without a good-bye
            except (smtplib.SMTPException, OSError):
                self._drop()
            self._connection = None

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send_one(self, mail: Outgoing) -> Outcome:
        reused = self._connection is not None
        outcome = self._attempt(mail)
        return self._attempt(mail) if reused and outcome is _ENDED else outcome

    def _attempt(self, mail: Outgoing) -> Outcome:
        try:
            self._connection = self._connection or self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise TransportRefused(self.name, f"{self._host} refuses the login: {_said(error)}") from error
        except ssl.SSLError as error:
            raise TransportRefused(self.name, f"no secure connection to {self._host}: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(Verdict.TEMPORARY, f"cannot connect to {self._host}:{self._port}: {error}")
        return self._transact(self._connection, mail)

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        connection = (
            smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
            if self._tls
            else smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        )
        try:
            connection.ehlo()
            if not self._tls:
                self._secure(connection, context)
            if self._user and self._password:
                self._login(connection, self._user, self._password)
        except Exception:
            connection.close()
            raise
        return connection

    def _secure(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """STARTTLS, which only a server on this machine may lack, and only where no password is sent."""
        if not connection.has_extn("starttls"):
            if self._host in _LOOPBACK and not self._password:
                return
            raise TransportRefused(self.name, f"{self._host} does not offer STARTTLS; nothing was sent in the clear")
        connection.starttls(context=context)
        connection.ehlo()

    def _login(self, connection: smtplib.SMTP, user: str, password: str) -> None:
        try:
            connection.login(user, password)
        except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
            raise
        except smtplib.SMTPException as error:
            raise TransportRefused(self.name, f"{self._host} offers no login that we know: {error}") from error

    def _transact(self, connection: smtplib.SMTP, mail: Outgoing) -> Outcome:
        """One mail over an open connection. What is lost before the body is certain; what is lost after it is not."""
        message, begun, body_sent = mail.message, False, False
        try:
            reply = connection.mail(message.envelope_from)
            begun = reply[0] != 421
            if _is_refused(reply):
                return self._refused(connection, reply) if begun else self._ended()
            if _is_refused(reply := connection.rcpt(message.recipient)):
                return self._refused(connection, reply)
            if (reply := connection.docmd("DATA"))[0] != 354:
                return self._refused(connection, reply)
            body_sent = True
            connection.send(_with_dots(message.raw))
            reply = connection.getreply()
            return Outcome(Verdict.ACCEPTED) if reply[0] == 250 else self._refused(connection, reply)
        except UnicodeEncodeError:
            self._start_over(connection)
            return Outcome(Verdict.PERMANENT, "the address has letters outside ASCII before its @")
        except (smtplib.SMTPException, OSError) as error:
            if not begun:
                return self._ended()
            self._drop()
            return Outcome(Verdict.UNKNOWN if body_sent else Verdict.TEMPORARY, f"connection lost: {error}")

    def _ended(self) -> Outcome:
        self._drop()
        return _ENDED

    def _refused(self, connection: smtplib.SMTP, reply: tuple[int, bytes]) -> Outcome:
        code, text = reply
        detail = f"{code} {text.decode('utf-8', 'replace')}"
        if code == 421:  # the server says good-bye: RFC 5321 §3.8
            self._drop()
        else:
            self._start_over(connection)
        return Outcome(Verdict.PERMANENT if 500 <= code < 600 else Verdict.TEMPORARY, detail)

    def _start_over(self, connection: smtplib.SMTP) -> None:
        """Ready for the next mail; a server that hangs up now has answered this one all the same."""
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()


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


def verify(url: str, password: str | None, timeout: float = _SECONDS) -> None:
    """Connect, secure and log in, and say good-bye. Raises TransportRefused, SMTPException or OSError."""
    transport = Smtp(url, password, timeout=timeout)
    transport._connection = transport._connect()
    transport.close()
