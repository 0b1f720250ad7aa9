"""`/f/<token>`: the papers of one email, to say what one thinks of them. A GET changes nothing; a POST marks one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import jinja2
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.archive.labels import authors
from newsletter.models import MarkedBy, MarkKind, Paper, Printed, Subscriber
from newsletter.readers import Counter, lists, marking
from newsletter.render.marking import CODES
from newsletter.tex import to_unicode
from newsletter.tokens import Purpose, make, read
from newsletter.web import pages, saved
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import of_reader
from newsletter.web.pages import Voice

PATH = "/f/{token}"
_BACK = "back"  # before a mark that is to be taken back
_PRESSED = re.compile(rf"(?P<back>{_BACK} )?(?P<kind>{'|'.join(MarkKind)}) (?P<number>\d{{1,4}})", re.ASCII)
_WANTED = {code: kind for kind, code in CODES.items()}
_PERSONAL = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class Row:
    """One paper with its buttons."""

    number: int
    title: str
    url: str
    authors: Markup
    kinds: frozenset[MarkKind]  # its marks
    wanted: MarkKind | None  # the mark that the link in the email names


@dataclass(frozen=True, slots=True)
class _Visit:
    """Who looks at which email."""

    counter: Counter
    voice: Voice
    subscriber: Subscriber
    printed: Printed
    first: int | None  # the number of the paper that stands first
    wanted: MarkKind | None
    note: str = ""
    undo: str = ""  # the button's value that takes back what was just done

    def page(self, status: int = 200) -> Response:
        rows = self._rows()
        first = [row for row in rows if row.number == self.first]
        others = [row for row in rows if row.number != self.first]
        token = make(self.counter.keys, Purpose.PREFERENCES, self.subscriber.id)
        body = _template().render(
            w=self.voice.words.section("page_mark_"),
            say=self.voice.say,
            first=first,
            others=others,
            kinds=list(MarkKind),
            note=self.note,
            undo=self.undo,
            preferences=f"{self.voice.root}p/{token}",
            saved=saved.link(self.counter, self.voice, self.subscriber),
        )
        title = self.voice.say("page_mark_title" if first else "page_mark_title_all")
        response = pages.answer(pages.framed(title, body, self.voice), status)
        response.headers.update(_PERSONAL)
        return response

    def _rows(self) -> Sequence[Row]:
        known = self.counter.store.papers_by_id(one.arxiv_id for one in self.printed.papers)
        marks = self.counter.store.marks(self.subscriber.id)
        return [
            self._row(one.number, known[one.arxiv_id][0], marks.kinds(one.arxiv_id))
            for one in sorted(self.printed.papers, key=lambda one: one.number)
            if one.arxiv_id in known
        ]

    def _row(self, number: int, paper: Paper, kinds: frozenset[MarkKind]) -> Row:
        wanted = self.wanted if number == self.first else None
        names = authors(self.voice.words, [to_unicode(name) for name in paper.authors])
        return Row(number, to_unicode(paper.title), paper.abs_url, names, kinds, wanted)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("newsletter.web", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("marking.html.j2")


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`?e=` is the newest issue of the email, `p` a paper's number, `m` a mark; the address is the proof."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, counter, request, body)

    return visit


def _answer(counter: Counter, request: Request, body: Form | None) -> Response:
    subscriber_id = read(counter.keys, Purpose.MARKS, request.path_params["token"])
    subscriber = counter.store.subscriber(subscriber_id) if subscriber_id is not None else None
    voice = of_reader(counter, request.scope, subscriber)
    if subscriber is None or lists.is_list(counter, subscriber.id):
        return pages.answer(pages.not_valid(voice), 404)
    asked = request.query_params
    issue = _day(asked.get("e", ""))
    printed = counter.store.printed(subscriber.id, issue) if issue else None
    if printed is None or not printed.papers:
        text = f"<p>{voice.text('page_mark_unknown')}</p>"
        return pages.answer(pages.framed(voice.say("page_mark_title_all"), text, voice), 404)
    wanted = _WANTED.get(asked.get("m", ""))
    visit = _Visit(counter, voice, subscriber, printed, _number(asked.get("p", "")), wanted)
    return visit.page() if body is None else _mark(visit, body.get("do", [""])[0])


def _mark(visit: _Visit, pressed: str) -> Response:
    """What the pressed button says: `like 3`, or `back like 3`; twice is the same as once."""
    said = _PRESSED.fullmatch(pressed)
    found, _ = marking.numbered(visit.printed, [int(said["number"])] if said else [])
    if said is None or not found:
        return visit.page(status=400)
    ((number, arxiv_id),) = found
    kind = MarkKind(said["kind"])
    if backwards := bool(said["back"]):
        marking.take_back(visit.counter, visit.subscriber.id, [kind], [arxiv_id])
    else:
        marking.mark(visit.counter, visit.subscriber.id, kind, [arxiv_id], MarkedBy.PAGE, visit.printed)
    known = visit.counter.store.paper(arxiv_id)
    title = to_unicode(known[0].title) if known else ""
    note = visit.voice.say(f"page_mark_{'back' if backwards else 'done'}_{kind}", title=title)
    undo = "" if backwards else f"{_BACK} {kind} {number}"
    return replace(visit, first=number, wanted=None, note=note, undo=undo).page()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{8}", text, re.ASCII) else None
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else None
