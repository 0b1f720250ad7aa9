"""Joining by email: "subscribe", a confirmation, "yes"; and the many emails that must get no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.models import Action, Incoming, JoinState, Message, Source
from newsletter.replies import receiving
from newsletter.replies.reading import read_here
from newsletter.replies.receiving import Received
from tests.site import Switch
from tests.test_joining import EVE, OPEN, Join, joining_at

HERE = "mx.example.org"
PASS = f"{HERE}; dkim=pass header.d=example.net; spf=pass"
MAILBOX = {"imap_url": "imap://news@127.0.0.1:1/INBOX", "imap_password": "secret", "authserv_id": HERE}


@pytest.fixture
def join(tmp_path: Path, server: tuple[Switch, int]) -> Iterator[Join]:
    with joining_at(tmp_path, server, **MAILBOX) as opened:
        yield opened


def an_email(text: str = "", subject: str = "subscribe", to: str = "news@example.org", **headers: str) -> bytes:
    mail = EmailMessage()
    given = {"Authentication-Results": PASS, "From": f"Eve <{EVE}>", "To": to, "Subject": subject}
    for name, value in (given | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def received(join: Join, raw: bytes) -> Received:
    return receiving.handle(join.counter, read_here(join.counter, Incoming(key="", raw=raw, authserv_id=HERE)))


def a_yes(confirmation: Message, text: str = "yes", **headers: str) -> bytes:
    given = dict(confirmation.headers)
    return an_email(
        text, f"Re: {given['Subject']}", given["Reply-To"], **{"In-Reply-To": given["Message-ID"]} | headers
    )


def test_the_whole_way(join: Join) -> None:
    """ "subscribe" → confirmation → "yes" → a reader, with consent; the button changes nothing more."""
    assert received(join, an_email()).handled
    assert join.state() is None
    (confirmation,) = join.settle()
    assert confirmation.recipient == EVE
    assert "reply “yes”" in confirmation.text
    quoted = "\n".join(f"> {line}" for line in confirmation.text.splitlines())
    assert received(join, a_yes(confirmation, f"Yes, please!\n\nOn Monday, Morning arXiv wrote:\n{quoted}")).handled
    assert join.reader().source is Source.EMAIL
    subscriber = join.counter.store.subscriber(EVE)
    assert subscriber
    (consent,) = join.counter.store.consents(subscriber.id)
    assert consent.source is Source.EMAIL
    assert "You are subscribed" in join.confirm(join.secret(confirmation)).text
    assert 1 == len(join.counter.store.consents(subscriber.id))


@pytest.mark.parametrize(
    "text",
    ["Subscribe", "please subscribe me", "I would like to subscribe.", "订阅", "我想订阅", "訂閱", "s'abonner",
     "Abonnieren", "suscribirme", "iscrivimi", "подписаться"],
)  # fmt: skip
def test_in_many_languages(join: Join, text: str) -> None:
    for raw in (an_email(text, subject=""), an_email("", subject=text)):
        received(join, raw)
    assert [EVE] == [one.written for one in join.counter.store.join_requests(JoinState.ASKED)]


@pytest.mark.parametrize("results", [f"{HERE}; dkim=none; dmarc=pass (p=reject) header.from=example.net", PASS])
def test_what_our_server_vouches_for(join: Join, results: str) -> None:
    """A DMARC pass is enough to join by email, and proves nothing else."""
    assert received(join, an_email(Authentication_Results=results)).handled
    (confirmation,) = join.settle()
    assert received(join, a_yes(confirmation, Authentication_Results=results)).handled
    assert join.reader().source is Source.EMAIL
    left = received(join, an_email("unsubscribe", "", Authentication_Results=results)).meaning.action
    assert (Action.UNSUBSCRIBE if results == PASS else Action.CONFIRM) is left


def test_the_address_for_joining(join: Join) -> None:
    """What is sent there asks for it, whatever it says."""
    assert received(join, an_email("Hi there", "Hello", "News <news+join@example.org>")).handled
    assert 1 == len(join.settle())


@pytest.mark.parametrize(
    "headers",
    [
        {"Authentication-Results": ""},
        {"Authentication-Results": f"{HERE}; dkim=fail header.d=example.net"},
        {"Authentication-Results": f"{HERE}; dkim=pass header.d=evil.example"},
        {"Authentication-Results": "mx.evil.example; dkim=pass header.d=example.net"},
        {"Authentication-Results": f"{HERE}; spf=pass smtp.mailfrom=example.net"},
        {"Authentication-Results": f"{HERE}; dmarc=fail header.from=example.net"},
        {"Authentication-Results": f"{HERE}; dmarc=pass header.from=evil.example"},
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List-Id": "<staff.example.net>"},
        {"X-Autoreply": "yes"},
        {"From": f"Help <help@example.net>, Eve <{EVE}>"},
        {"From": "Postmaster <postmaster@example.net>"},
    ],
    ids=str,
)
@pytest.mark.parametrize("to", ["news@example.org", "news+join@example.org"])
def test_nobody_is_written_to_without_proof(join: Join, headers: dict[str, str], to: str) -> None:
    """A forged sender, a failed signature, a ticket system, a list: no request, no email."""
    assert not received(join, an_email(to=to, **headers)).handled
    assert [] == join.settle()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authentication-Results": ""},
        {"From": "Bob <bob@example.net>"},
        {"Auto-Submitted": "auto-replied"},
        {"In-Reply-To": "<another@example.org>"},
        {"In-Reply-To": ""},
    ],
    ids=str,
)
def test_only_a_yes_from_the_address_itself_counts(join: Join, headers: dict[str, str]) -> None:
    received(join, an_email())
    (confirmation,) = join.settle()
    received(join, a_yes(confirmation, **headers))
    assert join.state() is None
    received(join, a_yes(confirmation, "no, who are you?"))
    assert join.state() is None
    join.now += timedelta(days=7, seconds=1)
    received(join, a_yes(confirmation))
    assert join.state() is None


def test_a_request_of_the_page_can_be_confirmed_by_reply(join: Join) -> None:
    join.send(languages=["de", "en"])
    (confirmation,) = join.settle()
    assert received(join, a_yes(confirmation, "ja")).handled
    assert join.reader().source is Source.PAGE
    assert join.reader().wishes.languages == ("de", "en")


def test_closed(tmp_path: Path, server: tuple[Switch, int]) -> None:
    """Where nobody can join, "subscribe" is for the operator, and lies there unread."""
    with joining_at(tmp_path, server, OPEN.replace("join: open", "join: closed"), **MAILBOX) as join:
        found = received(join, an_email())
        assert (found.meaning.action, found.handled) == (Action.JOIN, False)
        assert [] == join.counter.store.join_requests(JoinState.ASKED)


def test_another_domain(tmp_path: Path, server: tuple[Switch, int]) -> None:
    roster = OPEN.replace("join: open", "join: open\n  join_domains: [example.edu]")
    with joining_at(tmp_path, server, roster, **MAILBOX) as join:
        assert not received(join, an_email()).handled
        assert [] == join.settle()


def test_who_reads_already_is_told_so(join: Join) -> None:
    """At once, as an answer to a command; a second time the same day it is one of five answers."""
    raw = an_email(From="Ada <ada@example.org>", Authentication_Results=f"{HERE}; dkim=pass header.d=example.org")
    assert received(join, raw).handled
    (told,) = [one.message for one in join.posted]
    assert "You are subscribed" in told.text
