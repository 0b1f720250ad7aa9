"""The commands. Heavy imports are inside them, so that `newsletter --help` answers within 150 ms."""

from __future__ import annotations

import atexit
import gc
import json
import os
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter import __version__
from newsletter.cli.console import Group

if TYPE_CHECKING:
    from newsletter.settings import Settings

_day = click.option(
    "--date", "day", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="This issue instead of the newest."
)
_json = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="newsletter")
def main() -> None:
    """A newsletter about new arXiv papers: edit subscribers.yaml, run one command, and each reader gets the few
    papers that matter to them, exactly once.

    Try `newsletter demo` first: it needs no network, no key and no settings. Then run `newsletter check` to see what
    is missing before you send a real issue.
    """
    _collect_less()
    os.umask(0o077)  # no other user of this machine may read what we write; the archive grants that itself


@cache
def _collect_less() -> None:
    """What imports make stays, and goes with the process: to look through it costs a morning two seconds."""
    gc.set_threshold(20_000)
    atexit.register(gc.freeze)


def _settings() -> Settings:
    from newsletter import settings
    from newsletter.cli.console import configure_logs

    loaded = settings.load()
    configure_logs(as_json=loaded.log == "json")
    return loaded


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """An email address, or click's own error."""
    if value is None:
        return None
    from newsletter.subscribers import values
    from newsletter.subscribers.tree import Unfit

    try:
        return values.email(value)
    except Unfit as unfit:
        raise click.BadParameter(f"{unfit.problem}; {unfit.remedy}") from unfit


def _date(value: datetime | None) -> date | None:
    return value.date() if value else None


@main.command()
@click.option("--serve", is_flag=True, help="Start only the practice servers and print the settings for them.")
@click.option(
    "--papers",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Serve these papers (JSON Lines).",
)
@click.option(
    "--latency",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Delay of the model for each request.",
)
@click.option(
    "--per-token", metavar="SECONDS", type=click.FloatRange(min=0), default=0.0, help="Further delay for each token."
)
def demo(serve: bool, papers: Path | None, latency: float, per_token: float) -> None:
    """Try it: one morning with invented papers.

    Everything happens on this machine, in the folder var/demo, which is emptied first. With --serve, only the practice
    arXiv and the practice model run, until SIGTERM or Ctrl-C. The other options need --serve.
    """
    from newsletter.demo import command

    if serve:
        command.serve(papers, latency, per_token)
        return
    if papers or latency or per_token:
        raise click.UsageError("--papers, --latency and --per-token need --serve")
    import logging

    from newsletter.cli.console import configure_logs, progress

    configure_logs(logging.WARNING)  # what happened is told in sentences
    with progress() as show:
        command.demo(show)


