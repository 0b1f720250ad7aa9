"""Bind mounts for tests: what a container does with `volumes: [./subscribers.yaml:/data/subscribers.yaml]`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted_alone(outside: Path, inside: Path, *, read_only_folder: bool = False) -> Iterator[None]:
    """`inside` is the file `outside`; its folder takes no other file if that is wanted."""
    with ExitStack() as mounted:
        inside.parent.mkdir(exist_ok=True)
        inside.touch()
        if read_only_folder:
            _mount(mounted, "--bind", inside.parent, inside.parent)
        _mount(mounted, "--bind", outside, inside)
        if read_only_folder:
            subprocess.run(["mount", "-o", "remount,ro,bind", inside.parent], check=True)
        yield


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """The folder is a disk of its own with so much space, in memory."""
    with ExitStack() as mounted:
        _mount(mounted, "-ttmpfs", "none", folder, "-o", f"size={megabytes}m")
        yield


def _mount(mounted: ExitStack, option: str, source: Path | str, target: Path, *more: str) -> None:
    if subprocess.run(["mount", option, source, target, *more], check=False, capture_output=True).returncode:
        pytest.skip("needs a machine on which it may mount")
    mounted.callback(subprocess.run, ["umount", target], check=True)
