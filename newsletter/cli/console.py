"""What commands print: plain lines, a progress bar on a terminal, and errors without traceback."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from newsletter.errors import ArxivUnavailable, NewsletterError, TemplateError
from newsletter.redaction import for_logs

_USE_WSL = """\
Windows cannot run this directly: use WSL (in PowerShell: wsl --install), and install it there as on Linux.
The file locks and limits that keep emails from being sent twice exist on Linux and macOS only."""


_BACK = "\r\x1b[K"  # to the beginning of the line, which is erased
_WIDTH = 30


class Group(click.Group):
    """Commands whose own errors end in one line for each finding and exit code 1."""

    def main(self, *given: Any, **options: Any) -> Any:
        if sys.platform == "win32":
            sys.exit(_USE_WSL)  # before an import fails
        return super().main(*given, **options)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except NewsletterError as error:
            click.echo(f"{error}{_remedy(error)}", err=True)
            context.exit(1)


def _remedy(error: NewsletterError) -> str:
    if isinstance(error, TemplateError):
        return "; fix the file, or remove it to use the default"
    if isinstance(error, ArxivUnavailable):
        return "; nothing was recorded and nothing is lost: run this again later"
    return ""


class _Clean(logging.Formatter):
    """Lines of other packages and their tracebacks, without secrets and addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return for_logs(super().format(record))


class _CleanJson(logging.Formatter):
    """The same as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        row = {"event": super().format(record), "logger": record.name, "level": record.levelname.lower()}
        return json.dumps(_clean({**row, "timestamp": at}), ensure_ascii=False)


def _clean(value: Any) -> Any:
    """Without secrets and addresses, before quotes in them are escaped; what JSON does not know becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float)) else for_logs(str(value))


def configure_logs(least: int = logging.INFO, *, as_json: bool = False) -> None:
    """Log events with their fields to standard error, from this level up; from libraries, only problems."""
    import structlog

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_CleanJson() if as_json else _Clean("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for chatty in ("LiteLLM", "arxiv", "apscheduler", "httpx"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    # Its usual tracebacks show every local variable, and one of them is a password.
    lines = structlog.dev.ConsoleRenderer(
        colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    render: list[structlog.typing.Processor] = (
        [
            structlog.processors.format_exc_info,
            lambda logger, method, event: json.dumps(_clean(event), ensure_ascii=False),
        ]
        if as_json
        else [lambda logger, method, event: for_logs(str(lines(logger, method, event)))]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *render,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(least),
    )


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """On a terminal, one line that is rewritten and erased in the end; elsewhere a line when a stage is done."""
    if not sys.stderr.isatty():
        yield _print_finished
        return
    try:
        yield _rewrite
    finally:
        click.echo(_BACK, nl=False, err=True)


def _rewrite(stage: str, done: int, total: int) -> None:
    bar = "█" * (_WIDTH * done // total) if total else ""
    click.echo(f"{_BACK}{stage:12} {bar:░<{_WIDTH}} {done} of {total}", nl=False, err=True)


def _print_finished(stage: str, done: int, total: int) -> None:
    if done == total and stage != "sending":
        click.echo(f"{stage}: {total}" if total > 1 else stage, err=True)
