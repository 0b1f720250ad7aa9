"""What can be wrong beside the list, found out without asking anybody."""

from __future__ import annotations

import importlib.metadata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from newsletter import __version__, archive, scoring, summarise, words
from newsletter.app.files import fingerprint, folders, load_prompt
from newsletter.doctor.samples import SAMPLE_PAPER, SAMPLE_SITE, SAMPLE_TOPIC, sample_days
from newsletter.errors import ConfigurationError, TemplateError
from newsletter.models import ArchiveMode, Finding, Masthead
from newsletter.render import Renderer
from newsletter.settings import Settings, variable
from newsletter.transports import kinds

_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right is before this program


def around(settings: Settings, masthead: Masthead) -> list[Finding]:
    """What is set, and what lies in the data folder."""
    return _ways_out(settings) + _transports(settings) + _hooks(settings) + _forgotten_archive(settings, masthead)


def files(settings: Settings) -> list[Finding]:
    """Templates and prompts, each tried with something made up."""
    return _templates(settings) + _words(settings) + _prompts(settings)


def files_mark(settings: Settings) -> str:
    """Another text whenever a template, a prompt or this program is another."""
    marks = (fingerprint(folders(kind, settings.subscribers)) for kind in ("templates", "prompts"))
    versions = (importlib.metadata.version(name) for name in ("mjml", "jinja2", "babel", "premailer"))
    return " ".join((__version__, *versions, *marks))


def clock(now: datetime) -> list[Finding]:
    """A machine that has lost its clock would ask for the announcements of 1970 and date its mails so."""
    if now >= _WRITTEN:
        return []
    return [Finding("clock", None, f"this machine says it is {now:%Y-%m-%d %H:%M} UTC", "set its clock")]


def _templates(settings: Settings) -> list[Finding]:
    places = folders("templates", settings.subscribers)
    try:
        Renderer(places, None).check()
        archive.pages(SAMPLE_SITE, dict(sample_days()), places)
    except TemplateError as error:
        return [Finding(error.file, error.line, error.problem, "fix the template, or remove it to use the default")]
    return []


def _words(settings: Settings) -> list[Finding]:
    """Sentences of the operator that name values nobody fills in; files that cannot be read are found as templates."""
    remedy = "use only the {names} of the shipped sentence, which serves until then"
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
    """A mail must offer a way out that works without us reading a mailbox by hand."""
    if settings.public_url or settings.letterhead.replies_read:
        return []
    problem = "nobody reads replies, and there is no web address to leave by"
    remedy = "set it, or NEWSLETTER_IMAP_URL, and keep `newsletter serve` running"
    return [Finding("NEWSLETTER_PUBLIC_URL", None, problem, remedy, fatal=False)]


def _hooks(settings: Settings) -> list[Finding]:
    """Hooks that are open, at no address."""
    if settings.public_url is not None:
        return []
    keys = [*filter(None, (kind.hook_key for kind in kinds().values())), "inbound_secret"]
    problem, remedy = "nobody can reach the hook", "set NEWSLETTER_PUBLIC_URL too"
    given = [variable(key) for key in keys if getattr(settings, key) is not None]
    return [Finding(name, None, problem, remedy, fatal=False) for name in given]


def _forgotten_archive(settings: Settings, masthead: Masthead) -> list[Finding]:
    """Pages of a time when the archive was another are still served."""
    mode = masthead.newsletter.archive
    left = [one for one in (ArchiveMode.PUBLIC, ArchiveMode.PRIVATE) if one is not mode]
    folders = [folder for one in left if (folder := archive.folder_of(settings.data_dir, one)).is_dir()]
    problem = f"the roster says archive: {mode}, but its pages are there and served"
    return [Finding(str(folder), None, problem, "remove the folder", fatal=False) for folder in folders]
