"""Joining: the page where people ask, the page where they confirm, and the one where the administrator decides.

A GET stores nothing and changes nothing. What is answered to a form is the same for every address.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from html import escape
from pathlib import Path
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from newsletter import tokens
from newsletter.archive import folder_of, page_name
from newsletter.models import ArchiveMode, JoinRequest, JoinState, Masthead, Reader, Source, Topic
from newsletter.readers import Counter, in_force, joining
from newsletter.readers.joining import Joined
from newsletter.readers.preferences import offered
from newsletter.replies import inviting
from newsletter.subscribers.preferences import PREFERENCES
from newsletter.subscribers.tree import Unfit
from newsletter.tex import to_unicode
from newsletter.tokens import Purpose, make
from newsletter.web import form, languages, once, pages
from newsletter.web.bodies import Form, read_form
from newsletter.web.languages import Scope
from newsletter.web.once import said
from newsletter.web.pages import Voice
from newsletter.web.stamps import FIELD, is_fresh, stamp

log = structlog.get_logger()

PATH = "/join"
SCRIPT = (
    'const zone=Intl.DateTimeFormat().resolvedOptions().timeZone,list=document.getElementById("zone");'
    "if([...list.options].some(one=>one.value===zone))list.value=zone;"
)
SCRIPT_HASH = f"sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}"  # for the header
_TRAP = "homepage"  # a field that nobody sees: who fills it in is a machine
_FORM = "join"
_SLOW, _SLOW_IN = 5, timedelta(minutes=10)  # unconfirmed requests of one network
_MOST, _MOST_IN = 20, timedelta(days=1)
_BEST = 3  # papers that are shown below the form
_LONGEST_ABOUT = 140  # characters of what a topic is about

Network = Callable[[Scope], str]


def endpoint(counter: Counter, network_of: Network) -> Callable[[Request], Awaitable[Response]]:
    """`/join`."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_visited, counter, network_of, body, request.scope)

    return visit


def _visited(counter: Counter, network_of: Network, body: Form | None, scope: Scope) -> Response:
    voice, masthead = languages.spoken(counter, scope), joining.open_masthead(counter)
    if masthead is None:
        return pages.answer(pages.not_found(voice), 404)
    page = _JoinPage(counter, masthead, voice, scope)
    return page.show() if body is None else page.take(body, network_of(scope))


