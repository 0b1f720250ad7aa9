"""How alike two papers are: by their words, and by which of the earlier picks they resemble. Pure.

Two abstracts about pruning may share no rare word, but both resemble the same earlier papers. So a paper is described
by its likeness to a few hundred anchors, the papers that the topics picked before, and once more by how alike these
descriptions are: what a term-document matrix gains from its leading singular vectors, without computing them.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter, mul
from typing import TypeAlias

from newsletter.models import Paper
from newsletter.ranking import glossary, vectors
from newsletter.ranking.words import counts_of, pairs, stems

ANCHORS = 300  # measured on days of February 2026: precision stays from 200 on
_MOST_HELD = 1200  # papers whose likeness to each other is remembered: 8 bytes a pair

Terms = Mapping[str, int]
Point: TypeAlias = "array[float]"  # a list of them would take four times as much


def counts_of_text(text: str) -> Counter[str]:
    """The terms of words that are no paper, e.g. of a reader's interests, also in Chinese."""
    return Counter(pairs(stems(glossary.in_english(text))))


def counts_of_words(words: Iterable[tuple[str, int]]) -> Counter[str]:
    """The terms of words, each with how often it counts."""
    found: Counter[str] = Counter()
    for word, times in words:
        found.update(dict.fromkeys(stems(word), times))
    return found


class Space:
    """Papers and texts as points; those of one morning share it."""

    def __init__(self, usual: Sequence[Paper], anchors: Sequence[Paper]) -> None:
        """`usual`: papers that tell which words are rare; `anchors`: newest last."""
        every = {paper.arxiv_id: counts_of(paper) for paper in (*usual, *anchors)}
        self._space = vectors.Space.of(list(every.values()))
        self._rows: dict[str, Mapping[int, float]] = {}
        self._points: dict[str, Point] = {}
        self._numbers: dict[str, int] = {}  # of those in `_products`
        self._products: list[Point] = []
        self._held: list[Point] = []
        self._cosines: dict[tuple[str, str], float] = {}
        kept = {paper.arxiv_id: paper for paper in anchors[-ANCHORS:]}
        self.anchors = tuple(kept)
        self._postings: dict[int, list[tuple[int, float]]] = {}
        for number, paper in enumerate(kept.values()):
            for feature, value in self._row(paper.arxiv_id, every[paper.arxiv_id]).items():
                self._postings.setdefault(feature, []).append((number, value))
        if not kept:
            self._first = self._second = _Company([])
            return
        self._first = _Company([self._likeness(self._rows[one]) for one in kept])
        self._second = _Company([self._first.among(point) for point in self._first.points])
        for number, key in enumerate(kept):
            self._points[key] = self._joined(self._first.points[number])

    def add(self, key: str, terms: Terms) -> None:
        """Place a paper or a text in the space, under a key of its own."""
        if key not in self._points:
            self._points[key] = self._joined(self._first.centred(self._likeness(self._row(key, terms))))

    def __contains__(self, key: str) -> bool:
        return key in self._points

    def trim(self, most: int = _MOST_HELD) -> None:
        """Forget what was added, once that is more than `most`: what one reader likes need not stay for the next."""
        if len(self._points) > most + len(self.anchors):
            self._points = {key: self._points[key] for key in self.anchors}
            self._rows = {key: self._rows[key] for key in self.anchors}
            self._forget()

    def products(self, ones: Sequence[str], others: Sequence[str]) -> list[Sequence[float]]:
        """For each paper how alike it is to the others, each from -1 to 1; all were added."""
        if len(self._numbers) > _MOST_HELD:
            self._forget()
        numbers = [self._number(key) for key in others]
        if not numbers:
            return [() for _ in ones]
        chosen = itemgetter(*numbers, numbers[0])  # of one number alone it would give no sequence
        return [chosen(self._row_of(key))[:-1] for key in ones]

    def _row_of(self, key: str) -> Point:
        number = self._number(key)
        row = self._products[number]
        if len(row) < len(self._held):
            point, begin = self._points[key], len(row)
            known = zip(self._products[begin:], self._held[begin:], strict=True)
            row.extend([one[number] if len(one) > number else sum(map(mul, point, other)) for one, other in known])
        return row

    def cosine(self, one: str, other: str) -> float:
        """How many of their words two papers share, 0 to 1: what a reader would call alike."""
        if (one, other) not in self._cosines:
            few, many = sorted((self._rows[one], self._rows[other]), key=len)
            self._cosines[one, other] = sum(value * many[key] for key, value in few.items() if key in many)
        return self._cosines[one, other]

    def _row(self, key: str, terms: Terms) -> Mapping[int, float]:
        row = dict(self._space.row(terms))
        row.pop(len(self._space.rarity))
        self._rows[key] = row
        return row

    def _likeness(self, row: Mapping[int, float]) -> list[float]:
        """To each anchor, squared: near ones say more than many distant ones."""
        found = [0.0] * len(self.anchors)
        for feature, value in row.items():
            for number, other in self._postings.get(feature, ()):
                found[number] += value * other
        highest = sorted(found)[-2:]
        most = highest[0] if highest else 0.0  # an anchor is no more like itself than like the next one
        return [min(value, most) ** 2 for value in found]

    def _joined(self, first: Point) -> Point:
        """Both descriptions as one point of length 1."""
        second = self._second.centred(self._first.among(first))
        return _point(value * math.sqrt(0.5) for value in (*first, *second))

    def _number(self, key: str) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self._held)
            self._held.append(self._points[key])
            self._products.append(_point())
        return self._numbers[key]

    def _forget(self) -> None:
        """What is needed again is worked out anew."""
        self._numbers.clear()
        self._products.clear()
        self._held.clear()
        self._cosines.clear()


class _Company:
    """How some papers relate to the anchors, less what all anchors have in common."""

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self._usual = [sum(column) / len(rows) for column in zip(*rows, strict=True)]  # nothing without rows
        self.points = [self.centred(row) for row in rows]

    def centred(self, row: Sequence[float]) -> Point:
        moved = [value - usual for value, usual in zip(row, self._usual, strict=True)]
        length = math.sqrt(sum(map(mul, moved, moved))) or 1.0
        return _point(value / length for value in moved)

    def among(self, point: Point) -> list[float]:
        """How alike a point is to each anchor's."""
        return [sum(map(mul, point, other)) for other in self.points]


def _point(values: Iterable[float] = ()) -> Point:
    return array("d", values)
