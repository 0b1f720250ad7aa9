"""The order of a day by the topic's words alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from newsletter.models import Paper, Topic
from newsletter.ranking import feedback, glossary, interests, signals
from newsletter.ranking.places import mean, places
from newsletter.ranking.words import pairs, stems, text_of

_NEGATIVE_WEIGHT = 0.5  # a word that is not wanted says less than one that is: the best papers have a few of them
_MOST_MENTIONS = 4  # of a keyword in one paper; more say nothing more
_BM25_K, _BM25_B = 1.2, 0.75  # the usual constants

_PART = re.compile(
    r"[^\w\s-]|\b(?:and|or|for|by|in|with|to|that|how|why|from|on|they|are|the|an?|as|is|such)\b"
    r"|(?<=[\u3400-\u9fff])(?=[a-z])|(?<=[a-z])(?=[\u3400-\u9fff])"  # nothing stands between 关注 and LLM
)
_NOTHING = frozenset(stem for word in signals.EMPTY for stem in stems(word))


def cold(papers: Sequence[Paper], topic: Topic) -> list[float]:
    """The place of each paper among these, from 0 (no word in common with the topic) to 1, in the order given.

    The mean of its places by TF-IDF, BM25 and keywords, each minus its match with what the topic does not want; on a
    day of many papers also by what the highest of them say.
    """
    if not papers:
        return []
    wanted, unwanted = _wishes(topic)
    words = _Words(papers)
    measured = words.measure(wanted, unwanted)
    means = mean([_less(*pair) for pair in measured])
    in_common = [any(pair[0][number] > 0 for pair in measured) for number in range(len(papers))]
    span = 1 + _NEGATIVE_WEIGHT
    values = [(value + _NEGATIVE_WEIGHT) / span if has else 0.0 for value, has in zip(means, in_common, strict=True)]
    wider = feedback.widened(words.counts, values) if any(in_common) else []
    return mean([places(one) for one in (values, *wider)]) if wider else values


Pair = tuple[list[float], list[float]]  # closeness of each paper to what is wanted, and to what is not


class _Words:
    """The words of a day's papers, counted once for all three measures."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        found = [stems(text_of(paper)) for paper in papers]
        self._texts = [f" {' '.join(one)} " for one in found]
        self.counts = [Counter(pairs(one)) for one in found]
        self._having = Counter(term for counts in self.counts for term in counts)

    def measure(self, wanted: str, unwanted: str) -> list[Pair]:
        """Each measure of similarity to both texts."""
        phrases = _phrases(wanted)
        against = [phrase for phrase in _phrases(unwanted) if phrase not in phrases]
        terms = _terms_of(phrases)
        avoided = {term: 1 for term in _terms_of(against) if term not in terms}
        measures = (self._tf_idf, self._bm25)
        return [
            *((measure(terms), measure(avoided)) for measure in measures),
            (self._keywords(phrases), self._keywords(against)),
        ]

    def _tf_idf(self, asked: Mapping[str, int]) -> list[float]:
        """Cosine of sublinear TF-IDF. The topic is no document: its own words would look less rare than they are."""
        query = {term: self._weight(term, times) for term, times in asked.items() if term in self._having}
        found = []
        for counts in self.counts:
            length = math.sqrt(sum(self._weight(term, times) ** 2 for term, times in counts.items()))
            shared = sum(weight * self._weight(term, counts[term]) for term, weight in query.items() if term in counts)
            found.append(shared / length if length else 0.0)
        return found

    def _weight(self, term: str, times: int) -> float:
        rare = 1 + math.log((1 + len(self.counts)) / (1 + self._having[term]))
        return (1 + math.log(times)) * rare

    def _bm25(self, asked: Iterable[str]) -> list[float]:
        lengths = [sum(counts.values()) for counts in self.counts]
        usual = max(1.0, sum(lengths) / len(lengths))
        found = []
        for counts, length in zip(self.counts, lengths, strict=True):
            slack = _BM25_K * (1 - _BM25_B + _BM25_B * length / usual)
            mentions = ((self._rarity(term), counts[term]) for term in asked if term in counts)
            found.append(sum(rarity * n * (_BM25_K + 1) / (n + slack) for rarity, n in mentions))
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
