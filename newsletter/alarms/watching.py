"""What is wrong with the service → troubles that one person is told of, and pings for an external monitor."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from newsletter.alarms.pinging import ping
from newsletter.alarms.telling import Alarms
from newsletter.errors import ArxivError, ArxivRefused, MailboxUnavailable, NewsletterError, StoreError
from newsletter.models import Trouble

_PATIENCE = timedelta(minutes=30)  # what passes by itself within this time is no trouble
_MIB = 1 << 20
_LOW, _ENOUGH = 200 * _MIB, 300 * _MIB  # free on the disk of the data folder

_REMEDIES = {
    "arxiv": "see https://status.arxiv.org; the service keeps asking, and emails wait until `wait_until`",
    "mailbox": "check the address and password with `newsletter inbox --once`; replies stay in the mailbox meanwhile",
    "roster": "fix the file; `newsletter check` shows every mistake. Until then, the last valid version is used",
    "entries": "fix these lines; `newsletter check` shows every mistake. All other readers get their emails",
    "ledger": "check the disk and the file's permissions; nothing is sent that cannot be recorded",
    "disk": "free some space, or move NEWSLETTER_DATA_DIR to a larger disk",
    "service": "this is a bug in the program: please report it with the lines from the log",
}


class Remembered:
    """A TroubleStore of this process alone, for the day on which the ledger is what is broken."""

    def __init__(self) -> None:
        self._troubles: dict[str, Trouble] = {}

    def troubles(self) -> Sequence[Trouble]:
        return list(self._troubles.values())

    def save_trouble(self, trouble: Trouble) -> None:
        self._troubles[trouble.key] = trouble

    def note_trouble(self, trouble: Trouble) -> None:
        self.save_trouble(trouble)

    def claim_trouble(self, trouble: Trouble, now: datetime) -> bool:
        return trouble.key in self._troubles

    def drop_trouble(self, key: str) -> None:
        self._troubles.pop(key, None)


@dataclass
class Watch:
    """What the service knows about its own problems between two ticks."""

    alarms: Alarms  # with the ledger's memory
    data_dir: Path
    ping_url: str | None
    _since: dict[str, datetime] = field(default_factory=dict)  # when what may pass by itself began
    _open: frozenset[str] = frozenset()  # the troubles at the last look
    _without_ledger: Remembered = field(default_factory=Remembered)

    def wrong(self, key: str, problem: str, *, patience: timedelta = timedelta(), alarms: Alarms | None = None) -> None:
        """Tell it once it has lasted; what is wrong for the first time may pass."""
        now = self.alarms.now()
        if now - self._since.setdefault(key, now) >= patience:
            (alarms or self.alarms).trouble(key, problem, _REMEDIES[key])

    def right(self, key: str, alarms: Alarms | None = None) -> None:
        """It works, as far as this look can tell."""
        self._since.pop(key, None)
        (alarms or self.alarms).over(key)

    def begin_anew(self) -> None:
        """Forget since when things are wrong: the clock by which that was noted has been set back."""
        self._since.clear()

    def arxiv(self, error: ArxivError) -> None:
        """A refusal lasts; an outage may be over before anyone is awake."""
        refused = isinstance(error, ArxivRefused)
        self.wrong("arxiv", str(error), patience=timedelta() if refused else _PATIENCE)

    def announcement(self, missing: date | None, *, asked: bool) -> None:
        """An issue that is still missing after every deadline is reported as a problem with arXiv, like an outage."""
        if missing is not None and "arxiv" not in self._open:
            problem = f"issue {missing} is missing: arXiv has not announced it, or could not be reached"
            self.wrong("arxiv", problem, patience=_PATIENCE)
        elif missing is None and asked:
            self.right("arxiv")

    def mailbox(self, unread_since: datetime | None) -> None:
        """Reports a mailbox that was not read completely for too long; a poll that hangs reports nothing itself."""
        if unread_since is not None and "mailbox" not in self._open:
            self.wrong("mailbox", f"the mailbox has not been read completely since {unread_since:%Y-%m-%d %H:%M} UTC")

    def disk(self) -> None:
        """The free space in the data folder."""
        free = shutil.disk_usage(self.data_dir).free
        if free < _LOW:
            self.wrong("disk", f"only {free // _MIB} MiB free on the disk that holds {self.data_dir}")
        elif free >= _ENOUGH:
            self.right("disk")

    def ledger(self, error: StoreError) -> None:
        """The ledger itself: told from memory, so that a restart tells it again."""
        self.wrong("ledger", str(error), alarms=self._remembered())
        self._ping_if_new(frozenset(one.key for one in self._without_ledger.troubles()))

    def _remembered(self) -> Alarms:
        return replace(self.alarms, store=self._without_ledger)

    def settle(self, *, sent: bool) -> None:
        """At the end of a tick: tell what could not be told, and ping what the morning was like."""
        if self._without_ledger.troubles():
            remembered = self._remembered()
            self.right("ledger", remembered)
            remembered.settle()
        self.alarms.settle()
        troubles = frozenset(one.key for one in self.alarms.store.troubles() if one.ended is None)
        if sent and not troubles:
            ping(self.ping_url, good=True)
        self._ping_if_new(troubles)

    def _ping_if_new(self, troubles: frozenset[str]) -> None:
        if troubles - self._open:
            ping(self.ping_url, good=False)
        self._open = troubles

    def failed(self, key: str, error: Exception, *, patience: timedelta | None = None) -> None:
        """Trouble outside a tick's own steps: a list that was never good, a mailbox, an error of ours.

        A mailbox that will not open until someone acts is no outage that may pass.
        """
        if patience is None:
            patience = timedelta() if isinstance(error, MailboxUnavailable) and error.lasting else _PATIENCE
        said = str(error) if isinstance(error, NewsletterError) else f"{type(error).__name__}: {error}"
        self.wrong(key, said, patience=patience)
        self.settle(sent=False)

    def works(self, key: str) -> None:
        """Ends what `failed` reported; costs nothing if nothing was reported."""
        if key in self._since or key in self._open:
            self.right(key)
            self.settle(sent=False)
