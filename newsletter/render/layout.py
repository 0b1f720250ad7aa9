"""Decides what of each paper an email shows; pure. The templates only write down what stands here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from newsletter import tex
from newsletter.models import AbstractLanguage, Abstracts, Edition, Entry, Score
from newsletter.render.links import Run, linked, unlinked
from newsletter.sentences import Piece, brief_title, result_alone, short, short_title, stand_in, whole
from newsletter.venues import venue_of
from newsletter.words import Words

# One edition is composed about ten times, to fit its size and to find its slots.
to_unicode = lru_cache(maxsize=4096)(tex.to_unicode)

FULL_RANKS, SHORT_RANKS = 3, 10
_STRONG = 9
_DOT = "\u00a0· "  # never at the beginning of a line
_LINE, _SHORTEST = 64, 36  # characters of the contents: a title and a surname, and a title; a phone's line cuts them
_UNBROKEN = 24  # characters: shorter names stay on one line
_NO_SURNAME = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})
_GROUPS = frozenset({"collaboration", "team", "consortium", "group", "community", "contributors"})


class Level(IntEnum):
    """How much of a paper is shown, from nothing to everything."""

    HIDDEN = 0  # counted as "N more"
    TITLE = 1  # a row with title and link
    ROW = 2  # the same as NONE in smaller letters
    NONE = 3  # everything but the abstract
    SHORT = 4  # the result alone
    FULL = 5


_BEFORE_NUMBER = re.compile(r" (?=\d)")  # a line never ends between a word and its number
_WIDE_LETTER = re.compile(r"[\u3040-\u9fff\uff00-\uffef]")
_LETTER = re.compile(r"[^\W_]")  # arXiv lists the colon of "NVIDIA: A. Author" as an author

Levels = Mapping[int, Level]  # by the entry's number


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Said:
    """A one-liner; `quoted` ones are the abstract's own sentence."""

    language: str
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One paper, ready to be rendered: in Unicode, with words in the reader's language."""

    number: int
    level: Level
    title: str
    short_title: str
    brief_title: str
    surname: str  # of the first author
    url: str
    authors: str
    venue: str
    said: tuple[Said, ...]
    follows: str
    reason: str
    reason_language: str
    also_in: str  # the other topics that picked it
    scores: str
    place: str  # category and number, or the day where the email is about several
    abstract: tuple[Run, ...]
    translated: tuple[Run, ...]  # a machine's words: never with links
    translated_into: str
    ways: tuple[Link, ...]  # to read it, besides the abstract's page behind the title
    # Names that the first edition's templates use.
    score: int | None
    strong: bool
    novelty: int | None
    facts: str
    topics: str

    @property
    def links(self) -> tuple[Link, ...]:
        """The ways to read it, the abstract's page first."""
        return (Link("arXiv", self.url), *self.ways)


def first_levels(edition: Edition) -> dict[int, Level]:
    """What the reader asked for, before any size limit; best first. The paper that is read first is shown whole."""
    wish = edition.wishes.abstracts
    if not edition.entries:
        return {entry.number: Level.ROW for entry in edition.nearest}
    missed = {entry.number for section in edition.sections if section.missed for entry in section.entries}
    ranked = [entry.number for entry in edition.ranked]
    if wish is Abstracts.SMART:
        lead = [number for number in (1,) if number not in missed]
        order = list(dict.fromkeys([*lead, *ranked]))
        places = {number: place for place, number in enumerate(order, start=1)}
        levels = {number: _smart(places[number]) for number in ranked}
    else:
        levels = dict.fromkeys(ranked, Level.FULL if wish is Abstracts.FULL else Level.NONE)
    return levels | dict.fromkeys(missed, Level.ROW)


def _smart(place: int) -> Level:
    return Level.FULL if place <= FULL_RANKS else Level.SHORT if place <= SHORT_RANKS else Level.ROW


def reductions(levels: Levels) -> list[tuple[int, Level]]:
    """Every step down, in the order of least loss: from the last of these papers, one level after the other."""
    upwards = list(reversed(levels))
    steps = (Level.SHORT, Level.NONE, Level.ROW, Level.TITLE, Level.HIDDEN)
    return [(number, level) for level in steps for number in upwards if levels[number] > level]


def show(entry: Entry, level: Level, edition: Edition, words: Words) -> Shown:
    """The entry at this level, in the reader's words."""
    beside = _Beside(
        edition.wishes.abstract_language,
        weekly=edition.wishes.weekly,
        issues=len(edition.issues) > 1,
        topics=len(edition.wishes.topics) > 1,
        sections=len(edition.sections) > 1,
    )
    return replace(_shown(replace(entry, number=0, rank=0), level, beside, words), number=entry.number)


class _Beside(NamedTuple):
    """What of the edition decides how one of its papers is shown: whether there are several of each."""

    abstract_language: AbstractLanguage
    weekly: bool
    issues: bool
    topics: bool
    sections: bool


