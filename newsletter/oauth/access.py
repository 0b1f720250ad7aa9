"""A token that is valid now: out of the file, or renewed before it expires."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from newsletter.errors import AuthorizationRefused, AuthorizationUnavailable
from newsletter.oauth import keeping
from newsletter.oauth.asking import ask
from newsletter.oauth.keeping import SignIn
from newsletter.oauth.providers import PROVIDERS, Registration, token_url

_EARLY = 300.0  # seconds before its end; of short lives a fifth
_LAST = 30.0  # seconds before its end until which it is used while the provider is away
_FRESH = 60.0  # seconds for which a token that a server refuses is not renewed once more
_BOTH = "newsletter authorize microsoft` or `newsletter authorize google"


class Access:
    """Signs in as what `newsletter authorize` agreed to; every process reads and renews the same file."""

    def __init__(self, registration: Registration, data_dir: Path, *, now: Callable[[], float] = time.time) -> None:
        self._of, self._folder, self._now = registration, data_dir, now

    def token(self, refused: str | None = None) -> str:
        """A token that is good for some minutes, and another than the `refused` one where that is not brand-new.

        Raises AuthorizationUnavailable, which may pass, or AuthorizationRefused.
        """
        found = self._stored()
        if self._is_good(found, refused):
            return found.access_token
        with keeping.locked(self._folder):
            found = self._stored()  # another process may have renewed it meanwhile
            if self._is_good(found, refused):
                return found.access_token
            try:
                return self._renewed(found).access_token
            except AuthorizationUnavailable:
                if refused is None and 0 <= self._now() - found.since < found.lifetime - _LAST:
                    return found.access_token  # that is what renewing early is for
                raise

    def look(self) -> None:
        """Whether there is a sign-in of this application. Raises as `token` does."""
        self._stored()

    def renew(self) -> None:
        """Ask for a new token now, to see whether that works. Raises as `token` does."""
        with keeping.locked(self._folder):
            self._renewed(self._stored())

    def _stored(self) -> SignIn:
        found = keeping.read(self._folder)
        file = str(self._folder / keeping.NAME)
        if found is None:
            raise AuthorizationRefused(file, "nobody has signed in yet", f"run `{_BOTH}`")
        provider = PROVIDERS.get(found.provider)
        url = token_url(provider, self._of) if provider else ""
        if (found.client_id, found.token_url) != (self._of.client_id, url):
            problem = "the sign-in belongs to another NEWSLETTER_OAUTH_CLIENT_ID, tenant or token address"
            raise AuthorizationRefused(file, problem, f"set it again, or run `{again(found)}`")
        return found

    def _is_good(self, found: SignIn, refused: str | None) -> bool:
        age = self._now() - found.since
        if not found.access_token or age < 0:  # of the future: the clock was set back, and nobody knows
            return False
        if found.access_token == refused and age > _FRESH:
            return False
        return age < found.lifetime - min(_EARLY, found.lifetime / 5)

    def _renewed(self, found: SignIn) -> SignIn:
        # What cannot be written must not be asked for: the old refresh token may be void afterwards.
        keeping.write(self._folder, found)
        fields = (
            {"grant_type": "refresh_token", "refresh_token": found.refresh_token}
            if found.refresh_token
            else {"grant_type": "client_credentials"}
        )
        granted = ask(found.token_url, self._of, {**fields, "scope": found.scope}, again=again(found))
        renewed = replace(
            found,
            access_token=granted.access_token,
            refresh_token=(granted.refresh_token or found.refresh_token) if found.refresh_token else "",
            since=self._now(),
            lifetime=granted.lifetime,
        )
        keeping.write(self._folder, renewed)
        return renewed


def again(found: SignIn) -> str:
    """The command that makes such a sign-in."""
    return f"newsletter authorize {found.provider}{'' if found.refresh_token else ' --application'}"
