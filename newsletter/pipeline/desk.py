"""What a morning works with: the adapters, the roster and the prompts, put together by `app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.collect import ArxivSource
from newsletter.errors import BudgetReached
from newsletter.models import Completion, Letterhead, Prompt, Roster
from newsletter.ports import Complete, Store, Transport
from newsletter.prompts import PromptFile
from newsletter.render import Renderer
from newsletter.tokens import Keys

Progress = Callable[[str, int, int], None]  # stage, done, total: where long work says how far it is


def no_progress(stage: str, done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything one morning needs. Values only change between mornings."""

    store: Store
    source: ArxivSource
    transport: Transport
    renderer: Renderer
    roster: Roster
    letterhead: Letterhead
    keys: Keys
    score_prompt: PromptFile
    summary_prompt: PromptFile
    model: str | None = None  # that scores; None: papers are ordered by words
    scorer: Complete | None = None
    summary_model: str | None = None
    summariser: Complete | None = None
    max_cost_usd: float | None = None
    salt: str = ""  # changes with templates and sender: part of an edition's key
    owner: str = "newsletter"
    now: Callable[[], datetime]
    progress: Progress = no_progress


class Budgeted:
    """A `Complete` that stops before the issue's limit is passed by another call."""

    def __init__(self, complete: Complete, model: str, limit: float | None, spent: float) -> None:
        self._complete, self._model, self._limit, self._spent = complete, model, limit, spent

    async def __call__(self, prompt: Prompt) -> Completion:
        if self._limit is not None and self._spent >= self._limit:
            raise BudgetReached(self._model, f"the limit of ${self._limit:g} for this issue is reached")
        completion = await self._complete(prompt)
        self._spent += completion.usage.cost_usd or 0.0
        return completion


def budgeted(desk: Desk, complete: Complete | None, model: str | None, day: date) -> Complete | None:
    """The model within what the issue may still cost."""
    if complete is None or model is None:
        return None
    issue = desk.store.issue(day)
    return Budgeted(complete, model, desk.max_cost_usd, (issue.usage.cost_usd or 0.0) if issue else 0.0)
