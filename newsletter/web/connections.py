"""Connections are few and short: whoever holds one without using it makes room for whoever asks for something."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger()

MOST = 200
ACCEPTED = 16  # at once, before any of them is looked at
WAITING = 128  # that the system keeps for us meanwhile
_OTHERS = 200  # descriptors that are not ours: the ledger, a hundred SMTP connections, the mailbox, files
_FOR_HEADER = 10.0  # seconds, from the start of a connection or from the last answer on
_FOR_REQUEST = 60.0  # seconds for a body, for the answer, and for taking it
_BETWEEN_NOTES = 60.0


class Table:
    """The open connections, the oldest first."""

    def __init__(self, most: int | None = None) -> None:
        self.most = room() if most is None else most
        self._open: dict[Connection, None] = {}
        self._turned_away, self._noted = 0, float("-inf")

    def admit(self, new: Connection) -> None:
        """Admit one; if the table is full, drop the one that has waited longest."""
        self._open[new] = None
        if len(self._open) > self.most:
            longest = next((one for one in self._open if one.is_idle), new)
            del self._open[longest]  # now: it is lost only later, and the next one must drop another
            longest.drop()
            self._note_full()

    def forget(self, old: Connection) -> None:
        self._open.pop(old, None)

    def _note_full(self) -> None:
        """Once a minute, because a log line for each connection could fill the disk."""
        self._turned_away += 1
        if time.monotonic() - self._noted >= _BETWEEN_NOTES:
            log.warning("web.full", connections=self.most, turned_away=self._turned_away)
            self._turned_away, self._noted = 0, time.monotonic()


def room() -> int:
    """How many connections leave the rest of the process enough descriptors."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    left = 2 * MOST + _OTHERS if allowed == resource.RLIM_INFINITY else allowed
    # Half: those that are let go are still open for a moment, beside others that are just accepted.
    return max(8, min(MOST, (left - _OTHERS) // 2))


class Connection(H11Protocol):
    """One connection, closed if it is not used."""

    def __init__(self, *args: Any, table: Table, **given: Any) -> None:
        super().__init__(*args, **given)
        self._table = table
        self._limit: asyncio.TimerHandle | None = None
        self._limited: object = self  # what the limit is for: a request, None between two, this one before the first

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._table.admit(self)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.forget(self)
        if self._limit:
            self._limit.cancel()
        super().connection_lost(exc)

    def drop(self) -> None:
        """End it at once: closing would wait until the other side has read what is left for it."""
        self.transport.abort()

    def _watch(self) -> None:
        """A new limit for each step: a header, then a request and its answer, then the next header."""
        current = None if self.is_idle else self.cycle
        if current is self._limited:
            return
        if self._limit:
            self._limit.cancel()
        taking = current or self.transport.get_write_buffer_size()  # an answer on its way is part of its request
        self._limited = current
        self._limit = self.loop.call_later(_FOR_REQUEST if taking else _FOR_HEADER, self.drop)
