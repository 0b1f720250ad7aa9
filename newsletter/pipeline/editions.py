"""From judged issues to rendered editions, one for all readers with equal wishes and equal issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TypedDict

from newsletter import digest, selection
from newsletter.delivery import deciding
from newsletter.errors import ModelError
from newsletter.models import (
    Bill,
    Edition,
    Issue,
    ModelOutcome,
    Notice,
    NoticeKind,
    Pick,
    Rendered,
    Summary,
    Topic,
    Wishes,
    Withdrawal,
)
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.judging import TopicDay, judge
from newsletter.pipeline.writing import Texts, Writer

Issues = tuple[date, ...]


class Frame(TypedDict):
    """Arguments of `digest.compose`."""

    name: str
    issues: Issues
    wishes: Wishes
    topics: list[Topic]
    considered: int
    notices: list[Notice]
    model: str | None
    bills: list[Bill]
    missed_issues: Issues


LIFTED_LINES = 10  # of a topic and issue: papers below its bar that get one-liners for single readers
_MISSED = 5  # papers of the time before the week of a weekly email

_OFFLINE = {
    ModelOutcome.SKIPPED: NoticeKind.MODEL_SKIPPED,
    ModelOutcome.UNREACHED: NoticeKind.MODEL_UNREACHED,
    ModelOutcome.THROTTLED: NoticeKind.MODEL_THROTTLED,
    ModelOutcome.REFUSED: NoticeKind.MODEL_REFUSED,
    ModelOutcome.UNREADABLE: NoticeKind.MODEL_UNREADABLE,
}


@dataclass
class Editor:
    """Composes the editions of one morning; judged days are kept, since many editions share them."""

    desk: Desk
    _days: dict[tuple[date, str], TopicDay] = field(default_factory=dict)
    _chosen: dict[tuple[date, str, int], list[Pick]] = field(default_factory=dict)

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.desk)

    def day(self, day: date, topic: Topic) -> TopicDay:
        """One topic's papers of one issue."""
        if (day, topic.key) not in self._days:
            self._days[day, topic.key] = judge(self.desk, day, topic)
        return self._days[day, topic.key]

    def topics(self, wishes: Wishes) -> list[Topic]:
        """The topics of this email, with the bar that its readers set."""
        topics = [self.desk.roster.topic(key) for key in wishes.topics]
        bar = wishes.min_relevance
        return topics if bar is None else [replace(topic, min_relevance=bar) for topic in topics]

    def picks(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """The papers of this email, best first."""
        return self.passed(wishes, self.current(wishes, issues))[: wishes.max_papers]

    def missed(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """The best of the issues before the week of a weekly email: its reader paused, or was away."""
        return self.passed(wishes, _before(issues, self.current(wishes, issues)))[:_MISSED]

    def nearest(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """The papers that came closest, for an email without picks."""
        by_topic = (self.day(day, topic).nearest() for topic in self.topics(wishes) for day in issues)
        return selection.merge(by_topic, selection.NEAREST)

    def shown(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """Every paper that the email shows."""
        passed = self.picks(wishes, issues) + self.missed(wishes, issues)
        return passed or self.nearest(wishes, issues)

    def passed(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """All that passed, best first over all these issues."""
        return selection.merge(self._chosen_of(day, topic) for topic in self.topics(wishes) for day in issues)

    def current(self, wishes: Wishes, issues: Issues) -> Issues:
        """The issues that the email is about: all, or those of its week."""
        return tuple(day for day in issues if day > issues[-1] - deciding.WEEK) if wishes.weekly else issues

    def _more(self, wishes: Wishes, issues: Issues) -> Mapping[date, int]:
        """How many more papers passed than the email may show, by issue."""
        current = self.current(wishes, issues)
        more = (
            self.passed(wishes, current)[wishes.max_papers :] + self.passed(wishes, _before(issues, current))[_MISSED:]
        )
        if wishes.min_relevance is not None:  # what only their own bar lets in is not on the page that is linked
            on_page = {pick.paper.arxiv_id for pick in self.passed(_usual(wishes), issues)}
            more = [pick for pick in more if pick.paper.arxiv_id in on_page]
        return Counter(pick.issue for pick in more)

    def _chosen_of(self, day: date, topic: Topic) -> list[Pick]:
        key = day, topic.key, topic.min_relevance
        if key not in self._chosen:
            self._chosen[key] = replace(self.day(day, topic), topic=topic).picks()
        return self._chosen[key]

    def compose(self, wishes: Wishes, issues: Issues, withdrawn: Sequence[Withdrawal] = ()) -> Edition:
        """The edition from what the ledger contains; asks no model."""
        picks, missed = self.picks(wishes, issues), self.missed(wishes, issues)
        nearest = [] if picks or missed else self.nearest(wishes, issues)
        return digest.compose(
            **self.frame(wishes, issues),
            picks=picks,
            summaries=self.summaries(wishes, [*picks, *missed, *nearest]),
            nearest=nearest,
            missed=missed,
            left_out=self._more(wishes, issues),
            withdrawn=withdrawn,
            salt=self.desk.salt,
        )

    def frame(self, wishes: Wishes, issues: Issues) -> Frame:
        """What all editions of these wishes and issues have in common, whichever papers they show."""
        held = [issue for issue in map(self.desk.store.issue, issues) if issue]
        current = self.current(wishes, issues)
        return {
            "name": self.desk.roster.newsletter.name,
            "issues": issues,
            "wishes": wishes,
            "topics": self.topics(wishes),
            "considered": len(self._considered(wishes, current)),
            "notices": self._notices(wishes, held),
            "model": next((issue.model for issue in held if issue.model), None),
            "bills": [bill for issue in held for bill in self.desk.store.bills(issue.date)],
            "missed_issues": _before(issues, current),
        }

    def render(self, wishes: Wishes, issues: Issues) -> Rendered:
        """The edition as bytes: the stored ones where emails may have been sent from them."""
        return self.rendered(self.compose(wishes, issues))

    def rendered(self, edition: Edition) -> Rendered:
        """The same of a composed one."""
        stored = self.desk.store.edition(edition.key)
        return stored or self.desk.renderer.render(edition, self.desk.letterhead)

    def _considered(self, wishes: Wishes, issues: Issues) -> set[str]:
        days = (self.day(day, topic) for topic in self.topics(wishes) for day in issues)
        return {one.paper.arxiv_id for day in days for one in day.judged}

    def _notices(self, wishes: Wishes, held: Sequence[Issue]) -> list[Notice]:
        days = [self.day(issue.date, topic) for issue in held for topic in self.topics(wishes)]
        notices = []
        spent = any(issue.budget_reached for issue in held)
        total = {one.paper.arxiv_id for day in days for one in day.judged}
        lost = {one.paper.arxiv_id for day in days for one in day.unscored}
        if any(day.offline and day.judged for day in days):
            scored = {one.paper.arxiv_id for day in days for one in day.judged if one.score}
            why = self._why_offline(held)
            notices.append(Notice(NoticeKind.BUDGET) if spent else Notice(why, len(scored), len(total)))
        elif spent:
            notices.append(Notice(NoticeKind.BUDGET))
        elif lost:
            flagged = {
                one for issue in held if (known := self.desk.store.model_facts(issue.date)) for one in known.flagged
            }
            kind = NoticeKind.FLAGGED if lost <= flagged else NoticeKind.UNSCORED
            notices.append(Notice(kind, len(lost), len(total)))
        if missing := sum(len(issue.missing) for issue in held):
            notices.append(Notice(NoticeKind.MISSING, missing))
        return notices

    def _why_offline(self, held: Sequence[Issue]) -> NoticeKind:
        """Why these issues are ordered by word match, from their records."""
        known = [served for issue in held if (served := self.desk.store.model_facts(issue.date))]
        found = [_OFFLINE[one.outcome] for one in known if one.outcome in _OFFLINE]
        if self.desk.model is None and not found:
            return NoticeKind.NO_MODEL
        if any(issue.scored for issue in held):
            return NoticeKind.MODEL_PARTLY
        return found[-1] if found else NoticeKind.MODEL_FAILED

    # --- summaries ---

    def ask_for_lines(self, mails: Iterable[tuple[Wishes, Issues]]) -> tuple[ModelError, ...]:
        """Ask for the lines, reasons and translations that these emails lack; each answer is saved as it comes."""
        return self.writer.ask(self._wanted(mails))

    def left_out(self, mails: Iterable[tuple[Wishes, Issues]]) -> int:
        """How many lines and translations of these emails failed their check for good."""
        return self.writer.left_out(self._wanted(mails))

    def _wanted(self, mails: Iterable[tuple[Wishes, Issues]]) -> list[Texts]:
        wanted: dict[str, Texts] = {}
        for wishes, issues in mails:
            for pick in self._with_lines(wishes, issues):
                topics = [topic for topic in self.topics(wishes) if topic.key in pick.topics]
                before = wanted.get(pick.paper.arxiv_id, Texts(pick.paper, pick.issue))
                wanted[pick.paper.arxiv_id] = before.joined(wishes, topics)
        return list(wanted.values())

    def _with_lines(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """What the email shows; of papers that only its readers' own bar lets in, the best ten of a topic and issue.

        For the others the abstract's own sentence stands in: no reader's setting makes the newsletter expensive.
        """
        shown = self.shown(wishes, issues)
        if wishes.min_relevance is None:
            return shown
        passed = self.passed(_usual(wishes), issues)
        below = (pick for topic in self.topics(_usual(wishes)) for day in issues for pick in self._below(day, topic))
        written = {pick.paper.arxiv_id for pick in (*passed, *below)}
        return [pick for pick in shown if pick.paper.arxiv_id in written]

    def _below(self, day: date, topic: Topic) -> list[Pick]:
        passed = {pick.paper.arxiv_id for pick in self._chosen_of(day, topic)}
        wider = self._chosen_of(day, replace(topic, min_relevance=1))
        return [pick for pick in wider if pick.paper.arxiv_id not in passed][:LIFTED_LINES]

    def summaries(self, wishes: Wishes, picks: Sequence[Pick]) -> Mapping[str, Summary]:
        """What was written about these papers for these wishes, by arXiv id."""
        topics = self.topics(wishes)
        return self.writer.summaries([pick.paper for pick in picks], wishes, topics)


def _usual(wishes: Wishes) -> Wishes:
    """With each topic's own bar."""
    return replace(wishes, min_relevance=None)


def _before(issues: Issues, current: Issues) -> Issues:
    return tuple(day for day in issues if day not in current)
