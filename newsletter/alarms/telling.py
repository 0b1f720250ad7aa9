"""Notifies one person: one email when a problem begins, one when it is resolved, and log lines for both.

Notices are recorded in the ledger, so that a restart does not repeat them. A problem that comes and goes is one
problem until it has stayed away for a while; if a notice cannot be sent (the transport is broken), it is sent later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from html import escape

import structlog

from newsletter.addresses import domain_of, own_address, split_mailbox
from newsletter.errors import NewsletterError
from newsletter.models import Letterhead, Message, Outcome, Outgoing, Trouble, Verdict
from newsletter.ports import TroubleStore
from newsletter.redaction import redacted
from newsletter.tex import clean

log = structlog.get_logger()

_STAYS_AWAY = timedelta(minutes=10)  # before a short trouble counts as over
_LONG = timedelta(hours=1)  # a trouble of this length that ends has ended
_TRY_AGAIN = timedelta(minutes=10)  # after an email to the administrator that did not go out
_NOTICE = "notice "  # begins the key of what is told once and then forgotten


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Where trouble is reported, and told from."""

    store: TroubleStore
    post: Callable[[Outgoing], Outcome]  # one email by the configured transport; raises NewsletterError
    letterhead: Letterhead
    admin: str | None  # NEWSLETTER_ADMIN_EMAIL
    now: Callable[[], datetime]

    def trouble(self, key: str, problem: str, remedy: str) -> None:
        """Something is wrong that the service cannot fix; said again, it is the same trouble."""
        problem = redacted(problem)  # an error of ours may say anything
        known = {one.key: one for one in self.store.troubles()}.get(key)
        if known is None:
            log.error("trouble", about=key, problem=problem, remedy=remedy)
            known = Trouble(key=key, problem=problem, remedy=remedy, since=self.now())
        self.store.note_trouble(replace(known, problem=problem, remedy=remedy, ended=None))
        self.settle()

    def notice(self, key: str, what: str, remedy: str) -> None:
        """Something that the service has settled by itself: told once, and no trouble afterwards."""
        log.warning("notice", about=key, what=redacted(what), remedy=remedy)
        self.store.save_trouble(Trouble(key=f"{_NOTICE}{key}", problem=redacted(what), remedy=remedy, since=self.now()))
        self.settle()

    def over(self, key: str) -> None:
        """It works again."""
        for known in self.store.troubles():
            if known.key == key and known.ended is None:
                self.store.save_trouble(replace(known, ended=self.now()))
                self.settle()

    def settle(self) -> None:
        """Tell what was not told yet; called by each tick, so that nothing depends on one attempt."""
        for trouble in self.store.troubles():
            if trouble.tried and abs(self.now() - trouble.tried) < _TRY_AGAIN:
                continue
            if trouble.ended is not None and has_ended(trouble, self.now()):
                if self.store.claim_trouble(trouble, self.now()):
                    self._tell_end(trouble)
            elif trouble.ended is None and trouble.told is None and self.store.claim_trouble(trouble, self.now()):
                self._tell_beginning(trouble)

    def note(self, key: str, subject: str, lines: Sequence[str]) -> bool:
        """Write to the administrator about something that is no trouble; whether that is done, or nobody is there."""
        if self.admin is None:
            return True
        return self._post(key, letter(key, subject, lines, self.letterhead, self.admin, self.now()))

    def _tell_beginning(self, trouble: Trouble) -> None:
        told = self._send(trouble)
        now = self.now()
        if told and _is_notice(trouble):
            self.store.drop_trouble(trouble.key)
            return
        self.store.save_trouble(replace(trouble, told=now) if told else replace(trouble, tried=now))

    def _tell_end(self, trouble: Trouble) -> None:
        log.info("trouble.over", about=trouble.key, since=trouble.since.isoformat())
        if self._send(trouble):
            self.store.drop_trouble(trouble.key)
        else:
            self.store.save_trouble(replace(trouble, tried=self.now()))

    def _send(self, trouble: Trouble) -> bool:
        """Whether the administrator was notified; without one, there is only the log."""
        if self.admin is None:
            return True
        return self._post(trouble.key, compose(trouble, self.letterhead, self.admin, self.now()))

    def _post(self, key: str, message: Message) -> bool:
        try:
            outcome = self.post(Outgoing(key=f"trouble-{key}", message=message))
        except NewsletterError as error:
            log.warning("trouble.not-told", about=key, error=str(error))
            return False
        if outcome.verdict is Verdict.TEMPORARY:
            log.warning("trouble.not-told", about=key, error=outcome.detail)
        # Refused for good is the end of it too: asking again every ten minutes would not help.
        return outcome.verdict is not Verdict.TEMPORARY


def _is_notice(trouble: Trouble) -> bool:
    return trouble.key.startswith(_NOTICE)


def has_ended(trouble: Trouble, now: datetime) -> bool:
    """Whether the end may be reported: not while the problem may come back any minute."""
    if trouble.ended is None:
        return False
    return trouble.ended - trouble.since >= _LONG or abs(now - trouble.ended) >= _STAYS_AWAY


def compose(trouble: Trouble, letterhead: Letterhead, admin: str, now: datetime) -> Message:
    """The email: the problem, what to do, since when; or that it is over."""
    subject, lines = _said(trouble, letterhead)
    return letter(f"{trouble.key} {trouble.since} {trouble.ended}", subject, lines, letterhead, admin, now)


def letter(key: str, subject: str, lines: Sequence[str], letterhead: Letterhead, admin: str, now: datetime) -> Message:
    """An email of these lines to the administrator; equal keys have equal names."""
    from newsletter.render.short import short_mail  # rendering takes as long to import as a short command

    sender = split_mailbox(letterhead.sender)[1]
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    recipient = parseaddr(admin)[1]
    headers = (
        ("From", letterhead.sender),
        ("To", recipient),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<trouble.{digest}@{domain_of(own_address(letterhead))}>"),
        ("Auto-Submitted", "auto-generated"),
    )
    html = "".join(f"<p>{escape(line)}</p>" for line in lines)
    page = f'<!doctype html><html lang="en"><head><title>{escape(subject)}</title></head><body>{html}</body></html>'
    return short_mail(recipient, headers, "\n\n".join(lines), page, envelope_from=sender, boundary=f"trouble-{digest}")


def _said(trouble: Trouble, letterhead: Letterhead) -> tuple[str, tuple[str, ...]]:
    problem, newsletter = clean(trouble.problem), split_mailbox(letterhead.sender)[0] or "Newsletter"
    since = f"{trouble.since:%Y-%m-%d %H:%M} UTC"
    if trouble.ended:
        ended = f"From {since} to {trouble.ended:%Y-%m-%d %H:%M} UTC."
        return f"[{newsletter}] Resolved: {problem}"[:150], ("This problem is resolved:", problem, ended)
    if _is_notice(trouble):
        return f"[{newsletter}] Notice: {problem}"[:150], (problem, f"What to do: {clean(trouble.remedy)}")
    lasting = (
        f"Since {since}. You will get one more email when it is resolved; `newsletter status` shows the current state."
    )
    return f"[{newsletter}] Problem: {problem}"[:150], (problem, f"What to do: {clean(trouble.remedy)}", lasting)
