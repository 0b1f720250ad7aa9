"""What readers like, pass over and save, and their own editions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def _who() -> sa.Column[int]:
    return sa.Column("subscriber_id", sa.BigInteger(), sa.ForeignKey("subscriber.id"), nullable=False)


def upgrade() -> None:
    """Two tables and two columns."""
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
        "part",
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("used", sa.DateTime(), nullable=False),
    )
    op.create_index("part_used", "part", ["used"])
    op.add_column("edition", sa.Column("subscriber_id", sa.BigInteger(), nullable=True))
    op.add_column("edition", sa.Column("recipe", sa.LargeBinary(), nullable=True))
