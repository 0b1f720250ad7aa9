"""The outbox: each email as a file. The default, the dry run, and what the tests send with."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from newsletter.errors import TransportError, TransportRefused
from newsletter.models import Answer, Message, Outcome, Outgoing, Verdict
from newsletter.transports import Kind, TransportSettings

_MOST_LETTERS = 200  # of an address in a file name, which ends at 255 octets on most systems
_UNFINISHED = "tmp"  # the folder for what is being written, as in a maildir


class Outbox:
    """Writes `<issue>_<address>.eml` and the same as `.html`, each whole or not at all."""

    name = "outbox"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.trouble: TransportError | None = None

    @property
    def room(self) -> int:
        return 0 if self.trouble else 1

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        return [Answer(mail.key, self._written(mail.message)) for mail in mails]

    def close(self) -> None:
        """There is nothing to close."""
        self.trouble = None

    def _written(self, message: Message) -> Outcome:
        if self.trouble is None:
            name = file_name(message)
            try:
                write_whole(self._folder, {f"{name}.html": message.html.encode(), f"{name}.eml": message.raw})
                return Outcome(Verdict.ACCEPTED)
            except OSError as error:
                problem = f"cannot write to {self._folder}: {error.strerror or error}"
                self.trouble = TransportRefused(self.name, problem)
        return Outcome(Verdict.UNTRIED, self.trouble.problem)


def file_name(message: Message) -> str:
    """The issue's date (of another email: a mark) and the address, without anything that could be read as a path.

    A repeat has the same Message-ID, so it lands in the same file.
    """
    message_id = dict(message.headers).get("Message-ID", "")
    day = re.match(r"<?((?:late\.)?\d{4}-\d\d-\d\d)", message_id)
    mark = day[1] if day else f"mail-{hashlib.sha256(message_id.encode()).hexdigest()[:8]}"
    return f"{mark}_{_safe(message.recipient)}"


def _safe(address: str) -> str:
    """The address itself if it is harmless, else its harmless letters and a hash that keeps two addresses apart."""
    safe = re.sub(r"[^\w.@+=-]", "_", address, flags=re.ASCII).lstrip(".")
    if safe == address and len(safe) <= _MOST_LETTERS:
        return safe
    return f"{safe[:_MOST_LETTERS]}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def write_whole(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files in the manner of a maildir: after a power cut each is there whole, or as it was before."""
    unfinished = folder / _UNFINISHED
    with suppress(FileExistsError):  # of a file in its place the next line says that it is no folder
        folder.mkdir(mode=0o700, parents=True)
    unfinished.mkdir(mode=0o700, exist_ok=True)
    for name, content in files.items():
        with os.fdopen(_for_us_alone(unfinished / name), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        (unfinished / name).replace(folder / name)
    _sync(folder)


def _for_us_alone(path: Path) -> int:
    """Writes a file that contains an address and links that need no login."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _sync(folder: Path) -> None:
    """File names belong to the folder, which must be written to disk too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _open(settings: TransportSettings) -> Outbox:
    return Outbox(settings.data_dir / KIND.folder)


KIND = Kind(name=Outbox.name, settings=TransportSettings, open=_open, folder="outbox")
