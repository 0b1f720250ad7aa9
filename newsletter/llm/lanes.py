"""How many requests one server gets at once: fixed for hosted ones, learned from the first answers of a local one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

MOST = 32
_ENOUGH = 6  # answers in a row by which a server's pace is judged
_FLOODED = 0.25  # of the requests in flight: a server that works on fewer at once has them wait in its queue
_KEEPS_UP = 0.7


class Lanes:
    """Room for requests in flight to one server, of whatever stage and model. Only to be used in LiteLLM's loop."""

    def __init__(self, limit: int, clock: Callable[[], float], *, learns: bool, most: int = MOST) -> None:
        self.limit, self.flying = limit, 0
        self.progress = clock()  # when the server last answered anything
        self._clock, self._learns, self._most = clock, learns, most
        self._fastest: dict[str, float] = {}  # seconds for a unit of work, by kind of request
        self._freed = asyncio.Condition()
        self._begin()

    def _begin(self) -> None:
        self._since, self._served, self._answers = self._clock(), 0.0, 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a free place and take it."""
        async with self._freed:
            while self.flying >= self.limit:
                await self._freed.wait()
            if not self.flying:
                self._begin()
            self.flying += 1
        try:
            yield
        finally:
            async with self._freed:
                self.flying -= 1
                self._freed.notify_all()

    def answered(self, kind: str, work: float, seconds: float) -> None:
        """An answer came: `work` in any unit that grows with the time that a request of this kind takes."""
        self.progress = self._clock()
        if not self._learns:
            self.limit = min(self._most, self.limit + 1)
            return
        self._fastest[kind] = min(seconds / work, self._fastest.get(kind, seconds / work))
        self._served, self._answers = self._served + work * self._fastest[kind], self._answers + 1
        busy = self._served / max(self.progress - self._since, 1e-9)  # requests that it works on at once
        if self._answers >= _ENOUGH and busy < _FLOODED * self.flying:
            self._change(round(1.5 * busy))
        elif self._answers >= self.limit and self.flying >= self.limit and busy >= _KEEPS_UP * self.limit:
            self._change(2 * self.limit)

    def throttled(self) -> None:
        """The server asks for less."""
        self.limit = max(1, min(self.limit, self.flying) // 2)

    def _change(self, limit: int) -> None:
        self.limit = max(1, min(self._most, limit))
        self._begin()
