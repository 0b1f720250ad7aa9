"""What the pages behind one-time links have in common."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from newsletter.readers import Counter
from newsletter.web import pages
from newsletter.web.bodies import Form
from newsletter.web.pages import Voice
from newsletter.web.stamps import FIELD, is_fresh, stamp


def is_pressed(counter: Counter, secret: str, body: Form | None) -> bool:
    """Whether the button of our page was: what nobody looked at is not confirmed."""
    shown = (body or {}).get(FIELD, [""])[0]
    return is_fresh(counter.keys, secret, shown, counter.now(), shortest=timedelta())


def button(
    counter: Counter,
    voice: Voice,
    secret: str,
    label: str,
    do: str = "confirm",
    *,
    plain: bool = False,
    below: str = "t",
) -> str:
    """The form that does it, as markup; `below`: the part of the address before the secret."""
    field = f'<input type="hidden" name="{FIELD}" value="{stamp(counter.keys, secret, counter.now())}">'
    return pages.form(f"{voice.root}{below}/{secret}", field, pages.button(voice.text(label), do, plain=plain))


def over(voice: Voice, said: str = "page_once_over") -> Response:
    """The link has done its work, or is too old."""
    body = f"<p>{voice.text(said)}</p>{pages.fresh_link(voice)}"
    return pages.answer(pages.framed(voice.say("page_once_over_title"), body, voice), 404)


def said(voice: Voice, key: str, more: str = "", *, title: str = "", status: int = 200) -> Response:
    """A page of one sentence under its title."""
    body = f"<p>{voice.text(f'page_{key}_about')}</p>{more}"
    return pages.answer(pages.framed(voice.say(title or f"page_{key}_title"), body, voice), status)
