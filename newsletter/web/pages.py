"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse, Response

STYLE = """
:root { --text: #1f2328; --quiet: #59636e; --page: #fff; --link: #0a58b8; --rule: #d1d9e0;
  --good: #dcf5e2; --bad: #ffebe9; --button: #b31b1b; --plain: #f1f4f7; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9aa5b1; --page: #0d1117; --link: #79b8ff;
  --rule: #30363d; --good: #12311d; --bad: #4a1615; --button: #c22d26; --plain: #1b222b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 1.0625rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'PingFang SC',
    'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; }
main { max-width: 38rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.125rem; margin: 2.5rem 0 .5rem; padding-top: 1.25rem; border-top: 1px solid var(--rule); }
p { margin: .5rem 0; }
a { color: var(--link); }
.quiet { color: var(--quiet); font-size: .9375rem; }
.note { background: var(--good); padding: .75rem 1rem; border-radius: .5rem; }
.note.bad { background: var(--bad); }
fieldset { border: 0; margin: 1.75rem 0 0; padding: 0; min-width: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .25rem; }
.choice { display: flex; gap: .6rem; align-items: baseline; padding: .3rem 0; }
.days { display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
.fields { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; }
.fields > div { flex: 1 1 10rem; min-width: 0; }
select, input[type="time"], input[type="date"] { display: block; width: 100%; font: inherit; color: inherit;
  background: var(--page); border: 1px solid var(--quiet); border-radius: .5rem; padding: .5rem .6rem;
  min-height: 2.75rem; }
input[type="radio"], input[type="checkbox"] { width: 1.15rem; height: 1.15rem; margin: 0; flex: none;
  accent-color: var(--button); transform: translateY(.15rem); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
button { font: inherit; color: #fff; background: var(--button); border: 1px solid var(--button); border-radius: .5rem;
  padding: .6rem 1.2rem; min-height: 2.75rem; cursor: pointer; }
button.plain { color: var(--text); background: var(--plain); border-color: var(--quiet); }
.save { margin-top: 1.75rem; }
"""
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


def left(way_back: str) -> str:
    """After leaving, with the way back for whom it was a slip."""
    return framed(
        "You are unsubscribed",
        '<p>No more email will be sent to you. <span lang="zh">已退订，不会再给您发送邮件。</span></p>\n'
        f'<form method="post" action="{escape(way_back)}">'
        '<button name="do" value="back">Undo · <span lang="zh">撤销</span></button></form>',
    )
