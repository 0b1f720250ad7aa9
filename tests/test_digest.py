"""The edition of equal readers: numbered best first, under the topics that picked, and one key for one content."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from newsletter.digest import compose
from newsletter.models import (
    Abstracts,
    Bill,
    Edition,
    Line,
    Notice,
    NoticeKind,
    Pick,
    Score,
    Summary,
    Topic,
    Usage,
    Wishes,
)
from tests.factories import DAY, a_paper

FRIDAY = date(2026, 3, 6)
MOE = Topic(key="moe", title="Experts", categories=("cs.LG",), interests="Sparse experts.")
NLP = Topic(key="nlp", title="Language", categories=("cs.CL",), interests="Parsing.")


def a_pick(number: int = 1, *topics: str, **changes: Any) -> Pick:
    values: dict[str, Any] = {
        "paper": a_paper(number),
        "issue": DAY,
        "topics": topics or ("moe",),
        "score": Score(f"2603.{number:05}", 9, 7),
    }
    return Pick(**values | changes)


def composed(**changes: Any) -> Edition:
    values: dict[str, Any] = {
        "name": "Morning arXiv",
        "issues": (DAY,),
        "wishes": Wishes(topics=("moe",)),
        "topics": (MOE,),
        "picks": (a_pick(1), a_pick(2)),
        "summaries": {},
        "considered": 493,
    }
    return compose(**values | changes)


def test_one_topic() -> None:
    """With one topic there is one section without a title, numbered in the order of the picks."""
    edition = composed(picks=(a_pick(2), a_pick(1, by_author="Ada Lovelace", issue=FRIDAY)))
    (section,) = edition.sections
    assert section.title is None
    assert [(e.number, e.paper.arxiv_id) for e in section.entries] == [(1, "2603.00002"), (2, "2603.00001")]
    first, second = section.entries
    assert (first.score, first.topics, first.issue, first.by_author) == (
        Score("2603.00002", 9, 7),
        ("Experts",),
        DAY,
        None,
    )
    assert (second.issue, second.by_author) == (FRIDAY, "Ada Lovelace")
    assert edition.considered == 493


def test_several_topics() -> None:
    """Each paper stands once, under the topic that wants it most, with numbers that run from top to bottom."""
    picks = (a_pick(1, "nlp"), a_pick(2, "moe", "nlp"), a_pick(3, "nlp", "moe"), a_pick(4, "moe"))
    edition = composed(wishes=Wishes(topics=("moe", "nlp")), topics=(MOE, NLP), picks=picks)
    assert [(s.title, [e.number for e in s.entries]) for s in edition.sections] == [
        ("Experts", [1, 2]),
        ("Language", [3, 4]),
    ]
    assert [entry.paper.arxiv_id for entry in edition.ranked] == [f"2603.{n:05}" for n in (1, 2, 3, 4)]
    assert [entry.number for entry in edition.entries] == [1, 2, 3, 4]
    assert edition.ranked[1].topics == ("Experts", "Language")
    assert edition.ranked[2].topics == ("Language", "Experts")
    assert [entry.topic for entry in edition.entries] == ["moe", "moe", "nlp", "nlp"]


def test_sections_in_the_order_of_the_wishes() -> None:
    """Sections stand as the reader named the topics, and a topic without papers has none."""
    picks = (a_pick(1, "moe"), a_pick(2, "nlp"))
    edition = composed(wishes=Wishes(topics=("nlp", "moe")), topics=(MOE, NLP), picks=picks)
    assert [section.title for section in edition.sections] == ["Language", "Experts"]
    edition = composed(wishes=Wishes(topics=("nlp", "moe")), topics=(MOE, NLP), picks=picks[:1])
    assert [section.title for section in edition.sections] == ["Experts"]


@pytest.mark.parametrize(
    ("languages", "expected"),
    [(("en", "zh"), ["en", "zh"]), (("zh", "en"), ["zh", "en"]), (("zh",), ["zh"]), (("de", "en"), ["en"]), ((), [])],
)
def test_lines(languages: tuple[str, ...], expected: list[str]) -> None:
    """Lines stand in the reader's order of languages; those that are not there are left out."""
    summary = Summary(arxiv_id="2603.00001", lines=(Line("zh", "一行。"), Line("en", "A line.")))
    wishes = Wishes(topics=("moe",), languages=languages)
    edition = composed(wishes=wishes, summaries={"2603.00001": summary})
    assert [line.language for line in edition.entries[0].lines] == expected
    assert edition.entries[1].lines == ()


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ({"moe": "m", "nlp": "n"}, "n"),  # of the topic that wants it most
        ({"moe": "m"}, "m"),
        ({"other": "o"}, None),
        ({}, None),
    ],
)
def test_reason(reasons: dict[str, str], expected: str | None) -> None:
    """A paper has one reason: that of the first of its topics that has one."""
    edition = composed(
        wishes=Wishes(topics=("moe", "nlp")),
        topics=(MOE, NLP),
        picks=(a_pick(1, "nlp", "moe"),),
        summaries={
            "2603.00001": Summary(
                arxiv_id="2603.00001", reasons={key: Line("en", text) for key, text in reasons.items()}
            )
        },
    )
    assert edition.entries[0].reason == expected


