"""What is said to a mail server and what its replies mean: the order, any packets, and servers that are odd."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.delivery import build, ledger
from benchmarks.sink import program, smtp_sink
from newsletter.delivery import Tally, drain
from newsletter.errors import TransportUnavailable
from newsletter.models import Answer, Outcome, Outgoing, Verdict
from newsletter.transports.smtp.conversation import Conversation, Sending
from newsletter.transports.smtp.replies import Replies, Reply, ReplyError
from newsletter.transports.smtp.sending import Smtp
from newsletter.transports.smtp.wire import with_dots
from tests.factories import DAY
from tests.test_delivery import PLAIN, a_delivery
from tests.test_delivery import build as a_message

BODY = b"To: %s\r\nMessage-ID: <1@example.org>\r\n\r\nbody\r\n.\r\n"
ACCEPTED = Outcome(Verdict.ACCEPTED)


def mail(name: str) -> Outgoing:
    return Outgoing(key=name, message=replace(a_message(a_delivery(email=f"{name}@example.org")), rendered=PLAIN))


def envelope(name: str) -> bytes:
    return f"MAIL FROM:<news@example.org>\r\nRCPT TO:<{name}@example.org>\r\nDATA\r\n".encode()


def body(name: str) -> bytes:
    return BODY % f"{name}@example.org".encode()


class Talk:
    """A conversation, and what has been said in it."""

    def __init__(self, *names: str, pipelining: bool = True) -> None:
        self.it = Conversation(pipelining=pipelining, utf8=False, wire=with_dots)
        for name in names:
            assert self.it.take(Sending(mail(name))) is None

    def says(self) -> bytes:
        """What leaves now."""
        said = bytes(self.it.to_send())
        self.it.sent(len(said))
        return said

    def hears(self, *replies: str) -> list[Answer]:
        return self.it.receive("".join(f"{reply}\r\n" for reply in replies).encode())


def test_one_round_trip_a_mail() -> None:
    """The final dot of a mail leaves with the commands of the next, whose body waits until the answer is recorded."""
    talk = Talk("ada", "bob")
    assert talk.says() == envelope("ada")
    assert talk.hears("250 ok", "250 ok", "354 go on") == []
    assert talk.says() == body("ada") + envelope("bob")
    assert talk.hears("250 taken", "250 ok", "250 ok", "354 go on") == [Answer("ada", ACCEPTED)]
    assert talk.says() == b""
    talk.it.recorded()
    assert talk.it.take(Sending(mail("eve"))) is None
    assert talk.says() == body("bob") + envelope("eve")
    assert talk.hears("250 taken") == [Answer("bob", ACCEPTED)]


def test_one_by_one() -> None:
    """Where PIPELINING is not offered each command waits for the reply to the one before."""
    talk = Talk("ada", pipelining=False)
    assert talk.it.room == 0
    for said, reply in zip(envelope("ada").splitlines(keepends=True), ("250 ok", "250 ok", "354 go"), strict=True):
        assert talk.says() == said
        assert talk.says() == b""
        assert talk.hears(reply) == []
    assert talk.says() == body("ada")
    assert talk.hears("250 ok") == [Answer("ada", ACCEPTED)]


@pytest.mark.parametrize(
    ("replies", "says"),
    [
        # RFC 2920 section 3.1: DATA is refused, as nobody is left; or it is not, and then gets a body of nothing.
        (("250 ok", "550 5.1.1 no", "503 5.5.1 no valid recipients"), b"RSET\r\n" + envelope("bob")),
        (("250 ok", "550 5.1.1 no", "554 5.5.1 no valid recipients"), b"RSET\r\n" + envelope("bob")),
        (("250 ok", "550 5.1.1 no", "354 go on"), b".\r\n" + envelope("bob")),
    ],
)
def test_refused_reader_in_a_group(replies: Sequence[str], says: bytes) -> None:
    """A reader who is refused in the middle of a group gets no byte of a body, and the next reader is served."""
    talk = Talk("ada", "bob")
    talk.says()
    answers = talk.hears(*replies)
    assert talk.says() == says
    answers += talk.hears("554 5.5.1 no valid recipients" if says.startswith(b".") else "250 flushed")
    assert answers == [Answer("ada", Outcome(Verdict.PERMANENT, "550 5.1.1 no", of_reader=True))]
    talk.it.recorded()
    assert talk.hears("250 ok", "250 ok", "354 go on") == []
    assert talk.says() == body("bob")


def test_a_body_is_wanted_of_what_was_refused() -> None:
    """A server that refuses MAIL, takes the reader and asks for the body might deliver an empty mail: it gets none."""
    talk = Talk("ada")
    talk.says()
    assert talk.hears("451 later", "250 ok", "354 go on") == []
    assert talk.it.broken == "451 later"
    assert talk.says() == b""
    answers, back = talk.it.end("")
    assert (answers, [one.mail.key for one in back]) == ([], ["ada"])


@pytest.mark.parametrize("sent", [0, 1, 10, -1])
def test_lost_before_the_last_byte(sent: int) -> None:
    """Until the last byte of the dot has left, a lost mail was certainly not taken; after it nobody can tell."""
    talk = Talk("ada", "bob")
    talk.says()
    talk.hears("250 ok", "250 ok", "354 go on")
    out = talk.it.to_send()
    talk.it.sent(sent if sent >= 0 else len(out))
    answers, back = talk.it.end("gone")
    in_doubt = sent < 0
    unknown = Answer("ada", Outcome(Verdict.UNKNOWN, "connection lost: gone"))
    assert answers == ([unknown] if in_doubt else [])
    assert [one.mail.key for one in back] == (["bob"] if in_doubt else ["ada", "bob"])


@pytest.mark.parametrize(
    "replies",
    [("503 5.5.1 bad sequence",), ("554 5.7.1 synchronization error",), ("250 ok", "503 no"), ("250", "250", "503 no")],
)
def test_a_server_that_cannot_do_what_it_offers(replies: Sequence[str]) -> None:
    """Who offers PIPELINING and complains of the order of commands is suspected; the mail is not to blame."""
    talk = Talk("ada", "bob")
    talk.says()
    assert talk.hears(*replies) == []
    assert talk.it.suspect
    answers, back = talk.it.end("")
    assert answers == []
    assert [one.mail.key for one in back] == ["ada", "bob"]
    alone = Talk("ada", pipelining=False)
    alone.says()
    assert alone.hears("503 5.5.1 no") == []
    assert not alone.it.suspect
    assert alone.it.refused == "MAIL FROM:<news@example.org> is refused: 503 5.5.1 no"


# --- replies --------------------------------------------------------------------

REPLIES = b"250-mx.example.org\r\n250-SIZE\r\n250 HELP\r\n354\r\n550 5.1.1 No such user\n421 bye\r\n"
EXPECTED = [
    Reply(250, "mx.example.org SIZE HELP"),
    Reply(354, ""),
    Reply(550, "5.1.1 No such user"),
    Reply(421, "bye"),
]


@given(st.lists(st.integers(0, len(REPLIES))))
def test_replies_in_any_packets(cuts: list[int]) -> None:
    """However a reply is cut into packets, it is read the same."""
    places = [0, *sorted(cuts), len(REPLIES)]
    reader = Replies()
    found = [reply for a, b in pairwise(places) for reply in reader.feed(REPLIES[a:b])]
    assert found == EXPECTED


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad\r\n", b"25\r\n", b"2500 x\r\n", b"\r\n", b"\xff\xfe\r\n"])
def test_no_smtp(data: bytes) -> None:
    """What is no reply ends the conversation; the mails go elsewhere."""
    talk = Talk("ada")
    talk.says()
    assert talk.it.receive(data) == []
    assert talk.it.broken is not None
    with pytest.raises(ReplyError):
        list(Replies().feed(data))


def test_endless_reply() -> None:
    """A reply without an end is not collected for ever."""
    talk = Talk("ada")
    talk.says()
    for _ in range(2000):
        talk.it.receive(b"250-" + b"x" * 60 + b"\r\n")
    assert talk.it.broken == "the server's reply has no end"


def test_no_control_characters_in_a_reply() -> None:
    """What a server says goes into logs and onto terminals: its control characters do not."""
    (reply,) = Replies().feed(b"550 \x1b[31mred\x07 \xff\r\n")
    assert str(reply) == "550 [31mred  \ufffd"


# --- odd servers over a socket ----------------------------------------------------


class Odd:
    """A server that `forgets` what came in one packet with a command, or `drips` its replies."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.heard: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._say(connection, b"220 hello\r\n")
            in_body = False
            while data := connection.recv(65536):
                lines = data.splitlines(keepends=True)
                for line in lines if in_body or self.how != "forgets" else lines[:1]:
                    self.heard.append(line)
                    in_body = self._answer(connection, line, in_body=in_body)

    def _answer(self, connection: socket.socket, line: bytes, *, in_body: bool) -> bool:
        """Whether a body follows."""
        if in_body and line != b".\r\n":
            return True
        offers = b"250-odd\r\n250-PIPELINING\r\n250 HELP\r\n"
        known = {b"EHLO": offers, b"DATA": b"354 go on\r\n"}
        self._say(connection, known.get(line[:4].upper(), b"250 ok\r\n"))
        return line[:4] == b"DATA"

    def _say(self, connection: socket.socket, reply: bytes) -> None:
        pieces = [reply[n : n + 1] for n in range(len(reply))] if self.how == "drips" else [reply]
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.0005 if self.how == "drips" else 0)


