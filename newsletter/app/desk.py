"""Opening the desk: every adapter chosen by the settings, closed again in the end."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parseaddr
from errno import ENOSPC
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from newsletter import __version__, subscribers, unsubscribe
from newsletter.app.alarms import Alarms
from newsletter.app.files import fingerprint, folders, load_prompt, token_keys
from newsletter.collect import ArxivSource
from newsletter.errors import (
    ConfigurationError,
    DataFolderLocked,
    ModelRefused,
    NewsletterError,
    StoreUnavailable,
    StoreUnreadable,
)
from newsletter.llm import LiteLLM
from newsletter.models import ArchiveMode, Finding, Masthead, Message, Roster
from newsletter.pipeline import Desk, Progress, no_progress, restored
from newsletter.ports import Store, Transport
from newsletter.render import Renderer
from newsletter.settings import Settings
from newsletter.store import open_store
from newsletter.store.lock import hold, hold_ledger
from newsletter.transports.outbox import Outbox

log = structlog.get_logger()

_FOLDER, _DATABASE = "NEWSLETTER_DATA_DIR", "NEWSLETTER_DATABASE_URL"


def utc_now() -> datetime:
    """The clock of everything that is not handed another one."""
    return datetime.now(UTC)


def load_roster(settings: Settings) -> Roster:
    """`subscribers.yaml` as values, with what readers set themselves.

    Raises ConfigurationError when nothing of it can be used.
    """
    roster = subscribers.load(settings.subscribers)
    if not has_ledger(settings):
        return roster
    with open_ledger(settings) as store:
        beside = beside_the_file(store)  # first: what is set meanwhile is news to whoever compares
        return replace(unsubscribe.honoured(store, roster), beside=beside)


def beside_the_file(store: Store) -> str:
    """What decides who reads what, besides the file: it changes when any of that does."""
    return f"{__version__} {store.overrides()}"


def has_ledger(settings: Settings) -> bool:
    """Whether there is a ledger already: looking at a roster must not make one."""
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite":
        return True
    try:
        return bool(url.database) and Path(url.database or "").is_file()
    except OSError:  # another user's folder: opening it says so
        return True


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Store]:
    """The ledger alone, for short commands."""
    database = make_url(settings.database).database
    if database and database != ":memory:":
        try:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
            _refuse_emptied(Path(database), settings.data_dir)
        except OSError as error:
            raise _unusable(_DATABASE if settings.database_url else _FOLDER, Path(database).parent, error) from error
    store = open_store(settings.database, settings.data_dir / "backups")
    try:
        yield store
    finally:
        store.close()


@contextmanager
def work_folder(settings: Settings, command: str, *, wait: bool = False) -> Iterator[None]:
    """The locks of the data folder and of the ledger: held by whoever collects or sends."""
    database = make_url(settings.database).database
    locks = [(_FOLDER, settings.data_dir, partial(hold, settings.data_dir, command))]
    if database and database != ":memory:":
        file = Path(database)
        locks.append((_DATABASE, file.parent, partial(hold_ledger, file, command)))
    with ExitStack() as held:
        for name, folder, lock in locks:
            try:
                _take(held, lock, wait=wait)
            except OSError as error:
                raise _unusable(name, folder, error) from error
        with open_ledger(settings) as store:
            restored.settle(store, utc_now())
        yield


def _take(held: ExitStack, lock: Callable[..., AbstractContextManager[None]], *, wait: bool) -> None:
    try:
        held.enter_context(lock())
    except DataFolderLocked as error:
        if not wait:
            raise
        log.info("folder.waiting", reason=str(error))
        held.enter_context(lock(wait=True))


def _refuse_emptied(database: Path, data_dir: Path) -> None:
    """A ledger that lost all its bytes would begin as a new one, and send everybody the newest issue again.

    Keys are made after the ledger: without them an empty file is what a stop left of a first start.
    """
    if database.is_file() and not database.stat().st_size and (data_dir / "token-keys").exists():
        raise StoreUnreadable(str(database), "is empty")


def _unusable(name: str, folder: Path, error: OSError) -> NewsletterError:
    if error.errno == ENOSPC:
        return StoreUnavailable(f"{folder}: {error.strerror}", "free some of the disk")
    problem = f"{folder} cannot be used: {error.strerror or error}"
    return ConfigurationError([Finding(name, None, problem, "name a writable folder")])


@contextmanager
def open_desk(
    settings: Settings,
    roster: Masthead,
    *,
    dry_run: bool = False,
    now: Callable[[], datetime] = utc_now,
    progress: Progress = no_progress,
) -> Iterator[Desk]:
    """Everything a morning needs; its readers are those whom `take_in` put in force.

    Raises ConfigurationError or TemplateError before anything is sent.
    """
    templates = folders("templates", settings.subscribers)
    mode = roster.newsletter.archive
    letterhead = replace(settings.letterhead, archive=mode is not ArchiveMode.NONE, private=mode is ArchiveMode.PRIVATE)
    with open_ledger(settings) as store:
        transport = Outbox(settings.data_dir / "dry-run") if dry_run else _transport(settings)
        alarms = alarms_of(settings, store, transport, now)
        models = _models(settings, store, alarms)
        source = _source(settings, store)
        try:
            yield Desk(
                store=store,
                source=source,
                transport=transport,
                renderer=Renderer(templates, settings.data_dir / "cache"),
                roster=roster,
                letterhead=letterhead,
                keys=token_keys(settings.data_dir),
                score_prompt=load_prompt("score.md", settings.subscribers),
                summary_prompt=load_prompt("summarise.md", settings.subscribers),
                translate_prompt=load_prompt("translate.md", settings.subscribers),
                model=settings.model,
                scorer=models[0],
                summary_model=settings.summary_model or settings.model,
                summariser=models[1],
                fallbacks=settings.fallback_models,
                max_cost_usd=settings.max_cost_usd,
                prefilter=settings.prefilter,
                owner=_owner(),
                send_rate=settings.send_rate,
                salt=f"{fingerprint(templates)} {letterhead!r}",
                now=now,
                progress=progress,
                alarm=alarms,
            )
        finally:
            transport.close()
            source.close()


def _owner() -> str:
    """Whose mails are being sent: no other process, here or elsewhere, has the same name."""
    return f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"


def _source(settings: Settings, store: Store) -> ArxivSource:
    contact = settings.admin_email or settings.sender
    return ArxivSource(
        api_url=settings.arxiv_api_url,
        rss_url=settings.arxiv_rss_url,
        delay=settings.arxiv_delay,
        clock=store,
        contact=parseaddr(contact)[1] if contact else None,
    )


def _models(settings: Settings, store: Store, alarms: Alarms) -> tuple[LiteLLM | None, LiteLLM | None]:
    """The models for scoring and for one-liners, each with the fallbacks behind it."""
    if settings.model is None:
        return None, None

    def chain(first: str) -> LiteLLM:
        names = dict.fromkeys((first, *settings.fallback_models))
        return LiteLLM(
            tuple(names),
            api_base=settings.model_api_base,
            api_base_of=settings.model,
            prices=settings.model_prices,
            recall=store.recall,
            remember=store.remember,
            report=partial(_model_answers, alarms),
        )

    scorer = chain(settings.model)
    if settings.max_cost_usd is not None:
        _refuse_unknown_prices(settings, scorer)
    same = settings.summary_model in (None, settings.model)
    return scorer, scorer if same else chain(settings.summary_model or settings.model)


def _model_answers(alarms: Alarms, model: str, refusal: ModelRefused | None) -> None:
    """Said the same minute: an expired key costs the scores of every morning from now on."""
    if refusal is None:
        alarms.over(f"model {model}")
    else:
        remedy = "renew its key or correct its name; until then a fallback model or the order by words serves"
        alarms.trouble(f"model {model}", str(refusal), remedy)


def alarms_of(settings: Settings, store: Store, transport: Transport, now: Callable[[], datetime]) -> Alarms:
    """Where trouble is told: by this transport, to NEWSLETTER_ADMIN_EMAIL."""
    return Alarms(store=store, transport=transport, letterhead=settings.letterhead, admin=settings.admin_email, now=now)


def used_models(settings: Settings) -> Sequence[str]:
    """Every model that may be asked."""
    named = (settings.model, settings.summary_model, *settings.fallback_models)
    return tuple(dict.fromkeys(name for name in named if name))


def _refuse_unknown_prices(settings: Settings, complete: LiteLLM) -> None:
    unknown = [name for name in used_models(settings) if not complete.price_known(name)]
    remedy = "name it in NEWSLETTER_MODEL_PRICES=model=in/out, dollars per million tokens"
    if unknown:
        problem = "the price of {} is unknown, so the limit could not be kept"
        raise ConfigurationError(
            [Finding("NEWSLETTER_MAX_COST_USD", None, problem.format(name), remedy) for name in unknown]
        )


@contextmanager
def open_transport(settings: Settings) -> Iterator[Transport]:
    """The way mails go out, for one that is not of a morning."""
    transport = _transport(settings)
    try:
        yield transport
    finally:
        transport.close()


def signature(settings: Settings) -> Callable[[Message], bytes] | None:
    """What signs SMTP mail, if anything does. Raises ConfigurationError for a key that cannot."""
    if settings.dkim_key_file is None or settings.dkim_selector is None:
        return None
    from newsletter.transports.smtp.signature import signer

    try:
        return signer(settings.dkim_key_file, settings.dkim_selector)
    except ValueError as error:
        remedy = "make one by `openssl genrsa -out dkim.pem 2048` and publish its public half under the selector"
        raise ConfigurationError([Finding("NEWSLETTER_DKIM_KEY_FILE", None, str(error), remedy)]) from error


def _transport(settings: Settings) -> Transport:
    # The vendors' packages are imported only where they are used.
    if settings.transport == "smtp":
        from newsletter.transports.smtp import Smtp

        password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        return Smtp(settings.smtp_url or "", password, connections=settings.connections, sign=signature(settings))
    if settings.transport == "sendgrid":
        from newsletter.transports.sendgrid import SendGrid

        key = settings.sendgrid_api_key.get_secret_value() if settings.sendgrid_api_key else ""
        return SendGrid(key, settings.sendgrid_url, connections=settings.connections)
    return Outbox(settings.data_dir / "outbox")
