"""`newsletter check --online`: every part that can be wrong is tried for real, each in bounded time."""

from __future__ import annotations

import asyncio
import importlib.metadata
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

import requests

from newsletter import scoring, summarise
from newsletter.addresses import own_address, plus
from newsletter.app.adapters import source, used_models
from newsletter.app.files import load_prompt
from newsletter.doctor import authorization, dns
from newsletter.doctor.languages import languages_of
from newsletter.doctor.samples import SAMPLE_PAPER, SAMPLE_TOPIC
from newsletter.errors import MailboxUnavailable, ModelError, NewsletterError
from newsletter.llm import LiteLLM
from newsletter.models import AnswerState, Finding, Prompt, Roster
from newsletter.readers import Counter
from newsletter.replies import probing
from newsletter.settings import Settings
from newsletter.times.clock import utc_now
from newsletter.transports import Say

_SECONDS = 15.0  # one answer
_RETURN_SECONDS = 90.0  # until an email to ourselves has come back
_LOOK_SECONDS = 2.0  # between two looks into the mailbox
_WRONG_CLOCK = timedelta(minutes=1)
_LOW = 500 << 20  # octets free on the disk
_OLD_ZONES = timedelta(days=600)  # governments change them about twice a year


def probe(settings: Settings, counter: Counter, roster: Roster, say: Say) -> Iterator[Finding]:
    """What does not work, one part after the other; `say` hears a line of each that does."""
    yield from _disk(settings, say)
    yield from _zones(roster, say)
    yield from _arxiv(settings, counter, roster, say)
    yield from _clock(settings, counter, say)
    unfit = [finding for name in used_models(settings) for finding in _model(settings, counter, name, say)]
    yield from unfit
    if not any(finding.fatal for finding in unfit):
        yield from _languages(settings, counter, roster, say)
    sends = authorization.renewed(settings, say)
    if not any(finding.fatal for finding in sends):
        sends += _transport(settings, say)
    yield from sends
    reads = list(_mailbox(counter, say))
    yield from reads
    if not sends and not reads:
        yield from _round_trip(settings, counter, say)
    yield from _public_url(settings, say)
    if not settings.kind.folder:
        found = list(dns.examine(settings, dns.resolver()))
        yield from found
        if not found:
            say("DNS: SPF, DMARC and address records exist")


def _disk(settings: Settings, say: Say) -> Iterator[Finding]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    say(f"disk: {free >> 20:,} MiB free")
    if free < _LOW:
        problem = f"only {free >> 20} MiB free at {settings.data_dir}"
        yield Finding(
            "NEWSLETTER_DATA_DIR",
            None,
            problem,
            "free some space: each day takes a few MiB, each backup as much as the ledger",
        )


def _zones(roster: Roster, say: Say) -> Iterator[Finding]:
    """The readers' time zones and arXiv's, and how old the time zone data is."""
    wanted = {"America/New_York", roster.newsletter.timezone, *(reader.timezone for reader in roster.readers)}
    for zone in sorted(wanted):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            yield Finding("zone data", None, f"{zone} is unknown here", "run pip install --upgrade tzdata")
    version = _zone_version()
    if version and utc_now() - _released(version) > _OLD_ZONES:
        problem = f"the time zone data is from {version}; rules may have changed since"
        yield Finding("zone data", None, problem, "upgrade the system's tzdata and the Python package", fatal=False)
    else:
        say(f"time zone data: {version or 'unknown version'}")


def _zone_version() -> str | None:
    """Of the data in use: the system's come before those of the package."""
    for folder in TZPATH:
        if (file := Path(folder) / "tzdata.zi").is_file():
            with file.open(encoding="utf-8") as lines:
                return lines.readline().split()[-1]
        if (Path(folder) / "UTC").is_file():
            return None
    return importlib.metadata.version("tzdata")


def _released(version: str) -> datetime:
    """About when: 2025b and 2025.2 are the second release of a year."""
    year, release = version[:4], version[4:].lstrip(".")
    number = int(release) if release.isdecimal() else ord(release[:1] or "a") - ord("a") + 1
    return datetime(int(year), 1, 1, tzinfo=UTC) + timedelta(days=60 * number)


