"""Leaving with everything real: a service as a process, an SMTP server, a mailbox behind IMAP, with and without TLS."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from newsletter import app
from newsletter.demo.command import reply_to
from newsletter.errors import MailboxUnavailable
from newsletter.mailboxes.imap import Imap
from newsletter.models import MarkedBy, MarkKind, SubscriberState
from newsletter.settings import Settings
from newsletter.subscribers import load
from newsletter.times.clock import utc_now
from tests.conftest import Run
from tests.counters import service_of
from tests.dovecot import MISSING, PASSWORD, Dovecot, dovecot
from tests.morning import MORNING, ROSTER
from tests.test_scheduler import Start, practice_settings, start, wait_for

__all__ = ["start"]  # the fixture
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

CHEN = "chen@example.org"


class Post:
    """Takes mail by SMTP and puts what is for one of the domains into that domain's mailbox."""

    def __init__(self, mailboxes: dict[str, Dovecot]) -> None:
        self.mailboxes, self.mails = mailboxes, list[tuple[str, bytes]]()

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802  # its name
        content, to = envelope.original_content or b"", envelope.rcpt_tos[0]
        self.mails.append((to, content))
        if mailbox := self.mailboxes.get(to.rpartition("@")[2]):
            mailbox.deliver(f"Delivered-To: {to}\r\n".encode() + content)
        return "250 OK"


@contextmanager
def post(mailboxes: dict[str, Dovecot]) -> Iterator[tuple[Post, int]]:
    handler = Post(mailboxes)
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


@dataclass
class Sent:
    """A morning that went out by SMTP, into whose mailbox readers answer."""

    mailbox: Dovecot
    post: Post
    port: int
    settings: dict[str, str]

    def to(self, who: str) -> list[bytes]:
        return [content for to, content in self.post.mails if to == who]

    def answer(self, folder: Path, who: str, text: str) -> None:
        """A reply to the first email to this reader, as a mail program sends it."""
        original = folder / "original.eml"
        original.write_bytes(self.to(who)[0])
        to = str(message_from_bytes(original.read_bytes(), policy=policy.default)["Reply-To"])
        with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as client:
            client.sendmail(who, [to], reply_to(original, text))


@pytest.fixture
def morning(tmp_path: Path, start: Start, newsletter: Run) -> Iterator[Sent]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    given = practice_settings(start({}, "demo", "--serve"))
    with dovecot() as server, post({"news.example": server}) as (sent, port):
        settings = {name: value for name, value in given.items() if "MODEL" not in name} | {
            "NEWSLETTER_TRANSPORT": "smtp",
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "NEWSLETTER_SENDER": "Morning arXiv <news@news.example>",
            "NEWSLETTER_IMAP_URL": server.url,
            "NEWSLETTER_IMAP_PASSWORD": PASSWORD,
            "NEWSLETTER_PORT": "0",
        }
        ran = newsletter("run", settings=settings)
        assert 0 == ran.returncode, ran.stderr
        yield Sent(server, sent, port, settings)


def test_from_a_morning_to_unsubscribed(tmp_path: Path, start: Start, morning: Sent) -> None:
    """`newsletter run` sends by SMTP, a reader answers 退订, `newsletter serve` reads it by IMAP within one poll."""
    morning.answer(tmp_path, CHEN, "退订")
    service = start(morning.settings, "serve")
    assert "action=unsubscribe" in service.said("mail.read")
    wait_for(lambda: morning.mailbox.mails("Newsletter.Done"))
    assert {"ada@example.org": False, CHEN: True} == {
        reader.email: bool(reader.unsubscribed) for reader in load(tmp_path / "subscribers.yaml").readers
    }
    assert 2 == len(morning.to(CHEN))  # the issue and the answer
    assert 0 == service.stop()


