"""The servers that this process asks: one set of lanes for each, whatever stage and model asks it."""

from __future__ import annotations

import random
from collections.abc import Callable

from newsletter.llm.lanes import MOST, Lanes
from newsletter.llm.parameters import Server

_lanes: dict[tuple[str, str | None], Lanes] = {}


def lanes(server: Server, parallel: int | None, remembered: int | None, clock: Callable[[], float]) -> Lanes:
    """Requests at once: as set; else 32, or for local servers one, or the number that was learned."""
    place = server.provider, server.base
    if place not in _lanes:
        limit = parallel or remembered or (1 if server.starts_slowly else MOST)
        learns = server.may_be_slow and parallel is None
        _lanes[place] = Lanes(limit, clock, learns=learns, most=parallel or MOST)
    return _lanes[place]


def forget() -> None:
    """Begin anew: for tests, whose servers come and go under one address."""
    _lanes.clear()


def pause(tries: int, longest: float) -> float:
    """Seconds before the next try where nobody says how long: random, so that requests do not come back together."""
    return random.uniform(0, min(longest, 2.0 ** max(tries - 1, 0)))


__all__ = ["MOST", "Lanes", "forget", "lanes", "pause"]
