"""The bibliographies that entries name below `like`, each read once for the whole list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from newsletter.models import Finding
from newsletter.subscribers import references
from newsletter.subscribers.files import sha256
from newsletter.subscribers.references import Bibliography, CountedWords
from newsletter.subscribers.tree import Block, Report, shown


@dataclass
class Library:
    """Looks for them beside the list; what is wrong with one costs no reader their email."""

    folder: Path
    report: Report  # of the whole list
    _known: dict[Path, Bibliography | None] = field(default_factory=dict)

    def read(self, block: Block, named: Iterable[str | PurePath]) -> tuple[tuple[str, ...], CountedWords]:
        """The arXiv ids in place of the files, each once, and the words of what has none."""
        ids: dict[str, None] = {}
        words: Counter[str] = Counter()
        for one in named:
            if isinstance(one, str):
                ids[one] = None
            elif found := self._of_file(block, self.folder / one):
                ids |= dict.fromkeys(found.ids)
                words.update(dict(found.words))
        return tuple(ids)[: references.MOST], references.most_frequent(words)

    def _of_file(self, block: Block, path: Path) -> Bibliography | None:
        if path not in self._known:
            self._known[path] = self._read(path)
        found = self._known[path]
        if found is None:
            block.report.warn(block.place("like"), f"cannot read {shown(path)}", "put it there, or fix the path")
        return found

    def _read(self, path: Path) -> Bibliography | None:
        try:
            raw = path.read_bytes()
        except OSError:
            self.report.read[str(path)] = ""  # it may come: that is noticed
            return None
        self.report.read[str(path)] = sha256(raw)
        found = references.read(raw)
        if found.broken:
            line, problem = found.broken
            self._warn(path, line, problem, "fix this entry; the others are used")
        elif found.left:
            self._warn(path, None, f"{found.left:,} entries are not looked at", f"keep {references.MOST:,}")
        elif found.without:
            problem = f"{found.without:,} of {found.entries:,} entries have neither an arXiv id nor a title"
            self._warn(path, None, problem, "add eprint = {2402.01306} or title = {…}")
        return found

    def _warn(self, path: Path, line: int | None, problem: str, remedy: str) -> None:
        self.report.findings.append(Finding(shown(path), line, problem, remedy, fatal=False))
