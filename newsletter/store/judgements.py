"""What models answered, saved together with the cost of each answer; and the order without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from newsletter.models import Bill, Paper, Ranked, Score, Seen, Usage
from newsletter.store.engine import Base, add_missing, put, put_all
from newsletter.store.papers import chunks, to_paper
from newsletter.store.tables import all_calls, model_call, ranking, reason, score, summary, topic_text
from newsletter.store.tables import paper as paper_table

Fits = Callable[[str, str, str], bool]  # arXiv id, language, text


class Judgements(Base):
    """What models answered: stored with its cost, never asked for again.

    `model` is the one that answered; where several may have, the first named is preferred. With `past` what any prompt
    and model have answered counts too, after those that are named: an issue that was made is not paid for again.
    """

    def scores(
        self, topic_hash: str, prompt_hash: str, models: Sequence[str], papers: Iterable[Paper], *, past: bool = False
    ) -> Mapping[str, Score]:
        rows = self._rows(score, {"topic_hash": [topic_hash]} | _by(prompt_hash, models, past), papers)
        preferred = _preferred(rows, prompt_hash, models)
        return {row.arxiv_id: Score(row.arxiv_id, row.relevance, row.novelty) for row in preferred}

    def save_scores(
        self, day: date, topic_hash: str, prompt_hash: str, model: str, scored: Mapping[Paper, Score], usage: Usage
    ) -> None:
        key = {"topic_hash": topic_hash, "prompt_hash": prompt_hash, "model": model}
        with self._transaction() as connection:
            for paper, found in scored.items():
                values = {"relevance": found.relevance, "novelty": found.novelty}
                put(connection, score, {"arxiv_id": paper.arxiv_id, "version": paper.version} | key | values)
            _record_call(connection, day, "scoring", model, usage)

    def earlier_scores(
        self, topic_hash: str, before: date, limit: int
    ) -> Sequence[tuple[date, Paper, Score, str, str]]:
        """Issue, paper, score, prompt hash and model of all scores for issues before `before`, newest first."""
        same = (score.c.arxiv_id == paper_table.c.arxiv_id) & (score.c.version == paper_table.c.version)
        query = (
            select(paper_table, score.c.relevance, score.c.novelty, score.c.prompt_hash, score.c.model)
            .join(score, same)
            .where(score.c.topic_hash == topic_hash, paper_table.c.issue < before)
            .order_by(paper_table.c.issue.desc(), paper_table.c.arxiv_id, score.c.model, score.c.prompt_hash)
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            (row.issue, to_paper(row), Score(row.arxiv_id, row.relevance, row.novelty), row.prompt_hash, row.model)
            for row in rows
        ]

    def ranks(self, topic_hash: str, papers: Iterable[Paper]) -> Mapping[str, Ranked]:
        """By arXiv id: the place of each paper in the order without a model."""
        rows = self._rows(ranking, {"topic_hash": [topic_hash]}, papers)
        return {
            row.arxiv_id: Ranked(
                value=row.value, trained=row.trained, fits=row.fits, seen=Seen(row.seen), fate=row.fate, place=row.place
            )
            for row in rows
        }

    def save_ranks(self, topic_hash: str, ranked: Mapping[Paper, Ranked]) -> None:
        rows = [
            {"arxiv_id": paper.arxiv_id, "version": paper.version, "topic_hash": topic_hash}
            | {"value": found.value, "trained": found.trained, "fits": found.fits, "seen": found.seen.value}
            | {"fate": found.fate, "place": found.place}
            for paper, found in ranked.items()
        ]
        with self._transaction() as connection:
            put_all(connection, ranking, rows)

    def lines(
        self,
        languages: Iterable[str],
        prompt_hash: str,
        models: Sequence[str],
        papers: Iterable[Paper],
        *,
        past: Fits | None = None,
    ) -> Mapping[tuple[str, str], str | None]:
        """By (arXiv id, language): the line, or None if it failed its check.

        One-liners and translations share one table; texts from other prompts count if `past` accepts them.
        """
        asked = {"language": list(languages)} | _by(prompt_hash, models, past is not None)
        rows = _preferred(self._rows(summary, asked, papers), prompt_hash, models)
        return {
            (row.arxiv_id, row.language): row.text
            for row in rows
            if past is None
            or row.text is None
            or (row.prompt_hash == prompt_hash and row.model in models)
            or past(row.arxiv_id, row.language, row.text)
        }

    def reasons(
        self,
        languages: Iterable[str],
        topic_hashes: Iterable[str],
        prompt_hash: str,
        models: Sequence[str],
        papers: Iterable[Paper],
        *,
        past: bool = False,
    ) -> Mapping[tuple[str, str, str], str | None]:
        """By (arXiv id, topic hash, language), as in `lines`."""
        asked = {"topic_hash": list(topic_hashes), "language": list(languages)} | _by(prompt_hash, models, past)
        rows = _preferred(self._rows(reason, asked, papers), prompt_hash, models)
        return {(row.arxiv_id, row.topic_hash, row.language): row.text for row in rows}

    def save_summary(
        self,
        day: date,
        paper: Paper,
        prompt_hash: str,
        model: str,
        lines: Mapping[str, str | None],
        reasons: Mapping[tuple[str, str], str | None],  # by topic hash and language
        usage: Usage,
        stage: str = "summaries",
    ) -> None:
        key = {"arxiv_id": paper.arxiv_id, "version": paper.version, "prompt_hash": prompt_hash, "model": model}
        with self._transaction() as connection:
            for language, text in lines.items():
                put(connection, summary, key | {"language": language, "text": text})
            for (topic_hash, language), text in reasons.items():
                put(connection, reason, key | {"topic_hash": topic_hash, "language": language, "text": text})
            _record_call(connection, day, stage, model, usage)

    def bills(self, day: date) -> Sequence[Bill]:
        """What an issue used, by stage and model."""
        calls = all_calls.c
        sums = (calls.calls, calls.unpriced, calls.prompt_tokens, calls.completion_tokens, calls.cost_usd)
        query = select(calls.stage, calls.model, *map(func.sum, sums)).where(calls.issue == day)
        query = query.group_by(calls.stage, calls.model).order_by(calls.stage, calls.model)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            Bill(name, model, count, Usage(prompt, completion, None if unknown else cost or 0.0))
            for name, model, count, unknown, prompt, completion, cost in rows
        ]

    def note_topics(self, texts: Iterable[tuple[str, str, str]], now: datetime) -> None:
        """Record the key, the hash and the text of each topic, with the time if they are new."""
        rows = [{"key": key, "hash": topic_hash, "since": now, "text": text} for key, topic_hash, text in texts]
        one = topic_text.c
        with self._transaction() as connection:
            add_missing(connection, topic_text, rows)
            for row in rows:  # one that was noted when only hashes were
                same = (one.key == row["key"]) & (one.hash == row["hash"]) & one.text.is_(None)
                connection.execute(update(topic_text).where(same).values(text=row["text"]))

    def topic_texts(self, key: str) -> Sequence[tuple[str, str | None, datetime]]:
        """The hash of every text that this topic has had, newest first, the text, and when it was first noted.

        A text is None where only its hash was noted, as earlier versions did.
        """
        query = select(topic_text.c.hash, topic_text.c.text, topic_text.c.since).where(topic_text.c.key == key)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(topic_text.c.since.desc(), topic_text.c.hash))
            return [(row.hash, row.text, row.since) for row in rows]

    def _rows(self, table: Table, asked: Mapping[str, list[str]], papers: Iterable[Paper]) -> list[Any]:
        versions = {paper.arxiv_id: paper.version for paper in papers}
        rows: list[Any] = []
        with self._reading() as connection:
            for chunk in chunks(versions):
                query = select(table).where(table.c.arxiv_id.in_(chunk))
                for name, values in asked.items():
                    query = query.where(table.c[name].in_(values))
                rows += [row for row in connection.execute(query) if versions[row.arxiv_id] == row.version]
        return rows


def _by(prompt_hash: str, models: Sequence[str], past: bool) -> dict[str, list[str]]:
    return {} if past else {"prompt_hash": [prompt_hash], "model": list(models)}


def _preferred(rows: list[Any], prompt_hash: str, models: Sequence[str]) -> list[Any]:
    """The last of two rows with one key wins in a dictionary: the prompt in use and the model named first come last.

    A text that failed its check under another prompt stands behind one that passed.
    """
    places = {model: place for place, model in enumerate(models)}

    def place(row: Any) -> tuple[bool, bool, int]:
        is_current = row.prompt_hash == prompt_hash and row.model in places
        return is_current, getattr(row, "text", "") is not None, -places.get(row.model, len(places))

    return sorted(rows, key=place)


def _record_call(connection: Connection, day: date, stage: str, model: str, usage: Usage) -> None:
    values = {
        "issue": day,
        "stage": stage,
        "model": model,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
    }
    connection.execute(insert(model_call).values(values))
