"""All errors of the project, one tree.

NewsletterError
├── ConfigurationError      a finding stops the command
├── ArxivError
│   ├── ArxivUnavailable    down, 429, 5xx, silent, cut answer
│   │   └── ArxivUnreachable  no connection at all: as a rule our own network
│   └── ArxivRefused        400, 403, an error entry
├── ModelError
│   ├── ModelUnavailable    time-out, 429, 5xx
│   ├── ModelRefused        401, 402, 403, unknown model
│   ├── ModelUnreadable     it answers, but never what was asked
│   ├── RequestRefused      this request's content
│   │   └── RequestTooLong  this request's length
│   └── BudgetReached       NEWSLETTER_MAX_COST_USD is spent
├── NoModelServes           the first issue would be sent without a model
├── TransportError
│   ├── TransportUnavailable  down, throttling
│   └── TransportRefused    the whole transport says no (401, TLS)
├── AuthorizationError
│   ├── AuthorizationUnavailable  the provider that gives tokens is down
│   └── AuthorizationRefused      it gives none until someone signs in anew
├── MailboxUnavailable      down, silent, refuses the login
├── MailUnread              one email crashes the process that reads it
├── ArchiveUnwritable       its folder is full or read-only
├── TemplateError           a template or prompt does not compile
└── StoreError
    ├── DataFolderLocked    another process works here
    ├── StoreUnavailable    disk full, read-only, locked
    └── StoreUnreadable     not our database, or a damaged one
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from newsletter.models import Finding
from newsletter.redaction import redacted

_LONGEST_PLACE = 100


class NewsletterError(Exception):
    """The root: its text is meant for an operator, without a traceback or secrets."""

    def __init__(self, text: str = "") -> None:
        super().__init__(redacted(text))


class ConfigurationError(NewsletterError):
    """The configuration cannot work; carries every finding, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in findings))


class ArxivError(NewsletterError):
    """arXiv was asked and did not give a complete answer."""

    def __init__(self, url: str, problem: str, retry_after: float | None = None) -> None:
        self.url, self.problem, self.retry_after = url, redacted(problem), retry_after
        super().__init__(self._said(problem, urlsplit(url)))

    def _said(self, problem: str, place: SplitResult) -> str:
        """Without the query, which is longer than all else and tells an operator nothing."""
        where = f"{place.scheme}://{place.netloc}{place.path}" if place.netloc else ""
        return f"arXiv: {problem}{f' ({where[:_LONGEST_PLACE]})' if where else ''}"


class ArxivUnavailable(ArxivError):
    """arXiv is down, throttles us, or cut its answer short; asking later may help."""


class ArxivUnreachable(ArxivUnavailable):
    """There was no connection: a name that cannot be looked up, a refused port, a certificate that is not trusted."""

    def _said(self, problem: str, place: SplitResult) -> str:
        return f"arXiv cannot be reached at {place.hostname or 'its address'}: {problem}"


class ArxivRefused(ArxivError):
    """Retrying would not help, or is not allowed."""

    def __init__(self, url: str, problem: str, *, of_query: bool = False) -> None:
        self.of_query = of_query  # our query is wrong, not our asking: other addresses may be asked
        super().__init__(url, problem)


class ModelError(NewsletterError):
    """A model was asked and gave nothing usable."""

    def __init__(self, model: str, problem: str, retry_after: float | None = None) -> None:
        self.model, self.problem, self.retry_after = model, redacted(problem), retry_after
        super().__init__(f"model {model}: {problem}")


class ModelUnavailable(ModelError):
    """The model did not answer in time, or its server is in trouble."""

    def __init__(self, model: str, problem: str, retry_after: float | None = None, *, throttled: bool = False) -> None:
        self.throttled = throttled  # it answers, and asks for patience
        super().__init__(model, problem, retry_after)


class Refusal(StrEnum):
    """Why a model refuses every request of this account; each reason has its own remedy."""

    KEY = "key"
    MONEY = "money"
    NAME = "name"
    ACCOUNT = "account"


