"""Leaving by a link: a look changes nothing, one POST leaves; and what could be done instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import Subscriber
from newsletter.readers import Counter, lists
from newsletter.tokens import Purpose, make, read
from newsletter.web import languages, less, pages, undoing
from newsletter.web.bodies import Form, read_form
from newsletter.web.pages import Voice

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(counter: Counter) -> Endpoint:
    """`/u/<token>`: the address is the proof, whichever form an email program posts, so no body is read."""

    async def visit(request: Request) -> Response:
        return await run_in_threadpool(_answer, counter, request, _leave if request.method == "POST" else _ask)

    return visit


def instead(counter: Counter) -> Endpoint:
    """`/u/<token>/less`: a POST does what its button says; a GET asks as the page before it."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None

        def act(counter: Counter, voice: Voice, subscriber: Subscriber) -> Response:
            return _ask(counter, voice, subscriber) if body is None else _less(counter, voice, subscriber, body)

        return await run_in_threadpool(_answer, counter, request, act)

    return visit


def _answer(counter: Counter, request: Request, act: Callable[[Counter, Voice, Subscriber], Response]) -> Response:
    subscriber_id = read(counter.keys, Purpose.LEAVE, request.path_params["token"])
    subscriber = counter.store.subscriber(subscriber_id) if subscriber_id is not None else None
    voice = languages.spoken(counter, request.scope, subscriber)
    if subscriber is None or lists.is_list(counter, subscriber.id):
        return pages.answer(pages.not_valid(voice), 404)
    return act(counter, voice, subscriber)


def _ask(counter: Counter, voice: Voice, subscriber: Subscriber) -> Response:
    token = make(counter.keys, Purpose.LEAVE, subscriber.id)
    offered = less.offers(counter, voice, subscriber, f"{voice.root}u/{token}/less") if subscriber.state.reads else ""
    return pages.answer(pages.ask(voice, f"{voice.root}u/{token}", offered))


def _leave(counter: Counter, voice: Voice, subscriber: Subscriber) -> Response:
    changed = readers.leave(counter, subscriber.id, readers.BY_LINK) or readers.Changed(subscriber, None)
    readers.log_problem(counter, changed)
    return left(counter, voice, changed.subscriber)


def left(counter: Counter, voice: Voice, subscriber: Subscriber) -> Response:
    """The page after leaving: one button takes it back, the others take something smaller instead."""
    undo = undoing.path(counter, voice, subscriber)
    return pages.answer(pages.left(voice, undo, less.offers(counter, voice, subscriber, undo)))


def _less(counter: Counter, voice: Voice, subscriber: Subscriber, body: Form) -> Response:
    wanted = body.get("do", [""])[0]
    if not less.is_known(wanted):
        return _ask(counter, voice, subscriber)
    taken = less.take(counter, voice, subscriber, wanted) if subscriber.state.reads else None
    return pages.answer(taken) if taken else pages.answer(pages.gone(voice), 409)
