"""Any mail server, by SMTP.

sending       several connections at once, in one loop
greeting      from a host's name to a connection that is ready
lane          one connection
conversation  what is said over it, without a socket
lessons       what was learned about the server
replies       what a server says
wire          an email as it goes over the wire
signature     DKIM
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from newsletter.addresses import plus, split_mailbox
from newsletter.errors import ConfigurationError, TransportRefused
from newsletter.models import Finding, Message
from newsletter.oauth import Access, access
from newsletter.ports import Notebook, Transport
from newsletter.setting_values import LOOPBACK, mail_server, own_name, revealed
from newsletter.tokens import WIDTH
from newsletter.transports import Kind, Question, Say, TransportSettings

if TYPE_CHECKING:
    from newsletter.transports.smtp.sending import Smtp, Tried

_EMAIL = 100_000  # octets: none of ours is larger, because Gmail cuts off what is
_SECONDS = 15.0  # one answer, when it is tried


class SmtpSettings(TransportSettings):
    smtp_url: Annotated[str, mail_server("smtp", "smtp://user@host:587 or smtps://user@host")] | None = None
    smtp_password: SecretStr | None = None
    envelope: Literal["verp", "sender"] = "verp"
    helo: Annotated[str, BeforeValidator(own_name)] | None = None


def _open(settings: SmtpSettings) -> Transport:
    from newsletter.transports.smtp.sending import Smtp

    return Smtp(
        settings.smtp_url or "",
        revealed(settings.smtp_password),
        connections=settings.connections,
        sign=_signature(settings),
        access=_access(settings),
        sender=split_mailbox(settings.sender or "")[1] or None,
        verp=settings.envelope == "verp",
        helo=settings.helo,
    )


def _access(settings: SmtpSettings) -> Access | None:
    return access(settings, settings.data_dir, settings.smtp_password)


def _keep(transport: Smtp, notebook: Notebook) -> None:
    transport.keep(notebook)


def _signature(settings: SmtpSettings) -> Callable[[Message], bytes] | None:
    """The signer of emails, if there is one. Raises ConfigurationError for an unusable key."""
    if settings.dkim_key_file is None or settings.dkim_selector is None:
        return None
    from newsletter.transports.smtp.signature import signer

    try:
        return signer(settings.dkim_key_file, settings.dkim_selector)
    except ValueError as error:
        remedy = "create one with `openssl genrsa -out dkim.pem 2048` and publish its public half under the selector"
        raise ConfigurationError([Finding("NEWSLETTER_DKIM_KEY_FILE", None, str(error), remedy)]) from error


def _findings(settings: SmtpSettings) -> Iterator[Finding]:
    try:
        _signature(settings)
    except ConfigurationError as error:
        yield from error.findings
    if settings.transport == KIND.name and _access(settings) and not urlsplit(settings.smtp_url or "").username:
        problem = "names no user, so nobody would log in with OAuth"
        yield Finding("NEWSLETTER_SMTP_URL", None, problem, "write smtp://user@host:587")


def _try_online(settings: SmtpSettings, say: Say) -> Iterator[Finding]:
    from smtplib import SMTPException

    from newsletter.transports.smtp.sending import verify

    password, token = revealed(settings.smtp_password), _access(settings)
    plain = split_mailbox(settings.sender or "")[1]
    try:
        tried = verify(
            settings.smtp_url or "",
            password,
            timeout=_SECONDS,
            access=token,
            helo=settings.helo,
            senders=tuple(dict.fromkeys((_own_sender(settings, plain), plain))),
        )
    except (TransportRefused, SMTPException, OSError) as error:
        remedy = "check NEWSLETTER_SMTP_URL and the password; many providers require an app password, or OAuth"
        if token:
            remedy = "check that the account may send with this application, see docs/providers.md"
        yield Finding("NEWSLETTER_SMTP_URL", None, str(error) or type(error).__name__, remedy)
        return
    login = password or token
    say("mail server: accepts our login over TLS" if login else "mail server: accepts email without a login")
    yield from _senders_taken(tried, plain)
    if tried.size and tried.size < _EMAIL:
        problem = f"the mail server takes emails of at most {tried.size:,} octets; a newsletter may have {_EMAIL:,}"
        yield Finding("NEWSLETTER_SMTP_URL", None, problem, "use another server, or lower max_papers", fatal=False)


def _own_sender(settings: SmtpSettings, plain: str) -> str:
    """An envelope sender as a reader's email has it."""
    if settings.envelope == "sender" or not settings.plus_addressing:
        return plain
    return plus(split_mailbox(settings.reply_to or settings.sender or "")[1], "check".ljust(WIDTH, "7"))


def _senders_taken(tried: Tried, plain: str) -> Iterator[Finding]:
    """An envelope sender that is refused before any reader is named stops every email."""
    for said in list(tried.refused.values())[:1]:
        if tried.taken:
            problem = f"the mail server takes only {plain} at MAIL FROM ({said})"
            remedy = f"set NEWSLETTER_ENVELOPE=sender; bounces then go to {plain}: let NEWSLETTER_IMAP_URL read it"
            yield Finding("NEWSLETTER_ENVELOPE", None, problem, remedy, fatal=False)
        else:
            problem = f"the mail server refuses MAIL FROM:<{plain}>: {said}"
            remedy = "set NEWSLETTER_SENDER to an address that this account may send from, or have it verified there"
            yield Finding("NEWSLETTER_SENDER", None, problem, remedy)


def _carrier(settings: SmtpSettings) -> str:
    """The server's name; one on this machine is the operator's own."""
    host = urlsplit(settings.smtp_url or "").hostname or ""
    return "" if host in LOOPBACK else host


KIND = Kind(
    name="smtp",
    settings=SmtpSettings,
    open=_open,
    keep=_keep,
    carrier=_carrier,
    needs=("sender", "smtp_url"),
    questions=(
        Question(
            setting="smtp_url",
            text="Mail server",
            form="smtp://user@host:587",
            example="smtp://news@example.org@mail.example.org:587",
        ),
        Question(setting="smtp_password", text="Its password"),
    ),
    access=_access,
    findings=_findings,
    try_online=_try_online,
)
