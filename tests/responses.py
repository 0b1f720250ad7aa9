"""Every kind of answer to a reply, with made-up values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from newsletter.models import Command, Letterhead, Message, Subscriber, SubscriberState
from newsletter.replies import answers, rights
from newsletter.replies.answers import Writer
from newsletter.replies.responses import Asking, Response, Sentence, Way
from newsletter.words import Words
from tests.counters import TEMPLATES
from tests.factories import KEYS

NOW = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
ADA = Subscriber(id=7, email="ada@example.net", state=SubscriberState.ACTIVE, since=NOW, added=NOW)
SECRETS = {Way.UNDO: "0123456789" * 4, Way.CONFIRM: "abcdef0123" * 4} | dict.fromkeys(
    (Way.DOWNLOAD, Way.ERASE, Way.ADDRESS), "0a1b2c3d4e" * 4
)
_GIVEN = {
    "until": date(2026, 3, 23), "count": 5, "languages": ("zh", "en"), "time": "07:30", "zone": "UTC", "weekday": 1,
    "titles": ("Zagreb",),
}  # fmt: skip


def _ask(command: Command, value: str, deed: str) -> Response:
    return Response(
        title=Sentence("answer_please"), lines=(Sentence("answer_understood"),), notes=(Sentence(deed, _GIVEN),),
        ways=(Way.CONFIRM,), after=(Sentence("answer_or_yes"), Sentence("answer_otherwise")), words=True,
        asking=Asking(command, value),
    )  # fmt: skip


def _done(what: str) -> Response:
    title = Sentence(f"answer_done_{what}", _GIVEN)
    return Response(title=title, lines=(Sentence("answer_from_next"),), ways=(Way.PREFERENCES,))


KINDS: Mapping[str, Response] = {
    "left": Response(title=Sentence("answer_left"), ways=(Way.UNDO,), confirms=True),
    "paused": Response(title=Sentence("answer_paused", _GIVEN), ways=(Way.UNDO,), confirms=True),
    "resumed": Response(title=Sentence("answer_resumed"), ways=(Way.LEAVE,), confirms=True),
    "confirm": Response(
        title=Sentence("answer_please"), lines=(Sentence("answer_confirm"),), ways=(Way.CONFIRM,), words=True,
        after=(Sentence("answer_if_not"),), asking=Asking(Command.UNSUBSCRIBE, ""),
    ),
    "ask-pause": _ask(Command.PAUSE, "2026-03-23", "answer_do_pause"),
    "ask-how-long": _ask(Command.PAUSE, "", "answer_do_pause_open"),
    "ask-resume": _ask(Command.RESUME, "", "answer_do_resume"),
    "ask-papers": _ask(Command.PAPERS, "5", "answer_do_papers"),
    "ask-weekly": _ask(Command.DAYS, "weekly", "answer_do_weekly"),
    "ask-daily": _ask(Command.DAYS, "daily", "answer_do_daily"),
    "ask-time": _ask(Command.TIME, "07:30", "answer_do_time"),
    "ask-languages": _ask(Command.LANGUAGES, "zh en", "answer_do_languages"),
    **{f"done-{what}": _done(what) for what in ("papers", "weekly", "daily", "time", "languages")},
    "help": Response(
        title=Sentence("answer_help"), words=True, words_first=True, ways=(Way.PREFERENCES, Way.LEAVE)
    ),
    "settings": Response(
        title=Sentence("answer_settings"), lines=(Sentence("page_wrong_no_time"), Sentence("answer_settings_about")),
        ways=(Way.PREFERENCES,), words=True,
    ),
    "reading": Response(title=Sentence("answer_reading"), ways=(Way.PREFERENCES, Way.LEAVE)),
    "no-paper": Response(title=Sentence("answer_no_paper", {"numbers": (17, 18)}), ways=(Way.PREFERENCES,)),
    "like": Response(
        title=Sentence("answer_no_paper", {"numbers": (17,)}), lines=(Sentence("answer_done_like"),),
        notes=("3. Zagreb",), ways=(Way.PREFERENCES,),
    ),
    "order-off": Response(
        title=Sentence("answer_noted"), lines=(Sentence("answer_done_like"),), notes=("3. Zagreb",),
        after=(Sentence("answer_order_off"),), ways=(Way.PREFERENCES,),
    ),
    "no-number": Response(title=Sentence("answer_no_number"), ways=(Way.PREFERENCES,)),
    **{
        f"ask-{kind}": _ask(Command(kind), "2603.00001", f"answer_do_{kind}")
        for kind in ("like", "not", "save", "unmark")
    },
    "no-address": Response(
        title=Sentence("answer_settings"), lines=(Sentence("page_wrong_by_operator"),), ways=(Way.PREFERENCES,)
    ),
    **{wanted: rights.email(wanted) for wanted in ("download", "erase", "address")},
}  # fmt: skip


def written(
    response: Response,
    reader: Subscriber,
    words: Words,
    letterhead: Letterhead,
    replied: str = "<reply@example.org>",
    newsletter: str = "Morning arXiv",
) -> Message:
    by = Writer(letterhead, KEYS, reader, newsletter, words, NOW)
    return answers.compose(response, by, folders=[TEMPLATES], answers=replied, secrets=SECRETS)
