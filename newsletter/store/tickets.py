"""One-time links: the ledger keeps a hash of each link's secret part, what it is for and when it expires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update

from newsletter.store.engine import Base, add_missing
from newsletter.store.tables import ticket


class Tickets(Base):
    """One-time links, by a hash of their secret part."""

    def issue_ticket(self, ticket_hash: str, purpose: str, payload: Mapping[str, Any], expires: datetime) -> None:
        """Record what the link with this hash is for; if it is known, the first record counts."""
        row = {"hash": ticket_hash, "purpose": purpose, "payload": dict(payload), "expires": expires}
        with self._transaction() as connection:
            add_missing(connection, ticket, [row])

    def ticket(self, ticket_hash: str, purpose: str, now: datetime) -> Mapping[str, Any] | None:
        """What it was issued with; None when it is unknown, expired, used or for another purpose."""
        with self._reading() as connection:
            return connection.scalar(select(ticket.c.payload).where(valid(ticket_hash, purpose, now)))

    def use_ticket(self, ticket_hash: str, purpose: str, now: datetime) -> Mapping[str, Any] | None:
        """Like `ticket`, but uses the ticket up: only one caller ever gets an answer."""
        # Asked and marked in one statement: of two callers one finds it unused.
        taken = update(ticket).where(valid(ticket_hash, purpose, now)).values(used=now).returning(ticket.c.payload)
        with self._transaction() as connection:
            payload: Mapping[str, Any] | None = connection.scalar(taken)
        return payload

    def used_ticket(self, ticket_hash: str, purpose: str, now: datetime) -> Mapping[str, Any] | None:
        """What a ticket was issued with that has been used, until it would have expired."""
        same = and_(ticket.c.hash == ticket_hash, ticket.c.purpose == purpose)
        used = and_(same, ticket.c.expires > now, ticket.c.used.is_not(None))
        with self._reading() as connection:
            return connection.scalar(select(ticket.c.payload).where(used))


def valid(ticket_hash: str, purpose: str, now: datetime) -> ColumnElement[bool]:
    """Neither used nor expired."""
    same = and_(ticket.c.hash == ticket_hash, ticket.c.purpose == purpose)
    return and_(same, ticket.c.expires > now, ticket.c.used.is_(None))
