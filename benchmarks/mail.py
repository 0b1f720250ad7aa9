"""From edition to bytes: once per template, once per edition, once per reader."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import jinja2

from benchmarks.table import Row, median_ms
from newsletter import tex
from newsletter.models import Abstracts, Edition, Message
from newsletter.render import Renderer, layout, mime
from newsletter.render.content import Mail, compose
from newsletter.render.slots import FILLINGS, slotted
from newsletter.render.templates import Templates
from newsletter.render.wrap import wrap
from newsletter.words import Words, load_words
from tests.factories import a_letterhead, a_paper
from tests.mails import TEMPLATES, a_mail, edition_of

_PAPERS = 25
_FOLDERS = [TEMPLATES]


def rows() -> Iterator[Row]:
    """Everything of a mail, from the work of once a template down to that of once a reader."""
    edition, words = _edition(), load_words(_FOLDERS, "en")
    with tempfile.TemporaryDirectory() as folder:
        templates = Templates(_FOLDERS, Path(folder))
        yield _compiling(templates)
        content = compose(edition, a_letterhead(), layout.first_levels(edition), words)
        yield from _edition_by_steps(edition, templates, content, words)
        yield _whole_edition(edition, Path(folder))
        yield from _readers(Renderer(_FOLDERS, Path(folder)), edition)


def _edition() -> Edition:
    """Full abstracts of 1,450 characters, none like another, with some TeX in each."""
    sentence = r"In step {} we propose a search whose cost is $O(n^{{{}}})$ and that gains {}\% over \emph{{rivals}}. "
    papers = []
    for number in range(1, _PAPERS + 1):
        abstract = "".join(sentence.format(step, number, step * number) for step in range(16))
        papers.append(a_paper(number, abstract=abstract[:1450]))
    return edition_of(papers, Abstracts.FULL)


def _compiling(templates: Templates) -> Row:
    compiling = median_ms(lambda: Templates(_FOLDERS, None).html(), 5)
    return Row("template: compile and inline", compiling, "read from its cache", median_ms(templates.html, 9))


def _edition_by_steps(edition: Edition, templates: Templates, content: Mail, words: Words) -> Iterator[Row]:
    texts = [text for entry in edition.entries for text in (entry.paper.title, entry.paper.abstract)]
    converting = median_ms(lambda: [tex.to_unicode(text) for text in texts], 9)
    known = median_ms(lambda: [layout.to_unicode(text) for text in texts], 9)
    yield Row(f"edition of {_PAPERS}: TeX", converting, "known from another edition", known)

    html, text = templates.html(), templates.text()
    building = median_ms(lambda: _built(_parts(html, text, content, words)), 9)

    def step(name: str, milliseconds: float) -> Row:
        return Row(f"edition of {_PAPERS}: {name}", milliseconds, "MIME by the standard library", building)

    levels, letterhead = layout.first_levels(edition), a_letterhead()
    yield step("content", median_ms(lambda: compose(edition, letterhead, levels, words), 9))
    yield step("Jinja, HTML", median_ms(lambda: html.render(m=content, w=words.say), 9))
    yield step("Jinja, text", median_ms(lambda: _unwrapped(text).render(m=content, w=words.say), 9))
    parts = _parts(html, text, content, words)
    bodies = [mime.body(*parts, key=edition.key, language="en") for _ in FILLINGS]
    yield step("MIME", median_ms(lambda: mime.body(*parts, key=edition.key, language="en"), 9))
    yield step("finding the slots", median_ms(lambda: slotted(*bodies), 9))


def _unwrapped(template: jinja2.Template) -> jinja2.Template:
    """The template, with no paragraph wrapped yet."""
    wrap.cache_clear()
    return template


def _whole_edition(edition: Edition, cache: Path) -> Row:
    """All steps with a warm template, every text new; and as it would be with MJML once per edition."""
    renderer = Renderer(_FOLDERS, cache)

    def render(by: Renderer) -> None:
        layout.to_unicode.cache_clear()
        wrap.cache_clear()
        by.render(edition, a_letterhead())

    warm = median_ms(lambda: render(renderer), 9)
    cold = median_ms(lambda: render(Renderer(_FOLDERS, None)), 3)
    return Row(f"edition of {_PAPERS}: all steps", warm, "with MJML compiled each time", cold)


def _readers(renderer: Renderer, edition: Edition) -> Iterator[Row]:
    rendered = renderer.render(edition, a_letterhead())
    message = a_mail(rendered)
    built = median_ms(lambda: _built((message.text, message.html), message), 20)
    tokens = {span.slot: "a" * 34 for span in rendered.body.spans}
    slots = median_ms(lambda: rendered.body.fill(tokens), 500)
    yield Row("one reader: splice", slots, "built by the standard library", built)
    whole = median_ms(lambda: a_mail(rendered), 200)
    yield Row("one reader: splice, headers, three tokens", whole, "built by the standard library", built)


def _parts(html: jinja2.Template, text: jinja2.Template, content: Mail, words: Words) -> tuple[str, str]:
    return text.render(m=content, w=words.say), html.render(m=content, w=words.say)


def _built(parts: tuple[str, str], message: Message | None = None) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for name, value in message.headers if message else ():
        mail[name] = value
    mail.set_content(parts[0])
    mail.add_alternative(parts[1], subtype="html")
    return mail.as_bytes()
