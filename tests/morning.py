"""A whole morning against the practice servers, in one process: what the tests of the pipeline start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from newsletter.demo.rows import SampleRow
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import Enrolled
from newsletter.pipeline import Desk, groups
from newsletter.settings import Settings
from newsletter.times import calendar
from tests.counters import MORNING, desk_at
from tests.factories import DAY

ROSTER = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
  - ada@example.org
  - email: chen@example.org
    name: 陈晨
    languages: [zh, en]
"""


def sample_rows() -> list[SampleRow]:
    return sample_day(DAY, calendar.window(DAY))


@contextmanager
def practice(folder: Path, *, model: bool = True, roster: str = ROSTER) -> Iterator[tuple[Servers, Settings]]:
    """Servers with the sample day of 9 March, and settings in `folder` that use them."""
    (folder / "subscribers.yaml").write_text(roster, "utf-8")
    with Servers(sample_rows(), DAY) as servers:
        yield servers, settings_for(servers, folder, model=model)


def settings_for(servers: Servers, folder: Path, *, model: bool = True) -> Settings:
    import os

    given = servers.environment()
    os.environ["OPENAI_API_KEY"] = given["OPENAI_API_KEY"]
    return Settings(
        subscribers=folder / "subscribers.yaml",
        data_dir=folder / "var",
        arxiv_api_url=given["NEWSLETTER_ARXIV_API_URL"],
        arxiv_rss_url=given["NEWSLETTER_ARXIV_RSS_URL"],
        arxiv_delay=0,
        model=given["NEWSLETTER_MODEL"] if model else None,
        model_api_base=given["NEWSLETTER_MODEL_API_BASE"],
        model_prices={given["NEWSLETTER_MODEL"]: (0.25, 2.0)},
    )


@contextmanager
def desk_of(settings: Settings, now: datetime = MORNING, wrap: Callable[[Desk], Desk] = replace) -> Iterator[Desk]:
    """The desk of `newsletter run` at a fixed time; `wrap` may put something between it and its adapters."""
    with desk_at(settings, now) as desk:
        yield wrap(desk)


def active(desk: Desk) -> list[Enrolled]:
    """Those who get mail, by their addresses."""
    found = [one for group in groups(desk) for page in desk.store.pages(group.id) for one in page]
    return sorted(found, key=lambda one: one.email)


def outbox(settings: Settings) -> dict[str, EmailMessage]:
    """The mails by recipient."""
    files = sorted((settings.data_dir / "outbox").glob("*.eml"))
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return {str(mail["To"].addresses[0].addr_spec): mail for mail in mails}


def part(mail: EmailMessage, kind: str) -> str:
    """The decoded text of one part: plain or html."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())
