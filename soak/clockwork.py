"""The service with a clock that is turned by hand: the ticks of real days without the waiting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email import message_from_bytes, policy
from pathlib import Path

from newsletter import app
from newsletter.demo.rows import SampleRow
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import Delivery
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.times import calendar

ADMIN = "admin@example.net"
CATEGORIES = frozenset(("cs.LG", "cs.CL"))
_HEAD = """\
newsletter:
  timezone: UTC
topics:
  all:
    categories: [cs.LG, cs.CL]
    interests: Sparsity, pruning, quantization.
subscribers:
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One reader of a simulation; addresses say who they are."""

    email: str
    zone: str
    send_at: str
    days: str = "[mon, tue, wed, thu, fri, sat, sun]"

    @property
    def entry(self) -> str:
        return f"  - {{email: {self.email}, timezone: {self.zone}, send_at: '{self.send_at}', days: {self.days}}}\n"


@dataclass
class Clockwork:
    """A service whose only clock is `now`."""

    settings: Settings
    servers: Servers
    now: datetime
    open: ExitStack = field(default_factory=ExitStack)  # holds the ledger of the service that runs

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process as far as memory goes."""
        self.open.close()
        counter = self.open.enter_context(app.open_counter(self.settings, now=lambda: self.now))
        self.service = Service(self.settings, counter)

    def tick(self, moment: datetime) -> None:
        self.now = moment
        self.service.tick()

    def list_people(self, people: Iterable[Person]) -> None:
        """These are the readers from the next tick on."""
        self.settings.subscribers.write_text(_HEAD + "".join(person.entry for person in people), "utf-8")

    def announce(self, day: date, number: int = 3) -> None:
        """arXiv has this issue from now on."""
        self.servers.arxiv.papers = [*self.servers.arxiv.papers, *papers(day, number)]
        self.servers.arxiv.announced = day

    def mails(self) -> Sequence[Delivery]:
        with app.open_ledger(self.settings) as store:
            return store.deliveries()

    def told(self) -> list[str]:
        """The subjects of what the administrator got, oldest first."""
        files = (self.settings.data_dir / "outbox").glob(f"*{ADMIN}*.eml")
        ordered = sorted(files, key=lambda file: file.stat().st_mtime_ns)
        return [str(message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"]) for file in ordered]


def papers(day: date, number: int) -> list[SampleRow]:
    """Some papers submitted for this announcement, with ids of their own."""
    start, end = calendar.window(day)
    return [
        replace(row, id=f"{day:%y%m}.{day:%d}{place:03}", announced=day, published=start + (end - start) / 2)
        for place, row in enumerate(sample_day(day, (start, end))[:number])
    ]


@contextmanager
def clockwork(folder: Path, people: Sequence[Person], start: datetime, first: date) -> Iterator[Clockwork]:
    """In an empty folder, at this moment, with this announcement as arXiv's newest."""
    with Servers(papers(first, 3), first) as servers:
        given = servers.environment()
        settings = Settings(
            subscribers=folder / "subscribers.yaml",
            data_dir=folder / "var",
            arxiv_api_url=given["NEWSLETTER_ARXIV_API_URL"],
            arxiv_rss_url=given["NEWSLETTER_ARXIV_RSS_URL"],
            arxiv_delay=0,
            admin_email=ADMIN,
        )
        works = Clockwork(settings, servers, start)
        works.list_people(people)
        with works.open:
            yield works
