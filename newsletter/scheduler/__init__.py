"""On time: a tick every minute asks the ledger what is due.

hours    when a reader's mail is due, and how long it waits: pure
service  one tick, and one poll of the mailbox
loop     both of them every minute, and a stop that loses nothing
"""

from __future__ import annotations

from newsletter.scheduler.hours import LATE, in_time, is_open, last_hour, overdue, poll_pause, wait_until
from newsletter.scheduler.loop import running
from newsletter.scheduler.service import Service

__all__ = [
    "LATE",
    "Service",
    "in_time",
    "is_open",
    "last_hour",
    "overdue",
    "poll_pause",
    "running",
    "wait_until",
]
