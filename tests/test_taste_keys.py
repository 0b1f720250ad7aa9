"""Interests, authors, words and papers of a reader's own: in the file, and as preferences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter import pipeline
from newsletter.models import Enrolled, Leanings, Mark, MarkedBy, MarkKind, Paper
from newsletter.pipeline import Desk, Tasting, preparing
from newsletter.subscribers.preferences import said, with_preference
from newsletter.subscribers.readers import LEANINGS
from newsletter.subscribers.tree import Unfit
from tests.counters import MORNING
from tests.factories import DAY
from tests.morning import active, desk_of, practice, sample_rows

ROSTER = """\
newsletter:
  languages: [en]
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
    min_relevance: 6
subscribers:
  - email: ada@example.org
    max_papers: 10
    interests: >
      State space models, and
      long context
    authors: [Ada Lovelace, "Noether, E."]
    include: [Hessian]
    exclude: [benchmark]
    like: [2402.01306, "https://arxiv.org/abs/2603.00001v2"]
    personal: on
  - email: bob@example.org
    max_papers: 10
    personal: off
  - email: eve@example.org
    max_papers: 10
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("keys")
    with practice(folder, roster=ROSTER) as (_, settings), desk_of(settings) as opened:
        pipeline.prepare_days(opened, DAY)
        yield opened


def _reader(desk: Desk, leanings: Leanings, email: str = "eve@example.org") -> Enrolled:
    found = next(one for one in active(desk) if one.email == email)
    return replace(found, wishes=replace(found.wishes, leanings=leanings))


def _order(desk: Desk, leanings: Leanings, most: int = 10) -> list[str]:
    reader = _reader(desk, leanings)
    reader = replace(reader, wishes=replace(reader.wishes, max_papers=most))
    tasting = Tasting(pipeline.Editor(desk))
    its = tasting.of([reader]).get(reader.id)
    if its is None:
        return [pick.paper.arxiv_id for pick in tasting.editor.picks(reader.wishes, (DAY,))]
    return [one.key for one in tasting.place(reader.wishes, (DAY,), its).placed]


def test_keys_of_the_file(desk: Desk) -> None:
    ada, bob, eve = (one.wishes.leanings for one in active(desk))
    assert ada == Leanings(
        interests="State space models, and long context",
        authors=("Ada Lovelace", "Noether, E."),
        include=("Hessian",),
        exclude=("benchmark",),
        like=("2402.01306", "2603.00001"),
    )
    assert not bob.personal
    assert eve == Leanings()


def test_without_keys_wishes_are_what_they_were(desk: Desk) -> None:
    """Their text in the ledger, and what an edition's key is made of."""
    ada, _, eve = active(desk)
    assert "leanings" not in repr(eve.wishes)
    assert repr(ada.wishes) == repr(eve.wishes)
    assert ada.wishes.shared == eve.wishes
    assert desk.store.wishes() == [eve.wishes]
    with desk.store._engine.connect() as connection:
        texts = connection.exec_driver_sql("SELECT text FROM wishes").scalars().all()
    assert sum("leanings" not in text for text in texts) == 1


@pytest.mark.parametrize("key", LEANINGS)
def test_a_preference_and_back(desk: Desk, key: str) -> None:
    texts = {"personal": "off", "like": "2402.01306, 2603.00002", "library": "pruning 12, sparse 3"}
    roster_reader = desk.store.reader(active(desk)[2].id)
    assert roster_reader is not None
    changed = with_preference(roster_reader, key, texts.get(key, "one, two"), ["foundations"])
    assert said(changed, key) == texts.get(key, "one, two")
    assert with_preference(changed, key, "", ["foundations"]).wishes == roster_reader.wishes


@pytest.mark.parametrize(("key", "text"), [("like", "refs.bib"), ("interests", "x" * 2001), ("personal", "maybe")])
def test_what_cannot_be_a_preference(desk: Desk, key: str, text: str) -> None:
    """A value of a page is never the name of a file."""
    reader = desk.store.reader(active(desk)[2].id)
    assert reader is not None
    with pytest.raises(Unfit):
        with_preference(reader, key, text, ["foundations"])


def test_authors_are_always_shown_and_first(desk: Desk) -> None:
    usual = _order(desk, Leanings())
    unseen = next(one for one in desk.store.papers(DAY)[::-1] if one.arxiv_id not in usual)
    placed = _order(desk, Leanings(authors=(unseen.authors[0].upper(),)))
    assert placed[0] == unseen.arxiv_id
    assert len(placed) == 10


def test_words_drop_and_lift(desk: Desk) -> None:
    usual = _order(desk, Leanings())
    known = desk.store.papers_by_id(usual)
    word = known[usual[0]][0].title.split()[0].strip(":")
    dropped = _order(desk, Leanings(exclude=(word,)))
    assert usual[0] not in dropped
    assert [one for one in usual if one in dropped] == [one for one in dropped if one in usual]
    assert _order(desk, Leanings(include=("no such word",))) == usual


def test_interests_and_papers_order(desk: Desk) -> None:
    editor = pipeline.Editor(desk)
    wishes = active(desk)[2].wishes
    every = editor.passed(wishes, (DAY,))
    last = every[-1].paper
    assert last.arxiv_id not in _order(desk, Leanings())
    assert last.arxiv_id in _order(desk, Leanings(like=(last.arxiv_id,)))[:3]


def test_interests_in_words_bring_what_they_describe_forward(desk: Desk) -> None:
    editor = pipeline.Editor(desk)
    every = [pick.paper for pick in editor.passed(active(desk)[2].wishes, (DAY,))]
    usual = _order(desk, Leanings(), most=99)
    moved = []
    for one in every[5:15]:
        placed = _order(desk, Leanings(interests=f"{one.title}. {one.abstract}"), most=99)
        moved.append(usual.index(one.arxiv_id) - placed.index(one.arxiv_id))
    assert sum(moved) > 3 * len(moved)


def test_off_is_off(desk: Desk) -> None:
    """What is known is kept, and counts again when it is turned on."""
    usual = _order(desk, Leanings())
    reader = _reader(desk, Leanings(personal=False))
    marks = [Mark(arxiv_id=one, kind=MarkKind.NOT, how=MarkedBy.PAGE, at=MORNING) for one in usual[:3]]
    desk.store.mark(reader.id, marks)
    tasting = Tasting(pipeline.Editor(desk))
    assert tasting.of([reader]) == {}
    assert set(tasting.of([_reader(desk, Leanings())])) == {reader.id}
    desk.store.unmark(reader.id, usual)


LIKING = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts.
subscribers:
  - email: ada@example.org
    like: [{like}]
"""


def test_papers_to_learn_from_are_fetched_once(tmp_path: Path) -> None:
    """After the day's own; what arXiv does not know is not asked for again."""
    unknown = "1001.00001"
    sample = sample_rows()[0].id
    with practice(tmp_path, roster=LIKING.format(like=f"{unknown}, {sample}")) as (_, settings):
        asked: list[list[str]] = []
        with desk_of(settings) as desk:
            inner = desk.source.by_ids

            def by_ids(ids: Sequence[str]) -> Iterable[Paper]:
                asked.append(list(ids))
                return inner(ids)

            desk.source.by_ids = by_ids  # type: ignore[method-assign]
            pipeline.prepare_days(desk, DAY)
            preparing._fetch_liked(desk)
            assert [one for one in asked if unknown in one] == [[unknown]]
