"""A reader's own page: a GET shows what is set, a POST changes it. The token in the address is the authority."""

from __future__ import annotations

import collections
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import readers
from newsletter.models import AbstractLanguage, ArchiveMode, Masthead, Reader, Source, Subscriber, Topic
from newsletter.readers import Counter, in_force, lists
from newsletter.readers.moving import wished
from newsletter.readers.preferences import filled, offered
from newsletter.replies import moving, rights
from newsletter.subscribers import references, values
from newsletter.subscribers.preferences import PREFERENCES, counted
from newsletter.subscribers.tree import Unfit
from newsletter.tokens import Purpose, make, read
from newsletter.web import form, pages, saved
from newsletter.web.bodies import Form, Upload, read_form, read_upload
from newsletter.web.languages import Scope, spoken
from newsletter.web.leaving import left
from newsletter.web.pages import Voice
from newsletter.words import speak

log = structlog.get_logger()

_UPLOADED: Form = {"do": ["upload"]}
_LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One reader's visit to their page."""

    counter: Counter
    voice: Voice
    masthead: Masthead
    subscriber: Subscriber
    reader: Reader | None  # None: not in the list

    def page(self, note: str = "", *, bad: bool = False, status: int = 200, **given: str | date) -> Response:
        """The page in its current state, with one of our sentences above."""
        words = self.voice.words
        texts = {name: words.long_day(one) if isinstance(one, date) else one for name, one in given.items()}
        shown = form.page(
            self.voice,
            self.reader,
            self.subscriber,
            topics=self._topics(),
            languages=offered(self.counter.store, self.masthead, self.reader),
            note=_said(words.section("page_"), note, **texts) if note else "",
            bad=bad,
            archive=self._archive(),
            data=self.voice.say("page_data_about") if rights.is_possible(self.counter, self.subscriber) else None,
            now=self.counter.now(),
            saved=saved.link(self.counter, self.voice, self.subscriber),
            translations=self._may_translate(),
            marked=self.counter.store.mark_counts(self.subscriber.id),
        )
        return pages.answer(shown, status)

    def _topics(self) -> list[Topic]:
        """Those that this reader may choose, or has."""
        own = self.reader.wishes.topics if self.reader else ()
        by_themselves = self.reader is not None and self.reader.source in (Source.PAGE, Source.EMAIL)
        return [one for one in self.masthead.topics if one.join or one.key in own or not by_themselves]

    def _may_translate(self) -> bool:
        """Whether this reader may order translated abstracts, or does."""
        if self.reader is None or self.reader.source not in (Source.PAGE, Source.EMAIL):
            return True
        ordered = self.reader.wishes.abstract_language is not AbstractLanguage.ORIGINAL
        return ordered or self.masthead.newsletter.offer_translations

    def refusal(self, unfit: Unfit) -> Response:
        """The page with what was wrong, in the reader's language."""
        return self.page(f"wrong_{unfit.key}", bad=True, status=422, **unfit.fields)

    def _archive(self) -> str | None:
        """Where the archive is, seen from this page."""
        token = make(self.counter.keys, Purpose.ARCHIVE, self.subscriber.id)
        ways = {ArchiveMode.PUBLIC: "../", ArchiveMode.PRIVATE: f"../a/{token}/"}
        return ways.get(self.masthead.newsletter.archive)


