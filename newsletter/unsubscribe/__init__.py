"""The way back: what an inbound mail, a click or a command changes, in the ledger first and then in the file.

changes  leaving, coming back, pausing: the ledger decides, the file follows where it can be written
bounces  when a reader whose mail comes back gets no more: pure
preferences  what readers set on their page
acting   what an inbound meaning does
words    the answers in the languages of the readers
answers  one confirmation as a mail that no machine answers
"""

from newsletter.unsubscribe.acting import act, proven
from newsletter.unsubscribe.answers import QUIET_DAYS, compose
from newsletter.unsubscribe.changes import Changed, come_back, leave, pause, resume, suppress, undo
from newsletter.unsubscribe.preferences import honoured, prefer

__all__ = [
    "QUIET_DAYS",
    "Changed",
    "act",
    "come_back",
    "compose",
    "honoured",
    "leave",
    "pause",
    "prefer",
    "proven",
    "resume",
    "suppress",
    "undo",
]
