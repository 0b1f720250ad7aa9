"""Changes one field of one entry in the text of a subscriber list; every other byte stays.

The tree says where to cut (`splices`). What comes out is read again and compared entry by entry, so that an unforeseen
form of YAML leads to an error and an unchanged file, never to a damaged one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.subscribers import splices, values
from newsletter.subscribers.files import replace_file, sha256
from newsletter.subscribers.readers import KEYS, LIST_KEYS, as_mapping
from newsletter.subscribers.splices import Place
from newsletter.subscribers.tree import Unfit, compose, decode, line_of, shown, without_collector
from newsletter.subscribers.values import BREAKS, address_key

_BOM = "\ufeff"
Pair = tuple[Node, Node]


def set_field(text: str, email: str, field: str, value: str, *, file: str = "subscribers.yaml") -> str:
    """The text with one field of one entry set; `value` is plain text, for a list its words with commas.

    Raises KeyError when no entry has this address, ConfigurationError when the text cannot be changed safely.
    """
    return _edited(text, email, {field: value}, file)[0]


def remove_field(text: str, email: str, field: str, *, file: str = "subscribers.yaml") -> str:
    """The text without one field of one entry, unchanged where it has none; raises as `set_field`."""
    return _edited(text, email, {field: None}, file)[0]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the file: the number of the last changed line, and what the whole file was made of before and after.

    `before` and `after` are hashes as in `Roster.made_of`.
    """

    line: int
    before: str
    after: str


def write_fields(path: Path, email: str, fields: Callable[[], Mapping[str, str | None]]) -> Edit | None:
    """Set these fields in the file, or remove those that are None, in one step; None without such an entry.

    `fields` is asked when nobody else of ours can write, so that the last one to write knows what all have done. The
    file is replaced as a whole or not at all, and an edit that someone saves meanwhile is kept. Raises OSError where it
    cannot be written, ConfigurationError where it cannot be changed safely.
    """
    file, edit = shown(path), Edit(0, "", "")

    def change(raw: bytes) -> bytes:
        nonlocal edit
        text, line = _edited(decode(raw, file), email, fields(), file)
        new = text.encode("utf-8")
        edit = Edit(line, sha256(raw), sha256(new))
        return new

    try:
        replace_file(path, change)
    except KeyError:
        return None
    return edit


def _edited(text: str, email: str, fields: Mapping[str, str | None], file: str) -> tuple[str, int]:
    """The new text and the number of the line that holds, or held, the last field."""
    for field, value in fields.items():
        if field not in KEYS or (value is not None and (not value.strip() or BREAKS.search(value))):
            raise ValueError(f"cannot write {field}: {value!r}")
    if "email" in fields and (len(fields) > 1 or not _is_address(fields["email"])):
        raise ValueError(f"cannot write email: {fields['email']!r} beside other fields, or as an address")
    bom, bare = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    line = 0
    with without_collector():
        tree = compose(bare, file)
        for field, value in fields.items():
            bare, tree, line = _set(bare, tree, email, field, value, file)
    return bom + bare, line


def _set(
    text: str, tree: Node | None, email: str, field: str, value: str | None, file: str
) -> tuple[str, Node | None, int]:
    place = find_entry(tree, email, field)
    if field == "email" and value:
        _check_new_address(tree, email, value, place.node, file)
    words = _words(field, value)
    cuts = splices.removing(text, place) if words is None else splices.setting(text, place, field, words)
    new, line = splices.apply(text, cuts)
    after = compose(new, file) if new != text else tree
    if new != text and not _is_only_change(tree, after, place, field, words):
        remedy = f"write {field}: {value} in the entry" if value else f"remove {field}: from the entry"
        raise ConfigurationError([Finding(file, line_of(place.node), f"cannot change {field!r} safely here", remedy)])
    return new, after, line or line_of(place.field[0] if place.field else place.node)


def _is_address(value: str | None) -> bool:
    try:
        return value is not None and bool(values.email(value))
    except Unfit:
        return False


def _check_new_address(tree: Node | None, email: str, value: str, node: Node, file: str) -> None:
    """Raises ConfigurationError where the file would name someone twice, or go on to name the old address."""
    keys = [address_key(one) for one in map(address_of, entries_of(tree)[1]) if one]
    old, new = address_key(email), address_key(value)
    if keys.count(old) > 1 or (new != old and new in keys):
        remedy = f"keep one entry, with email: {value}"
        problem = f"{email} and {value} are named more than once, so that the address cannot be changed safely"
        raise ConfigurationError([Finding(file, line_of(node), problem, remedy)])


