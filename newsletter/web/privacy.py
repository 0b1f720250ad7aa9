"""`/privacy`: who runs this, what is kept and for how long, from the settings; or the operator's own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter.addresses import own_address, split_mailbox
from newsletter.readers import Counter, in_force
from newsletter.web import languages, pages
from newsletter.web.languages import Scope
from newsletter.web.pages import Voice

_PARTS = ("kept", "not", "why", "long")


def endpoint(counter: Counter) -> Callable[[Request], Awaitable[Response]]:
    """`/privacy`."""

    async def visit(request: Request) -> Response:
        return await run_in_threadpool(_answer, counter, request.scope)

    return visit


def _answer(counter: Counter, scope: Scope) -> Response:
    known = in_force.last_good(counter.store)
    if known and known.masthead.newsletter.privacy:
        return RedirectResponse(known.masthead.newsletter.privacy, 303)
    voice = languages.spoken(counter, scope)
    return pages.answer(pages.framed(voice.say("page_privacy_title"), _body(counter, voice), voice))


def _body(counter: Counter, voice: Voice) -> str:
    letterhead = counter.letterhead
    name = split_mailbox(letterhead.sender)[0]
    contact = counter.alarms.admin or own_address(letterhead)
    who = voice.text(
        "page_privacy_who_about",
        sender=name if name and name != voice.name else own_address(letterhead),
        address=letterhead.postal_address or own_address(letterhead),
    )
    questions = voice.text("page_privacy_contact", contact=split_mailbox(contact)[1])
    parts = [pages.section(voice.text("page_privacy_who"), f"<p>{who}</p><p>{questions}</p>")]
    for name in _PARTS:
        about = voice.text(f"page_privacy_{name}_about", days=counter.keep.days)
        parts.append(pages.section(voice.text(f"page_privacy_{name}"), f"<p>{about}</p>"))
    carrier = (
        voice.text("page_privacy_else_provider", carrier=counter.carrier)
        if counter.carrier
        else voice.text("page_privacy_else_own")
    )
    parts.append(pages.section(voice.text("page_privacy_else"), f"<p>{carrier}</p>"))
    parts.append(pages.section(voice.text("page_privacy_rights"), f"<p>{voice.text('page_privacy_rights_about')}</p>"))
    return "".join(parts)
