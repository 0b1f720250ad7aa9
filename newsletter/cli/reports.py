"""The commands that only tell: check, explain, inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import click

from newsletter import app, doctor, pipeline, ranking
from newsletter.cli.explaining import own_verdict
from newsletter.cli.morning import load_roster
from newsletter.cli.readers import known_reader
from newsletter.errors import ConfigurationError
from newsletter.models import ArxivId, Finding, Paper, Topic
from newsletter.readers import Counter, guard, in_force
from newsletter.replies import acting, receiving
from newsletter.settings import Settings
from newsletter.telling import counted


def check(settings: Settings, *, online: bool, accept: bool) -> int:
    """Exit code 1 if anything needs to be fixed."""
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
    click.echo(f"{known}; templates and prompts are valid.")
    for line in doctor.ages(roster, counter.now()):
        click.echo(f"  {line}")
    for topic in roster.topics:
        click.echo(f"  {topic.key}: {doctor.understood(topic)}")
    for line in doctor.languages(roster):
        click.echo(f"  {line}")
    return 0


def explain(settings: Settings, arxiv_id: str, topic: str | None, email: str | None = None) -> int:
    """Exit code 1 when the ledger does not hold the paper."""
    try:
        wanted = ArxivId.parse(arxiv_id).base
    except ValueError as error:
        raise ConfigurationError([Finding(arxiv_id, None, "is not an arXiv id", "write it as 2603.01234")]) from error
    with app.open_counter(settings) as counter:
        return _explain(settings, counter, wanted, topic, email)


def _explain(settings: Settings, counter: Counter, wanted: str, topic: str | None, email: str | None) -> int:
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
            for line in _words(editor.desk, one, day, paper):
                click.echo(f"    {line}")
        if email is not None:
            subscriber = known_reader(counter, email)
            reader = counter.store.reader(subscriber.id)
            for line in own_verdict(editor, reader, subscriber.id, day, paper) if reader else ["gets no email"]:
                click.echo(f"  {subscriber.email}: {line}")
    return 0


def _verdict(editor: pipeline.Editor, topic: Topic, day: date, paper: Paper) -> str:
    """The paper's fate as recorded when the issue was prepared, or the current one if the issue is not ready."""
    if not topic.covers(paper):
        return "not picked: it is in none of your categories"
    now = editor.day(day, topic)
    judged = next(one for one in now.judged if one.paper.arxiv_id == paper.arxiv_id)
    found = f"word match {judged.similarity:.3f}"
    if judged.score:
        found = f"relevance {judged.score.relevance}, novelty {judged.score.novelty}, {found}"
    fate = pipeline.recorded_fate(editor.desk, topic, paper) or now.fates()[judged.paper]
    return f"{fate.words} ({found})" if fate.place else f"not picked: {fate.words} ({found})"


def _words(desk: pipeline.Desk, topic: Topic, day: date, paper: Paper) -> Iterator[str]:
    """What moved the paper up or down when ranked without a model."""
    if not topic.covers(paper):
        return
    yield from _moved("your text", ranking.moving.by_text(topic, paper))
    opinions = pipeline.opinions(desk, day, topic)
    if opinions.trained:
        yield from _moved("earlier scores", ranking.moving.by_scores(opinions, paper))


def _moved(by: str, moved: ranking.moving.Moved) -> Iterator[str]:
    for direction, words in (("up", moved.up), ("down", moved.down)):
        if words:
            yield f"moved {direction} by {by}: {', '.join(words)}"


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
                "command": meaning.command.value if meaning.command else None,
            }
            if meaning.value:
                row["value"] = meaning.value
            click.echo(json.dumps(row, ensure_ascii=False))


def poll(settings: Settings) -> int:
    """Exit code 1 when an email could not be handled."""
    with app.open_counter(settings) as counter:
        found = receiving.poll(counter)
    click.echo(f"{counted(found.handled, 'email')} handled, {found.left} left in the inbox for you.")
    if found.aside:
        click.echo(f"{counted(found.aside, 'email')} could not be read: `newsletter status` names them.", err=True)
    if found.failed:
        click.echo(f"{counted(found.failed, 'email')} could not be handled; the next poll tries again.", err=True)
    return 1 if found.failed or found.aside else 0


def _messages(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
