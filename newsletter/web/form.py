"""The form of the preferences page; it works without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import jinja2
from babel import Locale, UnknownLocaleError

from newsletter.models import Reader, Subscriber, SubscriberState, Topic
from newsletter.subscribers.preferences import said
from newsletter.subscribers.values import DAYS
from newsletter.web.pages import framed
from newsletter.web.words import Words

_PAUSE = timedelta(days=30)
_OLD_NAMES = ("Etc/", "SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
# A checkbox that is not checked says nothing: the empty value in front tells that its list was shown.
_FORM = """\
{% macro radio(name, value, label) %}
<label class="choice"><input type="radio" name="{{ name }}" value="{{ value }}"
{%- if now[name] == value %} checked{% endif %}> {{ label }}</label>
{% endmacro %}
{% macro check(name, value, label) %}
<label class="choice"><input type="checkbox" name="{{ name }}" value="{{ value }}"
{%- if value in now[name] %} checked{% endif %}> {{ label }}</label>
{% endmacro %}
{% macro option(value, label, chosen) %}
<option value="{{ value }}"{% if value == chosen %} selected{% endif %}>{{ label }}</option>
{% endmacro %}
<p class="quiet">{{ email }}{% if archive %} · <a href="{{ archive }}">{{ w.archive }}</a>{% endif %}</p>
{% if note %}
<p class="note{% if bad %} bad{% endif %}" role="{{ "alert" if bad else "status" }}">{{ note }}</p>
{% endif %}
{% if not now %}
<p>{{ w.gone }}</p>
<form method="post"><button name="do" value="back">{{ w.again_button }}</button></form>
{% else %}
{% if until %}
<form method="post">
{% if not note %}
<p class="note">{{ w.paused.format(until=until) }}</p>
{% endif %}
<button name="do" value="back">{{ w.resume_button }}</button>
</form>
{% endif %}
<form method="post">
{% if languages | length > 1 %}
<fieldset>
<legend>{{ w.languages }}</legend>
<div class="fields">
<div><label for="first">{{ w.first }}</label>
<select id="first" name="languages">
{% for code, name in languages %}
{{ option(code, name, now.first) }}
{% endfor %}
</select></div>
<div><label for="second">{{ w.second }}</label>
<select id="second" name="languages">
{{ option("", w.none, now.second) }}
{% for code, name in languages %}
{{ option(code, name, now.second) }}
{% endfor %}
</select></div>
</div>
</fieldset>
{% endif %}
{% if topics | length > 1 %}
<fieldset>
<legend>{{ w.topics }}</legend>
<input type="hidden" name="topics" value="">
{% for topic in topics %}
{{ check("topics", topic.key, topic.title) }}
{% endfor %}
</fieldset>
{% endif %}
<fieldset>
<legend>{{ w.abstracts }}</legend>
{{ radio("abstracts", "smart", w.smart) }}
{{ radio("abstracts", "full", w.full) }}
{{ radio("abstracts", "none", w.no_abstracts) }}
</fieldset>
<fieldset>
<legend>{{ w.abstract_language }}</legend>
{{ radio("abstract_language", "original", w.original) }}
{{ radio("abstract_language", "first", w.translated) }}
{{ radio("abstract_language", "both", w.both) }}
</fieldset>
<fieldset>
<legend>{{ w.when }}</legend>
<div class="fields">
<div><label for="hour">{{ w.hour }}</label>
<input id="hour" type="time" name="send_at" value="{{ now.send_at }}" required></div>
<div><label for="zone">{{ w.zone }}</label>
<select id="zone" name="timezone">
{% for zone in zones %}
{{ option(zone, zone.replace("_", " "), now.timezone) }}
{% endfor %}
</select></div>
</div>
</fieldset>
<fieldset>
<legend>{{ w.days }}</legend>
<input type="hidden" name="days" value="">
<div class="days">
{% for day in all_days %}
{{ check("days", day, w[day]) }}
{% endfor %}
</div>
<p class="quiet">{{ w.days_about }}</p>
</fieldset>
<p class="save"><button name="do" value="save">{{ w.save }}</button></p>
</form>
<h2>{{ w.pause }}</h2>
<form method="post">
<div class="fields">
<div><label for="until">{{ w.until }}</label>
<input id="until" type="date" name="until" value="{{ pause }}" min="{{ tomorrow }}" required></div>
</div>
<p><button class="plain" name="do" value="pause">{{ w.pause_button }}</button></p>
</form>
<h2>{{ w.leave }}</h2>
<p>{{ w.leave_about }}</p>
<form method="post"><button class="plain" name="do" value="leave">{{ w.leave_button }}</button></form>
{% endif %}
"""
_environment = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_template = _environment.from_string(_FORM)


def page(
    words: Words,
    reader: Reader | None,
    subscriber: Subscriber,
    *,
    topics: Sequence[Topic],
    languages: Sequence[str],
    note: str,
    bad: bool,
    archive: str | None,
    today: date,
) -> str:
    """The whole page; a reader who gets no mail is shown the way back only."""
    gets_mail = subscriber.state in (SubscriberState.ACTIVE, SubscriberState.PAUSED)
    body = _template.render(
        w=words,
        note=note,
        bad=bad,
        email=subscriber.email,
        archive=archive if gets_mail else None,
        now=_now(reader) if reader and gets_mail else None,
        until=subscriber.paused_until if subscriber.state is SubscriberState.PAUSED else None,
        languages=[(code, _name(code)) for code in languages] if reader else [],
        topics=topics,
        zones=_zones(reader.timezone) if reader else [],
        all_days=DAYS,
        pause=today + _PAUSE,
        tomorrow=today + timedelta(days=1),
    )
    return framed(words["title"], body, words["language"])


def _now(reader: Reader) -> dict[str, Any]:
    """What is set, as the form's values."""
    first, second, *_ = (*reader.wishes.languages, "")
    return {
        "first": first,
        "second": second,
        "topics": reader.wishes.topics,
        "abstracts": reader.wishes.abstracts.value,
        "abstract_language": reader.wishes.abstract_language.value,
        "send_at": said(reader, "send_at"),
        "timezone": reader.timezone,
        "days": [DAYS[day - 1] for day in sorted(reader.days)],
    }


def _name(code: str) -> str:
    """A language in its own words."""
    try:
        return str(Locale.parse(code, sep="-").display_name or code)
    except (UnknownLocaleError, ValueError):
        return code


@cache
def _known_zones() -> Sequence[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_OLD_NAMES))


def _zones(own: str) -> Sequence[str]:
    return sorted({"UTC", own, *_known_zones()})
