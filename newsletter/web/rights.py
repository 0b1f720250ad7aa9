"""The pages behind one-time links to a reader's data: a GET says what would be done, a POST does it, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from html import escape

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.models import Subscriber
from newsletter.readers import Counter, erasing, feeds, own_data, rights, tickets
from newsletter.readers.tickets import Kind
from newsletter.web import languages, moving, pages, saved
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import Scope
from newsletter.web.once import button, is_pressed, over, said
from newsletter.web.pages import Voice

log = structlog.get_logger()

PATH = "/t/{secret:secret}"
_ERASED = ("settings", "consent", "issues", "replies")


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/t/<secret>`."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, counter, request.path_params["secret"], body, request.scope)

    return visit


def _answer(counter: Counter, secret: str, body: Form | None, scope: Scope) -> Response:
    for kind, page in _PAGES.items():
        if subscriber := rights.whose(counter, kind, secret):
            voice = languages.of_reader(counter, scope, subscriber)
            return page(counter, voice, subscriber, secret, pressed=is_pressed(counter, secret, body))
    return moving.answer(counter, secret, body, scope) or over(languages.spoken(counter, scope))


def _download(counter: Counter, voice: Voice, subscriber: Subscriber, secret: str, *, pressed: bool) -> Response:
    if not pressed:
        return said(voice, "download", button(counter, voice, secret, "page_download_button"))
    # Written first: a stop before the end leaves a link that works.
    text = own_data.collected(counter, subscriber)
    if tickets.use(counter, rights.DOWNLOAD, secret) is None:
        return over(voice)
    log.info("reader.data-downloaded")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="newsletter-{counter.today}.json"',
        "X-Robots-Tag": "noindex",
    }
    return Response(text, media_type="application/json", headers=headers)


def _erase(counter: Counter, voice: Voice, subscriber: Subscriber, secret: str, *, pressed: bool) -> Response:
    if not pressed:
        gone = "".join(f"<li>{voice.text(f'page_erase_{one}')}</li>" for one in _ERASED)
        rest = pages.section(voice.text("page_erase_not_title"), f"<p>{voice.text('page_erase_not')}</p>")
        more = f"<ul>{gone}</ul>{button(counter, voice, secret, 'page_erase_button')}{rest}"
        return said(voice, "erase", more)
    # The link goes with everything else: a stop before the end leaves one that works.
    erased = erasing.erase(counter, subscriber)
    log.info("reader.erased", files=erased.files, entries=erased.entries)
    if erased.problem:
        log.warning("roster.unchanged", file=str(counter.subscribers), problem=erased.problem)
    return said(voice, "erased")


def _new_feed(counter: Counter, voice: Voice, subscriber: Subscriber, secret: str, *, pressed: bool) -> Response:
    if not pressed:
        return said(voice, "feed", button(counter, voice, secret, "page_feed_button"))
    if tickets.use(counter, rights.FEED, secret) is None:
        return over(voice)
    address = escape(saved.feed_address(counter, feeds.renew(counter, subscriber)))
    log.info("reader.feed-begun")
    return said(voice, "feed_made", f'<p dir="ltr"><a href="{address}">{address}</a></p>')


_PAGES: Mapping[Kind, Callable[..., Response]] = {
    rights.DOWNLOAD: _download,
    rights.ERASE: _erase,
    rights.FEED: _new_feed,
}