class _JoinPage:
    """What one visitor sees and sends."""

    def __init__(self, counter: Counter, masthead: Masthead, voice: Voice, scope: Scope) -> None:
        self._counter, self._masthead, self._voice, self._scope = counter, masthead, voice, scope

    def show(self, given: Form | None = None, note: str = "", status: int = 200, *, aged: bool = False) -> Response:
        """`aged`: whoever sends it again need not wait again."""
        newcomer = self._newcomer(given)
        body = form.render(
            "join.html.j2",
            w=self._voice.words.section("page_join_"),
            p=self._voice.words.section("page_"),
            say=self._voice.say,
            note=note,
            email=_one(given or {}, "email"),
            topics=[(topic, self._about(topic)) for topic in self._masthead.topics if topic.join],
            languages=form.named(self._languages),
            now=form.values_of(newcomer),
            zones=form.zones(newcomer.timezone),
            consent=self._consent,
            privacy=self._masthead.newsletter.privacy or f"{self._voice.root}privacy",
            papers=[] if given else self._best(),
            shown=stamp(self._counter.keys, _FORM, self._counter.now() - timedelta(seconds=5 if aged else 0)),
        )
        script = "" if given else f"<script>{SCRIPT}</script>\n"
        return pages.answer(pages.framed(self._voice.say("page_join_title"), body + script, self._voice), status)

    def take(self, body: Form, network: str) -> Response:
        """One answer for every address."""
        counter, voice, now = self._counter, self._voice, self._counter.now()
        if _one(body, _TRAP):
            log.info("join.trapped")
            return said(voice, "join_sent")
        if self._is_from_elsewhere or not is_fresh(counter.keys, _FORM, _one(body, FIELD), now):
            return self.show(body, voice.say("page_join_again"), 422)
        if joining.is_full(counter, self._masthead):
            return said(voice, "join_full", status=429)
        kept = tokens.secret(counter.keys, "join network", network) if network else ""
        if self._is_busy(kept):
            log.warning("join.network-busy")
            return said(voice, "join_busy", status=429)
        try:
            request = self._request(body, kept)
        except Unfit as unfit:
            words = voice.words
            named = {"name": words.say(f"page_{unfit.fields['name']}")} if "name" in unfit.fields else {}
            problem = words.say(f"page_wrong_{unfit.key}", **unfit.fields | named)
            return self.show(body, problem, 422, aged=True)
        counter.store.ask_to_join(request)
        counter.bell.ring()
        log.info("join.asked")
        return said(voice, "join_sent")

    def _request(self, body: Form, network: str) -> JoinRequest:
        """Raises Unfit."""
        counter, masthead = self._counter, self._masthead
        written = joining.address(masthead, _one(body, "email"))
        reader = joining.chosen(counter, masthead, written, Source.PAGE, _fields(body), self._languages)
        language = reader.wishes.languages[0]
        return JoinRequest(
            email=joining.mailbox(written),
            written=written,
            given=joining.given(masthead, reader),
            language=language,
            source=Source.PAGE,
            network=network,
            consent=joining.consent_hash(counter, masthead, language),
            asked=counter.now(),
        )

    @property
    def _is_from_elsewhere(self) -> bool:
        """Whether a page of another site sent the form: its visitors would ask for it unawares."""
        return Headers(scope=self._scope).get("sec-fetch-site", "") == "cross-site"

    def _is_busy(self, network: str) -> bool:
        """Whether too much was asked from there that nobody confirmed; a campus is one network."""
        if not network or self._masthead.newsletter.join_domains:
            return False
        now = self._counter.now()
        asked = self._counter.store.joins_from(network, now - _MOST_IN)
        return len(asked) >= _MOST or sum(one > now - _SLOW_IN for one in asked) >= _SLOW

    def _newcomer(self, given: Form | None) -> Reader:
        """With what the visitor has chosen so far, each as far as it can be; first in the browser's language."""
        newcomer = joining.newcomer(self._masthead, "", Source.PAGE)
        fields = _fields(given) if given else self._of_browser(newcomer)
        return joining.as_offered(self._counter, self._masthead, newcomer, fields, self._languages)

    def _of_browser(self, reader: Reader) -> Mapping[str, str]:
        """The newsletter's languages, that of the browser first."""
        spoken = languages.accepted(Headers(scope=self._scope).get("accept-language", ""))
        wanted = [one.lower().partition("-")[0] for one in spoken]
        usual = reader.wishes.languages
        first = next((one for one in usual if one.partition("-")[0] in wanted), usual[0])
        return {"languages": ", ".join(dict.fromkeys((first, *usual)))}

    def _best(self) -> list[tuple[str, str, str]]:
        """Title, one-liner and page of the newest issue's best papers, where everybody may read it."""
        if self._masthead.newsletter.archive is not ArchiveMode.PUBLIC:
            return []
        days = sorted(folder_of(self._counter.data_dir, ArchiveMode.PUBLIC).glob("????-??-??.json"))
        papers = _papers(days[-1], days[-1].stat().st_mtime_ns) if days else []
        language = self._voice.words.language
        return [
            (
                to_unicode(one["title"]),
                one["lines"].get(language) or next(iter(one["lines"].values()), ""),
                f"{self._voice.root}papers/{page_name(one['id'])}.html",
            )
            for one in papers
        ]

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return offered(self._counter.store, self._masthead, None)

    def _about(self, topic: Topic) -> str:
        """One line: the first of its interests where these are public, else its categories."""
        first = " ".join(topic.interests.split()).partition(". ")[0]
        if not self._masthead.newsletter.publish_prompt or len(first) > _LONGEST_ABOUT:
            return ", ".join(topic.categories)
        return first

    @property
    def _consent(self) -> str:
        return self._voice.say("page_join_consent")


