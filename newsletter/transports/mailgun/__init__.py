"""Mailgun, by its HTTP API.

sending  what a call says, and what its answer means
webhook  the events that it posts to us
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from newsletter.models import Finding
from newsletter.ports import Hook, Transport
from newsletter.setting_values import domain, revealed, web_address
from newsletter.transports import Kind, Question, Say, TransportSettings

_SECONDS = 15.0  # one answer, when it is tried


class MailgunSettings(TransportSettings):
    mailgun_key: SecretStr | None = None
    mailgun_domain: Annotated[str, BeforeValidator(domain)] | None = None
    mailgun_url: Annotated[str, BeforeValidator(web_address)] = Field(default="https://api.mailgun.net")
    mailgun_webhook_key: SecretStr | None = None


def _open(settings: MailgunSettings) -> Transport:
    from newsletter.transports.mailgun.sending import Mailgun

    key = revealed(settings.mailgun_key) or ""
    return Mailgun(key, settings.mailgun_domain or "", settings.mailgun_url, connections=settings.connections)


def _hooks(settings: MailgunSettings) -> tuple[Hook, ...]:
    from newsletter.transports.mailgun.webhook import EventHook

    return (EventHook(revealed(settings.mailgun_webhook_key) or ""),)


def _findings(settings: MailgunSettings) -> Iterator[Finding]:
    if settings.transport == KIND.name and settings.mailgun_webhook_key is None:
        problem = "bounces and complaints that Mailgun reports are not read"
        remedy = "add webhooks for <public url>/hooks/mailgun/events, and set the HTTP webhook signing key"
        yield Finding("NEWSLETTER_MAILGUN_WEBHOOK_KEY", None, problem, remedy, fatal=False)


def _try_online(settings: MailgunSettings, say: Say) -> Iterator[Finding]:
    """An email without a recipient: refused as such where the key and the domain are right."""
    from newsletter.transports.mailgun.sending import ask

    url, domain, key = settings.mailgun_url, settings.mailgun_domain or "", revealed(settings.mailgun_key) or ""
    form = [("from", f"check@{domain}"), ("subject", "check"), ("text", "check"), ("o:testmode", "yes")]
    result = ask(url, domain, key, form, _SECONDS)
    if result.some:
        say("Mailgun: the key may send for this domain")
    elif result.refused:
        remedy = "check the key, the domain, and NEWSLETTER_MAILGUN_URL (EU: https://api.eu.mailgun.net)"
        yield Finding("NEWSLETTER_MAILGUN_KEY", None, result.outcome.detail, remedy)
    else:
        remedy = "check the address and this machine's network, or try again later"
        yield Finding("NEWSLETTER_MAILGUN_URL", None, f"Mailgun: {result.outcome.detail}", remedy)


KIND = Kind(
    name="mailgun",
    settings=MailgunSettings,
    open=_open,
    carrier=lambda _: "Mailgun (Sinch)",
    needs=("sender", "mailgun_key", "mailgun_domain"),
    questions=(
        Question(setting="mailgun_domain", text="Its sending domain", form="mg.example.org", example="mg.example.org"),
        Question(setting="mailgun_key", text="A sending key of that domain"),
    ),
    findings=_findings,
    try_online=_try_online,
    hooks=_hooks,
    hook_key="mailgun_webhook_key",
)
