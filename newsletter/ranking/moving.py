"""Which words moved a paper up or down when ranked without a model. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.models import Paper, Topic
from newsletter.ranking.cold import named_phrases, unwanted_phrases
from newsletter.ranking.opinions import Opinions
from newsletter.ranking.words import spellings, stems, text_of

_MOST = 6  # words of each kind: the next ones hardly count


@dataclass(frozen=True, slots=True)
class Moved:
    """The words, strongest first, as the paper spells them."""

    up: tuple[str, ...]
    down: tuple[str, ...]


def by_scores(opinions: Opinions, paper: Paper) -> Moved:
    """What earlier scores teach of its words."""
    total = opinions.scores.moved(paper) if opinions.scores else {}
    ordered = [term for term, _ in sorted(total.items(), key=lambda one: -abs(one[1]))]
    return Moved(*(_spelled(paper, (term for term in ordered if sign * total[term] > 0)) for sign in (1, -1)))


def by_text(topic: Topic, paper: Paper) -> Moved:
    """What of the topic's text stands in it: whole names first, then single words."""
    wanted, unwanted = named_phrases(topic), unwanted_phrases(topic)
    return Moved(*(_spelled(paper, _standing(paper, phrases)) for phrases in (wanted, unwanted)))


def _standing(paper: Paper, phrases: list[list[str]]) -> list[str]:
    text = f" {' '.join(stems(text_of(paper)))} "
    names = sorted((" ".join(phrase) for phrase in phrases), key=lambda name: -name.count(" "))
    words = [word for phrase in phrases for word in phrase]
    return [term for term in dict.fromkeys([*names, *words]) if f" {term} " in text]


def _spelled(paper: Paper, terms: Iterable[str]) -> tuple[str, ...]:
    """The first few as words; a word that is already in a pair is not repeated."""
    known = spellings(f"{paper.title} {paper.abstract}")
    found: list[str] = []
    for term in terms:
        if len(found) < _MOST and not any(f" {term} " in f" {one} " or f" {one} " in f" {term} " for one in found):
            found.append(term)
    return tuple(" ".join(known.get(stem, stem) for stem in term.split()) for term in found)
