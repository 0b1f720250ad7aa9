# ruff: noqa: F811 - fixtures of other files are named where they are used
"""The doctor tries everything for real: what works is said, what does not is named with its remedy."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pydantic import SecretStr

from newsletter import doctor, subscribers
from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.model_server import MODEL
from newsletter.demo.servers import Servers
from newsletter.doctor import dns as names
from newsletter.doctor import online
from newsletter.readers import Counter, in_force
from newsletter.scheduler import Service, service
from newsletter.settings import Settings
from newsletter.times.clock import utc_now
from tests.counters import counter_of
from tests.dovecot import MISSING, PASSWORD, Dovecot
from tests.morning import ROSTER, sample_rows, settings_for
from tests.sendgrid_server import SendGridServer
from tests.test_mailboxes import _Delivering, running, server, smtp  # noqa: F401  # a mailbox and a way into it
from tests.test_transports import Sink, certificate, nobody, sink, tls_port, trusted  # noqa: F401  # a mail server

Probe = Callable[..., Iterator[Any]]


@pytest.fixture
def counted(practice: tuple[Servers, Settings]) -> Iterator[Counter]:
    """The counter of the practice settings, on time."""
    with counter_of(practice[1], utc_now) as counter:
        yield counter


def tried(part: Probe, *arguments: object) -> tuple[list[str], list[str]]:
    """What works and what does not, as lines."""
    said: list[str] = []
    findings = [str(finding) for finding in part(*arguments, said.append)]
    return said, findings


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[tuple[Servers, Settings]]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers(sample_rows()) as servers:
        yield servers, settings_for(servers, tmp_path)


def test_all_is_well(practice: tuple[Servers, Settings], counted: Counter) -> None:
    """Every part that can be tried here works, and is said with what was found."""
    said: list[str] = []
    assert [] == doctor.examine(practice[1], counted, online=True, say=said.append)
    parts = ["disk", "time zone data", "arXiv", "clock", *[f"model openai/{MODEL}"] * 3]
    assert said[0].startswith("arXiv has listed its pauses until 2026-12-31")
    assert parts == [line.partition(":")[0] for line in said[1:]]
    assert [f"model openai/{MODEL}: answers in {language}" for language in ("en", "zh")] == said[-2:]
    assert "arXiv: the feed is for 2026-03-09, with 40 papers in your categories" in said
    assert "clock: correct" in said


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"kind": "status", "status": 401}, "check the name, the key and the address"),
        ({"kind": "text", "body": "I would rather not."}, "choose a model that can answer in JSON"),
    ],
)
def test_a_model_that_does_not_do(
    practice: tuple[Servers, Settings], counted: Counter, kind: Mapping[str, Any], expected: str
) -> None:
    """A refused key and an answer that nobody can read are told apart."""
    servers, settings = practice
    servers.model.faults.extend([Fault(**kind)] * 8)
    said, (finding,) = tried(online._model, settings, counted, settings.model)
    assert [] == said
    assert finding.endswith(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Eine Probe reicht aus, um die Einstellungen vor dem ersten Morgen zu prüfen.", "not written in am"),
        ("", "it is missing"),
    ],
)
def test_a_language_that_the_model_does_not_write(
    practice: tuple[Servers, Settings], counted: Counter, line: str, expected: str
) -> None:
    """It is named; a line that is only too short for an email is no sign of that."""
    servers, settings = practice
    roster = in_force.load(counted)
    reader = replace(roster.readers[0], wishes=replace(roster.readers[0].wishes, languages=("am", "ka")))
    roster = replace(roster, newsletter=replace(roster.newsletter, languages=("am",)), readers=(reader,))
    row = {
        "id": online.SAMPLE_PAPER.arxiv_id,
        "lines": {"am": line, "ka": "ნიმუში."},
        "reasons": {"sample": "a sample"},
    }
    servers.model.faults.append(Fault(kind="text", body=json.dumps({"summaries": [row]})))
    said, (finding,) = tried(online._languages, settings, counted, roster)
    assert f"openai/{MODEL} was asked for a one-liner in am: {expected}" in finding
    assert [f"model openai/{MODEL}: answers in ka, with a fault in this one: a length of 1, not 5 to 60"] == said


def test_nothing_is_tried_without_online(practice: tuple[Servers, Settings], counted: Counter) -> None:
    """Plain `check` asks nobody, and says so of each model."""
    servers, settings = practice
    settings = settings.model_copy(update={"fallback_models": ("openai/other",)})
    said: list[str] = []
    doctor.examine(settings, counted, say=said.append)
    assert [f"model openai/{name}: not tried; use --online" for name in (MODEL, "other")] == said[1:]
    assert [] == servers.model.requests


def test_an_unknown_price_is_said(practice: tuple[Servers, Settings], counted: Counter) -> None:
    """Without it a cost limit cannot be kept."""
    settings = practice[1].model_copy(update={"model_prices": {}})
    said, (finding,) = tried(online._model, settings, counted, settings.model)
    assert 1 == len(said)
    assert f"NEWSLETTER_MODEL_PRICES: the price of openai/{MODEL} is unknown" in finding


def test_arxiv_down_and_a_wrong_clock(practice: tuple[Servers, Settings], counted: Counter) -> None:
    """The clock is compared with that of arXiv's servers."""
    servers, settings = practice
    ahead = replace(counted, now=lambda: datetime.now(UTC) + timedelta(minutes=7))
    _, (finding,) = tried(online._clock, settings, ahead)
    assert "this machine's clock is off by 4" in finding
    servers.arxiv.faults.extend([Fault(kind="status", status=403)] * 5)
    said, (refused,) = tried(online._arxiv, settings, counted, in_force.load(counted))
    assert ([], True) == (said, "HTTP 403" in refused)


