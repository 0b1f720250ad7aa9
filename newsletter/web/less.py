"""Less instead of leaving: a pause, or a smaller newsletter, each by one button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from newsletter import readers
from newsletter.models import Command, Reader, Subscriber
from newsletter.readers import Counter, in_force
from newsletter.readers.changes import BY_LINK
from newsletter.readers.preferences import filled
from newsletter.replies import commands
from newsletter.replies.commands import Request
from newsletter.subscribers.values import DAYS
from newsletter.web import pages
from newsletter.web.pages import Voice

_PAUSES = {"pause-14": 14, "pause-28": 28}  # days
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "weekly": {"frequency": "weekly"},
    "papers": {"max_papers": "5"},
    "titles": {"abstracts": "none"},
}


def is_known(wanted: str) -> bool:
    return wanted in _PAUSES or wanted in _FIELDS


def offers(counter: Counter, voice: Voice, subscriber: Subscriber, action: str) -> str:
    """What this reader could do instead, as markup; nothing that is so already."""
    reader = counter.store.reader(subscriber.id)
    if reader is None:
        return ""
    pauses = (pages.button(voice.text(f"page_{one.replace('-', '_for_')}"), one, plain=True) for one in _PAUSES)
    less = [pages.button(_label(voice, one, reader), one, plain=True) for one in _FIELDS if not _is_so(reader, one)]
    return pages.section(voice.text("page_break"), pages.form(action, *pauses)) + (
        pages.section(voice.text("page_less"), pages.form(action, *less)) if less else ""
    )


def _label(voice: Voice, one: str, reader: Reader) -> str:
    return voice.text(f"page_less_{one}", weekday=voice.say(f"page_{DAYS[min(reader.days) - 1]}"))


def _is_so(reader: Reader, one: str) -> bool:
    wishes = reader.wishes
    return {"weekly": reader.weekly, "papers": wishes.max_papers <= 5, "titles": wishes.abstracts.value == "none"}[one]


def take(counter: Counter, voice: Voice, subscriber: Subscriber, wanted: str) -> str | None:
    """Do it, and say so as a page; None where this reader is not in the list."""
    if wanted in _PAUSES:
        until = (counter.today + timedelta(days=_PAUSES[wanted])).isoformat()
        request = Request(counter=counter, reader=subscriber, command=Command.PAUSE, value=until, how=BY_LINK)
        acted = commands.carry_out(request)
        if acted is None or acted.response is None:
            return None
        readers.log_problem(counter, acted.changed)
        title = acted.response.title.write(voice.words, name=voice.name, email=voice.email)
        return pages.changed(voice, title, voice.say("page_confirm_concerns"), voice.say("page_less_later"))
    known, before = in_force.last_good(counter.store), counter.store.reader(subscriber.id)
    if known is None or before is None:
        return None
    after = filled(counter.store, known.masthead, before, _FIELDS[wanted])
    readers.log_problem(counter, readers.prefer(counter, subscriber, before, after))
    done = voice.say(f"page_less_{wanted}", weekday=voice.say(f"page_{DAYS[min(after.days) - 1]}"))
    return pages.changed(
        voice, done, voice.say("page_confirm_concerns"), voice.say("page_saved"), voice.say("page_less_later")
    )
