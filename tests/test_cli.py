"""The commands as processes: what they print, what they leave behind, and how they end when something is wrong."""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsletter.cli import main
from newsletter.demo.command import reply_to
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import DeliveryState, IssueState
from newsletter.store import open_store
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from tests.conftest import ROOT, Run
from tests.ledger import NOW, a_delivery, a_rendered, an_issue
from tests.morning import ROSTER

READERS = {"ada@example.org", "chen@example.org"}
NOBODY = {  # whoever asks arXiv here fails at once
    "NEWSLETTER_ARXIV_API_URL": "http://127.0.0.1:9/api/query",
    "NEWSLETTER_ARXIV_RSS_URL": "http://127.0.0.1:9/rss",
    "NEWSLETTER_ARXIV_DELAY": "0",
}

_STARTED_AS = "from newsletter.cli import main; main(prog_name='{}')"

# --- processes that share their imports -----------------------------------------
# LiteLLM takes four seconds to import and the rest one and a half. A server that has imported them forks a process
# for each command: as real to SIGKILL as any other.

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["litellm", "premailer", "newsletter.cli.morning", "newsletter.cli.readers", "newsletter.cli.reports", __name__]
)


def _command(folder: Path, settings: Mapping[str, str], arguments: tuple[str, ...]) -> None:
    """`newsletter …` in a process of its own."""
    os.environ.clear()
    os.environ.update({"PATH": "/usr/bin:/bin", "HOME": str(folder)} | dict(settings))
    os.chdir(folder)
    for number, name in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["newsletter", *arguments]
    from newsletter.cli import main

    main(prog_name="newsletter")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self) -> list[str]:
        return (self.stdout + self.stderr).splitlines()


