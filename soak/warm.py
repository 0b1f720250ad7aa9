"""A process that has imported what a morning imports, and forks `newsletter …` on demand.

Starting Python takes seconds under strace and is the same each time. The forked command reads its settings, its roster
and its templates as any other; only the modules are there already, and what became of the templates that we ship.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).parent.parent


@dataclass
class Warm:
    """The forking process, and at most one command of it at a time. `environment` is what the process starts with."""

    environment: Mapping[str, str] = field(default_factory=dict)
    model: bool = False  # LiteLLM is there too, which takes some seconds
    _process: subprocess.Popen[str] = field(init=False)
    _command: int | None = field(init=False, default=None)  # the process id of the one that has not ended

    def __post_init__(self) -> None:
        clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.warm", *(["model"] if self.model else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean | dict(self.environment),
        )

    def hold(
        self,
        folder: Path,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        *,
        said: Path | None = None,
        first: str = "",
    ) -> int:
        """Fork the command up to its first line, which waits for `go`; its process id. Output: `folder/output`.

        `said`: a folder for `output` and `errors`, each by itself; the command then has this environment alone.
        `first`: what it runs before anything else, as Python runs a `sitecustomize`.
        """
        order: dict[str, object] = {"folder": str(folder), "environment": dict(environment)}
        order |= {"arguments": list(arguments), "said": str(said) if said else None, "first": first}
        self._say(order)
        self._command = self._hear()
        return self._command

    def go(self) -> None:
        self._say({})

    def wait(self) -> int:
        """How the command ended: an exit code, or minus the signal."""
        ended, self._command = self._hear(), None
        return ended

    def run(self, folder: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> int:
        self.hold(folder, environment, arguments)
        self.go()
        return self.wait()

    def _say(self, message: Mapping[str, object]) -> None:
        stream = _open(self._process.stdin)
        stream.write(json.dumps(message) + "\n")
        stream.flush()

    def _hear(self) -> int:
        return int(_open(self._process.stdout).readline())

    def close(self) -> None:
        if self._command is not None:
            os.kill(self._command, signal.SIGKILL)
            self.go()
        _open(self._process.stdin).close()
        self._process.wait(30)
        _open(self._process.stdout).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _open(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ValueError("the process has no pipes")
    return stream


def main() -> None:
    """Read commands, one line of JSON each, until the end of the input."""
    gc.disable()  # there is no garbage yet
    _import_everything()
    if "model" in sys.argv:
        from newsletter.llm import vendor

        vendor.litellm()
        for at_the_first_request in ("litellm.proxy._types", "openai.resources"):
            importlib.import_module(at_the_first_request)
    if "FAKETIME" in os.environ:
        # libfaketime takes the absolute times of Python's own sleep for relative ones, and refuses them.
        time.sleep = lambda seconds: select.select([], [], [], float(seconds)) and None
    gc.enable()
    gc.freeze()  # else a fork's collector looks at all modules, and copies their pages in doing so
    # Unbuffered: a fork must not inherit what the next line says.
    with os.fdopen(0, "rb", buffering=0, closefd=False) as orders:
        while line := orders.readline():
            if order := json.loads(line):  # a late `go` says nothing
                _one(order, orders)
    os._exit(0)  # libraries have farewells that take seconds on a busy machine


def _one(order: Mapping[str, object], orders: IO[bytes]) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        _command(order)
    os.close(reading)
    print(child, flush=True)
    orders.readline()
    os.write(writing, b".")
    os.close(writing)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)


def _command(order: Mapping[str, Any]) -> None:
    """Become `newsletter …` in this folder; never returns."""
    code = 70
    try:
        os.chdir(order["folder"])
        if said := order["said"]:
            os.environ.clear()
        os.environ.update(order["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the orders are not its input
        os.dup2(_appended(Path(said or ".", "output")), 1)
        os.dup2(_appended(Path(said, "errors")) if said else 1, 2)
        time.tzset()
        exec(order["first"], {})
        sys.argv = ["newsletter", *order["arguments"]]
        runpy.run_module("newsletter", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _appended(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _import_everything() -> None:
    import mjml
    import premailer

    import newsletter.cli.morning
    import newsletter.cli.reports
    import newsletter.scheduler
    import newsletter.transports.sendgrid.sending
    import newsletter.transports.smtp.sending
    import newsletter.web
    from newsletter.doctor import checks
    from newsletter.settings import Settings

    del mjml, premailer, newsletter
    if checks.files(Settings(subscribers=Path("/nonexistent/subscribers.yaml"))):
        raise RuntimeError("the templates that we ship are broken")
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
