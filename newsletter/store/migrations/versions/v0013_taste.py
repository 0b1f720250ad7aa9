"""What readers like, pass over and save, what their order is learned from, and their own editions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"


def _who() -> sa.Column[int]:
    return sa.Column("subscriber_id", sa.BigInteger(), sa.ForeignKey("subscriber.id"), nullable=False)


def upgrade() -> None:
    """Four tables and two columns."""
    op.create_table(
        "mark",
        _who(),
        sa.Column("arxiv_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=True),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "arxiv_id", "kind"),
    )
    op.create_table(
        "example",
        _who(),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "key"),
    )
    op.create_table(
        "feed",
        _who(),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id"),
    )
    op.create_table(
        "part",
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("used", sa.DateTime(), nullable=False),
    )
    op.create_index("part_used", "part", ["used"])
    op.add_column("edition", sa.Column("subscriber_id", sa.BigInteger(), nullable=True))
    op.add_column("edition", sa.Column("recipe", sa.LargeBinary(), nullable=True))
