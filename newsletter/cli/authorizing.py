"""`newsletter authorize`: sign in once, so that tokens can be renewed from then on."""

from __future__ import annotations

import time
import webbrowser
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import click

from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.oauth import keeping
from newsletter.oauth.providers import PROVIDERS, Provider, Registration
from newsletter.oauth.settings import registration
from newsletter.oauth.signing_in import Asked, Listener, as_application, finish
from newsletter.settings import Settings

_PATIENCE = 600.0  # seconds for a person to sign in
_ELSEWHERE = "http://localhost:8765"  # where nobody has to listen: the browser's address is what counts
_TRIES = 3


def authorize(settings: Settings, name: str, *, application: bool, no_browser: bool) -> None:
    """Raises ConfigurationError, AuthorizationError."""
    provider, of = PROVIDERS[name], registration(settings)
    if of is None:
        remedy = "register an application as docs/providers.md describes, and set its client id"
        raise ConfigurationError([Finding("NEWSLETTER_OAUTH_CLIENT_ID", None, "is missing", remedy)])
    if application:
        _by_itself(provider, of, settings)
    else:
        by_hand = no_browser or not _has_browser()
        asked, code = (_pasted if by_hand else _heard)(provider, of, settings)
        finish(asked, code, settings.data_dir, time.time())
    click.echo(f"Signed in. The tokens are in {settings.data_dir / keeping.NAME}, which only you can read.")
    click.echo("Next: newsletter check --online")


def _by_itself(provider: Provider, of: Registration, settings: Settings) -> None:
    if provider.application_scope is None:
        raise click.UsageError(f"--application: {provider.title} has no such sign-in for mailboxes")
    needed = {
        "NEWSLETTER_OAUTH_CLIENT_SECRET": of.client_secret,
        "NEWSLETTER_OAUTH_TENANT": of.tenant or of.token_url,
    }
    remedy = "set it; an application that signs in by itself needs it"
    if missing := [Finding(name, None, "is missing", remedy) for name, value in needed.items() if not value]:
        raise ConfigurationError(missing)
    as_application(provider, of, settings.data_dir, time.time())


def _heard(provider: Provider, of: Registration, settings: Settings) -> tuple[Asked, str]:
    """By the browser of this machine."""
    with Listener() as listener:
        asked = Asked(provider=provider, of=of, redirect=listener.redirect)
        address = asked.address(_user(settings))
        click.echo(f"Sign in{_as_whom(settings)} in the browser. If none opens, open this address:\n\n{address}\n")
        listener.begin(asked)
        webbrowser.open(address)
        return asked, listener.wait(_PATIENCE)


def _pasted(provider: Provider, of: Registration, settings: Settings) -> tuple[Asked, str]:
    """By the browser of another machine, whose address someone pastes here."""
    asked = Asked(provider=provider, of=of, redirect=_ELSEWHERE)
    address = asked.address(_user(settings))
    click.echo(f"Open this address in any browser, and sign in{_as_whom(settings)}:\n\n{address}\n")
    click.echo(f"The browser then cannot open an address that begins with {_ELSEWHERE}. Copy all of it.")
    for _ in range(_TRIES):
        if code := asked.code(click.prompt("That address", type=str)):
            return asked, code
        click.echo("This is not the address to which this sign-in leads.", err=True)
    raise asked.refused("no address with the code was given")


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _user(settings: Settings) -> str | None:
    """The account that is probably meant."""
    if settings.imap_url:
        return unquote(urlsplit(settings.imap_url).username or "") or None
    return parseaddr(settings.sender)[1] if settings.sender else None


def _as_whom(settings: Settings) -> str:
    user = _user(settings)
    return f" as {user}" if user else ""
