"""What is installed: the wheel, the container's recipe, the lock, and the demo as a newcomer meets it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from fnmatch import fnmatch
from pathlib import Path

import pytest
import requests
import yaml
from click.testing import CliRunner

from image import slim
from newsletter import __version__
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.times import calendar
from tests.conftest import ROOT, Run
from tests.factories import DAY


def _run(*command: str | Path, cwd: Path, timeout: float = 600, more: Mapping[str, str] | None = None) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean | dict(more or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert 0 == done.returncode, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release is: the wheel from the sdist, which therefore holds all that is needed."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment that holds the lock and the wheel, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-compile", "--no-deps"]
    _run(*install, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=folder)
    _run(*install, wheel, cwd=folder)
    _run(*pip, "check", cwd=folder)  # the lock is whole
    (folder / "octets").write_text(str(slim.size(folder)), "utf-8")  # before a start compiles anything
    return folder / "bin"


@pytest.fixture(scope="module")
def weight(installed: Path) -> int:
    return int((installed.parent / "octets").read_text("utf-8"))


def test_the_wheel_carries_templates_prompts_and_data(wheel: Path) -> None:
    """Everything that a service in an empty folder needs is inside."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("templates", "prompts"):
        files = [file.relative_to(ROOT / kind) for file in (ROOT / kind).rglob("*") if file.is_file()]
        assert files
        assert {f"newsletter/_defaults/{kind}/{file}" for file in files} <= names
    assert {"newsletter/demo/papers.jsonl", "newsletter/demo/subscribers.yaml", "newsletter/py.typed"} <= names
    assert "newsletter/times/holidays.txt" in names
    revisions = {file.name for file in (ROOT / "newsletter/store/migrations/versions").glob("v*.py")}
    assert revisions
    assert {f"newsletter/store/migrations/versions/{name}" for name in revisions} <= names
    assert "newsletter/store/migrations/env.py" in names


