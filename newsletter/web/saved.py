"""`/s/<token>`: what a reader saved, to read, to take along and to remove. A GET changes nothing.

The feed of it has a token of its own, which is shown only behind a link that was sent to the address on record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.archive import citing, feed
from newsletter.archive.day import paper_json
from newsletter.archive.labels import authors
from newsletter.models import Entry, MarkKind, Paper, Subscriber
from newsletter.readers import Counter, feeds, lists, marking
from newsletter.replies import rights
from newsletter.summarise import problem
from newsletter.tex import to_unicode
from newsletter.tokens import Purpose, make, read
from newsletter.venues import venue_of
from newsletter.web import pages
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import of_reader
from newsletter.web.pages import Voice

PATH, FILE, FEED = "/s/{token}", "/s/{token}/papers.{form}", "/s/{token}/feed.xml"
_TYPES = {"bib": "application/x-bibtex", "ris": "application/x-research-info-systems", "md": "text/markdown"}
_IDS = {"txt": "text/plain"}  # one a line
_IN_FEED = 100  # the newest; all are on the page


@dataclass(frozen=True, slots=True)
class Saved:
    """One saved paper, of which issue, since when, and its line in the reader's leading language."""

    paper: Paper
    issue: date | None
    since: datetime
    line: str | None


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


