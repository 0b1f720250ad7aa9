"""What a topic's text wants and what it does not: headings, lists, labels and negations, English or Chinese. Pure.

The text is cut into blocks (a heading, a list item, a paragraph), blocks into sentences, sentences at words that turn
their meaning ("not interested in", "but keep", "unless"). Each piece is wanted, unwanted, or says neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from newsletter.ranking import signals
from newsletter.ranking.signals import Turn


@dataclass(frozen=True, slots=True)
class Interests:
    """The pieces of a text, each as it was written."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


class _Kind(Enum):
    HEADING = auto()
    ITEM = auto()
    PARAGRAPH = auto()


@dataclass(frozen=True, slots=True)
class _Block:
    kind: _Kind
    depth: int  # of a heading its level, of an item its indent
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    turn: Turn
    text: str
    told: bool  # by a label, a heading or a list; else it is prose


_HEADING = re.compile(r"\s*(#{1,6})\s+(.*?)\s*#*\s*|\s*(?:\*\*|__)([^*_]+)(?:\*\*|__)\s*[:：]?\s*")
_ITEM = re.compile(r"(\s*)(?:[-*•+·–]|\(?\d{1,2}[.)、]|（?\d{1,2}）|[一二三四五六七八九十]{1,2}、)\s+?(?=\S)(.*)|(\s*)[•·](.*)")
_SENTENCE_END = re.compile(r"(?<=[!?。！？;；])\s*|(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bcf\.)(?<!\bvs\.)(?<!\betc\.,)(?<=\.)\s+")
_LABEL = re.compile(r"\s*([^:：,，、;；.。]{1,70}?)\s*[:：]\s*(.*)", re.DOTALL)


def read(text: str) -> Interests:
    """Every piece of the text that says what is wanted or not, in order."""
    pieces = [piece for piece in _pieces(_blocks(text)) if signals.says_something(piece.text)]
    if any(piece.told and piece.turn is Turn.WANTED for piece in pieces):
        # Where lists say what is wanted, the prose around them speaks of the newsletter.
        pieces = [piece for piece in pieces if piece.told or piece.turn is not Turn.WANTED]
    return Interests(*(_texts(pieces, turn) for turn in (Turn.WANTED, Turn.UNWANTED)))


def _texts(pieces: Sequence[_Piece], turn: Turn) -> tuple[str, ...]:
    return tuple(dict.fromkeys(piece.text for piece in pieces if piece.turn is turn))


# --- blocks ---


def _blocks(text: str) -> Iterator[_Block]:
    """Headings, list items and paragraphs; a line that goes on belongs to the one before."""
    held: _Block | None = None
    for line in [*text.expandtabs(4).splitlines(), ""]:
        begun = _begun(line)
        if held and line.strip() and begun.kind is _Kind.PARAGRAPH and _goes_on(held, begun):
            held = _Block(held.kind, held.depth, f"{held.text} {begun.text}")
            continue
        if held:
            yield held
        held = begun if begun.text else None


def _begun(line: str) -> _Block:
    plain = line.replace("**", "").replace("__", "").strip()
    if heading := _HEADING.fullmatch(line):
        level = len(heading[1]) if heading[1] else 7  # a line in bold is the lowest heading
        return _Block(_Kind.HEADING, level, plain.lstrip("# ").rstrip("# ").strip())
    if item := _ITEM.fullmatch(line.replace("**", "").replace("__", "")):
        return _Block(_Kind.ITEM, len(item[1] or item[3] or ""), (item[2] or item[4] or "").strip())
    return _Block(_Kind.PARAGRAPH, len(line) - len(line.lstrip()), plain)


def _goes_on(held: _Block, line: _Block) -> bool:
    """Whether a line without a mark of its own is the rest of the block before."""
    if held.kind is _Kind.HEADING or held.text.endswith((":", "：")) or _labelled(line.text):
        return False
    return held.kind is _Kind.PARAGRAPH or line.depth > held.depth


def _labelled(text: str) -> Turn | None:
    label = _LABEL.fullmatch(text)
    return signals.of_label(label[1]) if label else None


# --- pieces ---


@dataclass(slots=True)
class _Scope:
    """What the heading and the line above a list say of what stands below them."""

    sections: list[tuple[int, Turn | None]]
    lists: list[tuple[int, Turn | None]]

    def turn(self) -> Turn | None:
        own = [turn for _, turn in (*self.sections, *self.lists) if turn]
        return own[-1] if own else None


def _pieces(blocks: Iterator[_Block]) -> Iterator[_Piece]:
    scope = _Scope([], [])
    for block in blocks:
        if block.kind is _Kind.HEADING:
            scope.lists.clear()
            scope.sections[:] = [one for one in scope.sections if one[0] < block.depth]
            yield from _opened(block, block.depth, scope.sections, scope.turn())
        else:
            yield from _of_block(block, scope)


def _of_block(block: _Block, scope: _Scope) -> Iterator[_Piece]:
    item = block.kind is _Kind.ITEM
    depth = block.depth if item else -1
    scope.lists[:] = [one for one in scope.lists if one[0] < depth]
    above = scope.turn()
    if block.text.endswith((":", "：")):
        yield from _opened(block, depth, scope.lists, above)
        return
    label = _LABEL.fullmatch(block.text)
    turn = signals.of_label(label[1]) if label else None
    if label and turn:
        scope.lists.append((depth, turn))
        yield from _sentences(label[2], turn, told=True)
    else:
        listed = item or any(turn for _, turn in scope.lists)
        yield from _sentences(block.text, above or Turn.WANTED, told=listed)


def _opened(block: _Block, depth: int, scopes: list[tuple[int, Turn | None]], above: Turn | None) -> Iterator[_Piece]:
    """A heading, or a line that ends in a colon: it turns what stands below, or is itself something wanted."""
    text = block.text.rstrip(":： ")
    turn = signals.of_label(text) or signals.of_opening(text)
    scopes.append((depth, turn))
    if turn is None:
        yield from _sentences(text, above or Turn.WANTED, told=block.kind is not _Kind.PARAGRAPH)


def _sentences(text: str, turn: Turn, *, told: bool) -> Iterator[_Piece]:
    for sentence in filter(None, _SENTENCE_END.split(text)):
        label = _LABEL.fullmatch(sentence)
        own = signals.of_label(label[1]) if label else None
        if label and own:
            yield from (_Piece(found, part, told=True) for found, part in signals.parts(label[2], own))
        else:
            yield from (_Piece(found, part, told) for found, part in signals.parts(sentence, turn))
