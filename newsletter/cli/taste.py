"""`newsletter like|not|save`: the same marks as on the page and by reply."""

from __future__ import annotations

from collections.abc import Sequence

import click

from newsletter import app
from newsletter.cli.readers import known_reader
from newsletter.errors import ConfigurationError
from newsletter.models import ArxivId, Finding, MarkedBy, MarkKind, Subscriber
from newsletter.readers import Counter, in_force, marking
from newsletter.settings import Settings
from newsletter.telling import counted

_SAID = {MarkKind.LIKE: "liked", MarkKind.NOT: "passed over", MarkKind.SAVE: "saved"}


def mark(settings: Settings, kind: MarkKind, given: Sequence[str], email: str | None, *, undo: bool) -> int:
    """Mark papers for a reader, or take the marks back. Counts are printed, never titles."""
    with app.open_counter(settings) as counter:
        reader, ids = _reader(counter, email), _known(counter, given)
        if undo:
            taken = marking.take_back(counter, reader.id, [kind], ids)
            click.echo(f"{counted(taken, 'mark')} of {reader.email} taken back.")
            return 0
        added = sum(
            marking.mark(counter, reader.id, kind, [one], MarkedBy.COMMAND, counter.store.printed_with(reader.id, one))
            for one in ids
        )
    already = f", {len(ids) - added} already were" if added < len(ids) else ""
    click.echo(f"{counted(added, 'paper')} {_SAID[kind]} for {reader.email}{already}.")
    return 0


def _reader(counter: Counter, email: str | None) -> Subscriber:
    """Who is meant, where only one reads: the one of the file."""
    if email is not None:
        return known_reader(counter, email)
    emails = [reader.email for reader in in_force.load(counter).readers]
    number = len(emails) + counter.store.own_reader_number()
    if number != 1 or not emails:
        raise ConfigurationError(
            [Finding("--reader", None, f"the newsletter has {counted(number, 'reader')}", "name one: --reader EMAIL")]
        )
    return known_reader(counter, emails[0])


def _known(counter: Counter, given: Sequence[str]) -> list[str]:
    """The ids, all of papers that the ledger holds: nothing is marked otherwise."""
    ids, findings = [], []
    for text in given:
        try:
            ids.append(ArxivId.parse(text).base)
        except ValueError:
            findings.append(Finding(text, None, "is not an arXiv id", "write it as 2603.01234"))
    known = counter.store.known(ids)
    remedy = "only papers that a newsletter collected can be marked"
    findings += [Finding(one, None, "is not in the ledger", remedy) for one in ids if one not in known]
    if findings:
        raise ConfigurationError(findings)
    return list(dict.fromkeys(ids))
