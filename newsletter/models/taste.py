"""What readers say of papers, and what their order is learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.models.emails import PrintedPaper


class MarkKind(StrEnum):
    LIKE = "like"  # more like this
    NOT = "not"  # less like this
    SAVE = "save"  # kept on the reader's own page; counts as a like where nothing else is said


class MarkedBy(StrEnum):
    PAGE = "page"
    REPLY = "reply"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a reader said of one paper."""

    arxiv_id: str
    kind: MarkKind
    how: MarkedBy
    at: datetime  # UTC
    edition: str | None = None  # key of the email's, where it was marked


@dataclass(frozen=True, slots=True)
class Marks:
    """All marks of one reader, newest first."""

    all: tuple[Mark, ...] = ()

    def of(self, kind: MarkKind) -> tuple[str, ...]:
        return tuple(one.arxiv_id for one in self.all if one.kind is kind)

    def kinds(self, arxiv_id: str) -> frozenset[MarkKind]:
        return frozenset(one.kind for one in self.all if one.arxiv_id == arxiv_id)

    @property
    def liked(self) -> tuple[str, ...]:
        """Liked, or saved and not passed over; newest first."""
        passed = set(self.of(MarkKind.NOT))
        kinds = (MarkKind.LIKE, MarkKind.SAVE)
        return tuple(
            dict.fromkeys(one.arxiv_id for one in self.all if one.kind in kinds and one.arxiv_id not in passed)
        )

    @property
    def editions(self) -> tuple[str, ...]:
        """The emails in which something was marked, newest first."""
        return tuple(dict.fromkeys(one.edition for one in self.all if one.edition))

    def passed(self, shown: Mapping[str, Sequence[PrintedPaper]]) -> tuple[str, ...]:
        """What was passed over: said so, or shown (by edition) beside what was marked and left alone."""
        said, liked = self.of(MarkKind.NOT), set(self.liked)
        silent = (one.arxiv_id for key in self.editions for one in shown.get(key, ()))
        return tuple(one for one in dict.fromkeys((*said, *silent)) if one not in liked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One email of a reader, as the page about it lists it."""

    edition: str  # its key
    papers: tuple[PrintedPaper, ...]
