"""What a bibliography in BibTeX or RIS names, as reference managers and services export them.

Of each entry the arXiv id is wanted, else the words of its title and abstract; what else stands in it may be as it
likes. Time grows with the length alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import ArxivId
from newsletter.tex import to_unicode

CountedWords = tuple[tuple[str, int], ...]

MOST = 2_000  # entries
MOST_WORDS = 400  # kept of entries that have no arXiv id
_WORD = re.compile(r"[^\W\d_]{3,40}")
_ABOUT = ("title", "abstract", "T1", "TI", "N2", "AB")
_ENTRY = re.compile(r"(?<![\w.])@[ \t]*([A-Za-z]+)\s*([{(])")
_ENTRY_ALONE = re.compile(rf"^[ \t]*(?={_ENTRY.pattern})", re.M)  # where reading goes on after a broken entry
_MARK = re.compile(r'\\.|[{}"()]', re.S)
_FIELD = re.compile(r"[\s,]*([A-Za-z][\w:.+-]*)\s*=\s*", re.ASCII)
_KEY = re.compile(r'[^,={}"]*,')
_BARE = re.compile(r"[^\s,#{}\"()]+")
_BETWEEN = re.compile(r"\s*#\s*")
_COMMANDS = ("comment", "preamble", "string")
_TAG = re.compile(r"^([A-Z][A-Z0-9])  -(?: (.*))?$")
_RIS = re.compile(r"\s*TY  - ")
# Where other papers may be named: `papers like arXiv:…`.
_ELSEWHERE = frozenset(
    ("abstract", "annote", "annotation", "comment", "file", "keywords", "review", "title", "AB", "KW", "N2", "T1", "TI")
)
_ID = r"\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7}"
_SAID = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html)/|\barxiv:\s*|\b10\.48550/arxiv\.|(?<![\w/])abs/)({_ID})(?!\d)", re.ASCII | re.I
)


@dataclass(frozen=True, slots=True)
class Bibliography:
    """What a file names, in its order, each paper once."""

    ids: tuple[str, ...]
    words: CountedWords  # of entries without an arXiv id, the most frequent first, with how many have it
    entries: int
    described: int  # those without an arXiv id that have words
    without: int  # those that have neither
    broken: tuple[int, str] | None  # the first place that cannot be read, with its line; the rest was read
    left: int = 0  # entries beyond `MOST`, which were not looked at


def read(raw: bytes) -> Bibliography:
    """All entries that can be read."""
    text = raw.decode("utf-8-sig", errors="replace")  # ids are ASCII in every encoding that such files have
    lines = [found.start() for found in re.finditer("\n", text)]
    found: list[str | None] = []
    words: Counter[str] = Counter()
    described = 0
    broken: tuple[int, str] | None = None
    left = 0
    for place, entry in (_ris if _RIS.match(text) else _bibtex)(text):
        if isinstance(entry, str):
            broken = broken or (bisect_right(lines, place - 1) + 1, entry)
        elif len(found) < MOST:
            found.append(_arxiv_id(entry))
            about = () if found[-1] else _words(entry)
            words.update(about)
            described += bool(about)
        else:
            left += 1
    if not found and not broken and text.strip():
        broken = (1, "no entry of BibTeX or RIS is in it")
    ids = tuple(dict.fromkeys(one for one in found if one))
    return Bibliography(ids, most_frequent(words), len(found), described, found.count(None) - described, broken, left)


def most_frequent(words: Mapping[str, int]) -> CountedWords:
    """As many words as are kept; of equally frequent ones those that come first."""
    return tuple(Counter(words).most_common(MOST_WORDS))


def _words(entry: Mapping[str, str]) -> Sequence[str]:
    """Each word of the title and the abstract, in their order."""
    text = to_unicode(" ".join(entry[key] for key in _ABOUT if key in entry))
    return list(dict.fromkeys(_WORD.findall(text.lower())))


def _arxiv_id(entry: Mapping[str, str]) -> str | None:
    kind = (entry.get("archiveprefix") or entry.get("eprinttype") or "arxiv").lower()
    for bare in (entry.get("arxivid", ""), entry.get("eprint", "") if kind == "arxiv" else ""):
        try:
            return ArxivId.parse(bare).base
        except ValueError:
            pass
    said = (_SAID.search(text) for key, text in entry.items() if key not in _ELSEWHERE)
    return next((one[1] for one in said if one), None)


_Read = Iterator[tuple[int, Mapping[str, str] | str]]  # where an entry begins, and its fields or what is wrong


def _bibtex(text: str) -> _Read:
    """What stands between entries is a comment there."""
    begins = [found.end() for found in _ENTRY_ALONE.finditer(text)]
    place = 0
    while head := _ENTRY.search(text, place):
        # An entry ends before the next line that begins one: what is not closed costs that entry alone.
        following = bisect_right(begins, head.start())
        end = begins[following] if following < len(begins) else len(text)
        fields: dict[str, str] = {}
        is_command = head[1].lower() in _COMMANDS
        place, problem = _skipped(text, head, end) if is_command else _fields(text, head, end, fields)
        if problem:
            yield head.start(), problem
        elif not is_command:
            yield head.start(), fields


def _skipped(text: str, head: re.Match[str], end: int) -> tuple[int, str]:
    close = _closed(text, head.end() - 1, end)
    return (close, "") if close else (end, f"@{head[1]} is not closed")


def _fields(text: str, head: re.Match[str], end: int, fields: dict[str, str]) -> tuple[int, str]:
    """Where the entry ends, and what is wrong with it."""
    key = _KEY.match(text, head.end(), end)
    place = key.end() if key else head.end()
    while field := _FIELD.match(text, place, end):
        place, value = _value(text, field.end(), end)
        if value is None:
            return end, f"the value of {field[1]} in @{head[1]} is not closed"
        fields.setdefault(field[1].lower(), value)
    rest = re.compile(r"[\s,]*" + (r"\}" if head[2] == "{" else r"\)")).match(text, place, end)
    return (rest.end(), "") if rest else (end, f"@{head[1]} has something other than key = {{value}}, or is not closed")


def _value(text: str, place: int, end: int) -> tuple[int, str | None]:
    """Parts in braces or quotes, numbers and names, joined by `#`; None where one is not closed."""
    parts: list[str] = []
    while True:
        if text[place : place + 1] in ("{", '"'):
            close = _closed(text, place, end)
            if not close:
                return end, None
            parts.append(text[place + 1 : close - 1])
            place = close
        elif bare := _BARE.match(text, place, end):
            parts.append(bare[0])
            place = bare.end()
        else:
            return end, None
        more = _BETWEEN.match(text, place, end)
        if not more:
            return place, "".join(parts).strip(" \t\r\n{}")
        place = more.end()


def _closed(text: str, place: int, end: int) -> int:
    """Behind what closes the brace, bracket or quote at `place`; 0 where nothing does."""
    opened, depth = text[place], 0
    closing = {"{": "}", "(": ")", '"': '"'}[opened]
    for mark in _MARK.finditer(text, place + 1, end):
        if mark[0] == closing and depth == 0:
            return mark.end()
        depth += (mark[0] == "{") - (mark[0] == "}")
        if depth < 0:
            return 0
    return 0


def _ris(text: str) -> _Read:
    entry: dict[str, str] | None = None
    begun = place = 0
    for line in text.split("\n"):
        tag = _TAG.match(line.rstrip())
        key, value = (tag[1], tag[2] or "") if tag else ("", "")
        if key == "TY":
            if entry is not None:
                yield begun, "TY without ER"
            entry, begun = {}, place
        elif key and entry is None:
            yield place, f"{key} outside of an entry"
        elif key == "ER" and entry is not None:
            yield begun, entry
            entry = None
        elif key and entry is not None:
            entry[key] = f"{entry[key]} {value}" if key in entry else value
        place += len(line) + 1
    if entry is not None:
        yield begun, "TY without ER"