def test_old_zone_data(practice: tuple[Servers, Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Data of years ago send mails at the hours of years ago."""
    for version in ("2019c", "2019.3"):
        monkeypatch.setattr(online, "_zone_version", lambda version=version: version)
        said, (finding,) = tried(online._zones, subscribers.load(practice[1].subscribers))
        assert ([], True) == (said, f"the time zone data is from {version}" in finding)


def test_the_version_of_the_zone_data_in_use() -> None:
    """As this machine says it: a year with a letter or a number, or nothing."""
    version = online._zone_version()
    assert version is None or 2015 < online._released(version).year < 2100


# --- mail -----------------------------------------------------------------------


def smtp_settings(folder: Path, url: str, password: str | None = None, **more: Any) -> Settings:
    (folder / "subscribers.yaml").write_text(ROSTER, "utf-8")
    return Settings(
        subscribers=folder / "subscribers.yaml",
        data_dir=folder / "var",
        transport="smtp",
        sender="News <news@news.example>",
        smtp_url=url,
        smtp_password=SecretStr(password) if password else None,
        **more,
    )


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("password", "works"), [("s3cret", True), ("another", False)])
def test_a_login_without_a_mail(tmp_path: Path, tls_port: int, sink: Sink, password: str, works: bool) -> None:
    """A real STARTTLS and a real login; nothing is sent."""
    settings = smtp_settings(tmp_path, f"smtp://ada%40example.org@localhost:{tls_port}", password)
    said, findings = tried(online._transport, settings)
    assert (works, not works) == (said == ["mail server: accepts our login over TLS"], len(findings) == 1)
    assert "another" not in "".join(findings)
    assert [] == sink.mails


def test_a_mail_server_that_is_not_there(tmp_path: Path, nobody: int) -> None:
    """One finding with what to do."""
    said, (finding,) = tried(online._transport, smtp_settings(tmp_path, f"smtp://127.0.0.1:{nobody}"))
    assert ([], True) == (said, "Connection refused" in finding)


@pytest.mark.parametrize(
    ("key", "scopes", "expected"),
    [
        ("SG.practice", ["mail.send"], None),
        ("SG.practice", ["stats.read"], "the key is not allowed to send email"),
        ("SG.expired", ["mail.send"], "the key is refused (HTTP 401)"),
    ],
)
def test_sendgrids_key(tmp_path: Path, key: str, scopes: list[str], expected: str | None) -> None:
    """Asked what the key may do; no mail is sent for it."""
    with SendGridServer() as vendor:
        vendor.scopes = scopes
        settings = smtp_settings(tmp_path, "smtp://127.0.0.1:9").model_copy(
            update={"transport": "sendgrid", "sendgrid_url": vendor.origin, "sendgrid_api_key": SecretStr(key)}
        )
        said, findings = tried(online._transport, settings)
        assert [] == vendor.mails
    assert (expected is None) == bool(said)
    assert expected is None or expected in findings[0]
    assert key not in "".join([*said, *findings])


needs_dovecot = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@needs_dovecot
def test_a_mail_to_ourselves_comes_back(tmp_path: Path, server: Dovecot, smtp: tuple[_Delivering, int]) -> None:
    """Sent by SMTP to our plus address, found by IMAP, put away."""
    mailbox = {"imap_url": server.url, "imap_password": SecretStr(PASSWORD)}
    settings = smtp_settings(tmp_path, f"smtp://127.0.0.1:{smtp[1]}", **mailbox)
    with counter_of(settings, utc_now) as counter:
        assert ((["mailbox: readable"], [])) == tried(online._mailbox, counter)
        said, findings = tried(online._round_trip, settings, counter)
    assert ([], True) == (findings, said[0].startswith("an email to news+… came back after "))
    assert ({}, 1) == (server.mails(), len(server.mails("Newsletter.Done")))


@needs_dovecot
def test_a_mail_that_does_not_come_back(
    tmp_path: Path,
    server: Dovecot,
    smtp: tuple[_Delivering, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Waited for no longer than promised; the remedy names the setting for hosts without plus addresses."""
    monkeypatch.setattr(online, "_RETURN_SECONDS", 0.3)
    monkeypatch.setattr(online, "_LOOK_SECONDS", 0.1)
    mailbox = {"imap_url": server.url, "imap_password": SecretStr(PASSWORD), "reply_to": "news@elsewhere.example"}
    settings = smtp_settings(tmp_path, f"smtp://127.0.0.1:{smtp[1]}", **mailbox)
    with counter_of(settings, utc_now) as counter:
        _, (finding,) = tried(online._round_trip, settings, counter)
    assert "did not come back within 0 s" in finding
    assert "NEWSLETTER_PLUS_ADDRESSING=false" in finding
    wrong = smtp_settings(tmp_path, "smtp://127.0.0.1:9", **mailbox | {"imap_password": SecretStr("wrong")})
    with counter_of(wrong, utc_now) as counter:
        _, (refused,) = tried(online._mailbox, counter)
    assert "refuses the login" in refused


class WithoutPlus:
    """A host that loses what is sent to a plus address."""

    def __init__(self, server: Dovecot) -> None:
        self._server = server

    def deliver(self, raw: bytes) -> None:
        if not raw.startswith(b"Delivered-To: news+"):
            self._server.deliver(raw)


@needs_dovecot
@pytest.mark.parametrize("by", ["check", "serve"])
@pytest.mark.parametrize("plus", [True, False])
def test_a_host_without_plus_addresses(
    tmp_path: Path,
    server: Dovecot,
    smtp: tuple[_Delivering, int],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    plus: bool,
) -> None:
    """It is found by an email of a reader's envelope, headers and size; tokens leave the addresses, told once."""
    for module, within, pause in ((online, "_RETURN_SECONDS", "_LOOK_SECONDS"), (service, "_RETURN", "_LOOK")):
        monkeypatch.setattr(module, within, 1.5)
        monkeypatch.setattr(module, pause, 0.1)
    if not plus:
        monkeypatch.setattr(smtp[0], "server", WithoutPlus(server))
    mailbox = {"imap_url": server.url, "imap_password": SecretStr(PASSWORD), "public_url": "https://news.example"}
    settings = smtp_settings(tmp_path, f"smtp://127.0.0.1:{smtp[1]}", **mailbox)
    with counter_of(settings, utc_now) as counter:
        if by == "check":
            _, findings = tried(online._round_trip, settings, counter)
            assert [("no plus addresses" in one, "PLUS_ADDRESSING=false" in one) for one in findings] == (
                [] if plus else [(True, True)]
            )
        else:
            serving = Service(settings, counter)
            assert serving.tries_plus_address
            serving.try_plus_address()
            assert not serving.tries_plus_address
            assert serving.counter.letterhead.plus_addressing is plus
        assert counter.store.troubles() == []
    probe = message_from_bytes(smtp[0].mails[0])
    assert {"From", "To", "Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} <= {*probe}
    assert len(smtp[0].mails[0]) > 40_000
    with counter_of(settings, utc_now) as counter:
        assert counter.letterhead.plus_addressing is plus


class Site(Loopback):
    """Whatever stands at the public address."""

    def __init__(self, response: Response) -> None:
        self._response = response
        super().__init__()

    def answer(self, request: Request, fault: Fault | None) -> Response:
        return self._response


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(body=b'{"status": "ok", "last_issue": null}'), None),
        (Response(status=503, body=b'{"status": "late", "last_issue": null}'), "reports a problem: late"),
        (Response(body=b"<html>Welcome to nginx"), "it is not this service"),
        (Response(status=502, body=b"Bad Gateway"), "it is not this service"),
        (None, "does not answer (ConnectionError)"),
    ],
)
def test_the_public_address(tmp_path: Path, nobody: int, response: Response | None, expected: str | None) -> None:
    """It has to lead to this service."""
    with Site(response or Response()) as site:
        url = site.origin if response else f"http://127.0.0.1:{nobody}"
        said, findings = tried(online._public_url, Settings(data_dir=tmp_path, public_url=url))
    assert (expected is None) == bool(said)
    assert expected is None or expected in findings[0]


