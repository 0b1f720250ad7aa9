"""A bibliography of 300 entries beside the list: what is asked of arXiv for it, and what it teaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter import pipeline, subscribers
from newsletter.demo.rows import SampleRow
from newsletter.models import Enrolled, Leanings, Pick
from newsletter.pipeline import Desk, Tasting, preparing
from newsletter.ranking import taste
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
    like: [ada.bib]
"""
UNKNOWN = 20  # of the ids: arXiv has never heard of them


def _earlier(rows: Sequence[SampleRow], count: int) -> list[SampleRow]:
    """Papers of a year ago, for which nobody asks but by their ids."""
    long_ago = timedelta(days=365)
    return [
        replace(
            one, id=f"2503.{number:05}", published=one.published - long_ago, updated=one.updated - long_ago,
            announced=one.announced - long_ago,
        )
        for number, one in enumerate((rows * (count // len(rows) + 1))[:count], start=1)
    ]  # fmt: skip


def _bib(ids: Sequence[str], others: Sequence[tuple[str, str]]) -> str:
    named = [f"@misc{{a{number}, eprint = {{{one}}}}}\n" for number, one in enumerate(ids)]
    told = [f"@article{{b{number}, title = {{{t}}}, abstract = {{{a}}}}}\n" for number, (t, a) in enumerate(others)]
    return "".join((*named, *told))


def test_it_is_asked_for_once_and_all_of_it_teaches(tmp_path: Path) -> None:
    """Of 300 entries 200 have an arXiv id; mornings, days and new lists later still nothing is asked twice."""
    rows = sample_rows()
    earlier = _earlier(rows, 200 - UNKNOWN)
    ids = [*(one.id for one in earlier), *(f"1001.{number:05}" for number in range(1, UNKNOWN + 1))]
    others = [(f"Sparse experts {number}", "Routing tokens to experts.") for number in range(100)]
    (tmp_path / "ada.bib").write_text(_bib(ids, others), "utf-8")
    with practice(tmp_path, roster=ROSTER) as (servers, settings):
        servers.arxiv.papers += earlier
        for _ in range(3):
            with desk_of(settings) as desk:
                pipeline.prepare_days(desk, DAY)
                preparing._fetch_liked(desk)  # as every later issue does
        asked = [parse_qs(urlsplit(path).query).get("id_list", [""])[0] for _, path in servers.arxiv.requests]
        ours = [one for one in asked if set(ids) & set(one.split(","))]
        assert 1 <= len(ours) <= 4
        assert sorted(",".join(ours).split(",")) == sorted(ids)
        with desk_of(settings) as desk:
            (ada,) = active(desk)
            assert set(desk.store.known(ids)) == {one.id for one in earlier}
            assert dict(ada.wishes.leanings.library)["experts"] == 100
            its = Tasting(pipeline.Editor(desk)).of([ada])[ada.id]
            held = [one.id for one in earlier][::-1]
            assert [one.key for one in its.examples()] == held[: taste.MOST_LIKED], "what is lacking takes no place"
            assert [*(one.key for one in its.examples()), *its.older] == held, "none is without effect"


def _places(desk: Desk, leanings: Leanings) -> list[str]:
    (ada,) = active(desk)
    reader = Enrolled(ada.id, ada.email, ada.name, replace(ada.wishes, leanings=leanings, max_papers=99))
    tasting = Tasting(pipeline.Editor(desk))
    its = tasting.of([reader])[reader.id]
    return [one.key for one in tasting.place(reader.wishes, (DAY,), its).placed]


def _picks(desk: Desk) -> list[Pick]:
    return list(pipeline.Editor(desk).passed(active(desk)[0].wishes, (DAY,)))


@pytest.mark.parametrize("way", ["words", "titles"])
def test_what_is_no_example_of_its_own_teaches_too(tmp_path: Path, way: str) -> None:
    """By its words where it has no id, by its title where it is one of too many likes."""
    (tmp_path / "ada.bib").write_text("", "utf-8")
    with practice(tmp_path, roster=ROSTER) as (_, settings), desk_of(settings) as desk:
        pipeline.prepare_days(desk, DAY)
        picks = _picks(desk)
        others = _of_elsewhere(desk) if way == "titles" else ()
        before = _places(desk, Leanings(include=("no such word",), like=others))
        moved = []
        for paper in (pick.paper for pick in picks[5:15]):
            if way == "words":
                (tmp_path / "ada.bib").write_text(_bib([], [(paper.title, paper.abstract)]), "utf-8")
                leanings = subscribers.load(settings.subscribers).readers[0].wishes.leanings
            else:
                leanings = Leanings(like=(paper.arxiv_id, *others))
            moved.append(before.index(paper.arxiv_id) - _places(desk, leanings).index(paper.arxiv_id))
        assert sum(moved) > 3 * len(moved)


def _of_elsewhere(desk: Desk) -> tuple[str, ...]:
    """As many papers as may be examples of their own, none of them a candidate."""
    shown = {pick.paper.arxiv_id for pick in _picks(desk)}
    others = [one.arxiv_id for one in desk.store.papers(DAY) if one.arxiv_id not in shown]
    return tuple(others[: taste.MOST_LIKED])
