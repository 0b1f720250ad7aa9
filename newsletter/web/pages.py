"""The few pages of the web part, without scripts and without anything from elsewhere."""

from __future__ import annotations

from html import escape

from newsletter.models import Reader

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


LEAVE = _framed(
    "Unsubscribe?",
    '<p>You will get no more mail from this newsletter. <span lang="zh">您将不再收到本刊邮件。</span></p>\n'
    '<form method="post"><button type="submit">Unsubscribe · <span lang="zh">退订</span></button></form>',
)
LEFT = _framed(
    "You are unsubscribed",
    '<p>No more mail will be sent to you. <span lang="zh">已退订，不会再给您发送邮件。</span></p>',
)
NOT_VALID = _framed(
    "This link is not valid",
    "<p>It may have been cut by a mail program. Copy it again from the mail, or reply to the mail.</p>",
)
NOT_NOW = _framed("Your preferences", "<p>They cannot be shown just now. Please try again later.</p>")


def preferences(reader: Reader | None, *, active: bool) -> str:
    """What is set for a reader. The page tells; the owner of the newsletter changes."""
    if reader is None or not active:
        return _framed("Your preferences", "<p>You get no mail from this newsletter.</p>")
    wishes = reader.wishes
    rows = {
        "Topics": ", ".join(wishes.topics),
        "Languages": ", ".join(wishes.languages),
        "Hour": f"{reader.send_at:%H:%M} {reader.timezone}",
        "Abstracts": wishes.abstracts.value,
        "Most papers in a mail": str(wishes.max_papers),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return _framed("Your preferences", f"<dl>{listed}</dl><p>To change them, write to the sender of the mail.</p>")
