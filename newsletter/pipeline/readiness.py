"""A collected issue → scored, picked and summarised; or held, while too many papers have no score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from newsletter.errors import (
    BudgetReached,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    NoModelServes,
    RequestRefused,
    RequestTooLong,
)
from newsletter.models import Hours, Issue, IssueState, ModelFacts, ModelOutcome, Wishes
from newsletter.pipeline import facts
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.judging import score_topic, why
from newsletter.pipeline.ranks import save_fates
from newsletter.scoring import Scored
from newsletter.times import calendar
from newsletter.times.waiting import issue_waits_until

_KNOWN_ISSUES = 20


def prepare(
    desk: Desk, issue: Issue, wishes: Sequence[Wishes], *, hold: bool = False, must_serve: bool = False
) -> Issue:
    """Prepares all that is needed to send a collected issue to readers with these wishes: scores, lines, counts.

    With `must_serve` a model that serves nobody is an error: NoModelServes, with nothing recorded.

    With `hold` an issue of which more than a fifth has no score stays collected, to be tried again, until the last
    reader's `wait_until`; without it, it is ready at once, ordered by word match.
    """
    if issue.state is IssueState.QUIET:
        return issue
    day, papers = issue.date, desk.store.papers(issue.date)
    done = [
        score_topic(desk, day, topic, [paper for paper in papers if topic.covers(paper)])
        for topic in desk.roster.topics
    ]
    errors = [error for one in done for error in one.errors]
    editor = Editor(desk)
    if must_serve and _serves_nobody(desk, editor, issue, errors):
        raise NoModelServes(why(errors))
    held = hold and _can_wait(desk, issue, errors) and _is_poor(desk, editor, day)
    mails = [(one, (day,)) for one in wishes]
    errors += () if held else editor.ask_for_lines(mails)
    prepared = _counted(desk, editor, issue)
    served = _served(desk, prepared, done)
    notes = _notes(desk, prepared, errors, done, served, 0 if held else editor.left_out(mails))
    picked = {pick.paper.arxiv_id for mail in mails for pick in editor.picks(*mail)}
    prepared = replace(
        prepared,
        state=IssueState.COLLECTED if held else IssueState.READY,
        picked=0 if held else len(picked),
        model_notes=tuple(notes),
        budget_reached=_spent(errors) is not None,
        held_since=issue.held_since or (desk.now() if held else None),
    )
    desk.store.save_model_facts(day, served)
    _save(desk, editor, prepared)
    _tell(desk, prepared, errors, held=held)
    return desk.store.issue(day) or prepared


def _serves_nobody(desk: Desk, editor: Editor, issue: Issue, errors: Sequence[ModelError]) -> bool:
    """Whether the model is refused or not reached, and not one paper has a score."""
    is_down = any(isinstance(error, (ModelRefused, ModelUnavailable)) for error in errors)
    return is_down and not _counted(desk, editor, issue).scored


def _served(desk: Desk, issue: Issue, done: Sequence[Scored]) -> ModelFacts:
    """How the model served this issue; what was refused before is still refused, since it is not asked for again."""
    if desk.model is None:
        return ModelFacts(ModelOutcome.SKIPPED if desk.model_skipped else ModelOutcome.SERVED)
    before = desk.store.model_facts(issue.date)
    flagged = [paper.arxiv_id for one in done for paper in one.refused] + list(before.flagged if before else ())
    return facts.decide(issue, [error for one in done for error in one.errors], flagged)


def _can_wait(desk: Desk, issue: Issue, errors: Sequence[ModelError]) -> bool:
    """Whether retrying later is allowed and may help; a spent budget does not come back."""
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


def _notes(
    desk: Desk, issue: Issue, errors: Sequence[ModelError], done: Sequence[Scored], served: ModelFacts, left_out: int
) -> Iterator[str]:
    """What went wrong with the models, each thing in one line."""
    others = [error for error in errors if not isinstance(error, RequestRefused) or isinstance(error, RequestTooLong)]
    if others:
        yield why(others)
    elif desk.model and issue.unscored and not issue.scored:
        # Nothing said no, and still there is nothing: an empty issue would hide it.
        used = issue.usage.prompt_tokens + issue.usage.completion_tokens
        yield f"model {desk.model}: no score for {issue.unscored} papers, {used} tokens used"
    if served.flagged:
        reason = next((error.problem for error in errors if isinstance(error, RequestRefused)), "")
        because = f" ({reason})" if reason else ""
        yield f"refused by the model's provider for their content{because}: {', '.join(served.flagged)}"
    for cause, times in Counter(cause for one in done for cause in one.causes).most_common(3):
        yield f"model answers: {times} were not used: {cause}"
    if dropped := sum(one.dropped for one in done):
        yield f"model answers: {dropped} rows were unusable and dropped"
    if left_out:
        yield f"model lines: {left_out} failed the check twice and were left out"


def _tell(desk: Desk, issue: Issue, errors: Sequence[ModelError], *, held: bool) -> None:
    """What the administrator has to know of this issue; a model that refuses was told when it did."""
    if spent := _spent(errors):
        desk.alarm.trouble("budget", str(spent), "raise NEWSLETTER_MAX_COST_USD, or choose a cheaper model")
    elif desk.model and issue.scored:
        desk.alarm.over("budget")
    refused = any(isinstance(error, ModelRefused) for error in errors)  # told when it was refused
    if flagged := _flagged(desk, issue):
        desk.alarm.trouble("flagged", *flagged)
    elif desk.model and issue.scored:
        desk.alarm.over("flagged")
    if (held or (issue.unscored and not issue.scored)) and not refused:
        desk.alarm.trouble("scores", *_unscored(issue, held=held))
    elif desk.model and issue.scored:
        desk.alarm.over("scores")


def _flagged(desk: Desk, issue: Issue) -> tuple[str, str] | None:
    """The problem and the remedy of papers that a provider refuses for what they hold; a fallback may take them."""
    served = desk.store.model_facts(issue.date)
    if not served or not served.flagged:
        return None
    problem = f"issue {issue.date}: the model's provider refused {', '.join(served.flagged)} for their content"
    return problem, "they have no score; a model from another provider in NEWSLETTER_FALLBACK_MODELS may accept them"


def _unscored(issue: Issue, *, held: bool) -> tuple[str, str]:
    """The problem and the remedy."""
    why_not = "; ".join(issue.model_notes)
    problem = f"issue {issue.date}: {issue.unscored} of {issue.collected} papers have no score ({why_not})"
    later = "scoring is retried until the readers' wait_until, then the issue is sent" if held else "it is sent"
    return problem, f"check the model's server and quota; {later} by word match, and the email says so"


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
    """The newest issues that had too few scores, and since when; their readers are still waiting."""
    return {issue.date: issue.held_since for issue in desk.store.issues(_KNOWN_ISSUES) if issue.held_since}
