"""What the ledger knows about a topic before a day: scores under its text and earlier ones, and how they ranked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter import ranking, scoring
from newsletter.models import Paper, Score, Topic
from newsletter.pipeline.desk import Desk

_MOST_PAST = 6000  # scored papers of earlier issues to learn from: about twenty days of two large categories
_MOST_KNOWN = 3000  # papers to see the topic's words in: twice as many order hardly better
_MEASURED_DAYS = 20  # by which the prefilter is judged

Row = tuple[date, Paper, Score, str, str]  # issue, paper, score, prompt hash, model


@dataclass(frozen=True, slots=True)
class History:
    """Scores by the hash of the text under which they were given, the current text first; newest first in each."""

    topic: Topic
    rows: Mapping[str, Sequence[Row]]
    before: Topic | None = None  # as it was written before its last edit, while earlier scores count

    @property
    def own(self) -> Mapping[Paper, bool]:
        """The papers scored under the text as it is, and whether each passed."""
        return self._passed(scoring.topic_hash(self.topic))

    @property
    def earlier(self) -> Mapping[Paper, bool]:
        """The same under its earlier texts; of two the later one counts."""
        hashes = [one for one in self.rows if one != scoring.topic_hash(self.topic)]
        return {paper: good for one in reversed(hashes) for paper, good in self._passed(one).items()}

    def _passed(self, topic_hash: str) -> Mapping[Paper, bool]:
        return {paper: passes(score, self.topic) for _, paper, score, _, _ in reversed(self.rows.get(topic_hash, ()))}


def of(desk: Desk, topic: Topic, before: date) -> History:
    """As much as is worth learning from: earlier texts only while there is little under the text as it is."""
    own = scoring.topic_hash(topic)
    rows = {own: desk.store.earlier_scores(own, before, _MOST_PAST)}
    texts = {one: text for one, text, _ in desk.store.topic_texts(topic.key) if one != own}
    for topic_hash in texts:
        left = _MOST_PAST - sum(map(len, rows.values()))
        wanted = sum(passes(score, topic) for _, _, score, _, _ in rows[own])
        if left > 0 and wanted < ranking.FORGOTTEN:
            rows[topic_hash] = desk.store.earlier_scores(topic_hash, before, left)
    last = next((texts[one] for one in rows if one != own), None)
    return History(topic, rows, scoring.with_text(topic, last) if last else None)


def known(desk: Desk, topic: Topic, before: date) -> Sequence[Paper]:
    """The topic's papers of the days before, newest day first, whether a model saw them or not."""
    found: list[Paper] = []
    for issue in desk.store.issues():
        if issue.date < before and len(found) < _MOST_KNOWN:
            found += [paper for paper in desk.store.papers(issue.date) if topic.covers(paper)]
    return found[:_MOST_KNOWN]


def measured(desk: Desk, history: History) -> Iterator[tuple[bool, list[ranking.Past]]]:
    """The last days that were ranked by training, newest first: whether under the current text, and the fate of each
    paper. Scores from an earlier prompt count until there are ten days from the current one.
    """
    own = scoring.topic_hash(history.topic)
    days = [(day, one) for one in history.rows for day in _days(desk, history.rows[one])]
    for day, topic_hash in sorted(days, reverse=True)[:_MEASURED_DAYS]:
        scores = _days(desk, history.rows[topic_hash])[day]
        papers = [paper for paper in desk.store.papers(day) if history.topic.covers(paper)]
        placed = desk.store.ranks(topic_hash, papers)
        if placed and all(one.trained for one in placed.values()):
            yield (
                topic_hash == own,
                [
                    ranking.Past(one.value, one.seen, _passed(scores.get(arxiv_id), history.topic))
                    for arxiv_id, one in placed.items()
                ],
            )


def _days(desk: Desk, rows: Sequence[Row]) -> Mapping[date, Mapping[str, Score]]:
    """The scores of each day, by arXiv id; only from the current prompt once it has scored enough days."""
    known = [row for row in rows if row[4] in desk.scoring_models]
    fresh = [row for row in known if row[3] == desk.score_prompt.hash]
    enough = len({row[0] for row in fresh}) >= ranking.FEWEST_DAYS
    found: dict[date, dict[str, Score]] = defaultdict(dict)
    for day, paper, score, _, _ in [*fresh, *(() if enough else known)]:
        found[day].setdefault(paper.arxiv_id, score)
    return found


def _passed(score: Score | None, topic: Topic) -> bool | None:
    return passes(score, topic) if score else None


def passes(score: Score, topic: Topic) -> bool:
    return score.relevance >= topic.min_relevance
