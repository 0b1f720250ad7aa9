"""SendGrid through its official package: hundreds of readers per call, several calls at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import groupby, islice

from newsletter.errors import TransportError, TransportRefused, TransportUnavailable
from newsletter.models import Answer, Outcome, Outgoing, Verdict
from newsletter.transports.sendgrid.calls import Result, api, call
from newsletter.transports.sendgrid.payload import payload, same_call

_SECONDS = 30.0
_MAILS = 500  # a call; the service takes 1,000
_SETBACKS = 3  # calls in a row that fail until the round ends
_BREATH = 2.0  # seconds before a call that failed is made again
Call = Sequence[Outgoing]


class SendGrid:
    """Up to `connections` calls at once with up to `batch` emails each."""

    name = "sendgrid"

    def __init__(
        self, api_key: str, url: str, *, connections: int = 8, batch: int = _MAILS, timeout: float = _SECONDS
    ) -> None:
        self._api = api(api_key, url, timeout)
        self._connections, self._most = connections, batch
        self._reset()

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
        for _, group in groupby(mails, lambda mail: same_call(mail.message)):
            while alike := list(islice(group, self._batch)):
                yield alike

    def _begin(self) -> None:
        while self._waiting and (trouble := self.trouble):
            self._answer(self._waiting.popleft(), Outcome(Verdict.UNTRIED, trouble.problem))
        while self._waiting and len(self._calls) < self._connections:
            mails = self._waiting.popleft()
            self._threads = self._threads or ThreadPoolExecutor(self._connections, "sendgrid")
            self._calls[self._threads.submit(call, self._api, payload(mails))] = mails

    def _listen(self, seconds: float) -> None:
        done, _ = wait(self._calls, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self._understand(self._calls.pop(future), future.result())

    def _understand(self, mails: Call, result: Result) -> None:
        if result.too_large and len(mails) > 1:
            return self._halve(mails)
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
        self._waiting.extendleft([mails[self._batch :], mails[: self._batch]])

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
        return replace(outcome, verdict=Verdict.TEMPORARY)

    def _rest(self, problem: str, seconds: float) -> None:
        if not isinstance(self._trouble, TransportRefused):
            self._trouble = TransportUnavailable(self.name, problem, seconds)
            self._until = max(self._until, time.monotonic() + seconds)
