"""What a server that holds the ledger says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.store.beats import now_in
from newsletter.store.engine import Base


@dataclass(frozen=True)
class ServerFacts:
    """As an operator may have to change them."""

    clock: datetime
    keeps_commits: bool  # through a crash


class Servers(Base):
    """A ledger on a server, seen from outside."""

    def server(self) -> ServerFacts | None:
        """None for a ledger in a file."""
        if not self.on_server:
            return None
        with self._reading() as connection:
            setting = str(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())
            return ServerFacts(now_in(connection), keeps_commits=setting != "off")
