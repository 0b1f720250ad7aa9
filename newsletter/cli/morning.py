"""The commands that collect, render and send."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import click

from newsletter import app, doctor, pipeline
from newsletter.alarms import ping
from newsletter.archive import folder_of
from newsletter.cli.console import progress
from newsletter.cli.stopping import until_told
from newsletter.delivery import send_now
from newsletter.errors import ArxivError, ConfigurationError, DataFolderLocked
from newsletter.models import (
    NOT_SERVED,
    ArchiveMode,
    Enrolled,
    Finding,
    Issue,
    IssueState,
    Message,
    Outgoing,
    Reader,
    Roster,
    Verdict,
    Wishes,
)
from newsletter.pipeline import Desk
from newsletter.ports import Queue
from newsletter.readers import Counter, departing, in_force
from newsletter.readers.in_force import InForce
from newsletter.replies import inviting
from newsletter.settings import Settings
from newsletter.telling import issue_line, left_over, morning_lines, not_out_line
from newsletter.times import calendar


@dataclass(frozen=True, slots=True)
class Asking:
    """How the language model is asked, and who sends."""

    without_model: bool = False
    patience: float = 1800.0  # seconds without an answer
    here: bool = False  # this process, also where workers are there to do it


_USUAL = Asking()


def run(settings: Settings, day: date | None, only: str | None, asking: Asking = _USUAL, *, dry_run: bool) -> int:
    """Exit code 0, or 1 if emails are still queued, an entry of the list was skipped or the model did not work;
    NEWSLETTER_PING_URL hears.
    """
    if dry_run:
        return _run(settings, day, only, asking, dry_run=True)
    address = settings.ping_url.get_secret_value() if settings.ping_url else None
    code = 1
    try:
        code = _run(settings, day, only, asking, dry_run=False)
    finally:
        ping(address, good=code == 0)
    return code


def _run(settings: Settings, day: date | None, only: str | None, asking: Asking, *, dry_run: bool) -> int:
    # A broken template is found before a model is paid for.
    with app.open_examined(settings, partial(doctor.examine_or_stop, settings)) as (counter, looked):
        _tell(looked.findings)
        if not _is_announced(day):
            return 0
        return _send(settings, counter, looked, day, only, asking, dry_run=dry_run)


def _send(
    settings: Settings,
    counter: Counter,
    looked: InForce | Roster,
    day: date | None,
    only: str | None,
    asking: Asking,
    *,
    dry_run: bool,
) -> int:
    with (
        until_told() as told,
        app.work_folder(settings, counter.store, "run", counter.now),
        progress() as show,
        app.open_desk(
            settings,
            counter,
            looked.masthead,
            dry_run=dry_run,
            progress=show,
            # A first run has nobody waiting for it: what does not serve is told at once.
            patience=None if dry_run or pipeline.is_first(counter.store) else asking.patience,
            without_model=asking.without_model,
        ) as desk,
    ):
        if not dry_run:
            in_force.follow_here(counter)
        in_force.take_in(counter, looked)
        _check_reader(counter, only)
        _check_day(counter, day)
        if dry_run:
            return _dry_run(desk, day, only)
        queue = None if asking.here or only else _queue(settings, counter)
        done = pipeline.run(desk, day, only, stop=told, queue=queue)
        for line in morning_lines(desk, done):
            click.echo(line)
        pipeline.publish(desk)
        pipeline.clear_old(desk.store, desk.now(), counter.keep, stop=told)
        departing.depart(counter, stop=told)
        inviting.settle(counter, stop=told)
        is_partly = left_over(desk)[0] or done.tally.failed or done.tally.unaccepted or looked.findings
        return 1 if is_partly or any(_was_not_served(desk, issue) for issue in done.issues) else 0


def _queue(settings: Settings, counter: Counter) -> Queue | None:
    """Where workers are told, if any are there."""
    if not settings.queued:
        return None
    from newsletter import jobs  # with packages that only workers have

    return jobs.open_queue(settings, counter.store) if counter.store.living(jobs.ROLE) else None


def _was_not_served(desk: Desk, issue: Issue) -> bool:
    """Whether the model was refused, out of reach or unreadable for it."""
    served = desk.store.model_facts(issue.date)
    return served is not None and served.outcome in NOT_SERVED


def _check_reader(counter: Counter, only: str | None) -> None:
    """Raises ConfigurationError if the list in force has no reader with this address."""
    subscriber = counter.store.subscriber(only) if only else None
    if only and not (subscriber and counter.store.reader(subscriber.id)):
        raise _no_reader(only)


def _check_day(counter: Counter, day: date | None) -> None:
    """Raises ConfigurationError for an issue of which nobody knows any more who had it."""
    since = counter.store.kept_since()
    if day and since and day < since:
        problem = f"issue {day} is too old to be sent: the ledger no longer knows who had it"
        remedy = f"choose {since} or later; NEWSLETTER_KEEP_DAYS says how long that is known"
        raise ConfigurationError([Finding("--date", None, problem, remedy)])


def _is_announced(day: date | None) -> bool:
    """Whether arXiv plans an issue for that day; a weekend or holiday is reported and is not an error."""
    if day is None or calendar.is_issue_date(day):
        return True
    following = calendar.following(day)
    click.echo(f"arXiv has no issue of {day}: a weekend or a holiday. The next one is {following}.")
    return False


def load_roster(counter: Counter) -> Roster:
    """The list; what is wrong with single entries is said, and the others get their email."""
    roster = in_force.load(counter)
    _tell(roster.findings)
    return roster


def _tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)


def _dry_run(desk: Desk, day: date | None, only: str | None) -> int:
    issues, _ = pipeline.prepare_days(desk, day)
    for issue in issues:
        click.echo(issue_line(issue))
    editor, written = pipeline.Editor(desk), 0
    tasting = pipeline.Tasting(editor)
    for page in pipeline.due(desk, day, only):
        editor.ask_for_lines({(one.reader.wishes, one.issues): None for one in page})
        for one in page:
            message = pipeline.message_for(desk, tasting, one)
            send_now(desk.transport, Outgoing(key="dry-run", message=message))
            click.echo(f"would send to {one.reader.email}: {dict(message.headers)['Subject']}")
        written += len(page)
    click.echo(f"{written} emails written to the folder dry-run; nothing was sent or recorded.")
    return 0


def collect(settings: Settings, day: date | None) -> int:
    """Exit code 0, even if arXiv has not announced yet."""
    if not _is_announced(day):
        return 0
    with (
        app.open_counter(settings) as counter,
        app.work_folder(settings, counter.store, "collect", counter.now),
        app.open_desk(settings, counter, load_roster(counter).masthead) as desk,
    ):
        newest = calendar.newest(desk.now())
        for issue in pipeline.collect_issues(desk, [day] if day else pipeline.missed(desk, newest) or [newest]):
            if isinstance(issue, pipeline.NotOut):
                click.echo(not_out_line(issue))
                continue
            click.echo(f"Issue {issue.date}: {issue.collected} papers.")
            for note in issue.all_notes:
                click.echo(f"  {note}")
            for arxiv_id in issue.missing:
                click.echo(f"  missing: {arxiv_id} was announced, but arXiv's API does not have it yet")
    return 0


def preview(settings: Settings, email: str | None, day: date | None, to: str | None = None) -> tuple[Path, Path]:
    """Write the page and the text of one reader's email; without a new announcement the last issue's.

    `to`: send it to this address as well. It is nobody's copy: its links act for no reader, and nothing is recorded.
    Raises ConfigurationError, TransportError.
    """
    with app.open_examined(settings, partial(doctor.examine_or_stop, settings)) as (counter, looked):
        roster = load_roster(counter)
        reader = _of_ledger(counter, email) or _previewed(roster, email, to)
        with (
            alone_if_possible(settings, counter, "preview") as alone,
            progress() as show,
            app.open_desk(settings, counter, roster.masthead, progress=show) as desk,
        ):
            if alone and in_force.is_followed_here(counter):
                in_force.take_in(counter, looked)
            issue = _preview_issue(desk, day, prepare=alone)
            editor = pipeline.Editor(desk)
            tasting = pipeline.Tasting(editor)
            editor.ask_for_lines([(reader.wishes, (issue,))])
            enrolled = _nobody(to, reader.wishes) if to else _enrolled(desk, reader)
            message = pipeline.message_for(desk, tasting, pipeline.Due(enrolled, (issue,)), is_test=to is not None)
        if to:
            _post(counter, message)
    folder = settings.data_dir / "preview"
    folder.mkdir(parents=True, exist_ok=True)
    page, text = (folder / f"{issue}_{reader.email.replace('/', '_')}{suffix}" for suffix in (".html", ".txt"))
    page.write_text(message.html, "utf-8")
    text.write_text(message.text, "utf-8")
    return page, text


def _previewed(roster: Roster, email: str | None, to: str | None) -> Reader:
    """The reader who is named, or else the one who has this address, or else the first."""
    if email is None and to and to.lower() in {reader.email.lower() for reader in roster.readers}:
        email = to
    return _reader_of(roster, email)


def _enrolled(desk: Desk, reader: Reader) -> Enrolled:
    subscriber = desk.store.enrol([reader.email], desk.now())[reader.email.lower()]
    return Enrolled(subscriber.id, reader.email, reader.name, reader.wishes)


def _nobody(address: str, wishes: Wishes) -> Enrolled:
    """A reader whom no ledger knows; another each time, so that no mail program takes two test emails for one."""
    return Enrolled(secrets.randbits(63), address, None, wishes)


def _post(counter: Counter, message: Message) -> None:
    outcome = counter.post(Outgoing(key="preview", message=message))
    if outcome.verdict is not Verdict.ACCEPTED:
        problem = f"the email was not accepted: {outcome.detail}"
        raise ConfigurationError([Finding(message.recipient, None, problem, "try `newsletter check --online`")])
    click.echo(f"Sent to {message.recipient}; nothing was recorded.", err=True)


def _of_ledger(counter: Counter, email: str | None) -> Reader | None:
    """A reader whom the file does not name."""
    subscriber = counter.store.subscriber(email) if email else None
    reader = counter.store.reader(subscriber.id) if subscriber else None
    return reader if reader and not reader.in_file else None


def _reader_of(roster: Roster, email: str | None) -> Reader:
    for reader in roster.readers:
        if email is None or reader.email.lower() == email.lower():
            return reader
    raise _no_reader(email)


def _no_reader(email: str | None) -> ConfigurationError:
    problem = f"there is no subscriber {email}" if email else "there are no subscribers"
    return ConfigurationError([Finding("subscribers", None, problem, "see `newsletter subscribers list`")])


@contextmanager
def alone_if_possible(settings: Settings, counter: Counter, command: str) -> Iterator[bool]:
    """Whether the data folder is ours: beside a running service a preview shows what is there, and prepares nothing."""
    with ExitStack() as held:
        try:
            held.enter_context(app.work_folder(settings, counter.store, command, counter.now))
        except DataFolderLocked:
            yield False
        else:
            yield True


def _preview_issue(desk: Desk, day: date | None, *, prepare: bool) -> date:
    ready = [issue.date for issue in desk.store.issues() if issue.state is not IssueState.COLLECTED]
    wanted = [issue for issue in ready if day in (None, issue)]
    if prepare:
        try:
            issues, _ = pipeline.prepare_days(desk, day)
        except ArxivError as error:
            if not wanted:
                raise
            click.echo(f"{error}; showing issue {wanted[0]}", err=True)
        else:
            if issues:
                return issues[-1].date
    if not wanted:
        problem = f"issue {day or calendar.newest(desk.now())} does not exist yet"
        raise ConfigurationError([Finding("preview", None, problem, "try again after arXiv announces it")])
    return wanted[0]


def archive(settings: Settings) -> list[str]:
    """The files that changed; without an archive, where its pages are kept."""
    with (
        app.open_counter(settings) as counter,
        app.open_desk(settings, counter, load_roster(counter).masthead) as desk,
    ):
        lines = [str(path) for path in pipeline.publish(desk)]
        kept = folder_of(settings.data_dir, ArchiveMode.PRIVATE)
        if desk.roster.newsletter.archive is ArchiveMode.NONE and kept.is_dir():
            lines.append(f"The list says archive: none. Earlier pages are kept in {kept} and shown to nobody.")
        return lines