class ModelRefused(ModelError):
    """The key, the account or the model's name is wrong: the next request would be refused too."""

    def __init__(self, model: str, problem: str, *, reason: Refusal = Refusal.KEY) -> None:
        self.reason = reason
        super().__init__(model, problem)


class ModelUnreadable(ModelError):
    """The model answers, but the answer cannot be read in any form that we asked for."""


class RequestRefused(ModelError):
    """This request is refused for its content; others may pass."""

    def __init__(self, model: str, problem: str, *, certain: bool = True) -> None:
        self.certain = certain  # not certain: refused in every form, without a word about its content
        super().__init__(model, problem)


class RequestTooLong(RequestRefused):
    """This request is longer than the model takes; a part of it may pass."""

    def __init__(self, model: str, problem: str, limit: int | None = None) -> None:
        self.limit = limit  # tokens, where the provider says so
        super().__init__(model, problem)


class BudgetReached(ModelError):
    """The next call could pass the limit, or its price is unknown while a limit is set."""


class NoModelServes(NewsletterError):
    """The model refuses us or cannot be reached before anything was ever sent: probably a wrong setting."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}. Nothing was sent and nothing is lost: fix it and run again, or send this first issue by "
            "word match with `newsletter run --without-model`"
        )


class TransportError(NewsletterError):
    """Nobody can be served; no single email is to blame."""

    def __init__(self, transport: str, problem: str, retry_after: float | None = None) -> None:
        self.transport, self.problem, self.retry_after = transport, redacted(problem), retry_after
        super().__init__(f"{transport}: {problem}")


class TransportUnavailable(TransportError):
    """The server is down or throttles us; the emails wait."""


class TransportRefused(TransportError):
    """The transport refuses every email: sending stops, and the administrator should know."""


class AuthorizationError(NewsletterError):
    """No token can be had, so nobody can log in."""

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        self.problem, self.remedy = redacted(f"OAuth: {place}: {problem}"), remedy
        super().__init__(f"{self.problem}; {remedy}" if remedy else self.problem)


class AuthorizationUnavailable(AuthorizationError):
    """Asking later may help."""


class AuthorizationRefused(AuthorizationError):
    """A person has to act, as the remedy says."""


class MailboxUnavailable(NewsletterError):
    """The mailbox could not be read now; the next poll reads what is in it."""

    def __init__(self, mailbox: str, problem: str, *, lasting: bool = False) -> None:
        self.lasting = lasting  # it does not pass by itself
        self.mailbox, self.problem = mailbox, redacted(problem)
        super().__init__(f"mailbox {mailbox}: {problem}; the next poll tries again")


class MailUnread(NewsletterError):
    """An email could not be read: it took too much time or memory, or broke what reads it."""


class TemplateError(NewsletterError):
    """A template or prompt file does not compile."""

    def __init__(self, file: str, line: int | None, problem: str) -> None:
        self.file, self.line, self.problem = file, line, problem
        super().__init__(f"{file}:{line}: {problem}" if line else f"{file}: {problem}")


class ArchiveUnwritable(NewsletterError):
    """Pages could not be written; emails go out anyway, and the next run writes what is missing."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(f"{folder}: {problem}; free some space or make it writable, then run `newsletter archive`")


class StoreError(NewsletterError):
    """The state could not be read or written."""


class DataFolderLocked(StoreError):
    """Another process works here."""

    def __init__(self, folder: str, holder: str) -> None:
        self.folder, self.holder = folder, holder
        super().__init__(f"{folder} is in use by {holder}; wait for it to finish or stop it")


class StoreUnavailable(StoreError):
    """The ledger cannot be written or read now; nothing is sent that could not be recorded."""

    def __init__(self, problem: str, remedy: str = "free some disk space or wait") -> None:
        super().__init__(f"the ledger: {problem}; {remedy}, then run again: nothing was lost")


class StoreContended(StoreUnavailable):
    """Another process changed the same rows: what was begun is undone, and can be done again."""


class StoreUnreadable(StoreError):
    """Not our database, or a damaged one."""

    def __init__(
        self, place: str, problem: str, remedy: str = "restore a backup, or set NEWSLETTER_DATA_DIR to an empty folder"
    ) -> None:
        super().__init__(f"{place}: {problem}; {remedy}")
