"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

from html import escape

from newsletter.models import Reader, Subscriber, SubscriberState

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ --text: #1f2328; --page: #fff; --accent: #b31b1b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e6edf3; --page: #0d1117; --accent: #d0342c; }} }}
body {{ margin: 0; background: var(--page); color: var(--text);
  font: 1.05rem/1.6 system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; }}
main {{ max-width: 34rem; margin: 0 auto; padding: 3rem 1.25rem; }}
button {{ font: inherit; color: #fff; background: var(--accent); border: 0; border-radius: .4rem;
  padding: .6rem 1.2rem; }}
dt {{ font-weight: 600; }} dd {{ margin: 0 0 .6rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def _framed(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), body=body)


_AGAIN = '<form method="post"><button type="submit">Send it again · <span lang="zh">恢复订阅</span></button></form>'
LEAVE = _framed(
    "Unsubscribe?",
    '<p>You will get no more mail from this newsletter. <span lang="zh">您将不再收到本刊邮件。</span></p>\n'
    '<form method="post"><button type="submit">Unsubscribe · <span lang="zh">退订</span></button></form>',
)
BACK = _framed("You get the newsletter again", '<p>From the next issue on. <span lang="zh">已恢复订阅。</span></p>')
NOT_BACK = _framed(
    "This cannot be undone here",
    "<p>Mails to you came back, or the owner of the newsletter ended it. Write to the sender of the mail.</p>",
)
NOT_VALID = _framed(
    "This link is not valid",
    "<p>It may have been cut by a mail program. Copy it again from the mail, or reply to the mail.</p>",
)
NOT_NOW = _framed("Your preferences", "<p>They cannot be shown just now. Please try again later.</p>")


def left(preferences_token: str) -> str:
    """After leaving, with the way back for whom it was a slip."""
    return _framed(
        "You are unsubscribed",
        '<p>No more mail will be sent to you. <span lang="zh">已退订，不会再给您发送邮件。</span></p>\n'
        f'<form method="post" action="/p/{escape(preferences_token)}">'
        '<button type="submit">Undo · <span lang="zh">撤销</span></button></form>',
    )


def preferences(reader: Reader | None, subscriber: Subscriber) -> str:
    """What is set for a reader, and a button where they have left or paused. The page tells; a POST changes."""
    paused = subscriber.state is SubscriberState.PAUSED and subscriber.paused_until is not None
    if reader is None or not (paused or subscriber.state is SubscriberState.ACTIVE):
        return _framed("Your preferences", f"<p>You get no mail from this newsletter.</p>\n{_AGAIN}")
    note = f"<p>Paused until {subscriber.paused_until}.</p>\n{_AGAIN}" if paused else ""
    wishes = reader.wishes
    rows = {
        "Topics": ", ".join(wishes.topics),
        "Languages": ", ".join(wishes.languages),
        "Hour": f"{reader.send_at:%H:%M} {reader.timezone}",
        "Abstracts": wishes.abstracts.value,
        "Most papers in a mail": str(wishes.max_papers),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return _framed(
        "Your preferences", f"{note}<dl>{listed}</dl><p>To change them, write to the sender of the mail.</p>"
    )
