"""What all pages share, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from newsletter.models import ArchiveMode

_FOLDERS = {ArchiveMode.PUBLIC: "archive", ArchiveMode.PRIVATE: "archive-private"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all pages share."""

    name: str
    languages: tuple[str, ...] = ("en",)
    identity: str  # a UUID; entries of feeds are named after it
    public_url: str | None = None  # without trailing slash
    join: bool = False  # whether there is a page on which people join
    private: bool = False  # for readers with a token: search engines are kept out


def folder_of(data_dir: Path, mode: ArchiveMode) -> Path:
    """The folder of the pages: private pages are kept apart from public ones."""
    return data_dir / _FOLDERS.get(mode, _FOLDERS[ArchiveMode.PUBLIC])
