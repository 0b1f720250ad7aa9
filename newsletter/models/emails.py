"""An email as bytes: made once for an edition, filled in for each reader."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import Formatter

_FIRST_DOT = re.compile(rb"(?:\A|(?<=\r\n))\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What every email of this installation says about its sender."""

    sender: str  # `Name <a@b>`
    reply_to: str | None = None  # plain address that replies reach, before the token is added
    plus_addressing: bool = True
    replies_read: bool = False  # a mailbox or hook acts on replies: only then the footer promises it
    public_url: str | None = None  # https base of the web part, no trailing slash
    archive: bool = True  # whether the web part shows past issues: only then an email links to them
    private: bool = False  # they open with a reader's own token
    joins: bool = False  # whether people can join: with a web part, on its page
    postal_address: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes in ready content that belongs to slot `slot`, from its character `start` on."""

    offset: int
    length: int
    slot: str
    start: int


@dataclass(frozen=True)
class Slotted:
    """Bytes with recorded places for fixed-width values ([a-z2-7], never searched for)."""

    content: bytes
    spans: tuple[Span, ...] = ()

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The bytes with every slot's value spliced in."""
        return b"".join(self.filled(values))

    def filled(self, values: Mapping[str, str]) -> list[bytes]:
        """The same in pieces, for who joins them with others: every copy of a whole email takes its time."""
        pieces, places = self._pieces
        pieces = pieces.copy()
        own = {slot: values[slot].encode("ascii") for slot in self.slots}
        for place, slot, letters in places:
            pieces[place] = own[slot][letters]
        return pieces

    @cached_property
    def _pieces(self) -> tuple[list[bytes], list[tuple[int, str, slice]]]:
        """What stands before, between and behind the spans, and in the place of each which letters of which slot."""
        pieces, places, at = list[bytes](), [], 0
        for span in self.spans:
            pieces += [self.content[at : span.offset], b""]
            places.append((len(pieces) - 1, span.slot, slice(span.start, span.start + span.length)))
            at = span.offset + span.length
        return [*pieces, self.content[at:]], places

    @cached_property
    def slots(self) -> frozenset[str]:
        """The names of its slots."""
        return frozenset(span.slot for span in self.spans)

    @cached_property
    def with_doubled_dots(self) -> Slotted:
        """The same with a second dot before each that begins a line (RFC 5321 section 4.5.2)."""
        dots = [found.start() for found in _FIRST_DOT.finditer(self.content)]
        if not dots:
            return self
        spans = (replace(span, offset=span.offset + bisect_right(dots, span.offset)) for span in self.spans)
        return Slotted(_FIRST_DOT.sub(b"..", self.content), tuple(spans))


@dataclass(frozen=True, slots=True)
class PrintedPaper:
    """A paper as an edition showed it. What an old ledger did not keep is None."""

    arxiv_id: str
    version: int | None
    number: int
    topic: str | None  # key of the topic that it stands under


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An edition as bytes, made once; a reader differs only in headers and slots."""

    key: str  # of the edition
    subject: str
    html: Slotted  # UTF-8
    text: Slotted  # UTF-8
    body: Slotted  # MIME: content headers, blank line, parts; CRLF
    papers: tuple[PrintedPaper, ...] = ()  # in printed order
    letterhead: Letterhead | None = None  # of its headers; None: that of an earlier version was not kept


@dataclass(frozen=True, slots=True)
class Header:
    """One header of an edition's emails. Both values are patterns of `str.format_map` over a reader's slots."""

    name: str
    value: str  # decoded
    wire: str  # as it is sent, folded with CRLF

    @property
    def own(self) -> bool:
        """Whether it differs between readers."""
        return any(name is not None for _, name, _, _ in Formatter().parse(self.wire))


@dataclass(frozen=True)
class Head:
    """The headers of an edition's emails, and the envelope sender; a reader's own values are slots."""

    headers: tuple[Header, ...]
    envelope_from: str  # a pattern too

    @classmethod
    def of(
        cls, lines: Iterable[tuple[str, str, str]], envelope_from: str, marks: Mapping[str, str] | None = None
    ) -> Head:
        """From names, decoded values and values as sent; each mark shows where the slot of its name is."""

        def pattern(text: str) -> str:
            text = text.replace("{", "{{").replace("}", "}}")
            for name, mark in (marks or {}).items():
                text = text.replace(mark, f"{{{name}}}")
            return text

        return cls(tuple(Header(name, *map(pattern, both)) for name, *both in lines), pattern(envelope_from))

    @cached_property
    def slots(self) -> frozenset[str]:
        """The names of what is a reader's own."""
        patterns = (self.envelope_from, *(one.value for one in self.headers), *(one.wire for one in self.headers))
        return frozenset(name for one in patterns for _, name, _, _ in Formatter().parse(one) if name)

    @cached_property
    def _wire(self) -> str:
        return "".join(f"{one.name}: {one.wire}\r\n" for one in self.headers)

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The lines on the wire."""
        return self._wire.format_map(values).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One finished mail for one reader: an edition's bytes, and what this reader's differ in."""

    recipient: str
    recipient_name: str | None
    head: Head
    rendered: Rendered
    slots: Mapping[str, str] = field(default_factory=dict)

    @property
    def envelope_from(self) -> str:
        return self.head.envelope_from.format_map(self.slots)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and decoded values, without the content headers."""
        return tuple((one.name, one.value.format_map(self.slots)) for one in self.head.headers)

    @property
    def text(self) -> str:
        return self.rendered.text.fill(self.slots).decode()

    @property
    def html(self) -> str:
        return self.rendered.html.fill(self.slots).decode()

    @property
    def raw(self) -> bytes:
        """Exactly what goes over the wire."""
        return self.head.fill(self.slots) + self.rendered.body.fill(self.slots)
