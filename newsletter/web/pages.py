"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from html import escape
from importlib import resources

from starlette.responses import HTMLResponse, Response

from newsletter.models import ArchiveMode
from newsletter.words import Words

STYLE = resources.files("newsletter.web").joinpath("pages.css").read_text("utf-8")
STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"  # for the header
LINK_PATH = "link"  # where a fresh link is asked for
_BOLD = "\0"  # marks what is shown in bold; no address and no phrase has it

_FRAME = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{brand}<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks to whom: the words, the newsletter, the reader's address where it is known, and where the page is."""

    words: Words
    name: str = ""
    email: str = ""
    root: str = ""  # from the page's address to that of the front page, such as `../`
    has_archive: bool = False  # one that everybody may read

    def say(self, key: str, **values: object) -> str:
        """A phrase as text; each may name the newsletter and the reader's address."""
        return self.words.say(key, name=self.name, email=self.email, **values)

    def text(self, key: str, **values: object) -> str:
        """A phrase as markup, the address in bold."""
        email = f"{_BOLD}{self.email}{_BOLD}" if self.email else ""
        said = escape(self.words.say(key, name=self.name, email=email, **values)).split(_BOLD)
        return "".join(f'<b dir="ltr">{part}</b>' if place % 2 else part for place, part in enumerate(said))


def framed(title: str, body: str, voice: Voice) -> str:
    """A whole page; `body` is markup. The reader's address stands on it once: in the body, else on top."""
    email = escape(voice.email)
    whose = f' <span dir="ltr">{email}</span>' if email and email not in body else ""
    brand = f'<p class="brand"><bdi>{escape(voice.name)}</bdi>{whose}</p>\n' if voice.name else ""
    words = voice.words
    return _FRAME.format(
        title=escape(title),
        body=body,
        brand=brand,
        style=STYLE,
        language=escape(words.language),
        direction=words.direction,
    )


def answer(page: str, status: int = 200) -> Response:
    """A page that no cache may keep."""
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


def button(label: str, do: str, *, plain: bool = False) -> str:
    """A button that says what is to be done; `label` is markup."""
    look = ' class="plain"' if plain else ""
    return f'<button{look} name="do" value="{escape(do)}">{label}</button>'


def form(action: str, *buttons: str) -> str:
    """A form of buttons; `action` is an address, empty for that of the page itself."""
    where = f' action="{escape(action)}"' if action else ""
    return f'<form method="post"{where} class="stack">{"".join(buttons)}</form>'


def section(title: str, body: str) -> str:
    """A part of a page under its heading; both are markup."""
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>\n"


def ask(voice: Voice, action: str, instead: str) -> str:
    """Before leaving: a look changes nothing, the button does; `instead`: what else could be done."""
    leave = f'<form method="post" action="{escape(action)}"><button>{voice.text("page_ask_button")}</button></form>\n'
    return _said(voice, "ask", leave + instead)


def left(voice: Voice, undo: str, instead: str) -> str:
    """After leaving, with the way back for whom it was a slip."""
    back = form(undo, button(voice.text("page_undo_button"), "back", plain=True))
    return _said(voice, "left", f"{back}\n{instead}{_archive(voice)}")


def changed(voice: Voice, *lines: str) -> str:
    """After less was asked for; each line is markup, the first one of the title's kind."""
    title, *rest = lines
    return framed(title, "".join(f"<p>{escape(line)}</p>" for line in rest), voice)


def back(voice: Voice) -> str:
    return _said(voice, "back")


def not_back(voice: Voice) -> str:
    return _said(voice, "not_back")


def gone(voice: Voice) -> str:
    return framed(voice.say("page_not_back_title"), f"<p>{voice.text('page_gone')}</p>", voice)


def not_valid(voice: Voice) -> str:
    """A link that leads nowhere: the field that sends a fresh one, and the way out without any link."""
    return _said(voice, "not_valid", fresh_link(voice))


def home(voice: Voice, mode: ArchiveMode | None, *, can_join: bool = False) -> str:
    """For visitors to the newsletter's own address while there is no archive to show."""
    keys = ("home_about", *([f"home_{mode}"] if mode else []), "home_links")
    body = "\n".join(f"<p>{voice.text(f'page_{key}')}</p>" for key in keys)
    if can_join:
        body += f'\n<p class="links"><a href="{voice.root}join">{voice.text("archive_join")}</a></p>'
    return framed(voice.name, body, replace(voice, name=""))


def fresh_link(voice: Voice) -> str:
    """The field for an address, and what works without a link; as markup."""
    field = (
        f'<form method="post" action="{voice.root}{LINK_PATH}">\n'
        f'<p><label for="email">{voice.text("page_link_label")}</label>\n'
        '<input id="email" type="email" name="email" autocomplete="email" required maxlength="254"></p>\n'
        f"<button>{voice.text('page_link_button')}</button>\n</form>\n"
        f'<p class="quiet">{voice.text("page_link_about")}</p>\n'
    )
    reply = section(voice.text("page_link_leave"), f"<p>{voice.text('page_link_reply')}</p>")
    return field + reply + _archive(voice)


def link_sent(voice: Voice) -> str:
    return _said(voice, "link_sent", _archive(voice))


def link_asked(voice: Voice) -> str:
    return framed(voice.say("page_link_title"), fresh_link(voice), voice)


def not_now(voice: Voice) -> str:
    return _said(voice, "not_now")


def not_found(voice: Voice) -> str:
    return _said(voice, "not_found", _archive(voice))


def not_allowed(voice: Voice) -> str:
    return _said(voice, "not_allowed")


def too_many(voice: Voice) -> str:
    return _said(voice, "too_many")


def failed(voice: Voice) -> str:
    return _said(voice, "failed")


def _archive(voice: Voice) -> str:
    if not voice.has_archive:
        return ""
    pages = f'<a href="{voice.root or "./"}">{voice.text("page_archive")}</a>'
    feed = f'<a href="{voice.root}feed.xml">{voice.text("archive_feed")}</a>'
    return f'<p class="links">{pages} {feed}</p>\n'


def _said(voice: Voice, name: str, more: str = "") -> str:
    body = f"<p>{voice.text(f'page_{name}_about')}</p>\n{more}"
    return framed(voice.say(f"page_{name}_title"), body, voice)
