"""Without a model the papers that share the topic's rarer words stand first, or those like what passed before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import labelled
from benchmarks.labelled import labelled_days
from newsletter.models import Paper, Seen, Topic
from newsletter.ranking import (
    FEWEST_WANTED,
    Past,
    cold,
    fitting,
    is_sample,
    learn,
    loss_share,
    moving,
    recall,
    share,
    top,
    train,
)
from tests.factories import a_paper

TOPIC = Topic(
    key="moe",
    title="Experts",
    categories=("cs.LG",),
    interests="Mixture of experts, expert pruning, routing.",
    include=("upcycling",),
)
OTHER = "We study the weather of distant planets and their rings."


def test_order_and_range() -> None:
    """Each paper has its closeness in the order given: 0 without a word in common, more for more of them, at most 1."""
    papers = [
        a_paper(1, title="Weather", abstract=OTHER),
        a_paper(2, title="Routing in mixture-of-experts", abstract="Expert pruning for a mixture of experts."),
        a_paper(3, title="Sparsity", abstract=f"{OTHER} Routing is used."),
    ]
    far, near, middle = cold(papers, TOPIC)
    assert far == 0.0
    assert far < middle < near <= 1.0
    assert cold(papers[::-1], TOPIC) == pytest.approx([middle, near, far])


def test_same_words_in_other_forms() -> None:
    """Hyphens, capitals and plurals do not make another word."""
    forms = ["MIXTURE-OF-EXPERTS routing", "mixture of expert routings", "Mixtures of Experts: Routing"]
    papers = [a_paper(number, title=form, abstract=OTHER) for number, form in enumerate(forms, 1)]
    first, second, third = cold(papers, TOPIC)
    assert first == pytest.approx(second)
    assert first == pytest.approx(third)


def test_title_counts_more() -> None:
    """A word of the topic weighs more in a title than in an abstract."""
    papers = [
        a_paper(1, title="Upcycling for planets", abstract="Weather and rings."),
        a_paper(2, title="Weather and rings", abstract="Upcycling for planets."),
    ]
    in_title, in_abstract = cold(papers, TOPIC)
    assert in_title > in_abstract > 0


def test_topic_words_count() -> None:
    """Title, interests and lifting words of a topic all count, dropping words do not."""
    topic = Topic(key="t", title="Alpha", categories=(), interests="beta", include=("gamma",), exclude=("delta",))
    papers = [a_paper(n, title=word, abstract=OTHER) for n, word in enumerate(("alpha", "beta", "gamma", "delta"), 1)]
    assert [value > 0 for value in cold(papers, topic)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("title", "abstract", "interests"),
    [
        ("The", "of and it", "Experts"),
        ("1 2 3", "$x$", "Experts"),
        ("", "", "Experts"),
        ("A title", "Words here", "the of"),
    ],
)
def test_nothing_to_compare(title: str, abstract: str, interests: str) -> None:
    """Where no word carries meaning everything is equally far, and nothing fails."""
    topic = Topic(key="t", title="", categories=(), interests=interests)
    assert cold([a_paper(1, title=title, abstract=abstract)], topic) == [0.0]


def test_no_papers() -> None:
    """A day without papers has nothing to compare."""
    assert cold([], TOPIC) == []


def test_words_keep_company_in_earlier_papers() -> None:
    """What stands beside the topic's words on earlier days counts, also where a paper has none of these words."""
    known = [a_paper(100 + n, title="Routing", abstract=f"Gates send tokens, part {n}.") for n in range(10)]
    known += [a_paper(200 + n, title="Rings", abstract=f"{OTHER} Part {n}.") for n in range(90)]
    papers = [
        a_paper(1, title="Rings", abstract=OTHER),
        a_paper(2, title="Gates", abstract="How gates send tokens."),
    ]
    assert cold(papers, TOPIC) == [0.0, 0.0]
    far, near = cold(papers, TOPIC, known)
    assert near > far
    assert cold(papers, TOPIC, [*known, *papers]) == [far, near]  # a paper of the day is not read twice
    opinions = learn(TOPIC, {}, {}, known)
    assert opinions.rank(papers) == [far, near]


