"""Opening the counter: everything that the way back works with, once a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from newsletter.alarms import Alarms
from newsletter.app import adapters
from newsletter.app.files import folders
from newsletter.app.keys import key_file
from newsletter.app.ledger import open_ledger
from newsletter.readers import Counter
from newsletter.settings import Settings
from newsletter.times.clock import utc_now

T = TypeVar("T")


@contextmanager
def open_examined(
    settings: Settings, examine: Callable[[Counter], T], *, now: Callable[[], datetime] = utc_now
) -> Iterator[tuple[Counter, T]]:
    """The counter, and what the examination found; if that raises, no new ledger is created."""
    with ExitStack() as opened:
        counter = opened.enter_context(open_counter(settings, now=now, peek=True))
        found = examine(counter)
        if counter.store.in_memory:
            counter = opened.enter_context(open_counter(settings, now=now))
        else:
            counter = replace(counter, read_keys=key_file(settings, counter.store, make=True))
        yield counter, found


@contextmanager
def open_counter(settings: Settings, *, now: Callable[[], datetime] = utc_now, peek: bool = False) -> Iterator[Counter]:
    """One ledger, opened once, and what else replies, clicks and edits of the list need.

    `peek` creates nothing: if there is no ledger yet, an empty one in memory is used.
    """
    with open_ledger(settings, peek=peek) as store:
        post = partial(adapters.post, settings)
        letterhead = adapters.letterhead(settings, store)
        yield Counter(
            store=store,
            read_keys=key_file(settings, store, make=not peek),
            post=post,
            letterhead=letterhead,
            alarms=Alarms(store=store, post=post, letterhead=letterhead, admin=settings.admin_email, now=now),
            now=now,
            subscribers=settings.subscribers,
            data_dir=settings.data_dir,
            authserv_id=settings.authserv_id,
            carrier=settings.kind.carrier(settings),
            open_mailbox=partial(adapters.open_mailbox, settings) if settings.imap_url else None,
            find_hooks=partial(adapters.hooks, settings),
            keep=timedelta(days=settings.keep_days),
            find_templates=partial(folders, "templates", settings.subscribers),
        )
