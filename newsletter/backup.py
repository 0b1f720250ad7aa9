"""`newsletter backup`: all that a service needs to go on elsewhere, without the secrets that others can give again."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from dotenv.parser import Binding, parse_stream
from sqlalchemy.engine import make_url

from newsletter.app import open_ledger
from newsletter.app.keys import key_file
from newsletter.app.ledger import DUMP
from newsletter.delivery import restored
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.settings import Settings, is_secret
from newsletter.store import open_store
from newsletter.store.private import FILE, FOLDER, make_folder
from newsletter.store.schema import copy_file

# The copy has these in their usual places, whatever they were.
_DATABASE = "NEWSLETTER_DATABASE_URL"
_PLACES = ("NEWSLETTER_SUBSCRIBERS", "NEWSLETTER_DATA_DIR", "NEWSLETTER_TOKEN_KEYS_FILE", _DATABASE)
_COMMENT = re.compile(r"(?<!\S)#.*")
# NAME=value, an address with a password, and words that mix digits with letters or are longer than any of a language.
_SUSPICIOUS = re.compile(r"=\s*[^\s=]|//[^/\s]*@|(?=\S*[A-Za-z])(?=\S*[0-9])\S{8,}|(?=\S*[a-z])[^\s/=]{24,}")
_INTERESTS = re.compile(r"^\s*interests:\s*['\"]?([^'\"#\n]+\.(?:md|txt))", re.M)


def backup(settings: Settings, target: Path | None, now: datetime) -> Path:
    """A folder that is a newsletter of its own: what is written by hand, ledger, keys, and the days on the web.

    `.env` comes without secrets. Consistent beside a running service; it appears whole or not at all. Raises
    ConfigurationError, StoreError.
    """
    folder = target or settings.data_dir / "backups" / f"{now:%Y-%m-%dT%H%M%SZ}"
    part = folder.with_name(f".{folder.name}.part")
    try:
        if folder.exists():
            raise FileExistsError(17, "it already exists")
        make_folder(part.parent)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)  # addresses, and the key that signs links
        _copy(settings, part, now)
        _close(part)
        part.rename(folder)
    except OSError as error:
        problem = f"{folder} cannot be written: {error.strerror or error}"
        raise ConfigurationError([Finding("backup", None, problem, "choose a new folder with enough space")]) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _copy(settings: Settings, folder: Path, now: datetime) -> None:
    """Copies the state first, because the file may only be newer than the ledger."""
    state = folder / "var"
    state.mkdir()
    with open_ledger(settings) as store:  # made or upgraded, so that there is one to copy
        if store.on_server:
            _dump(settings, state)
        else:
            _copy_file(settings, state / "newsletter.db", now)
        key_file(settings, store, make=True)()
    shutil.copy2(settings.keys_file, state / "token-keys")
    for file in settings.data_dir.glob("archive*/????-??-??.json"):  # its pages are made again from these
        target = state / file.relative_to(settings.data_dir)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(file, target)
    for file in _written_by_hand(settings.subscribers):
        target = folder / file.relative_to(settings.subscribers.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    (folder / settings.subscribers.name).replace(folder / "subscribers.yaml")
    env_file = settings.subscribers.parent / ".env"
    if env_file.is_file():
        (folder / ".env").write_text(without_secrets(env_file.read_text("utf-8-sig")), "utf-8")


def _copy_file(settings: Settings, target: Path, now: datetime) -> None:
    copy_file(Path(make_url(settings.database).database or ""), target)
    with closing(open_store(f"sqlite:///{target}")) as store:
        store.remember(restored.COPIED, f"{now:%Y-%m-%d %H:%M} UTC")


def _dump(settings: Settings, folder: Path) -> None:
    """A restored dump is known as a copy by itself, see store.identity."""
    from newsletter.store.dumping import dump  # whose driver not every installation has

    dump(settings.database, folder / DUMP)


def _written_by_hand(roster: Path) -> Iterator[Path]:
    """The subscriber list, its prompts and templates, and the files of interests that it names."""
    yield roster
    folder = roster.parent
    named = [folder / name.strip() for name in _INTERESTS.findall(roster.read_text("utf-8-sig"))]
    found = [file for kind in ("prompts", "templates") for file in (folder / kind).rglob("*") if file.is_file()]
    inside = (file for file in named if file.is_file() and file.resolve().is_relative_to(folder.resolve()))
    yield from dict.fromkeys([*found, *inside])


def without_secrets(text: str) -> str:
    """A `.env` without anything that might be a secret, even in comments; the order stays."""
    return "".join(map(_shown, parse_stream(io.StringIO(text))))


def _shown(binding: Binding) -> str:
    original = str(binding.original.string)
    if binding.error:
        return "# an unreadable line was left out here\n"
    if binding.key is None or not binding.value:
        return _without_comments(original)
    lead = _without_comments(original[: len(original) - len(original.lstrip())])
    if binding.key == _DATABASE and binding.value.startswith("postgres"):
        return f"{lead}{binding.key}=  # the database into which you restore var/{DUMP}\n"
    if binding.key in _PLACES:
        return f"{lead}# {binding.key} is not set: the backup uses its own folder\n"
    password = urlsplit(binding.value).password if "://" in binding.value else None
    if is_secret(binding.key) or password:
        return f"{lead}{binding.key}=  # left out of the backup\n"
    return _without_comments(original)


def _without_comments(text: str) -> str:
    """Comments may contain an old key; comments that are ordinary words stay."""
    return "".join(map(_without_comment, text.splitlines(keepends=True)))


def _without_comment(line: str) -> str:
    found = _COMMENT.search(line)
    if found is None or not _SUSPICIOUS.search(found[0]):
        return line
    return f"{line[: found.start()]}# a comment was left out{line[len(line.rstrip()) :]}"


def _close(folder: Path) -> None:
    """For its owner alone, whatever the rights of what was copied."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(FOLDER if path.is_dir() else FILE)
