"""`newsletter move`: the ledger leaves its file for a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import make_url

from newsletter import redaction
from newsletter.app.ledger import open_ledger, work_folder
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.setting_values import database
from newsletter.settings import Settings
from newsletter.store import schema


def move(
    settings: Settings, url: str, now: Callable[[], datetime], tell: Callable[[str, int, int], None]
) -> Mapping[str, int]:
    """Copy the ledger to the empty database at this URL and close the file; how many rows each table has.

    Where it was done before, there are none. Raises ConfigurationError, StoreError.
    """
    url = _checked(url)
    file = settings.ledger_file
    if file is None:
        raise _finding("the ledger is on a server already", "unset it where you move a file")
    if not file.is_file():
        raise _finding(f"there is no ledger at {file}", "set it to the server: a new ledger begins there")
    from newsletter.store import transfer  # whose driver not every installation has

    if done := schema.moved_to(file):
        transfer.finish(url, *done)
        return {}
    with open_ledger(settings) as store, work_folder(settings, store, "move", now):
        return transfer.transfer(store, url, tell)


def _checked(url: str) -> str:
    try:
        url = database(url)
        password = make_url(url).password
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise ConfigurationError([Finding("URL", None, what, remedy)]) from None
    if make_url(url).get_backend_name() != "postgresql":
        raise ConfigurationError([Finding("URL", None, "names no server", "write postgresql://user@host/name")])
    redaction.hide([password] if password else [])
    return url


def _finding(problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Finding("NEWSLETTER_DATABASE_URL", None, problem, remedy)])
