"""The refusals of one round: they wait until all have answered, and then some are the readers' and some are ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from newsletter.delivery.agreement import Agreement, Refusal, domain, find, words
from newsletter.delivery.deciding import decide
from newsletter.delivery.tally import Tally, counted
from newsletter.models import Delivery, DeliveryState, Outcome, Verdict

_UNTIL_FIXED = timedelta(hours=1)  # the service tries again; `newsletter run` does at once
_OF_READER = re.compile(r"5\d\d[ -]5\.(?:1\.1|1\.10|2\.1)\b")
_OF_MAILBOX = re.compile(r"55[0-3]\b")  # RFC 5321 section 4.2.3: what cannot be done with a mailbox
_FOR_GOOD = re.compile(r"5\d\d\b")


class Outcomes(Protocol):
    """What became of the emails that carry one of these issues; the ledger is one."""

    def refusals(self, days: Collection[date]) -> Sequence[Delivery]: ...

    def taken_by_domain(self, days: Collection[date]) -> Mapping[str, int]: ...


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
    of_email: set[int] = field(default_factory=set)  # refused for something else than their mailbox
    streak: list[Delivery] = field(default_factory=list)  # those since the last accepted one
    row: Agreement = field(default_factory=Agreement)  # what those were told whose number ended the round

    def note(self, decided: Delivery, outcome: Outcome) -> None:
        """One more answer."""
        key = decided.id
        if decided.state is DeliveryState.ACCEPTED:
            self.taken[domain(decided.email)] += 1
            self.streak = [one for one in self.streak if one.id > key]  # went out later, though answered before
        self.emails.pop(key, None)
        self.doubts.discard(key)
        if decided.state is DeliveryState.QUEUED and outcome.verdict in (Verdict.PERMANENT, Verdict.UNWANTED):
            self.emails[key] = decided
            self.streak.append(decided)
            if outcome.verdict is Verdict.PERMANENT:
                self.doubts.add(key)
            if outcome.of_email or not _OF_MAILBOX.match(outcome.detail):
                self.of_email.add(key)

    def suspect(self, number: int) -> None:
        """So many in a row end the round, some of them certainly for their readers."""
        others = {"": max(0, number - len(self.streak))}
        self.row = find([_refusal(one) for one in self.streak], others)

    def judged(self, outcomes: Outcomes, now: datetime) -> Judged:
        """Whose fault each is."""
        if not self.emails:
            return Judged()
        here = [_refusal(one) for one in self.emails.values()]
        issues = {day for one in self.emails.values() for day in one.issues}
        refused = outcomes.refusals(issues)
        earlier = {one.id: one for one in refused if _may_be_ours(one) and one.id not in self.emails}
        before = [_refusal(one) for one in earlier.values()]
        taken = outcomes.taken_by_domain(issues)
        found = find(here, self.taken) | self.row | find([*here, *before], taken)
        wrong = [one for one in earlier.values() if one.state is DeliveryState.FAILED or found.everywhere]
        back = [one for one in wrong if found.covers(_refusal(one))]
        few, alone = sum(taken.values()) < len(self.doubts), len(here) + len(before) == 1
        guesses = self._guesses_where_few(alone=alone) if few else self._guesses_at_the_end(found)
        settled = [self._settled(one, found, now, guess=one.id in guesses) for one in self.emails.values()]
        tally = counted(one.state for one in settled if one.id in self.doubts)
        if found.everywhere:
            ours = [one for one in (*self.emails.values(), *earlier.values()) if found.covers(_refusal(one))]
            domains = frozenset(domain(one.email) for one in ours)
            tally += Tally(held=found.everywhere, held_for=_UNTIL_FIXED, ours=domains)
        corrected = [one for one in settled if one != self.emails[one.id]]
        return Judged([*corrected, *map(_untried, back)], list(self._blamed(found)), tally)

    def _guesses_where_few(self, *, alone: bool) -> Collection[int]:
        """Where few were served, whom to blame would be a guess: not told of the mailbox, or not alone."""
        return self.of_email if alone else self.emails.keys()

    def _guesses_at_the_end(self, found: Agreement) -> Collection[int]:
        """The same where from some moment on two or more were told the same: a sender's quota may be used up."""
        late = (_refusal(one) for one in self.streak)
        told = Counter(words(one.said, one.email) for one in late if not found.covers(one))
        return {one.id for one in self.emails.values() if told[words(one.error or "", one.email)] > 1}

    def _settled(self, one: Delivery, found: Agreement, now: datetime, *, guess: bool) -> Delivery:
        if found.covers(_refusal(one)):
            return _untried(one) if found.everywhere else one
        if one.id not in self.doubts:
            return one
        if guess:
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
    if one.state is DeliveryState.QUEUED:
        return one.attempts > 0 and bool(_FOR_GOOD.match(one.error or ""))
    return one.state is DeliveryState.FAILED and not _OF_READER.match(one.error or "")


def _untried(one: Delivery) -> Delivery:
    """Due at once when the sender is fixed: the hold keeps it until then."""
    return replace(one, state=DeliveryState.QUEUED, not_before=None, attempts=max(one.attempts - 1, 0))
