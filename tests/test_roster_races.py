"""A sample of the races between an editor's save and a write-back; `python -m soak.roster_races` runs five hundred."""

from __future__ import annotations

from soak.roster_races import MANNERS, races


def test_no_edit_and_no_unsubscribe_is_lost() -> None:
    """Eight races in each manner of saving."""
    assert [] == races(8 * len(MANNERS), first=10_000)
