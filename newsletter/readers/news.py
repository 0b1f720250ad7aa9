"""What an edit of the list changed, in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Protocol

from newsletter.models import Masthead, Newsletter
from newsletter.store.roster import Turnover

_LINES = 3


class Listed(Protocol):
    """A list in force, as far as it is compared."""

    @property
    def masthead(self) -> Masthead: ...

    @property
    def skipped(self) -> tuple[int, ...]: ...


def of_list(before: Listed | None, now: Listed, turnover: Turnover) -> str:
    """`3 added, 1 removed, 1 topic changed, 2 entries skipped (lines 14, 31)`; empty if nothing changed."""
    parts = [*_parts(before.masthead if before else None, now.masthead, turnover)]
    if parts or now.skipped != (before.skipped if before else ()):
        parts += skipped(now.skipped)
    return ", ".join(parts)


def skipped(lines: Sequence[int]) -> list[str]:
    """How many entries are left out, and where they begin; nothing if there are none."""
    if not lines:
        return []
    shown = ", ".join(map(str, lines[:_LINES])) + (" …" if len(lines) > _LINES else "")
    return [f"{_counted(len(lines), 'entr', 'y', 'ies')} skipped ({'line' if len(lines) == 1 else 'lines'} {shown})"]


def _parts(before: Masthead | None, now: Masthead, turnover: Turnover) -> Iterator[str]:
    for name in ("added", "removed", "changed"):
        if number := getattr(turnover, name):
            yield f"{number} {name}"
    if before is None:
        return
    old, new = ({topic.key: topic for topic in one.topics} for one in (before, now))
    differing = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "changed": {key for key in old.keys() & new.keys() if old[key] != new[key]},
    }
    for what, keys in differing.items():
        if keys:
            yield f"{_counted(len(keys), 'topic', '', 's')} {what}"
    settings = [one.name for one in fields(Newsletter) if _differs(before, now, one.name)]
    if settings:
        yield f"{' and '.join(settings)} changed"


def _differs(before: Masthead, now: Masthead, name: str) -> bool:
    return bool(getattr(before.newsletter, name) != getattr(now.newsletter, name))


def _counted(number: int, word: str, one: str, many: str) -> str:
    return f"{number} {word}{one if number == 1 else many}"
