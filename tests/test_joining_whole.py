"""Joining as people do it: `newsletter serve` behind nginx, a real browser, a real mail server and real mailboxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests import dovecot as dovecots
from tests import nginx as proxies
from tests.dovecot import PASSWORD, Dovecot, dovecot
from tests.morning import ROSTER, part
from tests.nginx import free_port, nginx
from tests.test_leaving_process import Post, post
from tests.test_scheduler import Running, Start, practice_settings, start, wait_for

__all__ = ["start"]  # the fixture

_MISSING = dovecots.MISSING or proxies.MISSING
pytestmark = pytest.mark.skipif(_MISSING is not None, reason=_MISSING or "")

OPEN = f"newsletter: {{join: open, languages: [en, zh], send_at: 23:59}}\n{ROSTER}"
EVE, LI = "eve@example.net", "li@example.net"
PHONE = {"width": 360, "height": 800}


@dataclass
class Place:
    """A running newsletter with all that stands around it."""

    base: str  # the public URL
    posted: Post
    mailbox: Dovecot  # of those who join
    service: Running

    def emails(self, to: str) -> list[EmailMessage]:
        found = [content for one, content in self.posted.mails if one == to]
        return [message_from_bytes(content, policy=policy.default) for content in found]

    def email(self, to: str, number: int) -> EmailMessage:
        """Their email of this number, from 1, once it is there."""
        wait_for(lambda: len(self.emails(to)) >= number)
        return self.emails(to)[number - 1]

    def link(self, email: EmailMessage, path: str) -> str:
        found = re.search(rf"{re.escape(self.base)}/{path}/[a-z0-9]+", part(email, "plain"))
        assert found, part(email, "plain")
        return found[0]


@pytest.fixture
def place(tmp_path: Path, start: Start) -> Iterator[Place]:
    (tmp_path / "subscribers.yaml").write_text(OPEN, "utf-8")
    given = practice_settings(start({}, "demo", "--serve"))
    port, front = free_port(), free_port()
    base = f"http://127.0.0.1:{front}/news"
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(dovecot()) for _ in range(2))
        posted, smtp = stack.enter_context(post({"news.example": ours, "example.net": theirs}))
        stack.enter_context(nginx(tmp_path / "nginx", front, "/news/", f"http://127.0.0.1:{port}/"))
        settings = {name: value for name, value in given.items() if "MODEL" not in name} | {
            "NEWSLETTER_TRANSPORT": "smtp",
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{smtp}",
            "NEWSLETTER_SENDER": "Morning arXiv <news@news.example>",
            "NEWSLETTER_IMAP_URL": ours.url,
            "NEWSLETTER_IMAP_PASSWORD": PASSWORD,
            "NEWSLETTER_PUBLIC_URL": base,
            "NEWSLETTER_PORT": str(port),
            "NEWSLETTER_POSTAL_ADDRESS": "1 Road, Town",
            "NEWSLETTER_ADMIN_EMAIL": "owner@owner.example",
        }
        service = start(settings, "serve")
        service.said("issue.prepared")
        yield Place(base, posted, theirs, service)
        assert 0 == service.stop()


def look(page: Any, axe: str) -> None:
    """Nothing that keeps anybody out, and no scrolling to the side."""
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_without_scripts(place: Place, browser: Any) -> None:
    """Join, confirm, the welcome; then a change, a pause, leaving, and joining again."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    try:
        page.goto(f"{place.base}/join")
        page.get_by_label("Your email address").fill(EVE)
        page.wait_for_timeout(2100)  # nobody fills in a form faster
        page.get_by_role("button", name="Send me the confirmation email").click()
        assert "Check your inbox" in page.content()
        page.goto(place.link(place.email(EVE, 1), "j"))
        page.get_by_role("button", name="Confirm subscription").click()
        assert "You are subscribed" in page.content()
        welcome = place.email(EVE, 2)
        assert "Welcome!" in part(welcome, "plain")
        wait_for(lambda: len(place.mailbox.mails()) == 2)
        preferences = place.link(welcome, "p")
        page.goto(preferences)
        page.locator("[name=max_papers]").fill("7")
        page.get_by_role("button", name="Save").click()
        assert "Saved" in page.content()
        page.get_by_role("button", name="Pause", exact=True).click()
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("button", name="Unsubscribe").click()
        assert "unsubscribed" in page.content()
        page.goto(f"{place.base}/join")
        page.get_by_label("Your email address").fill(EVE)
        page.wait_for_timeout(2100)
        page.get_by_role("button", name="Send me the confirmation email").click()
        page.goto(place.link(place.email(EVE, 3), "j"))
        page.get_by_role("button", name="Confirm subscription").click()
        assert "You are subscribed" in page.content()
        page.goto(preferences)
        assert "7" == page.locator("[name=max_papers]").input_value()
    finally:
        context.close()


def test_in_chinese_by_keyboard(place: Place, browser: Any, axe: str) -> None:
    """Tab and Enter alone; the browser's language and time zone are filled in; axe finds nothing on any page."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", color_scheme="dark")
    page = context.new_page()
    try:
        page.goto(f"{place.base}/join")
        assert "订阅 Morning arXiv" == page.title()
        assert "Asia/Shanghai" == page.locator("#zone").input_value()
        assert "zh" == page.locator("#first").input_value()
        look(page, axe)
        page.keyboard.press("Tab")
        page.keyboard.type(LI)
        page.wait_for_timeout(2100)
        page.keyboard.press("Enter")
        page.wait_for_selector("text=请查收邮件")
        look(page, axe)
        page.goto(place.link(place.email(LI, 1), "j"))
        assert "请确认订阅" == page.title()
        look(page, axe)
        page.goto(f"{page.url}?never")
        look(page, axe)
        page.go_back()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=订阅成功")
        look(page, axe)
        welcome = place.email(LI, 2)
        assert "欢迎订阅！" in part(welcome, "plain")
        page.goto(f"{place.base}/privacy")
        look(page, axe)
    finally:
        context.close()
