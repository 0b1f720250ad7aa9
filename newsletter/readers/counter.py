"""The object passed to everything that handles replies, clicks and edits; `app` opens one per process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from newsletter.alarms import Alarms
from newsletter.models import Letterhead, Outcome, Outgoing
from newsletter.ports import Hook, Mailbox
from newsletter.store import Store
from newsletter.tokens import Keys


def _unheard() -> None:
    """Without a loop in this process, the next tick comes when it comes."""


@dataclass(slots=True)
class Bell:
    """Has the next tick come at once; rung where an email is left for it to write, for which a reader waits."""

    ring: Callable[[], None] = _unheard


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Replies, clicks, events of providers and edits of the list all work with these, and open nothing themselves."""

    store: Store
    read_keys: Callable[[], Keys]
    post: Callable[[Outgoing], Outcome]  # one email by the configured transport; raises NewsletterError
    letterhead: Letterhead
    alarms: Alarms
    now: Callable[[], datetime]
    subscribers: Path  # the file
    data_dir: Path
    authserv_id: str | None = None  # whose Authentication-Results header is believed in emails out of files
    open_mailbox: Callable[[], AbstractContextManager[Mailbox]] | None = None  # None: nobody reads replies here
    carrier: str = ""  # through whom emails go, as readers are told
    find_hooks: Callable[[], Sequence[Hook]] = tuple  # where providers post to
    keep: timedelta = timedelta(days=400)  # what is older is not acted on, and goes
    find_templates: Callable[[], Sequence[Path]] = tuple  # the folders of templates and words, the first wins
    bell: Bell = field(default_factory=Bell)

    @property
    def keys(self) -> Keys:
        """The keys now in the file: someone may add one, or restore those of a backup."""
        return self.read_keys()

    @property
    def templates(self) -> Sequence[Path]:
        return self.find_templates()

    @property
    def today(self) -> date:
        return self.now().date()
