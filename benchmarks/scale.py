"""What planning and sending costs in memory when readers are many: each step in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from newsletter import app, pipeline
from newsletter.app.files import token_keys
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.errors import TransportError
from newsletter.models import Answer, Outcome, Outgoing, Reader, Verdict, Wishes
from newsletter.readers import enrolling, in_force
from newsletter.settings import Settings
from newsletter.times import calendar

MANY, FEW = 100_000, 10_000  # `python -m benchmarks scale 1000000` takes twenty minutes
_DAY = date(2026, 3, 9)
_NOW = calendar.announced_at(_DAY) + timedelta(hours=10)
_ROSTER = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
  - ada@example.org
"""


class Nowhere:
    """A transport that takes every mail and keeps none."""

    name, room = "nowhere", 32  # as many as an SMTP server is given at once

    def __init__(self) -> None:
        self.mails, self.bytes = 0, 0
        self.trouble: TransportError | None = None

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        taken = list(mails)
        self.mails += len(taken)
        self.bytes += sum(len(mail.message.raw) for mail in taken)
        return [Answer(mail.key, Outcome(Verdict.ACCEPTED)) for mail in taken]

    def close(self) -> None:
        pass


def figures(many: int = MANY, few: int = FEW) -> Iterator[str]:
    """Peak memory of the two processes for many readers and for few, and how long each took."""
    for number in dict.fromkeys((few, many)):
        with tempfile.TemporaryDirectory() as folder:
            _prepare(Path(folder))
            for step in ("enrol", "send"):
                yield _of(step, number, Path(folder))


def _of(step: str, number: int, folder: Path) -> str:
    """One step in a process of its own, which prints its figures."""
    command = [sys.executable, "-m", "benchmarks.scale", step, str(number), str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _settings(folder: Path, arxiv: str = "http://127.0.0.1:9") -> Settings:
    (folder / "subscribers.yaml").write_text(_ROSTER, "utf-8")
    return Settings(
        subscribers=folder / "subscribers.yaml", data_dir=folder / "var", arxiv_api_url=arxiv, arxiv_rss_url=arxiv
    )


def _prepare(folder: Path) -> None:
    """The sample day, ordered by words: what sends has not scored."""
    with Servers(sample_day(_DAY, calendar.window(_DAY)), _DAY) as servers:
        given = servers.environment()
        addresses = {"arxiv_api_url": "NEWSLETTER_ARXIV_API_URL", "arxiv_rss_url": "NEWSLETTER_ARXIV_RSS_URL"}
        update = {name: given[variable] for name, variable in addresses.items()}
        settings = _settings(folder).model_copy(update=update | {"arxiv_delay": 0})
        with app.open_counter(settings, now=lambda: _NOW) as counter:
            taken = in_force.take_in(counter, in_force.load(counter))
            with app.open_desk(settings, counter, taken.masthead) as desk:
                pipeline.prepare_days(desk, _DAY)


def readers(number: int) -> Iterator[Reader]:
    """So many readers, one at a time, of six wishes and two time zones."""
    wishes = [
        Wishes(topics=("foundations",), languages=languages, max_papers=most)
        for languages in (("en", "zh"), ("zh", "en"))
        for most in (10, 15, 20)
    ]
    for place in range(number):
        yield Reader(
            email=f"reader{place}@example{place % 100}.org",
            name=f"Reader {place}",
            wishes=wishes[place % len(wishes)],
            send_at=time_of_day(9, 30),
            wait_until=time_of_day(12),
            timezone=("Europe/London", "Asia/Shanghai")[place % 2],
            days=frozenset(range(1, 8)),
        )


def enrol(settings: Settings, number: int) -> str:
    """Make them the roster."""
    with app.open_ledger(settings) as store:
        enrolling.enrol(store, token_keys(settings.data_dir), readers(number), datetime(2026, 3, 1, tzinfo=UTC))
    return "taken in"


def send(settings: Settings, number: int) -> str:
    """Plan a mail for each of them and send it nowhere, with every outcome in the ledger."""
    transport = Nowhere()
    with (
        app.open_counter(settings, now=lambda: _NOW) as counter,
        app.open_desk(settings, counter, in_force.load(counter).masthead) as desk,
    ):
        desk = replace(desk, transport=transport)
        began = time.perf_counter()
        planned = pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        planning = time.perf_counter() - began
        tally = pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), []))
    assert (planned, tally.accepted, transport.mails) == (number, number, number)
    return f"planned in {planning:.0f} s and sent, {transport.bytes / number / 1024:.0f} KiB each"


def main(arguments: Sequence[str]) -> None:
    """In a process of its own: one step, and the peak of its resident memory."""
    step, number, folder = arguments
    began = time.perf_counter()
    done = {"enrol": enrol, "send": send}[step](_settings(Path(folder)), int(number))
    seconds = time.perf_counter() - began
    # Not getrusage: its peak outlives exec and would be the parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    print(f"{int(number):,} readers {done}: {int(peak[1]) / 1024 if peak else 0:.0f} MiB, {seconds:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
