"""What passes, in which order, and each paper once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Judged, Paper, Pick, Score, Topic
from newsletter.selection import merge, rank, select, why_not
from tests.factories import DAY, a_paper


def a_topic(**changes: Any) -> Topic:
    values: dict[str, Any] = {"key": "t", "title": "T", "categories": ("cs.LG",), "interests": "Sparse models."}
    return Topic(**values | changes)


def judged(
    relevance: int | None = None, novelty: int = 5, *, number: int = 1, near: float = 0.0, **paper: Any
) -> Judged:
    shown = a_paper(number, **paper)
    score = Score(shown.arxiv_id, relevance, novelty) if relevance else None
    return Judged(paper=shown, issue=DAY, score=score, similarity=near)


NOT_ASKED = "none of its categories (cs.LG, cs.CL) is one of yours"


@pytest.mark.parametrize(
    ("one", "topic", "reason"),
    [
        (judged(8), {}, None),
        (judged(7), {}, "relevance 7 is below 8"),
        (judged(7), {"min_relevance": 7}, None),
        (judged(None), {}, "it has no score"),
        (replace(judged(None), shown=False), {}, "the model did not see it: its word match is too low"),
        (judged(10, 3), {"min_novelty": 4}, "novelty 3 is below 4"),
        (judged(10, 4), {"min_novelty": 4}, None),
        # categories
        (judged(10), {"categories": ("math.CO",)}, NOT_ASKED),
        (judged(10), {"categories": ("cs.CL",)}, None),
        (judged(10), {"categories": ("cs.CL",), "cross_lists": False}, NOT_ASKED),
        # words that lift by one, whole words only, in any case
        (judged(7, title="Pruning"), {"include": ("PRUNING",)}, None),
        (judged(7, title="Pruning, again"), {"include": ("no", "pruning")}, None),
        (judged(7, title="Prunings"), {"include": ("pruning",)}, "relevance 7 is below 8"),
        (judged(6, title="Pruning"), {"include": ("pruning",)}, "relevance 6 is below 8"),
        (judged(7, title="Made in C++ (fast)"), {"include": ("c++",)}, None),
        (judged(7, abstract="Mixture of\nexperts"), {"include": ("a.b", "of\nexperts")}, None),
        (judged(7, title="axb"), {"include": ("a.b",)}, "relevance 7 is below 8"),
        # words that drop, whatever the score
        (judged(10, title="A survey of X"), {"exclude": ("Survey",)}, "it contains the excluded word 'Survey'"),
        (judged(10, title="Surveying"), {"exclude": ("survey",)}, None),
        # followed authors, whatever score and words, but not whatever category
        (judged(1, 1), {"authors": ("ada lovelace",)}, None),
        (judged(None), {"authors": ("EMMY  NOETHER",)}, None),
        (judged(1, title="A survey"), {"authors": ("Ada Lovelace",), "exclude": ("survey",)}, None),
        (judged(1, authors=("Paul Erdős",)), {"authors": ("Paul Erdos",)}, None),
        (judged(1), {"authors": ("Ada",)}, "relevance 1 is below 8"),
        (judged(1), {"authors": ("Ada Lovelace",), "categories": ("math.CO",)}, NOT_ASKED),
    ],
)  # fmt: skip
def test_why_not(one: Judged, topic: dict[str, Any], reason: str | None) -> None:
    """A paper passes or is told in one clause why it does not."""
    assert why_not(one, a_topic(**topic)) == reason


@pytest.mark.parametrize(
    ("one", "topic", "reason"),
    [
        (judged(None), {}, None),
        (judged(1), {}, None),
        (judged(None, title="A survey"), {"exclude": ("survey",)}, "it contains the excluded word 'survey'"),
        (judged(None), {"categories": ("math.CO",)}, NOT_ASKED),
    ],
)
def test_why_not_offline(one: Judged, topic: dict[str, Any], reason: str | None) -> None:
    """Without a model only categories and words decide."""
    assert why_not(one, a_topic(**topic), offline=True) == reason


def ids(picks: list[Pick]) -> list[int]:
    return [int(pick.paper.arxiv_id[-5:]) for pick in picks]


NOBODY = ("Nobody",)


def test_order() -> None:
    """Followed authors stand first, then relevance; novelty, word match and the id only break ties."""
    day = [
        judged(9, 5, number=1, authors=NOBODY),
        judged(10, 1, number=2, authors=NOBODY),
        judged(9, 6, number=3, authors=NOBODY),
        judged(9, 5, number=4, authors=NOBODY, near=0.5),
        judged(9, 5, number=5, authors=NOBODY, near=0.5),
        judged(1, 1, number=6, authors=(*NOBODY, "Mary Somerville")),
        judged(8, 9, number=7, authors=NOBODY),
    ]
    picks = select(day, a_topic(authors=("Mary Somerville",), min_relevance=9), offline=False)
    assert ids(picks) == [6, 2, 3, 4, 5, 1]
    assert [pick.by_author for pick in picks] == ["Mary Somerville", None, None, None, None, None]
    assert picks[1] == Pick(paper=day[1].paper, issue=DAY, topics=("t",), score=Score("2603.00002", 10, 1))


@pytest.mark.parametrize(("papers", "kept"), [(1, 1), (9, 1), (10, 1), (11, 2), (100, 10), (230, 23)])
def test_offline_tenth(papers: int, kept: int) -> None:
    """Without a model the tenth of the day that is closest in words is picked, rounded up."""
    day = [judged(number=n, near=n / 1000) for n in range(1, papers + 1)]
    assert ids(select(day, a_topic(), offline=True)) == list(range(papers, papers - kept, -1))


def test_offline_needs_a_word_in_common() -> None:
    """Without a model a paper that shares no word with the topic is not picked, unless its author is followed."""
    day = [
        judged(number=1, authors=NOBODY),
        judged(number=2, authors=("Emmy Noether",)),
        judged(number=3, authors=NOBODY, near=0.01),
    ]
    assert ids(select(day, a_topic(authors=("Emmy Noether",)), offline=True)) == [2, 3]


def test_offline_a_day_may_have_nothing() -> None:
    """Without a model a paper has to be about the topic; a followed author's is kept whatever it is about."""
    day = [replace(judged(near=n / 20, number=n), fits=n == 3) for n in range(1, 21)]
    assert ids(select(day, a_topic(), offline=True)) == [3]
    assert select([replace(one, fits=False) for one in day], a_topic(), offline=True) == []
    strange = replace(judged(near=0.9, number=7, authors=("Emmy Noether",)), fits=False)
    assert ids(select([strange], a_topic(authors=("Emmy Noether",)), offline=True)) == [7]


