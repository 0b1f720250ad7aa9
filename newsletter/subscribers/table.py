"""Readers as rows of a CSV file: what spreadsheets and registers export, read row by row."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TextIO

from email_validator import validate_email

from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Reader, Wishes
from newsletter.subscribers import values
from newsletter.subscribers.preferences import said, with_preference
from newsletter.subscribers.readers import LIST_KEYS
from newsletter.subscribers.tree import Unfit, shown

KEYS = ("topics", "languages", "send_at", "timezone", "frequency")
COLUMNS = ("email", "name", *KEYS)
_OURS = ("line", "reason")  # of a file with the rows that could not be used, once they are corrected
_DELIMITERS = (",", ";", "\t")
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_SEPARATOR = re.compile(r"sep=(.)\s*\Z")  # of spreadsheets, in a first line of its own
_BETWEEN_WORDS = re.compile(r"[\s,;|]+")
_CLOSE = 0.8  # `username` is no misspelt `name`
_SECONDS = re.compile(r"(\d?\d:\d\d):00")


@dataclass(frozen=True, slots=True)
class Row:
    """One row that can be used."""

    line: int
    email: str  # the domain in lower case and in ASCII
    name: str | None
    given: tuple[tuple[str, str], ...]  # what it says of preferences, as text by key; an empty cell says nothing


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be used, and why."""

    line: int
    reason: str
    cells: tuple[str, ...]
    email: str | None = None  # where that is not the reason


@dataclass(frozen=True)
class Table:
    """A CSV file whose first line names its columns."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    skipped: int = 0  # lines before the columns
    ignored: tuple[str, ...] = field(default=())  # columns that say nothing to us

    def rows(self, known_topics: Sequence[str]) -> Iterator[Row | BadRow]:
        """Row by row; an empty line is none. Raises ConfigurationError where the file is not UTF-8."""
        read = _Reading(self.columns, tuple(known_topics))
        for line, cells in self._records():
            if any(cells):
                yield read.row(line, cells)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        with _opened(self.path) as stream:
            try:
                lines = islice(stream, self.skipped + 1, None)
                yield from _records(lines, self.delimiter, self.columns, self.skipped + 1)
            except UnicodeDecodeError as error:
                raise _not_utf8(self.path) from error


def open_table(path: Path) -> Table:
    """The table in a file. Raises ConfigurationError where there is none."""
    try:
        with _opened(path) as stream:
            first = stream.readline()
            if said := _SEPARATOR.fullmatch(first.rstrip("\r\n")):
                return _table(path, stream.readline(), (said[1],), 1)
            return _table(path, first, _DELIMITERS, 0)
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except OSError as error:
        raise _wrong(path, None, f"cannot be read ({error.strerror})", "name the CSV file") from error


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _table(path: Path, line: str, delimiters: Iterable[str], skipped: int) -> Table:
    def columns(delimiter: str) -> tuple[str, ...]:
        return tuple(map(_column, next(csv.reader([line], delimiter=delimiter), [])))

    names, delimiter = max(
        ((columns(one), one) for one in delimiters), key=lambda found: sum(name in COLUMNS for name in found[0])
    )
    where = skipped + 1
    if "email" not in names:
        problem = "is empty" if not line.strip() else "the first line names no column 'email'"
        raise _wrong(path, where, problem, f"write the names of the columns into it, some of {','.join(COLUMNS)}")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise _wrong(path, where, f"there are two columns {twice[0]!r}", "keep one")
    ignored = tuple(name for name in names if name and name not in (*COLUMNS, *_OURS))
    for one in ignored:
        if (close := get_close_matches(one, COLUMNS, 1, _CLOSE)) and close[0] not in names:
            raise _wrong(path, where, f"unknown column {one!r}", f"did you mean {close[0]!r}?")
    return Table(path, names, delimiter, skipped, ignored)


def _column(text: str) -> str:
    name = re.sub(r"[\s-]+", "_", text.strip().lower())
    return "email" if name == "e_mail" else name


def _wrong(path: Path, line: int | None, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Finding(shown(path), line, problem, remedy)])


def _not_utf8(path: Path) -> ConfigurationError:
    """Names the first line that is not; the decoder knows only how far into its buffer it is."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if number == 1 and (other := _BOMS.get(raw[:2])):
                return _wrong(path, None, f"is {other}", "save it as CSV in UTF-8")
            try:
                raw.decode()
            except UnicodeDecodeError:
                return _wrong(path, number, "is not UTF-8", "save it as CSV in UTF-8")
    return _wrong(path, None, "is not UTF-8", "save it as CSV in UTF-8")


