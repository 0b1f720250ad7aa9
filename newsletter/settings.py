"""Environment and `.env` → one frozen Settings; every mistake is a finding with its place and its remedy."""

from __future__ import annotations

import difflib
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, create_model, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from newsletter import redaction
from newsletter import setting_values as values
from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Letterhead
from newsletter.setting_values import MailAddress, ServiceUrl
from newsletter.transports import Kind, TransportSettings, kinds

_IMAP = "imaps://user@host/INBOX (plain imap:// only on this machine)"

_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_CREDENTIALS")


class Settings(BaseSettings, TransportSettings):
    """Everything an operator sets, validated once. Names and defaults are in docs/settings.md."""

    # An empty value is an unset one: container files write NAME=${NAME:-}.
    model_config = SettingsConfigDict(
        env_prefix="NEWSLETTER_", env_ignore_empty=True, frozen=True, populate_by_name=True, extra="forbid"
    )

    subscribers: Path = Path("subscribers.yaml")
    # A secret: it may hold a password.
    database_url: Annotated[SecretStr, BeforeValidator(values.database)] | None = None
    workers: Literal["inline", "queue"] | None = None
    token_keys_file: Path | None = None
    lease: float = Field(default=20.0, ge=2)
    postal_address: str | None = None
    model: str | None = None
    summary_model: str | None = None
    fallback_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.comma_list)] = ()
    model_api_base: ServiceUrl | None = None
    model_prices: Annotated[dict[str, tuple[float, float]], NoDecode, BeforeValidator(values.prices)] = {}
    model_options: Annotated[dict[str, Any], NoDecode, BeforeValidator(values.options)] = {}
    model_timeout: float | None = Field(default=None, gt=0)
    model_parallel: int | None = Field(default=None, ge=1)
    model_window: int | None = Field(default=None, ge=512)
    model_rate: Annotated[tuple[int, int], NoDecode, BeforeValidator(values.rate)] | None = None
    max_cost_usd: float | None = Field(default=None, gt=0)
    prefilter: float | None = Field(default=None, gt=0, lt=1)
    keep_days: int = Field(default=400, ge=60)
    prefilter_loss: float | None = Field(default=None, gt=0, lt=1)
    send_rate: float | None = Field(default=None, gt=0)
    daily_limit: int | None = Field(default=None, ge=1)
    imap_url: Annotated[str, values.mail_server("imap", _IMAP, loopback_only=True)] | None = None
    imap_password: SecretStr | None = None
    authserv_id: str | None = None
    arxiv_api_url: ServiceUrl = "https://export.arxiv.org/api/query"
    arxiv_rss_url: ServiceUrl = "https://rss.arxiv.org/rss"
    arxiv_delay: float = Field(default=3.0, ge=0)
    arxiv_holidays: Annotated[frozenset[date], NoDecode, BeforeValidator(values.dates)] = frozenset()
    log: Literal["text", "json"] = "text"
    admin_email: MailAddress | None = None
    # A secret: whoever knows it can keep the alarm quiet.
    ping_url: Annotated[SecretStr, BeforeValidator(values.service)] | None = None
    host: str = "127.0.0.1"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.comma_list)] = ()
    port: int = Field(default=8080, ge=0, le=65535)

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        if missing := [variable(name) for name in self.kind.needs if not getattr(self, name)]:
            problem = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            raise ValueError(
                f"{problem}; NEWSLETTER_TRANSPORT={self.transport} needs {'it' if len(missing) == 1 else 'them'}"
            )
        if (self.dkim_key_file is None) != (self.dkim_selector is None):
            missing_one = "dkim_selector" if self.dkim_selector is None else "dkim_key_file"
            raise ValueError(f"{variable(missing_one)} is missing; DKIM signing needs both the key and the selector")
        if self.prefilter is not None and self.prefilter_loss is not None:
            raise ValueError("NEWSLETTER_PREFILTER and NEWSLETTER_PREFILTER_LOSS are both set; remove one of them")
        if self.workers == "queue" and self.ledger_file:
            raise ValueError("NEWSLETTER_WORKERS=queue needs a ledger on PostgreSQL; set NEWSLETTER_DATABASE_URL")
        return self

    @property
    def kind(self) -> Kind[Any]:
        """The transport, as it describes itself."""
        return kinds()[self.transport]

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the ledger."""
        return values.revealed(self.database_url) or f"sqlite:///{self.data_dir / 'newsletter.db'}"

    @property
    def ledger_file(self) -> Path | None:
        """The file of the ledger; None for one in memory or on a server."""
        from sqlalchemy.engine import make_url  # which settings alone do not need

        url = make_url(self.database)
        in_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
        return Path(url.database or "") if in_file else None

    @property
    def keys_file(self) -> Path:
        """The keys that sign links; one that is named is never made by us."""
        return self.token_keys_file or self.data_dir / "token-keys"

    @property
    def queued(self) -> bool:
        """Whether workers send what this process plans."""
        return self.workers == "queue" or (self.workers is None and self.on_server)

    @property
    def on_server(self) -> bool:
        """Whether the ledger is on a server, where other machines may use it too."""
        return self.database.startswith("postgresql")

    @property
    def parses_inbound(self) -> bool:
        """Whether emails can be posted to us: the secret of the path is set, and the path can be reached."""
        return self.inbound_secret is not None and self.public_url is not None

    @property
    def shows_metrics(self) -> bool:
        """Whether /metrics is there: not where anybody may ask who can reach this machine."""
        return self.public_url is not None or self.host in values.LOOPBACK

    @property
    def letterhead(self) -> Letterhead:
        """What emails say about their sender. In the outbox, replies are only tried out, so they are promised."""
        sender = self.sender or "Morning arXiv <newsletter@newsletter.invalid>"
        return Letterhead(
            sender=sender,
            reply_to=parseaddr(self.reply_to or sender)[1],
            plus_addressing=self.plus_addressing,
            replies_read=bool(self.kind.folder) or self.imap_url is not None or self.parses_inbound,
            public_url=self.public_url,
            postal_address=self.postal_address,
        )


if not TYPE_CHECKING:  # each transport's own fields: only its own functions read them, under its own type
    _PARTS = [kind.settings for kind in kinds().values() if kind.settings is not TransportSettings]
    _NAME = (Literal[tuple(kinds())], "outbox")
    Settings = create_model("Settings", __base__=(Settings, *_PARTS), __module__=__name__, transport=_NAME)


def load(folder: Path | None = None) -> Settings:
    """Read `.env` beside the subscriber list into the environment (what is set there already wins), then all settings.

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
    redaction.hide(_secrets())
    if any(finding.fatal for finding in findings):
        raise ConfigurationError(findings)
    return settings


