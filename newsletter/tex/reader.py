"""Reads TeX piece by piece. Each method returns Unicode and the position behind what it read."""

from __future__ import annotations

import re
import unicodedata

from newsletter.tex.structures import STRUCTURES, scripted
from newsletter.tex.tables import ACCENTS, DROPPED, FONT, NOTHING, SPACES, SWITCHES, SYMBOLS, TEXT, WORDS

_DEPTH = 30  # deeper nesting is nobody's formula; it loses its braces without being understood
_NAME = re.compile(r"[A-Za-z]+\*?|.", re.S)
_PLAIN = re.compile(r"(?:[^\\{}$^_`'~h-]+|h(?!ttps?://))+")  # nothing that TeX or this reader gives a meaning
_URL = re.compile(r"https?://(?:[^\s{}$\\]|\\[_%#&~])+")
_PRICE = re.compile(r"\d[^\\${}^_=<>]*?\s(?!(?:log|ln|exp|max|min|mod|if)\b)[A-Za-z]{2,}(?:[\s,.;:]|$)")
_TEX = re.compile(r"\\[A-Za-z,;!{}|]|[_^]")
_QUOTED = re.compile(r"(?<!\w)`([^`'\n]{1,80})'(?!\w)")


class Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.closing = _matching(source)
        self._ahead: dict[str, tuple[int, int]] = {}  # by text: from where it was looked for, and where it stands

    def run(self, at: int, end: int, *, math: bool, depth: int) -> str:
        """Everything between two positions."""
        if depth > _DEPTH:
            return re.sub(r"[\\${}]", "", self.source[at:end])
        out: list[str] = []
        while at < end:
            if not math and (plain := _PLAIN.match(self.source, at, end)):
                out.append(plain[0])
                at = plain.end()
                continue
            piece, at = self.token(at, end, math, depth)
            before = out[-1][-1:] if out else ""
            if math and piece and before and _collide(out[-1], piece):
                out.append(" ")
            if piece:
                out.append(piece)
        return "".join(out)

    def token(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        """The next smallest piece and the position behind it."""
        char = self.source[at]
        if char == "\\":
            return self.command(at, end, math, depth)
        if char in "{}":
            return self.group(at, end, math, depth) if self.closes(at, end) else ("" if math else char, at + 1)
        if char == "$":
            return ("", at + 1) if math else self.dollar(at, end, depth)
        if char in "^_":
            return self.script(at, end, math, depth)
        return self.plain_math(at) if math else self.plain(at, end)

    def plain_math(self, at: int) -> tuple[str, int]:
        char = self.source[at]
        return {"~": " ", "'": "′", "&": " "}.get(char, char), at + 1

    def plain(self, at: int, end: int) -> tuple[str, int]:
        source, char = self.source, self.source[at]
        before, after = source[at - 1 : at], source[at + 1 : at + 2]
        if char == "h" and not before.isalnum() and (url := _URL.match(source, at, end)):
            return re.sub(r"\\([_%#&~])", r"\1", url[0]), url.end()
        if source.startswith(("``", "''"), at):
            return ("“" if char == "`" else "”"), at + 2
        if char == "`" and (quoted := _QUOTED.match(source, at, end)):
            inner = Reader(quoted[1]).run(0, len(quoted[1]), math=False, depth=_DEPTH // 2)
            return f"‘{inner}’", quoted.end()
        if source.startswith("---", at):
            return "—", at + 3
        # ` --flag` is an option of a program; elsewhere two hyphens are a dash.
        if source.startswith("--", at) and not (before in ("", " ") and source[at + 2 : at + 3].isalpha()):
            return "–", at + 2
        # `~5%` means "about"; between two words it is TeX's unbreakable space.
        if char == "~" and before.strip() and before != "/" and after.strip():
            return " ", at + 1
        return char, at + 1

    def closes(self, at: int, end: int) -> bool:
        return self.closing.get(at, end) < end

    def find(self, text: str, at: int, end: int) -> int:
        """The next place of this text before `end`, or -1; looked for once, however many openings share it."""
        begun, place = self._ahead.get(text, (0, -1))
        if not begun <= at <= place:
            place = self.source.find(text, at)
            place = place if place >= 0 else len(self.source)
            self._ahead[text] = at, place
        return place if place + len(text) <= end else -1

    def group(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        close = self.closing[at]
        return self.run(at + 1, close, math=math, depth=depth + 1), close + 1

    def argument(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        """The argument of a command: a group, or the next piece after white space."""
        while at < end and self.source[at] == " ":
            at += 1
        if at >= end or depth > _DEPTH:
            return "", at
        if self.source[at] == "{" and self.closes(at, end):
            return self.group(at, end, math, depth)
        return self.token(at, end, math, depth + 1)

    def option(self, at: int, end: int) -> tuple[str, int]:
        """An optional argument in brackets."""
        if self.source[at : at + 1] == "[":
            close = self.find("]", at, end)
            if close > 0:
                return self.source[at + 1 : close], close + 1
        return "", at

    def dollar(self, at: int, end: int, depth: int) -> tuple[str, int]:
        """A formula between dollars, or the sign itself: `$5 and $6` are prices."""
        fence = "$$" if self.source.startswith("$$", at) else "$"
        start = at + len(fence)
        close = re.compile(r"(?:\\.|[^\\$])*").match(self.source, start, end)
        stop = close.end() if close else end
        if not self.source.startswith(fence, stop) or stop >= end:
            return "$", at + 1
        after = stop + len(fence)
        if not _is_formula(self.source[start:stop], self.source[after : after + 1]):
            return "$", at + 1
        return self.run(start, stop, math=True, depth=depth + 1), after

    def script(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        char, after = self.source[at], self.source[at + 1 : at + 2]
        word = re.compile(r"[A-Za-z]{3,}").match(self.source, at + 1, end)
        if char == "_" and word:
            return char, at + 1  # files_touched is a name, in and outside of formulas
        if not math and char == "^" and (number := re.compile(r"\^[-+]?\d+").match(self.source, at, end)):
            return scripted("^", number[0][1:]), number.end()
        if not math and (after != "{" or not self.closes(at + 1, end)):
            return char, at + 1
        inner, then = self.argument(at + 1, end, True, depth)
        return (scripted(char, inner) if inner else char), then

    def command(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        found = _NAME.match(self.source, at + 1, end)
        if not found:
            return "", at + 1
        name, then = found[0].rstrip("*") or "*", found.end()
        if name == "\\":
            return self.doubled(then, end, math, depth)
        if name in "([" and (close := self.find("\\" + ")]"["([".index(name)], then, end)) > 0:
            return self.run(then, close, math=True, depth=depth + 1), close + 2
        if name in "%$#&_{}()[]|":
            return {"|": "‖", "(": "", ")": "", "[": "", "]": ""}.get(name, name), then
        if name in SPACES or name == " ":
            return " ", then
        if name in NOTHING:
            return "", then + (self.source[then : then + 1] == "." and name in ("left", "right"))
        if name in ACCENTS and (name not in "uvdcrkbtH" or self.source[then : then + 1] in ("{", " ")):
            return self.accent(name, then, end, math, depth)
        if name in SYMBOLS:
            return self.symbol(name, then, end, math)
        return self.structure(name, then, end, math, depth)

    def doubled(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        """`\\\\` ends a line; in formulas some authors double every backslash."""
        following = _NAME.match(self.source, at, end)
        known = following and (following[0] in "{}" or following[0] in SYMBOLS)
        return self.command(at - 1, end, math, depth) if math and known else (" ", at)

    def symbol(self, name: str, at: int, end: int, math: bool) -> tuple[str, int]:
        if self.source.startswith("{}", at):
            return SYMBOLS[name], at + 2
        # A space that only ends the command is none: `\\o stergaard`, `n\\to \\infty`, but `n \\to 0`.
        before = self.source[at - len(name) - 2 : at - len(name) - 1]
        swallow = before != " " if math else len(name) <= 2 and SYMBOLS[name].isalpha()
        return SYMBOLS[name], at + (swallow and self.source[at : at + 1] == " ")

    def accent(self, name: str, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        base, then = self.argument(at, end, math, depth)
        if name + base in SYMBOLS:
            return SYMBOLS[name + base], then  # `\\r{ho}` is a spoilt `\\rho`
        if not base[:1].isalpha():
            return (name if len(name) == 1 and not name.isalpha() else "") + base, then
        first = {"ı": "i", "ȷ": "j"}.get(base[0], base[0])
        return unicodedata.normalize("NFC", first + ACCENTS[name]) + base[1:], then

    def structure(self, name: str, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        """Commands with arguments; an unknown one gives its argument, or else its own name."""
        if name in WORDS:
            return name.removeprefix("b" if name == "bmod" else "p" if name == "pmod" else ""), at
        if name in SWITCHES:
            return "", at + (self.source[at : at + 1] == " ")
        if name in DROPPED:
            return "", self.argument(at, end, math, depth)[1] if self.source[at : at + 1] == "{" else at
        if name in STRUCTURES:
            return STRUCTURES[name](self, at, end, math, depth)
        if name.startswith("cite"):
            key, then = self.argument(self.option(at, end)[1], end, False, depth)
            return f" [{key}]", then
        if self.source[at : at + 1] == "{" and self.closes(at, end):
            piece, then = self.group(at, end, math and not TEXT.fullmatch(name), depth)
            known = piece or self.closing[at] > at + 1 or FONT.fullmatch(name)
            return (piece if known else name), then
        return self.glued(name, at)

    def glued(self, name: str, at: int) -> tuple[str, int]:
        """`\\textitHow` and `\\bf` with nothing behind: the word without its command."""
        if FONT.fullmatch(name) or name in ("mathbb", "mathcal", "boldsymbol", "operatorname"):
            return "", at
        font = FONT.match(name)
        return (name[font.end() :] if font and name[font.end() : font.end() + 1].isupper() else name), at


def _matching(source: str) -> dict[int, int]:
    """The closing brace of every opening one that has one; escaped braces do not count."""
    closing: dict[int, int] = {}
    open_at: list[int] = []
    for found in re.finditer(r"\\.|[{}]", source):
        if found[0] == "{":
            open_at.append(found.start())
        elif found[0] == "}" and open_at:
            closing[open_at.pop()] = found.start()
    return closing


def _is_formula(inside: str, after: str) -> bool:
    if not inside.strip() or _PRICE.match(inside):
        return False
    if _TEX.search(inside) or re.fullmatch(r"[<>=+\-~*/|]{1,3}", inside):
        return True
    return inside == inside.strip() and not after.isdigit() and "://" not in inside


def _collide(before: str, piece: str) -> bool:
    """Whether a function's name would grow together with its neighbour: `d\\log n`."""
    first, last = piece[0].isalnum() or piece[0] in "√|‖", before[-1].isalnum()
    return first and last and (before in WORDS or (piece in WORDS and before[-1].isalpha()))
