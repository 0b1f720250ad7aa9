"""The commands that only tell: check, explain, inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from newsletter import app, doctor, pipeline, ranking
from newsletter.cli.explaining import own_verdict
from newsletter.cli.morning import load_roster
from newsletter.cli.readers import known_reader
from newsletter.errors import ConfigurationError
from newsletter.models import ArxivId, Finding, Paper, Roster, Topic
from newsletter.readers import Counter, guard, in_force
from newsletter.replies import acting, inviting, receiving
from newsletter.settings import Settings
from newsletter.telling import counted


def check(settings: Settings, *, online: bool, accept: bool, as_json: bool) -> int:
    """Exit code 1 if anything needs to be fixed."""
    notes: list[str] = []
    with app.open_counter(settings, peek=not accept) as counter:
        if accept:
            guard.remember_size(counter.store, in_force.load(counter))
        findings = doctor.examine(settings, counter, online=online, say=notes.append if as_json else click.echo)
        roster = None if findings else in_force.load(counter)
        facts = _facts(roster, counter.now()) if roster else []
        own = counter.store.own_reader_number() if roster else 0
    if as_json:
        told = {"findings": [asdict(one) for one in findings], "notes": [*notes, *facts]}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif roster:
        beside = f" and {own:,} in the ledger" if own else ""
        known = f"{counted(len(roster.readers), 'reader')}{beside}, {counted(len(roster.topics), 'topic')}"
        click.echo(f"{known}; templates and prompts are valid.")
        for line in facts:
            click.echo(f"  {line}")
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{counted(len(findings), 'finding')}.")
    return 1 if findings else 0


def _facts(roster: Roster, now: datetime) -> list[str]:
    """What to know of a list without findings."""
    understood = (f"{topic.key}: {doctor.understood(topic)}" for topic in roster.topics)
    return [*doctor.ages(roster, now), *understood, *doctor.languages(roster)]


def explain(settings: Settings, arxiv_id: str, topic: str | None, email: str | None = None, *, as_json: bool) -> int:
    """Exit code 1 when the ledger does not hold the paper."""
    try:
        wanted = ArxivId.parse(arxiv_id).base
    except ValueError as error:
        raise ConfigurationError([Finding(arxiv_id, None, "is not an arXiv id", "write it as 2603.01234")]) from error
    with app.open_counter(settings) as counter:
        explained = _explain(settings, counter, wanted, topic, email)
    if as_json:
        click.echo(json.dumps(explained, ensure_ascii=False))
    else:
        for line in _lines(explained):
            click.echo(line)
    return 1 if "problem" in explained else 0


def _explain(settings: Settings, counter: Counter, wanted: str, topic: str | None, email: str | None) -> dict[str, Any]:
    roster = load_roster(counter)
    topics = [one for one in roster.topics if topic in (None, one.key)]
    if not topics:
        keys = ", ".join(one.key for one in roster.topics)
        raise ConfigurationError([Finding("--topic", None, f"unknown topic {topic!r}", f"one of {keys}")])
    with app.open_desk(settings, counter, roster.masthead) as desk:
        held = desk.store.paper(wanted)
        if held is None or held[1] is None:
            return {"id": wanted, "problem": "is older than the first issue" if held else "is not in the ledger"}
        paper, day = held[0], held[1]
        editor = pipeline.Editor(desk)
        explained: dict[str, Any] = {
            "id": wanted,
            "title": paper.title,
            "issue": str(day),
            "categories": list(paper.categories),
            "topics": {one.key: _verdict(editor, one, day, paper) for one in topics},
        }
        if email is not None:
            subscriber = known_reader(counter, email)
            reader = counter.store.reader(subscriber.id)
            own = [*own_verdict(editor, reader, subscriber.id, day, paper)] if reader else ["gets no email"]
            explained["reader"] = {"email": subscriber.email, "why": own}
        return explained


def _lines(explained: dict[str, Any]) -> Iterator[str]:
    """The same to read."""
    if "problem" in explained:
        yield f"{explained['id']} {explained['problem']}."
        return
    yield f"{explained['id']} {explained['title']}"
    yield f"  issue {explained['issue']}, {', '.join(explained['categories'])}"
    for key, verdict in explained["topics"].items():
        found = [f"{name} {verdict[name]}" for name in ("relevance", "novelty") if verdict.get(name) is not None]
        if "word_match" in verdict:
            found.append(f"word match {verdict['word_match']:.3f}")
        why = f"{verdict['why']} ({', '.join(found)})" if found else verdict["why"]
        yield f"  {key}: {why if verdict['picked'] else f'not picked: {why}'}"
        for line in verdict["moved"]:
            yield f"    {line}"
    if "reader" in explained:
        yield from (f"  {explained['reader']['email']}: {line}" for line in explained["reader"]["why"])


def _verdict(editor: pipeline.Editor, topic: Topic, day: date, paper: Paper) -> dict[str, Any]:
    """The paper's fate as recorded when the issue was prepared, or the current one if the issue is not ready."""
    if not topic.covers(paper):
        return {"picked": False, "why": "it is in none of your categories", "moved": []}
    now = editor.day(day, topic)
    judged = next(one for one in now.judged if one.paper.arxiv_id == paper.arxiv_id)
    fate = pipeline.recorded_fate(editor.desk, topic, paper) or now.fates()[judged.paper]
    return {
        "picked": fate.place is not None,
        "why": fate.words,
        "relevance": judged.score.relevance if judged.score else None,
        "novelty": judged.score.novelty if judged.score else None,
        "word_match": judged.similarity,
        "moved": [*_words(editor.desk, topic, day, paper)],
    }


def _words(desk: pipeline.Desk, topic: Topic, day: date, paper: Paper) -> Iterator[str]:
    """What moved the paper up or down when ranked without a model."""
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
        inviting.settle(counter)
    click.echo(f"{counted(found.handled, 'email')} handled, {found.left} left in the inbox for you.")
    if found.aside:
        click.echo(f"{counted(found.aside, 'email')} could not be read: `newsletter status` names them.", err=True)
    if found.failed:
        click.echo(f"{counted(found.failed, 'email')} could not be handled; the next poll tries again.", err=True)
    return 1 if found.failed or found.aside else 0


def _messages(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
