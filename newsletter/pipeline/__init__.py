"""The day: calls the stages in order, saves after each, resumes. It decides nothing that a stage could decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from newsletter.delivery import Tally
from newsletter.models import Issue
from newsletter.pipeline.clearing import clear_old
from newsletter.pipeline.desk import UNHEARD, Desk, Progress, Sender, no_progress
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.judging import TopicDay
from newsletter.pipeline.planning import Due, Group, Planning, due, due_of, groups
from newsletter.pipeline.preparing import Collected, NotOut, collect_issues, missed
from newsletter.pipeline.publishing import is_published_so, mirror, publish
from newsletter.pipeline.ranks import opinions, recorded_fate
from newsletter.pipeline.readiness import held_issues, prepare
from newsletter.pipeline.sending import NOBODY_SENDS, hand_over, message_for, send
from newsletter.pipeline.taste import Tasting
from newsletter.pipeline.welcoming import welcome
from newsletter.ports import Queue
from newsletter.store import Store
from newsletter.times import calendar


@dataclass(frozen=True, slots=True)
class Morning:
    """What one run did."""

    issues: tuple[Issue, ...]
    not_out: tuple[NotOut, ...]
    planned: int
    tally: Tally


def run(
    desk: Desk,
    day: date | None = None,
    only: str | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    queue: Queue | None = None,
) -> Morning:
    """A morning now: prepare the newest announcement (or issue `day`) and send it to every active reader without it.

    With `queue` workers send.

    Raises ArxivError before anything is recorded, NoModelServes where this would be the first issue and the model is
    refused or not reached, TransportRefused when the transport serves nobody.
    """
    issues, not_out = prepare_days(desk, day, must_serve=is_first(desk.store))
    welcome(desk, stop=stop)
    planning = Planning(desk, Editor(desk), due(desk, day, only))
    sent = partial(hand_over, queue=queue) if queue else partial(send, only=only, insist=True)
    tally = sent(desk, planning, stop=stop)
    return Morning(issues, not_out, planning.planned, tally)


def is_first(store: Store) -> bool:
    """Whether no email was ever planned from this ledger."""
    return not store.figures().mails


def prepare_days(
    desk: Desk, day: date | None, *, hold: bool = False, must_serve: bool = False
) -> tuple[tuple[Issue, ...], tuple[NotOut, ...]]:
    """Prepare issue `day`, or all up to the newest that the ledger lacks; these issues and those not out yet.

    With `hold` an issue that too few papers of got a score stays collected, to be prepared again.
    """
    desk.store.end_pauses(desk.now())
    newest = calendar.newest(desk.now())
    found = collect_issues(desk, [day] if day else missed(desk, newest) or [newest])
    if day is None and not desk.store.issues(1):
        found += _before_the_first(desk, found)
    wishes = desk.store.wishes()
    issues = tuple(
        prepare(desk, one, wishes, hold=hold, must_serve=must_serve) for one in found if isinstance(one, Issue)
    )
    return issues, tuple(one for one in found if isinstance(one, NotOut))


def _before_the_first(desk: Desk, found: Sequence[Collected]) -> Iterator[Collected]:
    """A first run in the hours before the papers are there, or on holidays: the newest issue that there is."""
    last = found[-1]
    while isinstance(last, NotOut) and (last.holiday or (last is found[-1] and not last.is_late)):
        (last,) = collect_issues(desk, [calendar.previous(last.day)])
        yield last


__all__ = [
    "NOBODY_SENDS",
    "UNHEARD",
    "Desk",
    "Due",
    "Editor",
    "Group",
    "Morning",
    "NotOut",
    "Planning",
    "Progress",
    "Sender",
    "Tasting",
    "TopicDay",
    "clear_old",
    "collect_issues",
    "due",
    "due_of",
    "groups",
    "held_issues",
    "is_first",
    "is_published_so",
    "message_for",
    "mirror",
    "missed",
    "no_progress",
    "opinions",
    "prepare",
    "prepare_days",
    "publish",
    "recorded_fate",
    "run",
    "send",
    "welcome",
]
