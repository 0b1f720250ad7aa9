"""The words of replies by language: one YAML file each in `commands/`, read once into a tree of words.

A phrase is a run of words; an entry is one phrase or several that stand near each other (`stop + {mail}`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from typing import Any, NamedTuple

import yaml

FOLDER = resources.files("newsletter.inbound")
CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
PLACEHOLDERS = ("n", "time", "until", "address", "language")
_FLUENT = 0.8
_GAP = 8  # words between the parts of an entry
_NO_COMMANDS = ("words", "names")
_NUMBERED = ("like", "not", "save", "unmark", "papers")
_WORD = re.compile(rf"\{{\w+\}}|[{CJK}\U0001f44d\U0001f44e]|[^\W_{CJK}]+\*?")
_PIECES = re.compile(r"[()/]|[^()/]+")
_CLASS = re.compile(r"\{\w+\}")
_HOUR = r"(?:[01]?\d|2[0-3])"
_AM = r"(?: ?[ap]\.?m\b\.?)"
_TIME = (
    rf"(?<![\d:.]){_HOUR}(?:[:：][0-5]\d{_AM}?|{_AM}| ?h(?:[0-5]\d)?\b|\.[0-5]\d(?= ?(?:uhr|h)\b)| ?(?:uhr|o clock)\b|"
    r" ?[点點時时시](?:整|半)?)(?![\d:])(?!\.\d)"
)
_TOKEN = (
    r"<until>|(?P<address>[^<>()\[\]@\s:：,;，、]{1,64}@[\w.-]{1,100}\.\w{2,20})|"
    rf"(?P<time>{_TIME})|(?P<n>(?<![a-zа-я\d.])\d{{1,4}}(?![\d.]*\d))|[{CJK}\U0001f44d\U0001f44e]|[^\W_{CJK}]+"
)

Entry = tuple[str, tuple[str, ...]]  # a command, and the labels that mean it where they stand near each other
Place = tuple[int, int]  # from which word to which
Labels = dict[str, list[Place]]
Found = tuple[tuple["Language", Labels], ...]


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    beginnings: dict[str, _Node] | None = None  # `unsub*`
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """What is known of one language. Entries are tuples of labels."""

    code: str
    root: _Node
    # By strength (`certain`, `alone`), then by first label.
    entries: Mapping[str, Mapping[str, tuple[Entry, ...]]]
    tiles: Mapping[str, frozenset[str]]  # by command, the labels of what may stand in a certain clause
    names: Mapping[str, str]  # folded name → code of a language
    pauses: frozenset[str]
    before_codes: tuple[str, ...]

    def find(self, tokens: Sequence[str]) -> Labels:
        """Every phrase in these words."""
        found: Labels = {}
        for start in range(len(tokens)):
            nodes, end = [self.root], start
            while nodes and end < len(tokens):
                nodes = [following for node in nodes for following in _next(node, tokens[end])]
                end += 1
                for node in nodes:
                    for label in node.labels:
                        found.setdefault(label, []).append((start, end))
        return found


class Read(NamedTuple):
    """A text in its words."""

    plain: str  # folded
    tokens: list[str]  # values as placeholders
    values: list[tuple[str, str]]  # these values in order
    found: Found
    may_pause: bool  # whether there is a word in it by which people ask for a pause


@lru_cache(maxsize=256)  # a sentence is often a clause too
def read(text: str) -> Read:
    """The words of a text and what is known of them."""
    plain = folded(text)
    tokens, values = _tokens_of(plain)
    found = find(tokens) if tokens else ()
    return Read(plain, tokens, values, found, any(labels.keys() & language.pauses for language, labels in found))


def find(tokens: Sequence[str]) -> Found:
    """What of these words is known, in the languages that they may be written in: those that know about as many of them
    as the best does."""
    known = [(language, labels, len(_covered(labels))) for language in languages() if (labels := language.find(tokens))]
    most = max((count for _, _, count in known), default=0)
    return tuple((language, labels) for language, labels, count in known if count >= _FLUENT * most)


def _covered(labels: Labels) -> set[int]:
    return {word for places in labels.values() for start, end in places for word in range(start, end)}


def meant(found: Found) -> list[tuple[str, str, tuple[Place, ...], Language]]:
    """What stands in there: strength, command, places and language of every entry."""
    return [
        (strength, command, places, language)
        for language, labels in found
        for strength, by_first in language.entries.items()
        for label in labels
        for command, entry in by_first.get(label, ())
        if (places := _together(labels, entry))
    ]


def _together(found: Labels, entry: Sequence[str]) -> tuple[Place, ...]:
    """Where the parts of an entry stand near each other; nothing where they do not."""
    places = [found.get(label, []) for label in entry]
    for first in sorted(places[0], key=lambda one: one[0] - one[1]) if all(places) else ():
        taken = [first]
        for place in places[1:]:
            low, high = min(taken)[0], max(one[1] for one in taken)
            near = [one for one in place if one[0] - high <= _GAP and low - one[1] <= _GAP and _apart(one, taken)]
            if not near:
                break
            taken.append(min(near, key=lambda one: max(one[0] - high, low - one[1])))
        else:
            return tuple(taken)
    return ()


def _apart(one: Place, taken: Sequence[Place]) -> bool:
    return all(one[1] <= start or one[0] >= end for start, end in taken)


def _next(node: _Node, token: str) -> Iterator[_Node]:
    if whole := node.words.get(token):
        yield whole
    if node.beginnings:
        for length in range(2, len(token) + 1):
            if longer := node.beginnings.get(token[:length]):
                yield longer


def folded(text: str) -> str:
    """Small letters, Latin ones without accents; apostrophes and hyphens within words become spaces."""
    kept, on_latin = [], False
    for letter in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()):
        if not unicodedata.combining(letter):
            on_latin = letter.isascii()
        elif on_latin:
            continue
        kept.append(letter)
    return re.sub(r"(?<=[^\W\d])['’‘`\-‐‑](?=[^\W\d])", " ", unicodedata.normalize("NFC", "".join(kept)))


def _tokens_of(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The words of a folded text, values as placeholders, and these values in order."""
    tokens, values = [], []
    codes = {code for _, code in _names()} if any(word in text for word in _before_codes()) else set()
    for found in _token().finditer(text):
        kind = "language" if found[0] in codes else found.lastgroup
        if kind:
            spelt = kind == "language" and found[0] not in codes
            values.append((kind, _code(found[0]) if spelt else found[0]))
        tokens.append(f"<{kind}>" if kind else found[0])
    return tokens, values


