"""From judged issues to rendered editions, one for all readers with equal wishes and equal issues."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from newsletter import digest, scoring, selection, summarise
from newsletter.errors import ModelError
from newsletter.models import (
    Edition,
    Issue,
    Line,
    Notice,
    NoticeKind,
    Paper,
    Pick,
    Rendered,
    Summary,
    Topic,
    Usage,
    Wishes,
)
from newsletter.pipeline.desk import Desk, budgeted
from newsletter.pipeline.judging import TopicDay, judge

Issues = tuple[date, ...]


@dataclass
class Editor:
    """Composes the editions of one morning; judged days are kept, since many editions share them."""

    desk: Desk
    _days: dict[tuple[date, str], TopicDay] = field(default_factory=dict)

    def day(self, day: date, topic: Topic) -> TopicDay:
        """One topic's papers of one issue."""
        if (day, topic.key) not in self._days:
            self._days[day, topic.key] = judge(self.desk, day, topic)
        return self._days[day, topic.key]

    def topics(self, wishes: Wishes) -> list[Topic]:
        return [self.desk.roster.topic(key) for key in wishes.topics]

    def picks(self, wishes: Wishes, issues: Issues) -> list[Pick]:
        """The papers of this mail, best first."""
        by_topic = (self.day(day, topic).picks() for topic in self.topics(wishes) for day in issues)
        return selection.merge(by_topic, wishes.max_papers)

    def compose(self, wishes: Wishes, issues: Issues) -> Edition:
        """The edition from what the ledger holds; asks no model."""
        picks = self.picks(wishes, issues)
        held = [issue for issue in map(self.desk.store.issue, issues) if issue]
        return digest.compose(
            name=self.desk.roster.newsletter.name,
            issues=issues,
            wishes=wishes,
            topics=self.topics(wishes),
            picks=picks,
            summaries=self._summaries(wishes, picks),
            considered=len(self._considered(wishes, issues)),
            notices=self._notices(wishes, held),
            model=next((issue.model for issue in held if issue.model), None),
            usage=sum((issue.usage for issue in held), Usage()),
            salt=self.desk.salt,
        )

    def render(self, wishes: Wishes, issues: Issues) -> Rendered:
        """The edition as bytes: the stored ones where mails may have been sent from them."""
        edition = self.compose(wishes, issues)
        stored = self.desk.store.edition(edition.key)
        return stored or self.desk.renderer.render(edition, self.desk.letterhead)

    def _considered(self, wishes: Wishes, issues: Issues) -> set[str]:
        days = (self.day(day, topic) for topic in self.topics(wishes) for day in issues)
        return {one.paper.arxiv_id for day in days for one in day.judged}

    def _notices(self, wishes: Wishes, held: Sequence[Issue]) -> list[Notice]:
        days = [self.day(issue.date, topic) for issue in held for topic in self.topics(wishes)]
        notices = []
        if any(day.offline and day.judged for day in days):
            kind = NoticeKind.MODEL_FAILED if self.desk.model else NoticeKind.NO_MODEL
            notices.append(Notice(NoticeKind.BUDGET if _budget_reached(held) else kind))
        elif lost := {one.paper.arxiv_id for day in days for one in day.unscored}:
            total = {one.paper.arxiv_id for day in days for one in day.judged}
            notices.append(Notice(NoticeKind.UNSCORED, len(lost), len(total)))
        if missing := sum(len(issue.missing) for issue in held):
            notices.append(Notice(NoticeKind.MISSING, missing))
        return notices

    # --- summaries ---

    def ask_for_lines(self, mails: Iterable[tuple[Wishes, Issues]]) -> tuple[ModelError, ...]:
        """Ask for the lines and reasons that these mails lack; each answer is saved as it comes."""
        desk = self.desk
        wanted: dict[str, summarise.Wanted] = {}
        days: dict[str, date] = {}
        for wishes, issues in mails:
            for pick in self.picks(wishes, issues):
                days[pick.paper.arxiv_id] = pick.issue
                wanted[pick.paper.arxiv_id] = self._join(wanted.get(pick.paper.arxiv_id), pick, wishes)
        lacking = [want for want in map(self._lacking, wanted.values()) if want]
        if not lacking or desk.summary_model is None:
            return ()
        model, done = desk.summary_model, 0

        def save(want: summarise.Wanted, lines: summarise.Lines, reasons: summarise.Lines, usage: Usage) -> None:
            nonlocal done
            by_hash = {scoring.topic_hash(topic): reasons[topic.key] for topic in want.topics}
            day = days[want.paper.arxiv_id]
            desk.store.save_summary(day, want.paper, desk.summary_prompt.hash, model, lines, by_hash, usage)
            done += 1
            desk.progress("writing one-liners", done, len(lacking))

        complete = budgeted(desk, desk.summariser, model, max(days.values()))
        return asyncio.run(summarise.summarise(lacking, desk.summary_prompt, complete, save)) if complete else ()

    def _join(self, before: summarise.Wanted | None, pick: Pick, wishes: Wishes) -> summarise.Wanted:
        topics = [topic for topic in self.topics(wishes) if topic.key in pick.topics]
        languages = [*(before.languages if before else ()), *wishes.languages]
        keys = {topic.key: topic for topic in [*(before.topics if before else ()), *topics]}
        return summarise.Wanted(pick.paper, tuple(dict.fromkeys(languages)), tuple(keys.values()))

    def _lacking(self, want: summarise.Wanted) -> summarise.Wanted | None:
        """The part of it that no model was asked for yet."""
        lines, reasons = self._stored(want.languages, want.topics, [want.paper])
        arxiv_id = want.paper.arxiv_id
        languages = tuple(language for language in want.languages if (arxiv_id, language) not in lines)
        topics = tuple(topic for topic in want.topics if (arxiv_id, scoring.topic_hash(topic)) not in reasons)
        return summarise.Wanted(want.paper, languages, topics) if languages or topics else None

    def _stored(
        self, languages: Sequence[str], topics: Sequence[Topic], papers: Sequence[Paper]
    ) -> tuple[Mapping[tuple[str, str], str | None], Mapping[tuple[str, str], str | None]]:
        store, prompt_hash, model = self.desk.store, self.desk.summary_prompt.hash, self.desk.summary_model or ""
        hashes = [scoring.topic_hash(topic) for topic in topics]
        return store.lines(languages, prompt_hash, model, papers), store.reasons(hashes, prompt_hash, model, papers)

    def _summaries(self, wishes: Wishes, picks: Sequence[Pick]) -> Mapping[str, Summary]:
        topics = self.topics(wishes)
        lines, reasons = self._stored(wishes.languages, topics, [pick.paper for pick in picks])
        found = {}
        for arxiv_id in (pick.paper.arxiv_id for pick in picks):
            texts = [(language, lines.get((arxiv_id, language))) for language in wishes.languages]
            why = {topic.key: reasons.get((arxiv_id, scoring.topic_hash(topic))) for topic in topics}
            found[arxiv_id] = Summary(
                arxiv_id=arxiv_id,
                lines=tuple(Line(language, text) for language, text in texts if text),
                reasons={key: text for key, text in why.items() if text},
            )
        return found


def _budget_reached(held: Sequence[Issue]) -> bool:
    return any("limit of $" in note for issue in held for note in issue.notes)
