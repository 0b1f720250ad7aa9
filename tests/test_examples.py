"""The set-up files do what they say: the steps of the workflow are run, the others are held against the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from newsletter.settings import Settings, variable
from tests.conftest import ROOT
from tests.test_cli import todays_servers, without_model

TEMPLATE = ROOT / "examples" / "github-actions"
WORKFLOW = yaml.safe_load((TEMPLATE / ".github" / "workflows" / "newsletter.yml").read_text("utf-8"))
STEPS = {step["name"]: step["run"] for step in WORKFLOW["jobs"]["morning"]["steps"] if "name" in step}


def shell(folder: Path, script: str, settings: dict[str, str]) -> str:
    """As the runner does it: bash that ends at the first error, with `newsletter` on its path."""
    program = folder.parent / "bin" / "newsletter"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec "{sys.executable}" -m newsletter "$@"\n')
        program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(folder.parent)} | settings
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_workflow_keeps_its_state_from_run_to_run(tmp_path: Path) -> None:
    """Three runs, each in a checkout of its own: the first sends, the others know that; one commit holds the state."""
    git(tmp_path, "init", "--bare", "origin")
    git(tmp_path, "clone", "-q", "origin", "mine")
    shutil.copytree(TEMPLATE, tmp_path / "mine", dirs_exist_ok=True)
    git(tmp_path / "mine", "add", ".")
    git(tmp_path / "mine", "commit", "-qm", "the template")
    git(tmp_path / "mine", "push", "-q", "origin", "HEAD:main")
    said = []
    with todays_servers() as servers:
        settings = without_model(servers) | {"NEWSLETTER_DATA_DIR": "state", "NEWSLETTER_IMAP_URL": ""}
        for number in range(3):
            folder = tmp_path / f"run{number}"
            git(tmp_path, "clone", "-q", "--branch", "main", "origin", folder.name)
            shell(folder, STEPS["Restore the state of the last run"], settings)
            said.append(shell(folder, STEPS["Prepare and send the issue"], settings))
            shell(folder, STEPS["Save the state, even if the run failed halfway"], settings)
    assert ["1", "0", "0"] == [re.findall(r"Sent (\d+) email", one)[0] for one in said]
    kept = git(tmp_path / "origin", "ls-tree", "--name-only", "newsletter-state").split()
    assert ["newsletter.db", "token-keys"] == kept
    assert "1" == git(tmp_path / "origin", "rev-list", "--count", "newsletter-state").strip()


def test_the_workflow_names_known_settings() -> None:
    """Every NEWSLETTER_ name in it is one that the program reads, and one run at a time is allowed."""
    job = WORKFLOW["jobs"]["morning"]
    given = [job["env"], *(step.get("env", {}) for step in job["steps"])]
    names = [name for one in given for name in one if name.startswith("NEWSLETTER_")]
    assert set(names) <= {f"NEWSLETTER_{field.upper()}" for field in Settings.model_fields}
    assert WORKFLOW["concurrency"]
    assert {"contents": "write"} == WORKFLOW["permissions"]


def test_the_workflow_gives_secrets_to_single_steps() -> None:
    """None to the whole job, none while anything is installed; actions by their commit, packages by their hash."""
    job = WORKFLOW["jobs"]["morning"]
    assert "secrets." not in str(job["env"])
    (installing,) = (step for step in job["steps"] if "pip install" in step.get("run", ""))
    assert "env" not in installing
    assert "--require-hashes" in installing["run"]
    actions = [step for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for step in actions)
    assert False is actions[0]["with"]["persist-credentials"]


def test_every_documented_installation_uses_hashes() -> None:
    """Wherever `pip install` stands: with the hashed lock, of our own source alone, or a release by its name."""
    files = ["README.md", "Dockerfile", "Makefile", "docs/operate.md", *map(str, (ROOT / "examples").rglob("*"))]
    for name in (name for name in files if (ROOT / name).is_file()):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            for command in re.findall(r"pip install (?=-|\.|[a-z])(.+)", line):
                is_ours = command.startswith("paperletter`")
                assert is_ours or "--require-hashes" in command or "--no-deps" in command, f"{name}: {line}"


def test_the_unit_starts_the_service_and_gives_it_time_to_stop() -> None:
    """Hardened, in its own folder, with more time to stop than it needs."""
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "examples" / "newsletter.service").read_text("utf-8"))
    service = unit["Service"]
    assert service["ExecStart"].endswith("/bin/newsletter serve")
    assert int(service["TimeoutStopSec"]) > 10
    assert f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert "yes" == service[name], name
    assert ("strict", "") == (service["ProtectSystem"], service["CapabilityBoundingSet"])


def test_compose_fits_the_image() -> None:
    """The volume is the image's data folder, the port its port, and the health check asks the service."""
    recipe = (ROOT / "Dockerfile").read_text("utf-8")
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"].values()
    (volume,), (port,) = service["volumes"], service["ports"]
    assert f"VOLUME {volume.partition(':')[2]}" in recipe
    assert f"EXPOSE {port.rpartition(':')[2]}" in recipe
    assert port.startswith("127.0.0.1:")
    assert "/healthz" in " ".join(service["healthcheck"]["test"])
    assert ["ALL"] == service["cap_drop"]
    assert (True, ["/tmp"]) == (service["read_only"], service["tmpfs"])
    assert {"mem_limit", "pids_limit", "cpus"} <= set(service)
    assert {"max-size", "max-file"} == set(service["logging"]["options"])
    assert int(service["stop_grace_period"].removesuffix("s")) > 10


def test_every_setting_is_documented() -> None:
    """In the one table, under its own name."""
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.M)
    assert {variable(field) for field in Settings.model_fields} <= {
        name for row in rows for name in re.findall(r"\w+", row)
    }


@pytest.mark.parametrize("document", ["operate", "deliverability", "providers", "templates", "settings"])
def test_settings_in_the_documents_exist(document: str) -> None:
    """A name that nobody reads would send somebody looking for hours."""
    text = (ROOT / "docs" / f"{document}.md").read_text("utf-8")
    named = set(re.findall(r"\bNEWSLETTER_[A-Z_]+[A-Z]\b", text)) - {"NEWSLETTER_SMTP_PASSWORD_FILE"}
    assert named <= {f"NEWSLETTER_{field.upper()}" for field in Settings.model_fields}
