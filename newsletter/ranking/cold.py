"""The order of a day by the topic's words alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from newsletter.models import Paper, Topic
from newsletter.ranking import feedback, glossary, interests, signals
from newsletter.ranking.places import mean, places
from newsletter.ranking.words import features_of, pairs, stems, text_of

_NEGATIVE_WEIGHT = 0.5  # a word that is not wanted says less than one that is: the best papers have a few of them
_MOST_MENTIONS = 4  # of a keyword in one paper; more say nothing more
_BM25_K, _BM25_B = 1.2, 0.75  # the usual constants

_PART = re.compile(
    r"[^\w\s-]|\b(?:and|or|for|by|in|with|to|that|how|why|from|on|they|are|the|an?|as|is|such)\b"
    r"|(?<=[\u3400-\u9fff])(?=[a-z])|(?<=[a-z])(?=[\u3400-\u9fff])"  # nothing stands between 关注 and LLM
)
_NOTHING = frozenset(stem for word in signals.EMPTY for stem in stems(word))


def cold(papers: Sequence[Paper], topic: Topic, known: Sequence[Paper] = ()) -> list[float]:
    """The place of each paper among these, from 0 (no word in common with the topic) to 1, in the order given.

    The mean of its places by three measures, each minus its match with what the topic does not want; where there are
    enough papers, the mean of its places by what the highest of them say. `known`: papers of earlier days, whatever
    became of them, in which the topic's words keep company too.
    """
    if not papers:
        return []
    ids = {paper.arxiv_id for paper in papers}
    words = _Words([*papers, *(paper for paper in known if paper.arxiv_id not in ids)])
    measured = words.measure(topic)
    means = mean([_less(*pair) for pair in measured])
    in_common = [value > 0 for value in measured[0][0]]  # each measure has the same words
    span = 1 + _NEGATIVE_WEIGHT
    values = [(value + _NEGATIVE_WEIGHT) / span if has else 0.0 for value, has in zip(means, in_common, strict=True)]
    wider = feedback.widened(words.counts, values) if any(in_common) else []
    return mean([places(one[: len(papers)]) for one in wider]) if wider else values[: len(papers)]


Pair = tuple[list[float], list[float]]  # closeness of each paper to what is wanted, and to what is not


class _Words:
    """The words of many papers, counted once for all measures."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._texts = [f" {' '.join(stems(text_of(paper)))} " for paper in papers]
        self.counts = [features_of(paper) for paper in papers]
        self._having = Counter(term for counts in self.counts for term in counts)
        lengths = [sum(counts.values()) for counts in self.counts]
        usual = max(1.0, sum(lengths) / len(lengths))
        self._slack = [_BM25_K * (1 - _BM25_B + _BM25_B * length / usual) for length in lengths]

    def measure(self, topic: Topic) -> list[Pair]:
        """Each measure of similarity to what is wanted and to what is not."""
        pieces, phrases, against = named_pieces(topic), named_phrases(topic), unwanted_phrases(topic)
        terms = _terms_of(phrases)
        avoided = Counter(term for term in _terms_of(against) if term not in terms)
        by_piece = [places(self._bm25(_terms_of(piece))) for piece in pieces]
        closest = [max(column) for column in zip(*by_piece, strict=True)] or [0.0] * len(self.counts)
        against_bm25 = self._bm25(avoided)
        return [
            (self._bm25(terms), against_bm25),
            (self._keywords(phrases), self._keywords(against)),
            (closest, against_bm25),
        ]

    def _bm25(self, asked: Iterable[str]) -> list[float]:
        rarity = {term: self._rarity(term) for term in asked if term in self._having}
        found = []
        for counts, slack in zip(self.counts, self._slack, strict=True):
            mentions = ((rare, counts[term]) for term, rare in rarity.items() if term in counts)
            found.append(sum(rare * n * (_BM25_K + 1) / (n + slack) for rare, n in mentions))
        return found

    def _rarity(self, term: str) -> float:
        having = self._having[term]
        return math.log(1 + (len(self.counts) - having + 0.5) / (having + 0.5))

    def _keywords(self, phrases: Sequence[Sequence[str]]) -> list[float]:
        words = [f" {' '.join(phrase)} " for phrase in phrases]
        return [sum(math.sqrt(min(text.count(word), _MOST_MENTIONS)) for word in words) for text in self._texts]


def _terms_of(phrases: Sequence[Sequence[str]]) -> Counter[str]:
    return Counter(term for phrase in phrases for term in pairs(phrase))


def _less(wanted: Sequence[float], unwanted: Sequence[float]) -> list[float]:
    """Places by what is wanted, minus those by what is not wanted."""
    return [place - _NEGATIVE_WEIGHT * against for place, against in zip(places(wanted), places(unwanted), strict=True)]


def named_pieces(topic: Topic) -> list[list[list[str]]]:
    """The same by piece of the topic's text: a paper of one of several subjects says little of the others."""
    pieces = (_phrases(piece) for piece in (*interests.read(topic.interests).wanted, *topic.include))
    return [piece for piece in pieces if piece]


def named_phrases(topic: Topic) -> list[list[str]]:
    """The stems of each thing that the topic wants."""
    return _phrases(_wishes(topic)[0])


def unwanted_phrases(topic: Topic) -> list[list[str]]:
    """The stems of everything that the topic does not want, from its text and its word list."""
    wanted, unwanted = _wishes(topic)
    return [phrase for phrase in _phrases(unwanted) if phrase not in _phrases(wanted)]


def _wishes(topic: Topic) -> tuple[str, str]:
    """What the topic wants and does not want, from its description and word lists."""
    read = interests.read(topic.interests)
    return " . ".join([topic.title, *read.wanted, *topic.include]), " . ".join([*read.unwanted, *topic.exclude])


def _phrases(text: str) -> list[list[str]]:
    """The stems of each thing a text names: what stands between punctuation and small words."""
    parts = (_named(stems(part)) for part in _PART.split(glossary.in_english(text).lower()))
    return [list(phrase) for phrase in dict.fromkeys(parts) if phrase]


def _named(found: list[str]) -> tuple[str, ...]:
    """Without the words around it that name nothing: "papers on", "research"."""
    while found and found[0] in _NOTHING:
        found = found[1:]
    while found and found[-1] in _NOTHING:
        found = found[:-1]
    return tuple(found)
