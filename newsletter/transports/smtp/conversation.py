"""One SMTP connection after its login, without I/O: emails in, bytes out, replies in, answers out.

With PIPELINING (RFC 2920) an email costs one round trip: the final dot of one leaves together with MAIL, RCPT and
DATA of the next. The body of that next one waits until the answer to the one before is recorded, so that at most one
body of a connection is in doubt, whatever happens.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from newsletter.inbound import refusals
from newsletter.models import FENCED, Answer, Message, Outcome, Outgoing, Verdict
from newsletter.transports.smtp.replies import Replies, Reply, ReplyError

# RFC 5321 and 3463: these speak of the mailbox that RCPT named, whatever else a server writes.
_OF_READER = ("5.1.1", "5.1.10", "5.2.1")
_MOST_TRIES = 10  # of an email that is one too many at the same time
_CROWDED = "4.3.2"  # "system not accepting messages": said of too many connections or senders at once

_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f<>\u2028\u2029]")  # would end the command, or its brackets


class Stage(Enum):
    """The command that a reply answers."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    RESET = auto()


_ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)


@dataclass(eq=False, slots=True)
class Sending:
    """An email on its way over one connection, and perhaps over another when that one ends."""

    mail: Outgoing
    tries: int = 0  # connections that ended with it before they had carried anything
    commands: deque[tuple[Stage, bytes]] = field(default_factory=deque)
    sender: str = ""  # the envelope's, as it was offered
    refusal: Outcome | None = None  # the reply to RCPT or DATA
    known: bool = False  # the server has taken its reader
    ready: bool = False  # the server waits for the body
    one_too_many: bool = False  # refused for the number of connections
    offered_plain: bool = False  # the server has refused this email's own envelope sender
    dot: int | None = None  # behind which of the connection's bytes nobody can tell without an answer

    def outcome(self, reply: Reply) -> Outcome:
        """What the reply to the final dot, or to an earlier command, means for the reader."""
        return self.refusal or (Outcome(Verdict.ACCEPTED) if reply.good else self.refused(reply, Stage.DOT))

    def refused(self, reply: Reply, stage: Stage) -> Outcome:
        """What a reply that is no consent means; one that quotes our address alone speaks of us."""
        outcome = _refused(reply)
        if outcome.verdict is Verdict.TEMPORARY:
            return outcome
        if stage is not Stage.RCPT:
            return replace(outcome, of_email=True)
        if refusals.enhanced(reply.text) not in _OF_READER or self._accuses_sender(reply.text.lower()):
            return outcome
        return Outcome(Verdict.PERMANENT, outcome.detail, of_reader=True)

    def _accuses_sender(self, said: str) -> bool:
        return bool(self.sender) and self.sender.lower() in said and self.mail.message.recipient.lower() not in said


@dataclass(slots=True)
class Envelope:
    """The envelope senders that a server takes: each email's own, or only the plain address."""

    plain: str | None = None  # what to offer where the email's own is refused; None: nothing else
    only_plain: bool = False  # set or learned

    def sender(self, message: Message) -> str:
        return self.plain if self.only_plain and self.plain else message.envelope_from


