"""`python -m soak.roster_races [COUNT]`: an editor saves `subscribers.yaml` while the service writes into it.

Judged is what must hold whatever the moment: the editor's change is in the file afterwards, the reader has left in the
ledger, the mark is in the file unless the editor had read it before and saved it after, and of two changes to one key
the later stands.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from newsletter import readers, subscribers
from newsletter.models import Roster, SubscriberState
from newsletter.readers import Counter
from newsletter.store import Store, open_store
from tests.counters import a_counter

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)
ADA, BOB = "ada@example.com", "bob@example.com"
TEXT = f"""\
topics:
  f:
    categories: [cs.LG]
    interests: pruning
subscribers:
  # the first reader
  - email: {ADA}
    name: Ada
  - email: {BOB}   # a neighbour
    name: Bob
""" + "".join(f"  - reader{number}@example.com\n" for number in range(50))


def truncate(path: Path, text: str, pause: Callable[[], None]) -> None:
    """nano, Notepad: empty the file, then fill it."""
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, len(text), len(text) // 3 + 1):
            file.write(text[start : start + len(text) // 3 + 1])
            file.flush()
            pause()


def rename(path: Path, text: str, pause: Callable[[], None]) -> None:
    """VS Code, sed -i: a file beside it takes its name."""
    beside = path.with_name("edited.tmp")
    beside.write_text(text, "utf-8")
    pause()
    beside.replace(path)


def backup(path: Path, text: str, pause: Callable[[], None]) -> None:
    """Emacs: the old file becomes the backup, a new one takes its place."""
    path.replace(path.with_name("subscribers.yaml~"))
    pause()
    truncate(path, text, pause)


def vim(path: Path, text: str, pause: Callable[[], None]) -> None:
    """Vim with backupcopy=yes: a copy is kept, the file is written in place and synchronised."""
    path.with_name("subscribers.yaml.bak").write_bytes(path.read_bytes())
    pause()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        pause()
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def delete(path: Path, text: str, pause: Callable[[], None]) -> None:
    """Some synchronising programs: the file is gone for a moment."""
    path.unlink()
    pause()
    rename(path, text, pause)


MANNERS = (truncate, rename, backup, vim, delete)


@dataclass
class Times:
    """When the editor read and had saved, and when the service began and was done."""

    read: float = 0
    saved: float = 0
    begun: float = 0
    written: float = 0

    @property
    def crossed(self) -> bool:
        """The editor had read before the service was done, and saved after it had begun: either may be the later."""
        return self.read < self.written and self.saved > self.begun


def one_race(folder: Path, seed: int) -> list[str]:
    """What went wrong in one race; the seed decides the manner, the moments and the kind."""
    chance = random.Random(seed)  # moments of a test
    manner = MANNERS[seed % len(MANNERS)]
    same_key = chance.random() < 0.4
    path = folder / "subscribers.yaml"
    path.write_text(TEXT, "utf-8")
    os.utime(path, (1, 1))  # as if it had lain there for long
    store = open_store(f"sqlite:///{folder / 'ledger.db'}")
    try:
        times = _raced(a_counter(store, path, NOW), manner, chance, same_key=same_key)
        problems = _judged(store, path, times, same_key=same_key)
    finally:
        store.close()
    return [f"race {seed}, {manner.__name__}: {problem}" for problem in problems]


def _raced(counter: Counter, manner: Callable[..., None], chance: random.Random, *, same_key: bool) -> Times:
    times, path = Times(), counter.subscribers
    ada = counter.store.enrol([ADA], NOW)[ADA]
    delays = [chance.uniform(0, 0.08) for _ in range(8)]

    def edit() -> None:
        time.sleep(delays[0])
        while True:
            try:
                text = path.read_text("utf-8")
                break
            except FileNotFoundError:
                time.sleep(0.001)
        times.read = time.monotonic()
        time.sleep(delays[1] / 4)
        changed = text.replace("name: Bob", "name: Robert").replace(
            "# the first reader", "# edited\n  # the first reader"
        )
        if same_key:
            kept = [line for line in changed.splitlines(keepends=True) if "paused_until" not in line]
            changed = "".join(kept).replace(f"- email: {ADA}\n", f"- email: {ADA}\n    paused_until: 2026-05-01\n")
        manner(path, changed, lambda: time.sleep(delays[2] / 8))
        times.saved = time.monotonic()

    editor = threading.Thread(target=edit)
    editor.start()
    time.sleep(delays[3])
    times.begun = time.monotonic()
    if same_key:
        readers.pause(counter, ada, date(2026, 4, 1))
    else:
        readers.leave(counter, ada.id, "by reply")
    times.written = time.monotonic()
    editor.join()
    return times


def _judged(store: Store, path: Path, times: Times, *, same_key: bool) -> list[str]:
    text = path.read_text("utf-8")
    try:
        roster = subscribers.load(path)
    except Exception as error:
        return [f"the file is damaged: {error}"]
    problems = [] if "name: Robert" in text and "# edited" in text else ["the edit is lost"]
    if len(roster.readers) != 52:
        problems.append(f"{len(roster.readers)} readers")
    return problems + (_of_pause(roster, times) if same_key else _of_leaving(store, roster, times))


def _of_leaving(store: Store, roster: Roster, times: Times) -> list[str]:
    ada = store.subscriber(ADA)
    problems = [] if ada and ada.state is SubscriberState.UNSUBSCRIBED else ["the unsubscribe is lost"]
    marked = next((reader.unsubscribed for reader in roster.readers if reader.email == ADA), None)
    return problems if marked or times.crossed else [*problems, "the mark is not in the file"]


def _of_pause(roster: Roster, times: Times) -> list[str]:
    found = next((reader.paused_until for reader in roster.readers if reader.email == ADA), None)
    later = date(2026, 5, 1) if times.saved > times.written else date(2026, 4, 1)
    allowed = {date(2026, 4, 1), date(2026, 5, 1)} if times.begun < times.saved < times.written else {later}
    return [] if found in allowed else [f"paused until {found}, later was {later}"]


def races(count: int, first: int = 0) -> list[str]:
    """The problems of many races."""
    problems = []
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            problems += one_race(Path(folder), seed)
    return problems


def main() -> int:
    """500 races, or as many as asked for; exit code 1 when something was lost."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    problems = races(count)
    print("\n".join(problems) or f"{count} races: no edit and no unsubscribe lost")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
