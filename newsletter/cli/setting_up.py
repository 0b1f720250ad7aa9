"""The commands of an operator at the beginning and for bad days: init, backup."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import click

from newsletter import subscribers
from newsletter.cli import starting
from newsletter.cli.console import progress
from newsletter.cli.starting import Answers
from newsletter.settings import Settings, is_secret, variable
from newsletter.times.clock import utc_now
from newsletter.transports import Question, kinds


def backup(settings: Settings, path: Path | None) -> None:
    """Print where the copy is and what is not in it."""
    from newsletter import backup as copying  # with the ledger, which `init` does not need

    folder = copying.backup(settings, path, utc_now())
    click.echo(folder)
    click.echo("The copy contains addresses and the key that signs links: keep it as safe as the original.", err=True)
    if settings.on_server:
        click.echo("Its ledger is var/newsletter.dump: restore it with pg_restore, see docs/machines.md.", err=True)
    click.echo("Passwords, API keys and OAuth sign-ins are not in it; fill them in where you restore it.", err=True)


def move(settings: Settings, url: str) -> None:
    """Print what was copied, and what to set."""
    from newsletter.app import relocation

    with progress() as show:
        counts = relocation.move(settings, url, utc_now, show)
    if counts:
        click.echo(f"{sum(counts.values())} rows in {len(counts)} tables are the same there.")
    click.echo("The ledger is on the server. Set NEWSLETTER_DATABASE_URL to it, then start the service.")


def schema() -> None:
    """Print the JSON Schema of the subscriber list."""
    click.echo(subscribers.schema_text(), nl=False)


@cache
def transport_options() -> Sequence[click.Option]:
    """What `init` can be told of transports, but no secret: a shell remembers what it is told."""
    return (
        click.Option(["--transport"], type=click.Choice([*kinds()]), help="How to send emails."),
        click.Option(["--sender"], metavar="MAILBOX", help="The sender, as Name <news@example.org>."),
        *(_option(question) for question in starting.questions() if not _hides(question)),
    )


def _option(question: Question) -> click.Option:
    words = question.setting.split("_")
    return click.Option([f"--{'-'.join(words)}"], metavar=words[-1].upper(), help=f"E.g. {question.form}.")


def _hides(question: Question) -> bool:
    return is_secret(variable(question.setting))


def init(folder: Path, given: dict[str, str | None]) -> None:
    """On a terminal, prompt for what was not given; then write the files."""
    answers = _asked(given) if sys.stdin.isatty() and sys.stdout.isatty() else _given(given)
    for file in starting.write(folder, answers):
        click.echo(f"wrote {file}")
    step = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"Next: {step}newsletter check; newsletter preview; newsletter run")


def _given(given: dict[str, str | None]) -> Answers:
    """The options with their defaults; the address has no default."""
    if not given["email"]:
        raise click.UsageError("--email is needed where nobody can be asked")
    said = {name: value for name, value in given.items() if value is not None}
    return _answers({"timezone": starting.local_zone()} | said)


def _answers(said: dict[str, str]) -> Answers:
    values: dict[str, Any] = {"email": "", **said}
    for name in ("categories", "languages"):
        if name in said:
            values[name] = tuple(said[name].replace(",", " ").split())
    asked = {question.setting for question in starting.questions()} & said.keys()
    own = {name: values.pop(name) for name in asked}
    return Answers(**values, own=own)


def _asked(given: dict[str, str | None]) -> Answers:
    """A flat list of questions; an empty answer takes what stands in brackets."""
    usual = Answers(email="")

    def ask(name: str, question: str, default: str, of: Sequence[str] = ()) -> str:
        if (known := given.get(name)) is not None:
            return known
        return str(click.prompt(question, default=default or None, type=click.Choice(of) if of else str)).strip()

    def maybe(name: str, question: str) -> str:
        known = given.get(name)
        return known if known is not None else str(click.prompt(question, default="", show_default=False)).strip()

    said = {
        "email": ask("email", "Your address, which gets the first email", ""),
        "categories": ask("categories", "arXiv categories", " ".join(usual.categories)),
        "interests": ask("interests", "What are you interested in, in a sentence or two", usual.interests),
        "languages": ask("languages", "Languages of the one-liners, the leading one first", " ".join(usual.languages)),
        "timezone": ask("timezone", "Time zone", starting.local_zone()),
        "send_at": ask("send_at", "At what time", usual.send_at),
        "model": maybe("model", "Model, as provider/name of LiteLLM (empty: none, papers are ordered by word match)"),
        "transport": ask("transport", "Send by", usual.transport, [*kinds()]),
    }
    return _with_secrets(_answers(said), ask)


def _with_secrets(answers: Answers, ask: Callable[..., str]) -> Answers:
    """What only some answers need; secrets are not shown, and go nowhere but into `.env`."""
    if key := starting.key_variable(answers.model):
        answers = replace(answers, model_key=_hidden(key))
    kind = kinds()[answers.transport]
    if "sender" in kind.needs:
        answers = replace(answers, sender=ask("sender", "Sender, as Name <news@example.org>", ""))
    own = {
        one.setting: _hidden(one.text) if _hides(one) else ask(one.setting, f"{one.text}, as {one.form}", "")
        for one in kind.questions
    }
    return replace(answers, own={**answers.own, **own})


def _hidden(question: str) -> str:
    value = click.prompt(
        f"{question} (leave empty to fill it in later)", default="", show_default=False, hide_input=True
    )
    return str(value).strip()
