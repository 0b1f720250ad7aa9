"""Which subscriber list is in force: a changed file goes into the ledger; if it is broken, the last good one stays."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import structlog
from pydantic import TypeAdapter, ValidationError

from newsletter import __version__, scoring, subscribers
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.models import ArchiveMode, Finding, Masthead, Preference, Reader, Roster
from newsletter.readers import guard, left_log, news
from newsletter.readers.counter import Counter
from newsletter.readers.enrolling import enrol
from newsletter.readers.preferences import honoured
from newsletter.store import REVISION, Store
from newsletter.subscribers import Edit

log = structlog.get_logger()

_KEY = "roster"
_FOLLOWED = "roster.host"  # the machine whose file is followed, where there are several
_SETTLED = 2.0  # seconds; a file that changed less long ago may change again and look the same


@dataclass(frozen=True, slots=True)
class InForce:
    """The list that the ledger holds, without its readers, who stand there as rows."""

    masthead: Masthead
    findings: tuple[Finding, ...]  # of entries that were left out
    made_of: tuple[tuple[str, str], ...]  # see Roster; none while it is being taken in
    beside: str  # see Roster
    skipped: tuple[int, ...] = ()  # see Roster


_JSON = TypeAdapter(InForce)


def load(counter: Counter, beside: str | None = None) -> Roster:
    """`subscribers.yaml` as values, with what readers set themselves.

    Raises ConfigurationError when nothing of it can be used.
    """
    beside = beside or _beside(counter.store)  # first: what is set meanwhile is news to whoever compares
    return replace(honoured(counter.store, subscribers.load(counter.subscribers)), beside=beside)


def _beside(store: Store) -> str:
    """What decides who reads what, besides the file: it changes when any of that does."""
    return _beside_of(store.overrides())


def _beside_of(overrides: str) -> str:
    return f"{__version__} {REVISION} {overrides}"


def last_good(store: Store) -> InForce | None:
    """The list that is in force, whatever has become of the file."""
    return _read(store.recall(_KEY))


def archive_mode(store: Store) -> ArchiveMode:
    """Who may see the archive by the list in force; before there is one, nobody."""
    known = last_good(store)
    return known.masthead.newsletter.archive if known else ArchiveMode.NONE


@lru_cache(maxsize=2)  # each request for a page of the archive asks
def _read(raw: str | None) -> InForce | None:
    try:
        return _JSON.validate_json(raw or "")
    except ValidationError:  # nothing yet, or what another version of this program wrote
        return None


def look(counter: Counter, beside: str | None = None) -> InForce | Roster:
    """What is in force, where no file has changed since; else the list as it is now, let pass by the guard.

    Raises ConfigurationError, and what was in force stays so.
    """
    beside = beside or _beside(counter.store)
    known = last_good(counter.store)
    if known and known.beside == beside and _is_of(counter, known):
        return known
    return guard.accepted(counter, load(counter, beside))


def _is_of(counter: Counter, known: InForce) -> bool:
    """Whether it was made from the files as they are now."""
    files = [file for file, _ in known.made_of]
    return files[:1] == [str(counter.subscribers)] and subscribers.is_unchanged(known.made_of)


def take_in(counter: Counter, looked: InForce | Roster) -> InForce:
    """Put this list in force if it is not yet. Only for the holder of the data folder's lock."""
    left_log.catch_up(counter)
    if isinstance(looked, InForce):
        return looked
    before = last_good(counter.store)
    found = InForce(looked.masthead, looked.findings, looked.made_of, looked.beside, looked.skipped)
    if before == found:
        return found
    # A stop in the middle leaves readers of both lists, so that until the next try the topics of both are known.
    known = {topic.key: topic for topic in (*(before.masthead.topics if before else ()), *looked.topics)}
    _remember(counter.store, replace(found, masthead=replace(found.masthead, topics=tuple(known.values())), made_of=()))
    for topics in (before.masthead.topics if before else (), looked.topics):  # in this order: the newest is the last
        texts = [(topic.key, scoring.topic_hash(topic), scoring.topic_text(topic)) for topic in topics]
        counter.store.note_topics(texts, counter.now())
    unchanged = partial(subscribers.is_unchanged, looked.made_of)
    turnover = enrol(counter.store, counter.keys, looked.readers, counter.now(), unchanged)
    _write_new_addresses(counter)  # before the last step: a stop in between is made up for
    _remember(counter.store, found)
    if changes := news.of_list(before, found, turnover):
        log.info("roster.changed", changes=changes)
    guard.remember_size(counter.store, looked)
    return found


def _write_new_addresses(counter: Counter) -> None:
    """Who has another address since is named by it in the file as well: the next look finds that, and all is done."""
    for old, new in counter.store.moves().items():
        try:
            subscribers.write_fields(counter.subscribers, old, partial(dict, email=new))
        except (OSError, ValueError, NewsletterError) as error:
            log.warning("roster.unchanged", file=str(counter.subscribers), problem=str(error))


