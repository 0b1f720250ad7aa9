"""Papers to take along: BibTeX, RIS and Markdown, from the day's JSON alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count

from markupsafe import Markup, escape

from newsletter import tex, venues
from newsletter.archive.day import Day

_GROUP = re.compile(r"\b(?:Collaboration|Consortium|Group|Team)$|\band\b|,|&")  # no person's name, or not one alone
_LAST = re.compile(r"(?<!\S)((?:[a-zß-öø-ÿ][\w’'-]*\s+)*\S+)$")  # with "van der" before it
_SMALL_WORD = re.compile(
    r"^(?:an?|the|on|of|in|for|to|and|with|from|by|is|are|do|does|how|what|why|when|towards?)$", re.I
)
_CAPITAL = re.compile(r".[A-Z]")  # behind the first letter
_OTHER = re.compile("[^a-z0-9]+")
_NEVER_RAW = str.maketrans("", "", "{}\\%")
_MARKS = re.compile(r"([\\`*_\[\]<>#|~])")


def venue_of(paper: Day) -> str:
    """The venue; of days from before it was written down, what the comment says."""
    return str(paper["venue"] if "venue" in paper else venues.of_comment(paper["comment"] or ""))


def bibtex(papers: Sequence[Day]) -> str:
    """One entry for each paper, as arXiv writes them; where it appeared is a note, since that is free text there."""
    return "\n".join(_entry(key, paper) for key, paper in zip(_keys(papers), papers, strict=True))


def _entry(key: str, paper: Day) -> str:
    fields = {
        "title": _protected(paper["title"]),
        "author": " and ".join(map(_bib_name, paper["authors"])),
        "year": paper["published"][:4],
        "eprint": paper["id"],
        "archiveprefix": "arXiv",
        "primaryclass": next(iter(paper["categories"]), ""),
        "doi": paper.get("doi") or "",
        "note": tex.to_tex(_appeared(paper)),
        "url": paper["links"]["arxiv"],
    }
    raw = {"eprint", "doi", "url", "primaryclass"}
    lines = (f"  {name} = {{{_unbraced(value) if name in raw else value}}}," for name, value in fields.items() if value)
    return "\n".join([f"@misc{{{key},", *lines, "}\n"])


def _unbraced(text: str) -> str:
    return "".join(text.translate(_NEVER_RAW).split())


def _appeared(paper: Day) -> str:
    return str(paper.get("journal_ref") or venue_of(paper))


@lru_cache(maxsize=512)  # a day's papers are cited on several pages
def _protected(title: str) -> str:
    """Words such as MoE or BERT in braces, which bibliography styles would write small."""
    words = title.split()
    written = zip(words, tex.to_tex(" ".join(words)).split(" "), strict=True)  # at once: no command has a space
    return " ".join(f"{{{one}}}" if _CAPITAL.search(word) else one for word, one in written)


@lru_cache(maxsize=2048)
def _bib_name(name: str) -> str:
    written = tex.to_tex(name)
    return f"{{{written}}}" if _GROUP.search(name) else written


def _keys(papers: Sequence[Day]) -> Iterator[str]:
    """`liu2026evoesap`: surname, year, first word; each only once."""
    used: set[str] = set()
    for paper in papers:
        stem = _key(paper)
        key = next(one for one in (f"{stem}{_suffix(number)}" for number in count()) if one not in used)
        used.add(key)
        yield key


def _suffix(number: int) -> str:
    return "" if number == 0 else f"-{number + 1}"


def _key(paper: Day) -> str:
    author = next(iter(paper["authors"]), "")
    surname = _plain(author if _GROUP.search(author) else author.rpartition(" ")[2]) or "arxiv"
    words = re.split(r"[\s:/–—-]+", paper["title"])
    first = next(filter(None, (_plain(word) for word in words if not _SMALL_WORD.match(word))), "")
    return f"{surname[:30]}{paper['published'][:4]}{first[:30]}"


def _plain(text: str) -> str:
    return _OTHER.sub("", unicodedata.normalize("NFKD", text).lower())


def ris(papers: Sequence[Day]) -> str:
    """One record for each paper, as unpublished work in the repository arXiv."""
    return "\r\n".join(
        "".join(f"{tag}  - {' '.join(text.split())}\r\n" for tag, text in _record(paper)) for paper in papers
    )


def _record(paper: Day) -> Iterator[tuple[str, str]]:
    yield "TY", "UNPB"
    yield "TI", paper["title"]
    yield from (("AU", _last_first(name)) for name in paper["authors"])
    yield "PY", paper["published"][:4]
    yield "DA", paper["published"].replace("-", "/")
    yield "PB", "arXiv"
    yield "AN", f"arXiv:{paper['id']}"
    if paper.get("doi"):
        yield "DO", paper["doi"]
    if appeared := _appeared(paper):
        yield "N1", appeared
    yield from (("KW", category) for category in paper["categories"])
    if paper["abstract"]:
        yield "AB", paper["abstract"]
    yield "UR", paper["links"]["arxiv"]
    yield "L1", paper["links"]["pdf"]
    yield "ER", ""


def _last_first(name: str) -> str:
    found = None if _GROUP.search(name) else _LAST.search(name)
    first = name[: found.start()].strip() if found else ""
    return f"{found[0]}, {first}" if found and first else name


def markdown(papers: Sequence[Day], title: str = "") -> str:
    """A numbered list with authors, venue and lines; `title` is a heading above it."""
    several = len(papers) > 1
    shown = (_item(paper, f"{number}. " if several else "") for number, paper in enumerate(papers, 1))
    return "\n".join([*([f"# {_escaped(title)}\n"] if title else []), *shown]) + "\n"


def _item(paper: Day, number: str) -> str:
    rows = [
        f"[{_escaped(paper['title'])}]({paper['links']['arxiv'].replace(')', '%29')})",
        _escaped(" · ".join(filter(None, (", ".join(paper["authors"]), venue_of(paper))))),
        *(_escaped(line) for line in paper["lines"].values()),
    ]
    return number + f"  \n{' ' * len(number)}".join(filter(None, rows))


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def metadata(paper: Day) -> Markup:
    """The `citation_*` elements that Zotero and Google Scholar read."""
    rows = "\n".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in _citation(paper))
    return Markup(rows)  # noqa: S704 - every value is escaped, at a third of the price of Markup's own way


def _citation(paper: Day) -> Iterator[tuple[str, str]]:
    yield "citation_title", paper["title"]
    yield from (("citation_author", name) for name in paper["authors"])
    yield "citation_publication_date", paper["published"].replace("-", "/")
    yield "citation_arxiv_id", paper["id"]
    if paper.get("doi"):
        yield "citation_doi", paper["doi"]
    yield "citation_pdf_url", paper["links"]["pdf"]
    yield "citation_abstract_html_url", paper["links"]["arxiv"]


FORMS: Mapping[str, str] = {"bib": "BibTeX", "ris": "RIS", "md": "Markdown"}  # endings of files, and their names


def taken_along(papers: Sequence[Day], title: str) -> Mapping[str, bytes]:
    """The papers in each form, by the ending of its file."""
    return {
        "bib": bibtex(papers).encode("utf-8", "replace"),
        "ris": ris(papers).encode("utf-8", "replace"),
        "md": markdown(papers, title).encode("utf-8", "replace"),
    }
