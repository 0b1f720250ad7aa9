"""Raw bytes become headers, visible text and report parts. Whatever bytes come, something readable comes out."""

from __future__ import annotations

import email.header
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from newsletter.inbound import limits
from newsletter.inbound.charsets import decode

MOST_TEXT = 128 << 10  # octets of a body; the longest real ones have 18 KiB of text or 60 KiB of HTML
MOST_PARTS = 50
DEEPEST = 10
FIRST = 64 << 10  # of what is over a limit
_LARGEST = 2 << 20  # parsed as a whole; of a larger mail (photographs) only its beginning
_BEGINNING = 512 << 10
_MOST_BREAKS = 2_000  # lines that may part a multipart: 100,000 of them take the parser a second
_BOUNDARY = re.compile(rb"\bboundary\s*=", re.I)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """One inbound mail, decoded."""

    headers: tuple[tuple[str, str], ...]  # names in lower case
    written_from: tuple[str, ...]  # From: as it came: encoded words must not become part of an address
    content_type: str
    text: str  # of the text/plain parts that are no attachments
    html: str
    statuses: tuple[str, ...] = ()  # message/delivery-status parts
    feedback: tuple[str, ...] = ()  # message/feedback-report parts
    returned: str = ""  # the message, or its headers, that a report gives back

    def all(self, *names: str) -> list[str]:
        return [value for name, value in self.headers if name in names]

    def first(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def parse(raw: bytes) -> Mail:
    """The mail in these bytes. Over a limit: its headers and the first 64 KiB of text, nothing unpacked."""
    whole = raw if len(raw) <= _LARGEST else raw[:_BEGINNING]
    if len(_BOUNDARY.findall(whole)) <= DEEPEST * 4 and whole.count(b"\n--") <= _MOST_BREAKS:
        parsed = _parse(whole)
        if parsed is not None:
            parts = list(_walk(parsed))
            if len(parts) <= MOST_PARTS and all(depth <= DEEPEST for depth, _ in parts):
                return _mail(parsed, [part for _, part in parts])
    return _truncated(whole)


def _parse(raw: bytes) -> Message | None:
    try:
        return limits.parsed(raw)
    except Exception:
        # The parser is meant never to raise, and raises all the same: RecursionError, LookupError, ValueError seen.
        return None


def _truncated(raw: bytes) -> Mail:
    found = _HEADER_END.search(raw, 0, FIRST)
    start = found.end() if found else min(len(raw), FIRST)
    head = limits.headers_of(raw)
    text = decode(raw[start : start + FIRST], None)
    return Mail(_headers(head), _written_from(head), _content_type(head), text, "")


def _walk(message: Message) -> Iterator[tuple[int, Message]]:
    """All parts with their depth, without recursion; stops one beyond the limits."""
    waiting = [(0, message)]
    seen = 0
    while waiting and seen <= MOST_PARTS:
        depth, part = waiting.pop(0)
        seen += 1
        yield depth, part
        # Asked of a part that is no multipart, get_payload() decodes and trips over hostile charsets.
        children = part.get_payload() if part.is_multipart() and depth <= DEEPEST else []
        waiting[:0] = [(depth + 1, child) for child in children if isinstance(child, Message)]


def _mail(message: Message, parts: list[Message]) -> Mail:
    inside = {id(child) for part in parts if _content_type(part) == "message/rfc822" for _, child in _walk(part)}
    own = [part for part in parts if id(part) not in inside or part is message]
    return Mail(
        headers=_headers(message),
        written_from=_written_from(message),
        content_type=f"{_content_type(message)} {_parameter(message, 'report-type')}".strip(),
        text=_written(own, "text/plain"),
        html=_written(own, "text/html"),
        statuses=tuple(_flat(part) for part in parts if _content_type(part) == "message/delivery-status"),
        feedback=tuple(_flat(part) for part in parts if _content_type(part) == "message/feedback-report"),
        returned="\n".join(
            _flat(part) for part in parts if _content_type(part) in ("message/rfc822", "text/rfc822-headers")
        )[:FIRST],
    )


def _written(parts: list[Message], kind: str) -> str:
    """What the parts of a kind say, as far as it is looked at."""
    text = ""
    for part in parts:
        if len(text) < MOST_TEXT and _is_text(part, kind):
            text += ("\n" if text else "") + _body(part)
    return text


def _is_text(part: Message, kind: str) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    actual = _content_type(part)
    if actual.startswith("multipart/"):
        actual = "text/plain"  # one without a readable boundary holds its parts as text
    return actual == kind and not disposition.startswith("attachment") and not part.is_multipart()


def _content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except Exception:
        return "application/octet-stream"  # get_content_type() trips over some parameters


def _parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name)
    except Exception:
        return ""  # as above
    return value.lower() if isinstance(value, str) else ""


def _body(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
    except Exception:
        return ""  # broken uuencode, charset parameters of three pieces
    if not isinstance(content, bytes):
        return ""
    if len(content) > MOST_TEXT:
        content = content[:MOST_TEXT].rstrip(bytes(range(128, 256)))  # half a letter would be in no charset
    return decode(content, _parameter(part, "charset"))


def _flat(part: Message) -> str:
    """A report or a returned message as text: its headers, where it has any, and its text."""
    lines = []
    for _, inner in _walk(part):
        lines += [f"{name}: {value}" for name, value in _headers(inner) if not name.startswith("content-")]
        lines += ["", "" if inner.is_multipart() else _body(inner), ""]
    return "\n".join(lines)


def _headers(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), _header(str(value))) for name, value in message.raw_items())


def _written_from(message: Message) -> tuple[str, ...]:
    return tuple(_guessed(str(value))[:2_000] for name, value in message.raw_items() if name.lower() == "from")


def _guessed(value: str) -> str:
    """A header's raw bytes as text: what is left of them otherwise, no database takes."""
    return value if value.isascii() else decode(value.encode("utf-8", "surrogateescape"), None)


def _header(value: str) -> str:
    """A header unfolded, its encoded words decoded, raw bytes guessed."""
    text = " ".join(filter(None, map(str.strip, _guessed(value).splitlines())))
    words, mark, rest = text.rpartition("?=")
    if "=?" not in words:
        return text
    try:
        # Without `rest`: from each `=?` in it the decoder would search for an end that is not there.
        pieces = email.header.decode_header(words + mark)
    except Exception:
        return text  # broken base64 in an encoded word
    return "".join(piece if isinstance(piece, str) else decode(piece, charset) for piece, charset in pieces) + rest
