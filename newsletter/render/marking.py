"""The links at a paper that say what its reader thinks of it: to a page, else an email that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from urllib.parse import quote

from newsletter.addresses import domain_of, own_address, plus
from newsletter.models import Edition, Letterhead, MarkKind
from newsletter.render.layout import Link
from newsletter.render.slots import BLANK, MARKS, MESSAGE, REPLY
from newsletter.words import Words, bare

# What a link says of its mark: no word that a reply which quotes it could be taken to ask for.
CODES = {MarkKind.LIKE: "1", MarkKind.NOT: "2", MarkKind.SAVE: "3"}
_EXAMPLES = {MarkKind.LIKE: 3, MarkKind.NOT: 5, MarkKind.SAVE: 2}


@dataclass(frozen=True)
class Marking:
    """Where the marks of one edition's papers go."""

    edition: Edition
    letterhead: Letterhead
    words: Words
    slots: Mapping[str, str]

    def filled(self, slots: Mapping[str, str]) -> Marking:
        """The same for one reader's addresses."""
        return replace(self, slots=slots)

    def links(self, number: int) -> tuple[Link, ...]:
        """Like, not for me, save."""
        return _links(self.words, tuple(self._url(number, kind) for kind in MarkKind))

    def page(self, number: int) -> str:
        """Where all three can be said; empty where that is by email alone."""
        return f"{self._page}{number}" if self._page else ""

    @cached_property
    def _page(self) -> str:
        web = self.letterhead.public_url
        return f"{web}/f/{self.slots[MARKS]}?e={self.edition.date:%Y%m%d}&p=" if web else ""

    def _url(self, number: int, kind: MarkKind) -> str:
        if page := self.page(number):
            return f"{page}&m={CODES[kind]}"
        # RFC 6068 lets a link name the email that it answers: the numbers are those of this one.
        own = own_address(self.letterhead)
        about = quote(f"<{self.edition.date}.{self.slots[MESSAGE]}@{domain_of(own)}>")
        subject = quote(command(self.words, kind, number))
        return f"mailto:{quote(plus(own, self.slots[REPLY]), safe='@+')}?subject={subject}&In-Reply-To={about}"


def marking(edition: Edition, letterhead: Letterhead, words: Words) -> Marking | None:
    """None where there is neither a page nor anybody who reads emails."""
    by_email = letterhead.replies_read and letterhead.plus_addressing
    return Marking(edition, letterhead, words, BLANK) if letterhead.public_url or by_email else None


@lru_cache(maxsize=1024)
def _links(words: Words, urls: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(Link(words.say(f"mark_{kind}"), url) for kind, url in zip(MarkKind, urls, strict=True))


def command(words: Words, kind: MarkKind, number: int) -> str:
    """What a reply says, in words that are understood."""
    return bare(words.say(f"mark_{kind}_word", number=str(number)))


def teach(words: Words) -> str:
    """How to do it by reply."""
    return words.say("teach", **{str(kind): command(words, kind, number) for kind, number in _EXAMPLES.items()})
