"""What is kept of an old email, of an old issue's cost and of the last issue that a reader had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# An edition that no email was planned from counts from now on.
_LAST_USED = """
UPDATE edition SET used = coalesce(
    (SELECT last FROM (SELECT edition, max(date) AS last FROM delivery GROUP BY edition) AS planned
     WHERE planned.edition = edition.key), CURRENT_TIMESTAMP)
"""


def upgrade() -> None:
    """Three columns, a table and two indexes."""
    op.add_column("subscriber", sa.Column("last_issue", sa.Date(), nullable=True))
    op.add_column("edition", sa.Column("used", sa.DateTime(), nullable=True))
    op.add_column("edition", sa.Column("kept", sa.String(), nullable=False, server_default="all"))
    op.create_index("edition_kept", "edition", ["kept", "used"])
    op.create_index("inbound_at", "inbound", ["at"])
    op.create_table(
        "spent",
        sa.Column("issue", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("issue", "stage", "model"),
    )
    op.execute(sa.text(_LAST_USED))
