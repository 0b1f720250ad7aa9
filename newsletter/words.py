"""The visible words of one language, from `templates/words/<language>.yaml`.

What an operator's own file lacks comes from the shipped one, what a language lacks from English; key by key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from newsletter.errors import TemplateError

_FALLBACK = "en"
Forms = Mapping[str, str]


class Words:
    """Speaks one language: `say` a phrase, write a day or a number."""

    def __init__(self, language: str, phrases: Mapping[str, str | Forms]) -> None:
        self.language = language
        self._phrases = phrases
        self._locale = Locale.parse(str(phrases["locale"]), sep="_")
        self._written = cache(self._write_date)  # a mail names few days, each of them often

    def say(self, key: str, **values: object) -> str:
        """The phrase with its values filled in; `count` chooses among plural forms."""
        if key not in self._phrases:
            raise KeyError(f"no phrase {key!r} in words/{self.language}.yaml")
        phrase = self._phrases[key]
        if isinstance(phrase, Mapping):
            form = self._locale.plural_form(values["count"] if isinstance(values["count"], int) else 0)
            phrase = phrase.get(form) or phrase["other"]
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return phrase.format(**shown)

    def section(self, prefix: str) -> Mapping[str, str]:
        """Every phrase without plural forms whose key begins so, by the rest of its key."""
        return {key.removeprefix(prefix): str(one) for key, one in self._phrases.items() if key.startswith(prefix)}

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self._locale)

    def day(self, day: date) -> str:
        """The long form with its weekday."""
        return self._written(day, "day")

    def short_day(self, day: date) -> str:
        """The short form, never broken over two lines."""
        return self._written(day, "short_day").replace(" ", "\u00a0")

    def days(self, days: Sequence[date]) -> str:
        """One day, or the first and the last of several."""
        if len(days) == 1:
            return self.day(days[0])
        return f"{self._written(days[0], 'first_day')} – {self.day(days[-1])}"

    def _write_date(self, day: date, form: str) -> str:
        return format_date(day, str(self._phrases[form]), locale=self._locale)


def load_words(folders: Sequence[Path], language: str) -> Words:
    """The catalogue of `zh-TW` is that, else `zh-Hant`, `zh`, English; each key falls back by itself."""
    files = [file for name in _names(language) for file in _files(folders, name)]
    if not files:
        raise TemplateError("words/en.yaml", None, "not found in any template folder")
    return _merged(tuple((file, file.stat().st_mtime_ns) for file in dict.fromkeys(files)))


@lru_cache(maxsize=64)
def _merged(files: tuple[tuple[Path, int], ...]) -> Words:
    """One catalogue over the other, as they were at these times."""
    phrases: dict[str, str | Forms] = {}
    spoken = _FALLBACK
    for file, changed in files:
        found = _read(file, changed)
        phrases |= {key: phrase for key, phrase in found.items() if fits(key, phrase, phrases.get(key))}
        spoken = file.stem if _is_whole(found) else spoken
    return Words(spoken, phrases)


def speak(folders: Sequence[Path], language: str) -> Words:
    """As `load_words`; where an operator's file cannot be read, the shipped ones serve."""
    try:
        return load_words(folders, language)
    except TemplateError:
        return load_words(folders[-1:], language)


def misfits(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """The phrases of operators' files that are left out, each with its file. Raises TemplateError."""
    for file in (file for folder in folders[:-1] for file in sorted((folder / "words").glob("*.yaml"))):
        known = load_words(folders[-1:], file.stem)._phrases
        found = _read(file, file.stat().st_mtime_ns)
        yield from ((file, key) for key, phrase in found.items() if not fits(key, phrase, known.get(key)))


def fits(key: str, phrase: str | Forms, known: str | Forms | None) -> bool:
    """Whether a phrase can stand in for the one that is known: it names no value that nobody fills in."""
    try:
        if key == "locale":
            Locale.parse(str(phrase), sep="_")
        return known is None or _fields(phrase) <= _fields(known)
    except (UnknownLocaleError, ValueError):
        return False


def _fields(phrase: str | Forms) -> set[str]:
    texts = phrase.values() if isinstance(phrase, Mapping) else [phrase]
    return {name for text in texts for _, name, _, _ in Formatter().parse(str(text)) if name is not None}


def languages(folders: Sequence[Path]) -> list[str]:
    """Every language in which some folder says more than single sentences."""
    files = [file for folder in folders for file in (folder / "words").glob("*.yaml")]
    return sorted({file.stem for file in files if _is_whole(_read(file, file.stat().st_mtime_ns))})


def _is_whole(phrases: Mapping[str, str | Forms]) -> bool:
    """A catalogue of some sentences alone, such as the answers, does not say how dates are written."""
    return "locale" in phrases


def _names(language: str) -> Iterator[str]:
    """The catalogues from the most general to that of this language."""
    yield from (_FALLBACK, language.split("-")[0].lower())
    with suppress(UnknownLocaleError, ValueError):
        locale = Locale.parse(language, sep="-", resolve_likely_subtags=True)
        if script := locale.script:
            yield f"{locale.language}-{script}"
    yield language


def _files(folders: Sequence[Path], name: str) -> list[Path]:
    """The catalogues of this name, the operator's own last."""
    if not name.replace("-", "").isalnum():
        return []
    return [file for folder in reversed(folders) if (file := folder / "words" / f"{name}.yaml").is_file()]


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int) -> Mapping[str, str | Forms]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        raise TemplateError(str(file), mark.line + 1 if mark else None, "not readable as YAML") from e
    if not isinstance(content, dict):
        raise TemplateError(str(file), 1, "must hold one phrase per key")
    return content
