"""`python -m benchmarks.asking`: learn from written replies which texts ask for a command; `--judge` leaves some out.

A few minutes on one core. The weights go into the package; the same texts give the same weights.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from newsletter.inbound import asking, cut
from newsletter.ranking import logistic

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "replies"
_LEARNED = ("training.jsonl", "written.jsonl")
_KINDS = {"leave": "unsubscribe", "hour": "time"}  # a command by its name in the written replies
_FEWEST = 2  # texts that have to hold what is learned from
_WEIGHT = 10.0  # of the loss against the size of the weights

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    """The replies of a file."""
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def half(replies: Sequence[Row]) -> list[Row]:
    """Every other reply: what is learned of `fresh.jsonl`; the rest judges."""
    return list(replies[::2])


def text_of(reply: Row) -> str:
    return " / ".join(filter(None, cut.visible_lines(reply["text"])))


def learn(replies: Sequence[Row]) -> bytes:
    """The weights as they are kept."""
    texts = [text_of(reply) for reply in replies]
    rarities = _rarities(map(asking.buckets, texts))
    features = [asking.features(text, lambda bucket: rarities[bucket] / asking.RARITY_STEP) for text in texts]
    about = [reply["kind"] != "ordinary" for reply in replies]
    asks = [reply["kind"] in ("plain", "request") for reply in replies]
    learned = [_fit(features, one, asking.BUCKETS) for one in (about, asks)]
    narrow = [asking.narrowed(row) for row, asked in zip(features, asks, strict=True) if asked]
    kinds = [_KINDS.get(one["command"], one["command"]) for one, asked in zip(replies, asks, strict=True) if asked]
    for kind in asking.KINDS:
        learned.append(_fit(narrow, [one == kind for one in kinds], asking.BUCKETS_OF_KINDS))
    return asking.packed(rarities, learned)


def _rarities(found: Iterable[set[int]]) -> bytes:
    texts = list(found)
    counted = Counter(bucket for one in texts for bucket in one)
    steps = {
        bucket: min(255, round((math.log((1 + len(texts)) / (1 + count)) + 1) * asking.RARITY_STEP))
        for bucket, count in counted.items()
        if count >= _FEWEST
    }
    return bytes(steps.get(bucket, 0) for bucket in range(asking.BUCKETS))


def _fit(features: Sequence[asking.Features], passed: Sequence[bool], size: int) -> list[float]:
    always = [{**row, size: 1.0} for row in features]
    return logistic.fit(always, passed, _WEIGHT, [0.0] * (size + 1))


def main() -> None:
    """Learn and write."""
    replies = [reply for name in _LEARNED for reply in rows(name)] + half(rows("fresh.jsonl"))
    if "--judge" in sys.argv:
        replies = rows("training.jsonl")
    content = learn(replies)
    target = Path(asking.__file__).parent / asking.WEIGHTS
    target.write_bytes(content)
    print(f"{len(replies):,} replies learned; {len(content):,} bytes in {target.name}")


if __name__ == "__main__":
    main()
