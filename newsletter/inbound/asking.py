"""Whether a text that is no certain command asks for one: a learned guess, from which a question may follow, no action.

A logistic regression on words, pairs of words and runs of one to five letters, in any script.
`python -m benchmarks.asking` learns the weights.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import pairwise

from newsletter.models import Command

KINDS = (*(command.value for command in Command if command is not Command.DAYS), "weekly", "daily")
BUCKETS, BUCKETS_OF_KINDS = 1 << 18, 1 << 15
RARITY_STEP = 16  # one byte holds sixteenths
WEIGHTS = "asking.bin"
_LONGEST = 5  # letters of a run
_MOST = 800  # letters of a text
_ASKED = 0.7  # how likely it has to be that a text asks; measured: two in a hundred ordinary replies are above
_HINTED = 0.6  # the same where words of a command stand in it
_HARDLY = 0.3  # below it a text is not taken for a command, whatever words stand in it
_SPOKEN_OF = 0.8  # how likely it has to be that a text is about a command at all
_ABOUT = 0.7  # a text about commands that does not ask counts this much, since a question harms less than silence
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_DIGITS = re.compile(r"\d+")

Features = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Guess:
    """What can be guessed of a text: whether it asks, and the command that it would be."""

    likely: float  # that we should ask back; from 0 to 1, as the next two
    about: float  # that it is about a command, asked for or not
    wanted: float  # that it asks for one
    kind: str  # the command; empty where there can be none

    def is_asked(self, *, hinted: bool) -> bool:
        """Whether we ask back about it; `hinted` where words of a command stand in it."""
        return self.likely >= (_HINTED if hinted else _ASKED)

    @property
    def may_ask(self) -> bool:
        """Whether words of a command in it may be meant."""
        return self.likely >= _HARDLY

    @property
    def is_wanted(self) -> bool:
        """Whether it asks rather than takes back or speaks of someone else."""
        return self.wanted >= 0.5

    @property
    def speaks_of_it(self) -> bool:
        """Whether it is about a command, asked for or not."""
        return self.about >= _SPOKEN_OF


def guess(text: str) -> Guess:
    """What a text asks for, as far as can be guessed."""
    model = _model()
    runs = features(text, model.rarity)
    about, wanted = (chance(weights, runs) for weights in (model.about, model.asks))
    found = Guess(likely(about, wanted), about, wanted, "")
    if not found.may_ask:
        return found
    fewer = narrowed(runs)
    return replace(found, kind=max(model.kinds, key=lambda one: model.kinds[one].score(fewer)))


def likely(about: float, wanted: float) -> float:
    """One figure of two: that it is about a command, that it asks for one."""
    return _ABOUT * about + (1 - _ABOUT) * wanted


def features(text: str, rarity: Callable[[int], float]) -> Features:
    """Runs of letters and words by their hash, each by how rare it is, to a length of one; unknown ones not at all."""
    found = {bucket: value for bucket in buckets(text) if (value := rarity(bucket))}
    length = math.sqrt(sum(value * value for value in found.values())) or 1.0
    return {bucket: value / length for bucket, value in found.items()}


def buckets(text: str) -> set[int]:
    """The hashes of all runs of letters, words, and pairs of words that stand beside each other or have one between."""
    plain = f" {_folded(text)} "
    words = plain.split()
    runs = {plain[at : at + size] for size in range(1, _LONGEST + 1) for at in range(len(plain) - size + 1)}
    runs.update(f"\t{word}" for word in words)
    runs.update(f"{one}\t{other}" for one, other in pairwise(words))
    runs.update(f"{one}\t\t{other}" for one, other in zip(words, words[2:], strict=False))
    return {zlib.crc32(run.encode()) & (BUCKETS - 1) for run in runs}


def narrowed(runs: Features) -> Features:
    """The same in fewer buckets: which command it is needs less."""
    fewer: dict[int, float] = {}
    for bucket, value in runs.items():
        fewer[bucket % BUCKETS_OF_KINDS] = fewer.get(bucket % BUCKETS_OF_KINDS, 0.0) + value
    return fewer


def chance(weights: Weights, runs: Features) -> float:
    """Between 0 and 1."""
    return 1 / (1 + math.exp(-weights.score(runs)))


def _folded(text: str) -> str:
    """Without capitals, accents, and marks of vowels; numbers and addresses as one sign each, spaces single."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text[:_MOST]).casefold())
    kept = unicodedata.normalize("NFC", "".join(one for one in plain if not unicodedata.combining(one)))[:_MOST]
    return " ".join(_DIGITS.sub("0", _ADDRESS.sub("@", kept)).split())


# --- the file of weights: a byte each ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights:
    """A byte for each bucket and one for every text, and what one step of them is worth."""

    steps: memoryview
    worth: float

    def score(self, runs: Features) -> float:
        """Above zero it is more likely than not."""
        steps = self.steps
        return self.worth * (sum(steps[bucket] * value for bucket, value in runs.items()) + steps[-1])


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that was learned."""

    rarities: bytes
    about: Weights
    asks: Weights
    kinds: Mapping[str, Weights]

    def rarity(self, bucket: int) -> float:
        """How rare a run is."""
        return self.rarities[bucket] / RARITY_STEP


@cache
def _model() -> Model:
    return loaded(resources.files("newsletter.inbound").joinpath(WEIGHTS).read_bytes())


def loaded(packed: bytes) -> Model:
    """The model of a file that `packed` made; commands that it was not taught are never guessed."""
    names, _, content = zlib.decompress(packed).partition(b"\n")
    kinds = names.decode().split()
    view = memoryview(content)
    at, found = BUCKETS, []
    for size in [BUCKETS + 1] * 2 + [BUCKETS_OF_KINDS + 1] * len(kinds):
        worth = int.from_bytes(view[at : at + 4], "big") / (1 << 24)
        found.append(Weights(view[at + 4 : at + 4 + size].cast("b"), worth))
        at += 4 + size
    about, asks, *learned = found
    known = {kind: weights for kind, weights in zip(kinds, learned, strict=True) if kind in KINDS}
    return Model(bytes(view[:BUCKETS]), about, asks, known)


def packed(rarities: bytes, learned: Iterable[Sequence[float]]) -> bytes:
    """What `loaded` reads: of each list of weights its step and a byte a weight."""
    parts = [" ".join(KINDS).encode() + b"\n", rarities]
    for weights in learned:
        worth = max(1, round(max(map(abs, weights)) / 127 * (1 << 24)))
        steps = bytes(max(-127, min(127, round(one * (1 << 24) / worth))) & 255 for one in weights)
        parts += [worth.to_bytes(4, "big"), steps]
    return zlib.compress(b"".join(parts), 9)
