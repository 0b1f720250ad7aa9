"""What each command does, and the sentences before and after it. A new command is one entry of `_COMMANDS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from newsletter.models import Command, Frequency, MarkedBy, MarkKind, Reader, Subscriber
from newsletter.readers import Changed, Counter, in_force, leave, marking, pause, prefer, undo
from newsletter.readers.changes import BY_REPLY, left_by_themselves
from newsletter.readers.moving import wished
from newsletter.readers.preferences import filled
from newsletter.replies.responses import Asking, Response, Sentence, Way
from newsletter.subscribers import values
from newsletter.subscribers.tree import Unfit

_LONGEST_PAUSE = timedelta(days=366)  # as on the preferences page


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command of one reader, whether it came by email or by a button."""

    counter: Counter
    reader: Subscriber
    command: Command
    value: str = ""
    about: str | None = None  # the Message-ID of the email that was replied to
    how: str = BY_REPLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What an email did: to whom, whether it changed anything, and what we write back."""

    subscriber: Subscriber | None  # None: of someone who is no reader yet; then there is no response
    changed: Changed | None = None
    response: Response | None = None
    new_address: str = ""  # to which they want to move: both are to be asked, see `moving`


@dataclass(frozen=True, slots=True)
class _Entry:
    do: Callable[[Request], Acted | None]  # None: not for this reader, so it is for a person
    deed: Callable[[Request], Sentence | None] | None = None  # what it would do; None: it changes nothing


def carry_out(request: Request) -> Acted | None:
    """Do what is asked for. What cannot be read is answered with the way to the settings."""
    try:
        return _COMMANDS[request.command].do(request) if _may(request) else None
    except Unfit as unfit:
        return _told(request, _settings(request, unfit))


def question(request: Request, *, proven: bool) -> Acted | None:
    """Ask whether it is meant; what changes nothing is answered as it is, as often as a question would be asked."""
    request = _settled(request)
    would = _COMMANDS[request.command].deed
    if would is None:
        acted = carry_out(request)
    elif _may(request) and (request.reader.state.reads or request.command is Command.RESUME):
        acted = _asked(request, would, proven=proven)
    else:
        return None
    if acted is None or acted.response is None or acted.response.asking:
        return acted
    return replace(acted, response=replace(acted.response, asking=Asking(request.command, request.value)))


def deed(request: Request) -> Sentence | None:
    """What it would do; None where it would do nothing, or no longer can."""
    found = _COMMANDS[request.command].deed
    try:
        return found(request) if found and _may(request) else None
    except Unfit:
        return None


def _may(request: Request) -> bool:
    """Who gets no email can only leave once more, or come back where that was their own doing."""
    if request.command in (Command.RESUME, Command.JOIN):
        return request.reader.state.reads or left_by_themselves(request.reader)
    return request.reader.state.reads or request.command is Command.UNSUBSCRIBE


def _asked(request: Request, would: Callable[[Request], Sentence | None], *, proven: bool) -> Acted | None:
    try:
        what = would(request)
    except Unfit as unfit:
        return _told(request, _settings(request, unfit))
    return _told(request, _asking(request, what, proven=proven)) if what else None


def _asking(request: Request, what: Sentence, *, proven: bool) -> Response:
    asked = Response(
        title=Sentence("answer_please"),
        ways=(Way.CONFIRM,),
        words=True,
        asking=Asking(request.command, request.value),
    )
    if request.command is Command.UNSUBSCRIBE:
        return replace(asked, lines=(Sentence("answer_confirm"),), after=(Sentence("answer_if_not"),))
    by_word = () if _is_open(request) else (Sentence("answer_or_yes"),)
    return replace(
        asked,
        lines=(Sentence("answer_understood" if proven else "answer_claimed"),),
        notes=(what,),
        after=(*by_word, Sentence("answer_otherwise")),
    )


# --- leaving, pausing, coming back ---


def _unsubscribe(request: Request) -> Acted | None:
    changed = leave(request.counter, request.reader.id, request.how)
    response = Response(title=Sentence("answer_left"), ways=(Way.UNDO,), confirms=True)
    return Acted(subscriber=changed.subscriber, changed=changed, response=response) if changed else None


def _is_open(request: Request) -> bool:
    return request.command is Command.PAUSE and not request.value


def _pause(request: Request) -> Acted | None:
    if _is_open(request):
        return question(request, proven=True)
    until = _until(request)
    changed = pause(request.counter, request.reader, until)
    title = Sentence("answer_paused", {"until": until})
    response = Response(title=title, ways=(Way.UNDO,), confirms=True)
    return Acted(subscriber=changed.subscriber, changed=changed, response=response)


def _until(request: Request) -> date:
    until, today = values.day(request.value), request.counter.today
    if not today < until <= today + _LONGEST_PAUSE:
        problem, remedy = f"{until} is not within the next year", "choose a day after today"
        raise Unfit(problem, remedy, "pause", value=request.value)
    return until


def _would_pause(request: Request) -> Sentence:
    if _is_open(request):
        return Sentence("answer_do_pause_open")
    return Sentence("answer_do_pause", {"until": _until(request)})


def _resume(request: Request) -> Acted | None:
    changed = undo(request.counter, request.reader)
    response = Response(title=Sentence("answer_resumed"), ways=(Way.LEAVE,), confirms=True)
    return Acted(subscriber=changed.subscriber, changed=changed, response=response) if changed else None


def _join(request: Request) -> Acted | None:
    """Who reads is told so; who left by their own hand is asked whether they want to come back."""
    if request.reader.state.reads:
        return _told(request, Response(title=Sentence("answer_reading"), ways=(Way.PREFERENCES, Way.LEAVE)))
    if left_by_themselves(request.reader):
        return question(replace(request, command=Command.RESUME), proven=True)
    return None


# --- preferences ---


def _frequency(request: Request, reader: Reader) -> Mapping[str, str]:
    """Daily also takes back what "weekly" once was: a single day."""
    if request.value not in tuple(Frequency):
        raise Unfit(f"{request.value!r} is neither weekly nor daily", "write one of them", "no_days")
    every_day = request.value == Frequency.DAILY and len(reader.days) == 1
    return {"frequency": request.value} | ({"days": ", ".join(values.DAYS)} if every_day else {})


# The keys of a reader's entry that a command sets.
_FIELDS: Mapping[Command, Callable[[Request, Reader], Mapping[str, str]]] = {
    Command.PAPERS: lambda request, _: {"max_papers": request.value},
    Command.DAYS: _frequency,
    Command.TIME: lambda request, _: {"send_at": request.value},
    Command.LANGUAGES: lambda request, _: {"languages": ", ".join(request.value.split())},
}


def _change(request: Request) -> tuple[Reader, Reader] | None:
    """What is in force and what would be; None for who is not in the list. Raises Unfit."""
    known, before = in_force.last_good(request.counter.store), request.counter.store.reader(request.reader.id)
    if known is None or before is None:
        return None
    if not request.value:
        raise Unfit(f"{request.command.value} without a value", "name one", f"no_{request.command.value}")
    fields = _FIELDS[request.command](request, before)
    return before, filled(request.counter.store, known.masthead, before, fields)


def _prefer(request: Request) -> Acted | None:
    change = _change(request)
    if change is None:
        return None
    changed = prefer(request.counter, request.reader, *change)
    response = Response(
        title=_sentence("answer_done", request, change[1]),
        lines=(Sentence("answer_from_next"),),
        ways=(Way.PREFERENCES,),
    )
    return Acted(subscriber=changed.subscriber, changed=changed, response=response)


def _would_prefer(request: Request) -> Sentence | None:
    change = _change(request)
    return _sentence("answer_do", request, change[1]) if change else None


def _sentence(prefix: str, request: Request, after: Reader) -> Sentence:
    what = request.value if request.command is Command.DAYS else request.command.value
    given: dict[str, object] = {"count": after.wishes.max_papers, "languages": after.wishes.languages}
    given |= {"time": f"{after.send_at:%H:%M}", "zone": after.timezone, "weekday": min(after.days)}
    return Sentence(f"{prefix}_{what}", given)


# --- words and links ---


def _told(request: Request, response: Response) -> Acted:
    return Acted(subscriber=request.reader, response=response)


def _settings(request: Request, unfit: Unfit | None = None) -> Response:
    """The way to the settings, and before it what could not be read."""
    problem = (Sentence(f"page_wrong_{unfit.key}", unfit.fields),) if unfit else ()
    page = (Sentence("answer_settings_about"),) if request.counter.letterhead.public_url else ()
    title = Sentence("answer_settings")
    return Response(title=title, lines=(*problem, *page), ways=(Way.PREFERENCES,), words=True)


def _help(request: Request) -> Acted:
    ways = (Way.PREFERENCES, Way.LEAVE)
    return _told(request, Response(title=Sentence("answer_help"), words=True, words_first=True, ways=ways))


# --- papers, by the numbers printed in the email that was answered ---


_KINDS = {Command.LIKE: MarkKind.LIKE, Command.NOT: MarkKind.NOT, Command.SAVE: MarkKind.SAVE}


def _mark(request: Request) -> Acted:
    """Done without a word: the next email says so. What is not there is answered, and whose order is turned off."""
    named = marking.named(request.counter, request.reader.id, request.value, request.about)
    kind = _KINDS[request.command]
    if named.papers:
        by = MarkedBy.REPLY if request.how == BY_REPLY else MarkedBy.PAGE
        marking.mark(request.counter, request.reader.id, kind, list(named.papers), by, named.printed)
    known = request.counter.store.reader(request.reader.id)
    order_is_off = known is not None and not known.wishes.leanings.personal
    if not named.missing and named.papers and not order_is_off:
        return Acted(subscriber=request.reader)
    absent = Sentence("answer_no_paper", {"numbers": named.missing}) if named.missing else Sentence("answer_no_number")
    if not named.papers:
        return _told(request, Response(title=absent, ways=(Way.PREFERENCES,)))
    title = absent if named.missing else Sentence("answer_noted")
    titles, lines = tuple(named.papers.values()), (Sentence(f"answer_done_{kind}"),)
    off = (Sentence("answer_order_off"),) if order_is_off else ()
    return _told(request, Response(title=title, lines=lines, notes=titles, after=off, ways=(Way.PREFERENCES,)))


def _unmark(request: Request) -> Acted:
    """All that was said of these papers; the next email has nothing to say of it, so it is answered."""
    named = marking.named(request.counter, request.reader.id, request.value, request.about)
    marking.take_back(request.counter, request.reader.id, MarkKind, list(named.papers))
    absent = Sentence("answer_no_paper", {"numbers": named.missing}) if named.missing else Sentence("answer_no_number")
    title = Sentence("answer_done_unmark") if named.papers else absent
    lines = (absent,) if named.papers and named.missing else ()
    notes = tuple(named.papers.values())
    return _told(request, Response(title=title, lines=lines, notes=notes, ways=(Way.PREFERENCES,)))


def _would_mark(request: Request) -> Sentence | None:
    named = marking.named(request.counter, request.reader.id, request.value, request.about)
    titles = tuple(named.papers.values())
    return Sentence(f"answer_do_{request.command}", {"titles": titles}) if titles else None


def _settled(request: Request) -> Request:
    """With the papers themselves in place of their numbers: a question is answered later, beside another email."""
    if request.command not in (*_KINDS, Command.UNMARK):
        return request
    named = marking.named(request.counter, request.reader.id, request.value, request.about)
    return replace(request, value=" ".join(named.papers))


# --- the address ---


def _new_address(request: Request) -> str | None:
    """What was asked for, as our emails would name it; None for who is not in the list. Raises Unfit."""
    known, counter = in_force.last_good(request.counter.store), request.counter
    if known is None or counter.store.reader(request.reader.id) is None:
        return None
    if not counter.letterhead.public_url:
        raise Unfit("there are no links here", "ask the operator", "by_operator")
    if not request.value:
        raise Unfit("address without a value", "name one", "no_address")
    try:
        return wished(counter, known.masthead, request.reader, request.value)
    except Unfit as unfit:
        if unfit.key in ("same", "full"):
            raise
        raise Unfit(unfit.problem, unfit.remedy, "unusable") from unfit  # without what they wrote


def _address(request: Request) -> Acted | None:
    """Both addresses are asked by an email of their own, which is all that a reply is answered with."""
    written = _new_address(request)
    if written is None:
        return None
    title, lines = Sentence("answer_done_address"), (Sentence("page_data_sent_both"),)
    response = None if request.how == BY_REPLY else Response(title=title, lines=lines)
    return Acted(subscriber=request.reader, response=response, new_address=written)


def _would_address(request: Request) -> Sentence | None:
    return Sentence("answer_do_address") if _new_address(request) else None


_PREFERENCE, _MARK = _Entry(_prefer, _would_prefer), _Entry(_mark, _would_mark)
_COMMANDS: Mapping[Command, _Entry] = {
    Command.UNSUBSCRIBE: _Entry(_unsubscribe, lambda _: Sentence("answer_do_unsubscribe")),
    Command.PAUSE: _Entry(_pause, _would_pause),
    Command.RESUME: _Entry(_resume, lambda _: Sentence("answer_do_resume")),
    Command.JOIN: _Entry(_join),
    Command.HELP: _Entry(_help),
    Command.SETTINGS: _Entry(lambda request: _told(request, _settings(request))),
    Command.LIKE: _MARK,
    Command.NOT: _MARK,
    Command.SAVE: _MARK,
    Command.UNMARK: _Entry(_unmark, _would_mark),
    Command.PAPERS: _PREFERENCE,
    Command.DAYS: _PREFERENCE,
    Command.TIME: _PREFERENCE,
    Command.LANGUAGES: _PREFERENCE,
    Command.ADDRESS: _Entry(_address, _would_address),
}
