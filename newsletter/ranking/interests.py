"""What a topic's text wants and does not want, from headings, lists, labels and negations in English or Chinese. Pure.

The text is cut into blocks (a heading, a list item, a paragraph), blocks into sentences, sentences at words that turn
their meaning ("not interested in", "but keep", "unless"). Each piece is wanted, unwanted, or neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
    gap: bool  # a blank line before it


class _Source(Enum):
    """What tells what a piece is."""

    LABEL = auto()
    LIST = auto()
    PROSE = auto()


@dataclass(frozen=True, slots=True)
class _Piece:
    turn: Turn
    text: str
    source: _Source


_HEADING = re.compile(r"\s*(#{1,6})\s+(.*?)\s*#*\s*|\s*(?:\*\*|__)([^*_]+)(?:\*\*|__)\s*[:：]?\s*")
_ITEM = re.compile(
    r"(\s*)(?:[-*•+·–]|\(?\d{1,2}[.)、]|（?\d{1,2}）)\s+(.*)"
    r"|(\s*)(?:[•·]|[一二三四五六七八九十]{1,2}、|\d{1,2}、)\s*(.*)"
)
_SENTENCE_END = re.compile(
    r"(?<=[!?。！？;；])\s*|(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bcf\.)(?<!\bvs\.)(?<!\betc\.,)(?<=\.)\s+"
)
_NAMED = re.compile(r"[A-Z\u3400-\u9fff][^:：,，.。;；]{0,30}[:：]")  # at the beginning of a line
_UNFINISHED = (",", "，", "、", ";", "；", "-", " and", " or")
_WRAPPED = 50  # bytes: a shorter line was ended by its author, not by an editor's width
_LABEL = re.compile(r"\s*([^:：,，、;；.。]{1,70}?)\s*[:：]\s*(.*)", re.DOTALL)


def read(text: str) -> Interests:
    """Every piece of the text that says what is wanted or not, in order."""
    pieces = [piece for piece in _pieces(_blocks(text)) if signals.says_something(piece.text)]
    if any(piece.turn is Turn.WANTED and piece.source is _Source.LABEL for piece in pieces):
        # Where labels say what is wanted, the prose around them speaks of the newsletter.
        pieces = [piece for piece in pieces if piece.turn is not Turn.WANTED or piece.source is not _Source.PROSE]
    return Interests(*(_texts(pieces, turn) for turn in (Turn.WANTED, Turn.UNWANTED)))


def _texts(pieces: Sequence[_Piece], turn: Turn) -> tuple[str, ...]:
    return tuple(dict.fromkeys(piece.text for piece in pieces if piece.turn is turn))


# --- blocks ---


def _blocks(text: str) -> Iterator[_Block]:
    """Headings, list items and paragraphs; a line that goes on belongs to the one before."""
    held: _Block | None = None
    before = ""
    for line in [*text.expandtabs(4).splitlines(), ""]:
        begun, before = _begun(line, gap=not before.strip()), line
        if held and line.strip() and begun.kind is _Kind.PARAGRAPH and _goes_on(held, begun):
            held = replace(held, text=f"{held.text} {begun.text}")
            continue
        if held:
            yield held
        held = begun if begun.text else None


def _begun(line: str, *, gap: bool) -> _Block:
    plain = _plain(line).strip()
    if heading := _HEADING.fullmatch(line):
        level = len(heading[1]) if heading[1] else 7  # a line in bold is the lowest heading
        return _Block(_Kind.HEADING, level, plain.strip("# "), gap)
    if item := _ITEM.fullmatch(_plain(line)):
        return _Block(_Kind.ITEM, len(item[1] or item[3] or ""), (item[2] or item[4] or "").strip(), gap)
    return _Block(_Kind.PARAGRAPH, len(line) - len(line.lstrip()), plain, gap)


def _plain(line: str) -> str:
    """Without the marks of bold text."""
    return line.replace("**", "").replace("__", "")


def _goes_on(held: _Block, line: _Block) -> bool:
    """Whether a line without its own marker continues the block before."""
    if held.kind is _Kind.HEADING or held.text.endswith((":", "：")) or _NAMED.match(line.text):
        return False
    if held.kind is _Kind.ITEM:
        return line.depth > held.depth
    return held.text.endswith(_UNFINISHED) or len(held.text.encode()) >= _WRAPPED


# --- pieces ---


@dataclass(slots=True)
class _Scope:
    """What the headings and the line above a list mean for what follows, with their depth."""

    sections: list[tuple[int, Turn | None]]
    lists: list[tuple[int, Turn | None]]
    opened: bool = False  # by the block before: also a paragraph may be what it speaks of
    before: _Kind | None = None  # the block before

    def turn(self) -> Turn | None:
        own = [turn for _, turn in (*self.sections, *self.lists) if turn]
        return own[-1] if own else None


_TOP = -1  # the depth of a paragraph above a list


def _pieces(blocks: Iterator[_Block]) -> Iterator[_Piece]:
    scope = _Scope([], [])
    for block in blocks:
        _close(scope, block)
        opens = block.kind is _Kind.HEADING or block.text.endswith((":", "：")) or signals.is_label(block.text)
        yield from _opening(block, scope) if opens else _content(block, scope)
        scope.opened, scope.before = opens, block.kind


def _close(scope: _Scope, block: _Block) -> None:
    """Leave what this block no longer stands below."""
    if block.kind is _Kind.HEADING:
        scope.lists.clear()
        scope.sections[:] = [one for one in scope.sections if one[0] < block.depth]
    elif block.kind is _Kind.ITEM:
        scope.lists[:] = [one for one in scope.lists if one[0] < block.depth]
    elif not scope.opened and (block.gap or scope.before is not _Kind.PARAGRAPH):
        scope.lists.clear()  # else it is a line of a list without bullets


def _opening(block: _Block, scope: _Scope) -> Iterator[_Piece]:
    """A heading, or a line that ends in a colon: it sets the meaning of what follows, or is itself something wanted."""
    text = block.text.rstrip(":： ")
    turn, above = signals.of_label(text) or signals.of_opening(text), scope.turn()
    if block.kind is _Kind.HEADING:
        scope.sections.append((block.depth, turn))
    else:
        if block.kind is _Kind.PARAGRAPH:
            scope.lists.clear()
        scope.lists.append((block.depth if block.kind is _Kind.ITEM else _TOP, turn))
    if turn is None:
        source = _Source.PROSE if block.kind is _Kind.PARAGRAPH else _Source.LIST
        yield from _sentences(text, above or Turn.WANTED, source)


def _content(block: _Block, scope: _Scope) -> Iterator[_Piece]:
    above = scope.turn()
    label = _LABEL.fullmatch(block.text)
    turn = signals.of_label(label[1]) if label else None
    if label and turn:
        if block.kind is _Kind.ITEM:
            scope.lists.append((block.depth, turn))  # for the items below it
        yield from _sentences(label[2], turn, _Source.LABEL)
    elif any(turn for _, turn in scope.lists):
        yield from _sentences(block.text, above or Turn.WANTED, _Source.LABEL)
    else:
        source = _Source.PROSE if block.kind is _Kind.PARAGRAPH and not label else _Source.LIST
        yield from _sentences(block.text, above or Turn.WANTED, source)


def _sentences(text: str, turn: Turn, source: _Source) -> Iterator[_Piece]:
    for sentence in filter(None, _SENTENCE_END.split(text)):
        label = _LABEL.fullmatch(sentence)
        own = signals.of_label(label[1]) if label else None
        if label and own:
            yield from (_Piece(found, part, _Source.LABEL) for found, part in signals.parts(label[2], own))
        else:
            yield from (_Piece(found, part, source) for found, part in signals.parts(sentence, turn))