def test_one_of_several_subjects() -> None:
    """A paper that is all about one subject of a long text stands before one with a word of each."""
    subjects = ["mixture of experts", "token pruning", "gradient noise", "cache eviction", "weight sharing"]
    topic = Topic(key="t", title="", categories=(), interests="\n".join(f"- {one}" for one in subjects))
    papers = [
        a_paper(1, title="A", abstract="Experts, noise, eviction and rings of planets far away in the sky."),
        a_paper(2, title="A", abstract="Token pruning by token pruning: rings of planets far away in sky."),
        *(a_paper(n, title="Weather", abstract=f"{OTHER} Part {n}.") for n in range(3, 20)),
    ]
    spread, whole, *_ = cold(papers, topic)
    assert whole > spread > 0


# --- what is not wanted ---


@pytest.mark.parametrize(
    ("interests", "exclude"),
    [
        ("Experts. Not wanted: weather, planets.", ()),
        ("Experts.\n- Irrelevant: weather,\n  planets\n- Rings", ()),
        ("Experts. I am not interested in weather or planets.", ()),
        ("Experts.", ("weather", "planets")),
    ],
)
def test_unwanted_words_count_against(interests: str, exclude: tuple[str, ...]) -> None:
    """Of two papers with the same wanted words the one with unwanted words stands lower, however they are told."""
    topic = Topic(key="t", title="", categories=(), interests=interests, exclude=exclude)
    papers = [
        a_paper(1, title="Experts", abstract="Experts in the weather of planets."),
        a_paper(2, title="Experts", abstract="Experts in the routing of tokens."),
        a_paper(3, title="Nothing", abstract="Nothing at all."),
    ]
    first, second, third = cold(papers, topic)
    assert second > first > third == 0.0


# --- trained ---


def past(passed: int, others: int) -> tuple[list[object], list[bool]]:
    papers = [
        a_paper(n, title="Sparse experts", abstract=f"Routing of tokens to experts, part {n}.") for n in range(passed)
    ]
    papers += [a_paper(900 + n, title="Weather", abstract=f"{OTHER} Part {n}.") for n in range(others)]
    return papers, [True] * passed + [False] * others


def test_newer_scores_count_more() -> None:
    """What passed first and fails now is below what failed first and passes now, however often each did."""
    sparse, robots = a_paper(1, title="Sparse experts"), a_paper(2, title="Robots that walk")
    papers, passed = [sparse, robots] * 1600, [True, False] * 800 + [False, True] * 800
    model = train(papers, passed)
    assert model is not None
    low, high = model.rank([sparse, robots])
    assert low < 0.4 < 0.6 < high


def test_trained() -> None:
    """What is like papers that passed before stands before what is like the others."""
    trained = train(*past(FEWEST_WANTED, 80))  # type: ignore[arg-type]
    assert trained is not None
    near, far = trained.rank(
        [a_paper(1, title="Token routing", abstract="Experts."), a_paper(2, title="Rings", abstract=OTHER)]
    )
    assert 1 >= near > 0.5 > far >= 0
    assert trained.rank([]) == []


@pytest.mark.parametrize(("passed", "others"), [(0, 0), (FEWEST_WANTED - 1, 80), (FEWEST_WANTED, 0), (0, 80)])
def test_too_little_to_learn_from(passed: int, others: int) -> None:
    """While too few papers passed, or all did, there is nothing to learn."""
    assert train(*past(passed, others)) is None  # type: ignore[arg-type]


# --- the prefilter ---


def day(places: dict[float, Seen], passed: set[float]) -> list[Past]:
    return [Past(value, seen, None if seen is Seen.NO else value in passed) for value, seen in places.items()]


ALL = day({number / 10: Seen.ALL for number in range(10)}, {0.9, 0.8})
LATE = day({number / 10: Seen.ALL for number in range(10)}, {0.9, 0.3})


@pytest.mark.parametrize(
    ("days", "asked", "found"),
    [
        ([ALL] * 9, 0.5, 1.0),  # not ten days yet
        ([ALL] * 10, 0.5, 0.5),
        ([ALL] * 10, 0.2, 0.2),
        ([ALL] * 10, 0.1, 0.2),  # one of two would be missed
        ([LATE] * 10, 0.5, 0.7),  # widens by itself
        ([ALL] * 40 + [LATE], 0.5, 0.5),  # one of 82 is missed
        ([day({0.5: Seen.ALL}, {0.5})] * 12, 0.5, 1.0),  # too few passed to measure by
    ],
)
def test_share(days: list[list[Past]], asked: float, found: float) -> None:
    """The share is the one asked for, once ten days show that it misses next to nothing; else a wider one."""
    assert share(asked, days) == pytest.approx(found)


