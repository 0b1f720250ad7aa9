"""What it costs to import many readers: each import in a process of its own, which prints its figures."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from newsletter.cli import importing
from newsletter.readers.importing import Order
from newsletter.settings import Settings

MANY = 100_000  # `python -m benchmarks import 1000000` takes some minutes
_LIST = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
  vision:
    categories: [cs.CV]
    interests: Segmentation, detection.
subscribers: []
"""
_TOPICS, _HOURS = ("foundations", '"foundations, vision"', "vision", ""), ("06:45", "07:30", "9:00", "")


def figures(number: int = MANY) -> Iterator[str]:
    """A first import, the same once more, a nightly one of a register in which a hundredth changed, and the export."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "subscribers.yaml").write_text(_LIST, "utf-8")
        write(folder / "first.csv", number)
        write(folder / "later.csv", number, changed=100)
        for step, file in (
            ("first", "first"),
            ("again", "first"),
            ("sync", "first"),
            ("sync", "later"),
            ("export", ""),
        ):
            command = [sys.executable, "-m", "benchmarks.importing", step, str(number), str(folder / f"{file}.csv")]
            yield subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def write(file: Path, number: int, changed: int = 0) -> None:
    """So many rows; of every `changed` ones, one wants another hour, and one has gone."""
    with file.open("w", encoding="utf-8") as stream:
        stream.write("email,name,topics,languages,send_at,timezone,frequency\n")
        for place in range(number):
            if changed and place % changed == 1:
                continue
            hour = "05:00" if changed and place % changed == 0 else _HOURS[place % 4]
            zone = ("Europe/London", "Asia/Shanghai", "")[place % 3]
            cells = (_TOPICS[place % 4], '"zh,en"' if place % 5 else "", hour, zone, "weekly" if place % 7 == 0 else "")
            stream.write(f"reader{place}@example{place % 100}.org,Reader {place},{','.join(cells)}\n")


def main(arguments: Sequence[str]) -> None:
    """In a process of its own: one step, its processor time a row, and the peak of its resident memory."""
    step, number, path = arguments[0], int(arguments[1]), Path(arguments[2])
    settings = Settings(subscribers=path.parent / "subscribers.yaml", data_dir=path.parent / "var")
    began, at = time.process_time(), time.perf_counter()
    if step == "export":
        with (path.parent / "out.csv").open("w", encoding="utf-8") as stream:
            importing.export(settings, stream, as_yaml=False)
    else:
        order = Order(note="a benchmark", register="staff" if step == "sync" else None)
        assert importing.import_file(settings, path, order, path.parent / "errors.csv", accept=False) == 0
    spent, wall = time.process_time() - began, time.perf_counter() - at
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    memory = int(peak[1]) / 1024 if peak else 0
    print(f"{step}: {number:,} rows, {spent / number * 1e6:.0f} us of CPU each, {wall:.0f} s, {memory:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
