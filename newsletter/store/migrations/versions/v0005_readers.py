"""The roster as rows, and indexes for pages of readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Three tables, and indexes by which a page of readers is found."""
    for name in ("hours", "wishes"):
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("text", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id"),
            sa.UniqueConstraint("text"),
        )
    op.create_table(
        "reader",
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("hours_id", sa.Integer(), nullable=False),
        sa.Column("wishes_id", sa.Integer(), nullable=False),
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["hours_id"], ["hours.id"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.ForeignKeyConstraint(["wishes_id"], ["wishes.id"]),
        sa.PrimaryKeyConstraint("subscriber_id"),
    )
    op.create_index("reader_page", "reader", ["hours_id", "wishes_id", "subscriber_id"], unique=False)
    op.create_index("ix_subscriber_paused_until", "subscriber", ["paused_until"], unique=False)
    op.create_index("ix_received_issue", "received", ["issue"], unique=False)
    op.drop_index("ix_delivery_subscriber_id", "delivery")
    op.create_index("delivery_of", "delivery", ["subscriber_id", "date"], unique=False)