@lru_cache(maxsize=1024)  # the same paper stands in the editions of many readers
def _shown(entry: Entry, level: Level, beside: _Beside, words: Words) -> Shown:
    paper, wish = entry.paper, beside.abstract_language
    title, abstract = to_unicode(paper.title), to_unicode(paper.abstract)
    said = _said(entry, abstract)
    of_result = not any(one.quoted for one in said)
    translated = () if wish is AbstractLanguage.ORIGINAL else _translated(entry, level, of_result=of_result)
    original = not (translated and wish is AbstractLanguage.FIRST)
    names = _names(paper.authors)
    surname = _surname(names[0]) if names else ""
    return Shown(
        number=entry.number,
        level=level,
        title=title,
        short_title=short_title(title),
        brief_title=brief_title(title, max(_SHORTEST, _LINE - len(surname))),
        surname=surname,
        url=paper.abs_url,
        authors=_authors(names, words),
        venue=venue_of(paper),
        said=said,
        follows=_why(entry, words),
        reason=_sentence(to_unicode(entry.reason or "")),
        reason_language=entry.reason_language,
        also_in=_also_in(entry, beside, words),
        scores=_scores(entry.score, words),
        place=_place(entry, beside, words),
        abstract=linked(_pieces(abstract, level, of_result=of_result)) if original else (),
        translated=translated,
        translated_into=entry.translated.language if entry.translated else "",
        ways=_ways(entry, words),
        score=entry.score.relevance if entry.score else None,
        strong=entry.score is not None and entry.score.relevance >= _STRONG,
        novelty=entry.score.novelty if entry.score else None,
        facts=_facts(entry, beside, words),
        topics=_topics(entry, level, beside),
    )


def _why(entry: Entry, words: Words) -> str:
    """What is this reader's own: an author whom they follow, a paper that they liked."""
    if entry.by_author:
        return words.say("follows", author=to_unicode(entry.by_author))
    if entry.why and entry.why.liked:
        title = brief_title(to_unicode(entry.why.liked))
        if entry.why.liked_on is None:
            return words.say("because_undated", title=title)
        return words.say("because", title=title, day=words.day_of_month(entry.why.liked_on))
    return words.say("outside") if entry.why and entry.why.outside else ""


def _said(entry: Entry, abstract: str) -> tuple[Said, ...]:
    lines = tuple(Said(line.language, text) for line in entry.lines if (text := to_unicode(line.text)))
    return lines or ((Said("en", stand_in(abstract), quoted=True),) if abstract else ())


def _pieces(abstract: str, level: Level, *, of_result: bool) -> tuple[Piece, ...]:
    """The abstract as this level shows it; what a one-liner says of the contribution is not said again."""
    if not abstract or level < Level.SHORT:
        return ()
    if level is Level.FULL:
        return whole(abstract, of_result=of_result)
    return result_alone(abstract) if of_result else short(abstract)


def _translated(entry: Entry, level: Level, *, of_result: bool) -> tuple[Run, ...]:
    if not entry.translated:
        return ()
    return unlinked(_pieces(to_unicode(entry.translated.text), level, of_result=of_result))


def _names(authors: Sequence[str]) -> list[str]:
    return [name for author in authors if _LETTER.search(name := to_unicode(author))]


def _authors(names: Sequence[str], words: Words) -> str:
    shown = ", ".join(_kept(name) if len(name) < _UNBROKEN else name for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} {_kept(words.say('et_al', count=len(names)))}"


def _kept(text: str) -> str:
    """The text on one line."""
    return text.replace(" ", "\u00a0")


def _surname(name: str) -> str:
    parts = [part for part in name.split() if part.lower() not in _NO_SURNAME] or [name]
    return name if parts[-1].lower() in _GROUPS else parts[-1]


def _sentence(text: str) -> str:
    """The text with the mark that ends it: more may follow on the line."""
    if not text or text[-1] in ".!?。！？…":
        return text
    return text + ("。" if _WIDE_LETTER.match(text[-1]) else ".")


def _scores(score: Score | None, words: Words) -> str:
    if score is None:
        return ""
    said = words.say("scores", relevance=score.relevance, novelty=score.novelty)
    return _BEFORE_NUMBER.sub("\u00a0", said)


def _place(entry: Entry, beside: _Beside, words: Words) -> str:
    category = to_unicode(entry.paper.primary_category)
    if beside.weekly or beside.issues:
        return f"{category}{_DOT}{words.row_day(entry.issue)}"
    return f"{category}\u00a0{entry.paper.arxiv_id}"


def _also_in(entry: Entry, beside: _Beside, words: Words) -> str:
    others = entry.topics[1:] if beside.topics else ()
    return words.say("also_in", topics=words.listed([to_unicode(one) for one in others])) if others else ""


def _facts(entry: Entry, beside: _Beside, words: Words) -> str:
    paper = entry.paper
    crossed = [category for category in paper.categories if category != paper.primary_category]
    facts = [to_unicode(", ".join([paper.primary_category, *crossed])), words.short_day(paper.published.date())]
    if beside.issues:
        facts.append(words.say("announced", day=words.short_day(entry.issue)))
    return _DOT.join(facts)


def _topics(entry: Entry, level: Level, beside: _Beside) -> str:
    """Named in a row, which has no heading of its own topic, and on a card that several topics picked."""
    needed = beside.sections and (level < Level.NONE or len(entry.topics) > 1)
    return _DOT.join(map(to_unicode, entry.topics)) if needed else ""


def _ways(entry: Entry, words: Words) -> tuple[Link, ...]:
    paper = entry.paper
    links = [Link("PDF", paper.pdf_url), Link("HTML", paper.html_url)]
    links += [Link(words.say("code"), url) for url in paper.code_urls[:2]]
    return tuple(link for link in links if link.url.startswith(("https://", "http://")))