def _records(
    lines: Iterable[str], delimiter: str, columns: Sequence[str], before: int
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its line.

    A quote that is never closed takes the following lines into its cell: then each line is read for itself.
    """
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader, line = csv.reader(noted(), delimiter=delimiter), before
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:  # a cell without end, or a character that CSV does not know
            cells = []
        if cells is None:
            return
        if cells and (len(taken) == 1 or _is_one_record(cells, columns)):
            yield line + 1, cells
        else:
            yield from ((line + place, _alone(text, delimiter)) for place, text in enumerate(taken, 1))
        line += len(taken)
        taken.clear()


def _is_one_record(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether its line breaks stand where some may stand: in columns that are none of ours."""
    return len(cells) == len(columns) and not any(
        name in COLUMNS and "\n" in cell.strip() for name, cell in zip(columns, cells, strict=True)
    )


def _alone(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return [text[:200]]


class _Reading:
    """Cells → values. What many rows have in common is read once."""

    def __init__(self, columns: Sequence[str], known_topics: tuple[str, ...]) -> None:
        self._width, self._topics = len(columns), known_topics
        self._email = columns.index("email")
        self._name = columns.index("name") if "name" in columns else None
        self._keys = tuple((key, columns.index(key)) for key in KEYS if key in columns)
        self._given: Callable[[tuple[str, ...]], tuple[tuple[str, str], ...] | Unfit] = lru_cache(4096)(self._read)

    def row(self, line: int, cells: list[str]) -> Row | BadRow:
        surplus = any(cells[self._width :])
        if len(cells) < self._width:
            cells += [""] * (self._width - len(cells))  # spreadsheets leave out what is empty at the end
        email = cells[self._email].strip()
        try:
            email = address(email)
        except Unfit as unfit:
            return BadRow(line, _reason(unfit), tuple(cells))
        given = self._given(tuple([cells[place] for _, place in self._keys]))
        if surplus:
            given = Unfit(f"has {len(cells)} values for {self._width} columns", "put a value with commas into quotes")
        if isinstance(given, Unfit):
            return BadRow(line, _reason(given), tuple(cells), email)
        name = None
        if self._name is not None and (name := cells[self._name].strip() or None):
            try:
                values.line(name)
            except Unfit as unfit:
                return BadRow(line, f"name: {_reason(unfit)}", tuple(cells), email)
        return Row(line, email, name, given)

    def _read(self, cells: tuple[str, ...]) -> tuple[tuple[str, str], ...] | Unfit:
        found = []
        for (key, _), cell in zip(self._keys, cells, strict=True):
            if text := cell.strip():
                try:
                    found.append((key, canonical(key, text, self._topics)))
                except Unfit as unfit:
                    return Unfit(f"{key}: {unfit.problem}", unfit.remedy)
        return tuple(found)


def _reason(unfit: Unfit) -> str:
    return f"{unfit.problem}; {unfit.remedy}"


def address(text: str) -> str:
    """The address as our emails name it: the domain in lower case and in ASCII. Raises Unfit."""
    if not values.is_plain(values.email(text)):
        found = validate_email(text, check_deliverability=False)
        return f"{found.local_part}@{found.ascii_domain.lower()}"
    local, _, domain = text.partition("@")
    return f"{local}@{domain.lower()}"


def canonical(key: str, text: str, known_topics: Sequence[str]) -> str:
    """A preference as it would be written. Raises Unfit."""
    if key in LIST_KEYS:
        text = ",".join(filter(None, _BETWEEN_WORDS.split(text)))
    elif key == "send_at" and (whole := _SECONDS.fullmatch(text)):
        text = whole[1]
    return said(with_preference(_ANYBODY, key, text, known_topics), key)


_ANYBODY = Reader(
    email="",
    wishes=Wishes(topics=()),
    send_at=time(9),
    wait_until=time(12),
    timezone="UTC",
    days=frozenset(range(1, 8)),
)


def with_given(reader: Reader, given: Mapping[str, str], known_topics: Sequence[str]) -> Reader:
    """The reader with these preferences; a topic that is gone changes nothing."""
    for key, text in given.items():
        reader = with_preference(reader, key, text, known_topics)
    return reader


def cells_of(reader: Reader) -> list[str]:
    """A reader as a row of all COLUMNS."""
    return [reader.email, reader.name or "", *(said(reader, key) for key in KEYS)]
