"""One word for one thing: nothing that people read uses a term that the glossary replaces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
WORDS = sorted((ROOT / "templates" / "words").glob("*.yaml"))
TEMPLATES = sorted(file for kind in ("*.j2", "*.mjml", "*.js") for file in (ROOT / "templates").glob(kind))
PAGES = sorted((ROOT / "newsletter" / "web").glob("*.j2"))
DOCUMENTS = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {GLOSSARY})]
PACKAGE = ROOT / "newsletter"
QUOTING = (
    "inbound",
    "replies",
    "models/replies.py",
    "store/migrations",
)  # what readers, servers and old versions wrote
SOURCES = [one for one in sorted(PACKAGE.rglob("*.py")) if not str(one.relative_to(PACKAGE)).startswith(QUOTING)]
EXAMPLES = [
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CODE_OF_CONDUCT.md",
    ROOT / "subscribers.yaml",
    ROOT / ".env.example",
    *(file for file in (ROOT / "examples").rglob("*") if file.is_file()),
]
GERMAN = ("Mail", "Email", "abbestellen", "Einzeiler", "Kurzzusammenfassung")


def replaced() -> Iterator[str]:
    """Every term in the last column of the glossary."""
    for row in re.findall(r"^\| (?!we say|---)(.+) \|$", GLOSSARY.read_text("utf-8"), re.M):
        yield from filter(None, map(str.strip, row.split("|")[-1].split(",")))


def read(file: Path) -> str:
    """What people read of a file: of a document no code, of a word file no keys, of a source its sentences."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        texts = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        text = "\n".join(one for one in texts if isinstance(one, str) and " " in one)
    if file in WORDS:
        return "\n".join(str(phrase) for phrase in yaml.safe_load(text).values())
    return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.S)


def used(term: str, text: str) -> bool:
    """Whole words in any case, a mail server aside; Chinese has no word boundaries, German nouns have capitals."""
    if not term.isascii():
        return term in text
    case = 0 if term in GERMAN else re.I
    return re.search(rf"(?<![\w-]){re.escape(term)}(?![\w-]| (?:server|program|system))", text, case) is not None


def terms_for(file: Path) -> list[str]:
    """German terms are looked for in German alone: "Mail" is an English word."""
    return [term for term in replaced() if file.stem == "de" or term not in GERMAN]


READ = [*WORDS, *TEMPLATES, *PAGES, *DOCUMENTS, *EXAMPLES, *SOURCES]


@pytest.mark.parametrize("file", READ, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_term_that_is_replaced(file: Path) -> None:
    """Word files, templates, documents, examples and the sentences of the program say what the glossary says."""
    text = " ".join(read(file).split())
    assert [] == [term for term in terms_for(file) if used(term, text)]


def test_the_check_finds_terms() -> None:
    """It knows the glossary's rows, and tells a term from a part of another word."""
    terms = list(replaced())
    assert {"roster", "mails", "mend", "held back", "一句话摘要", "期刊"} <= set(terms)
    assert used("mend", "We mend it.")
    assert used("Roster", "the roster")
    assert used("一句话摘要", "评分和一句话摘要")
    assert not used("mend", "we recommend it")
    assert not used("mails", "our emails")
    assert not used("a mail", "a mail server")
