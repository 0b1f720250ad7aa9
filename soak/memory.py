"""Three days of ticks: what a tick leaves behind stays behind for years."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.times import calendar
from soak.clockwork import clockwork
from soak.year import PEOPLE

_MINUTE = timedelta(minutes=1)
_MIB = 1 << 20


def growth(folder: Path, ticks: int, warm_up: int = 120) -> float:
    """MiB of resident memory that so many ticks add, once everything has been imported and sent once."""
    start = datetime(2026, 3, 9, 0, 30, tzinfo=UTC)
    with clockwork(folder, PEOPLE, start, calendar.newest(start)) as works:
        moment = start
        for number in range(warm_up + ticks):
            newest = calendar.newest(moment)
            if newest != works.servers.arxiv.announced:
                works.announce(newest)
            works.tick(moment)
            moment += _MINUTE if number >= warm_up else 12 * _MINUTE  # the warm-up is a whole day with all its mails
            if number == warm_up:
                before = resident()
        return (resident() - before) / _MIB


def resident() -> int:
    """Octets of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak.memory", description=__doc__)
    options.add_argument("--ticks", type=int, default=72 * 60)
    ticks = options.parse_args().ticks
    with tempfile.TemporaryDirectory() as folder:
        grown = growth(Path(folder), ticks)
    print(f"{ticks} ticks: {grown:.1f} MiB more")
    return 1 if grown > 5 else 0


if __name__ == "__main__":
    sys.exit(main())
