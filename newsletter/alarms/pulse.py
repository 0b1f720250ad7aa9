"""Whether the service's loop lives, as the web part of the same process asks: written by ticks, read by requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsletter.times.clock import utc_now

UNREAD = timedelta(minutes=30)  # without a finished poll of the mailbox: what lasts shorter passes by itself
STALLED = timedelta(minutes=5)  # without a sign of life; a morning gives one with each step and each email


@dataclass
class Pulse:
    """The last signs of life; every field is set whole, so that no lock is needed.

    What is shown has the time of day; how long ago it was is counted by the monotonic clock, which nobody sets.
    """

    now: Callable[[], datetime] = utc_now
    seconds: Callable[[], float] = time.monotonic
    last_tick: datetime | None = None  # that ended well
    last_poll: datetime | None = None  # of the mailbox that ended well
    overdue: date | None = None  # an issue that is missing though no reader waits for it any longer
    _beat: float | None = None  # in `seconds`
    _read: tuple[float, datetime] | None = None  # the last whole poll, or the start; None: there is no mailbox

    def beat(self, *_: object) -> None:
        """Something moves; fit as a `Progress`."""
        self._beat = self.seconds()

    def ticked(self) -> None:
        """A tick ended well."""
        self.last_tick = self.now()

    def awaits_poll(self) -> None:
        """There is a mailbox, and it is about to be read for the first time."""
        self._read = self.seconds(), self.now()

    def polled(self) -> None:
        """The mailbox was read completely."""
        self.last_poll = self.now()
        self._read = self.seconds(), self.last_poll

    def is_stalled(self) -> bool:
        """Whether the loop has been silent for too long."""
        return self._beat is not None and self.seconds() - self._beat > STALLED.total_seconds()

    def unread_since(self) -> datetime | None:
        """When the mailbox was last read completely, if that is too long ago."""
        read = self._read
        return read[1] if read and self.seconds() - read[0] > UNREAD.total_seconds() else None
