"""Every way out keeps the promises of `ports.Transport`, against servers on loopback."""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID

from newsletter.delivery import send_now
from newsletter.demo.faults import Fault
from newsletter.errors import TransportRefused, TransportUnavailable
from newsletter.models import Message, Outcome, Outgoing, Rendered, Slotted, Verdict
from newsletter.ports import Transport
from newsletter.render import Renderer, personalise
from newsletter.render.mime import body
from newsletter.transports.mailgun.sending import Mailgun
from newsletter.transports.outbox import Outbox, file_name, write_whole
from newsletter.transports.sendgrid.payload import payload
from newsletter.transports.sendgrid.sending import SendGrid
from newsletter.transports.smtp.conversation import Envelope as SmtpEnvelope
from newsletter.transports.smtp.greeting import greet, server
from newsletter.transports.smtp.lane import Lane
from newsletter.transports.smtp.sending import Smtp
from newsletter.transports.smtp.signature import signer
from tests.factories import KEYS, a_letterhead, an_edition
from tests.mailgun_server import DOMAIN, MailgunServer
from tests.mailgun_server import KEY as MAILGUN_KEY
from tests.mails import TEMPLATES, a_mail
from tests.sendgrid_server import SendGridServer

TEXT = ".\n..two dots\nA line.\n.\nfrom here: 稀疏模型\n"
HTML = "<p>.</p>\n<p>稀疏 &amp; <b>sparse</b></p>\n"


def a_message(email: str = "ada@example.com", name: str | None = "Ada", **changes: Any) -> Message:
    """A mail as `render` makes it, with dots at line starts and words in two scripts."""
    sender = changes.pop("sender", "Morning arXiv <news@example.org>")
    rendered = Rendered(
        key="k",
        subject="3月9日 · 3 papers",
        html=Slotted(HTML.encode()),
        text=Slotted(TEXT.encode()),
        body=Slotted(body(TEXT, HTML, key="k", language="zh")),
    )
    message = personalise(
        rendered,
        a_letterhead(sender=sender),
        keys=KEYS,
        subscriber_id=7,
        email=email,
        name=name,
        message_id="<2026-03-09.token@example.org>",
        date=datetime(2026, 3, 9, 1, 30, tzinfo=UTC),
    )
    return replace(message, **changes)


def outgoing(*messages: Message) -> list[Outgoing]:
    return [Outgoing(key=str(number), message=message) for number, message in enumerate(messages or (a_message(),))]


def sent(transport: Transport, mails: Sequence[Outgoing]) -> list[Outcome]:
    """The outcome of each mail, in order, as a round of sending gets them."""
    known: dict[str, Outcome] = {}
    waiting = list(mails)
    while len(known) < len(mails):
        # At least one, or a transport in trouble would never be heard.
        batch = [waiting.pop(0) for _ in range(min(len(waiting), transport.room or 1))]
        answers = transport.exchange(batch, 0.5)
        assert not known.keys() & {answer.key for answer in answers}
        known |= {answer.key: answer.outcome for answer in answers}
    return [known[mail.key] for mail in mails]


# --- an SMTP server that does what it is told -----------------------------------

Step = Callable[[SMTP], str]


@dataclass
class Arrived:
    """What came over which connection."""

    connection: tuple[str, int]
    sender: str
    recipients: list[str]
    content: bytes


