"""The text of one setting becomes a value, or a ValueError `what is wrong; what to write`."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import date
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, SecretStr

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_POSTGRES = "postgresql+psycopg"
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a network, such as 10.0.0.0/24; None for a name."""
    with suppress(ValueError):
        return ip_network(text, strict=False)
    return None


def is_near(host: str) -> bool:
    """Whether data sent to this host stays on this machine or its own network, as far as the name shows."""
    try:
        address = ip_address(host)
    except ValueError:
        return host in LOOPBACK or "." not in host or host.endswith(_PRIVATE_NAMES)
    return address.is_loopback or address.is_private or address.is_link_local


def mail_address(value: str) -> str:
    name, address = parseaddr(value)
    try:
        Address(display_name=name, addr_spec=address)
    except (MessageError, ValueError, IndexError):  # its parser lets all three through
        address = ""
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>\[]+", address) or re.search(r"[\r\n\0]", value):
        raise ValueError("is not an address; write it as Name <name@example.org>")
    return value.strip()


MailAddress = Annotated[str, BeforeValidator(mail_address)]


def own_name(value: str) -> str:
    """A host's name, or an address as SMTP writes it (RFC 5321 section 4.1.3)."""
    if not re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*|\[[0-9A-Fa-f:.IPv]+\]", value):
        raise ValueError("is not a name for a mail server; write mail.example.org or [192.0.2.1]")
    return value


def _parts(value: str) -> SplitResult | None:
    """The parts of an address that names a host, and perhaps a port that is one."""
    try:
        parts = urlsplit(value)
        return parts if parts.hostname and parts.port != 0 and not re.search(r"\s", value) else None
    except ValueError:
        return None


def domain(value: str) -> str:
    """It becomes a part of an address."""
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    if not re.fullmatch(rf"{label}(\.{label})+", value):
        raise ValueError("is not a domain; write it as mg.example.org")
    return value


def path_secret(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{20,200}", value):
        raise ValueError("is not a secret that nobody can guess; use at least 20 of the characters A-Z a-z 0-9 _ -")
    return value


def web_address(value: str) -> str:
    parts = _parts(value)
    loopback = parts is not None and parts.hostname in LOOPBACK
    if parts is None or parts.scheme not in (("http", "https") if loopback else ("https",)):
        raise ValueError("is not a web address; write https://host (plain http:// only on this machine)")
    return value.rstrip("/")


def service(value: str) -> str:
    parts = _parts(value)
    if parts is None or parts.scheme not in ("http", "https"):
        raise ValueError("is not a web address; write https://host/path")
    return value.rstrip("/")


ServiceUrl = Annotated[str, BeforeValidator(service)]


def mail_server(plain: str, form: str, *, loopback_only: bool = False) -> BeforeValidator:
    """Checks URLs of `smtp` or `imap`, with or without TLS; unencrypted ones only for this machine."""

    def check(value: str) -> str:
        parts = _parts(value)
        near = parts is not None and parts.hostname in LOOPBACK
        if parts is None or parts.scheme not in (f"{plain}s", plain)[: 1 if loopback_only and not near else 2]:
            raise ValueError(f"is not an {plain.upper()} address; write {form}")
        if parts.password is not None:
            raise ValueError(
                f"contains a password; write {form.split()[0]} and set NEWSLETTER_{plain.upper()}_PASSWORD"
            )
        if plain == "imap" and not parts.username:
            raise ValueError(f"names no user; write {form}")
        return value

    return BeforeValidator(check)


def revealed(secret: SecretStr | None) -> str | None:
    """What is hidden from logs, for whoever logs in with it."""
    return secret.get_secret_value() if secret else None


def database(value: str) -> str:
    """The ledger's URL, with the driver that we use."""
    if value.startswith("sqlite:///"):
        return value
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", _POSTGRES):
        raise ValueError(
            f"names no supported database; write sqlite:///path/to/newsletter.db or {_POSTGRES}://user@host/name"
        )
    if find_spec("psycopg") is None:
        raise ValueError("needs a driver that is not installed; run pip install 'paperletter[workers]'")
    return f"{_POSTGRES}://{rest}"


def dates(value: object) -> object:
    """Days as arXiv lists them, split at commas and white space."""
    if not isinstance(value, str):
        return value
    try:
        return frozenset(date.fromisoformat(day) for day in re.split(r"[,\s]+", value.strip()) if day)
    except ValueError as error:
        raise ValueError("has a part that is no date; write 2027-12-24,2027-12-28") from error


def comma_list(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def options(value: object) -> object:
    """A JSON object of request parameters, those of one model under its name."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError as error:
        raise ValueError(f'is not JSON ({error}); write {{"temperature": 0}}') from error
    if not isinstance(found, dict):
        raise ValueError('is not a JSON object; write {"temperature": 0}')
    return found


def rate(value: object) -> object:
    """`requests/tokens`, both a minute."""
    if not isinstance(value, str):
        return value
    if not (found := re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,11})", value.strip())):
        raise ValueError("is no rate; write requests/tokens a minute, such as 500/200000")
    return int(found[1]), int(found[2])


def prices(value: object) -> object:
    """`model=in/out, …` in dollars per million tokens."""
    if not isinstance(value, str):
        return value
    prices = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        found = re.fullmatch(r"(?P<model>[^=\s]+)=(?P<into>\d+(?:\.\d+)?)/(?P<out>\d+(?:\.\d+)?)", part)
        if not found:
            raise ValueError(
                f"cannot be read at {part!r}; write model=0.25/2, in dollars per million input and output tokens"
            )
        prices[found["model"]] = (float(found["into"]), float(found["out"]))
    return prices
