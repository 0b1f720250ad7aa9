"""What a process holds is its own only as long as it says that it lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from newsletter.errors import StoreError
from newsletter.models import Beat
from newsletter.store import Store

log = structlog.get_logger()

SECONDS = 20.0  # that a lease lasts, by the database's clock
_EVERY, _FENCE = 0.25, 0.75  # of it: how often it is renewed, and after which nothing may begin


def _steady() -> float:
    """Seconds that pass while the machine sleeps, too, where the system counts those."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Lease:
    """The row of one process in the ledger, renewed by a thread while `kept`.

    `holds` asks this machine's own clock, which neither a stop of the process nor a sleep of the machine can stop: it
    ends before others may take over.
    """

    def __init__(self, store: Store, beat: Beat, clock: Callable[[], float] = _steady) -> None:
        self._store, self._beat, self._clock = store, beat, clock
        self._renewed = -float("inf")  # when a beat that the ledger has was begun
        self._term = 0  # goes up with each time that it has run out
        self._is_kept = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def owner(self) -> str:
        return self._beat.owner

    @property
    def role(self) -> str:
        return self._beat.role

    def due(self) -> Beat | None:
        """What the ledger is to note with the first claim, while nothing renews it."""
        return None if self._thread else self._beat

    def noted(self, begun: float) -> None:
        """The ledger has noted the beat that was due; `begun`: when that transaction was."""
        self._renewed = begun
        self._start()

    def begun(self) -> float:
        return self._clock()

    def claimed(self) -> Callable[[], bool]:
        """Whether what is claimed now is certainly still ours, whenever that is asked.

        A lease that ran out and is renewed brings nothing back: others have taken over what was claimed before.
        """
        term = self._term
        return lambda: self._term == term and self.holds()

    def holds(self) -> bool:
        """Whether it has not run out."""
        return self._holds_at(self._clock())

    def has_run_out(self) -> bool:
        """Whether it is renewed too late; one that nothing renews begins with the next claim."""
        return self._thread is not None and not self.holds()

    def _holds_at(self, moment: float) -> bool:
        return moment < self._renewed + _FENCE * self._beat.seconds

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it from now on, until the end of the block, which gives back all that is held."""
        self.renew()
        self._start()
        self._is_kept = True
        try:
            yield
        finally:
            self._is_kept = False
            self.rest()
            try:
                self._store.resign(self.owner)
            except StoreError as error:
                log.warning("lease.not-given-back", error=str(error), seconds=self._beat.seconds)

    def count(self, mails: int) -> None:
        """So many more were accepted; the next beat says so."""
        self._beat = replace(self._beat, sent=self._beat.sent + mails)

    def renew(self) -> None:
        """Raises StoreError."""
        begun = self._clock()
        lasted = self._store.beat(self._beat)
        if not (lasted and self._holds_at(self._clock())):
            self._term += 1
        self._renewed = begun

    def rest(self) -> None:
        """A round is over and holds nothing any more: the row may run out, unless the whole process keeps it."""
        if self._thread and not self._is_kept:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._go_on, name="lease", daemon=True)
            self._thread.start()

    def _go_on(self) -> None:
        while not self._ended.wait(_EVERY * self._beat.seconds):
            try:
                self.renew()
            except StoreError as error:
                log.warning("lease.not-renewed", error=str(error))
            except Exception:  # without this thread the process would be idle for ever, and say nothing
                log.exception("lease.not-renewed")