@dataclass
class Sink:
    """Takes every mail unless a step of the script, by command, says something else; each step is used once."""

    script: dict[str, list[Step]] = field(default_factory=dict)
    mails: list[Arrived] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # commands that came, with their arguments
    offers: tuple[str, ...] = ()  # besides what the server has anyway

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Any, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(f"250-{one}" for one in self.offers), *responses[1:]]

    def _next(self, command: str, server: SMTP) -> str | None:
        steps = self.script.get(command)
        return steps.pop(0)(server) if steps else None

    async def handle_MAIL(self, server: SMTP, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        self.said.append(f"MAIL {address}")
        if (answer := self._next("MAIL", server)) is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server: SMTP, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        self.said.append(f"RCPT {address}")
        if (answer := self._next("RCPT", server)) is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_RSET(self, server: SMTP, _session: Any, _envelope: Envelope) -> str:  # noqa: N802
        return self._next("RSET", server) or "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Any, _envelope: Envelope) -> str:  # noqa: N802
        self.said.append("QUIT")
        return "221 Bye"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        # Before the step, which may answer by itself: who has heard the answer may look.
        self.mails.append(Arrived(session.peer, envelope.mail_from or "", envelope.rcpt_tos, content))
        answer = self._next("DATA", server) or "taken 250 OK"
        if not answer.startswith("taken"):
            self.mails.pop()
        return answer.removeprefix("taken ")


def says(answer: str) -> Step:
    return lambda _server: answer


def hangs_up(answer: str = "") -> Step:
    """Answers, if at all, and ends the connection."""

    def step(server: SMTP) -> str:
        if answer:
            server.transport.write(f"{answer}\r\n".encode())
        server.transport.close()
        return "taken 250 nobody hears this"

    return step


class OnAnyPort(Controller):
    """A server on a free port, which the base class learns only after it has asked for it."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        super().__init__(sink, hostname="127.0.0.1", port=0, **{"enable_SMTPUTF8": False} | options)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(params=[("PIPELINING",), ()], ids=["pipelining", "one-by-one"])
def sink(request: pytest.FixtureRequest) -> Sink:
    return Sink(offers=request.param)


@contextmanager
def running(controller: OnAnyPort) -> Iterator[int]:
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def port(sink: Sink) -> Iterator[int]:
    """A server without TLS."""
    with running(OnAnyPort(sink)) as port:
        yield port


@pytest.fixture
def smtp(port: int) -> Iterator[Smtp]:
    """One connection, so that mails arrive in order."""
    transport = Smtp(f"smtp://127.0.0.1:{port}", connections=1, timeout=5)
    yield transport
    transport.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine and its key; nobody trusts it unless told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """This test's clients trust the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def login(_server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = mechanism in ("LOGIN", "PLAIN") and data == LoginPassword(b"ada@example.org", b"s3cret")
    return AuthResult(success=known, handled=known)


@pytest.fixture
def tls_port(sink: Sink, certificate: tuple[Path, Path]) -> Iterator[int]:
    """A server that wants STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    controller = OnAnyPort(sink, tls_context=context, require_starttls=True, auth_required=True, authenticator=login)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def nobody() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# --- the contract ---------------------------------------------------------------


@dataclass
class Way:
    """A transport and what has arrived at its other end."""

    transport: Transport
    arrived: Callable[[], Sequence[Mapping[str, object]]]


def read_mail(raw: bytes, recipient: str) -> Mapping[str, object]:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return {
        "recipient": recipient,
        "subject": mail["Subject"],
        "from": mail["From"],
        "reply_to": mail["Reply-To"],
        "message_id": mail["Message-ID"],
        "one_click": mail["List-Unsubscribe-Post"],
        "text": plain.get_content().replace("\r\n", "\n"),
        "html": html.get_content().replace("\r\n", "\n"),
        "raw": raw,
    }


def _by_mailgun(raw: bytes, recipient: str) -> Mapping[str, object]:
    """Mailgun writes the MIME itself."""
    return {name: value for name, value in read_mail(raw, recipient).items() if name != "raw"}


def read_payload(mail: Mapping[str, Any]) -> Mapping[str, object]:
    def address(person: Mapping[str, str]) -> str:
        return f"{person['name']} <{person['email']}>" if "name" in person else person["email"]

    return {
        "recipient": mail["to"][0]["email"],
        "subject": mail["subject"],
        "from": address(mail["from"]),
        "reply_to": address(mail["reply_to"]),
        "message_id": mail["headers"]["Message-ID"],
        "one_click": mail["headers"]["List-Unsubscribe-Post"],
        "text": mail["content"][0]["value"],
        "html": mail["content"][1]["value"],
    }


@pytest.fixture(params=["outbox", "smtp", "sendgrid", "mailgun"])
def way(request: pytest.FixtureRequest, tmp_path: Path, sink: Sink) -> Iterator[Way]:
    if request.param == "outbox":
        box = Outbox(tmp_path / "new" / "outbox")

        def files() -> list[Mapping[str, object]]:
            paths = sorted((tmp_path / "new" / "outbox").glob("*.eml"))
            return [read_mail(path.read_bytes(), path.stem.partition("_")[2]) for path in paths]

        yield Way(box, files)
    elif request.param == "smtp":
        smtp = request.getfixturevalue("smtp")
        yield Way(smtp, lambda: [read_mail(mail.content, mail.recipients[0]) for mail in sink.mails])
    elif request.param == "mailgun":
        with MailgunServer() as mailgun_server:
            mailgun = Mailgun(MAILGUN_KEY, DOMAIN, mailgun_server.origin, timeout=5)
            yield Way(mailgun, lambda: [_by_mailgun(raw, address) for address, raw, _ in mailgun_server.mails])
    else:
        with SendGridServer() as server:
            sendgrid = SendGrid("SG.practice", server.origin, timeout=5)
            yield Way(sendgrid, lambda: [read_payload(mail) for mail in server.mails])


PEOPLE = (("ada@example.com", "Ada"), ("bob@example.com", None), ("li@例子.中国", '李 "Li", 四'))


def test_accepted_has_arrived(way: Way) -> None:
    """What is accepted arrived at its recipient, whole, in order."""
    messages = [a_message(email, name) for email, name in PEOPLE]
    outcomes = sent(way.transport, outgoing(*messages))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 3
    expected = [
        {
            "recipient": message.recipient,
            "subject": "3月9日 · 3 papers",
            "from": "Morning arXiv <news@example.org>",
            "reply_to": dict(message.headers)["Reply-To"],
            "message_id": "<2026-03-09.token@example.org>",
            "one_click": "List-Unsubscribe=One-Click",
            "text": TEXT,
            "html": HTML,
            "raw": message.raw,
        }
        for message in messages
    ]
    arrived = way.arrived()
    assert arrived == [{key: mail[key] for key in arrived[0]} for mail in expected]


def test_sender_with_any_name(way: Way) -> None:
    """A sender's name may hold commas, quotes and other scripts."""
    for sender in ('"Lovelace, Ada" <news@example.org>', "晨报 <news@example.org>", '"A \\"B\\" C" <news@example.org>'):
        (outcome,) = sent(way.transport, outgoing(a_message(sender=sender)))
        assert outcome.verdict is Verdict.ACCEPTED
        names = [str(mail["from"]).replace('"', "").replace("\\", "") for mail in way.arrived()]
        assert names[-1] == sender.replace('"', "").replace("\\", "")


def test_nothing_to_send(way: Way) -> None:
    """No mails, no outcomes."""
    assert list(sent(way.transport, [])) == []
    assert list(way.arrived()) == []


def test_closed_and_used_again(way: Way) -> None:
    """Closing twice is no error, and a later mail still goes out."""
    way.transport.close()
    sent(way.transport, outgoing())
    way.transport.close()
    way.transport.close()
    (outcome,) = sent(way.transport, outgoing(a_message("bob@example.com")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert sorted(str(mail["recipient"]) for mail in way.arrived()) == ["ada@example.com", "bob@example.com"]
    way.transport.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda p: Smtp(f"smtp://127.0.0.1:{p}"),
        lambda p: SendGrid("k", f"http://127.0.0.1:{p}"),
        lambda p: Mailgun("k", DOMAIN, f"http://127.0.0.1:{p}"),
    ],
)
def test_server_down(nobody: int, make: Callable[[int], Transport]) -> None:
    """Where nobody listens the mails come back untouched: the trouble is the transport's, and it may be over later."""
    transport = make(nobody)
    outcomes = sent(transport, outgoing(a_message(), a_message("bob@example.com")))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNTRIED] * 2
    assert isinstance(transport.trouble, TransportUnavailable)
    assert "refused" in str(transport.trouble)
    assert transport.room == 0
    transport.close()
    assert transport.trouble is None


