"""What the administrator is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that one person has to know of, once when it begins and once when it is over."""

    key: str  # what it is about: "model", "arxiv", "transport", …
    problem: str
    remedy: str
    since: datetime  # UTC
    told: datetime | None = None  # when the administrator was told of its beginning
    tried: datetime | None = None  # when telling was last tried
    ended: datetime | None = None  # it may come back: its end is told when it stayed away
