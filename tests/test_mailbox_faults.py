"""Servers that refuse an email, a folder or a login: the rest is read, and the server's own words are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import MailboxUnavailable
from newsletter.mailboxes.imap import Imap
from newsletter.models import SubscriberState
from newsletter.replies import receiving, setting_aside
from newsletter.times.clock import utc_now
from tests.conftest import Run
from tests.counters import counter_of
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.imap_proxy import Cut, Faults, imap_proxy
from tests.test_mailboxes import ADA, CHEN, Ground, a_mail, ground, needs_dovecot, nothing, running, server

__all__ = ["ground", "running", "server"]  # fixtures


@contextmanager
def behind(ground: Ground, faults: Faults) -> Iterator[Ground]:
    """The same ground, its mailbox behind a faulty proxy."""
    with imap_proxy(ground.server.port, faults) as port:
        url = f"imap://{USER}@127.0.0.1:{port}/INBOX"
        settings = ground.settings.model_copy(update={"imap_url": url})
        with counter_of(settings, utc_now) as counter:
            yield replace(ground, settings=settings, counter=counter)


def cut() -> bytes:
    raise Cut


def on(word: bytes, answer: Callable[[], bytes]) -> Callable[[bytes], bytes | None]:
    """This answer to commands with this word, once for each email if `word` names it."""
    return lambda command: answer() if word in command else None


def troubles(ground: Ground) -> dict[str, str]:
    return {one.key: one.problem for one in ground.counter.store.troubles() if one.ended is None}


REFUSALS = {
    "NO": lambda: b"NO [SERVERBUG] Internal error occurred. Refer to server log",
    "BAD": lambda: b"BAD Could not parse command",
    "nothing": lambda: b"OK Fetch completed.",
    "cut": cut,
}


@pytest.mark.parametrize("refusal", ["NO", "BAD", "cut"])
def test_an_email_that_is_not_handed_out_stops_none_behind_it(ground: Ground, refusal: str) -> None:
    """Two unsubscribes behind it are read in the same poll; it is named at the second one and asked for again."""
    ground.server.deliver(a_mail("odd"))
    for number, email in enumerate((ADA, CHEN)):
        to = f"news+{ground.token_for_leaving(email)}@news.example"
        ground.server.deliver(a_mail(f"leave{number}", To=to))
    with closing(Imap(ground.server.url, PASSWORD)) as mailbox:
        first = next(iter(mailbox.waiting(nothing))).key.rpartition(".")[2].encode()
    faults = Faults(answer=on(b"UID FETCH " + first + b" ", REFUSALS[refusal]))
    with behind(ground, faults) as faulty:
        assert (2, 0, 1) == faulty.poll()
        assert {SubscriberState.UNSUBSCRIBED} == {ground.state(ADA), ground.state(CHEN)}
        assert {} == troubles(faulty)  # what happens once may pass
        assert 1 == receiving.poll(faulty.counter).aside
        (named,) = setting_aside.emails(faulty.counter.store)
        place = f"UID {first.decode()} in INBOX, which the server does not hand out: "
        assert named.name.startswith(place)
        assert {"NO": "Internal error", "BAD": "Could not parse", "cut": "EOF"}[refusal] in named.name
        assert place in troubles(faulty)["inbound"]
        told = [one.told for one in faulty.counter.store.troubles()]
        receiving.poll(faulty.counter)
        assert told == [one.told for one in faulty.counter.store.troubles()]  # once
        faults.answer = lambda _: None
        assert (0, 1, 0) == faulty.poll()  # read as any other, and for a person
        assert ([], {}) == (setting_aside.emails(faulty.counter.store), troubles(faulty))


def test_status_names_what_is_not_handed_out(ground: Ground, newsletter: Run) -> None:
    """For people and as JSON."""
    ground.server.deliver(a_mail("odd"))
    with behind(ground, Faults(answer=on(b"UID FETCH", REFUSALS["NO"]))) as faulty:
        faulty.poll()
        faulty.poll()
    assert "does not hand out: NO [SERVERBUG] Internal error" in newsletter("status").stdout
    assert '"set_aside": [{"email": "UID ' in newsletter("status", "--json").stdout


def test_a_server_that_hands_out_nothing_is_not_asked_for_ever(ground: Ground) -> None:
    """Each connection ends over an email: after five of them the poll ends."""
    for number in range(8):
        ground.server.deliver(a_mail(f"m{number}"))
    faults = Faults(answer=on(b"UID FETCH", cut))
    with behind(ground, faults) as faulty, pytest.raises(MailboxUnavailable):
        faulty.poll()
    assert 6 == sum(b"UID FETCH" in line for line in faults.heard)


def test_an_email_that_has_gone_meanwhile_is_nobodys_fault(ground: Ground) -> None:
    """Its owner moved it while we looked."""
    ground.server.deliver(a_mail("odd"))
    with behind(ground, Faults(answer=on(b"UID FETCH", REFUSALS["nothing"]))) as faulty:
        assert (0, 0, 0) == faulty.poll()


def test_a_handled_email_that_cannot_be_moved(ground: Ground) -> None:
    """It is handled and not fetched again; the next ones follow, and it is moved as soon as that works."""
    for number, email in enumerate((ADA, CHEN)):
        to = f"news+{ground.token_for_leaving(email)}@news.example"
        ground.server.deliver(a_mail(f"leave{number}", To=to))
    faults = Faults(answer=on(b"UID MOVE", lambda: b"NO [OVERQUOTA] Quota exceeded"))
    with behind(ground, faults) as faulty:
        assert (2, 0, 0) == faulty.poll()
        assert {SubscriberState.UNSUBSCRIBED} == {ground.state(ADA), ground.state(CHEN)}
        assert {} == troubles(faulty)
        faults.heard.clear()
        assert (0, 0, 0) == faulty.poll()
        assert [] == [line for line in faults.heard if b"UID FETCH" in line]
        assert (
            "2 handled emails cannot be moved out of the inbox: NO [OVERQUOTA] Quota exceeded"
            == (troubles(faulty)["handled emails"])
        )
        assert 2 == len(ground.server.mails())
        faults.answer = lambda _: None
        assert (0, 0, 0) == faulty.poll()
        assert ({}, {}) == (ground.server.mails(), troubles(faulty))
        assert 2 == len(ground.server.mails("Newsletter.Done"))


# --- logging in ---

UNSAFE = b"NO SELECT Unsafe Login. Please contact kefu@188.com for help"


def test_a_server_that_wants_to_know_who_asks(server: Dovecot) -> None:
    """As those of NetEase: no folder before `ID`. One that does not offer it is not told."""
    server.deliver(a_mail())
    known: list[bytes] = []

    def netease(command: bytes) -> bytes | None:
        if command.startswith(b"ID "):
            known.append(command)
        return UNSAFE if command.startswith(b"SELECT") and not known else None

    faults = Faults(answer=netease)
    with imap_proxy(server.port, faults) as port:
        mailbox = Imap(f"imap://{USER}@127.0.0.1:{port}/INBOX", PASSWORD, timeout=10)
        assert 1 == len(list(mailbox.waiting(nothing)))
        mailbox.close()
        known.clear()
        faults.hidden, faults.heard = (b"ID",), []
        with pytest.raises(MailboxUnavailable, match=r"Unsafe Login. Please contact kefu@188.com"):
            list(Imap(f"imap://{USER}@127.0.0.1:{port}/INBOX", PASSWORD, timeout=10).waiting(nothing))
        assert not [line for line in faults.heard if b" ID " in line]


@needs_dovecot
@pytest.mark.parametrize("hidden", [(), (b"AUTH=PLAIN",)])
@pytest.mark.parametrize("password", ["pässwörd", '密码 "with\\ quotes', "p{3}w+ rd"])
def test_passwords_in_any_script(password: str, hidden: tuple[bytes, ...]) -> None:
    """By AUTH=PLAIN where it is offered, else as literals; a wrong one is refused in the server's words."""
    with dovecot(password=password) as server, imap_proxy(server.port, Faults(hidden=hidden)) as port:
        mailbox = Imap(f"imap://{USER}@127.0.0.1:{port}/INBOX", password, timeout=10)
        assert [] == list(mailbox.waiting(nothing))
        mailbox.close()
        with pytest.raises(MailboxUnavailable, match=r"refuses the login: .*Authentication failed") as refused:
            list(Imap(f"imap://{USER}@127.0.0.1:{port}/INBOX", f"{password}é", timeout=10).waiting(nothing))
        assert "outside ASCII" in str(refused.value)
        assert password not in str(refused.value)


def test_what_the_server_says_of_a_login_is_told(newsletter: Run, server: Dovecot, tmp_path: Path) -> None:
    """`newsletter inbox --once`: one line, no traceback."""
    settings = {"NEWSLETTER_IMAP_URL": server.url, "NEWSLETTER_IMAP_PASSWORD": "wröng"}
    ended = newsletter("inbox", "--once", settings=settings)
    assert 1 == ended.returncode
    assert "AUTHENTICATIONFAILED" in ended.stderr
    assert "Traceback" not in ended.stderr