# --- outbox ---------------------------------------------------------------------


def test_outbox_files(tmp_path: Path) -> None:
    """Each mail is one .eml with the bytes of the wire and one .html to open, and a repeat is the same two files."""
    for _ in range(2):
        sent(Outbox(tmp_path), outgoing())
    stem = "2026-03-09_ada@example.com"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == {
        f"{stem}.eml": a_message().raw,
        f"{stem}.html": HTML.encode(),
    }


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("ada@example.com", "2026-03-09_ada@example.com"),
        ("a.b+c=d@example.com", "2026-03-09_a.b+c=d@example.com"),
        ("../../etc/passwd@example.com", "2026-03-09__.._etc_passwd@example.com-3d897416"),
        ("a/b@example.com", "2026-03-09_a_b@example.com-215ca13f"),
        ("a:b@example.com", "2026-03-09_a_b@example.com-de1a32cc"),
    ],
)
def test_outbox_names(recipient: str, name: str) -> None:
    """The name of a file holds the day and the address, never a path, and two addresses never share one."""
    assert file_name(replace(a_message(), recipient=recipient)) == name


def test_outbox_long_address(tmp_path: Path) -> None:
    """The longest address that there can be does not stop the mails of the others."""
    long = a_message(f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example")
    outcomes = sent(Outbox(tmp_path), outgoing(long, a_message()))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 2
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_outbox_refuses(tmp_path: Path) -> None:
    """A folder that cannot be written refuses everybody, by its name."""
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(TransportRefused) as error:
        send_now(Outbox(tmp_path / "outbox"), *outgoing())
    assert str(error.value) == f"outbox: cannot write to {tmp_path / 'outbox'}: Not a directory"


def test_written_whole(tmp_path: Path) -> None:
    """A file is the old one or the new one: what is cut short lies in a folder of its own until it is written again."""
    write_whole(tmp_path, {"a": b"old"})
    (tmp_path / "tmp" / "a").write_bytes(b"half of th")
    assert (tmp_path / "a").read_bytes() == b"old"
    write_whole(tmp_path, {"a": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == {"a": b"new"}


# --- smtp -----------------------------------------------------------------------


def test_smtp_same_bytes(smtp: Smtp, sink: Sink) -> None:
    """The bytes that arrive are those that were rendered, dots at line starts included, under our envelope."""
    message = a_message()
    unfinished = replace(message.rendered, body=Slotted(message.rendered.body.content.rstrip(b"\r\n")))
    starts = (".", "..", "x", "")
    first, *rest = message.head.headers
    for start in starts:
        head = replace(message.head, headers=(replace(first, name=start + first.name), *rest))
        sent(smtp, outgoing(replace(message, head=head, rendered=unfinished)))
    whole = message.raw.rstrip(b"\r\n") + b"\r\n"
    assert b"\r\n.\r\n" in whole
    assert [mail.content for mail in sink.mails] == [start.encode() + whole for start in starts]
    assert {(mail.sender, *mail.recipients) for mail in sink.mails} == {(message.envelope_from, "ada@example.com")}


def test_smtp_reuses_its_connection(smtp: Smtp, sink: Sink) -> None:
    """Many mails go over one connection, also after a refusal, and the end is a good-bye."""
    sink.script["RCPT"] = [says("550 5.1.1 unknown")]
    outcomes = [sent(smtp, outgoing())[0].verdict for _ in range(4)]
    assert outcomes == [Verdict.PERMANENT, *[Verdict.ACCEPTED] * 3]
    assert len({mail.connection for mail in sink.mails}) == 1
    smtp.close()
    assert sink.said[-1] == "QUIT"


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("450 4.2.0 greylisted", Verdict.TEMPORARY),
        ("452 4.3.1 full", Verdict.TEMPORARY),
        ("550 5.1.1 no such user", Verdict.PERMANENT),
        ("554 5.7.1 no", Verdict.UNWANTED),
        ("554 DT:SPM 163 smtp14", Verdict.UNWANTED),
        ("550 Mail content denied", Verdict.UNWANTED),
        ("550 5.4.1 Recipient address rejected: Access denied", Verdict.PERMANENT),
    ],
)
def test_smtp_refusals(smtp: Smtp, sink: Sink, command: str, answer: str, verdict: Verdict) -> None:
    """4xx may pass later and 5xx never will, in the server's words, and the next reader is served."""
    sink.script[command] = [says(answer)]
    outcomes = sent(smtp, outgoing(a_message(), a_message("bob@example.com")))
    assert [outcome.verdict for outcome in outcomes] == [verdict, Verdict.ACCEPTED]
    assert outcomes[0].detail == answer
    assert outcomes[0].of_reader == (command == "RCPT" and answer.startswith("550 5.1.1"))
    assert [mail.recipients for mail in sink.mails] == [["bob@example.com"]]


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        # Before the body nothing is taken: another connection is tried, once.
        ({"MAIL": [hangs_up()]}, Verdict.ACCEPTED),
        ({"MAIL": [hangs_up()] * 2}, Verdict.TEMPORARY),
        ({"MAIL": [hangs_up("421 4.3.2 closing")] * 2}, Verdict.TEMPORARY),
        ({"RCPT": [hangs_up()] * 2}, Verdict.TEMPORARY),
        ({"RCPT": [hangs_up("421 4.7.0 too many")]}, Verdict.ACCEPTED),
        ({"DATA": [hangs_up()]}, Verdict.UNKNOWN),  # after the final dot
        # An answer counts, also where the server hangs up behind it.
        ({"RCPT": [hangs_up("550 5.1.1 no")]}, Verdict.PERMANENT),
        ({"DATA": [hangs_up("554 5.7.1 spam")]}, Verdict.UNWANTED),
        ({"DATA": [hangs_up("451 4.3.0 later")]}, Verdict.TEMPORARY),
        ({"DATA": [hangs_up("421 4.3.0 later")]}, Verdict.TEMPORARY),
        ({"DATA": [hangs_up("250 OK")]}, Verdict.ACCEPTED),
        ({"RCPT": [says("550 5.1.1 no")], "RSET": [hangs_up()]}, Verdict.PERMANENT),
    ],
)
def test_smtp_dropped(smtp: Smtp, sink: Sink, script: dict[str, list[Step]], verdict: Verdict) -> None:
    """A connection that is lost after the final dot leaves the outcome unknown, before it certain; the next is new."""
    sink.script |= {command: list(steps) for command, steps in script.items()}
    outcomes = sent(smtp, outgoing(a_message(), a_message("bob@example.com")))
    assert [outcome.verdict for outcome in outcomes] == [verdict, Verdict.ACCEPTED]
    assert sink.mails[-1].recipients == ["bob@example.com"]


