"""How much of its headers the parser keeps, in every part: what reads their values takes quadratic time over long ones.

The bounds are applied as each header is stored, before anything looks into its value.
"""

from __future__ import annotations

import email.parser
import re
from email.message import Message
from itertools import islice

MOST_HEADERS = 200  # of one part; the fullest of 690 real emails has 82
MOST_OCTETS = 128 << 10  # of one part's headers; the largest real ones have 15 KiB, Postfix stops at 100 KiB
LONGEST = 4 << 10  # octets of one value; the longest real one has 1.8 KiB
_HEADER_LINES = 1_000  # of one email; the longest real headers have 151
_MOST_LINES = 10_000  # the longest of 690 real emails has 1,469; behind so many come photographs
_LONGEST_TYPE = 1 << 10  # parameters are compared with each other; the longest real value has 133 octets
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r\n?|\n")


class Bounded(Message):
    """An email, or a part of one, that keeps no more headers than the limits allow."""

    left_out = False  # whether it had more headers: a second From: may be among those
    _octets = 0

    def set_raw(self, name: str, value: str) -> None:
        """Called by the parser for each header of each part."""
        self._octets += len(name) + len(value)
        if len(self) >= MOST_HEADERS or self._octets > MOST_OCTETS:
            self.left_out = True
        else:
            super().set_raw(name, _cut(name.lower(), value))


def _cut(name: str, value: str) -> str:
    if name == "references":
        return value[-LONGEST:]  # the last one is the email that was answered
    return value[: _LONGEST_TYPE if name == "content-type" else LONGEST]


def parsed(raw: bytes) -> Bounded:
    """The email in these bytes. Raises what the standard library raises."""
    head, end, ended = _head(raw)
    # A megabyte of header lines takes the parser most of a second, even if it keeps none of them.
    whole = _first_lines(raw if ended else head + raw[end:], _MOST_LINES)
    message = email.parser.BytesParser(Bounded).parsebytes(whole)
    message.left_out |= not ended
    return message


def headers_of(raw: bytes) -> Bounded:
    """The headers of an email; none if it cannot be parsed."""
    head, _, ended = _head(raw)
    try:
        headers = email.parser.BytesHeaderParser(Bounded).parsebytes(head)
    except Exception:
        return Bounded()  # the parser is meant never to raise, and hostile charsets make it raise all the same
    headers.left_out |= not ended
    return headers


def message_id(raw: bytes) -> str | None:
    """Its Message-ID, if that is one that can be kept."""
    named = str(headers_of(raw).get("message-id", "")).strip()
    return named if 3 <= len(named) <= 500 else None


def _head(raw: bytes) -> tuple[bytes, int, bool]:
    """The headers as far as the limits allow, where they end, and whether that is all of them."""
    found = _HEADER_END.search(raw)
    end = found.start() if found else len(raw)
    head = _first_lines(raw[: min(end, MOST_OCTETS)], _HEADER_LINES)
    return head, end, len(head) == end


def _first_lines(raw: bytes, most: int) -> bytes:
    """No more of it than so many lines, as the parser counts them: each costs it a microsecond, however short it is."""
    last = next(islice(_LINE_END.finditer(raw), most - 1, None), None)
    return raw[: last.end()] if last else raw
