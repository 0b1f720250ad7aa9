"""Edition → Rendered: the content at the largest size that fits, as HTML, text and MIME with slots."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import jinja2

from newsletter.errors import TemplateError
from newsletter.models import Edition, Letterhead, PrintedPaper, Rendered
from newsletter.render import answer, mime, own
from newsletter.render.bidi import isolated_lines
from newsletter.render.content import Mail, addressed, compose
from newsletter.render.layout import first_levels, reductions
from newsletter.render.sample import sample_editions
from newsletter.render.slots import FILLINGS, slotted
from newsletter.render.templates import HTML, Templates, place_of
from newsletter.words import Words, languages, load_words

HTML_LIMIT = 95_000  # bytes with CRLF, as it is sent; Gmail clips at 102,400 and hides the way out
_DRAWN_BY_LANGUAGE = ("zh", "ja", "ko")  # one character has a form of its own in each


@dataclass(frozen=True, slots=True)
class _Parts:
    subject: str
    text: str
    html: str


class Renderer:
    """Renders editions with the templates of these folders, the first one that has a file winning."""

    def __init__(self, folders: Sequence[Path], cache: Path | None = None) -> None:
        self._folders = tuple(folders)
        self._templates = Templates(self._folders, cache)
        self._spoken: dict[str, Words] = {}
        self._html = lru_cache(self._templates.html)

    @cached_property
    def _text(self) -> jinja2.Template:
        return self._templates.text()

    def _words(self, language: str) -> Words:
        if language not in self._spoken:
            self._spoken[language] = load_words(self._folders, language)
        return self._spoken[language]

    def render(self, edition: Edition, letterhead: Letterhead) -> Rendered:
        """The edition as bytes, once for all its readers. Raises TemplateError."""
        words = self._words(edition.wishes.languages[0])
        content = self._fitting(edition, letterhead, words)
        blank, marked = (self._parts(addressed(content, letterhead, slots), words) for slots in FILLINGS)
        languages = ", ".join(edition.wishes.languages)
        bodies = [mime.body(part.text, part.html, key=edition.key, language=languages) for part in (blank, marked)]
        return Rendered(
            key=edition.key,
            subject=blank.subject,
            html=slotted(blank.html.encode(), marked.html.encode()),
            text=slotted(blank.text.encode(), marked.text.encode()),
            body=slotted(*bodies),
            papers=_printed(edition, content),
            letterhead=letterhead,
        )

    def render_own(self, edition: Edition, letterhead: Letterhead) -> Rendered:
        """The same for an edition that one reader alone gets, in half the time. Raises TemplateError."""
        words = self._words(edition.wishes.languages[0])
        content = addressed(compose(edition, letterhead, first_levels(edition), words), letterhead, own.MARKED)
        html = self._write_html(content, words)
        if len(html.encode()) + html.count("\n") > HTML_LIMIT:
            content = addressed(self._fitting(edition, letterhead, words), letterhead, own.MARKED)
            html = self._write_html(content, words)
        text = self._write_text(content, words)
        return Rendered(
            key=edition.key,
            subject=content.subject,
            html=own.whole(html),
            text=own.whole(text),
            body=own.encoded(text, html, key=edition.key, language=", ".join(edition.wishes.languages)),
            papers=_printed(edition, content),
            letterhead=letterhead,
        )

    def check(self) -> None:
        """Raises TemplateError for the first thing in templates and catalogues that is broken or not defined."""
        sources = self._templates.sources()
        for language in languages(self._folders):
            words = load_words(self._folders, language)
            for edition, letterhead in sample_editions():
                content = compose(edition, letterhead, first_levels(edition), words)
                for template in sources:
                    _written(template, content, words)
        self._templates.html()
        answer.check(self._folders)

    def _fitting(self, edition: Edition, letterhead: Letterhead, words: Words) -> Mail:
        """The content with the fewest reductions that keep its HTML within the limit.

        A paper's own text comes before the links that say what one thinks of it: the text part has them all the same.
        Each reduction makes it smaller, so halving finds them.
        """
        wanted = first_levels(edition)
        steps = reductions(wanted)

        def reduced(count: int) -> Mail:
            return compose(edition, letterhead, wanted | dict(steps[:count]), words)

        def fits(content: Mail) -> bool:
            return self._fits(content, words)

        if fits(whole := reduced(0)):
            return whole
        if fits(replace(whole, marked=0)):
            papers = range(len(edition.ranked) + 1)
            return replace(whole, marked=bisect(papers, 0, key=lambda n: not fits(replace(whole, marked=n))) - 1)
        count = bisect(range(len(steps)), 0, key=lambda n: fits(replace(reduced(n), marked=0)))
        return replace(reduced(count), marked=0)

    def _fits(self, content: Mail, words: Words) -> bool:
        html = self._write_html(content, words)
        return len(html.encode()) + html.count("\n") <= HTML_LIMIT

    def _parts(self, content: Mail, words: Words) -> _Parts:
        return _Parts(content.subject, self._write_text(content, words), self._write_html(content, words))

    def _write_html(self, content: Mail, words: Words) -> str:
        written = _written(self._html(words.direction), content, words)
        first, *rows = written.split("\n")  # only the template's own white space has line breaks
        lines = "\n".join([first.rstrip(), *filter(None, map(str.strip, rows))])
        head, body, rest = lines.partition("<body")
        rest = rest.replace(f' dir="{words.direction}"', "")  # what all the email is: 2 kB of 25 papers
        if words.language.partition("-")[0] not in _DRAWN_BY_LANGUAGE:  # webmail drops the language of the whole
            rest = rest.replace(f' lang="{words.language}"', "")
        return head + body + rest

    def _write_text(self, content: Mail, words: Words) -> str:
        text = re.sub(r"\n{4,}", "\n\n\n", _written(self._text, content, words)).strip("\n") + "\n"
        return isolated_lines(text) if words.direction == "rtl" else text


def _printed(edition: Edition, content: Mail) -> tuple[PrintedPaper, ...]:
    entries = {entry.number: entry for entry in edition.shown}
    shown = [entries[paper.number] for paper in content.papers]
    return tuple(PrintedPaper(one.paper.arxiv_id, one.paper.version, one.number, one.topic) for one in shown)


def _written(template: jinja2.Template, content: Mail, words: Words) -> str:
    try:
        return template.render(m=content, w=words.say)
    except (jinja2.TemplateError, KeyError, TypeError, AttributeError) as e:
        raise TemplateError(*place_of(e, template.name or HTML), str(e) or type(e).__name__) from e
