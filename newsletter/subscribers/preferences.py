"""One key of a reader's entry as text: read as the subscriber list reads it, and written as it would be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from newsletter.models import Frequency, Reader
from newsletter.subscribers import values
from newsletter.subscribers.readers import (
    LEANINGS,
    LIST_KEYS,
    PREFERENCES,
    read_abstract_language,
    read_abstracts,
    read_frequency,
    read_max_papers,
    read_min_relevance,
)
from newsletter.subscribers.tree import Unfit

__all__ = ["PREFERENCES", "counted", "said", "with_preference"]


_ITEMS: Mapping[str, Callable[[str], Any]] = {"like": values.arxiv_id, "library": values.counted_word}


def with_preference(reader: Reader, key: str, text: str, known_topics: Iterable[str]) -> Reader:
    """The reader with one key as the text says it. Raises Unfit, as the file would have a finding."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    match key:
        case "send_at":
            return replace(reader, send_at=values.hour(text))
        case "timezone":
            return replace(reader, timezone=values.zone(text))
        case "frequency":
            weekly = read_frequency(text) is Frequency.WEEKLY
            return replace(reader, weekly=weekly, wishes=replace(reader.wishes, weekly=weekly))
        case "abstracts":
            return replace(reader, wishes=replace(reader.wishes, abstracts=read_abstracts(text)))
        case "abstract_language":
            return replace(reader, wishes=replace(reader.wishes, abstract_language=read_abstract_language(text)))
        case "max_papers":
            return replace(reader, wishes=replace(reader.wishes, max_papers=read_max_papers(text)))
        case "min_relevance":
            bar = read_min_relevance(text) if text else None
            return replace(reader, wishes=replace(reader.wishes, min_relevance=bar))
    if key in LEANINGS:
        given = {key: _leaning(key, text, words)}
        leanings = replace(reader.wishes.leanings, **given)  # type: ignore[arg-type]
        return replace(reader, wishes=replace(reader.wishes, leanings=leanings))
    if key not in LIST_KEYS or not words:
        raise Unfit(f"{key} cannot be {text!r}", "name one", "nothing", name=key)
    if key == "days":
        return replace(reader, days=frozenset(map(values.weekday, words)))
    if key == "languages":
        return replace(
            reader, wishes=replace(reader.wishes, languages=tuple(dict.fromkeys(map(values.language, words))))
        )
    topic = values.one_of(known_topics, "topic")
    return replace(reader, wishes=replace(reader.wishes, topics=tuple(dict.fromkeys(map(topic, words)))))


def _leaning(key: str, text: str, words: list[str]) -> bool | str | tuple[Any, ...]:
    """Nothing is a value too: it clears what stood there."""
    if key == "personal":
        return values.switch(text or "on")
    if key == "interests":
        return values.interests(text) if text.strip() else ""
    read = _ITEMS.get(key, values.line)
    return tuple(dict.fromkeys(map(read, words)))


def said(reader: Reader, key: str) -> str:
    """One preference that is in force, as it would be written."""
    match key:
        case "send_at":
            return f"{reader.send_at:%H:%M}"
        case "timezone":
            return reader.timezone
        case "frequency":
            return (Frequency.WEEKLY if reader.weekly else Frequency.DAILY).value
        case "days":
            return ", ".join(values.DAYS[day - 1] for day in sorted(reader.days))
        case "personal":
            return "on" if reader.wishes.leanings.personal else "off"
        case "library":
            return counted(reader.wishes.leanings.library)
    found = getattr(reader.wishes.leanings if key in LEANINGS else reader.wishes, key)
    if found is None:
        return ""  # written as no key
    return ", ".join(found) if isinstance(found, tuple) else str(found)


def counted(words: Iterable[tuple[str, int]]) -> str:
    """Words with how many papers have each, as they would be written."""
    return ", ".join(f"{word} {papers}" for word, papers in words)