# --- DNS ------------------------------------------------------------------------


class NameServer:
    """Answers from a table of (name, kind) → texts on a loopback port."""

    def __init__(self, records: Mapping[tuple[str, str], list[str]]) -> None:
        self._records = records
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def resolver(self) -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port, found.lifetime = ["127.0.0.1"], self._socket.getsockname()[1], 3.0
        return found

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            answer = dns.message.make_response(query)
            question = query.question[0]
            name, kind = question.name.to_text(omit_final_dot=True), question.rdtype.name
            if found := self._records.get((name, kind)):
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
            elif name not in {known for known, _ in self._records}:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), peer)


GOOD = {
    ("news.example", "TXT"): ['"unrelated"', '"v=spf1 include:mail.example -all"'],
    ("news.example", "MX"): ["10 mail.news.example."],
    ("_dmarc.news.example", "TXT"): ['"v=DMARC1; p=none"'],
}


def dns_findings(records: Mapping[tuple[str, str], list[str]], settings: Settings) -> list[str]:
    server = NameServer(records)
    try:
        return [str(finding) for finding in names.examine(settings, server.resolver())]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (None, None),
        (("news.example", "TXT"), "NEWSLETTER_SENDER: news.example has no SPF record"),
        (("_dmarc.news.example", "TXT"), "NEWSLETTER_SENDER: news.example has no DMARC record"),
        (("news.example", "MX"), "NEWSLETTER_REPLY_TO: replies cannot be delivered to news.example"),
    ],
)
def test_records(tmp_path: Path, missing: tuple[str, str] | None, expected: str | None) -> None:
    """What a large provider looks up before it takes our mail."""
    records = {key: value for key, value in GOOD.items() if key != missing}
    findings = dns_findings(records, smtp_settings(tmp_path, "smtp://127.0.0.1:9"))
    assert ([] if expected is None else [expected]) == [finding[: len(expected or "")] for finding in findings]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_our_key_against_the_published_one(tmp_path: Path, kind: str) -> None:
    """The record that is asked for is the one that is accepted; another key and no key are told apart."""
    key: Any = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "dkim.pem"
    file.write_bytes(key.private_bytes(*form))
    settings = smtp_settings(tmp_path, "smtp://127.0.0.1:9", dkim_key_file=file, dkim_selector="s1")
    name = ("s1._domainkey.news.example", "TXT")
    (absent,) = dns_findings(GOOD, settings)
    record = absent.partition("add the TXT record ")[2]
    assert record.startswith(f"v=DKIM1; k={kind}; p=")
    halves = f'"{record[:200]}" "{record[200:]}"'  # as zone files have to write it
    assert [] == dns_findings(GOOD | {name: [halves]}, settings)
    other = base64.b64encode(b"another").decode()
    (wrong,) = dns_findings(GOOD | {name: [f'"v=DKIM1; p={other}"']}, settings)
    assert "publishes a different key" in wrong
    file.write_text("no key")
    (broken,) = dns_findings(GOOD, settings)
    assert "is not a private key" in broken


def test_dns_that_does_not_answer(tmp_path: Path, nobody: int) -> None:
    """Bounded, and a finding of its own."""
    silent = dns.resolver.Resolver(configure=False)
    silent.nameservers, silent.port, silent.lifetime = ["127.0.0.1"], nobody, 0.5
    (finding,) = names.examine(smtp_settings(tmp_path, "smtp://127.0.0.1:9"), silent)
    assert str(finding).startswith("DNS: no answer")