@pytest.mark.parametrize("ending", [hangs_up("421 4.7.0 enough for one connection"), hangs_up()])
def test_smtp_ended_between_mails(smtp: Smtp, sink: Sink, ending: Step) -> None:
    """A server that ends the connection between two mails loses none: the next goes over a new connection at once."""
    sent(smtp, outgoing())
    sink.script["MAIL"] = [ending]
    (outcome,) = sent(smtp, outgoing(a_message("bob@example.com")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert [mail.recipients[0] for mail in sink.mails] == ["ada@example.com", "bob@example.com"]
    assert sink.mails[0].connection != sink.mails[1].connection


@pytest.mark.parametrize("step", [hangs_up(), hangs_up("421 4.3.2 shutting down")])
def test_smtp_says_good_bye_to_everybody(smtp: Smtp, sink: Sink, step: Step) -> None:
    """A server that ends one connection after another is in trouble: the mails that it never looked at wait untried."""
    sink.script["MAIL"] = [step] * 9
    mails = outgoing(*(a_message(f"reader{number}@example.com") for number in range(6)))
    outcomes = sent(smtp, mails)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.TEMPORARY, *[Verdict.UNTRIED] * 5]
    assert isinstance(smtp.trouble, TransportUnavailable)
    assert len(sink.script["MAIL"]) == 6


def test_smtp_several_mails_then_good_bye(smtp: Smtp, sink: Sink) -> None:
    """A server that takes two mails a connection loses none, and nobody is to blame."""
    sink.script["DATA"] = [says("taken 250 OK"), hangs_up("250 OK")] * 5
    outcomes = sent(smtp, outgoing(*(a_message(f"reader{number}@example.com") for number in range(10))))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert [mail.recipients for mail in sink.mails] == [[f"reader{number}@example.com"] for number in range(10)]
    assert len({mail.connection for mail in sink.mails}) == 5


def test_a_lane_closes_for_good(port: int) -> None:
    """The connection ends with its lane, whatever still refers to what opened it."""
    connection = greet(server(f"smtp://127.0.0.1:{port}", None), timeout=5)
    lane = Lane(connection, timeout=5, pipelining=True, wire=lambda _: b"", envelope=SmtpEnvelope())
    lane.close()
    assert lane.socket.fileno() == -1


def test_smtp_silent() -> None:
    """A server that takes the body and says nothing leaves the outcome unknown after the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_silent_after_the_dot, args=(server,), daemon=True).start()
        transport = Smtp(f"smtp://127.0.0.1:{server.getsockname()[1]}", timeout=0.3)
        (outcome,) = sent(transport, outgoing())
        transport.close()
    assert outcome.verdict is Verdict.UNKNOWN


def _silent_after_the_dot(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 hello\r\n")
        for line in lines:
            if line[:4] in (b"ehlo", b"EHLO", b"mail", b"MAIL", b"rcpt", b"RCPT"):
                connection.sendall(b"250 OK\r\n")
            elif line.lower().startswith(b"data"):
                connection.sendall(b"354 go on\r\n")


def test_smtp_letters_outside_ascii(smtp: Smtp, sink: Sink) -> None:
    """An address that the server cannot take is one reader's finding; the connection serves the next."""
    outcomes = sent(smtp, outgoing(a_message("jörg@example.com"), a_message()))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PERMANENT, Verdict.ACCEPTED]
    assert outcomes[0].detail == (
        "the address has letters outside ASCII before its @, and the server does not offer SMTPUTF8"
    )
    assert len(sink.mails) == 1


