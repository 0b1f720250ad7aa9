"""The text of a scalar becomes the value its key wants, or Unfit says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, time
from enum import StrEnum
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from newsletter.models import ArxivId
from newsletter.subscribers import shapes
from newsletter.subscribers.shapes import shape_of, shaped
from newsletter.subscribers.tree import Unfit, nearest

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

# Not str.isprintable(): that refuses letters and emoji younger than this Python.
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Closed = TypeVar("Closed", bound=StrEnum)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.ASCII | re.I)
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_TOPIC_KEY = re.compile(r"\w[\w.-]{0,63}")
# A plain ASCII address that email-validator always accepts, 1,000 times sooner: no label with the "??--" of IDNA, no
# reserved top-level domain. tests/test_subscribers.py holds the two against each other.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_ADDRESS = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,24}}")
_LONGEST_INTERESTS = 2000
_COUNTED = re.compile(r"([^\W\d_]{3,40}) ([1-9]\d{0,3})", re.U)
_BIBLIOGRAPHY = re.compile(r"\S.{0,250}\.(?:bib|ris)", re.I)
_RESERVED = ("arpa", "invalid", "local", "localhost", "onion", "test")


@shaped({"anyOf": [{"type": ["number", "boolean"]}, shapes.text(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,200}")]})
def line(text: str) -> str:
    """A text of one line."""
    if BREAKS.search(text):
        raise Unfit(f"{text[:40]!r} must be on one line, without control characters", "write it on one line")
    if len(text) > 200:
        raise Unfit("longer than 200 characters", "shorten it")
    return text


def interests(text: str) -> str:
    """What a reader is interested in, in their own words: always text, never the name of a file."""
    words = " ".join(text.split())
    if len(words) > _LONGEST_INTERESTS or BREAKS.search(words):
        problem = f"longer than {_LONGEST_INTERESTS} characters, or no plain text"
        raise Unfit(problem, "shorten it", "interests", most=str(_LONGEST_INTERESTS))
    return words


def arxiv_id(text: str) -> str:
    """The id of a paper, of `2402.01306`, `arXiv:…` or its address."""
    try:
        return ArxivId.parse(text).base
    except ValueError:
        raise Unfit(f"{text[:60]!r} is not an arXiv id", "write it as 2402.01306", "like", value=text[:60]) from None


@shaped(shapes.text(r"[^\x00-@]{3,40} [1-9][0-9]{0,3}"))
def counted_word(text: str) -> tuple[str, int]:
    """A word, and in how many papers it stands: `pruning 12`."""
    found = _COUNTED.fullmatch(text)
    if not found:
        raise Unfit(f"{text[:60]!r} is no word with a number", "write it as: pruning 12", "library", value=text[:60])
    return found[1].lower(), int(found[2])


def paper_or_file(text: str) -> str | PurePath:
    """The id of a paper, or the name of a bibliography. Only for the subscriber list: its owner may read files."""
    return PurePath(text) if _BIBLIOGRAPHY.fullmatch(text) else arxiv_id(text)


def is_plain(text: str) -> bool:
    """Whether it is an address in ASCII that needs no closer look."""
    return _PLAIN_ADDRESS.fullmatch(text) is not None and text.rpartition(".")[2].lower() not in _RESERVED


@shaped(shapes.text(r"[^@\s<>]+@[^@\s<>]+[.。．｡][^@\s<>]+"))
def email(text: str) -> str:
    """A valid address, as written; nothing is asked of the network."""
    if is_plain(text):
        return text
    try:
        _validated(text)
    except ValueError as error:
        remedy = "write only the address, and the name under 'name:'" if "<" in text else "fix the address"
        raise Unfit(f"{text!r} is not an email address: {str(error).rstrip('.')}", remedy) from error
    return text


def address_key(text: str) -> str:
    """What two spellings of one address have in common (upper case, IDN written as xn--)."""
    if is_plain(text):
        return text.lower()
    try:
        return _validated(text).normalized.casefold()
    except ValueError:
        return text.casefold()


def _validated(text: str) -> ValidatedEmail:
    """Raises ValueError."""
    from email_validator import validate_email  # takes longer to load than a plain list to read

    return validate_email(text, check_deliverability=False)


@shaped(shapes.text(r"@?[^@\s<>]+[.。．｡][^@\s<>]+"))
def domain(text: str) -> str:
    """The domain of addresses, in lower case, as DNS spells it."""
    bare = text.removeprefix("@")
    try:
        found = _validated(f"a@{bare}").ascii_domain
    except ValueError as error:
        raise Unfit(f"{text!r} is not a domain", "write it as example.edu") from error
    return found.lower()


@shaped(shapes.text("[Hh][Tt][Tt][Pp][Ss]?://.+"))
def web_address(text: str) -> str:
    """An address that begins with http."""
    parts = urlsplit(text) if not BREAKS.search(text) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unfit(f"{text!r} is not a web address", "write it as https://example.org/privacy")
    return text


@shaped(shapes.text("(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"))
@cache
def hour(text: str) -> time:
    """An hour of the day such as 06:45."""
    found = _HOUR.fullmatch(text)
    if not found:
        raise Unfit(f"{text!r} is not a time of day", "write it as 06:45", "hour", value=text)
    return time(int(found[1]), int(found[2]))


@shaped({"type": "string", "format": "date"})
def day(text: str) -> date:
    """A date such as 2026-03-09."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unfit(f"{text!r} is not a date", "write it as 2026-03-09", "date", value=text)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@shaped(lambda: {"enum": sorted(_zones())})
