"""One short answer to a mail that changed something: as RFC 3834 wants it, so that no machine answers in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote

from newsletter import tokens
from newsletter.addresses import ascii_domain, domain_of, leave_link, own_address, plus
from newsletter.models import Action, Letterhead, Message, Subscriber
from newsletter.render.bidi import isolated
from newsletter.render.short import short_mail
from newsletter.tex import clean
from newsletter.tokens import Keys, Purpose
from newsletter.words import direction

QUIET_DAYS = 7  # between two answers to the same reader


def compose(
    action: Action,
    letterhead: Letterhead,
    *,
    keys: Keys,
    reader: Subscriber,
    newsletter: str,
    words: Mapping[str, str],
    answers: str,
    now: datetime,
    undo: str | None = None,
) -> Message:
    """The answer to the email with the Message-ID `answers`, with the way to undo what it did.

    `words`: the sentences `answer_…` of one language; `undo`: the secret part of a link that does no more than that.
    """
    said, link = _said(action, letterhead, keys, reader, newsletter, words, undo)
    headers = _headers(letterhead, keys, reader, answers, now, said[0])
    language = words["language"]
    before, after = ([isolated(line, language) for line in lines] for lines in (said[:-1], filter(None, said[-1:])))
    text = "\n".join([*before, link, *after])
    return short_mail(
        reader.email,
        headers,
        text,
        _html(language, said, link),
        envelope_from="",  # RFC 3834 section 3.3: what cannot be delivered comes back to nobody
        boundary=f"answer-{_digest(answers, now)}",
    )


def _said(
    action: Action,
    letterhead: Letterhead,
    keys: Keys,
    reader: Subscriber,
    newsletter: str,
    words: Mapping[str, str],
    secret: str | None,
) -> tuple[tuple[str, ...], str]:
    """The sentences around the address, the last one behind it, and the address."""
    name = clean(newsletter)
    undo = _undo_link(letterhead, keys, reader, secret)
    leave = leave_link(letterhead, tokens.make(keys, Purpose.LEAVE, reader.id))
    until = _day(reader.paused_until)
    match action:
        case Action.CONFIRM:
            return (words["confirm"].format(name=name), words["if_not"]), leave
        case Action.PAUSE:
            return (words["paused"].format(name=name, until=until), words["undo"], ""), undo
        case Action.RESUME:
            return (words["resumed"].format(name=name), words["leave"], ""), leave
    return (words["left"].format(name=name), words["undo"], ""), undo


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _undo_link(letterhead: Letterhead, keys: Keys, reader: Subscriber, secret: str | None) -> str:
    """A page with a button, else an email that says `resume`."""
    if letterhead.public_url and secret:
        return f"{letterhead.public_url}/undo/{secret}"
    return f"mailto:{quote(_reply_to(letterhead, keys, reader), safe='@+')}?subject=resume"


def _reply_to(letterhead: Letterhead, keys: Keys, reader: Subscriber) -> str:
    own = own_address(letterhead)
    return plus(own, tokens.make(keys, Purpose.REPLY, reader.id)) if letterhead.plus_addressing else own


def _headers(
    letterhead: Letterhead, keys: Keys, reader: Subscriber, answers: str, now: datetime, subject: str
) -> tuple[tuple[str, str], ...]:
    token = tokens.make(keys, Purpose.MESSAGE, reader.id)
    own = [
        ("From", letterhead.sender),
        ("To", ascii_domain(reader.email)),
        ("Reply-To", _reply_to(letterhead, keys, reader)),
        ("Subject", subject.rstrip(":：")),
        ("Date", format_datetime(now)),
        # Our token in it: should it come back to us, it is known as our own.
        ("Message-ID", f"<answer.{_digest(answers, now)}.{token}@{domain_of(own_address(letterhead))}>"),
        ("Auto-Submitted", "auto-replied"),
    ]
    replied = "".join(answers.split())
    # Only what is an identifier: the header is somebody else's text.
    known = replied.startswith("<") and replied.endswith(">") and replied.isascii() and len(replied) < 500
    return (*own, ("In-Reply-To", replied), ("References", replied)) if known else tuple(own)


def _digest(answers: str, now: datetime) -> str:
    return hashlib.sha256(f"{answers} {now:%Y-%m-%d}".encode()).hexdigest()[:16]


def _html(language: str, said: tuple[str, ...], link: str) -> str:
    before = "".join(f"<p>{escape(line)}</p>" for line in said[:-1])
    after = f"<p>{escape(said[-1])}</p>" if said[-1] else ""
    # A link is longer than a phone is wide.
    anchor = f'<p style="overflow-wrap:anywhere;word-break:break-word"><a href="{escape(link)}">{escape(link)}</a></p>'
    tongue = f' lang="{escape(language)}" dir="{direction(language)}"'
    return f"<!doctype html><html{tongue}><body>{before}{anchor}{after}</body></html>"
