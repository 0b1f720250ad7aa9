"""A fresh link for whose link was cut off: the same answer to everybody, and one email a day to readers we know."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.readers import Counter, lists, tickets
from newsletter.replies import answering
from newsletter.replies.responses import Response as Email
from newsletter.replies.responses import Sentence, Way
from newsletter.web import languages, pages
from newsletter.web.bodies import read_form

log = structlog.get_logger()

PATH = f"/{pages.LINK_PATH}"
MOST, _WITHIN = 30, timedelta(minutes=1)  # requests of all visitors together
_EMAIL = Email(
    title=Sentence("answer_links"),
    lines=(Sentence("answer_links_about"),),
    ways=(Way.PREFERENCES, Way.LEAVE),
    after=(Sentence("answer_links_otherwise"),),
)


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/link`: a GET shows the field, a POST may send."""
    asked: deque[datetime] = deque(maxlen=MOST)

    async def visit(request: Request) -> Response:
        voice = await run_in_threadpool(languages.spoken, counter, request.scope)
        if request.method != "POST":
            return pages.answer(pages.link_asked(voice))
        email = (await read_form(request)).get("email", [""])[0].strip()
        now = counter.now()
        if len(asked) == MOST and now - asked[0] < _WITHIN:
            return pages.answer(pages.too_many(voice), 429)
        asked.append(now)
        # Behind the answer: how long it takes would tell who is known.
        answer = pages.answer(pages.link_sent(voice))
        answer.background = BackgroundTask(send, counter, email)
        return answer

    return visit


def send(counter: Counter, email: str) -> None:
    """The links of a reader who gets email, once a day; nothing to anybody else."""
    subscriber = counter.store.subscriber(email.lower())
    if subscriber is None or not subscriber.state.reads or lists.is_list(counter, subscriber.id):
        log.info("link.left-out", why="no reader")
        return
    if not tickets.claim(counter, "fresh link", str(subscriber.id)):
        log.info("link.left-out", why="sent today")
        return
    answering.answer(counter, _EMAIL, subscriber, "")