def test_offline_with_some_scores() -> None:
    """Where a model failed for too many papers the few scores do not put poor papers before close ones."""
    day = [judged(2, 2, number=n, near=0.01) for n in range(1, 11)] + [judged(number=11, near=0.9)]
    picks = select(day, a_topic(), offline=True)
    assert ids(picks)[0] == 11
    assert {pick.score for pick in picks} == {None}


def a_pick(number: int = 1, topic: str = "a", score: Score | None = None, **changes: Any) -> Pick:
    values: dict[str, Any] = {"paper": a_paper(number), "issue": DAY, "topics": (topic,), "score": score}
    return Pick(**values | changes)


def test_merge_names_all_topics() -> None:
    """A paper of several topics stands once, names them best first, and shows the best that any says."""
    one = a_pick(1, "a", Score("2603.00001", 8, 9), similarity=0.3)
    two = a_pick(1, "b", Score("2603.00001", 10, 2), similarity=0.1)
    three = a_pick(1, "c", Score("2603.00001", 9, 1), similarity=0.2)
    (merged,) = merge([[one], [two], [three]], 15)
    assert merged.topics == ("b", "c", "a")
    assert merged.score == Score("2603.00001", 10, 2)
    assert merged.similarity == 0.3


def test_merge_keeps_the_best_score_of_a_followed_author() -> None:
    """A followed author's paper stands first, and its score is still the best of its topics'."""
    followed = a_pick(1, "a", Score("2603.00001", 2, 2), by_author="Ada Lovelace")
    wanted = a_pick(1, "b", Score("2603.00001", 9, 9))
    other = a_pick(2, "b", Score("2603.00002", 10, 10))
    merged = merge([[followed], [other, wanted]], 15)
    assert ids(merged) == [1, 2]
    assert (merged[0].by_author, merged[0].score, merged[0].topics) == (
        "Ada Lovelace",
        Score("2603.00001", 9, 9),
        ("a", "b"),
    )


@pytest.mark.parametrize(("most", "numbers"), [(0, []), (1, [3]), (2, [3, 2]), (3, [3, 2, 1]), (99, [3, 2, 1])])
def test_merge_cap(most: int, numbers: list[int]) -> None:
    """The cap keeps the best over all topics."""
    topics = [[a_pick(n, f"t{n}", Score(f"2603.{n:05}", n + 5, 1))] for n in (1, 2, 3)]
    assert ids(merge(topics, most)) == numbers


@st.composite
def days(draw: st.DrawFn) -> list[list[Pick]]:
    """The picks of up to four topics over up to eight papers, each topic naming a paper at most once."""
    papers: list[Paper] = [a_paper(number) for number in range(1, 9)]
    scores = st.none() | st.tuples(st.integers(1, 10), st.integers(1, 10))
    topics = []
    for key in "abcd"[: draw(st.integers(0, 4))]:
        picks = []
        for paper in draw(st.lists(st.sampled_from(papers), unique=True)):
            found = draw(scores)
            picks.append(
                Pick(
                    paper=paper,
                    issue=DAY,
                    topics=(key,),
                    score=Score(paper.arxiv_id, *found) if found else None,
                    similarity=draw(st.sampled_from([0.0, 0.25, 0.5])),
                    by_author=draw(st.sampled_from([None, "Ada Lovelace"])),
                )
            )
        topics.append(picks)
    return topics


@given(days(), st.integers(0, 10))
def test_merge_always(topics: list[list[Pick]], most: int) -> None:
    """Whatever the picks: each paper once, with every topic that picked it, in one strict order, at most `most`."""
    merged, everything = merge(topics, most), merge(topics, 99)
    assert merged == everything[:most]
    assert len({pick.paper.arxiv_id for pick in everything}) == len(everything)
    assert all(rank(first) < rank(second) for first, second in pairwise(everything))
    wanted: dict[str, set[str]] = {}
    for pick in (pick for picks in topics for pick in picks):
        wanted.setdefault(pick.paper.arxiv_id, set()).update(pick.topics)
    assert {pick.paper.arxiv_id: set(pick.topics) for pick in everything} == wanted


@given(days())
def test_merge_whatever_the_order_of_topics(topics: list[list[Pick]]) -> None:
    """The order of the topics in the roster does not change which papers stand where."""
    forwards, backwards = merge(topics, 99), merge(topics[::-1], 99)
    assert [(p.paper, p.score, p.by_author) for p in forwards] == [(p.paper, p.score, p.by_author) for p in backwards]
