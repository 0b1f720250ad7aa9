"""What the site adds to the Markdown: pages from the repository's root, references made by the program, and links that
lead out of `docs/`.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# Files of the repository's root that are pages here.
_FROM_ROOT = {
    "README.md": "index.md",
    "README.zh.md": "zh.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "SECURITY.md": "security.md",
}
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.M | re.S)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The repository's address, from the one place where it stands; as `repo_url` every page would ask GitHub's API."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    address = tools["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    config.extra["repository"] = address
    config.extra["social"] = [{"icon": "material/source-repository", "link": address, "name": "The repository"}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that do not lie in `docs/`."""
    made = {name: (ROOT / source).read_text("utf-8") for source, name in _FROM_ROOT.items()}
    made["metrics.md"] = _metrics()
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Appends references, and turns links between files of the repository into links of the site."""
    name = page.file.src_uri
    of_root = {target: source for source, target in _FROM_ROOT.items()}
    folder = "" if name in of_root else "docs"
    if name == "commands.md":
        markdown += _commands()
    elif name == "subscribers.md":
        markdown += _keys()
    address = config.extra["repository"]
    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(lambda found: _link(found, folder, address), part) for part in parts[::2]]
    return "".join(parts)


def _link(found: re.Match[str], folder: str, address: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, found[2]))
    anchor = found[3] or ""
    if path in _FROM_ROOT:
        return f"{found[1]}({_FROM_ROOT[path]}{anchor})"
    if path.startswith("docs/") and not path.endswith(".py"):
        return f"{found[1]}({path.removeprefix('docs/')}{anchor})"
    if not (ROOT / path).exists():
        return found[0]  # mkdocs will say that it leads nowhere
    return f"{found[1]}({address}/blob/HEAD/{path}{anchor})"


def _commands() -> str:
    """What each command says of itself with `--help`."""
    import click

    from newsletter.cli import main

    lines = ["\n## All commands\n"]

    def add(command: click.Command, path: str) -> None:
        context = click.Context(command, info_name=path, max_content_width=100)
        help_text = re.sub(r"^Usage: .*\n\n", "", command.get_help(context))
        usage = command.get_usage(context).removeprefix("Usage: ")
        lines.append(f"### {path}\n\n```text\n{usage}\n\n{help_text.rstrip()}\n```\n")
        for name, child in sorted(getattr(command, "commands", {}).items()):
            add(child, f"{path} {name}")

    for name, command in sorted(main.commands.items()):
        add(command, f"newsletter {name}")
    return "\n".join(lines)


def _keys() -> str:
    """The keys of each block, as the schema for editors says them."""
    from newsletter.subscribers.schema import schema

    parts = schema()["properties"]
    blocks = {
        "`newsletter:`": parts["newsletter"]["anyOf"][1],
        "each topic below `topics:`": parts["topics"]["additionalProperties"],
        "each entry of `subscribers:`": parts["subscribers"]["anyOf"][2]["items"]["anyOf"][1],
    }
    text = "\n## All keys\nAs the program reads them, and as editors show them.\n"
    for name, block in blocks.items():
        needed = block.get("required", ())
        rows = (
            (f"`{key}`{' (required)' if key in needed else ''}", _default(one), one.get("description", ""))
            for key, one in block["properties"].items()
        )
        text += f"\n### Keys of {name}\n\n" + _table(("key", "default", "meaning"), rows)
    return text


def _default(key: Mapping[str, Any]) -> str:
    return f"`{json.dumps(key['default'], ensure_ascii=False)}`" if "default" in key else ""


def _metrics() -> str:
    """The families that `/metrics` has, as an empty ledger shows them."""
    from newsletter.alarms import Pulse
    from newsletter.store import open_store
    from newsletter.web.metrics import families

    store = open_store("sqlite://")
    rows = sorted((f"`{one.name}`", one.type, one.documentation) for one in families(store, Pulse()))
    store.close()
    return (
        "# Metrics\n`newsletter serve` answers `/metrics` in Prometheus' text form, computed from the ledger at each "
        "scrape. Nobody's address is in it, but it tells how many readers there are; do not publish it "
        "([how to close it](operate.md#the-web-pages)). Counters end in `_total`.\n\n"
    ) + _table(("name", "kind", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """A name for the theme's search dialog, which has none for screen readers; the language of translated pages."""
    output = output.replace('role="dialog">', 'role="dialog" aria-label="Search">')
    if page.file.src_uri.removesuffix(".md").split(".")[-1] == "zh":
        output = output.replace("<article ", '<article lang="zh-Hans" ', 1)
    return output
