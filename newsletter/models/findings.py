"""What an operator should fix."""

from __future__ import annotations

from dataclasses import dataclass


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
