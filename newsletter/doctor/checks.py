"""Checks of everything except the list, without using the network."""

from __future__ import annotations

import importlib.metadata
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from newsletter import __version__, archive, scoring, summarise, words
from newsletter.app.files import fingerprint, folders, load_prompt
from newsletter.doctor import authorization
from newsletter.doctor.samples import SAMPLE_PAPER, SAMPLE_SITE, SAMPLE_TOPIC, sample_days
from newsletter.errors import ConfigurationError, TemplateError
from newsletter.models import ArchiveMode, Finding, Masthead
from newsletter.readers import joining
from newsletter.render import Renderer
from newsletter.setting_values import LOOPBACK, is_near, network
from newsletter.settings import Settings, variable
from newsletter.subscribers import SCHEMA_FILE, schema_text
from newsletter.subscribers.files import is_mounted_alone
from newsletter.transports import kinds

_SECRET_FILES = ("_KEY_FILE", "_TOKEN_FILE", "_SECRET_FILE", "_PASSWORD_FILE")
_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right is before this program


def around(settings: Settings, masthead: Masthead) -> list[Finding]:
    """What is set, and what lies in the data folder."""
    found = _ways_out(settings) + _transports(settings) + _hooks(settings) + _forgotten_archive(settings, masthead)
    found += authorization.signed_in(settings) + _readable_secrets(settings) + _mounted_alone(settings)
    found += _joining(settings, masthead)
    return found + _in_the_clear(settings) + _open_to_the_network(settings)


def files(settings: Settings) -> list[Finding]:
    """Templates and prompts, each tried with made-up data."""
    return _templates(settings) + _words(settings) + _prompts(settings)


def has_old_schema(roster: Path) -> bool:
    """Whether editors are told of other keys than this program reads: the schema beside the list is not ours."""
    try:
        return (roster.parent / SCHEMA_FILE).read_text("utf-8") != schema_text()
    except (OSError, UnicodeDecodeError):
        return False  # nobody has to use one


def files_mark(settings: Settings) -> str:
    """A text that changes whenever a template, a prompt or this program changes."""
    marks = (fingerprint(folders(kind, settings.subscribers)) for kind in ("templates", "prompts"))
    versions = (importlib.metadata.version(name) for name in ("mjml", "jinja2", "babel", "premailer"))
    return " ".join((__version__, *versions, *marks))


def clock(now: datetime) -> list[Finding]:
    """A machine that has lost its clock would ask for the announcements of 1970 and date its emails so."""
    if now >= _WRITTEN:
        return []
    return [Finding("clock", None, f"this machine thinks it is {now:%Y-%m-%d %H:%M} UTC", "set the clock")]


def _templates(settings: Settings) -> list[Finding]:
    places = folders("templates", settings.subscribers)
    try:
        Renderer(places, None).check()
        archive.pages(SAMPLE_SITE, dict(sample_days()), places)
    except TemplateError as error:
        return [Finding(error.file, error.line, error.problem, "fix the template, or remove it to use the default")]
    return []


def _words(settings: Settings) -> list[Finding]:
    """The operator's sentences with unknown placeholders; unreadable files are reported with the templates."""
    remedy = "use only the {names} of our sentence; until then, ours is used"
    with suppress(TemplateError):
        return [
            Finding(str(file), None, f"{key} cannot be used", remedy, fatal=False)
            for file, key in words.misfits(folders("templates", settings.subscribers))
        ]
    return []


