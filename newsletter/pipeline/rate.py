"""NEWSLETTER_MODEL_RATE: requests and tokens a minute, for all processes of an installation together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from newsletter.models import Completion, Prompt
from newsletter.ports import Priced
from newsletter.store import Store

_BYTES_PER_TOKEN = 3  # of text on the way to a model: English has four, Chinese two to three
_MINUTE = 60.0
_LOOK = 1.0  # seconds until the ledger is asked again


class Rated:
    """A model that is asked no faster than the account behind it allows; whoever is too fast waits."""

    def __init__(
        self,
        complete: Priced,
        store: Store,
        rate: tuple[int, int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`rate`: requests and tokens a minute."""
        self._complete, self._store, self._rate, self._sleep = complete, store, rate, sleep

    async def __call__(self, prompt: Prompt) -> Completion:
        into = len(f"{prompt.system}{prompt.user}".encode()) // _BYTES_PER_TOKEN
        wanted_of = (1, into + prompt.expected_tokens)
        for name, most, wanted in zip(("requests", "tokens"), self._rate, wanted_of, strict=True):
            # What is larger than a minute's worth waits until all of that is there.
            while not self._store.take_tokens(f"model {name}", most / _MINUTE, most, min(wanted, most), whole=True):
                await self._sleep(_LOOK)
        return await self._complete(prompt)

    def price(self) -> tuple[float, float] | None:
        return self._complete.price()
