"""What is written to whoever asked to join: one email with one button, or that they read already.

Nothing that a visitor typed is in it: the text is ours, and the address stands in To alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from newsletter.models import JoinMode, JoinRequest, JoinState, Masthead, Message, Outcome, Verdict
from newsletter.readers import Counter, joining, tickets
from newsletter.readers.joining import Step
from newsletter.readers.tickets import Kind
from newsletter.render.answer import Button, Content
from newsletter.replies import answering, letters
from newsletter.replies.responses import Response, Sentence, Way
from newsletter.tex import clean
from newsletter.words import speak

log = structlog.get_logger()

_FULL, _LIST = "joins.full", "joins.approval"
_READING = Response(
    title=Sentence("answer_reading"), lines=(Sentence("answer_reading_about"),), ways=(Way.PREFERENCES, Way.LEAVE)
)
_APPROVE = Kind("approve joins", joining.VALID)  # the administrator's link
_LONGEST_LIST = 50  # requests in one email to the administrator


def settle(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Write to everybody who asked since the last tick, as far as today's limit goes."""
    masthead = joining.open_masthead(counter)
    if masthead is None:
        return
    now = counter.now()
    counter.store.clear_joins(now - joining.VALID)
    for request in counter.store.join_requests(JoinState.ASKED):
        if stop():
            return
        _answer(counter, masthead, request)
    _tell_of_limit(counter, masthead)
    if masthead.newsletter.join is JoinMode.APPROVE:
        _tell_of_waiting(counter)


def _answer(counter: Counter, masthead: Masthead, request: JoinRequest) -> None:
    step = joining.step_for(counter, request)
    log.info("join.settled", step=step.value)
    if step is Step.NOTHING:
        is_valid = request.sent is not None and counter.now() - request.sent < joining.VALID
        state = JoinState.SENT if is_valid else JoinState.DROPPED
        counter.store.change_join(replace(request, state=state), request.state)
        return
    secret = joining.invite(counter, request) if step is Step.CONFIRM else ""
    noted = replace(request, sent=counter.now(), state=JoinState.SENT if secret else JoinState.DROPPED)
    if secret:
        noted = replace(noted, emails=request.emails + 1, message_id=letters.message_id(counter, "join", secret))
    # Noted before it is sent: a stop in between must not write to anybody twice.
    if not counter.store.change_join(noted, request.state):
        return
    outcome = _confirmation(counter, masthead, noted, secret) if secret else _told_reading(counter, request)
    if outcome and outcome.verdict is Verdict.TEMPORARY:
        log.warning("join.not-sent", detail=outcome.detail)
        counter.store.change_join(request, noted.state)


def _told_reading(counter: Counter, request: JoinRequest) -> Outcome | None:
    if known := joining.known(counter, request.written):
        answering.answer(counter, _READING, known, "")
    return None


def _confirmation(counter: Counter, masthead: Masthead, request: JoinRequest, secret: str) -> Outcome:
    return letters.post(counter, compose(counter, masthead, request, secret), f"join-{request.message_id}")


def compose(counter: Counter, masthead: Masthead, request: JoinRequest, secret: str) -> Message:
    """The email with the button of this secret."""
    words, letterhead = speak(counter.templates, request.language), counter.letterhead
    name = clean(masthead.newsletter.name)
    link = f"{letterhead.public_url}/j/{secret}" if letterhead.public_url else ""

    def say(key: str) -> str:
        return words.say(key, name=name)

    by_reply = (say("answer_join_reply"),) if letterhead.replies_read else ()
    content = Content(
        language=words.language,
        brand=name,
        title=say("answer_join"),
        lines=(say("answer_join_about"),),
        buttons=(Button(say("answer_join_button"), link),) if link else (),
        after=(*by_reply, say("answer_join_otherwise")),
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


def _tell_of_waiting(counter: Counter) -> None:
    """One email a day at most, with one link to a page that approves or declines."""
    waiting = counter.store.join_requests(JoinState.CONFIRMED)
    today = f"{counter.today}"
    if not waiting or counter.store.recall(_LIST) == today:
        return
    secret = tickets.issue(counter, _APPROVE, {}, of=today)
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
    return tickets.find(counter, _APPROVE, secret) is not None


def close_approval(counter: Counter, secret: str) -> None:
    """All was decided: the link has done its work."""
    tickets.use(counter, _APPROVE, secret)
