"""Scores, one-liners and reasons, each stored with the cost of the request that brought it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from newsletter.models import Paper, Score, Usage
from newsletter.store.engine import Base, put
from newsletter.store.papers import chunks
from newsletter.store.tables import model_call, reason, score, summary


class Judgements(Base):
    """Implements `ports.JudgementStore`."""

    def scores(self, topic_hash: str, prompt_hash: str, model: str, papers: Iterable[Paper]) -> Mapping[str, Score]:
        asked = {"topic_hash": [topic_hash], "prompt_hash": [prompt_hash], "model": [model]}
        rows = self._rows(score, asked, papers)
        return {row.arxiv_id: Score(row.arxiv_id, row.relevance, row.novelty) for row in rows}

    def save_scores(
        self, day: date, topic_hash: str, prompt_hash: str, model: str, scored: Mapping[Paper, Score], usage: Usage
    ) -> None:
        key = {"topic_hash": topic_hash, "prompt_hash": prompt_hash, "model": model}
        with self._transaction() as connection:
            for paper, found in scored.items():
                values = {"relevance": found.relevance, "novelty": found.novelty}
                put(connection, score, {"arxiv_id": paper.arxiv_id, "version": paper.version} | key | values)
            _record_call(connection, day, model, usage)

    def lines(
        self, languages: Iterable[str], prompt_hash: str, model: str, papers: Iterable[Paper]
    ) -> Mapping[tuple[str, str], str | None]:
        asked = {"language": list(languages), "prompt_hash": [prompt_hash], "model": [model]}
        return {(row.arxiv_id, row.language): row.text for row in self._rows(summary, asked, papers)}

    def reasons(
        self, topic_hashes: Iterable[str], prompt_hash: str, model: str, papers: Iterable[Paper]
    ) -> Mapping[tuple[str, str], str | None]:
        asked = {"topic_hash": list(topic_hashes), "prompt_hash": [prompt_hash], "model": [model]}
        return {(row.arxiv_id, row.topic_hash): row.text for row in self._rows(reason, asked, papers)}

    def save_summary(
        self,
        day: date,
        paper: Paper,
        prompt_hash: str,
        model: str,
        lines: Mapping[str, str | None],
        reasons: Mapping[str, str | None],
        usage: Usage,
    ) -> None:
        key = {"arxiv_id": paper.arxiv_id, "version": paper.version, "prompt_hash": prompt_hash, "model": model}
        with self._transaction() as connection:
            for language, text in lines.items():
                put(connection, summary, key | {"language": language, "text": text})
            for topic_hash, text in reasons.items():
                put(connection, reason, key | {"topic_hash": topic_hash, "text": text})
            _record_call(connection, day, model, usage)

    def _rows(self, table: Table, asked: Mapping[str, list[str]], papers: Iterable[Paper]) -> list[Any]:
        versions = {paper.arxiv_id: paper.version for paper in papers}
        rows: list[Any] = []
        with self._transaction() as connection:
            for chunk in chunks(versions):
                query = select(table).where(table.c.arxiv_id.in_(chunk))
                for name, values in asked.items():
                    query = query.where(table.c[name].in_(values))
                rows += [row for row in connection.execute(query) if versions[row.arxiv_id] == row.version]
        return rows


def _record_call(connection: Connection, day: date, model: str, usage: Usage) -> None:
    values = {
        "issue": day,
        "model": model,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
    }
    connection.execute(insert(model_call).values(values))
