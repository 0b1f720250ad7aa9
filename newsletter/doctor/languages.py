"""The languages of the list: codes that nobody knows, and how one-liners in the others are checked."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter import summarise
from newsletter.models import Finding, Roster


def languages(roster: Roster) -> Iterator[str]:
    """One line for each language."""
    for language in languages_of(roster):
        yield f"one-liners in {language} are checked by {summarise.how_checked(language)}"


def unknown_languages(roster: Roster, where: str) -> Iterator[Finding]:
    """Codes that CLDR does not know, such as that of a country: a model would have to guess."""
    for language in languages_of(roster):
        if not summarise.scripts_of(language):
            meant = summarise.spoken_in(language)
            remedy = f"did you mean {meant!r}?" if meant else "write codes such as en, zh or pt-BR"
            yield Finding(where, None, f"{language!r} is the code of no known language", remedy, fatal=False)


def languages_of(roster: Roster) -> tuple[str, ...]:
    """The languages that someone reads, and those of the newsletter, each once."""
    every = (roster.newsletter.languages, *(reader.wishes.languages for reader in roster.readers))
    return tuple(sorted({language for languages in every for language in languages}))
