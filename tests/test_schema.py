"""The schema's history: an old ledger becomes a new one with everything in it, and a copy from before."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    create_engine,
    insert,
)

from newsletter.app.files import token_keys
from newsletter.errors import StoreUnavailable, StoreUnreadable
from newsletter.settings import Settings
from newsletter.store import open_store, schema
from newsletter.store.tables import REVISION, metadata
from tests.conftest import ROOT
from tests.factories import a_paper

MIGRATIONS = ROOT / "newsletter" / "store" / "migrations"


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def a_value(kind: Any) -> object:
    for known, value in (
        (JSON, ["2026-03-09"]), (Boolean, True), (DateTime, datetime(2026, 3, 9, 12)), (Date, date(2026, 3, 9)),  # noqa: DTZ001
        (LargeBinary, b"bytes"), (Float, 1.5), (Integer, 7),
    ):  # fmt: skip
        if isinstance(kind, known):
            return value
    return "text"


def old_ledger(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """A database as the first version made it, with a row in every table; those rows."""
    with connected(path) as connection:
        schema.upgrade(connection, to="0001")
        connection.exec_driver_sql("DROP TABLE alembic_version")
        found = MetaData()
        found.reflect(connection)
        for table in found.sorted_tables:
            connection.execute(insert(table).values({c.name: a_value(c.type) for c in table.columns}))
        connection.exec_driver_sql("DELETE FROM meta")
        connection.exec_driver_sql("INSERT INTO meta VALUES ('schema', '1')")
    return rows(path, [table.name for table in found.sorted_tables])


def rows(path: Path, tables: list[str]) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def test_an_old_ledger_is_upgraded_and_keeps_everything(tmp_path: Path) -> None:
    """Every row of the first version is there afterwards, and every table is what the program expects."""
    path = tmp_path / "ledger.db"
    before = old_ledger(path)
    assert len(before) > 10
    assert all(before.values())
    open_store(f"sqlite:///{path}").close()
    after = rows(path, list(before))
    after["meta"] = [row for row in after["meta"] if row[0] != "schema.oldest"]
    assert before == {name: [row[: len(before[name][0])] for row in after[name]] for name in before}
    with connected(path) as connection:
        of_server = {"include_object": lambda one, *_: one.dialect_options["postgresql"].get("where") is None}
        context = MigrationContext.configure(connection, opts=of_server)
        missing = compare_metadata(context, metadata)
        wanted = render_python_code(produce_migrations(context, metadata).upgrade_ops)  # type: ignore[arg-type]
    assert [] == missing, f"a revision after {REVISION} must say:\n{wanted}"


def old_text(numbers: Sequence[int], cards: int = 10, *, titles: int = 0, heading: str = "Papers") -> str:
    """The text part of an email as the first edition wrote it: an overview, cards, rows, and titles alone."""
    shown = list(numbers)
    overview = [f"{number}. Pruner {number} (9/10)\n    One search for each layer." for number in shown]
    lines = ["Morning arXiv — Monday, 9 March", "12 of 40 new papers", "", "", "── In this email ──", "", *overview, ""]
    lines += ["", f"── {heading} ──"]
    for place, number in enumerate(shown):
        if place == cards:
            lines += ["", "", "── Also today ──"]
        margin = "" if place < cards else "    "
        lines += ["", f"{number}. Pruner {number}: Budgets for Experts", f"{margin}→ Pruning of experts"]
        links = [f"{name}: https://arxiv.org/{path}/{arxiv_id(number)}" for name, path in LINKS]
        if place >= len(shown) - titles:
            lines[-1:] = [f"{margin}https://arxiv.org/abs/{arxiv_id(number)}"]
        else:
            lines += [f"{margin}{link}" for link in links]
    return "\n".join([*lines, "", "──", "https://news.example.org/u/aaaa", ""])


LINKS = (("arXiv", "abs"), ("PDF", "pdf"), ("HTML", "html"))


def arxiv_id(number: int) -> str:
    return f"2603.{number:05}" if number != 9 else "quant-ph/0201082"


def upgraded_editions(path: Path, texts: Sequence[str]) -> list[list[tuple[str, int | None, int, str | None]]]:
    """The papers that the upgrade finds in editions with these text parts; the ledger knows one paper's version."""
    with connected(path) as connection:
        schema.upgrade(connection, to="0005")
        found = MetaData()
        found.reflect(connection)
        empty = {c.name: a_value(c.type) for c in found.tables["edition"].columns}
        rows = [empty | {"key": f"{number:04}", "text": text.encode()} for number, text in enumerate(texts)]
        connection.execute(insert(found.tables["edition"]), rows)
        known = {c.name: a_value(c.type) for c in found.tables["paper"].columns}
        connection.execute(insert(found.tables["paper"]), [known | {"arxiv_id": "2603.00002", "version": 3}])
    with closing(open_store(f"sqlite:///{path}")):
        pass
    with closing(sqlite3.connect(path)) as connection:
        stored = [json.loads(row[0]) for row in connection.execute("SELECT papers FROM edition ORDER BY key")]
    return [[(one["id"], one["version"], one["number"], one["topic"]) for one in papers] for papers in stored]


