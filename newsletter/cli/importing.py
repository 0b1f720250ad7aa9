"""`newsletter subscribers import`, `add` and `export`: readers of the ledger by the thousand."""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import click

from newsletter import app
from newsletter.cli.morning import alone_if_possible
from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Masthead, Source
from newsletter.readers import Counter, importing, in_force
from newsletter.readers.importing import Order, Tally
from newsletter.settings import Settings
from newsletter.subscribers import entries, table
from newsletter.subscribers.table import BadRow, Row, Table
from newsletter.subscribers.tree import Unfit
from newsletter.telling import counted

_NAME = re.compile(r"\w[\w.-]{0,63}")


def import_file(settings: Settings, path: Path, order: Order, errors: Path, *, accept: bool) -> int:
    """Exit code 1 if a row could not be used."""
    if order.register is not None and not _NAME.fullmatch(order.register):
        raise click.UsageError("--sync takes a name of letters, digits, - and _")
    with ExitStack() as opened:
        found = table.open_table(opened.enter_context(_as_file(path)))
        counter, masthead = opened.enter_context(list_in_force(settings))
        bad = opened.enter_context(_bad_rows(errors, found))
        if found.ignored:
            click.echo(f"Columns that are not read: {', '.join(found.ignored)}.")
        tally = importing.import_table(counter, masthead, found, order, bad, accept=accept)
    for line in _lines(tally, order):
        click.echo(line)
    if tally.bad:
        click.echo(f"{counted(tally.bad, 'row')} could not be used: see {errors}.", err=True)
    return 1 if tally.bad else 0


@contextmanager
def _as_file(path: Path) -> Iterator[Path]:
    """What comes by standard input is kept until it is read twice."""
    if str(path) != "-":
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="newsletter-", suffix=".csv") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


@contextmanager
def list_in_force(settings: Settings) -> Iterator[tuple[Counter, Masthead]]:
    """The list as the file has it now; beside a running service, or where the file is broken, the last good one."""
    with app.open_counter(settings) as counter:
        with alone_if_possible(settings, counter, "import") as alone:
            if alone and in_force.is_followed_here(counter):
                _take_in(counter)
        known = in_force.last_good(counter.store)
        if known is None:
            problem, remedy = "has not been taken in yet", "wait a minute, or stop the service"
            raise ConfigurationError([Finding(str(settings.subscribers), None, problem, remedy)])
        yield counter, known.masthead


def _take_in(counter: Counter) -> None:
    try:
        in_force.take_in(counter, in_force.look(counter))
    except ConfigurationError as error:
        if in_force.last_good(counter.store) is None:
            raise
        click.echo(f"The last good subscriber list counts: {error}", err=True)


@contextmanager
def _bad_rows(file: Path, found: Table) -> Iterator[Callable[[BadRow], None]]:
    """Writes them down, so that they can be corrected and imported; without any there is no file."""
    with ExitStack() as opened:
        writers: list[Callable[[Sequence[object]], object]] = []

        def add(row: BadRow) -> None:
            if not writers:
                stream = opened.enter_context(_made(file))
                writers.append(csv.writer(stream, lineterminator="\n").writerow)
                writers[0](("line", "reason", *found.columns))
            writers[0]((row.line, row.reason, *row.cells))

        yield add


def _made(file: Path) -> TextIO:
    try:
        return file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        finding = Finding(str(file), None, f"cannot be written ({error.strerror})", "choose another file with --errors")
        raise ConfigurationError([finding]) from error


def _lines(tally: Tally, order: Order) -> Iterator[str]:
    if order.ask:
        yield f"{tally.asked} {'would be' if order.dry_run else 'will be'} asked by email."
    else:
        parts = [f"{tally.added} added", f"{tally.changed} changed", f"{tally.unchanged} unchanged"]
        if order.register:
            parts += [f"{tally.returned} back", f"{tally.ended} ended"]
        elif tally.returned:
            parts.append(f"{tally.returned} back")
        yield ("Would be: " if order.dry_run else "") + ", ".join(parts) + "."
    kept_out = {reason: number for reason, number in tally.kept_out.items() if number}
    if kept_out:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(kept_out.items()))
        yield f"{sum(kept_out.values())} kept out: {reasons}."


def add(settings: Settings, emails: Sequence[str], topics: Sequence[str], note: str) -> int:
    """Exit code 1 if someone was not added."""
    refused = 0
    with list_in_force(settings) as (counter, masthead):
        known = [topic.key for topic in masthead.topics]
        try:
            given = (("topics", table.canonical("topics", ",".join(topics), known)),) if topics else ()
        except Unfit as unfit:
            raise ConfigurationError([Finding("--topic", None, unfit.problem, unfit.remedy)]) from unfit
        for text in emails:
            said, good = _added(counter, masthead, text, given, note)
            click.echo(f"{text}: {said}", err=not good)
            refused += not good
    return 1 if refused else 0


def _added(
    counter: Counter, masthead: Masthead, text: str, given: tuple[tuple[str, str], ...], note: str
) -> tuple[str, bool]:
    """What became of it, and whether they read now."""
    try:
        row = Row(0, table.address(text), None, given)
    except Unfit as unfit:
        return f"not added: {unfit.problem}; {unfit.remedy}", False
    tally = importing.bring(counter, masthead, [row], Order(source=Source.COMMAND, note=note))
    if reason := next(iter(tally.kept_out), None):
        return f"not added ({reason}); `newsletter subscribers resubscribe` brings them back", False
    return ("added" if tally.added else "changed" if tally.changed else "subscribed already"), True


def export(settings: Settings, stream: TextIO, *, as_yaml: bool) -> None:
    """Whoever reads, one after the other."""
    with list_in_force(settings) as (counter, masthead):
        everybody = counter.store.everybody()
        reading = ((one.subscriber, one.reader) for one in everybody if one.subscriber.state.reads and one.reader)
        if as_yaml:
            for subscriber, reader in reading:
                stream.write(entries.entry(reader, masthead.usual, subscriber.paused_until))
            return
        writer, lists = csv.writer(stream, lineterminator="\n"), 0
        writer.writerow(table.COLUMNS)
        for _, reader in reading:
            if reader.wishes.mailing_list:
                lists += 1
            else:
                writer.writerow(table.cells_of(reader))
    if lists:
        click.echo(f"{counted(lists, 'mailing list')} left out: a table of readers cannot say so.", err=True)
