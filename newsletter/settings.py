"""Environment and `.env` → one frozen Settings; every mistake is a finding with its place and its remedy."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Letterhead

# Settings of the design that no part of this version reads. Naming them is honest; ignoring them is not.
NOT_YET = (
    "NEWSLETTER_DKIM_KEY_FILE",
    "NEWSLETTER_DKIM_SELECTOR",
    "NEWSLETTER_SENDGRID_WEBHOOK_KEY",
    "NEWSLETTER_INBOUND_SECRET",
    "NEWSLETTER_IMAP_URL",
    "NEWSLETTER_IMAP_PASSWORD",
    "NEWSLETTER_AUTHSERV_ID",
    "NEWSLETTER_SEND_RATE",
    "NEWSLETTER_CONNECTIONS",
    "NEWSLETTER_PING_URL",
)


def _address(value: str) -> str:
    name, address = parseaddr(value)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or re.search(r"[\r\n\0]", value):
        raise ValueError("is not an address; write it as Name <name@example.org>")
    Address(display_name=name, addr_spec=address)
    return value.strip()


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.scheme not in (("http", "https") if loopback else ("https",)):
        raise ValueError("is not a web address; write https://host (plain http:// only on this machine)")
    return value.rstrip("/")


def _service(value: str) -> str:
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
        raise ValueError("is not a web address; write https://host/path")
    return value.rstrip("/")


def _smtp(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is not an SMTP address; write smtp://user@host:587 or smtps://user@host")
    return value


def _database(value: str) -> str:
    if not value.startswith("sqlite:///"):
        raise ValueError("is not supported by this version; write sqlite:///path/to/newsletter.db")
    return value


def _list(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _prices(value: object) -> object:
    """`model=in/out, …` in dollars per million tokens."""
    if not isinstance(value, str):
        return value
    prices = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        found = re.fullmatch(r"(?P<model>[^=\s]+)=(?P<into>\d+(?:\.\d+)?)/(?P<out>\d+(?:\.\d+)?)", part)
        if not found:
            raise ValueError(f"cannot read {part!r}; write model=0.25/2, dollars per million tokens in and out")
        prices[found["model"]] = (float(found["into"]), float(found["out"]))
    return prices


MailAddress = Annotated[str, BeforeValidator(_address)]
ServiceUrl = Annotated[str, BeforeValidator(_service)]


class Settings(BaseSettings):
    """Everything an operator sets, validated once. Names and defaults: the README's table."""

    model_config = SettingsConfigDict(env_prefix="NEWSLETTER_", frozen=True, populate_by_name=True, extra="forbid")

    subscribers: Path = Path("subscribers.yaml")
    data_dir: Path = Path("var")
    database_url: Annotated[str, BeforeValidator(_database)] | None = None
    public_url: Annotated[str, BeforeValidator(_web_address)] | None = None
    sender: MailAddress | None = None
    reply_to: MailAddress | None = None
    plus_addressing: bool = True
    postal_address: str | None = None
    model: str | None = None
    summary_model: str | None = None
    fallback_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = ()
    model_api_base: ServiceUrl | None = None
    model_prices: Annotated[dict[str, tuple[float, float]], NoDecode, BeforeValidator(_prices)] = {}
    max_cost_usd: float | None = Field(default=None, gt=0)
    transport: Literal["outbox", "smtp", "sendgrid"] = "outbox"
    smtp_url: Annotated[str, BeforeValidator(_smtp)] | None = None
    smtp_password: SecretStr | None = None
    sendgrid_api_key: SecretStr | None = Field(default=None, validation_alias="SENDGRID_API_KEY")
    sendgrid_url: ServiceUrl = "https://api.sendgrid.com"
    arxiv_api_url: ServiceUrl = "https://export.arxiv.org/api/query"
    arxiv_rss_url: ServiceUrl = "https://rss.arxiv.org/rss"
    arxiv_delay: float = Field(default=3.0, ge=0)
    admin_email: MailAddress | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        needs = {"smtp": ("sender", "smtp_url"), "sendgrid": ("sender", "sendgrid_api_key")}
        for name in needs.get(self.transport, ()):
            if not getattr(self, name):
                raise ValueError(f"{_variable(name)} is missing; NEWSLETTER_TRANSPORT={self.transport} needs it")
        return self

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the ledger."""
        return self.database_url or f"sqlite:///{self.data_dir / 'newsletter.db'}"

    @property
    def letterhead(self) -> Letterhead:
        """What mails say about their sender. The outbox is where replies are tried, so there they are promised."""
        sender = self.sender or "Morning arXiv <newsletter@newsletter.invalid>"
        return Letterhead(
            sender=sender,
            reply_to=parseaddr(self.reply_to or sender)[1],
            plus_addressing=self.plus_addressing,
            replies_read=self.transport == "outbox",
            public_url=self.public_url,
            postal_address=self.postal_address,
        )


def load(folder: Path | None = None) -> Settings:
    """Read `.env` beside the roster into the environment (what is set there already wins), then all settings.

    Raises ConfigurationError with one finding for each mistake.
    """
    roster = Path(os.environ.get("NEWSLETTER_SUBSCRIBERS", "subscribers.yaml"))
    env_file = (folder or roster.parent) / ".env"
    places = _load_env_file(env_file)
    findings = _read_secret_files(places) + _unknown_names(places)
    try:
        settings = Settings()
    except ValidationError as error:
        findings += [_finding(dict(problem), places) for problem in error.errors()]
    if any(finding.fatal for finding in findings):
        raise ConfigurationError(findings)
    return settings


def warnings() -> list[Finding]:
    """Settings that are set and that this version does not read."""
    remedy = "remove it; this version does without"
    return [
        Finding(name, None, "is not read by this version", remedy, fatal=False)
        for name in NOT_YET
        if name in os.environ
    ]


def _load_env_file(env_file: Path) -> Mapping[str, tuple[str, int]]:
    """Set what the file says and the environment does not; where each name stands."""
    if not env_file.is_file():
        return {}
    places: dict[str, tuple[str, int]] = {}
    try:
        with env_file.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                line = binding.original.line + len(binding.original.string) - len(binding.original.string.lstrip("\n"))
                if binding.error:
                    problem = f"cannot read {binding.original.string.strip()!r}"
                    raise ConfigurationError([Finding(str(env_file), line, problem, "write NAME=value")])
                if binding.key and binding.key not in os.environ:
                    places[binding.key] = (str(env_file), line)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [Finding(str(env_file), None, f"cannot be read: {error}", "save it as UTF-8")]
        ) from error
    for name, value in dotenv_values(env_file, interpolate=False).items():
        if value is not None:
            os.environ.setdefault(name, value)
    return places


def _read_secret_files(places: Mapping[str, tuple[str, int]]) -> list[Finding]:
    """`NAME_FILE=path` stands for NAME, as container platforms hand over secrets."""
    findings = []
    for name, path in list(os.environ.items()):
        secret = name.removesuffix("_FILE")
        ours = secret.endswith("_API_KEY") or secret in _known_names()
        if secret == name or name in NOT_YET or not ours or secret in os.environ:
            continue
        try:
            os.environ[secret] = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            where, line = places.get(name, (name, None))
            findings.append(Finding(where, line, f"{name}: {path} cannot be read ({error})", "name a readable file"))
    return findings


def _unknown_names(places: Mapping[str, tuple[str, int]]) -> list[Finding]:
    known = _known_names()
    findings = []
    for name in sorted(os.environ):
        bare = name.removesuffix("_FILE")
        if not name.startswith("NEWSLETTER_") or name in known or bare in known or name in NOT_YET:
            continue
        if name == "NEWSLETTER_REAL_DATA":  # the tests' own
            continue
        near = difflib.get_close_matches(name, known, n=1)
        where, line = places.get(name, ("environment", None))
        findings.append(
            Finding(where, line, f"unknown setting {name}", f"did you mean {near[0]}?" if near else "remove it")
        )
    return findings


def _known_names() -> tuple[str, ...]:
    return tuple(_variable(field) for field in Settings.model_fields)


def _variable(field: str) -> str:
    return "SENDGRID_API_KEY" if field == "sendgrid_api_key" else f"NEWSLETTER_{field.upper()}"


def _finding(problem: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> Finding:
    """One of pydantic's errors in our form: `.env:3: NEWSLETTER_PORT: … ; what to do`."""
    path = problem["loc"]
    text = str(problem["msg"]).removeprefix("Value error, ")
    what, _, remedy = text.partition("; ")
    if not path:
        return Finding("settings", None, what, remedy or "set it in the environment or in .env")
    first = str(path[0])
    name = first if first.startswith(("NEWSLETTER_", "SENDGRID_")) else _variable(first)
    where, line = places.get(name, ("environment", None))
    given = "" if "KEY" in name or "PASSWORD" in name else f" {str(problem.get('input'))!r}"
    return Finding(where, line, f"{name}:{given} {what[0].lower()}{what[1:]}", remedy or "change it")
