"""Editions of single readers: the day's scores are shared, the order is theirs. No model is asked for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import zip_longest

from newsletter import digest, selection
from newsletter.errors import ModelError
from newsletter.models import (
    Edition,
    MarkedBy,
    MarkKind,
    Marks,
    Notice,
    NoticeKind,
    Paper,
    Pick,
    PrintedPaper,
    Rendered,
    Summary,
    Why,
    Wishes,
    Withdrawal,
)
from newsletter.pipeline.editions import Editor, Frame, Issues
from newsletter.pipeline.writing import Texts
from newsletter.ranking import taste
from newsletter.ranking.words import counts_of

_USUAL = 3000  # papers that tell which words are rare; measured: the order loses little with a third of them
_ISSUES = 60  # that are looked through for them
_GROUNDS = 50  # kept: readers with equal wishes come one after another
_LINES = 10  # of a topic and issue: papers that only tastes lift and that get one-liners
_PAPERS = 5000  # kept at hand
_NOTED = {
    MarkKind.LIKE: NoticeKind.NOTED_LIKE,
    MarkKind.NOT: NoticeKind.NOTED_NOT,
    MarkKind.SAVE: NoticeKind.NOTED_SAVE,
}


@dataclass(frozen=True, slots=True)
class Taste:
    """What one reader told us of their taste, as one email needs it."""

    marks: Marks
    shown: Mapping[str, Sequence[PrintedPaper]] = field(default_factory=dict)  # by edition, where something was marked
    noted: Mapping[MarkKind, int] = field(default_factory=dict)  # by reply, since the last email

    def examples(self) -> list[taste.Example]:
        """Newest first."""
        liked = [taste.Example(one, liked=True) for one in self.marks.liked[: taste.MOST_LIKED]]
        passed = self.marks.passed(self.shown)[: taste.MOST_PASSED]
        return [*liked, *(taste.Example(one, liked=False) for one in passed)]

    def notices(self) -> list[Notice]:
        return [Notice(kind, self.noted[of]) for of, kind in _NOTED.items() if self.noted.get(of)]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all readers with equal wishes have in common on one morning."""

    frame: Frame
    candidates: Sequence[Pick]  # in the topics' order
    below: Mapping[str, int]  # points below the bar, of near misses
    passed: Sequence[Pick]
    missed: Sequence[Pick]
    nearest: Sequence[Pick]
    summaries: Mapping[str, Summary]
    usual: frozenset[str]  # what the shared edition shows


@dataclass(frozen=True, slots=True)
class Placing:
    """Where the papers of one email stand, and why."""

    placed: Sequence[taste.Placed]
    learned: taste.Learned
    titles: Mapping[str, tuple[Paper, date | None]]  # of the liked papers

    def why(self, one: taste.Placed) -> Why | None:
        if one.because and one.because in self.titles:
            paper, day = self.titles[one.because]
            return Why(liked=paper.title, liked_on=day)
        return Why(outside=True) if one.outside else None


