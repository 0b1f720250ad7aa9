"""The language of a page: its reader's, or else one that the browser accepts, or else English."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers

from newsletter.models import ArchiveMode, Subscriber
from newsletter.readers import Counter, in_force
from newsletter.tex import clean
from newsletter.web.pages import Voice
from newsletter.words import Words, speak

Scope = MutableMapping[str, Any]
_DEFAULT = "en"
_LONGEST, _MOST = 400, 12  # letters and languages of a header that are looked at: it is someone else's text


def spoken(counter: Counter, scope: Scope, subscriber: Subscriber | None = None) -> Voice:
    """What a page says to this reader, if we know whose page it is; else to whoever sent this request."""
    reader = counter.store.reader(subscriber.id) if subscriber else None
    if reader:
        return _voice(counter, scope, speak(counter.templates, reader.wishes.languages[0]), subscriber)
    return _voice(counter, scope, _of_browser(counter, scope), subscriber)


def without_ledger(counter: Counter, scope: Scope) -> Voice:
    """To whoever sent this request, also where the ledger cannot be read."""
    return Voice(_of_browser(counter, scope), root=_root(scope))


def _of_browser(counter: Counter, scope: Scope) -> Words:
    for language in accepted(Headers(scope=scope).get("accept-language", "")):
        words = speak(counter.templates, language)
        if words.language.split("-")[0] == language.split("-")[0].lower():  # else English stands in for it
            return words
    return speak(counter.templates, _DEFAULT)


def of_reader(counter: Counter, scope: Scope, subscriber: Subscriber | None) -> Voice:
    """To this reader, else in the newsletter's first language: for a link that came by our email."""
    entry = counter.store.reader(subscriber.id) if subscriber else None
    known = in_force.last_good(counter.store)
    languages = entry.wishes.languages if entry else known.masthead.newsletter.languages if known else (_DEFAULT,)
    return _voice(counter, scope, speak(counter.templates, languages[0]), subscriber)


def in_language(counter: Counter, scope: Scope, language: str, email: str) -> Voice:
    """To someone who is no reader yet."""
    return replace(_voice(counter, scope, speak(counter.templates, language), None), email=clean(email))


def to_address(counter: Counter, scope: Scope, subscriber: Subscriber, email: str) -> Voice:
    """To this reader at an address that may be another one."""
    return replace(of_reader(counter, scope, subscriber), email=clean(email))


def _voice(counter: Counter, scope: Scope, words: Words, subscriber: Subscriber | None) -> Voice:
    known = in_force.last_good(counter.store)
    newsletter = known.masthead.newsletter if known else None
    return Voice(
        words,
        name=clean(newsletter.name) if newsletter else "",
        email=clean(subscriber.email) if subscriber else "",
        root=_root(scope),
        has_archive=newsletter is not None and newsletter.archive is ArchiveMode.PUBLIC,
    )


def _root(scope: Scope) -> str:
    """Relative, since a proxy may have us below any path."""
    return "../" * (str(scope["path"]).count("/") - 1)


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
