"""What is written to whoever asked to join: one email with one button, or that they read already.

Nothing that a visitor typed is in it: the text is ours, and the address stands in To alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from newsletter.models import JoinMode, JoinRequest, JoinState, Masthead, Message, Source, Verdict
from newsletter.readers import Counter, joining, tickets
from newsletter.readers.joining import Step
from newsletter.readers.tickets import Kind
from newsletter.render.answer import Button, Content
from newsletter.replies import answering, letters
from newsletter.replies.responses import Response, Sentence, Way
from newsletter.tex import clean
from newsletter.words import speak

log = structlog.get_logger()

_FULL, _LIST, _FAILED, _UNSENT = "joins.full", "joins.approval", "joins.failed", "joins.unsent"
_MOST = 50  # emails of one tick
_PAUSE = timedelta(minutes=3)  # after an email that the transport did not take
_READING = Response(
    title=Sentence("answer_reading"), lines=(Sentence("answer_reading_about"),), ways=(Way.PREFERENCES, Way.LEAVE)
)
_APPROVE = Kind("approve joins", joining.VALID)  # the administrator's link
_LONGEST_LIST = 50  # requests in one email to the administrator


def settle(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Write to everybody who asked since the last tick, as far as today's limit goes.

    Where the transport serves nobody, the rest waits: a password that is tried every minute locks accounts.
    """
    masthead = joining.open_masthead(counter)
    if masthead is None or _waits(counter):
        return
    for state in (JoinState.SENDING, JoinState.ASKED):
        for request in counter.store.join_requests(state)[:_MOST]:
            # Imported ones come last, and take what is left of the day.
            full = request.source is Source.IMPORT and joining.is_full(counter, masthead)
            if stop() or full or not _answer(counter, masthead, request):
                return
    _tell_of_limit(counter, masthead)
    waiting = counter.store.join_requests(JoinState.CONFIRMED)
    if masthead.newsletter.join is JoinMode.APPROVE:
        _tell_of_waiting(counter, waiting)
    else:  # it was `approve` when they confirmed
        for request in waiting:
            joining.admit(counter, masthead, request)


def _waits(counter: Counter) -> bool:
    failed = counter.store.recall(_FAILED)
    return bool(failed) and timedelta() <= counter.now() - datetime.fromisoformat(failed or "") < _PAUSE


def _answer(counter: Counter, masthead: Masthead, request: JoinRequest) -> bool:
    """Whether the next one can be answered."""
    if request.state is JoinState.SENDING:  # a stop came in between: the same email once more
        return _send(counter, masthead, request)
    step = joining.step_for(counter, request)
    log.info("join.settled", step=step.value)
    if step is Step.CONFIRM:
        return _send(counter, masthead, request)
    told = step is Step.READING
    sent = counter.now() if told else request.sent
    is_valid = request.sent is not None and counter.now() - request.sent < joining.VALID
    settled = replace(request, sent=sent, state=JoinState.SENT if is_valid and not told else JoinState.DROPPED)
    known = joining.known(counter, request.written)
    if counter.store.change_join(settled, request.state) and told and known:
        answering.answer(counter, _READING, known, "")
    return True


def _send(counter: Counter, masthead: Masthead, request: JoinRequest) -> bool:
    secret, invited = joining.invite(counter, request)
    emails = request.emails + (request.state is JoinState.ASKED)
    message_id = letters.message_id(counter, "join", secret)
    sending = replace(invited, state=JoinState.SENDING, sent=counter.now(), emails=emails, message_id=message_id)
    if not counter.store.change_join(sending, request.state):
        return True
    outcome = letters.post(counter, compose(counter, masthead, sending, secret), f"join-{message_id}")
    if outcome.verdict is Verdict.TEMPORARY:
        log.warning("join.not-sent", detail=outcome.detail)
        counter.store.change_join(replace(request, state=JoinState.ASKED), JoinState.SENDING)
        counter.store.remember(_FAILED, counter.now().isoformat())
        problem = f"emails to people who want to join do not go out: {outcome.detail}"
        counter.alarms.trouble(
            _UNSENT, problem, "see `newsletter check --online`; they are tried again every few minutes"
        )
        return False
    counter.store.change_join(replace(sending, state=JoinState.SENT), JoinState.SENDING)
    counter.alarms.over(_UNSENT)
    return True


def compose(counter: Counter, masthead: Masthead, request: JoinRequest, secret: str) -> Message:
    """The email with the button of this secret."""
    words, letterhead = speak(counter.templates, request.language), counter.letterhead
    name = clean(masthead.newsletter.name)
    link = f"{letterhead.public_url}/j/{secret}" if letterhead.public_url else ""

    def say(key: str) -> str:
        return words.say(key, name=name)

    # A yes counts where our own mail server says whose it is.
    by_reply = (say("answer_join_reply"),) if letterhead.replies_read and counter.authserv_id else ()
    content = Content(
        language=words.language,
        brand=name,
        title=say("answer_join"),
        lines=(say("answer_join_about"),),
        buttons=(Button(say("answer_join_button"), link),) if link else (),
        after=(*by_reply, say("page_join_consent"), say("answer_join_otherwise")),
        aside=Button(say("answer_join_never_button"), f"{link}?never") if link else None,
        foot=tuple(filter(None, (say("answer_join_concerns"), letterhead.postal_address or ""))),
    )
    return letters.compose(counter, request.written, content, "join", secret)


# --- the administrator --------------------------------------------------------------


def _tell_of_limit(counter: Counter, masthead: Masthead) -> None:
    if joining.is_full(counter, masthead):
        most = masthead.newsletter.join_limit
        problem = f"{most} emails about joining went out within a day: nobody else can ask to join until tomorrow"
        counter.alarms.trouble(_FULL, problem, "if these are real people, raise join_limit in the subscriber list")
    else:
        counter.alarms.over(_FULL)


def _tell_of_waiting(counter: Counter, waiting: Sequence[JoinRequest]) -> None:
    """One email a day at most, with one link to a page that approves or declines; it ends the link before it."""
    today = f"{counter.today}"
    if not waiting or (counter.store.recall(_LIST) or "").startswith(today):
        return
    secret = tickets.issue(counter, _APPROVE, {"day": today})
    shown = [f"{one.written}, confirmed {one.confirmed:%Y-%m-%d %H:%M} UTC" for one in waiting[:_LONGEST_LIST]]
    more = len(waiting) - len(shown)
    web = counter.letterhead.public_url
    way = f"Decide within seven days: {web}/approve/{secret}" if web else "Decide by `newsletter subscribers pending`."
    lines = ("These people confirmed that they want to join:", *shown, *([f"and {more} more"] if more > 0 else []), way)
    number = "1 person asks" if len(waiting) == 1 else f"{len(waiting)} people ask"
    if counter.alarms.note(f"{_LIST} {today}", f"{number} to join", lines):
        counter.store.remember(_LIST, today)


def may_approve(counter: Counter, secret: str) -> bool:
    """Whether this is the secret of a link to the administrator that still works."""
    found = tickets.find(counter, _APPROVE, secret)
    return found is not None and found["day"] == counter.store.recall(_LIST)


def close_approval(counter: Counter, secret: str) -> None:
    """All was decided: the link has done its work."""
    tickets.use(counter, _APPROVE, secret)
