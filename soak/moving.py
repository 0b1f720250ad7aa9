"""A grown ledger moves to a server: how long it takes, what memory it needs, and whether it is the same there.

`python -m soak.moving --readers 100000 --mornings 10` makes a ledger with ten emails for each reader.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from newsletter import app
from newsletter.app import relocation
from newsletter.settings import Settings
from newsletter.store import open_store
from newsletter.store.tables import delivery, edition, hours, reader, received, subscriber, wishes
from newsletter.times.clock import utc_now
from tests.postgres import a_server

_PAGE = 10_000  # rows


def main() -> int:
    """Make it, move it, say what it took; exit code 1 where the server holds other rows than the file did."""
    options = argparse.ArgumentParser(prog="python -m soak.moving", description=__doc__)
    options.add_argument("--readers", type=int, default=100_000)
    options.add_argument("--mornings", type=int, default=10, help="emails of each reader")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, a_server() as server:
        settings = Settings(subscribers=Path(folder) / "subscribers.yaml", data_dir=Path(folder) / "var")
        with app.open_ledger(settings) as store, store._engine.begin() as connection:
            _fill(connection, wanted.readers, wanted.mornings)
        url = server.url(server.database())
        before, began, used = _peak(), time.monotonic(), time.process_time()
        counts = relocation.move(settings, url, utc_now, lambda *_: None)
        took, used = time.monotonic() - began, time.process_time() - used
        print(f"{sum(counts.values())} rows in {took:.0f} s, of which {used:.0f} s CPU of this process")
        print(f"memory: {before:.0f} MiB before, at most {_peak():.0f} MiB")
        with closing(open_store(url)) as store, store._engine.begin() as connection:
            found = connection.scalar(text("SELECT count(DISTINCT (subscriber_id, issue)) FROM received"))
        print(f"{found} rows of `received` there")
        return int(found != wanted.readers * wanted.mornings or counts["delivery"] != found)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fill(connection: Connection, readers: int, mornings: int) -> None:
    now = utc_now()
    connection.execute(insert(hours), {"id": 1, "text": "{}"})
    connection.execute(insert(wishes), {"id": 1, "text": "{}"})
    bodies = {"subject": "s", "html": b"h", "text": b"t", "body": b"b" * 60_000}
    spans: dict[str, Any] = {"html_spans": [], "text_spans": [], "body_spans": [], "papers": []}
    connection.execute(insert(edition), {"key": "one", "used": now, **bodies, **spans})
    people = range(1, readers + 1)
    common = {"state": "active", "since": now, "added": now}
    _insert(connection, subscriber, ({"id": n, "email": f"r{n}@example.org", **common} for n in people))
    entry = {"hours_id": 1, "wishes_id": 1, "import_number": 1}
    _insert(connection, reader, ({"subscriber_id": n, "email": f"r{n}@example.org", **entry} for n in people))
    sent = {"edition": "one", "state": "accepted", "date": now, "attempts": 1, "owner": "host:1"}
    number = 0
    for morning in range(mornings):
        day = date(2026, 3, 9) + timedelta(morning)
        rows = ({**sent, "id": number + n, "subscriber_id": n, "email": f"r{n}@example.org", "issues": (day,),
                 "message_id": f"<{number + n}.abcdefghijklmnopqrst@example.org>"} for n in people)  # fmt: skip
        _insert(connection, delivery, rows)
        _insert(connection, received, ({"subscriber_id": n, "issue": day, "delivery_id": number + n} for n in people))
        number += readers


def _insert(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    page: list[dict[str, Any]] = []
    for row in rows:
        page.append(row)
        if len(page) == _PAGE:
            connection.execute(insert(table), page)
            page.clear()
    if page:
        connection.execute(insert(table), page)


if __name__ == "__main__":
    sys.exit(main())
