"""What a morning did, in lines for people; commands, the demo and the log say it in the same words."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date
from typing import TYPE_CHECKING

from newsletter.models import DeliveryState, Issue, IssueState, Usage
from newsletter.times import calendar

if TYPE_CHECKING:
    from newsletter.pipeline import Desk, Morning, NotOut


def morning_lines(desk: Desk, done: Morning) -> Iterator[str]:
    """The issues with their notes, what was sent, what is left over and what comes next."""
    for issue in done.issues:
        yield issue_line(issue)
        yield from (f"  {note}" for note in issue.all_notes)
        if issue.missing:
            yield f"  announced, but not in arXiv's API yet; the next run asks again for: {', '.join(issue.missing)}"
    yield from map(not_out_line, done.not_out)
    tally = done.tally
    yield f"Sent {counted(tally.accepted, 'email')} {_by(desk)}."
    left, reason = left_over(desk)
    if left:
        waiting = f"{counted(left, 'email')} {'is' if left == 1 else 'are'} still queued"
        yield (
            f"{tally.held}."
            if tally.until_tomorrow
            else (f"{waiting}; run again to retry{f' ({reason})' if reason else ''}.")
        )
    if tally.failed:
        yield f"{counted(tally.failed, 'email')} rejected permanently: see `newsletter status`."
    if tally.unaccepted:
        yield f"Fewer than half were accepted: {tally.unaccepted}."
    if not tally.accepted and not left:
        following = calendar.following(calendar.newest(desk.now()))
        yield f"The next issue is {following}, due {due_text(following, desk.holidays)}."


def not_out_line(one: NotOut) -> str:
    """An issue that there is none of so far."""
    unsure = f"; it may not come at all ({one.holiday})" if one.holiday else ""
    return f"Issue {one.day}: arXiv has not announced it yet{unsure}."


def left_over(desk: Desk) -> tuple[int, str | None]:
    """How many emails are queued, temporarily rejected or uncertain, and the reason."""
    return desk.store.unsent([DeliveryState.QUEUED, DeliveryState.UNKNOWN])


def _by(desk: Desk) -> str:
    return f"to {desk.outbox}" if desk.outbox else f"by {desk.transport.name}"


def counted(number: int, noun: str) -> str:
    """`1 email`, `3 emails`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def due_text(day: date, holidays: Container[date] = ()) -> str:
    """When an issue is due, and why it may not come."""
    unsure = calendar.holiday(day, holidays)
    return f"{calendar.announced_at(day):%Y-%m-%d %H:%M} UTC{f' unless arXiv pauses ({unsure})' if unsure else ''}"


def issue_line(issue: Issue) -> str:
    """One issue with its counts, its model and its bill."""
    if issue.state is IssueState.QUIET:
        return f"Issue {issue.date}: arXiv has nothing new in these categories."
    parts = [f"{issue.collected} collected", f"{issue.scored} scored"]
    parts += [f"{issue.ranked} ranked without a model"] if issue.ranked else []
    parts += [f"{issue.unscored} unscored"] if issue.unscored else []
    parts += [f"{issue.picked} picked"]
    line = f"Issue {issue.date}: {', '.join(parts)}."
    return f"{line} {bill(issue)}" if issue.model else line


def bill(issue: Issue) -> str:
    """The model with its tokens and cost."""
    return f"{issue.model}: {usage_text(issue.usage)}."


def usage_text(usage: Usage) -> str:
    """Input and output tokens of a model, and what they cost."""
    cost = "price unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    return f"{usage.prompt_tokens:,} input + {usage.completion_tokens:,} output tokens, {cost}"
