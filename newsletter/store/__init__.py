"""The ledger: SQLAlchemy Core over SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from newsletter.store import sqlite
from newsletter.store.archive_days import ArchiveDays
from newsletter.store.attempts import Attempts
from newsletter.store.deliveries import Deliveries
from newsletter.store.figures import Counting
from newsletter.store.joining import Joining
from newsletter.store.judgements import Judgements
from newsletter.store.leases import Leases
from newsletter.store.moving import Moving
from newsletter.store.notes import Notes
from newsletter.store.own_data import OwnData
from newsletter.store.papers import Papers
from newsletter.store.questions import Questions
from newsletter.store.readers import Readers
from newsletter.store.registers import Registers
from newsletter.store.retention import Retention
from newsletter.store.roster import Rosters
from newsletter.store.servers import Servers
from newsletter.store.tables import REVISION, SQLITE
from newsletter.store.taste import Tastes
from newsletter.store.tickets import Tickets
from newsletter.store.troubles import Troubles

__all__ = ["REVISION", "Store", "open_store"]


class Store(
    Papers,
    Judgements,
    Readers,
    Rosters,
    Registers,
    Joining,
    Moving,
    Deliveries,
    Attempts,
    Leases,
    ArchiveDays,
    Tickets,
    Questions,
    OwnData,
    Troubles,
    Notes,
    Counting,
    Retention,
    Servers,
    Tastes,
):
    """The ledger as a whole, over one engine."""


def open_store(url: str, copies: Path | None = None) -> Store:
    """Open, upgrade or create the ledger at an SQLAlchemy URL. Raises StoreUnreadable."""
    if make_url(url).get_backend_name() == SQLITE:
        return Store(sqlite.open_engine(url, copies))
    from newsletter.store import postgres  # whose driver not every installation has

    return Store(postgres.open_engine(url))
