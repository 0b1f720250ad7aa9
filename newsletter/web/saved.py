"""`/s/<token>`: what a reader saved, to read, to take along and to remove. A GET changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from html import escape
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.archive import citing
from newsletter.archive.day import paper_json
from newsletter.models import Entry, MarkKind, Paper, Subscriber
from newsletter.readers import Counter, lists, marking
from newsletter.tex import to_unicode
from newsletter.tokens import Purpose, make, read
from newsletter.web import pages
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import of_reader
from newsletter.web.pages import Voice

PATH, FILE = "/s/{token}", "/s/{token}/papers.{form}"
_TYPES = {"bib": "application/x-bibtex", "ris": "application/x-research-info-systems", "md": "text/markdown"}
Saved = Sequence[tuple[Paper, date | None]]
Answer = Callable[[Counter, Request, Voice, Subscriber], Response]


def link(counter: Counter, voice: Voice, subscriber: Subscriber) -> str:
    """The address of this reader's page, seen from the page that `voice` speaks on."""
    return f"{voice.root}s/{make(counter.keys, Purpose.SAVED, subscriber.id)}"


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """The page; a POST removes the paper that its button names."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_of_reader, counter, request, _page(body))

    return visit


def file(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """All saved papers in one of the forms that reference managers read."""

    async def visit(request: Request) -> Response:
        return await run_in_threadpool(_of_reader, counter, request, _file)

    return visit


def _of_reader(counter: Counter, request: Request, answer: Answer) -> Response:
    subscriber_id = read(counter.keys, Purpose.SAVED, request.path_params["token"])
    subscriber = counter.store.subscriber(subscriber_id) if subscriber_id is not None else None
    voice = of_reader(counter, request.scope, subscriber)
    if subscriber is None or lists.is_list(counter, subscriber.id):
        return pages.answer(pages.not_valid(voice), 404)
    response = answer(counter, request, voice, subscriber)
    response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
    return response


def _saved(counter: Counter, subscriber: Subscriber) -> Saved:
    """Saved last first."""
    ids = counter.store.marks(subscriber.id).of(MarkKind.SAVE)
    known = counter.store.papers_by_id(ids)
    return [known[one] for one in ids if one in known]


def _page(body: Form | None) -> Answer:
    def answer(counter: Counter, request: Request, voice: Voice, subscriber: Subscriber) -> Response:
        if body is not None:
            marking.take_back(counter, subscriber.id, [MarkKind.SAVE], body.get("remove", []))
        saved = _saved(counter, subscriber)
        token = request.path_params["token"]
        return pages.answer(pages.framed(voice.say("page_saved_papers"), _markup(voice, saved, token), voice))

    return answer


def _markup(voice: Voice, saved: Saved, token: str) -> str:
    if not saved:
        return f"<p>{voice.text('page_saved_none')}</p>"
    ways = "".join(
        f'<a href="{quote(token)}/papers.{ending}">{escape(name)}</a> ' for ending, name in citing.FORMS.items()
    )
    rows = "\n".join(_row(voice, paper, day) for paper, day in saved)
    return f'<p class="links">{ways}</p>\n<form method="post">\n{rows}\n</form>'


def _row(voice: Voice, paper: Paper, day: date | None) -> str:
    where = f'<a href="{escape(paper.abs_url)}" lang="en" dir="ltr">'
    title, key = escape(to_unicode(paper.title)), escape(paper.arxiv_id)
    names = escape(", ".join(to_unicode(name) for name in paper.authors[:4]) + (" …" * (len(paper.authors) > 4)))
    when = f" · {escape(voice.words.short_day(day))}" if day else ""
    return (
        f'<article>\n<h2 class="paper" id="p{key}">{where}{title}</a></h2>\n'
        f'<p class="quiet">{names} · <bdi>{key}</bdi>{when}</p>\n'
        f'<div class="choices"><button class="plain" name="remove" value="{key}" aria-describedby="p{key}">'
        f"{voice.text('page_saved_remove')}</button></div>\n</article>"
    )


def _file(counter: Counter, request: Request, voice: Voice, subscriber: Subscriber) -> Response:
    form = request.path_params["form"]
    if form not in _TYPES:
        return pages.answer(pages.not_found(voice), 404)
    saved = _saved(counter, subscriber)
    rows = [
        paper_json(Entry(number=number, paper=paper, issue=day or paper.published.date(), topics=()), ())
        for number, (paper, day) in enumerate(saved, start=1)
    ]
    content = citing.taken_along(rows, voice.say("page_saved_papers"))[form]
    named = {"Content-Disposition": f'attachment; filename="saved-papers.{form}"'}
    return Response(content, media_type=f"{_TYPES[form]}; charset=utf-8", headers=named)
