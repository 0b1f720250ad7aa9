"""YAML as nodes with their places in the text; nothing is constructed, so `no` and `09:30` stay as they are written."""

from __future__ import annotations

import difflib
import gc
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import ConfigurationError
from newsletter.models import Finding

Value = TypeVar("Value")
Default = TypeVar("Default")

_DEEPEST = 40
# What YAML allows in a file (1.1, 5.1); libyaml names the place of anything else by byte, we by line.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEGACY = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Unfit(ValueError):
    """A scalar that cannot be the value its key wants: what is wrong and what to write instead.

    `key` and `fields` say the same to readers: their pages have the sentence `page_wrong_<key>` in each language.
    """

    def __init__(self, problem: str, remedy: str, key: str = "choice", **fields: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy, self.key, self.fields = problem, remedy, key, fields


class _Bounded:
    """Stops at a depth that no subscriber list has: the C composer recurses, and 100,000 brackets end the process."""

    depth = 0

    def descend_resolver(self, parent: object, index: object) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise yaml.YAMLError(f"nested more than {_DEEPEST} levels deep")

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return ""


_LOADER: Any = type("_Loader", (_Bounded, getattr(yaml, "CBaseLoader", yaml.BaseLoader)), {})


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause the cycle collector: 10,000 entries load in 0.3 s instead of 1.1 s, and nodes contain no cycles."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def shown(path: Path) -> str:
    """The path as findings print it: relative to the working folder if it is inside it."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would name a symlink's target
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)


def decode(raw: bytes, file: str) -> str:
    """The text of a subscriber list or an interests file, with or without a BOM; ConfigurationError when not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        name = _LEGACY.get(raw[:2]) or _guess(raw)
        problem = f"not UTF-8 ({name})" if name else "not UTF-8"
        remedy = f"convert it: iconv -f {name or 'ENCODING'} -t UTF-8 {file} > new.yaml"
        raise ConfigurationError([Finding(file, line, problem, remedy)]) from error


def _guess(raw: bytes) -> str | None:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return "GB18030"


def compose(text: str, file: str) -> Node | None:
    """The tree of a text without BOM (None when empty); ConfigurationError when it is no YAML."""
    strange = _UNPRINTABLE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        problem = f"the control character U+{ord(strange[0]):04X} is not allowed here"
        raise ConfigurationError([Finding(file, line, problem, "remove it")])
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ConfigurationError([_syntax(error, text, file)]) from error


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else None
    if mark and text[mark.index : mark.index + 1] == "\t":
        return Finding(file, line, "there is a tab where YAML needs spaces", "indent with spaces")
    problem = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None)))) or str(error)
    return Finding(file, line, f"not YAML: {problem}", "check indentation and quotes")


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def is_empty(node: Node) -> bool:
    """Whether a key has no value, or one of YAML's words for null."""
    return isinstance(node, ScalarNode) and (
        not node.value.strip() or (not node.style and node.value in ("~", "null", "Null", "NULL"))
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)), None)


@dataclass
class Report:
    """Collects the findings of one block; `broken` as soon as one of them makes the block unusable."""

    file: str
    text: str
    fatal: bool
    findings: list[Finding] = field(default_factory=list)
    broken: bool = False
    read: dict[str, str] = field(default_factory=dict)  # files that the list names, with the hash of their bytes

    def add(self, node: Node, problem: str, remedy: str) -> None:
        self.broken = True
        self.findings.append(Finding(self.file, line_of(node), problem, remedy, fatal=self.fatal))

    def warn(self, node: Node, problem: str, remedy: str) -> None:
        self.findings.append(Finding(self.file, line_of(node), problem, remedy, fatal=False))

    def is_plain(self, key: Node, node: Node) -> bool:
        """Whether a node has neither anchor nor tag; a node that an alias repeats begins with its anchor."""
        if self.text[node.start_mark.index : node.start_mark.index + 1] not in ("&", "!"):
            return True
        self.add(key, "anchors, aliases and tags are not supported", "write the value itself")
        return False


def _text(node: Node) -> str:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return ", ".join(str(item.value).strip() for item in items if isinstance(item, ScalarNode))