def subscribed(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """The feed, at the reader's newest address of one."""

    async def visit(request: Request) -> Response:
        return await run_in_threadpool(_feed, counter, request)

    return visit


def _of_reader(counter: Counter, request: Request, answer: Answer) -> Response:
    subscriber_id = read(counter.keys, Purpose.SAVED, request.path_params["token"])
    subscriber = counter.store.subscriber(subscriber_id) if subscriber_id is not None else None
    return _private(counter, request, subscriber, answer)


def _private(counter: Counter, request: Request, subscriber: Subscriber | None, answer: Answer) -> Response:
    """The answer to this reader, which is for no cache and no search engine."""
    voice = of_reader(counter, request.scope, subscriber)
    if subscriber is None or lists.is_list(counter, subscriber.id):
        response = pages.answer(pages.not_valid(voice), 404)
    else:
        response = answer(counter, request, voice, subscriber)
    response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
    return response


def _saved(counter: Counter, subscriber: Subscriber, voice: Voice, most: int | None = None) -> Sequence[Saved]:
    """Saved last first."""
    marks = [one for one in counter.store.marks(subscriber.id).all if one.kind is MarkKind.SAVE][:most]
    known = counter.store.papers_by_id(one.arxiv_id for one in marks)
    reader = counter.store.reader(subscriber.id)
    lines = _lines(counter, reader.wishes.languages[0] if reader else voice.words.language, known)
    return [Saved(*known[one.arxiv_id], one.at, lines.get(one.arxiv_id)) for one in marks if one.arxiv_id in known]


def _lines(counter: Counter, language: str, known: Mapping[str, tuple[Paper, date | None]]) -> Mapping[str, str | None]:
    """What any prompt and model wrote, where it passes the check of today: translated abstracts do not."""
    found = counter.store.lines(
        [language], "", (), [paper for paper, _ in known.values()],
        past=lambda arxiv_id, _, text: problem(text, known[arxiv_id][0], language) is None,
    )  # fmt: skip
    return {arxiv_id: text for (arxiv_id, _), text in found.items()}


def _page(body: Form | None) -> Answer:
    def answer(counter: Counter, request: Request, voice: Voice, subscriber: Subscriber) -> Response:
        given = body or {}
        marking.take_back(counter, subscriber.id, [MarkKind.SAVE], given.get("remove", []))
        saved = _saved(counter, subscriber, voice)
        ordered = given.get("do") == ["feed"] and rights.is_possible(counter, subscriber)
        note = f'<p class="note" role="status">{voice.text("page_data_sent")}</p>\n' if ordered else ""
        markup = note + _markup(voice, saved, request.path_params["token"]) + _feed_button(counter, voice, subscriber)
        response = pages.answer(pages.framed(voice.say("page_saved_papers"), markup, voice))
        if ordered:
            response.background = BackgroundTask(rights.send, counter, subscriber, "feed")
        return response

    return answer


def _markup(voice: Voice, saved: Sequence[Saved], token: str) -> str:
    if not saved:
        return f"<p>{voice.text('page_saved_none')}</p>\n"
    ways = "".join(
        f'<a href="{quote(token)}/papers.{ending}">{escape(name)}</a> ' for ending, name in citing.FORMS.items()
    )
    ways += f'<a href="{quote(token)}/papers.txt">{voice.text("page_saved_ids")}</a>'
    days = sorted({one.issue for one in saved if one.issue}, reverse=True)
    rows = "\n".join(_of_day(voice, day, [one for one in saved if one.issue == day], token) for day in (*days, None))
    return f'<p class="links">{ways}</p>\n<form method="post">\n{rows}</form>\n'


def _of_day(voice: Voice, day: date | None, saved: Sequence[Saved], token: str) -> str:
    """The papers of one issue; those that no issue had come last."""
    if not saved:
        return ""
    title = voice.words.short_day(day) if day else voice.say("page_saved_otherwise")
    return f"<h2>{escape(title)}</h2>\n" + "".join(_row(voice, one, token) for one in saved)


def _feed_button(counter: Counter, voice: Voice, subscriber: Subscriber) -> str:
    """The address is not shown here: this page opens from every email, and emails are passed on."""
    if not rights.is_possible(counter, subscriber):
        return ""
    label = "page_feed_again" if counter.store.feed_epoch(subscriber.id) else "page_feed_ask"
    button = pages.form("", pages.button(voice.text(label), "feed", plain=True))
    return pages.section(voice.text("page_feed_section"), f"<p>{voice.text('page_feed_what')}</p>\n{button}")


def _row(voice: Voice, one: Saved, token: str) -> str:
    paper = one.paper
    where = f'<a href="{escape(paper.abs_url)}" lang="en" dir="ltr">'
    title, key = escape(to_unicode(paper.title)), escape(paper.arxiv_id)
    names = authors(voice.words, [to_unicode(name) for name in paper.authors])
    file = f"{quote(token)}/papers.bib?id={quote(paper.arxiv_id)}"
    links = f'<a href="{escape(paper.pdf_url)}">PDF</a> <a href="{file}">BibTeX</a>'
    line = f"<p>{escape(one.line)}</p>\n" if one.line else ""
    venue = f'<span class="venue"><bdi>{escape(found)}</bdi></span>' if (found := venue_of(paper)) else ""
    return (
        f'<article>\n<h3 class="paper" id="p{key}">{where}{title}</a></h3>\n'
        f'<p class="who">{names}&#160; {venue}</p>\n{line}<p class="links"><bdi class="quiet">{key}</bdi> {links}</p>\n'
        f'<div class="choices"><button class="plain" name="remove" value="{key}" aria-describedby="p{key}">'
        f"{voice.text('page_saved_remove')}</button></div>\n</article>\n"
    )


def _file(counter: Counter, request: Request, voice: Voice, subscriber: Subscriber) -> Response:
    form, only = request.path_params["form"], request.query_params.get("id")
    if form not in _TYPES | _IDS:
        return pages.answer(pages.not_found(voice), 404)
    saved = [one for one in _saved(counter, subscriber, voice) if only in (None, one.paper.arxiv_id)]
    if form in _IDS:
        ids = "".join(f"{one.paper.arxiv_id}\n" for one in saved)
        return Response(ids, media_type=f"{_IDS[form]}; charset=utf-8")
    rows = [
        paper_json(Entry(number=number, paper=one.paper, issue=one.issue or one.paper.published.date(), topics=()), ())
        for number, one in enumerate(saved, start=1)
    ]
    content = citing.taken_along(rows, voice.say("page_saved_papers"))[form]
    named = {"Content-Disposition": f'attachment; filename="saved-papers.{form}"'}
    return Response(content, media_type=f"{_TYPES[form]}; charset=utf-8", headers=named)


def _feed(counter: Counter, request: Request) -> Response:
    token = request.path_params["token"]

    def answer(counter: Counter, request: Request, voice: Voice, subscriber: Subscriber) -> Response:
        items = [feed.Item(one.paper, one.since, one.line) for one in _saved(counter, subscriber, voice, most=_IN_FEED)]
        title = f"{voice.say('page_saved_papers')} · {voice.name}"
        address = feed_address(counter, token)
        return Response(
            feed.of_papers(items, title=title, author=voice.name, address=address, language=voice.words.language),
            media_type="application/atom+xml",
        )

    return _private(counter, request, feeds.whose(counter, token), answer)


def feed_address(counter: Counter, token: str) -> str:
    """The whole address of the feed with this token."""
    return f"{counter.letterhead.public_url or ''}{FEED.format(token=token)}"
