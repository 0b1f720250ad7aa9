"""What is wrong with the service → troubles that one person is told of, and pings for whoever watches from outside."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from newsletter.app.alarms import Alarms
from newsletter.app.desk import alarms_of, open_ledger, open_transport
from newsletter.app.pinging import ping
from newsletter.collect import calendar
from newsletter.errors import ArxivError, ArxivRefused, NewsletterError, StoreError
from newsletter.models import IssueState, Newsletter, Trouble
from newsletter.pipeline import waits_until
from newsletter.ports import PaperStore, TroubleStore
from newsletter.settings import Settings

_PATIENCE = timedelta(minutes=30)  # what passes by itself within this time is no trouble
_LOOK_BACK = 10  # issues
_MIB = 1 << 20
_LOW, _ENOUGH = 200 * _MIB, 300 * _MIB  # free on the disk of the data folder

_REMEDIES = {
    "arxiv": "look at https://status.arxiv.org; the service goes on asking, and the mails wait until `wait_until`",
    "mailbox": "check address and password with `newsletter inbox --once`; the replies wait in the mailbox meanwhile",
    "roster": "mend the file; `newsletter check` shows every finding. The last good one is in force",
    "ledger": "look at the disk and at the file's rights; nothing is sent that could not be recorded",
    "disk": "make room, or move NEWSLETTER_DATA_DIR to a larger disk",
    "service": "this is an error of the program: please report it with the lines of the log",
}


class Remembered:
    """A TroubleStore of this process alone, for the day on which the ledger is what is broken."""

    def __init__(self) -> None:
        self._troubles: dict[str, Trouble] = {}

    def troubles(self) -> Sequence[Trouble]:
        return list(self._troubles.values())

    def save_trouble(self, trouble: Trouble) -> None:
        self._troubles[trouble.key] = trouble

    def drop_trouble(self, key: str) -> None:
        self._troubles.pop(key, None)


@dataclass
class Watch:
    """What the service knows of its own troubles between two ticks."""

    settings: Settings
    now: Callable[[], datetime]
    _since: dict[str, datetime] = field(default_factory=dict)  # when what may pass by itself began
    _open: frozenset[str] = frozenset()  # the troubles at the last look
    _without_ledger: Remembered = field(default_factory=Remembered)

    @contextmanager
    def alarms(self, store: TroubleStore | None = None) -> Iterator[Alarms]:
        """Where trouble is told when no desk is open; by default with the ledger's memory."""
        with open_transport(self.settings) as transport:
            if store is not None:
                yield Alarms(
                    store=store,
                    transport=transport,
                    letterhead=self.settings.letterhead,
                    admin=self.settings.admin_email,
                    now=self.now,
                )
                return
            with open_ledger(self.settings) as ledger:
                yield alarms_of(self.settings, ledger, transport, self.now)

    def wrong(self, alarms: Alarms, key: str, problem: str, *, patience: timedelta = timedelta()) -> None:
        """Tell it once it has lasted; what is wrong for the first time may pass."""
        since = self._since.setdefault(key, self.now())
        if self.now() - since >= patience:
            alarms.trouble(key, problem, _REMEDIES[key])

    def right(self, alarms: Alarms, key: str) -> None:
        """It works, as far as this look can tell."""
        self._since.pop(key, None)
        alarms.over(key)

    def arxiv(self, alarms: Alarms, error: ArxivError) -> None:
        """A refusal lasts; an outage may be over before anybody is up."""
        refused = isinstance(error, ArxivRefused)
        self.wrong(alarms, "arxiv", str(error), patience=timedelta() if refused else _PATIENCE)

    def announcement(self, alarms: Alarms, missing: date | None, *, asked: bool) -> None:
        """An issue that is missing though nobody waits for it any longer is a trouble of arXiv's, like an outage."""
        if missing is not None and "arxiv" not in self._open:
            problem = f"issue {missing} is missing: arXiv has not announced it, or could not be asked"
            self.wrong(alarms, "arxiv", problem, patience=_PATIENCE)
        elif missing is None and asked:
            self.right(alarms, "arxiv")

    def disk(self, alarms: Alarms) -> None:
        """The room that is left in the data folder."""
        free = shutil.disk_usage(self.settings.data_dir).free
        if free < _LOW:
            self.wrong(alarms, "disk", f"only {free // _MIB} MiB are free on the disk of {self.settings.data_dir}")
        elif free >= _ENOUGH:
            self.right(alarms, "disk")

    def ledger(self, error: StoreError) -> None:
        """The ledger itself: told from memory, so that a restart tells it again."""
        with self.alarms(self._without_ledger) as alarms:
            self.wrong(alarms, "ledger", str(error), patience=timedelta())
        self._ping_if_new(frozenset(self._without_ledger._troubles))

    def settle(self, alarms: Alarms, *, sent: bool) -> None:
        """At the end of a tick: tell what could not be told, and ping what the morning was like."""
        if self._without_ledger.troubles():
            with self.alarms(self._without_ledger) as remembered:
                self.right(remembered, "ledger")
                remembered.settle()
        alarms.settle()
        troubles = frozenset(one.key for one in alarms.store.troubles() if one.ended is None)
        if sent and not troubles:
            ping(self.settings, good=True)
        self._ping_if_new(troubles)

    def _ping_if_new(self, troubles: frozenset[str]) -> None:
        if troubles - self._open:
            ping(self.settings, good=False)
        self._open = troubles

    def failed(self, key: str, error: Exception, *, patience: timedelta = _PATIENCE) -> None:
        """Trouble without an open desk: a roster that was never good, a mailbox, an error of ours."""
        said = str(error) if isinstance(error, NewsletterError) else f"{type(error).__name__}: {error}"
        with self.alarms() as alarms:
            self.wrong(alarms, key, said, patience=patience)
            self.settle(alarms, sent=False)

    def works(self, key: str) -> None:
        """The end of what `failed` said; costs nothing where nothing was said."""
        if key in self._since or key in self._open:
            with self.alarms() as alarms:
                self.right(alarms, key)
                self.settle(alarms, sent=False)


def beyond_wait(store: PaperStore, newsletter: Newsletter, now: datetime) -> date | None:
    """The newest issue that should be ready: the newsletter's `wait_until` has passed since it was due."""
    day, known = calendar.newest(now), store.issues(_LOOK_BACK)
    if now < waits_until(newsletter, day):
        if not known:
            return None  # what was announced before our first issue was never ours
        day = calendar.previous(day)
    return None if any(one.date >= day for one in known if one.state is not IssueState.COLLECTED) else day
