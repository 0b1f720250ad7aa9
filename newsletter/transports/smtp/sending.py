"""SMTP over several connections at once, in one loop: no thread hands an email to another.

Threads only open connections, which is where the standard library waits. A lost connection is opened again; a server
that is down, or closes every connection, is in trouble, and its emails go back unsent.
"""

from __future__ import annotations

import selectors
import smtplib
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from newsletter.errors import TransportError, TransportRefused, TransportUnavailable
from newsletter.models import FENCED, Answer, Message, Outcome, Outgoing, Verdict
from newsletter.oauth import Access
from newsletter.ports import Notebook
from newsletter.transports.smtp import greeting
from newsletter.transports.smtp.conversation import Envelope, Sending, Stage
from newsletter.transports.smtp.lane import Lane
from newsletter.transports.smtp.lessons import Lessons
from newsletter.transports.smtp.wire import with_dots

_SECONDS = 60.0
_LONGEST_GATHERING = 0.01  # seconds
_GOODBYE = 2.0  # seconds for all connections together
_MOST_TRIES = 2  # connections that end before an email's body until the email is thought to be the cause
_MOST_SETBACKS = 3  # such connections, one after another, until the server is


class Smtp:
    """Sends through one server, over up to `connections` connections that are opened when they are needed."""

    name = greeting.NAME

    def __init__(
        self,
        url: str,
        password: str | None = None,
        *,
        connections: int = 8,
        timeout: float = _SECONDS,
        sign: Callable[[Message], bytes] | None = None,
        access: Access | None = None,
        sender: str | None = None,
        verp: bool = True,
        helo: str | None = None,
    ) -> None:
        """`url`: `smtp://user@host:587` (STARTTLS) or `smtps://user@host`; `sign` gives a field to begin each email.

        `access` logs in instead of a password. `sender`: the plain envelope sender for a server that refuses an email's
        own; with `verp` false for every email. `helo`: what we call ourselves.
        """
        self._server = greeting.server(url, password, access, helo)
        self._connections, self._timeout, self._sign = connections, timeout, sign
        self._envelope = Envelope(sender, only_plain=sender is not None and not verp)
        self._lessons: Lessons | None = None
        self._pipelining = True  # until the server is caught lying about it
        self._reset()

    def keep(self, notebook: Notebook) -> None:
        """Use what is known of this server, and note what is learned."""
        self._lessons = Lessons(notebook, str(self._server), self._connections)
        self._connections = self._limit = self._lessons.connections()
        if self._lessons.refuses_own_senders() and self._envelope.plain:
            self._envelope.only_plain = True

    def _reset(self) -> None:
        self.trouble: TransportError | None = None
        self._limit = self._connections  # fewer where the server does not take as many
        self._setbacks = 0
        self._waiting: deque[Sending] = deque()
        self._lanes: list[Lane] = []
        self._moved: set[Lane] = set()  # that may have something to say
        self._opening: dict[Future[smtplib.SMTP], int] = {}  # each with the limit under which it was begun
        self._halved = False  # and no email has been answered since
        self._answers: list[Answer] = []
        self._returned = 0.0  # when the caller was last given answers
        self._selector: selectors.BaseSelector | None = None
        self._threads: ThreadPoolExecutor | None = None

    @property
    def room(self) -> int:
        """Two for each connection: one being sent, and one whose commands follow it."""
        return 0 if self.trouble else max(0, 2 * self._limit - self._held())

    def _held(self) -> int:
        return len(self._waiting) + sum(len(lane.talk.held) for lane in self._lanes)

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        self._waiting.extend(Sending(mail) for mail in mails)
        for lane in self._lanes:
            lane.talk.recorded()
        self._moved.update(self._lanes)
        begin = time.monotonic()
        until = begin + wait
        # One commit costs the same for many answers: wait for more, as long as the last one took.
        gathering = min(begin - self._returned, _LONGEST_GATHERING)
        self._work()
        while self._held() and (left := until - time.monotonic()) > 0:
            if self._answers:
                until, gathering = min(until, time.monotonic() + gathering), 0.0
                left = min(left, until - time.monotonic())
                if not any(lane.talk.waits_for is Stage.DOT for lane in self._lanes):
                    break
            self._listen(max(left, 0.0))
            self._work()
        answers, self._answers, self._returned = self._answers, [], time.monotonic()
        return answers

    def close(self) -> None:
        """Say good-bye on every connection. Not to be called while emails are on their way."""
        deadline = time.monotonic() + _GOODBYE
        for future in self._opening:
            future.add_done_callback(_hang_up)
        for lane in self._lanes:
            lane.quit(_GOODBYE)
        for lane in self._lanes:
            lane.await_goodbye(deadline)
        if self._selector is not None:
            self._selector.close()
            self._ears[0].close()
            self._ears[1].close()
        if self._threads is not None:
            self._threads.shutdown(wait=False)
        self._reset()

    def _work(self) -> None:
        """Everything that can be done without waiting: emails to connections, new connections, bytes into sockets."""
        if self.trouble:
            self._give_back()
        self._retire()
        self._distribute()
        self._open()
        for lane in self._moved.intersection(self._lanes):
            self._watch(lane, lane.push())
            if lane.talk.fenced:
                self._lose(lane, FENCED.detail)
        self._moved.clear()

    def _distribute(self) -> None:
        """The emails that wait, to connections without any first."""
        if not self._waiting:
            return
        for lane in sorted(self._lanes, key=lambda one: one.talk.room, reverse=True):
            while self._waiting and lane.talk.room > 0:
                self._moved.add(lane)
                if answer := lane.talk.take(self._waiting.popleft()):
                    self._answers.append(answer)

    def _retire(self) -> None:
        """End what the server has been asked to carry less of, where nothing is on its way."""
        for lane in [lane for lane in self._lanes if not lane.talk.held][: max(0, len(self._lanes) - self._limit)]:
            self._drop(lane)
            lane.quit(_GOODBYE)
            lane.close()

    def _drop(self, lane: Lane) -> None:
        self._lanes.remove(lane)
        if lane.watched:  # one that was opened a moment ago is not yet
            self._listener().unregister(lane.socket)

    def _give_back(self) -> None:
        untried = Outcome(Verdict.UNTRIED, self.trouble.problem if self.trouble else "")
        self._answers += [Answer(sending.mail.key, untried) for sending in self._waiting]
        self._waiting.clear()

    def _open(self) -> None:
        """A connection for each email that waits, as far as the server has taken as many."""
        wanted = min(len(self._waiting), self._limit - len(self._lanes)) - len(self._opening)
        for _ in range(wanted):
            self._listener()
            self._threads = self._threads or ThreadPoolExecutor(self._connections, "smtp")
            future = self._threads.submit(greeting.greet, self._server, self._timeout)
            self._opening[future] = self._limit
            future.add_done_callback(self._wake)

    def _listener(self) -> selectors.BaseSelector:
        if self._selector is None:
            self._selector = selectors.DefaultSelector()
            self._ears = socket.socketpair()
            for ear in self._ears:
                ear.setblocking(False)
            self._selector.register(self._ears[0], selectors.EVENT_READ, None)
        return self._selector

    def _wake(self, _: object) -> None:
        with suppress(OSError):  # closed meanwhile, or full: then there is no need to knock
            self._ears[1].send(b"!")

    def _watch(self, lane: Lane, events: int) -> None:
        if not lane.watched:
            self._listener().register(lane.socket, events, lane)
        elif lane.watched != events:
            self._listener().modify(lane.socket, events, lane)
        lane.watched = events

    def _listen(self, seconds: float) -> None:
        """Wait until a server says something, takes something or has been silent for too long."""
        now = time.monotonic()
        deadlines = [left for lane in self._lanes if (left := lane.seconds_left(now)) is not None]
        earliest = now + min(deadlines, default=seconds)
        for key, _ in self._listener().select(max(0.0, min(seconds, earliest - now))):
            if key.data is None:
                self._take_opened()
            else:
                self._read(key.data)
        now = time.monotonic()
        for lane in list(self._lanes) if now >= earliest else ():
            left = lane.seconds_left(now)
            if left is not None and left <= 0:
                self._lose(lane, "the server is silent", silent=True)

    def _read(self, lane: Lane) -> None:
        self._moved.add(lane)
        answers = lane.pull()
        self._answers += answers
        self._setbacks = 0 if answers else self._setbacks
        if lane.talk.refuses_senders:
            self._pipelining = True  # the suspicion was wrong
        self._learn(lane, answered=bool(answers))
        if out := lane.talk.crowded_out():
            self._retry_elsewhere(lane, out)
        if lane.talk.broken:
            self._lose(lane, lane.talk.broken)
        lane.talk.crowded = False

    def _retry_elsewhere(self, lane: Lane, out: Sequence[tuple[Sending, Outcome]]) -> None:
        """Emails that were one too many go over the other connections; this one ends, unless it is the last."""
        if len(self._lanes) > 1 or self._opening:
            self._waiting.extendleft(sending for sending, _ in out)
            lane.talk.crowded = True
            lane.talk.broken = lane.talk.broken or "the server wants fewer connections at once"
        else:
            self._answers += [Answer(sending.mail.key, outcome) for sending, outcome in out]

    def _learn(self, lane: Lane, *, answered: bool) -> None:
        """Note what the server takes, once it has taken it."""
        if lane.talk.crowded and len(self._lanes) + len(self._opening) <= self._limit:
            self._halve()
        elif answered and self._lessons:
            if self._halved:
                self._halved = False
                self._lessons.takes_connections(self._limit)
            if self._envelope.only_plain and lane.talk.refuses_senders:
                lane.talk.refuses_senders = False
                self._lessons.takes_plain_sender(self._envelope.plain or "")

    def _halve(self) -> None:
        """Half as many connections; not again before there are no more than that."""
        if self._limit > 1:
            self._limit, self._halved = self._limit // 2, True

    def _take_opened(self) -> None:
        with suppress(BlockingIOError):
            self._ears[0].recv(4096)
        for future in [one for one in self._opening if one.done()]:
            self._take(future, self._opening.pop(future))

    def _take(self, opened: Future[smtplib.SMTP], limit: int) -> None:
        """In a frame of its own: an error keeps its frame, and that would keep another connection's file open."""
        try:
            connection = opened.result()
        except TransportError as error:
            self._cannot_open(error, limit)
        except (smtplib.SMTPException, OSError) as error:
            self._cannot_open(TransportUnavailable(self.name, f"cannot connect to {self._server}: {error}"), limit)
        except Exception as error:  # a mistake of ours: nothing was sent over a connection that is not there
            self._cannot_open(TransportRefused(self.name, f"cannot connect to {self._server}: {error!r}"), limit)
        else:
            self._lanes.append(self._lane(connection))

    def _lane(self, connection: smtplib.SMTP) -> Lane:
        return Lane(
            connection,
            timeout=self._timeout,
            pipelining=self._pipelining,
            wire=self._wire,
            envelope=self._envelope,
        )

    @property
    def _has_others(self) -> bool:
        """Whether there are connections beside one that was lost, or soon may be."""
        return bool(self._lanes or self._opening)

    def _cannot_open(self, error: TransportError, limit: int) -> None:
        """Other connections carry the emails on; without any the server is in trouble."""
        if self._has_others:
            if limit == self._limit:  # those begun together halve once
                self._halve()
        else:
            self.trouble = self.trouble or error

    def _lose(self, lane: Lane, problem: str, *, silent: bool = False) -> None:
        """Each of its emails is answered, tried over another connection, or given back."""
        talk = lane.talk
        if talk.suspect or (silent and talk.pipelining and talk.in_envelope):
            self._pipelining = False
        self._drop(lane)
        lane.close()
        answers, back = talk.end(problem)
        self._answers += answers
        if talk.refused and not self.trouble:
            self.trouble = TransportRefused(self.name, f"{self._server}: {talk.refused}")
        if talk.fenced:
            self._answers += [Answer(sending.mail.key, FENCED) for sending in back]
            return
        crowded = talk.crowded and self._has_others
        if back and not talk.answered and not talk.suspect and not crowded:
            back = self._count_setback(back, problem)
        self._waiting.extendleft(reversed(back))

    def _count_setback(self, back: list[Sending], problem: str) -> list[Sending]:
        """A connection that carried nothing speaks against its first email, and several of them against the server."""
        self._setbacks += 1
        if self._setbacks >= _MOST_SETBACKS and not self.trouble:
            self.trouble = TransportUnavailable(self.name, f"{self._server}: {problem}")
        first, *others = back
        first.tries += 1
        if first.tries < _MOST_TRIES:
            return back
        self._answers.append(Answer(first.mail.key, Outcome(Verdict.TEMPORARY, f"connection lost: {problem}")))
        return others

    def _wire(self, message: Message) -> Sequence[bytes]:
        # No line of the signature begins with a dot.
        return with_dots(message) if self._sign is None else [self._sign(message), *with_dots(message)]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a server says to our envelope senders, without an email."""

    refused: Mapping[str, str]  # each sender that it refuses, with its reply
    taken: str | None  # the first that it takes
    size: int | None = None  # octets of an email that it takes; None: it does not say


def verify(
    url: str,
    password: str | None,
    timeout: float = _SECONDS,
    *,
    access: Access | None = None,
    helo: str | None = None,
    senders: Sequence[str] = (),
) -> Tried:
    """Connect, start TLS, log in, offer each of `senders` at MAIL FROM until one is taken, and quit.

    Raises TransportRefused, SMTPException or OSError.
    """
    connection = greeting.greet(greeting.server(url, password, access, helo), timeout)
    refused, taken = dict[str, str](), None
    for sender in senders:
        code, text = connection.mail(sender)
        connection.rset()
        if code < 500:
            taken = sender
            break
        refused[sender] = f"{code} {text.decode('utf-8', 'replace')}"
    size = connection.esmtp_features.get("size", "")
    connection.quit()
    return Tried(refused, taken, int(size) if size.isdecimal() and int(size) else None)


def _hang_up(opened: Future[smtplib.SMTP]) -> None:
    with suppress(Exception):
        opened.result().close()