def _secrets() -> Iterator[str]:
    """Every value in the environment that may be a secret; other programs' too, since their packages read them."""
    for name, value in os.environ.items():
        if name.endswith(_SECRET_NAMES) or (name in _fields() and is_secret(name)):
            yield value
        if "://" in value:
            yield from _passwords(value)


def _passwords(address: str) -> Iterator[str]:
    """Before the host, or, as PostgreSQL allows, among what is asked for."""
    try:
        parts = urlsplit(address)
        if parts.password:
            yield unquote(parts.password)
        yield from (value for name, value in parse_qsl(parts.query) if name.endswith("password"))
    except ValueError:
        return


def is_secret(name: str) -> bool:
    """Whether the value of this variable must not be shown: passwords and keys, and whatever is not ours."""
    if (field := _fields().get(name)) is None:
        return not name.endswith("_FILE")
    return "SecretStr" in str(Settings.model_fields[field].annotation)


def _load_env_file(env_file: Path) -> Mapping[str, tuple[str, int]]:
    """Set what is in the file but not in the environment; returns the line of each name."""
    if not env_file.is_file():
        return {}
    places: dict[str, tuple[str, int]] = {}
    found: dict[str, str] = {}
    try:
        text = env_file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [Finding(str(env_file), None, f"cannot be read: {error}", "save it as UTF-8")]
        ) from error
    for binding in parse_stream(io.StringIO(text)):
        given = binding.original.string
        line = binding.original.line + given[: len(given) - len(given.lstrip())].count("\n")
        if binding.error or "\0" in given:
            # Without its words: they may be a secret.
            raise ConfigurationError([Finding(str(env_file), line, "this line cannot be read", "write NAME=value")])
        if binding.key and binding.value is not None and binding.key not in os.environ:
            places[binding.key], found[binding.key] = (str(env_file), line), binding.value
    os.environ.update(found)
    return places


