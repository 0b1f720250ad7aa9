"""How one-liners are checked, for each language of the list."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter import summarise
from newsletter.models import Roster


def languages(roster: Roster) -> Iterator[str]:
    """One line for each language."""
    for language in languages_of(roster):
        yield f"one-liners in {language} are checked by {summarise.how_checked(language)}"


def languages_of(roster: Roster) -> tuple[str, ...]:
    """The languages that someone reads, and those of the newsletter, each once."""
    every = (roster.newsletter.languages, *(reader.wishes.languages for reader in roster.readers))
    return tuple(sorted({language for languages in every for language in languages}))
