"""Three services on one ledger in PostgreSQL, each with its own data folder, as on three machines."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from newsletter import app, pipeline
from newsletter.alarms import Alarms
from newsletter.delivery.lease import Lease
from newsletter.demo.servers import Servers
from newsletter.errors import DataFolderLocked
from newsletter.models import Outcome, Outgoing, Verdict
from newsletter.pipeline import Planning
from newsletter.readers import in_force
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.store import Store
from tests.counters import MORNING
from tests.factories import a_letterhead
from tests.morning import ROSTER, practice
from tests.outside import Sink, sink
from tests.postgres import empty

READY = MORNING + timedelta(hours=6)


@dataclass
class Machine:
    """One service, and what it works with."""

    service: Service
    lease: Lease
    settings: Settings
    name: str

    @property
    def store(self) -> Store:
        return self.service.counter.store


@dataclass
class World:
    """What the machines share."""

    machines: list[Machine]
    servers: Servers
    sink: Sink
    clock: list[datetime]

    def tick(self, *which: Machine) -> None:
        """All of these at the same moment."""
        threads = [threading.Thread(target=one.service.tick) for one in which or self.machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture
def world(tmp_path: Path, ledger_url: str) -> Iterator[World]:
    """Readers are known since yesterday, and their hour has come; nobody has ticked yet."""
    empty(ledger_url)
    clock = [MORNING - timedelta(days=3)]
    with ExitStack() as opened:
        servers, first = opened.enter_context(practice(tmp_path, model=False))
        kept = opened.enter_context(sink())
        machines = []
        for name in ("one", "two", "three"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "subscribers.yaml").write_text(ROSTER, "utf-8")
            settings = Settings(
                **{key: getattr(first, key) for key in ("arxiv_api_url", "arxiv_rss_url")},
                arxiv_delay=0.05,
                subscribers=folder / "subscribers.yaml",
                data_dir=folder / "var",
                token_keys_file=tmp_path / "keys",
                database_url=ledger_url,
                workers="inline",
                transport="smtp",
                smtp_url=f"smtp://127.0.0.1:{kept.port}",
                sender="Morning arXiv <news@example.org>",
                admin_email="admin@example.org",
            )
            if name == "one":
                (tmp_path / "keys").write_text(f"0 {'5a' * 32}\n")
            counter = opened.enter_context(app.open_counter(settings, now=lambda: clock[0]))
            lease = app.new_lease(counter.store, "serve")
            opened.enter_context(lease.kept())
            machines.append(Machine(Service(settings, counter, lease=lease), lease, settings, name))
        counter = machines[0].service.counter
        in_force.take_in(counter, in_force.look(counter))
        clock[0] = READY
        yield World(machines, servers, kept, clock)


def test_one_of_them_does_the_work(world: World) -> None:
    """arXiv is asked by one, over one connection and at its pace; every reader gets one email."""
    for _ in range(3):
        world.tick()
    assert Counter(mail.to for mail in world.sink.mails) == {"ada@example.org": 1, "chen@example.org": 1}
    holders = {one.store.holder("tick") for one in world.machines}
    assert len(holders & {one.lease.owner for one in world.machines}) == 1
    moments, paths = zip(*world.servers.arxiv.requests, strict=True)
    assert len(set(paths)) == len(paths)
    assert all(later - earlier >= 0.04 for earlier, later in pairwise(moments))


def test_another_takes_over(world: World) -> None:
    """When the one that works ends, the next tick of another one does what is due; nobody gets an email twice."""
    first, second, third = world.machines
    early = replace(first.service.counter, now=lambda: MORNING + timedelta(minutes=5))  # nobody's hour has come
    Service(first.settings, early, lease=first.lease).tick()
    assert (first.store.holder(app.LEADS), world.sink.mails) == (first.lease.owner, [])
    first.store.resign(first.lease.owner)
    world.tick(second, third)
    assert first.store.holder(app.LEADS) in {second.lease.owner, third.lease.owner}
    assert Counter(mail.to for mail in world.sink.mails) == {"ada@example.org": 1, "chen@example.org": 1}


def test_two_that_believe_they_are_alone(world: World) -> None:
    """Whatever the leases say, two mornings at the same time make one: the ledger has each reader and issue once."""
    desks = []
    with ExitStack() as opened:
        for one in world.machines[:2]:
            masthead = in_force.take_in(one.service.counter, in_force.look(one.service.counter)).masthead
            desk = app.open_desk(one.settings, one.service.counter, masthead, lease=one.lease)
            desks.append(opened.enter_context(desk))
        pipeline.prepare_days(desks[0], None)

        def work(desk: pipeline.Desk) -> None:
            planning = Planning(desk, pipeline.Editor(desk), pipeline.due(desk))
            pipeline.send(desk, planning, insist=True)

        both(*(lambda desk=desk: work(desk) for desk in desks))  # type: ignore[misc]
    assert Counter(mail.to for mail in world.sink.mails) == {"ada@example.org": 1, "chen@example.org": 1}


def test_a_command_beside_a_service(world: World) -> None:
    """While one machine works, `newsletter run` on another one says where; afterwards it does the work itself."""
    first, second, _ = world.machines
    world.tick(first)
    counter = second.service.counter
    begun = app.work_folder(second.settings, counter.store, "run", counter.now)
    with pytest.raises(DataFolderLocked, match="a newsletter on "), begun:
        raise AssertionError
    first.store.resign(first.lease.owner)
    with app.work_folder(second.settings, counter.store, "run", counter.now):
        world.tick(first)
        assert first.store.holder(app.LEADS) not in (None, first.lease.owner)


def test_an_old_list_is_not_followed(world: World) -> None:
    """The machine that takes over has an older copy of the file: what was edited since stays, and somebody is told."""
    first, second, _ = world.machines
    world.tick(first)
    edited = ROSTER.replace("  - ada@example.org\n", "  - ada@example.org\n  - eve@example.org\n")
    first.settings.subscribers.write_text(edited, "utf-8")
    world.tick(first)
    assert first.store.subscriber("eve@example.org") is not None
    first.store.resign(first.lease.owner)
    world.tick(second)
    eve = second.store.subscriber("eve@example.org")
    assert eve is not None
    assert second.store.reader(eve.id) is not None
    (trouble,) = [one for one in second.store.troubles() if one.key == "roster"]
    assert "differs from the list in force" in trouble.problem
    second.settings.subscribers.write_text(edited.replace("eve", "eva"), "utf-8")
    world.tick(second)
    assert second.store.subscriber("eva@example.org") is None
    second.settings.subscribers.write_text(edited, "utf-8")
    world.tick(second)
    second.settings.subscribers.write_text(edited.replace("eve", "eva"), "utf-8")
    world.tick(second)
    assert second.store.subscriber("eva@example.org") is not None


def test_the_archive_is_everywhere(world: World) -> None:
    """Each machine has the pages of the days that one of them has published."""
    world.tick(world.machines[0])
    world.tick()
    days = [sorted((one.settings.data_dir / "archive").glob("????-??-??.json")) for one in world.machines]
    assert [len(found) for found in days] == [1, 1, 1]
    assert len({found[0].read_bytes() for found in days}) == 1
    for one in world.machines:
        assert (one.settings.data_dir / "archive" / "index.html").is_file()


def test_one_alarm(world: World) -> None:
    """Two processes that see the same trouble write one email about it, and one about its end."""
    posted: list[Outgoing] = []
    now = [READY]
    gate = threading.Barrier(2)

    def post(mail: Outgoing) -> Outcome:
        posted.append(mail)
        return Outcome(Verdict.ACCEPTED)

    @dataclass
    class AtOnce:
        """The ledger of one process; both have read it before either goes on."""

        store: Store

        def __getattr__(self, name: str) -> object:
            return getattr(self.store, name)

        def claim_trouble(self, *given: object) -> bool:
            gate.wait(10)
            return self.store.claim_trouble(*given)  # type: ignore[arg-type]

    alarms = [
        Alarms(
            store=AtOnce(one.store),  # type: ignore[arg-type]
            post=post,
            letterhead=a_letterhead(),
            admin="admin@example.org",
            now=lambda: now[0],
        )
        for one in world.machines[:2]
    ]
    both(*(lambda one=one: one.trouble("mailbox", "it is away", "look") for one in alarms))  # type: ignore[misc]
    assert len(posted) == 1
    replace(alarms[0], store=world.machines[0].store).over("mailbox")
    now[0] += timedelta(hours=2)
    both(*(one.settle for one in alarms))
    assert len(posted) == 2


def test_run_leaves_sending_to_workers(world: World) -> None:
    """`newsletter run` plans and waits, while somebody else sends; it counts what they have sent."""
    first, second, _ = world.machines
    masthead = in_force.take_in(first.service.counter, in_force.look(first.service.counter)).masthead
    woken = threading.Event()

    class Queue:
        def wake(self) -> int:
            woken.set()
            return 1

    def work() -> None:
        woken.wait(30)
        with app.open_sender(second.settings, second.service.counter, second.lease) as sender:
            while not first.store.figures().mails or first.store.due_now(READY):
                pipeline.send(sender)

    thread = threading.Thread(target=work)
    thread.start()
    with app.open_desk(first.settings, first.service.counter, masthead, lease=first.lease) as desk:
        done = pipeline.run(desk, queue=Queue())
    thread.join(60)
    assert (done.planned, done.tally.accepted, done.tally.waiting) == (2, 2, 0)
    assert len(world.sink.mails) == 2


def both(*work: Callable[[], object]) -> None:
    """At the same moment, each in a thread of its own; the first error is raised."""
    barrier, errors = threading.Barrier(len(work)), list[BaseException]()

    def run(one: Callable[[], object]) -> None:
        barrier.wait(10)
        try:
            one()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
