"""Commands that take arguments: fractions, roots, links, notes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Protocol

from newsletter.tex.tables import DOUBLE_STRUCK, SUB, SUPER


class Reader(Protocol):
    """What a command needs from the reader: the source and its arguments."""

    source: str
    closing: dict[int, int]  # where the brace that opens at a position is closed

    def argument(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]: ...

    def option(self, at: int, end: int) -> tuple[str, int]: ...

    def closes(self, at: int, end: int) -> bool: ...


def bracketed(text: str) -> str:
    return f"({text})" if re.search(r"[\s+\-−/·=<>,]", text.strip()) else text.strip()


def scripted(sign: str, text: str) -> str:
    """Raised or lowered where Unicode has every character, else `_x` and `^x` plain."""
    table = SUPER if sign == "^" else SUB
    inner = text.strip()
    if inner and all(char in table for char in inner):
        return "".join(table[char] for char in inner)
    return sign + (f"({inner})" if re.search(r"[\s+\-/·=,∈]", inner) and not inner.startswith("(") else inner)


def _mathbb(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, math, depth)
    return "".join(DOUBLE_STRUCK.get(char, char) for char in inner), then


def _frac(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    top, then = reader.argument(at, end, math, depth)
    bottom, then = reader.argument(then, end, math, depth)
    # `2\frac12` is two and a half, `\frac1n\sum` a product.
    before = " " if reader.source[max(at - 6, 0) : max(at - 5, 0)].isdigit() else ""
    behind = " " if reader.source[then : then + 1].isalnum() or reader.source.startswith("\\", then) else ""
    return f"{before}{bracketed(top)}/{bracketed(bottom)}{behind}", then


def _binom(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    top, then = reader.argument(at, end, math, depth)
    bottom, then = reader.argument(then, end, math, depth)
    return f"({top} choose {bottom})", then


def _sqrt(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    order, then = reader.option(at, end)
    inner, then = reader.argument(then, end, math, depth)
    root = {"3": "∛", "4": "∜"}.get(order, (scripted("^", order) if order else "") + "√")
    return root + bracketed(inner), then


def _not(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, math, depth)
    swallowed = " " if reader.source[then - 1 : then] == " " else ""
    return unicodedata.normalize("NFC", inner[:1] + "\u0338" + inner[1:]) + swallowed if inner else "", then


def _href(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    link, then = _url(reader, at, end, math, depth)
    label, then = reader.argument(then, end, False, depth)
    return (label if link in label else f"{label} ({link})" if label else link), then


def _url(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    if not (reader.source[at : at + 1] == "{" and reader.closes(at, end)):
        return "", at
    raw = reader.source[at + 1 : reader.closing[at]]
    return re.sub(r"\\([_%#&~])", r"\1", raw).translate({ord(c): None for c in "\\{}$"}), reader.closing[at] + 1


def _footnote(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, False, depth)
    return f" ({inner.strip()})", then


def _textcolor(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    _, then = reader.argument(reader.option(at, end)[1], end, False, depth)
    return reader.argument(then, end, math, depth)


def _textsuperscript(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, False, depth)
    return scripted("^", inner), then


def _textsubscript(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, False, depth)
    return scripted("_", inner), then


def _unicode(reader: Reader, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
    inner, then = reader.argument(at, end, False, depth)
    number = re.fullmatch(r"x([0-9A-Fa-f]{1,5})", inner)
    return (chr(int(number[1], 16)) if number else inner), then


Structure = Callable[[Reader, int, int, bool, int], tuple[str, int]]

STRUCTURES: dict[str, Structure] = {
    "mathbb": _mathbb,
    "Bbb": _mathbb,
    "frac": _frac,
    "tfrac": _frac,
    "dfrac": _frac,
    "nicefrac": _frac,
    "binom": _binom,
    "sqrt": _sqrt,
    "not": _not,
    "href": _href,
    "hyperlink": _href,
    "url": _url,
    "footnote": _footnote,
    "thanks": _footnote,
    "textcolor": _textcolor,
    "textsuperscript": _textsuperscript,
    "textsubscript": _textsubscript,
    "unicode": _unicode,
}
