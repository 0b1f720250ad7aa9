"""The language of a reason, and whether a paper fits its topic without a score. Older reasons are English."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

_KEY = ("arxiv_id", "version", "topic_hash", "prompt_hash", "model", "language")


def upgrade() -> None:
    """SQLite cannot add a column to a primary key: the table is made anew and filled."""
    op.add_column("ranking", sa.Column("fits", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "reason_new",
        sa.Column("arxiv_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("topic_hash", sa.String(), nullable=False),
        sa.Column("prompt_hash", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("language", sa.String(), nullable=False, server_default="en"),
        sa.PrimaryKeyConstraint(*_KEY),
    )
    copied = [name for name in (*_KEY, "text") if name != "language"]
    old = sa.table("reason", *map(sa.column, copied))
    new = sa.table("reason_new", *map(sa.column, copied))
    op.execute(sa.insert(new).from_select(copied, sa.select(*(old.c[name] for name in copied))))
    op.drop_table("reason")
    op.rename_table("reason_new", "reason")
