"""Keeps an editing mistake from reaching everybody: a list that changed too much waits for your confirmation."""

from __future__ import annotations

from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Roster
from newsletter.readers.counter import Counter
from newsletter.store import Store

_FEW = 10
_READERS = "roster-readers"  # the size of the list that the guard last let pass


def is_held_back(before: int, now: int) -> bool:
    """Whether a list that had `before` readers waits for its operator: halved or doubled, by ten or more."""
    return abs(now - before) >= _FEW and (now * 2 < before or now > before * 2)


def held_back(counter: Counter, roster: Roster) -> list[Finding]:
    """The finding for a list that waits for `newsletter check --accept`."""
    before, now = counter.store.recall(_READERS), len(roster.readers)
    if before is None or not is_held_back(int(before), now):
        return []
    problem = f"{now} readers instead of {before}: the change is not applied yet, waiting for your confirmation"
    return [Finding(str(counter.subscribers), None, problem, "fix it, or confirm with `newsletter check --accept`")]


def accepted(counter: Counter, roster: Roster) -> Roster:
    """The list, if the guard lets it pass. Raises ConfigurationError while it waits for confirmation."""
    if findings := held_back(counter, roster):
        raise ConfigurationError(findings)
    return roster


def remember_size(store: Store, roster: Roster) -> None:
    """This list is taken in, or was confirmed; the next one is compared with it."""
    store.remember(_READERS, str(len(roster.readers)))
