"""Where to cut the text of an entry so that one field changes, in block style, in braces and at a bare address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.nodes import CollectionNode, MappingNode, Node

Splice = tuple[int, int, str]  # from, to, what stands there instead

# Words that need no quotes, neither in a block nor inside braces.
_PLAIN = re.compile(r"[\w+][\w +./@-]*(?::[\w+./@-][\w +./@-]*)*(?<! )", re.ASCII)
LINE_END = re.compile(r"\r?\n|\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """One entry in a text: its node, the pair with the address, the pair with the field."""

    node: Node
    email: tuple[Node, Node]
    field: tuple[Node, Node] | None
    index: int  # among the entries
    in_flow: bool | None  # stands in a list between brackets; None: alone behind `subscribers:`


def apply(text: str, splices: list[Splice]) -> tuple[str, int]:
    """The text after all splices (in order, apart from each other) and the number of the last one's line."""
    parts, done = [], 0
    for start, end, new in splices:
        parts += [text[done:start], new]
        done = end
    if not splices:
        return text, 0
    start, _, new = splices[-1]
    line = text.count("\n", 0, start) + 1 + (new.startswith(("\n", "\r\n")))
    return "".join([*parts, text[done:]]), line


def setting(text: str, place: Place, field: str, value: str | list[str]) -> list[Splice]:
    """The splices that make the entry say `field: value`."""
    as_json = text[place.email[0].start_mark.index : place.email[0].start_mark.index + 1] == '"'
    said = written(value, as_json)
    if place.field:
        return [_replacing(text, *place.field, said)]
    name, address = (f'"{field}"', '"email"') if as_json else (field, "email")
    if isinstance(place.node, MappingNode):
        return _inside(text, place, f"{name}: {said}")
    start, end = place.node.start_mark.index, end_of(text, place.node)
    if place.in_flow is not False:
        opened, closed = ("{", "}") if place.in_flow else ("[{", "}]")
        return [(start, start, f"{opened}{address}: "), (end, end, f", {name}: {said}{closed}")]
    return [(start, start, f"{address}: "), _line_after(text, end, place.node.start_mark.column, f"{name}: {said}")]


def _inside(text: str, place: Place, pair: str) -> list[Splice]:
    """Behind the address, where a line or a comma is always possible."""
    key, value = place.email
    end = end_of(text, value)
    if not isinstance(place.node, MappingNode) or not place.node.flow_style:
        return [_line_after(text, end, key.start_mark.column, pair)]
    if text[place.node.start_mark.index] == "{":
        return [(end, end, f", {pair}")]
    start = key.start_mark.index  # `[email: a@b]`: a mapping of one pair without braces
    return [(start, start, "{"), (end, end, f", {pair}}}")]


def _line_after(text: str, index: int, column: int, pair: str) -> Splice:
    found = LINE_END.search(text, index)
    stop = found.start() if found else len(text)
    newline = (found[0] if found else "") or ("\r\n" if "\r\n" in text else "\n")
    return (stop, stop, f"{newline}{' ' * column}{pair}")


def _replacing(text: str, key: Node, value: Node, written: str) -> Splice:
    start, end = value.start_mark.index, end_of(text, value)
    if isinstance(value, CollectionNode) and not value.flow_style:
        return (key.end_mark.index, end, f": {written}")  # a list on lines of its own becomes one behind its key
    return (start, end, f" {written}" if text[start - 1 : start] == ":" else written)


def removing(text: str, place: Place) -> list[Splice]:
    """The splices that remove the field from the entry."""
    if place.field is None or not isinstance(place.node, MappingNode):
        return []
    key, value = place.field
    start, end = key.start_mark.index, max(end_of(text, value), key.end_mark.index)
    if place.node.flow_style:
        return [with_comma(text, start, end)]
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return [(start, _next_key(place.node, key), "")]  # on the line of the dash: the next key moves up
    found = LINE_END.search(text, end)
    stop = found.end() if found else len(text)
    comment = text.find("#", end, stop)
    return [(start, comment, "")] if comment >= 0 else [(line, stop, "")]


def _next_key(node: MappingNode, key: Node) -> int:
    keys = [pair[0] for pair in node.value]
    return int(keys[keys.index(key) + 1].start_mark.index)


def with_comma(text: str, start: int, end: int) -> Splice:
    """Cuts an item of a list in brackets or braces together with the comma that parts it from another."""
    after = re.compile(r"\s*,[ \t]*").match(text, end)
    if after:
        return (start, after.end(), "")
    before = re.compile(r",\s*\Z").search(text[:start][-200:])
    return (start - len(before[0]) if before else start, end, "")


def end_of(text: str, node: Node) -> int:
    """Where a node ends; YAML's end mark of a block is after its last line, behind comments that do not belong to
    it.
    """
    if isinstance(node, CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return end_of(text, last[1] if isinstance(node, MappingNode) else last)
    start, end = node.start_mark.index, node.end_mark.index
    return int(start + len(text[start:end].rstrip()))


def written(value: str | list[str], as_json: bool = False) -> str:
    """A scalar or a list in brackets as YAML, in quotes where it needs them."""
    if isinstance(value, list):
        return f"[{', '.join(written(word, as_json) for word in value)}]"
    is_plain = _PLAIN.fullmatch(value) and value.lower() != "null" and not as_json
    return value if is_plain else _quoted(value)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
