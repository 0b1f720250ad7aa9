"""The bytes of an edition that one reader alone gets: built once, its slots found by the marks that stand in them.

A shared edition is built twice and compared, which costs as much again; for ten thousand editions that is minutes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from email import quoprimime
from functools import lru_cache

from newsletter.models import Slotted, Span
from newsletter.render.slots import BLANK
from newsletter.tokens import WIDTH

_SOFT = "(?:=\r\n)?"  # where a line of quoted-printable is broken
_LONGEST = 78

# What no text of a paper contains, of the letters that a token has.
MARKED: Mapping[str, str] = {slot: f"{slot}7slot7"[:WIDTH].ljust(WIDTH, "7") for slot in BLANK}
_SPLIT = {slot: re.compile(_SOFT.join(mark).encode()) for slot, mark in MARKED.items()}
_WHOLE = {slot: re.compile(mark.encode()) for slot, mark in MARKED.items()}


def whole(content: str) -> Slotted:
    """UTF-8 text with its slots."""
    return _found(content.encode(), _WHOLE)


def encoded(text: str, html: str, *, key: str, language: str) -> Slotted:
    """The same body as `mime.body` makes: each line is encoded by itself, and most lines stand in many editions."""
    boundary = f"=_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    parts = (
        f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
        f"\r\n{_quoted(content)}\r\n"
        for kind, content in (("plain", text), ("html", html))
    )
    head = (
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
        f"Content-Language: {language}\r\n\r\n"
    )
    return _found((head + "".join(parts) + f"--{boundary}--\r\n").encode("ascii"), _SPLIT)


def _quoted(content: str) -> str:
    return "".join(_line(line) + "\r\n" for line in content.splitlines())


@lru_cache(maxsize=8192)
def _line(line: str) -> str:
    # As the email package does: octets are what its Latin-1 letters stand for.
    return quoprimime.body_encode(line.encode().decode("latin-1"), _LONGEST, "\r\n")


def _found(content: bytes, patterns: Mapping[str, re.Pattern[bytes]]) -> Slotted:
    spans = [
        span for slot, pattern in patterns.items() for hit in pattern.finditer(content) for span in _runs(slot, hit)
    ]
    return Slotted(content, tuple(sorted(spans, key=lambda span: span.offset)))


def _runs(slot: str, hit: re.Match[bytes]) -> list[Span]:
    """The parts of a slot between soft line breaks."""
    found, at, start = [], hit.start(), 0
    for piece in hit[0].split(b"=\r\n"):
        found.append(Span(at, len(piece), slot, start))
        at, start = at + len(piece) + 3, start + len(piece)
    return found
