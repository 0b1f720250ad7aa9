"""Who works: rows that processes renew, what each holds alone, and what is taken back from those that ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, text, update

from newsletter.models import REPEATED, Beat, DeliveryState, Worker
from newsletter.store.beats import living, now_in, renew
from newsletter.store.deliveries import IN_DOUBT, IS_SENDING
from newsletter.store.engine import Base, put, retried
from newsletter.store.tables import delivery, lease, slot, worker

_REMEMBERED = timedelta(days=1)  # how long a process that ended is still shown
_BACK = {"state": DeliveryState.QUEUED.value, "owner": None, "not_before": None, "error": REPEATED}


class Leases(Base):
    """Every moment in here is the database's: the clocks of two machines may differ."""

    def beat(self, beat: Beat) -> bool:
        """Renew a process's row; false where it was over, or gone, so that others may have what it held."""
        with self._beside() as connection:
            lasted = connection.scalar(select(worker.c.until > now_in(connection)).where(worker.c.owner == beat.owner))
            renew(connection, beat)
            return bool(lasted)

    def resign(self, owner: str) -> None:
        """A process ends in good order: what it holds is free at once."""
        with self._beside() as connection:
            _free(connection, worker.c.owner == owner)

    def end_all(self) -> None:
        """No process but the caller's uses this ledger: what others hold is free."""
        with self._transaction() as connection:
            _free(connection, worker.c.owner.is_not(None))

    def workers(self) -> Sequence[Worker]:
        """Who works, and who did within a day, those first that began first."""
        with self._reading() as connection:
            now = now_in(connection)
            rows = connection.execute(select(worker).where(worker.c.until > now - _REMEMBERED).order_by(worker.c.since))
            fields = ("owner", "host", "version", "role", "sent", "since", "beat")
            return [Worker(**{name: getattr(row, name) for name in fields}, lives=row.until > now) for row in rows]

    def living(self, role: str) -> int:
        """How many living processes, or slots of them, have this role."""
        with self._reading() as connection:
            mine = (worker.c.role == role, worker.c.until > now_in(connection))
            return connection.scalar(select(func.count()).select_from(worker).where(*mine)) or 0

    def jobs(self) -> Mapping[str, int]:
        """How many jobs of the queue in this database are in which state; none where there is no queue."""
        if not self.on_server:
            return {}
        with self._reading() as connection:
            if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
                return {}
            rows = connection.execute(text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status"))
            return {row[0]: row[1] for row in rows}

    def take_lease(self, name: str, owner: str) -> bool:
        """Whether this process alone does what is called so: it lives, and nobody else who lives does."""
        with self._transaction() as connection:
            now = now_in(connection)
            if not connection.scalar(select(worker.c.until > now).where(worker.c.owner == owner)):
                return False
            holder = select(lease.c.owner).where(lease.c.name == name, lease.c.owner.in_(living(connection)))
            other = connection.scalar(holder)
            if other not in (None, owner):
                return False
            if other is None:
                put(connection, lease, {"name": name, "owner": owner})
            return True

    def holder(self, name: str) -> str | None:
        """Who does it."""
        with self._reading() as connection:
            held = select(lease.c.owner).where(lease.c.name == name, lease.c.owner.in_(living(connection)))
            return connection.scalar(held)

    @retried
    def recover(self, owner: str) -> int:
        """Queue again what nobody sends any more, as the same bytes; how many emails.

        That is what a process had claimed whose row is over, what `owner` itself left unfinished, and once what was
        sent without an answer.
        """
        with self._beside() as connection:
            who = delivery.c.owner
            left = or_(who.is_(None), who == owner, who.not_in(living(connection)))
            some = or_(and_(IS_SENDING, left), IN_DOUBT)
            if connection.scalar(select(delivery.c.id).where(some).limit(1)) is None:
                return 0
            return connection.execute(update(delivery).where(some).values(_BACK)).rowcount

    def next_moment(self, name: str, every: float) -> float:
        """Reserve the next free moment, of which there is one in so many seconds; in how many seconds it comes."""
        with self._transaction() as connection:
            now = now_in(connection)
            free = connection.scalar(select(slot.c.at).where(slot.c.name == name)) or now
            # A clock that was ahead must not make anybody wait for hours.
            mine = now if not now < free <= now + timedelta(hours=1) else free
            put(connection, slot, {"name": name, "at": mine + timedelta(seconds=every), "tokens": 0.0})
            return max(0.0, (mine - now).total_seconds())

    def take_tokens(self, name: str, per_second: float, most: float, wanted: int, *, whole: bool = False) -> int:
        """Take as many of the wanted tokens as there are, or all or none; at most `most` are saved up meanwhile."""
        with self._transaction() as connection:
            now = now_in(connection)
            row = connection.execute(select(slot).where(slot.c.name == name)).first()
            passed = max(0.0, (now - row.at).total_seconds()) if row else most / per_second
            saved = min(most, (row.tokens if row else 0.0) + passed * per_second)
            taken = min(wanted, int(saved))
            if taken == 0 or (whole and taken < wanted):
                return 0
            put(connection, slot, {"name": name, "at": now, "tokens": saved - taken})
            return taken


def _free(connection: Connection, ended: ColumnElement[bool]) -> None:
    owners = select(worker.c.owner).where(ended)
    connection.execute(delete(lease).where(lease.c.owner.in_(owners)))
    connection.execute(delete(worker).where(ended))
