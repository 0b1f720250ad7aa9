"""What a visit to the preferences page and a command over a list of 10,000 readers cost, in CPU."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from starlette.testclient import TestClient

from benchmarks.start import children_ms
from newsletter import app, subscribers, web
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.readers import Counter, in_force
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make

_READERS, _VISITS = 10_000, 15
_HEAD = """\
topics:
  foundations: {categories: [cs.LG], interests: Pruning and quantisation of language models.}
  vision: {categories: [cs.CV], interests: Segmentation.}
subscribers:
"""


def lines() -> Iterator[str]:
    """One line for each figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = "".join(f"  - {{email: reader{n}@example.org, topics: [foundations]}}\n" for n in range(_READERS))
        (folder / "subscribers.yaml").write_text(_HEAD + entries, "utf-8")
        settings = Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")
        yield from _page(settings)
        yield from _commands(folder)


def _page(settings: Settings) -> Iterator[str]:
    with app.open_counter(settings) as counter:
        in_force.take_in(counter, in_force.load(counter))
        visits = Visits(counter, TestClient(web.build(counter), base_url="http://127.0.0.1"))
        visits.get(0)  # what is made once a process
        nowhere = web.build(replace(counter, subscribers=Path("nowhere")))
        without_file = Visits(counter, TestClient(nowhere, base_url="http://127.0.0.1"))
        got, besides, posted, edited = (
            median(_cpu_ms(partial(visit, number + start)) for number in range(_VISITS))
            for start, visit in ((0, visits.get), (0, without_file.post), (50, visits.post), (100, visits.rewrite))
        )
    yield f"preferences with {_READERS:,} readers in the file: GET {got:.1f} ms of CPU; POST {posted:.0f}, of which"
    yield f"  one rewrite of the file takes {edited:.0f}; {besides:.1f} ms where there is no file"


@dataclass(frozen=True)
class Visits:
    """Readers at their page, one after another."""

    counter: Counter
    client: TestClient

    def get(self, number: int) -> None:
        assert self.client.get(self._path(number)).status_code == 200

    def post(self, number: int) -> None:
        form = {"do": "save", "send_at": "08:15", "abstracts": "full", "timezone": "Europe/London"}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.client.post(self._path(number), content=urlencode(form), headers=kind)
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])

    def rewrite(self, number: int) -> None:
        """The same three keys of another reader, in the file alone."""
        fields = {"send_at": "08:15", "abstracts": "full", "timezone": "Europe/London"}
        assert subscribers.write_fields(self.counter.subscribers, f"reader{number}@example.org", lambda: fields)

    def _path(self, number: int) -> str:
        subscriber = self.counter.store.subscriber(f"reader{number}@example.org")
        assert subscriber is not None
        return f"/p/{make(self.counter.keys, Purpose.PREFERENCES, subscriber.id)}"


def _commands(folder: Path) -> Iterator[str]:
    """`status`, and `run` with nothing new: an unchanged list and nobody due."""
    day = calendar.newest(utc_now())
    with Servers(sample_day(day, calendar.window(day)), day) as servers:
        given = servers.environment()
        settings = {name: value for name, value in given.items() if "MODEL" not in name}
        _newsletter(folder, settings, "run")
        for command in ("status", "run"):
            taken = median(children_ms(partial(_newsletter, folder, settings, command)) for _ in range(5))
            yield f"`newsletter {command}` with {_READERS:,} readers, nothing to do: {taken / 1000:.2f} s of CPU"


def _newsletter(folder: Path, settings: Mapping[str, str], command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    arguments = [sys.executable, "-m", "newsletter", command]
    here = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run(arguments, cwd=folder, env=environment | here | dict(settings), check=True, capture_output=True)


def _cpu_ms(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1000
