"""Who is due → one edition for equal readers → emails in the ledger, page by page."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import structlog

from newsletter import delivery as deliveries
from newsletter.delivery.restored import still_open
from newsletter.errors import ModelError
from newsletter.models import (
    Delivery,
    DeliveryState,
    Edition,
    Enrolled,
    Hours,
    IssueState,
    Notice,
    NoticeKind,
    QuietDays,
    Rendered,
    Wishes,
)
from newsletter.pipeline import withdrawals
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor, Issues
from newsletter.pipeline.taste import Taste, Tasting
from newsletter.render import message_id
from newsletter.times.hours import is_due_day
from newsletter.times.waiting import issue_waits_until

log = structlog.get_logger()

_KNOWN_ISSUES = 60  # how far back "what has this reader had" is asked
_OWN_EDITIONS = 50  # in memory at once
_MOST_EDITIONS = 1000  # remembered while planning; equal wishes come one after another


@dataclass(frozen=True, slots=True)
class Due:
    """A reader and the issues of their next email, oldest first."""

    reader: Enrolled
    issues: Issues
    late: date | None = None  # the announcement that this email waited for in vain; then there may be no issue
    withdrawn: tuple[str, ...] = ()  # papers that this reader had and that were found withdrawn with these issues


@dataclass(frozen=True, slots=True)
class Group:
    """Readers with the same hours, and the issues ready for them, newest first."""

    id: int
    hours: Hours
    issues: Issues
    oldest: date | None  # the first issue that is asked about


def groups(desk: Desk, day: date | None = None) -> list[Group]:
    """Everybody who gets mail, by their hours; with `day` also what was sent before a restore is ready.

    An issue that is held because too few papers got a score is ready for whom it has kept waiting long enough.
    """
    now = desk.now()
    desk.store.end_pauses(now)
    known = desk.store.issues(_KNOWN_ISSUES)
    ready = [issue.date for issue in known if issue.state is not IssueState.COLLECTED]
    ready = ready if day else still_open(desk.store, ready)
    held = [issue.date for issue in known if issue.state is IssueState.COLLECTED and issue.held_since]
    oldest = min([*ready, *held], default=None)
    found = []
    for number, hours in desk.store.hours().items():
        mature = [*ready, *(day for day in held if issue_waits_until(hours, day) <= now)]
        found.append(Group(number, hours, tuple(sorted(mature, reverse=True)), oldest))
    return found


def due(desk: Desk, day: date | None = None, only: str | None = None) -> Iterator[Sequence[Due]]:
    """Everybody with what they have not had, whatever their hour: issue `day`, or every ready one since their last.

    Weekly emails keep to their weekday, unless one issue or one reader is asked for.
    """
    now = desk.now()
    for group in groups(desk, day):
        if day is None and only is None and group.hours.weekly and not is_due_day(group.hours, now):
            continue
        if day is None:
            yield from due_of(desk, group, only=only)
        elif day in group.issues:
            for page in desk.store.pages(group.id, lacking=day, only=only):
                yield [Due(reader, (day,)) for reader in page]


def due_of(
    desk: Desk,
    group: Group,
    *,
    carries: Callable[[Issues], Issues] = lambda issues: issues,
    since: datetime | None = None,
    until: datetime | None = None,
    late: date | None = None,
    only: str | None = None,
) -> Iterator[Sequence[Due]]:
    """Pages of this group's readers, each with those of the ready issues since their last that an email now `carries`.

    `since`, `until`: only who has had no mail between them; `late`: with it an email needs no issue.
    """
    allowed = carries(group.issues)
    if not allowed and late is None:
        return
    lacking = max(allowed) if late is None else None  # who has had the newest has nothing to wait for
    for page in desk.store.pages(group.id, since=since, until=until, lacking=lacking, only=only, oldest=group.oldest):
        found = [Due(one, carries(_due_issues(group, one)), late) for one in page]
        if some := [one for one in found if one.issues or late]:
            yield some


def _due_issues(group: Group, reader: Enrolled) -> Issues:
    return deliveries.due_issues(group.issues, _had(reader), weekly=reader.wishes.weekly)


def _had(reader: Enrolled) -> tuple[date, ...]:
    return (reader.last,) if reader.last else ()


class Planning:
    """Renders one edition for equal readers and records their emails as queued, a page at a time."""

    def __init__(self, desk: Desk, editor: Editor, pages: Iterable[Sequence[Due]]) -> None:
        self._store, self._press, self._pages = desk.store, _Press(desk, editor), iter(pages)
        self.planned = 0  # emails
        self.is_finished = False

    def more(self) -> bool:
        """Plan the next page; False when there is none."""
        page = next(self._pages, None)
        if page is None:
            self.is_finished = True
            return False
        mails = self._press.mails(page)
        self.planned += self._store.plan([mail for mail in mails if mail.state is DeliveryState.QUEUED])
        if skipped := [mail for mail in mails if mail.state is DeliveryState.SKIPPED]:
            # Recorded all the same: else it would be planned again at every tick, and told with the next issue.
            self._store.plan(skipped)
        return True

    def finish(self) -> int:
        """Plan all that is left; how many emails were planned in all."""
        while self.more():
            continue
        return self.planned


_Kind = tuple[Wishes, Issues, date | None, tuple[str, ...]]  # whoever has the same gets the same edition


@dataclass
class _Press:
    """Makes editions and remembers their keys: the next page wants the same ones."""

    desk: Desk
    editor: Editor
    _made: dict[_Kind, tuple[str, DeliveryState]] = field(default_factory=dict)
    _asked: set[tuple[Wishes, Issues]] = field(default_factory=set)  # a model that failed is asked once a planning

    @cached_property
    def _tasting(self) -> Tasting:
        return Tasting(self.editor)

    def mails(self, page: Sequence[Due]) -> list[Delivery]:
        """The emails of a page, those of one edition together; behind them those whose reader has an own one."""
        if len(self._made) > _MOST_EDITIONS:
            self._made.clear()
        members: dict[_Kind, list[Due]] = defaultdict(list)
        tastes = self._tasting.of(one.reader for one in page)
        own = []
        for one in self._with_withdrawals(page):
            if one.reader.id in tastes and one.issues:
                own.append(one)
                continue
            members[one.reader.wishes.shared, one.issues, one.late, one.withdrawn].append(one)
        self._make([group for group in members if group not in self._made])
        shared = [mail_of(self.desk, one, *self._made[group]) for group, those in members.items() for one in those]
        return shared + self._own(own, tastes)

    def _own(self, page: Sequence[Due], tastes: Mapping[int, Taste]) -> list[Delivery]:
        """Their editions are saved a few at a time: each is as large as one that everybody shares."""
        if not page:
            return []
        self._ask([(one.reader.wishes.shared, one.issues) for one in page])
        tasting = self._tasting
        placings = {one.reader.id: tasting.place(one.reader.wishes, one.issues, tastes[one.reader.id]) for one in page}
        _told(tasting.ask_for_lines([(one.reader.wishes, one.issues, placings[one.reader.id]) for one in page]))
        mails = []
        for start in range(0, len(page), _OWN_EDITIONS):
            rendered: dict[int, Rendered] = {}
            for one in page[start : start + _OWN_EDITIONS]:
                reader, its = one.reader, tastes[one.reader.id]
                named = withdrawals.named(self.desk, one.withdrawn)
                edition = tasting.edition(reader.id, reader.wishes, one.issues, its, named, placings[reader.id])
                rendered[reader.id] = self.desk.renderer.render_own(
                    _without(edition, one.late) if one.late else edition, self.desk.letterhead
                )
                state = self._state(bool(edition.entries or one.withdrawn))
                mails.append(mail_of(self.desk, one, rendered[reader.id].key, state))
            self.desk.store.save_own_editions(rendered, self.desk.now())
        return mails

    def _state(self, has_something: bool) -> DeliveryState:
        quiet = self.desk.roster.newsletter.quiet_days is QuietDays.SKIP and not has_something
        return DeliveryState.SKIPPED if quiet else DeliveryState.QUEUED

    def _with_withdrawals(self, page: Sequence[Due]) -> Sequence[Due]:
        papers = withdrawals.told_with(self.desk, list({day for one in page for day in one.issues}))
        if not papers:
            return page
        had = self.desk.store.had(papers, [one.reader.id for one in page])
        return [self._with_those_of(one, had.get(one.reader.id, ())) for one in page]

    def _with_those_of(self, one: Due, had: Sequence[str]) -> Due:
        told = withdrawals.told_with(self.desk, one.issues) if had else {}
        return replace(one, withdrawn=tuple(arxiv_id for arxiv_id in had if arxiv_id in told))

    def _make(self, fresh: Sequence[_Kind]) -> None:
        self._ask([(wishes, issues) for wishes, issues, *_ in fresh])
        for number, group in enumerate(fresh, start=1):
            self.desk.progress("rendering", number, len(fresh))
            self._made[group] = self._edition(*group)

    def _ask(self, mails: Sequence[tuple[Wishes, Issues]]) -> None:
        if len(self._asked) > _MOST_EDITIONS:
            self._asked.clear()
        if fresh := [one for one in dict.fromkeys(mails) if one not in self._asked]:
            self._asked.update(fresh)
            _told(self.editor.ask_for_lines(fresh))

    def _edition(
        self, wishes: Wishes, issues: Issues, late: date | None, withdrawn: tuple[str, ...]
    ) -> tuple[str, DeliveryState]:
        """The key of the stored edition, and whether its emails are to be sent."""
        desk, editor = self.desk, self.editor
        edition = editor.compose(wishes, issues, withdrawals.named(desk, withdrawn))
        rendered = editor.rendered(_without(edition, late) if late else edition)
        desk.store.save_edition(rendered)
        has_papers = editor.picks(wishes, issues) or editor.missed(wishes, issues)
        return rendered.key, self._state(bool(has_papers or withdrawn))


def _told(errors: Sequence[ModelError]) -> None:
    """An email goes out all the same: the abstract's own sentence stands in for a missing line."""
    if errors:
        log.warning("summaries.incomplete", papers=len(errors), error=str(errors[0]))