def test_a_sample_stands_for_its_neighbours() -> None:
    """A paper of the sample that passed weighs as many as were not looked at beside it."""
    places = {0.9: Seen.TOP, 0.8: Seen.TOP, 0.2: Seen.SAMPLE, 0.1: Seen.NO}
    assert recall([day(places, {0.9, 0.8})], 0.5) == 1.0
    assert recall([day(places, {0.9, 0.8, 0.2})], 0.5) == pytest.approx(2 / 22)
    assert recall([], 0.5) == 0.0


def test_lots_are_drawn_once() -> None:
    """Five in a hundred are drawn, the same ones each time, and others for another topic."""
    ids = [f"2603.{number:05}" for number in range(4000)]
    drawn = [one for one in ids if is_sample(one, "topic")]
    assert 150 < len(drawn) < 250
    assert drawn == [one for one in ids if is_sample(one, "topic")]
    assert drawn != [one for one in ids if is_sample(one, "other")]


def test_top() -> None:
    """The share is rounded up, and equal papers are told apart by their ids."""
    assert top({"a": 0.1, "b": 0.9, "c": 0.9}, 0.5) == {"b", "c"}
    assert top({"a": 0.5, "b": 0.5, "c": 0.5}, 0.3) == {"a"}
    assert top({}, 0.5) == frozenset()


# --- what is about the topic at all ---


@pytest.mark.parametrize(
    ("title", "abstract", "expected"),
    [
        ("Expert pruning", "We drop experts.", True),
        ("On upcycling", "Dense models become sparse.", True),
        ("Weather", OTHER, False),
        ("A survey", "We train a network on data and measure its performance.", False),
        ("Ferries", "The routing of ferries in a harbour.", False),  # one word in common, once
        ("", "", False),
    ],
)
def test_fitting(title: str, abstract: str, expected: bool) -> None:
    """A paper that only shares the words of every field, or one word by chance, is not about the topic."""
    assert fitting([a_paper(1, title=title, abstract=abstract)], TOPIC) == [expected]


STARS = "Exoplanet atmospheres, transit spectroscopy, star formation."


def test_papers_of_another_field_do_not_fit(real_data: Path) -> None:
    """Of a real day of cs.LG and cs.AI next to nothing fits a topic of astronomy, and of the right topic a lot."""
    papers = labelled_days(real_data / "arxiv")[0].papers
    other = replace(TOPIC, title="Stars", interests=STARS, include=())
    assert sum(fitting(papers, other)) <= 0.01 * len(papers)
    assert sum(fitting(papers, labelled.TOPIC)) >= 0.2 * len(papers)


# --- one order of several opinions ---


def scored(passed: int, others: int) -> dict[Paper, bool]:
    papers, good = past(passed, others)
    return dict(zip(papers, good, strict=True))  # type: ignore[arg-type]


NEAR = a_paper(1, title="Token routing", abstract="Experts.")
FAR = a_paper(2, title="Rings", abstract=OTHER)


@pytest.mark.parametrize(
    ("own", "earlier", "trained"),
    [
        ({}, {}, False),
        (scored(FEWEST_WANTED, 80), {}, True),
        ({}, scored(FEWEST_WANTED, 80), True),  # the text was edited this morning
        (scored(3, 20), scored(FEWEST_WANTED, 80), True),
    ],
)
def test_learning_outlives_an_edit(own: dict[Paper, bool], earlier: dict[Paper, bool], trained: bool) -> None:
    """With scores under the text as it is, or under an earlier one, the order is learned; else it is the text's own."""
    opinions = learn(TOPIC, own, earlier)
    near, far = opinions.rank([NEAR, FAR])
    assert opinions.trained is trained
    assert 1 >= near > far >= 0


