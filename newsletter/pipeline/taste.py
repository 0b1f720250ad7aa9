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
    Enrolled,
    Leanings,
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
from newsletter.models.subscribers import NO_LEANINGS
from newsletter.pipeline.editions import LIFTED_LINES, Editor, Frame, Issues
from newsletter.pipeline.writing import Texts
from newsletter.ranking import taste
from newsletter.ranking.interests import read as interests_of
from newsletter.ranking.words import counts_of

NO_MARKS = Marks()
_USUAL = 3000  # papers that tell which words are rare; measured: the order loses little with a third of them
_ISSUES = 60  # that are looked through for them
_GROUNDS = 50  # kept: readers with equal wishes come one after another
_PAPERS = 5000  # kept at hand
_TEXT = 5.0  # likes that a reader's own text counts for; measured: with more it finds a little more by itself
_NOTED = {
    MarkKind.LIKE: NoticeKind.NOTED_LIKE,
    MarkKind.NOT: NoticeKind.NOTED_NOT,
    MarkKind.SAVE: NoticeKind.NOTED_SAVE,
}


@dataclass(frozen=True)
class Taste:
    """What one reader told us of their taste, as one email needs it."""

    marks: Marks
    leanings: Leanings = NO_LEANINGS
    shown: Mapping[str, Sequence[PrintedPaper]] = field(default_factory=dict)  # by edition, where something was marked
    noted: Mapping[MarkKind, int] = field(default_factory=dict)  # by reply, since the last email

    def examples(self) -> list[taste.Example]:
        """Newest first; papers that the settings name come behind those that were liked in an email."""
        liked = [taste.Example(one, liked=True) for one in self._wanted[: taste.MOST_LIKED]]
        return [*liked, *(taste.Example(one, liked=False) for one in self._passed)]

    @property
    def older(self) -> Sequence[str]:
        """Liked papers that are no examples of their own: there is no time for each."""
        return self._wanted[taste.MOST_LIKED :]

    @cached_property
    def _passed(self) -> Sequence[str]:
        return self.marks.passed(self.shown)[: taste.MOST_PASSED]

    @cached_property
    def _wanted(self) -> Sequence[str]:
        liked = self.marks.liked
        known = {*liked, *self._passed}
        return [*liked, *(one for one in self.leanings.like[::-1] if one not in known)]

    @property
    def liked(self) -> frozenset[str]:
        """What a reason may name."""
        return frozenset((*self.marks.liked, *self.leanings.like))

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
    by_author: Mapping[str, Sequence[Pick]]  # every paper of these issues, by the bare names of its authors