def _without(edition: Edition, late: date) -> Edition:
    """The edition with a sentence about the missing announcement; if there are no issues, only that sentence."""
    others = (notice for notice in edition.notices if notice.kind is not NoticeKind.QUIET)
    return replace(
        edition,
        key=hashlib.sha256(f"{edition.key} without {late}".encode()).hexdigest(),
        issues=edition.issues or (late,),
        notices=(Notice(NoticeKind.LATE), *others),
    )


def mail_of(desk: Desk, one: Due, edition: str, state: DeliveryState = DeliveryState.QUEUED) -> Delivery:
    """The email of this reader as recorded in the ledger."""
    return Delivery(
        id=0,
        subscriber_id=one.reader.id,
        email=one.reader.email,
        name=one.reader.name,
        edition=edition,
        issues=one.issues,
        state=state,
        message_id=_message_id(desk, one),
        date=desk.now().replace(microsecond=0),
    )


def _message_id(desk: Desk, one: Due) -> str:
    """By the newest issue; an email without one must not take the name of the email that will bring it."""
    if one.issues or one.late is None:
        return message_id(desk.keys, desk.letterhead, one.reader.id, one.issues[-1])
    return message_id(desk.keys, desk.letterhead, one.reader.id, one.late).replace("<", "<late.", 1)
