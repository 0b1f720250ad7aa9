"""Emails that a provider posted and that nobody can read: nobody else has them, so they are kept in a folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from newsletter.errors import MailUnread
from newsletter.models import Incoming
from newsletter.readers import Counter
from newsletter.replies import setting_aside
from newsletter.store.private import FILE, make_folder

_MOST, _MOST_OCTETS = 20, 100 << 20


def named(counter: Counter, mail: Incoming) -> Incoming:
    """The email with the file in which it would be kept as its place."""
    return replace(mail, place=f"{mail.place}, in {_file(counter, mail.key)}")


def keep(counter: Counter, source: str, mail: Incoming) -> None:
    """Set it aside in its file. Raises MailUnread where there is no room: the provider keeps it and posts it again."""
    file = _file(counter, mail.key)
    try:
        make_folder(file.parent)
        kept = [one.stat().st_size for one in file.parent.iterdir() if one != file]
        if len(kept) >= _MOST or sum(kept) + len(mail.raw) > _MOST_OCTETS:
            raise MailUnread(f"no room in {file.parent}: look at the emails in it, then move or delete them")
        _write(file, mail.raw)
    except OSError as error:
        raise MailUnread(f"{file} cannot be written: {error.strerror or error}") from error
    setting_aside.set_aside(counter, source, mail)


def sweep(counter: Counter, source: str) -> None:
    """Forget those whose file somebody has moved or deleted, and those that were never posted again."""
    tried = setting_aside.recent(counter)
    there = {one.key for one in counter.store.attempts(1) if one.key in tried or _file(counter, one.key).exists()}
    setting_aside.sweep(counter, source, there)


def _file(counter: Counter, key: str) -> Path:
    return counter.data_dir / "unread" / f"{key[:32]}.eml"


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all: behind the answer the provider forgets it."""
    part = file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
