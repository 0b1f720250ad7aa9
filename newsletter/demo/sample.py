"""The invented day that `newsletter demo` shows, moved to any announcement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from newsletter.demo.rows import SampleRow, Window, load_rows

SAMPLE_DATE = date(2026, 3, 9)
_SAMPLE_FILE = Path(__file__).with_name("papers.jsonl")
_SAMPLE_WINDOW = (datetime(2026, 3, 5, 19, tzinfo=UTC), datetime(2026, 3, 6, 19, tzinfo=UTC))


def sample_day(announced: date, window: Window) -> list[SampleRow]:
    """The invented day, as if arXiv had announced it on that date from submissions in that window."""
    rows = load_rows(_SAMPLE_FILE, _SAMPLE_WINDOW)
    months = (announced.year - SAMPLE_DATE.year) * 12 + announced.month - SAMPLE_DATE.month
    return [_moved(row, announced, window, months) for row in rows]


def _moved(row: SampleRow, announced: date, window: Window, months: int) -> SampleRow:
    return replace(
        row,
        id=_later_id(row.id, months),
        announced=announced,
        published=_later_time(row.published, window),
        updated=_later_time(row.updated, window),
    )


def _later_time(moment: datetime, window: Window) -> datetime:
    """The same place in the other window; what lies before it keeps its distance, so that held papers stay held."""
    start, end = _SAMPLE_WINDOW
    if moment < start:
        return window[0] - (start - moment)
    share = (moment - start) / (end - start)
    return (window[0] + share * (window[1] - window[0])).replace(microsecond=0)


def _later_id(arxiv_id: str, months: int) -> str:
    total = int(arxiv_id[:2]) * 12 + int(arxiv_id[2:4]) - 1 + months
    return f"{total // 12:02d}{total % 12 + 1:02d}{arxiv_id[4:]}"
