"""Who reads and what they want: the ledger decides, and `subscribers.yaml` follows for the readers of the file.

counter      what every change of a reader works with, opened once a process
changes      unsubscribing, resubscribing, pausing, bouncing, setting preferences
preferences  what readers set, against an edit of the file
in_force     which subscriber list is in force: a changed file is taken in, a broken one leaves the last one in force
enrolling    the list's readers as rows of the ledger
guard        a list that changed too much waits for your confirmation
forgetting   erasing everything about a reader except a keyed hash
departing    who left long ago becomes such a hash
left_log     who left, beside the ledger, for the case that a copy is put back
importing    rows of a table become readers of the ledger
adopting     readers of the file become readers of the ledger
erasing      forgetting, with their entry of the file
tickets      one-time links
rights       what readers may do with their data, and own_data what they download
feeds        the address of a reader's private feed
moving       a change of address
joining      who asks to read, and who confirmed
"""

from newsletter.readers.changes import (
    BY_LINK,
    Changed,
    come_back,
    leave,
    log_problem,
    pause,
    prefer,
    resume,
    suppress,
    undo,
)
from newsletter.readers.counter import Counter

__all__ = [
    "BY_LINK",
    "Changed",
    "Counter",
    "come_back",
    "leave",
    "log_problem",
    "pause",
    "prefer",
    "resume",
    "suppress",
    "undo",
]
