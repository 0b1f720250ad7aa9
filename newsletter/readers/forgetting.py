"""Erasing all that is kept of a reader but a keyed hash, which keeps an old line from bringing them back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.models import Subscriber
from newsletter.readers import left_log
from newsletter.readers.changes import bars
from newsletter.readers.counter import Counter
from newsletter.readers.fingerprints import fingerprint, fingerprints
from newsletter.readers.left_log import What
from newsletter.store.copies import forget_in_copies
from newsletter.tokens import Purpose, make

__all__ = ["Elsewhere", "erase", "fingerprint", "fingerprints", "forget", "forget_elsewhere", "take_back"]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was erased beside the ledger."""

    copies_anew: int = 0  # copies of the ledger from before an upgrade, without the reader
    copies_removed: int = 0
    emails: int = 0  # handled ones in the mailbox
    problems: tuple[str, ...] = ()  # what could not be done


def forget(counter: Counter, subscriber: Subscriber) -> int:
    """Erase everything about a reader except a keyed hash; returns the number of email files erased."""
    store, former = counter.store, counter.store.moved_from(subscriber.id)
    if former:  # the file's old line
        store.bar(fingerprint(counter.keys, former), counter.now(), barred=False)
    for change in store.untold_moves():
        if change["subscriber"] == str(subscriber.id):
            store.told_move(change)
    addresses = {one.email.lower() for one in store.deliveries(reader=subscriber.id)} - {subscriber.email}
    others = store.subscribers_of(addresses)
    files = erase(counter, [subscriber])
    return files + _erased(counter.data_dir, frozenset(addresses - others.keys()))


def erase(counter: Counter, some: Sequence[Subscriber], *, keep_hash: bool = True) -> int:
    """Erase readers from the ledger, and their email files; returns the number of those."""
    keys = counter.keys
    for what, barred in ((What.FORGOTTEN, False), (What.BARRED, True)):
        group = [one for one in some if bars(one) is barred]
        rows = [(one.id, fingerprint(keys, one.email) if keep_hash else None, barred) for one in group]
        with left_log.noting(counter, what, group if keep_hash else []):
            counter.store.forget_all(rows, counter.now())
    return _erased(counter.data_dir, frozenset(one.email for one in some)) if some else 0


def forget_elsewhere(counter: Counter, subscriber: Subscriber) -> Elsewhere:
    """Erase a reader from the upgrade copies of the ledger and from the emails that were handled."""
    problems = []
    anew, removed, emails = 0, 0, 0
    try:
        anew, removed = forget_in_copies(counter.data_dir / "backups", subscriber.email)
    except OSError as error:
        problems.append(f"copies of the ledger in {counter.data_dir / 'backups'}: {error.strerror or error}")
    if counter.open_mailbox:
        keys = counter.keys
        own = [
            make({number: keys[number]}, purpose, subscriber.id)
            for number in keys
            for purpose in (Purpose.REPLY, Purpose.LEAVE, Purpose.MESSAGE, Purpose.BOUNCE)
        ]
        try:
            with counter.open_mailbox() as mailbox:
                emails = mailbox.erase([subscriber.email, *own])
        except NewsletterError as error:
            problems.append(f"handled emails in the mailbox: {error}")
    return Elsewhere(anew, removed, emails, tuple(problems))


def take_back(counter: Counter, email: str) -> None:
    """A reader whom the operator resubscribes, or who joins again, is no longer forgotten."""
    marks = fingerprints(counter.keys, email)
    if counter.store.forgotten_among(marks):
        with left_log.noting(counter, What.BACK, [email]):
            counter.store.remember_again(marks)


def _erased(data_dir: Path, emails: Collection[str]) -> int:
    """Emails that stayed here, in whichever folder: their files are named by their readers."""
    found = [file for file in data_dir.glob("*/*_*.*") if not _ends(file.stem.lower()).isdisjoint(emails)]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)


def _ends(name: str) -> set[str]:
    """What may be the address in a name: what is behind each `_`."""
    return {name[place + 1 :] for place, letter in enumerate(name) if letter == "_"}