class _Init(click.Command):
    """Its options on transports are looked up when it is called: `newsletter --help` does not wait for them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        from newsletter.cli.setting_up import transport_options

        *own, for_help = super().get_params(ctx)
        return [*own, *transport_options(), for_help]


@main.command(cls=_Init)
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--email", metavar="EMAIL", help="The first reader: you.")
@click.option("--categories", metavar="LIST", help="arXiv categories, e.g. cs.LG,cs.CL.")
@click.option("--interests", metavar="TEXT", help="What readers care about, in a sentence or two.")
@click.option("--languages", metavar="LIST", help="Languages of the one-liners, e.g. en,zh; the first one leads.")
@click.option("--timezone", metavar="ZONE", help="E.g. Europe/London. Default: this machine's.")
@click.option("--send-at", metavar="HH:MM", help="When to send, in each reader's local time.")
@click.option("--model", metavar="NAME", help="As provider/name. Without one, papers are ordered by word match.")
def init(folder: Path, **given: str | None) -> None:
    """Create a new newsletter in FOLDER.

    Writes subscribers.yaml, the interests of one topic and .env into FOLDER (default: the current one), and never
    overwrites a file. On a terminal, prompts for anything not given as an option. Enter passwords and keys at the
    prompt, or put them into .env later.
    """
    from newsletter.cli import setting_up

    setting_up.init(folder, given)


@main.command()
def schema() -> None:
    """Print the JSON Schema of subscribers.yaml.

    Editors complete and check the subscriber list with it. `newsletter init` writes it to subscribers.schema.json;
    after an upgrade, write that file again: `newsletter schema > subscribers.schema.json`.
    """
    from newsletter.cli import setting_up

    setting_up.schema()


@main.command()
@_day
@click.option("--only", metavar="EMAIL", help="Send to this reader only.")
@click.option("--dry-run", is_flag=True, help="Write the emails to the folder dry-run; send and record nothing.")
@click.option("--without-model", is_flag=True, help="Use no language model; papers are ordered by word match.")
@click.option(
    "--patience",
    metavar="MINUTES",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="How long to wait for a model that does not answer or asks us to wait.",
)
@click.option("--here", is_flag=True, help="Send from this process, even if workers are running.")
def run(
    day: datetime | None, only: str | None, dry_run: bool, without_model: bool, patience: float, here: bool
) -> None:
    """Prepare the newest issue and send it now.

    The issue goes to every active reader who has not received it, whatever their hour and days; a weekly email keeps
    to its weekday. A second run sends nothing twice and continues where the first one stopped. Exit code 1 if emails
    are still queued, if an entry of the subscriber list was skipped, or if the model did not work. If nothing was ever
    sent from here and the model does not work, nothing is sent.
    """
    from newsletter.cli import morning

    asking = morning.Asking(without_model=without_model, patience=60 * patience, here=here)
    raise SystemExit(morning.run(_settings(), _date(day), only, asking, dry_run=dry_run))


@main.command()
@_day
def collect(day: datetime | None) -> None:
    """Collect an issue's papers, and nothing more.

    Says which papers were missing and how they were found. `newsletter run` continues from here.
    """
    from newsletter.cli import morning

    raise SystemExit(morning.collect(_settings(), _date(day)))


@main.command()
@click.option("--only", metavar="JOBS", default="send", show_default=True, help="Which jobs; there is one kind.")
@click.option("--slots", type=click.IntRange(1, 8), default=1, show_default=True, help="Rounds of sending at once.")
def worker(only: str, slots: int) -> None:
    """Send what another machine has planned, until SIGTERM.

    For a ledger on PostgreSQL: any number of workers share the work, and what one of them leaves unfinished the others
    send. A worker needs the database, the mail server and the keys that sign links; no subscriber list and no model.
    """
    from newsletter.cli import working
    from newsletter.cli.stopping import at_once

    with at_once():
        working.worker(_settings(), slots, only)


@main.command()
@click.option("--web", is_flag=True, help="Serve web pages only: another process prepares, sends and reads replies.")
@click.option("--no-work", is_flag=True, help="Leave all sending to `newsletter worker`.")
def serve(web: bool, no_work: bool) -> None:
    """Run the service until SIGTERM.

    The service prepares each issue when arXiv announces it, sends it at each reader's own hour, reads replies, and
    serves web pages: one-click unsubscribe, preferences, the archive, /healthz. With a ledger on PostgreSQL several may
    run: one of them does the work, and another takes over when it ends.
    """
    from newsletter.cli.stopping import at_once

    with at_once():
        settings = _settings()
        from newsletter.cli import serving

        serving.serve(settings, web_only=web, works=not no_work)


@main.command()
@click.option("--for", "email", metavar="EMAIL", help="The reader whose email to show. Default: the first one.")
@_day
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@click.option("--send", "to", metavar="EMAIL", callback=_address, help="Send it to this address, as a test.")
@_json
def preview(email: str | None, day: datetime | None, open_it: bool, to: str | None, as_json: bool) -> None:
    """Render an email without sending it.

    Prints two paths: the page and the text. If there is no new announcement, shows the last issue. With --send, one
    copy goes to EMAIL by your transport, also beside a running service. It counts for nobody: its links act for no
    reader, and nothing is recorded.
    """
    from newsletter.cli import morning

    paths = morning.preview(_settings(), email, _date(day), to)
    if as_json:
        click.echo(json.dumps({"page": str(paths[0]), "text": str(paths[1])}))
    else:
        for path in paths:
            click.echo(path)
    if open_it:
        click.launch(str(paths[0]))


@main.command()
@click.option("--online", is_flag=True, help="Try every service for real; costs a few tokens and an email to yourself.")
@click.option("--accept", is_flag=True, help="Confirm a subscriber list that is waiting because it changed so much.")
@_json
def check(online: bool, accept: bool, as_json: bool) -> None:
    """Find what is wrong and say what to do.

    Checks settings, subscriber list, prompts and templates, and says how old the papers are when emails go out. Exit
    code 1 if anything is wrong.
    """
    from newsletter.cli import reports

    raise SystemExit(reports.check(_settings(), online=online, accept=accept, as_json=as_json))


@main.command()
@_json
def status(as_json: bool) -> None:
    """List issues with papers, emails and cost.

    Newest first. Names each email that was refused, sent again or may not have arrived.
    """
    from newsletter.cli.status import status as show

    show(_settings(), as_json=as_json)


@main.command()
@click.argument("arxiv_id")
@click.option("--topic", metavar="KEY", help="Only for this topic.")
@click.option("--reader", metavar="EMAIL", help="Also why this reader got it or not.")
@_json
def explain(arxiv_id: str, topic: str | None, reader: str | None, as_json: bool) -> None:
    """Say why a paper was picked or not.

    ARXIV_ID is an identifier such as 2603.01234, or the paper's web address.
    """
    from newsletter.cli import reports

    raise SystemExit(reports.explain(_settings(), arxiv_id, topic, reader, as_json=as_json))


def _marking(kind: str, what: str) -> None:
    @main.command(kind, help=f"{what}\n\nIDS are arXiv identifiers or addresses of papers in the ledger.")
    @click.argument("ids", nargs=-1, required=True)
    @click.option("--reader", metavar="EMAIL", help="Whose mark; needless with one reader.")
    @click.option("--undo", is_flag=True, help="Take the mark back.")
    def mark(ids: tuple[str, ...], reader: str | None, undo: bool) -> None:
        from newsletter.cli import taste
        from newsletter.models import MarkKind

        raise SystemExit(taste.mark(_settings(), MarkKind(kind), ids, reader, undo=undo))


_marking("like", "A reader wants more papers like these.")
_marking("not", "A reader wants fewer papers like these.")
_marking("save", "Save papers for a reader.")


@main.command()
def archive() -> None:
    """Write the web archive; print what changed.

    The archive is written to the folder archive in the data folder. A published page changes only if its issue does.
    With `archive: none`, pages are kept in archive-private and shown to nobody.
    """
    from newsletter.cli import morning

    for line in morning.archive(_settings()):
        click.echo(line)


@main.command()
@click.argument("path", required=False, metavar="[PATH]", type=click.Path(path_type=Path))
def backup(path: Path | None) -> None:
    """Copy everything into a new folder.

    Copies ledger, keys, subscriber list, prompts, templates and settings to PATH, which must not exist yet (default: a
    new folder in the data folder's backups). The service may keep running. Passwords and API keys are left out. The
    copy works as a newsletter of its own: fill in its .env and start the service there. A ledger on a PostgreSQL
    server is copied by pg_dump: first restore that with pg_restore into a new database.
    """
    from newsletter.cli import setting_up

    setting_up.backup(_settings(), path)


@main.command()
@click.argument("url", metavar="URL")
def move(url: str) -> None:
    """Move the ledger to a PostgreSQL server.

    Copies every row of the ledger's file to the empty database at URL (postgresql://user@host/name), compares both, and
    closes the file: no program opens it again. Stop the service first. If the move is stopped, run it again. Put the
    password into PGPASSWORD or ~/.pgpass rather than into URL: others can see the arguments of a command.
    """
    from newsletter.cli import setting_up

    setting_up.move(_settings(), url)


@main.command()
@click.argument("provider", type=click.Choice(["microsoft", "google"]))
@click.option("--application", is_flag=True, help="Sign in without a person, by the client secret (Microsoft only).")
@click.option("--no-browser", is_flag=True, help="Sign in on another machine, and paste the address it leads to.")
def authorize(provider: str, application: bool, no_browser: bool) -> None:
    """Sign in for SMTP and IMAP without a password.

    Needs NEWSLETTER_OAUTH_CLIENT_ID. Opens a browser in which you agree, or prints the address to open. The tokens are
    kept in the data folder and renewed before they expire. They are not in `newsletter backup`.
    """
    from newsletter.cli import authorizing

    authorizing.authorize(_settings(), provider, application=application, no_browser=no_browser)


@main.command()
@click.option("--explain", "explain_it", is_flag=True, help="Say what each email would do; change nothing.")
@click.option("--once", is_flag=True, help="Read the configured mailbox now, and act on it.")
@click.argument("paths", nargs=-1, metavar="PATHS...", type=click.Path(exists=True, path_type=Path))
def inbox(explain_it: bool, once: bool, paths: tuple[Path, ...]) -> None:
    """Read replies, bounces and complaints.

    With --explain, PATHS are .eml files or folders of them; prints one line of JSON for each email: file, action,
    email, reason, command, value. With --once, reads the mailbox of NEWSLETTER_IMAP_URL once, as `newsletter serve`
    does every minute.
    """
    if explain_it and not paths:
        raise click.UsageError("Missing argument 'PATHS...'.")
    if explain_it == once or (once and paths):
        raise click.UsageError("use --once alone to read the mailbox, or --explain with files")
    from newsletter.cli import reports

    if once:
        raise SystemExit(reports.poll(_settings()))
    reports.inbox(_settings(), paths)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    For bash, put this line into ~/.bashrc: source <(newsletter completion bash). For zsh, the same with zsh into
    ~/.zshrc. For fish: newsletter completion fish > ~/.config/fish/completions/newsletter.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"this version of click does not know {shell}")
    for name in ("newsletter", "paperletter"):
        click.echo(script(main, {}, name, f"_{name.upper()}_COMPLETE").source())


@main.group()
def subscribers() -> None:
    """List, add, import, unsubscribe and restore subscribers."""


@subscribers.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs: one object a line.")
def list_readers(as_json: bool) -> None:
    """List all subscribers: state, wishes and source."""
    from newsletter.cli import readers

    readers.list_readers(_settings(), as_json=as_json)


@subscribers.command()
@click.argument("email")
@_json
def show(email: str, as_json: bool) -> None:
    """Show one reader with their own addresses.

    These are the Reply-To address of their emails and their unsubscribe links. Use them to try out a reply or a click.
    Also says where the reader comes from, and when and how they agreed.
    """
    from newsletter.cli import readers

    raise SystemExit(readers.show(_settings(), email, as_json=as_json))


@subscribers.command()
@click.argument("email")
def unsubscribe(email: str) -> None:
    """Stop sending to a reader.

    They stay unsubscribed, whatever the file says, until `newsletter subscribers resubscribe`.
    """
    from newsletter.cli import readers

    raise SystemExit(readers.unsubscribe_reader(_settings(), email))


@subscribers.command()
@click.argument("email")
def resubscribe(email: str) -> None:
    """Resume sending to a reader who had unsubscribed."""
    from newsletter.cli import readers

    raise SystemExit(readers.resubscribe(_settings(), email))


@subscribers.command()
@click.argument("email")
def forget(email: str) -> None:
    """Erase everything about a reader.

    Also from copies of the ledger that an upgrade left, and handled emails in the mailbox. Only a keyed hash stays, so
    that an old line in the file cannot bring them back; `newsletter subscribers resubscribe` can. Says what it cannot
    reach.
    """
    from newsletter.cli import readers

    raise SystemExit(readers.forget(_settings(), email))


_note = click.option("--note", metavar="NOTE", help="Where their consent comes from. It is kept with each of them.")


@subscribers.command()
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@click.option("--topic", "topics", multiple=True, metavar="KEY", help="A topic to read; may be given several times.")
@_note
def add(emails: tuple[str, ...], topics: tuple[str, ...], note: str | None) -> None:
    """Add readers who have asked you to.

    They are kept in the ledger and not in the file. People who left, bounced or complained are not added again. Exit
    code 1 if someone was not added.
    """
    from newsletter.cli import importing

    raise SystemExit(importing.add(_settings(), emails, topics, note or "added by command"))


@subscribers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--confirmed", is_flag=True, help="All of them have agreed to get it; needs --note.")
@click.option("--ask", is_flag=True, help="Send each an email with a button to confirm.")
@click.option(
    "--sync", metavar="NAME", help="The file is all of the register NAME: people missing in it are unsubscribed."
)
@_note
@click.option(
    "--accept", is_flag=True, help="With --sync: confirm a file that lost more than half, or more than doubled."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option(
    "--errors",
    metavar="CSV",
    type=click.Path(dir_okay=False, path_type=Path),
    default="errors.csv",
    show_default=True,
    help="Where to write rows that cannot be used.",
)
def import_readers(
    file: Path,
    confirmed: bool,
    ask: bool,
    sync: str | None,
    note: str | None,
    accept: bool,
    dry_run: bool,
    errors: Path,
) -> None:
    """Take in readers from a CSV file.

    The first line of FILE names its columns: email, and any of name, topics, languages, send_at, timezone and
    frequency. Other columns are not read. "-" reads standard input. Readers are kept in the ledger. Nobody is brought
    back who left, bounced, complained, was unsubscribed or forgotten. Running it again changes nothing, and what
    readers have set themselves stays until the file says something new. Exit code 1 if a row could not be used.
    """
    if (confirmed, ask, sync is not None).count(True) != 1:
        raise click.UsageError("use one of --confirmed, --ask and --sync NAME")
    if confirmed and not note:
        raise click.UsageError('--confirmed needs --note, e.g. --note "registration form, March 2026"')
    if accept and sync is None:
        raise click.UsageError("--accept needs --sync")
    from newsletter.cli import importing
    from newsletter.readers.importing import Order

    order = Order(note=note or (f"register {sync}" if sync else ""), register=sync, ask=ask, dry_run=dry_run)
    raise SystemExit(importing.import_file(_settings(), file, order, errors, accept=accept))


@subscribers.command("export")
@click.option("--csv", "as_csv", is_flag=True, help="A table that `newsletter subscribers import` reads.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Entries to paste below `subscribers:` in the subscriber list.")
def export_readers(as_csv: bool, as_yaml: bool) -> None:
    """Print all who read, as a table or as entries.

    Those of the file and those of the ledger; people who have left are not among them. Redirect the output to a file.
    """
    if as_csv == as_yaml:
        raise click.UsageError("use one of --csv and --yaml")
    import sys

    from newsletter.cli import importing

    importing.export(_settings(), sys.stdout, as_yaml=as_yaml)


@subscribers.command("to-ledger")
def to_ledger() -> None:
    """Move all readers of the file into the ledger.

    They keep what they have, and the list below `subscribers:` becomes empty. Everything else in the file stays as it
    is. `newsletter subscribers export --yaml` prints them as entries again.
    """
    from newsletter.cli import readers

    raise SystemExit(readers.to_ledger(_settings()))


@subscribers.command()
@_json
def pending(as_json: bool) -> None:
    """List who has confirmed and waits for your approval."""
    from newsletter.cli import approving

    approving.pending(_settings(), as_json=as_json)


@subscribers.command()
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
def approve(emails: tuple[str, ...]) -> None:
    """Let people in who wait for your approval.

    Exit code 1 if someone does not wait for it.
    """
    from newsletter.cli import approving

    raise SystemExit(approving.settle(_settings(), emails, approved=True))


@subscribers.command()
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
def decline(emails: tuple[str, ...]) -> None:
    """Decline people who wait for your approval.

    Nothing is written to them. Exit code 1 if someone does not wait for it.
    """
    from newsletter.cli import approving

    raise SystemExit(approving.settle(_settings(), emails, approved=False))
