"""On a machine that others use too: they read nothing of it but the archive, and keep nobody out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter import doctor
from newsletter.backup import without_secrets
from newsletter.settings import Settings
from newsletter.store.lock import hold
from tests.conftest import ROOT
from tests.counters import counter_of
from tests.morning import ROSTER
from tests.test_cli import todays_servers, without_model

NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to be somebody else"
)
# Whatever can be opened for reading, or locked, below the folder that is named.
_TRY = """
import fcntl, os, sys
for place, folders, files in os.walk(sys.argv[1]):
    for name in files:
        path = os.path.join(place, name)
        try:
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                print(os.path.relpath(path, sys.argv[1]))
        except OSError:
            pass
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed already."""
    folder = Path(tempfile.mkdtemp(prefix="home."))
    folder.chmod(0o755)
    (folder / "subscribers.yaml").write_text(ROSTER, "utf-8")
    yield folder
    shutil.rmtree(folder)


def newsletter(home: Path, settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command with a umask that would let everybody write everything."""
    return subprocess.run(
        [sys.executable, "-m", "newsletter", *arguments],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home), **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        umask=0,
    )


def seen_by_others(folder: Path) -> list[str]:
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    done = subprocess.run([*NOBODY, python, "-c", _TRY, folder], capture_output=True, text=True, check=False, cwd="/")
    assert 0 == done.returncode, done.stderr
    return sorted(done.stdout.split())


@needs_root
def test_nobody_else_reads_or_locks_anything(home: Path) -> None:
    """After a morning and a backup; also where an owner lets others pass, and where an earlier version left it open."""
    data = home / "var"
    with todays_servers() as servers:
        settings = without_model(servers)
        assert 0 == newsletter(home, settings, "run").returncode
        assert 0 == newsletter(home, settings, "backup").returncode
        assert 0o700 == data.stat().st_mode & 0o777
        assert {"newsletter.db", "lock", "token-keys", "outbox", "backups"} <= {path.name for path in data.iterdir()}
        assert [] == seen_by_others(data)
        data.chmod(0o711)
        for name in ("newsletter.db", "lock", "newsletter.db.lock", "token-keys"):
            (data / name).chmod(0o644)
        (data / "outbox").chmod(0o755)
        assert 0 == newsletter(home, settings, "run").returncode
    assert 0o711 == data.stat().st_mode & 0o777
    assert [] == seen_by_others(data)  # they may pass, and find nothing that they know by name
    by_name = subprocess.run(
        [*NOBODY, "cat", data / "archive" / "index.html"], capture_output=True, check=False, cwd="/"
    )
    assert b"<html" in by_name.stdout
    data.chmod(0o755)
    assert all(name.startswith("archive/") for name in seen_by_others(data))
    assert "archive/index.html" in seen_by_others(data)
    modes = {path.stat().st_mode & 0o077 for path in (data / "outbox").rglob("*") if path.is_file()}
    assert {0} == modes | {path.stat().st_mode & 0o077 for path in (data / "backups").rglob("*")}


@needs_root
def test_a_lock_of_somebody_else_stops_nobody(home: Path) -> None:
    """A file of an earlier version, which others could read, and somebody has locked it."""
    (home / "lock").write_text("newsletter run (process 99999999)")
    (home / "lock").chmod(0o644)
    holder = subprocess.Popen(
        [*NOBODY, "flock", "--exclusive", home / "lock", "sh", "-c", "echo held; exec sleep 600"],
        stdout=subprocess.PIPE,
        cwd="/",
    )
    try:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        with hold(home, "run"):
            assert 0o600 == (home / "lock").stat().st_mode & 0o777
    finally:
        subprocess.run(["pkill", "-P", str(holder.pid)], check=False)
        holder.communicate()


@pytest.mark.parametrize(
    ("settings", "about"),
    [
        ({"model_api_base": "http://models.example.org:8000"}, "NEWSLETTER_MODEL_API_BASE"),
        ({"sendgrid_url": "http://api.example.org"}, "NEWSLETTER_SENDGRID_URL"),
        ({"model_api_base": "http://127.0.0.1:8000"}, None),
        ({"model_api_base": "http://10.0.0.7:8000"}, None),
        ({"model_api_base": "http://ollama:11434"}, None),
        ({"host": "0.0.0.0"}, "NEWSLETTER_HOST"),
        ({"host": "::"}, "NEWSLETTER_HOST"),
        ({"host": "0.0.0.0", "public_url": "https://news.example"}, None),
    ],
)
def test_what_others_could_hear_is_a_finding(settings: dict[str, str], about: str | None, tmp_path: Path) -> None:
    """Plain http further than the own network, and a port that others reach without an address for them."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    given = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var", **settings)  # type: ignore[arg-type]
    with counter_of(given) as counter:
        found = doctor.examine(given, counter)
    assert [about] * bool(about) == [finding.where for finding in found]


def test_secrets_that_others_can_read_are_findings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env`, keys, and files that hold a password: each by its name, until it is closed."""
    files = [home / ".env", home / "password", home / "dkim.pem"]
    for file in files:
        file.write_text("x")
        file.chmod(0o644)
    monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD_FILE", str(files[1]))
    settings = Settings(
        subscribers=home / "subscribers.yaml", data_dir=home / "var", dkim_key_file=files[2], dkim_selector="x"
    )
    with counter_of(settings) as counter:
        found = {one.where for one in doctor.examine(settings, counter) if "every user" in one.problem}
        assert {str(file) for file in files} == found
        home.chmod(0o700)
        assert not [one for one in doctor.examine(settings, counter) if "every user" in one.problem]
        home.chmod(0o755)
        for file in files:
            file.chmod(0o640)
        assert not [one for one in doctor.examine(settings, counter) if "every user" in one.problem]


COMMENTS = """\
# The model that scores; without one, papers are ordered by words.
#OPENAI_API_KEY=sk-canary-1
# old: canary2WithDigits77
   # smtp://me:canary3@mail.example.org
NEWSLETTER_MODEL=openai/gpt-5-mini # before: sk-canary-4-abcdefgh
#NEWSLETTER_SMTP_PASSWORD='canary 5'
#NEWSLETTER_SMTP_PASSWORD=
"""


def test_a_backup_leaves_secrets_out_of_comments() -> None:
    """What was commented out may be last year's key; explanations stay."""
    kept = without_secrets(COMMENTS)
    assert "canary" not in kept
    assert "# The model that scores; without one, papers are ordered by words." in kept
    assert "NEWSLETTER_MODEL=openai/gpt-5-mini # a comment was left out" in kept
    assert "#NEWSLETTER_SMTP_PASSWORD=\n" in kept
