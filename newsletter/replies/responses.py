"""What one email back to a reader says, in keys of `templates/words/`; `answers` makes its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from newsletter.models import Command
from newsletter.subscribers.values import DAYS
from newsletter.words import Words


@dataclass(frozen=True, slots=True)
class Sentence:
    """A phrase and its values, as values: dates, weekdays, codes of languages."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def write(self, words: Words, **always: object) -> str:
        """In these words; `always`: what every sentence may name."""
        shown = {key: _SHOWN[key](words, value) if key in _SHOWN else value for key, value in self.values.items()}
        return words.say(self.key, **always | shown)


def _listed(words: Words, names: Sequence[object]) -> str:
    return words.say("answer_between").join(map(str, names))


_SHOWN: Mapping[str, Callable[[Words, Any], object]] = {
    "until": Words.spelled,
    "weekday": lambda words, number: words.say(f"page_{DAYS[number - 1]}"),
    "languages": lambda words, codes: _listed(words, [words.named(code) for code in codes]),
    "numbers": _listed,
    "titles": lambda words, titles: words.listed(list(titles)),
    "zone": lambda _, zone: zone.replace("_", " "),
}


class Way(StrEnum):
    """A button of an answer."""

    CONFIRM = "confirm"  # do what was asked about
    UNDO = "undo"
    LEAVE = "leave"
    PREFERENCES = "preferences"
    DOWNLOAD = "download"  # this and the next ones: by a link that works once
    ERASE = "erase"
    ADDRESS = "address"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Asking:
    """What an answer asks about."""

    command: Command
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, or one question, before it is in somebody's language."""

    title: Sentence
    lines: tuple[Sentence, ...] = ()
    notes: tuple[Sentence | str, ...] = ()  # what it is about: what a button does, titles of papers
    ways: tuple[Way, ...] = ()
    after: tuple[Sentence, ...] = ()
    words: bool = False  # whether it lists the words that work
    words_first: bool = False  # before its buttons
    confirms: bool = False  # that a reader left, paused or came back
    asking: Asking | None = None
