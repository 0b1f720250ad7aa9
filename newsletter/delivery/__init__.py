"""Who gets an email, what an outcome means, and the loop between: `deciding` is pure, `draining` does the sending.

An email's states: queued → sending → accepted, or back to queued, or failed, or unknown. `sending` is committed
before the first byte and the outcome after the last, so a stop at any point makes at most the emails in flight
uncertain;
those are sent again with the same bytes, and named.
"""

from newsletter.delivery.deciding import MOST_ISSUES, decide, due_issues
from newsletter.delivery.draining import drain, send_now
from newsletter.delivery.quota import Quota
from newsletter.delivery.tally import Health, Pace, Tally

__all__ = [
    "MOST_ISSUES",
    "Health",
    "Pace",
    "Quota",
    "Tally",
    "decide",
    "drain",
    "due_issues",
    "send_now",
]
