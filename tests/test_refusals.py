# ruff: noqa: F811 - fixtures of other files are named where they are used
"""Whose fault a refusal is: by the stage at which it comes and by what the others are told, in any words."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from newsletter import app, pipeline
from newsletter.delivery import Quota, Tally, drain
from newsletter.delivery.agreement import Refusal, find, words
from newsletter.demo.servers import Servers
from newsletter.errors import TransportRefused
from newsletter.models import Delivery, DeliveryState, Message
from newsletter.settings import Settings
from newsletter.store import Store, open_store
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from newsletter.transports.smtp.sending import Smtp
from tests import test_delivery
from tests.conftest import Run
from tests.morning import ROSTER, desk_of, practice
from tests.scripted_smtp import Script, ScriptedServer
from tests.test_delivery import NOW, plan, states
from tests.test_scheduler import few
from tests.test_transports import OnAnyPort, Sink, certificate, running, trusted  # noqa: F401

PLAIN = "news@example.org"

# Written for these tests, in words of which no list knows any: none says "blocked", "spam" or "policy".
TEXTS = (
    "554 Message rejected: Email address is not verified",
    "501 Mail from address must be same as authorization user",
    "550 Kindly finish your onboarding before dispatching letters",
    "553 Absender und Anmeldung stimmen nicht überein",
    "550 该发信域名尚未完成备案",
    "554 Votre formule gratuite ne comprend pas l'acheminement vers l'extérieur",
    "550 ご契約のプランでは外部への配送はできません",
    "552 Тариф не включает исходящую почту",
    "571 el remitente todavía no ha firmado el contrato",
)


def at(stage: str, reply: str | Callable[[str], str | None]) -> Script:
    """Says this at this stage, to everybody or by the address."""

    def script(name: str, argument: str) -> str | None:
        if name != stage:
            return None
        return reply if isinstance(reply, str) else reply(argument)

    return script


@dataclass
class Notebook:
    """What a transport learned."""

    kept: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def recall(self, key: str) -> str | None:
        return self.kept.get(key)

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    def tell(self, key: str, what: str, remedy: str) -> None:
        self.told.append(f"{what}; {remedy}")


def send(store: Store, url: str, notebook: Notebook | None = None, now: datetime = NOW, **options: object) -> Tally:
    with closing(Smtp(url, timeout=5, sender=PLAIN, **{"connections": 2} | options)) as smtp:  # type: ignore[arg-type]
        if notebook:
            smtp.keep(notebook)
        return drain(store, smtp, build, owner="me", now=lambda: now)


def build(delivery: Delivery) -> Message:
    """An email with an envelope sender of its own."""
    message = test_delivery.build(delivery)
    own = replace(message.head, envelope_from="news+{who}@example.org")
    return replace(message, head=own, slots={**message.slots, "who": str(delivery.subscriber_id)})


@contextmanager
def ledger(readers: int) -> Iterator[Store]:
    with closing(open_store("sqlite://")) as store:
        plan(store, *(f"reader{number}" for number in range(readers)))
        yield store


@contextmanager
def posted(readers: int, script: Script) -> Iterator[tuple[ScriptedServer, Store, Tally | TransportRefused]]:
    """One round to so many readers."""
    server = ScriptedServer(script)
    with server.running() as url, ledger(readers) as store:
        tally: Tally | TransportRefused
        try:
            tally = send(store, url)
        except TransportRefused as error:
            tally = error
        yield server, store, tally


# --- by stage ---------------------------------------------------------------------


@pytest.mark.parametrize(("readers", "text"), [(1, TEXTS[1]), (3, TEXTS[4]), (50, TEXTS[2])])
@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL"])
def test_before_the_reader_is_named(stage: str, text: str, readers: int) -> None:
    """What is refused before RCPT TO costs no reader the issue: all wait untried, and the server's words are told."""
    with posted(readers, at(stage, text)) as (server, store, error):
        assert isinstance(error, TransportRefused)
        assert text in str(error)
        assert {(one.state.value, one.attempts) for one in store.deliveries()} == {("queued", 0)}
        assert server.said("RCPT") == [] or stage == "MAIL"
        assert server.taken == []


