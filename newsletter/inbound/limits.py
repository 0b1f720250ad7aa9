"""How much of its headers the parser keeps, in every part: what reads their values takes quadratic time over long ones.

The bounds are applied as each header is stored, before anything looks into its value.
"""

from __future__ import annotations

import email.parser
import re
from email.message import Message

MOST_HEADERS = 200  # of one part; the fullest of 690 real emails has 82
MOST_OCTETS = 128 << 10  # of one part's headers; the largest real ones have 15 KiB, Postfix stops at 100 KiB
LONGEST = 4 << 10  # octets of one value; the longest real one has 1.8 KiB
_LONGEST_TYPE = 1 << 10  # parameters are compared with each other; the longest real value has 133 octets
_HEADER_END = re.compile(rb"\r?\n\r?\n")


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
    end, ended = _end(raw)
    # A megabyte of header lines takes the parser most of a second, even if it keeps none of them.
    message = email.parser.BytesParser(Bounded).parsebytes(raw if ended else raw[:MOST_OCTETS] + raw[end:])
    message.left_out |= not ended
    return message


def headers_of(raw: bytes) -> Bounded:
    """The headers of an email; none if it cannot be parsed."""
    end, ended = _end(raw)
    try:
        head = email.parser.BytesHeaderParser(Bounded).parsebytes(raw[: min(end, MOST_OCTETS)])
    except Exception:
        return Bounded()  # the parser is meant never to raise, and hostile charsets make it raise all the same
    head.left_out |= not ended
    return head


def message_id(raw: bytes) -> str | None:
    """Its Message-ID, if that is one that can be kept."""
    named = str(headers_of(raw).get("message-id", "")).strip()
    return named if 3 <= len(named) <= 500 else None


def _end(raw: bytes) -> tuple[int, bool]:
    """Where the headers end, and whether that is within the limit."""
    found = _HEADER_END.search(raw)
    end = found.start() if found else len(raw)
    return end, end <= MOST_OCTETS
