"""Where Microsoft and Google are asked, and for what; other addresses and scopes are settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ANY_TENANT = "common"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who vouches for a mailbox; `{tenant}` in an address stands for the organisation."""

    name: str
    title: str
    token_url: str
    authorize_url: str
    scope: str  # for a person who signs in
    application_scope: str | None = None  # for an application that signs in by itself; None: it cannot
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the address at which a person agrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The operator's application at a provider, with addresses and scope where they are not the usual ones."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    tenant: str | None = None
    token_url: str | None = None
    authorize_url: str | None = None
    scope: str | None = None


_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
_OUTLOOK = "https://outlook.office.com"
PROVIDERS: Mapping[str, Provider] = {
    one.name: one
    for one in (
        # https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
        Provider(
            name="microsoft",
            title="Microsoft",
            token_url=f"{_MICROSOFT}/token",
            authorize_url=f"{_MICROSOFT}/authorize",
            scope=f"{_OUTLOOK}/SMTP.Send {_OUTLOOK}/IMAP.AccessAsUser.All offline_access",
            application_scope="https://outlook.office365.com/.default",
            parameters={"prompt": "select_account"},
        ),
        # https://developers.google.com/identity/protocols/oauth2/native-app: without `consent`, a second sign-in
        # brings no refresh token.
        Provider(
            name="google",
            title="Google",
            token_url="https://oauth2.googleapis.com/token",  # noqa: S106
            authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
            scope="https://mail.google.com/",
            parameters={"access_type": "offline", "prompt": "consent"},
        ),
    )
}


def token_url(provider: Provider, of: Registration) -> str:
    """Where tokens are asked for."""
    return of.token_url or provider.token_url.format(tenant=of.tenant or _ANY_TENANT)


def authorize_url(provider: Provider, of: Registration) -> str:
    """Where a person agrees: of another cloud, beside its token address unless it is set."""
    if of.authorize_url or of.token_url is None:
        return of.authorize_url or provider.authorize_url.format(tenant=of.tenant or _ANY_TENANT)
    return of.token_url.rpartition("/")[0] + "/authorize"