@pytest.mark.parametrize("reply", ["451 4.7.0 come back later", "452 quota", "421 4.3.2 not now"])
def test_before_the_reader_is_named_and_for_now(reply: str) -> None:
    """What may pass leaves all in the queue too, and the round ends with the server's words."""
    with posted(10, at("MAIL", reply)) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert set(states(store).values()) == {"queued"}
        assert reply in (tally.held or "")


def test_starttls_refused() -> None:
    server = ScriptedServer(at("STARTTLS", "554 certificate expired"), offers=("STARTTLS",))
    with server.running() as url, ledger(2) as store:
        with pytest.raises(TransportRefused, match="refuses STARTTLS: 554 certificate expired"):
            send(store, url)
        assert set(states(store).values()) == {"queued"}


# --- by agreement -----------------------------------------------------------------


@pytest.mark.parametrize(("readers", "text"), [*((3, text) for text in TEXTS), (5, TEXTS[0]), (50, TEXTS[3])])
@pytest.mark.parametrize("stage", ["RCPT", "DATA", "DOT"])
def test_what_everybody_is_told_is_ours(stage: str, text: str, readers: int) -> None:
    """From three recipients on the same words are said of the sender: nobody is failed, and it is told."""
    with posted(readers, at(stage, text)) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert {(one.state.value, one.attempts) for one in store.deliveries()} == {("queued", 0)}
        assert (tally.accepted, tally.failed) == (0, 0)
        assert "in the same words" in (tally.held or "")
        assert text in (tally.held or "")


@pytest.mark.parametrize("readers", [1, 2])
@pytest.mark.parametrize("text", TEXTS[::3])
def test_too_few_to_agree(text: str, readers: int) -> None:
    """Of one or two nobody can tell: what is refused with the whole email waits, and is tried again."""
    with posted(readers, at("DOT", text)) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert set(states(store).values()) == {"queued"}
        assert tally.failed == 0


OWN_WORDS = (
    "550 letter {id} for <{to}> is unwelcome at {time}",
    "554 {to}: the account that posts here was never activated (queue {id}, mx3.relay.example)",
    "550 收件人 {to} 的来信已被退回，编号 {id}",
    "554 {local}: our records show no agreement with you, see https://relay.example/{id}?u={local}",
    "554 refused until the account is opened, reference {letters}",
)


@pytest.mark.parametrize("text", OWN_WORDS)
def test_their_own_address_id_and_time(text: str) -> None:
    """The same words remain the same with another address, id or moment in them."""
    count = iter(range(1000))

    def reply(to: str) -> str:
        number = next(count)
        letters = f"{'KLMNOPQR'[number] * 3}-{'ABCDEFGH'[number] * 4}"
        own = {"id": f"x{number * 7919:08x}", "letters": letters, "time": f"10:0{number % 10}"}
        return text.format(to=to, local=to.partition("@")[0], **own)

    with posted(8, at("DOT", reply)) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert set(states(store).values()) == {"queued"}
        assert "8 of 8 recipients" in (tally.held or "")


@pytest.mark.parametrize("status", ["5.1.1", "5.1.10", "5.2.1"])
@pytest.mark.parametrize("readers", [1, 3, 5])
def test_an_unknown_reader_stays_one(status: str, readers: int) -> None:
    """What these statuses say at RCPT TO is the reader's, even if all are told so."""
    with posted(readers, at("RCPT", f"550 {status} nobody of that name")) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert set(states(store).values()) == {"failed"}
        assert (tally.failed, tally.held) == (readers, None)


@pytest.mark.parametrize("text", TEXTS[:2])
def test_one_who_is_unknown_among_those_whom_we_are_refused(text: str) -> None:
    """One real unknown reader is failed; the others wait."""

    def script(stage: str, argument: str) -> str | None:
        if stage == "RCPT" and argument.startswith("reader2@"):
            return "550 5.1.1 <reader2@example.org> gone"
        return text if stage == "DOT" else None

    with posted(5, script) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert states(store) == {f"reader{n}": "failed" if n == 2 else "queued" for n in range(5)}
        assert tally.held is not None