@lru_cache(maxsize=2)
def _papers(file: Path, changed: int) -> Sequence[Mapping[str, Any]]:
    """Of one day of the archive, as long as its file is as it was."""
    try:
        return list(json.loads(file.read_bytes())["papers"][:_BEST])
    except (OSError, ValueError, KeyError):
        return []


def _one(body: Form, key: str) -> str:
    return body.get(key, [""])[0]


def _fields(body: Form) -> dict[str, str]:
    return {key: ", ".join(filter(None, body[key])) for key in PREFERENCES if key in body}


# --- confirming ---------------------------------------------------------------------


def confirming(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/j/<secret>`: a GET shows what was asked for, a POST with the form's signed time confirms it."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        secret, never = request.path_params["secret"], "never" in request.query_params
        return await run_in_threadpool(_confirming, counter, secret, body, request.scope, never=never)

    return visit


def _confirming(counter: Counter, secret: str, body: Form | None, scope: Scope, *, never: bool) -> Response:
    masthead, found = joining.open_masthead(counter), joining.asked(counter, secret)
    if masthead is None or found is None:
        return _over(languages.spoken(counter, scope), is_open=masthead is not None)
    voice = languages.in_language(counter, scope, found.request.language, found.request.written)
    if found.again:
        return pages.answer(pages.framed(voice.say("page_joined_again"), "", voice))
    if body is None or not once.is_pressed(counter, secret, body):
        return _ask(counter, masthead, voice, found.request, secret, never=never)
    if _one(body, "do") == "never":
        joining.never(counter, secret)
        return said(voice, "never")
    joined = joining.confirm(counter, masthead, secret)
    return _done(counter, voice, joined) if joined else _over(voice, is_open=True)


def _ask(
    counter: Counter, masthead: Masthead, voice: Voice, request: JoinRequest, secret: str, *, never: bool
) -> Response:
    button = partial(once.button, counter, voice, secret, below="j")
    refuse = button("page_joining_never_button", "never", plain=not never)
    if never:
        body = f"<p>{voice.text('page_joining_never')}</p>{refuse}"
        return pages.answer(pages.framed(voice.say("page_joining_never_title"), body, voice))
    chosen = "".join(
        f"<dt>{label}</dt><dd>{value}</dd>" for label, value in _choices(counter, masthead, voice, request)
    )
    confirm = button("page_joining_button", "confirm", plain=False)
    consent = f'<p class="quiet">{voice.text("page_join_consent")}</p>'
    other = pages.section(voice.text("page_joining_never_title"), f"<p>{voice.text('page_joining_never')}</p>{refuse}")
    body = f"<p>{voice.text('page_joining_about')}</p><dl>{chosen}</dl>{consent}{confirm}{other}"
    return pages.answer(pages.framed(voice.say("page_joining_title"), body, voice))


def _choices(counter: Counter, masthead: Masthead, voice: Voice, request: JoinRequest) -> list[tuple[str, str]]:
    reader, words = joining.as_chosen(counter, masthead, request), voice.words
    topics = [masthead.topic(key).title for key in reader.wishes.topics]
    how_often = words.say("page_join_weekly" if reader.weekly else "page_join_daily")
    rows = [
        ("page_topics", words.listed(topics)),
        ("page_languages", words.listed([words.named(code) for code in reader.wishes.languages])),
        ("page_frequency", how_often),
        ("page_hour", f"{reader.send_at:%H:%M} ({reader.timezone.replace('_', ' ')})"),
    ]
    return [(voice.text(key), f"<bdi>{escape(value)}</bdi>") for key, value in rows]


def _done(counter: Counter, voice: Voice, joined: Joined) -> Response:
    if joined.again and joined.subscriber is None:
        return pages.answer(pages.framed(voice.say("page_joined_again"), "", voice))
    if joined.subscriber is None:
        return said(voice, "join_waiting")
    log.info("join.confirmed")
    token = make(counter.keys, Purpose.PREFERENCES, joined.subscriber.id)
    link = f'<p class="links"><a href="{voice.root}p/{token}">{voice.text("page_joined_preferences")}</a></p>'
    body = f"<p>{voice.text('page_joined_about')}</p>{link}"
    return pages.answer(pages.framed(voice.say("page_joined_title"), body, voice))


def _over(voice: Voice, *, is_open: bool) -> Response:
    link = f'<p class="links"><a href="{voice.root}join">{voice.text("page_join_over_link")}</a></p>' if is_open else ""
    body = f"<p>{voice.text('page_join_over_about')}</p>{link}"
    return pages.answer(pages.framed(voice.say("page_join_over_title"), body, voice), 404)


# --- deciding -----------------------------------------------------------------------


def deciding(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/approve/<secret>`: the administrator's list, by a link that came by email."""

    async def visit(request: Request) -> Response:
        body = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(_deciding, counter, request.path_params["secret"], body, request.scope)

    return visit


def _deciding(counter: Counter, secret: str, body: Form | None, scope: Scope) -> Response:
    voice, known = languages.spoken(counter, scope), in_force.last_good(counter.store)
    if known is None or not inviting.may_approve(counter, secret):
        text = f"<p>{voice.text('page_approve_over')}</p>"
        return pages.answer(pages.framed(voice.say("page_join_over_title"), text, voice), 404)
    waiting = counter.store.join_requests(JoinState.CONFIRMED)
    note = _decide(counter, known.masthead, voice, body, waiting) if body else ""
    waiting = counter.store.join_requests(JoinState.CONFIRMED) if body else waiting
    if not waiting and body:
        inviting.close_approval(counter, secret)
    return pages.answer(pages.framed(voice.say("page_approve_title"), note + _waiting(voice, waiting), voice))


def _decide(counter: Counter, masthead: Masthead, voice: Voice, body: Form, waiting: Sequence[JoinRequest]) -> str:
    """One, or all who were on the page when its button was pressed."""
    wanted, named = _one(body, "do"), set(body.get("email", []))
    some = [one for one in waiting if one.email in named]
    for request in some:
        if wanted == "decline":
            joining.decline(counter, request)
        elif wanted in ("approve", "all"):
            joining.admit(counter, masthead, request)
    declined = len(some) if wanted == "decline" else 0
    said = voice.text("page_approved", count=len(some) - declined, declined=declined)
    return f'<p class="note" role="status">{said}</p>'


def _waiting(voice: Voice, requests: Sequence[JoinRequest]) -> str:
    if not requests:
        return f"<p>{voice.text('page_approve_none')}</p>"
    approve, decline = voice.text("page_approve_button"), voice.text("page_decline_button")
    rows = "".join(
        f'<li><form method="post"><b dir="ltr">{escape(one.written)}</b>'
        f'<input type="hidden" name="email" value="{escape(one.email)}">'
        f'<p class="choices">{pages.button(approve, "approve")} {pages.button(decline, "decline", plain=True)}</p>'
        "</form></li>"
        for one in requests
    )
    named = "".join(f'<input type="hidden" name="email" value="{escape(one.email)}">' for one in requests)
    every = f'<form method="post">{named}{pages.button(voice.text("page_approve_all_button"), "all")}</form>'
    more = pages.section("", every) if len(requests) > 1 else ""
    return f'<p>{voice.text("page_approve_about")}</p><ul class="rows">{rows}</ul>{more}'
