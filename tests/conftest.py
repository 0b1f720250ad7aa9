"""What all tests share: a clean environment, real data where it is, and no silent skip in CI."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Connection, Engine, event

from newsletter.store import Store, open_store
from tests.forked import Forks
from tests.postgres import empty, ledger_url, postgres, url  # noqa: F401 - fixtures
from tests.site import server, site  # noqa: F401 - fixtures

# What is imported and collected stays until the end: to look for garbage among it is a third of what that takes.
gc.disable()
atexit.register(gc.freeze)

# A slow machine is no failure; what a test says about time it says with its own clock.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# An error as Python writes it: a picture of every frame with its variables takes half a second each.
_SAID = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _SAID])

ROOT = Path(__file__).parent.parent
REAL_DATA = "NEWSLETTER_REAL_DATA"
LEDGER = "NEWSLETTER_DATABASE_URL"
REAL_FOLDER = os.environ.get(REAL_DATA)  # read once: the program knows no such setting

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings or keys of the person who runs it, and none leaks its own."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("NEWSLETTER_") or name.endswith("_API_KEY"):
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def real_data() -> Path:
    """The folder of real papers and mails."""
    if not REAL_FOLDER:
        pytest.skip(f"{REAL_DATA} names no folder with real data")
    return Path(REAL_FOLDER)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that runs in this process says where logs go; the next test's go where they went before."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


# Whose tests run on both databases: what they try is the ledger, or stands on it; the second ones in CI alone.
ON_BOTH = (
    "delivery", "forgetting", "leases", "marks", "moving", "pipeline", "planning", "retention", "store",
    "taste_keys", "taste_order",
)  # fmt: skip
ON_BOTH_IN_CI = (
    "asking", "import", "in_force", "joining", "preferences", "refusals", "rights", "taste", "unsubscribe",
)  # fmt: skip
_OF_PAGES = "browser"  # a fixture: what a page looks like does not depend on the ledger


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on-server", action="store_true", help="run every test that may have a ledger on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The ledger of these files is SQLite's and PostgreSQL's in turn, for tests that have a place for one."""
    of_file = metafunc.definition.get_closest_marker("on_file") is not None
    if of_file or {"store", "tmp_path"}.isdisjoint(metafunc.fixturenames):
        return
    if metafunc.config.getoption("--on-server"):
        metafunc.parametrize("ledger", ["server"], indirect=True)
    elif _stands_on_both(metafunc.module.__name__.removeprefix("tests.test_")) and (
        _OF_PAGES not in metafunc.fixturenames
    ):
        metafunc.parametrize("ledger", ["file", "server"], indirect=True)


def _stands_on_both(name: str) -> bool:
    return name in ON_BOTH or (name in ON_BOTH_IN_CI and os.environ.get("CI") == "true")


@pytest.fixture(autouse=True)
def ledger(request: pytest.FixtureRequest, _clean_environment: None) -> None:
    """Where `Settings` without a database find their ledger: in the data folder, or on a server, where it is empty."""
    if getattr(request, "param", "file") == "server":
        there = request.getfixturevalue("ledger_url")
        empty(there)
        os.environ[LEDGER] = there


class _Compiled(dict[tuple[object, ...], Any]):
    """Statements by what they say, without the dialect's own object: each ledger of a test has a new one."""

    def get(self, key: tuple[object, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[object, ...], compiled: Any) -> None:
        if len(self) == 5_000:
            self.clear()
        super().__setitem__(key[1:], compiled)


_COMPILED: dict[str, _Compiled] = {}


@event.listens_for(Engine, "engine_connect")
def _compile_once(connection: Connection) -> None:
    """A statement is compiled once for all ledgers of a kind: else each test would pay for all of its own anew."""
    shared = _COMPILED.setdefault(connection.dialect.name, _Compiled())
    connection.execution_options(compiled_cache=shared)


@pytest.fixture
def store(ledger: None) -> Iterator[Store]:
    """An empty ledger: in memory, or on a server."""
    opened = open_store(os.environ.get(LEDGER, "sqlite://"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    started = Forks()
    yield started
    started.close()


@pytest.fixture
def newsletter(tmp_path: Path, forks: Forks) -> Run:
    """Run the command as a process of its own in `tmp_path`, with only the settings that are handed over."""

    def run(*arguments: str, settings: Mapping[str, str] | None = None, timeout: float = 120) -> object:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
        if there := os.environ.get(LEDGER):
            environment[LEDGER] = there
        environment |= settings or {}
        return forks.run(arguments, folder=tmp_path, environment=environment, timeout=timeout)

    return run  # type: ignore[return-value]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. Of one module: Playwright's loop must not run beside the tests that start one of their own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if os.environ.get("CI") == "true" and skipped:
        terminalreporter.section("skipped in CI: each is a failure")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
