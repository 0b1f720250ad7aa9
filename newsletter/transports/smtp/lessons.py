"""What one mail server has taught us, kept in the ledger under its name: told once, used from the start next time."""

from __future__ import annotations

from threading import Lock

from newsletter.ports import Notebook


class Lessons:
    """What is known of this server; `connections` is what the operator allows."""

    def __init__(self, notebook: Notebook, server: str, connections: int) -> None:
        self._notebook, self._server, self._most = notebook, server, connections
        self._learning = Lock()  # connections may learn the same at once

    def connections(self) -> int:
        """How many it takes at once; forgotten when the operator changes NEWSLETTER_CONNECTIONS."""
        taken, _, most = (self._notebook.recall(self._key("connections")) or "").partition(" of ")
        return int(taken) if most == str(self._most) else self._most

    def takes_connections(self, number: int) -> None:
        """It refused more."""
        with self._learning:
            known = self.connections() < self._most
            self._notebook.remember(self._key("connections"), f"{number} of {self._most}")
        if not known:
            self._notebook.tell(
                self._key("connections"),
                f"{self._server} refuses {self._most} connections at once; from now on at most {number} are opened",
                "set NEWSLETTER_CONNECTIONS to the number that your provider allows",
            )

    def refuses_own_senders(self) -> bool:
        """Whether it takes only the plain sender address at MAIL FROM."""
        return self._notebook.recall(self._key("envelope")) == "sender"

    def takes_plain_sender(self, plain: str) -> None:
        """It refused an email's own envelope sender, and took the plain one."""
        with self._learning:
            if self.refuses_own_senders():
                return
            self._notebook.remember(self._key("envelope"), "sender")
        self._notebook.tell(
            self._key("envelope"),
            f"{self._server} takes only {plain} at MAIL FROM; from now on every email has it as its envelope sender",
            f"set NEWSLETTER_ENVELOPE=sender. Bounces now go to {plain}: let NEWSLETTER_IMAP_URL read that mailbox",
        )

    def _key(self, about: str) -> str:
        return f"smtp.{about} {self._server}"
