"""Keeps secrets inside: the secret values in the settings are removed from what is logged, stored, shown or emailed.

The one thing here that the whole process shares, since an answer that repeats our key may come from any server.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_SHORTEST = 8  # a shorter "secret" would cut pieces out of ordinary words
_hidden: set[str] = set()
_passing: deque[str] = deque(maxlen=64)
_ADDRESS = re.compile(r"(?<![\w.+~-])([\w.+~=-])[\w.+~=-]*@(?=[\w-])")


def hide(secrets: Iterable[str]) -> None:
    """Never show these again, as they are or as a part of an address."""
    _hidden.update(_forms(secrets))


def hide_for_now(secrets: Iterable[str]) -> None:
    """The same for secrets that are replaced every hour; of these, only the latest are remembered."""
    for form in _forms(secrets):
        if form not in _passing:
            _passing.append(form)


def _forms(secrets: Iterable[str]) -> Iterator[str]:
    found = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    return (form for form in sorted(found) if len(form) >= _SHORTEST)


def redacted(text: str) -> str:
    """The text without any known secret."""
    for secret in sorted((*_hidden, *_passing), key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, "…")
    return text


def for_logs(text: str) -> str:
    """The text without secrets and with shortened email addresses, because many people and programs read logs."""
    return _ADDRESS.sub(r"\1…@", redacted(text))
