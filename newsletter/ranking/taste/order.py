"""The papers of one reader's email: the topics' order, moved by what the reader marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.ranking.taste.learning import Learned

BELOW = 2  # points below a topic's bar from which a taste may lift a paper
_EXPLORED = 10  # of so many papers one comes from the topics' order
_ORDER = 0.05  # how much the first of the topics' order starts ahead of the last
_MISSING = 2.0  # what each point below the bar costs: one like alone lifts nothing over it
_ORDER_AT_FIRST = 0.05  # and how much more before anything is liked
_SURE = 10  # likes, from which on that is over


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that one reader's email may show."""

    key: str
    below: int = 0  # points below the bar of the topic
    lifted: bool = False  # it contains a word that the reader wants
    followed: bool = False  # by a followed author: always shown


@dataclass(frozen=True, slots=True)
class Placed:
    """A paper where it stands in one reader's email."""

    key: str
    because: str | None = None  # the liked paper that it is close to
    outside: bool = False  # from the topics' order, so that a taste cannot close in on itself
    value: float = 0.0  # that decided


def arrange(
    candidates: Sequence[Candidate],
    learned: Learned,
    *,
    likes: float,
    most: int,
    day: date,
    liked: frozenset[str] = frozenset(),
) -> list[Placed]:
    """At most `most` of the candidates (given in the topics' order), best first for this reader.

    `liked`: the papers that a reason may name; `likes`: how many examples of what is wanted there are.
    """
    if not candidates:
        return []
    ahead = _ORDER + _ORDER_AT_FIRST * max(0, _SURE - likes) / _SURE
    moved = learned.values([one.key for one in candidates])
    values = {
        one.key: value + ahead * (1 - place / len(candidates)) - _MISSING * (one.below - one.lifted)
        for place, (one, value) in enumerate(zip(candidates, moved, strict=True))
    }
    ordered = sorted(candidates, key=lambda one: (not one.followed, -values[one.key]))
    ordered = _worth_it(ordered, tasted=bool(learned.shares))
    apart = explored(most, day) if learned.shares and len(ordered) > most else 0
    kept = ordered[: most - apart]
    shown = {one.key for one in kept}
    others = [one for one in candidates if one.key not in shown and one.below <= 0][:apart]
    return [
        *(Placed(one.key, learned.because(one.key, liked), value=values[one.key]) for one in kept),
        *(Placed(one.key, outside=True, value=values[one.key]) for one in others),
    ]


def _worth_it(ordered: Sequence[Candidate], *, tasted: bool) -> list[Candidate]:
    """Without near misses that no taste brought before a paper that passed: they only fill what is left."""
    passes = [one.followed or one.below <= one.lifted for one in ordered]
    last = max((place for place, good in enumerate(passes) if good), default=-1)
    return [one for place, one in enumerate(ordered) if passes[place] or (tasted and place < last)]


def explored(shown: int, day: date) -> int:
    """How many of the papers shown come from the topics' order: one in ten, over days where an email has fewer."""
    return day.toordinal() * shown // _EXPLORED - (day.toordinal() - 1) * shown // _EXPLORED
