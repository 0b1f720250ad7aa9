"""`newsletter check`: everything that can be wrong, as findings with place and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter import archive, scoring, summarise
from newsletter.app import in_force, rosters
from newsletter.app.desk import load_roster, signature, utc_now
from newsletter.app.files import folders, load_prompt
from newsletter.app.publish import archive_folder
from newsletter.collect import calendar
from newsletter.errors import ConfigurationError, TemplateError
from newsletter.models import ArchiveMode, Finding, Issue, IssueState, Masthead, Paper, Roster, Topic
from newsletter.render import Renderer
from newsletter.render.sample import sample_editions
from newsletter.settings import Settings

_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right is before this program


def _say_nothing(_line: str) -> None:
    return None


def examine(settings: Settings, *, online: bool = False, say: Callable[[str], None] = _say_nothing) -> list[Finding]:
    """All findings, offline ones first; with `online` every service is tried for real, and `say` hears what works."""
    try:
        roster = load_roster(settings)
    except ConfigurationError as error:
        return [*_clock(utc_now()), *error.findings]
    findings = _findings(settings, roster)
    if online and not any(finding.fatal for finding in findings):
        from newsletter.app.online import probe  # with its libraries, which nobody else needs

        findings += probe(settings, roster, say)
    return findings


def examine_or_stop(settings: Settings) -> Roster:
    """The roster. Raises ConfigurationError when anything is wrong that would keep every mail from going out."""
    roster = load_roster(settings)
    _stop_at(_findings(settings, roster))
    rosters.accept(settings, roster)
    return roster


def examine_service_or_stop(settings: Settings) -> None:
    """As `examine_or_stop`; but a roster in force is enough to start with, whatever has become of the file."""
    last = in_force.last_good(settings)
    if last is None:
        examine_or_stop(settings)
    else:
        _stop_at([*_clock(utc_now()), *_around(settings, last.masthead)])


def _stop_at(findings: Iterable[Finding]) -> None:
    if stopping := [finding for finding in findings if finding.fatal]:
        raise ConfigurationError(stopping)


def _findings(settings: Settings, roster: Roster) -> list[Finding]:
    findings = [*_clock(utc_now()), *roster.findings]
    findings += rosters.held_back(settings, roster)
    findings += rosters.contradictions(settings, roster)
    return findings + _around(settings, roster)


def _around(settings: Settings, masthead: Masthead) -> list[Finding]:
    """What can be wrong beside the roster."""
    findings = _templates(settings) + _prompts(settings) + _ways_out(settings)
    return findings + _hooks(settings) + _signature(settings) + _forgotten_archive(settings, masthead)


def _clock(now: datetime) -> list[Finding]:
    """A machine that has lost its clock would ask for the announcements of 1970 and date its mails so."""
    if now >= _WRITTEN:
        return []
    return [Finding("clock", None, f"this machine says it is {now:%Y-%m-%d %H:%M} UTC", "set its clock")]


def ages(roster: Roster, now: datetime) -> Iterator[str]:
    """For each hour at which mails go out: how old the papers are by then."""
    day = calendar.newest(now)
    announced = calendar.announced_at(day)
    for send_at, zone in sorted({(reader.send_at, reader.timezone) for reader in roster.readers}):
        yield f"{send_at:%H:%M} {zone}: papers announced {_hours_after(announced, send_at, zone):.1f} h before"


def _hours_after(announced: datetime, send_at: time, zone: str) -> float:
    local = announced.astimezone(ZoneInfo(zone))
    sent = local.replace(hour=send_at.hour, minute=send_at.minute, second=0, microsecond=0)
    return ((sent - local).total_seconds() % 86400) / 3600


def _templates(settings: Settings) -> list[Finding]:
    places = folders("templates", settings.subscribers)
    try:
        Renderer(places, None).check()
        archive.pages(_SITE, dict(_sample_days()), places)
    except TemplateError as error:
        return [Finding(error.file, error.line, error.problem, "mend the template, or remove it to use the default")]
    return []


def _sample_days() -> Iterator[tuple[date, archive.Day]]:
    """The made-up editions as days of the archive."""
    for number, (edition, _) in enumerate(sample_editions()):
        day = edition.date + timedelta(days=number)
        issue = Issue(date=day, state=IssueState.READY, model=edition.model, usage=edition.usage)
        yield day, archive.day_json(issue, edition, archive.SAMPLE)


def _prompts(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    for name, build in (("score.md", _try_scoring), ("summarise.md", _try_summary), ("translate.md", _try_translation)):
        try:
            build(name, settings.subscribers)
        except ConfigurationError as error:
            findings += error.findings
        except TemplateError as error:
            remedy = "mend the prompt, or remove it to use the default"
            findings.append(Finding(error.file, error.line, error.problem, remedy))
    return findings


_SITE = archive.Site(name="Sample", languages=("zh", "en"), identity="00000000-0000-4000-8000-000000000000")
_MOMENT = datetime(2026, 3, 6, tzinfo=UTC)
SAMPLE_PAPER = Paper(
    arxiv_id="2603.90001",
    title="A sample",
    abstract="We show that a sample is enough.",
    authors=("A. Sample",),
    categories=("cs.LG",),
    primary_category="cs.LG",
    published=_MOMENT,
    updated=_MOMENT,
)
SAMPLE_TOPIC = Topic(
    key="sample", title="Sample", categories=("cs.LG",), interests="Samples.", include=("x",), exclude=("y",)
)


def _try_scoring(name: str, roster: Path) -> None:
    scoring.build_prompt(load_prompt(name, roster), SAMPLE_TOPIC, [SAMPLE_PAPER])


def _try_summary(name: str, roster: Path) -> None:
    summarise.build_prompt(load_prompt(name, roster), summarise.Wanted(SAMPLE_PAPER, ("en", "zh"), (SAMPLE_TOPIC,)))


def _try_translation(name: str, roster: Path) -> None:
    summarise.build_translation(load_prompt(name, roster), summarise.Translation(SAMPLE_PAPER, "zh"))


def _signature(settings: Settings) -> list[Finding]:
    try:
        signature(settings)
    except ConfigurationError as error:
        return list(error.findings)
    return []


def _ways_out(settings: Settings) -> list[Finding]:
    """A mail must offer a way out that works without us reading a mailbox by hand."""
    if settings.public_url or settings.letterhead.replies_read:
        return []
    problem = "nobody reads replies, and there is no web address to leave by"
    remedy = "set it, or NEWSLETTER_IMAP_URL, and keep `newsletter serve` running"
    return [Finding("NEWSLETTER_PUBLIC_URL", None, problem, remedy, fatal=False)]


def _hooks(settings: Settings) -> list[Finding]:
    """Half of what the provider's hooks need."""
    findings = []
    if settings.transport == "sendgrid" and settings.sendgrid_webhook_key is None:
        problem = "bounces and complaints that SendGrid reports are not read"
        remedy = "switch on its signed event webhook to <public url>/hooks/sendgrid/events and set the key it shows"
        findings.append(Finding("NEWSLETTER_SENDGRID_WEBHOOK_KEY", None, problem, remedy, fatal=False))
    named = (
        ("NEWSLETTER_SENDGRID_WEBHOOK_KEY", settings.sendgrid_webhook_key is not None),
        (
            "NEWSLETTER_INBOUND_SECRET",
            settings.inbound_secret is not None,
        ),
    )
    for name in [name for name, given in named if given and settings.public_url is None]:
        problem, remedy = "nobody can reach the hook", "set NEWSLETTER_PUBLIC_URL too"
        findings.append(Finding(name, None, problem, remedy, fatal=False))
    return findings


def _forgotten_archive(settings: Settings, roster: Masthead) -> list[Finding]:
    """Pages of a time when the archive was another are still served."""
    mode = roster.newsletter.archive
    left = [one for one in (ArchiveMode.PUBLIC, ArchiveMode.PRIVATE) if one is not mode]
    folders = [folder for one in left if (folder := archive_folder(settings, one)).is_dir()]
    problem = f"the roster says archive: {mode}, but its pages are there and served"
    return [Finding(str(folder), None, problem, "remove the folder", fatal=False) for folder in folders]
