"""The hosts that we answer for: nothing that a stranger writes into Host becomes an address of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.setting_values import LOOPBACK

_REFUSED = PlainTextResponse("no such host here", 421)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The settings that say who may request what."""

    trusted: tuple[str, ...] = ()  # names under which proxies ask for us
    metrics: bool = True  # whether /metrics is there


class OwnHost:
    """Refuses other hosts, and keeps redirects at the public address."""

    def __init__(self, inner: ASGIApp, public_url: str | None, trusted: Iterable[str]) -> None:
        self._inner, self._public_url = inner, public_url
        public = urlsplit(public_url or "")
        self._below = public.path.rstrip("/")
        self._known = frozenset(filter(None, (*LOOPBACK, public.hostname, *(name.lower() for name in trusted))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_own_address(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers and urlsplit(headers["location"]).hostname in (None, *self._known):
                    headers["location"] = self._own(headers["location"])
            await send(message)

        if _host(scope) in self._known:
            await self._inner(self._without_path(scope), receive, with_own_address)
        else:
            await _REFUSED(scope, receive, send)

    def _without_path(self, scope: Scope) -> Scope:
        """Without the public address's own path: some proxies take it off, others pass it on."""
        if not self._below or not scope["path"].startswith(f"{self._below}/"):
            return scope
        path = scope["path"][len(self._below) :]
        return {**scope, "path": path, "raw_path": quote(path).encode()}

    def _own(self, location: str) -> str:
        """An absolute redirect, made from what was asked for, at the public address; without one, a path."""
        parts = urlsplit(location)
        if not parts.netloc:
            return location
        path = parts._replace(scheme="", netloc="", path=f"/{parts.path.lstrip('/')}").geturl()
        return f"{self._public_url or ''}{path}"


def _host(scope: Scope) -> str | None:
    """The one name in Host, without its port."""
    given = Headers(scope=scope).getlist("host")
    if len(given) != 1 or any(mark in given[0] for mark in "/@\\?# "):
        return None
    try:
        return urlsplit(f"//{given[0]}").hostname
    except ValueError:
        return None