class Conversation:
    """What was said on one connection, and what is to be said next."""

    def __init__(
        self,
        *,
        pipelining: bool,
        utf8: bool,
        wire: Callable[[Message], Sequence[bytes]],
        envelope: Envelope | None = None,
    ) -> None:
        """`wire` gives an email's bytes as DATA wants them, in pieces."""
        self.pipelining, self._utf8, self._wire = pipelining, utf8, wire
        self._envelope = envelope or Envelope()
        self.broken: str | None = None  # why nothing more can be said here
        self.refused: str | None = None  # why no email of ours would be taken here
        self.refuses_senders = False  # MAIL FROM was refused when it came alone: that was not for PIPELINING
        self.crowded = False  # the server wants fewer connections at once
        self.fenced = False  # an email was no longer ours when its body was to leave
        self.suspect = False  # the server does not keep its promise of PIPELINING
        self.heard = 0  # replies
        self.answered = 0  # emails
        self.held: deque[Sending] = deque()
        self._crowded_out: list[tuple[Sending, Outcome]] = []
        self._expected: deque[tuple[Stage, Sending | None]] = deque()
        self._recorded = True
        self._out: list[bytes | memoryview] = []
        self._said, self._gone = 0, 0  # bytes
        self._replies = Replies()

    @property
    def room(self) -> int:
        return 0 if self.broken else (2 if self.pipelining else 1) - len(self.held)

    @property
    def waits_for(self) -> Stage | None:
        """What the server is to answer next."""
        return self._expected[0][0] if self._expected else None

    @property
    def in_envelope(self) -> bool:
        """Whether the server owes an answer to commands that were sent together."""
        return self.waits_for in _ENVELOPE

    def take(self, sending: Sending) -> Answer | None:
        """Begin with an email; an answer at once where this server cannot take its address."""
        try:
            self._address(sending, self._envelope.sender(sending.mail.message))
        except ValueError as error:
            return Answer(sending.mail.key, Outcome(Verdict.PERMANENT, str(error), of_reader=True))
        sending.refusal, sending.known, sending.ready, sending.dot = None, False, False, None
        sending.one_too_many = sending.offered_plain = False
        self.held.append(sending)
        return None

    def _address(self, sending: Sending, sender: str) -> None:
        sending.sender = sender
        sending.commands = deque(_commands(sender, sending.mail.message.recipient, utf8=self._utf8))

    def recorded(self) -> None:
        """The last answer is in the ledger: the next body may be sent."""
        self._recorded = True

    def crowded_out(self) -> list[tuple[Sending, Outcome]]:
        """The emails that were refused for being one too many at the same time, each told once."""
        out, self._crowded_out = self._crowded_out, []
        return out

    def to_send(self) -> bytes | memoryview:
        """The bytes that may be sent now."""
        if not self.broken:
            self._write()
        if len(self._out) > 1:
            self._out = [b"".join(self._out)]
        return self._out[0] if self._out else b""

    def sent(self, count: int) -> bytes | memoryview:
        """So many of them have left; the others."""
        self._gone += count
        self._out = [memoryview(self._out[0])[count:]] if self._gone < self._said else []
        return self._out[0] if self._out else b""

    def receive(self, data: bytes) -> list[Answer]:
        """What these bytes of the server mean for the emails; `broken` may be set behind them."""
        answers: list[Answer] = []
        try:
            for reply in self._replies.feed(data):
                self.heard += 1
                answers += self._understood(reply)
                if self.broken:
                    break
        except ReplyError as error:
            self.broken = str(error)
        self.answered += len(answers)
        return answers

    def end(self, problem: str) -> tuple[list[Answer], list[Sending]]:
        """The connection is lost: answers as far as there are any, and the emails that were certainly not taken."""
        self.broken = self.broken or problem
        lost = Outcome(Verdict.UNKNOWN, f"connection lost: {self.broken}")
        held, self.held = self.held, deque()
        answers, back = [], []
        for sending in held:
            in_doubt = lost if sending.dot is not None and self._gone >= sending.dot else None
            refusal = None if sending.one_too_many else sending.refusal
            if outcome := refusal or in_doubt:
                answers.append(Answer(sending.mail.key, outcome))
            else:
                back.append(sending)
        return answers, back

    def _write(self) -> None:
        """The commands and the body of what is held, as far as they may leave now."""
        for sending in self.held:
            while sending.commands and (self.pipelining or not self._expected):
                stage, line = sending.commands.popleft()
                self._say(stage, [line], sending)
            if sending.ready and sending.dot is None and self._recorded:
                if not sending.mail.may_begin():
                    self.fenced, self.broken = True, FENCED.detail
                    return
                # RFC 2920 section 3.1: a server may ask for the body though it refused the only reader; it gets none.
                body = [b".\r\n"] if sending.refusal else self._wire(sending.mail.message)
                self._say(Stage.DOT, body, sending)
                sending.dot = self._said
            if sending.dot is None:
                return  # the next one's commands stand behind this one's body

    def _say(self, stage: Stage, pieces: Sequence[bytes], sending: Sending | None) -> None:
        self._out += pieces
        self._said += sum(map(len, pieces))
        self._expected.append((stage, sending))

    def _understood(self, reply: Reply) -> Iterator[Answer]:
        stage, sending = self._expected.popleft() if self._expected else (None, None)
        self._notice_crowd(reply)
        if reply.code == 421 or stage is None or self._is_out_of_step(stage, sending, reply):
            self.broken = str(reply)  # 421 is a good-bye, whatever it answers: RFC 5321 section 3.8
        if sending is None or (self.broken and stage is not Stage.DOT):
            return
        if stage is Stage.DOT:
            sending.one_too_many |= _is_crowded(reply)
            for answer in self._settle(sending, sending.outcome(reply)):
                self._recorded = False
                yield answer
        elif stage is Stage.DATA and reply.code == 354:
            sending.ready = True
            if sending.refusal and sending.known:
                self.broken = "the server wants the body of an email that it refused"  # and might deliver an empty one
        elif stage is Stage.RCPT and reply.good:
            sending.known = True
        elif stage is Stage.MAIL:
            yield from self._hear_of_sender(sending, reply)
        elif stage is Stage.DATA or (stage is Stage.RCPT and not reply.good):
            yield from self._refuse(sending, stage, sending.refused(reply, stage), reply)

    def _notice_crowd(self, reply: Reply) -> None:
        """A good-bye to a connection that has carried something is none: many servers take so many emails on each."""
        self.crowded = self.crowded or _is_crowded(reply) or (reply.code == 421 and not self.answered)

    def _hear_of_sender(self, sending: Sending, reply: Reply) -> Iterator[Answer]:
        """No reader stands behind MAIL FROM: what is refused there is refused of us, and every email waits.

        An envelope sender of the email's own is replaced by the plain address, once, in the same session.
        """
        plain, message = self._envelope.plain, sending.mail.message
        if reply.good:
            self._envelope.only_plain |= sending.offered_plain and bool(message.envelope_from)
        elif reply.code < 500:
            self.broken = str(reply)
        elif not (sending.sender + message.recipient).isascii():  # the parameters that this email needs
            yield from self._refuse(sending, Stage.MAIL, Outcome(Verdict.TEMPORARY, str(reply)), reply)
        elif plain and sending.sender != plain:
            self.refuses_senders = sending.offered_plain = True
            self._address(sending, plain)
        else:
            self.refuses_senders = True
            self.refused = self.broken = f"MAIL FROM:<{sending.sender}> is refused: {reply}"

    def _is_out_of_step(self, stage: Stage, sending: Sending | None, reply: Reply) -> bool:
        """A server that offers PIPELINING and then complains of the order of our commands."""
        innocent = sending is None or sending.refusal is not None or not self.pipelining or stage not in _ENVELOPE
        if innocent or not (reply.code == 503 or (stage is Stage.MAIL and reply.code >= 500)):
            return False
        self.suspect = True
        return True

    def _refuse(self, sending: Sending, stage: Stage, refusal: Outcome, reply: Reply) -> Iterator[Answer]:
        """The first rejection counts. After the last reply to this email, the next one starts afresh."""
        if sending.refusal is None:
            sending.refusal, sending.one_too_many = refusal, _is_crowded(reply)
        if stage is Stage.DATA or not self.pipelining:
            sending.commands.clear()
            yield from self._settle(sending, sending.refusal)
            self._say(Stage.RESET, [b"RSET\r\n"], None)

    def _settle(self, sending: Sending, outcome: Outcome) -> Iterator[Answer]:
        """The answer; an email that was one too many at the same time is tried again over fewer connections."""
        self.held.remove(sending)
        if sending.one_too_many and sending.tries < _MOST_TRIES:
            sending.tries += 1
            self._crowded_out.append((sending, outcome))
        else:
            yield Answer(sending.mail.key, outcome)