def test_issues_oldest_first() -> None:
    """A mail of several issues is dated by the newest."""
    edition = composed(issues=(DAY, FRIDAY))
    assert edition.issues == (FRIDAY, DAY)
    assert edition.date == DAY


@pytest.mark.parametrize("topics", [("moe",), ("moe", "nlp")])
def test_quiet_day(topics: tuple[str, ...]) -> None:
    """A mail without papers says so after whatever else there is to say, and has no empty section."""
    late = Notice(NoticeKind.LATE)
    edition = composed(wishes=Wishes(topics=topics), topics=(MOE, NLP), picks=(), notices=[late])
    assert edition.sections == ()
    assert edition.notices == (late, Notice(NoticeKind.QUIET, total=493))


def test_notices() -> None:
    """What there is to say stands as it was given."""
    said = (Notice(NoticeKind.UNSCORED, 3, 20), Notice(NoticeKind.MISSING, 1))
    assert composed(notices=said).notices == said


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Evening arXiv"},
        {"issues": (FRIDAY, DAY)},
        {"wishes": Wishes(topics=("moe",), abstracts=Abstracts.FULL)},
        {"wishes": Wishes(topics=("moe",), max_papers=14)},
        {"picks": (a_pick(2), a_pick(1))},
        {"picks": (a_pick(1),)},
        {"picks": (a_pick(1, paper=a_paper(1, title="Other")), a_pick(2))},
        {"summaries": {"2603.00001": Summary(arxiv_id="2603.00001", lines=(Line("en", "A line."),))}},
        {"summaries": {"2603.00001": Summary(arxiv_id="2603.00001", reasons={"moe": Line("en", "m")})}},
        {"considered": 494},
        {"notices": (Notice(NoticeKind.LATE),)},
        {"salt": "other templates"},
        {"topics": (Topic(key="moe", title="Other", categories=(), interests=""),)},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_key_changes_with_the_content(changes: dict[str, Any]) -> None:
    """Whatever changes what readers see is another edition."""
    assert composed(**changes).key != composed().key


@pytest.mark.parametrize(
    "changes",
    [{"model": "m, n"}, {"bills": [Bill("scoring", "m", 1, Usage(1, 1, 1.0))]}],
    ids=lambda changes: " ".join(changes),
)
def test_the_bill_is_no_content(changes: dict[str, Any]) -> None:
    """Equal readers planned an hour apart share an edition, though other readers' mails cost something meanwhile."""
    assert composed(**changes).key == composed().key
    assert composed(**changes) != composed()


def test_a_translated_abstract() -> None:
    """A translation stands beside the paper, and is content."""
    summary = Summary(arxiv_id="2603.00001", abstract=Line("zh", "摘要。"))
    edition = composed(summaries={"2603.00001": summary})
    assert [entry.translated for entry in edition.entries] == [Line("zh", "摘要。"), None]
    assert edition.key != composed().key


def test_key_is_the_same_everywhere() -> None:
    """The same content has the same key in another process, whatever its hash seed: a repeat finds its edition."""
    assert composed() == composed()
    code = "from tests.test_digest import composed; print(composed().key)"
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == composed().key
