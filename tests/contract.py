"""What the outside sees of the product: names and shapes, read from its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.outside import ROOT, Home, Web

_ATOM = "{http://www.w3.org/2005/Atom}"
_LOGGED = re.compile(r'\blog\.(?:debug|info|warning|error|exception)\(\s*"([\w.-]+)"')
_LABEL = re.compile(r"(\w+)=")
_SECRET = "a-part-of-an-address-nobody-guesses"  # in the `.env` of the fixture

# Each as it is tried against a running service: method, path, and whether it exists without a token.
ROUTES = (
    ("GET", "/"),
    ("GET", "/feed.xml"),
    ("GET", "/robots.txt"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/u/not-a-token"),
    ("POST", "/u/not-a-token"),
    ("GET", "/p/not-a-token"),
    ("POST", "/p/not-a-token"),
    ("GET", "/a/not-a-token/"),
    ("PUT", "/u/not-a-token"),
    ("GET", "/hooks/sendgrid/events"),
    ("POST", "/hooks/sendgrid/events"),
    ("GET", f"/hooks/sendgrid/inbound/{_SECRET}"),
    ("POST", "/hooks/sendgrid/inbound/a-wrong-secret-of-some-length"),
    ("GET", "/no/such/page"),
)
# In the newsletter's folder and, below, in an empty one.
EXIT_CODES = (
    "--version",
    "subscribers show nobody@example.org",
    "explain nonsense",
    "inbox",
    "inbox --once --explain",
    "run --no-such-option",
    "no-such-command",
)
EXIT_CODES_IN_AN_EMPTY_FOLDER = ("check", "status", "init", "init --email ada@example.org")


def shape(value: object, path: str = "") -> set[str]:
    """Every place of a JSON value, as `issues[].bills[].cost_usd`. Below `deliveries`, keys are data."""
    if isinstance(value, dict):
        if path.endswith(("deliveries", "lines", "languages")):
            return {f"{path}.*"}
        inside = (shape(one, f"{path}.{key}".lstrip(".")) for key, one in value.items())
        return set().union(*inside, () if value else (path,))
    if isinstance(value, list):
        return set().union(*(shape(one, f"{path}[]") for one in value), (f"{path}[]",))
    return {path}


def status_in_trouble(home: Home, now: str, arxiv: Mapping[str, str]) -> Any:
    """What `status --json` says after a morning on which no mail server was there."""
    for _ in range(2):  # the first time might be a moment
        away = {"NEWSLETTER_SMTP_URL": "smtp://127.0.0.1:9", "NEWSLETTER_SMTP_PASSWORD": ""}
        home.run(now, "run", "--patience", "0", **arxiv, **away)  # the model is away too
    return lines_of_json(home.run(now, "status", "--json").stdout)[0]


def lines_of_json(text: str) -> list[Any]:
    """The values that a command printed, one a line."""
    return [json.loads(line) for line in text.splitlines() if line.startswith(("{", "["))]


def metrics(text: str) -> set[str]:
    """Names with the names of their labels: `newsletter_mails{state}`."""
    found = re.findall(r"^(newsletter_\w+)(?:\{(.*)\})? ", text, re.M)
    return {name + ("{" + ",".join(_LABEL.findall(labels)) + "}" if labels else "") for name, labels in found}


def atom_ids(archive: Path) -> dict[str, list[str]]:
    """By feed: its own id and those of its entries."""
    return {
        str(file.relative_to(archive)): sorted(str(node.text) for node in ElementTree.parse(file).iter(f"{_ATOM}id"))
        for file in sorted(archive.rglob("*.xml"))
        if file.name == "feed.xml"
    }


def files_below(folder: Path) -> list[str]:
    """Visible ones: what begins with a dot is nobody's business but ours."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(str(file) for file in found if not any(part.startswith(".") for part in file.parts))


def log_events() -> set[str]:
    """The names under which the source logs something."""
    return {name for text in sources() for name in _LOGGED.findall(text)}


def sources() -> Iterator[str]:
    return (file.read_text("utf-8") for file in sorted((ROOT / "newsletter").rglob("*.py")))


def commands(home: Home, now: str) -> dict[str, list[str]]:
    """Every command with its options, from `--help`."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        command = waiting.pop()
        said = home.run(now, *command, "--help").stdout
        found[" ".join(command)] = sorted(set(re.findall(r"(?<![\w-])--[a-z][\w-]+", said.partition("\nOptions:")[2])))
        listed = said.partition("\nCommands:\n")[2]
        waiting += [(*command, name) for name in re.findall(r"^  ([a-z][\w-]*)", listed, re.M)]
    return found


def routes(web: Web) -> dict[str, int]:
    """The status of each route's answer."""
    return {f"{method} {path}": web.ask(method, path).status for method, path in ROUTES}


def exit_codes(home: Home, empty: Home, now: str) -> dict[str, int]:
    """How commands end in the newsletter's folder, and in an empty one."""
    in_home = {command: home.run(now, *command.split()).returncode for command in EXIT_CODES}
    in_empty = {
        f"empty: {command}": empty.run(now, *command.split()).returncode for command in EXIT_CODES_IN_AN_EMPTY_FOLDER
    }
    return in_home | in_empty


def lacking(before: object, after: object) -> list[str]:
    """What was there and is not any more: names of lists and sets, keys and values of mappings."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return [
            f"{key}: {gone}" if gone else str(key)
            for key, value in before.items()
            for gone in (lacking(value, after[key]) if key in after else [""])
        ]
    if isinstance(before, list | set) and isinstance(after, list | set):
        return sorted(str(one) for one in before if one not in after)
    return [] if before == after else [f"{before!r}, now {after!r}"]
