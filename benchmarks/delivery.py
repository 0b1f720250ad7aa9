"""From the ledger to another server's hands: mails of 60 KB, each reader's own, counted where they arrive."""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from math import ceil
from pathlib import Path

from benchmarks.sink import far_away, program, smtp_sink
from benchmarks.stub import sendgrid_stub
from benchmarks.table import Row
from newsletter.delivery import drain
from newsletter.models import Delivery, DeliveryState, Message, Rendered
from newsletter.ports import Transport
from newsletter.render import message_id, mime, personalise
from newsletter.render.slots import FILLINGS, slotted
from newsletter.store import Store, open_store
from newsletter.transports.sendgrid.sending import SendGrid
from newsletter.transports.smtp.sending import Smtp
from tests.factories import DAY, KEYS, a_letterhead

_LETTERHEAD = a_letterhead()
_NOW = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
_LANES, _FAR_LANES, _FAR = 8, 32, 0.02


def rows() -> Iterator[Row]:
    """Milliseconds a mail, ours first; a baseline whose program is missing is left out and named."""
    if program("smtp-sink") is None:
        print("delivery: smtp-sink is missing (Debian: postfix); left out")
        return
    ours = _ours(10_000)
    name = f"one of 10,000 emails by SMTP, {_LANES} connections, ledger on"
    yield Row(name, ours, "smtplib, one connection, MIME built for each", _by_smtplib(300))
    if program("mlmmj-send"):
        yield Row(name, ours, "mlmmj, without a ledger", _by_mlmmj(200))
    else:
        print("delivery: mlmmj is missing; left out")
    yield Row(name, ours, "smtp-source, the same bytes again and again", _by_smtp_source(10_000))
    far, theirs = _ours_from_afar(4_000), _by_aiosmtplib(1_500)
    yield Row(f"the same, replies {_FAR * 1000:.0f} ms later, {_FAR_LANES} connections", far, "aiosmtplib", theirs)
    yield from _by_sendgrid(10_000)


# --- the mails ------------------------------------------------------------------


def _parts(slots: dict[str, str]) -> tuple[str, str]:
    words = "\n".join(f"{hashlib.sha256(str(n).encode()).hexdigest()} lorem ipsum dolor sit amet" for n in range(295))
    text = f"{words}\nhttps://news.example.org/u/{slots['leave']}\nhttps://news.example.org/p/{slots['preferences']}\n"
    lines = "</p>\n<p>".join(text.splitlines())
    return text, f"<html><body><p>{lines}</p></body></html>\n"


@cache
def edition() -> Rendered:
    """An edition whose mails have 60 KB."""
    (text, html), marked = (_parts(slots) for slots in FILLINGS)
    bodies = [mime.body(*parts, key="k", language="en") for parts in ((text, html), marked)]
    return Rendered(
        key="k",
        subject="3 papers",
        html=slotted(html.encode(), marked[1].encode()),
        text=slotted(text.encode(), marked[0].encode()),
        body=slotted(*bodies),
    )


def build(delivery: Delivery) -> Message:
    """One reader's mail."""
    return personalise(
        edition(),
        _LETTERHEAD,
        keys=KEYS,
        subscriber_id=delivery.subscriber_id,
        email=delivery.email,
        name=delivery.name,
        message_id=delivery.message_id,
        date=delivery.date,
    )


@contextmanager
def ledger(mails: int) -> Iterator[Store]:
    """A ledger on the disk in which so many mails are queued."""
    with tempfile.TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{folder}/ledger.db")) as store:
        store.save_edition(edition())
        people = store.enrol((f"reader{number}@example.org" for number in range(mails)), _NOW)
        store.plan([_queued(one.id, one.email) for one in people.values()])
        yield store


def _queued(subscriber_id: int, email: str) -> Delivery:
    return Delivery(
        id=0,
        subscriber_id=subscriber_id,
        email=email,
        name=None,
        edition="k",
        issues=(DAY,),
        state=DeliveryState.QUEUED,
        message_id=message_id(KEYS, _LETTERHEAD, subscriber_id, DAY),
        date=_NOW,
    )


def _messages(count: int) -> Iterator[Message]:
    for number in range(count):
        yield build(_queued(number, f"reader{number}@example.org"))


# --- ours and theirs, each in milliseconds a mail ---------------------------------


def _timed(mails: int, send: Callable[[], object]) -> float:
    begin = time.perf_counter()
    send()
    return (time.perf_counter() - begin) * 1000 / mails