def test_a_status_after_the_body_is_no_proof() -> None:
    """The recipient was taken; what everybody is told then is ours, whatever its number."""
    with posted(4, at("DOT", "550 5.1.1 unverified identity")) as (_, store, _tally):
        assert set(states(store).values()) == {"queued"}


def test_a_status_that_speaks_of_our_own_address() -> None:
    """5.1.1 of the sender's address at RCPT TO is not about the reader."""
    with posted(4, at("RCPT", f"550 5.1.1 <{PLAIN}> unknown here")) as (server, store, _tally):
        own = server.said("MAIL")[0]
        assert own != PLAIN
    with posted(4, at("RCPT", "550 5.1.1 the account news is closed")) as (_, store, _tally):
        assert set(states(store).values()) == {"failed"}


@pytest.mark.parametrize("text", TEXTS[1:4])
def test_some_are_refused(text: str) -> None:
    """A few who are refused among many who are not are the readers' affair, in whatever words."""
    with posted(20, at("RCPT", lambda to: text if to.startswith(("reader3@", "reader9@")) else None)) as (
        _,
        store,
        tally,
    ):
        assert isinstance(tally, Tally)
        assert (tally.accepted, tally.failed, tally.held) == (18, 2, None)
        assert states(store)["reader3"] == states(store)["reader9"] == "failed"


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(("readers", "taken"), [(5, 3), (12, 5), (12, 9), (60, 50)])
def test_a_quota_that_is_used_up(readers: int, taken: int, stage: str) -> None:
    """What all are told from some moment on costs nobody the issue: they wait, and get it when there is room again."""
    server = ScriptedServer()

    def used_up(said: str, _argument: str) -> str | None:
        return TEXTS[2] if said == stage and len(server.taken) >= taken else None

    server.script = used_up
    with server.running() as url, ledger(readers) as store:
        tally = send(store, url, connections=1)
        assert (tally.accepted + tally.waiting, tally.failed) == (readers, 0)
        assert tally.accepted < readers
        server.script = lambda _stage, _argument: None
        later = NOW + timedelta(hours=1)
        assert send(store, url, now=later) == Tally(accepted=readers - tally.accepted)
    assert len(set(server.readers)) == len(server.readers) == readers


def test_each_is_refused_in_words_of_its_own() -> None:
    """Where nobody was served, no two of them are the readers' affair, whatever each was told."""
    texts = iter(TEXTS)
    with posted(4, at("RCPT", lambda _to: next(texts))) as (_, store, tally):
        assert isinstance(tally, Tally)
        assert set(states(store).values()) == {"queued"}
        assert (tally.waiting, tally.failed) == (4, 0)


# --- by domain, and from round to round ---------------------------------------------


def at_domains(store: Store, *emails: str) -> None:
    """These readers' emails are queued beside the others."""
    for one in store.enrol(emails, NOW).values():
        store.plan([a_delivery_to(one.id, one.email)])


def a_delivery_to(subscriber_id: int, email: str) -> Delivery:
    return test_delivery.a_delivery(
        id=0,
        subscriber_id=subscriber_id,
        email=email,
        state=DeliveryState.QUEUED,
        message_id=f"<2026-03-09.{subscriber_id}@example.org>",
        attempts=0,
        owner=None,
    )


def test_a_domain_that_refuses_us_alone() -> None:
    """Where all readers of one domain are told the same, they wait, and the others are served."""
    blamed: list[str] = []
    server = ScriptedServer(at("RCPT", lambda to: TEXTS[4] if to.endswith("@far.example") else None))
    with server.running() as url, ledger(6) as store, closing(Smtp(url, timeout=5, sender=PLAIN)) as smtp:
        at_domains(store, *(f"r{number}@far.example" for number in range(3)), "lost@near.example")
        server.script = at("RCPT", lambda to: TEXTS[4] if to.endswith(".example") else None)
        tally = drain(store, smtp, build, owner="me", now=lambda: NOW, unwanted=lambda one: blamed.append(one.email))
        found = states(store)
    assert [found[name] for name in ("reader0", "r0", "r1", "r2", "lost")] == ["accepted", *["queued"] * 3, "failed"]
    assert [email.partition("@")[2] for email in blamed] == ["far.example"]
    assert (tally.held, tally.accepted, tally.waiting, tally.failed) == (None, 6, 3, 1)


