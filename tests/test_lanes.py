"""How many requests a local server gets at once, in a time that passes only when nothing else happens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from heapq import heappop, heappush

import pytest

from newsletter.llm import servers
from newsletter.llm.lanes import Lanes
from newsletter.llm.parameters import Server

_TURNS = 50  # of the loop after which everybody waits: for an answer or for a free place


@dataclass
class World:
    """A server that works on so many requests at once, a second each, and the clock that its clients share."""

    slots: int
    now: float = 0.0
    waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    most: int = 0  # requests in flight at any time

    def clock(self) -> float:
        return self.now

    async def ask(self, lanes: Lanes, slot: asyncio.Semaphore) -> None:
        async with lanes.one():
            self.most, began = max(self.most, lanes.flying), self.now
            async with slot:
                done = asyncio.get_running_loop().create_future()
                heappush(self.waiting, (self.now + 1, id(done), done))
                await done
            lanes.answered("score", 1.0, self.now - began)

    async def asked(self, lanes: Lanes, count: int) -> None:
        slot = asyncio.Semaphore(self.slots)
        clients = [asyncio.create_task(self.ask(lanes, slot)) for _ in range(count)]
        while not all(one.done() for one in clients):
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self.waiting:
                self.now, _, done = heappop(self.waiting)
                done.set_result(None)


@pytest.mark.parametrize(
    ("slots", "begin", "most", "end"),
    [
        (1, 1, 2, 2),  # one after another: one waits, so that the server never does
        (2, 1, 4, 4),
        (8, 1, 16, 16),
        (100, 1, 32, 32),
        (1, 32, 32, 2),  # flooded: the others would wait in its queue
        (4, 32, 32, 10),
    ],
)
def test_as_many_as_it_keeps_up_with(slots: int, begin: int, most: int, end: int) -> None:
    """From the first answers on; `most` in flight at any time, `end` from then on."""
    world = World(slots)
    lanes = Lanes(begin, world.clock, learns=True)
    asyncio.run(world.asked(lanes, 200))
    assert (world.most, lanes.limit) == (most, end)


def test_a_hosted_model_is_asked_more_with_each_answer() -> None:
    world = World(100)
    lanes = Lanes(4, world.clock, learns=False)
    asyncio.run(world.asked(lanes, 60))
    assert (world.most, lanes.limit) == (32, 32)
    lanes.throttled()
    assert lanes.limit < 32


@pytest.mark.parametrize(
    ("server", "set_to", "remembered", "limit"),
    [
        (Server("ollama_chat", None), None, None, 1),  # one request after another on most machines
        (Server("ollama_chat", None), None, 4, 4),
        (Server("openai", "http://gpu.lab.example:8000/v1"), None, None, 32),
        (Server("openai", "http://gpu.lab.example:8000/v1"), 3, 4, 3),
        (Server("openai", None), None, None, 32),
    ],
)
def test_where_each_server_begins(server: Server, set_to: int | None, remembered: int | None, limit: int) -> None:
    servers.forget()
    assert limit == servers.lanes(server, set_to, remembered, lambda: 0.0).limit
    servers.forget()
