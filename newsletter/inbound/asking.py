"""Whether a text that is no certain command asks for one: a learned guess, from which a question may follow.

Two logistic regressions on words, their beginnings, pairs of them, runs of one to five letters in any script, and what
the words of the languages (see `lexicon`) say is in the text. `python -m benchmarks.asking` learns the weights.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations

from newsletter.models import Command

KINDS = (*(command.value for command in Command if command is not Command.DAYS), "weekly", "daily")
BUCKETS, BUCKETS_OF_KINDS = 1 << 19, 1 << 15
RARITY_STEP = 16  # one byte holds sixteenths
WEIGHTS = "asking.bin"
_LONGEST = 5  # letters of a run
_BEGINNING = 5  # letters of a word that carry its sense
_MOST = 800  # letters of a text
_KNOWN = 0.1  # what is known of a text counts this much; all its letters together count 1
_WANTED = 0.3  # how much it counts beside the first figure whether a text asks or only speaks of a command
# In log-odds; of ordinary replies that were kept apart, two in a hundred are above, of real emails one in twenty.
_ASKED = 1.2
_HINTED = 0.6  # the same of a few words, and where words of a command stand in it
_DATED = 0.2  # the same where a pause or leaving is likely and a day until when stands in it
_ASKED_AT_LENGTH = 3.5  # the same of a long text that names no command: of such hardly any asks for one
_HARDLY = -1.0  # below it a text is not taken for a command, whatever words stand in it
_SURE = 2.0  # no text of a collection that was left out was above without asking, if a command stood in it
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_DIGITS = re.compile(r"\d+")
_MARKS = ".,!?;:()\"'"

Features = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Guess:
    """What can be guessed of a text: whether it asks, and the command that it would be. Figures are log-odds."""

    likely: float  # that it asks rather than tells something else
    wanted: float  # that it asks rather than tells something else, takes back, or speaks of someone else
    kind: str  # the command; empty where there can be none

    def is_asked(self, *, dated: bool = False, hinted: bool = False, at_length: bool = False) -> bool:
        """Whether we ask back about it.

        `dated`: it names a day until when; `hinted`: it is a few words, or a command's words stand in it; `at_length`:
        it has many words. The first that holds counts.
        """
        least = _DATED if dated else _HINTED if hinted else _ASKED_AT_LENGTH if at_length else _ASKED
        return self.likely >= least

    @property
    def may_ask(self) -> bool:
        """Whether words of a command in it may be meant."""
        return self.likely >= _HARDLY

    @property
    def is_wanted(self) -> bool:
        """Whether it asks rather than takes back or speaks of someone else."""
        return self.wanted >= 0

    @property
    def is_sure(self) -> bool:
        """Whether a command in it is certainly meant."""
        return self.wanted >= _SURE


def guess(text: str, known: Collection[str], model: Model | None = None) -> Guess:
    """What a text asks for, as far as can be guessed; `known`: what is known of its words."""
    model = model or _model()
    runs = features(text, known, model.rarity)
    wanted = model.wanted.score(runs)
    likely = model.asks.score(runs) + _WANTED * wanted
    if likely < _HARDLY:
        return Guess(likely, wanted, "")
    fewer = narrowed(runs)
    return Guess(likely, wanted, max(model.kinds, key=lambda one: model.kinds[one].score(fewer)))


def features(text: str, known: Collection[str], rarity: Callable[[int], float]) -> Features:
    """Runs of letters and words by their hash, each by how rare it is, to a length of one, unknown ones not at all;
    and what is known of the text, with every two of it."""
    found = {bucket: value for bucket in buckets(text) if (value := rarity(bucket))}
    length = math.sqrt(sum(value * value for value in found.values())) or 1.0
    found = {bucket: value / length for bucket, value in found.items()}
    for one in (*known, *map("+".join, combinations(sorted(known), 2))):
        bucket = _bucket(f"\r{one}")
        found[bucket] = found.get(bucket, 0.0) + _KNOWN
    return found


def buckets(text: str) -> set[int]:
    """The hashes of all runs of letters, of words and their beginnings, and of pairs of these that stand near."""
    plain = f" {_folded(text)} "
    words = plain.split()
    runs = {plain[at : at + size] for size in range(1, _LONGEST + 1) for at in range(len(plain) - size + 1)}
    runs.update(_pairs("\t", words, 2), _pairs("\n", [word.strip(_MARKS)[:_BEGINNING] for word in words], 3))
    return {_bucket(run) for run in runs}


def _pairs(mark: str, words: Sequence[str], apart: int) -> Iterator[str]:
    for at, word in enumerate(words):
        yield f"{mark}{word}"
        for step in range(1, min(apart, len(words) - at - 1) + 1):
            yield f"{word}{mark * step}{words[at + step]}"


def _bucket(run: str) -> int:
    return zlib.crc32(run.encode()) & (BUCKETS - 1)


def narrowed(runs: Features) -> Features:
    """The same in fewer buckets: which command it is needs less."""
    fewer: dict[int, float] = {}
    for bucket, value in runs.items():
        fewer[bucket % BUCKETS_OF_KINDS] = fewer.get(bucket % BUCKETS_OF_KINDS, 0.0) + value
    return fewer


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
    asks: Weights  # or tells something else
    wanted: Weights  # or tells something else, takes back, speaks of someone else
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
    asks, wanted, *learned = found
    known = {kind: weights for kind, weights in zip(kinds, learned, strict=True) if kind in KINDS}
    return Model(bytes(view[:BUCKETS]), asks, wanted, known)


def packed(rarities: bytes, learned: Iterable[Sequence[float]]) -> bytes:
    """What `loaded` reads: of each list of weights its step and a byte a weight."""
    parts = [" ".join(KINDS).encode() + b"\n", rarities]
    for weights in learned:
        worth = max(1, round(max(map(abs, weights)) / 127 * (1 << 24)))
        steps = bytes(max(-127, min(127, round(one * (1 << 24) / worth))) & 255 for one in weights)
        parts += [worth.to_bytes(4, "big"), steps]
    return zlib.compress(b"".join(parts), 9)
