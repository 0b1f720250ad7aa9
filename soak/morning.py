"""A prepared issue for fifty readers, and what came of it."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.times import calendar
from soak.sinks import Arrived
from soak.warm import Warm

DAY = date(2026, 3, 9)
READERS = 50
_ROSTER = """\
newsletter: {timezone: UTC}
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
"""
_FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
RUN = ("run", "--date", str(DAY))


def libfaketime() -> dict[str, str]:
    """The environment of a process whose clock on the wall is not the machine's; the monotonic one stays."""
    (library,) = Path("/").glob(_FAKETIME.removeprefix("/"))
    return {
        "LD_PRELOAD": str(library),
        "DONT_FAKE_MONOTONIC": "1",
        # It adds the monotonic clock to a wait that names its end by that clock: a thread that waits for Python's
        # lock would ask again and again without a pause, at ten times the work of all others.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "TZ": "UTC",
    }


def clock(moment: str) -> dict[str, str]:
    """An environment in which a process starts at this time UTC, as `2026-03-09 09:31:00`."""
    return libfaketime() | {"FAKETIME": f"@{moment}"}


@contextmanager
def practice_servers(**options: float) -> Iterator[Servers]:
    """arXiv and a model with the sample day of DAY."""
    with Servers(sample_day(DAY, calendar.window(DAY)), DAY, **options) as servers:
        yield servers


def settings_for(servers: Servers, *, model: bool = False) -> dict[str, str]:
    """The servers' settings, with or without their model."""
    return {name: value for name, value in servers.environment().items() if model or "MODEL" not in name}


def write_roster(folder: Path, readers: int = READERS) -> None:
    lines = [f"  - reader{number:02}@example.org\n" for number in range(readers)]
    (folder / "subscribers.yaml").write_text(_ROSTER + "".join(lines), "utf-8")


def prepare(warm: Warm, folder: Path) -> None:
    """Collect the issue into `folder/var`, so that a morning there only plans and sends, and asks nobody."""
    folder.mkdir(parents=True)
    write_roster(folder)
    with practice_servers() as servers:
        ended = warm.run(folder, settings_for(servers), ("run", "--date", str(DAY), "--dry-run"))
    if ended != 0:
        raise RuntimeError((folder / "output").read_text())
    shutil.rmtree(folder / "var" / "dry-run")
    (folder / "output").unlink()
    with closing(sqlite3.connect(folder / "var" / "newsletter.db")) as ledger:
        # As if they had read for a week: a reader who is new today has missed today's hour.
        ledger.execute("UPDATE subscriber SET added = ?", [f"{DAY - timedelta(days=7)} 00:00:00.000000"])
        ledger.commit()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What fifty readers have after a morning and its restart."""

    skipped: frozenset[str]
    repeated: Mapping[str, int]  # by address: how many too many
    unequal: frozenset[str]  # whose copies differ, in Message-ID or bytes
    unnamed: frozenset[str]  # repeated, and not named in `newsletter status`
    accepted: int  # by the ledger

    @property
    def repeats(self) -> int:
        return sum(self.repeated.values())

    def problems(self, allowed: int) -> list[str]:
        """What breaks the promise, with this many repeats allowed."""
        checks = {
            f"skipped: {sorted(self.skipped)}": self.skipped,
            f"{self.repeats} repeats, {allowed} allowed: {dict(self.repeated)}": self.repeats > allowed,
            f"repeats that are not the same mail: {sorted(self.unequal)}": self.unequal,
            f"repeats that status does not name: {sorted(self.unnamed)}": self.unnamed,
            f"{self.accepted} accepted by the ledger": self.accepted != READERS,
        }
        return [text for text, wrong in checks.items() if wrong]


def found(warm: Warm, folder: Path, environment: Mapping[str, str], arrived: list[Arrived]) -> Found:
    """Compare what arrived with who should have it and with what `newsletter status` says."""
    everyone = {f"reader{number:02}@example.org" for number in range(READERS)}
    counts = Counter(mail.recipient for mail in arrived)
    copies = {who: {(m.message_id, m.content) for m in arrived if m.recipient == who} for who in counts}
    repeated = {who: count - 1 for who, count in counts.items() if count > 1}
    issue = status(warm, folder, environment)
    notes = "\n".join(issue["notes"])
    unnamed = {who for who in repeated if who not in notes}
    more = re.search(r"^and (\d+) more$", notes, re.M)  # `status` names twenty and counts the rest
    return Found(
        skipped=frozenset(everyone - set(counts)),
        repeated=repeated,
        unequal=frozenset(who for who, distinct in copies.items() if len(distinct) > 1),
        unnamed=frozenset(unnamed if len(unnamed) > (int(more[1]) if more else 0) else ()),
        accepted=issue["deliveries"].get("accepted", 0),
    )


def status(warm: Warm, folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What `newsletter status --json` says of the issue."""
    with tempfile.TemporaryDirectory() as elsewhere:  # the folder's output is that of its morning
        absolute = {
            "NEWSLETTER_DATA_DIR": str(folder / "var"),
            "NEWSLETTER_SUBSCRIBERS": str(folder / "subscribers.yaml"),
        }
        code = warm.run(Path(elsewhere), {**environment, **absolute}, ("status", "--json"))
        said = (Path(elsewhere) / "output").read_text()
    if code != 0:
        raise RuntimeError(said)
    issues = json.loads(said.splitlines()[-1])["issues"]
    return next(issue for issue in issues if issue["date"] == str(DAY))
