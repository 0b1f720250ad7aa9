"""What a morning works with: the adapters, the subscriber list and the prompts, put together by `app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from newsletter.collect import ArxivSource
from newsletter.delivery.lease import Lease
from newsletter.delivery.tally import WELL, Health
from newsletter.models import Letterhead, Masthead
from newsletter.pipeline.budget import budgeted
from newsletter.ports import Alarm, Complete, Priced, Transport
from newsletter.prompts import PromptFile
from newsletter.render import Renderer
from newsletter.store import Store
from newsletter.tokens import Keys

Progress = Callable[[str, int, int], None]  # stage, done, total: where long work says how far it is


def no_progress(stage: str, done: int, total: int) -> None:
    """Nobody is watching."""


class Unheard:
    """Nobody is notified."""

    def trouble(self, key: str, problem: str, remedy: str) -> None: ...

    def over(self, key: str) -> None: ...


UNHEARD = Unheard()


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What sending works with: neither list nor templates nor model, so that any machine can send what was planned."""

    store: Store
    transport: Transport
    letterhead: Letterhead
    keys: Keys
    lease: Lease | None = None  # of this process; None: nobody else uses the ledger
    send_rate: float | None = None  # emails a minute
    daily_limit: int | None = None  # emails that the provider takes on one day
    health: Health = WELL  # of the rounds before the next one
    timezone: str = "UTC"  # in which such a day ends
    now: Callable[[], datetime]
    progress: Progress = no_progress
    alarm: Alarm = UNHEARD


@dataclass(frozen=True, kw_only=True)
class Desk(Sender):
    """Everything one morning needs. Values only change between mornings."""

    data_dir: Path  # where the archive lies
    source: ArxivSource
    renderer: Renderer
    roster: Masthead
    score_prompt: PromptFile
    summary_prompt: PromptFile
    translate_prompt: PromptFile | None = None  # None: abstracts stay as they are
    model: str | None = None  # that scores; None: papers are ordered by word match
    model_skipped: bool = False  # one is configured, and was not to be asked
    scorer: Priced | None = None
    summary_model: str | None = None
    summariser: Priced | None = None
    fallbacks: tuple[str, ...] = ()  # models that may have answered in place of either
    max_cost_usd: float | None = None
    prefilter: float | None = None  # the share of a day that the model is to see; None: all
    prefilter_loss: float | None = None  # the share of what passes that may be missed instead
    salt: str = ""  # changes with templates and sender: part of an edition's key
    holidays: frozenset[date] = frozenset()  # evenings on which arXiv may pause, by the operator
    outbox: Path | None = None  # where emails stay; None: they leave this machine
    templates: tuple[Path, ...] = ()  # the folders of templates, the first wins

    @property
    def scoring_models(self) -> tuple[str, ...]:
        """The models whose scores count, the preferred one first."""
        return tuple(dict.fromkeys((self.model, *self.fallbacks))) if self.model else ()

    @property
    def writing_models(self) -> tuple[str, ...]:
        """Whose lines count, the preferred one first."""
        return tuple(dict.fromkeys((self.summary_model, *self.fallbacks))) if self.summary_model else ()

    def scoring_within_budget(self, day: date) -> Complete | None:
        """The scoring model within what this issue may still cost."""
        return budgeted(self.scorer, self.model, self.max_cost_usd, self._spent(day))

    def writing_within_budget(self, day: date) -> Complete | None:
        """The model of the lines within what this issue may still cost."""
        return budgeted(self.summariser, self.summary_model, self.max_cost_usd, self._spent(day))

    def _spent(self, day: date) -> float | None:
        issue = self.store.issue(day)
        return issue.usage.cost_usd if issue else 0.0
