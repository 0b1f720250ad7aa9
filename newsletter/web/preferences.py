"""A reader's own page: a GET shows what is set, a POST changes it. The token in the address is the authority."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import app, unsubscribe
from newsletter.app.files import token_keys
from newsletter.errors import ConfigurationError
from newsletter.models import ArchiveMode, Reader, Roster, Subscriber, SubscriberState
from newsletter.ports import Store
from newsletter.settings import Settings
from newsletter.subscribers import values
from newsletter.subscribers.preferences import PREFERENCES, with_preference
from newsletter.subscribers.tree import Unfit
from newsletter.tokens import Purpose, make, read
from newsletter.web import form, pages
from newsletter.web.words import words_of

log = structlog.get_logger()

_LONGEST = 20_000  # octets of a form; the largest that our page sends has about 1,000
_LONGEST_PAUSE = timedelta(days=366)
_GETS_MAIL = (SubscriberState.ACTIVE, SubscriberState.PAUSED)
Body = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One reader at their page."""

    settings: Settings
    store: Store
    roster: Roster
    subscriber: Subscriber
    reader: Reader | None  # None: not in the file

    def page(self, note: str = "", *, bad: bool = False, status: int = 200, **given: str) -> Response:
        """The page as things are now, with one of our sentences above."""
        words = words_of(self.reader.wishes.languages[0] if self.reader else self.roster.newsletter.languages[0])
        shown = form.page(
            words,
            self.reader,
            self.subscriber,
            self.roster,
            note=words[note].format(**given) if note else "",
            bad=bad,
            archive=self._archive(),
            today=_today(),
        )
        return pages.answer(shown, status)

    def _archive(self) -> str | None:
        """Where the archive is, seen from this page."""
        token = make(token_keys(self.settings.data_dir), Purpose.ARCHIVE, self.subscriber.id)
        ways = {ArchiveMode.PUBLIC: "../", ArchiveMode.PRIVATE: f"../a/{token}/"}
        return ways.get(self.roster.newsletter.archive)


def endpoint(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    """`/p/<token>`."""

    async def visit(request: Request) -> Response:
        body = await _body(request) if request.method == "POST" else None
        try:
            return await run_in_threadpool(_answer, settings, request.path_params["token"], body)
        except ConfigurationError as error:
            log.error("roster.broken", error=str(error))
            return pages.answer(pages.NOT_NOW, 503)

    return visit


def log_problem(settings: Settings, changed: unsubscribe.Changed | None) -> None:
    """A file that could not follow the ledger is the operator's to mend."""
    if changed and changed.file_problem:
        log.warning("roster.unchanged", file=str(settings.subscribers), problem=changed.file_problem)


async def _body(request: Request) -> Body:
    """What the form says; a longer body than any of ours, or another kind, asks for nothing that we know."""
    so_far = b""
    async for piece in request.stream():
        so_far += piece
        if len(so_far) > _LONGEST:
            return {"do": ["too long"]}
    try:
        return parse_qs(so_far.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {"do": ["unreadable"]}


def _answer(settings: Settings, token: str, body: Body | None) -> Response:
    subscriber_id = read(token_keys(settings.data_dir), Purpose.PREFERENCES, token)
    with app.open_ledger(settings) as store:
        subscriber = store.subscriber(subscriber_id) if subscriber_id is not None else None
        if subscriber is None:
            return pages.answer(pages.NOT_VALID, 404)
        wanted = _wanted(body)
        if wanted == "back":  # leaving and coming back also while the file is broken
            return _come_back(settings, store, subscriber)
        if wanted == "leave":
            return _leave(settings, store, subscriber)
        visit = _visit(settings, store, subscriber)
        return _change(visit, wanted, body or {}) if wanted else visit.page()


def _wanted(body: Body | None) -> str | None:
    """What the pressed button asks for; a POST that says nothing takes back what its reader did."""
    return None if body is None else body.get("do", ["back" if not body else "unknown"])[0]


def _visit(settings: Settings, store: Store, subscriber: Subscriber) -> Visit:
    roster = app.load_roster(settings)
    reader = next((one for one in roster.readers if one.email.lower() == subscriber.email), None)
    return Visit(settings=settings, store=store, roster=roster, subscriber=subscriber, reader=reader)


def _come_back(settings: Settings, store: Store, subscriber: Subscriber) -> Response:
    changed = unsubscribe.undo(store, settings.subscribers, subscriber, app.utc_now())
    log_problem(settings, changed)
    if changed is None:
        return pages.answer(pages.NOT_BACK)
    try:
        return _visit(settings, store, changed.subscriber).page("back")
    except ConfigurationError:
        return pages.answer(pages.BACK)


def _leave(settings: Settings, store: Store, subscriber: Subscriber) -> Response:
    changed = unsubscribe.leave(store, settings.subscribers, subscriber.id, "by link", app.utc_now())
    log_problem(settings, changed)
    return pages.answer(pages.left(make(token_keys(settings.data_dir), Purpose.PREFERENCES, subscriber.id)))


def _change(visit: Visit, wanted: str, body: Body) -> Response:
    """Save or pause. Who gets no mail can only come back."""
    if visit.reader is None or visit.subscriber.state not in _GETS_MAIL:
        return visit.page(status=409)
    try:
        if wanted == "save":
            return _save(visit, visit.reader, body)
        if wanted == "pause":
            return _pause(visit, body)
    except Unfit as unfit:
        return visit.page("wrong", bad=True, status=422, problem=unfit.problem, remedy=unfit.remedy)
    return visit.page(status=400)


def _save(visit: Visit, before: Reader, body: Body) -> Response:
    after = _filled(before, body, visit.roster)
    settings, store = visit.settings, visit.store
    changed = unsubscribe.prefer(store, settings.subscribers, visit.subscriber, before, after, app.utc_now())
    log_problem(settings, changed)
    return _visit(settings, store, visit.subscriber).page("saved")


def _filled(reader: Reader, body: Body, roster: Roster) -> Reader:
    """The reader as the form says it; what it leaves out stays. Raises Unfit, as the file would have a finding."""
    offered = form.languages(reader, roster)
    topics = [topic.key for topic in roster.topics]
    for key in PREFERENCES:
        if key in body:
            reader = with_preference(reader, key, ", ".join(filter(None, body[key])), topics)
    # Any other language would cost the newsletter's owner money for one reader.
    if unknown := [one for one in reader.wishes.languages if one not in offered]:
        raise Unfit(f"{unknown[0]!r} is not offered", f"choose among {', '.join(offered)}")
    return reader


def _pause(visit: Visit, body: Body) -> Response:
    until, today = values.day(body.get("until", [""])[0]), _today()
    if not today < until <= today + _LONGEST_PAUSE:
        raise Unfit(f"{until} is not within the next year", "choose a day after today")
    changed = unsubscribe.pause(visit.store, visit.settings.subscribers, visit.subscriber, until, app.utc_now())
    log_problem(visit.settings, changed)
    return _visit(visit.settings, visit.store, changed.subscriber).page("paused", until=until.isoformat())


def _today() -> date:
    return app.utc_now().date()
