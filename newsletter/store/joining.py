"""Who asked to join: one row an address, until it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from newsletter.models import JoinRequest, JoinState, Source
from newsletter.store.engine import Base, add_missing
from newsletter.store.papers import CHUNK
from newsletter.store.tables import join_request

_FIELDS = tuple(one.name for one in fields(JoinRequest))
_KEPT = ("email", "state", "sent", "emails", "message_id", "confirmed")  # when it is asked again
_DECIDED = (JoinState.CONFIRMED.value, JoinState.JOINED.value, JoinState.DECLINED.value)


class Joining(Base):
    """Requests to join. Nobody is a reader before they confirm."""

    def ask_to_join(self, request: JoinRequest) -> None:
        """Note who asks, by the same statement for everybody; what was confirmed or declined stays as it is."""
        row = asdict(request) | {"given": dict(request.given)}
        noted = insert(join_request).values(row)
        asked_again = {
            name: case((join_request.c.state.in_(_DECIDED), join_request.c[name]), else_=noted.excluded[name])
            for name in (*(name for name in _FIELDS if name not in _KEPT), "state")
        }
        with self._transaction() as connection:
            connection.execute(noted.on_conflict_do_update(index_elements=["email"], set_=asked_again))

    def ask_all(self, requests: Sequence[JoinRequest]) -> int:
        """Note who asks and has not asked yet; how many those are."""
        rows = [asdict(one) | {"given": dict(one.given)} for one in requests]
        with self._transaction() as connection:
            before = connection.scalar(select(func.count()).select_from(join_request)) or 0
            add_missing(connection, join_request, rows)
            return (connection.scalar(select(func.count()).select_from(join_request)) or 0) - before

    def join_request(self, email: str) -> JoinRequest | None:
        """By what two spellings of the address have in common."""
        with self._reading() as connection:
            row = connection.execute(select(join_request).where(join_request.c.email == email)).first()
        return _request(row) if row else None

    def join_request_of(self, message_id: str) -> JoinRequest | None:
        """By the Message-ID of our last email about it."""
        with self._reading() as connection:
            row = connection.execute(select(join_request).where(join_request.c.message_id == message_id)).first()
        return _request(row) if row else None

    def join_requests(self, state: JoinState) -> Sequence[JoinRequest]:
        """Some that are in this state, those first that were asked first, and imported ones last."""
        imported = join_request.c.source == Source.IMPORT.value
        query = select(join_request).where(join_request.c.state == state.value).order_by(imported, join_request.c.asked)
        with self._reading() as connection:
            return [_request(row) for row in connection.execute(query.limit(CHUNK))]

    def change_join(self, request: JoinRequest, before: JoinState) -> bool:
        """Record what became of a request; false where someone else was faster, and it was no longer as `before`."""
        values = {name: getattr(request, name) for name in ("state", "sent", "emails", "message_id", "confirmed")}
        same = (join_request.c.email == request.email) & (join_request.c.state == before.value)
        with self._transaction() as connection:
            return connection.execute(update(join_request).where(same).values(values)).rowcount == 1

    def joins_since(self, since: datetime) -> int:
        """How many emails about joining have gone out since then, and how many are still to go."""
        sent = select(func.count()).select_from(join_request).where(join_request.c.sent >= since)
        # Imported ones take what is left: they must not keep others from joining.
        to_go = (join_request.c.state == JoinState.ASKED.value, join_request.c.source != Source.IMPORT.value)
        waiting = select(func.count()).select_from(join_request).where(*to_go)
        with self._reading() as connection:
            return (connection.scalar(sent) or 0) + (connection.scalar(waiting) or 0)

    def joins_from(self, network: str, since: datetime) -> Sequence[datetime]:
        """When this network asked for what nobody has confirmed, oldest first."""
        open_ones = (join_request.c.network == network, join_request.c.asked >= since)
        query = select(join_request.c.asked).where(*open_ones, join_request.c.confirmed.is_(None))
        with self._reading() as connection:
            return connection.scalars(query.order_by(join_request.c.asked)).all()

    def clear_joins(self, before: datetime) -> None:
        """Remove what is older, but for what was confirmed or declined, and imported ones that are still to be sent."""
        unsent = (join_request.c.source == Source.IMPORT.value) & (join_request.c.state == JoinState.ASKED.value)
        old = (join_request.c.asked < before, join_request.c.state.not_in(_DECIDED), ~unsent)
        with self._transaction() as connection:
            connection.execute(delete(join_request).where(*old))

    def drop_join(self, email: str) -> None:
        """Forget that this address ever asked."""
        with self._transaction() as connection:
            connection.execute(delete(join_request).where(join_request.c.email == email))


def _request(row: Row[Any]) -> JoinRequest:
    values = dict(row._mapping) | {"state": JoinState(row.state), "source": Source(row.source)}
    return JoinRequest(**values | {"given": tuple(row.given.items())})