class Reading(NamedTuple):
    """How the value of a key is read: one scalar, or each of a list; `about` tells editors what the key is for."""

    convert: Callable[[str], Any]
    many: bool = False
    some: bool = True  # not an empty list
    about: str = ""


class Block:
    """A mapping under its keys. Reading a value that does not fit adds a finding and returns the default."""

    def __init__(self, node: MappingNode, known: Sequence[str] | None, report: Report) -> None:
        self.node, self.report = node, report
        self.nodes: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if self._is_key(key, known):
                report.is_plain(key, value)
                self.nodes[key.value] = (key, value)

    def _is_key(self, key: Node, known: Sequence[str] | None) -> bool:
        if not isinstance(key, ScalarNode):
            self.report.add(key, "a key must be a word", "write key: value")
        elif not self.report.is_plain(key, key):
            return False
        elif key.value == "<<":
            self.report.add(key, "merge keys are not supported", "write the keys out")
        elif known is not None and key.value not in known:
            meant = nearest(key.value, known)
            self.report.add(
                key,
                f"unknown key {key.value!r}",
                f"did you mean {meant!r}?" if meant else f"known are {', '.join(known)}",
            )
        elif key.value in self.nodes:
            first = line_of(self.nodes[key.value][0])
            self.report.add(key, f"{key.value!r} is here twice (first in line {first})", "keep one")
        else:
            return True
        return False

    def place(self, key: str) -> Node:
        """Where a finding about this key belongs: the key itself, or the block that lacks it."""
        return self.nodes[key][0] if key in self.nodes else self.node

    def raw(self, key: str) -> Node | None:
        """The node of a key that was written with something behind it."""
        found = self.nodes.get(key)
        return None if found is None or is_empty(found[1]) else found[1]

    def says(self, key: str) -> bool:
        """Whether something stands behind this key."""
        return self.raw(key) is not None

    def texts(self, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """The values of those of these keys that are present; a list is joined with commas."""
        return tuple((key, _text(node)) for key in keys if key in self.nodes and (node := self.raw(key)) is not None)

    def read(self, readings: Mapping[str, Reading]) -> dict[str, Any]:
        """The values of those of these keys that are written here and fit."""
        found = ((key, self._read(key, readings[key])) for key in self.nodes if key in readings)
        return {key: value for key, value in found if value is not None}

    def _read(self, key: str, reading: Reading) -> Any:
        if reading.many:
            return self.many(key, reading.convert, (), some=reading.some) or None
        return self.one(key, reading.convert, None)

    def one(self, key: str, convert: Callable[[str], Value], default: Default) -> Value | Default:
        """The value of a key that holds one scalar."""
        node = self.raw(key)
        if node is None:
            return default
        if not isinstance(node, ScalarNode):
            self.report.add(self.place(key), f"{key!r} takes one value", f"write {key}: value")
            return default
        return self._convert(node, node, convert, default)

    def many(
        self, key: str, convert: Callable[[str], Value], default: tuple[Value, ...], *, some: bool = True
    ) -> tuple[Value, ...]:
        """The distinct values of a key that holds a list; a single value is a list of one. `some`: must not be
        empty.
        """
        node = self.raw(key)
        if node is None:
            return default
        if isinstance(node, MappingNode):
            self.report.add(self.place(key), f"{key!r} takes a list", f"write {key}: [one, another]")
            return default
        items = node.value if isinstance(node, SequenceNode) else [node]
        if some and not items:
            self.report.add(self.place(key), f"{key!r} is an empty list", "add an item, or remove the key")
        return tuple(dict.fromkeys(value for item in items for value in self._item(key, item, convert)))

    def _item(self, key: str, item: Node, convert: Callable[[str], Value]) -> Iterator[Value]:
        if not self.report.is_plain(item, item):
            return
        if not isinstance(item, ScalarNode) or is_empty(item):
            self.report.add(item, f"{key!r} takes a list of words", f"write {key}: [one, another]")
            return
        value = self._convert(item, item, convert, None)
        if value is not None:
            yield value

    def _convert(
        self, place: Node, node: ScalarNode, convert: Callable[[str], Value], default: Default
    ) -> Value | Default:
        try:
            return convert(node.value.strip())
        except Unfit as unfit:
            self.report.add(place, unfit.problem, unfit.remedy)
            return default
