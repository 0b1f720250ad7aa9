"""The bytes of an edition that one reader alone gets: built once, its slots found by the marks that stand in them.

A shared edition is built twice and compared, which costs as much again; for ten thousand editions that is minutes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from email import quoprimime
from functools import lru_cache

from newsletter.models import Slotted, Span
from newsletter.render.slots import BLANK
from newsletter.tokens import WIDTH

_SOFT = "(?:=\r\n)?"  # where a line of quoted-printable is broken
_LONGEST = 78
_LINES = 32_768  # kept: forty papers, each at any of fifteen places

# What no text of a paper contains, of the letters that a token has.
MARKED: Mapping[str, str] = {slot: f"{slot}7slot7"[:WIDTH].ljust(WIDTH, "7") for slot in BLANK}
_SPLIT = {slot: re.compile(_SOFT.join(mark).encode()) for slot, mark in MARKED.items()}

Written = tuple[bytes, tuple[Span, ...]]  # a line, and the slots in it


def whole(content: str) -> Slotted:
    """UTF-8 text with its slots."""
    written = content.encode()
    spans = [Span(at, WIDTH, slot, 0) for slot, mark in MARKED.items() for at in _places(written, mark.encode())]
    return Slotted(written, tuple(sorted(spans, key=lambda span: span.offset)))


def encoded(text: str, html: str, *, key: str, language: str) -> Slotted:
    """The same body as `mime.body` makes: each line is encoded by itself, and most lines stand in many editions."""
    boundary = f"=_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    head = (
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
        f"Content-Language: {language}\r\n\r\n"
    )
    lines: list[Written] = [(head.encode("ascii"), ())]
    for kind, content in (("plain", text), ("html", html)):
        begins = f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
        lines.append((f"{begins}Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode("ascii"), ()))
        lines += map(_quoted, content.splitlines())
        lines.append((b"\r\n", ()))
    return _joined([*lines, (f"--{boundary}--\r\n".encode("ascii"), ())])


@lru_cache(maxsize=_LINES)
def _quoted(line: str) -> Written:
    # As the email package does: octets are what its Latin-1 letters stand for.
    written = quoprimime.body_encode(line.encode().decode("latin-1"), _LONGEST, "\r\n")
    return _found(f"{written}\r\n".encode("ascii"))


def _joined(lines: Iterable[Written]) -> Slotted:
    pieces, spans, at = [], [], 0
    for content, found in lines:
        pieces.append(content)
        if found:
            spans += [Span(at + one.offset, one.length, one.slot, one.start) for one in found]
        at += len(content)
    return Slotted(b"".join(pieces), tuple(spans))


def _found(content: bytes) -> Written:
    spans = [span for slot, mark in _SPLIT.items() for hit in mark.finditer(content) for span in _runs(slot, hit)]
    return content, tuple(sorted(spans, key=lambda span: span.offset))


def _places(content: bytes, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + len(mark))


def _runs(slot: str, hit: re.Match[bytes]) -> list[Span]:
    """The parts of a slot between soft line breaks."""
    found, at, start = [], hit.start(), 0
    for piece in hit[0].split(b"=\r\n"):
        found.append(Span(at, len(piece), slot, start))
        at, start = at + len(piece) + 3, start + len(piece)
    return found
