"""The day: calls the stages in order, saves after each, resumes. It decides nothing that a stage could decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from newsletter.delivery import Tally
from newsletter.models import Issue
from newsletter.pipeline.desk import UNHEARD, Desk, Progress, no_progress
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.judging import TopicDay
from newsletter.pipeline.planning import Due, Group, due, due_of, groups, plan
from newsletter.pipeline.preparing import NotOut, collect_issues, missed
from newsletter.pipeline.publishing import is_published_so, publish
from newsletter.pipeline.ranks import opinions, recorded_fate
from newsletter.pipeline.readiness import held_issues, prepare
from newsletter.pipeline.sending import message_for, send
from newsletter.store import Store
from newsletter.times import calendar


@dataclass(frozen=True, slots=True)
class Morning:
    """What one run did."""

    issues: tuple[Issue, ...]
    not_out: tuple[date, ...]  # announcements that arXiv has not made yet
    planned: int
    tally: Tally


def run(
    desk: Desk, day: date | None = None, only: str | None = None, *, stop: Callable[[], bool] = lambda: False
) -> Morning:
    """A morning now: prepare the newest announcement (or issue `day`) and send it to every active reader without it.

    Raises ArxivError before anything is recorded, NoModelServes where this would be the first issue and the model is
    refused or not reached, TransportRefused when the transport serves nobody.
    """
    issues, not_out = prepare_days(desk, day, must_serve=is_first(desk.store))
    planned = plan(desk, Editor(desk), due(desk, day, only))
    return Morning(issues, not_out, planned, send(desk, only=only, stop=stop, insist=True))


def is_first(store: Store) -> bool:
    """Whether no email was ever planned from this ledger."""
    return not store.figures().mails


def prepare_days(
    desk: Desk, day: date | None, *, hold: bool = False, must_serve: bool = False
) -> tuple[tuple[Issue, ...], tuple[date, ...]]:
    """Prepare issue `day`, or all up to the newest that the ledger lacks; these issues and those not out yet.

    With `hold` an issue that too few papers of got a score stays collected, to be prepared again.
    """
    desk.store.end_pauses(desk.now())
    newest = calendar.newest(desk.now())
    found = collect_issues(desk, [day] if day else missed(desk, newest) or [newest])
    early = any(isinstance(one, NotOut) and not one.is_late for one in found)
    if day is None and early and not desk.store.issues(1):
        # A first run in the hours before the papers are there: the issue before is the newest there is.
        found += collect_issues(desk, [calendar.previous(newest)])
    wishes = desk.store.wishes()
    issues = tuple(
        prepare(desk, one, wishes, hold=hold, must_serve=must_serve) for one in found if isinstance(one, Issue)
    )
    return issues, tuple(one.day for one in found if isinstance(one, NotOut))


__all__ = [
    "UNHEARD",
    "Desk",
    "Due",
    "Editor",
    "Group",
    "Morning",
    "NotOut",
    "Progress",
    "TopicDay",
    "collect_issues",
    "due",
    "due_of",
    "groups",
    "held_issues",
    "is_first",
    "is_published_so",
    "message_for",
    "missed",
    "no_progress",
    "opinions",
    "plan",
    "prepare",
    "prepare_days",
    "publish",
    "recorded_fate",
    "run",
    "send",
]
