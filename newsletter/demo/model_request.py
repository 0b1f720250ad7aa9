"""What the newsletter asks its model, read back from the user message."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPaper:
    id: str
    title: str
    abstract: str
    topics: tuple[str, ...] = ()  # that picked it; only in requests for summaries


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """One request: topic texts by key, papers in order, languages of the lines."""

    topics: Mapping[str, str]
    papers: tuple[AskedPaper, ...]
    languages: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # what each reason is called
    language: str = ""  # that an abstract is to be translated into


def read_request(message: str) -> AskedFor:
    """The request in a user message; what is not there is empty."""
    languages = next((text for _, text in _elements("languages", message)), "")
    return AskedFor(
        topics={names.get("key", ""): html.unescape(text).strip() for names, text in _elements("topic", message)},
        papers=tuple(_paper(names, html.unescape(text)) for names, text in _elements("paper", message)),
        languages=tuple(re.findall(r"[\w-]+", languages)),
        reasons=tuple(re.findall(r"[\w:-]+", next((text for _, text in _elements("reasons", message)), ""))),
        language=next((text.strip() for _, text in _elements("language", message)), ""),
    )


def _elements(name: str, message: str) -> list[tuple[dict[str, str], str]]:
    found = re.findall(rf"<{name}(\s[^>]*)?>(.*?)</{name}>", message, re.S)
    return [({key: html.unescape(value) for key, value in _ATTRIBUTE.findall(names)}, text) for names, text in found]


def _paper(names: Mapping[str, str], text: str) -> AskedPaper:
    title, _, abstract = text.strip().partition("\n")
    return AskedPaper(
        id=names.get("id", ""),
        title=title.strip().removeprefix("Title:").strip(),
        abstract=abstract.strip().removeprefix("Abstract:").strip(),
        topics=tuple(re.findall(r"[^,\s]+", names.get("topics", ""))),
    )
