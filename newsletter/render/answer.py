"""An answer to a reply, in the newsletter's design: from `answer.html.j2` and `answer.txt.j2`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jinja2

from newsletter.errors import TemplateError
from newsletter.render.bidi import isolated_lines
from newsletter.render.templates import environment, place_of
from newsletter.words import direction

HTML, TEXT = "answer.html.j2", "answer.txt.j2"


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    url: str
    lead: str = ""  # the sentence above it


@dataclass(frozen=True, slots=True)
class Word:
    """What a reader can write back, as a link that writes it."""

    label: str
    about: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one answer says, in the reader's words."""

    language: str
    brand: str
    title: str
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()  # what it is about: titles of papers, what a button does
    buttons: Sequence[Button] = ()
    after: Sequence[str] = ()
    words_title: str = ""
    words: Sequence[Word] = ()
    words_first: bool = False  # before the buttons
    aside: Button | None = None  # a link that fewer want, below everything else
    foot: Sequence[str] = ()


_SAMPLE = Content(
    language="en",
    brand="Morning arXiv",
    title="A title",
    lines=("A line.",),
    notes=("A note.",),
    buttons=(Button("A label", "https://news.example.org/", "A lead:"), Button("A label", "mailto:a@b.example")),
    after=("A line.",),
    words_title="A title",
    words=(Word("help", "a word", "mailto:a@b.example"),),
    aside=Button("A label", "https://news.example.org/"),
    foot=("A line.", "A line."),
)


def parts(folders: Sequence[Path], content: Content) -> tuple[str, str]:
    """Text and HTML; an operator's template that cannot be used leaves the shipped one in its place."""
    return _written(folders, TEXT, content), _written(folders, HTML, content)


def check(folders: Sequence[Path]) -> None:
    """Raises TemplateError for the first template that is broken."""
    for name in (TEXT, HTML):
        _render(tuple(folders), name, _SAMPLE)


def _written(folders: Sequence[Path], name: str, content: Content) -> str:
    try:
        return _render(tuple(folders), name, content)
    except TemplateError:
        return _render(tuple(folders[-1:]), name, content)


def _render(folders: tuple[Path, ...], name: str, content: Content) -> str:
    try:
        written = _environment(folders).get_template(name).render(a=content)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(str(error), None, "not found in any template folder") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.filename or name, error.lineno, error.message or "syntax error") from error
    except (jinja2.TemplateError, TypeError, AttributeError) as error:
        raise TemplateError(*place_of(error, name), str(error) or type(error).__name__) from error
    if name != TEXT:
        return written
    text = re.sub(r"\n{3,}", "\n\n", written).strip()
    return isolated_lines(text) if direction(content.language) == "rtl" else text


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> jinja2.Environment:
    """Compiles each file once, and again when it has changed."""
    return environment(jinja2.FileSystemLoader([str(folder) for folder in folders]))
