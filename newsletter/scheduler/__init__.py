"""On time: a tick every minute asks the ledger what is due.

service  one tick, and one poll of the mailbox
loop     both of them every minute, and a stop that loses nothing
"""

from __future__ import annotations

from newsletter.scheduler.loop import running
from newsletter.scheduler.service import Service

__all__ = ["Service", "running"]
