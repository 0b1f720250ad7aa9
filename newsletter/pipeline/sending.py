"""Queued emails → out: the bytes of each are made when its turn comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

import structlog

from newsletter import delivery as deliveries
from newsletter.alarms import domains
from newsletter.delivery import Tally, holding
from newsletter.delivery.holding import Hold
from newsletter.errors import TransportRefused
from newsletter.models import Delivery, Message, Rendered
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.planning import Due, Planning, mail_of
from newsletter.render import personalise
from newsletter.times.waiting import LONGEST_WAIT

log = structlog.get_logger()

_EDITIONS = 8  # kept at hand while they are sent: each may hold 300 KB
_BRIEF = timedelta(minutes=5)
_REMEDY = "see `newsletter status`; the service retries at {:%Y-%m-%d %H:%M} UTC, `newsletter run` retries at once"
_AFTER_REFUSAL = timedelta(minutes=15)  # a wrong password that is tried every minute locks accounts


def builder(desk: Desk) -> Callable[[Delivery], Message]:
    """Delivery → message; keeps the editions used last, because emails go out edition by edition."""

    @lru_cache(maxsize=_EDITIONS)
    def edition(key: str) -> Rendered:
        rendered = desk.store.edition(key)
        if rendered is None:
            raise LookupError(f"edition {key} is not in the ledger")
        return rendered

    lists = desk.store.mailing_lists()
    return lambda one: _personal(desk, edition(one.edition), one, to_list=one.subscriber_id in lists)


def message_for(desk: Desk, editor: Editor, one: Due) -> Message:
    """The email that this reader would get; nothing is recorded."""
    rendered = editor.render(one.reader.wishes, one.issues)
    to_list = one.reader.wishes.mailing_list is not None
    return _personal(desk, rendered, mail_of(desk, one, rendered.key), to_list=to_list)


def _personal(desk: Desk, rendered: Rendered, delivery: Delivery, *, to_list: bool) -> Message:
    return personalise(
        rendered,
        desk.letterhead,
        keys=desk.keys,
        subscriber_id=delivery.subscriber_id,
        email=delivery.email,
        name=delivery.name,
        message_id=delivery.message_id,
        date=delivery.date,
        to_list=to_list,
    )


def send(
    desk: Desk,
    planning: Planning,
    *,
    only: str | None = None,
    stop: Callable[[], bool] = lambda: False,
    insist: bool = False,
) -> Tally:
    """Send what is queued, after putting back what a stop left in doubt, and plan in step with it.

    Whatever becomes of the sending, all is planned in the end, unless `stop` says so. Where an earlier round was held,
    nothing is sent before its time is over, unless the operator insists. Raises TransportRefused.
    """
    hold = holding.read(desk.store)
    if hold and not insist and desk.now() < hold.until <= desk.now() + LONGEST_WAIT:
        planning.finish()
        return Tally()
    for orphan in desk.store.orphans():
        desk.store.finish(deliveries.recover(orphan))
    try:
        tally = _drain(desk, planning, only, stop)
    except TransportRefused as error:
        planning.finish()
        _hold(desk, Hold(str(error), desk.now() + _AFTER_REFUSAL))
        raise
    if not stop():
        planning.finish()
    if tally.held:
        # A server that is away for a minute is no news; one that is still away, or that readers refuse us, is.
        _hold(desk, Hold(tally.held, desk.now() + tally.held_for), tell=bool(hold or tally.held_for > _BRIEF))
    elif only is None:  # one email that passed says nothing of the others
        holding.write(desk.store, None)
        desk.alarm.over("sending")
    return tally


def _hold(desk: Desk, hold: Hold, *, tell: bool = True) -> None:
    holding.write(desk.store, hold)
    if tell:
        desk.alarm.trouble("sending", f"emails wait: {hold.reason}", _REMEDY.format(hold.until))


def _drain(desk: Desk, planning: Planning, only: str | None, stop: Callable[[], bool]) -> Tally:
    sent = 0

    def report(_: Delivery) -> None:
        nonlocal sent
        sent += 1
        desk.progress("sending", sent, sent)

    def unwanted(delivery: Delivery) -> None:
        domains.refused(
            desk.store, desk.alarm, delivery.email, permanent=True, why=delivery.error or "refused", now=desk.now()
        )

    return deliveries.drain(
        desk.store,
        desk.transport,
        builder(desk),
        owner=desk.owner,
        now=desk.now,
        only=only,
        report=report,
        unwanted=unwanted,
        stop=stop,
        rate=desk.send_rate,
        supply=planning.more,
    )