def _drained(store: Store, transport: Transport, mails: int) -> None:
    tally = drain(store, transport, build, owner="benchmark", now=lambda: datetime.now(UTC))
    if tally.accepted != mails:
        raise AssertionError(f"not every mail went out: {tally}")


def _ours(mails: int) -> float:
    with smtp_sink() as sink, ledger(mails) as store:
        with closing(Smtp(f"smtp://127.0.0.1:{sink.port}", connections=_LANES)) as transport:
            taken = _timed(mails, lambda: _drained(store, transport, mails))
        sink.took(mails)
        return taken


def _ours_from_afar(mails: int) -> float:
    with smtp_sink() as sink, far_away(sink.port, _FAR) as port, ledger(mails) as store:
        with closing(Smtp(f"smtp://127.0.0.1:{port}", connections=_FAR_LANES)) as transport:
            taken = _timed(mails, lambda: _drained(store, transport, mails))
        sink.took(mails)
        return taken


def _by_smtplib(mails: int) -> float:
    text, html = edition().text.content.decode(), edition().html.content.decode()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", sink.port) as connection:
            for message in _messages(mails):
                mail = EmailMessage(policy=SMTP)
                for name, value in message.headers:
                    mail[name] = value
                mail.set_content(text)
                mail.add_alternative(html, subtype="html")
                connection.sendmail(message.envelope_from, [message.recipient], mail.as_bytes())

    with smtp_sink() as sink:
        return _timed(mails, send)


def _by_aiosmtplib(mails: int) -> float:
    import aiosmtplib

    async def lane(port: int, mine: Sequence[Message]) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as connection:
            for message in mine:
                await connection.sendmail(message.envelope_from, [message.recipient], message.raw)

    async def send(port: int) -> None:
        messages = list(_messages(mails))
        await asyncio.gather(*(lane(port, messages[number::_FAR_LANES]) for number in range(_FAR_LANES)))

    with smtp_sink() as sink, far_away(sink.port, _FAR) as port:
        taken = _timed(mails, lambda: asyncio.run(send(port)))
        sink.took(mails)
        return taken


def _by_smtp_source(mails: int) -> float:
    size = len(next(_messages(1)).raw)
    asked = ["-d", "-s", str(_LANES), "-l", str(size), "-m", str(mails), "-f", "a@example.org", "-t", "b@example.org"]
    with smtp_sink() as sink:
        command = [program("smtp-source") or "smtp-source", *asked, f"127.0.0.1:{sink.port}"]
        return _timed(mails, lambda: subprocess.run(command, check=True))


def _by_mlmmj(mails: int) -> float:
    """The list's folder as `mlmmj-make-ml` lays it out; the time is that of its program to the last mail."""
    with smtp_sink() as sink, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("archive", "bounce", "control", "queue/discarded", "requeue", "subscribers.d", "text"):
            (folder / part).mkdir(parents=True)
        (folder / "control" / "listaddress").write_text("list@example.org\n")
        (folder / "control" / "relayhost").write_text("127.0.0.1\n")
        (folder / "control" / "smtpport").write_text(f"{sink.port}\n")
        (folder / "index").touch()
        (folder / "subscribers.d" / "r").write_text("".join(f"reader{n}@example.org\n" for n in range(mails)))
        (folder / "queue" / "mail").write_bytes(next(_messages(1)).raw)
        command = [program("mlmmj-send") or "", "-L", name, "-m", str(folder / "queue" / "mail"), "-D"]

        def send() -> None:
            subprocess.run(command, check=True)
            sink.took(mails)

        return _timed(mails, send)


def _by_sendgrid(mails: int) -> Iterator[Row]:
    """The stub's limit: what it answers to the same calls, made ready before, over as many connections."""
    with sendgrid_stub(0.1) as stub, ledger(mails) as store:
        with closing(SendGrid("SG.practice", stub.origin, connections=_LANES)) as transport:
            taken = _timed(mails, lambda: _drained(store, transport, mails))
        if stub.calls() != ceil(mails / 500):
            raise AssertionError(f"{stub.calls()} calls for {mails} mails")
    with sendgrid_stub(0.1) as stub:
        limit = stub.limit(list(_messages(500)), mails // 500, _LANES) / mails
    yield Row("one of 10,000 emails by SendGrid, 500 a call of 100 ms", taken, "the stub's limit", limit)
