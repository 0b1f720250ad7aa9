"""The clock itself."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The clock for everything that is not given another one."""
    return datetime.now(UTC)
