"""A reader's address becomes another one: both links and the change itself, each in one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from newsletter.models import DeliveryState, JoinState, Moved, Source, SubscriberState
from newsletter.store.engine import Base, add_missing, inserted, put
from newsletter.store.readers import MOVED, column_id, moves
from newsletter.store.tables import bounce, delivery, join_request, meta, preference, reader, subscriber, ticket
from newsletter.store.tickets import valid

_UNTOLD = "moves.untold"
_READS = (SubscriberState.ACTIVE.value, SubscriberState.PAUSED.value)


class Moving(Base):
    """Changes of address. Whoever is moved keeps everything else."""

    def claim_join_email(self, mailbox: str, written: str, now: datetime, since: datetime, most: int) -> bool:
        """Whether an email may go to this address of someone who is no reader; it counts as one about joining.

        Not where one went there after `since`, or `most` did.
        """
        row: dict[str, Any] = {
            "email": mailbox,
            "written": written,
            "given": {},
            "language": "",
            "source": Source.PAGE.value,
        }
        row |= {"network": "", "consent": "", "state": JoinState.DROPPED.value, "asked": now, "sent": now, "emails": 1}
        last, sent = join_request.c.sent, join_request.c.emails
        allowed = or_(last.is_(None), last <= since, last > now) & (sent < most)
        with self._transaction() as connection:
            noted = inserted(connection, join_request).values(row)
            counted = {"sent": now, "emails": sent + 1}
            again = noted.on_conflict_do_update(index_elements=["email"], set_=counted, where=allowed)
            # Only some drivers say how many rows an insertion changed.
            return connection.execute(again.returning(join_request.c.email)).first() is not None

    def drop_move(self, subscriber_id: int, purposes: Collection[str]) -> None:
        """The links of these purposes that this reader was sent work no more."""
        with self._transaction() as connection:
            _drop(connection, str(subscriber_id), purposes)

    def agree_to_move(self, ticket_hash: str, purpose: str, undo: tuple[str, str, datetime], now: datetime) -> Moved:
        """One of both addresses agrees; the second one to do so moves the reader.

        `undo`: hash, purpose and end of the link that takes it back.
        """
        with self._transaction() as connection:
            payload = _used(connection, ticket_hash, purpose, now)
            if payload is None:
                return Moved.NOT
            same = ticket.c.payload["change"].as_string() == payload["change"]
            agreed = select(func.count()).select_from(ticket).where(same, ticket.c.used.is_not(None))
            if (connection.scalar(agreed) or 0) < 2:
                return Moved.HALF
            who, old = column_id(int(payload["subscriber"])), payload["old"]
            is_so = (subscriber.c.id == who) & (subscriber.c.email == old) & subscriber.c.state.in_(_READS)
            if connection.scalar(select(subscriber.c.id).where(is_so)) is None:
                return Moved.NOT
            former = _moved(connection, who, payload["new"], now)
            if former is None:
                return Moved.NOT
            back = {"subscriber": payload["subscriber"], "old": former, "new": payload["new"]}
            row = dict(zip(("hash", "purpose", "expires"), undo, strict=True)) | {"payload": back}
            add_missing(connection, ticket, [row])
            _note_untold(connection, {**back, "change": payload["change"], "at": now.isoformat()})
            return Moved.DONE

    def move_back(self, ticket_hash: str, purpose: str, others: Collection[str], now: datetime) -> bool:
        """Undo a change, and whatever was changed or asked for since; false where the link does not work."""
        with self._transaction() as connection:
            row = connection.execute(select(ticket).where(valid(ticket_hash, purpose, now))).first()
            if row is None:
                return False
            payload = row.payload
            former = _moved(connection, column_id(int(payload["subscriber"])), payload["old"], now)
            if former is None:
                return False
            _used(connection, ticket_hash, purpose, now)
            _drop(connection, payload["subscriber"], others)
            later = (ticket.c.purpose == purpose) & (ticket.c.expires >= row.expires) & (ticket.c.hash != ticket_hash)
            mine = ticket.c.payload["subscriber"].as_string() == payload["subscriber"]
            connection.execute(delete(ticket).where(later & mine))
            _note_untold(connection, {"subscriber": payload["subscriber"], "old": former, "at": now.isoformat()})
            return True

    def moves(self) -> Mapping[str, str]:
        """New addresses by old ones in lower case, as far as the subscriber list may still have the old one."""
        with self._reading() as connection:
            return {old: new for old, new, _ in moves(connection)}

    def moved_from(self, subscriber_id: int) -> str | None:
        """Under which other address the subscriber list may still have this reader."""
        who = column_id(subscriber_id)
        with self._reading() as connection:
            return next((old for old, _, one in moves(connection) if one == who), None)

    def untold_moves(self) -> Sequence[Mapping[str, str]]:
        """Changes whose former address was not told yet: `subscriber`, `old`, `at`; `change` where it can be undone."""
        with self._reading() as connection:
            return _untold(connection)

    def told_move(self, told: Mapping[str, str]) -> None:
        """It has been now."""
        with self._transaction() as connection:
            rest = [one for one in _untold(connection) if one != told]
            put(connection, meta, {"key": _UNTOLD, "value": json.dumps(rest)})


def _used(connection: Connection, ticket_hash: str, purpose: str, now: datetime) -> dict[str, Any] | None:
    taken = update(ticket).where(valid(ticket_hash, purpose, now)).values(used=now).returning(ticket.c.payload)
    payload: dict[str, Any] | None = connection.scalar(taken)
    return payload


def _drop(connection: Connection, subscriber_id: str, purposes: Collection[str]) -> None:
    mine = ticket.c.payload["subscriber"].as_string() == subscriber_id
    connection.execute(delete(ticket).where(ticket.c.purpose.in_(purposes), mine))


def _moved(connection: Connection, who: int, new: str, now: datetime) -> str | None:
    """The address that the reader had, as written; None where nothing was changed, since someone has the new one."""
    old = connection.scalar(select(subscriber.c.email).where(subscriber.c.id == who))
    taken = connection.scalar(select(subscriber.c.id).where(subscriber.c.email == new.lower(), subscriber.c.id != who))
    if old is None or taken is not None:
        return None
    row = connection.execute(select(reader.c.email, reader.c.source, reader.c.own_hours_id).where(_mine(who))).first()
    connection.execute(update(subscriber).where(subscriber.c.id == who).values(email=new.lower()))
    connection.execute(update(reader).where(_mine(who)).values(email=new))
    # What was begun may have arrived, and goes out again as the same bytes.
    waiting = (delivery.c.subscriber_id == who) & (delivery.c.state == DeliveryState.QUEUED.value)
    connection.execute(update(delivery).where(waiting).values(email=new))
    connection.execute(delete(bounce).where(bounce.c.subscriber_id == who))
    connection.execute(delete(join_request).where(func.lower(join_request.c.written) == old))
    if row and (row.source == Source.FILE.value or row.own_hours_id is not None):
        noted = inserted(connection, preference).values(
            subscriber_id=who, key=MOVED, value=new, in_file=row.email, at=now
        )
        again = {"value": new, "at": now}  # the file still says what it said before the first of them
        connection.execute(noted.on_conflict_do_update(index_elements=["subscriber_id", "key"], set_=again))
    return str(row.email) if row else old


def _mine(who: int) -> Any:
    return reader.c.subscriber_id == who


def _untold(connection: Connection) -> list[dict[str, str]]:
    noted = connection.scalar(select(meta.c.value).where(meta.c.key == _UNTOLD))
    found: list[dict[str, str]] = json.loads(noted or "[]")
    return found


def _note_untold(connection: Connection, change: Mapping[str, str]) -> None:
    put(connection, meta, {"key": _UNTOLD, "value": json.dumps([*_untold(connection), change])})