def address_of(node: Node) -> str | None:
    """The address of an entry, as written."""
    mapping = as_mapping(node)
    pair = _last(mapping, "email") if mapping else None
    return str(pair[1].value).strip() if pair and isinstance(pair[1], ScalarNode) else None


def _words(field: str, value: str | None) -> str | list[str] | None:
    if value is None or field not in LIST_KEYS:
        return value
    return [word.strip() for word in value.split(",")]


def find_entry(root: Node | None, email: str, field: str) -> Place:
    """The first entry of this address, and the field in it. Raises KeyError."""
    wanted = address_key(email)
    parent, entries = entries_of(root)
    for index, node in enumerate(entries):
        mapping, found = as_mapping(node), address_of(node)
        pair = _last(mapping, "email") if mapping else None
        if mapping and pair and found is not None and address_key(found) == wanted:
            style = bool(parent.flow_style) if isinstance(parent, SequenceNode) else None
            return Place(node, pair, _last(mapping, field), index, style)
    raise KeyError(email)


def entries_of(root: Node | None) -> tuple[Node | None, list[Node]]:
    """The value of `subscribers:`, as a whole and entry by entry."""
    pair = _last(root, "subscribers") if isinstance(root, MappingNode) else None
    if pair is None:
        return None, []
    node = pair[1]
    return node, list(node.value) if isinstance(node, SequenceNode) else [node]


def _last(node: MappingNode, key: str) -> Pair | None:
    """The pair of a key; if it occurs twice, the later one wins."""
    return next((pair for pair in reversed(node.value) if pair[0].value == key), None)


def _is_only_change(
    before: Node | None, after: Node | None, place: Place, field: str, words: str | list[str] | None
) -> bool:
    if not isinstance(before, MappingNode) or not isinstance(after, MappingNode):
        return False
    seen: set[tuple[int, int]] = set()
    old_entries, new_entries = entries_of(before)[1], entries_of(after)[1]
    if len(old_entries) != len(new_entries) or not _same_pairs(
        _others(before, "subscribers"), _others(after, "subscribers"), seen
    ):
        return False
    pairs = zip(old_entries, new_entries, strict=True)
    if not all(_same(old, new, seen) for index, (old, new) in enumerate(pairs) if index != place.index):
        return False
    old, new = as_mapping(old_entries[place.index]), as_mapping(new_entries[place.index])
    if old is None or new is None or not _same_pairs(_others(old, field), _others(new, field), seen):
        return False
    found = _last(new, field)
    return (None if found is None else _plain(found[1])) == words


def says_the_same(before: Node | None, after: Node | None, entries: list[Node]) -> bool:
    """Whether `after` is `before` with these entries and no others."""
    if not isinstance(before, MappingNode) or not isinstance(after, MappingNode):
        return False
    seen: set[tuple[int, int]] = set()
    found = entries_of(after)[1]
    return (
        len(found) == len(entries)
        and _same_pairs(_others(before, "subscribers"), _others(after, "subscribers"), seen)
        and all(_same(old, new, seen) for old, new in zip(entries, found, strict=True))
    )


def _others(node: MappingNode, key: str) -> list[Pair]:
    return [pair for pair in node.value if pair[0].value != key]


def _same_pairs(old: list[Pair], new: list[Pair], seen: set[tuple[int, int]]) -> bool:
    return len(old) == len(new) and all(
        _same(before, after, seen)
        for (old_key, old_value), (new_key, new_value) in zip(old, new, strict=True)
        for before, after in ((old_key, new_key), (old_value, new_value))
    )


def _same(old: Node, new: Node, seen: set[tuple[int, int]]) -> bool:
    """Whether two trees are equal; a pair is compared only once, so that aliases cannot multiply the work."""
    if isinstance(old, ScalarNode) or isinstance(new, ScalarNode):
        return type(old) is type(new) and bool(old.value == new.value)
    if type(old) is not type(new) or len(old.value) != len(new.value):
        return False
    if (id(old), id(new)) in seen:
        return True
    seen.add((id(old), id(new)))
    if isinstance(old, MappingNode):
        return _same_pairs(old.value, new.value, seen)
    return all(_same(before, after, seen) for before, after in zip(old.value, new.value, strict=True))


def _plain(node: Node) -> str | list[str] | None:
    if isinstance(node, SequenceNode):
        return [str(item.value) for item in node.value]
    return str(node.value) if isinstance(node, ScalarNode) else None
