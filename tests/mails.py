"""Finished mails for tests: one of every kind that a reader can get, and mails of real papers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from newsletter.models import (
    Abstracts,
    Edition,
    Letterhead,
    Line,
    Message,
    Notice,
    NoticeKind,
    Paper,
    Rendered,
    Score,
    Section,
    Wishes,
    Withdrawal,
)
from newsletter.render import Renderer, message_id, personalise
from tests.factories import DAY, KEYS, a_letterhead, a_paper, an_edition, an_entry

TEMPLATES = Path(__file__).parent.parent / "templates"
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
# As long as the practice model's: about 30 English words, 45 Chinese characters, a reason of 10 words.
EN = (
    "Gives each layer its own pruning budget by a search that needs neither gradients nor training and ends within an "
    "hour, and gains 3.2% accuracy at half the size on four public models."
)
ZH = "针对专家混合模型各层剪枝比例相同的问题，提出无需梯度的逐层预算搜索，在一半大小下精度提高3.2%。"
REASON = "Meets the interest in pruning: budgets for experts, layer by layer"

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--[if mso]>x<![endif]-->",
    "[[7*7]] [[m.subject]] [% for x in y %] [# gone #]",
    "]]> &amp; {{7*7}} ${7*7}",
    "</mj-text></mj-column></mj-raw><mj-raw>",
    "</p></div></td></table></body></html>",
    "javascript:alert(1)",
    "a\r\nBcc: eve@example.org\r\n\r\nbody",
    "a\u2028b\x00c\u202ed\u2067e\u200ff",
    "style=position:fixed;inset:0 x{display:none}",
    "W" * 2000,
    "many words " * 180,
]


def a_mail(rendered: Rendered, letterhead: Letterhead | None = None, **changes: Any) -> Message:
    paper = letterhead or a_letterhead()
    values: dict[str, Any] = {
        "keys": KEYS,
        "subscriber_id": 7,
        "email": "ada@example.net",
        "name": "Ada",
        "message_id": message_id(KEYS, paper, 7, DAY),
        "date": NOON,
    }
    return personalise(rendered, paper, **values | changes)


def mailed(renderer: Renderer, edition: Edition, letterhead: Letterhead | None = None, **changes: Any) -> Message:
    return a_mail(renderer.render(edition, letterhead or a_letterhead()), letterhead, **changes)


def real_papers(folder: Path, name: str) -> list[Paper]:
    """The papers of one file of real rows."""
    file = folder / "arxiv" / name
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [_real(json.loads(row)) for row in content.decode().splitlines()]


def _real(row: dict[str, Any]) -> Paper:
    categories = tuple(row["categories"]) or ("cs.LG",)
    return a_paper(
        arxiv_id=row["id"],
        title=" ".join(row["title"].split()),
        abstract=" ".join(row["abstract"].split()),
        authors=tuple(row["authors"]),
        categories=categories,
        primary_category=categories[0],
        comment=row.get("comment"),
        journal_ref=row.get("journal_ref"),
    )


def edition_of(papers: Sequence[Paper], abstracts: Abstracts = Abstracts.SMART, *, lead: str = "en") -> Edition:
    """The papers with scores, reasons and one-liners in both languages."""
    lines = (Line("en", EN), Line("zh", ZH))
    ordered = lines if lead == "en" else lines[::-1]
    entries = [an_entry(n, paper=paper, lines=ordered, reason=REASON) for n, paper in enumerate(papers, start=1)]
    wishes = Wishes(
        topics=("f",),
        languages=tuple(line.language for line in ordered),
        abstracts=abstracts,
        max_papers=max(1, len(papers)),
    )
    return an_edition(entries, wishes=wishes)


def _papers(count: int) -> list[Paper]:
    linked = a_paper(2, abstract="Tools are few. We present one (https://github.com/example/tool_x). It is 5% faster.")
    return [linked if number == 2 else a_paper(number) for number in range(1, count + 1)]


def without_a_model() -> Edition:
    entries = [an_entry(n, paper=p, lines=(), score=None, reason=None) for n, p in enumerate(_papers(13), start=1)]
    notices = (Notice(NoticeKind.LATE), Notice(NoticeKind.NO_MODEL))
    return an_edition(entries, model=None, notices=notices)


def several_topics_and_days() -> Edition:
    """Two topics over two issues, with more papers than are shown, and one that was withdrawn."""

    def entry(number: int, *topics: str) -> Any:
        issue = DAY if number % 2 else date(2026, 3, 5)
        rank = 2 * number - 1 if number < 8 else 2 * number - 14
        by_author = "Emmy Noether" if number == 2 else None
        return an_entry(number, topics=topics, issue=issue, rank=rank, by_author=by_author)

    vision = [entry(n, "Vision", "Robots") if n == 1 else entry(n, "Vision") for n in range(1, 8)]
    robots = [entry(n, "Robots") for n in range(8, 15)]
    return an_edition(
        0,
        sections=(Section(title="Vision", entries=tuple(vision)), Section(title="Robots", entries=tuple(robots))),
        topics=("Vision", "Robots"),
        wishes=Wishes(topics=("vision", "robots")),
        issues=(date(2026, 3, 5), DAY),
        notices=(Notice(NoticeKind.UNSCORED, 7, 274), Notice(NoticeKind.BUDGET)),
        left_out=((date(2026, 3, 5), 3), (DAY, 8)),
        withdrawn=(Withdrawal("2603.00042", "Pruner42: Budgets", date(2026, 3, 2)),),
    )


WEEK = (date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12), date(2026, 3, 13), date(2026, 3, 16))


def weekly() -> Edition:
    """The best of a week, behind it the best of the week before, in which its reader paused."""
    wishes = Wishes(topics=("f",), weekly=True, max_papers=12)
    week = [an_entry(n, paper=_venued(n), issue=WEEK[n % 5]) for n in range(1, 13)]
    before = [an_entry(n, issue=date(2026, 3, 5)) for n in (13, 14)]
    return an_edition(
        0,
        sections=(
            Section(title=None, entries=tuple(week)),
            Section(title=None, entries=tuple(before), missed=True),
        ),
        issues=(date(2026, 3, 4), date(2026, 3, 5), *WEEK),
        missed=(date(2026, 3, 4), date(2026, 3, 5)),
        wishes=wishes,
        considered=2317,
        left_out=((WEEK[0], 4),),
    )


def nearest() -> Edition:
    """A day on which nothing passed, with the three that came closest."""
    near = tuple(an_entry(n, paper=_venued(n), score=Score(f"2603.{n:05}", 8 - n, 7)) for n in (1, 2, 3))
    return an_edition(0, nearest=near, considered=287, bar=8, notices=(Notice(NoticeKind.QUIET, total=287),))


def _venued(number: int) -> Paper:
    """Some are accepted somewhere, under a name of any length."""
    comments = {
        1: "Accepted at ICLR 2026 (oral)",
        2: "8 pages, to appear in IEEE Transactions on Emerging Topics in Computational Intelligence",
        3: "ICML 2026 Workshop on Sparsity. Code: https://github.com/example/tool",
    }
    return a_paper(number, comment=comments.get(number))


def hostile() -> Edition:
    """Every hostile text in every field, a paper of 187 authors, and one long word in title and abstract."""

    def entry(number: int, text: str) -> Any:
        paper = a_paper(number, title=text, abstract=f"We propose {text}.", authors=(text,) * 187, comment=text)
        lines = (Line("en", text), Line("zh", text))
        return an_entry(number, paper=paper, lines=lines, reason=text, by_author=text, topics=(text,))

    return an_edition([entry(number, text) for number, text in enumerate(HOSTILE, start=1)], name=HOSTILE[0])


KINDS: dict[str, Callable[[], Edition]] = {
    "english": lambda: edition_of(_papers(13)),
    "chinese": lambda: edition_of(_papers(13), lead="zh"),
    "full": lambda: edition_of(_papers(12), Abstracts.FULL),
    "one-liners": lambda: edition_of(_papers(4), Abstracts.NONE),
    "two-papers": lambda: edition_of(_papers(2)),
    "topics-and-days": several_topics_and_days,
    "no-model": without_a_model,
    "weekly": weekly,
    "nearest": nearest,
    "quiet": lambda: an_edition(0, considered=0, notices=(Notice(NoticeKind.QUIET),), model=None),
    "hostile": hostile,
}
