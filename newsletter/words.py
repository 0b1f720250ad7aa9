"""The visible words of one language, from `templates/words/<language>.yaml`.

What an operator's own file lacks comes from the shipped one, what a language lacks from English; key by key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

import yaml
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton, get_day_names
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from newsletter.errors import TemplateError

_FALLBACK = "en"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads a catalogue in a tenth of the time
_ISOLATE, _LEFT_TO_RIGHT, _END = "\u2068", "\u2066", "\u2069"
_ISOLATES = str.maketrans("", "", _ISOLATE + _LEFT_TO_RIGHT + _END)
_DATES = frozenset({"locale", "day", "first_day", "short_day", "row_day", "month"})  # patterns, not text
Forms = Mapping[str, str]


_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


class Words:
    """Speaks one language: `say` a phrase, write a day, a number or a price."""

    def __init__(self, language: str, phrases: Mapping[str, str | Forms], lent: Collection[str] = ()) -> None:
        """`lent`: the keys of phrases that come from another language, whose direction may differ."""
        self.language = language
        self._phrases = phrases
        self._locale = Locale.parse(str(phrases["locale"]), sep="_")
        self._written = cache(self._write_date)  # an email names few days, each of them often
        self.direction = self._locale.text_direction
        if self.direction == "rtl":
            apart = set(lent) - _DATES
            self._phrases = {key: _kept_apart(one) if key in apart else one for key, one in phrases.items()}

    def say(self, key: str, **values: object) -> str:
        """The phrase with its values filled in; `count` chooses among plural forms."""
        return self.pattern(key, **values).format(**self.shown(values))

    def has(self, key: str) -> bool:
        return key in self._phrases

    def pattern(self, key: str, **values: object) -> str:
        """The phrase as it stands in the file; `count` chooses among plural forms."""
        if key not in self._phrases:
            raise KeyError(f"no phrase {key!r} in words/{self.language}.yaml")
        phrase = self._phrases[key]
        if isinstance(phrase, Mapping):
            form = self._locale.plural_form(values["count"] if isinstance(values["count"], int) else 0)
            return str(phrase.get(form) or phrase["other"])
        return phrase

    def shown(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values as phrases have them: numbers as this language writes them."""
        return {name: self._shown(value) for name, value in values.items()}

    def _shown(self, value: object) -> object:
        """From right to left, a name keeps its own order and does not take the number behind it along.

        Markup, a kind of text of its own, is no name.
        """
        if isinstance(value, int):
            return self.number(value)
        return f"{_ISOLATE}{value}{_END}" if type(value) is str and self.direction == "rtl" else value

    def as_data(self, *prefixes: str) -> dict[str, object]:
        """Every phrase whose key begins so, plural forms and all, for what has to speak without us: a script."""
        found = {key: phrase for key, phrase in self._phrases.items() if key.startswith(prefixes)}
        return {"locale": str(self._locale).replace("_", "-"), "phrases": found}

    def section(self, prefix: str) -> Mapping[str, str]:
        """Every phrase whose key has this prefix, by the rest of its key; without plural forms."""
        return {key.removeprefix(prefix): str(one) for key, one in self._phrases.items() if key.startswith(prefix)}

    def number(self, value: float) -> str:
        return _decimal(value, self._locale)

    def dollars(self, cost: float) -> str:
        """Writes cents; amounts under ten cents get their first two digits."""
        small = 0.0001 <= cost < 0.1
        digits = max(2, len(f"{cost:.2g}".partition(".")[2])) if small else 2
        pattern = self._locale.currency_formats["standard"].pattern.replace("0.00", f"0.{'0' * digits}")
        written = format_currency(cost, "USD", pattern, self._locale, currency_digits=False)
        return written.replace("US$", "$")  # nobody takes them for another country's

    def day(self, day: date) -> str:
        """The long form with its weekday."""
        return self._written(day, "day")

    def short_day(self, day: date) -> str:
        """With its year, never split over two lines."""
        written = self._written(day, "short_day").replace(" ", "\u00a0")
        return f"{_ISOLATE}{written}{_END}" if self.direction == "rtl" else written

    def row_day(self, day: date) -> str:
        """Weekday, day and month in short, never split over two lines."""
        written = self._written(day, "row_day").replace(" ", "\u00a0")
        return f"{_ISOLATE}{written}{_END}" if self.direction == "rtl" else written

    def span(self, days: Sequence[date]) -> str:
        """From the first to the last of these days, without the year: they are of late."""
        if len(days) == 1:
            return self.day_of_month(days[0])
        differs = "d" if (days[0].year, days[0].month) == (days[-1].year, days[-1].month) else "M"
        patterns = self._locale.interval_formats["MMMd"][differs]  # CLDR has only the one with short months
        whole = (re.sub("(?<!M)MMM(?!M)", "MMMM", one) for one in patterns)
        ends = zip(whole, (days[0], days[-1]), strict=True)
        return "".join(format_date(day, one, locale=self._locale) for one, day in ends)

    def week(self, first: date, last: date) -> str:
        """From one day to the other, without the year."""
        return str(format_interval(first, last, "MMMd", locale=self._locale))

    def listed(self, names: Sequence[str]) -> str:
        """The names as this language lists them in a sentence."""
        shown = [f"{_ISOLATE}{name}{_END}" if self.direction == "rtl" else name for name in names]
        return str(format_list(shown, locale=self._locale))

    def days(self, days: Sequence[date]) -> str:
        """One day, or the first and the last of several."""
        if len(days) == 1:
            return self.day(days[0])
        return f"{self._written(days[0], 'first_day')} – {self.day(days[-1])}"

    def long_day(self, day: date) -> str:
        """The day with the name of its month and its year, for use in a sentence."""
        return str(format_date(day, "long", locale=self._locale))

    def day_of_month(self, day: date) -> str:
        """The day without its year."""
        return str(format_skeleton("MMMMd", day, locale=self._locale))

    def month(self, day: date) -> str:
        """The month with its year."""
        return str(format_skeleton("yMMMM", day, locale=self._locale))

    def month_alone(self, day: date) -> str:
        return self._written(day, "month")

    def weekdays(self) -> list[tuple[str, str]]:
        """From Monday: the whole name and the short one."""
        whole, short = (get_day_names(width, "stand-alone", self._locale) for width in ("wide", "abbreviated"))
        return [(str(whole[number]), str(short[number])) for number in range(7)]

    def spelled(self, day: date) -> str:
        """The day in words, without its weekday; also where only the answers speak this language."""
        return str(format_date(day, "long", locale=self._answering()))

    def named(self, language: str) -> str:
        """What this language is called here."""
        try:
            return str(Locale.parse(language, sep="-").get_display_name(self._answering()) or language)
        except (UnknownLocaleError, ValueError):
            return language

    def _answering(self) -> Locale:
        with suppress(UnknownLocaleError, ValueError):
            if (spoken := str(self._phrases.get("answer_language", self.language))) != self.language:
                return Locale.parse(spoken, sep="-")
        return self._locale

    def _write_date(self, day: date, form: str) -> str:
        return format_date(day, str(self._phrases[form]), locale=self._locale)


