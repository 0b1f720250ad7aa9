"""The loop that sends: one transaction records what has come back and claims what goes out next."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from newsletter.delivery.deciding import decide
from newsletter.delivery.lease import Lease
from newsletter.delivery.quota import Quota
from newsletter.delivery.refused import Refused
from newsletter.delivery.tally import WELL, Health, Pace, Paced, Tally, counted
from newsletter.errors import StoreUnavailable, TransportRefused
from newsletter.models import Answer, Claim, Delivery, DeliveryState, Message, Outcome, Outgoing, Verdict, always
from newsletter.ports import Transport
from newsletter.store import Store

T = TypeVar("T")

_LOOK = 0.5  # seconds between two looks at whether to stop
_UNTIL_TOMORROW = timedelta(hours=20)  # the next morning tries again, whatever the hour of its first reader
_LONG = 500  # emails; after so many the garbage collector leaves alone what is old: nothing of that ends meanwhile
_SELDOM = 1_000  # collections of the middle generation, until one looks through what is old
_SHORT = 90.0  # seconds for which a round waits for a server that names them; for longer ones it ends


def drain(
    store: Store,
    transport: Transport,
    build: Callable[[Delivery], Message],
    *,
    owner: str,
    now: Callable[[], datetime],
    only: str | None = None,
    report: Callable[[Delivery], None] = lambda _: None,
    unwanted: Callable[[Delivery], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    rate: float | None = None,
    supply: Callable[[], bool] = lambda: False,
    quota: Quota | None = None,
    lease: Lease | None = None,
    pace: Paced | None = None,
    health: Health = WELL,
) -> Tally:
    """Send every due email, or only that of `only`; `rate` in emails per minute.

    `supply` is called when nothing is due: it plans more, or returns False. Its error is raised when nothing is
    in flight any more.
    `unwanted` is told of each email that was rejected because of us, before the next one is claimed.
    `lease` says that the owner lives while it holds emails; no body leaves when it is over. `pace` in place of `rate`.
    `health`: of the rounds before this one.
    A stop lets the emails in flight finish. Raises TransportRefused if no email can be sent. The tally says in `held`
    why the rest stays queued: the server is in trouble, too many emails were refused, or `quota` is used up.
    """
    pace = pace or Pace(rate, time.monotonic)
    drained = _Round(
        store, transport, build, owner, now, only, report, unwanted, stop, pace, supply, quota, lease, health
    )
    try:
        while drained.turn():
            continue
    finally:
        drained.end()
    settled = drained.settle()
    held = drained.held(settled)
    if drained.unplanned:
        raise drained.unplanned
    if isinstance(transport.trouble, TransportRefused):
        raise transport.trouble
    return replace(drained.tally + settled + held, health=drained.health)


@dataclass
class _Round:
    """What one round of sending keeps in mind."""

    store: Store
    transport: Transport
    build: Callable[[Delivery], Message]
    owner: str
    now: Callable[[], datetime]
    only: str | None
    report: Callable[[Delivery], None]
    unwanted: Callable[[Delivery], None]
    stop: Callable[[], bool]
    pace: Paced
    supply: Callable[[], bool]
    quota: Quota | None
    lease: Lease | None
    health: Health
    tally: Tally = field(default_factory=Tally)
    in_flight: dict[str, Delivery] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)  # not yet recorded
    refused: Refused = field(default_factory=Refused)
    may_begin: Callable[[], bool] = always  # whether what was claimed last is still ours
    thresholds: tuple[int, int, int] = field(default_factory=gc.get_threshold)  # of the garbage collector
    place: int = 0  # the id up to which the queue was walked through
    dry: bool = False  # nothing more was due
    unplanned: Exception | None = None  # why there is no more supply

    def turn(self) -> bool:
        """Record, claim, hand over, wait for answers; False when there is nothing left to do."""
        decided = self._decided()
        wanted = self._wanted()
        claimed = self._claim(decided, wanted)
        if wanted and not claimed and self._supplied():
            self.dry = False
        elif not claimed and not self.in_flight:
            return self._rest(wanted)
        self.answers += self._exchange(claimed)
        return True

    def end(self) -> None:
        if self.lease:
            self.lease.rest()
        gc.set_threshold(*self.thresholds)

    def settle(self) -> Tally:
        """Now that all have answered: whose fault the doubtful refusals are."""
        judged = self.refused.judged(self.store, self.now())
        self.store.correct(judged.corrected)
        for delivery in judged.blamed:
            self.unwanted(delivery)
        return judged.tally

    def held(self, settled: Tally) -> Tally:
        """Why the rest stays queued; what nearly everybody was told explains more than that it was nearly everybody."""
        trouble = self.transport.trouble
        if settled.held:
            return Tally()
        if self.health.problem:
            return Tally(held=self.health.problem, held_for=_UNTIL_TOMORROW)
        if trouble:
            return Tally(held=str(trouble), held_for=timedelta(seconds=trouble.retry_after or 0))
        if self.quota and not self.quota.left():
            while not self.stop() and self._supplied():
                continue  # those who were not planned wait as well
            if waiting := self.store.unsent([DeliveryState.QUEUED])[0]:
                problem = f"{waiting} emails wait until tomorrow: NEWSLETTER_DAILY_LIMIT={self.quota.most} is reached"
                return Tally(held=problem, held_for=self.quota.until_tomorrow(), until_tomorrow=True)
        return Tally()

    def _wanted(self) -> int:
        # A stop may come at any time: it is asked for each turn.
        if self.health.problem or self.dry or self.stop():
            return 0
        if self.lease and self.lease.has_run_out():
            return 0  # until it is renewed, others would take back at once what we claim
        room, allowed = self.transport.room, self.pace.allowed()
        if self.quota:
            room = min(room, max(0, self._patiently(self.quota.left) - len(self.in_flight)))
        return room if allowed is None else min(room, allowed)

    def _supplied(self) -> bool:
        """Whether more emails were planned. What is in flight meanwhile is answered before the error is raised."""
        try:
            return self.unplanned is None and self.supply()
        except Exception as error:
            self.unplanned = error
            return False

    def _decided(self) -> Sequence[Delivery]:
        now, outcomes = self.now(), dict[str, Outcome]()
        for answer in self.answers:
            outcomes.setdefault(answer.key, answer.outcome)  # of two the first: it was made before a mistake of ours
        self.answers = []
        known = [(self.in_flight.pop(key), outcome) for key, outcome in outcomes.items() if key in self.in_flight]
        if self.quota:  # before the next ones are wanted
            went = sum(outcome.verdict in (Verdict.ACCEPTED, Verdict.UNKNOWN) for _, outcome in known)
            self._patiently(partial(self.quota.spend, went))
        return [self._judged(delivery, outcome, now) for delivery, outcome in known]

    def _judged(self, delivery: Delivery, outcome: Outcome, now: datetime) -> Delivery:
        """What became of an email; one whose refusal may be ours waits until it is known what the others are told."""
        unwanted = outcome.verdict is Verdict.UNWANTED
        doubtful = outcome.verdict is Verdict.PERMANENT and not outcome.of_reader
        decided = decide(delivery, replace(outcome, verdict=Verdict.UNWANTED) if doubtful else outcome, now)
        self.refused.note(decided, outcome)
        well = not self.health.problem
        self.health = self.health.after(refused=unwanted or doubtful or decided.state is DeliveryState.FAILED)
        if well and self.health.problem:
            self.refused.suspect(self.health.in_a_row)
        if unwanted:
            self._patiently(partial(self.unwanted, decided))
        return decided

    def _claim(self, decided: Sequence[Delivery], wanted: int) -> Sequence[Delivery]:
        if not decided and not wanted:
            return []
        self.may_begin = self.lease.claimed() if self.lease else always
        beat, begun = (self.lease.due(), self.lease.begun()) if self.lease else (None, 0.0)
        claim = Claim(owner=self.owner, limit=wanted, now=self.now(), only=self.only, after=self.place, beat=beat)
        claimed = self._patiently(partial(self.store.turn, decided, claim))
        if self.lease and beat and claimed:
            self.lease.noted(begun)
        self._count(decided)
        if wanted:
            self._walk(claimed)
        if self.tally.accepted >= _LONG:
            # A full collection walks through all that the process has loaded: as long as sending a thousand emails.
            gc.set_threshold(*self.thresholds[:2], _SELDOM)
        self.in_flight |= {str(delivery.id): delivery for delivery in claimed}
        return claimed

    def _patiently(self, work: Callable[[], T]) -> T:
        """A server that restarts is waited for while our lease lasts.

        Outcomes that are not recorded are known here alone: without them, what was accepted would be sent again.
        """
        while True:
            try:
                return work()
            except StoreUnavailable:
                if not (self.store.on_server and self.lease and self.lease.holds()):
                    raise
                time.sleep(_LOOK)

    def _walk(self, claimed: Sequence[Delivery]) -> None:
        """Goes through the queue by id once, then again from the start for emails that have become due meanwhile."""
        self.dry = not claimed and not self.place
        self.place = claimed[-1].id if claimed else 0
        self.pace.begin(len(claimed))

    def _count(self, decided: Sequence[Delivery]) -> None:
        for delivery in decided:
            self.report(delivery)
        ended = counted(one.state for one in decided if one.id not in self.refused.doubts)
        self.tally += ended
        if self.lease and ended.accepted:
            self.lease.count(ended.accepted)

    def _made(self, claimed: Iterable[Delivery]) -> Iterator[Outgoing]:
        """One by one, so that a transport has the first ones on their way while the others are made."""
        for delivery in claimed:
            try:
                yield Outgoing(key=str(delivery.id), message=self.build(delivery), may_begin=self.may_begin)
            except Exception as error:
                # One email that cannot be made would else be the first of every later run, and all others wait behind.
                problem = Outcome(Verdict.TEMPORARY, f"cannot be made: {error}")
                self.answers.append(Answer(str(delivery.id), problem))

    def _exchange(self, claimed: Sequence[Delivery]) -> Sequence[Answer]:
        try:
            # A rate's next email is not waited for longer than it takes.
            return self.transport.exchange(self._made(claimed), min(_LOOK, self.pace.wait() or _LOOK))
        except Exception as error:
            # A mistake of ours that one email brings out: nobody can tell how far it got, and the others still go out.
            doubt = Outcome(Verdict.UNKNOWN, f"{type(error).__name__}: {error}")
            return [Answer(key, doubt) for key in self.in_flight]

    def _rest(self, wanted: int) -> bool:
        """Whether there is anything to wait for while nothing is in flight: the pace, or a server that named a time."""
        if self.stop() or self.health.problem or (self.dry and not self.transport.trouble):
            return False
        if self.quota and not self.quota.left():
            return False
        if wanted:
            return True  # the queue's end was reached: once more from its beginning
        trouble = self.transport.trouble
        if trouble and (trouble.retry_after is None or trouble.retry_after > _SHORT):
            return False
        self.dry, self.place = False, 0
        time.sleep(min(_LOOK, self.pace.wait() or _LOOK) if not trouble else min(_LOOK, trouble.retry_after or _LOOK))
        return True


def send_now(transport: Transport, mail: Outgoing) -> Outcome:
    """One email that stands in no queue. Raises TransportError when nobody can be served."""
    answers = list(transport.exchange([mail], _LOOK))
    while not answers:
        answers = list(transport.exchange([], _LOOK))
    (answer,) = answers
    if answer.outcome.verdict is Verdict.UNTRIED and transport.trouble:
        raise transport.trouble
    return answer.outcome
