"""NEWSLETTER_MAX_COST_USD: the next request is not sent where it could pass the issue's limit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from newsletter.errors import BudgetReached
from newsletter.models import Completion, Prompt
from newsletter.ports import Complete, Priced

# An answer may be this many times longer than a good one is expected to be: hidden thinking is paid as well. Once
# answers of a kind are known, twice the longest; an answer is cut there, so that what was reserved is not passed.
_UNKNOWN, _KNOWN = 16.0, 2.0
_BYTES_PER_TOKEN = 2  # at least: English has five, formulas three, Chinese two to three


class Budgeted:
    """A `Complete` that reserves what a request may cost before it is sent, and waits for others to be settled."""

    def __init__(self, complete: Priced, model: str, limit: float, spent: float | None) -> None:
        """`spent` is None if the cost of earlier calls is unknown; then no call is made."""
        self._complete, self._model, self._limit, self._spent = complete, model, limit, spent
        self._reserved, self._in_flight = 0.0, 0
        self._longest: dict[str, float] = {}  # answers of a kind, in units of what is expected
        self._settled = asyncio.Condition()

    async def __call__(self, prompt: Prompt) -> Completion:
        prompt, cost = await self._room_for(prompt)
        try:
            with self._reserving(cost):
                completion = await self._complete(prompt)
                known = completion.usage.cost_usd
                self._spent = None if known is None or self._spent is None else self._spent + known
                self._learn(prompt, completion)
        finally:
            async with self._settled:
                self._settled.notify_all()
        return completion

    async def _room_for(self, prompt: Prompt) -> tuple[Prompt, float]:
        """The prompt with its answer bounded, and what it costs at most. Raises BudgetReached."""
        price = self._complete.price()
        async with self._settled:
            while True:
                if price is None or self._spent is None:
                    why = (
                        f"the limit of ${self._limit:g} for this issue cannot be enforced, because the price is unknown"
                    )
                    raise BudgetReached(self._model, why)
                bounded = replace(prompt, most_tokens=self._most_tokens(prompt))
                into = len(f"{prompt.system}{prompt.user}".encode()) / _BYTES_PER_TOKEN
                cost = (into * price[0] + (bounded.most_tokens or 0) * price[1]) / 1e6
                if self._spent + self._reserved + cost <= self._limit:
                    return bounded, cost
                if not self._in_flight:
                    raise BudgetReached(self._model, f"the limit of ${self._limit:g} for this issue is reached")
                await self._settled.wait()

    @contextmanager
    def _reserving(self, cost: float) -> Iterator[None]:
        self._reserved, self._in_flight = self._reserved + cost, self._in_flight + 1
        try:
            yield
        finally:
            self._reserved, self._in_flight = self._reserved - cost, self._in_flight - 1

    def _most_tokens(self, prompt: Prompt) -> int:
        times = _KNOWN * max(1.0, self._longest[prompt.name]) if prompt.name in self._longest else _UNKNOWN
        return int(max(prompt.expected_tokens, 50) * times)

    def _learn(self, prompt: Prompt, completion: Completion) -> None:
        length = completion.usage.completion_tokens / max(prompt.expected_tokens, 50)
        self._longest[prompt.name] = max(length, self._longest.get(prompt.name, 0.0))


def budgeted(complete: Priced | None, model: str | None, limit: float | None, spent: float | None) -> Complete | None:
    """The model within what the issue may still cost."""
    if complete is None or model is None or limit is None:
        return complete
    return Budgeted(complete, model, limit, spent)
