"""The language of a page: its reader's, or else one that the browser accepts, or else English."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.models import Subscriber
from newsletter.readers import Counter, in_force
from newsletter.words import Words, speak

_DEFAULT = "en"
_LONGEST, _MOST = 400, 12  # letters and languages of a header that are looked at: it is someone else's text


def spoken(counter: Counter, accepts: str, subscriber_id: int | None = None) -> Words:
    """The words for this reader, if we know whose page it is; `accepts` is the header Accept-Language."""
    reader = counter.store.reader(subscriber_id) if subscriber_id is not None else None
    if reader:
        return speak(counter.templates, reader.wishes.languages[0])
    for language in accepted(accepts):
        words = speak(counter.templates, language)
        if words.language.split("-")[0] == language.split("-")[0].lower():  # else English stands in for it
            return words
    return speak(counter.templates, _DEFAULT)


def of_reader(counter: Counter, subscriber: Subscriber | None) -> Words:
    """The words for this reader, else in the newsletter's first language: for a link that came by our email."""
    entry = counter.store.reader(subscriber.id) if subscriber else None
    known = in_force.last_good(counter.store)
    languages = entry.wishes.languages if entry else known.masthead.newsletter.languages if known else (_DEFAULT,)
    return speak(counter.templates, languages[0])


def accepted(header: str) -> Iterator[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110 section 12.5.4)."""
    wishes = [_wish(part) for part in header[:_LONGEST].split(",")[:_MOST]]
    ordered = sorted(wishes, key=lambda wish: wish[0], reverse=True)
    yield from (language for weight, language in ordered if weight > 0 and language.replace("-", "").isalnum())


def _wish(part: str) -> tuple[float, str]:
    language, _, weight = part.partition(";")
    try:
        return float(weight.strip().removeprefix("q=") or 1), language.strip()
    except ValueError:
        return 0.0, language.strip()
