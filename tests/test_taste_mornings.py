"""Two mornings: what a reader replies to the first changes their order on the second, and it is said why."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Message

from newsletter import pipeline, web
from newsletter.cli import reports
from newsletter.cli.status import status
from newsletter.demo.rows import SampleRow
from newsletter.demo.servers import Servers
from newsletter.replies import receiving
from newsletter.settings import Settings
from newsletter.times import calendar
from tests.counters import counter_of
from tests.dovecot import MISSING, PASSWORD, dovecot
from tests.morning import desk_of, outbox, part, practice, settings_for
from tests.test_weeks import ids_in, morning, spread

MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
ADA, BOB = "ada@example.org", "bob@example.org"
TWIN = "2603.95001"
ROSTER = """\
newsletter:
  languages: [en]
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
  - {email: ada@example.org, max_papers: 4}
  - {email: bob@example.org, max_papers: 4}
"""


def _twin(row: SampleRow) -> SampleRow:
    """A paper of Tuesday much like this one, which just passes: the last in the topic's order."""
    start, end = calendar.window(TUESDAY)
    moment = start + (end - start) / 2
    return replace(
        row, id=TWIN, title=f"More on: {row.title}", announced=TUESDAY, published=moment, updated=moment,
        scores={"foundations": (8, 1)},
    )  # fmt: skip


def _reply(mail: EmailMessage, text: str) -> bytes:
    """What a reader's program writes above the email."""
    quoted = "".join(f"> {line}\n" for line in part(mail, "plain").splitlines())
    answer = EmailMessage(policy=policy.SMTP)
    answer["From"], answer["To"] = ADA, mail["Reply-To"]
    answer["Subject"] = f"Re: {mail['Subject']}"
    answer["Message-ID"], answer["In-Reply-To"] = "<1@mail.example>", mail["Message-ID"]
    answer.set_content(f"{text}\n\nOn Monday, {mail['From']} wrote:\n{quoted}")
    return answer.as_bytes()


def _explained(settings: Settings, paper: str, who: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert reports.explain(settings, paper, None, who, as_json=False) == 0
    return capsys.readouterr().out


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
def test_a_like_by_reply_changes_tomorrow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the email of one morning through a mailbox of Dovecot's to the order of the next, and to `explain`."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    rows = spread([MONDAY, TUESDAY])
    with dovecot() as mailbox:
        read = {"imap_url": mailbox.url, "imap_password": SecretStr(PASSWORD)}
        with Servers(rows, MONDAY) as servers:
            settings = settings_for(servers, tmp_path).model_copy(update=read)
            first = morning(settings, servers, MONDAY)
        assert ids_in(first[ADA]) == ids_in(first[BOB])
        third = ids_in(first[ADA])[2]
        mailbox.deliver(_reply(first[ADA], "like 3"))
        with counter_of(settings, calendar.announced_at(MONDAY) + timedelta(hours=12)) as counter:
            assert receiving.poll(counter).handled == 1
            assert receiving.poll(counter).handled == 0
        with Servers([*rows, _twin(next(row for row in rows if row.id == third))], TUESDAY) as servers:
            settings = settings_for(servers, tmp_path).model_copy(update=read)
            second = morning(settings, servers, TUESDAY)
    hers, his = ids_in(second[ADA]), ids_in(second[BOB])
    assert TWIN not in his
    assert hers[0] == TWIN
    assert "Because you liked" in part(second[ADA], "plain")
    assert "Noted from your reply: 1 like." in part(second[ADA], "plain")
    assert "Because you liked" not in part(second[BOB], "plain")
    said = _explained(settings, TWIN, ADA, capsys)
    assert f"{ADA}: own order, learned from 1 liked and 3 passed over" in said
    assert f"{ADA}: shown as number 1 of 4" in said
    assert f"{ADA}: close to a paper that this reader liked" in said
    assert f"{BOB}: gets the topics' order" in _explained(settings, TWIN, BOB, capsys)
    status(settings, as_json=False)
    told = "Own orders: 1 reader; papers: 1 liked, 0 passed over, 0 saved; newest issue: 1 own edition"
    assert told in capsys.readouterr().out


async def _look(app: ASGIApp, method: str, url: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of a request to the web part, without a socket."""
    address = urlsplit(url)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": unquote(address.path), "raw_path": address.path.encode(), "query_string": address.query.encode(),
        "root_path": "", "headers": [(b"host", address.netloc.encode()), *headers], "client": ("127.0.0.1", 9),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def test_a_thousand_looks_at_the_links_of_an_email_change_nothing(tmp_path: Path) -> None:
    """Scanners and browsers that fetch ahead open every link, in any order and more than once."""
    with practice(tmp_path, roster=ROSTER) as (_, settings):
        settings = settings.model_copy(update={"public_url": "https://news.example.org"})
        with desk_of(settings) as desk:
            pipeline.run(desk)
        mail = outbox(settings)[ADA]
    text = unescape(part(mail, "html")) + part(mail, "plain") + str(mail["List-Unsubscribe"])
    links = sorted(set(re.findall(r"https://news\.example\.org/[^\s\"<>]+", text)))
    assert {"u", "p", "f", "s"} <= {urlsplit(one).path.split("/")[1] for one in links}
    chance = random.Random(1)
    chosen = [*links, *chance.choices(links, k=1_000 - len(links))]
    with counter_of(settings) as counter:
        app, before = web.build(counter), _ledger(settings)

        async def look_at_all() -> set[int]:
            ahead = [(b"purpose", b"prefetch"), (b"sec-purpose", b"prefetch;prerender")]
            return {await _look(app, chance.choice(["GET", "HEAD"]), one, chance.choice([[], ahead])) for one in chosen}

        assert anyio.run(look_at_all) <= {200, 404}  # no archive was put there
        assert _ledger(settings) == before


def _ledger(settings: Settings) -> tuple[list[str], bytes]:
    """All that is stored, read from outside, and the subscriber list."""
    with closing(sqlite3.connect(settings.data_dir / "newsletter.db")) as ledger:
        return list(ledger.iterdump()), settings.subscribers.read_bytes()
