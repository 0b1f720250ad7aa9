"""`newsletter demo`: one invented morning through the same code as a real one, and a practice ground with --serve."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import resources
from pathlib import Path

import click

from newsletter import app, pipeline, settings
from newsletter.demo.rows import SampleRow, load_rows
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.pipeline import Progress
from newsletter.readers import in_force
from newsletter.replies.receiving import Received, receive
from newsletter.settings import Settings
from newsletter.telling import morning_lines
from newsletter.times import calendar
from newsletter.times.clock import utc_now

FOLDER = Path("var/demo")
# What a small model costs today; the sample model itself is free.
_PRICE = "openai/sample-model=0.25/2"


def demo(progress: Progress) -> None:
    """One morning, the same morning again, and a reader who leaves by replying."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    roster_file = FOLDER / "subscribers.yaml"
    roster_file.write_bytes(resources.files("newsletter.demo").joinpath("subscribers.yaml").read_bytes())
    day = calendar.newest(utc_now())
    with Servers(sample_day(day, calendar.window(day)), day) as servers:
        configuration = _configure(servers, roster_file)
        click.echo("One morning with invented papers:")
        _morning(configuration, progress)
        click.echo("\nThe same morning again:")
        _morning(configuration, progress)
    click.echo("\nOne reader replies 退订 (unsubscribe):")
    _leave(configuration)
    _what_to_open(configuration)


def _configure(servers: Servers, roster_file: Path) -> Settings:
    """Settings as from an environment that holds only the demo's."""
    names = {settings.variable(field) for field in Settings.model_fields}
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_") or name in names]:
        del os.environ[name]
    os.environ |= servers.environment() | {
        "NEWSLETTER_SUBSCRIBERS": str(roster_file),
        "NEWSLETTER_DATA_DIR": str(FOLDER),
        "NEWSLETTER_MODEL_PRICES": _PRICE,
        "NEWSLETTER_SENDER": "Morning arXiv <news@newsletter.example>",
    }
    return settings.load()


def _morning(configuration: Settings, progress: Progress) -> None:
    with app.open_counter(configuration) as counter:
        looked = in_force.look(counter)
        with (
            app.work_folder(configuration, counter.store, "demo", counter.now),
            app.open_desk(configuration, counter, looked.masthead, progress=progress) as desk,
        ):
            in_force.take_in(counter, looked)
            done = pipeline.run(desk)
            pipeline.publish(desk)
            for line in morning_lines(desk, done):
                click.echo(f"  {line}")


def _leave(configuration: Settings) -> None:
    mail = _mails(configuration, ".eml")[-1]
    with app.open_counter(configuration) as counter:
        received = receive(counter, reply_to(mail, "退订"))
    click.echo(f"  {received.meaning.action}: {received.meaning.reason}")
    _show_line(configuration, received)


def reply_to(mail: Path, text: str) -> bytes:
    """The bytes of a reply as a mail program writes it: addressed by Reply-To, the original quoted below."""
    original = message_from_bytes(mail.read_bytes(), policy=policy.default)
    body = original.get_body(("plain",))
    quoted = "\n".join(f"> {line}" for line in (body.get_content() if body else "").splitlines())
    reply = EmailMessage()
    reply["From"] = original["To"]
    reply["To"] = original["Reply-To"]
    reply["Subject"] = f"Re: {original['Subject']}"
    reply["In-Reply-To"] = original["Message-ID"]
    reply["References"] = original["Message-ID"]
    reply["Message-ID"] = "<reply.1@example.org>"
    reply.set_content(f"{text}\n\nOn this morning {original['From']} wrote:\n{quoted}\n")
    return reply.as_bytes(policy=policy.SMTP)


def _show_line(configuration: Settings, received: Received) -> None:
    changed = received.changed
    if changed is None or changed.line is None:
        raise ConfigurationError([Finding("demo", None, "the reply changed nothing", "please report it")])
    line = configuration.subscribers.read_text("utf-8").splitlines()[changed.line - 1]
    click.echo(f"  {configuration.subscribers}:{changed.line}: {line.strip()}")


def _mails(configuration: Settings, form: str) -> list[Path]:
    return sorted((FOLDER / configuration.kind.folder).glob(f"*{form}"))


def _what_to_open(configuration: Settings) -> None:
    click.echo("\nOpen in a browser:")
    for page in [*_mails(configuration, ".html"), FOLDER / "archive" / "index.html"]:
        click.echo(f"  {page}")
    click.echo("The same emails are beside them as .eml files, for a mail program.")


def serve(papers: Path | None, latency: float, per_token: float) -> None:
    """Run only the servers, with the sample day or your own papers, until SIGTERM or Ctrl-C."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    newest = calendar.newest(utc_now())
    rows = _rows(papers, newest) if papers else sample_day(newest, calendar.window(newest))
    with Servers(rows, latency=latency, per_token=per_token) as servers:
        for name, value in servers.environment().items():
            click.echo(f"{name}={value}")
        stopped.wait()


def _rows(papers: Path, newest: date) -> list[SampleRow]:
    try:
        return load_rows(papers, calendar.window, newest)
    except ValueError as error:
        raise ConfigurationError([Finding("--papers", None, str(error), "see the form in docs/demo.md")]) from error