def _remember(store: Store, found: InForce) -> None:
    store.remember_usual(found.masthead.usual)
    store.remember(_KEY, _JSON.dump_json(found).decode())


@dataclass
class Follower:
    """Follows the file from tick to tick. An unchanged one is not parsed, and as a rule not even read."""

    counter: Counter
    _known: InForce | None = None
    _stamps: tuple[object, ...] | None = None  # of the files that it was made of

    def look(self) -> InForce:
        """The list as the file is now, in force. Raises ConfigurationError, and what was in force stays so."""
        left_log.catch_up(self.counter)  # someone may put back a copy of the ledger under a running service
        stamps = _stamps(self._known) if self._known else None
        beside = _beside(self.counter.store)
        if self._known and stamps and stamps == self._stamps and self._known.beside == beside:
            return self._known
        self._known = take_in(self.counter, look(self.counter, beside))
        self._stamps = stamps
        return self._known

    def look_here(self) -> InForce:
        """The same where several machines may have such a file: one is followed, until another has the same one.

        Else an old copy on the machine that takes over would undo what was edited since. Raises ConfigurationError.
        """
        store, known, here = self.counter.store, last_good(self.counter.store), _machine(self.counter)
        followed = store.remember_first(_FOLLOWED, here)
        if known is not None and followed != here:
            if not _is_same_file(self.counter, known):
                problem = f"differs from the list in force, which is that of {followed.split()[0]}"
                remedy = "copy the file from there, or run `newsletter run` here to put this one in force"
                raise ConfigurationError([Finding(str(self.counter.subscribers), None, problem, remedy)])
            store.exchange(_FOLLOWED, followed, here)
        return self.look()


def is_followed_here(counter: Counter) -> bool:
    """Whether it is this machine's file that counts: always where there is only one."""
    return not counter.store.on_server or counter.store.remember_first(_FOLLOWED, _machine(counter)) == _machine(
        counter
    )


def follow_here(counter: Counter) -> None:
    """An operator runs a command on this machine: its file counts from now on."""
    if counter.store.on_server:
        counter.store.remember(_FOLLOWED, _machine(counter))


def _machine(counter: Counter) -> str:
    """The name of this machine, and a number that a new container with the same data folder keeps."""
    file = counter.data_dir / "machine"
    with suppress(FileExistsError), file.open("x") as stream:
        stream.write(f"{socket.gethostname()} {secrets.token_hex(4)}")
    return file.read_text().strip()


def _is_same_file(counter: Counter, known: InForce) -> bool:
    """Whether this machine's file says what the one says that the list was made of, wherever that lies."""
    here = [(str(counter.subscribers), content) for _, content in known.made_of[:1]]
    return bool(here) and subscribers.is_unchanged(here)


def _stamps(known: InForce) -> tuple[object, ...] | None:
    """A mark that shows, without reading, that no file has changed; None if that is impossible."""
    try:
        found = [os.stat(file) for file, _ in known.made_of]  # noqa: PTH116 - of a path as text
    except OSError:
        return None
    if any(time.time() - max(one.st_mtime, one.st_ctime) < _SETTLED for one in found):
        return None
    return tuple((one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino) for one in found)


# --- what we change ourselves is no news ----------------------------------------


def note_own_edit(counter: Counter, edit: Edit) -> None:
    """The list in force is that of the file as we have just written it, if it was that of the file before.

    Findings name lines, which may be others now: then the list is taken in again.
    """
    raw = counter.store.recall(_KEY)
    known = _read(raw)
    if raw and known and known.made_of[:1] == ((str(counter.subscribers), edit.before),) and not known.findings:
        made_of = ((str(counter.subscribers), edit.after), *known.made_of[1:])
        _exchange(counter.store, raw, replace(known, made_of=made_of))


def change_reader(
    counter: Counter, subscriber_id: int, after: Reader, preferences: Sequence[Preference], own: Reader | None = None
) -> None:
    """Store what a reader set, and update their row of the list in force; `own`: see `Store.change_reader`."""
    store = counter.store
    before, now = map(_beside_of, store.change_reader(subscriber_id, after, preferences, own))
    if before == now:
        return
    raw = store.recall(_KEY)
    known = _read(raw)
    # Who takes in a list meanwhile may have read the preferences before and write the row after us: then the row is
    # not ours, or the text has changed, and the next look finds a difference and takes in the list once more.
    if raw and known and known.beside == before and store.reader(subscriber_id) == after:
        _exchange(store, raw, replace(known, beside=now))


def _exchange(store: Store, raw: str, new: InForce) -> None:
    store.exchange(_KEY, raw, _JSON.dump_json(new).decode())
