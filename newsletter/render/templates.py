"""Template files → ready Jinja templates. MJML and premailer see only the template, never data, once per content."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType

import jinja2
from markupsafe import Markup

from newsletter.compiled import Compiled
from newsletter.errors import TemplateError
from newsletter.render.bidi import isolated, mirrored
from newsletter.render.wrap import wrap
from newsletter.words import direction

HTML, TEXT = "digest.mjml", "digest.txt.j2"
_INCLUDE = re.compile(r'\[%-? *include *"([^"]+)" *-?%\]')
_MARK = re.compile(r"\[\[.*?\]\]|\[%.*?%\]", re.S)
_HELD = Markup('<span style="white-space:nowrap">%s</span>')
# A word, or a name that stays on its line.
_HYPHENED = re.compile(r"((?<![^ ,])[\w.'’\u00a0]{1,12}(?:-[\w.'’\u00a0]{1,12})+(?![^ ,]))")
_RECIPE = "2"  # raise it when the way from template to HTML changes: old cache files no longer count
_COMPILED = Compiled()
_RECENT: dict[str, str] = {}  # what this process compiled last: a first run checks a template, then uses it


class Templates:
    """The two templates of the email, from the first folder that has each file."""

    def __init__(self, folders: Sequence[Path], cache: Path | None) -> None:
        self._cache = cache
        self._loader = jinja2.FileSystemLoader([str(folder) for folder in folders])
        self._env = environment(self._loader)

    def html(self, towards: str = "ltr") -> jinja2.Template:
        """MJML compiled and styles inlined, ready for values; `rtl` swaps left and right."""
        compiled = self._compiled(self._expanded(HTML))
        code = _code(mirrored(compiled) if towards == "rtl" else compiled)
        return jinja2.Template.from_code(self._env, code, self._env.make_globals(None))

    def text(self) -> jinja2.Template:
        return self._parsed(TEXT)

    def sources(self) -> tuple[jinja2.Template, jinja2.Template]:
        """Both templates before MJML, with the line numbers of the files."""
        for name in (HTML, *_INCLUDE.findall(self._source(HTML))):
            self._parsed(name)
        return self._parsed(HTML), self.text()

    def _parsed(self, name: str) -> jinja2.Template:
        try:
            return self._env.get_template(name)
        except jinja2.TemplateSyntaxError as e:
            raise TemplateError(e.filename or name, e.lineno, e.message or "syntax error") from e
        except jinja2.TemplateNotFound as e:
            raise TemplateError(str(e), None, "not found in any template folder") from e

    def _source(self, name: str) -> str:
        try:
            return self._loader.get_source(self._env, name)[0]
        except jinja2.TemplateNotFound as e:
            raise TemplateError(name, None, "not found in any template folder") from e

    def place(self, name: str, text: str) -> tuple[str, int | None]:
        """File and line of a text in this template or one that it includes."""
        for part in (name, *_INCLUDE.findall(self._source(name))):
            source, file, _ = self._loader.get_source(self._env, part)
            if text in source:
                return file or part, source[: source.index(text)].count("\n") + 1
        return name, None

    def _expanded(self, name: str) -> str:
        """Includes are inserted first, because premailer can only inline what it sees."""
        expanded = _INCLUDE.sub(lambda found: self._source(found[1]), self._source(name))
        return re.sub(r"\[#.*?#\]\n?", "", expanded, flags=re.S)

    def _compiled(self, source: str) -> str:
        versions = "|".join(
            [_RECIPE, *(f"{name} {version(name)}" for name in ("mjml", "premailer", "lxml", "cssutils"))]
        )
        key = hashlib.sha256(f"{versions}\0{source}".encode()).hexdigest()
        file = self._cache / f"{key}.html" if self._cache else None
        if file and file.is_file():
            return file.read_text(encoding="utf-8")
        compiled = _RECENT.get(key) or self._checked(source, inline(self._from_mjml(source)))
        _RECENT.clear()
        _RECENT[key] = compiled
        if file:
            write_atomically(file, compiled)
        return compiled

    def _from_mjml(self, source: str) -> str:
        from mjml import mjml_to_html  # 0.3 s to import, and only needed when a template is new

        try:
            return str(mjml_to_html(source).html)
        except KeyError as e:
            file, line = self.place(HTML, f"<{e.args[0]}")
            raise TemplateError(file, line, f"unknown MJML tag <{e.args[0]}>") from e
        except (ValueError, AssertionError, TypeError, AttributeError, OSError) as e:
            raise TemplateError(self.place(HTML, "<mjml")[0], None, f"not valid MJML: {e}") from e

    def _checked(self, source: str, compiled: str) -> str:
        """MJML drops silently what stands between sections and what it does not know inside a text."""
        if left := re.search(r"<mj-[a-z-]+", compiled):
            raise TemplateError(*self.place(HTML, left[0]), f"{left[0]}> has no effect here")
        if re.search(r"<link|@import|googleapis", compiled):
            raise TemplateError(self.place(HTML, "font-family")[0], None, "loads a web font; use only system fonts")
        for mark in _lost(source, compiled):
            raise TemplateError(*self.place(HTML, mark), f"MJML or the inliner lost {mark}; wrap it in <mj-raw>")
        return compiled


def place_of(error: BaseException, name: str) -> tuple[str, int | None]:
    """The template and the line that an error came from, else the template that was asked for."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith((".j2", ".mjml"))]
    return (frames[-1].filename, frames[-1].lineno) if frames else (name, None)


def environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Marks that survive MJML and premailer also inside an href."""
    env = jinja2.Environment(
        loader=loader,
        autoescape=jinja2.select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        bytecode_cache=_COMPILED,
    )
    env.filters |= {"wrap": wrap, "isolated": isolated, "unbroken": unbroken}
    env.globals["direction"] = direction
    return env


@lru_cache(maxsize=4)  # two directions, of the operator's templates and of ours
def _code(source: str) -> CodeType:
    """A template that is no file, compiled once for all renderers of this process."""
    return environment(jinja2.DictLoader({})).compile(source)


@lru_cache(maxsize=2048)
def unbroken(names: str) -> Markup:
    """Names that are not broken at their hyphens either; the letters stay as they are, for whoever copies them."""
    parts = _HYPHENED.split(names)
    return Markup("").join(_HELD % part if place % 2 else part for place, part in enumerate(parts))


def inline(html: str) -> str:
    """The rules of mj-style as style attributes; MJML's own and the dark ones stay in the head."""
    from premailer import Premailer

    logging.getLogger("CSSUTILS").setLevel(logging.CRITICAL)  # it complains about every property younger than 2010
    marked = re.sub(r'<style type="text/css">(?!\s*\.pre )', '<style type="text/css" data-premailer="ignore">', html)
    inlined = Premailer(
        marked,
        allow_network=False,
        strip_important=False,
        disable_validation=True,
        disable_basic_attributes=["align", "valign", "bgcolor", "width", "height"],
    ).transform(pretty_print=False)
    bare = re.sub(r"^\s*<!doctype[^>]*>\s*", "", str(inlined), flags=re.I)
    small = re.sub(r' style="[^"]*"', lambda found: found[0].replace("; ", ";"), bare)  # 2 kB over 25 papers
    return "<!doctype html>\n" + small.replace(' data-premailer="ignore"', "")


def _lost(source: str, compiled: str) -> Iterator[str]:
    body = re.sub(r"<!--.*?-->", "", source, flags=re.S)
    for mark in dict.fromkeys(_MARK.findall(body)):
        if compiled.count(mark) < body.count(mark):
            yield mark


def write_atomically(file: Path, content: str) -> None:
    """Two processes may compile at once: each writes a whole file, the last one stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content)
    Path(name).replace(file)