@dataclass
class Tasting:
    """Composes own editions of one morning; what they share is made once."""

    editor: Editor
    _grounds: dict[tuple[Wishes, Issues], _Ground] = field(default_factory=dict)
    _papers: dict[str, tuple[Paper, date | None]] = field(default_factory=dict)
    _lifted: dict[tuple[str, date], set[str]] = field(default_factory=dict)  # by topic and issue: they have lines

    def of(self, subscriber_ids: Iterable[int]) -> Mapping[int, Taste]:
        """The tastes of these readers; who told us nothing is not in it."""
        store, ids = self.editor.desk.store, list(subscriber_ids)
        marks = store.marks_of(ids)
        if not marks:
            return {}
        shown = store.shown(key for one in marks.values() for key in one.editions)
        noted = store.marked_since(marks, MarkedBy.REPLY)
        found = {
            who: Taste(one, {key: shown[key] for key in one.editions if key in shown}, noted.get(who, {}))
            for who, one in marks.items()
        }
        if len(self._papers) > _PAPERS:
            self._papers.clear()
        keys = {one.key for its in found.values() for one in its.examples()}
        self._papers.update(store.papers_by_id(keys - self._papers.keys()))
        return found

    def ask_for_lines(self, mails: Iterable[tuple[Wishes, Issues, Placing]]) -> tuple[ModelError, ...]:
        """Ask for the lines of papers that only a taste lifts: of each topic and issue those that most readers get.

        At most ten, with those that have theirs already; for the others the abstract's own sentence stands in.
        """
        wanted: Counter[str] = Counter()
        texts: dict[str, Texts] = {}
        picks: dict[str, Pick] = {}
        for wishes, issues, placing in mails:
            ground = self._ground(wishes, issues)
            by_id = {pick.paper.arxiv_id: pick for pick in ground.candidates}
            for key in (one.key for one in placing.placed):
                if key in ground.usual or ground.summaries[key].lines:
                    continue
                wanted[key] += 1
                picks[key] = by_id[key]
                topics = [topic for topic in self.editor.topics(wishes) if topic.key in by_id[key].topics]
                texts[key] = texts.get(key, Texts(by_id[key].paper, by_id[key].issue)).joined(wishes, topics)
        chosen = [texts[key] for key, _ in wanted.most_common() if self._has_room(picks[key])]
        if not chosen:
            return ()
        errors = self.editor.writer.ask(chosen)
        self._grounds.clear()
        return errors

    def _has_room(self, pick: Pick) -> bool:
        lifted = self._lifted.setdefault((pick.topics[0], pick.issue), set())
        if len(lifted) < _LINES:
            lifted.add(pick.paper.arxiv_id)
        return pick.paper.arxiv_id in lifted

    def edition(
        self,
        who: int,
        wishes: Wishes,
        issues: Issues,
        its: Taste,
        withdrawn: Sequence[Withdrawal] = (),
        placing: Placing | None = None,
    ) -> Edition:
        """The edition of this reader alone; `placing`, where it is known already."""
        ground = self._ground(wishes, issues)
        placing = placing or self.place(wishes, issues, its)
        by_id = {pick.paper.arxiv_id: pick for pick in ground.candidates}
        picks = [by_id[one.key] for one in placing.placed]
        whys = {one.key: why for one in placing.placed if (why := placing.why(one))}
        shown = {pick.paper.arxiv_id for pick in picks}
        missed = [pick for pick in ground.missed if pick.paper.arxiv_id not in shown]
        return digest.compose(
            **(ground.frame | {"notices": [*ground.frame["notices"], *its.notices()]}),
            picks=picks,
            summaries=ground.summaries,
            nearest=[] if picks or missed else ground.nearest,
            missed=missed,
            left_out=Counter(pick.issue for pick in ground.passed if pick.paper.arxiv_id not in shown),
            withdrawn=withdrawn,
            whys=whys,
            salt=f"{self.editor.desk.salt}\nof {who}: {whys!r}",
        )

    def rendered(self, edition: Edition) -> Rendered:
        """As bytes: the stored ones where an email may have been sent from them."""
        desk = self.editor.desk
        return desk.store.edition(edition.key) or desk.renderer.render_own(edition, desk.letterhead)

    def place(self, wishes: Wishes, issues: Issues, its: Taste) -> Placing:
        """The papers of one reader's email, best first."""
        ground = self._ground(wishes, issues)
        self._space.trim()
        self._add(ground.candidates)
        examples = [one for one in its.examples() if self._known(one.key)]
        learned = taste.learn(self._space, examples)
        liked = frozenset(its.marks.liked)
        placed = taste.arrange(
            [
                taste.Candidate(
                    pick.paper.arxiv_id,
                    below=ground.below.get(pick.paper.arxiv_id, 0),
                    followed=pick.by_author is not None,
                )
                for pick in ground.candidates
            ],
            learned,
            likes=sum(one.liked for one in examples),
            most=wishes.max_papers,
            day=issues[-1],
            liked=liked,
        )
        return Placing(placed, learned, self._papers)

    # --- what is shared ---

    def _ground(self, wishes: Wishes, issues: Issues) -> _Ground:
        if (wishes, issues) not in self._grounds:
            if len(self._grounds) >= _GROUNDS:
                self._grounds.clear()
            self._grounds[wishes, issues] = self._made(wishes, issues)
        return self._grounds[wishes, issues]

    def _made(self, wishes: Wishes, issues: Issues) -> _Ground:
        editor = self.editor
        current = editor.current(wishes, issues)
        passed = editor.passed(wishes, current)
        known = {pick.paper.arxiv_id for pick in passed}
        below: dict[str, int] = {}
        wider = []
        for topic in editor.topics(wishes):
            for day in current:
                judged = editor.day(day, topic)
                bar = max(1, topic.min_relevance - taste.BELOW)
                near = selection.select(judged.judged, replace(topic, min_relevance=bar), offline=judged.offline)
                wider.append(near)
                for pick in near:
                    if pick.paper.arxiv_id not in known and pick.score:
                        missing = topic.min_relevance - pick.score.relevance
                        below[pick.paper.arxiv_id] = min(missing, below.get(pick.paper.arxiv_id, missing))
        candidates = selection.merge(wider)
        missed, nearest = editor.missed(wishes, issues), editor.nearest(wishes, issues)
        usual = frozenset(pick.paper.arxiv_id for pick in editor.shown(wishes, issues))
        summaries = editor.summaries(wishes, [*candidates, *missed, *nearest])
        for pick in candidates:
            if pick.paper.arxiv_id not in usual and summaries[pick.paper.arxiv_id].lines:
                self._lifted.setdefault((pick.topics[0], pick.issue), set()).add(pick.paper.arxiv_id)
        return _Ground(
            frame=editor.frame(wishes, issues),
            candidates=candidates,
            below=below,
            passed=[*passed, *missed],
            missed=missed,
            nearest=nearest,
            summaries=summaries,
            usual=usual,
        )

    @cached_property
    def _space(self) -> taste.Space:
        """Of the papers of late; its anchors are what topics picked before, each topic's newest."""
        store = self.editor.desk.store
        usual: list[Paper] = []
        for issue in store.issues(_ISSUES):
            if len(usual) >= _USUAL:
                break
            usual += store.papers(issue.date)
        by_topic: dict[str, list[Paper]] = defaultdict(list)
        for topic, paper in store.picked_lately(taste.ANCHORS * 4):
            by_topic[topic].append(paper)
        turns = zip_longest(*by_topic.values())
        anchors = dict.fromkeys(paper for turn in turns for paper in turn if paper)
        return taste.Space(usual, list(anchors)[: taste.ANCHORS][::-1])

    def _add(self, candidates: Sequence[Pick]) -> None:
        for pick in candidates:
            if pick.paper.arxiv_id not in self._space:
                self._space.add(pick.paper.arxiv_id, counts_of(pick.paper))

    def _known(self, key: str) -> bool:
        """Whether this paper can teach anything; it is in the space from here on."""
        if key not in self._papers:
            found = self.editor.desk.store.paper(key)
            if found is None:
                return False
            self._papers[key] = found
        if key not in self._space:
            self._space.add(key, counts_of(self._papers[key][0]))
        return True
