"""The interfaces to the outside, as protocols. Adapters implement them; vendors' names stay behind them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from newsletter.errors import TransportError
from newsletter.models import Answer, Completion, Incoming, Outgoing, Posted, Prompt, Trouble


class Complete(Protocol):
    """Ask a model. Raises ModelError; retrying is done in here and nowhere else."""

    async def __call__(self, prompt: Prompt) -> Completion: ...


class Priced(Complete, Protocol):
    """A model whose price is known before it is asked."""

    def price(self) -> tuple[float, float] | None:
        """Dollars per million input and output tokens of the most expensive model that may answer; None if unknown."""
        ...


class Transport(Protocol):
    """Hands emails to the next system, several at once. The sender calls `exchange` until every email has an answer."""

    @property
    def name(self) -> str: ...

    @property
    def room(self) -> int:
        """How many emails it takes now; 0 while it is in trouble."""
        ...

    @property
    def trouble(self) -> TransportError | None:
        """Why nobody can be served at present."""
        ...

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        """Take all of these, at most `room`, and report what is known about them and earlier ones after `wait` seconds.

        The call says that the answers of the last one are recorded: a connection begins no other body before that.
        Never raises for an email or a server.
        """
        ...

    def close(self) -> None:
        """End the connections; a later mail opens new ones."""
        ...


class Notebook(Protocol):
    """Where a transport keeps what it learns about its server."""

    def recall(self, key: str) -> str | None:
        """The value remembered last under this key."""
        ...

    def remember(self, key: str, value: str) -> None: ...

    def tell(self, key: str, what: str, remedy: str) -> None:
        """Let the administrator know, once."""
        ...


class Mailbox(Protocol):
    """Where replies and reports lie. Both calls may raise MailboxUnavailable; the next poll tries again."""

    @property
    def name(self) -> str: ...

    def waiting(self, known: Callable[[Iterable[str]], Container[str]]) -> Iterator[Incoming]:
        """The emails whose keys `known` does not name, oldest first; looking changes nothing about them.

        One that the mailbox does not hand out comes with the reason in `kept`, and the next ones follow.
        """
        ...

    def put_away(self, mail: Incoming) -> None:
        """Move a handled email out of its owner's sight, without deleting it."""
        ...

    def erase(self, words: Sequence[str]) -> int:
        """Delete handled emails in which one of these addresses or tokens stands; how many. Touches no others."""
        ...

    def close(self) -> None: ...


class TroubleStore(Protocol):
    """What the administrator was told, so that a restart does not repeat it."""

    def troubles(self) -> Sequence[Trouble]:
        """Oldest first, including those that have just ended."""
        ...

    def save_trouble(self, trouble: Trouble) -> None: ...

    def note_trouble(self, trouble: Trouble) -> None:
        """It is there, in these words; whether it was told is not touched."""
        ...

    def claim_trouble(self, trouble: Trouble, now: datetime) -> bool:
        """Note that it is being told now; false where another process was faster, or its end has come."""
        ...

    def drop_trouble(self, key: str) -> None: ...


class Alarm(Protocol):
    """Where the pipeline says what the administrator has to know; the same key said again is the same trouble."""

    def trouble(self, key: str, problem: str, remedy: str) -> None:
        """Something is wrong that the service cannot fix."""
        ...

    def over(self, key: str) -> None:
        """It works again."""
        ...


class Hook(Protocol):
    """An address of ours to which an email provider posts."""

    @property
    def path(self) -> str:
        """From the root; `{secret}` stands for a part that nobody guesses."""
        ...

    @property
    def most(self) -> int:
        """Octets of a body."""
        ...

    def is_open(self, secret: str) -> bool:
        """Whether this hook exists; checked before the body is read."""
        ...

    def admits(self, headers: Mapping[str, str], now: datetime) -> bool:
        """Whether the headers alone let this be a post of the provider; asked before the body is read."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes | bytearray, now: datetime) -> Posted | None:
        """The posted content; None if it does not come from the provider. Raises ValueError if it cannot be read."""
        ...


class Queue(Protocol):
    """Where workers on any machine hear that there is something to send."""

    def wake(self) -> int:
        """Ask everybody who works for a round of sending; in how many slots they do. Raises StoreUnavailable."""
        ...