def test_an_index_can_show_the_package(wheel: Path) -> None:
    """As twine sees sdist and wheel; every link of the README leads somewhere from anywhere."""
    _run(sys.executable, "-m", "twine", "check", "--strict", *wheel.parent.iterdir(), cwd=wheel.parent)
    package = zipfile.ZipFile(wheel)
    (name,) = [name for name in package.namelist() if name.endswith(".dist-info/METADATA")]
    about = message_from_bytes(package.read(name), policy=policy.compat32)
    description = about.get_payload(decode=True).decode()
    assert description.count("](") > 15
    assert [] == re.findall(r"\]\((?!https://|#)[^)]*\)", description)
    repository = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    address = repository["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    for path in re.findall(rf"\]\({re.escape(address)}/(?:blob|raw)/HEAD/([^)#]+)", description):
        assert (ROOT / path).exists(), path
    assert {"Repository", "Documentation", "Changelog", "Issues", "Security"} == {
        url.split(",")[0] for url in about.get_all("Project-URL")
    }
    assert "arxiv" not in about["Name"].lower()
    assert "not affiliated with arXiv" in description


def test_the_installed_wheel_runs_the_demo_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """From the wheel alone: one morning, the same again with nothing sent, a reply that unsubscribes."""
    assert f"newsletter, version {__version__}" in _run(installed / "newsletter", "--version", cwd=tmp_path)
    said = _run(installed / "paperletter", "demo", cwd=tmp_path)
    assert re.search(r"Sent 4 emails to var/demo/outbox", said)
    assert re.search(r"Sent 0 emails to var/demo/outbox", said)
    assert re.search(r"subscribers\.yaml:\d+: .*unsubscribed: \d{4}-\d\d-\d\d by reply", said)
    _check_outbox(tmp_path / "var" / "demo" / "outbox")


def test_the_readmes_path_of_a_newcomer(installed: Path, tmp_path: Path) -> None:
    """Its four commands as they stand there, in an empty folder, with nothing else but an arXiv."""
    block = re.search(r"```console\n(\$ newsletter init.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert block
    commands = [line[2:].partition("#")[0].split() for line in block[1].splitlines()]
    assert ["init", "check", "run", "serve"] == [words[1] for words in commands]
    day = calendar.newest(datetime.now(UTC))
    with Servers(sample_day(day, calendar.window(day)), day) as servers:
        arxiv = {name: value for name, value in servers.environment().items() if "ARXIV" in name}
        said = [_run(installed / words[0], *words[1:], cwd=tmp_path, more=arxiv) for words in commands[:3]]
        assert "wrote subscribers.yaml" in said[0]
        assert "1 reader, 1 topic" in said[1]
        assert "Sent 1 email to var/outbox" in said[2]
        environment = {"PATH": os.environ["PATH"], "NEWSLETTER_PORT": "0"} | arxiv
        serve = [str(installed / commands[3][0]), *commands[3][1:]]
        with subprocess.Popen(serve, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            listening = next(line for line in process.stderr if "web.listening" in line)
            answer = requests.get(listening.split("address=")[1].strip() + "/healthz", timeout=10)
            process.terminate()
            assert 0 == process.wait(15)
    assert (200, str(day)) == (answer.status_code, answer.json()["last_issue"])


def _check_outbox(folder: Path) -> None:
    """One mail for each sample reader, as the README promises it."""
    mails = sorted(folder.glob("*.eml"))
    assert ["ada", "chen", "grace", "noor"] == [re.split(r"[_@]", file.name)[1] for file in mails]
    for file in mails:
        raw = file.read_bytes()
        assert max(len(line) for line in raw.split(b"\r\n")) <= 998
        mail = message_from_bytes(raw, policy=policy.default)
        for header in ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe"):
            assert 1 == len(mail.get_all(header, [])), header
        assert "auto-generated" == mail["Auto-Submitted"]
        assert ["text/plain", "text/html"] == [part.get_content_type() for part in mail.iter_parts()]
        text, html = (part.get_content() for part in mail.iter_parts())
        papers = set(re.findall(r"https://arxiv\.org/abs/([\w.]+)", html))
        assert papers == set(re.findall(r"https://arxiv\.org/abs/([\w.]+)", text))
        assert len(papers) >= 5
        assert html.count('lang="zh') >= len(papers)
        assert len(re.findall(r"Relevance\s", html)) >= 5 or "相关" in html


def test_the_sample_day_is_invented_and_varied() -> None:
    """At least 40 papers, each marked as invented, under ids that arXiv has not given."""
    rows = sample_day(DAY, calendar.window(DAY))
    assert len(rows) >= 40
    assert all("nvented" in (row.comment or "") for row in rows)
    assert all(re.fullmatch(r"\d{4}\.9\d{4}", row.id) for row in rows)
    assert len({row.primary_category for row in rows}) >= 8


# --- the container's recipe ---

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def _copied() -> list[str]:
    """The paths that the recipe copies from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M)
    return [source for line in lines for source in line.split()[:-1]]


def test_every_path_that_the_recipe_copies_is_there() -> None:
    """And none of them is left out of the build by .dockerignore."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = _copied()
    assert {"requirements.lock", "pyproject.toml", "newsletter", "templates", "prompts"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert not any(fnmatch(source, pattern) for pattern in ignored), source


def test_the_recipe_is_a_safe_one() -> None:
    """A slim base, the hashed lock, a user without rights, a health check."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert all(re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", base) for base in bases)
    assert 1 == len(set(bases))
    assert re.search(r"--require-hashes -r requirements\$\{WORKERS:\+-workers\}\.lock$", DOCKERFILE, re.M)
    assert re.search(r"^USER newsletter$", DOCKERFILE, re.M)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.M)


def test_what_only_others_need_is_not_loaded(installed: Path, tmp_path: Path) -> None:
    """A service that waits has none of the packages that only some settings or single moments need."""
    rare = {"bs4", "cryptography", "litellm", "mjml", "premailer", "prometheus_client", "rich"}
    loaded = "import newsletter.cli.serving, sys; print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"
    assert "" == _run(installed / "python", "-c", loaded, *rare, cwd=tmp_path).strip()


def test_an_installation_stays_light(weight: int) -> None:
    """380 MB at most, as pip leaves it without compiling."""
    assert weight < 380_000_000


def test_the_image_keeps_what_is_near_to_what_it_removes(installed: Path, tmp_path: Path) -> None:
    """Every part that is removed has its own check, and names something that is there."""
    (packages,) = (installed.parent / "lib").glob("python3.*/site-packages")
    for part in slim.PARTS:
        assert list(part.paths(packages)), part.what
    assert "python image/slim.py" in DOCKERFILE


def test_the_recipes_entry_point_starts(installed: Path, tmp_path: Path) -> None:
    """The program that the container starts knows the command that it is started with."""
    (entry,) = re.findall(r'^ENTRYPOINT \["(.+)"\]$', DOCKERFILE, re.M)
    (command,) = re.findall(r'^CMD \["(.+)"\]$', DOCKERFILE, re.M)
    assert "until SIGTERM" in _run(installed / entry, command, "--help", cwd=tmp_path)


# --- the lock ---


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_has_hashes_and_no_address(name: str) -> None:
    """Every package is pinned with hashes; where it comes from is the installer's affair."""
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"https?://|--index|--extra-index|--find-links", text)
    entries = re.findall(r"^([\w.\-\[\]]+)==[^\s;]+.*?(?=^[\w.]|\Z)", text, re.M | re.S)
    assert len(entries) > 50
    for block in re.split(r"\n(?=[\w])", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_dependencies_are_locked() -> None:
    """What pyproject asks for stands in the lock."""
    asked = re.findall(
        r'^  "([\w-]+)[><=]', (ROOT / "pyproject.toml").read_text("utf-8").split("[dependency-groups]")[0], re.M
    )
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    assert {"arxiv", "litellm", "mjml", "premailer", "sendgrid", "apscheduler", "tenacity"} <= set(asked)
    assert set(asked) <= locked


# --- the documents ---


def test_the_version_is_the_same_everywhere() -> None:
    """In the program, on top of the changelog with what an upgrade takes, and where it is cited."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert __version__ == re.findall(r"^## (\S+)", changelog, re.M)[0]
    assert "### Upgrade notes" in changelog
    assert __version__ == yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"]


def test_files_for_programs_are_what_these_programs_read() -> None:
    """Workflows, forms of issues, the citation, compose: as check-jsonschema knows them."""
    from check_jsonschema.cli import main as check_jsonschema  # with grammars that take seconds

    forms = [file for file in (ROOT / ".github" / "ISSUE_TEMPLATE").iterdir() if file.name != "config.yml"]
    kinds = {
        "github-workflows": [*(ROOT / ".github" / "workflows").iterdir(), *(ROOT / "examples").rglob("*.yml")],
        "github-issue-forms": forms,
        "github-issue-config": [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"],
        "dependabot": [ROOT / ".github" / "dependabot.yml"],
        "citation-file-format": [ROOT / "CITATION.cff"],
        "compose-spec": [ROOT / "compose.yaml"],
    }
    for kind, files in kinds.items():
        assert files, kind
        done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{kind}", *map(str, files)])
        assert 0 == done.exit_code, done.output


def test_actions_are_pinned_and_have_few_rights() -> None:
    """By commit; nothing but what a job needs, and no password of the package index."""
    for file in (ROOT / ".github" / "workflows").iterdir():
        text = file.read_text("utf-8")
        assert re.findall(r"uses: ", text), file
        assert [] == re.findall(r"uses: (?!\S+@[0-9a-f]{40} # v)\S+", text), file
        assert {"contents": "read"} == yaml.safe_load(text)["permissions"], file
        assert "secrets." not in text


def test_links_of_the_documents_lead_somewhere() -> None:
    """Every relative link in README and docs names a file, and every test it names exists."""
    for document in [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]:
        text = document.read_text("utf-8")
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
        for file, name in re.findall(r"`?(tests/test_\w+\.py)::(\w+)`?", text):
            assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{document.name}: {file}::{name}"


def test_demo_serve_prints_settings_and_stops_on_sigterm(newsletter: Run, tmp_path: Path) -> None:
    """The practice ground says how to use it, and goes when told to."""
    command = [sys.executable, "-m", "newsletter", "demo", "--serve"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    roster = "topics:\n  all:\n    categories: [cs.LG]\n    interests: Sparsity.\nsubscribers: [ada@example.org]\n"
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
        done = newsletter("run", settings=printed)
        process.terminate()
        assert 0 == process.wait(10)
    assert [
        "NEWSLETTER_ARXIV_API_URL", "NEWSLETTER_ARXIV_RSS_URL", "NEWSLETTER_ARXIV_DELAY",
        "NEWSLETTER_MODEL", "NEWSLETTER_MODEL_API_BASE", "OPENAI_API_KEY",
    ] == list(printed)  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert "Sent 1 email to var/outbox" in done.stdout
