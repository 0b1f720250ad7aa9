"""Matches a text against phrases of a language. Positions are followed as sets, so no text can make it slow."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import yaml

from newsletter.inbound.forms import CJK

FOLDER = resources.files("newsletter.inbound")
_SHORTEST_TYPO = 8  # letters: shorter words are too near to others
_LONGEST_WORD = 30


class Words(NamedTuple):
    """The phrases of one language, separated by `|`: a command is `before* core after*`.

    `(a/b)` stands for either, `(a/)` for one that may be missing.
    """

    before: str
    core: str
    after: str


class _Grammar(NamedTuple):
    before: frozenset[str]
    core: frozenset[str]
    after: frozenset[str]
    spaced: bool


def read(file: Traversable) -> dict[str, Any]:
    """One of our files of phrases."""
    return dict(yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - both are


@cache
def _tables() -> Mapping[str, list[str]]:
    return read(FOLDER / "phrases.yaml")


def table(name: str) -> str:
    """The phrases of one list in `phrases.yaml`, separated by `|`."""
    return "|".join(_tables()[name])


def without_accents(text: str) -> str:
    """Small letters, Latin ones without accents; й and が keep what belongs to them."""
    text = text.casefold().replace("’", "'")
    if text.isascii():
        return text  # at a hundredth of the cost, which a long email multiplies
    kept, on_latin = [], False
    for letter in unicodedata.normalize("NFKD", text):
        if not unicodedata.combining(letter):
            on_latin = letter.isascii()
        elif on_latin:
            continue
        kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept))


def folded(text: str) -> str:
    """A text as phrases are compared: without accents, with single spaces, in CJK with none."""
    plain = without_accents(text)
    return "".join(plain.split()) if CJK.search(plain) else " ".join(plain.split())


def split(listed: str) -> list[str]:
    """The phrases of one table entry, every choice in them made."""
    return [phrase for template in listed.split("|") for phrase in _chosen(template) if phrase]


def _chosen(template: str) -> Iterator[str]:
    """All phrases that a template stands for; choices may hold choices."""
    inner = re.search(r"\(([^()]*)\)", template)
    if inner is None:
        yield template
        return
    for choice in inner[1].split("/"):
        yield from _chosen(template[: inner.start()] + choice + template[inner.end() :])


def anywhere(listed: str, *, at_start: bool = False) -> re.Pattern[str]:
    """Finds any of the phrases in a text without accents; where a script has words, only at the beginning of one."""
    phrases = {without_accents(one) for one in split(listed)}
    unspaced = {one for one in phrases if CJK.search(one)}
    either = "|".join(
        _branching(some, before) for some, before in ((phrases - unspaced, r"\b"), (unspaced, "")) if some
    )
    return re.compile(rf"\A(?:{either})" if at_start else either)


def _branching(phrases: Iterable[str], before: str = "") -> str:
    """An expression for any of the phrases that looks at each letter once: hundreds in a row would be tried in turn."""
    rests: dict[str, list[str]] = {}
    for phrase in phrases:
        rests.setdefault(phrase[0], []).append(phrase[1:])
    branches = (re.escape(first) + ("" if "" in rest else _branching(rest)) for first, rest in sorted(rests.items()))
    return f"{before}(?:{'|'.join(branches)})"


def corrected(text: str, known: Sequence[str]) -> str:
    """A folded text whose words that are nearly one of the known words, and begin like it, are that word."""
    return " ".join(word if len(word) < _SHORTEST_TYPO else _nearest(word, known) for word in text.split(" "))


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word[:_LONGEST_WORD], known, n=3, cutoff=0.85)
    return next((one for one in near if one[:2] == word[:2]), word)


def either(listed: str) -> str:
    """A regular expression for one of the phrases, folded, the longest first."""
    return "|".join(re.escape(one) for one in sorted(map(folded, split(listed)), key=len, reverse=True))


def is_whole(tables: Mapping[str, Words], text: str) -> bool:
    """Whether a folded text is `before* core after*` in one of the languages."""
    return any(rest == "" for rest in remainders(tables, text))


def is_tail(tables: Mapping[str, Words], text: str) -> bool:
    """Whether a folded text is `after*` in one of the languages."""
    return any(len(text) in _reach(text, {0}, _grammar(one).after, _grammar(one)) for one in tables.values())


def remainders(tables: Mapping[str, Words], text: str) -> Iterator[str]:
    """What stands behind each beginning of the text that is `before* core after*`."""
    for words in tables.values():
        grammar = _grammar(words)
        cores = {
            end
            for start in _reach(text, {0}, grammar.before, grammar)
            for end in _ends(text, start, grammar.core, grammar)
        }
        yield from (text[end:] for end in sorted(_reach(text, cores, grammar.after, grammar), reverse=True))


@cache
def _grammar(words: Words) -> _Grammar:
    before, core, after = (frozenset(map(folded, split(listed))) for listed in words)
    return _Grammar(before, core, after, CJK.search(words.core) is None)


def _reach(text: str, starts: Iterable[int], phrases: frozenset[str], grammar: _Grammar) -> set[int]:
    """All positions that any number of phrases leads to."""
    reached, waiting = set(starts), list(starts)
    while waiting:
        for end in _ends(text, waiting.pop(), phrases, grammar):
            if end not in reached:
                reached.add(end)
                waiting.append(end)
    return reached


def _ends(text: str, start: int, phrases: frozenset[str], grammar: _Grammar) -> Iterator[int]:
    """Where a phrase that begins at `start` can end, the space behind it included."""
    longest = min(len(text), start + 60)
    for end in range(start + 1, longest + 1):
        whole = end == len(text)
        if text[start:end] in phrases and (whole or not grammar.spaced or text[end] == " "):
            yield end + (grammar.spaced and not whole)
