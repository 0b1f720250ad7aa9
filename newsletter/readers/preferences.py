"""What readers set themselves, against the file: of two changes to one key the later wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from newsletter.models import Masthead, Preference, Reader, Roster
from newsletter.store import Store
from newsletter.store.readers import MOVED
from newsletter.subscribers.preferences import PREFERENCES, said, with_preference
from newsletter.subscribers.tree import Unfit


def honoured(store: Store, roster: Roster) -> Roster:
    """The subscriber list with what readers set, as far as nobody has edited the same keys in the file since."""
    found = store.preferences()
    if not found:
        return roster
    kept = [one for one in found if one.key != MOVED]
    roster = _with_new_addresses(store, roster, [one for one in found if one.key == MOVED])
    changed, edited = _applied(roster, kept)
    store.drop_preferences(edited)
    return replace(roster, readers=tuple(changed.get(reader.email.lower(), reader) for reader in roster.readers))


def _with_new_addresses(store: Store, roster: Roster, moves: Sequence[Preference]) -> Roster:
    """Who moved is found under the new address until the file has it; from then on what the file says counts."""
    there = {reader.email.lower() for reader in roster.readers}
    waiting, over = {}, []
    for one in moves:
        old = (one.in_file or "").lower()
        if one.value.lower() in there or (old not in there and not roster.findings):
            over.append(one)
        else:
            waiting[old] = one.value
    store.drop_preferences(over)
    readers = (replace(one, email=waiting.get(one.email.lower(), one.email)) for one in roster.readers)
    return replace(roster, readers=tuple(readers)) if waiting else roster


def _applied(roster: Roster, kept: Sequence[Preference]) -> tuple[Mapping[str, Reader], list[Preference]]:
    """The readers whose values in force differ from the file, and what was edited in the file since."""
    topics = [topic.key for topic in roster.topics]
    readers = {reader.email.lower(): reader for reader in roster.readers}
    changed: dict[str, Reader] = {}
    edited = []
    for one in kept:
        reader = changed.get(one.email) or readers.get(one.email)
        if reader is None:
            continue  # not in the file just now
        if dict(reader.stated).get(one.key) != one.in_file:
            edited.append(one)
            continue
        with suppress(Unfit):  # a topic that is gone: the file counts
            changed[one.email] = with_preference(reader, one.key, one.value, topics)
    return changed, edited


def merged(under: Reader, over: Reader, keys: Iterable[str]) -> Reader:
    """The reader `under`, with these keys as `over` has them."""
    changes = {key: said(over, key) for key in keys}
    for key, text in changes.items():
        under = with_preference(under, key, text, over.wishes.topics)
    return under


CHOSEN = ("send_at", "timezone", "days", "weekly", "wishes")


def laid_over(own: Reader | None, entry: Reader) -> Reader:
    """What an entry of the file says counts; of its other keys, what a reader of the ledger has."""
    if own is None or entry.wishes.mailing_list is not None:
        return entry
    found = merged(own, entry, [key for key in PREFERENCES if key in dict(entry.stated)])
    return replace(
        entry, **{name: getattr(found, name) for name in ("send_at", "timezone", "days", "weekly", "wishes")}
    )


def offered(store: Store, masthead: Masthead, reader: Reader | None) -> tuple[str, ...]:
    """The newsletter's languages, those that it offers, and those of its readers, in which lines are written anyway."""
    own = reader.wishes.languages if reader else ()
    usual = (*masthead.newsletter.languages, *masthead.newsletter.offer_languages)
    return tuple(dict.fromkeys((*usual, *own, *store.reader_languages())))


def filled(store: Store, masthead: Masthead, reader: Reader, fields: Mapping[str, str]) -> Reader:
    """The reader as these fields say; the others stay. Raises Unfit, as the file would have a finding."""
    topics, choice = [topic.key for topic in masthead.topics], offered(store, masthead, reader)
    for key, text in fields.items():
        reader = with_preference(reader, key, text, topics)
    # Any other language would cost the newsletter's owner money for one reader.
    if unknown := [one for one in reader.wishes.languages if one not in choice]:
        shown = ", ".join(choice)
        raise Unfit(f"{unknown[0]!r} is not offered", f"choose among {shown}", "offer", value=unknown[0], offered=shown)
    return reader
