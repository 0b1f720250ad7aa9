"""Counters for tests: over a ledger in memory, or as `app` opens them for given settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from newsletter import app
from newsletter.alarms import Alarms
from newsletter.models import Masthead, Outcome, Outgoing, Verdict
from newsletter.pipeline import Desk
from newsletter.readers import Counter, in_force
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.store import Store
from tests.factories import KEYS, a_letterhead

TEMPLATES = Path(__file__).parent.parent / "templates"
MORNING = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)  # after the announcement of 9 March


def a_counter(store: Store, file: Path, now: datetime = MORNING, posted: list[Outgoing] | None = None) -> Counter:
    """A counter over this ledger and this file; what it posts is added to `posted`."""

    def post(mail: Outgoing) -> Outcome:
        if posted is not None:
            posted.append(mail)
        return Outcome(Verdict.ACCEPTED)

    letterhead, clock = a_letterhead(), lambda: now
    return Counter(
        store=store,
        read_keys=lambda: KEYS,
        post=post,
        letterhead=letterhead,
        alarms=Alarms(store=store, post=post, letterhead=letterhead, admin=None, now=clock),
        now=clock,
        subscribers=file,
        data_dir=file.parent / "var",
        find_templates=lambda: [TEMPLATES],
    )


Now = datetime | Callable[[], datetime]


def clock(now: Now) -> Callable[[], datetime]:
    """The clock that always shows this time, or the one that is given."""
    return now if callable(now) else lambda: now


@contextmanager
def counter_of(settings: Settings, now: Now = MORNING) -> Iterator[Counter]:
    """The counter of a command."""
    with app.open_counter(settings, now=clock(now)) as counter:
        yield counter


@contextmanager
def desk_at(settings: Settings, now: Now = MORNING) -> Iterator[Desk]:
    """The desk of a command that holds the data folder, with the list in force."""
    with counter_of(settings, now) as counter, app.work_folder(settings, counter.store, "test", counter.now):
        looked = in_force.look(counter)
        with app.open_desk(settings, counter, looked.masthead) as desk:
            in_force.take_in(counter, looked)
            yield desk


@contextmanager
def service_of(settings: Settings, now: Now = MORNING) -> Iterator[Service]:
    """The service, without its loop; time passes for it as this clock shows."""
    with counter_of(settings, now) as counter:
        yield Service(settings, counter, seconds=lambda: clock(now)().timestamp())


def masthead_of(settings: Settings) -> Masthead:
    """What the file says of the newsletter as a whole."""
    with app.open_counter(settings, peek=True) as counter:
        return in_force.load(counter).masthead
