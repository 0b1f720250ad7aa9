"""A mail server that says at each stage what it is told to, and remembers what it heard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[str, str], str | None]  # stage and argument → a reply in place of the usual one
_USUAL = {"CONNECT": "220 ready", "DATA": "354 go on", "QUIT": "221 bye"}


def nothing(_stage: str, _argument: str) -> str | None:
    """Takes everything."""
    return None


@dataclass
class ScriptedServer:
    """Stages: CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, DOT (with the recipient), RSET, QUIT."""

    script: Script = nothing
    offers: tuple[str, ...] = ("PIPELINING",)
    most: int = 100  # connections at once; the others are told so at `crowded`
    crowded: tuple[str, str] = ("CONNECT", "421 4.3.2 too many connections")
    heard: list[tuple[str, str]] = field(default_factory=list)
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, email
    gather: int = 0  # connections that are waited for before the first greeting
    gathered: threading.Event = field(default_factory=threading.Event)
    sessions: list[_Session] = field(default_factory=list)  # those that are open
    opened: int = 0  # the most at once
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, stage: str) -> list[str]:
        """The arguments that came at this stage."""
        return [argument for name, argument in self.heard if name == stage]

    @property
    def readers(self) -> list[str]:
        """Who got an email."""
        return sorted(recipient for _, recipient, _ in self.taken)

    @contextmanager
    def running(self) -> Iterator[str]:
        """The address to send to."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = _Session(self, connection)
        with self._lock:
            self.sessions.append(session)
            self.opened = max(self.opened, len(self.sessions))
            if self.opened >= self.gather:
                self.gathered.set()
        self.gathered.wait(5)
        with connection, suppress(OSError), connection.makefile("rb") as lines:
            try:
                session.serve(iter(lines))
            finally:
                with self._lock:
                    self.sessions.remove(session)

    def is_one_too_many(self, session: _Session) -> bool:
        with self._lock:
            return self.sessions.index(session) >= self.most


class _Session:
    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.sender, self.recipient = "", ""

    def serve(self, lines: Iterator[bytes]) -> None:
        if self.says("CONNECT", "")[:1] != "2":
            return
        for line in lines:
            verb, _, argument = line.decode().strip().partition(" ")
            stage, argument = verb.upper(), argument.partition(":")[2].strip("<>") or argument
            good = self.says(stage, argument)[:1] in "23"
            if stage == "QUIT":
                return
            if stage == "MAIL":
                self.sender = argument if good else ""
                self.recipient = ""
            elif stage == "RCPT":
                self.recipient = argument if good else ""
            elif stage == "DATA" and good:
                self.body(lines)

    def body(self, lines: Iterator[bytes]) -> None:
        email = b"".join(iter(lines.__next__, b".\r\n"))
        if self.says("DOT", self.recipient)[:1] == "2":
            self.server.taken.append((self.sender, self.recipient, email))

    def says(self, stage: str, argument: str) -> str:
        self.server.heard.append((stage, argument))
        reply = self.server.script(stage, argument)
        if stage == self.server.crowded[0] and self.server.is_one_too_many(self):
            reply = self.server.crowded[1]
        if reply is None and ((stage == "RCPT" and not self.sender) or (stage == "DATA" and not self.recipient)):
            reply = "503 5.5.1 not in this order"
        if reply is None and stage == "EHLO":
            reply = "\r\n".join([*(f"250-{one}" for one in ("scripted", *self.server.offers)), "250 HELP"])
        said = reply or _USUAL.get(stage, "250 2.0.0 OK")
        self.connection.sendall(f"{said}\r\n".encode())
        return said
