"""Transports, one module or package each; its `KIND` says everything that the rest of the program asks.

outbox    writes files
smtp      any mail server
sendgrid  one provider, by its package and its webhooks

A new module is found by being here. Describing a transport is cheap: what sends is imported when it is opened.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, SecretStr

from newsletter.models import Finding
from newsletter.oauth import Access, OAuthSettings
from newsletter.ports import Hook, Notebook, Transport
from newsletter.setting_values import MailAddress, path_secret, web_address

Say = Callable[[str], None]  # hears a line of what works


class TransportSettings(OAuthSettings):
    """What several transports read; each adds its own in a class of its own."""

    transport: str = "outbox"
    data_dir: Path = Path("var")
    sender: MailAddress | None = None
    reply_to: MailAddress | None = None
    plus_addressing: bool = True
    public_url: Annotated[str, BeforeValidator(web_address)] | None = None
    connections: int = Field(default=8, ge=1, le=100)
    dkim_key_file: Path | None = None
    dkim_selector: str | None = None
    inbound_secret: Annotated[SecretStr, BeforeValidator(path_secret)] | None = None


S = TypeVar("S", bound=TransportSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What `newsletter init` asks for one setting."""

    setting: str
    text: str
    form: str = ""  # of an answer
    example: str = ""  # for `.env`, where there is no answer


def _nothing(*_: object) -> tuple[()]:
    return ()


def _nobody(_: object) -> str:
    return ""


def _no_access(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """One transport: its settings, and how it is opened, checked and how it reports events."""

    name: str
    settings: type[S]
    open: Callable[[S], Transport]
    keep: Callable[[Any, Notebook], object] = _nothing  # gives an opened one the place for what it learns
    needs: tuple[str, ...] = ()  # the settings without which it cannot send
    carrier: Callable[[S], str] = _nobody  # through whom emails go, by name, as readers are told
    folder: str = ""  # of the data folder, in which its emails stay; empty: they leave this machine
    questions: tuple[Question, ...] = ()
    access: Callable[[S], Access | None] = _no_access  # the sign-in that it uses instead of a password
    findings: Callable[[S], Iterable[Finding]] = _nothing  # without asking anybody
    try_online: Callable[[S, Say], Iterable[Finding]] = _nothing  # a login without an email
    hooks: Callable[[S], tuple[Hook, ...]] | None = None  # open or not, whichever transport is in use
    hook_key: str = ""  # the setting that opens the hook of its events


@cache
def kinds() -> Mapping[str, Kind[Any]]:
    """Every transport by its name: those that need no provider first."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    found: Iterable[Kind[Any]] = (import_module(f"{__name__}.{name}").KIND for name in names)
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.hooks is not None, kind.name))}
