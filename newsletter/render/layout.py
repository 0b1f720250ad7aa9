"""Decides what of each paper an email shows; pure. The templates only write down what stands here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from newsletter import tex
from newsletter.models import AbstractLanguage, Abstracts, Edition, Entry
from newsletter.render.links import Run, linked, unlinked
from newsletter.render.sentences import Piece, short, short_title, stand_in, whole
from newsletter.words import Words

# One edition is composed about ten times, to fit its size and to find its slots.
to_unicode = lru_cache(maxsize=4096)(tex.to_unicode)

FULL_RANKS, SHORT_RANKS, OVERVIEW_RANKS = 5, 10, 10
_STRONG = 9
_DOT = "\u00a0· "  # never at the beginning of a line


class Level(IntEnum):
    """How much of a paper is shown, from nothing to everything."""

    HIDDEN = 0  # counted as "N more"
    TITLE = 1  # a row with title and link
    ROW = 2  # "Also today": title, one-liners, reason, links
    NONE = 3  # everything but the abstract
    SHORT = 4  # contribution and result
    FULL = 5


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
    url: str
    said: tuple[Said, ...]
    score: int | None
    strong: bool  # the score deserves colour
    novelty: int | None
    reason: str
    reason_language: str
    follows: str
    abstract: tuple[Run, ...]
    translated: tuple[Run, ...]  # a machine's words: never with links
    translated_into: str
    authors: str
    facts: str  # category, cross-lists, day
    links: tuple[Link, ...]
    topics: str  # only where the heading does not say it


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one section."""

    title: str
    papers: tuple[Shown, ...]


def first_levels(edition: Edition) -> dict[int, Level]:
    """What the reader asked for, before any size limit."""
    numbers = [entry.number for entry in edition.entries]
    if edition.wishes.abstracts is not Abstracts.SMART:
        level = Level.FULL if edition.wishes.abstracts is Abstracts.FULL else Level.NONE
        return dict.fromkeys(numbers, level)
    ranks = {number: rank for rank, number in enumerate(numbers, start=1)}
    return {
        n: Level.FULL if r <= FULL_RANKS else Level.SHORT if r <= SHORT_RANKS else Level.ROW for n, r in ranks.items()
    }


def reductions(levels: Levels) -> list[tuple[int, Level]]:
    """Every step down, in the order of least loss: from the last paper upwards, one level after the other."""
    upwards = sorted(levels, reverse=True)
    steps = (Level.SHORT, Level.NONE, Level.ROW, Level.TITLE, Level.HIDDEN)
    return [(number, level) for level in steps for number in upwards if levels[number] > level]


def show(entry: Entry, level: Level, edition: Edition, words: Words) -> Shown:
    """The entry at this level, in the reader's words."""
    paper = entry.paper
    title, abstract = to_unicode(paper.title), to_unicode(paper.abstract)
    wish = edition.wishes.abstract_language
    translated = () if wish is AbstractLanguage.ORIGINAL else _translated(entry, level)
    return Shown(
        number=entry.number,
        level=level,
        title=title,
        short_title=short_title(title),
        url=paper.abs_url,
        said=_said(entry, abstract),
        score=entry.score.relevance if entry.score else None,
        strong=entry.score is not None and entry.score.relevance >= _STRONG,
        novelty=entry.score.novelty if entry.score else None,
        reason=to_unicode(entry.reason or ""),
        reason_language=entry.reason_language,
        follows=words.say("follows", author=to_unicode(entry.by_author)) if entry.by_author else "",
        abstract=() if translated and wish is AbstractLanguage.FIRST else linked(_pieces(abstract, level)),
        translated=translated,
        translated_into=entry.translated.language if entry.translated else "",
        authors=_authors(paper.authors, words),
        facts=_facts(entry, edition, words),
        links=_links(entry, words),
        topics=_topics(entry, level, edition),
    )


def groups(edition: Edition, papers: Mapping[int, Shown]) -> tuple[Group, ...]:
    """The cards, by section; a section whose papers are all rows has none."""
    found = []
    for section in edition.sections:
        cards = tuple(papers[entry.number] for entry in section.entries if papers[entry.number].level >= Level.NONE)
        if cards:
            found.append(Group(to_unicode(section.title or ""), cards))
    return tuple(found)


def _said(entry: Entry, abstract: str) -> tuple[Said, ...]:
    lines = tuple(Said(line.language, text) for line in entry.lines if (text := to_unicode(line.text)))
    return lines or ((Said("en", stand_in(abstract), quoted=True),) if abstract else ())


def _pieces(abstract: str, level: Level) -> tuple[Piece, ...]:
    if not abstract or level < Level.SHORT:
        return ()
    return whole(abstract) if level is Level.FULL else short(abstract)


def _translated(entry: Entry, level: Level) -> tuple[Run, ...]:
    return unlinked(_pieces(to_unicode(entry.translated.text), level)) if entry.translated else ()


def _authors(authors: Sequence[str], words: Words) -> str:
    names = [name for author in authors if _LETTER.search(name := to_unicode(author))]
    if len(names) <= 4:
        return ", ".join(names)
    return ", ".join(names[:4]) + " " + words.say("et_al", count=len(names))


def _facts(entry: Entry, edition: Edition, words: Words) -> str:
    paper = entry.paper
    crossed = [category for category in paper.categories if category != paper.primary_category]
    facts = [to_unicode(", ".join([paper.primary_category, *crossed])), words.short_day(paper.published.date())]
    if len(edition.issues) > 1:
        facts.append(words.say("announced", day=words.short_day(entry.issue)))
    return _DOT.join(facts)


def _topics(entry: Entry, level: Level, edition: Edition) -> str:
    """Named in a row, which has no heading of its own topic, and on a card that several topics picked."""
    needed = len(edition.sections) > 1 and (level < Level.NONE or len(entry.topics) > 1)
    return _DOT.join(map(to_unicode, entry.topics)) if needed else ""


def _links(entry: Entry, words: Words) -> tuple[Link, ...]:
    paper = entry.paper
    links = [Link("arXiv", paper.abs_url), Link("PDF", paper.pdf_url), Link("HTML", paper.html_url)]
    links += [Link(words.say("code"), url) for url in paper.code_urls[:2]]
    return tuple(link for link in links if link.url.startswith(("https://", "http://")))
