"""Papers as the practice servers hold them, read from JSON lines."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from newsletter.models import AnnounceType, ArxivId

Window = tuple[datetime, datetime]  # first and last moment of submission for one announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One paper with the white space of its wire form, and what the practice model says about it."""

    id: str  # without version
    version: int = 1
    title: str
    authors: tuple[str, ...]
    abstract: str
    primary_category: str
    categories: tuple[str, ...]
    published: datetime
    updated: datetime
    announced: date
    comment: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    announce_type: AnnounceType | None = None  # None: the feed asked for decides between new and cross
    scores: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # relevance, novelty by topic key
    lines: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


def load_rows(path: Path, window: Window | Callable[[date], Window], announced: date | None = None) -> list[SampleRow]:
    """The papers of a `.jsonl` or `.jsonl.gz` file; missing dates are filled in.

    `announced` stands in for rows that name no day. A row without `published` gets a moment of its day's submission
    window (`window` may be a function of the day), in the order of ids; an old id keeps the middle of its own month.
    A row that cannot be read raises ValueError with file and line.
    """
    windows = window if callable(window) else lambda _day: window
    raws = list(_raw_rows(path, announced))
    dated = _spread([raw for raw in raws if raw.get("published") is None], windows)
    rows = []
    for raw in raws:
        with _Place(path, raw["line"]):
            rows.append(_row(raw, dated.get(raw["id"])))
    return rows


class _Place:
    """Names file and line in whatever error leaves the block."""

    def __init__(self, path: Path, line: int) -> None:
        self.place = f"{path}:{line}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, KeyError):
            raise ValueError(f"{self.place}: the field {error} is missing") from error
        if isinstance(error, ValueError | TypeError | AttributeError):
            raise ValueError(f"{self.place}: {error}") from error


def _raw_rows(path: Path, announced: date | None) -> Iterable[dict[str, Any]]:
    """The rows as objects, with line, id and day checked."""
    content = path.read_bytes()
    seen: dict[str, int] = {}
    for line, text in enumerate(_unpacked(path, content).split("\n"), 1):
        if not text.strip():
            continue
        with _Place(path, line):
            raw = json.loads(text)
            if not isinstance(raw, dict):
                raise ValueError("a row is a JSON object")
            base = ArxivId.parse(_text(raw, "id")).base
            _mid_month(base)  # an id of month 13 is refused here, where its line is known
            if base in seen:
                raise ValueError(f"the paper {base} stands already in line {seen[base]}")
            seen[base] = line
            yield raw | {"line": line, "id": base, "announced": _day(raw.get("announced"), announced)}


def _unpacked(path: Path, content: bytes) -> str:
    try:
        return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}:1: not JSON lines in UTF-8, plain or gzip: {error}") from error


def _day(value: object, otherwise: date | None) -> date:
    if value is None and otherwise is not None:
        return otherwise
    if not isinstance(value, str):
        raise ValueError("announced is neither a date in the row nor given for the file")
    return date.fromisoformat(value[:10])


def _spread(raws: Sequence[dict[str, Any]], windows: Callable[[date], Window]) -> dict[str, datetime]:
    """A time for each id: evenly spread over the window of its day, or the middle of the month for an old id."""
    moments: dict[str, datetime] = {}
    for day in sorted({raw["announced"] for raw in raws}):
        start, end = windows(day)
        ids = sorted(raw["id"] for raw in raws if raw["announced"] == day)
        moments |= {old: _mid_month(old) for old in ids if _mid_month(old) < _month(start)}
        fresh = [new for new in ids if new not in moments]
        step = (end - start) / max(1, len(fresh))
        moments |= {new: (start + (n + 0.5) * step).replace(microsecond=0) for n, new in enumerate(fresh)}
    return moments


def _month(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


def _mid_month(arxiv_id: str) -> datetime:
    """The middle of the month that an id names, old style included; ids began in 1991."""
    digits = arxiv_id.partition("/")[2] or arxiv_id
    year, month = int(digits[:2]), int(digits[2:4])
    return datetime(year + (1900 if year > 90 else 2000), month, 15, 12, tzinfo=UTC)


def _row(raw: dict[str, Any], spread: datetime | None) -> SampleRow:
    categories = tuple(raw.get("categories") or ())
    primary = raw.get("primary_category") or (categories[0] if categories else None)
    if not isinstance(primary, str):
        raise ValueError("neither primary_category nor categories")
    published = spread or _moment(raw["published"])
    kind = raw.get("announce_type")
    return SampleRow(
        id=raw["id"],
        version=int(raw.get("version") or 1),
        title=_text(raw, "title"),
        abstract=_text(raw, "abstract"),
        authors=tuple(raw.get("authors") or ()),
        primary_category=primary,
        categories=categories or (primary,),
        published=published,
        updated=_moment(raw["updated"]) if raw.get("updated") else published,
        announced=raw["announced"],
        comment=raw.get("comment"),
        doi=raw.get("doi"),
        journal_ref=raw.get("journal_ref"),
        announce_type=AnnounceType(kind) if kind else None,
        scores={topic: (int(r), int(n)) for topic, (r, n) in (raw.get("scores") or {}).items()},
        lines=dict(raw.get("lines") or {}),
        reasons=dict(raw.get("reasons") or {}),
    )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is not a text")
    return value


def _moment(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"not a time: {text!r}")
    moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
