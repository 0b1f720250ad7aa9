"""Readers who join by themselves: requests, consent, and what they have without an entry of the file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Six columns, two tables and four indexes."""
    op.add_column("reader", sa.Column("own_hours_id", _NUMBER, nullable=True))
    op.add_column("reader", sa.Column("own_wishes_id", _NUMBER, nullable=True))
    op.add_column("reader", sa.Column("register", sa.String(), nullable=True))
    op.add_column("reader", sa.Column("register_number", sa.Integer(), nullable=True))
    op.add_column("reader", sa.Column("given", sa.String(), nullable=True))
    op.create_index("reader_register", "reader", ["register", "register_number"])
    op.add_column("forgotten", sa.Column("barred", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "join_request",
        sa.Column("email", sa.String(), primary_key=True),
        sa.Column("written", sa.String(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked", sa.DateTime(), nullable=False),
        sa.Column("sent", sa.DateTime(), nullable=True),
        sa.Column("emails", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("confirmed", sa.DateTime(), nullable=True),
        sa.Column("tried", sa.DateTime(), nullable=True),
        sa.Column("invited", sa.JSON(), nullable=True),
    )
    op.create_index("join_request_state", "join_request", ["state", "asked"])
    op.create_index("join_request_network", "join_request", ["network", "tried"])
    op.create_index("join_request_message", "join_request", ["message_id"])
    op.create_table(
        "consent",
        sa.Column("subscriber_id", sa.BigInteger(), sa.ForeignKey("subscriber.id"), primary_key=True),
        sa.Column("confirmed", sa.DateTime(), primary_key=True),
        sa.Column("asked", sa.DateTime(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
    )