@lru_cache(maxsize=1024)
def _decimal(value: float, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=256)
def direction(language: str) -> str:
    """`rtl` for a language that is written from right to left, else `ltr`; as the attribute `dir` has it."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return "ltr"
    likely = get_global("likely_subtags").get(locale.language, "")  # Uyghur or Dhivehi: Babel has no dates for them
    script = locale.script or next((part for part in likely.split("_")[1:] if len(part) == 4), "")
    return "rtl" if locale.text_direction == "rtl" or script in _RIGHT_TO_LEFT else "ltr"


def bare(text: str) -> str:
    """Without the marks around names: for a header, where they would count as letters."""
    return text.translate(_ISOLATES)


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
    lent: set[str] = set()
    for file, changed in files:
        found = _read(file, changed)
        fitting = {key: phrase for key, phrase in found.items() if fits(key, phrase, phrases.get(key))}
        phrases |= fitting
        lent = lent | fitting.keys() if direction(file.stem) == "ltr" else lent - fitting.keys()
        spoken = file.stem if _is_whole(found) else spoken
    return Words(spoken, phrases, lent)


def _kept_apart(phrase: str | Forms) -> str | Forms:
    """A sentence from left to right within a page from right to left, so that its own marks stay at its own end."""
    if isinstance(phrase, Mapping):
        return {form: f"{_LEFT_TO_RIGHT}{text}{_END}" for form, text in phrase.items()}
    return f"{_LEFT_TO_RIGHT}{phrase}{_END}" if " " in phrase.strip() else phrase


def speak(folders: Sequence[Path], language: str) -> Words:
    """Like `load_words`, but uses the shipped files if an operator's file cannot be read."""
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
    """A file with only a few sentences, such as the answers, has no date formats."""
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
    """The files with this name, the operator's own last."""
    if not name.replace("-", "").isalnum():
        return []
    return [file for folder in reversed(folders) if (file := folder / "words" / f"{name}.yaml").is_file()]


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int) -> Mapping[str, str | Forms]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        raise TemplateError(str(file), mark.line + 1 if mark else None, "not readable as YAML") from e
    if not isinstance(content, dict):
        raise TemplateError(str(file), 1, "must hold one phrase per key")
    return content