def test_those_who_were_failed_before_it_was_noticed() -> None:
    """Readers of an earlier round get their email too, once what they were told turns out to be told to everybody."""
    server = ScriptedServer(at("RCPT", TEXTS[2]))
    with server.running() as url, ledger(1) as store:
        assert send(store, url).failed == 1  # 550 to one reader, before anybody else was due
        at_domains(store, *(f"r{number}@there.example" for number in range(3)))
        assert send(store, url).held is not None
        assert set(states(store).values()) == {"queued"}
        server.script = lambda _stage, _argument: None
        assert send(store, url) == Tally(accepted=4)


def test_those_who_come_one_by_one() -> None:
    """Rounds of one reader each add up, though some wait for their domain."""
    server = ScriptedServer(at("DOT", "554 5.7.99 ask us for a contract"))
    lifted: frozenset[str] = frozenset()
    with server.running() as url, ledger(0) as store:
        for number in range(3):
            at_domains(store, f"reader@host{number}.example")
            lifted |= send(store, url).ours
        assert {(one.state.value, one.not_before) for one in store.deliveries()} == {("queued", None)}
    assert lifted == {"host0.example", "host1.example", "host2.example"}


def test_words() -> None:
    """What belongs to one recipient or one moment is no word of a refusal."""
    said = "550 <{0}@example.org>: {1}.example.net says no (queue {2}) to {0}, see https://e.example/x?u={0}"
    bob, eve = said.format("bob", "mx1", "4xyz-12"), said.format("eve", "mx2", "9abc-34")
    assert words(bob, "bob@example.org") == words(eve, "eve@example.org")
    assert words(bob, "bob@example.org") != words(bob.replace("says no", "says yes"), "bob@example.org")


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(0, 12))
def test_nobody_agrees_below_three_or_beside_many(texts: list[str], taken: int) -> None:
    """Only three or more, and three of four, accuse the sender; then exactly those who were told it."""
    refusals = [Refusal(f"reader{n}@host{n}.example", text) for n, text in enumerate(texts)]
    found = find(refusals, {"example.org": taken})
    most = max((texts.count(text) for text in texts), default=0)
    assert (found.everywhere is not None) == (most >= 3 and most >= 0.75 * (len(texts) + taken))
    covered = [one.said for one in refusals if found.covers(one)]
    assert len(covered) in (0, most)
    assert len(set(covered)) <= 1


# --- what a server teaches ------------------------------------------------------------


def only_plain(stage: str, argument: str) -> str | None:
    """Takes no envelope sender but its own user's."""
    return TEXTS[1] if stage == "MAIL" and argument != PLAIN else None


@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("readers", [1, 20])
def test_an_envelope_that_only_one_server_takes(offers: tuple[str, ...], readers: int) -> None:
    """The plain address is offered in the same session; that is remembered, told once, and used from the start."""
    server, notebook = ScriptedServer(only_plain, offers=offers), Notebook()
    with server.running() as url, ledger(readers) as store:
        assert send(store, url, notebook) == Tally(accepted=readers)
        assert {sender for sender, _, _ in server.taken} == {PLAIN}
        own = len([sender for sender in server.said("MAIL") if sender != PLAIN])
        at_domains(store, "later@example.org")
        assert send(store, url, notebook) == Tally(accepted=1)
        assert own == len([sender for sender in server.said("MAIL") if sender != PLAIN])
    (told,) = notebook.told
    assert "takes only news@example.org at MAIL FROM" in told
    assert "NEWSLETTER_ENVELOPE=sender" in told


def test_the_plain_envelope_by_setting() -> None:
    """With NEWSLETTER_ENVELOPE=sender nothing else is tried."""
    server = ScriptedServer(only_plain)
    with server.running() as url, ledger(3) as store:
        assert send(store, url, verp=False) == Tally(accepted=3)
    assert set(server.said("MAIL")) == {PLAIN}