def all_sent(transport: Smtp, mails: Sequence[Outgoing]) -> dict[str, Outcome]:
    found = {answer.key: answer.outcome for answer in transport.exchange(mails, 1)}
    while len(found) < len(mails):
        found |= {answer.key: answer.outcome for answer in transport.exchange([], 1)}
    return found


@pytest.mark.parametrize("how", ["forgets", "drips"])
def test_odd_servers(how: str) -> None:
    """A server that forgets what it was told in one packet costs one time-out; one that drips costs patience."""
    names = ["ada", "bob", "eve"]
    with (
        closing(Odd(how)) as server,
        closing(Smtp(f"smtp://127.0.0.1:{server.port}", connections=1, timeout=0.4)) as transport,
    ):
        assert all_sent(transport, [mail(name) for name in names]) == dict.fromkeys(names, ACCEPTED)
    assert sum(line == b".\r\n" for line in server.heard) == 3


def test_fewer_connections_than_we_want(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server takes two connections, those carry the mails, and half as many are tried from then on."""
    from newsletter.transports.smtp import greeting

    opened = iter(range(100))
    real = greeting.greet

    def two(to: greeting.Server, timeout: float) -> object:
        if next(opened) >= 2:
            raise ConnectionRefusedError("too many connections from you")
        return real(to, timeout)

    monkeypatch.setattr(greeting, "greet", two)
    with closing(Odd("")) as server, closing(Smtp(f"smtp://127.0.0.1:{server.port}", timeout=2)) as transport:
        names = [f"reader{number}" for number in range(16)]
        assert all_sent(transport, [mail(name) for name in names]) == dict.fromkeys(names, ACCEPTED)
        assert transport.room <= 8
        assert transport.trouble is None


# --- a real one -----------------------------------------------------------------

needs_sink = pytest.mark.skipif(program("smtp-sink") is None, reason="smtp-sink (Debian: postfix) is missing")


@needs_sink
@pytest.mark.parametrize("connections", [1, 8])
def test_real_server(connections: int) -> None:
    """Postfix's own test server counts as many mails as the ledger: each once."""
    with smtp_sink() as sink, ledger(300) as store:
        with closing(Smtp(f"smtp://127.0.0.1:{sink.port}", connections=connections)) as transport:
            tally = drain(store, transport, build, owner="me", now=lambda: datetime.now(UTC))
        assert tally == Tally(accepted=300)
        sink.took(300)
        assert store.delivery_counts(DAY) == {"accepted": 300}


@needs_sink
def test_real_server_without_pipelining() -> None:
    """The same where the server does not offer it."""
    with smtp_sink("-p") as sink, ledger(50) as store:
        with closing(Smtp(f"smtp://127.0.0.1:{sink.port}")) as transport:
            assert drain(store, transport, build, owner="me", now=lambda: datetime.now(UTC)) == Tally(accepted=50)
        sink.took(50)


@needs_sink
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT"])
def test_real_server_that_hangs_up(command: str) -> None:
    """A server that ends every connection leaves the mails queued, with the reason, and the round ends."""
    with smtp_sink("-q", command) as sink, ledger(30) as store:
        with closing(Smtp(f"smtp://127.0.0.1:{sink.port}", timeout=2)) as transport:
            tally = drain(store, transport, build, owner="me", now=lambda: datetime.now(UTC))
            assert isinstance(transport.trouble, TransportUnavailable)
        assert tally.accepted == 0
        assert tally.held is not None
        assert set(store.delivery_counts(DAY)) == {"queued"}


def test_smtp_sink_is_installed_in_ci() -> None:
    """The tests above are skipped only on machines of people who have no Postfix."""
    assert program("smtp-sink") or not os.environ.get("CI")
