"""Whether an address or a token stands in an email, however it is encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy


def names(raw: bytes, words: Sequence[str]) -> bool:
    """Whether one of the words is in it as a whole: in a header, a text, or an email within it."""
    whole = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.IGNORECASE)
    return whole.search(raw.decode("utf-8", "replace")) is not None or any(map(whole.search, _texts(raw)))


def _texts(raw: bytes) -> Iterator[str]:
    message = message_from_bytes(raw, policy=policy.compat32)
    for part in message.walk():
        yield from (str(value) for value in part.values())
        if part.get_content_maintype() != "multipart" and isinstance(found := part.get_payload(decode=True), bytes):
            yield found.decode("utf-8", "replace")
