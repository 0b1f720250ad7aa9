"""What several processes share: who works, who does what alone, at which rate, and the days of the archive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Four tables and a column."""
    op.create_table(
        "worker",
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("beat", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "lease", sa.Column("name", sa.String(), primary_key=True), sa.Column("owner", sa.String(), nullable=False)
    )
    op.create_table(
        "slot",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
    )
    op.create_table(
        "archive_day",
        sa.Column("date", sa.Date(), primary_key=True),
        sa.Column("json", sa.Text(), nullable=False),
        sa.Column("published", sa.DateTime(), nullable=False),
    )
    op.add_column("edition", sa.Column("letterhead", sa.JSON(), nullable=True))
