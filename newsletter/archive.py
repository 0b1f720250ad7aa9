"""Issues → web pages and JSON, in their first form: an index, a page and a JSON file for each day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter import tex
from newsletter.models import Edition, Entry, Issue


def day_json(issue: Issue, edition: Edition) -> dict[str, Any]:
    """One day as data: the counts of the issue and its picked papers, best first."""
    return {
        "date": issue.date.isoformat(),
        "collected": issue.collected,
        "scored": issue.scored,
        "unscored": issue.unscored,
        "model": issue.model,
        "prompt_tokens": issue.usage.prompt_tokens,
        "completion_tokens": issue.usage.completion_tokens,
        "cost_usd": issue.usage.cost_usd,
        "papers": [_paper(entry) for entry in edition.entries],
    }


def _paper(entry: Entry) -> dict[str, Any]:
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


def write(folder: Path, name: str, days: Mapping[date, dict[str, Any]], templates: Sequence[Path]) -> list[Path]:
    """Write every file whose content changed; their paths."""
    environment = Environment(
        loader=FileSystemLoader([str(place) for place in templates]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page, index = environment.get_template("archive-day.html.j2"), environment.get_template("archive-index.html.j2")
    newest_first = sorted(days, reverse=True)
    files = {"index.html": index.render(name=name, days=[days[day] for day in newest_first])}
    for place, day in enumerate(newest_first):
        newer = newest_first[place - 1] if place else None
        older = newest_first[place + 1] if place + 1 < len(newest_first) else None
        files[f"{day}.html"] = page.render(name=name, day=days[day], newer=newer, older=older)
        files[f"{day}.json"] = json.dumps(days[day], ensure_ascii=False, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    return [folder / file for file, content in files.items() if _write_changed(folder / file, content)]


def _write_changed(path: Path, content: str) -> bool:
    if path.is_file() and path.read_text("utf-8") == content:
        return False
    part = path.with_name(f".{path.name}.part")
    part.write_text(content, "utf-8")
    part.replace(path)
    return True