def test_our_name() -> None:
    """NEWSLETTER_HELO is what EHLO says."""
    server = ScriptedServer()
    with server.running() as url, ledger(1) as store:
        send(store, url, helo="mail.news.example")
    assert {name.lower() for name in server.said("EHLO")} == {"mail.news.example"}


@pytest.mark.parametrize(
    "crowded",
    [
        ("CONNECT", "421 4.3.2 too many connections"),
        ("CONNECT", "554 you have enough lines open"),
        ("MAIL", "432 4.3.2 concurrent connections exceed the limit"),
        ("RCPT", "432 4.3.2 one at a time, please"),
        ("DOT", "432 4.3.2 sender thread limit exceeded"),
        ("MAIL", "421 4.7.0 too many sessions"),
    ],
)
def test_fewer_connections(crowded: tuple[str, str]) -> None:
    """A server that takes three at once gets half of eight, nobody loses the issue, and it is kept for this server."""
    server, notebook = ScriptedServer(most=3, crowded=crowded, gather=8), Notebook()
    with server.running() as url, ledger(60) as store:
        rounds = (NOW + timedelta(hours=hour) for hour in range(3))  # what is one too many at its end waits a minute
        accepted = accumulate(send(store, url, notebook, now=moment, connections=8).accepted for moment in rounds)
        assert 60 in accepted
        assert len(server.readers) == len(set(server.readers)) == 60
        (kept,) = notebook.kept.values()
        assert kept in ("4 of 8", "2 of 8", "1 of 8")
        at_domains(store, *(f"r{number}@example.net" for number in range(30)))
        server.most, server.opened = 100, 0
        assert send(store, url, notebook, connections=8).accepted == 30
        assert server.opened <= int(kept[0])
        at_domains(store, *(f"r{number}@example.com" for number in range(30)))
        assert send(store, url, notebook, connections=5).accepted == 30  # what the operator sets anew is tried
        assert server.opened <= 5
    assert len(notebook.told) == 1


def test_a_server_that_shuts_down_teaches_nothing() -> None:
    """A good-bye to all connections is no limit."""
    server, notebook = ScriptedServer(at("MAIL", "421 4.3.2 shutting down")), Notebook()
    with server.running() as url, ledger(30) as store:
        assert send(store, url, notebook, connections=8).accepted == 0
    assert notebook.kept == {}


# --- a whole run ----------------------------------------------------------------------


def a_list(readers: int) -> str:
    people = "".join(f"  - reader{number}@example.org\n" for number in range(readers))
    return f"{ROSTER.partition('subscribers:')[0]}subscribers:\n{people}"


def by_smtp(folder: Path, url: str) -> dict[str, Any]:
    return {"transport": "smtp", "smtp_url": url, "sender": f"News <{PLAIN}>", "data_dir": folder / "var"}


def test_the_kind_of_server_that_cost_everybody_the_issue(newsletter: Run, tmp_path: Path) -> None:
    """It takes no sender but its own user: the command fails each time, nobody has failed, and it is told."""
    (tmp_path / "subscribers.yaml").write_text(a_list(2), "utf-8")
    server, day = ScriptedServer(at("MAIL", TEXTS[1])), calendar.newest(utc_now())
    with Servers(few(day), day) as servers, server.running() as url:
        settings = {name: value for name, value in servers.environment().items() if "ARXIV" in name}
        settings |= {f"NEWSLETTER_{name.upper()}": str(value) for name, value in by_smtp(tmp_path, url).items()}
        for _ in range(2):
            done = newsletter("run", settings=settings)
            assert (done.returncode, TEXTS[1] in done.stdout + done.stderr) == (1, True)
    with app.open_ledger(Settings(data_dir=tmp_path / "var")) as store:
        assert set(states(store).values()) == {"queued"}
        (trouble,) = store.troubles()
        assert (trouble.key, TEXTS[1] in trouble.problem) == ("sending", True)


