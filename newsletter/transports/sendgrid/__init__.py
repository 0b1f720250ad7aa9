"""SendGrid, through its official package.

sending  several calls at once
payload  what a call says
calls    one call, and what its answer means
webhook  what it posts to us: delivery events, and replies
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from newsletter.models import Finding
from newsletter.ports import Hook, Transport
from newsletter.setting_values import ServiceUrl, revealed
from newsletter.transports import Kind, Question, Say, TransportSettings

_SECONDS = 15.0  # one answer, when it is tried


def _public_key(value: str) -> str:
    """The base64 of an EC public key, with or without its PEM lines."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    text = "".join(line.strip() for line in value.splitlines() if "-----" not in line)
    try:
        if isinstance(load_der_public_key(base64.b64decode(text, validate=True)), EllipticCurvePublicKey):
            return text
    except ValueError:
        pass
    raise ValueError("is not a verification key; copy it from SendGrid, Settings, Mail Settings, Event Webhook")


class SendGridSettings(TransportSettings):
    sendgrid_api_key: SecretStr | None = Field(default=None, validation_alias="SENDGRID_API_KEY")
    sendgrid_url: ServiceUrl = "https://api.sendgrid.com"
    sendgrid_webhook_key: Annotated[str, BeforeValidator(_public_key)] | None = None


def _open(settings: SendGridSettings) -> Transport:
    from newsletter.transports.sendgrid.sending import SendGrid

    key = revealed(settings.sendgrid_api_key) or ""
    return SendGrid(key, settings.sendgrid_url, connections=settings.connections)


def _hooks(settings: SendGridSettings) -> tuple[Hook, ...]:
    from newsletter.transports.sendgrid.webhook import EventHook, InboundHook

    return EventHook(settings.sendgrid_webhook_key), InboundHook(revealed(settings.inbound_secret) or "")


def _findings(settings: SendGridSettings) -> Iterator[Finding]:
    if settings.transport == KIND.name and settings.sendgrid_webhook_key is None:
        problem = "bounces and complaints that SendGrid reports are not read"
        remedy = "turn on its signed event webhook for <public url>/hooks/sendgrid/events, and set the key it shows"
        yield Finding("NEWSLETTER_SENDGRID_WEBHOOK_KEY", None, problem, remedy, fatal=False)


def _try_online(settings: SendGridSettings, say: Say) -> Iterator[Finding]:
    """What the key may do."""
    import requests

    headers = {"Authorization": f"Bearer {revealed(settings.sendgrid_api_key)}"}
    try:
        answer = requests.get(f"{settings.sendgrid_url}/v3/scopes", headers=headers, timeout=_SECONDS)
        scopes = answer.json().get("scopes", []) if answer.ok else []
    except (requests.RequestException, ValueError) as error:
        problem = f"SendGrid does not answer ({type(error).__name__})"
        yield Finding("NEWSLETTER_SENDGRID_URL", None, problem, "check the address and this machine's network")
        return
    if not answer.ok:
        remedy = "create a new key with Mail Send access; EU keys need NEWSLETTER_SENDGRID_URL"
        yield Finding("SENDGRID_API_KEY", None, f"the key is refused (HTTP {answer.status_code})", remedy)
    elif "mail.send" not in scopes:
        yield Finding("SENDGRID_API_KEY", None, "the key is not allowed to send email", "give it Mail Send access")
    else:
        say("SendGrid: the key is allowed to send email")


KIND = Kind(
    name="sendgrid",
    settings=SendGridSettings,
    open=_open,
    carrier=lambda _: "SendGrid (Twilio)",
    needs=("sender", "sendgrid_api_key"),
    questions=(Question(setting="sendgrid_api_key", text="SENDGRID_API_KEY"),),
    findings=_findings,
    try_online=_try_online,
    hooks=_hooks,
    hook_key="sendgrid_webhook_key",
)
