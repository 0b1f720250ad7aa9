"""Edition → Rendered: the content at the largest size that fits, as HTML, text and MIME with slots."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import jinja2

from newsletter.errors import TemplateError
from newsletter.models import Edition, Letterhead, Rendered
from newsletter.render import mime
from newsletter.render.content import Mail, compose
from newsletter.render.layout import Level, first_levels, reductions
from newsletter.render.sample import sample_editions
from newsletter.render.slots import BLANK, LEAVE, PREFERENCES, slotted
from newsletter.render.templates import HTML, Templates
from newsletter.render.words import Words, languages, load_words

HTML_LIMIT = 95_000  # bytes; Gmail clips at 102,400 and hides the way out


class Renderer:
    """Renders editions with the templates of these folders, the first one that has a file winning."""

    def __init__(self, folders: Sequence[Path], cache: Path | None = None) -> None:
        self._folders = tuple(folders)
        self._templates = Templates(self._folders, cache)

    @cached_property
    def _html(self) -> jinja2.Template:
        return self._templates.html()

    @cached_property
    def _text(self) -> jinja2.Template:
        return self._templates.text()

    def render(self, edition: Edition, letterhead: Letterhead) -> Rendered:
        """The edition as bytes, once for all its readers. Raises TemplateError."""
        words = load_words(self._folders, edition.wishes.languages[0])
        levels = self._fitting(edition, letterhead, words)

        @lru_cache(maxsize=8)
        def parts(leave: str, preferences: str) -> tuple[str, str]:
            content = compose(edition, letterhead, levels, words, {LEAVE: leave, PREFERENCES: preferences})
            return self._write_text(content, words), self._write_html(content, words)

        def text(slots: Mapping[str, str]) -> str:
            return parts(slots[LEAVE], slots[PREFERENCES])[0]

        def html(slots: Mapping[str, str]) -> str:
            return parts(slots[LEAVE], slots[PREFERENCES])[1]

        languages = ", ".join(edition.wishes.languages)
        return Rendered(
            key=edition.key,
            subject=compose(edition, letterhead, levels, words, BLANK).subject,
            html=slotted(lambda slots: html(slots).encode()),
            text=slotted(lambda slots: text(slots).encode()),
            body=slotted(lambda slots: mime.body(text(slots), html(slots), key=edition.key, language=languages)),
        )

    def check(self) -> None:
        """Raises TemplateError for the first thing in templates and catalogues that is broken or not defined."""
        sources = self._templates.sources()
        for language in languages(self._folders):
            words = load_words(self._folders, language)
            for edition, letterhead in sample_editions():
                content = compose(edition, letterhead, first_levels(edition), words, BLANK)
                for template in sources:
                    _written(template, content, words)
        self._templates.html()

    def _fitting(self, edition: Edition, letterhead: Letterhead, words: Words) -> Mapping[int, Level]:
        """The fewest reductions that keep the HTML within its limit; each makes it smaller, so halving finds them."""
        wanted = first_levels(edition)
        steps = reductions(wanted)

        def fits(count: int) -> bool:
            content = compose(edition, letterhead, wanted | dict(steps[:count]), words, BLANK)
            return len(self._write_html(content, words).encode()) <= HTML_LIMIT

        if fits(0):
            return wanted
        low, high = 1, len(steps)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle + 1, high)
        return wanted | dict(steps[:low])

    def _write_html(self, content: Mail, words: Words) -> str:
        written = _written(self._html, content, words)
        return re.sub(r"\s*\n\s*", "\n", written)  # only the template's own white space has line breaks

    def _write_text(self, content: Mail, words: Words) -> str:
        return re.sub(r"\n{4,}", "\n\n\n", _written(self._text, content, words)).strip("\n") + "\n"


def _written(template: jinja2.Template, content: Mail, words: Words) -> str:
    try:
        return template.render(m=content, w=words.say)
    except (jinja2.TemplateError, KeyError, TypeError, AttributeError) as e:
        frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename.endswith((".j2", ".mjml"))]
        file, line = (frames[-1].filename, frames[-1].lineno) if frames else (template.name or HTML, None)
        raise TemplateError(file, line, str(e) or type(e).__name__) from e
