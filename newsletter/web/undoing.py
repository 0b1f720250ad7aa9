"""The page behind an undo link: a GET asks, a POST undoes that one act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import Subscriber
from newsletter.readers import Counter, undoing
from newsletter.web import languages, pages


def path(counter: Counter, subscriber: Subscriber) -> str:
    """The page where this reader can undo what they just did, seen from one of ours: all lie a folder deep.

    Not from the root of the host, where another service may be.
    """
    return f"../undo/{undoing.offer(counter, subscriber)}"


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/undo/<secret>`; the address is the proof, so no body is needed."""

    async def visit(request: Request) -> Response:
        answer = _undo if request.method == "POST" else _ask
        return await run_in_threadpool(answer, counter, request.path_params["secret"])

    return visit


def _ask(counter: Counter, secret: str) -> Response:
    subscriber = undoing.offered(counter, secret)
    if subscriber is None:
        return _page(counter, None, "undo_over", status=404)
    return _page(counter, subscriber, f"undo_{subscriber.state.value}", button=True)


def _undo(counter: Counter, secret: str) -> Response:
    changed = undoing.take_back(counter, secret)
    readers.log_problem(counter, changed)
    return _page(counter, changed.subscriber, "back") if changed else _page(counter, None, "undo_over", status=404)


def _page(
    counter: Counter, subscriber: Subscriber | None, said: str, *, button: bool = False, status: int = 200
) -> Response:
    words = languages.of_reader(counter, subscriber)
    form = f'<form method="post"><button name="do" value="back">{escape(words.say("page_undo_button"))}</button></form>'
    body = f"<p>{escape(words.say(f'page_{said}'))}</p>{form if button else ''}"
    return pages.answer(pages.framed(words.say("page_undo_title"), body, words), status)
