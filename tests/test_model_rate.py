"""NEWSLETTER_MODEL_RATE: a minute's worth at once, and then as fast as it comes back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from newsletter.models import Completion, Prompt, Usage
from newsletter.pipeline.rate import Rated
from newsletter.store import Store
from newsletter.store.tables import slot


class Model:
    """Answers at once, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, prompt: Prompt) -> Completion:
        self.asked += 1
        return Completion(text="{}", model="m", usage=Usage())

    def price(self) -> tuple[float, float]:
        return 1.0, 2.0


def a_prompt(characters: int = 30, expected: int = 0) -> Prompt:
    return Prompt(system="", user="x" * characters, name="scores", schema={}, expected_tokens=expected)


def asked(store: Store, rate: tuple[int, int], prompts: list[Prompt], minutes: int = 0) -> int:
    """How many of these are answered at once, and after so many minutes of waiting."""
    model, waited = Model(), 0

    async def sleep(_: float) -> None:
        nonlocal waited
        waited += 1
        if waited > minutes:
            raise TimeoutError
        with store._transaction() as connection:
            connection.execute(update(slot).values(at=datetime.now(UTC) - timedelta(minutes=1)))

    async def all_of_them() -> None:
        rated = Rated(model, store, rate, sleep)
        assert rated.price() == (1.0, 2.0)
        for prompt in prompts:
            await rated(prompt)

    with pytest.raises(TimeoutError):
        asyncio.run(all_of_them())
    return model.asked


def test_requests(store: Store) -> None:
    """Three a minute are three at once, and three more each minute."""
    assert asked(store, (3, 10**9), [a_prompt()] * 20) == 3


def test_requests_after_a_minute(store: Store) -> None:
    """Who waits a minute may ask as often again."""
    assert asked(store, (3, 10**9), [a_prompt()] * 20, minutes=2) == 9


def test_tokens(store: Store) -> None:
    """Text on the way there and the answer that is expected count together."""
    assert asked(store, (100, 50), [a_prompt(30, 10)] * 20) == 2


def test_a_request_larger_than_a_minute(store: Store) -> None:
    """It waits for a whole minute's worth, and is asked all the same."""
    assert asked(store, (100, 50), [a_prompt(3000)] * 20, minutes=1) == 2
