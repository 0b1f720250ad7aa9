"""Whether OAuth, where it stands in for a password, has a sign-in that works."""

from __future__ import annotations

from collections.abc import Callable

from newsletter import oauth
from newsletter.errors import AuthorizationError, AuthorizationRefused
from newsletter.models import Finding
from newsletter.settings import Settings
from newsletter.transports import Say


def signed_in(settings: Settings) -> list[Finding]:
    """Without asking anybody."""
    return _tried(settings, lambda access: access.look())


def renewed(settings: Settings, say: Say) -> list[Finding]:
    """By renewing it."""

    def renew(access: oauth.Access) -> None:
        access.renew()
        say("OAuth: the sign-in was renewed")

    return _tried(settings, renew)


def _tried(settings: Settings, attempt: Callable[[oauth.Access], None]) -> list[Finding]:
    sends = settings.kind.access(settings)
    reads = oauth.access(settings, settings.data_dir, settings.imap_password) if settings.imap_url else None
    access = sends or reads
    if access is None:
        return []
    try:
        attempt(access)
    except AuthorizationError as error:
        refused = isinstance(error, AuthorizationRefused)
        remedy = error.remedy if refused else "try again later; the service does so by itself"
        # Emails go out without a mailbox.
        return [Finding("NEWSLETTER_OAUTH_CLIENT_ID", None, error.problem, remedy, fatal=sends is not None)]
    return []
