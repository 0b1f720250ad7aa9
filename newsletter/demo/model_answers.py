"""What the practice model says: scores and one-liners as JSON, and how a fault spoils them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from newsletter.demo.faults import Fault
from newsletter.demo.model_judge import Bag, Judge, bag, reason
from newsletter.demo.model_lines import one_liner, reason_in
from newsletter.demo.model_request import AskedFor, AskedPaper
from newsletter.demo.model_words import novelty, steady
from newsletter.demo.rows import SampleRow

Item = dict[str, Any]  # one entry of the answer's JSON list


class Known:
    """What the practice model knows before it is asked: rows with scores, and how strong a day's papers are."""

    def __init__(self, rows: Sequence[SampleRow]) -> None:
        self._rows = {re.split(r"[./]", row.id)[-1]: row for row in rows} | {row.id: row for row in rows}
        self.topics = {topic for row in rows for topic in row.scores}
        self.judge = Judge([bag(row.title, row.abstract) for row in rows if not row.scores])

    def row(self, name: str) -> SampleRow | None:
        """The paper of this id, or of its part after the month."""
        return self._rows.get(name)


def _score(known: Known, asked: AskedFor, paper: AskedPaper) -> Item:
    topic, interests = next(iter(asked.topics.items()), ("", ""))
    row = known.row(paper.id)
    if row and topic in row.scores:
        relevance, fresh = row.scores[topic]
    elif row and row.scores and topic in known.topics:  # an author who scored it for others found it foreign here
        relevance, fresh = 2 + steady(paper.id, topic) % 3, novelty(paper.id)
    else:
        relevance, fresh = known.judge.relevance(interests, bag(paper.title, paper.abstract)), novelty(paper.id)
    return {"id": paper.id, "r": relevance, "n": fresh}


def _reason(asked: AskedFor, row: SampleRow | None, key: tuple[str, str, str], words: Bag) -> str:
    """In English as its author wrote it; in other languages one that is made up."""
    topic, _, language = key
    english = (row.reasons if row else {}).get(topic) or reason(asked.topics[topic], words)
    return english if language in ("", "en") else reason_in(language, english)


def _summary(known: Known, asked: AskedFor, paper: AskedPaper) -> Item:
    row = known.row(paper.id)
    written = row.lines if row else {}
    words = bag(paper.title, paper.abstract)
    topics = [topic for topic in (paper.topics or tuple(asked.topics)) if topic in asked.topics]
    return {
        "id": paper.id,
        "lines": {
            tag: written.get(tag.partition("-")[0]) or one_liner(tag, paper.id, paper.title, paper.abstract)
            for tag in asked.languages
        },
        "reasons": {
            key: _reason(asked, row, key.partition(":"), words)
            for key in (asked.reasons or topics)
            if key.partition(":")[0] in topics
        },
    }


def _translation(known: Known, asked: AskedFor, paper: AskedPaper) -> Item:
    """Sentences of the language, as many as make a translation's length; with the abstract's own numbers."""
    one = one_liner(asked.language, paper.id, paper.title, paper.abstract)
    return {"id": paper.id, "text": " ".join([one] * max(1, len(paper.abstract) // (3 * len(one))))}


TASKS: dict[str, Callable[[Known, AskedFor, AskedPaper], Item]] = {
    "scores": _score,
    "summaries": _summary,
    "abstracts": _translation,
}


def spoken(task: str, items: list[Item], fault: Fault | None, *, terse: bool = False) -> str:
    """The message, spoilt where the fault says so; `terse`: a score is one string, as our prompt asks, no object."""
    match fault.kind if fault else None:
        case "missing_ids":
            items = items[1::2]
        case "invented_ids":
            items = [*items, {**(items[0] if items else {}), "id": "9912.99999"}]
        case "out_of_range":
            items = [_beyond(item, place) for place, item in enumerate(items)]
    said = [f"{item['id']} {item['r']} {item['n']}" for item in items] if terse else items
    text = json.dumps({task: said}, ensure_ascii=False, separators=(",", ":"))
    match fault.kind if fault else None:
        case "text":
            return fault.body if fault else ""
        case "not_json":
            return text[: len(text) * 2 // 3]
        case "fenced":
            return f"Here is the JSON you asked for:\n\n```json\n{text}\n```"
    return text


def _beyond(item: Item, place: int) -> Item:
    if "r" in item:
        return {**item, "r": 11 if place % 2 else 0}
    if "lines" in item:
        return {**item, "lines": dict.fromkeys(item["lines"], "Good.")}
    return {**item, "text": "Good."}
