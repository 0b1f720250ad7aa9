"""What arXiv announced."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# YYMM.NNNNN since 2015, YYMM.NNNN since 0704, before that archive[.SC]/YYMMNNN; versions are optional.
# https://info.arxiv.org/help/arxiv_identifier.html
_ARXIV_ID = re.compile(
    r"(?P<base>\d{4}\.\d{4,6}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>[1-9]\d*))?", re.ASCII
)
_CODE_LINK = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)/[\w.\-]+(?:/[\w.\-]+)*",
    re.ASCII,
)
_WORK = r"(?:paper|article|submission|manuscript|preprint|work|version|report|e-?print)"
# Of the paper itself; not of a place that it was withdrawn from, nor of what an abstract is about.
_WITHDRAWN = re.compile(
    rf"^\W*(?:this )?(?:{_WORK} )?(?:withdrawn|retracted)\b(?! (?:from|before|it)\b)"
    rf"|\b{_WORK}\b[^.;]{{0,80}}\b(?:has|have|was|is|been|be)\b[^.;]{{0,20}}\b(?:withdrawn|retracted)\b"
    rf"(?! (?:from|before|it)\b)"
    rf"|\bauthors?\b[^.;]{{0,20}}\b(?:withdr[ae]w(?:s|n)?|retract(?:s|ed)?) (?:this|the|our) {_WORK}"
    r"|\b(?:withdrawn|retracted) (?:by|due|because|since)\b",
    re.I,
)
_WITHDRAWN_ABSTRACT = re.compile(
    rf"^\W*(?:withdrawn|retracted)\b|\bthis {_WORK} (?:has been|is|was) (?:\w+ )?(?:withdrawn|retracted)\b", re.I
)


@dataclass(frozen=True, slots=True, order=True)
class ArxivId:
    """The identifier of one paper, its version apart: `2603.01234` and 2."""

    base: str
    version: int = 1

    @classmethod
    def parse(cls, text: str) -> ArxivId:
        """Of `2603.01234v2`, `quant-ph/0201082`, `arXiv:…`, `oai:arXiv.org:…` or an abs/pdf address. Or ValueError."""
        bare = re.sub(
            r"^(?:https?://(?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html)/|oai:arXiv\.org:|arxiv:)",
            "",
            text.strip(),
            flags=re.I,
        )
        found = _ARXIV_ID.fullmatch(bare.removesuffix(".pdf"))
        if not found:
            raise ValueError(f"not an arXiv id: {text!r}")
        return cls(found["base"], int(found["version"] or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One arXiv paper in one version. Title and abstract keep their TeX; white space is normalised."""

    arxiv_id: str  # base id, without version
    version: int = 1
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    primary_category: str
    published: datetime  # first version, UTC
    updated: datetime  # this version, UTC
    comment: str | None = None
    journal_ref: str | None = None
    doi: str | None = None

    @property
    def abs_url(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv_id}"

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.arxiv_id}"

    @property
    def html_url(self) -> str:
        return f"https://arxiv.org/html/{self.arxiv_id}"

    @property
    def is_withdrawn(self) -> bool:
        """Whether comment or abstract says that this version withdraws or retracts the paper."""
        return bool(_WITHDRAWN.search(self.comment or "") or _WITHDRAWN_ABSTRACT.search(self.abstract))

    @property
    def code_urls(self) -> tuple[str, ...]:
        """Repositories named in abstract or comment, in order, each once, http(s) only."""
        found = _CODE_LINK.findall(f"{self.abstract}\n{self.comment or ''}")
        return tuple(dict.fromkeys(link.rstrip(".-_") for link in found))


class AnnounceType(StrEnum):
    """arXiv's own words for why an id stands in today's feed."""

    NEW = "new"
    CROSS = "cross"  # cross-listed into one of the asked categories
    REPLACE = "replace"  # a new version: never shown as new
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True)
class Announced:
    """One line of the day's RSS: the id and why it is there."""

    arxiv_id: str
    kind: AnnounceType
