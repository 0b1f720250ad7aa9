"""The page behind a question to a reader: a GET shows what would change, a POST does it, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import Command, Question
from newsletter.readers import Counter, in_force
from newsletter.replies import commands, questions
from newsletter.replies.responses import Sentence, Way
from newsletter.tex import clean
from newsletter.web import languages, pages, undoing
from newsletter.web.bodies import Form, read_form
from newsletter.words import Words

_PAUSES = ("7", "14", "30")  # days to choose from


class _Secret(Convertor[str]):
    """The secret part of a question's link: below `/a/` stand the archives of readers too, by shorter tokens."""

    regex = "[0-9a-f]{40}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("secret", _Secret())
PATH = "/a/{secret:secret}"


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/a/<secret>`; the address is the proof."""

    async def visit(request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else None
        accepts = request.headers.get("accept-language", "")
        return await run_in_threadpool(_answer, counter, request.path_params["secret"], form, accepts)

    return visit


def _answer(counter: Counter, secret: str, form: Form | None, accepts: str) -> Response:
    question = questions.find(counter, secret)
    request = questions.request_of(counter, question, _chosen(counter, question, form)) if question else None
    if question is None or request is None:
        return _over(languages.spoken(counter, accepts))
    words = languages.of_reader(counter, request.reader)
    page = _Page(counter, words, request)
    if question.used:
        return page.show(Sentence("page_confirm_used"))
    would = commands.deed(request)
    if would is None:
        return _over(words)
    if form is None or (question.command is Command.PAUSE and not request.value):
        return page.ask(would, choose=question.command is Command.PAUSE and not question.value)
    acted = questions.settle(request, question)
    readers.log_problem(counter, acted.changed if acted else None)
    return page.done(acted)


def _chosen(counter: Counter, question: Question, form: Form | None) -> str:
    """The end of a pause, where the question left it open and the button says how long."""
    days = (form or {}).get("days", [""])[0]
    if question.command is not Command.PAUSE or days not in _PAUSES:
        return ""
    return (counter.today + timedelta(days=int(days))).isoformat()


def _over(words: Words) -> Response:
    body = f"<p>{escape(words.say('page_confirm_over'))}</p>"
    return pages.answer(pages.framed(words.say("page_confirm_over_title"), body, words), 404)


class _Page:
    """What one reader sees."""

    def __init__(self, counter: Counter, words: Words, request: commands.Request) -> None:
        self._counter, self._words, self._request = counter, words, request
        known = in_force.last_good(counter.store)
        self._name = clean(known.masthead.newsletter.name) if known else ""

    def ask(self, would: Sentence, *, choose: bool) -> Response:
        if choose:
            labels = [(f' name="days" value="{days}"', f"page_pause_{days}") for days in _PAUSES]
        else:
            labels = [("", "page_confirm_button")]
        buttons = [f"<button{given}>{self._say(key)}</button>" for given, key in labels]
        form = f'<form method="post"><p class="choices">{" ".join(buttons)}</p></form>'
        return self.show(would, f'{form}<p class="quiet">{self._say("page_confirm_otherwise")}</p>')

    def done(self, acted: commands.Acted | None) -> Response:
        """What was done, as our answer by email would say it; None: by someone who was faster."""
        if acted is None or acted.response is None:
            return self.show(Sentence("page_confirm_used"))
        said = acted.response
        lines = "".join(f"<p>{escape(self._write(line))}</p>" for line in said.lines)
        return self.show(said.title, lines + (self._undo() if Way.UNDO in said.ways else ""))

    def _undo(self) -> str:
        now = self._counter.store.subscriber(self._request.reader.id) or self._request.reader
        button = f'<button name="do" value="back">{self._say("page_undo_button")}</button>'
        return f'<form method="post" action="{undoing.path(self._counter, now)}">{button}</form>'

    def show(self, title: Sentence, more: str = "") -> Response:
        about = f'<p class="quiet">{escape(self._write(Sentence("page_confirm_concerns")))}</p>'
        return pages.answer(pages.framed(self._write(title), about + more, self._words))

    def _write(self, sentence: Sentence) -> str:
        return sentence.write(self._words, name=self._name, email=self._request.reader.email)

    def _say(self, key: str) -> str:
        return escape(self._words.say(key))
