"""The job queue: Procrastinate, in the ledger's own database. Its tables may be emptied at any moment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from newsletter.errors import StoreUnavailable
from newsletter.store.postgres import connection_of

QUEUE = "send"
Work = Callable[[int], None]  # a round of sending, by the number of its slot

_MOST_CONNECTIONS = 4
_MAKING = 0x6A6F6273  # the advisory lock of whoever makes the tables
_ARE_THERE = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS there"

logging.getLogger("procrastinate").setLevel(logging.ERROR)  # what a job does, the log of the service says


class Queue:
    """Tells workers that there is something to send."""

    def __init__(self, url: str, slots: Callable[[], int]) -> None:
        """`url`: of the ledger; `slots`: how many rounds of sending there can be at once."""
        self._url, self._slots = url, slots

    def prepare(self) -> None:
        """Make the queue's tables where they are missing. Raises StoreUnavailable."""
        with self._opened() as app:
            app.connector.execute_query("SELECT pg_advisory_lock(%(key)s)", key=_MAKING)  # until the connection ends
            if not app.connector.execute_query_one(_ARE_THERE)["there"]:
                app.schema_manager.apply_schema()

    def wake(self) -> int:
        """Ask for a round of sending in each slot; one that is asked for already is not asked twice. How many live."""
        living = self._slots()
        with self._opened() as app:
            for slot in range(max(1, living)):
                try:
                    app.tasks["send"].configure(queueing_lock=f"send:{slot}").defer(slot=slot)
                except AlreadyEnqueued:
                    continue
        return living

    @contextmanager
    def _opened(self) -> Iterator[App]:
        connector = SyncPsycopgConnector(min_size=1, max_size=1, kwargs=connection_of(self._url))
        app = application(connector, lambda _: None)
        try:
            with app.open():
                yield app
        except ConnectorException as error:
            raise StoreUnavailable(f"the job queue: {error.__cause__ or error}", "check the database server") from error


def application(connector: Any, work: Work) -> App:
    """Procrastinate's application with our one task."""
    app = App(connector=connector)

    @app.task(name="send", queue=QUEUE)
    def send(slot: int) -> None:
        work(slot)

    return app


async def ask_again(app: App, slot: int) -> None:
    """One more round in this slot, unless one is asked for already."""
    with suppress(AlreadyEnqueued):
        await app.tasks["send"].configure(queueing_lock=f"send:{slot}").defer_async(slot=slot)


def connector_of(url: str) -> PsycopgConnector:
    """For a worker, which waits for jobs."""
    return PsycopgConnector(min_size=1, max_size=_MOST_CONNECTIONS, kwargs=connection_of(url))
