"""Where templates, prompts and keys are found."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import newsletter
from newsletter.errors import ConfigurationError, StoreUnreadable
from newsletter.models import Finding
from newsletter.prompts import PromptFile
from newsletter.store.private import make_folder
from newsletter.tokens import Keys


def folders(kind: str, roster: Path) -> list[Path]:
    """The folders of `templates` or `prompts`, first wins: beside the subscriber list, then the defaults."""
    package = Path(newsletter.__file__).parent
    default = package / "_defaults" / kind  # in the wheel; in a checkout they are the top-level folders
    own = roster.parent / kind
    found = [own.resolve(), (default if default.is_dir() else package.parent / kind).resolve()]
    return list(dict.fromkeys(folder for folder in found if folder.is_dir()))


def load_prompt(name: str, roster: Path) -> PromptFile:
    """The prompt file of this name. Raises ConfigurationError or TemplateError."""
    places = folders("prompts", roster)
    for folder in places:
        file = folder / name
        if file.is_file():
            try:
                return PromptFile.parse(file.read_text("utf-8"), str(file))
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    [Finding(str(file), None, f"cannot be read: {error}", "save it as UTF-8")]
                ) from error
    where = str(roster.parent / "prompts" / name)
    raise ConfigurationError([Finding(where, None, "is missing, and so is the default", "restore the file")])


def fingerprint(places: Sequence[Path]) -> str:
    """A hash of every file in the folders: it changes when an operator edits a template."""
    digest = hashlib.sha256()
    for folder in places:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


class KeyFile:
    """The keys that sign tokens: lines `number hex` in `token-keys`, made on first use and never replaced by us."""

    def __init__(self, file: Path, *, make: bool = True) -> None:
        """`make` False: where there are none yet, one that is kept nowhere."""
        self._file, self._make = file, make
        self._stamp: tuple[int, ...] = ()
        self._keys: Keys = {0: secrets.token_bytes(32)}

    def __call__(self) -> Keys:
        """The current keys; the file is read again when it has changed. Raises StoreUnreadable."""
        if not self._file.exists():
            if not self._make:
                return self._keys
            _make_keys(self._file)
        found = self._file.stat()
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp != self._stamp:
            self._keys, self._stamp = _read_keys(self._file), stamp
        return self._keys


def token_keys(data_dir: Path) -> Keys:
    """The keys of this folder, read once."""
    return KeyFile(data_dir / "token-keys")()


def _read_keys(file: Path) -> Keys:
    try:
        rows = [line.split() for line in file.read_text("ascii").splitlines() if line.strip()]
        keys = {int(number): bytes.fromhex(secret) for number, secret in rows}
    except (OSError, ValueError) as error:
        raise StoreUnreadable(str(file), f"cannot be read ({error})") from error
    if not keys or any(len(secret) < 16 for secret in keys.values()) or not set(keys) <= set(range(16)):
        raise StoreUnreadable(str(file), "has no usable key")
    return keys


def _make_keys(file: Path) -> None:
    make_folder(file.parent)
    handle, part = tempfile.mkstemp(prefix=".token-keys.", dir=file.parent)  # readable by us alone
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(f"0 {secrets.token_hex(32)}\n")
            stream.flush()
            os.fsync(stream.fileno())
        # Two of us may make keys at once; a link, unlike a rename, never takes away those that signed a token already.
        with suppress(FileExistsError):
            os.link(part, file)
    finally:
        Path(part).unlink()
