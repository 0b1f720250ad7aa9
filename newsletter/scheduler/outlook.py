"""What the service will do next and when, said once when it starts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import structlog

from newsletter.pipeline import Desk
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.telling import due_text
from newsletter.times import calendar
from newsletter.times.hours import next_hour

log = structlog.get_logger()


def tell(desk: Desk, settings: Settings) -> None:
    """Logs the next announcement, the next emails, and whether the mailbox is read."""
    now = desk.now()
    issue = calendar.following(calendar.newest(now))
    log.info("next.announcement", issue=str(issue), due=due_text(issue, desk.holidays))
    _tell_emails(desk.store, now)
    if settings.imap_url:
        log.info("mailbox.polled", every="minute")
    else:
        log.info("mailbox.none", replies="are not read; NEWSLETTER_IMAP_URL names a mailbox to read them from")


def _tell_emails(store: Store, now: datetime) -> None:
    """The first hour at which readers get something, whatever their zones."""
    readers, local = Counter[datetime](), dict[datetime, set[str]]()
    numbers = store.readers_by_hours()
    for key, hours in store.hours().items():
        moment = next_hour(hours, now)
        if moment is None:
            continue
        moment = moment.astimezone(UTC)
        readers[moment] += numbers.get(key, 0)
        local.setdefault(moment, set()).add(f"{hours.send_at:%H:%M} {hours.timezone}")
    if not readers:
        log.info("next.emails", readers=0, reason="nobody in the subscriber list gets email")
        return
    first = min(readers)
    log.info(
        "next.emails", readers=readers[first], of=readers.total(), due=_utc(first), at=", ".join(sorted(local[first]))
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
