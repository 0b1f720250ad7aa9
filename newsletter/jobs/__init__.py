"""More than one machine: the job queue says when and where emails are sent, the ledger alone which.

queue    Procrastinate, in the ledger's own database
working  what a worker does: it sends what is planned, and takes back what another one left

A job holds nothing but a number, and any job may run twice, late or never: each tick of the process that plans asks the
ledger again what is due, and workers look by themselves for what another one left.
"""

from __future__ import annotations

from newsletter.jobs.queue import Queue
from newsletter.jobs.working import ROLE, Workers, open_queue, workers

__all__ = ["ROLE", "Queue", "Workers", "open_queue", "workers"]
