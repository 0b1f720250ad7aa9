"""What an operator should fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should fix: where, what is wrong, what to do."""

    where: str  # a file or the name of a setting
    line: int | None
    problem: str
    remedy: str
    fatal: bool = True  # False: one entry is left out, the rest works

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.problem}; {self.remedy}" if self.remedy else f"{place}: {self.problem}"


_NAMED = 3  # lines of a finding that repeats


def grouped(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By line, and what is said again of other lines once, with their number and the first three of them."""
    same: dict[Finding, list[int]] = {}
    for one in sorted(findings, key=lambda finding: finding.line or 0):
        same.setdefault(replace(one, line=None), []).append(one.line or 0)
    return tuple(_of_lines(one, lines) for one, lines in same.items())


def _of_lines(finding: Finding, lines: list[int]) -> Finding:
    problem = finding.problem
    if len(lines) > 1:
        more = "in lines" if len(lines) <= _NAMED else "first in lines"
        problem += f" ({len(lines)} times, {more} {', '.join(map(str, lines[:_NAMED]))})"
    return replace(finding, line=lines[0] or None, problem=problem)
