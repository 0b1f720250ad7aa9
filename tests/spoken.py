"""A language that nobody speaks, made of the English catalogue, and a reader who notices every letter of another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import lxml.html
import yaml

from newsletter.models import Paper
from newsletter.sentences import brief_title, sentences, short_title
from newsletter.tex import to_unicode
from newsletter.venues import venue_of
from tests.conftest import ROOT

LANGUAGE = "ka"  # Babel writes its dates and numbers, and no letter of its alphabet looks like one of ours
ALPHABET = "GEORGIAN"
_FIRST_LETTER = ord("ა")
_KEPT = {"locale": "ka", "day": "EEEE, d MMMM y", "first_day": "EEEE, d MMMM", "short_day": "d MMM y", "month": "LLLL"}
# Names of things that are called the same everywhere.
_NAMES = re.compile(r"\b(?:arXiv|PDF|HTML|JSON|Atom|BibTeX|RIS|Markdown)\b|https?://\S+|mailto:\S+|[\w.+-]+@[\w.-]+")
_TEXT = re.compile(r"(?!http|\S+@\S+$).*\w", re.S)  # addresses are known by their form, with what is behind them
_SEEN = " | ".join(
    [
        *("//@title", "//@aria-label", "//@placeholder", "//@alt"),
        "//meta[@name='description' or @property='og:title' or @property='og:description']/@content",
    ]
)
_CODES = " | ".join(
    [
        "//select[@id='zone']/option",
        "//*[@name='languages']/option",
        "//style",
        "//script",
        "//comment()",
        "//details/pre",
    ]
)

_INLINE = frozenset({"a", "abbr", "b", "bdi", "span", "time"})


def catalogue() -> dict[str, Any]:
    """Every English phrase with each letter replaced; {placeholders} stay."""
    english = yaml.safe_load((ROOT / "templates" / "words" / "en.yaml").read_text("utf-8"))
    spoken = {key: _phrase(value) for key, value in english.items()}
    return spoken | _KEPT | {"answer_language": LANGUAGE}


def _phrase(value: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(value, dict):
        return {form: str(_phrase(text)) for form, text in value.items()}
    parts = re.split(r"(\{\w+\})", value)
    return "".join(part if place % 2 else re.sub("[A-Za-z]", _letter, part) for place, part in enumerate(parts))


def _letter(found: re.Match[str]) -> str:
    return chr(_FIRST_LETTER + ord(found[0].lower()) - ord("a"))


def put(folder: Path, language: str, phrases: Mapping[str, Any]) -> Path:
    """An operator's own catalogue in this folder of templates."""
    file = folder / "words" / f"{language}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(dict(phrases), allow_unicode=True), "utf-8")
    return folder


def data_of(value: object) -> Iterator[str]:
    """Every text in a value, as it may be shown: whole, as Unicode, sentence by sentence. `stage` is a word of ours."""
    if isinstance(value, str):
        text = to_unicode(value)
        yield from (value, text, text[:200], short_title(text), brief_title(text), *sentences(text))
    elif is_dataclass(value):
        if isinstance(value, Paper):
            yield venue_of(value)
        yield from (author.split()[-1] for author in getattr(value, "authors", ()) if author.split())
        yield from (text for one in fields(value) if one.name != "stage" for text in data_of(getattr(value, one.name)))
    elif isinstance(value, Mapping):
        yield from (text for key, one in value.items() if key != "stage" for text in data_of(one))
    elif isinstance(value, Sequence | set | frozenset):
        yield from (text for one in value for text in data_of(one))


def visible(html: str) -> str:
    """What a page shows or says aloud."""
    tree = lxml.html.document_fromstring(html)
    for gone in tree.xpath(_CODES):
        gone.drop_tree()
    for one in tree.iter():
        if one.tag not in _INLINE:
            one.text, one.tail = f"\n{one.text or ''}", f"\n{one.tail or ''}"
    return "\n".join([tree.text_content(), *map(str, tree.xpath(_SEEN))])


def foreign(text: str, data: Iterable[str], alphabet: str = ALPHABET) -> list[str]:
    """Words with a letter of another alphabet that are neither data nor a name."""
    text = _flat(text)
    pieces = {_flat(one) for one in data if _TEXT.match(one)}
    for piece in sorted(pieces, key=len, reverse=True):
        text = re.sub(_whole(piece), " ", text) if len(piece) > 1 else text
    words = re.findall(r"\w+", _NAMES.sub(" ", text))
    return [word for word in words if any(not _is_of(letter, alphabet) for letter in word)]


def _flat(text: str) -> str:
    """On one line; where a line of Chinese was broken there is no space."""
    return re.sub(r" ?([\u3000-\u9fff\uff00-\uffef]) ?", r"\1", " ".join(text.split()))


def _whole(piece: str) -> str:
    """Matches the piece where no word goes on before or behind it."""
    before = r"(?<![A-Za-z])" if piece[0].isascii() else ""  # of Chinese every letter is a word
    after = r"(?![A-Za-z])" if piece[-1].isascii() else ""
    return f"{before}{re.escape(piece)}{after}"


def _is_of(letter: str, alphabet: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith(alphabet)
