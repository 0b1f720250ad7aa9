"""The refusals of one round: they wait until all have answered, and then some are the readers' and some are ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from newsletter.delivery.agreement import Agreement, Refusal, domain, find
from newsletter.delivery.deciding import decide
from newsletter.delivery.tally import Tally, counted
from newsletter.models import HEARD_OF, Delivery, DeliveryState, Outcome, Verdict

_UNTIL_MENDED = timedelta(hours=1)  # the service tries again; `newsletter run` does at once
_OF_READER = re.compile(r"5\d\d[ -]5\.(?:1\.1|1\.10|2\.1)\b")
_Outcomes = Callable[[Collection[date]], Sequence[Delivery]]  # every email that carries one of these issues


@dataclass(frozen=True, slots=True)
class Judged:
    """What the end of a round makes of its refusals."""

    corrected: Sequence[Delivery] = ()  # emails whose state in the ledger changes
    blamed: Sequence[Delivery] = ()  # one of each domain that refuses us
    tally: Tally = field(default_factory=Tally)


@dataclass
class Refused:
    """Emails that were refused for good, without a word that is certainly about their reader."""

    emails: dict[int, Delivery] = field(default_factory=dict)  # as they are recorded: queued
    doubts: set[int] = field(default_factory=set)  # those of them for which nobody is blamed yet
    taken: Counter[str] = field(default_factory=Counter)  # accepted emails, by domain
    row: Sequence[Delivery] = ()  # those that ended the round, one refused after the other

    def note(self, decided: Delivery, *, doubtful: bool, unwanted: bool) -> None:
        """One more answer."""
        if decided.state is DeliveryState.ACCEPTED:
            self.taken[domain(decided.email)] += 1
        if (doubtful or unwanted) and decided.state is DeliveryState.QUEUED:
            self.emails[decided.id] = decided
        else:
            self.emails.pop(decided.id, None)
            doubtful = False
        (self.doubts.add if doubtful else self.doubts.discard)(decided.id)

    def suspect(self, number: int) -> None:
        """So many in a row end the round."""
        self.row = list(self.emails.values())[-number:]

    def judged(self, outcomes: _Outcomes, now: datetime) -> Judged:
        """Whose fault each is."""
        if not self.emails:
            return Judged()
        here = [_refusal(one) for one in self.emails.values()]
        issue = outcomes({day for one in self.emails.values() for day in one.issues})
        earlier = {one.id: one for one in issue if _may_be_ours(one) and one.id not in self.emails}
        before = [_refusal(one) for one in earlier.values()]
        taken = Counter(domain(one.email) for one in issue if one.state in HEARD_OF)
        found = find(here, self.taken) | find([_refusal(one) for one in self.row], {}) | find([*here, *before], taken)
        back = [one for one in earlier.values() if found.covers(_refusal(one))]
        settled = [self._settled(one, found, now, nobody=not taken) for one in self.emails.values()]
        tally = counted(one.state for one in settled if one.id in self.doubts)
        if found.everywhere:
            tally += Tally(held=found.everywhere, held_for=_UNTIL_MENDED, ours=True)
        corrected = [one for one in settled if one != self.emails[one.id]]
        return Judged([*corrected, *map(_untried, back)], list(self._blamed(found)), tally)

    def _settled(self, one: Delivery, found: Agreement, now: datetime, *, nobody: bool) -> Delivery:
        if found.covers(_refusal(one)):
            return _untried(one) if found.everywhere else one
        if one.id not in self.doubts:
            return one
        if nobody:  # none of the issue's readers got it: that one of them alone is to blame would be a guess
            return decide(one, Outcome(Verdict.TEMPORARY, one.error or ""), now)
        return replace(one, state=DeliveryState.FAILED, not_before=None)

    def _blamed(self, found: Agreement) -> Iterator[Delivery]:
        """One email of each domain that was found by what all its readers are told."""
        if not found.everywhere:
            blamed: Mapping[str, Delivery] = {
                domain(one.email): one for one in self.emails.values() if found.covers(_refusal(one))
            }
            yield from (one for one in blamed.values() if one.id in self.doubts)


def _refusal(one: Delivery) -> Refusal:
    return Refusal(one.email, one.error or "")


def _may_be_ours(one: Delivery) -> bool:
    return one.state is DeliveryState.FAILED and not _OF_READER.match(one.error or "")


def _untried(one: Delivery) -> Delivery:
    """Due at once when the sender is mended: the hold keeps it until then."""
    return replace(one, state=DeliveryState.QUEUED, not_before=None, attempts=max(one.attempts - 1, 0))
