"""Picked papers → one checked line per language and the reason for each topic, one paper a request."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from newsletter import prompts
from newsletter.errors import BudgetReached, ModelError, ModelRefused
from newsletter.models import Paper, Prompt, Topic, Usage
from newsletter.ports import Complete
from newsletter.prompts import PromptFile

AT_ONCE = 8
_LEAST, _MOST = 12, 420  # characters of a line; the prompt asks for 20–35 words
_MOST_CHINESE = 120
_MOST_REASON = 160
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of characters, line and paragraph separators

Lines = Mapping[str, str | None]
Save = Callable[["Wanted", Lines, Lines, Usage], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one paper still lacks: lines in these languages and reasons for these topics."""

    paper: Paper
    languages: tuple[str, ...]
    topics: tuple[Topic, ...]


def build_prompt(template: PromptFile, wanted: Wanted) -> Prompt:
    """The request for one paper. Raises TemplateError."""
    paper, keys = wanted.paper, [topic.key for topic in wanted.topics]
    told = {"id": paper.arxiv_id, "title": paper.title, "abstract": paper.abstract, "topics": keys}
    system, user = template.fill(languages=wanted.languages, topics=wanted.topics, papers=[told])
    return Prompt(system, user, "summaries", _schema(wanted.languages, keys))


def parse_reply(reply: str, wanted: Wanted) -> tuple[Lines, Lines]:
    """Lines by language and reasons by topic key; None where one is absent or fails its check.

    Raises ValueError when the reply is not the JSON asked for, or is about another paper.
    """
    found = [row for row in prompts.rows(reply, "summaries") if row.get("id") == wanted.paper.arxiv_id]
    if len(found) != 1:
        raise ValueError(f"{len(found)} answers for {wanted.paper.arxiv_id}")
    lines, reasons = found[0].get("lines"), found[0].get("reasons")
    return (
        {language: _checked(lines, language, wanted.paper, language) for language in wanted.languages},
        {topic.key: _checked(reasons, topic.key, wanted.paper, None) for topic in wanted.topics},
    )


def problem(text: str, paper: Paper, language: str | None) -> str | None:
    """Why a line cannot be shown, or None. `language` None: a reason, which is short and need not be a sentence."""
    if "\n" in text or "\r" in text or any(unicodedata.category(c) in _UNSEEN for c in text):
        return "more than one line, or control characters"
    if re.search(r"https?://|www\.|\[[^\]]*\]\(|<[a-zA-Z/!]|\*\*|```|^#", text):
        return "markup or a link"
    if strange := [number for number in _numbers(text) if number not in _numbers(f"{paper.title} {paper.abstract}")]:
        return f"the number {strange[0]} does not stand in the abstract"
    if language is None:
        return None if 3 <= len(text) <= _MOST_REASON else f"{len(text)} characters"
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in text)
    if language.split("-")[0] == "zh":
        if chinese < len(text) * 0.3:
            return "not Chinese"
        return None if _LEAST <= len(text) <= _MOST_CHINESE else f"{len(text)} characters"
    if chinese and language.split("-")[0] not in ("ja", "ko"):
        return f"Chinese where {language} was asked for"
    return None if _LEAST <= len(text) <= _MOST else f"{len(text)} characters"


async def summarise(
    wanted: Sequence[Wanted], template: PromptFile, complete: Complete, save: Save
) -> tuple[ModelError, ...]:
    """Ask for everything that is wanted; each reply is saved as it comes. The errors of papers that got none."""
    room = asyncio.Semaphore(AT_ONCE)
    stop = asyncio.Event()

    async def one(want: Wanted) -> ModelError | None:
        async with room:
            if stop.is_set():
                return None
            try:
                await _summarise_one(want, template, complete, save)
            except ModelError as error:
                if isinstance(error, (ModelRefused, BudgetReached)):
                    stop.set()
                return error
            return None

    done = await asyncio.gather(*(one(want) for want in wanted))
    return tuple(error for error in done if error)


async def _summarise_one(wanted: Wanted, template: PromptFile, complete: Complete, save: Save) -> None:
    completion = await complete(build_prompt(template, wanted))
    try:
        lines, reasons = parse_reply(completion.text, wanted)
    except ValueError:
        # Recorded as answered: the abstract's own sentence stands in, and the same answer is not paid for twice.
        lines = dict.fromkeys(wanted.languages)
        reasons = {topic.key: None for topic in wanted.topics}
    save(wanted, lines, reasons, completion.usage)


def _checked(given: object, key: str, paper: Paper, language: str | None) -> str | None:
    text = given.get(key) if isinstance(given, dict) else None
    if not isinstance(text, str):
        return None
    text = text.strip()
    return None if problem(text, paper, language) else text


def _numbers(text: str) -> set[str]:
    """Numbers in digits; thousands separators dropped, so that 12,000 and 12000 are the same."""
    return {re.sub(r"[,\s]", "", number) for number in re.findall(r"\d+(?:[,\u202f]\d{3})*(?:\.\d+)?", text)}


def _schema(languages: Sequence[str], topics: Sequence[str]) -> Mapping[str, object]:
    """The answer's shape; every language and topic is required, as strict structured output demands."""
    row = {"id": {"type": "string"}, "lines": _texts(languages), "reasons": _texts(topics)}
    return _object({"summaries": {"type": "array", "items": _object(row)}})


def _texts(keys: Sequence[str]) -> dict[str, object]:
    return _object({key: {"type": "string"} for key in keys})


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
