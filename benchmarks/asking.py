"""`python -m benchmarks.asking`: learn from written replies which texts ask for a command.

A few minutes on one core. The weights go into the package; the same texts give the same weights. `--judge` writes
nothing: it leaves out one collection after the other (or those named behind it), learns from all others, and prints
what becomes of the replies that it left out.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from newsletter.inbound import asking, cut, grammar
from newsletter.models import Action
from newsletter.ranking import logistic

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "replies"
APART = ("apart", "unseen")  # with the other half of `fresh`: what the tests judge by
JUDGE = "judge"  # not even read before everything else was settled
DAY = date(2026, 3, 9)
_KINDS = {"leave": "unsubscribe", "hour": "time"}  # a command by its name in the written replies
_FEWEST = 2  # texts that have to hold what is learned from
_WEIGHT = 20.0  # of the loss against the size of the weights
_SHARE = 0.02  # of the ordinary replies, at which the guess alone is judged
_NAMES = {Action.CONFIRM: "ask", Action.HUMAN: "human", Action.AGREE: "agree"}

Row = dict[str, Any]


class Told(NamedTuple):
    """What the guess hears of a reply."""

    text: str
    known: frozenset[str]


def rows(name: str) -> list[Row]:
    """The replies of a file."""
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


def collections() -> dict[str, list[Row]]:
    """All replies, by who wrote them."""
    return {file.stem: rows(file.stem) for file in sorted(FOLDER.glob("*.jsonl"))}


def learned() -> list[Row]:
    """The replies that the weights of the package are learned from."""
    left_out = (*APART, JUDGE, "fresh")
    found = [reply for name, replies in collections().items() if name not in left_out for reply in replies]
    return found + rows("fresh")[::2]


def kept_apart() -> list[Row]:
    """The replies that they are not."""
    return [*(reply for name in APART for reply in rows(name)), *rows("fresh")[1::2]]


def wish(text: str, guessing: grammar.Guessing = asking.guess) -> grammar.Wish | None:
    """What a reply asks for."""
    return grammar.read("Re: Morning arXiv", cut.visible_lines(text), DAY, guessing)


def outcome(found: grammar.Wish | None) -> str:
    """What becomes of it: act, ask, agree, human, ignore."""
    return "ignore" if found is None else _NAMES.get(found.action, "act")


def told(reply: Row) -> Told | None:
    """None for a reply that needs no guess."""
    heard: list[Told] = []

    def note(text: str, known: Iterable[str]) -> asking.Guess:
        heard.append(Told(text, frozenset(known)))
        return asking.Guess(0.0, 0.0, asking.KINDS[0])

    wish(reply["text"], note)
    return heard[0] if heard else None


def learn(replies: Sequence[Row]) -> bytes:
    """The weights as they are kept."""
    return learn_from([(reply, heard) for reply in replies if (heard := told(reply))])


def learn_from(replies: Sequence[tuple[Row, Told]]) -> bytes:
    """The same of what the guess hears."""
    rarities = _rarities(asking.buckets(heard.text) for _, heard in replies)
    features = [asking.features(*heard, lambda bucket: rarities[bucket] / asking.RARITY_STEP) for _, heard in replies]
    asks = [reply["kind"] in ("plain", "request") for reply, _ in replies]
    plainly = [at for at, (reply, _) in enumerate(replies) if reply["kind"] != "near"]
    fitted = [_fit([features[at] for at in plainly], [asks[at] for at in plainly], asking.BUCKETS)]
    fitted.append(_fit(features, asks, asking.BUCKETS))
    narrow = [asking.narrowed(row) for row, asked in zip(features, asks, strict=True) if asked]
    kinds = [_KINDS.get(one["command"], one["command"]) for (one, _), asked in zip(replies, asks, strict=True) if asked]
    for kind in asking.KINDS:
        fitted.append(_fit(narrow, [one == kind for one in kinds], asking.BUCKETS_OF_KINDS))
    return asking.packed(rarities, fitted)


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


# --- judged by what was left out -------------------------------------------------------------------


def judge(names: Sequence[str]) -> None:
    """Print, for each collection, what a model of all others makes of it."""
    heard = {name: [(reply, told(reply)) for reply in replies] for name, replies in collections().items()}
    for name in names or list(heard):
        others = [(one, said) for other, found in heard.items() if other != name for one, said in found if said]
        model = asking.loaded(learn_from(others))
        replies = [reply for reply, _ in heard[name]]
        made = [outcome(wish(reply["text"], partial(asking.guess, model=model))) for reply in replies]
        print(f"{name}: {len(replies)} replies")
        _say_outcomes(replies, made)
        _say_guess(replies, [asking.guess(*said, model).likely if said else 9.0 for _, said in heard[name]])


def _say_outcomes(replies: Sequence[Row], made: Sequence[str]) -> None:
    for kind in ("plain", "request", "near", "ordinary"):
        found = [(reply["lang"], one) for reply, one in zip(replies, made, strict=True) if reply["kind"] == kind]
        if not found:
            continue
        acted, asked = (sum(one == what for _, one in found) / len(found) for what in ("act", "ask"))
        print(f"  {kind}: {len(found)}, acted {acted:.1%}, asked {asked:.1%}")
        if kind in ("plain", "request"):
            every = Counter(language for language, _ in found)
            missed = Counter(language for language, one in found if one not in ("act", "ask"))
            print(f"    missed: {', '.join(f'{one} {count}/{every[one]}' for one, count in missed.most_common())}")


def _say_guess(replies: Sequence[Row], likely: Sequence[float]) -> None:
    """How many requests are above the threshold that so many ordinary replies pass."""
    by_kind: dict[str, list[float]] = {}
    for reply, one in zip(replies, likely, strict=True):
        by_kind.setdefault(reply["kind"], []).append(one)
    ordinary = sorted(by_kind.pop("ordinary"), reverse=True)
    least = ordinary[int(_SHARE * len(ordinary))]
    shares = (f"{kind} {sum(one > least for one in found) / len(found):.1%}" for kind, found in by_kind.items())
    print(f"  the guess alone, {_SHARE:.0%} of ordinary replies asked (above {least:.2f}): {', '.join(shares)}")


def main() -> None:
    """Learn and write, or judge."""
    if "--judge" in sys.argv:
        judge(sys.argv[sys.argv.index("--judge") + 1 :])
        return
    replies = learned()
    content = learn(replies)
    target = Path(asking.__file__).parent / asking.WEIGHTS
    target.write_bytes(content)
    print(f"{len(replies):,} replies learned; {len(content):,} bytes in {target.name}")


if __name__ == "__main__":
    main()
