"""Who is due → one edition for equal readers → mails in the ledger → out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

import structlog

from newsletter import delivery as deliveries
from newsletter.delivery import Tally
from newsletter.errors import TransportRefused
from newsletter.models import (
    Delivery,
    DeliveryState,
    IssueState,
    Message,
    Notice,
    NoticeKind,
    QuietDays,
    Reader,
    Rendered,
    Subscriber,
    SubscriberState,
    Wishes,
)
from newsletter.pipeline import holding
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor, Issues
from newsletter.pipeline.holding import Hold
from newsletter.pipeline.readiness import waits_until
from newsletter.pipeline.restored import still_open
from newsletter.render import message_id, personalise
from newsletter.subscribers import guard

log = structlog.get_logger()

_EDITIONS = 8  # kept at hand while they are sent: each may hold 300 KB
_BRIEF = timedelta(minutes=5)
_REMEDY = "see `newsletter status`; the service tries again at {:%Y-%m-%d %H:%M} UTC, `newsletter run` at once"
_AFTER_REFUSAL = timedelta(minutes=15)  # a wrong password that is tried every minute locks accounts
_KNOWN_ISSUES = 60  # how far back "what has this reader had" is asked


@dataclass(frozen=True, slots=True)
class Due:
    """A reader and the issues of their next mail, oldest first."""

    reader: Reader
    subscriber: Subscriber
    issues: Issues
    late: date | None = None  # the announcement that this mail waited for in vain; then there may be no issue


def active(desk: Desk, readers: Iterable[Reader] | None = None) -> list[tuple[Reader, Subscriber]]:
    """The readers who may get mail today: the ledger decides, and the file where the ledger is new."""
    gone = desk.store.forgotten()
    everyone = [
        reader
        for reader in (desk.roster.readers if readers is None else readers)
        if not gone or guard.fingerprints(desk.keys, reader.email).isdisjoint(gone)
    ]
    ledger = desk.store.enrol((reader.email for reader in everyone), desk.now())
    found = []
    for reader in everyone:
        subscriber = _honour_pause(desk, reader, _honour_file(desk, reader, ledger[reader.email.lower()]))
        if subscriber.state is SubscriberState.ACTIVE:
            found.append((reader, subscriber))
    return found


def _honour_pause(desk: Desk, reader: Reader, subscriber: Subscriber) -> Subscriber:
    """A date that somebody wrote into the file since we last looked counts; else the ledger's pause, until its day."""
    until, in_file = subscriber.paused_until, subscriber.paused_in_file
    if reader.paused_until is not None and reader.paused_until != in_file:
        until = in_file = reader.paused_until
    if until is not None and until <= desk.now().date():
        until = None
    if (until, in_file) == (subscriber.paused_until, subscriber.paused_in_file):
        return subscriber
    desk.store.set_pause(subscriber.id, until, in_file, desk.now())
    return desk.store.subscriber(subscriber.id) or subscriber


def _honour_file(desk: Desk, reader: Reader, subscriber: Subscriber) -> Subscriber:
    """With a new database what the file says of leaving counts; once recorded, the ledger keeps it."""
    said = {SubscriberState.UNSUBSCRIBED: reader.unsubscribed, SubscriberState.SUPPRESSED: reader.bounced}
    fresh = subscriber.state is SubscriberState.ACTIVE and subscriber.why is None
    for state, why in said.items():
        if why and fresh:
            desk.store.set_subscriber(subscriber.id, state, why, desk.now())
            return desk.store.subscriber(subscriber.id) or subscriber
    return subscriber


def due(desk: Desk, people: Sequence[tuple[Reader, Subscriber]], only: date | None = None) -> list[Due]:
    """What each of them has not had: issue `only`, or every ready one since their last.

    An issue that is held because too few papers got a score is ready for whom it has kept waiting long enough.
    """
    known = desk.store.issues(_KNOWN_ISSUES)
    ready = [issue.date for issue in known if issue.state is not IssueState.COLLECTED]
    ready = ready if only else still_open(desk.store, ready)
    held = [issue.date for issue in known if issue.state is IssueState.COLLECTED and issue.held_since]
    had: dict[int, set[date]] = defaultdict(set)
    for subscriber_id, day in desk.store.received([*ready, *held]):
        had[subscriber_id].add(day)
    found = []
    for reader, subscriber in people:
        mine = had[subscriber.id]
        mature = [*ready, *(day for day in held if waits_until(reader, day) <= desk.now())]
        wanted = [day for day in mature if day == only and day not in mine]
        issues = tuple(wanted) if only else deliveries.due_issues(sorted(mature, reverse=True), mine)
        if issues:
            found.append(Due(reader, subscriber, issues))
    return found