@dataclass
class Folder:
    """A folder with a roster, and the commands that are run in it."""

    path: Path
    settings: dict[str, str]

    def __call__(self, *arguments: str, **more: str) -> Ended:
        process = self.start(*arguments, **more)
        process.join(60)
        assert process.exitcode is not None
        out, err = ((self.path / name).read_text("utf-8") for name in (".out", ".err"))
        return Ended(process.exitcode, out, err)

    def start(self, *arguments: str, **more: str) -> Any:
        # The server that forks inherits this when it starts: its LiteLLM asks the internet for nothing.
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        process = _FORKS.Process(target=_command, args=(self.path, self.settings | more, arguments))
        process.start()
        return process

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def outbox(self) -> Counter[str]:
        """How many mails lie there for whom."""
        mails = (self.path / "var" / "outbox").glob("*.eml")
        return Counter(
            message_from_bytes(mail.read_bytes(), policy=policy.default)["To"].addresses[0].addr_spec for mail in mails
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A good roster; arXiv is not to be had."""
    made = Folder(tmp_path, dict(NOBODY))
    made.write("subscribers.yaml", ROSTER)
    return made


@contextmanager
def todays_servers() -> Iterator[Servers]:
    """The sample day, announced as the newest issue of today: commands have the real clock."""
    day = calendar.newest(utc_now())
    with Servers(sample_day(day, calendar.window(day)), day) as servers:
        yield servers


def without_model(servers: Servers) -> dict[str, str]:
    return {name: value for name, value in servers.environment().items() if "ARXIV" in name}


@pytest.fixture(scope="module")
def served() -> Iterator[Servers]:
    with todays_servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def one_morning(tmp_path_factory: pytest.TempPathFactory, served: Servers) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("morning"), without_model(served))
    folder.write("subscribers.yaml", ROSTER)
    ended = folder("run")
    assert 0 == ended.returncode, ended.stderr
    return folder


@pytest.fixture
def morning(one_morning: Folder, tmp_path: Path) -> Folder:
    """A folder whose morning has been run, without a model."""
    shutil.copytree(one_morning.path, tmp_path, dirs_exist_ok=True)
    return Folder(tmp_path, one_morning.settings)


# --- what the operator wrote wrong ---------------------------------------------

TOPIC = "topics:\n  ml:\n    categories: [cs.LG]\n    interests: Pruning.\n"
GOOD = TOPIC + "subscribers:\n  - ada@example.org\n"
PROMPT = "# System\n\nJudge.\n\n# User\n\n{% for paper in papers %}{{ paper.id }}{% endfor %}\n"

MISTAKES: dict[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    # name: files, settings, the lines to expect (each a pattern)
    "broken YAML": (
        {"subscribers.yaml": TOPIC + "subscribers:\n  - {email: ada@example.org\n"},
        {},
        [r"subscribers\.yaml:\d+: not YAML: .+; check indentation and quotes"],
    ),
    "tabs": (
        {"subscribers.yaml": "topics:\n\tml: {}\n"},
        {},
        [r"subscribers\.yaml:2: there is a tab where YAML needs spaces; indent with spaces"],
    ),
    "unknown key": (
        {"subscribers.yaml": GOOD.replace("interests", "interest")},
        {},
        [r"subscribers\.yaml:\d+: .*'interest'.*; .+", r"subscribers\.yaml:\d+: .*no interests; add interests: .*"],
    ),
    "missing interests file": (
        {"subscribers.yaml": GOOD.replace("Pruning.", "prompts/topics/ml.md")},
        {},
        [r"subscribers\.yaml:4: cannot read .*prompts/topics/ml\.md .*No such file.*; fix the path, or write .*"],
    ),
    "empty roster": (
        {"subscribers.yaml": ""},
        {},
        [r"subscribers\.yaml: contains no topics and no subscribers; see .*"],
    ),
    "no roster": (
        {},
        {"NEWSLETTER_SUBSCRIBERS": "readers.yaml"},
        [r"readers\.yaml: cannot be read \(No such file or directory\); set NEWSLETTER_SUBSCRIBERS to your .*"],
    ),
    "prompt without its headings": (
        {"prompts/score.md": "Judge these papers.\n"},
        {},
        [r".*prompts/score\.md:1: .*'# System'.*'# User'.*; fix the prompt, or remove it to use the default"],
    ),
    "prompt with a Jinja mistake": (
        {"prompts/score.md": PROMPT.replace("{% endfor %}", "\n{% endfo %}")},
        {},
        [r".*prompts/score\.md:8: .*endfo.*; fix the prompt, or remove it to use the default"],
    ),
    "prompt with an unknown name": (
        {"prompts/summarise.md": PROMPT.replace("paper.id", "paper.identity")},
        {},
        [r".*prompts/summarise\.md:7: .+; fix the prompt, or remove it to use the default"],
    ),
    "template with an unknown MJML tag": (
        {"templates/digest.mjml": "<mjml><mj-body>\n<mj-sektion></mj-sektion></mj-body></mjml>\n"},
        {},
        [r".*templates/digest\.mjml(:\d+)?: .*mj-sektion.*; fix the template, or remove it to use the default"],
    ),
    "template with a Jinja mistake": (
        {"templates/digest.txt.j2": "[[ m.nonsense ]]\n"},
        {},
        [r".*templates/digest\.txt\.j2:1: .*nonsense.*; fix the template, or remove it to use the default"],
    ),
    "archive template with a Jinja mistake": (
        {"templates/archive-index.html.j2": "<ul>\n{% for day in days %}\n"},
        {},
        [r".*templates/archive-index\.html\.j2:2: .+; fix the template, or remove it to use the default"],
    ),
    "wrong values in .env": (
        {".env": "NEWSLETTER_PORT=many\nNEWSLETTER_TRANSPORT=pigeon\n\nNEWSLETTER_SENDER=nobody\n"},
        {},
        [
            r"\.env:1: NEWSLETTER_PORT: 'many' .+; .+",
            r"\.env:2: NEWSLETTER_TRANSPORT: 'pigeon' .+outbox.*",
            r"\.env:4: NEWSLETTER_SENDER: 'nobody' is not an address; write it as Name <name@example\.org>",
        ],
    ),
    "unreadable line in .env": (
        {".env": "NEWSLETTER_PORT=8080\nthis is no setting = \n"},
        {},
        [r"\.env:2: this line cannot be read; write NAME=value"],
    ),
    "unknown setting": (
        {},
        {"NEWSLETTER_TRANSPROT": "smtp"},
        [r"environment: unknown setting NEWSLETTER_TRANSPROT; did you mean NEWSLETTER_TRANSPORT\?"],
    ),
    "smtp without a sender": (
        {},
        {"NEWSLETTER_TRANSPORT": "smtp", "NEWSLETTER_SMTP_URL": "smtp://127.0.0.1:9"},
        [r".*NEWSLETTER_SENDER.* missing.*NEWSLETTER_TRANSPORT=smtp needs it.*"],
    ),
    "a data folder that is a file": (
        {"data": "not a folder"},
        {"NEWSLETTER_DATA_DIR": "data"},
        [r"NEWSLETTER_DATA_DIR: data cannot be used: .+; choose a writable folder"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_one_line_with_place_and_remedy(folder: Folder, name: str) -> None:
    """File and line, what is wrong, what to do; exit code 1, no traceback, nothing collected and nothing sent."""
    files, settings, expected = MISTAKES[name]
    for file, text in files.items():
        folder.write(file, text)
    ended = folder("run", **settings)
    assert (1, "") == (ended.returncode, ended.stdout)
    lines = ended.stderr.splitlines()
    assert len(expected) == len(lines), ended.stderr
    for pattern in expected:
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, ended.stderr)
    assert not list(folder.path.rglob("*.eml"))
    assert not list(folder.path.rglob("newsletter.db"))


def test_a_wrong_entry_is_left_out_and_said(folder: Folder, served: Servers) -> None:
    """An unknown topic of one reader costs only their mail; the line is named and the exit code is 1."""
    folder.write("subscribers.yaml", ROSTER + "  - {email: eve@example.org, topics: [fundations]}\n")
    folder.settings = without_model(served)
    ended = folder("run")
    assert 1 == ended.returncode
    assert "subscribers.yaml:10: unknown topic 'fundations'; did you mean 'foundations'?" in ended.stderr
    assert READERS == set(folder.outbox())
    assert ended.stderr.count("fundations") == 1
    checked = folder("check")
    assert 1 == checked.returncode
    assert "1 finding." == checked.said[-1]


def test_arxiv_down_is_one_line(folder: Folder) -> None:
    """An outage is said at once, and in the end, each in a line that names the host and what to check."""
    ended = folder("collect")
    assert 1 == ended.returncode
    waiting, error = ended.stderr.splitlines()
    assert "127.0.0.1 cannot be reached: connection refused; check this machine's network" in waiting
    assert error.startswith("arXiv cannot be reached at 127.0.0.1: connection refused; check this machine's network")
    assert error.endswith("nothing is lost: run this again later")
    assert len(error) < 200
    assert "Errno" not in ended.stderr
    assert {"issues": [], "troubles": []} == json.loads(folder("status", "--json").stdout)


# --- help and wrong use -----------------------------------------------------------

COMMANDS = (
    "", "demo", "run", "collect", "serve", "preview", "check", "status", "explain", "archive", "inbox", "subscribers",
    "schema", "completion",
    "subscribers list", "subscribers show", "subscribers unsubscribe", "subscribers resubscribe",
    "subscribers import", "subscribers export", "subscribers add", "subscribers to-ledger", "subscribers pending",
    "subscribers approve", "subscribers decline",
)  # fmt: skip


def test_help_reads_well(folder: Folder) -> None:
    """Every command says in whole sentences what it does; no list of commands is cut short."""
    for command in COMMANDS:
        ended = folder(*command.split(), "--help")
        assert 0 == ended.returncode, command
        assert "..." not in ended.stdout.replace("[ARGS]...", "").replace("PATHS...", "").replace("EMAIL...", ""), (
            command
        )
        assert not re.search(r"%Y|FLOAT RANGE|TEXT", ended.stdout), command
        first = ended.stdout.split("\n\n")[1].strip()
        assert re.match(r"[A-Z][^\n]+", first), command
        assert first.endswith("."), command
        assert max(map(len, ended.stdout.splitlines())) <= 80, command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nonsense", "No such command 'nonsense'"),
        ("run --date yesterday", "'yesterday' does not match the format"),
        ("run --nonsense", "No such option"),
        ("explain", "Missing argument 'ARXIV_ID'"),
        ("inbox --explain", "Missing argument 'PATHS...'"),
        ("inbox --explain nowhere.eml", "'nowhere.eml' does not exist"),
        ("inbox subscribers.yaml", "--explain with files"),
        ("demo --latency 1", "need --serve"),
        ("demo --serve --latency -1", "not in the range"),
        ("subscribers show", "Missing argument 'EMAIL'"),
        ("subscribers import subscribers.yaml", "use one of --confirmed, --ask and --sync NAME"),
        ("subscribers import subscribers.yaml --confirmed", "--confirmed needs --note"),
        ("subscribers import subscribers.yaml --ask --accept", "--accept needs --sync"),
        ("subscribers export", "use one of --csv and --yaml"),
    ],
)
def test_wrong_use_is_exit_code_2(folder: Folder, arguments: str, said: str) -> None:
    """Wrong use says what is wrong with it, and nothing happens."""
    ended = folder(*arguments.split())
    assert 2 == ended.returncode
    assert said in ended.stderr
    assert not (folder.path / "var").exists()


def test_the_installed_way(newsletter: Run, tmp_path: Path) -> None:
    """The same from a fresh interpreter: `check` is 0 in a good folder and 1 with a line in a bad one."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    good = newsletter("check")
    assert (0, "") == (good.returncode, good.stderr)
    assert "2 readers, 1 topic;" in good.stdout
    assert re.search(r"09:30 UTC: .*\d h before", good.stdout)
    (tmp_path / "subscribers.yaml").write_text(ROSTER.replace("cs.CL", "cs.cl"), "utf-8")
    bad = newsletter("run")
    assert 1 == bad.returncode
    assert "subscribers.yaml:3: 'cs.cl' is not an arXiv category; did you mean 'cs.CL'?\n" == bad.stderr


# --- a morning and what tells of it ---------------------------------------------------


def test_run_and_again(morning: Folder) -> None:
    """One mail for each reader; the same again sends none and names the next announcement."""
    assert Counter(READERS) == morning.outbox()
    again = morning("run")
    assert 0 == again.returncode
    assert "Sent 0 emails" in again.stdout
    assert re.search(r"The next issue is \d{4}-\d\d-\d\d, due", again.stdout)
    assert Counter(READERS) == morning.outbox()


def test_status_as_json_is_the_contract(morning: Folder) -> None:
    """Exactly the keys that programs rely on, and counts that add up."""
    found = json.loads(morning("status", "--json").stdout)
    assert ["issues", "troubles"] == list(found)
    (issue,) = found["issues"]
    assert {
        "date", "state", "collected", "scored", "ranked", "unscored", "picked", "prompt_tokens", "completion_tokens",
        "cost_usd", "bills", "model_outcome", "refused_papers", "deliveries", "notes",
    } == issue.keys()  # fmt: skip
    assert (str(calendar.newest(utc_now())), "ready") == (issue["date"], issue["state"])
    assert issue["collected"] == issue["scored"] + issue["ranked"] + issue["unscored"] > 30
    assert {"accepted": 2} == issue["deliveries"]
    assert "emails: 2 accepted" in morning("status").stdout


def test_status_names_every_mail_in_trouble(folder: Folder) -> None:
    """Twenty of an issue by name for people, and how many more there are; all of them for programs."""
    (folder.path / "var").mkdir()
    addresses = [f"reader{number:02}@example.org" for number in range(25)]
    with closing(open_store(f"sqlite:///{folder.path / 'var' / 'newsletter.db'}")) as store:
        store.save_issue(an_issue(state=IssueState.READY))
        store.save_edition(a_rendered())
        people = store.enrol(addresses, NOW)
        store.plan([a_delivery(people[email].id, email) for email in addresses])
        for mail in store.deliveries():
            store.finish(replace(mail, state=DeliveryState.FAILED, error="550 no such user"))
    notes = [f"{email}: failed: 550 no such user" for email in addresses]
    assert notes == json.loads(folder("status", "--json").stdout)["issues"][0]["notes"]
    shown = [line.strip() for line in folder("status").stdout.splitlines()]
    assert [*notes[:20], "and 5 more"] == shown[-21:]


def test_explain(morning: Folder) -> None:
    """A picked paper has its place, another its reason; an unknown one is exit code 1, nonsense a finding."""
    (file,) = (morning.path / "var" / "archive").glob("2*.json")
    day = json.loads(file.read_text("utf-8"))
    picked = day["papers"][0]["id"]
    ended = morning("explain", f"https://arxiv.org/abs/{picked}v1", "--topic", "foundations")
    assert (0, "") == (ended.returncode, ended.stderr)
    assert re.search(r"foundations: picked as number 1 of \d+ \(word match 0\.\d+\)", ended.stdout)
    assert re.search(r"^    moved up by your text: \w+", ended.stdout, re.M)
    with closing(sqlite3.connect(morning.path / "var" / "newsletter.db")) as ledger:
        ids = {row[0] for row in ledger.execute("SELECT arxiv_id FROM paper WHERE issue IS NOT NULL")}
    other = min(ids - {paper["id"] for paper in day["papers"]})
    why_not = r"not picked: (others match better|too few of its words match the topic)"
    assert re.search(why_not, morning("explain", other).stdout)
    unknown = morning("explain", "0704.0001")
    assert (1, "0704.0001 is not in the ledger.\n") == (unknown.returncode, unknown.stdout)
    wrong = morning("explain", "the-best-one")
    assert (1, "the-best-one: is not an arXiv id; write it as 2603.01234\n") == (wrong.returncode, wrong.stderr)
    topic = morning("explain", picked, "--topic", "nonsense")
    assert (1, "--topic: unknown topic 'nonsense'; one of foundations\n") == (topic.returncode, topic.stderr)


def test_preview_shows_and_sends_nothing(folder: Folder, served: Servers) -> None:
    """Two paths that exist, one for each form; no mail is written and none is recorded."""
    folder.settings = without_model(served)
    ended = folder("preview", "--for", "Chen@example.org")
    assert 0 == ended.returncode, ended.stderr
    page, text = (folder.path / line for line in ended.stdout.splitlines())
    assert (".html", ".txt") == (page.suffix, text.suffix)
    assert '<html lang="zh' in page.read_text("utf-8")
    assert "arxiv.org/abs/" in text.read_text("utf-8")
    assert not folder.outbox()
    (issue,) = json.loads(folder("status", "--json").stdout)["issues"]
    assert {} == issue["deliveries"]
    assert Counter(READERS) == (folder("run"), folder.outbox())[1]
    nobody = folder("preview", "--for", "nobody@example.org")
    assert 1 == nobody.returncode
    assert "there is no subscriber nobody@example.org; see `newsletter subscribers list`" in nobody.stderr


def test_a_test_email_counts_for_nobody(morning: Folder) -> None:
    """It goes out beside what was sent, as another email each time; nothing comes of it."""
    before = morning.outbox()
    status, known = morning("status", "--json").stdout, morning("subscribers", "list", "--json").stdout
    for _ in range(2):
        ended = morning("preview", "--send", "you@example.net")
        assert (0, "Sent to you@example.net; nothing was recorded.") == (
            ended.returncode,
            ended.stderr.splitlines()[-1],
        )
    assert Counter({"you@example.net": 2}) == morning.outbox() - before
    (file, other) = (morning.path / "var" / "outbox").glob("mail-*_you@example.net.eml")
    reply = morning.path / "reply.eml"
    reply.write_bytes(reply_to(file, "unsubscribe"))
    said = json.loads(morning("inbox", "--explain", str(reply)).stdout)
    assert said["email"] is None
    assert file.read_bytes() != other.read_bytes()
    assert (status, known) == (morning("status", "--json").stdout, morning("subscribers", "list", "--json").stdout)
    wrong = morning("preview", "--send", "you")
    assert (2, True) == (wrong.returncode, "is not an email address" in wrong.stderr)


def test_every_command_that_reads_speaks_json(morning: Folder) -> None:
    """The same facts as the lines, and the same exit codes."""
    listed = [json.loads(line) for line in morning("subscribers", "list", "--json").stdout.splitlines()]
    assert [("ada@example.org", "active", True), ("chen@example.org", "active", True)] == [
        (row["email"], row["state"], row["in_file"]) for row in listed
    ]
    checked = morning("check", "--json")
    told = json.loads(checked.stdout)
    assert (0, []) == (checked.returncode, told["findings"])
    assert any("papers announced" in note for note in told["notes"])
    morning.write("subscribers.yaml", ROSTER.replace("topics", "topcis"))
    checked = morning("check", "--json")
    (first, *_) = json.loads(checked.stdout)["findings"]
    assert (1, "subscribers.yaml", True) == (checked.returncode, first["where"], first["fatal"])
    assert {"line", "problem", "remedy"} < set(first)
    morning.write("subscribers.yaml", ROSTER)
    (file,) = (morning.path / "var" / "archive").glob("2*.json")
    picked = json.loads(file.read_text("utf-8"))["papers"][0]["id"]
    explained = json.loads(morning("explain", picked, "--json").stdout)
    assert picked == explained["id"]
    assert explained["topics"]["foundations"]["picked"]
    assert 0 < explained["topics"]["foundations"]["word_match"]
    shown = json.loads(morning("subscribers", "show", "ada@example.org", "--json").stdout)
    state = json.loads(morning("status", "--json").stdout)
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "commands.md").read_text("utf-8")))
    rows = (listed[0], told, first, explained, explained["topics"]["foundations"], shown, state, state["issues"][0])
    assert set() == {key for row in rows for key in row} - documented
    unknown = morning("explain", "0704.0001", "--json")
    assert (1, "is not in the ledger") == (unknown.returncode, json.loads(unknown.stdout)["problem"])


