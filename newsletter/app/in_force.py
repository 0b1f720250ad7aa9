"""Which roster is in force: a changed file is taken into the ledger, a broken one leaves the last one in force."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from newsletter import pipeline, scoring, subscribers
from newsletter.app import rosters
from newsletter.app.desk import beside_the_file, has_ledger, load_roster, open_ledger, utc_now
from newsletter.app.files import token_keys
from newsletter.models import Finding, Masthead, Roster
from newsletter.ports import Store
from newsletter.settings import Settings

_KEY = "roster"
_SETTLED = 2.0  # seconds; a file that changed less long ago may change again and look the same


@dataclass(frozen=True, slots=True)
class InForce:
    """The roster that the ledger holds, without its readers, who stand there as rows."""

    masthead: Masthead
    findings: tuple[Finding, ...]  # of entries that were left out
    made_of: tuple[tuple[str, str], ...]  # see Roster; none while it is being taken in
    beside: str  # see Roster


_JSON = TypeAdapter(InForce)


def take_in(settings: Settings, roster: Roster, now: Callable[[], datetime] = utc_now) -> InForce:
    """Put this roster in force where it is not. Only for the holder of the data folder's lock."""
    with open_ledger(settings) as store:
        return _take_in(settings, store, roster, now)


def last_good(settings: Settings) -> InForce | None:
    """The roster that is in force, whatever has become of the file."""
    if not has_ledger(settings):
        return None
    with open_ledger(settings) as store:
        return _stored(store)


@dataclass
class Follower:
    """Follows the file from tick to tick. An unchanged one is not parsed, and as a rule not even read."""

    _known: InForce | None = None
    _stamps: tuple[object, ...] | None = None  # of the files that it was made of

    def look(self, settings: Settings, now: Callable[[], datetime]) -> InForce:
        """The roster as the file is now, in force. Raises ConfigurationError, and what was in force stays so."""
        stamps = _stamps(self._known) if self._known else None
        with open_ledger(settings) as store:
            beside = beside_the_file(store)
            if self._known and stamps and stamps == self._stamps and self._known.beside == beside:
                return self._known
            found = _stored(store)
            if found is None or found.beside != beside or not _is_of(settings, found):
                roster = rosters.accepted(settings, load_roster(settings))
                found = _take_in(settings, store, roster, now)
        self._known, self._stamps = found, stamps
        return found


def _is_of(settings: Settings, found: InForce) -> bool:
    """Whether it was made of the files as they are now."""
    files = [file for file, _ in found.made_of]
    return files[:1] == [str(settings.subscribers)] and subscribers.is_unchanged(found.made_of)


def _take_in(settings: Settings, store: Store, roster: Roster, now: Callable[[], datetime]) -> InForce:
    store.note_topics({topic.key: scoring.topic_hash(topic) for topic in roster.topics}, now())
    before = _stored(store)
    found = InForce(Masthead(roster.newsletter, roster.topics), roster.findings, roster.made_of, beside=roster.beside)
    if before == found:
        return found
    # A stop in the middle leaves readers of both rosters, so that until the next try the topics of both are known.
    known = {topic.key: topic for topic in (*(before.masthead.topics if before else ()), *roster.topics)}
    _store(store, replace(found, masthead=replace(found.masthead, topics=tuple(known.values())), made_of=()))
    pipeline.enrol(store, token_keys(settings.data_dir), roster.readers, now())
    _store(store, found)
    rosters.remember_size(store, roster)
    return found


def _stored(store: Store) -> InForce | None:
    try:
        return _JSON.validate_json(store.recall(_KEY) or "")
    except ValidationError:  # nothing yet, or what another version of this program wrote
        return None


def _store(store: Store, found: InForce) -> None:
    store.remember(_KEY, _JSON.dump_json(found).decode())


def _stamps(known: InForce) -> tuple[object, ...] | None:
    """What tells without reading that no file has changed; None where it cannot be told."""
    try:
        found = [os.stat(file) for file, _ in known.made_of]  # noqa: PTH116 - of a path as text
    except OSError:
        return None
    if any(time.time() - max(one.st_mtime, one.st_ctime) < _SETTLED for one in found):
        return None
    return tuple((one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino) for one in found)
