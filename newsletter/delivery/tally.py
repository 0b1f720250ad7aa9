"""What a round of sending counts: its emails by outcome, whether it goes well, and how fast it may go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from newsletter.errors import StoreUnavailable
from newsletter.models import DeliveryState
from newsletter.store import Store

_FIRST = 200  # emails by which an issue is judged
_MOST_OF_THEM = _FIRST * 5 // 100
_MOST_IN_A_ROW = 20


@dataclass(frozen=True, slots=True)
class Health:
    """Whether so many readers are refused for good that the fault is rather ours than theirs."""

    answered: int = 0
    failed: int = 0
    in_a_row: int = 0
    problem: str | None = None

    def after(self, *, refused: bool) -> Health:
        """With one more email's end; the first problem stays."""
        answered, failed = self.answered + 1, self.failed + refused
        in_a_row = self.in_a_row + 1 if refused else 0
        return Health(answered, failed, in_a_row, self.problem or _problem(answered, failed, in_a_row))


WELL = Health()


@dataclass(frozen=True, slots=True)
class Tally:
    """Emails of one round by what became of them, and why it ended early."""

    accepted: int = 0
    waiting: int = 0  # refused for now, or in doubt
    failed: int = 0
    held: str | None = None  # why the rest stays queued
    held_for: timedelta = timedelta()  # until it is worth a try
    ours: frozenset[str] = frozenset()  # domains that refused us, where nearly everybody was refused for what we are
    until_tomorrow: bool = False  # trying again before changes nothing
    unaccepted: str | None = None  # the issue that fewer than half of its readers' servers took
    health: Health = field(default=WELL, compare=False)  # after the round: the next one of this morning goes on from it

    @property
    def was_busy(self) -> bool:
        """Whether anything was answered at all."""
        return bool(self.accepted or self.waiting or self.failed)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.accepted + other.accepted,
            self.waiting + other.waiting,
            self.failed + other.failed,
            other.held or self.held,
            max(self.held_for, other.held_for),
            self.ours | other.ours,
            other.until_tomorrow or self.until_tomorrow,
            other.unaccepted or self.unaccepted,
            other.health if other.health.answered else self.health,
        )


def counted(states: Iterable[DeliveryState]) -> Tally:
    """Emails that ended in these states."""
    number = Counter(states)
    accepted, failed = number[DeliveryState.ACCEPTED], number[DeliveryState.FAILED]
    return Tally(accepted, number.total() - accepted - failed, failed)


def _problem(answered: int, failed: int, in_a_row: int) -> str | None:
    if in_a_row >= _MOST_IN_A_ROW:
        return f"{in_a_row} emails in a row were rejected permanently"
    if answered <= _FIRST and failed > _MOST_OF_THEM:
        return f"{failed} of the first {answered} emails were rejected permanently"
    return None


class Paced(Protocol):
    """How fast emails may begin."""

    def allowed(self) -> int | None:
        """How many emails may begin now; None: as many as there is room for."""
        ...

    def begin(self, mails: int) -> None:
        """Record that this many have begun."""
        ...

    def wait(self) -> float:
        """Seconds until the next may begin."""
        ...


class Pace:
    """A token bucket: a number of emails per minute, evenly spread, however many connections carry them."""

    def __init__(self, per_minute: float | None, clock: Callable[[], float]) -> None:
        self._per_second = per_minute / 60 if per_minute else None
        self._clock, self._last, self._saved = clock, clock(), 1.0

    def allowed(self) -> int | None:
        if self._per_second is None:
            return None
        now = self._clock()
        # One second's worth at most is saved up, or a stop of an hour would be followed by an hour's emails at once.
        saved = self._saved + (now - self._last) * self._per_second
        self._saved, self._last = min(saved, max(1.0, self._per_second)), now
        return int(self._saved)

    def begin(self, mails: int) -> None:
        self._saved -= mails

    def wait(self) -> float:
        return max(0.0, (1 - self._saved) / self._per_second) if self._per_second else 0.0


class SharedPace:
    """The same bucket for a whole installation: it stands in the ledger, and each process takes what it needs."""

    def __init__(self, store: Store, per_minute: float) -> None:
        self._store, self._per_second, self._saved = store, per_minute / 60, 0

    def allowed(self) -> int:
        if self._saved <= 0:
            # Half a second's worth: so often a round looks at whether to stop.
            wanted = max(1, int(self._per_second / 2))
            with suppress(StoreUnavailable):  # recording what was sent waits for it
                self._saved = self._store.take_tokens("send", self._per_second, max(1.0, self._per_second), wanted)
        return self._saved

    def begin(self, mails: int) -> None:
        self._saved -= mails

    def wait(self) -> float:
        return 0.0 if self._saved > 0 else min(1.0, max(0.1, 1 / self._per_second))
