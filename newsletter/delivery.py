"""Who gets a mail, what an outcome means, and the loop between. Deciding is pure; `drain` does the sending.

A mail's states: queued → sending → accepted, or back to queued, or failed, or unknown. `sending` is committed
before the first byte and the outcome after the last, so a stop anywhere leaves at most the mails in flight in doubt;
those are sent again with the same bytes, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from newsletter.errors import TransportRefused
from newsletter.models import Delivery, DeliveryState, Message, Outcome, Outgoing, Verdict
from newsletter.ports import DeliveryStore, Transport

MOST_ISSUES = 5  # in one mail: a week
_MOST_ATTEMPTS = 5
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
REPEATED = "outcome unknown; sent again with the same Message-ID"


@dataclass(frozen=True, slots=True)
class Tally:
    """Mails of one drain by what became of them."""

    accepted: int = 0
    waiting: int = 0  # refused for now, or in doubt
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.accepted + other.accepted, self.waiting + other.waiting, self.failed + other.failed)


def due_issues(ready: Iterable[date], had: Collection[date]) -> tuple[date, ...]:
    """The issues for a reader's next mail, oldest first: all that are newer than the last one they had, at most five.

    Somebody who has had none starts with the newest.
    """
    newest_first = sorted(ready, reverse=True)
    if not had:
        return tuple(newest_first[:1])
    return tuple(sorted(day for day in newest_first[:MOST_ISSUES] if day > max(had)))


def decide(delivery: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """The delivery after this outcome. Pure."""
    done = replace(delivery, owner=None, not_before=None)
    detail = outcome.detail[:500] or None
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return replace(done, state=DeliveryState.ACCEPTED)
        case Verdict.PERMANENT:
            return replace(done, state=DeliveryState.FAILED, error=detail)
        case Verdict.UNKNOWN:
            return replace(done, state=DeliveryState.UNKNOWN, error=detail)
    if delivery.attempts >= _MOST_ATTEMPTS:
        return replace(done, state=DeliveryState.FAILED, error=f"{delivery.attempts} tries, last: {detail}")
    pause = _PAUSES[min(delivery.attempts, len(_PAUSES)) - 1]
    wait = timedelta(seconds=outcome.retry_after) if outcome.retry_after is not None else pause
    return replace(done, state=DeliveryState.QUEUED, not_before=now + wait, error=detail)


def recover(delivery: Delivery) -> Delivery:
    """A mail whose outcome nobody knows, ready to be repeated as the same bytes."""
    return replace(delivery, state=DeliveryState.QUEUED, owner=None, not_before=None, error=REPEATED)


def drain(
    store: DeliveryStore,
    transport: Transport,
    build: Callable[[Delivery], Message],
    *,
    owner: str,
    now: Callable[[], datetime],
    only: str | None = None,
    report: Callable[[Delivery], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Send every due mail, or the one of `only`. Raises TransportRefused, with the claimed mails back in the queue."""
    tally = Tally()
    while not stop():
        claimed = store.claim(owner, transport.batch_size, now(), only)
        if not claimed:
            break
        for delivery, outcome in zip(claimed, _send(store, transport, claimed, build), strict=True):
            decided = decide(delivery, outcome, now())
            store.finish(decided)
            report(decided)
            tally += _counted(decided)
    return tally


def _send(
    store: DeliveryStore, transport: Transport, claimed: Sequence[Delivery], build: Callable[[Delivery], Message]
) -> Sequence[Outcome]:
    try:
        return transport.send([Outgoing(key=str(delivery.id), message=build(delivery)) for delivery in claimed])
    except TransportRefused as error:
        for delivery in claimed:
            # Nothing was taken: the try does not count, and the next run begins with these.
            back = replace(delivery, state=DeliveryState.QUEUED, owner=None, attempts=delivery.attempts - 1)
            store.finish(replace(back, error=error.problem))
        raise


_COUNTED: Mapping[DeliveryState, Tally] = {
    DeliveryState.ACCEPTED: Tally(accepted=1),
    DeliveryState.FAILED: Tally(failed=1),
}


def _counted(delivery: Delivery) -> Tally:
    return _COUNTED.get(delivery.state, Tally(waiting=1))