@cache
def zone(text: str) -> str:
    """The name of an IANA time zone."""
    if text in _zones():
        return text
    close = next((name for name in _zones() if name.lower() == text.lower()), None) or nearest(text, _zones())
    remedy = f"did you mean {close!r}?" if close else "write it as Europe/London"
    raise Unfit(f"unknown time zone {text!r}", remedy, "zone", value=text)


@shaped(shapes.text("[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"))
@cache
def language(text: str) -> str:
    """A language code in its usual spelling: en, zh, zh-Hant, pt-BR."""
    if not _LANGUAGE.fullmatch(text):
        remedy = "write codes such as en or zh, several as [zh, en]"
        raise Unfit(f"{text!r} is not a language code", remedy, "language", value=text)
    first, *rest = text.split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


@shaped(shapes.words((*DAYS, *_DAY_NAMES)))
@cache
def weekday(text: str) -> int:
    """The ISO number of a weekday."""
    word = text.lower()
    if word in DAYS:
        return DAYS.index(word) + 1
    if word in _DAY_NAMES:
        return _DAY_NAMES.index(word) + 1
    raise Unfit(f"{text!r} is not a weekday", f"write some of [{', '.join(DAYS)}]", "weekday", value=text)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number between two bounds, inclusive."""

    @shaped(shapes.whole(low, high))
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            remedy = f"write a number from {low} to {high}"
            problem = f"{text!r} is not a number from {low} to {high}"
            raise Unfit(problem, remedy, "number", value=text, low=str(low), high=str(high))
        return int(text)

    return read


@shaped({"anyOf": [{"type": "boolean"}, shapes.words((*_TRUE, *_FALSE))]})
def switch(text: str) -> bool:
    """true or false in YAML's usual spellings."""
    if text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    raise Unfit(f"{text!r} is neither true nor false", "write true or false")


def closed(kind: type[Closed]) -> Callable[[str], Closed]:
    """Reads a value of an enum."""

    @shaped(shapes.words(kind))
    def read(text: str) -> Closed:
        try:
            return kind(text.lower())
        except ValueError:
            meant = nearest(text, map(str, kind))
            words = ", ".join(kind)
            remedy = f"did you mean {meant!r}?" if meant else f"write one of {words}"
            raise Unfit(f"{text!r} is not one of {words}", remedy, value=text) from None

    return read


def one_of(known: Iterable[str], what: str) -> Callable[[str], str]:
    """Reads one of the names that the operator defined elsewhere."""
    words = tuple(known)

    def read(text: str) -> str:
        if text in words:
            return text
        meant = nearest(text, words)
        remedy = f"did you mean {meant!r}?" if meant else f"write some of [{', '.join(words)}]"
        raise Unfit(f"unknown {what} {text!r}", remedy, value=text)

    return read


@shaped({"type": "string", "pattern": r"^[^\x00-,/:-@\[-^`{-\xa0.-][^\x00-,/:-@\[-^`{-\xa0]{0,63}$"})
def topic_key(text: str) -> str:
    """A word that can be used in lists and addresses."""
    if not _TOPIC_KEY.fullmatch(text):
        raise Unfit(f"{text!r} cannot be the name of a topic", "use letters, digits, - and _; put words under 'title:'")
    return text


@shaped(shape_of(line))
def service_mark(text: str) -> str | None:
    """What the service wrote about a reader; `no` and `false` say that nothing is so."""
    return None if text.lower() in _FALSE else line(text)
