"""The commands. Heavy imports stand inside them: `newsletter --help` answers within 150 ms."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter import __version__
from newsletter.cli.console import Group

if TYPE_CHECKING:
    from newsletter.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="newsletter")
def main() -> None:
    """The arXiv newsletter: edit subscribers.yaml, run one command, and every reader gets the few new papers that
    matter to them, once.

    Try `newsletter demo` first: it needs no network, no key and no settings.
    """


def _settings() -> Settings:
    from newsletter import settings
    from newsletter.cli.console import configure_logs

    configure_logs()
    return settings.load()


def _date(value: datetime | None) -> date | None:
    return value.date() if value else None


@main.command()
@click.option("--serve", is_flag=True, help="Only start the practice servers and print the settings that use them.")
@click.option(
    "--papers", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Serve these papers (JSONL)."
)
@click.option("--latency", type=click.FloatRange(min=0), default=0.0, help="Seconds the model takes for a request.")
@click.option("--per-token", type=click.FloatRange(min=0), default=0.0, help="Seconds the model takes for a token.")
def demo(serve: bool, papers: Path | None, latency: float, per_token: float) -> None:
    """A whole morning with invented papers, in var/demo, with nothing configured."""
    from newsletter.demo import command

    if serve:
        command.serve(papers, latency, per_token)
        return
    if papers or latency or per_token:
        raise click.UsageError("--papers, --latency and --per-token go with --serve")
    from newsletter.cli.console import configure_logs, progress

    configure_logs()
    with progress() as show:
        command.demo(show)


@main.command()
@click.option("--date", "day", type=_DAY, help="This issue instead of the newest.")
@click.option("--only", metavar="EMAIL", help="Send to this reader alone.")
@click.option(
    "--dry-run", is_flag=True, help="Prepare and render; write the mails to dry-run, record and send nothing."
)
def run(day: datetime | None, only: str | None, dry_run: bool) -> None:
    """A morning now: prepare the newest announcement and send it to everybody who has not had it."""
    from newsletter.cli import morning

    raise SystemExit(morning.run(_settings(), _date(day), only, dry_run=dry_run))


@main.command()
@click.option("--date", "day", type=_DAY, help="This issue instead of the newest.")
def collect(day: datetime | None) -> None:
    """Only collect: what arXiv announced, what was missing and how it was found."""
    from newsletter.cli import morning

    raise SystemExit(morning.collect(_settings(), _date(day)))


@main.command()
def serve() -> None:
    """The service: prepares when arXiv announces, sends at each reader's hour, answers on the web; until SIGTERM."""
    settings = _settings()
    import uvicorn

    from newsletter import app, scheduler, web

    app.examine_or_stop(settings)
    with scheduler.running(settings):
        uvicorn.run(web.build(settings), host=settings.host, port=settings.port, log_level="warning")


@main.command()
@click.option("--for", "email", metavar="EMAIL", help="As this reader gets it (default: the first).")
@click.option("--date", "day", type=_DAY, help="This issue instead of the newest.")
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
def preview(email: str | None, day: datetime | None, open_it: bool) -> None:
    """Render a mail without sending it."""
    from newsletter.cli import morning

    paths = morning.preview(_settings(), email, _date(day))
    for path in paths:
        click.echo(path)
    if open_it:
        click.launch(str(paths[0]))


@main.command()
@click.option("--online", is_flag=True, help="Ask arXiv and the model too.")
def check(online: bool) -> None:
    """Find what is wrong in settings, roster, prompts and templates, and say what to do."""
    from newsletter.cli import reports

    raise SystemExit(reports.check(_settings(), online=online))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """The issues with their papers, mails and cost, newest first."""
    from newsletter.cli import reports

    reports.status(_settings(), as_json=as_json)


@main.command()
@click.argument("arxiv_id")
@click.option("--topic", metavar="KEY", help="Only for this topic.")
def explain(arxiv_id: str, topic: str | None) -> None:
    """Why a paper was picked or not."""
    from newsletter.cli import reports

    raise SystemExit(reports.explain(_settings(), arxiv_id, topic))


@main.command()
def archive() -> None:
    """Write the web archive to the data folder."""
    from newsletter.cli import morning

    for path in morning.archive(_settings()):
        click.echo(path)


@main.command()
@click.option("--explain", "explain_it", is_flag=True, help="Say what each mail would do; change nothing.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def inbox(explain_it: bool, paths: tuple[Path, ...]) -> None:
    """What inbound mails mean, one JSON line for each .eml file."""
    if not explain_it:
        raise click.UsageError("this version only explains: add --explain")
    from newsletter.cli import reports

    reports.inbox(_settings(), paths)


@main.group()
def subscribers() -> None:
    """The roster with what the ledger knows."""


def _reader_command(name: str, help_text: str, *options: Any) -> None:
    def act(email: str, **given: Any) -> None:
        from newsletter.cli import roster

        raise SystemExit(
            getattr(roster, name.replace("unsubscribe", "unsubscribe_reader"))(_settings(), email, **given)
        )

    act.__doc__ = help_text
    command = click.command(name)(click.argument("email")(act))
    for option in options:
        command = option(command)
    subscribers.add_command(command)


_reader_command("show", "One reader.", click.option("--json", "as_json", is_flag=True, help="For programs."))
_reader_command("unsubscribe", "Stop sending to a reader, for good.")
_reader_command("resubscribe", "Send to a reader again who had left.")


@subscribers.command("list")
def list_readers() -> None:
    """All readers with their state."""
    from newsletter.cli import roster

    roster.list_readers(_settings())
