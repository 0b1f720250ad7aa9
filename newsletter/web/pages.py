"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources

from starlette.responses import HTMLResponse, Response

STYLE = resources.files("newsletter.web").joinpath("pages.css").read_text("utf-8")
STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"  # for the header

_FRAME = """<!doctype html>
<html lang="{language}">
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


def framed(title: str, body: str, language: str = "en") -> str:
    """A whole page; `body` is markup."""
    return _FRAME.format(title=escape(title), body=body, style=STYLE, language=escape(language))


def answer(page: str, status: int = 200) -> Response:
    """A page that nothing on the way may keep."""
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


LEAVE = framed(
    "Unsubscribe?",
    '<p>You will get no more email from this newsletter. <span lang="zh">您将不再收到本刊邮件。</span></p>\n'
    '<form method="post"><button>Unsubscribe · <span lang="zh">退订</span></button></form>',
)
BACK = framed("You are subscribed again", '<p>From the next issue on. <span lang="zh">已恢复订阅。</span></p>')
NOT_BACK = framed(
    "This cannot be undone here",
    "<p>Emails to you bounced, or the owner of the newsletter ended the subscription. "
    "Write to the sender of the email.</p>",
)
NOT_VALID = framed(
    "This link is not valid",
    "<p>It may have been cut off by an email program. Copy it again from the email, or reply to the email.</p>",
)
NOT_NOW = framed("Your preferences", "<p>They cannot be shown just now. Please try again later.</p>")


def left(preferences_token: str) -> str:
    """After leaving, with the way back for whom it was a slip."""
    return framed(
        "You are unsubscribed",
        '<p>No more email will be sent to you. <span lang="zh">已退订，不会再给您发送邮件。</span></p>\n'
        f'<form method="post" action="/p/{escape(preferences_token)}">'
        '<button name="do" value="back">Undo · <span lang="zh">撤销</span></button></form>',
    )
