"""The commands that only tell: check, status, explain, inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from newsletter import app, pipeline, selection, unsubscribe
from newsletter.app import receiving, rosters
from newsletter.app.doctor import ages
from newsletter.app.telling import counted, issue_line
from newsletter.cli.morning import load_roster
from newsletter.errors import ConfigurationError
from newsletter.models import ArxivId, DeliveryState, Finding, Issue
from newsletter.ports import Store
from newsletter.settings import Settings

_NAMED = 20  # mails listed by name in `status`


def check(settings: Settings, *, online: bool, accept: bool) -> int:
    """Exit code 1 when there is anything to do."""
    if accept:
        rosters.accept(settings, app.load_roster(settings))
    findings = app.examine(settings, online=online)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        click.echo(f"{counted(len(findings), 'finding')}.")
        return 1
    roster = app.load_roster(settings)
    known = f"{counted(len(roster.readers), 'reader')}, {counted(len(roster.topics), 'topic')}"
    click.echo(f"{known}; templates and prompts are fine.")
    for line in ages(roster, app.utc_now()):
        click.echo(f"  {line}")
    return 0


def status(settings: Settings, *, as_json: bool) -> None:
    """The contract's JSON, or the same as lines."""
    with app.open_ledger(settings) as store:
        issues = store.issues()
        counts = {issue.date: store.delivery_counts(issue.date) for issue in issues}
        notes = {issue.date: [*issue.notes, *_named(store, issue)] for issue in issues}
    if as_json:
        click.echo(json.dumps({"issues": [_row(issue, counts[issue.date], notes[issue.date]) for issue in issues]}))
        return
    for issue in issues:
        click.echo(issue_line(issue))
        sent = ", ".join(f"{count} {state}" for state, count in sorted(counts[issue.date].items()))
        click.echo(f"  mails: {sent or 'none'}")
        for note in notes[issue.date]:
            click.echo(f"  {note}")
    if not issues:
        click.echo("No issue yet. `newsletter run` makes one.")


def _row(issue: Issue, deliveries: Any, notes: Sequence[str]) -> dict[str, Any]:
    counts = {name: getattr(issue, name) for name in ("collected", "scored", "ranked", "unscored", "picked")}
    return {
        "date": issue.date.isoformat(),
        "state": issue.state.value,
        **counts,
        "prompt_tokens": issue.usage.prompt_tokens,
        "completion_tokens": issue.usage.completion_tokens,
        "cost_usd": issue.usage.cost_usd,
        "deliveries": dict(deliveries),
        "notes": list(notes),
    }


def _named(store: Store, issue: Issue) -> Iterator[str]:
    """Mails whose fate somebody should know: failed, in doubt, repeated."""
    troubled = [
        delivery
        for delivery in store.deliveries()
        if issue.date in delivery.issues and (delivery.error or delivery.state is DeliveryState.UNKNOWN)
    ]
    for delivery in troubled[:_NAMED]:
        yield f"{delivery.email}: {delivery.state}: {delivery.error}"
    if len(troubled) > _NAMED:
        yield f"and {len(troubled) - _NAMED} more"


def explain(settings: Settings, arxiv_id: str, topic: str | None) -> int:
    """Exit code 1 when the ledger does not hold the paper."""
    try:
        wanted = ArxivId.parse(arxiv_id).base
    except ValueError as error:
        raise ConfigurationError([Finding(arxiv_id, None, "is not an arXiv id", "write it as 2603.01234")]) from error
    roster = load_roster(settings)
    topics = [one for one in roster.topics if topic in (None, one.key)]
    if not topics:
        keys = ", ".join(one.key for one in roster.topics)
        raise ConfigurationError([Finding("--topic", None, f"unknown topic {topic!r}", f"one of {keys}")])
    with app.open_desk(settings, roster) as desk:
        held = desk.store.paper(wanted)
        if held is None or held[1] is None:
            known = "is older than the first issue" if held else "is not in the ledger"
            click.echo(f"{wanted} {known}.")
            return 1
        paper, day = held[0], held[1]
        click.echo(f"{wanted} {paper.title}\n  issue {day}, {', '.join(paper.categories)}")
        editor = pipeline.Editor(desk)
        for one in topics:
            click.echo(f"  {one.key}: {_verdict(editor.day(day, one), wanted)}")
    return 0


def _verdict(day: pipeline.TopicDay, arxiv_id: str) -> str:
    judged = next((one for one in day.judged if one.paper.arxiv_id == arxiv_id), None)
    if judged is None:
        return "not picked: none of its categories is asked for"
    places = [pick.paper.arxiv_id for pick in day.picks()]
    found = f"closeness in words {judged.similarity:.3f}"
    if judged.score:
        found = f"relevance {judged.score.relevance}, novelty {judged.score.novelty}, {found}"
    if arxiv_id in places:
        return f"picked as number {places.index(arxiv_id) + 1} of {len(places)} ({found})"
    why = selection.why_not(judged, day.topic, offline=day.offline) or "others are closer in words"
    return f"not picked: {why} ({found})"


def inbox(settings: Settings, paths: Sequence[Path]) -> None:
    """One JSON line for each message; nothing changes."""
    with app.open_ledger(settings) as store:
        for file in (file for path in paths for file in _messages(path)):
            meaning = receiving.read_file(settings, file.read_bytes(), app.utc_now())
            subscriber = unsubscribe.proven(store, meaning)
            row = {
                "file": str(file),
                "action": meaning.action.value,
                "email": subscriber.email if subscriber else None,
                "reason": meaning.reason,
            }
            click.echo(json.dumps(row, ensure_ascii=False))


def poll(settings: Settings) -> int:
    """Exit code 1 when a mail could not be handled."""
    if settings.imap_url is None:
        remedy = "set it to imaps://user@host/INBOX, or name files and add --explain"
        raise ConfigurationError([Finding("NEWSLETTER_IMAP_URL", None, "no mailbox is configured", remedy)])
    found = receiving.poll(settings)
    click.echo(f"{counted(found.handled, 'mail')} handled, {found.left} left in the inbox for a person.")
    if found.failed:
        click.echo(f"{counted(found.failed, 'mail')} could not be handled; the next poll tries again.", err=True)
    return 1 if found.failed else 0


def _messages(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
