"""Queued emails → out: the bytes of each are made when its turn comes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import structlog

from newsletter import delivery as deliveries
from newsletter.alarms import domains
from newsletter.delivery import Quota, Tally, holding
from newsletter.delivery.holding import Hold
from newsletter.delivery.tally import SharedPace
from newsletter.errors import StoreUnavailable, TransportRefused
from newsletter.models import HEARD_OF, Delivery, DeliveryState, DomainPause, Message, Rendered
from newsletter.pipeline.desk import Desk, Sender
from newsletter.pipeline.planning import Due, Planning, mail_of
from newsletter.pipeline.taste import Tasting
from newsletter.ports import Queue
from newsletter.render import personalise
from newsletter.times.waiting import LONGEST_WAIT

log = structlog.get_logger()

_LOOK = 1.0  # seconds between two looks at what other machines have found
NOBODY_SENDS = (
    "emails wait, and no worker is running",
    "start `newsletter worker`, or `newsletter serve` without --no-work; `newsletter run --here` sends at once",
)
_RECENT = 10  # issues
_WAKE = 5.0  # seconds until workers are called once more
_EDITIONS = 8  # kept at hand while they are sent: each may hold 300 KB
_BRIEF = timedelta(minutes=5)
_PATIENT = 3  # tries, while the service goes on trying
_REMEDY = "see `newsletter status`; the service retries at {:%Y-%m-%d %H:%M} UTC, `newsletter run` retries at once"
_TOMORROW = "they go out from {:%Y-%m-%d %H:%M} UTC on; if the provider takes more, raise the limit"
_AFTER_REFUSAL = timedelta(minutes=15)  # a wrong password that is tried every minute locks accounts


def builder(desk: Sender) -> Callable[[Delivery], Message]:
    """Delivery → message; keeps the editions used last, because emails go out edition by edition."""

    @lru_cache(maxsize=_EDITIONS)
    def edition(key: str) -> Rendered:
        rendered = desk.store.edition(key)
        if rendered is None:
            raise LookupError(f"edition {key} is not in the ledger")
        return rendered

    lists = desk.store.mailing_lists()
    return lambda one: _personal(desk, edition(one.edition), one, to_list=one.subscriber_id in lists)


def message_for(desk: Desk, tasting: Tasting, one: Due, *, is_test: bool = False) -> Message:
    """The email that this reader would get; nothing is recorded. A test email has a name of its own."""
    who, wishes = one.reader.id, one.reader.wishes
    its = tasting.of([one.reader]).get(who)
    if its and one.issues:
        rendered = tasting.rendered(tasting.edition(who, wishes, one.issues, its))
    else:
        rendered = tasting.editor.render(wishes.shared, one.issues)
    to_list = one.reader.wishes.mailing_list is not None
    mail = mail_of(desk, one, rendered.key)
    if is_test:
        mail = replace(mail, message_id=mail.message_id.replace("<", "<test.", 1))
    return _personal(desk, rendered, mail, to_list=to_list)


def _personal(desk: Sender, rendered: Rendered, delivery: Delivery, *, to_list: bool) -> Message:
    return personalise(
        rendered,
        rendered.letterhead or desk.letterhead,
        keys=desk.keys,
        subscriber_id=delivery.subscriber_id,
        email=delivery.email,
        name=delivery.name,
        message_id=delivery.message_id,
        date=delivery.date,
        to_list=to_list,
    )


def send(
    desk: Sender,
    planning: Planning | None = None,
    *,
    only: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    insist: bool = False,
) -> Tally:
    """Send what is queued, after putting back what a stop left in doubt, and plan in step with it.

    Whatever becomes of the sending, all is planned in the end, unless `stop` says so. Where other machines send too, a
    round also ends when one of them finds that emails have to wait. Where an earlier round was held,
    nothing is sent before its time is over, unless the operator insists. Raises TransportRefused.
    """
    hold = holding.read(desk.store)
    if hold and not insist and desk.now() < hold.until <= desk.now() + LONGEST_WAIT:
        if planning:
            planning.finish()
        return Tally()
    desk.store.recover(_owner(desk))
    days: set[date] = set()
    try:
        tally = _drain(desk, planning, only, stop, days)
    except TransportRefused as error:
        if planning and not stop():
            planning.finish()
        _hold(desk, Hold(str(error), desk.now() + _AFTER_REFUSAL))
        raise
    if planning and not stop():
        planning.finish()
    if tally.held:
        # A server that is away for a minute is no news; one that is still away, or that readers refuse us, is.
        lasts = insist or bool(hold) or tally.held_for > _BRIEF
        remedy = _TOMORROW if tally.until_tomorrow else _REMEDY
        _hold(desk, Hold(tally.held, desk.now() + tally.held_for), remedy, tell=lasts)
    elif only is None and holding.read(desk.store) == hold:  # one email that passed says nothing of the others
        holding.write(desk.store, None)
        desk.alarm.over("sending")
    if insist:
        days.update(issue.date for issue in desk.store.issues(1))
    unaccepted = _unaccepted(desk, days, 1 if insist else _PATIENT)
    if unaccepted and not tally.held:  # why emails wait says the same
        desk.alarm.trouble("acceptance", unaccepted, "see `newsletter status` for what the mail server says of each")
    elif tally.accepted and not unaccepted:
        desk.alarm.over("acceptance")
    return replace(tally, unaccepted=unaccepted)


def hand_over(
    desk: Sender, planning: Planning, queue: Queue, stop: Callable[[], bool], wait: Callable[[float], None] = time.sleep
) -> Tally:
    """Plan, and wait until workers have sent what is due; they begin with the first page, whatever held them before."""
    holding.write(desk.store, None)
    days = [issue.date for issue in desk.store.issues(_RECENT)]
    before = _ended(desk, days)
    more, woken = True, -_WAKE
    while not stop():
        more = more and planning.more()
        if time.monotonic() - woken >= _WAKE:
            woken = time.monotonic()
            if not queue.wake() and not more:
                desk.alarm.trouble("workers", *NOBODY_SENDS)
                break
        if more:
            continue
        left = desk.store.due_now(desk.now())
        hold = holding.read(desk.store)
        if not left or (hold and hold.until > desk.now()):
            break
        desk.progress("sending", planning.planned - left, planning.planned)
        wait(_LOOK)
    left = desk.store.unsent((DeliveryState.QUEUED, DeliveryState.SENDING))[0]
    ended = _ended(desk, days) - before
    failed = ended[DeliveryState.FAILED]
    accepted = sum(ended[state] for state in HEARD_OF)
    return Tally(accepted, left, failed, unaccepted=_unaccepted(desk, set(days[:1]), 1))


def _ended(desk: Sender, days: Sequence[date]) -> Counter[str]:
    """The emails of these issues by state."""
    found = Counter[str]()
    for day in days:
        found.update(desk.store.delivery_counts(day))
    return found


def _unaccepted(desk: Sender, days: set[date], tries: int) -> str | None:
    """The last of these issues that nobody, or fewer than half, accepted, however few they are."""
    for day in sorted(days, reverse=True):
        accepted, refused, why = desk.store.acceptance(day, tries)
        if accepted < refused:
            taken = f"issue {day}: {accepted} of {accepted + refused} emails were accepted"
            return f"{taken}{f' ({why[:200]})' if why else ''}"
    return None


def _hold(desk: Sender, hold: Hold, remedy: str = _REMEDY, *, tell: bool = True) -> None:
    holding.write(desk.store, hold)
    if tell:
        desk.alarm.trouble("sending", f"emails wait: {hold.reason}", remedy.format(hold.until))


def _drain(
    desk: Sender, planning: Planning | None, only: str | None, stop: Callable[[], bool], days: set[date]
) -> Tally:
    """One round; `days` gets the issues of its emails."""
    sent, paused, tally = 0, dict[str, DomainPause](), Tally()

    def report(delivery: Delivery) -> None:
        nonlocal sent
        sent += 1
        days.update(delivery.issues)
        desk.progress("sending", sent, sent)

    def unwanted(delivery: Delivery) -> None:
        # Told at the end: when everybody refuses us, it is not these domains.
        one = domains.pause(desk.store, delivery.email, permanent=True, why=delivery.error or "refused", now=desk.now())
        paused[one.domain] = one

    try:
        tally = deliveries.drain(
            desk.store,
            desk.transport,
            builder(desk),
            owner=_owner(desk),
            lease=desk.lease,
            now=desk.now,
            only=only,
            report=report,
            unwanted=unwanted,
            stop=_or_held(desk, stop),
            rate=desk.send_rate,
            health=desk.health,
            pace=SharedPace(desk.store, desk.send_rate) if desk.send_rate and desk.store.on_server else None,
            supply=planning.more if planning else lambda: False,
            quota=_quota(desk),
        )
    finally:
        for one in paused.values():
            if one.domain not in tally.ours:
                domains.tell(desk.alarm, one)
    if tally.ours:
        domains.lift(desk.store, desk.alarm, tally.ours, desk.now())
    return tally


def _or_held(desk: Sender, stop: Callable[[], bool]) -> Callable[[], bool]:
    """Told to stop, or another machine has found since that the server takes nothing."""
    if not desk.store.on_server:
        return stop
    before, looked, held = holding.read(desk.store), time.monotonic(), False

    def stopped() -> bool:
        nonlocal looked, held
        if not held and time.monotonic() - looked >= _LOOK:
            looked = time.monotonic()
            with suppress(StoreUnavailable):  # recording what was sent waits for it
                hold = holding.read(desk.store)
                held = hold not in (before, None) and hold.until > desk.now()
        return held or stop()

    return stopped


def _owner(desk: Sender) -> str:
    return desk.lease.owner if desk.lease else "newsletter"


def _quota(desk: Sender) -> Quota | None:
    zone = ZoneInfo(desk.timezone)
    if not desk.daily_limit:
        return None
    role = desk.lease.role if desk.lease else None
    return Quota(desk.store, desk.daily_limit, lambda: desk.now().astimezone(zone), role)
