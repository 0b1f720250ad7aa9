"""One reader's order: what marks do to it, what is explored, and what a reason may say."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Paper
from newsletter.ranking import taste
from newsletter.ranking.logistic import fit_dual
from newsletter.ranking.words import counts_of
from tests.factories import a_paper

DAY = date(2026, 3, 9)
_FIELDS = {
    "pruning": "pruning sparse weights removing heads magnitude mask compression lottery tickets structured layers",
    "optics": "photon laser cavity interference wavelength mirror quantum light polarization beam detector resonance",
    "climate": "rainfall ocean warming precipitation monsoon atmosphere drought forecast temperature aerosol ice sea",
}


def _papers(count: int, seed: int = 0) -> dict[str, list[Paper]]:
    """Made-up papers of three fields; each uses some of its field's words among common ones."""
    rng = random.Random(seed)
    common = [f"{word}ly" for word in ("usual", "quick", "general", "simple", "careful", "broad", "deep", "slow")]
    found = {}
    for place, (field, words) in enumerate(_FIELDS.items()):
        vocabulary = words.split()
        found[field] = [
            a_paper(
                arxiv_id=f"{2600 + seed}.{place:02d}{number:03d}",
                title=" ".join(rng.sample(vocabulary, 3)),
                abstract=" ".join(rng.sample(vocabulary, 5) + rng.sample(common, 4)) + ".",
            )
            for number in range(count)
        ]
    return found


@pytest.fixture(scope="module")
def world() -> tuple[taste.Space, dict[str, list[Paper]], dict[str, list[Paper]]]:
    past, today = _papers(20), _papers(6, seed=1)
    every = [one for papers in past.values() for one in papers]
    space = taste.Space([one for papers in today.values() for one in papers], every)
    for papers in today.values():
        for one in papers:
            space.add(one.arxiv_id, counts_of(one))
    return space, past, today


def _order(world, marks, *, most=18, likes=None, liked=frozenset()):  # type: ignore[no-untyped-def]
    space, _, today = world
    candidates = [taste.Candidate(one.arxiv_id) for row in zip(*today.values(), strict=True) for one in row]
    learned = taste.learn(space, [taste.Example(key, good) for key, good in marks])
    likes = sum(good for _, good in marks) if likes is None else likes
    return taste.arrange(candidates, learned, likes=likes, most=most, day=DAY, liked=liked), candidates


def test_without_marks_the_topics_order_stands(world):
    placed, candidates = _order(world, [])
    assert [one.key for one in placed] == [one.key for one in candidates]
    assert not any(one.because or one.outside for one in placed)


@pytest.mark.parametrize("field", list(_FIELDS))
def test_likes_bring_their_field_to_the_front_and_passes_send_it_back(world, field):
    _, past, today = world
    wanted = {one.arxiv_id for one in today[field]}
    others = [one.arxiv_id for name, papers in past.items() if name != field for one in papers[:5]]
    marks = [(one.arxiv_id, True) for one in past[field][:5]] + [(key, False) for key in others]
    placed, _ = _order(world, marks)
    assert {one.key for one in placed[:6]} == wanted
    placed, _ = _order(world, [(key, not good) for key, good in marks])
    assert {one.key for one in placed[-6:]} == wanted


def test_more_likes_move_more(world):
    space, past, today = world
    key = today["optics"][0].arxiv_id

    def moved(count: int) -> float:
        learned = taste.learn(space, [taste.Example(one.arxiv_id, True) for one in past["optics"][:count]])
        far, near = learned.values([today["climate"][0].arxiv_id, key])
        return near - far

    assert 0 < moved(1) < moved(5) < moved(20)


def test_a_near_miss_needs_a_taste(world):
    space, past, today = world
    miss, passed = today["pruning"][0].arxiv_id, today["climate"][0].arxiv_id
    candidates = [taste.Candidate(passed), taste.Candidate(miss, below=1)]

    def first(likes: int) -> str:
        learned = taste.learn(space, [taste.Example(one.arxiv_id, True) for one in past["pruning"][:likes]])
        return taste.arrange(candidates, learned, likes=likes, most=1, day=_quiet(1))[0].key

    assert (first(0), first(1), first(20)) == (passed, passed, miss)


