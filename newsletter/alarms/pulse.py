"""Whether the service's loop lives, as the web part of the same process asks: written by ticks, read by requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsletter.times.clock import utc_now

UNREAD = timedelta(minutes=30)  # without a finished poll of the mailbox: what lasts shorter passes by itself
STALLED = timedelta(minutes=5)  # without a sign of life; a morning gives one with each step and each email


@dataclass
class Pulse:
    """The last signs of life; every field is set whole, so that no lock is needed."""

    now: Callable[[], datetime] = utc_now
    last_beat: datetime | None = None
    last_tick: datetime | None = None  # that ended well
    last_poll: datetime | None = None  # of the mailbox that ended well
    polling: datetime | None = None  # since when the mailbox is polled; None: there is none
    overdue: date | None = None  # an issue that is missing though no reader waits for it any longer

    def beat(self, *_: object) -> None:
        """Something moves; fit as a `Progress`."""
        self.last_beat = self.now()

    def is_stalled(self) -> bool:
        """Whether the loop has been silent for too long. A clock that was set back is no silence."""
        return self.last_beat is not None and self.now() - self.last_beat > STALLED

    def unread_since(self) -> datetime | None:
        """When the mailbox was last read completely, if that is too long ago."""
        last = self.last_poll or self.polling
        return last if self.polling and last and self.now() - last > UNREAD else None
