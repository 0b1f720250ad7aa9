"""The README as a package index shows it: relative links lead to the repository.

Its address is in pyproject.toml (`tool.hatch.metadata.hooks.custom.repository`) and nowhere else.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\((?!\w+:|#|/)(?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)


class ReadmeHook(MetadataHookInterface):
    """Gives the package its README and the links that every index shows."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        address = self.config["repository"]
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, address)}
        metadata["urls"] = {
            "Repository": address,
            "Documentation": f"{address}/tree/HEAD/docs",
            "Changelog": f"{address}/blob/HEAD/CHANGELOG.md",
            "Issues": f"{address}/issues",
            "Security": f"{address}/security/policy",
        }


def absolute(text: str, address: str, folder: str = "") -> str:
    """Markdown whose relative links lead into the repository; `folder` is where the text lies in it."""

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found["target"]))
        shown = "raw" if found["image"] else "blob"
        return f"{found['image']}[{_LINK.sub(link, found['text'])}]({address}/{shown}/HEAD/{target})"

    parts = _FENCE.split(text)  # links in code are code
    parts[::2] = [_LINK.sub(link, part) for part in parts[::2]]
    return "".join(parts)
