"""Workers on one ledger in PostgreSQL: killed, stopped and woken, while its server and its job queue are disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from newsletter.errors import StoreError
from newsletter.models import REPEATED, Delivery, DeliveryState, Rendered, Slotted
from newsletter.store import Store, open_store
from soak.recording import RecordingSink, recording_sink
from tests.postgres import Server, a_server

ROOT = Path(__file__).parent.parent
CONNECTIONS = 4  # of each worker: as many bodies are on their way at once
LEASE = 4.0  # seconds, so that a sweep takes minutes
_DAY, _PAGE = date(2026, 3, 9), 500
_OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_BODY = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"Papers of the day, one line each.\r\n" * 100


@dataclass
class Ground:
    """A ledger with planned emails, a mail server, and the workers that share both."""

    server: Server
    database: str
    folder: Path
    sink: RecordingSink
    readers: int
    more: Mapping[str, str]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url(self.database)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "NEWSLETTER_DATABASE_URL": self.url,
            "NEWSLETTER_TOKEN_KEYS_FILE": str(self.folder / "keys"),
            "NEWSLETTER_TRANSPORT": "smtp",
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "NEWSLETTER_SENDER": "Morning arXiv <news@example.org>",
            "NEWSLETTER_CONNECTIONS": str(CONNECTIONS),
            "NEWSLETTER_LEASE": str(LEASE),
            **self.more,
        }

    def start(self, *arguments: str, root: Path = ROOT) -> subprocess.Popen[bytes]:
        """One more worker, with a data folder of its own, as on a machine of its own."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        environment = self.environment | {"NEWSLETTER_DATA_DIR": str(folder / "var"), "PYTHONPATH": str(root)}
        command = [sys.executable, "-m", "newsletter", "worker", *arguments]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self.workers.append(process)
        return process

    def status(self, *arguments: str) -> str:
        """What `newsletter status` says."""
        environment = self.environment | {"NEWSLETTER_DATA_DIR": str(self.folder / "status")}
        command = [sys.executable, "-m", "newsletter", "status", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        ).stdout

    def end(self, process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
        self.workers.remove(process)
        process.send_signal(number)
        process.wait(20)

    def wake(self) -> None:
        """What a tick does each minute."""
        from newsletter import jobs

        with closing(open_store(self.url)) as store, suppress(StoreError):
            jobs.Queue(self.url, lambda: store.living(jobs.ROLE)).wake()

    def until(self, done: Callable[[], bool], patience: float = 120.0) -> None:
        """Wait for a condition, with a tick each second; a server that is away is waited for."""
        deadline, woken = time.monotonic() + patience, 0.0
        while True:
            with suppress(StoreError):
                if done():
                    return
            if time.monotonic() > deadline:
                raise AssertionError(f"not done after {patience:.0f} s: {self.logs()}")
            if time.monotonic() - woken > 1:
                woken = time.monotonic()
                with suppress(StoreError):
                    self.wake()
            time.sleep(0.05)

    def left(self) -> int:
        with closing(open_store(self.url)) as store:
            return store.unsent(_OPEN)[0]

    def send_all(self) -> None:
        with closing(open_store(self.url)) as store:
            self.until(lambda: not store.unsent(_OPEN)[0], 120.0 + store.unsent(_OPEN)[0] / 20)

    def logs(self) -> str:
        return "\n".join(file.read_text()[-2000:] for file in self.folder.glob("*/log"))

    def found(self) -> Found:
        taken = self.sink.taken()
        with closing(open_store(self.url)) as store:
            mails = {mail.message_id: mail for mail in store.deliveries()}
            workers = {one.owner: one.sent for one in store.workers()}
        times = Counter(one.message_id for one in taken)
        digests = {(one.message_id, one.digest) for one in taken}
        repeated = {name: count - 1 for name, count in times.items() if count > 1}
        return Found(
            skipped=sorted(mails.keys() - times.keys()),
            strange=sorted(times.keys() - mails.keys()),
            repeats=sum(repeated.values()),
            unnamed=sorted(name for name in repeated if mails[name].error != REPEATED),
            altered=len(digests) - len(times),
            states=Counter(mail.state for mail in mails.values()),
            workers=workers,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What arrived, held against what was planned."""

    skipped: list[str]
    strange: list[str]
    repeats: int
    unnamed: list[str]  # repeated, and the ledger does not say so
    altered: int  # copies of one email that differ
    states: Mapping[DeliveryState, int]
    workers: Mapping[str, int]  # emails that each says it has sent

    def problems(self, allowed: int) -> list[str]:
        found = []
        if self.skipped:
            found.append(f"{len(self.skipped)} were skipped, e.g. {self.skipped[0]}")
        if self.strange:
            found.append(f"{len(self.strange)} arrived that nobody planned")
        if self.repeats > allowed:
            found.append(f"{self.repeats} were repeated, {allowed} may be")
        if self.unnamed:
            found.append(f"{len(self.unnamed)} were repeated and are not named")
        if self.altered:
            found.append(f"{self.altered} copies differ")
        if set(self.states) - {DeliveryState.ACCEPTED}:
            found.append(f"not all were accepted: {dict(self.states)}")
        return found


@contextmanager
def ground(readers: int, *, pause: float = 0.0, server: Server | None = None, **more: str) -> Iterator[Ground]:
    """A ledger with one planned email for each of so many readers."""
    with ExitStack() as opened:
        server = server or opened.enter_context(a_server())
        sink = opened.enter_context(recording_sink(pause))
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="workers")))
        (folder / "keys").write_text(f"0 {'5a' * 32}\n")
        made = Ground(server, server.database(), folder, sink, readers, more)
        opened.callback(server.drop, made.database)
        with closing(open_store(made.url)) as store:
            plan(store, readers)
        try:
            yield made
        finally:
            for process in made.workers:
                process.kill()
                process.wait()


def plan(store: Store, readers: int, wake: Callable[[], None] = lambda: None) -> None:
    """One email for each reader, as a morning plans them; `wake` is called when the first page is planned."""
    now = datetime.now(UTC).replace(microsecond=0)
    store.save_edition(
        Rendered(key="k", subject="3 papers", html=Slotted(b"<p>"), text=Slotted(b"text"), body=Slotted(_BODY))
    )
    for start in range(0, readers, _PAGE):
        emails = [f"reader{number}@example.org" for number in range(start, min(readers, start + _PAGE))]
        known = store.enrol(emails, now)
        store.plan(
            [
                Delivery(
                    id=0,
                    subscriber_id=known[email].id,
                    email=email,
                    name=None,
                    edition="k",
                    issues=(_DAY,),
                    state=DeliveryState.QUEUED,
                    message_id=f"<{email}>",
                    date=now,
                )
                for email in emails
            ]
        )
        if not start:
            wake()


# --- the disturbances ---------------------------------------------------------------


def shares(made: Ground, workers: int) -> str:
    """No disturbance: the emails of the worker that sent fewest, and of the one that sent most."""
    killed(made, workers, 0)
    made.until(lambda: sum(made.found().workers.values()) == made.readers)
    sent = made.found().workers.values()
    return f"{min(sent):,} to {max(sent):,} each"


def killed(made: Ground, workers: int, kills: int, seed: int = 1) -> int:
    """So many workers, of whom one is killed and replaced again and again; how many kills there were."""
    chance, done = random.Random(seed), 0
    for _ in range(workers):
        made.start()
    while done < kills and made.left():
        before = len(made.sink.taken())
        made.until(lambda seen=before: len(made.sink.taken()) > seen + 20 or not made.left())  # type: ignore[misc]
        if not made.left():
            break
        made.end(chance.choice(made.workers))
        made.start()
        done += 1
    made.send_all()
    return done


def stopped(made: Ground, times: int) -> None:
    """Two workers, of whom one is stopped until its lease is over, and woken.

    What it had handed over may be sent again; what it had only claimed is sent by the other one alone.
    """
    process = made.start()
    made.start()
    for _ in range(times):
        before = len(made.sink.taken())
        made.until(lambda seen=before: len(made.sink.taken()) > seen + 5 or not made.left())  # type: ignore[misc]
        process.send_signal(signal.SIGSTOP)
        time.sleep(LEASE + LEASE / 4 + 1)
        process.send_signal(signal.SIGCONT)
        time.sleep(1)
    made.send_all()


def restarted(made: Ground, workers: int, times: int) -> None:
    """The database server crashes and comes back while they send."""
    for _ in range(workers):
        made.start()
    for _ in range(times):
        before = len(made.sink.taken())
        made.until(lambda seen=before: len(made.sink.taken()) > seen + 20 or not made.left())  # type: ignore[misc]
        made.server.stop()
        made.server.start()
    made.send_all()


def emptied(made: Ground, workers: int, times: int) -> None:
    """All that the job queue holds is lost while they send."""
    for _ in range(workers):
        made.start()
    for _ in range(times):
        before = len(made.sink.taken())
        made.until(lambda seen=before: len(made.sink.taken()) > seen + 20 or not made.left())  # type: ignore[misc]
        names = made.server.sql(
            "SELECT string_agg(relname, ', ') FROM pg_class WHERE relname LIKE 'procrastinate%' AND relkind = 'r'",
            made.database,
        )
        made.server.sql(f"TRUNCATE {names} CASCADE", made.database)
    made.send_all()


def main(readers: int = 100_000, kills: int = 100) -> int:
    """The long ones; 1 if something was skipped, or repeated without reason. `readers`: of the morning with kills."""
    others, ended = readers // 5, 0
    with a_server() as server:
        for name, emails, most, trial in (
            ("no disturbance, 4 workers", others, 0, lambda made: shares(made, 4)),
            (f"{kills} kills, 4 workers", readers, kills * CONNECTIONS, lambda made: killed(made, 4, kills)),
            ("20 stops, 2 workers", others, 20 * CONNECTIONS, lambda made: stopped(made, 20)),
            ("10 crashes of the database", others, 10 * 4 * CONNECTIONS, lambda made: restarted(made, 4, 10)),
            ("the job queue emptied 5 times", others, 0, lambda made: emptied(made, 4, 5)),
        ):
            began = time.monotonic()
            with ground(emails, server=server) as made:
                done = trial(made)
                found = made.found()
                problems = found.problems(most)
                print(
                    f"{name}, {emails:,} readers: {found.repeats} repeats of {most} allowed, {len(found.skipped)} "
                    f"skipped, {time.monotonic() - began:.0f} s{f', {done} done' if done else ''}: "
                    f"{'; '.join(problems) or 'well'}",
                    flush=True,
                )
                ended |= bool(problems)
    return ended


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
