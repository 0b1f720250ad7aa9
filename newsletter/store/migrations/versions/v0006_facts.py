"""Facts as fields: printed papers, texts of topics, where readers come from, one-time links, 64-bit ids.

Old rows are filled once from the sentences and the text parts that the old version wrote: it kept these facts nowhere
else. What cannot be told stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_CHUNK = 100  # editions in memory at once: each is some 50 kB
_IDS = {
    "id": ("delivery", "model_call", "hours", "wishes"),
    "delivery_id": ("received",),
    "hours_id": ("reader",),
    "wishes_id": ("reader",),
}

_edition = sa.table("edition", sa.column("key"), sa.column("text", sa.LargeBinary), sa.column("papers", sa.JSON))
_paper = sa.table("paper", sa.column("arxiv_id"), sa.column("version"))
_issue = sa.table(
    "issue",
    sa.column("date", sa.Date),
    sa.column("notes", sa.JSON),
    sa.column("model_notes", sa.JSON),
    sa.column("budget_reached", sa.Boolean),
)
_KEY = ("arxiv_id", "version", "topic_hash")
_ranking = sa.table("ranking", *map(sa.column, _KEY), sa.column("fate", sa.Text), sa.column("place", sa.Integer))


def upgrade() -> None:
    """New columns and tables, then what old rows say of them."""
    _make_columns()
    _make_tables()
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":  # an integer of SQLite has 64 bits
        _widen_ids()
    _move_notes(connection)
    _fill_places(connection)
    _fill_papers(connection)


def _make_columns() -> None:
    op.add_column("edition", sa.Column("papers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("issue", sa.Column("model_notes", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("issue", sa.Column("budget_reached", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("ranking", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("reader", sa.Column("source", sa.String(), nullable=False, server_default="file"))
    op.add_column("reader", sa.Column("stated", sa.JSON(), nullable=True))


def _make_tables() -> None:
    op.create_table(
        "topic_text",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "hash"),
    )
    op.create_table(
        "ticket",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("used", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )


def _widen_ids() -> None:
    for column, tables in _IDS.items():
        for table in tables:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=False)
            if column == "id":
                op.execute(f"ALTER SEQUENCE {table}_id_seq AS bigint")


def _move_notes(connection: sa.Connection) -> None:
    for day, notes in connection.execute(sa.select(_issue.c.date, _issue.c.notes)).all():
        of_models = [note for note in notes if note.startswith("model ")]
        if of_models:
            values = {
                "notes": [note for note in notes if note not in of_models],
                "model_notes": of_models,
                "budget_reached": any("limit of $" in note for note in of_models),
            }
            connection.execute(sa.update(_issue).where(_issue.c.date == day).values(values))


def _fill_places(connection: sa.Connection) -> None:
    picked = sa.select(_ranking).where(_ranking.c.fate.like("picked as number %"))
    places = [
        {**{f"the_{name}": row[name] for name in _KEY}, "place": int(found[1])}
        for row in connection.execute(picked).mappings().all()
        if (found := re.fullmatch(r"picked as number (\d+) of \d+", row["fate"]))
    ]
    if places:
        same = sa.and_(*(_ranking.c[name] == sa.bindparam(f"the_{name}") for name in _KEY))
        connection.execute(sa.update(_ranking).where(same), places)


def _fill_papers(connection: sa.Connection) -> None:
    page = sa.select(_edition.c.key, _edition.c.text).order_by(_edition.c.key).limit(_CHUNK)
    rows = connection.execute(page).all()
    while rows:
        read = {key: _printed(text.decode(errors="replace")) for key, text in rows}
        versions = _versions(connection, {arxiv_id for papers in read.values() for _, arxiv_id in papers})
        filled = [
            {"the_key": key, "papers": [_object(number, arxiv_id, versions) for number, arxiv_id in papers]}
            for key, papers in read.items()
            if papers
        ]
        if filled:
            connection.execute(sa.update(_edition).where(_edition.c.key == sa.bindparam("the_key")), filled)
        rows = connection.execute(page.where(_edition.c.key > rows[-1].key)).all()


def _versions(connection: sa.Connection, ids: set[str]) -> Mapping[str, int]:
    rows = connection.execute(sa.select(_paper).where(_paper.c.arxiv_id.in_(ids)))
    return {row.arxiv_id: row.version for row in rows}


def _object(number: int, arxiv_id: str, versions: Mapping[str, int]) -> dict[str, Any]:
    return {"id": arxiv_id, "version": versions.get(arxiv_id), "number": number, "topic": None}


# --- the text part of a mail, as the program's own template wrote it ---

_HEADING = re.compile(r"── .+ ──")
_TITLE = re.compile(r"([1-9]\d*)\. \S")
_LINK = re.compile(r"( {4})?(arXiv: )?https://arxiv\.org/abs/(\S+)")


def _printed(text: str) -> list[tuple[int, str]]:
    """Numbers and arXiv ids in printed order; none where anything is not as our template has it."""
    lines = ["", *text.split("\n"), ""]
    found: list[tuple[int, str]] = []
    number = None  # of the title whose links are still to come
    for place, line in enumerate(lines[1:], start=1):
        # The overview's titles have no links, and stand between two headings.
        number = None if _HEADING.fullmatch(line) else number
        title = None if lines[place - 1] else _TITLE.match(line)
        arxiv_id = _linked(lines, place)
        if (title and number) or (arxiv_id and not number):
            return []
        if title:
            number = int(title[1])
        elif arxiv_id and number:
            found.append((number, arxiv_id))
            number = None
    numbers, ids = sorted(number for number, _ in found), {arxiv_id for _, arxiv_id in found}
    return found if numbers == list(range(1, len(ids) + 1)) else []


def _linked(lines: list[str], place: int) -> str | None:
    """The arXiv id of the paper whose links begin here: three with labels, or one alone below a bare title."""
    link = _LINK.fullmatch(lines[place])
    if not link or not (link[1] or link[2]):
        return None
    margin, label, arxiv_id = link[1] or "", link[2], link[3]
    expected = [f"{margin}{name.upper()}: https://arxiv.org/{name}/{arxiv_id}" for name in ("pdf", "html")]
    expected = expected if label else [""]
    return arxiv_id if lines[place + 1 : place + 1 + len(expected)] == expected else None
