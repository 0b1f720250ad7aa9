"""A new newsletter by a few questions: what is written works, and nothing that was there is touched."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from newsletter import doctor, settings, subscribers
from newsletter.cli import starting
from newsletter.cli.starting import Answers
from newsletter.errors import ConfigurationError
from tests.conftest import ROOT, Run
from tests.counters import counter_of
from tests.test_cli import todays_servers, without_model

AWKWARD = "a b#c'd\"e\\f$g"


def test_what_is_written_has_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roster, interests and settings say what was answered, whatever letters it has, and `check` is content."""
    answers = Answers(
        email="ada@example.org",
        categories=("cs.CL", "stat.ML"),
        interests='Sparsity: "less" is more # and\nmore of it',
        languages=("zh", "en"),
        timezone="Australia/Lord_Howe",
        send_at="06:45",
        model="anthropic/claude-haiku-4-5",
        model_key=AWKWARD,
        transport="smtp",
        sender="Morning arXiv <news@example.org>",
        own={"smtp_url": "smtp://news@example.org@mail.example.org:587", "smtp_password": AWKWARD},
    )
    starting.write(tmp_path, answers)
    roster = subscribers.load(tmp_path / "subscribers.yaml")
    assert answers.categories == roster.topics[0].categories
    assert answers.interests == roster.topics[0].interests
    (reader,) = roster.readers
    assert ("ada@example.org", "Australia/Lord_Howe", "06:45") == (
        reader.email,
        reader.timezone,
        f"{reader.send_at:%H:%M}",
    )
    assert ("zh", "en") == reader.wishes.languages
    monkeypatch.setenv("NEWSLETTER_SUBSCRIBERS", str(tmp_path / "subscribers.yaml"))
    monkeypatch.setenv("NEWSLETTER_DATA_DIR", str(tmp_path / "var"))
    loaded = settings.load()
    assert AWKWARD == os.environ["ANTHROPIC_API_KEY"]
    assert loaded.smtp_password
    assert AWKWARD == loaded.smtp_password.get_secret_value()
    assert (answers.sender, answers.own["smtp_url"], "ada@example.org") == (
        loaded.sender,
        loaded.smtp_url,
        loaded.admin_email,
    )
    assert 0o600 == (tmp_path / ".env").stat().st_mode & 0o777
    with counter_of(loaded) as counter:
        found = [finding.where for finding in doctor.examine(loaded, counter)]
    assert ["NEWSLETTER_PUBLIC_URL"] == found  # nobody can leave by link yet


@pytest.mark.parametrize("there", ["subscribers.yaml", ".env", "prompts/topics/papers.md"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    """One file that is there already, and nothing is written at all."""
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigurationError, match=f"{there}: already exists; nothing was written"):
        starting.write(tmp_path, Answers(email="ada@example.org"))
    assert [tmp_path / there] == [file for file in tmp_path.rglob("*") if file.is_file()]
    assert "mine" == (tmp_path / there).read_text()


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--email", "ada.example.org", "ada.example.org"),
        ("--categories", "cs.LGG", "cs.LG"),
        ("--timezone", "Europe/Londno", "Europe/London"),
        ("--send-at", "25:00", "25:00"),
        ("--languages", "xx-yy-zz", "xx-yy-zz"),
    ],
)
def test_a_wrong_answer_is_said_and_nothing_is_written(
    newsletter: Run, tmp_path: Path, flag: str, value: str, said: str
) -> None:
    """What `check` would refuse `init` refuses at once."""
    done = newsletter("init", "--email", "ada@example.org", flag, value)
    assert 1 == done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_without_a_terminal_an_address_is_needed(newsletter: Run) -> None:
    """Nobody is asked where nobody is there."""
    done = newsletter("init")
    assert 2 == done.returncode
    assert "--email is needed" in done.stderr


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """Each question is answered by a line; the password is not shown and lands in `.env` alone."""
    said = dialogue(
        tmp_path,
        [
            ("Your address", "ada@example.org"), ("categories", ""), ("What are you interested in", "Sparse models."),
            ("Languages", "en"), ("Time zone", "Asia/Kolkata"), ("At what time", "07:15"), ("Model", ""),
            ("Send by", "smtp"), ("Sender", "News <news@example.org>"),
            ("Mail server", "smtps://news@mail.example.org"), ("password", "hunter-two"),
        ],
    )  # fmt: skip
    assert "wrote subscribers.yaml" in said
    assert "hunter-two" not in said
    assert "NEWSLETTER_SMTP_PASSWORD=hunter-two\n" in (tmp_path / ".env").read_text()
    (reader,) = subscribers.load(tmp_path / "subscribers.yaml").readers
    assert ("Asia/Kolkata", "07:15") == (reader.timezone, f"{reader.send_at:%H:%M}")


def dialogue(folder: Path, turns: list[tuple[str, str]]) -> str:
    """Answer the questions of `newsletter init` on a terminal; all that it showed."""
    master, slave = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "newsletter", "init"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = ""
        for question, answer in turns:
            shown += until(master, question)
            os.write(master, f"{answer}\n".encode())
        shown += until(master, "Next:")
        assert 0 == process.wait(60)
    os.close(master)
    return shown


def until(terminal: int, text: str) -> str:
    """What the terminal shows up to the end of this question."""
    shown, deadline = "", time.monotonic() + 60
    while text not in shown or not shown.rstrip("\r\n").endswith((": ", ":", "run")):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown


def test_a_new_folder_works(newsletter: Run, tmp_path: Path) -> None:
    """init, check, run in an empty folder, with arXiv as the only thing that is needed."""
    with todays_servers() as servers:
        arxiv = without_model(servers)
        assert 0 == newsletter("init", "--email", "ada@example.org", "--timezone", "Europe/London").returncode
        checked = newsletter("check", settings=arxiv)
        assert 0 == checked.returncode, checked.stdout
        assert "1 reader, 1 topic; templates and prompts are valid." in checked.stdout
        assert re.search(r"^  \w+: wanted: \w.*; unwanted: nothing$", checked.stdout, re.M)
        done = newsletter("run", settings=arxiv)
    assert 0 == done.returncode, done.stderr
    assert "Sent 1 email to var/outbox" in done.stdout
    assert 1 == len(list((tmp_path / "var" / "outbox").glob("*.eml")))
