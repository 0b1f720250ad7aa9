"""The adapters that the settings name. Each is imported where it is opened: together they take seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import partial
from typing import TYPE_CHECKING

from newsletter import oauth
from newsletter.alarms import Alarms
from newsletter.errors import ConfigurationError, ModelRefused, Refusal
from newsletter.models import Finding, Letterhead, Outcome, Outgoing
from newsletter.ports import Alarm, Hook, Mailbox, Priced, Transport
from newsletter.readers import Counter
from newsletter.replies import probing
from newsletter.setting_values import revealed
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.transports import kinds

if TYPE_CHECKING:
    from newsletter.collect import ArxivSource
    from newsletter.llm import LiteLLM


@dataclass(frozen=True)
class _Notebook:
    """What a transport learns about its server: in the ledger, and told once."""

    store: Store
    alarms: Alarms

    def recall(self, key: str) -> str | None:
        return self.store.recall(key)

    def remember(self, key: str, value: str) -> None:
        self.store.remember(key, value)

    def tell(self, key: str, what: str, remedy: str) -> None:
        self.alarms.notice(key, what, remedy)


def letterhead(settings: Settings, store: Store) -> Letterhead:
    """As it is set; without plus addresses where they were found not to arrive."""
    given = settings.letterhead
    return replace(given, plus_addressing=given.plus_addressing and not probing.is_missing(store, given))


def open_transport(settings: Settings, counter: Counter) -> Transport:
    """The configured one, with what it has learned before."""
    transport: Transport = settings.kind.open(settings)
    settings.kind.keep(transport, _Notebook(counter.store, counter.alarms))
    return transport


def post(settings: Settings, mail: Outgoing) -> Outcome:
    """One email that stands in no queue, over a connection of its own. Raises NewsletterError."""
    from newsletter.delivery import send_now

    with closing(settings.kind.open(settings)) as transport:
        return send_now(transport, mail)


@contextmanager
def open_mailbox(settings: Settings) -> Iterator[Mailbox]:
    """The configured mailbox; call it only if there is one."""
    from newsletter.mailboxes.imap import Imap

    access = oauth.access(settings, settings.data_dir, settings.imap_password)
    password = revealed(settings.imap_password)
    with closing(Imap(settings.imap_url or "", password, authserv_id=settings.authserv_id, access=access)) as mailbox:
        yield mailbox


def hooks(settings: Settings) -> tuple[Hook, ...]:
    """Webhooks of all providers, not only of the current one: events about yesterday's emails may still arrive."""
    return tuple(hook for kind in kinds().values() if kind.hooks for hook in kind.hooks(settings))


def source(settings: Settings, store: Store) -> ArxivSource:
    from newsletter.collect import ArxivSource

    contact = settings.admin_email or settings.sender
    return ArxivSource(
        api_url=settings.arxiv_api_url,
        rss_url=settings.arxiv_rss_url,
        delay=settings.arxiv_delay,
        clock=store,
        contact=parseaddr(contact)[1] if contact else None,
    )


def models(
    settings: Settings, store: Store, alarms: Alarm, patience: float | None = None
) -> tuple[Priced | None, Priced | None]:
    """The models for scoring and for one-liners, each with the fallbacks behind it.

    `patience`: seconds without an answer for which a model is waited for; without it, a few tries.
    """
    if settings.model is None:
        return None, None

    from newsletter.llm import LiteLLM

    def chain(first: str) -> LiteLLM:
        names = dict.fromkeys((first, *settings.fallback_models))
        return LiteLLM(
            tuple(names),
            api_base=settings.model_api_base,
            api_base_of=settings.model,
            prices=settings.model_prices,
            options=settings.model_options,
            timeout=settings.model_timeout,
            parallel=settings.model_parallel,
            window=settings.model_window,
            tries=4 if patience is None else None,
            patience=180.0 if patience is None else patience,
            recall=store.recall,
            remember=store.remember,
            report=partial(_model_answers, alarms),
        )

    scorer = chain(settings.model)
    if settings.max_cost_usd is not None:
        _refuse_unknown_prices(settings, scorer)
    same = settings.summary_model in (None, settings.model)
    first, second = scorer, scorer if same else chain(settings.summary_model or settings.model)
    if settings.model_rate is None:
        return first, second

    from newsletter.pipeline.rate import Rated

    return Rated(first, store, settings.model_rate), Rated(second, store, settings.model_rate)


_REMEDIES = {
    Refusal.KEY: "get a new key",
    Refusal.MONEY: "add credit at the provider, or raise its spending limit",
    Refusal.NAME: "correct its name; `newsletter check --online` tries it",
    Refusal.ACCOUNT: "check the account's permissions and settings at the provider",
}


def _model_answers(alarms: Alarm, model: str, refusal: ModelRefused | None) -> None:
    """Report it at once: with an expired key, no paper is scored from now on."""
    if refusal is None:
        alarms.over(f"model {model}")
    else:
        remedy = f"{_REMEDIES[refusal.reason]}; meanwhile, a fallback model is used or papers are ordered by word match"
        alarms.trouble(f"model {model}", str(refusal), remedy)


def used_models(settings: Settings) -> Sequence[str]:
    """Every model that may be asked."""
    named = (settings.model, settings.summary_model, *settings.fallback_models)
    return tuple(dict.fromkeys(name for name in named if name))


def _refuse_unknown_prices(settings: Settings, complete: LiteLLM) -> None:
    unknown = [name for name in used_models(settings) if not complete.price_known(name)]
    remedy = "set NEWSLETTER_MODEL_PRICES=model=in/out, in dollars per million tokens"
    if unknown:
        problem = "the price of {} is unknown, so the cost limit cannot be enforced"
        raise ConfigurationError(
            [Finding("NEWSLETTER_MAX_COST_USD", None, problem.format(name), remedy) for name in unknown]
        )
