"""The page behind an undo link: a GET asks, a POST undoes that one act, or puts something smaller in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import Subscriber
from newsletter.readers import Counter, undoing
from newsletter.web import languages, less, pages
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import Scope
from newsletter.web.pages import Voice


def path(counter: Counter, voice: Voice, subscriber: Subscriber) -> str:
    """The page where this reader can undo what they just did, seen from the page that `voice` speaks on."""
    return f"{voice.root}undo/{undoing.offer(counter, subscriber)}"


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/undo/<secret>`; the address is the proof."""

    async def visit(request: Request) -> Response:
        secret = request.path_params["secret"]
        if request.method != "POST":
            return await run_in_threadpool(_ask, counter, request.scope, secret)
        return await run_in_threadpool(_undo, counter, request.scope, secret, await read_form(request))

    return visit


def _ask(counter: Counter, scope: Scope, secret: str) -> Response:
    subscriber = undoing.offered(counter, secret)
    voice = languages.of_reader(counter, scope, subscriber)
    if subscriber is None:
        return _over(voice)
    undo = pages.form("", pages.button(voice.text("page_undo_button"), "back"))
    return _page(voice, f"undo_{subscriber.state.value}", undo)


def _undo(counter: Counter, scope: Scope, secret: str, body: Form) -> Response:
    changed = undoing.take_back(counter, secret)
    readers.log_problem(counter, changed)
    voice = languages.of_reader(counter, scope, changed.subscriber if changed else None)
    if changed is None:
        return _over(voice)
    wanted = body.get("do", [""])[0]
    smaller = less.take(counter, voice, changed.subscriber, wanted) if less.is_known(wanted) else None
    return pages.answer(smaller) if smaller else _page(voice, "back")


def _over(voice: Voice) -> Response:
    return _page(voice, "undo_over", pages.fresh_link(voice), title="page_undo_over_title", status=404)


def _page(voice: Voice, said: str, more: str = "", *, title: str = "page_undo_title", status: int = 200) -> Response:
    body = f"<p>{voice.text(f'page_{said}')}</p>{more}"
    return pages.answer(pages.framed(voice.say(title), body, voice), status)
