"""The settings of an application at a provider, which the transport `smtp` and the mailbox share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, SecretStr

from newsletter.oauth.access import Access
from newsletter.oauth.providers import Registration
from newsletter.setting_values import revealed, web_address


def _tenant(value: str) -> str:
    """It becomes a part of an address."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value):
        raise ValueError("is not a tenant; write its id or its domain, e.g. example.onmicrosoft.com")
    return value


class OAuthSettings(BaseModel):
    """Secrets go to the token address alone, which is why it must be https."""

    oauth_client_id: str | None = None
    oauth_client_secret: SecretStr | None = None
    oauth_tenant: Annotated[str, BeforeValidator(_tenant)] | None = None
    oauth_token_url: Annotated[str, BeforeValidator(web_address)] | None = None
    oauth_authorize_url: Annotated[str, BeforeValidator(web_address)] | None = None
    oauth_scope: str | None = None


def registration(settings: OAuthSettings) -> Registration | None:
    """None where no application is set."""
    if settings.oauth_client_id is None:
        return None
    return Registration(
        client_id=settings.oauth_client_id,
        client_secret=revealed(settings.oauth_client_secret),
        tenant=settings.oauth_tenant,
        token_url=settings.oauth_token_url,
        authorize_url=settings.oauth_authorize_url,
        scope=settings.oauth_scope,
    )


def access(settings: OAuthSettings, data_dir: Path, password: SecretStr | None) -> Access | None:
    """What logs in at a server; None where a password does, or nothing is set."""
    application = registration(settings)
    return Access(application, data_dir) if application and password is None else None
