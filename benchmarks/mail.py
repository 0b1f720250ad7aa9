"""From edition to bytes: once per template, once per edition, once per reader."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from benchmarks.table import Row, median_ms
from newsletter.models import Message
from newsletter.render import Renderer, message_id, personalise
from tests.factories import DAY, KEYS, a_letterhead, an_edition

_TEMPLATES = [Path(__file__).parent.parent / "templates"]
_PAPERS = 25


def rows() -> Iterator[Row]:
    """Rendering with a warm template beside a cold one, splicing beside building each mail."""
    edition, letterhead = an_edition(_PAPERS), a_letterhead()
    with tempfile.TemporaryDirectory() as folder:
        cold = median_ms(lambda: Renderer(_TEMPLATES, None).render(edition, letterhead), 3)
        renderer = Renderer(_TEMPLATES, Path(folder))
        rendered = renderer.render(edition, letterhead)
        warm = median_ms(lambda: renderer.render(edition, letterhead), 9)
    yield Row(f"render an edition of {_PAPERS} papers", warm, "the same, MJML compiled each time", cold)

    def personal() -> Message:
        return personalise(
            rendered,
            letterhead,
            keys=KEYS,
            subscriber_id=7,
            email="ada@example.org",
            name="Ada",
            message_id=message_id(KEYS, letterhead, 7, DAY),
            date=datetime(2026, 3, 9, tzinfo=UTC),
        )

    message = personal()
    spliced = median_ms(personal, 200)
    built = median_ms(lambda: _built(message), 20)
    yield Row("one reader's mail: headers and slots", spliced, "built by the standard library", built)
    leave = {span.slot: "a" * 34 for span in rendered.body.spans}
    splice = median_ms(lambda: rendered.body.fill(leave), 500)
    yield Row("the slots alone", splice, "built by the standard library", built)


def _built(message: Message) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for name, value in message.headers:
        mail[name] = value
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail.as_bytes()
