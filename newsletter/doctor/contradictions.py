"""Lines of the subscriber list that the ledger contradicts."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.models import Finding, Reader, Roster, Subscriber
from newsletter.readers import Counter
from newsletter.readers.forgetting import fingerprints


def contradictions(counter: Counter, roster: Roster) -> list[Finding]:
    """Lines of the file that contradict the ledger, which decides."""
    known = counter.store.subscribers_of(reader.email for reader in roster.readers)
    forgotten = counter.store.forgotten()
    where = str(counter.subscribers)
    findings = []
    for reader in roster.readers:
        if forgotten and not fingerprints(counter.keys, reader.email).isdisjoint(forgotten):
            findings.append(_named(where, reader, "asked to be forgotten, so gets no email", "remove the entry"))
            continue
        findings += [_named(where, reader, *said) for said in _contradicted(reader, known.get(reader.email.lower()))]
    return findings


def _contradicted(reader: Reader, subscriber: Subscriber | None) -> Iterator[tuple[str, str]]:
    back = "remove the entry, or resubscribe them with `newsletter subscribers resubscribe`"
    if subscriber is None:
        return
    if not subscriber.state.reads and not (reader.unsubscribed or reader.bounced):
        yield f"gets no email, despite this line ({subscriber.state}: {subscriber.why})", back
    marked = "unsubscribed" if reader.unsubscribed else "bounced" if reader.bounced else None
    if marked and subscriber.state.reads and subscriber.why is not None:
        yield f"gets email ({subscriber.why}), despite '{marked}' here", f"remove '{marked}'"


def _named(where: str, reader: Reader, problem: str, remedy: str) -> Finding:
    return Finding(where, reader.line, f"{reader.email!r} {problem}", remedy, fatal=False)
