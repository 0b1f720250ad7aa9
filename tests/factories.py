"""Small builders of papers, editions and letterheads: every argument has a plain default."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from newsletter.models import Bill, Edition, Entry, Letterhead, Line, Paper, Score, Section, Usage, Wishes

DAY = date(2026, 3, 9)
KEYS = {0: b"0123456789abcdef0123456789abcdef"}

_SENTENCES = (
    "Sparse models are cheap to run, yet their experts must all be kept in memory.",
    "Earlier methods prune every layer alike.",
    "We propose a search that gives each layer its own budget and keeps the order within a layer.",
    "The search needs no gradients and ends within an hour on one machine.",
    "Across four models it improves accuracy by 3.2\\% at half the size.",
)


def a_paper(number: int = 1, **changes: Any) -> Paper:
    values: dict[str, Any] = {
        "arxiv_id": f"2603.{number:05}",
        "title": f"Pruner{number}: Budgets for the Experts of Sparse Models",
        "abstract": " ".join(_SENTENCES),
        "authors": ("Ada Lovelace", "Emmy Noether", "Mary Somerville"),
        "categories": ("cs.LG", "cs.CL"),
        "primary_category": "cs.LG",
        "published": datetime(2026, 3, 6, 17, 59, tzinfo=UTC),
        "updated": datetime(2026, 3, 6, 17, 59, tzinfo=UTC),
    }
    return Paper(**values | changes)


def an_entry(number: int = 1, *, paper: Paper | None = None, **changes: Any) -> Entry:
    shown = paper or a_paper(number)
    values: dict[str, Any] = {
        "number": number,
        "paper": shown,
        "issue": DAY,
        "topics": ("Foundation models",),
        "score": Score(shown.arxiv_id, 9, 7),
        "reason": "Pruning of expert models",
        "lines": (
            Line("en", f"Search number {number} gives each layer its own budget and beats equal pruning by 3.2%."),
            Line("zh", "为每一层分配各自的剪枝预算，在一半大小下精度提高3.2%。"),
        ),
    }
    return Entry(**values | changes)


def an_edition(entries: Sequence[Entry] | int = 3, **changes: Any) -> Edition:
    shown = tuple(an_entry(n) for n in range(1, entries + 1)) if isinstance(entries, int) else tuple(entries)
    values: dict[str, Any] = {
        "key": "0" * 64,
        "name": "Morning arXiv",
        "issues": (DAY,),
        "wishes": Wishes(topics=("foundations",)),
        "sections": (Section(title=None, entries=shown),) if shown else (),
        "considered": 493,
        "topics": ("Foundation models",),
        "model": "example/model",
        "bills": (
            Bill("scoring", "example/model", 12, Usage(60000, 4977, 0.3)),
            Bill("summaries", "example/model", 15, Usage(10000, 1000, 0.1)),
        ),
    }
    return Edition(**values | changes)


def a_letterhead(**changes: Any) -> Letterhead:
    values: dict[str, Any] = {
        "sender": "Morning arXiv <news@example.org>",
        "reply_to": "news@example.org",
        "public_url": "https://news.example.org",
        "replies_read": True,
        "postal_address": "1 Example Road, Example Town",
        "joins": True,
    }
    return Letterhead(**values | changes)
