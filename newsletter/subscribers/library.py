"""The bibliographies that entries name below `like`, each read once for the whole list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from newsletter.models import Finding
from newsletter.subscribers import references
from newsletter.subscribers.files import sha256
from newsletter.subscribers.tree import Block, Report, shown


@dataclass
class Library:
    """Looks for them beside the list; what is wrong with one costs no reader their email."""

    folder: Path
    report: Report  # of the whole list
    _known: dict[Path, tuple[str, ...] | None] = field(default_factory=dict)

    def papers(self, block: Block, named: Iterable[str | PurePath]) -> tuple[str, ...]:
        """The arXiv ids in place of the files, each once."""
        found: dict[str, None] = {}
        for one in named:
            found |= dict.fromkeys([one] if isinstance(one, str) else self._of_file(block, self.folder / one))
        return tuple(found)[: references.MOST]

    def _of_file(self, block: Block, path: Path) -> tuple[str, ...]:
        if path not in self._known:
            self._known[path] = self._read(path)
        ids = self._known[path]
        if ids is None:
            block.report.warn(block.place("like"), f"cannot read {shown(path)}", "put it there, or fix the path")
        return ids or ()

    def _read(self, path: Path) -> tuple[str, ...] | None:
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
        if found.without:
            problem = f"{found.without:,} of {found.entries:,} entries name no arXiv id and are left out"
            self._warn(path, None, problem, "add eprint = {2402.01306} to those that are on arXiv")
        if found.left:
            self._warn(path, None, f"{found.left:,} entries are not looked at", f"keep {references.MOST:,}")
        return found.ids

    def _warn(self, path: Path, line: int | None, problem: str, remedy: str) -> None:
        self.report.findings.append(Finding(shown(path), line, problem, remedy, fatal=False))
