"""One ring of keys for all machines: links of one that no other machine could read would be dead."""

from __future__ import annotations

import hashlib
import json

from newsletter.app.files import KeyFile
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.settings import Settings
from newsletter.store import Store

_NOTED = "token-keys"  # the hash of each key, by its number
_COPY = "copy the file from the machine that has it, or name it in NEWSLETTER_TOKEN_KEYS_FILE"


def key_file(settings: Settings, store: Store, *, make: bool) -> KeyFile:
    """The keys that sign links. On a server, those that its first process had, and whatever was added to them.

    Raises ConfigurationError where this machine has others.
    """
    file = settings.keys_file
    noted = store.recall(_NOTED) if store.on_server else None
    if not file.exists() and (noted or settings.token_keys_file):
        why = "; this newsletter's links are signed with keys that this machine does not have" if noted else ""
        raise ConfigurationError([Finding(str(file), None, f"is missing{why}", _COPY)])
    keys = KeyFile(file, make=make)
    if store.on_server and (make or file.exists()):
        _compare(store, keys, str(file))
    return keys


def _compare(store: Store, keys: KeyFile, place: str) -> None:
    mine = {str(number): hashlib.sha256(secret).hexdigest() for number, secret in keys().items()}
    text = json.dumps(mine, sort_keys=True)
    noted = store.remember_first(_NOTED, text)
    theirs = json.loads(noted)
    if others := sorted(number for number, digest in theirs.items() if mine.get(number) != digest):
        problem = f"key {', '.join(others)} is not the one that signs this newsletter's links on other machines"
        raise ConfigurationError([Finding(place, None, problem, _COPY)])
    if mine != theirs:
        store.exchange(_NOTED, noted, text)
