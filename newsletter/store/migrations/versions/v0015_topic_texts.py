"""What a topic's text was before its last edit, beside its hash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A column."""
    op.add_column("topic_text", sa.Column("text", sa.String(), nullable=True))
