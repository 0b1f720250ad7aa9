"""Who asked to join: one row an address, until it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, func, or_, select, update

from newsletter.models import JoinRequest, JoinState, Source
from newsletter.store.engine import Base, add_missing, inserted
from newsletter.store.papers import CHUNK
from newsletter.store.tables import join_request

_FIELDS = tuple(one.name for one in fields(JoinRequest))
_KEPT = ("email", "state", "sent", "emails", "message_id", "confirmed", "invited")  # when it is asked again
_OF_FORM = ("network", "tried")  # always those of the last form: limits count forms, whatever became of the request
DECIDED = (JoinState.SENDING.value, JoinState.CONFIRMED.value, JoinState.JOINED.value)


class Joining(Base):
    """Requests to join. Nobody is a reader before they confirm."""

    def ask_to_join(self, request: JoinRequest) -> None:
        """Note who asks, by the same statement for everybody; what was confirmed or declined stays as it is."""
        with self._transaction() as connection:
            noted = inserted(connection, join_request).values(_row(request) | {"tried": request.asked})
            asked_again: dict[str, ColumnElement[Any]] = {
                name: case((join_request.c.state.in_(DECIDED), join_request.c[name]), else_=noted.excluded[name])
                for name in (*(name for name in _FIELDS if name not in (*_KEPT, *_OF_FORM)), "state")
            }
            asked_again |= {name: noted.excluded[name] for name in _OF_FORM}
            connection.execute(noted.on_conflict_do_update(index_elements=["email"], set_=asked_again))

    def ask_all(self, requests: Sequence[JoinRequest]) -> int:
        """Note who asks and has not asked yet; how many those are."""
        rows = [_row(one) for one in requests]
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
        names = ("state", "sent", "emails", "message_id", "confirmed", "invited")
        values = {name: getattr(request, name) for name in names}
        same = (join_request.c.email == request.email) & (join_request.c.state == before.value)
        with self._transaction() as connection:
            return connection.execute(update(join_request).where(same).values(values)).rowcount == 1

    def record_join(self, request: JoinRequest) -> None:
        """Record what was decided of this very request, whatever was asked for the same mailbox meanwhile."""
        names = ("written", "given", "language", "source", "consent", "note", "state", "asked", "confirmed")
        with self._transaction() as connection:
            noted = inserted(connection, join_request).values(_row(request))
            decided: dict[str, Any] = {name: noted.excluded[name] for name in names}
            if request.state is JoinState.JOINED:
                decided["emails"] = 0  # whoever leaves and comes back begins anew
            connection.execute(noted.on_conflict_do_update(index_elements=["email"], set_=decided))

    def drop_open_joins(self) -> None:
        """Forget what was to be written about: in a ledger that was copied it may have been."""
        states = (JoinState.ASKED.value, JoinState.SENDING.value, JoinState.JOINED.value)
        with self._transaction() as connection:
            connection.execute(delete(join_request).where(join_request.c.state.in_(states)))

    def joins_since(self, since: datetime, now: datetime) -> int:
        """How many emails about joining have gone out since then, and how many are still to go."""
        sent = select(func.count()).select_from(join_request).where(join_request.c.sent.between(since, now))
        # Imported ones take what is left: they must not keep others from joining.
        to_go = (join_request.c.state == JoinState.ASKED.value, join_request.c.source != Source.IMPORT.value)
        waiting = select(func.count()).select_from(join_request).where(*to_go)
        with self._reading() as connection:
            return (connection.scalar(sent) or 0) + (connection.scalar(waiting) or 0)

    def joins_from(self, network: str, since: datetime) -> Sequence[datetime]:
        """When this network asked for what nobody has confirmed, oldest first."""
        tried, confirmed = join_request.c.tried, join_request.c.confirmed
        query = select(tried).where(join_request.c.network == network, tried >= since)
        query = query.where(or_(confirmed.is_(None), confirmed < tried))
        with self._reading() as connection:
            return connection.scalars(query.order_by(tried)).all()

    def drop_join(self, email: str) -> None:
        """Forget that this address ever asked."""
        with self._transaction() as connection:
            connection.execute(delete(join_request).where(join_request.c.email == email))


def _row(request: JoinRequest) -> dict[str, Any]:
    return asdict(request) | {"given": dict(request.given)}


def _request(row: Row[Any]) -> JoinRequest:
    values = dict(row._mapping) | {"state": JoinState(row.state), "source": Source(row.source)}
    return JoinRequest(**values | {"given": tuple(row.given.items())})