def test_a_like_by_reply(tmp_path: Path, start: Start, newsletter: Run, morning: Sent) -> None:
    """The paper printed as number 3 is liked, nobody is answered, and `explain` says what the order learns from."""
    morning.answer(tmp_path, CHEN, "like 3")
    service = start(morning.settings, "serve")
    assert "action=like" in service.said("mail.read")
    wait_for(lambda: morning.mailbox.mails("Newsletter.Done"))
    assert 0 == service.stop()
    assert 1 == len(morning.to(CHEN)), "no answer"
    with app.open_ledger(Settings(data_dir=tmp_path / "var")) as store:
        chen, ada = store.subscriber(CHEN), store.subscriber("ada@example.org")
        assert chen
        assert ada
        printed = store.printed_in(chen.id, None)
        assert printed
        (third,) = (one.arxiv_id for one in printed.papers if one.number == 3)
        (mark,) = store.marks(chen.id).all
        assert (mark.arxiv_id, mark.kind, mark.how) == (third, MarkKind.LIKE, MarkedBy.REPLY)
        assert mark.edition == printed.edition
        assert not store.marks(ada.id).all
    for who, said in ((CHEN, "own order, learned from 1 liked"), ("ada@example.org", "gets the topics' order")):
        explained = newsletter("explain", third, "--reader", who, settings=morning.settings)
        assert 0 == explained.returncode, explained.stderr
        assert said in explained.stdout


def test_two_services_end_after_one_mail_each(tmp_path: Path) -> None:
    """Each is a reader of the other and asks it whether it wants to leave: neither answers the other's question."""
    domains = ("a.example", "b.example")
    with ExitStack() as stack:
        servers = {domain: stack.enter_context(dovecot()) for domain in domains}
        sent, port = stack.enter_context(post(servers))
        services = []
        for domain, other in (domains, domains[::-1]):
            folder = tmp_path / domain
            folder.mkdir()
            (folder / "subscribers.yaml").write_text(ROSTER.replace("chen@example.org", f"news@{other}"), "utf-8")
            settings = Settings(
                subscribers=folder / "subscribers.yaml",
                data_dir=folder / "var",
                transport="smtp",
                smtp_url=f"smtp://127.0.0.1:{port}",
                sender=f"News <news@{domain}>",
                imap_url=servers[domain].url,
                imap_password=PASSWORD,  # type: ignore[arg-type]
            )
            with app.open_ledger(settings) as store:
                store.enrol([f"news@{other}"], MORNING)
            services.append(stack.enter_context(service_of(settings, utc_now)))
            plain = (
                f"From: news@{other}\r\nTo: news@{domain}\r\nSubject: unsubscribe\r\nMessage-ID: <1@{other}>\r\n\r\n"
            )
            servers[domain].deliver(plain.encode())
        for _ in range(4):
            for service in services:
                service.poll()
        assert ["news@a.example", "news@b.example"] == sorted(to for to, _ in sent.mails)
        for service, other in zip(services, domains[::-1], strict=True):
            with app.open_ledger(service.settings) as store:
                reader = store.subscriber(f"news@{other}")
            assert reader is not None
            assert SubscriberState.ACTIVE is reader.state


def test_sigterm_does_not_wait_for_a_silent_mailbox(tmp_path: Path, start: Start) -> None:
    """A server that takes the connection and says nothing: the service ends all the same."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken: list[socket.socket] = []
        threading.Thread(target=lambda: taken.append(silent.accept()[0]), daemon=True).start()
        settings = {
            "NEWSLETTER_ARXIV_API_URL": "http://127.0.0.1:9/api/query",
            "NEWSLETTER_ARXIV_RSS_URL": "http://127.0.0.1:9/rss",
            "NEWSLETTER_ARXIV_DELAY": "0",
            "NEWSLETTER_IMAP_URL": f"imap://news@127.0.0.1:{silent.getsockname()[1]}/INBOX",
            "NEWSLETTER_IMAP_PASSWORD": PASSWORD,
            "NEWSLETTER_PORT": "0",
        }
        service = start(settings, "serve")
        service.said("web.listening")
        wait_for(lambda: taken)
        assert 0 == service.stop()
        taken[0].close()


# --- TLS ---


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for `name` that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(signed.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.mark.parametrize(
    ("name", "trusted", "read"), [("localhost", True, True), ("localhost", False, False), ("mail.example", True, False)]
)
def test_imap_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool, read: bool) -> None:
    """A certificate of an authority that this machine knows, for this host; any other is refused."""
    files = certificate(tmp_path, name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with dovecot(certificate=files) as server:
        server.deliver(b"Message-ID: <1@x>\r\nSubject: x\r\n\r\nx\r\n")
        mailbox = Imap(server.tls_url, PASSWORD, timeout=10)
        if read:
            assert 1 == len(list(mailbox.waiting(lambda _: frozenset())))
        else:
            with pytest.raises(MailboxUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                list(mailbox.waiting(lambda _: frozenset()))
        mailbox.close()
