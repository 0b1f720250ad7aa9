"""The clock itself."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The clock of everything that is not handed another one."""
    return datetime.now(UTC)
