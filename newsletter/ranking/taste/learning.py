"""A logistic regression on what one reader liked and passed over, starting from the topic's order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from newsletter.ranking import logistic
from newsletter.ranking.taste.space import Space

MOST_LIKED, MOST_PASSED = 40, 50  # the newest: what a reader liked long ago says less
_BACKGROUND = 30  # of the topics' earlier picks, as if a few had been passed over: with one like there may be no pass
_BACKGROUND_PASSES = 2.0  # how many real ones they count together
_LIKE = 3.0  # the weight of a like's loss; measured on days of February 2026, flat from 1 to 10
_CLOSE = 0.12  # cosine; of pairs above it two thirds are of one kind, a quarter of all pairs
_ALWAYS = 0.1  # what all examples have in common: how many are liked


@dataclass(frozen=True, slots=True)
class Example:
    """A paper, or a text in its place, that a reader wants more of, or less."""

    key: str  # in the space
    liked: bool
    weight: float = 1.0  # how many papers it counts for


@dataclass(frozen=True, slots=True)
class Learned:
    """How much each example counts for and against what is like it."""

    space: Space
    shares: tuple[tuple[str, float], ...]  # newest first, likes positive

    def values(self, keys: Sequence[str]) -> list[float]:
        """What the reader's marks add to the topic's order for each of these, in the order given."""
        shares = [share for _, share in self.shares]
        always = _ALWAYS * sum(shares)
        rows = self.space.products(keys, [key for key, _ in self.shares])
        return [always + sum(map(mul, row, shares)) for row in rows]

    def because(self, key: str, liked: frozenset[str]) -> str | None:
        """Which of the liked papers moved this one up most; None where it is not truly close to that one."""
        if not liked or not self.shares:
            return None
        named = [(one, share) for one, share in self.shares if share > 0 and one in liked]
        (row,) = self.space.products([key], [one for one, _ in named])
        near = ((share * product, one) for (one, share), product in zip(named, row, strict=True))
        most, found = max(near, default=(0.0, None))
        return found if found and most > 0 and self.space.cosine(found, key) >= _CLOSE else None


def learn(space: Space, examples: Sequence[Example]) -> Learned:
    """What the examples, newest first, say of other papers.

    Likes together weigh as much as passes together, and the more of them, the more they move: one like little, twenty
    a lot. Papers that the reader was never shown are no passes.
    """
    liked = [one for one in examples if one.liked][:MOST_LIKED]
    passed = [one for one in examples if not one.liked][:MOST_PASSED]
    if not liked and not passed:
        return Learned(space, ())
    known = {one.key for one in (*liked, *passed)}
    others = [key for key in space.anchors[::-1] if key not in known][:_BACKGROUND]
    keys = [*(one.key for one in (*liked, *passed)), *others]
    likes, passes = (sum(one.weight for one in some) for some in (liked, passed))
    likes = max(likes, 1.0)
    total = _LIKE * likes
    each = total / (passes + _BACKGROUND_PASSES)
    most = [
        *(one.weight * total / likes for one in liked),
        *(one.weight * each for one in passed),
        *[each * _BACKGROUND_PASSES / max(len(others), 1)] * len(others),
    ]
    signs = [1.0] * len(liked) + [-1.0] * (len(keys) - len(liked))
    shares = logistic.fit_dual(space.products(keys, keys), signs, most, common=_ALWAYS)
    return Learned(space, tuple(zip(keys, shares, strict=True)))