def _arxiv(settings: Settings, counter: Counter, roster: Roster, say: Say) -> Iterator[Finding]:
    categories = {category for topic in roster.topics for category in topic.categories}
    try:
        with closing(source(settings, counter.store)) as arxiv:
            feed = arxiv.feed(categories)
    except NewsletterError as error:
        yield Finding("arXiv", None, str(error), "try again later; the service retries by itself")
        return
    say(f"arXiv: the feed is for {feed.day}, with {len(feed.new_ids)} papers in your categories")


def _clock(settings: Settings, counter: Counter, say: Say) -> Iterator[Finding]:
    """This machine's clock compared with that of arXiv's servers."""
    try:
        # One more request than needed, and without a body: the answer before went through the feed's reader.
        time.sleep(settings.arxiv_delay)
        with requests.get(settings.arxiv_rss_url, timeout=_SECONDS, stream=True) as response:
            theirs = parsedate_to_datetime(response.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return  # that arXiv does not answer has been said
    off = abs(counter.now() - theirs)
    if off > _WRONG_CLOCK:
        problem = f"this machine's clock is off by {off.total_seconds():.0f} s"
        yield Finding("clock", None, problem, "turn on time synchronisation, e.g. `timedatectl set-ntp true`")
    else:
        say("clock: correct")


def _model(settings: Settings, counter: Counter, name: str, say: Say) -> Iterator[Finding]:
    """Checks that one tiny request is answered in a form that we can read, at a known price."""
    complete = _complete(settings, counter, name)
    prompt = scoring.build_prompt(load_prompt("score.md", settings.subscribers), SAMPLE_TOPIC, [SAMPLE_PAPER])
    started = time.monotonic()
    try:
        scoring.parse_reply(_text(complete, prompt), [SAMPLE_PAPER.arxiv_id])
    except ModelError as error:
        yield Finding("NEWSLETTER_MODEL", None, str(error), "check the name, the key and the address")
        return
    except ValueError as error:
        remedy = "choose a model that can answer in JSON"
        yield Finding("NEWSLETTER_MODEL", None, f"{name} answers, but not in the expected form: {error}", remedy)
        return
    say(f"model {name}: answers in {time.monotonic() - started:.1f} s")
    if complete.price() is None:
        remedy = f"set NEWSLETTER_MODEL_PRICES={name}=in/out, dollars per million tokens"
        yield Finding("NEWSLETTER_MODEL_PRICES", None, f"the price of {name} is unknown", remedy, fatal=False)


def _languages(settings: Settings, counter: Counter, roster: Roster, say: Say) -> Iterator[Finding]:
    """Asks for one line in every language of the list, to see whether the model writes it."""
    name, languages = settings.summary_model or settings.model, languages_of(roster)
    if name is None:
        return
    wanted = summarise.Wanted(SAMPLE_PAPER, languages, (SAMPLE_TOPIC,))
    prompt = summarise.build_prompt(load_prompt("summarise.md", settings.subscribers), wanted)
    try:
        _, _, rejected = summarise.parse_reply(_text(_complete(settings, counter, name), prompt), wanted)
    except ModelError as error:
        yield Finding("NEWSLETTER_MODEL", None, str(error), "check the name, the key and the address")
        return
    except ValueError as error:
        rejected = tuple(summarise.Rejected(one, "", str(error)) for one in languages)
    faults = {one.key: one for one in rejected}
    for language in languages:
        fault = faults.get(language)
        if fault is None or (fault.text and not summarise.wrong_language(fault.text, language)):
            but = f", with a fault in this one: {fault.problem}" if fault else ""
            say(f"model {name}: answers in {language}{but}")
            continue
        remedy = "if a line fails its check, the abstract's first sentence is used; try another model for this language"
        problem = f"{name} was asked for a one-liner in {language}: {fault.problem}"
        yield Finding("NEWSLETTER_MODEL", None, problem, remedy, fatal=False)


def _complete(settings: Settings, counter: Counter, name: str) -> LiteLLM:
    """Only this model, asked once."""
    return LiteLLM(
        [name],
        api_base=settings.model_api_base,
        api_base_of=settings.model,
        prices=settings.model_prices,
        options=settings.model_options,
        timeout=settings.model_timeout,
        window=settings.model_window,
        tries=1,
        recall=counter.store.recall,
    )


def _text(complete: LiteLLM, prompt: Prompt) -> str:
    """The model's answer, requested in simpler forms if necessary, as in a morning."""
    reply = asyncio.run(complete(prompt))
    while reply.state is not AnswerState.GOOD and reply.more:
        prompt = replace(prompt, failed=(*prompt.failed, reply.asked))
        reply = asyncio.run(complete(prompt))
    return reply.text


def _transport(settings: Settings, say: Say) -> Iterator[Finding]:
    """Logs in without sending an email."""
    yield from settings.kind.try_online(settings, say)


def _mailbox(counter: Counter, say: Say) -> Iterator[Finding]:
    """Logs in and looks; fetches and marks nothing."""
    if counter.open_mailbox is None:
        return
    try:
        with counter.open_mailbox() as mailbox:
            next(iter(mailbox.waiting(frozenset)), None)
    except MailboxUnavailable as error:
        remedy = "check NEWSLETTER_IMAP_URL and NEWSLETTER_IMAP_PASSWORD; many require an app password, or OAuth"
        yield Finding("NEWSLETTER_IMAP_URL", None, str(error), remedy)
        return
    say("mailbox: readable")


def _round_trip(settings: Settings, counter: Counter, say: Say) -> Iterator[Finding]:
    """An email to our own address, with a token behind its plus sign, has to lie in the mailbox soon."""
    if counter.open_mailbox is None or settings.kind.folder:
        return
    own = own_address(counter.letterhead)
    try:
        found = _returned(counter, plus_address=settings.plus_addressing)
        if found.problem is None:
            if settings.plus_addressing:
                probing.works(counter)
            say(
                f"an email to {own.partition('@')[0]}{'+…' if settings.plus_addressing else ''} came back after "
                f"{found.seconds:.0f} s"
            )
        elif settings.plus_addressing and _returned(counter, plus_address=False).problem is None:
            probing.fails(counter)
            problem = f"an email to {plus(own, '…')} {found.problem}, one to {own} came back: it has no plus addresses"
            remedy = "set NEWSLETTER_PLUS_ADDRESSING=false; until then Message-ID and web links show whose a reply is"
            yield Finding("NEWSLETTER_REPLY_TO", None, problem, remedy, fatal=False)
        else:
            yield _not_back(settings, found.problem)
    except NewsletterError as error:
        yield _not_back(settings, str(error))


def _returned(counter: Counter, *, plus_address: bool) -> probing.Returned:
    return probing.probe(counter, plus_address=plus_address, within=_RETURN_SECONDS, pause=_LOOK_SECONDS)


def _not_back(settings: Settings, problem: str) -> Finding:
    remedy = "look for it in that mailbox, including the spam folder"
    if settings.plus_addressing:
        remedy += "; if plus addresses do not work there, set NEWSLETTER_PLUS_ADDRESSING=false"
    return Finding("NEWSLETTER_REPLY_TO", None, f"an email to our own reply address {problem}", remedy)


def _public_url(settings: Settings, say: Say) -> Iterator[Finding]:
    """Our own `/healthz`, requested through the public address."""
    if settings.public_url is None:
        return
    problem = ""
    try:
        answer = requests.get(f"{settings.public_url}/healthz", timeout=_SECONDS)
        if "last_issue" not in answer.json():
            problem = "answers, but it is not this service"
        elif not answer.ok:
            problem = f"the service there reports a problem: {answer.json().get('status')}"
    except ValueError:
        problem = "answers, but it is not this service"
    except requests.RequestException as error:
        problem = f"does not answer ({type(error).__name__})"
    if problem:
        remedy = "start `newsletter serve`, and make this address lead to NEWSLETTER_HOST and NEWSLETTER_PORT"
        yield Finding("NEWSLETTER_PUBLIC_URL", None, f"{settings.public_url} {problem}", remedy, fatal=False)
    else:
        say(f"web: {settings.public_url} leads here")
