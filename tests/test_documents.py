"""What the documents tell people to type works, as it stands there; and they are a site without faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from newsletter.demo.servers import Servers
from tests.conftest import ROOT
from tests.test_cli import todays_servers

DOCUMENTS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/github-actions/README.md"]
FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>(?:not run: |run by )[^\n]+) -->\n)?^(?P<indent> *)```(?:console|sh|bash|shell|powershell)\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.M | re.S,
)
# These begin in a checkout; all others speak of a folder in which a newsletter has been begun and has sent.
IN_CHECKOUT = {"README.md", "docs/tutorial.md", "docs/github-actions.md"}
TRANSLATED = {"README.zh.md": "README.md", "docs/tutorial.zh.md": "docs/tutorial.md"}


@dataclass(frozen=True)
class Block:
    """Commands of one document, and why they are not run here."""

    commands: str
    mark: str | None


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def blocks(document: Path) -> list[Block]:
    """What follows the prompts; other lines are what a command prints."""
    return [
        Block("".join(f"{line}\n" for line in re.findall(r"^ *(?:\$ )(.*)$", found["text"], re.M)), found["mark"])
        for found in FENCE.finditer(document.read_text("utf-8"))
    ]


def to_run() -> dict[str, list[str]]:
    """By document. What README says in the same words as another document is run there."""
    found: dict[str, list[str]] = {}
    for document in sorted(DOCUMENTS, key=lambda one: name_of(one) == "README.md"):
        known = [one for texts in found.values() for one in texts] if name_of(document) == "README.md" else []
        texts = [one.commands for one in blocks(document) if one.mark is None and one.commands not in known]
        if texts and name_of(document) not in TRANSLATED:
            found[name_of(document)] = texts
    return found


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with todays_servers() as started:
        yield started


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this repository with an environment that `make` finds ready, and a command that ends `serve`."""
    folder = tmp_path_factory.mktemp("stranger") / "checkout"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    for step in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run(["git", *IDENTITY, *step], cwd=folder, check=True)
    venv.create(folder / ".venv", with_pip=False)
    (packages,) = (folder / ".venv" / "lib").glob("python3.*/site-packages")
    (packages / "all.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")), "utf-8")
    program = folder / ".venv" / "bin" / "newsletter"
    program.write_text(f"#!{folder}/.venv/bin/python\n{PROGRAM}", "utf-8")
    program.chmod(0o755)
    (folder / ".venv" / ".ready").touch()
    return folder


@pytest.fixture(scope="module")
def begun(checkout: Path, servers: Servers) -> Path:
    """A folder in which a newsletter has been begun and has sent."""
    folder = checkout.parent / "begun"
    folder.mkdir()
    shell("newsletter init --email you@example.org && newsletter run", folder, checkout, servers)
    return folder


IDENTITY = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
PROGRAM = '''\
"""`newsletter`; a service is told to stop as soon as it listens, as somebody with Ctrl-C would."""
import os, signal, subprocess, sys
command = [sys.executable, "-m", "newsletter", *sys.argv[1:]]
if sys.argv[1:] != ["serve"]:
    os.execv(command[0], command)
with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
    for line in service.stderr:
        print(line, end="", file=sys.stderr)
        if "web.listening" in line:
            service.send_signal(signal.SIGTERM)
sys.exit(service.returncode)
'''


def shell(script: str, folder: Path, checkout: Path, servers: Servers) -> None:
    """Bash that ends at the first error, with a home of its own and an arXiv on this machine."""
    arxiv = {name: value for name, value in servers.environment().items() if "ARXIV" in name}
    environment = {
        "PATH": f"{checkout}/.venv/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(checkout.parent),
        "PYTHONPATH": str(ROOT),
        "NEWSLETTER_PORT": "0",
        **{f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        **arxiv,
    }
    done = subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert 0 == done.returncode, f"{script}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", to_run())
def test_commands_of_a_document(document: str, checkout: Path, begun: Path, servers: Servers, tmp_path: Path) -> None:
    """All that are not marked, one after another, as somebody would who reads it from top to bottom."""
    script = "".join(to_run()[document])
    folder = checkout if document in IN_CHECKOUT else Path(shutil.copytree(begun, tmp_path / "mine"))
    shell(script, folder, checkout, servers)