@cache
def _before_codes() -> tuple[str, ...]:
    """Words after which `zh en` are codes of languages."""
    return tuple(word for language in languages() for word in language.before_codes)


def _code(name: str) -> str:
    """The code of a language by its name in any language; `englisch*` stands for all its endings."""
    spelt = " ".join(_words(folded(name)))
    return next(
        code for known, code in _names() if spelt == known or (known[-1] == "*" and spelt.startswith(known[:-1]))
    )


@cache
def _names() -> tuple[tuple[str, str], ...]:
    """The longest first."""
    named = {name: code for language in languages() for name, code in language.names.items()}
    return tuple(sorted(named.items(), key=lambda both: -len(both[0])))


@cache
def _token() -> re.Pattern[str]:
    either = "|".join(re.escape(name).replace(r"\ ", " ?").replace(r"\*", r"[^\W\d_]*") for name, _ in _names())
    return re.compile(rf"(?P<language>(?<![^\W\d_{CJK}])(?:{either})(?![^\W\d_{CJK}]))|{_TOKEN}")


@cache
def languages() -> tuple[Language, ...]:
    """All that have a file."""
    files = sorted((FOLDER / "commands").iterdir(), key=lambda file: file.name)
    return tuple(
        _language(file.name.removesuffix(".yaml"), table(file)) for file in files if file.name.endswith(".yaml")
    )


