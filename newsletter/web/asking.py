"""The page behind a question to a reader: a GET shows what would change, a POST does it, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import escape

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import Command, Question
from newsletter.readers import Counter
from newsletter.replies import commands, moving, questions
from newsletter.replies.responses import Sentence, Way
from newsletter.web import languages, pages, undoing
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import Scope
from newsletter.web.pages import Voice

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
        return await run_in_threadpool(_answer, counter, request.path_params["secret"], form, request.scope)

    return visit


def _answer(counter: Counter, secret: str, form: Form | None, scope: Scope) -> Response:
    question = questions.find(counter, secret)
    request = questions.request_of(counter, question, _chosen(counter, question, form)) if question else None
    if question is None or request is None:
        return _over(languages.spoken(counter, scope))
    voice = languages.of_reader(counter, scope, request.reader)
    page = _Page(counter, voice, request)
    if question.used:
        return page.show(Sentence("page_confirm_used"))
    would = commands.deed(request)
    if would is None:
        return _over(voice)
    if form is None or (question.command is Command.PAUSE and not request.value):
        return page.ask(would, choose=question.command is Command.PAUSE and not question.value)
    acted = questions.settle(request, question)
    readers.log_problem(counter, acted.changed if acted else None)
    answer = page.done(acted)
    if acted and acted.new_address and acted.subscriber:
        answer.background = BackgroundTask(moving.send, counter, acted.subscriber, acted.new_address)
    return answer


def _chosen(counter: Counter, question: Question, form: Form | None) -> str:
    """The end of a pause, where the question left it open and the button says how long."""
    days = (form or {}).get("days", [""])[0]
    if question.command is not Command.PAUSE or days not in _PAUSES:
        return ""
    return (counter.today + timedelta(days=int(days))).isoformat()


def _over(voice: Voice) -> Response:
    body = f"<p>{voice.text('page_confirm_over')}</p>{pages.fresh_link(voice)}"
    return pages.answer(pages.framed(voice.say("page_confirm_over_title"), body, voice), 404)


class _Page:
    """What one reader sees."""

    def __init__(self, counter: Counter, voice: Voice, request: commands.Request) -> None:
        self._counter, self._voice, self._request = counter, voice, request

    def ask(self, would: Sentence, *, choose: bool) -> Response:
        if choose:
            labels = [(f' name="days" value="{days}"', f"page_pause_{days}") for days in _PAUSES]
        else:
            labels = [("", "page_confirm_button")]
        buttons = [f"<button{given}>{self._voice.text(key)}</button>" for given, key in labels]
        form = f'<form method="post"><p class="choices">{" ".join(buttons)}</p></form>'
        return self.show(would, f'{form}<p class="quiet">{self._voice.text("page_confirm_otherwise")}</p>')

    def done(self, acted: commands.Acted | None) -> Response:
        """What was done, as our answer by email would say it; None: by someone who was faster."""
        if acted is None or acted.response is None:
            return self.show(Sentence("page_confirm_used"))
        said = acted.response
        lines = "".join(f"<p>{escape(self._write(line))}</p>" for line in said.lines)
        return self.show(said.title, lines + (self._undo() if Way.UNDO in said.ways else ""))

    def _undo(self) -> str:
        now = self._counter.store.subscriber(self._request.reader.id) or self._request.reader
        button = pages.button(self._voice.text("page_undo_button"), "back", plain=True)
        return pages.form(undoing.path(self._counter, self._voice, now), button)

    def show(self, title: Sentence, more: str = "") -> Response:
        about = f'<p class="quiet">{self._voice.text("page_confirm_concerns")}</p>'
        return pages.answer(pages.framed(self._write(title), about + more, self._voice))

    def _write(self, sentence: Sentence) -> str:
        return sentence.write(self._voice.words, name=self._voice.name, email=self._voice.email)
