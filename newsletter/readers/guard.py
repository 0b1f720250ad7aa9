"""Keeps an editing mistake from reaching everybody: a list that changed too much waits for your confirmation."""

from __future__ import annotations

from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Roster
from newsletter.readers.counter import Counter
from newsletter.store import Store
from newsletter.subscribers import Edit

_FEWEST, _FEW = 4, 10
_READERS = "roster-readers"  # the size of the list that the guard last let pass
_EXPECTED = "roster-expected"  # the hash of a file that we write ourselves


def is_held_back(before: int, now: int) -> bool:
    """Whether a list that had `before` readers waits for its operator.

    It does when it loses more than half of at least four, or more than doubles by ten or more.
    """
    return (before >= _FEWEST and now * 2 < before) or (now > before * 2 and now - before >= _FEW)


def held_back(counter: Counter, roster: Roster) -> list[Finding]:
    """The finding for a list that waits for `newsletter check --accept`."""
    before, now = counter.store.recall(_READERS), len(roster.readers)
    if before is None or not is_held_back(int(before), now) or _is_expected(counter.store, roster):
        return []
    problem = f"{now} readers instead of {before}: the change is not applied yet, waiting for your confirmation"
    return [Finding(str(counter.subscribers), None, problem, "fix it, or confirm with `newsletter check --accept`")]


def accepted(counter: Counter, roster: Roster) -> Roster:
    """The list, if the guard lets it pass. Raises ConfigurationError while it waits for confirmation."""
    if findings := held_back(counter, roster):
        raise ConfigurationError(findings)
    return roster


def one_less(store: Store) -> None:
    """We took an entry out of the file ourselves: that is no mistake of the operator's."""
    if before := store.recall(_READERS):
        store.remember(_READERS, str(int(before) - 1))


def expect(store: Store, edit: Edit) -> None:
    """We are about to change the file ourselves, however much."""
    store.remember(_EXPECTED, edit.after)


def _is_expected(store: Store, roster: Roster) -> bool:
    return any(made == store.recall(_EXPECTED) for _, made in roster.made_of[:1])


def remember_size(store: Store, roster: Roster) -> None:
    """This list is taken in, or was confirmed; the next one is compared with it."""
    store.remember(_READERS, str(len(roster.readers)))
