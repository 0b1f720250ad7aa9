"""The edges as protocols. Adapters speak these words; vendor names stop behind them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from newsletter.errors import TransportError
from newsletter.models import (
    Answer,
    Bill,
    Bounce,
    Claim,
    Completion,
    Delivery,
    DeliveryState,
    DomainPause,
    Enrolled,
    Figures,
    Hours,
    Incoming,
    Issue,
    Outgoing,
    Paper,
    Preference,
    PrintedPaper,
    Prompt,
    Ranked,
    Reader,
    Rendered,
    Score,
    Subscriber,
    SubscriberState,
    Trouble,
    Usage,
    Wishes,
)


class Complete(Protocol):
    """Ask a model. Raises ModelError; retrying is done in here and nowhere else."""

    async def __call__(self, prompt: Prompt) -> Completion: ...


class Priced(Complete, Protocol):
    """A model whose price can be told before it is asked."""

    def price(self) -> tuple[float, float] | None:
        """Dollars per million prompt and completion tokens, the dearest that may answer; None: unknown."""
        ...


class Transport(Protocol):
    """Hands mails to the next system, several at once. Who sends calls `exchange` until every mail is answered."""

    @property
    def name(self) -> str: ...

    @property
    def room(self) -> int:
        """How many mails it takes now; 0 while it is in trouble."""
        ...

    @property
    def trouble(self) -> TransportError | None:
        """Why nobody can be served at present."""
        ...

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        """Take all of these, at most `room`, and say what is known of them and of earlier ones after `wait` seconds.

        The call says that the answers of the last one are recorded: a connection begins no other body before that.
        Never raises for a mail or a server.
        """
        ...

    def close(self) -> None:
        """End the connections; a later mail opens new ones."""
        ...


class Mailbox(Protocol):
    """Where replies and reports lie. Both calls raise MailboxUnavailable, and the next poll tries again."""

    @property
    def name(self) -> str: ...

    def waiting(self, known: Callable[[Iterable[str]], Container[str]]) -> Iterator[Incoming]:
        """The mails whose keys `known` does not name, oldest first; looking changes nothing about them."""
        ...

    def put_away(self, mail: Incoming) -> None:
        """Move a handled mail out of its owner's sight, without deleting it."""
        ...

    def close(self) -> None: ...


class PaperStore(Protocol):
    """What arXiv announced, each paper under its first issue."""

    def known(self, ids: Iterable[str]) -> Mapping[str, date | None]:
        """The ids that the ledger holds, with their issue (None: older than our first)."""
        ...

    def watched(self) -> Mapping[str, date]:
        """Each category with the first issue that was collected for it."""
        ...

    def save_collection(self, issue: Issue, new: Sequence[Paper], seen: Sequence[Paper], asked: Iterable[str]) -> None:
        """Record a collected issue: its papers, the older ones as seen, the asked categories. One transaction."""
        ...

    def replace_papers(self, papers: Sequence[Paper]) -> None:
        """Better metadata for papers that the ledger holds; their issue stays."""
        ...

    def last_request(self) -> float:
        """When arXiv was last asked, seconds since 1970; 0 when never."""
        ...

    def mark_request(self, moment: float) -> None: ...

    def save_issue(self, issue: Issue) -> None: ...

    def issue(self, day: date) -> Issue | None: ...

    def issues(self, limit: int = 50) -> Sequence[Issue]:
        """Newest first, with usage summed over their model calls."""
        ...

    def papers(self, day: date) -> Sequence[Paper]: ...

    def paper(self, arxiv_id: str) -> tuple[Paper, date | None] | None: ...


class JudgementStore(Protocol):
    """What models answered; an answer is stored with its cost and never asked for again.

    `model` is the one that answered; where several may have, the first named is preferred.
    """

    def scores(
        self, topic_hash: str, prompt_hash: str, models: Sequence[str], papers: Iterable[Paper]
    ) -> Mapping[str, Score]: ...

    def earlier_scores(
        self, topic_hash: str, before: date, limit: int
    ) -> Sequence[tuple[date, Paper, Score, str, str]]:
        """Issue, paper, score, prompt hash and model of what was scored for issues before `before`, newest first."""
        ...

    def ranks(self, topic_hash: str, papers: Iterable[Paper]) -> Mapping[str, Ranked]:
        """By arXiv id: the place of each paper in the order without a model."""
        ...

    def save_ranks(self, topic_hash: str, ranked: Mapping[Paper, Ranked]) -> None: ...

    def save_scores(
        self, day: date, topic_hash: str, prompt_hash: str, model: str, scored: Mapping[Paper, Score], usage: Usage
    ) -> None: ...

    def lines(
        self, languages: Iterable[str], prompt_hash: str, models: Sequence[str], papers: Iterable[Paper]
    ) -> Mapping[tuple[str, str], str | None]:
        """By (arXiv id, language): the line, or None where it failed its check."""
        ...

    def reasons(
        self, topic_hashes: Iterable[str], prompt_hash: str, models: Sequence[str], papers: Iterable[Paper]
    ) -> Mapping[tuple[str, str], str | None]:
        """By (arXiv id, topic hash), as in `lines`."""
        ...

    def save_summary(
        self,
        day: date,
        paper: Paper,
        prompt_hash: str,
        model: str,
        lines: Mapping[str, str | None],
        reasons: Mapping[str, str | None],
        usage: Usage,
        stage: str = "summaries",
    ) -> None: ...

    def bills(self, day: date) -> Sequence[Bill]:
        """What an issue used, by stage and model."""
        ...

    def note_topics(self, hashes: Mapping[str, str], now: datetime) -> None:
        """Note the hash of each topic's text by its key, with the time where it is new."""
        ...

    def topic_hashes(self, key: str) -> Sequence[tuple[str, datetime]]:
        """Every text that this topic has had, with the time when it was first noted, newest first."""
        ...


