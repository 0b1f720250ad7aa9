"""Real days and what a peer's model selected from them, where NEWSLETTER_REAL_DATA names a folder that has them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from newsletter.demo.rows import SampleRow, load_rows
from newsletter.models import Paper, Topic
from newsletter.times import calendar

CATEGORIES = ("cs.LG", "cs.AI")
CHANGED = date(2026, 3, 31)  # other interests from here on
TESTED = (date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9))
SENTENCE = "Mixture of experts, sparsity, pruning, quantization, training dynamics."  # the README's
# The reader of the labels as we would describe them, 227 tokens; the figures depend on this text.
TOPIC = Topic(
    key="foundations",
    title="Foundation models",
    categories=CATEGORIES,
    interests="""\
The building blocks of neural networks and why they work: mixture of experts (MoE), Transformers, attention, state
space models, recurrent and dynamic networks, autoencoders, expressivity.
Doing more with less: sparsity, pruning, quantization, low-rank adaptation (LoRA), distillation, KV cache, token
pruning, speculative decoding, efficient inference of large language models.
Large-scale training and serving: parallelism, distributed training, optimizers, memory, GPU kernels, throughput, long
context.
What networks learn: representations, features, dictionaries, sparse autoencoders, mechanistic interpretability,
embeddings, geometry, training dynamics, gradient flow, generalization theory, scaling laws, model merging.
Not wanted: reinforcement learning, agents, federated learning, online learning, transfer learning, diffusion and
generative applications, graph learning, benchmarks, data sets, surveys. Not wanted: applications to medicine, images,
segmentation, 3D, video, speech, retrieval, recommendation, translation, time series, forecasting, robotics, driving,
molecules, education, law.
""",
)


@dataclass(frozen=True, slots=True)
class LabelledDay:
    """The papers of one day, and which of them were selected; those selected by author are left out."""

    day: date
    rows: tuple[SampleRow, ...]
    selected: frozenset[str]

    @property
    def papers(self) -> list[Paper]:
        return [_paper(row) for row in self.rows]

    @property
    def passed(self) -> list[bool]:
        return [row.id in self.selected for row in self.rows]


def folder() -> Path | None:
    """The folder of the real papers."""
    name = os.environ.get("NEWSLETTER_REAL_DATA")
    return Path(name) / "arxiv" if name else None


def labelled_days(place: Path) -> list[LabelledDay]:
    """All days but those of `drifted_days`, oldest first, with the labels as the scores that the model is to give."""
    return _days(place / "days", place / "labels" / "selected.jsonl")


def drifted_days(place: Path) -> list[LabelledDay]:
    """Eight later days, oldest first; from 2026-03-31 on the labels are of other interests."""
    return _days(place / "drift" / "days", place / "drift" / "selected.jsonl")


def profile(place: Path, name: str) -> Topic:
    """The topic with the interests as those readers wrote them."""
    return replace(TOPIC, interests=(place / "profiles" / f"{name}.md").read_text("utf-8"))


def _days(files: Path, selected: Path) -> list[LabelledDay]:
    labels: dict[date, dict[str, tuple[int, int] | None]] = {}
    for line in selected.read_text("utf-8").splitlines():
        row = json.loads(line)
        found = (row["relevance"], row["novelty"]) if row["relevance"] else None
        labels.setdefault(date.fromisoformat(row["date"]), {})[row["id"]] = found
    by_day = {date.fromisoformat(file.name[:10]): file for file in files.iterdir()}
    return [_day(day, load_rows(by_day[day], calendar.window), labels.get(day, {})) for day in sorted(by_day)]


def _day(day: date, rows: Sequence[SampleRow], labels: dict[str, tuple[int, int] | None]) -> LabelledDay:
    wanted = [row for row in rows if set(CATEGORIES) & set(row.categories) and labels.get(row.id, ()) is not None]
    scored = [replace(row, scores={TOPIC.key: labels.get(row.id) or (3, 4)}) for row in wanted]
    return LabelledDay(day, tuple(scored), frozenset(one for one, found in labels.items() if found))


def _paper(row: SampleRow) -> Paper:
    return Paper(
        arxiv_id=row.id,
        title=row.title,
        abstract=" ".join(row.abstract.split()),
        authors=row.authors,
        categories=row.categories,
        primary_category=row.primary_category,
        published=row.published,
        updated=row.updated,
    )