def test_an_earlier_text_fades() -> None:
    """What was wanted before and no longer is counts less the more papers have passed under the new text."""
    before = scored(FEWEST_WANTED, 80)
    turned = {paper: not good for paper, good in scored(80, FEWEST_WANTED * 2).items()}
    topic = replace(TOPIC, title="", interests="Weather.", include=())
    few = dict(list(turned.items())[-FEWEST_WANTED - 1 :]) | dict(list(turned.items())[:5])
    early, late = (learn(topic, own, before).rank([NEAR, FAR]) for own in (few, turned))
    assert late[1] - late[0] >= early[1] - early[0]


def test_of_two_scores_the_newer_counts() -> None:
    """A paper scored under both texts teaches what it is under the text as it is."""
    before = scored(FEWEST_WANTED, 80)
    opposite = {paper: not good for paper, good in before.items()}
    learned = learn(TOPIC, opposite, before), learn(TOPIC, {}, before)
    far, near = (one.scores.likely([NEAR])[0] for one in learned if one.scores)
    assert near > 0.5 > far


def test_own_scores_count_more_than_earlier_ones() -> None:
    """As many papers that failed under the text as it is outweigh as many like them that passed before."""
    passed, failed = (
        {a_paper(start + n, title="Sparse experts", abstract=f"Routing, part {n}."): good for n in range(40)}
        for start, good in ((100, True), (200, False))
    )
    other = {a_paper(300 + n, title="Rings", abstract=f"Planets, part {n}."): n % 2 == 0 for n in range(80)}
    learned = learn(TOPIC, failed, passed | other).scores
    assert learned is not None
    assert learned.likely([NEAR])[0] < 0.5
    assert learned.rank([NEAR, a_paper(3, title="Rings", abstract="Planets.")]) == [0.25, 0.75]


def test_what_an_edit_added_stands_higher() -> None:
    """Beside two that fit the new text equally, the one that the text before did not ask for gains."""
    topic = replace(TOPIC, interests="Experts. Planets.")
    papers = [
        a_paper(1, title="Experts", abstract="Experts once."),
        a_paper(2, title="Planets", abstract="Planets once."),
        *(a_paper(n, title="Weather", abstract=f"Clouds, part {n}.") for n in range(3, 30)),
    ]
    known = {a_paper(100 + n, title="Weather", abstract=f"Clouds, part {n}."): n < FEWEST_WANTED for n in range(80)}
    without, after = (learn(topic, {}, known, before=before) for before in (None, replace(TOPIC, interests="Experts.")))
    same, gained = (opinion.rank(papers) for opinion in (without, after))
    assert gained[1] - gained[0] > same[1] - same[0]


# --- the words that moved a paper ---


def test_words_of_the_text() -> None:
    """Names of the text that stand in a paper, as the paper spells them."""
    topic = replace(TOPIC, exclude=("planets",))
    paper = a_paper(1, title="Pruning", abstract="Mixtures of Experts on planets, with expert pruning.")
    assert moving.by_text(topic, paper) == moving.Moved(("mixtures experts", "experts pruning"), ("planets",))


def test_words_of_earlier_scores() -> None:
    """Words of what passed move a paper up, words of the others down."""
    opinions = learn(TOPIC, scored(FEWEST_WANTED, 80), {})
    moved = moving.by_scores(opinions, a_paper(1, title="Routing", abstract="The weather."))
    assert (moved.up, moved.down) == (("routing",), ("weather",))


# --- a promised loss ---


@pytest.mark.parametrize(
    ("loss", "days", "own", "found"),
    [
        (0.04, [ALL] * 9, [ALL] * 9, 1.0),  # not ten days yet
        (0.04, [ALL] * 10, [ALL] * 10, 0.2),
        (0.04, [LATE] * 10, [LATE] * 10, 0.65),
        (0.6, [LATE] * 10, [LATE] * 10, 0.65),  # half of it is kept as a margin
        (1.0, [LATE] * 10, [LATE] * 10, 0.2),
        (0.04, [ALL] * 20, [ALL] * 2, 0.68),  # two days of a new text: two fifths of what could be left out
        (0.04, [ALL] * 20, [], 1.0),  # the first day of a changed text is seen whole
        (0.04, [*[ALL] * 20, LATE], [LATE], 0.93),  # and then it has to hold on the days of the new text
    ],
)
def test_loss_share(loss: float, days: list[list[Past]], own: list[list[Past]], found: float) -> None:
    """The share is the smallest whose measured loss leaves a margin to the promised one."""
    assert loss_share(loss, days, own) == pytest.approx(found)
