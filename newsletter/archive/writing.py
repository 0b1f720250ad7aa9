"""Writes what changed. A file of notes says what each file was made from and how it looked when it was written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from newsletter.archive.day import Day, is_whole
from newsletter.archive.pages import Pages
from newsletter.archive.plan import Unit, day_hash, units
from newsletter.archive.shelves import Glance, glance
from newsletter.archive.site import Site

_NOTES = ".written.json"
_KEPT = 80  # days held in memory: a quarter of a year is made into one file of the index
_VERSION = 1  # of the pages' form: another one writes every page anew
_FOR_ALL = 0o644  # whatever the umask, as for folders
_Stamp = list[int]  # size and time of change: what someone else touched is looked at again


class Archive:
    """The archive in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._notes = _notes(folder / _NOTES)
        self._put: dict[date, Day] = {}
        self._kept = lru_cache(maxsize=_KEPT)(self._read)

    def dates(self) -> list[date]:
        """Every day that is or will be published: those put here, and those whose file can be read."""
        found = {day for file in self.folder.glob("????-??-??.json") if (day := _date(file.name))}
        return sorted({*self._put, *(day for day in found if self.known(day) or self.day(day))})

    def day(self, day: date) -> Day | None:
        """The day as it was published; None if there is none or its file is damaged."""
        return self._put.get(day) or self._kept(day)

    def put(self, day: Day) -> None:
        """Publish this day with the next `write`."""
        self._put[date.fromisoformat(day["date"])] = day
        self._notes["days"].pop(day["date"], None)

    def known(self, day: date) -> Glance | None:
        """What was noted of a day whose file is as it was written."""
        noted = self._notes["days"].get(day.isoformat())
        if not noted or noted["stamp"] != _stamp(self.folder / f"{day}.json"):
            return None
        return Glance(date=day, **noted["glance"])

    def write(self, site: Site, dates: Iterable[date], templates: Sequence[Path]) -> list[Path]:
        """Write every file whose content changed, remove what no day has any more; the paths. Raises TemplateError."""
        made = Pages(site, templates)
        common = f"{_VERSION} {site!r} {made.fingerprint}"
        glances = [self._glance(day) for day in sorted(dates)]
        done: dict[str, Any] = {}
        written: list[Path] = []
        for unit in units(site, glances, self._load, made):
            done[unit.name], changed = self._unit(unit, common)
            written += changed
        kept = {file for one in done.values() for file in one["files"]}
        before = {file for one in self._notes["units"].values() for file in one["files"]}
        for file in before - kept:
            (self.folder / file).unlink(missing_ok=True)
        self._note(done, glances)
        return written

    def _unit(self, unit: Unit, common: str) -> tuple[dict[str, Any], list[Path]]:
        digest, noted = unit.digest(common), self._notes["units"].get(unit.name)
        if noted and noted["digest"] == digest and self._untouched(noted):
            return noted, []
        changed: list[Path] = []
        stamps: dict[str, _Stamp] = {}
        for file, content in unit.build().items():
            stamps[file], is_new = _write_changed(path := f"{self.folder}/{file}", content)
            if is_new:
                changed.append(Path(path))
        return {"digest": digest, "files": stamps}, changed

    def _untouched(self, noted: Mapping[str, Any]) -> bool:
        return all(_stamp(f"{self.folder}/{file}") == stamp for file, stamp in noted["files"].items())

    def _glance(self, day: date) -> Glance:
        if noted := self.known(day):
            return noted
        content = self._load(day)
        return glance(content, day_hash(content))

    def _load(self, day: date) -> Day:
        found = self.day(day)
        if found is None:
            raise LookupError(f"{self.folder / f'{day}.json'} is damaged")
        return found

    def _read(self, day: date) -> Day | None:
        try:
            content = json.loads((self.folder / f"{day}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return content if is_whole(content, day) else None

    def _note(self, done: Mapping[str, Any], glances: Iterable[Glance]) -> None:
        days = {
            one.date.isoformat(): {"stamp": _stamp(self.folder / f"{one.date}.json"), "glance": one.as_json()}
            for one in glances
        }
        self._notes = {"units": dict(done), "days": days}
        _write_changed(str(self.folder / _NOTES), json.dumps(self._notes, separators=(",", ":")).encode())


def _notes(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
        files = [Path(name) for unit in found["units"].values() for name in unit["files"]]
        if isinstance(found["days"], dict) and not any(name.is_absolute() or ".." in name.parts for name in files):
            return {"units": found["units"], "days": found["days"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    return {"units": {}, "days": {}}  # everything is looked at again, and nothing is lost


def _date(name: str) -> date | None:
    try:
        return date.fromisoformat(name.removesuffix(".json"))
    except ValueError:
        return None


def _stamp(path: Path | str) -> _Stamp | None:
    try:
        return _stamp_of(os.stat(path))  # noqa: PTH116 - each of many thousand files each time: a Path for each takes longer than this
    except OSError:
        return None


def _stamp_of(found: os.stat_result) -> _Stamp:
    return [found.st_size, found.st_mtime_ns]


def _write_changed(path: str, content: bytes) -> tuple[_Stamp, bool]:
    """The file's stamp, and whether it had other content. By descriptor: that is half the time of a file."""
    if held := _stamp_if_same(path, content):
        return held, False
    folder, _, name = path.rpartition("/")
    part = f"{folder}/.{name}.{os.getpid()}.part"
    file = _created(part)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        found = os.fstat(file)
    finally:
        os.close(file)
    if found.st_mode & 0o777 != _FOR_ALL:
        Path(part).chmod(_FOR_ALL)
    os.replace(part, path)  # noqa: PTH105 - as above
    return _stamp_of(found), True


def _stamp_if_same(path: str, content: bytes) -> _Stamp | None:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        found = os.fstat(file)
        is_same = found.st_size == len(content) and os.read(file, found.st_size) == content
        return _stamp_of(found) if is_same else None
    finally:
        os.close(file)


def _created(path: str) -> int:
    """The descriptor of a new file, whose folder is made where there is none."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        return os.open(path, flags, _FOR_ALL)
    except FileNotFoundError:
        _make_folder(Path(path).parent)
        return os.open(path, flags, _FOR_ALL)


def _make_folder(folder: Path) -> None:
    """For everybody, whatever the umask: what is here is on the web, or may be copied there."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
