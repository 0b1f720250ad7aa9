"""Without a model the papers that share the topic's rarer words stand first."""

from __future__ import annotations

import pytest

from newsletter.models import Topic
from newsletter.ranking import similarities
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
    far, near, middle = similarities(papers, TOPIC)
    assert far == 0.0
    assert far < middle < near <= 1.0
    assert similarities(papers[::-1], TOPIC) == pytest.approx([middle, near, far])


def test_same_words_in_other_forms() -> None:
    """Hyphens, capitals and plurals do not make another word."""
    forms = ["MIXTURE-OF-EXPERTS routing", "mixture of expert routings", "Mixtures of Experts: Routing"]
    papers = [a_paper(number, title=form, abstract=OTHER) for number, form in enumerate(forms, 1)]
    first, second, third = similarities(papers, TOPIC)
    assert first == pytest.approx(second)
    assert first == pytest.approx(third)


def test_title_counts_more() -> None:
    """A word of the topic weighs more in a title than in an abstract."""
    papers = [
        a_paper(1, title="Upcycling for planets", abstract="Weather and rings."),
        a_paper(2, title="Weather and rings", abstract="Upcycling for planets."),
    ]
    in_title, in_abstract = similarities(papers, TOPIC)
    assert in_title > in_abstract > 0


def test_topic_words_count() -> None:
    """Title, interests and lifting words of a topic all count, dropping words do not."""
    topic = Topic(key="t", title="Alpha", categories=(), interests="beta", include=("gamma",), exclude=("delta",))
    papers = [a_paper(n, title=word, abstract=OTHER) for n, word in enumerate(("alpha", "beta", "gamma", "delta"), 1)]
    assert [value > 0 for value in similarities(papers, topic)] == [True, True, True, False]


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
    assert similarities([a_paper(1, title=title, abstract=abstract)], topic) == [0.0]


def test_no_papers() -> None:
    """A day without papers has nothing to compare."""
    assert similarities([], TOPIC) == []