def test_smtp_utf8(sink: Sink) -> None:
    """Where the server offers SMTPUTF8 such an address gets its mail, its domain in letters that every server knows."""
    with running(OnAnyPort(sink, enable_SMTPUTF8=True)) as port, closing(Smtp(f"smtp://127.0.0.1:{port}")) as smtp:
        (outcome,) = sent(smtp, outgoing(a_message("jörg@bücher.example")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert [mail.recipients for mail in sink.mails] == [["jörg@xn--bcher-kva.example"]]


@pytest.mark.parametrize("recipient", ["a@b.org>\r\nDATA", "a b@c.org", "a@b.org\n", "a\x00@b.org", "<a@b.org>", ""])
def test_smtp_no_address(smtp: Smtp, sink: Sink, recipient: str) -> None:
    """What would end the command never leaves; the next reader is served."""
    outcomes = sent(smtp, outgoing(replace(a_message(), recipient=recipient), a_message()))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PERMANENT, Verdict.ACCEPTED]
    assert [said for said in sink.said if said.startswith("RCPT")] == ["RCPT ada@example.com"]


@pytest.mark.usefixtures("trusted")
def test_smtp_starttls_and_login(tls_port: int, sink: Sink) -> None:
    """With STARTTLS and the right password the mail arrives; the user's name may hold an @, written either way."""
    for user in ("ada@example.org", "ada%40example.org"):
        transport = Smtp(f"smtp://{user}@localhost:{tls_port}", "s3cret", timeout=5)
        (outcome,) = sent(transport, outgoing())
        transport.close()
        assert outcome.verdict is Verdict.ACCEPTED
    assert [mail.content for mail in sink.mails] == [a_message().raw] * 2


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("password", ["s3cret", None])
def test_smtps(sink: Sink, certificate: tuple[Path, Path], password: str | None) -> None:
    """`smtps://` speaks TLS from the first byte, with a login and without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    # The server does not see that the connection is secure already, so it would not offer a login.
    options = {"authenticator": login, "auth_require_tls": False} if password else {}
    controller = OnAnyPort(sink, ssl_context=context, server_hostname="localhost", **options)
    controller.start()
    try:
        transport = Smtp(f"smtps://ada@example.org@localhost:{controller.port}", password, timeout=5)
        (outcome,) = sent(transport, outgoing())
        transport.close()
    finally:
        controller.stop()
    assert (outcome.verdict, outcome.detail) == (Verdict.ACCEPTED, "")


@pytest.mark.usefixtures("trusted")
def test_smtp_refused_login(tls_port: int, sink: Sink) -> None:
    """A wrong password refuses everybody, in the server's words, without the password, and nothing is sent."""
    transport = Smtp(f"smtp://ada@example.org@localhost:{tls_port}", "wr0ng", timeout=5)
    with closing(transport), pytest.raises(TransportRefused) as error:
        send_now(transport, *outgoing())
    assert str(error.value) == "smtp: localhost refuses the login: 535 5.7.8 Authentication credentials invalid"
    assert sink.said == []
    transport.close()


def test_smtp_untrusted_certificate(tls_port: int, sink: Sink) -> None:
    """A certificate that nobody vouches for refuses everybody, before the password is sent."""
    with (
        closing(Smtp(f"smtp://ada@example.org@localhost:{tls_port}", "s3cret", timeout=5)) as transport,
        pytest.raises(TransportRefused, match=r"no secure connection to localhost: .*certificate verify failed"),
    ):
        send_now(transport, *outgoing())
    assert sink.said == []


def test_smtp_without_starttls(port: int, sink: Sink) -> None:
    """A password is never sent in the clear, not even on this machine."""
    with (
        closing(Smtp(f"smtp://ada@127.0.0.1:{port}", "s3cret", timeout=5)) as transport,
        pytest.raises(TransportRefused) as error,
    ):
        send_now(transport, *outgoing())
    assert str(error.value) == "smtp: 127.0.0.1 does not offer STARTTLS; nothing was sent in the clear"
    assert sink.said == []


@pytest.mark.usefixtures("trusted")
def test_smtp_without_logins(sink: Sink, certificate: tuple[Path, Path]) -> None:
    """A server that offers no login while a password is set refuses everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    controller = OnAnyPort(sink, tls_context=context, auth_exclude_mechanism=["LOGIN", "PLAIN"])
    controller.start()
    try:
        with (
            closing(Smtp(f"smtp://ada@localhost:{controller.port}", "s3cret", timeout=5)) as transport,
            pytest.raises(TransportRefused, match="smtp: localhost offers no login that we know"),
        ):
            send_now(transport, *outgoing())
    finally:
        controller.stop()
    assert sink.said == []


def test_smtp_host_elsewhere_needs_starttls(port: int, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not on this machine must offer STARTTLS, also where no password is set."""
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    )
    with (
        closing(Smtp(f"smtp://mail.example.org:{port}", timeout=5)) as transport,
        pytest.raises(TransportRefused, match=r"mail\.example\.org does not offer STARTTLS"),
    ):
        send_now(transport, *outgoing())
    assert sink.said == []


