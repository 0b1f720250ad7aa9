"""Whose fault a refusal is where its status does not say: what nearly every recipient is told in the same words is said
of the sender. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

FEWEST = 3  # recipients: of two, both may have left
_NEARLY_ALL = 0.75
_TEXTS = 100  # that are told apart; beyond them nobody agrees
# An address, a link, a host's name, or any word with a digit or an underscore in it: ids, times, codes, our tokens.
_OWN = re.compile(r"\S*(?:@|://)\S*|\w+(?:[.-]\w+)*\.[a-z]{2,}\b|\S*[\d_]\S*", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"\D{0,6}([45]\d\d)\b")  # "550 ...", "HTTP 400 ..."
_FEW_WORDS = 5  # in fewer, one word makes the difference


@dataclass(frozen=True, slots=True)
class Refusal:
    """One recipient who was refused for good, in the server's words."""

    key: int  # of the email
    email: str
    said: str

    @property
    def domain(self) -> str:
        return domain(self.email)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is not the readers' fault."""

    ours: frozenset[int] = frozenset()  # keys of emails
    everywhere: str | None = None  # what nearly every recipient was told, with the numbers
    domains: Mapping[str, int] = field(default_factory=dict)  # those that refuse us alone, each with one email's key

    def __or__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.ours | other.ours, self.everywhere or other.everywhere, {**other.domains, **self.domains}
        )


def domain(email: str) -> str:
    """In lower case."""
    return email.rpartition("@")[2].lower()


def find(refusals: Sequence[Refusal], taken: Mapping[str, int]) -> Agreement:
    """Whom the refusals accuse; `taken` has the number of accepted emails by domain."""
    total = len(refusals) + sum(taken.values())
    if same := _same(refusals, total):
        said = f"{len(same)} of {total} recipients were refused in the same words, so the fault is the sender's"
        return Agreement(frozenset(one.key for one in same), f"{said}: {same[0].said[:200]}")
    found = Agreement()
    for name, group in groupby(sorted(refusals, key=lambda one: one.domain), lambda one: one.domain):
        there = list(group)
        if same := _same(there, len(there) + taken.get(name, 0)):
            found |= Agreement(frozenset(one.key for one in same), domains={name: same[0].key})
    return found


def _same(refusals: Sequence[Refusal], total: int) -> Sequence[Refusal]:
    """Those who were told the same, if they are nearly all."""
    if len(refusals) < max(FEWEST, _NEARLY_ALL * total):
        return ()
    texts: list[tuple[tuple[str, ...], list[Refusal]]] = []
    for text, group in _by_words(refusals):
        alike = next((known for words, known in texts if _alike(words, text)), None)
        if alike is not None:
            alike += group
        elif len(texts) < _TEXTS:
            texts.append((text, group))
    most = max((group for _, group in texts), key=len, default=[])
    return most if len(most) >= max(FEWEST, _NEARLY_ALL * total) else ()


def _by_words(refusals: Iterable[Refusal]) -> Iterable[tuple[tuple[str, ...], list[Refusal]]]:
    found: dict[tuple[str, ...], list[Refusal]] = {}
    for one in refusals:
        found.setdefault(words(one.said, one.email), []).append(one)
    return found.items()


def words(said: str, recipient: str) -> tuple[str, ...]:
    """A refusal's code and words, without what is this recipient's or this moment's."""
    code = _CODE.match(said)
    text = said[:1000].lower()
    local, _, host = recipient.lower().rpartition("@")
    for own in (recipient.lower(), host, local):
        text = re.sub(rf"(?<![^\W_]){re.escape(own)}(?![^\W_])", " ", text) if own else text
    return (code[1] if code else "", *_WORD.findall(_OWN.sub(" ", text)))


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether at most one word differs: a name or an id of letters alone."""
    if len(one) != len(other) or len(one) <= _FEW_WORDS:
        return one == other
    return Counter(a == b for a, b in zip(one, other, strict=True))[False] <= 1
