"""Joining: who asks is noted, a tick decides what is written to them, and who confirms is a reader.

Nobody can tell from what we answer whether an address is known here: that is decided later, by `step_for`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from newsletter.models import (
    Consent,
    JoinMode,
    JoinRequest,
    JoinState,
    Letterhead,
    Masthead,
    Reader,
    Source,
    Subscriber,
)
from newsletter.readers import forgetting, in_force, left_log, lists, tickets
from newsletter.readers.changes import bars, come_back
from newsletter.readers.counter import Counter
from newsletter.readers.left_log import What
from newsletter.readers.preferences import CHOSEN, filled, laid_over, merged
from newsletter.readers.tickets import Kind
from newsletter.subscribers.preferences import PREFERENCES, said
from newsletter.subscribers.tree import Unfit
from newsletter.tex import clean
from newsletter.words import speak

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

VALID = timedelta(days=7)  # of a confirmation, and of a request that nobody confirms
MOST_EMAILS = 3  # about one request, until it is confirmed
ONCE_IN = timedelta(days=1)  # an email to one mailbox
_LINK = Kind("join", VALID)
_FORM = ("topics", "languages", "send_at", "timezone", "frequency")  # what the page asks
# Mailboxes of a function (RFC 2142) or of a machine: nobody there can agree for themselves.
_ROLES = frozenset(
    (
        "abuse", "admin", "administrator", "hostmaster", "info", "mailer-daemon", "marketing", "news", "noc",
        "no-reply", "noreply", "postmaster", "root", "sales", "security", "support", "usenet", "webmaster", "www",
    )
)  # fmt: skip


class Step(StrEnum):
    """What a request leads to."""

    CONFIRM = "confirm"  # an email with a button
    READING = "reading"  # who reads already is told so
    NOTHING = "nothing"  # of whom nothing is wanted, or who wants nothing


@dataclass(frozen=True, slots=True)
class Joined:
    """What confirming did."""

    request: JoinRequest
    subscriber: Subscriber | None = None  # None: it waits for approval
    again: bool = False  # it was confirmed before


# --- who may ask, and for what -------------------------------------------------


def problem(masthead: Masthead, letterhead: Letterhead, contact: str | None) -> str | None:
    """Why nobody can join although the list says so; None where they can, or are not meant to."""
    if masthead.newsletter.join is JoinMode.CLOSED:
        return None
    missing = [name for name, value in _needed(masthead, letterhead, contact).items() if not value]
    return (
        f"nobody can join before {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} set"
        if missing
        else None
    )


def _needed(masthead: Masthead, letterhead: Letterhead, contact: str | None) -> Mapping[str, str | None]:
    needed = {"NEWSLETTER_POSTAL_ADDRESS": letterhead.postal_address, "NEWSLETTER_ADMIN_EMAIL": contact}
    if not letterhead.replies_read:
        needed["NEWSLETTER_PUBLIC_URL"] = letterhead.public_url
    return needed


def is_open(masthead: Masthead, letterhead: Letterhead, contact: str | None) -> bool:
    """Whether people can join."""
    wanted = masthead.newsletter.join is not JoinMode.CLOSED
    return wanted and problem(masthead, letterhead, contact) is None


def open_masthead(counter: Counter) -> Masthead | None:
    """The list in force, if people can join by it."""
    known = in_force.last_good(counter.store)
    can_join = known and is_open(known.masthead, counter.letterhead, counter.alarms.admin)
    return known.masthead if known and can_join else None


def address(masthead: Masthead, text: str) -> str:
    """The address as our emails name it: the domain in lower case and in ASCII. Raises Unfit."""
    found = _validated(text)
    if found.local_part.partition("+")[0].lower() in _ROLES:
        raise Unfit(f"{text!r} belongs to a function", "write the address of a person", "role", value=text)
    domains = masthead.newsletter.join_domains
    if domains and found.ascii_domain.lower() not in domains:
        shown = ", ".join(domains)
        raise Unfit(f"{text!r} is of another domain", f"choose among {shown}", "domain", value=text, offered=shown)
    return f"{found.local_part}@{found.ascii_domain.lower()}"


def _validated(text: str) -> ValidatedEmail:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text.strip()[:320], check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        shown = text[:320]
        raise Unfit(f"{shown!r} is not an email address", "fix the address", "address", value=shown) from error


def mailbox(written: str) -> str:
    """What spellings of one mailbox have in common: case, and what stands behind a plus sign, make no other one."""
    local, _, domain = written.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}".lower()


def newcomer(masthead: Masthead, written: str, source: Source) -> Reader:
    """Who joins and chooses nothing."""
    usual = masthead.usual
    topics = tuple(key for key in usual.wishes.topics if masthead.topic(key).join)
    hours = {name: getattr(usual.hours, name) for name in ("send_at", "wait_until", "timezone", "days", "weekly")}
    wishes = replace(usual.wishes, topics=topics or tuple(one.key for one in masthead.topics if one.join))
    return Reader(email=written, wishes=wishes, source=source, in_file=False, **hours)


def chosen(
    counter: Counter,
    masthead: Masthead,
    written: str,
    source: Source,
    fields: Mapping[str, str],
    choice: Sequence[str] | None = None,
) -> Reader:
    """A newcomer with what they chose: nothing that costs the operator more. Raises Unfit; `choice`: see `filled`."""
    return filled(counter.store, masthead, newcomer(masthead, written, source), fields, choice)


def consent_hash(counter: Counter, masthead: Masthead, language: str) -> str:
    """The hash of what a joiner agrees to, in the language of our email and of the page behind its button."""
    said = speak(counter.templates, language).say("page_join_consent", name=clean(masthead.newsletter.name))
    return hashlib.sha256(said.encode()).hexdigest()


def given(masthead: Masthead, reader: Reader) -> tuple[tuple[str, str], ...]:
    """What a newcomer chose that differs from what everybody has, as text by key."""
    usual = newcomer(masthead, reader.email, reader.source)
    return tuple((key, said(reader, key)) for key in PREFERENCES if said(reader, key) != said(usual, key))


# --- asking ---------------------------------------------------------------------


def is_full(counter: Counter, masthead: Masthead) -> bool:
    """Whether as many emails about joining have gone out today as the operator allows."""
    now = counter.now()
    return counter.store.joins_since(now - timedelta(days=1), now) >= masthead.newsletter.join_limit


def step_for(counter: Counter, request: JoinRequest) -> Step:
    """What is written to whoever asked. Decided when the email is sent, a tick after they asked."""
    now = counter.now()
    is_settled = request.sent and request.confirmed and request.confirmed >= request.sent
    if request.sent and not is_settled and timedelta() <= now - request.sent < ONCE_IN:
        return Step.NOTHING
    if counter.store.is_barred(_marks(counter, request)):
        return Step.NOTHING
    there = known(counter, request.written)
    if there and reads(counter, there):
        return Step.NOTHING if lists.is_list(counter, there.id) else Step.READING
    may_join = there is None or not bars(there)
    return Step.CONFIRM if may_join and request.emails < MOST_EMAILS else Step.NOTHING


def _marks(counter: Counter, request: JoinRequest) -> frozenset[str]:
    """By which whoever never wants to hear from us is known: the address, and the whole mailbox."""
    found = (forgetting.fingerprints(counter.keys, one) for one in (request.written, request.email))
    return frozenset().union(*found)


def reads(counter: Counter, subscriber: Subscriber) -> bool:
    """Whether this is a reader in force, though perhaps one who pauses."""
    return subscriber.state.reads and counter.store.reader(subscriber.id) is not None


def known(counter: Counter, written: str) -> Subscriber | None:
    """Whose address this is, in either spelling of its domain."""
    spellings = {written.lower(), _validated(written).normalized.lower()}
    return next(iter(counter.store.subscribers_of(spellings).values()), None)


def invite(counter: Counter, request: JoinRequest) -> tuple[str, JoinRequest]:
    """The secret part of the link that confirms this request, and the request with what the link is about."""
    payload = {
        "email": request.email,
        "written": request.written,
        "given": dict(request.given),
        "language": request.language,
        "source": request.source.value,
        "consent": request.consent,
        "note": request.note,
        "asked": request.asked.isoformat(),
    }
    # An email that is tried again has the same link.
    secret = tickets.issue(counter, _LINK, payload, of=f"{request.email} {request.asked.isoformat()}")
    return secret, replace(request, invited=payload)


# --- confirming -----------------------------------------------------------------


def asked(counter: Counter, secret: str) -> Joined | None:
    """What the link would confirm, or has confirmed; None where it is unknown, too old or was declined."""
    if payload := tickets.find(counter, _LINK, secret):
        return Joined(_request(payload))
    payload = tickets.find_used(counter, _LINK, secret)
    return Joined(_request(payload), again=True) if payload else None


def confirm(counter: Counter, masthead: Masthead, secret: str) -> Joined | None:
    """The button was pressed: who asked is a reader, or waits for approval. None: nothing is asked by this link."""
    found = asked(counter, secret)
    if found is None or found.again:
        return found
    joined = agree(counter, masthead, found.request)
    # Acted on first, marked second: a stop in between leaves a link that works once more.
    tickets.use(counter, _LINK, secret)
    return joined


def answered(counter: Counter, request: JoinRequest) -> JoinRequest | None:
    """What our last email about this request asks, as long as it can be answered."""
    is_open = request.sent and counter.now() - request.sent < VALID and not request.state.is_decided
    return _request(request.invited) if is_open and request.invited else None


def agree(counter: Counter, masthead: Masthead, request: JoinRequest) -> Joined | None:
    """Whoever asked has confirmed; None where they have become someone of whom nothing is wanted."""
    there = known(counter, request.written)
    if counter.store.is_barred(_marks(counter, request)) or (there and bars(there)):
        return None
    request = replace(request, confirmed=counter.now())
    if there and reads(counter, there):
        return Joined(request, there, again=True)
    if request.source is not Source.IMPORT:
        try:
            address(masthead, request.written)
        except Unfit:  # a domain that may no longer join
            return None
        if masthead.newsletter.join is JoinMode.APPROVE:
            counter.store.record_join(replace(request, state=JoinState.CONFIRMED))
            return Joined(request)
    return Joined(request, admit(counter, masthead, request))


def admit(counter: Counter, masthead: Masthead, request: JoinRequest) -> Subscriber:
    """Make whoever confirmed a reader, with what they chose as far as it is still offered."""
    forgetting.take_back(counter, request.written)
    there = known(counter, request.written) or _enrolled(counter, request.written)
    if not there.state.reads:
        there = come_back(counter, there).subscriber
    name = request.written if there.email == request.written.lower() else there.email
    reader = replace(as_chosen(counter, masthead, request), email=name)
    if before := counter.store.own_readers([there.id]).get(there.id):
        # Who comes back finds what they once set, but for what the form asked.
        asked_for = () if request.source is Source.EMAIL else _FORM
        kept = merged(before, reader, asked_for)
        reader = replace(reader, **{key: getattr(kept, key) for key in CHOSEN})
    agreed = Consent(
        subscriber_id=there.id,
        confirmed=request.confirmed or counter.now(),
        asked=request.asked,
        source=request.source,
        language=request.language,
        text_hash=request.consent,
        note=request.note,
    )
    counter.store.put_readers([(there.id, reader)], consents=[agreed])
    entry = counter.store.reader(there.id)
    if entry and entry.in_file:
        in_force.change_reader(counter, there.id, laid_over(reader, entry), (), reader)
    counter.store.record_join(replace(request, written=reader.email, state=JoinState.JOINED))
    counter.bell.ring()  # for their welcome
    return there


def _enrolled(counter: Counter, written: str) -> Subscriber:
    return counter.store.enrol([written], counter.now())[written.lower()]


def as_chosen(counter: Counter, masthead: Masthead, request: JoinRequest) -> Reader:
    """A newcomer with what they asked for, as far as it is still offered."""
    return as_offered(counter, masthead, newcomer(masthead, request.written, request.source), dict(request.given))


def as_offered(
    counter: Counter,
    masthead: Masthead,
    reader: Reader,
    fields: Mapping[str, str],
    choice: Sequence[str] | None = None,
) -> Reader:
    """The reader with each of these fields that can be had; `choice`: see `filled`."""
    for key, text in fields.items():
        with suppress(Unfit):  # a topic or a language that is not offered any more
            reader = filled(counter.store, masthead, reader, {key: text}, choice)
    return reader


def never(counter: Counter, secret: str) -> None:
    """ "Not me, never write again": only the mailbox itself can say so; who reads leaves by the links of the emails."""
    found = asked(counter, secret)
    if found and not found.again:
        _bar(counter, found.request)
        counter.store.drop_join(found.request.email)
        tickets.use(counter, _LINK, secret)


def _bar(counter: Counter, request: JoinRequest) -> None:
    """Neither this address nor another spelling of its mailbox hears from us again."""
    both = sorted({request.written.lower(), request.email})
    with left_log.noting(counter, What.BARRED, both):
        for one in both:
            counter.store.bar(forgetting.fingerprint(counter.keys, one), counter.now())


# --- approval -------------------------------------------------------------------


def decline(counter: Counter, request: JoinRequest) -> None:
    """Nothing is written to whom the administrator declines, now or when they ask again."""
    _bar(counter, request)
    counter.store.drop_join(request.email)


def _request(payload: Mapping[str, Any]) -> JoinRequest:
    values = dict(payload)
    values |= {
        "given": tuple(values["given"].items()),
        "source": Source(values["source"]),
        "asked": datetime.fromisoformat(values["asked"]),
    }
    return JoinRequest(**values)
