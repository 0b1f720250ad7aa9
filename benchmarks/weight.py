"""What an installation weighs: on the disk by package, the image's environment, and the memory of an idle service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from image import slim
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.times import calendar
from newsletter.times.clock import utc_now

_ROOT = Path(__file__).parent.parent
_MIB = 1 << 20
_LARGEST = 10
_LISTED = (
    "import importlib.metadata as m\nfor d in m.distributions():\n for f in d.files or ():\n  print(d.name, f.locate())"
)


def lines() -> Iterator[str]:
    """Installs the lock file into a new environment; takes a minute, and the package index."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "environment"
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile"]
        _do(*pip, "--require-hashes", "-r", _ROOT / "requirements.lock")
        yield f"requirements.lock, not compiled: {slim.size(folder) // _MIB} MiB (at most 362), the largest packages:"
        yield from (f"  {size / _MIB:6.1f} MiB {package}" for package, size in _packages(folder).most_common(_LARGEST))
        _do(*pip, "--no-deps", "--no-build-isolation", _ROOT)
        _do(sys.executable, _ROOT / "image" / "slim.py", folder)
        yield f"the image's environment, slim and compiled: {slim.size(folder) // _MIB} MiB (at most 400)"
        yield f"an idle `newsletter serve` in it: {idle(folder / 'bin' / 'newsletter') / _MIB:.1f} MiB (at most 90)"


def _packages(folder: Path) -> Counter[str]:
    """Octets by package, as its own list of files says."""
    sizes: Counter[str] = Counter()
    done = subprocess.run(
        [folder / "bin" / "python", "-c", _LISTED], capture_output=True, text=True, check=True, cwd=folder
    )
    for line in done.stdout.splitlines():
        package, _, path = line.partition(" ")
        sizes[package] += slim.size(Path(path)) if Path(path).is_file() else 0
    return sizes


def idle(newsletter: Path) -> int:
    """Resident octets of a service that has nothing to do, as the kernel counts them."""
    day = calendar.newest(utc_now())
    with tempfile.TemporaryDirectory() as name, Servers(sample_day(day, calendar.window(day)), day) as servers:
        arxiv = {key: value for key, value in servers.environment().items() if "ARXIV" in key}
        environment = {"PATH": os.environ["PATH"], "NEWSLETTER_PORT": "0"} | arxiv
        for words in (["init", "--email", "you@example.org"], ["run"]):
            _do(newsletter, *words, cwd=name, env=environment)
        first, second = (_resident([newsletter, "serve"], name, environment) for _ in range(2))
    return min(first, second)  # the first start tries the templates, and carries what that needed until it ends


def _resident(command: Sequence[object], folder: str, environment: Mapping[str, str]) -> int:
    """Of a service, once it has said all that it says when it starts."""
    with subprocess.Popen(
        [str(word) for word in command], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        awaited = {"web.listening", "mailbox.none"}
        while awaited:
            line = process.stderr.readline()
            awaited -= {word for word in awaited if word in line}
        found = re.search(r"^Rss: +(\d+) kB", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.M)
        process.terminate()
    assert found
    return int(found[1]) << 10


def _do(*command: object, **options: object) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
