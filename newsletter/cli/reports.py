"""The commands that only tell: check, status, explain, inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from newsletter import app, doctor, pipeline
from newsletter.cli.morning import load_roster
from newsletter.errors import ConfigurationError
from newsletter.models import ArxivId, Bill, Finding, Issue, Paper, Topic, Trouble
from newsletter.pipeline import holding
from newsletter.pipeline.telling import counted, issue_line, usage_text
from newsletter.readers import Counter, guard, in_force
from newsletter.replies import acting, receiving
from newsletter.settings import Settings
from newsletter.store import Store

_NAMED = 20  # mails of an issue listed by name in `status`; as JSON all of them are


def check(settings: Settings, *, online: bool, accept: bool) -> int:
    """Exit code 1 when there is anything to do."""
    with app.open_counter(settings, peek=not accept) as counter:
        if accept:
            guard.remember_size(counter.store, in_force.load(counter))
        findings = doctor.examine(settings, counter, online=online, say=click.echo)
        for finding in findings:
            click.echo(str(finding))
        if findings:
            click.echo(f"{counted(len(findings), 'finding')}.")
            return 1
        roster = in_force.load(counter)
    known = f"{counted(len(roster.readers), 'reader')}, {counted(len(roster.topics), 'topic')}"
    click.echo(f"{known}; templates and prompts are fine.")
    for line in doctor.ages(roster, counter.now()):
        click.echo(f"  {line}")
    return 0


def status(settings: Settings, *, as_json: bool) -> None:
    """The contract's JSON, or the same as lines."""
    with app.open_ledger(settings) as store:
        issues = store.issues()
        counts = {issue.date: store.delivery_counts(issue.date) for issue in issues}
        notes = {issue.date: [*issue.all_notes, *_named(store, issue, None if as_json else _NAMED)] for issue in issues}
        bills = {issue.date: store.bills(issue.date) for issue in issues}
        hold = holding.read(store)
        troubles = [trouble for trouble in store.troubles() if trouble.ended is None]
    if as_json:
        rows = [_row(issue, bills[issue.date], counts[issue.date], notes[issue.date]) for issue in issues]
        held = {"held": str(hold)} if hold else {}
        click.echo(json.dumps({"issues": rows, "troubles": [_trouble(one) for one in troubles], **held}))
        return
    if hold:
        click.echo(str(hold)[:1].upper() + str(hold)[1:])
    for trouble in troubles:
        click.echo(f"Since {trouble.since:%Y-%m-%d %H:%M} UTC: {trouble.problem}\n  {trouble.remedy}")
    for issue in issues:
        click.echo(issue_line(issue))
        for bill in bills[issue.date]:
            click.echo(f"  {bill.stage or 'all'} by {bill.model}: {usage_text(bill.usage)}")
        sent = ", ".join(f"{count} {state}" for state, count in sorted(counts[issue.date].items()))
        click.echo(f"  mails: {sent or 'none'}")
        for note in notes[issue.date]:
            click.echo(f"  {note}")
    if not issues:
        click.echo("No issue yet. `newsletter run` makes one.")


def _trouble(trouble: Trouble) -> dict[str, str]:
    since = trouble.since.isoformat(timespec="seconds")
    return {"key": trouble.key, "problem": trouble.problem, "remedy": trouble.remedy, "since": since}


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


def _named(store: Store, issue: Issue, most: int | None) -> Iterator[str]:
    """Mails whose fate somebody should know: failed, in doubt, repeated."""
    number, first = store.troubled(issue.date, most)
    yield from (f"{delivery.email}: {delivery.state}: {delivery.error}" for delivery in first)
    if number > len(first):
        yield f"and {number - len(first)} more"


def explain(settings: Settings, arxiv_id: str, topic: str | None) -> int:
    """Exit code 1 when the ledger does not hold the paper."""
    try:
        wanted = ArxivId.parse(arxiv_id).base
    except ValueError as error:
        raise ConfigurationError([Finding(arxiv_id, None, "is not an arXiv id", "write it as 2603.01234")]) from error
    with app.open_counter(settings) as counter:
        return _explain(settings, counter, wanted, topic)


def _explain(settings: Settings, counter: Counter, wanted: str, topic: str | None) -> int:
    roster = load_roster(counter)
    topics = [one for one in roster.topics if topic in (None, one.key)]
    if not topics:
        keys = ", ".join(one.key for one in roster.topics)
        raise ConfigurationError([Finding("--topic", None, f"unknown topic {topic!r}", f"one of {keys}")])
    with app.open_desk(settings, counter, roster.masthead) as desk:
        held = desk.store.paper(wanted)
        if held is None or held[1] is None:
            known = "is older than the first issue" if held else "is not in the ledger"
            click.echo(f"{wanted} {known}.")
            return 1
        paper, day = held[0], held[1]
        click.echo(f"{wanted} {paper.title}\n  issue {day}, {', '.join(paper.categories)}")
        editor = pipeline.Editor(desk)
        for one in topics:
            click.echo(f"  {one.key}: {_verdict(editor, one, day, paper)}")
    return 0


def _verdict(editor: pipeline.Editor, topic: Topic, day: date, paper: Paper) -> str:
    """The paper's fate as it was recorded when the issue was made; of an issue that is not ready, as it stands now."""
    if not topic.covers(paper):
        return "not picked: none of its categories is asked for"
    now = editor.day(day, topic)
    judged = next(one for one in now.judged if one.paper.arxiv_id == paper.arxiv_id)
    found = f"closeness in words {judged.similarity:.3f}"
    if judged.score:
        found = f"relevance {judged.score.relevance}, novelty {judged.score.novelty}, {found}"
    fate = pipeline.recorded_fate(editor.desk, topic, paper) or now.fates()[judged.paper]
    return f"{fate.words} ({found})" if fate.place else f"not picked: {fate.words} ({found})"


def inbox(settings: Settings, paths: Sequence[Path]) -> None:
    """One JSON line for each message; nothing changes."""
    with app.open_counter(settings) as counter:
        for file in (file for path in paths for file in _messages(path)):
            meaning = receiving.read_file(counter, file.read_bytes())
            subscriber = acting.proven(counter.store, meaning)
            row = {
                "file": str(file),
                "action": meaning.action.value,
                "email": subscriber.email if subscriber else None,
                "reason": meaning.reason,
            }
            click.echo(json.dumps(row, ensure_ascii=False))


def poll(settings: Settings) -> int:
    """Exit code 1 when a mail could not be handled."""
    with app.open_counter(settings) as counter:
        found = receiving.poll(counter)
    click.echo(f"{counted(found.handled, 'mail')} handled, {found.left} left in the inbox for a person.")
    if found.failed:
        click.echo(f"{counted(found.failed, 'mail')} could not be handled; the next poll tries again.", err=True)
    return 1 if found.failed else 0


def _messages(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