class ReaderStore(Protocol):
    """Who reads, and who has left. The ledger decides, not the file."""

    def enrol(self, emails: Iterable[str], now: datetime) -> Mapping[str, Subscriber]:
        """The subscribers of these addresses by lower-case address; unknown ones are added as active."""
        ...

    def subscriber(self, who: str | int) -> Subscriber | None:
        """By address (any case) or id."""
        ...

    def subscribers(self) -> Sequence[Subscriber]: ...

    def subscribers_of(self, emails: Iterable[str]) -> Mapping[str, Subscriber]:
        """Those of these addresses that the ledger knows, by lower-case address; nobody is added."""
        ...

    def set_subscriber(self, subscriber_id: int, state: SubscriberState, why: str | None, now: datetime) -> None: ...

    def set_pause(self, subscriber_id: int, until: date | None, in_file: date | None, now: datetime) -> None:
        """Pause until a day, or end it with None; of somebody who has left it changes nothing."""
        ...

    def set_preferences(self, preferences: Iterable[Preference]) -> None:
        """Keep these, each in place of what was kept under its reader and key."""
        ...

    def preferences(self) -> Sequence[Preference]:
        """Everything that readers set and nobody has edited since, as far as it was noticed."""
        ...

    def drop_preferences(self, preferences: Iterable[Preference]) -> None:
        """Forget these, unless they were set anew meanwhile."""
        ...

    def end_pauses(self, now: datetime) -> None:
        """Who paused until today, or until a day before, gets mail again."""
        ...

    def add_bounce(self, subscriber_id: int, added: Bounce) -> Sequence[Bounce]:
        """Record a bounce, once by its key; all of this reader, oldest first."""
        ...

    def claim_answer(self, subscriber_id: int, now: datetime, quiet: timedelta) -> bool:
        """Whether this reader may be answered now; then it is recorded, and false for as long as `quiet`."""
        ...

    def release_answer(self, subscriber_id: int) -> None:
        """The answer was certainly not sent."""
        ...

    def forget(self, subscriber_id: int, fingerprint: str, now: datetime) -> None:
        """Erase a subscriber with all their mails; only the fingerprint stays."""
        ...

    def forgotten(self) -> frozenset[str]:
        """The fingerprints of all who were forgotten."""
        ...

    def overrides(self) -> str:
        """Another text whenever somebody was forgotten or taken back, or set a preference."""
        ...

    def remember_again(self, fingerprints: Iterable[str]) -> None:
        """Take these fingerprints out."""
        ...

    def handled(self, source: str, external_ids: Iterable[str]) -> Mapping[str, str]:
        """Those of the inbound messages that are recorded, with what was done."""
        ...

    def record(self, source: str, actions: Mapping[str, str], now: datetime) -> None:
        """Record many inbound messages, with what was done, in one transaction."""
        ...

    def first_time(self, source: str, external_id: str, action: str, now: datetime) -> bool:
        """Record an inbound message; False when it was recorded before."""
        ...


class RosterStore(Protocol):
    """The roster in force, as rows: a million readers are never in memory at once."""

    def replace_roster(self, entries: Iterable[tuple[int, Reader]]) -> None:
        """Put the roster of these subscriber ids and entries in force, taking them in chunks.

        Who is not among them is no longer in the roster. A stop in between leaves the readers of both rosters in
        force, until the next call. Readers whom no file brought stay as they are.
        """
        ...

    def change_reader(self, subscriber_id: int, changed: Reader, preferences: Sequence[Preference]) -> None:
        """Keep these preferences and make the reader's row say what `changed` says, all but the address, at once."""
        ...

    def reader(self, subscriber_id: int) -> Reader | None:
        """A reader in force, also one who gets no mail at present."""
        ...

    def reader_languages(self) -> tuple[str, ...]:
        """Every language that a reader in force asks for."""
        ...

    def hours(self) -> Mapping[int, Hours]:
        """The different hours of the readers who get mail, by an id."""
        ...

    def wishes(self) -> Sequence[Wishes]:
        """The different wishes of the readers who get mail."""
        ...

    def pages(
        self,
        hours_id: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        lacking: date | None = None,
        only: str | None = None,
        oldest: date | None = None,
    ) -> Iterator[Sequence[Enrolled]]:
        """The readers of these hours who get mail, page by page, those with equal wishes together.

        `since`, `until`: who was a reader by then and has had no mail in between; `lacking`: who has not had this
        issue; `only`: this address; `oldest`: issues before it do not count as the last that a reader has had.
        """
        ...


