"""Whose fault a refusal is where its status does not say: what nearly every recipient is told is said of the sender.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

_FEWEST = 3  # recipients: of two, both may have left
_NEARLY_ALL = 0.75
_TEXTS = 100  # that are told apart; beyond them nobody agrees
_WORD = re.compile(r"[^\W\d_]+")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")
_OF_ITS_OWN = re.compile(r"[@\d_]|://")  # in addresses, links, ids, times and codes
_PUNCTUATION = "<>()[]{}\"'`.,:;!?*"
_CODE = re.compile(r"\D{0,6}([45]\d\d)\b")  # "550 ...", "HTTP 400 ..."
_PLACE = "…"
_SHORT = 3  # letters of a name that may stand within other words
_FEW_WORDS = 5  # in fewer, one word makes the difference


@dataclass(frozen=True, slots=True)
class Refusal:
    """One recipient who was refused for good, in the server's words."""

    email: str
    said: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """The words that accuse the sender, under the domain that says them, or under None where everybody hears them."""

    texts: Mapping[str | None, tuple[str, ...]] = field(default_factory=dict)
    everywhere: str | None = None  # what nearly every recipient was told, with the numbers

    def covers(self, one: Refusal) -> bool:
        """Whether this refusal is the sender's fault."""
        if not self.texts:
            return False
        text = words(one.said, one.email)
        return any(name in self.texts and _alike(text, self.texts[name]) for name in (None, domain(one.email)))

    def __or__(self, other: Agreement) -> Agreement:
        return Agreement({**other.texts, **self.texts}, self.everywhere or other.everywhere)


def domain(email: str) -> str:
    """In lower case."""
    return email.rpartition("@")[2].lower()


def find(refusals: Sequence[Refusal], taken: Mapping[str, int]) -> Agreement:
    """Whom the refusals accuse; `taken` has the number of accepted emails by domain."""
    total = len(refusals) + sum(taken.values())
    if same := _same(refusals, total):
        said = f"{len(same)} of {total} recipients were refused in the same words, so the fault is the sender's"
        return Agreement({None: words(same[0].said, same[0].email)}, f"{said}: {same[0].said[:200]}")
    texts: dict[str | None, tuple[str, ...]] = {}
    for name, group in groupby(sorted(refusals, key=_domain), _domain):
        there = list(group)
        if same := _same(there, len(there) + taken.get(name, 0)):
            texts[name] = words(same[0].said, same[0].email)
    return Agreement(texts)


def _domain(one: Refusal) -> str:
    return domain(one.email)


def _same(refusals: Sequence[Refusal], total: int) -> Sequence[Refusal]:
    """Those who were told the same, if they are nearly all."""
    enough = max(_FEWEST, _NEARLY_ALL * total)
    if len(refusals) < enough:
        return ()
    texts: list[tuple[tuple[str, ...], list[Refusal]]] = []
    for text, group in _by_words(refusals):
        alike = next((known for words, known in texts if _alike(words, text)), None)
        if alike is not None:
            alike += group
        elif len(texts) < _TEXTS:
            texts.append((text, group))
    most = max((group for _, group in texts), key=len, default=[])
    return most if len(most) >= enough else ()


def _by_words(refusals: Iterable[Refusal]) -> Iterable[tuple[tuple[str, ...], list[Refusal]]]:
    found: dict[tuple[str, ...], list[Refusal]] = {}
    for one in refusals:
        found.setdefault(words(one.said, one.email), []).append(one)
    return found.items()


def words(said: str, recipient: str) -> tuple[str, ...]:
    """A refusal's code and words, without what is this recipient's or this moment's."""
    code = _CODE.match(said)
    local, _, host = recipient.lower().rpartition("@")
    found = [code[1] if code else ""]
    for piece in said[:1000].lower().split():
        bare = piece.strip(_PUNCTUATION)
        if bare in (local, host) or _OF_ITS_OWN.search(piece) or _HOST.fullmatch(bare):
            found.append(_PLACE)
        elif piece.isascii():
            found += [bare] if bare else []  # "ABCD-EFGH" is one id
        elif len(local) < _SHORT:
            found += _WORD.findall(piece)
        else:  # no space stands around a name in Chinese or Japanese
            found += _WORD.findall(piece.replace(local, _PLACE))
    return tuple(found)


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether at most one word differs: a name, or an id of letters alone."""
    if len(one) != len(other) or len(one) <= _FEW_WORDS:
        return one == other
    return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
