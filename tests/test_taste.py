"""A morning for readers with a taste: whose order is theirs, what others get, what is stored, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from newsletter import pipeline
from newsletter.demo.faults import Fault
from newsletter.errors import StoreUnreadable
from newsletter.models import AnnounceType, DeliveryState, Mark, MarkedBy, MarkKind, Rendered
from newsletter.pipeline import Desk, Tasting
from newsletter.render import Renderer
from newsletter.render.slots import BLANK
from newsletter.store.tables import edition as edition_table
from newsletter.store.tables import part as part_table
from tests.counters import MORNING, TEMPLATES
from tests.factories import DAY, a_letterhead, an_edition
from tests.morning import active, desk_of, outbox, part, practice, sample_rows

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"
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
  - email: bob@example.org
    max_papers: 10
  - email: eve@example.org
    max_papers: 10
"""
KEYS = {slot: chr(ord("b") + number) * 34 for number, slot in enumerate(BLANK)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The sample day, prepared; nothing is sent yet."""
    with practice(tmp_path, roster=ROSTER) as (_, settings), desk_of(settings) as opened:
        pipeline.prepare_days(opened, DAY)
        yield opened


def _who(desk: Desk, email: str) -> int:
    found = desk.store.subscriber(email)
    assert found is not None
    return found.id


def _mark(desk: Desk, email: str, kind: MarkKind, ids: list[str], how: MarkedBy = MarkedBy.COMMAND) -> None:
    at = MORNING
    desk.store.mark(_who(desk, email), [Mark(arxiv_id=one, kind=kind, how=how, at=at) for one in ids])


def _edition(desk: Desk, email: str) -> Rendered:
    (mail,) = desk.store.deliveries(reader=_who(desk, email))
    found = desk.store.edition(mail.edition)
    assert found is not None
    return found


def _usual(desk: Desk) -> list[str]:
    editor = pipeline.Editor(desk)
    (reader, *_) = [one for group in pipeline.groups(desk) for page in desk.store.pages(group.id) for one in page]
    return [pick.paper.arxiv_id for pick in editor.passed(reader.wishes, (DAY,))]


def _shown(rendered: Rendered) -> list[str]:
    return [one.arxiv_id for one in rendered.papers]


def test_who_marked_nothing_gets_the_shared_edition(desk: Desk) -> None:
    """Byte for byte, whatever others marked."""
    tasting = Tasting(pipeline.Editor(desk))
    wishes = next(one for group in pipeline.groups(desk) for page in desk.store.pages(group.id) for one in page).wishes
    before = tasting.editor.render(wishes, (DAY,))
    usual = _usual(desk)
    _mark(desk, ADA, MarkKind.LIKE, usual[-3:])
    pipeline.run(desk)
    bob, eve, ada = (_edition(desk, email) for email in (BOB, EVE, ADA))
    assert bob == eve == before
    assert ada.key != bob.key
    assert _shown(bob) == usual[:10]


def test_likes_bring_papers_forward_and_the_email_says_why(desk: Desk) -> None:
    usual = _usual(desk)
    assert len(usual) > 12
    last = usual[-1]
    _mark(desk, ADA, MarkKind.LIKE, [last])
    _mark(desk, ADA, MarkKind.NOT, usual[:4])
    pipeline.run(desk)
    shown = _shown(_edition(desk, ADA))
    assert last in shown[:3]
    assert last not in _shown(_edition(desk, BOB))
    assert len(shown) == 10
    assert not {*usual[:4]} & {*shown[:5]}


def test_notes_of_replies_stand_in_the_next_email(desk: Desk) -> None:
    usual = _usual(desk)
    pipeline.run(desk)
    who = _who(desk, ADA)
    at = desk.now() + timedelta(minutes=5)
    desk.store.mark(who, [Mark(arxiv_id=one, kind=MarkKind.LIKE, how=MarkedBy.REPLY, at=at) for one in usual[:2]])
    reader = next(one for one in active(desk) if one.id == who)
    its = Tasting(pipeline.Editor(desk)).of([reader])[who]
    wishes = next(iter(desk.store.pages(next(iter(desk.store.hours())))))[0].wishes
    edition = Tasting(pipeline.Editor(desk)).edition(who, wishes, (DAY,), its)
    html = desk.renderer.render_own(edition, desk.letterhead).html.content.decode()
    assert "Noted from your reply: 2 likes." in html


@pytest.mark.parametrize("answers", ["as it should", "with an error"])
def test_only_ten_papers_that_a_taste_brings_get_lines(tmp_path: Path, answers: str) -> None:
    """Of a topic and issue, whoever wants more of them; the pages of readers behind the first one ask nothing again."""
    found = [row for row in sample_rows() if row.announce_type is AnnounceType.NEW and "foundations" in row.scores]
    low = [row for row in found if row.scores["foundations"][0] < 8]
    followed = json.dumps([row.authors[0] for row in low])
    roster = ROSTER.replace("max_papers: 10", f"max_papers: 60\n    authors: {followed}").replace(
        "relevance: 6", "relevance: 8"
    )
    with practice(tmp_path, roster=roster) as (servers, settings), desk_of(settings) as desk:
        pipeline.prepare_days(desk, DAY)
        editor = pipeline.Editor(desk)
        wishes = active(desk)[0].wishes
        editor.ask_for_lines([(wishes.shared, (DAY,))])
        before = len(servers.model.requests)
        if answers != "as it should":
            servers.model.faults.extend([Fault(kind="status", status=400)] * 100)
        pages = ([one] for page in pipeline.due(desk) for one in page)
        planning = pipeline.Planning(desk, editor, pages)
        planning.more()
        asked = len(servers.model.requests)
        assert asked > before
        assert planning.finish() == 3
        assert len(servers.model.requests) == asked
        shown = set(_shown(_edition(desk, ADA)))
        assert len(shown & {row.id for row in low}) > 10
        papers = [paper for paper in desk.store.papers(DAY) if paper.arxiv_id in {row.id for row in low}]
        written = editor.writer.summaries(papers, wishes, editor.topics(wishes)).values()
        assert sum(bool(one.lines) for one in written) == (10 if answers == "as it should" else 0)


def test_an_own_edition_is_stored_as_parts_and_comes_back_whole(desk: Desk) -> None:
    usual = _usual(desk)
    for email in (ADA, BOB):
        _mark(desk, email, MarkKind.LIKE, usual[:3])
    pipeline.run(desk)
    with desk.store._engine.connect() as connection:
        rows = connection.execute(select(edition_table).where(edition_table.c.recipe.is_not(None))).all()
        parts = connection.scalar(select(func.sum(func.length(part_table.c.content)))) or 0
    assert len(rows) == 2
    whole = sum(len(_edition(desk, email).body.content) for email in (ADA, BOB))
    assert parts < 0.6 * whole  # two tastes alike: nearly the same lines at the same places
    assert all(row.body == row.html == row.text == b"" for row in rows)
    tasting = Tasting(pipeline.Editor(desk))
    reader = next(one for page in desk.store.pages(next(iter(desk.store.hours()))) for one in page if one.email == ADA)
    who = reader.id
    its = tasting.of([reader])[who]
    fresh = desk.renderer.render_own(tasting.edition(who, reader.wishes, (DAY,), its), desk.letterhead)
    stored = _edition(desk, ADA)
    assert stored.body == fresh.body
    assert (stored.html.fill(KEYS).strip(), stored.text.fill(KEYS)) == (
        fresh.html.fill(KEYS).strip(),
        fresh.text.fill(KEYS),
    )
    with desk.store._engine.begin() as connection:
        connection.execute(update(part_table).values(content=b"other"))
    with pytest.raises(StoreUnreadable, match="do not make up"):
        _edition(desk, ADA)


def test_forgetting_leaves_no_own_edition(desk: Desk) -> None:
    """Nor a part of one, such as why a paper was shown; what another reader's is made of stays."""
    usual = _usual(desk)
    _mark(desk, ADA, MarkKind.LIKE, usual[:1])
    _mark(desk, BOB, MarkKind.LIKE, usual[-1:])
    pipeline.run(desk)
    before, both = _edition(desk, BOB), _parts(desk)
    desk.store.forget(_who(desk, ADA), "fingerprint", MORNING)
    assert 0 < _parts(desk) < both
    assert _edition(desk, BOB) == before
    desk.store.forget(_who(desk, BOB), "another", MORNING)
    assert _parts(desk) == 0
    with desk.store._engine.connect() as connection:
        own = edition_table.c.recipe.is_not(None)
        assert connection.scalar(select(func.count()).select_from(edition_table).where(own)) == 0
    assert desk.store.mark_counts() == {"like": 0, "not": 0, "save": 0}


def _parts(desk: Desk) -> int:
    with desk.store._engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(part_table)) or 0