@pytest.mark.parametrize("readers", [1, 3])
def test_an_issue_that_nobody_accepts(tmp_path: Path, readers: int) -> None:
    """However short the list: it is told, and each run says so; the service tells it when it has tried."""
    server = ScriptedServer(at("RCPT", "550 5.1.1 gone"))
    with practice(tmp_path, model=False, roster=a_list(readers)) as (_, settings), server.running() as url:
        settings = settings.model_copy(update=by_smtp(tmp_path, url))
        for _ in range(2):
            with desk_of(settings) as desk:
                unaccepted = pipeline.run(desk).tally.unaccepted
                (trouble,) = desk.store.troubles()
            assert unaccepted == f"issue 2026-03-09: 0 of {readers} emails were accepted (550 5.1.1 gone)"
            assert (trouble.key, trouble.problem) == ("acceptance", unaccepted)


def test_the_provider_takes_so_many_a_day(store: Store) -> None:
    """NEWSLETTER_DAILY_LIMIT: the rest waits, also for a second round on the same day."""
    clock = test_delivery.Clock()
    server, quota = ScriptedServer(), Quota(store, 3, clock)
    plan(store, *(f"reader{number}" for number in range(5)))
    with server.running() as url, closing(Smtp(url, timeout=5, sender=PLAIN)) as smtp:
        for accepted in (3, 0):
            tally = drain(store, smtp, build, owner="me", now=clock, quota=quota)
            assert (tally.accepted, len(server.readers)) == (accepted, 3)
            assert tally.held == "2 emails wait until tomorrow: NEWSLETTER_DAILY_LIMIT=3 is reached"
            assert (tally.held_for, tally.until_tomorrow) == (timedelta(hours=22.5), True)
        clock.time += tally.held_for
        assert drain(store, smtp, build, owner="me", now=clock, quota=quota) == Tally(accepted=2)


def test_the_limit_of_a_day_ends_with_it(store: Store) -> None:
    """Counted from midnight to midnight where the newsletter lives."""
    clock = test_delivery.Clock(datetime(2026, 3, 9, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai")))
    quota = Quota(store, 10, clock)
    quota.spend(4)
    assert (quota.left(), Quota(store, 3, clock).left()) == (6, 0)
    assert quota.until_tomorrow() == timedelta(minutes=30)
    clock.time += timedelta(minutes=31)
    assert quota.left() == 10


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (only_plain, "takes only news@example.org at MAIL FROM (501 Mail from address must be same"),
        (at("MAIL", TEXTS[2]), "refuses MAIL FROM:<news@example.org>: 550 Kindly finish"),
        (lambda _stage, _argument: None, None),
    ],
)
def test_check_offers_the_envelope_of_real_emails(tmp_path: Path, script: Script, said: str | None) -> None:
    """`check --online` finds what refuses every email, says what to do, and sends none."""
    server, lines = ScriptedServer(script), list[str]()
    with server.running() as url:
        settings = Settings(data_dir=tmp_path, transport="smtp", sender=f"News <{PLAIN}>", smtp_url=url)
        found = [str(one) for one in settings.kind.try_online(settings, lines.append)]
    assert [said in one for one in found if said] == ([True] if said else [])
    assert len(found) == (1 if said else 0)
    assert re.fullmatch(r"news\+[a-z2-7]{34}@example\.org", server.said("MAIL")[0])
    assert server.taken == []


# --- passwords ------------------------------------------------------------------------


def test_a_password_outside_ascii(certificate: tuple[Path, Path], trusted: None) -> None:
    """AUTH PLAIN carries it in UTF-8; a server without it is a finding that names the cause, and nothing is sent."""
    password = "pässwörd密码"

    def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"ada", password.encode()))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    for without, works in ((["LOGIN"], True), (["PLAIN"], False)):
        sink = Sink()
        options = {"auth_exclude_mechanism": without, "authenticator": login}
        with running(OnAnyPort(sink, tls_context=context, **options)) as port, ledger(3) as store:
            with closing(Smtp(f"smtp://ada@localhost:{port}", password, timeout=5)) as smtp:
                if works:
                    assert drain(store, smtp, build, owner="me", now=lambda: NOW).accepted == 3
                    continue
                with pytest.raises(TransportRefused, match=r"letters outside ASCII.*AUTH PLAIN.*choose a password"):
                    drain(store, smtp, build, owner="me", now=lambda: NOW)
            assert set(states(store).values()) == {"queued"}
            assert sink.mails == []
