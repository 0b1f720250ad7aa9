"""The outbox: each mail as a file. The default, the dry run, and what the tests send with."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from newsletter.errors import TransportRefused
from newsletter.models import Message, Outcome, Outgoing, Verdict

_MOST_LETTERS = 200  # of an address in a file name, which ends at 255 octets on most systems


class Outbox:
    """Writes `<issue>_<address>.eml` and the same as `.html`, each whole or not at all."""

    name = "outbox"
    batch_size = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mails: Sequence[Outgoing]) -> Sequence[Outcome]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for mail in mails:
                name = file_name(mail.message)
                write_whole(self._folder / f"{name}.html", mail.message.html.encode())
                write_whole(self._folder / f"{name}.eml", mail.message.raw)
        except OSError as error:
            raise TransportRefused(self.name, f"cannot write to {self._folder}: {error.strerror or error}") from error
        return [Outcome(Verdict.ACCEPTED) for _ in mails]

    def close(self) -> None:
        """Nothing is held open."""


def file_name(message: Message) -> str:
    """The issue's date (of another mail: a mark) and the address, without anything that could be read as a path.

    A repeat has the same Message-ID, so it lands in the same file.
    """
    message_id = dict(message.headers).get("Message-ID", "")
    day = re.match(r"<?((?:late\.)?\d{4}-\d\d-\d\d)", message_id)
    mark = day[1] if day else f"mail-{hashlib.sha256(message_id.encode()).hexdigest()[:8]}"
    return f"{mark}_{_safe(message.recipient)}"


def _safe(address: str) -> str:
    """The address itself where it is harmless, else what is harmless of it and a hash that keeps two apart."""
    safe = re.sub(r"[^\w.@+=-]", "_", address, flags=re.ASCII).lstrip(".")
    if safe == address and len(safe) <= _MOST_LETTERS:
        return safe
    return f"{safe[:_MOST_LETTERS]}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that after a power cut there is the old one or the new one."""
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