def _quiet(most: int) -> date:
    return next(day for day in (DAY + timedelta(days=number) for number in range(10)) if not taste.explored(most, day))


def test_followed_authors_come_first_and_wanted_words_lift_a_near_miss(world):
    _, _, today = world
    keys = [one.arxiv_id for one in today["optics"][:4]]
    candidates = [
        taste.Candidate(keys[0]),
        taste.Candidate(keys[1], below=1, lifted=True),
        taste.Candidate(keys[2], below=2, lifted=True),
        taste.Candidate(keys[3], below=2, followed=True),
    ]
    nothing = taste.learn(world[0], [])
    placed = taste.arrange(candidates, nothing, likes=0, most=10, day=DAY)
    assert [one.key for one in placed] == [keys[3], keys[0], keys[1]]


def test_the_reason_names_a_liked_paper_only_where_it_is_close(world):
    _, past, today = world
    liked = [one.arxiv_id for one in past["optics"][:5]]
    placed, _ = _order(world, [(key, True) for key in liked], liked=frozenset(liked))
    optics = {one.arxiv_id for one in today["optics"]}
    named = {one.key: one.because for one in placed if one.because}
    assert named
    assert set(named) <= optics
    assert set(named.values()) <= set(liked)
    placed, _ = _order(world, [(key, True) for key in liked])
    assert not any(one.because for one in placed)


@given(most=st.integers(1, 30), start=st.integers(1, 10_000))
def test_one_in_ten_is_explored_over_ten_days(most, start):
    days = [date.fromordinal(start + number) for number in range(10)]
    counts = [taste.explored(most, day) for day in days]
    assert sum(counts) == most
    assert max(counts) - min(counts) <= 1


def test_what_is_explored_passed_is_marked_and_stands_last(world):
    _, past, _ = world
    placed, candidates = _order(world, [(one.arxiv_id, True) for one in past["optics"][:9]], most=10)
    assert [one.outside for one in placed] == [False] * 9 + [True]
    before = {one.key for one in placed[:9]}
    assert placed[-1].key == next(one.key for one in candidates if one.key not in before)


def test_a_paper_stays_out_of_its_own_evidence_and_a_trimmed_space_answers_the_same(world):
    space, past, today = world
    key, others = past["optics"][0].arxiv_id, [one.arxiv_id for one in past["climate"][:3]]
    before = list(space.products([key], others)[0])
    space.trim(0)
    assert today["optics"][0].arxiv_id not in space
    assert list(space.products([key], others)[0]) == pytest.approx(before)
    for papers in today.values():
        for one in papers:
            space.add(one.arxiv_id, counts_of(one))


def test_without_anchors_nothing_is_alike():
    space = taste.Space([], [])
    one = a_paper(title="Pruning heads", abstract="We prune.")
    space.add("a", counts_of(one))
    space.add("b", counts_of(one))
    assert space.products(["a"], ["a", "b"]) == [(0.0, 0.0)]


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.booleans()), min_size=2, max_size=12))
def test_the_regression_by_products_finds_the_minimum(rows):
    """No single share can be changed for the better: the dual is convex, so that is the minimum."""
    kernel = [[a * c + b * d + 0.3 for c, d, _ in rows] for a, b, _ in rows]
    signs = [1.0 if good else -1.0 for *_, good in rows]
    shares = fit_dual(kernel, signs, [1.0] * len(rows))

    def loss(given: list[float]) -> float:
        values = [sum(k * s for k, s in zip(row, given, strict=True)) for row in kernel]
        length = sum(v * s for v, s in zip(values, given, strict=True))
        return length / 2 + sum(math.log1p(math.exp(-sign * v)) for sign, v in zip(signs, values, strict=True))

    best = loss(shares)
    for number in range(len(shares)):
        for step in (-0.05, 0.05):
            moved = [*shares[:number], shares[number] + step, *shares[number + 1 :]]
            assert best <= loss(moved) + 0.02 * len(rows)
