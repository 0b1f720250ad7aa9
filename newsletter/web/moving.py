"""The pages of a change of address: one for each address, and the one that undoes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import structlog
from starlette.responses import Response

from newsletter.models import Moved
from newsletter.readers import Counter, moving
from newsletter.readers.moving import Change
from newsletter.readers.tickets import Kind
from newsletter.web import languages, pages
from newsletter.web.bodies import Form
from newsletter.web.languages import Scope
from newsletter.web.once import button, is_pressed, over, said
from newsletter.web.pages import Voice

log = structlog.get_logger()


def answer(counter: Counter, secret: str, body: Form | None, scope: Scope) -> Response | None:
    """None where the link is of another kind."""
    for kind, page in _PAGES.items():
        if change := moving.find(counter, kind, secret):
            # Whoever has one of both addresses is not told the other one's, but for what the reader wishes.
            shown = change.old if kind is moving.UNDO else change.new
            voice = languages.to_address(counter, scope, change.subscriber, shown)
            wanted = (body or {}).get("do", [""])[0] if is_pressed(counter, secret, body) else ""
            return page(counter, voice, kind, change, secret, wanted)
    return None


def _agree(counter: Counter, voice: Voice, kind: Kind, change: Change, secret: str, wanted: str) -> Response:
    if wanted == "never" and kind is moving.NEW:
        return said(voice, "never") if moving.refuse(counter, secret) else over(voice)
    moved = Moved.NOT
    if wanted == "confirm":
        moved = moving.agree(counter, kind, secret)
        log.info("address.confirmed", moved=moved.value)
        counter.bell.ring()  # the address that is left is told
        if moved is Moved.NOT:
            return over(voice)
    elif change.used:
        moved = Moved.DONE if change.is_done else Moved.HALF
    if moved is Moved.NOT:
        return _ask(counter, voice, kind, change, secret)
    return said(voice, f"address_{moved.value}")


def _ask(counter: Counter, voice: Voice, kind: Kind, change: Change, secret: str) -> Response:
    rows = {"page_address_after": change.new}
    if kind is moving.OLD:
        rows = {"page_address_before": change.old} | rows
    listed = "".join(f'<dt>{voice.text(key)}</dt><dd dir="ltr">{escape(one)}</dd>' for key, one in rows.items())
    more = f"<dl>{listed}</dl>{button(counter, voice, secret, 'page_address_button')}"
    if kind is moving.NEW:
        refuse = button(counter, voice, secret, "page_joining_never_button", "never", plain=True)
        about = f"<p>{voice.text('page_confirm_otherwise')}</p>{refuse}"
        more += pages.section(voice.text("page_joining_never_title"), about)
    return said(voice, "address", more)


def _undo(counter: Counter, voice: Voice, kind: Kind, change: Change, secret: str, wanted: str) -> Response:
    if change.used:
        return over(voice, "page_address_undo_over")
    if wanted != "confirm":
        undo = button(counter, voice, secret, "page_undo_button")
        return said(voice, "address_undo", undo, title="page_undo_title")
    done = moving.take_back(counter, secret)
    log.info("address.undone", done=done)
    counter.bell.ring()
    return said(voice, "address_undone") if done else over(voice, "page_address_undo_over")


_PAGES: Mapping[Kind, Callable[..., Response]] = {moving.OLD: _agree, moving.NEW: _agree, moving.UNDO: _undo}
