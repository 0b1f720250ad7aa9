"""What a converter takes, as JSON Schema, said beside the converter itself.

Patterns are in the part of regular expressions that Python and ECMAScript read alike. A shape may take more than its
converter does (a schema cannot know everything), never less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Shape = dict[str, Any]
Converter = TypeVar("Converter", bound=Callable[..., Any])

ANY: Shape = {"type": ["string", "number", "boolean"]}
_NAME = "json_schema"


def shaped(shape: Shape | Callable[[], Shape]) -> Callable[[Converter], Converter]:
    """Says what a converter takes, or how to find that out when it is asked for."""

    def keep(convert: Converter) -> Converter:
        setattr(convert, _NAME, shape)
        return convert

    return keep


def shape_of(convert: Callable[..., Any]) -> Shape:
    """What a converter takes; one that says nothing takes any scalar."""
    shape: Shape | Callable[[], Shape] = getattr(convert, _NAME, ANY)
    return shape() if callable(shape) else shape


def text(pattern: str) -> Shape:
    """A text that matches as a whole; space around it does not count."""
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"}


def words(known: Iterable[str]) -> Shape:
    """One of these words in upper or lower case; editors offer them as they are here."""
    known = list(known)
    either = "|".join("".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word)
                      for word in known)  # fmt: skip
    return {"anyOf": [{"enum": known}, text(either)]}


def whole(low: int, high: int) -> Shape:
    """A whole number between two bounds, inclusive."""
    return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, text("[0-9]{1,9}")]}
