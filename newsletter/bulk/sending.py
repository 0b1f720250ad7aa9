"""Hundreds of readers per call, several calls at once."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

from newsletter.errors import TransportError, TransportRefused, TransportUnavailable
from newsletter.models import FENCED, Answer, Message, Outcome, Outgoing, Verdict

SECONDS = 30.0  # for one call
MAILS = 500  # a call; SendGrid and Mailgun take 1,000
_SETBACKS = 3  # calls in a row that fail until the round ends
_BREATH = 2.0  # seconds before a call that failed is made again
Call = Sequence[Outgoing]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a call. At most one of the others says what its transport is to do about it."""

    outcome: Outcome
    refused: bool = False  # nobody can be served
    pause: float | None = None  # seconds for which nobody can
    unreached: bool = False  # nobody was there
    failing: bool = False  # the service is not well
    too_large: bool = False
    guilty: int | None = None  # the place of the one email that the service refuses
    some: bool = False  # it refuses for one or several of the emails, and does not say which


def same_call(message: Message) -> tuple[object, ...]:
    """Emails with an equal key may go out in one call."""
    return message.rendered.key, message.head


class Bulk(ABC):
    """Up to `connections` calls at once with up to `batch` emails each."""

    name: str

    def __init__(self, *, connections: int, batch: int) -> None:
        self._connections, self._most = connections, batch
        self._reset()

    @abstractmethod
    def payload(self, mails: Call) -> Any:
        """What one call says; the emails are of one edition."""

    @abstractmethod
    def call(self, payload: Any) -> Result:
        """Make it, in a thread of its own. Never raises."""

    def _reset(self) -> None:
        self._trouble: TransportError | None = None
        self._until = 0.0  # of a trouble that passes, on the clock that no one sets
        self._setbacks = 0
        self._batch = self._most  # smaller where the service found a call too large
        self._waiting: deque[Call] = deque()
        self._calls: dict[Future[Result], Call] = {}
        self._answers: list[Answer] = []
        self._threads: ThreadPoolExecutor | None = None

    @property
    def trouble(self) -> TransportError | None:
        if self._until and time.monotonic() >= self._until:
            self._trouble, self._until = None, 0.0
        return self._trouble

    @property
    def room(self) -> int:
        free = self._connections - len(self._calls) - len(self._waiting)
        return 0 if self.trouble else max(0, free * self._batch)

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        for alike in self._grouped(mails):
            self._waiting.append(alike)
            self._begin()
        if self._calls and not self._answers:
            self._listen(wait)
            self._begin()
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """Calls that are under way are not waited for."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        self._reset()

    def _grouped(self, mails: Iterable[Outgoing]) -> Iterator[Call]:
        """Each call's emails as soon as they are made: the first is on its way while the next ones are."""
        alike: list[Outgoing] = []
        addresses: set[str] = set()  # Mailgun tells its emails apart by them
        for mail in mails:
            address = mail.message.recipient.lower()
            full = len(alike) >= self._batch or address in addresses
            if alike and (full or same_call(mail.message) != same_call(alike[0].message)):
                yield alike
                alike, addresses = [], set()
            alike.append(mail)
            addresses.add(address)
        if alike:
            yield alike

    def _begin(self) -> None:
        while self._waiting and (trouble := self.trouble):
            self._answer(self._waiting.popleft(), Outcome(Verdict.UNTRIED, trouble.problem))
        while self._waiting and len(self._calls) < self._connections:
            mails = self._waiting.popleft()
            if not all(mail.may_begin() for mail in mails):
                self._answer(mails, FENCED)
                continue
            self._threads = self._threads or ThreadPoolExecutor(self._connections, self.name)
            self._calls[self._threads.submit(self.call, self.payload(mails))] = mails

    def _listen(self, seconds: float) -> None:
        done, _ = wait(self._calls, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self._understand(self._calls.pop(future), future.result())

    def _understand(self, mails: Call, result: Result) -> None:
        if result.too_large and len(mails) > 1:
            return self._halve(mails)
        if result.some and len(mails) > 1:
            return self._divide(mails, (len(mails) + 1) // 2)
        if result.guilty is not None and result.guilty < len(mails):
            return self._single_out(mails, result)
        outcome = result.outcome
        if result.refused or (outcome.verdict is Verdict.PERMANENT and len(mails) > 1):
            # What is refused of many is what they share: none of them is to blame.
            self._trouble, self._until = TransportRefused(self.name, outcome.detail), 0.0
            outcome = replace(outcome, verdict=Verdict.UNTRIED)
        elif result.pause is not None:
            self._rest(outcome.detail, result.pause)
        elif result.unreached:
            self._trouble, self._until = TransportUnavailable(self.name, outcome.detail), 0.0
        elif result.failing:
            outcome = self._set_back(outcome)
        else:
            self._setbacks = 0
        return self._answer(mails, outcome)

    def _answer(self, mails: Call, outcome: Outcome) -> None:
        self._answers += [Answer(mail.key, outcome) for mail in mails]

    def _halve(self, mails: Call) -> None:
        self._batch = min(self._batch, (len(mails) + 1) // 2)
        self._divide(mails, self._batch)

    def _divide(self, mails: Call, at: int) -> None:
        self._waiting.extendleft([mails[at:], mails[:at]])

    def _single_out(self, mails: Call, result: Result) -> None:
        """The service names the email whose address it cannot read; the others are sent again."""
        place = result.guilty or 0
        self._answer([mails[place]], replace(result.outcome, of_reader=True))
        if others := [*mails[:place], *mails[place + 1 :]]:
            self._waiting.appendleft(others)

    def _set_back(self, outcome: Outcome) -> Outcome:
        """Retry in a moment; the third failure in a row ends the round, and these emails wait behind others."""
        self._setbacks += 1
        if self._setbacks < _SETBACKS:
            self._rest(outcome.detail, _BREATH * self._setbacks)
            return outcome
        self._trouble, self._until = TransportUnavailable(self.name, outcome.detail), 0.0
        return outcome if outcome.verdict is Verdict.UNKNOWN else replace(outcome, verdict=Verdict.TEMPORARY)

    def _rest(self, problem: str, seconds: float) -> None:
        if not isinstance(self._trouble, TransportRefused):
            self._trouble = TransportUnavailable(self.name, problem, seconds)
            self._until = max(self._until, time.monotonic() + seconds)