def plan(desk: Desk, editor: Editor, waiting: Sequence[Due]) -> int:
    """Render one edition for equal readers and record their mails as queued; the number of mails."""
    groups: Mapping[tuple[Wishes, Issues, date | None], list[Due]] = defaultdict(list)
    for one in waiting:
        groups[one.reader.wishes, one.issues, one.late].append(one)
    if errors := editor.ask_for_lines([(wishes, issues) for wishes, issues, _ in groups]):
        # A mail goes out all the same: the abstract's own sentence stands in for a missing line.
        log.warning("summaries.incomplete", papers=len(errors), error=str(errors[0]))
    planned = 0
    for number, ((wishes, issues, late), members) in enumerate(groups.items(), start=1):
        desk.progress("rendering", number, len(groups))
        rendered = _render_late(desk, editor, wishes, issues, late) if late else editor.render(wishes, issues)
        desk.store.save_edition(rendered)
        if desk.roster.newsletter.quiet_days is QuietDays.SKIP and not editor.picks(wishes, issues):
            # Recorded all the same: else it would be planned again at every tick, and told with the next issue.
            desk.store.plan([replace(_mail(desk, rendered, one), state=DeliveryState.SKIPPED) for one in members])
            continue
        planned += desk.store.plan([_mail(desk, rendered, one) for one in members])
    return planned


def _render_late(desk: Desk, editor: Editor, wishes: Wishes, issues: Issues, late: date) -> Rendered:
    """The edition with a plain sentence about the announcement that is missing; without issues only that."""
    plain = editor.compose(wishes, issues)
    others = (notice for notice in plain.notices if notice.kind is not NoticeKind.QUIET)
    edition = replace(
        plain,
        key=hashlib.sha256(f"{plain.key} without {late}".encode()).hexdigest(),
        issues=issues or (late,),
        notices=(Notice(NoticeKind.LATE), *others),
    )
    return desk.store.edition(edition.key) or desk.renderer.render(edition, desk.letterhead)


def _mail(desk: Desk, rendered: Rendered, one: Due) -> Delivery:
    return Delivery(
        id=0,
        subscriber_id=one.subscriber.id,
        email=one.reader.email,
        name=one.reader.name,
        edition=rendered.key,
        issues=one.issues,
        state=DeliveryState.QUEUED,
        message_id=_message_id(desk, one),
        date=desk.now().replace(microsecond=0),
    )


def _message_id(desk: Desk, one: Due) -> str:
    """By the newest issue; a mail without one must not take the name of the mail that will bring it."""
    if one.issues or one.late is None:
        return message_id(desk.keys, desk.letterhead, one.subscriber.id, one.issues[-1])
    return message_id(desk.keys, desk.letterhead, one.subscriber.id, one.late).replace("<", "<late.", 1)


def builder(desk: Desk) -> Callable[[Delivery], Message]:
    """Delivery → message; the editions used last are kept, since mails go out edition by edition."""

    @lru_cache(maxsize=_EDITIONS)
    def edition(key: str) -> Rendered:
        rendered = desk.store.edition(key)
        if rendered is None:
            raise LookupError(f"edition {key} is not in the ledger")
        return rendered

    return lambda delivery: _personal(desk, edition(delivery.edition), delivery)


def message_for(desk: Desk, editor: Editor, one: Due) -> Message:
    """The mail that this reader would get; nothing is recorded."""
    rendered = editor.render(one.reader.wishes, one.issues)
    return _personal(desk, rendered, _mail(desk, rendered, one))


def _personal(desk: Desk, rendered: Rendered, delivery: Delivery) -> Message:
    return personalise(
        rendered,
        desk.letterhead,
        keys=desk.keys,
        subscriber_id=delivery.subscriber_id,
        email=delivery.email,
        name=delivery.name,
        message_id=delivery.message_id,
        date=delivery.date,
    )


def send(
    desk: Desk, *, only: str | None = None, stop: Callable[[], bool] = lambda: False, insist: bool = False
) -> Tally:
    """Send what is queued, after putting back what a stop left in doubt. Raises TransportRefused.

    Where an earlier round was held, nothing is sent before its time is over, unless the operator insists.
    """
    hold = holding.read(desk.store)
    if hold and not insist and desk.now() < hold.until:
        return Tally()
    for orphan in desk.store.orphans():
        desk.store.finish(deliveries.recover(orphan))
    try:
        tally = _drain(desk, only, stop)
    except TransportRefused as error:
        _hold(desk, Hold(str(error), desk.now() + _AFTER_REFUSAL))
        raise
    if tally.held:
        # A server that is away for a minute is no news; one that is still away, or that readers refuse us, is.
        _hold(desk, Hold(tally.held, desk.now() + tally.held_for), tell=bool(hold or tally.held_for > _BRIEF))
    elif only is None:  # one mail that passed says nothing of the others
        holding.write(desk.store, None)
        desk.alarm.over("sending")
    return tally


def _hold(desk: Desk, hold: Hold, *, tell: bool = True) -> None:
    holding.write(desk.store, hold)
    if tell:
        desk.alarm.trouble("sending", f"mails wait: {hold.reason}", _REMEDY.format(hold.until))


def _drain(desk: Desk, only: str | None, stop: Callable[[], bool]) -> Tally:
    sent = 0

    def report(_: Delivery) -> None:
        nonlocal sent
        sent += 1
        desk.progress("sending", sent, sent)

    return deliveries.drain(
        desk.store,
        desk.transport,
        builder(desk),
        owner=desk.owner,
        now=desk.now,
        only=only,
        report=report,
        stop=stop,
        rate=desk.send_rate,
    )
