"""The roster against the ledger: held back when it changed too much, contradicted where somebody has left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from newsletter.app.desk import has_ledger, open_ledger, utc_now
from newsletter.app.files import token_keys
from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Reader, Roster, Subscriber, SubscriberState
from newsletter.ports import Store
from newsletter.settings import Settings
from newsletter.subscribers import guard

_READERS = "roster-readers"  # how many the roster had that the guard last let pass
_GONE = (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED)


def held_back(settings: Settings, roster: Roster) -> list[Finding]:
    """The finding of a roster that waits for `newsletter check --accept`."""
    if not has_ledger(settings):
        return []
    with open_ledger(settings) as store:
        before = store.recall(_READERS)
    now = len(roster.readers)
    if before is None or not guard.is_held_back(int(before), now):
        return []
    problem = f"{now} readers where there were {before}: the roster waits, and nobody new gets or loses mail by it"
    return [Finding(str(settings.subscribers), None, problem, "mend it, or confirm with `newsletter check --accept`")]


def accept(settings: Settings, roster: Roster) -> None:
    """The guard lets this roster pass; it is in force when the holder of the data folder's lock has taken it in."""
    with open_ledger(settings) as store:
        remember_size(store, roster)


def remember_size(store: Store, roster: Roster) -> None:
    """The next roster is compared with this one."""
    if store.recall(_READERS) != str(len(roster.readers)):
        store.remember(_READERS, str(len(roster.readers)))


def accepted(settings: Settings, roster: Roster) -> Roster:
    """The roster, let pass by the guard. Raises ConfigurationError when it is held back."""
    if findings := held_back(settings, roster):
        raise ConfigurationError(findings)
    accept(settings, roster)
    return roster


def contradictions(settings: Settings, roster: Roster) -> list[Finding]:
    """Lines of the file that say something else than the ledger, which decides."""
    if not has_ledger(settings):
        return []
    with open_ledger(settings) as store:
        known = store.subscribers_of(reader.email for reader in roster.readers)
        forgotten = store.forgotten()
    keys = token_keys(settings.data_dir)
    where = str(settings.subscribers)
    findings = []
    for reader in roster.readers:
        if forgotten and not guard.fingerprints(keys, reader.email).isdisjoint(forgotten):
            findings.append(_named(where, reader, "asked to be forgotten and gets no mail", "remove the entry"))
            continue
        findings += [_named(where, reader, *said) for said in _contradicted(reader, known.get(reader.email.lower()))]
    return findings


def _contradicted(reader: Reader, subscriber: Subscriber | None) -> Iterator[tuple[str, str]]:
    back = "remove the entry, or take them back with `newsletter subscribers resubscribe`"
    if subscriber is None:
        return
    if subscriber.state in _GONE and not (reader.unsubscribed or reader.bounced):
        yield f"gets no mail, whatever this line says ({subscriber.state}: {subscriber.why})", back
    marked = "unsubscribed" if reader.unsubscribed else "bounced" if reader.bounced else None
    if marked and subscriber.state not in _GONE and subscriber.why is not None:
        yield f"gets mail ({subscriber.why}), though '{marked}' stands here", f"remove '{marked}'"


def _named(where: str, reader: Reader, problem: str, remedy: str) -> Finding:
    return Finding(where, reader.line, f"{reader.email!r} {problem}", remedy, fatal=False)


def forget(settings: Settings, store: Store, subscriber: Subscriber) -> int:
    """Erase all that is kept of a reader but a keyed hash; the number of mails in files that went too."""
    store.forget(subscriber.id, guard.fingerprint(token_keys(settings.data_dir), subscriber.email), utc_now())
    return sum(_erased(settings.data_dir / name, subscriber.email) for name in ("outbox", "dry-run"))


def take_back(settings: Settings, store: Store, email: str) -> None:
    """Whom the operator takes back is no longer forgotten."""
    store.remember_again(guard.fingerprints(token_keys(settings.data_dir), email))


def _erased(folder: Path, email: str) -> int:
    found = [file for file in folder.glob("*_*") if file.stem.lower().endswith(f"_{email}")]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)
