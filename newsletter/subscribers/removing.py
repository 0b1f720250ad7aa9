"""Removes entries from the text of a subscriber list; comments around them stay, since they may belong to others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from yaml.nodes import Node, ScalarNode, SequenceNode

from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Roster
from newsletter.subscribers import splices
from newsletter.subscribers.edit import Edit, entries_of, find_entry, says_the_same
from newsletter.subscribers.files import replace_file, sha256
from newsletter.subscribers.roster import parse
from newsletter.subscribers.splices import Place, Splice
from newsletter.subscribers.tree import compose, decode, is_empty, line_of, shown, without_collector

_BOM = "\ufeff"
_DASH = re.compile(r"-[ \t]*(?:#[^\r\n]*)?(?:\r?\n[ \t]*(?:#[^\r\n]*)?)*\Z")


def remove_entry(path: Path, email: str) -> int:
    """Take every entry of this address out of the file; how many there were.

    Raises OSError where the file cannot be written, ConfigurationError where it cannot be changed safely.
    """
    file, removed = shown(path), 0

    def change(raw: bytes) -> bytes:
        nonlocal removed
        text, removed = decode(raw, file), 0
        while (shorter := without_entry(text, email, file=file)) is not None:
            text, removed = shorter, removed + 1
        return text.encode("utf-8") if removed else raw

    replace_file(path, change)
    return removed


def without_entry(text: str, email: str, *, file: str = "subscribers.yaml") -> str | None:
    """The text without the first entry of this address; None if there is none."""
    bom, bare = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    with without_collector():
        before = compose(bare, file)
        try:
            place = find_entry(before, email, "email")
        except KeyError:
            return None
        new, _ = splices.apply(bare, [_cut(bare, place, entries_of(before)[0])])
        rest = [node for index, node in enumerate(entries_of(before)[1]) if index != place.index]
        if not _is_rest(new, before, rest, file):
            finding = Finding(file, line_of(place.node), "this entry cannot be removed safely", "remove it by hand")
            raise ConfigurationError([finding])
    return bom + new


def empty(path: Path, before: Callable[[Roster, Edit], None]) -> None:
    """Take every entry out of the file in one step; first `before` is called with what it holds.

    Comments among the entries go with them. Raises what `before` raises, OSError where the file cannot be written, and
    ConfigurationError where it cannot be changed safely.
    """
    file = shown(path)

    def change(raw: bytes) -> bytes:
        text = decode(raw, file)
        new = without_entries(text, file=file).encode("utf-8")
        edit = Edit(0, sha256(raw), sha256(new))
        before(replace(parse(text, file, path.parent), made_of=((str(path), edit.before),)), edit)
        return new

    replace_file(path, change)


def without_entries(text: str, *, file: str = "subscribers.yaml") -> str:
    """The text with an empty list of subscribers."""
    bom, bare = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    with without_collector():
        before = compose(bare, file)
        node, entries = entries_of(before)
        if node is None or not entries or (isinstance(node, ScalarNode) and is_empty(node)):
            return text
        start = node.start_mark.index
        at_margin = start == 0 or bare[start - 1] in "\r\n"
        new, _ = splices.apply(bare, [(start, splices.end_of(bare, node), " []" if at_margin else "[]")])
        if not _is_rest(new, before, [], file):
            finding = Finding(file, line_of(node), "the entries cannot be removed safely", "remove them by hand")
            raise ConfigurationError([finding])
    return bom + new


def _is_rest(new: str, before: Node | None, rest: list[Node], file: str) -> bool:
    try:
        after = compose(new, file)
    except ConfigurationError:  # someone else refers to the entry by an alias
        return False
    return says_the_same(before, after, rest)


def _cut(text: str, place: Place, parent: Node | None) -> Splice:
    start, end = place.node.start_mark.index, splices.end_of(text, place.node)
    alone = not isinstance(parent, SequenceNode) or len(parent.value) == 1
    if place.in_flow is None or (alone and place.in_flow):
        outer = parent if isinstance(parent, SequenceNode) else place.node
        return (outer.start_mark.index, splices.end_of(text, outer), "[]")
    if place.in_flow:
        return splices.with_comma(text, start, end)
    dash = _DASH.search(text, max(0, start - 2_000), start)
    first = dash.start() if dash else start
    if alone:
        return (first, end, " []")  # at the left margin a list in brackets must be indented
    line = text.rfind("\n", 0, first) + 1
    found = splices.LINE_END.search(text, end)
    return (line, found.end() if found else len(text), "")
