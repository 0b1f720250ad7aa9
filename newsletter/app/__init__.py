"""The composition root: settings → adapters → a desk for the morning, and a counter for all that comes back.

desk     what a morning works with
counter  what replies, clicks, events and edits of the list work with
ledger   opening the ledger, and the locks of whoever collects or sends
adapters the transport, the models, the mailbox and the hooks that the settings name
files    templates, prompts and keys
keys     one ring of keys for all machines
"""

from newsletter.app.counter import open_counter, open_examined
from newsletter.app.desk import open_desk, open_sender
from newsletter.app.ledger import LEADS, new_lease, open_ledger, work_folder

__all__ = [
    "LEADS",
    "new_lease",
    "open_counter",
    "open_desk",
    "open_examined",
    "open_ledger",
    "open_sender",
    "work_folder",
]
