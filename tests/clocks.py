"""A clock that stands still until somebody sleeps, in place of a module's `time`."""

from __future__ import annotations

from dataclasses import dataclass, field

_LEAST = 1e-6  # seconds that any sleep takes: a shorter one would be lost in rounding, and waited for again for ever


@dataclass
class StillClock:
    """`pauses` are the seconds that were slept, in order."""

    moment: float = 1_000.0
    pauses: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.moment

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.moment += max(seconds, _LEAST)
