"""What the archive calls days, months, counts and costs, in the words of one language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from markupsafe import Markup, escape

from newsletter.archive.day import Day
from newsletter.words import Words

_COUNTED = {"paper": "papers", "issue": "archive_issues"}  # what templates call it, and the phrase with its forms
_SHORT_NAME = 24  # characters
_TEMPLATES_MAY_USE = (
    "authors", "cost", "about", "counted", "long_day", "short_day", "row_day", "month_name", "month_alone", "number",
    "stage", "w",
)  # fmt: skip


class Labels:
    """Every label of one archive."""

    def __init__(self, words: Words) -> None:
        self.words = words
        # A year's pages say most of them often. Markup and text are equal and must not stand in for each other: typed.
        self._alone = cache(lambda key: Markup.escape(words.say(key)))
        self._filled = lru_cache(maxsize=4096, typed=True)(self._fill)
        self.number = words.number
        self.long_day = words.day
        self.short_day = words.day_of_month
        self.row_day = words.row_day

    def for_templates(self) -> dict[str, object]:
        """The names that the templates `archive-*.j2` know."""
        rtl = self.words.direction == "rtl"
        return {
            **{name: getattr(self, name) for name in _TEMPLATES_MAY_USE},
            "language": self.words.language,
            "dir": self.words.direction,
            "older_arrow": "→" if rtl else "←",
            "newer_arrow": "←" if rtl else "→",
            "week_days": self.words.weekdays(),
        }

    def w(self, key: str, **values: object) -> Markup:
        """A phrase as HTML; values that are markup, such as the start of a link, are not escaped."""
        return self._filled(key, **values) if values else self._alone(key)

    def _fill(self, key: str, **values: object) -> Markup:
        return Markup.escape(self.words.pattern(key, **values)).format(**self.words.shown(values))

    def counted(self, number: int, what: str) -> str:
        """`1 paper`, `2 papers`; `what` is "paper" or "issue"."""
        return self.words.say(_COUNTED[what], count=number)

    def month_name(self, month: str) -> str:
        return self.words.month(date.fromisoformat(f"{month}-01"))

    def month_alone(self, month: str) -> str:
        return self.words.month_alone(date.fromisoformat(f"{month}-01"))

    def weekdays(self, day: date, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(language, weekday) in the newsletter's languages besides that of the page."""
        own = self.words.language.split("-")[0]
        for language in languages:
            try:
                locale = Locale.parse(language, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
            if locale.language != own:
                yield language, str(format_date(day, "EEEE", locale=locale))

    def authors(self, names: Sequence[str], most: int = 4) -> Markup:
        """The first authors, and how many there are."""
        return authors(self.words, names, most)

    def cost(self, usd: float | None) -> str:
        return self.words.say("cost_unknown") if usd is None else self.words.dollars(usd)

    def stage(self, name: str) -> str:
        """The name of a stage of the work; its key if we have no word for it."""
        key = f"stage_{name or 'other'}"
        return self.words.say(key) if self.words.has(key) else name

    def about(self, day: Day) -> str:
        """The day in one sentence, for who sees only a link to it."""
        said = self.words.say("archive_about", count=len(day["papers"]), collected=day["collected"])
        titles = self.words.say("separator").join(paper["title"] for paper in day["papers"][:3])
        return self.words.say("archive_titled", name=said, title=titles) if titles else said


def authors(words: Words, names: Sequence[str], most: int = 4) -> Markup:
    """The first authors as HTML, and how many there are."""
    shown = Markup(", ".join(map(_unbroken, names[:most])))  # noqa: S704 - every name is escaped
    return shown if len(names) <= most else shown + " " + words.say("et_al", count=len(names))


def _unbroken(name: str) -> str:
    """The name as HTML. Short ones are never split over two lines, also not at a hyphen."""
    written = str(escape(name))
    if len(name) >= _SHORT_NAME:
        return written
    return f'<span class="keep">{written}</span>' if "-" in name else written.replace(" ", "\u00a0")