class DeliveryStore(Protocol):
    """Each mail from plan to outcome."""

    def save_edition(self, rendered: Rendered) -> None:
        """Keep the first version: mails may have been sent from it."""
        ...

    def edition(self, key: str) -> Rendered | None: ...

    def papers_of(self, message_id: str) -> tuple[PrintedPaper, ...]:
        """The papers that the mail of this Message-ID showed, in printed order; none where nobody can tell."""
        ...

    def sent_to(self, subscriber_id: int, limit: int = 5) -> Sequence[Rendered]:
        """The editions of this reader's newest mails."""
        ...

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Record mails as queued, each with its (reader, issue) pairs; one that is already there is left out."""
        ...

    def turn(self, finished: Sequence[Delivery], claim: Claim) -> Sequence[Delivery]:
        """Commit the outcomes of the owner's mails and up to `limit` due ones as sending, in one transaction.

        Who has left meanwhile becomes skipped. An outcome of a mail that is no longer this owner's changes nothing.
        """
        ...

    def finish(self, delivery: Delivery) -> None:
        """Commit the state of one mail, whoever owns it."""
        ...

    def revive(self, subscriber_id: int, since: datetime) -> int:
        """Queue again what was refused for good, as far as it is dated `since`; the number of mails."""
        ...

    def recipients(self, delivery_ids: Iterable[int]) -> Mapping[int, tuple[int, str]]:
        """By delivery: the subscriber's id and the address in lower case."""
        ...

    def settle(self, news: Mapping[int, DeliveryState]) -> None:
        """Move mails on by what was heard of them later; never backwards. One transaction."""
        ...

    def came_back(self, subscriber_id: int, message_id: str, state: DeliveryState) -> None:
        """Move on this reader's mail of this Message-ID, never backwards."""
        ...

    def pause_domain(self, pause: DomainPause) -> None:
        """Leave mails to this domain in the queue until then."""
        ...

    def paused_domains(self, now: datetime) -> Sequence[DomainPause]: ...

    def orphans(self) -> Sequence[Delivery]:
        """Mails to repeat: `sending` while nobody sends, or `unknown` after their first try.

        Only to be asked by the holder of the data folder's lock.
        """
        ...

    def deliveries(
        self, states: Iterable[DeliveryState] | None = None, *, reader: int | None = None
    ) -> Sequence[Delivery]:
        """Mails in the order in which they were planned: all, those in these states, those of one reader."""
        ...

    def unsent(self, states: Iterable[DeliveryState], before: datetime | None = None) -> tuple[int, str | None]:
        """How many mails are in one of these states, planned by `before`, and why the first that says so is."""
        ...

    def troubled(self, day: date, limit: int | None) -> tuple[int, Sequence[Delivery]]:
        """How many mails of this issue failed, are in doubt or were repeated, and the first of them, or all."""
        ...

    def delivery_counts(self, day: date) -> Mapping[str, int]:
        """Number of mails that carry this issue, by state."""
        ...


class TroubleStore(Protocol):
    """What the administrator was told, so that a restart does not tell it again."""

    def troubles(self) -> Sequence[Trouble]:
        """Oldest first, those that ended a moment ago included."""
        ...

    def save_trouble(self, trouble: Trouble) -> None: ...

    def drop_trouble(self, key: str) -> None: ...


class TicketStore(Protocol):
    """One-time links, by a hash of their secret part."""

    def issue_ticket(self, ticket_hash: str, purpose: str, payload: Mapping[str, Any], expires: datetime) -> None: ...

    def ticket(self, ticket_hash: str, purpose: str, now: datetime) -> Mapping[str, Any] | None:
        """What it was issued with; None when it is unknown, expired, used or for another purpose."""
        ...

    def use_ticket(self, ticket_hash: str, purpose: str, now: datetime) -> Mapping[str, Any] | None:
        """As `ticket`, and the ticket is used: only one caller ever gets an answer."""
        ...


class NoteStore(Protocol):
    """What one run leaves for the next: the list in force, holds, restores, what was found out of models and pages."""

    def recall(self, key: str) -> str | None:
        """The value remembered last under this key."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Keep this value in place of the key's last one."""
        ...


class Store(
    PaperStore,
    JudgementStore,
    ReaderStore,
    RosterStore,
    DeliveryStore,
    TicketStore,
    TroubleStore,
    NoteStore,
    Protocol,
):
    """The ledger as a whole."""

    def figures(self) -> Figures:
        """Counts over all tables, for monitoring."""
        ...

    def close(self) -> None: ...


__all__ = [
    "Complete",
    "DeliveryStore",
    "JudgementStore",
    "Mailbox",
    "NoteStore",
    "PaperStore",
    "Priced",
    "ReaderStore",
    "RosterStore",
    "Store",
    "TicketStore",
    "Transport",
    "TroubleStore",
]
