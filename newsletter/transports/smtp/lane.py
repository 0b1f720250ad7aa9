"""One connection that never makes us wait: it moves bytes between its socket and its conversation whenever possible."""

from __future__ import annotations

import selectors
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from newsletter.models import Answer, Message
from newsletter.transports.smtp.conversation import Conversation, Envelope, Stage

_CHUNK = 4096  # octets; a reply has a hundred
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_AFTER_THE_DOT = 5  # times as long: a server may look through the whole email first (RFC 5321 section 4.5.3.2.6)


class Lane:
    """A conversation over an open connection."""

    def __init__(
        self,
        connection: smtplib.SMTP,
        *,
        timeout: float,
        pipelining: bool,
        wire: Callable[[Message], Sequence[bytes]],
        envelope: Envelope,
    ) -> None:
        """With `pipelining` false, it is not used even if the server offers it."""
        if connection.sock is None:
            raise OSError("the connection is closed")
        self.socket, self._timeout = connection.sock, timeout
        connection.sock = None
        connection.close()  # the file that it read from, which would keep the socket open after `close`
        offered = connection.has_extn("pipelining")
        utf8 = connection.has_extn("smtputf8") and connection.has_extn("8bitmime")
        self.talk = Conversation(pipelining=pipelining and offered, utf8=utf8, wire=wire, envelope=envelope)
        self.socket.setblocking(False)
        self.watched = 0  # the events for which someone waits
        self._last, self._heard = time.monotonic(), 0

    def push(self) -> int:
        """Send what can be sent; returns the events to wait for. A socket error sets `broken`."""
        out = self.talk.to_send()
        try:
            while out:
                out = self.talk.sent(self.socket.send(out))
                self._last = time.monotonic()
        except _LATER:
            return selectors.EVENT_READ | selectors.EVENT_WRITE
        except OSError:
            pass  # what the server said before it hung up is still to be read, and it counts; reading finds the end
        return selectors.EVENT_READ

    def pull(self) -> list[Answer]:
        """The answers in what has arrived; a closed connection sets `broken`."""
        answers: list[Answer] = []
        try:
            while not self.talk.broken:
                data = self.socket.recv(_CHUNK)
                if not data:
                    self.talk.broken = "the server ended the connection"
                answers += self.talk.receive(data)
                if len(data) < _CHUNK and not self._decrypted():
                    break
        except _LATER:
            pass
        except OSError as error:
            self.talk.broken = self.talk.broken or str(error)
        return answers

    def _decrypted(self) -> bool:
        """Whether TLS has buffered data that it has not returned: no event will report that."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def seconds_left(self, now: float) -> float | None:
        """When the server counts as silent; None while it owes no reply."""
        if self.talk.heard != self._heard:
            self._last, self._heard = now, self.talk.heard
        stage = self.talk.waits_for
        if stage is None:
            return None
        return self._last + self._timeout * (_AFTER_THE_DOT if stage is Stage.DOT else 1) - now

    def close(self) -> None:
        self.socket.close()

    def quit(self, patience: float) -> None:
        """RFC 5321 section 4.1.1.10: sends QUIT before closing, but does not wait for a silent server."""
        with suppress(OSError):
            self.socket.settimeout(patience)
            self.socket.sendall(b"QUIT\r\n")

    def await_goodbye(self, deadline: float) -> None:
        with suppress(OSError):
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            self.socket.recv(_CHUNK)
        self.close()