def _is_crowded(reply: Reply) -> bool:
    return reply.code == 432 or (400 <= reply.code < 500 and refusals.enhanced(reply.text) == _CROWDED)


def _refused(reply: Reply) -> Outcome:
    if not 500 <= reply.code < 600:
        return Outcome(Verdict.TEMPORARY, str(reply))
    ours = refusals.accuses_us(refusals.enhanced(reply.text), reply.text)
    return Outcome(Verdict.UNWANTED if ours else Verdict.PERMANENT, str(reply))


def _commands(sender: str, recipient: str, *, utf8: bool) -> Iterator[tuple[Stage, bytes]]:
    """Raises ValueError for an address that cannot be given to this server."""
    if _NO_ADDRESS.search(sender + recipient) or not recipient:
        raise ValueError("the address contains a character that SMTP does not allow")
    plain = (sender + recipient).isascii()
    if not plain and not utf8:
        raise ValueError("the address has letters outside ASCII before its @, and the server does not offer SMTPUTF8")
    parameters = "" if plain else " BODY=8BITMIME SMTPUTF8"  # RFC 6531 section 3.4
    yield Stage.MAIL, f"MAIL FROM:<{sender}>{parameters}\r\n".encode()
    yield Stage.RCPT, f"RCPT TO:<{recipient}>\r\n".encode()
    yield Stage.DATA, b"DATA\r\n"
