"""What is the same for all readers of a call, with tags in the places of what is a reader's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from newsletter.models import Header, Message, Slotted

_FOLD = re.compile(r"\r\n(?=[ \t])")
_BETWEEN = "\0"  # stands in no header
Values = Mapping[str, str]


class Own:
    """Headers in which readers differ, all filled at once."""

    def __init__(self, headers: Sequence[Header]) -> None:
        self.names = [one.name for one in headers]
        self._patterns = _BETWEEN.join(map(unfolded, headers))

    def of(self, slots: Values) -> dict[str, str]:
        return dict(zip(self.names, self._patterns.format_map(slots).split(_BETWEEN), strict=False))


class Tags:
    """The placeholders in the shared content; `form` makes a placeholder of a name."""

    def __init__(self, message: Message, form: str) -> None:
        self._form = form
        spans = {*message.rendered.text.spans, *message.rendered.html.spans}
        self._places = sorted((span.slot, span.start, span.start + span.length) for span in spans)

    def put_into(self, slotted: Slotted) -> str:
        """The content with placeholders in its slots."""
        pieces, at = [], 0
        for span in slotted.spans:
            tag = self._form.format(_name(span.slot, span.start))
            pieces += [slotted.content[at : span.offset], tag.encode()]
            at = span.offset + span.length
        return b"".join([*pieces, slotted.content[at:]]).decode()

    def values(self, slots: Values) -> dict[str, str]:
        """A reader's own, by name."""
        return {_name(slot, start): slots[slot][start:end] for slot, start, end in self._places}


def _name(slot: str, start: int) -> str:
    return f"{slot}{start}"


def unfolded(header: Header) -> str:
    """Its pattern in one line: providers refuse line breaks, and what is not ASCII."""
    return _FOLD.sub("", header.wire)


def same(pattern: str) -> str:
    """The value of a header that is the same for all readers."""
    return pattern.format_map({})
