"""How well the model served an issue, judged by the results of scoring."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.errors import (
    BudgetReached,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    ModelUnreadable,
    RequestRefused,
)
from newsletter.models import Issue, ModelFacts, ModelOutcome

# The first that is met explains the others: without money nobody is asked, and a refused account answers nothing.
_ORDER = (
    (BudgetReached, ModelOutcome.BUDGET),
    (ModelRefused, ModelOutcome.REFUSED),
    (ModelUnavailable, ModelOutcome.UNREACHED),
    (ModelUnreadable, ModelOutcome.UNREADABLE),
)


def decide(issue: Issue, errors: Sequence[ModelError], flagged: Sequence[str]) -> ModelFacts:
    """What became of an issue's scores, from counts and from the kinds of errors."""
    outcome = _outcome(issue, errors, flagged)
    said = next((str(error) for error in errors if not isinstance(error, RequestRefused)), "")
    return ModelFacts(outcome, tuple(sorted(set(flagged))), said)


def _outcome(issue: Issue, errors: Sequence[ModelError], flagged: Sequence[str]) -> ModelOutcome:
    if not issue.unscored:
        return ModelOutcome.SERVED
    for kind, outcome in _ORDER:
        found = [error for error in errors if isinstance(error, kind)]
        if found and kind is ModelUnavailable and all(getattr(error, "throttled", False) for error in found):
            return ModelOutcome.THROTTLED
        if found:
            return outcome
    if issue.unscored <= len(set(flagged)):
        return ModelOutcome.FLAGGED
    return ModelOutcome.PARTLY if issue.scored else ModelOutcome.UNREADABLE