def test_a_run_that_is_repeated_sends_nothing_again(desk: Desk) -> None:
    """Also when a mark comes in between: the email that was planned stays what it was."""
    usual = _usual(desk)
    _mark(desk, ADA, MarkKind.LIKE, usual[:1])
    pipeline.run(desk)
    before = _edition(desk, ADA)
    _mark(desk, ADA, MarkKind.LIKE, usual[3:6])
    pipeline.run(desk)
    assert _edition(desk, ADA) == before
    assert {mail.state for mail in desk.store.deliveries()} == {DeliveryState.ACCEPTED}


def test_the_email_that_goes_out_is_that_reader_s(tmp_path: Path) -> None:
    with practice(tmp_path, roster=ROSTER) as (_, settings), desk_of(settings) as desk:
        pipeline.prepare_days(desk, DAY)
        _mark(desk, ADA, MarkKind.LIKE, _usual(desk)[-2:])
        pipeline.run(desk)
        mails = outbox(settings)
        for email in (ADA, BOB):
            for paper in _shown(_edition(desk, email)):
                assert f"arxiv.org/abs/{paper}" in part(mails[email], "html")
                assert f"arxiv.org/abs/{paper}" in part(mails[email], "plain")
        assert "7slot7" not in mails[ADA].as_string()


@pytest.mark.parametrize("languages", [("en", "zh"), ("zh", "en"), ("de",), ("zh-Hant",), ("ar", "en")])
@pytest.mark.parametrize("papers", [0, 1, 15, 60])
def test_both_ways_to_render_make_the_same_bytes(languages: tuple[str, ...], papers: int) -> None:
    renderer = Renderer([TEMPLATES])
    edition = an_edition(papers)
    edition = replace(edition, wishes=replace(edition.wishes, languages=languages))
    for letterhead in (a_letterhead(), a_letterhead(public_url=None)):
        shared, own = renderer.render(edition, letterhead), renderer.render_own(edition, letterhead)
        for name in ("html", "text", "body"):
            assert getattr(own, name).fill(KEYS) == getattr(shared, name).fill(KEYS)
        assert (own.subject, own.papers, own.key) == (shared.subject, shared.papers, shared.key)