def _prompts(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    for name, build in (("score.md", _try_scoring), ("summarise.md", _try_summary), ("translate.md", _try_translation)):
        try:
            build(name, settings.subscribers)
        except ConfigurationError as error:
            findings += error.findings
        except TemplateError as error:
            remedy = "fix the prompt, or remove it to use the default"
            findings.append(Finding(error.file, error.line, error.problem, remedy))
    return findings


def _try_scoring(name: str, roster: Path) -> None:
    scoring.build_prompt(load_prompt(name, roster), SAMPLE_TOPIC, [SAMPLE_PAPER])


def _try_summary(name: str, roster: Path) -> None:
    summarise.build_prompt(load_prompt(name, roster), summarise.Wanted(SAMPLE_PAPER, ("en", "zh"), (SAMPLE_TOPIC,)))


def _try_translation(name: str, roster: Path) -> None:
    summarise.build_translation(load_prompt(name, roster), summarise.Translation(SAMPLE_PAPER, "zh"))


def _transports(settings: Settings) -> list[Finding]:
    return [finding for kind in kinds().values() for finding in kind.findings(settings)]


def _ways_out(settings: Settings) -> list[Finding]:
    """An email must offer a way to unsubscribe without anyone reading a mailbox by hand."""
    if settings.public_url or settings.letterhead.replies_read:
        return []
    problem = "readers cannot unsubscribe: there is no web address, and nobody reads replies"
    remedy = "set it, or NEWSLETTER_IMAP_URL, and keep `newsletter serve` running"
    return [Finding("NEWSLETTER_PUBLIC_URL", None, problem, remedy, fatal=False)]


def _hooks(settings: Settings) -> list[Finding]:
    """Webhooks that are configured but cannot be reached."""
    if settings.public_url is not None:
        return []
    keys = [*filter(None, (kind.hook_key for kind in kinds().values())), "inbound_secret"]
    problem, remedy = "no provider can reach this webhook", "set NEWSLETTER_PUBLIC_URL too"
    given = [variable(key) for key in keys if getattr(settings, key) is not None]
    return [Finding(name, None, problem, remedy, fatal=False) for name in given]


def _forgotten_archive(settings: Settings, masthead: Masthead) -> list[Finding]:
    """Finds public pages that are left over: the service does not show them, but a web server of its own may."""
    public, private = (archive.folder_of(settings.data_dir, one) for one in (ArchiveMode.PUBLIC, ArchiveMode.PRIVATE))
    mode = masthead.newsletter.archive
    if mode is ArchiveMode.PUBLIC or not (public.is_dir() and private.is_dir()):
        return []  # the only folder is moved to where it belongs
    problem = f"the subscriber list says archive: {mode}, but pages of the public archive are still here"
    return [Finding(str(public), None, problem, "remove the folder: the pages are kept beside it", fatal=False)]


def _joining(settings: Settings, masthead: Masthead) -> list[Finding]:
    """What keeps people from joining, and who could ask for many."""
    found = []
    if problem := joining.problem(masthead, settings.letterhead, settings.admin_email):
        remedy = "readers are told who runs this: set them, or remove 'join:'"
        found.append(Finding(str(settings.subscribers), None, problem, remedy))
    is_open = joining.is_open(masthead, settings.letterhead, settings.admin_email) and settings.public_url
    if is_open and settings.host not in LOOPBACK and not any(map(network, settings.trusted_proxies)):
        problem = "X-Forwarded-For of other machines is not believed: behind a proxy, all visitors are one network"
        remedy = "add the proxy's address, such as 10.0.0.5 or 10.0.0.0/24"
        found.append(Finding("NEWSLETTER_TRUSTED_PROXIES", None, problem, remedy, fatal=False))
    return found


def _mounted_alone(settings: Settings) -> list[Finding]:
    """A list that a container sees as a single file: who replaces it outside, as most editors do, is not heard here."""
    if not is_mounted_alone(settings.subscribers):
        return []
    problem = "is mounted as a single file, so an edit that replaces it outside is not noticed"
    return [Finding(str(settings.subscribers), None, problem, "mount the folder that it is in", fatal=False)]


def _readable_secrets(settings: Settings) -> list[Finding]:
    """Files with passwords and keys that every user of this machine can read."""
    ours = (settings.data_dir / name for name in ("token-keys", "oauth-tokens"))
    named = (settings.subscribers.parent / ".env", *ours, settings.dkim_key_file)
    secrets = [Path(value) for name, value in os.environ.items() if name.endswith(_SECRET_FILES)]
    problem, remedy = "every user of this machine can read it", "run chmod 600 on it, or give it a group of its own"
    return [
        Finding(str(file), None, problem, remedy, fatal=False)
        for file in dict.fromkeys(filter(None, (*named, *secrets)))
        if _is_readable(file)
    ]


def _is_readable(file: Path) -> bool:
    try:
        reached = all(folder.stat().st_mode & stat.S_IXOTH for folder in file.resolve().parents)
        return reached and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _in_the_clear(settings: Settings) -> list[Finding]:
    """Addresses outside this network to which keys and texts would be sent unencrypted."""
    problem, remedy = "keys and texts would be sent unencrypted to {}", "write https://"
    named = {name: getattr(settings, name) for name in ("model_api_base", "sendgrid_url")}
    return [
        Finding(variable(name), None, problem.format(host), remedy, fatal=False)
        for name, address in named.items()
        if address and address.startswith("http://") and not is_near(host := urlsplit(address).hostname or "")
    ]


def _open_to_the_network(settings: Settings) -> list[Finding]:
    """A port that others can reach, of a service that has no address for them."""
    if settings.host in LOOPBACK or settings.public_url is not None:
        return []
    problem = f"others can reach {settings.host}, but there is no public URL; /metrics is closed"
    remedy = "set NEWSLETTER_PUBLIC_URL, or listen on 127.0.0.1"
    return [Finding("NEWSLETTER_HOST", None, problem, remedy, fatal=False)]