# --- a signature ----------------------------------------------------------------


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def dkim_key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A key's file, and what DNS would say of it."""
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if request.param == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
    file = tmp_path_factory.mktemp("dkim") / "key.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*form))
    return file, f"v=DKIM1; k={request.param}; p={base64.b64encode(public).decode()}".encode()


def verified(raw: bytes, record: bytes) -> bool:
    asked: list[bytes] = []

    def dns(name: bytes, **_: object) -> bytes:
        asked.append(name)
        return record

    return bool(dkim.verify(raw, dnsfunc=dns)) and asked == [b"s1._domainkey.example.org."]


def test_dkim(sink: Sink, port: int, dkim_key: tuple[Path, bytes]) -> None:
    """Each reader's mail carries a signature of the sender's domain that holds at the other end, dots and all."""
    sign = signer(dkim_key[0], "s1")
    with closing(Smtp(f"smtp://127.0.0.1:{port}", connections=1, timeout=5, sign=sign)) as smtp:
        sent(smtp, [*outgoing(), *readers(3, first=1)])
    assert len(sink.mails) == 4
    assert all(verified(mail.content, dkim_key[1]) for mail in sink.mails)
    assert sink.mails[0].content.endswith(a_message().raw)
    assert sign(a_message()) == sign(a_message())  # a repeat is the same bytes


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ((b"3 papers", b"3 papers"), True),
        ((b"List-Unsubscribe: <https://news", b"List-Unsubscribe: <https://evil"), False),
        ((b"One-Click", b"Two-Click"), False),
        ((b"From: Morning", b"From: Eve <eve@example.net>\r\nFrom: Morning"), False),
        ((b"<p>.</p>", b"<p>!</p>"), False),
        ((b"Subject: ", b"Subject: AW: "), False),
    ],
)
def test_dkim_covers(dkim_key: tuple[Path, bytes], change: tuple[bytes, bytes], holds: bool) -> None:
    """Whoever changes the ways out, the content or the sender, or adds a second sender, breaks the signature."""
    message = a_message()
    raw = signer(dkim_key[0], "s1")(message) + message.raw
    assert verified(raw, dkim_key[1])
    assert change[0] in raw or b"=?" in raw
    assert verified(raw.replace(change[0], change[1], 1), dkim_key[1]) is holds


@pytest.mark.parametrize(
    ("content", "selector", "problem"),
    [
        (None, "s1", "cannot be read: No such file or directory"),
        (b"not a key", "s1", "contains no PEM private key without a password"),
        (b"x25519", "s1", "contains neither an Ed25519 key nor an RSA key of 1024 bits or more"),
        (b"", "a b", "'a b' is not a valid DNS name"),
    ],
)
def test_dkim_key_that_cannot_sign(tmp_path: Path, content: bytes | None, selector: str, problem: str) -> None:
    """A wrong file or selector is found at the start, in words that do not show the key."""
    file = tmp_path / "key.pem"
    if content == b"x25519":
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        content = x25519.X25519PrivateKey.generate().private_bytes(*form)
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"key\.pem|DNS") as error:
        signer(file, selector)
    assert str(error.value).removeprefix(f"{file} ") == problem


# --- sendgrid -------------------------------------------------------------------


@contextmanager
def service(
    *faults: Fault | None, key: str = "SG.practice", seconds: float = 0, **options: Any
) -> Iterator[tuple[SendGrid, SendGridServer]]:
    with (
        SendGridServer(faults=faults, seconds=seconds) as server,
        closing(SendGrid(key, server.origin, **{"timeout": 5, "connections": 1} | options)) as transport,
    ):
        yield transport, server


RENDERED = Renderer([TEMPLATES]).render(an_edition(3), a_letterhead())
OTHER = Renderer([TEMPLATES]).render(an_edition(2, key="1" * 64), a_letterhead())


def readers(count: int, rendered: Rendered = RENDERED, first: int = 0, **changes: Any) -> list[Outgoing]:
    """Mails of real content, each reader with tokens of their own."""
    return [
        Outgoing(key=str(number), message=a_mail(rendered, subscriber_id=number, email=address, **changes))
        for number in range(first, first + count)
        for address in [f"reader{number}@example.com"]
    ]


