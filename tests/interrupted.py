"""What a process does that is killed in the middle of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from newsletter import subscribers
from newsletter.readers import in_force, moving
from newsletter.settings import Settings
from tests.counters import counter_of

ADA, NEW = "ada@example.org", "ada.new@example.com"


def move_until(point: str, folder: str) -> None:
    """In a process of its own: Ada moves, and at this point the process is killed."""
    settings = Settings(
        subscribers=Path(folder, "subscribers.yaml"), data_dir=Path(folder, "var"), sender="news@example.org"
    )

    def reached(here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    write = subscribers.write_fields

    def written(*given: Any) -> Any:
        reached("before the file")
        edit = write(*given)
        reached("after the file")
        return edit

    subscribers.write_fields = written
    with counter_of(settings) as counter:
        ada = counter.store.subscriber(ADA)
        assert ada
        secrets = moving.begin(counter, ada, NEW)
        print(*secrets, flush=True)
        for kind, secret in zip((moving.OLD, moving.NEW), secrets, strict=True):
            moving.agree(counter, kind, secret)
            reached(f"after the {kind.purpose}")
        in_force.take_in(counter, in_force.look(counter))
