"""`newsletter like|not|save` and `explain --reader`, as an operator uses them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter import pipeline
from newsletter.cli import reports, taste
from newsletter.errors import ConfigurationError
from newsletter.models import MarkKind, Source
from newsletter.readers import in_force
from newsletter.settings import Settings
from tests.counters import counter_of
from tests.factories import DAY
from tests.morning import MORNING, ROSTER, desk_of, practice

ADA, CHEN = "ada@example.org", "chen@example.org"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[str]]:
    """A morning that both readers had, and what it showed."""
    with practice(tmp_path_factory.mktemp("commands")) as (_, settings), desk_of(settings) as desk:
        pipeline.run(desk)
        editor = pipeline.Editor(desk)
        return settings, [one.paper.arxiv_id for one in editor.day(DAY, desk.roster.topics[0]).picks()]


def test_marks_by_command(sent: tuple[Settings, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Counts are told, never titles; twice is once, and undone it is gone."""
    settings, shown = sent
    assert taste.mark(settings, MarkKind.LIKE, [shown[0], f"https://arxiv.org/abs/{shown[1]}v1"], ADA, undo=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"2 papers liked for {ADA}."
    taste.mark(settings, MarkKind.LIKE, shown[:1], ADA, undo=False)
    assert capsys.readouterr().out.splitlines()[-1] == f"0 papers liked for {ADA}, 1 already were."
    reports.explain(settings, shown[0], None, ADA, as_json=False)
    said = capsys.readouterr().out
    assert f"{ADA}: own order, learned from 2 liked and" in said
    assert f"{ADA}: shown as number " in said
    reports.explain(settings, shown[0], None, CHEN, as_json=False)
    assert f"{CHEN}: gets the topics' order" in capsys.readouterr().out
    taste.mark(settings, MarkKind.LIKE, shown[:2], ADA, undo=True)
    assert capsys.readouterr().out.splitlines()[-1] == f"2 marks of {ADA} taken back."


def test_a_mark_knows_its_email(sent: tuple[Settings, list[str]]) -> None:
    """So that what stood beside it and was left alone counts as passed over."""
    settings, shown = sent
    taste.mark(settings, MarkKind.SAVE, shown[:1], CHEN, undo=False)
    with desk_of(settings) as desk:
        who = desk.store.subscriber(CHEN)
        assert who is not None
        (mark,) = desk.store.marks(who.id).all
        (mail,) = desk.store.deliveries(reader=who.id)
        assert mark.edition == mail.edition


def test_who_is_meant_is_clear_while_only_the_file_has_a_reader(tmp_path: Path) -> None:
    (tmp_path / "subscribers.yaml").write_text(ROSTER.partition("  - email")[0], "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with counter_of(settings) as counter:
        with pytest.raises(ConfigurationError, match="is not in the ledger"):
            taste.mark(settings, MarkKind.LIKE, ["2603.99999"], None, undo=False)
        reader = replace(in_force.load(counter).readers[0], email=CHEN, source=Source.PAGE, in_file=False)
        who = counter.store.enrol([CHEN], MORNING)[CHEN]
        counter.store.put_readers([(who.id, reader)])
        with pytest.raises(ConfigurationError, match="the newsletter has 2 readers"):
            taste.mark(settings, MarkKind.LIKE, ["2603.99999"], None, undo=False)


@pytest.mark.parametrize(
    ("ids", "reader", "problem"),
    [
        (["2603.99999"], ADA, "is not in the ledger"),
        (["pruning"], ADA, "is not an arXiv id"),
        ([], None, "the newsletter has 2 readers"),
        ([], "nobody@example.org", "neither in the subscriber list nor in the ledger"),
    ],
)
def test_mistakes_mark_nothing(
    sent: tuple[Settings, list[str]], ids: list[str], reader: str | None, problem: str
) -> None:
    settings, shown = sent
    with pytest.raises(ConfigurationError, match=problem):
        taste.mark(settings, MarkKind.NOT, [*ids, shown[5]], reader, undo=False)
    with desk_of(settings) as desk:
        assert desk.store.mark_counts()["not"] == 0