def _said(words: Mapping[str, str], key: str, **given: str) -> str:
    if not key.startswith("wrong_"):
        return words[key].format(**given)
    named = {"name": words[given["name"]]} if "name" in given else {}
    return words["wrong"].format(problem=words[key].format(**given | named))


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/p/<token>`."""

    async def visit(request: Request) -> Response:
        subscriber_id = read(counter.keys, Purpose.PREFERENCES, request.path_params["token"])
        if subscriber_id is None:
            return pages.answer(pages.not_valid(await run_in_threadpool(spoken, counter, request.scope)), 404)
        upload = await read_upload(request) if request.method == "POST" else None
        if upload:
            return await run_in_threadpool(_answer, counter, subscriber_id, _UPLOADED, request.scope, upload)
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_answer, counter, subscriber_id, body, request.scope)

    return visit


def _answer(
    counter: Counter, subscriber_id: int, body: Form | None, scope: Scope, upload: Upload | None = None
) -> Response:
    subscriber = counter.store.subscriber(subscriber_id)
    voice = spoken(counter, scope, subscriber)
    if subscriber is None or lists.is_list(counter, subscriber_id):
        return pages.answer(pages.not_valid(voice), 404)
    wanted = _wanted(body)
    if wanted == "back":
        return _come_back(counter, subscriber, voice)
    if wanted == "leave":
        return _leave(counter, subscriber, voice)
    visit = _visit(counter, subscriber, voice)
    if visit is None:
        return pages.answer(pages.not_now(voice), 503)
    if wanted and wanted in rights.KINDS:
        return _send_link(visit, wanted)
    return _change(visit, wanted, body or {}, upload) if wanted else visit.page()


def _wanted(body: Form | None) -> str | None:
    """What the pressed button asks for; an empty POST undoes what its reader did."""
    return None if body is None else body.get("do", ["back" if not body else "unknown"])[0]


def _visit(counter: Counter, subscriber: Subscriber, voice: Voice) -> Visit | None:
    """None before the first list is in force; unsubscribing and resubscribing work even then."""
    known = in_force.last_good(counter.store)
    if known is None:
        return None
    reader = counter.store.reader(subscriber.id)
    return Visit(counter=counter, voice=voice, masthead=known.masthead, subscriber=subscriber, reader=reader)


def _come_back(counter: Counter, subscriber: Subscriber, voice: Voice) -> Response:
    changed = readers.undo(counter, subscriber)
    readers.log_problem(counter, changed)
    if changed is None:
        return pages.answer(pages.not_back(voice))
    visit = _visit(counter, changed.subscriber, voice)
    return visit.page("back") if visit else pages.answer(pages.back(voice))


def _leave(counter: Counter, subscriber: Subscriber, voice: Voice) -> Response:
    changed = readers.leave(counter, subscriber.id, readers.BY_LINK) or readers.Changed(subscriber, None)
    readers.log_problem(counter, changed)
    return left(counter, voice, changed.subscriber)


def _send_link(visit: Visit, wanted: str) -> Response:
    """One answer, whether or not another link goes out today; it is sent behind the answer."""
    if not rights.is_possible(visit.counter, visit.subscriber):
        return visit.page(status=409)
    answer = visit.page("data_sent", email=visit.voice.email)
    answer.background = BackgroundTask(rights.send, visit.counter, visit.subscriber, wanted)
    return answer


def _change(visit: Visit, wanted: str, body: Form, upload: Upload | None) -> Response:
    """Save or pause. Who gets no email can only come back."""
    if visit.reader is None or not visit.subscriber.state.reads:
        return visit.page(status=409)
    try:
        if wanted == "save":
            return _save(visit, visit.reader, body)
        if upload:
            return _learn(visit, visit.reader, upload)
        if wanted == "pause":
            return _pause(visit, body)
        if wanted == "address" and rights.is_possible(visit.counter, visit.subscriber):
            return _change_address(visit, body)
        if wanted == "erase taste":
            visit.counter.store.erase_marks(visit.subscriber.id)
            return visit.page("taste_erased")
    except Unfit as unfit:
        return visit.refusal(unfit)
    return visit.page(status=400)


def _save(visit: Visit, before: Reader, body: Form) -> Response:
    fields = {key: ", ".join(filter(None, body[key])) for key in PREFERENCES if key in body}
    after = filled(visit.counter.store, visit.masthead, before, fields)
    readers.log_problem(visit.counter, readers.prefer(visit.counter, visit.subscriber, before, after))
    words = speak(visit.counter.templates, after.wishes.languages[0])
    return replace(visit, reader=after, voice=replace(visit.voice, words=words)).page("saved")


def _learn(visit: Visit, before: Reader, upload: Upload) -> Response:
    """Adds the papers of a bibliography to those that this reader likes; the file itself is not kept."""
    if upload.body is None:
        raise Unfit("longer than 1 MiB", "choose a smaller file", "upload_long")
    read = references.read(upload.file())
    if not read.ids and not read.words:
        raise Unfit("no arXiv id and no title in it", "choose a BibTeX or RIS file", "upload_none")
    known = before.wishes.leanings.like
    like = dict.fromkeys((*known, *read.ids))
    if read.left or len(like) > references.MOST:
        most = visit.voice.words.number(references.MOST)
        raise Unfit(f"more than {most} papers", "choose a smaller file", "upload_many", most=most)
    words = collections.Counter(dict(before.wishes.leanings.library)) | collections.Counter(dict(read.words))
    fields = {"like": ", ".join(like), "library": counted(references.most_frequent(words))}
    after = filled(visit.counter.store, visit.masthead, before, fields)
    readers.log_problem(visit.counter, readers.prefer(visit.counter, visit.subscriber, before, after))
    line = str(read.broken[0]) if read.broken else ""
    count, note = str(len(like) - len(known)), "upload_broken" if line else "upload_done"
    return replace(visit, reader=after).page(note, count=count, described=str(read.described), line=line)


def _change_address(visit: Visit, body: Form) -> Response:
    """The same answer whoever has the new address; what is sent is decided behind it."""
    written = wished(visit.counter, visit.masthead, visit.subscriber, body.get("email", [""])[0])
    answer = visit.page("data_sent_both", email=visit.voice.email)
    answer.background = BackgroundTask(moving.send, visit.counter, visit.subscriber, written)
    return answer


def _pause(visit: Visit, body: Form) -> Response:
    until, today = values.day(body.get("until", [""])[0]), visit.counter.today
    if not today < until <= today + _LONGEST_PAUSE:
        raise Unfit(
            f"{until} is not within the next year", "choose a day after today", "pause", value=until.isoformat()
        )
    changed = readers.pause(visit.counter, visit.subscriber, until)
    readers.log_problem(visit.counter, changed)
    return replace(visit, subscriber=changed.subscriber).page("paused", until=until)
