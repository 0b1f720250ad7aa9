"""The composition root: settings and roster → adapters → one desk to work at. The only importer of adapters."""

from __future__ import annotations

from newsletter.app.desk import load_roster, open_desk, open_ledger, utc_now, work_folder
from newsletter.app.doctor import examine, examine_or_stop, examine_service_or_stop
from newsletter.app.in_force import take_in

__all__ = [
    "examine",
    "examine_or_stop",
    "examine_service_or_stop",
    "load_roster",
    "open_desk",
    "open_ledger",
    "take_in",
    "utc_now",
    "work_folder",
]
