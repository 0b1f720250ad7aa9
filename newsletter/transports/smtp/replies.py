"""Bytes from a mail server → its replies, however they are cut into packets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 64 * 1024  # octets of one reply; RFC 5321 section 4.5.3.1.5 allows 512 a line
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_LINE = re.compile(rb"(\d{3})(?:([ -])([^\n]*))?", re.DOTALL)


class ReplyError(Exception):
    """The server's answer is not SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply; the lines of a longer one are joined by spaces."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


# A server says nearly the same to every email.
@lru_cache(maxsize=32)
def _read(line: bytes) -> tuple[int, bytes, bool]:
    """Code and text of a line, and whether it ends the reply. Raises ReplyError."""
    found = _LINE.fullmatch(line.rstrip(b"\r"))
    if found is None:
        raise ReplyError(f"the server says {line[:80].decode('ascii', 'backslashreplace')!r}")
    return int(found[1]), found[3] or b"", found[2] != b"-"


@lru_cache(maxsize=32)
def _reply(code: int, text: bytes) -> Reply:
    return Reply(code, _CONTROLS.sub(" ", text.decode("utf-8", "replace")).strip())


class Replies:
    """Collects bytes until replies are whole."""

    def __init__(self) -> None:
        self._waiting = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that these bytes complete. Raises ReplyError."""
        *lines, self._waiting = (self._waiting + data).split(b"\n")
        for line in lines:
            code, text, is_last = _read(line)
            self._lines.append(text)
            if is_last:
                text, self._lines = b" ".join(self._lines), []
                yield _reply(code, text)
        if len(self._waiting) + sum(map(len, self._lines)) > _LONGEST:
            raise ReplyError("the server's reply has no end")
