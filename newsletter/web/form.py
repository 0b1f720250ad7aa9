"""The form of the preferences page; it works without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import jinja2
from babel import Locale, UnknownLocaleError

from newsletter.models import Reader, Subscriber, SubscriberState, Topic
from newsletter.subscribers.preferences import said
from newsletter.subscribers.readers import LEANINGS
from newsletter.subscribers.values import DAYS
from newsletter.times.hours import next_hour
from newsletter.web.pages import Voice, framed
from newsletter.words import Words

_PAUSE = timedelta(days=30)
_OLD_NAMES = ("Etc/", "SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("newsletter.web", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(name: str, **values: object) -> str:
    """A template of ours as markup."""
    return _environment().get_template(name).render(**values)


def page(
    voice: Voice,
    reader: Reader | None,
    subscriber: Subscriber,
    *,
    topics: Sequence[Topic],
    languages: Sequence[str],
    note: str,
    bad: bool,
    archive: str | None,
    data: str | None,
    now: datetime,
    translations: bool,
    marked: Mapping[str, int],
    saved: str,
) -> str:
    """The whole page; a reader who gets no email is shown the way back and their data.

    `data`: the sentence above what they can do with it; None where nothing can be sent to them.
    """
    gets_mail, words = subscriber.state.reads, voice.words
    body = render(
        "form.html.j2",
        w=words.section("page_"),
        say=voice.say,
        since=words.long_day(subscriber.added.date()),
        next_email=_next(words, reader, subscriber, now) if reader and gets_mail else None,
        note=note,
        bad=bad,
        email=subscriber.email,
        archive=archive if gets_mail else None,
        data=data,
        now=values_of(reader) if reader and gets_mail else None,
        marked=marked,
        translations=translations,
        saved=saved,
        until=_until(words, subscriber),
        languages=named(languages) if reader else [],
        topics=topics,
        usual_bar=_bar(reader, topics) if reader else "",
        zones=zones(reader.timezone) if reader else [],
        all_days=DAYS,
        pause=now.date() + _PAUSE,
        tomorrow=now.date() + timedelta(days=1),
    )
    return framed(voice.say("page_title"), body, voice)


def _next(words: Words, reader: Reader, subscriber: Subscriber, now: datetime) -> str | None:
    """The day and the time of the next email, by the reader's own clock."""
    moment = next_hour(reader, now, subscriber.paused_until)
    return words.say("page_next", day=words.day(moment.date()), time=f"{moment:%H:%M}") if moment else None


def _bar(reader: Reader, topics: Sequence[Topic]) -> str:
    """The relevance from which the reader's topics pick a paper; from the lowest to the highest where they differ."""
    bars = sorted({topic.min_relevance for topic in topics if topic.key in reader.wishes.topics})
    return "–".join(str(bar) for bar in dict.fromkeys((*bars[:1], *bars[-1:])))


def _until(words: Words, subscriber: Subscriber) -> str | None:
    """The end of a pause as this reader writes dates."""
    paused = subscriber.state is SubscriberState.PAUSED and subscriber.paused_until
    return words.long_day(paused) if paused else None


def values_of(reader: Reader) -> dict[str, Any]:
    """A reader's settings as the form's values."""
    first, second, *_ = (*reader.wishes.languages, "")
    return {
        "first": first,
        "second": second,
        "topics": reader.wishes.topics,
        "max_papers": reader.wishes.max_papers,
        "min_relevance": reader.wishes.min_relevance or "",
        "abstracts": reader.wishes.abstracts.value,
        "abstract_language": reader.wishes.abstract_language.value,
        "send_at": said(reader, "send_at"),
        "timezone": reader.timezone,
        "frequency": said(reader, "frequency"),
        **{key: said(reader, key) for key in LEANINGS},
        "days": [DAYS[day - 1] for day in sorted(reader.days)],
    }


def named(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Languages with their names, each in its own words."""
    return [(code, _name(code)) for code in codes]


def _name(code: str) -> str:
    """A language in its own words."""
    try:
        return str(Locale.parse(code, sep="-").display_name or code)
    except (UnknownLocaleError, ValueError):
        return code


@cache
def _known_zones() -> Sequence[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_OLD_NAMES))


def zones(own: str) -> Sequence[str]:
    """The time zones to choose from, with the reader's own."""
    return sorted({"UTC", own, *_known_zones()})
