"""`newsletter status`: what the ledger holds, as lines or as JSON. It imports little: people call it in a loop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from newsletter import app
from newsletter.delivery import holding
from newsletter.models import Attempt, Bill, Issue, ModelFacts, Trouble, Worker
from newsletter.readers import in_force, news
from newsletter.readers.in_force import InForce
from newsletter.replies import setting_aside
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.telling import counted, issue_line, usage_text

_NAMED = 20  # emails of an issue that are listed by name; as JSON all of them are


def status(settings: Settings, *, as_json: bool) -> None:
    """Prints the documented JSON, or the same as lines."""
    with app.open_ledger(settings) as store:
        issues = store.issues()
        counts = {issue.date: store.delivery_counts(issue.date) for issue in issues}
        notes = {issue.date: [*issue.all_notes, *_named(store, issue, None if as_json else _NAMED)] for issue in issues}
        served = {issue.date: store.model_facts(issue.date) for issue in issues}
        bills = {issue.date: store.bills(issue.date) for issue in issues}
        hold, kept_since = holding.read(store), store.kept_since()
        aside = setting_aside.emails(store)
        listed = in_force.last_good(store)
        workers, jobs = (store.workers(), store.jobs()) if store.on_server else ((), {})
        holder = store.holder(app.LEADS) if store.on_server else None
        tastes = _tastes(store, issues)
        troubles = [trouble for trouble in store.troubles() if trouble.ended is None]
    if as_json:
        rows = [
            _row(issue, bills[issue.date], counts[issue.date], notes[issue.date]) | _served(served[issue.date])
            for issue in issues
        ]
        held = {"held": str(hold)} if hold else {}
        unread = {"set_aside": [_unread(one) for one in aside]} if aside else {}
        skipped = {"list": _left_out(listed)} if listed and (listed.skipped or listed.findings) else {}
        own = {"tastes": tastes} if tastes else {}
        told = {"issues": rows, "troubles": [_trouble(one) for one in troubles]}
        shared = {"workers": [_worker(one, holder) for one in workers], "jobs": dict(jobs)} if workers or jobs else {}
        click.echo(json.dumps({**told, **held, **unread, **skipped, **own, **shared}))
        return
    for line in _at_work(workers, jobs, holder):
        click.echo(line)
    if hold:
        click.echo(str(hold)[:1].upper() + str(hold)[1:])
    for trouble in troubles:
        click.echo(f"Since {trouble.since:%Y-%m-%d %H:%M} UTC: {trouble.problem}\n  {trouble.remedy}")
    for line in [*news.skipped(listed.skipped), *map(str, listed.findings)] if listed else []:
        click.echo(f"Subscriber list: {line}")
    for one in aside:
        click.echo(f"Could not be read, {one.at:%Y-%m-%d %H:%M} UTC: {one.name}")
    if tastes:
        click.echo(_tastes_line(tastes))
    for issue in issues:
        click.echo(issue_line(issue))
        for bill in bills[issue.date]:
            click.echo(f"  {bill.stage or 'all'} by {bill.model}: {usage_text(bill.usage)}")
        sent = ", ".join(f"{count} {state}" for state, count in sorted(counts[issue.date].items()))
        gone = kept_since is not None and issue.date < kept_since
        click.echo(f"  emails: {sent or ('older than NEWSLETTER_KEEP_DAYS' if gone else 'none')}")
        for note in notes[issue.date]:
            click.echo(f"  {note}")
    if not issues:
        click.echo("No issues yet. `newsletter run` prepares the first one.")


def _worker(worker: Worker, holder: str | None) -> dict[str, Any]:
    plain = asdict(worker) | {"since": worker.since.isoformat(timespec="seconds")}
    return plain | {"beat": worker.beat.isoformat(timespec="seconds"), "leads": worker.lives and worker.owner == holder}


def _at_work(workers: Sequence[Worker], jobs: Mapping[str, int], holder: str | None) -> Iterator[str]:
    """A line for each living process, one for those that ended without a word, and one for the queue."""
    living = [one for one in workers if one.lives]
    for one in living:
        minutes = max(1.0, (one.beat - one.since).total_seconds() / 60)
        sent = f", {one.sent:,} emails sent ({one.sent / minutes:,.0f} a minute)" if one.role == "send" else ""
        leads = ", prepares and plans" if one.owner == holder else ""
        yield f"{one.role} on {one.host}, version {one.version}, since {one.since:%Y-%m-%d %H:%M} UTC{leads}{sent}"
    if len(versions := {one.version for one in living}) > 1:
        yield f"Versions {' and '.join(sorted(versions))} run side by side."
    if gone := len(workers) - len(living):
        yield f"Of the last day's processes, {gone} ended without saying so."
    if waiting := jobs.get("todo", 0) + jobs.get("doing", 0):
        yield f"Queue: {counted(waiting, 'job')}."
    if failed := jobs.get("failed", 0):
        yield f"Queue: {counted(failed, 'failed job')}; see the log of the workers."


def _tastes(store: Store, issues: Sequence[Issue]) -> Mapping[str, int]:
    """How many readers have an order of their own, what they marked, and whose email of the newest issue was theirs."""
    readers = store.tasted()
    newest = store.own_editions(issues[0].date) if issues else 0
    return {"readers": readers, **store.mark_counts(), "own_editions": newest} if readers or newest else {}


def _tastes_line(tastes: Mapping[str, int]) -> str:
    marks = f"{tastes['like']:,} liked, {tastes['not']:,} passed over, {tastes['save']:,} saved"
    own = counted(tastes["own_editions"], "own edition")
    return f"Own orders: {counted(tastes['readers'], 'reader')}; papers: {marks}; newest issue: {own}"


def _trouble(trouble: Trouble) -> dict[str, str]:
    since = trouble.since.isoformat(timespec="seconds")
    return {"key": trouble.key, "problem": trouble.problem, "remedy": trouble.remedy, "since": since}


def _left_out(listed: InForce) -> dict[str, Any]:
    """The lines of skipped entries, and what is wrong with the list."""
    return {"skipped": list(listed.skipped), "findings": [str(one) for one in listed.findings]}


def _unread(attempt: Attempt) -> dict[str, str]:
    return {"email": attempt.name, "since": attempt.at.isoformat(timespec="seconds")}


def _bill(bill: Bill) -> dict[str, Any]:
    return {"stage": bill.stage, "model": bill.model, "calls": bill.calls, **asdict(bill.usage)}


def _row(issue: Issue, bills: Sequence[Bill], deliveries: Any, notes: Sequence[str]) -> dict[str, Any]:
    counts = {name: getattr(issue, name) for name in ("collected", "scored", "ranked", "unscored", "picked")}
    return {
        "date": issue.date.isoformat(),
        "state": issue.state.value,
        **counts,
        **asdict(issue.usage),
        "bills": [_bill(bill) for bill in bills],
        "deliveries": dict(deliveries),
        "notes": list(notes),
    }


def _served(facts: ModelFacts | None) -> dict[str, Any]:
    """How the model served the issue, and the papers that its provider refused."""
    return {"model_outcome": facts.outcome.value, "refused_papers": list(facts.flagged)} if facts else {}


def _named(store: Store, issue: Issue, most: int | None) -> Iterator[str]:
    """Emails whose fate someone should know: failed, in doubt, repeated."""
    number, first = store.troubled(issue.date, most)
    yield from (f"{delivery.email}: {delivery.state}: {delivery.error}" for delivery in first)
    if number > len(first):
        yield f"and {number - len(first)} more"