def test_windows_is_told_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the command, the first line says it; no import fails before."""
    monkeypatch.setattr(sys, "platform", "win32")
    for words in (["--help"], ["run"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert "use WSL" in str(ended.value.code).splitlines()[0]


def test_shells_complete_commands(tmp_path: Path) -> None:
    """As bash does it, for both names of the command; the other shells get a script of their own."""
    for name in ("newsletter", "paperletter"):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\nPYTHONPATH={ROOT} exec "{sys.executable}" -c "{_STARTED_AS.format(name)}" "$@"\n'
        )
        program.chmod(0o755)
    steps = """source <(newsletter completion bash)
    COMP_WORDS=(paperletter subscribers l) COMP_CWORD=2
    $(complete -p paperletter | sed 's/.*-F \\([^ ]*\\).*/\\1/') paperletter
    echo "${COMPREPLY[@]}" """
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", steps], env=path, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "list") == (done.returncode, done.stdout.strip()), done.stderr
    scripts = [CliRunner().invoke(main, ["completion", shell]).output for shell in ("zsh", "fish")]
    assert ["#compdef newsletter", "function _newsletter_completion;"] == [one.splitlines()[0] for one in scripts]


def test_a_dry_run_sends_and_records_nothing(folder: Folder, served: Servers) -> None:
    """The mails lie in dry-run, the outbox is empty, and the real run afterwards sends them all."""
    folder.settings = without_model(served)
    ended = folder("run", "--dry-run")
    assert 0 == ended.returncode, ended.stderr
    assert 2 == len([line for line in ended.stdout.splitlines() if line.startswith("would send to ")])
    assert READERS == {file.stem.partition("_")[2] for file in (folder.path / "var" / "dry-run").glob("*.eml")}
    assert not folder.outbox()
    folder("run", "--only", "ada@example.org")
    assert Counter(["ada@example.org"]) == folder.outbox()
    folder("run")
    assert Counter(READERS) == folder.outbox()


def test_no_announcement_today_is_said(folder: Folder) -> None:
    """Asked before arXiv has announced, `run` says so, names the next announcement and is done."""
    newest = calendar.newest(utc_now())
    before = calendar.previous(newest)
    with Servers(sample_day(before, calendar.window(before)), before) as servers:
        folder.settings = without_model(servers)
        first = folder("run", "--date", str(before))
        assert 0 == first.returncode, first.stderr
        ended = folder("run")
    assert 0 == ended.returncode
    assert f"Issue {newest}: arXiv has not announced it yet." in ended.stdout
    assert re.search(r"The next issue is \d{4}-\d\d-\d\d, due", ended.stdout)
    assert Counter(READERS) == folder.outbox()


# --- readers ----------------------------------------------------------------------------


def test_a_reader_leaves_and_comes_back(morning: Folder) -> None:
    """list, show, unsubscribe, resubscribe: the ledger and the file say the same at every step."""
    before = (morning.path / "subscribers.yaml").read_text("utf-8")
    assert "ada@example.org  active  foundations; en+zh; 09:30 UTC" in morning("subscribers", "list").stdout
    left = morning("subscribers", "unsubscribe", "ADA@example.org")
    assert (0, "") == (left.returncode, left.stderr)
    assert "subscribers.yaml:7 changed." in left.stdout
    assert " by the operator" in (morning.path / "subscribers.yaml").read_text("utf-8")
    assert re.search(r"ada@example.org  unsubscribed \(\S+ by the operator\)", morning("subscribers", "list").stdout)
    assert "unsubscribed" == json.loads(morning("subscribers", "show", "ada@example.org", "--json").stdout)["state"]
    assert 0 == morning("subscribers", "resubscribe", "ada@example.org").returncode
    assert "active" == json.loads(morning("subscribers", "show", "ada@example.org", "--json").stdout)["state"]
    readers = (morning.path / "subscribers.yaml").read_text("utf-8")
    assert before.replace("- ada@example.org", "- email: ada@example.org") == readers
    unknown = morning("subscribers", "unsubscribe", "nobody@example.org")
    assert 1 == unknown.returncode
    assert "nobody@example.org: is neither in the subscriber list nor in the ledger; see" in unknown.stderr


def test_show_as_json_gives_the_ways_out(morning: Folder) -> None:
    """Reply-To, both ways out and the last Message-ID, the very ones that the mail carries."""
    settings = {"NEWSLETTER_PUBLIC_URL": "https://news.example.org", "NEWSLETTER_SENDER": "News <news@example.org>"}
    row = json.loads(morning("subscribers", "show", "chen@example.org", "--json", **settings).stdout)
    assert {"reply_to", "unsubscribe_url", "unsubscribe_mailto", "last_message_id"} <= row.keys()
    assert re.fullmatch(r"news\+[a-z2-7]{34}@example\.org", row["reply_to"])
    assert re.fullmatch(r"https://news\.example\.org/u/[a-z2-7]{34}", row["unsubscribe_url"])
    assert re.match(r"mailto:news\+[a-z2-7]{34}@example\.org", row["unsubscribe_mailto"])
    (mail,) = (morning.path / "var" / "outbox").glob("*_chen@example.org.eml")
    original = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert original["Message-ID"] == row["last_message_id"]
    bare = json.loads(morning("subscribers", "show", "chen@example.org", "--json").stdout)
    assert bare["unsubscribe_url"] is None
    assert original["Reply-To"] == bare["reply_to"]
    assert bare["unsubscribe_mailto"] in original["List-Unsubscribe"]


def test_a_new_reader_can_be_shown(folder: Folder) -> None:
    """Somebody whom only the file names so far is no stranger: their addresses are shown, their leaving counts."""
    row = json.loads(folder("subscribers", "show", "ada@example.org", "--json").stdout)
    assert ("active", None) == (row["state"], row["last_message_id"])
    assert 0 == folder("subscribers", "unsubscribe", "chen@example.org").returncode


def test_what_the_file_says_can_be_undone(folder: Folder, served: Servers) -> None:
    """With a new ledger and `unsubscribed:` in the file, resubscribe is enough to get the next mail."""
    folder.write("subscribers.yaml", ROSTER + "    unsubscribed: 2026-03-01 by reply\n")
    folder.settings = without_model(served)
    assert 0 == folder("subscribers", "resubscribe", "chen@example.org").returncode
    assert ROSTER == (folder.path / "subscribers.yaml").read_text("utf-8")
    folder("run")
    assert Counter(READERS) == folder.outbox()


def test_inbox_explains_without_acting(morning: Folder) -> None:
    """One line of JSON for each message: file, action, email, reason, command, and its value; nobody leaves by it."""
    (mail,) = (morning.path / "var" / "outbox").glob("*_ada@example.org.eml")
    mails = morning.path / "mails"
    mails.mkdir()
    (mails / "1.eml").write_bytes(reply_to(mail, "退订"))
    (mails / "2.eml").write_bytes(reply_to(mail, "Thank you, the second paper was just what I needed."))
    (mails / "3.eml").write_bytes(b"From: ada@example.org\r\nSubject: hello\r\n\r\nunsubscribe\r\n")
    (mails / "4.eml").write_bytes(b"\x00\xff" * 50)
    ended = morning("inbox", "--explain", "mails", "mails/1.eml")
    assert 0 == ended.returncode, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [["file", "action", "email", "reason", "command"]] * 5 == [list(row) for row in rows]
    assert [
        ("mails/1.eml", "unsubscribe", "ada@example.org"),
        ("mails/2.eml", "ignore", "ada@example.org"),
        ("mails/3.eml", "confirm", None),
        ("mails/4.eml", "ignore", None),
        ("mails/1.eml", "unsubscribe", "ada@example.org"),
    ] == [(row["file"], row["action"], row["email"]) for row in rows]
    assert "active" == json.loads(morning("subscribers", "show", "ada@example.org", "--json").stdout)["state"]


# --- killed --------------------------------------------------------------------------


class KillAt:
    """Kills a process at the Nth request that the practice servers see, before it is answered."""

    def __init__(self, servers: Servers, number: int) -> None:
        self.number = number
        self.victim: queue.Queue[int] = queue.Queue()  # the process id, once it is known
        self._seen = 0
        self._lock = threading.Lock()
        for server in (servers.arxiv, servers.model):
            server.handle = self._counting(server.handle)  # type: ignore[method-assign]

    def _counting(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        def handled(request: Any) -> Any:
            with self._lock:
                self._seen += 1
                if self._seen == self.number:
                    _kill(self.victim.get(timeout=60))
            return handle(request)

        return handled


def _kill(process_id: int) -> None:
    """SIGKILL, and wait until nothing is left of it."""
    os.kill(process_id, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    raise TimeoutError


def asked(servers: Servers) -> Counter[tuple[str, str]]:
    """How often the model was asked for what about which paper."""
    found: Counter[tuple[str, str]] = Counter()
    for body in servers.model.requests:
        kind = body["response_format"]["json_schema"]["name"]
        found.update((kind, one) for one in re.findall(r'<paper id="([^"]+)"', body["messages"][-1]["content"]))
    return found


def answered(folder: Folder) -> set[tuple[str, str]]:
    """What the ledger holds of the model's answers."""
    file = folder.path / "var" / "newsletter.db"
    if not file.exists():
        return set()
    with closing(sqlite3.connect(file)) as ledger:
        tables = {row[0] for row in ledger.execute("SELECT name FROM sqlite_master")}
        kinds = {"scores": "score", "summaries": "summary"}
        return {
            (kind, row[0])
            for kind, table in kinds.items()
            if table in tables
            for row in ledger.execute(f"SELECT arxiv_id FROM {table}")
        }


@pytest.mark.parametrize("number", [2, 5, 12, 20])
def test_killed_at_a_request_and_run_again(folder: Folder, number: int) -> None:
    """SIGKILL at that request; the next run finishes: one mail a reader, and no held answer is asked for again."""
    with todays_servers() as servers:
        folder.settings = dict(servers.environment())
        killer = KillAt(servers, number)
        process = folder.start("run")
        killer.victim.put(process.pid)
        process.join(60)
        assert -signal.SIGKILL == process.exitcode
        held, before = answered(folder), asked(servers)
        ended = folder("run")
        again = asked(servers) - before
    assert 0 == ended.returncode, ended.stderr
    assert Counter(READERS) == folder.outbox()
    assert not held & again.keys()
    assert number < 12 or held
    (issue,) = json.loads(folder("status", "--json").stdout)["issues"]
    assert {"accepted": 2} == issue["deliveries"]
    assert issue["collected"] == issue["scored"]