def test_what_is_not_run_says_why() -> None:
    """A reason of some words, or a test that does run it."""
    marks = [one.mark for document in DOCUMENTS for one in blocks(document) if one.mark]
    assert len(marks) > 5
    for mark in marks:
        if mark.startswith("run by "):
            file, _, test = mark.removeprefix("run by ").partition("::")
            assert f"def {test}(" in (ROOT / file).read_text("utf-8"), mark
        else:
            assert len(mark.split()) >= 3, mark


@pytest.mark.parametrize(("translated", "original"), TRANSLATED.items())
def test_a_translation_has_the_same_commands_links_and_examples(translated: str, original: str) -> None:
    """Section by section: code is equal, and so is where links lead; only tutorials have a translation to lead to."""
    there, here = ((ROOT / name).read_text("utf-8") for name in (original, translated))
    code = re.compile(r"^```.*?^```$", re.M | re.S)
    assert code.findall(there) == code.findall(here)
    sections = [len(re.findall(r"^##? ", text, re.M)) for text in (code.sub("", there), code.sub("", here))]
    assert sections[0] == sections[1]
    for name in (r"`tests/[\w./:]+`", r"NEWSLETTER_\w+", r"\]\(https?://[^)]+\)"):
        assert set(re.findall(name, there)) <= set(re.findall(name, here)), name
    links = [
        {link.replace(".zh.md", ".md") for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text)}
        for text in (there, here)
    ]
    assert links[0] <= links[1]


# --- the site ---


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_the_site_needs_no_other_site(built: Path) -> None:
    """Every script, style, picture and font is a file of its own; every document is a page; references are there."""
    pages = {file.name: file.read_text("utf-8") for file in built.glob("*.html")}
    for name, text in pages.items():
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"?([^\"\s>]+)", text)
        loaded += re.findall(r"<link[^>]*rel=\"?(?:stylesheet|preconnect|icon)\"?[^>]*href=\"?([^\"\s>]+)", text)
        loaded += re.findall(r"<link[^>]*href=\"?([^\"\s>]+)\"?[^>]*rel=\"?(?:stylesheet|preconnect|icon)", text)
        assert [] == [one for one in loaded if re.match(r"https?:|//", one)], name
        assert loaded, name
    for style in built.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", style.read_text("utf-8")), style
    documents = {file.stem for file in (ROOT / "docs").glob("*.md")}
    assert {f"{name}.html" for name in documents | {"index", "zh", "changelog", "contributing", "metrics"}} <= set(
        pages
    )
    assert "newsletter_queue_age_seconds" in pages["metrics.html"]
    assert "newsletter subscribers forget" in pages["commands.html"]
    assert "Their papers are always kept and marked" in pages["subscribers.html"]


def test_the_site_is_usable_by_everyone(built: Path, browser: Any, axe: str) -> None:
    """axe-core finds nothing wrong on each kind of page, light and dark; the search finds a setting."""
    handler = partial(_Quiet, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(120_000)  # on a loaded machine axe alone takes long
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        wrong = []
        for name, scheme in (
            ("index", "light"), ("zh", "dark"), ("tutorial", "dark"), ("settings", "light"), ("commands", "dark"),
            ("laptop", "light"), ("metrics", "light"), ("design", "dark"), ("changelog", "light"),
        ):  # fmt: skip
            page.emulate_media(color_scheme=scheme)
            page.goto(f"{address}/{name}.html")
            page.evaluate(axe)
            found = page.evaluate("axe.run({resultTypes: ['violations']})")
            wrong += [(name, one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
        page.goto(f"{address}/index.html")
        page.fill("input[data-md-component=search-query]", "NEWSLETTER_KEEP_DAYS")
        page.wait_for_selector("a.md-search-result__link[href*='settings.html']", state="attached")
        assert [] == [url for url in asked if not url.startswith((address, "data:", "blob:"))]
        page.close()
        server.shutdown()
    assert "" == "\n".join(map(str, wrong))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""