def table(file: Traversable) -> dict[str, Any]:
    """One of our files of words; every scalar is a text (`no` and `yes` are words)."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return dict(yaml.load(file.read_text("utf-8"), loader))  # noqa: S506 - both make texts, lists and mappings alone


def _language(code: str, data: Mapping[str, Any]) -> Language:
    data = _expanded({"words": {}, **data})
    root = _Node()
    for name in PLACEHOLDERS:
        _add(root, name, [f"<{name}>"])
    for name, listed in {**data["words"], **{key: text for key, text in data.items() if isinstance(text, str)}}.items():
        _add_all(root, name, listed)
    names = {
        " ".join(_words(folded(name))): known
        for known, listed in data.get("names", {}).items()
        for template in listed.split("|")
        for name in _chosen(template)
    }
    listed = [
        (strength, command, labels)
        for command, both in data.items()
        if _is_command(command, both)
        for strength, text in both.items()
        for labels in _entries(root, text)
    ]
    entries: dict[str, dict[str, tuple[Entry, ...]]] = {}
    for strength, command, labels in listed:
        of_this = entries.setdefault(strength, {})
        of_this[labels[0]] = (*of_this.get(labels[0], ()), (command, labels))
    pauses = {labels[0] for _, command, labels in listed if command == "pause"}
    fillers = {*data["words"], "courtesy"} - {"paper", *PLACEHOLDERS}
    tiles = {command: {*fillers, *(("paper",) if command in _NUMBERED else ())} for _, command, _ in listed}
    for _, command, labels in listed:
        tiles[command].update(label for label in labels if label not in PLACEHOLDERS)
    known = {command: frozenset(labels) for command, labels in tiles.items()}
    before_codes = tuple(folded(word).strip() for word in data.get("before_codes", "").split("|") if word)
    return Language(code, root, entries, known, names, frozenset(pauses), before_codes)


def _expanded(data: Mapping[str, Any]) -> dict[str, Any]:
    """With the words of a class in place of its name, where it stands within a phrase (`fewer {paper}`)."""
    own = {name: [f"{{{name}}}"] if name in PLACEHOLDERS else [] for name in data["words"]}
    choices = {
        f"{{{name}}}": f"({'/'.join([*own[name], *map(str.strip, listed.split('|'))])})"
        for name, listed in data["words"].items()
    }

    def written(text: str) -> str:
        parts = [part.strip() for part in re.split(r"(\||\s\+\s)", text)]
        return " ".join(
            part if part in choices else _CLASS.sub(lambda one: choices.get(one[0], one[0]), part) for part in parts
        )

    return {
        key: {strength: written(text) for strength, text in value.items()} if _is_command(key, value) else value
        for key, value in data.items()
    }


def _is_command(key: str, value: object) -> bool:
    return isinstance(value, Mapping) and key not in _NO_COMMANDS


def _entries(root: _Node, listed: str) -> Iterator[tuple[str, ...]]:
    for template in listed.split("|"):
        parts = [part.strip() for part in template.split(" + ")]
        yield from product(*(_labels(root, part) for part in parts if part))


def _labels(root: _Node, part: str) -> list[str]:
    """The label of a part: a class, or the phrase itself."""
    if found := re.fullmatch(r"\{(\w+)\}", part):
        return [found[1]]
    label = f"={part}"
    _add_all(root, label, part)
    return [label]


def _add_all(root: _Node, label: str, listed: str) -> None:
    for template in folded(listed).split("|"):
        for phrase in _chosen(template):
            _add(root, label, _words(phrase))


def _words(phrase: str) -> list[str]:
    """The words of a folded phrase, `{n}` as its placeholder."""
    return [f"<{one[1:-1]}>" if one[0] == "{" else one for one in _WORD.findall(phrase)]


def _chosen(template: str) -> list[str]:
    """All phrases that a template stands for; choices may hold choices."""
    return _choices(_PIECES.findall(template))


def _choices(pieces: list[str]) -> list[str]:
    """The phrases up to the end or the bracket that closes a choice, which is taken away."""
    found, begun = [], [""]
    while pieces:
        piece = pieces.pop(0)
        if piece == ")":
            break
        if piece == "/":
            found += begun
            begun = [""]
        else:
            either = _choices(pieces) if piece == "(" else [piece]
            begun = [one + other for one in begun for other in either]
    return found + begun


def _add(root: _Node, label: str, words: Iterable[str]) -> None:
    node = root
    for word in words:
        branch, key = node.words, word
        if word[-1] == "*":
            node.beginnings = branch = node.beginnings or {}
            key = word[:-1]
        following = branch.get(key)
        if following is None:
            following = branch[key] = _Node()
        node = following
    if node is not root and label not in node.labels:
        node.labels = (*node.labels, label)