@dataclass(frozen=True, slots=True)
class Placing:
    """Where the papers of one email stand, and why."""

    placed: Sequence[taste.Placed]
    learned: taste.Learned
    titles: Mapping[str, tuple[Paper, date | None]]  # of the liked papers
    picks: Mapping[str, Pick]  # what was to be placed

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
    _asked: set[Texts] = field(default_factory=set)  # also in vain: once a planning

    def of(self, readers: Iterable[Enrolled]) -> Mapping[int, Taste]:
        """The tastes of these readers; who told us nothing, or turned it off, is not in it.

        A mailing list has no taste: whoever marked something is one of many.
        """
        store = self.editor.desk.store
        on = {one.id: one.wishes for one in readers if not one.wishes.mailing_list and one.wishes.leanings.personal}
        said = {who: wishes.leanings for who, wishes in on.items() if wishes.leanings.says_something}
        marks = store.marks_of(on)
        if not marks and not said:
            return {}
        shown = store.shown(key for one in marks.values() for key in one.editions)
        noted = store.marked_since(marks, MarkedBy.REPLY)
        held = store.known({key for one in said.values() for key in one.like})
        found = {}
        for who in {**marks, **said}:
            one = marks.get(who, NO_MARKS)
            its_own = {key: shown[key] for key in one.editions if key in shown}
            leanings = said.get(who, NO_LEANINGS)
            if leanings.like:  # what was not fetched yet takes the place of no other
                leanings = replace(leanings, like=tuple(key for key in leanings.like if key in held))
            found[who] = Taste(one, leanings, its_own, noted.get(who, {}))
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
            for key in (one.key for one in placing.placed):
                if key in ground.usual or (key in ground.summaries and ground.summaries[key].lines):
                    continue
                wanted[key] += 1
                pick = picks[key] = placing.picks[key]
                topics = [topic for topic in self.editor.topics(wishes) if topic.key in pick.topics]
                texts[key] = texts.get(key, Texts(pick.paper, pick.issue)).joined(wishes, topics)
        chosen = [texts[key] for key, _ in wanted.most_common() if self._has_room(picks[key])]
        chosen = [one for one in chosen if one not in self._asked]
        if not chosen:
            return ()
        self._asked.update(chosen)
        errors = self.editor.writer.ask(chosen)
        self._grounds.clear()
        return errors

    def _has_room(self, pick: Pick) -> bool:
        lifted = self._lifted.setdefault((pick.topics[0], pick.issue), set())
        if len(lifted) < LIFTED_LINES:
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
        picks = [placing.picks[one.key] for one in placing.placed]
        whys = {one.key: why for one in placing.placed if (why := placing.why(one))}
        shown = {pick.paper.arxiv_id for pick in picks}
        missed = [pick for pick in ground.missed if pick.paper.arxiv_id not in shown]
        return digest.compose(
            **(ground.frame | {"notices": [*ground.frame["notices"], *its.notices()]}),
            picks=picks,
            summaries={**ground.summaries, **self._of_followed(wishes, ground, picks)},
            nearest=[] if picks or missed else ground.nearest,
            missed=missed,
            left_out=Counter(pick.issue for pick in ground.passed if pick.paper.arxiv_id not in shown),
            withdrawn=withdrawn,
            whys=whys,
            salt=f"{self.editor.desk.salt}\nof {who}: {whys!r}",
        )

    def _of_followed(self, wishes: Wishes, ground: _Ground, picks: Sequence[Pick]) -> Mapping[str, Summary]:
        """What was written about papers that are shown for their authors alone."""
        others = [pick for pick in picks if pick.paper.arxiv_id not in ground.summaries]
        return self.editor.summaries(wishes, others) if others else {}

    def rendered(self, edition: Edition) -> Rendered:
        """As bytes: the stored ones where an email may have been sent from them."""
        desk = self.editor.desk
        return desk.store.edition(edition.key) or desk.renderer.render_own(edition, desk.letterhead)

    def place(self, wishes: Wishes, issues: Issues, its: Taste) -> Placing:
        """The papers of one reader's email, best first."""
        ground, leanings = self._ground(wishes, issues), its.leanings
        picks = _with_followed(ground, leanings)
        self._space.trim()
        self._add(picks)
        examples = [one for one in its.examples() if self._known(one.key)]
        examples += [*self._in_words(leanings.interests), *self._together(its)]
        learned = taste.learn(self._space, examples)
        placed = taste.arrange(
            [one for pick in picks if (one := _candidate(pick, ground, leanings))],
            learned,
            likes=sum(one.weight for one in examples if one.liked),
            most=wishes.max_papers,
            day=issues[-1],
            liked=its.liked,
        )
        return Placing(placed, learned, self._papers, {pick.paper.arxiv_id: pick for pick in picks})

    def _in_words(self, interests: str) -> list[taste.Example]:
        """What a text wants counts as a few liked papers, what it does not want as a few passed over."""
        if not interests:
            return []
        read = interests_of(interests)
        examples = []
        for liked, texts in ((True, read.wanted), (False, read.unwanted)):
            if terms := taste.counts_of_text(" . ".join(texts)):
                key = f"{interests}\n{liked}"
                self._space.add(key, terms)
                examples.append(taste.Example(key, liked, _TEXT))
        return examples

    def _together(self, its: Taste) -> list[taste.Example]:
        """Papers that are no examples of their own, as one: those of a bibliography by its words, others by title."""
        terms = taste.counts_of_words(its.leanings.library)
        for paper, _ in self.editor.desk.store.papers_by_id(its.older).values() if its.older else ():
            terms.update(taste.counts_of_text(paper.title))
        if not terms:
            return []
        key = repr((its.leanings.library, its.older))
        self._space.add(key, terms)
        return [taste.Example(key, True, _TEXT)]

    # --- what is shared ---

    def _ground(self, wishes: Wishes, issues: Issues) -> _Ground:
        wishes = wishes.shared
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
        by_author: dict[str, list[Pick]] = {}
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
                for one in judged.judged:
                    for name in one.paper.authors:
                        by_author.setdefault(selection.bare(name), []).append(selection.pick_of(one, topic))
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
            by_author=by_author,
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


def _with_followed(ground: _Ground, leanings: Leanings) -> Sequence[Pick]:
    """The candidates with all papers of the reader's own authors, each marked as theirs."""
    followed: dict[str, Pick] = {}
    for author in leanings.authors:
        for pick in ground.by_author.get(selection.bare(author), ()):
            name = next(one for one in pick.paper.authors if selection.bare(one) == selection.bare(author))
            followed.setdefault(pick.paper.arxiv_id, replace(pick, by_author=name))
    if not followed:
        return ground.candidates
    known = {pick.paper.arxiv_id: pick for pick in ground.candidates}
    marked = {key: replace(known.get(key, pick), by_author=pick.by_author) for key, pick in followed.items()}
    return sorted({**known, **marked}.values(), key=selection.rank)


def _candidate(pick: Pick, ground: _Ground, leanings: Leanings) -> taste.Candidate | None:
    """None for a paper that the reader's own words drop; a followed author's is shown all the same."""
    text = selection.text_of(pick.paper) if leanings.include or leanings.exclude else ""
    if not pick.by_author and selection.first_match(text, leanings.exclude):
        return None
    return taste.Candidate(
        pick.paper.arxiv_id,
        below=ground.below.get(pick.paper.arxiv_id, 0),
        lifted=bool(selection.first_match(text, leanings.include)),
        followed=pick.by_author is not None,
    )
