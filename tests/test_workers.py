"""Real workers on one ledger in PostgreSQL: killed, stopped, without a database, without a queue. Nobody is skipped.

The long runs of the same are `python -m soak.workers`.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store import REVISION
from soak import workers
from soak.workers import CONNECTIONS, Ground, ground
from tests.postgres import Server, a_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that these tests may crash."""
    with a_server() as started:
        yield started


def test_killed(server: Server) -> None:
    """What a killed worker had handed over may be repeated as the same bytes, and the ledger names it."""
    with ground(1500, server=server) as made:
        kills = workers.killed(made, 2, 3)
        assert kills == 3
        assert made.found().problems(kills * CONNECTIONS) == []


def test_stopped_and_woken(server: Server) -> None:
    """A worker that was away for longer than its lease sends nothing that another one has taken over."""
    with ground(1500, server=server, pause=0.02) as made:
        workers.stopped(made, 1)
        assert made.found().problems(CONNECTIONS) == []


def test_told_to_stop(server: Server) -> None:
    """A worker that gets SIGTERM finishes what is on its way and ends well: nothing is repeated."""
    with ground(1000, server=server, pause=0.02) as made:
        first = made.start()
        made.start()
        made.until(lambda: len(made.sink.taken()) > 50)
        made.end(first, signal.SIGTERM)
        assert first.returncode == 0
        made.send_all()
        assert made.found().problems(0) == []


def test_the_database_crashes(server: Server) -> None:
    """The workers wait for it, and go on where they were."""
    with ground(1000, server=server) as made:
        workers.restarted(made, 2, 1)
        assert made.found().problems(2 * CONNECTIONS) == []


def test_the_queue_is_lost(server: Server) -> None:
    """Its tables are emptied while workers send: nothing is lost, and nothing sent twice."""
    with ground(1000, server=server) as made:
        workers.emptied(made, 2, 2)
        assert made.found().problems(0) == []


def test_a_rate_holds_for_all(server: Server) -> None:
    """Two workers together send no faster than the one setting says."""
    with ground(60, server=server, NEWSLETTER_SEND_RATE="600") as made:
        for _ in range(2):
            made.start()
        made.send_all()
        assert made.found().problems(0) == []
        taken = sorted(one.at for one in made.sink.taken())
        # Ten a second, and what was saved up: a second's worth, and half of one in each worker's hands.
        assert max(sum(start <= at < start + 2 for at in taken) for start in taken) <= 2 * 10 + 10 + 2 * 5
        assert taken[-1] - taken[0] > (60 - 11) / 10 * 0.9


def test_an_upgrade_while_they_work(server: Server, tmp_path: Path) -> None:
    """A program whose revision adds something upgrades the ledger; workers of both go on beside each other."""
    newer = tmp_path / "newer"
    shutil.copytree(workers.ROOT / "newsletter", newer / "newsletter")
    for name in ("templates", "prompts"):
        shutil.copytree(workers.ROOT / name, newer / name)
    tables = newer / "newsletter" / "store" / "tables.py"
    more = 'shelf = Table("shelf", metadata, Column("name", String, primary_key=True))\n'
    tables.write_text(tables.read_text().replace(f'REVISION = "{REVISION}"', 'REVISION = "9001"') + more)
    (newer / "newsletter" / "store" / "migrations" / "versions" / "v9001_shelf.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision, down_revision = "9001", "{REVISION}"\n\n\n'
        'def upgrade():\n    op.create_table("shelf", sa.Column("name", sa.String(), primary_key=True))\n'
    )
    with ground(1000, server=server, pause=0.02) as made:
        made.start()
        made.until(lambda: len(made.sink.taken()) > 20)
        made.start(root=newer)
        made.until(lambda: made.server.sql("SELECT version_num FROM alembic_version", made.database) == "9001")
        made.start()  # one of the older version, into the newer ledger
        made.until(lambda: len(made.found().workers) == 3)
        made.send_all()
        assert made.found().problems(0) == []


def test_status_of_several(server: Server) -> None:
    """Who works, since when, how much, and what the queue holds; as lines and as JSON."""
    with ground(200, server=server) as made:
        made.start("--slots", "2")
        made.send_all()

        def shown() -> list[dict[str, object]]:
            return list(json.loads(made.status("--json"))["workers"])

        made.until(lambda: [one["lives"] for one in shown()] == [True, True])
        made.until(lambda: sum(int(str(one["sent"])) for one in shown()) == 200)
        assert {(one["role"], one["leads"]) for one in shown()} == {("send", False)}
        assert re.search(r"send on \S+, version \S+, since .* UTC, [\d,]+ emails sent", made.status())


def refused(made: Ground, **more: str) -> str:
    """What a worker says that does not start."""
    made.more = more
    process = made.start()
    assert process.wait(60) == 1
    made.workers.remove(process)
    return made.logs()


def test_a_machine_with_other_keys(server: Server) -> None:
    """It would sign links that no other machine can read: it says which file it needs, and does not start."""
    with ground(1, server=server) as made:
        first = made.start()
        made.send_all()
        made.end(first)
        empty = made.folder / "nothing"
        assert "links are signed with keys that this machine does not have" in refused(
            made, NEWSLETTER_TOKEN_KEYS_FILE=str(empty)
        )
        other = made.folder / "other"
        other.write_text(f"0 {'3c' * 32}\n")
        said = refused(made, NEWSLETTER_TOKEN_KEYS_FILE=str(other))
        assert "key 0 is not the one that signs this newsletter's links on other machines" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"NEWSLETTER_DATABASE_URL": ""}, "workers share a ledger on a server, and this one is a file"),
        ({"NEWSLETTER_TRANSPORT": "outbox"}, "outbox writes emails into a folder of this machine"),
    ],
)
def test_what_cannot_be_shared(server: Server, more: dict[str, str], said: str) -> None:
    """A ledger in a file, and emails that stay on one machine."""
    with ground(0, server=server) as made:
        assert said in refused(made, **more)


def test_help_of_the_command() -> None:
    """It says what a worker needs."""
    import sys

    said = subprocess.run(
        [sys.executable, "-m", "newsletter", "worker", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--slots" in said
    assert "no subscriber list" in said
