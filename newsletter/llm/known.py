"""What is known about one model: what worked, kept from run to run, and its current state."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from newsletter.errors import ModelRefused
from newsletter.llm.parameters import FORMS


@dataclass
class Kept:
    """What one run finds out and the next one need not: written as JSON."""

    form: str | None = None  # how it is asked for JSON; None: nobody knows yet
    dropped: list[str] = field(default_factory=list)  # parameters that it refuses
    renamed: dict[str, str] = field(default_factory=dict)  # and those with another name
    values: dict[str, Any] = field(default_factory=dict)  # or another value
    window: int | None = None  # tokens of one request with its answer, as the model counts them
    longest: int | None = None  # the same as we count them: somewhat less than what was refused for its length
    ratio: float | None = None  # its tokens to our estimate of them, at most
    least: float | None = None  # and at least
    parallel: int | None = None  # requests at once that a local server keeps up with

    @classmethod
    def read(cls, text: str | None) -> Kept:
        """What was kept; what cannot be read was written by another version. The first kept the form alone."""
        if text in FORMS:
            return cls(form=text)
        try:
            given = json.loads(text or "")
            kept = cls(**{name: given[name] for name in asdict(cls()) if name in given})
        except (ValueError, TypeError):
            return cls()
        return kept if kept.form is None or kept.form in FORMS else cls()

    def text(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, sort_keys=True)


@dataclass
class Known:
    """What this process knows about one model."""

    kept: Kept = field(default_factory=Kept)
    stored: str | None = None  # as the next run will find it; None: not looked up yet
    failures: int = 0  # in a row
    refused: int = 0  # requests, before the first answer
    server_errors: int = 0  # in a row that may be the form's, in a form that has never worked here
    unreadable: int = 0  # in a row in the present form
    proven: bool = False  # the present form has brought a readable answer in this process
    hopeless: str = ""  # why its answers cannot be read in any form
    brief: bool = False  # it thought for too long: ask it to think less
    suspect: tuple[int, int] | None = None  # tokens sent and read of the answer that was not believed
    refusal: ModelRefused | None = None  # of every request
    scout: asyncio.Event | None = None
    reported: bool | None = None  # whether it was last said to answer
    closed_until: float = 0.0  # it said when it may be asked again
    answered: bool = False  # anything, in this process
    progress: float = 0.0  # when it last answered

    @property
    def form(self) -> str | None:
        return self.kept.form

    def good(self, form: str) -> None:
        """A readable answer came in this form."""
        self.kept.form = max(form, self.kept.form or form, key=FORMS.index)
        self.unreadable = self.server_errors = 0
        self.proven = True

    def bad(self, form: str, cause: str) -> None:
        """An answer could not be read: after two in a row, try the next simpler form; after the last, give up."""
        if FORMS.index(form) < FORMS.index(self.kept.form or form):
            return  # an answer from before the form was changed
        self.unreadable += 1
        if self.unreadable < (6 if self.proven else 2):
            return
        self.unreadable, self.proven = 0, False
        if form == FORMS[-1]:
            self.hopeless = cause
        else:
            self.kept.form = FORMS[FORMS.index(form) + 1]

    def change(self, name: str, instead: str | None, value: object) -> bool:
        """Take over what a refusal says of a parameter; whether that is news."""
        before = self.kept.text()
        if instead:
            self.kept.renamed[name] = instead
        elif value is not None and self.kept.values.get(name) != value:
            self.kept.values[name] = value
        elif name not in self.kept.dropped:
            self.kept.dropped.append(name)
        return self.kept.text() != before