def test_printed_papers_are_read_from_old_editions(tmp_path: Path) -> None:
    """Every paper that was printed is found with its number, in any language, order and size."""
    printed = [[], [1, 2, 3], list(range(1, 13)), [2, 4, 1, 3], list(range(1, 31))]
    texts = [
        old_text(numbers, heading=heading, titles=len(numbers) // 10)
        for numbers in printed
        for heading in ("Papers", "论文")
    ] * 30  # more than one page of them
    found = upgraded_editions(tmp_path / "ledger.db", texts)
    versions = {"2603.00002": 3}
    expected = [
        [(arxiv_id(one), versions.get(arxiv_id(one)), one, None) for one in numbers]
        for numbers in printed
        for _ in range(2)
    ]
    assert expected * 30 == found


def test_nothing_is_guessed_of_other_templates(tmp_path: Path) -> None:
    """Where the text part is not as our template writes it, the papers of an old edition stay unknown."""
    text = old_text([1, 2, 3, 4])
    overview, cards = text.split("── Papers ──")
    quoting = cards.replace("→ Pruning of experts", "3. See\n\narXiv: https://arxiv.org/abs/2401.00001\n", 1)
    others = [
        re.sub(r"(?m)^(\d\.) ", r"\1) ", text),
        re.sub(r"(?m)^\d\. ", "", text),
        text.replace("──", "=="),
        text.replace("arXiv: ", "Abstract: "),
        re.sub("(?m)^PDF: .*\n", "", text),
        cards.replace("\n2. ", "\n1. "),
        cards.replace("2603.00003", "2603.00002"),
        overview + "── Papers ──" + cards.replace("\n4. ", "\n5. "),
        re.sub(r"(?m)^arXiv: \S+\nPDF: \S+\nHTML: \S+\n", "", cards, count=1),
        overview + "── Papers ──" + quoting.replace("\n2. ", "\n\n42. "),
    ]
    assert [[]] * len(others) == upgraded_editions(tmp_path / "ledger.db", others)


def test_facts_leave_the_sentences(tmp_path: Path) -> None:
    """What the version before said in notes and fates alone is in fields after the upgrade."""
    path = tmp_path / "ledger.db"
    spent = "model m: the limit of $2 for this issue is reached (and 1 other errors)"
    notes = {1: ["API is down", spent, "model lines: 1 failed"], 2: ["the limit of $2"], 3: ["model m: busy"], 4: []}
    fates = ["picked as number 12 of 340", "picked as number one", "relevance 5 is below 8", None]
    with connected(path) as connection:
        schema.upgrade(connection, to="0005")
        found = MetaData()
        found.reflect(connection)
        issue = {c.name: a_value(c.type) for c in found.tables["issue"].columns}
        days = [issue | {"date": date(2026, 3, day), "state": "ready", "notes": n} for day, n in notes.items()]
        connection.execute(insert(found.tables["issue"]), days)
        rank = {c.name: a_value(c.type) for c in found.tables["ranking"].columns}
        connection.execute(
            insert(found.tables["ranking"]), [rank | {"version": n, "fate": f} for n, f in enumerate(fates)]
        )
    with closing(open_store(f"sqlite:///{path}")) as store:
        issues = {one.date.day: one for one in store.issues()}
    assert (("API is down",), (spent, "model lines: 1 failed")) == (issues[1].notes, issues[1].model_notes)
    assert {day: tuple(said) for day, said in notes.items()} == {day: one.all_notes for day, one in issues.items()}
    assert {1: True, 2: False, 3: False, 4: False} == {day: one.budget_reached for day, one in issues.items()}
    with closing(sqlite3.connect(path)) as connection:
        assert [(12,), (None,), (None,), (None,)] == connection.execute(
            "SELECT place FROM ranking ORDER BY version"
        ).fetchall()


def test_upgraded_and_new_ledgers_are_the_same(tmp_path: Path) -> None:
    """Constraints and indexes too, which the comparison with the tables does not all see."""
    old_ledger(tmp_path / "old.db")
    shapes = []
    for name in ("old.db", "new.db"):
        open_store(f"sqlite:///{tmp_path / name}").close()
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            shapes.append({table: _shape(connection, table) for table in tables})
    assert shapes[1] == shapes[0]


def _shape(connection: sqlite3.Connection, table: str) -> tuple[object, ...]:
    columns = {row[1:4] + row[5:] for row in connection.execute(f"PRAGMA table_info({table})")}
    indexes = {
        (unique, origin, tuple(row[2] for row in connection.execute(f"PRAGMA index_info('{name}')")))
        for _, name, unique, origin, _ in connection.execute(f"PRAGMA index_list({table})")
    }
    keys = {row[2:5] for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
    return columns, indexes, keys


def test_a_copy_from_before_is_kept(tmp_path: Path) -> None:
    """An upgrade leaves the old database beside it, whole and for its owner alone; five of them are kept."""
    settings = Settings(data_dir=tmp_path / "var")
    token_keys(settings.data_dir)
    before = old_ledger(settings.data_dir / "newsletter.db")
    backups = settings.data_dir / "backups"
    backups.mkdir()
    for number in range(6):
        (backups / f"newsletter-2025010{number}T000000-before-0001.db").touch()
    with connected(settings.data_dir / "newsletter.db") as connection:  # as if a revision of tomorrow were known
        schema.copy(connection, backups, "before-0002")
    kept = sorted(file.name for file in backups.iterdir())
    assert 5 == len(kept)
    assert kept[-1].endswith("-before-0002.db")
    assert before == rows(backups / kept[-1], list(before))
    assert 0o600 == (backups / kept[-1]).stat().st_mode & 0o777


def test_no_copy_no_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no copy can be made the ledger stays as it was, and it is said."""
    path = tmp_path / "ledger.db"
    before = old_ledger(path)
    (tmp_path / "backups").write_text("a file in the folder's place")
    monkeypatch.setattr(schema, "REVISION", "0099")
    with pytest.raises(StoreUnavailable, match="could not create a copy"):
        open_store(f"sqlite:///{path}")
    assert before == rows(path, list(before))


@pytest.mark.parametrize("oldest", ["0998", "0999"])
def test_a_newer_schema_is_refused(tmp_path: Path, oldest: str) -> None:
    """What a newer version changed is left alone, and the text says which to use."""
    path = tmp_path / "ledger.db"
    open_store(f"sqlite:///{path}").close()
    with connected(path) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
        connection.exec_driver_sql(f"UPDATE meta SET value = '{oldest}' WHERE key = 'schema.oldest'")
    with pytest.raises(
        StoreUnreadable, match=f"schema 0999, created by a newer version; this version supports {REVISION}"
    ):
        open_store(f"sqlite:///{path}")


def test_a_newer_schema_that_was_only_added_to(tmp_path: Path) -> None:
    """Its ledger says that we can work with it: during an upgrade old and new processes run side by side."""
    path = tmp_path / "ledger.db"
    open_store(f"sqlite:///{path}").close()
    with connected(path) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
        connection.exec_driver_sql("ALTER TABLE paper ADD COLUMN colour VARCHAR")
        connection.exec_driver_sql("CREATE TABLE shelf (name VARCHAR PRIMARY KEY)")
    for _ in range(2):
        with closing(open_store(f"sqlite:///{path}")) as store:
            store.save_seen([a_paper()])
            assert store.paper(a_paper().arxiv_id)
    with connected(path) as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0999"


def test_the_newest_revision_is_the_programs(tmp_path: Path) -> None:
    """One line of history, which ends where the program says."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert [REVISION] == ScriptDirectory.from_config(config).get_heads()


def test_a_start_without_an_upgrade_does_without_alembic(tmp_path: Path) -> None:
    """New or current, a ledger is opened without the import."""
    code = f"""
import sys
from newsletter.store import open_store
for _ in range(2):
    open_store("sqlite:///{tmp_path / "ledger.db"}").close()
sys.exit("alembic" in sys.modules)
"""
    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode
