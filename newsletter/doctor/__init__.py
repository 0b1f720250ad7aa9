"""`newsletter check`: everything that can be wrong, as findings with place and remedy.

checks          settings, templates, prompts, hooks, the clock: nobody is asked
contradictions  lines of the list that the ledger contradicts
database        the server that holds the ledger
online          every service tried for real
dns             what DNS says of our emails
mailing_lists   entries that look like lists
languages       how one-liners are checked, for each language of the list
samples         the made-up papers that prompts and templates are tried with
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, time
from zoneinfo import ZoneInfo

from newsletter import ranking
from newsletter.app.adapters import used_models
from newsletter.doctor import checks, mailing_lists
from newsletter.doctor.contradictions import contradictions
from newsletter.doctor.database import database
from newsletter.doctor.languages import languages, unknown_languages
from newsletter.errors import ConfigurationError, StoreUnavailable
from newsletter.models import Finding, Masthead, Roster, Topic
from newsletter.readers import Counter, guard, in_force
from newsletter.readers.in_force import InForce
from newsletter.settings import Settings
from newsletter.subscribers import SCHEMA_FILE
from newsletter.times import calendar

_LATER_PAUSES = "US federal holidays may be silent, and what NEWSLETTER_ARXIV_HOLIDAYS adds"
_FAULTLESS = "files without findings"


def _say_nothing(_line: str) -> None:
    return None


def examine(
    settings: Settings, counter: Counter, *, online: bool = False, say: Callable[[str], None] = _say_nothing
) -> list[Finding]:
    """All findings, offline ones first; with `online` every service is tried for real, and `say` hears what works."""
    say(f"arXiv has listed its pauses until {calendar.listed_until()}; later ones: {_LATER_PAUSES}")
    try:
        roster = in_force.load(counter)
    except ConfigurationError as error:
        return [*checks.clock(counter.now()), *error.findings]
    findings = [*checks.clock(counter.now()), *roster.findings]
    findings += guard.held_back(counter, roster) + contradictions(counter, roster)
    findings += unknown_languages(roster, str(counter.subscribers))
    findings += mailing_lists.replied(counter, roster)
    findings += checks.files(settings) + checks.around(settings, roster)
    findings += database(settings, counter.store, counter.now())
    if online and not any(finding.fatal for finding in findings):
        from newsletter.doctor.online import probe  # with its libraries, which nobody else needs

        findings += probe(settings, counter, roster, say)
    for line in mailing_lists.suspected(roster):
        say(line)
    if checks.has_old_schema(settings.subscribers):
        say(f"{SCHEMA_FILE} is of another version; write it again: newsletter schema > {SCHEMA_FILE}")
    if not online:
        for name in used_models(settings):
            say(f"model {name}: not tried; use --online")
    return findings


def examine_or_stop(settings: Settings, counter: Counter) -> InForce | Roster:
    """The list to put in force. Raises ConfigurationError if anything would prevent all emails."""
    looked = in_force.look(counter)
    _stop_at(settings, counter, looked.masthead)
    return looked


def examine_service_or_stop(settings: Settings, counter: Counter) -> None:
    """As `examine_or_stop`; but a list in force is enough to start with, whatever has become of the file."""
    last = in_force.last_good(counter.store)
    if last is None:
        examine_or_stop(settings, counter)
    else:
        _stop_at(settings, counter, last.masthead)


def _stop_at(settings: Settings, counter: Counter, masthead: Masthead) -> None:
    findings = [*checks.clock(counter.now()), *_files(settings, counter), *checks.around(settings, masthead)]
    if stopping := [finding for finding in findings if finding.fatal]:
        raise ConfigurationError(stopping)


def _files(settings: Settings, counter: Counter) -> list[Finding]:
    """Files in which nothing was found are not tried again: compiling them takes longer than all else of a command."""
    mark = checks.files_mark(settings)
    if counter.store.recall(_FAULTLESS) == mark:
        return []
    findings = checks.files(settings)
    if not findings:
        with suppress(StoreUnavailable):  # who writes what matters says it
            counter.store.remember(_FAULTLESS, mark)
    return findings


def understood(topic: Topic) -> str:
    """How the order without a model reads a topic's text and word lists, in one line."""
    read = ranking.interests.read(topic.interests)
    wanted, unwanted = [*read.wanted, *topic.include], [*read.unwanted, *topic.exclude]
    return "; ".join(f"{name}: {_listed(pieces)}" for name, pieces in (("wanted", wanted), ("unwanted", unwanted)))


def _listed(pieces: Sequence[str]) -> str:
    return " | ".join(pieces) or "nothing"


def ages(roster: Roster, now: datetime) -> Iterator[str]:
    """For each hour at which emails go out: how old the papers are by then."""
    day = calendar.newest(now)
    announced = calendar.announced_at(day)
    for send_at, zone in sorted({(reader.send_at, reader.timezone) for reader in roster.readers}):
        yield f"{send_at:%H:%M} {zone}: papers announced {_hours_after(announced, send_at, zone):.1f} h before"


def _hours_after(announced: datetime, send_at: time, zone: str) -> float:
    local = announced.astimezone(ZoneInfo(zone))
    sent = local.replace(hour=send_at.hour, minute=send_at.minute, second=0, microsecond=0)
    return ((sent - local).total_seconds() % 86400) / 3600


__all__ = ["ages", "examine", "examine_or_stop", "examine_service_or_stop", "languages", "understood"]
