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
_GIVE_UP = timedelta(days=1)  # a server may be down for hours; a newsletter of the day before yesterday helps nobody
_LONGEST_PAUSE = timedelta(hours=6)  # whatever the other side says
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
    if delivery.attempts >= _MOST_ATTEMPTS and now - delivery.date >= _GIVE_UP:
        return replace(done, state=DeliveryState.FAILED, error=f"{delivery.attempts} tries, last: {detail}")
    return replace(done, state=DeliveryState.QUEUED, not_before=now + _pause(delivery, outcome), error=detail)


def _pause(delivery: Delivery, outcome: Outcome) -> timedelta:
    if outcome.retry_after is None:
        return _PAUSES[min(max(delivery.attempts, 1), len(_PAUSES)) - 1]
    # At least a second: an answer of 0 would have drain() ask again and again without a pause.
    return timedelta(seconds=min(max(outcome.retry_after, 1.0), _LONGEST_PAUSE.total_seconds()))


# What may become what by later news of a mail: out of order or twice, it never goes backwards.
_BEFORE: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.ACCEPTED: frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN)),
    DeliveryState.DELIVERED: frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED)),
}
_EVER_SENT = frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED))


HEARD_OF = frozenset(
    (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
)  # nothing that the transport says afterwards changes it


def may_follow(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states that news of `state` moves on; it also settles a mail that waits to be repeated for want of news."""
    if state is DeliveryState.COMPLAINED:
        return _EVER_SENT | {DeliveryState.BOUNCED}
    return _BEFORE.get(state, _EVER_SENT)


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
    built = [_built(delivery, build) for delivery in claimed]
    try:
        sent = iter(transport.send([one for one in built if isinstance(one, Outgoing)]))
    except TransportRefused as error:
        for delivery in claimed:
            # Nothing was taken: the try does not count, and the next run begins with these.
            back = replace(delivery, state=DeliveryState.QUEUED, owner=None, attempts=delivery.attempts - 1)
            store.finish(replace(back, error=error.problem))
        raise
    except Exception as error:
        # A mistake of ours that one mail brings out: nobody can tell how far it got, and the others still go out.
        sent = iter([Outcome(Verdict.UNKNOWN, f"{type(error).__name__}: {error}")] * len(claimed))
    return [next(sent) if isinstance(one, Outgoing) else one for one in built]


def _built(delivery: Delivery, build: Callable[[Delivery], Message]) -> Outgoing | Outcome:
    try:
        return Outgoing(key=str(delivery.id), message=build(delivery))
    except Exception as error:
        # One mail that cannot be made would else be the first of every later run too, and all others wait behind it.
        return Outcome(Verdict.TEMPORARY, f"cannot be made: {error}")


_COUNTED: Mapping[DeliveryState, Tally] = {
    DeliveryState.ACCEPTED: Tally(accepted=1),
    DeliveryState.FAILED: Tally(failed=1),
}


def _counted(delivery: Delivery) -> Tally:
    return _COUNTED.get(delivery.state, Tally(waiting=1))
