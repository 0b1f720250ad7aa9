"""Issues → web pages and JSON, in their first form: an index, a page and a JSON file for each day."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from newsletter import tex
from newsletter.errors import TemplateError
from newsletter.models import Edition, Entry, Issue

Day = dict[str, Any]  # as its JSON file says it
_PAPER_KEYS = {
    "id", "title", "authors", "abstract", "categories", "published", "links", "topics", "relevance", "novelty",
    "reason", "lines",
}  # fmt: skip


def day_json(issue: Issue, edition: Edition) -> Day:
    """One day as data: the counts of the issue and its picked papers, best first."""
    return _counts(issue) | {"papers": [_paper(entry) for entry in edition.entries]}


def published(folder: Path, issue: Issue) -> Day | None:
    """The day as it stands in the archive, unless the issue has changed since.

    What was published stays: topics that are worded anew tomorrow must not choose yesterday's papers again.
    """
    try:
        held = json.loads((folder / f"{issue.date}.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(held, dict) or {name: held.get(name) for name in _counts(issue)} != _counts(issue):
        return None
    # A file of an older version, or one edited by hand, may lack what the pages show.
    whole = all(isinstance(paper, dict) and paper.keys() == _PAPER_KEYS for paper in held.get("papers", [None]))
    return held if whole else None


def _counts(issue: Issue) -> Day:
    return {
        "date": issue.date.isoformat(),
        "collected": issue.collected,
        "scored": issue.scored,
        "unscored": issue.unscored,
        "model": issue.model,
        "prompt_tokens": issue.usage.prompt_tokens,
        "completion_tokens": issue.usage.completion_tokens,
        "cost_usd": issue.usage.cost_usd,
    }


def _paper(entry: Entry) -> Day:
    paper = entry.paper
    return {
        "id": paper.arxiv_id,
        "title": tex.to_unicode(paper.title),
        "authors": [tex.to_unicode(author) for author in paper.authors],
        "abstract": tex.to_unicode(paper.abstract),
        "categories": list(paper.categories),
        "published": paper.published.date().isoformat(),
        "links": {"arxiv": paper.abs_url, "pdf": paper.pdf_url, "html": paper.html_url, "code": list(paper.code_urls)},
        "topics": list(entry.topics),
        "relevance": entry.score.relevance if entry.score else None,
        "novelty": entry.score.novelty if entry.score else None,
        "reason": entry.reason,
        "lines": {line.language: line.text for line in entry.lines},
    }


def write(folder: Path, name: str, days: Mapping[date, Day], templates: Sequence[Path]) -> list[Path]:
    """Write every file whose content changed; their paths. Raises TemplateError."""
    files = pages(name, days, templates)
    folder.mkdir(parents=True, exist_ok=True)
    return [folder / file for file, content in files.items() if _write_changed(folder / file, content.encode())]


def pages(name: str, days: Mapping[date, Day], templates: Sequence[Path]) -> Mapping[str, str]:
    """Every file of the archive by its name. Raises TemplateError."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(place) for place in templates]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return dict(_pages(environment, name, days))
    except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
        raise _template_error(error) from error


def _pages(environment: jinja2.Environment, name: str, days: Mapping[date, Day]) -> Iterator[tuple[str, str]]:
    page, index = environment.get_template("archive-day.html.j2"), environment.get_template("archive-index.html.j2")
    newest_first = sorted(days, reverse=True)
    yield "index.html", index.render(name=name, days=[days[day] for day in newest_first])
    for place, day in enumerate(newest_first):
        newer = newest_first[place - 1] if place else None
        older = newest_first[place + 1] if place + 1 < len(newest_first) else None
        yield f"{day}.html", page.render(name=name, day=days[day], newer=newer, older=older)
        yield f"{day}.json", json.dumps(days[day], ensure_ascii=False, indent=1) + "\n"


def _template_error(error: Exception) -> TemplateError:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return TemplateError(error.filename or error.name or "archive", error.lineno, error.message or "syntax error")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("archive templates", None)
    return TemplateError(file, line, str(error))


def _write_changed(path: Path, content: bytes) -> bool:
    if path.is_file() and path.read_bytes() == content:
        return False
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return True