def test_sendgrid_payload() -> None:
    """A call carries what is the same once, each reader's own as substitutions and headers, and no tracking."""
    found = payload(readers(3, name="李四"))
    assert found["from"] == {"email": "news@example.org", "name": "Morning arXiv"}
    assert found["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }
    shared = {"List-Id", "List-Unsubscribe-Post", "List-Help", "List-Archive", "Auto-Submitted"}
    assert set(found["headers"]) == shared
    people = found["personalizations"]
    assert [one["custom_args"] for one in people] == [{"delivery": str(number)} for number in range(3)]
    assert [one["to"] for one in people] == [[{"email": f"reader{n}@example.com", "name": "李四"}] for n in range(3)]
    assert [set(one["headers"]) for one in people] == [{"Date", "Message-ID", "List-Unsubscribe"}] * 3
    assert len({json.dumps(one["substitutions"]) for one in people}) == 3


def test_sendgrid_reader_gets_the_same() -> None:
    """What the service puts together for each reader is what SMTP would carry: content, subject, ways back and out."""
    with service(batch=1000) as (transport, server):
        mails = readers(5)
        sent(transport, mails)
        assert len(server.calls) == 1
    for outgoing_, arrived in zip(mails, server.mails, strict=True):
        by_smtp = read_mail(outgoing_.message.raw, outgoing_.message.recipient)
        by_service = read_payload(arrived)
        assert by_service | {"html": f"{by_service['html']}\n"} == {name: by_smtp[name] for name in by_service}
        raw = message_from_bytes(outgoing_.message.raw, policy=policy.default)
        assert arrived["headers"]["List-Unsubscribe"] == raw["List-Unsubscribe"]
        assert arrived["custom_args"] == {"delivery": outgoing_.key}


@pytest.mark.parametrize(("mails", "size", "calls"), [(1, 500, 1), (500, 500, 1), (501, 500, 2), (2350, 1000, 3)])
def test_sendgrid_calls(mails: int, size: int, calls: int) -> None:
    """So many mails need so many calls, not one more."""
    with service(batch=size, connections=4) as (transport, server):
        outcomes = sent(transport, readers(mails))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * mails
    assert len(server.calls) == calls
    assert sorted(mail["custom_args"]["delivery"] for mail in server.mails) == sorted(map(str, range(mails)))


def test_sendgrid_editions() -> None:
    """Mails of two editions, or with two subjects, never share a call."""
    with service() as (transport, server):
        sent(transport, [*readers(2), *readers(2, OTHER, first=2), *readers(1, first=4)])
    assert [len(call["personalizations"]) for call in server.calls] == [2, 2, 1]


def test_sendgrid_several_calls_at_once() -> None:
    """Calls do not wait for each other: none is answered before all four are there."""
    together = threading.Barrier(4)
    with service(batch=2, connections=4, timeout=60) as (transport, server):
        server.pause = lambda _: together.wait(60)
        outcomes = sent(transport, readers(8))
    assert [Verdict.ACCEPTED] * 8 == [outcome.verdict for outcome in outcomes]


def test_sendgrid_key_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even where somebody asks the package for everything it can tell."""
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="python_http_client.client")
    with service() as (transport, _):
        sent(transport, readers(1))
    assert "SG.practice" not in caplog.text


SOME = "HTTP {0} HTTP {0}"


@pytest.mark.parametrize(
    ("fault", "verdict", "detail"),
    [
        (Fault(kind="status", status=504), Verdict.UNKNOWN, SOME.format(504)),  # somebody in between did not wait
        (Fault(kind="html"), Verdict.UNKNOWN, "HTTP 200"),  # a page of somebody in between
        (Fault(kind="cut"), Verdict.UNKNOWN, "no answer: Remote end closed connection without response"),
        (Fault(kind="silent"), Verdict.UNKNOWN, "no answer: Remote end closed connection without response"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
def test_sendgrid_doubt(fault: Fault, verdict: Verdict, detail: str) -> None:
    """Where nobody can tell whether a call was taken, that is said of all its mails, and the next call goes out."""
    with service(fault, batch=3) as (transport, _):
        outcomes = sent(transport, readers(4))
    assert [outcome.verdict for outcome in outcomes] == [*[verdict] * 3, Verdict.ACCEPTED]
    assert {outcome.detail for outcome in outcomes[:3]} == {detail}


def test_sendgrid_time_out() -> None:
    """After a time-out nobody knows: here the mails were taken."""
    with service(Fault(kind="slow", seconds=60), timeout=1) as (transport, server):
        outcomes = sent(transport, readers(2))
        assert [(one.verdict, one.detail) for one in outcomes] == [(Verdict.UNKNOWN, "no answer: timed out")] * 2
        assert len(server.mails) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_sendgrid_refused(status: int) -> None:
    """A refused key or sender refuses everybody, in the vendor's words, and no mail is to blame."""
    body = '{"errors": [{"message": "authorization required"}]}'
    with service(Fault(kind="status", status=status, body=body), batch=2) as (transport, server):
        outcomes = sent(transport, readers(4))
        assert str(transport.trouble) == (
            f"sendgrid: the key or the sender is refused: HTTP {status} authorization required"
        )
        assert isinstance(transport.trouble, TransportRefused)
        assert transport.room == 0
    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNTRIED}
    assert server.calls == []


def test_sendgrid_wrong_key() -> None:
    """The key goes out as bearer and appears in no error."""
    with service(key="SG.wrong") as (transport, _), pytest.raises(TransportRefused) as error:
        send_now(transport, *readers(1))
    assert "SG.wrong" not in str(error.value)


@pytest.mark.parametrize(("mails", "sizes"), [(8, [2, 2, 4, 2, 2]), (7, [2, 2, 3, 2, 2])])
def test_sendgrid_too_large(mails: int, sizes: list[int]) -> None:
    """A call that is too large is halved, and those after it are no larger."""
    faults = [Fault(kind="status", status=413), Fault(kind="status", status=413)]
    with service(*faults, batch=8) as (transport, server):
        outcomes = sent(transport, readers(mails))
        sent(transport, readers(4, first=20))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert [len(call["personalizations"]) for call in server.calls] == sizes


