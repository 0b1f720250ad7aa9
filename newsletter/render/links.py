"""Turns addresses in an abstract into links, if it is arXiv's own text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from newsletter.sentences import Piece

# http(s) and a host with a dot. No user part: `https://arxiv.org@elsewhere.example` is nobody's repository.
_ADDRESS = re.compile(
    r"(?<![\w@.])https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?(?![\w@:.-])"
    r"(?:[/?#][\w.~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII | re.I,
)
_PAIRS = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive words of one kind: quiet, leading, or a link."""

    text: str
    leads: bool = False
    url: str = ""


@lru_cache(maxsize=1024)
def linked(pieces: tuple[Piece, ...]) -> tuple[Run, ...]:
    """The pieces separated by spaces, with addresses as separate runs."""
    return _spaced([list(_runs(piece)) for piece in pieces])


def unlinked(pieces: Sequence[Piece]) -> tuple[Run, ...]:
    """The same for a model's text, in which addresses are not turned into links."""
    return _spaced([[Run(piece.text, piece.leads)] for piece in pieces])


def _spaced(groups: Sequence[list[Run]]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for group in groups:
        if runs and not runs[-1].text.endswith(("。", "！", "？")):
            runs.append(Run(" "))
        runs += group
    return tuple(runs)


def _runs(piece: Piece) -> Iterator[Run]:
    done = 0
    for found in _ADDRESS.finditer(piece.text):
        url = _without_punctuation(found[0])
        if found.start() > done:
            yield Run(piece.text[done : found.start()], piece.leads)
        yield Run(url, piece.leads, url)
        done = found.start() + len(url)
    if done < len(piece.text):
        yield Run(piece.text[done:], piece.leads)


def _without_punctuation(url: str) -> str:
    """What ends the sentence around an address is not part of it; a bracket that it opened itself is."""
    while url[-1] in ".,;:!?'" or (url[-1] in _PAIRS and url.count(url[-1]) > url.count(_PAIRS[url[-1]])):
        url = url[:-1]
    return url
