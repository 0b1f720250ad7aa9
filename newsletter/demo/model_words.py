"""What the practice model says about papers it has never seen: always the same for the same words."""

from __future__ import annotations

import hashlib
import re

_STOP = frozenset(
    re.findall(
        r"\w+",
        """
    a about across after all also an analysis and any are as at based be been between both but by can data deep
    different do does e each effective efficient especially existing experiments for framework from g general good have
    how i improve in including into is it its large learn learning like machine make method model models more most
    network networks neural new no not of on only or other our over paper papers particular performance problem proposed
    related research results set show stud such system systems task tasks technique than that the their them theory
    these they this those through time to topics towards under use used using via want was we well what when where
    which while who why will with within without work works""",
    )
)
_ENDINGS = re.compile(r"(?:ization|isation|izing|ising|ized|ised|ations?|ments?|ings?|ers?|ed|es|ity|ive|s|e)$")
_TEX = (
    (re.compile(r"https?://\S+|\*\*|`|</?[a-zA-Z!][^<>]{0,40}>"), ""),
    (re.compile(r"\\(?:textbf|textit|emph|texttt|textsc|mathrm|mathbf|mathcal|text)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\times"), "×"),
    (re.compile(r"\\(?:sim|approx)"), "~"),
    (re.compile(r"\\([%&$#_])"), r"\1"),
    (re.compile(r"\\[A-Za-z]+"), " "),
    (re.compile(r"[{}\\]|\$"), ""),
    (re.compile(r"<(?=[a-zA-Z/!])"), "< "),
    (re.compile(r"\s+"), " "),
)
_CLAIM = re.compile(
    r"\b(?:we|this (?:paper|work))\s+(?:\w+ly\s+|also\s+)?(?:introduce|propose|present|show|develop|describe|study|"
    r"prove|find|provide|demonstrate|investigate|report|design|release)s?\b",
    re.I,
)
_DANGLING = frozenset(
    re.findall(r"\w+", "a an and the of to in on by for with from that which while at as or than is are its large both")
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ACRONYM = re.compile(r"\b(?=\w*[A-Z]\w*[A-Z])[A-Za-z][\w-]{2,18}\b")


def steady(*parts: str) -> int:
    """A number that is the same on every machine and every day, unlike hash()."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:6])


def stem(word: str) -> str:
    bare = word.lower()
    return _ENDINGS.sub("", bare) if len(bare) > 4 else bare.removesuffix("s")


def is_content(word: str) -> bool:
    return word.lower() not in _STOP


def content_words(text: str) -> list[str]:
    """The words that say what a text is about, stemmed, in order and with repetitions."""
    words = re.findall(r"[A-Za-z][A-Za-z0-9]+", text)
    return [stem(word) for word in words if is_content(word)]


def plain(text: str) -> str:
    """The text without addresses and roughly without TeX."""
    for pattern, instead in _TEX:
        text = pattern.sub(instead, text)
    return text.strip()


def novelty(arxiv_id: str) -> int:
    return 4 + steady(arxiv_id, "novelty") % 6


def claim(title: str, abstract: str) -> str:
    """About 30 words from the sentence in which the authors say what they did."""
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])|(?<=[a-z]{2}\.)(?=[A-Z])", plain(abstract))
    found = next((sentence for sentence in sentences if _CLAIM.search(sentence)), sentences[-1])
    follower = sentences[sentences.index(found) + 1 :][:1]
    words = "; ".join([found.rstrip(".!?"), *follower] if len(found.split()) < 18 else [found]).split()
    line = _cut(_known_numbers(words, abstract))
    return f"{line[0].upper()}{line[1:]}." if line else f"{plain(title)}."


def _known_numbers(words: list[str], abstract: str) -> list[str]:
    """The words without those whose numbers the removal of TeX has changed."""
    known = set(_NUMBER.findall(abstract))
    return [word for word in words if set(_NUMBER.findall(word)) <= known]


def _cut(words: list[str]) -> str:
    """At most 34 words, ended at a comma where one stands late enough."""
    kept = words[:34]
    if len(words) > 34:
        ends = [place for place, word in enumerate(kept) if place > 20 and word.endswith((",", ";", ":", "."))]
        kept = kept[: ends[-1] + 1] if ends else kept[:30]
    while kept and kept[-1].lower().strip(",;:.(") in _DANGLING:
        kept = kept[:-1]
    return " ".join(kept).rstrip(",;:.!? ")


def acronym(title: str, abstract: str) -> str | None:
    """The name in capitals that the title gives its work, as long as its digits stand in the abstract."""
    known = set(_NUMBER.findall(abstract))
    head = plain(title)
    found = _ACRONYM.findall(head.partition(":")[0] if ":" in head else head)
    return next((name for name in found if set(_NUMBER.findall(name)) <= known), None)
