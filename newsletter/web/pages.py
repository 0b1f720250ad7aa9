"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources

from starlette.responses import HTMLResponse, Response

from newsletter.models import ArchiveMode
from newsletter.words import Words

STYLE = resources.files("newsletter.web").joinpath("pages.css").read_text("utf-8")
STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"  # for the header

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
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def framed(title: str, body: str, words: Words) -> str:
    """A whole page; `body` is markup."""
    return _FRAME.format(
        title=escape(title), body=body, style=STYLE, language=escape(words.language), direction=words.direction
    )


def answer(page: str, status: int = 200) -> Response:
    """A page that no cache may keep."""
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


def ask(words: Words) -> str:
    """Before leaving: a look changes nothing, the button does."""
    return _said(words, "ask", f'<form method="post"><button>{_text(words, "ask_button")}</button></form>')


def left(words: Words, way_back: str) -> str:
    """After leaving, with the way back for whom it was a slip."""
    button = f'<button name="do" value="back">{_text(words, "undo_button")}</button>'
    return _said(words, "left", f'<form method="post" action="{escape(way_back)}">{button}</form>')


def back(words: Words) -> str:
    return _said(words, "back")


def not_back(words: Words) -> str:
    return _said(words, "not_back")


def not_valid(words: Words) -> str:
    return _said(words, "not_valid")


def not_now(words: Words) -> str:
    return _said(words, "not_now")


def not_found(words: Words) -> str:
    return _said(words, "not_found")


def home(words: Words, name: str, mode: ArchiveMode | None) -> str:
    """For whoever comes to the newsletter's own address while there is no archive to show."""
    keys = ("home_about", *([f"home_{mode}"] if mode else []), "home_links")
    return framed(name, "\n".join(f"<p>{_text(words, key)}</p>" for key in keys), words)


def not_allowed(words: Words) -> str:
    return _said(words, "not_allowed")


def failed(words: Words) -> str:
    return _said(words, "failed")


def _said(words: Words, name: str, more: str = "") -> str:
    body = f"<p>{_text(words, f'{name}_about')}</p>\n{more}"
    return framed(words.say(f"page_{name}_title"), body, words)


def _text(words: Words, name: str) -> str:
    return escape(words.say(f"page_{name}"))