def _read_secret_files(places: Mapping[str, tuple[str, int]]) -> list[Finding]:
    """`NAME_FILE=path` stands for NAME, as container platforms hand over secrets."""
    findings = []
    for name, path in list(os.environ.items()):
        secret = name.removesuffix("_FILE")
        ours = secret.endswith("_API_KEY") or secret in _fields()
        if secret == name or not ours or not path or os.environ.get(secret):
            continue
        try:
            os.environ[secret] = Path(path).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            where, line = places.get(name, ("environment", None))
            findings.append(
                Finding(where, line, f"{name}: {path} cannot be read ({_why(error)})", "choose a readable file")
            )
    return findings


def _why(error: OSError | ValueError) -> str:
    """Without the path, which is already there, and without the file's content, which may be secret."""
    return error.strerror or "it cannot be opened" if isinstance(error, OSError) else "it is not UTF-8 text"


def _unknown_names(places: Mapping[str, tuple[str, int]]) -> list[Finding]:
    known = _known_names()
    findings = []
    for name in sorted(os.environ):
        bare = name.removesuffix("_FILE")
        if not name.startswith("NEWSLETTER_") or {name, bare} & {*known}:
            continue
        where, line = places.get(name, ("environment", None))
        near = _nearest(name, known)
        findings.append(
            Finding(where, line, f"unknown setting {name}", f"did you mean {near}?" if near else "remove it")
        )
    return findings


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The setting that was meant; the prefix would make every name look like every other."""
    bare = {one.removeprefix("NEWSLETTER_"): one for one in known}
    near = difflib.get_close_matches(name.removeprefix("NEWSLETTER_"), bare, n=1)
    return bare[near[0]] if near else None


def _known_names() -> tuple[str, ...]:
    return tuple(_fields())


@cache
def _fields() -> Mapping[str, str]:
    """Each variable with its field."""
    return {variable(field): field for field in Settings.model_fields}


def variable(field: str) -> str:
    """The name of the environment variable: the one that a provider's own package reads, or ours."""
    theirs = Settings.model_fields[field].validation_alias
    return theirs if isinstance(theirs, str) else f"NEWSLETTER_{field.upper()}"


def _finding(problem: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> Finding:
    """One of pydantic's errors in our form: `.env:3: NEWSLETTER_PORT: … ; what to do`."""
    path = problem["loc"]
    text = str(problem["msg"]).removeprefix("Value error, ")
    # Pydantic's own words: "Input should be a valid integer, unable to parse string as an integer".
    text = re.sub(r"^Input (should be .*?)(?:, unable .*)?$", r"cannot be used; it \1", text)
    what, _, remedy = text.partition("; ")
    if not path:
        return Finding("settings", None, what, remedy)
    first = str(path[0])
    name = first if first in _fields() else variable(first)
    where, line = places.get(name, ("environment", None))
    return Finding(where, line, f"{name}:{_shown(name, str(problem.get('input')))} {what}", remedy or "change it")


def _shown(name: str, value: str) -> str:
    """The given value, unless it could be a secret."""
    if is_secret(name) or any(word in name for word in ("KEY", "PASSWORD", "SECRET")):
        return ""
    return " " + repr(re.sub(r"(//[^:/@\s]*):.*@", r"\1:…@", value))