def test_sendgrid_too_large_alone() -> None:
    """One mail that is too large is refused for good."""
    with service(Fault(kind="status", status=413, body="<h1>Too large</h1>")) as (transport, _):
        (outcome,) = sent(transport, readers(1))
    assert (outcome.verdict, outcome.detail) == (Verdict.PERMANENT, "HTTP 413 <h1>Too large</h1>")


def test_sendgrid_one_bad_address() -> None:
    """The reader whose address the service cannot read is refused; the others of the call get their mail."""
    mails = readers(5)
    mails[3] = replace(mails[3], message=replace(mails[3].message, recipient="nobody"))
    with service() as (transport, server):
        outcomes = sent(transport, mails)
    refused = Outcome(Verdict.PERMANENT, "HTTP 400 Does not contain a valid address.", of_reader=True)
    accepted = Outcome(Verdict.ACCEPTED, "HTTP 202")
    assert outcomes == [accepted, accepted, accepted, refused, accepted]
    assert len(server.mails) == 4


def test_sendgrid_refuses_what_all_share() -> None:
    """Of a call that is refused as a whole no reader is to blame: sending stops and says why."""
    body = '{"errors": [{"message": "no", "field": "content"}, {"message": "never", "field": null}]}'
    with service(Fault(kind="status", status=400, body=body)) as (transport, _):
        outcomes = sent(transport, readers(2))
        assert str(transport.trouble) == "sendgrid: HTTP 400 no; never"
    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNTRIED}


@pytest.mark.parametrize("status", [500, 503])
def test_sendgrid_failing(status: int) -> None:
    """Calls that fail come back untried for a moment; the third in a row ends the round and makes way for others."""
    with service(*[Fault(kind="status", status=status)] * 3) as (transport, _):
        pauses, verdicts = [], []
        for _ in range(3):
            (outcome,) = sent(transport, readers(1))
            assert isinstance(transport.trouble, TransportUnavailable)
            pauses.append(transport.trouble.retry_after)
            verdicts.append(outcome.verdict)
            transport._until = time.monotonic() - 1 if transport._until else 0.0
        assert (pauses, verdicts) == ([2.0, 4.0, None], [Verdict.UNTRIED, Verdict.UNTRIED, Verdict.TEMPORARY])
        assert transport.room == 0


@pytest.mark.parametrize(
    ("reset", "least", "most"),
    [
        (lambda: str(int(time.time()) + 3_000), 61, 3_001),
        (lambda: "5", 1, 1),
        (lambda: "soon", 60, 60),
        (lambda: "²", 60, 60),
    ],
)
def test_sendgrid_limit(reset: Callable[[], str], least: float, most: float) -> None:
    """A limit holds the whole transport until the moment that the service names; no mail has used up a try."""
    fault = Fault(kind="status", status=429, headers={"X-RateLimit-Reset": reset()})
    with service(fault, batch=1) as (transport, server):
        outcomes = sent(transport, readers(3))
        assert {outcome.verdict for outcome in outcomes} == {Verdict.UNTRIED}
        assert isinstance(transport.trouble, TransportUnavailable)
        assert transport.trouble.retry_after is not None
        assert least <= transport.trouble.retry_after <= most
        assert transport.room == 0
        if most == 1:
            time.sleep(1.05)
            assert transport.trouble is None
            assert [one.verdict for one in sent(transport, readers(3))] == [Verdict.ACCEPTED] * 3
        else:
            assert server.calls == []


def a_person(**changes: Any) -> dict[str, Any]:
    return {"personalizations": [{"to": [{"email": "a@example.org"}]} | changes]}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"content": []}, 400),
        ({"content": [{"type": "text/plain", "value": ""}]}, 400),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, 400),
        ({"headers": {"Reply-To": "a@example.org"}}, 400),
        ({"headers": {"X-Name": "晨报"}}, 400),
        ({"headers": {"X-Name": "a\r\nBcc: b@example.org"}}, 400),
        ({"headers": {"X-Number": 1}}, 400),
        ({"from": {"email": "nobody"}}, 400),
        ({"from": "news@example.org"}, 400),
        ({"personalizations": []}, 400),
        ({"personalizations": [{"to": [{"email": "a@example.org"}]}] * 1001}, 400),
        ({"personalizations": [{}]}, 400),
        ({"subject": ""}, 400),
        ({"reply_to": {"email": "x"}}, 400),
        ({"custom_args": {"delivery": 1}}, 400),
        ({"custom_args": {"delivery": "x" * 10_001}}, 400),
        (a_person(substitutions={"-a-": 1}), 400),
        (a_person(substitutions={"-a-": "x" * 9_998}), 400),
        (a_person(substitutions=["-a-"]), 400),
        (a_person(headers={"Reply-To": "a@example.org"}), 400),
        (a_person(custom_args={"delivery": 1}), 400),
        (a_person(to=[{"email": "a@example.org"}] * 2), 400),
        ({"content": [{"type": "text/plain", "value": "x" * (30 << 20)}]}, 413),
    ],
)
def test_sendgrid_server_refuses(change: dict[str, Any], status: int) -> None:
    """The practice server refuses what the real one refuses, so that the other tests mean something."""
    mail = payload(outgoing()) | change
    with SendGridServer() as server:
        api = SendGrid("SG.practice", server.origin)._api
        with pytest.raises(Exception, match=str(status)):
            api.client.mail.send.post(request_body=mail)
        assert server.calls == []
