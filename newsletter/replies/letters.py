"""An email to an address of nobody who reads: what it says is ours, and the address stands in To alone."""

from __future__ import annotations

from email.utils import format_datetime

from newsletter import tokens
from newsletter.addresses import ascii_domain, domain_of, own_address
from newsletter.errors import NewsletterError
from newsletter.models import Message, Outcome, Outgoing, Verdict
from newsletter.readers import Counter
from newsletter.render import answer
from newsletter.render.answer import Content
from newsletter.render.short import short_mail
from newsletter.words import bare


def message_id(counter: Counter, kind: str, secret: str) -> str:
    """The same for the same link."""
    # Nothing of a token's length before the @: it would be taken for a damaged one.
    name = tokens.secret(counter.keys, f"{kind} message", secret)[:32]
    return f"<{name}.{kind.replace(' ', '-')}@{domain_of(own_address(counter.letterhead))}>"


def compose(counter: Counter, to: str, content: Content, kind: str, secret: str) -> Message:
    """The email with the link of this secret."""
    letterhead = counter.letterhead
    text, html = answer.parts(counter.templates, content)
    headers = (
        ("From", letterhead.sender),
        ("To", ascii_domain(to)),
        ("Reply-To", own_address(letterhead)),
        ("Subject", bare(f"{content.title} · {content.brand}")),
        ("Date", format_datetime(counter.now())),
        ("Message-ID", message_id(counter, kind, secret)),
        ("Auto-Submitted", "auto-generated"),
    )
    boundary = f"{kind}-{tokens.secret(counter.keys, f'{kind} boundary', secret)[:16]}"
    return short_mail(to, headers, text, html, envelope_from=own_address(letterhead), boundary=boundary)


def post(counter: Counter, message: Message, key: str) -> Outcome:
    """Send it; trouble with the transport is an outcome too."""
    try:
        return counter.post(Outgoing(key=key, message=message))
    except NewsletterError as error:
        return Outcome(Verdict.TEMPORARY, str(error))
