"""A collected issue → scored, picked and summarised; or held, while too many papers have no score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from newsletter.errors import BudgetReached, ModelError, ModelRefused
from newsletter.models import Hours, Issue, IssueState, Wishes
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.judging import score_topic, why
from newsletter.pipeline.ranks import save_fates
from newsletter.times import calendar
from newsletter.times.waiting import issue_waits_until

_KNOWN_ISSUES = 20


def prepare(desk: Desk, issue: Issue, wishes: Sequence[Wishes], *, hold: bool = False) -> Issue:
    """Everything that sending a collected issue to readers with these wishes needs: scores, lines, counts.

    With `hold` an issue of which more than a fifth has no score stays collected, to be tried again, until the last
    reader's `wait_until`; without it, it is ready at once, in the order by words.
    """
    if issue.state is IssueState.QUIET:
        return issue
    day, papers = issue.date, desk.store.papers(issue.date)
    errors: list[ModelError] = []
    dropped = 0
    for topic in desk.roster.topics:
        scored = score_topic(desk, day, topic, [paper for paper in papers if topic.covers(paper)])
        errors += scored.errors
        dropped += scored.dropped
    editor = Editor(desk)
    held = hold and _can_wait(desk, issue, errors) and _is_poor(desk, editor, day)
    mails = [(one, (day,)) for one in wishes]
    errors += () if held else editor.ask_for_lines(mails)
    prepared = _counted(desk, editor, issue)
    notes = _notes(desk, prepared, errors, dropped, 0 if held else editor.left_out(mails))
    picked = {pick.paper.arxiv_id for mail in mails for pick in editor.picks(*mail)}
    prepared = replace(
        prepared,
        state=IssueState.COLLECTED if held else IssueState.READY,
        picked=0 if held else len(picked),
        model_notes=tuple(notes),
        budget_reached=_spent(errors) is not None,
        held_since=issue.held_since or (desk.now() if held else None),
    )
    _save(desk, editor, prepared)
    _tell(desk, prepared, errors, held=held)
    return desk.store.issue(day) or prepared


def _can_wait(desk: Desk, issue: Issue, errors: Sequence[ModelError]) -> bool:
    """Whether trying again later is allowed and may help; money that is spent does not come back."""
    is_new = desk.model is not None and issue.state is IssueState.COLLECTED
    return is_new and _spent(errors) is None and desk.now() < _last_wait(desk.store.hours().values(), issue.date)


def _spent(errors: Sequence[ModelError]) -> BudgetReached | None:
    return next((error for error in errors if isinstance(error, BudgetReached)), None)


def _is_poor(desk: Desk, editor: Editor, day: date) -> bool:
    return any(one.offline and one.judged for one in (editor.day(day, topic) for topic in desk.roster.topics))


def _save(desk: Desk, editor: Editor, issue: Issue) -> None:
    if issue.state is IssueState.READY:
        for topic in desk.roster.topics:
            save_fates(desk, topic, editor.day(issue.date, topic).fates())
    desk.store.save_issue(issue)


def _notes(desk: Desk, issue: Issue, errors: Sequence[ModelError], dropped: int, left_out: int) -> Iterator[str]:
    """What went wrong with the models, each thing in one line."""
    if errors:
        yield why(errors)
    elif desk.model and issue.unscored and not issue.scored:
        # Nothing said no, and still there is nothing: an empty issue would hide it.
        used = issue.usage.prompt_tokens + issue.usage.completion_tokens
        yield f"model {desk.model}: no score for {issue.unscored} papers, {used} tokens used"
    if dropped:
        yield f"model answers: {dropped} rows were not usable and dropped"
    if left_out:
        yield f"model lines: {left_out} failed their check twice and were left out"


def _tell(desk: Desk, issue: Issue, errors: Sequence[ModelError], *, held: bool) -> None:
    """What the administrator has to know of this issue; a model that refuses was told when it did."""
    if spent := _spent(errors):
        desk.alarm.trouble("budget", str(spent), "raise NEWSLETTER_MAX_COST_USD, or choose a cheaper model")
    elif desk.model and issue.scored:
        desk.alarm.over("budget")
    refused = any(isinstance(error, ModelRefused) for error in errors)  # told when it was refused
    if (held or (issue.unscored and not issue.scored)) and not refused:
        desk.alarm.trouble("scores", *_unscored(issue, held=held))
    elif desk.model and issue.scored:
        desk.alarm.over("scores")


def _unscored(issue: Issue, *, held: bool) -> tuple[str, str]:
    """The problem and the remedy."""
    why_not = "; ".join(issue.model_notes)
    problem = f"issue {issue.date}: {issue.unscored} of {issue.collected} papers have no score ({why_not})"
    later = "it is tried again until the readers' wait_until, then sent" if held else "it is sent"
    return problem, f"look at the model's server and quota; {later} in the order by words, and the mail says so"


def _counted(desk: Desk, editor: Editor, issue: Issue) -> Issue:
    """collected = scored + ranked + unscored, each paper once over all topics."""
    judged = [one for topic in desk.roster.topics for one in editor.day(issue.date, topic).judged]
    shown = {one.paper.arxiv_id for one in judged if one.shown} if desk.model else set()
    scored = {one.paper.arxiv_id for one in judged if one.score}
    answered = dict.fromkeys(bill.model for bill in desk.store.bills(issue.date))
    stored = desk.store.issue(issue.date)
    return replace(
        issue,
        scored=len(scored),
        unscored=len(shown - scored),
        ranked=issue.collected - len(shown),
        model=", ".join(answered) or desk.model,
        usage=stored.usage if stored else issue.usage,
    )


# --- held issues ---


def _last_wait(all_hours: Iterable[Hours], day: date) -> datetime:
    return max((issue_waits_until(hours, day) for hours in all_hours), default=calendar.announced_at(day))


def held_issues(desk: Desk) -> Mapping[date, datetime]:
    """The newest issues that once had too few scores, with the time since when: their readers are still waiting."""
    return {issue.date: issue.held_since for issue in desk.store.issues(_KNOWN_ISSUES) if issue.held_since}
