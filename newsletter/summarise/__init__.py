"""Picked papers → one checked line per language, the reason for each topic, and a translated abstract where asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from newsletter import answers
from newsletter.errors import BudgetReached, ModelError, ModelRefused, ModelUnreadable, RequestRefused
from newsletter.models import AnswerState, Completion, Paper, Prompt, Topic
from newsletter.ports import Complete
from newsletter.prompts import PromptFile
from newsletter.summarise.checks import mended, problem, quotable, translation_problem
from newsletter.summarise.languages import how_checked, scripts_of, spoken_in, wrong_language

AT_ONCE = 32  # the model's own limit may be lower
_LINE_TOKENS, _REASON_TOKENS = 60, 20  # of an answer, for each
_MOST_CHARACTERS = 600  # of a text, as the schema says: more than any that passes its check
_MOST_ASKS = 12  # one paper whose answers cannot be read: in every form of every model twice, but no more than this

ENGLISH = "en"
_OWN_LETTERS = 3  # of a script that is not ours
Lines = Mapping[str, str | None]
Save = Callable[["Wanted", Lines, Lines, Completion], None]
Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line or reason that failed its check, as the repair request shows it."""

    key: str  # of the language or the topic
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is still missing for one paper: lines in these languages and reasons for these topics."""

    paper: Paper
    languages: tuple[str, ...]
    topics: tuple[Topic, ...]
    rejected: tuple[Rejected, ...] = ()
    reason_languages: tuple[str, ...] = (ENGLISH,)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The name of each reason in the answer."""
        return tuple(reason_key(topic.key, one) for topic in self.topics for one in self.reason_languages)


def reason_key(topic: str, language: str) -> str:
    """The topic's key; with the language where it is another than English."""
    return topic if language == ENGLISH else f"{topic}:{language}"


def of_reason(key: str) -> tuple[str, str]:
    """The topic's key and the language of a reason."""
    topic, _, language = key.partition(":")
    return topic, language or ENGLISH


@dataclass(frozen=True, slots=True)
class Translation:
    """An abstract that is wanted in another language."""

    paper: Paper
    language: str


def build_prompt(template: PromptFile, wanted: Wanted) -> Prompt:
    """The request for one paper. Raises TemplateError."""
    paper, keys = wanted.paper, [topic.key for topic in wanted.topics]
    told = {"id": paper.arxiv_id, "title": paper.title, "abstract": paper.abstract, "topics": keys}
    system, user = template.fill(
        languages=wanted.languages,
        topics=wanted.topics,
        reasons=wanted.reasons,
        papers=[told],
        rejected=wanted.rejected,
    )
    tokens = 30 + _LINE_TOKENS * len(wanted.languages) + _REASON_TOKENS * len(wanted.reasons)
    schema = _schema(paper.arxiv_id, wanted.languages, wanted.reasons)
    return Prompt(system, user, "summaries", schema, expected_tokens=tokens, ids=(paper.arxiv_id,))


def build_translation(template: PromptFile, wanted: Translation) -> Prompt:
    """The request for one abstract. Raises TemplateError."""
    paper = wanted.paper
    told = {"id": paper.arxiv_id, "title": paper.title, "abstract": paper.abstract}
    system, user = template.fill(language=wanted.language, paper=told)
    schema = _rows("abstracts", {"id": _id(paper.arxiv_id), "text": {"type": "string"}})
    tokens = 30 + len(paper.abstract) // 2
    return Prompt(system, user, "abstracts", schema, expected_tokens=tokens, ids=(paper.arxiv_id,))


def parse_reply(reply: str, wanted: Wanted) -> tuple[Lines, Lines, tuple[Rejected, ...]]:
    """Lines by language and reasons by `reason_key`, None if one is absent or fails its check; and what failed.

    Raises ValueError when the reply is not the JSON asked for, or is about another paper.
    """
    row = _row_about(wanted.paper, reply, "summaries")
    rejected: list[Rejected] = []

    def checked(name: str, key: str, language: str | None) -> str | None:
        group = row.get(name)
        given = group.get(key) if isinstance(group, dict) else None
        text = mended(given, language) if isinstance(given, str) else ""
        why = problem(text, wanted.paper, language) if text else "it is missing"
        if not why and language is None:
            why = _foreign(text, of_reason(key)[1])
        if why:
            rejected.append(Rejected(key, quotable(text), why))
        return None if why else text

    lines = {language: checked("lines", language, language) for language in wanted.languages}
    reasons = {key: checked("reasons", key, None) for key in wanted.reasons}
    return lines, reasons, tuple(rejected)


def _foreign(reason: str, language: str) -> str | None:
    """Why a reason is not in its language; ten words may be mostly names that stay as the paper writes them."""
    own = sum(char.isalpha() and not char.isascii() for char in reason)
    return None if language == ENGLISH or own >= _OWN_LETTERS else wrong_language(reason, language)


def parse_translation(reply: str, wanted: Translation) -> str | None:
    """The translated abstract, or None if it fails the check. Raises ValueError like parse_reply."""
    text = _row_about(wanted.paper, reply, "abstracts").get("text")
    shown = mended(text, wanted.language) if isinstance(text, str) else ""
    return None if not shown or translation_problem(shown, wanted.paper, wanted.language) else shown


def _row_about(paper: Paper, reply: str, name: str) -> dict[str, object]:
    given = answers.rows(reply, name, (paper.arxiv_id,))
    found = [row for row in given if isinstance(row, dict) and row.get("id") == paper.arxiv_id]
    if len(found) != 1:
        raise ValueError(f"{len(found)} answers for {paper.arxiv_id}")
    return found[0]


async def summarise(
    wanted: Sequence[Wanted], template: PromptFile, complete: Complete, save: Save
) -> tuple[ModelError, ...]:
    """Ask for everything that is wanted; each reply is saved as it comes. The errors of papers that got none."""
    return await _each(wanted, lambda want: _summarise_one(want, template, complete, save))


async def _summarise_one(wanted: Wanted, template: PromptFile, complete: Complete, save: Save) -> None:
    """What fails its check is asked for once more, with the reason; then it is saved as left out."""

    def spent(completion: Completion) -> None:
        save(wanted, {}, {}, completion)

    completion = await _answer(build_prompt(template, wanted), complete, spent)
    try:
        lines, reasons, rejected = parse_reply(completion.text, wanted)
    except ValueError:
        lines, reasons, rejected = {}, {}, ()
    save(wanted, _present(lines), _present(reasons), completion)
    unexplained = [key for key in wanted.reasons if not reasons.get(key)]
    lacking = replace(
        wanted,
        languages=tuple(language for language in wanted.languages if not lines.get(language)),
        topics=tuple(topic for topic in wanted.topics if any(of_reason(key)[0] == topic.key for key in unexplained)),
        reason_languages=tuple(dict.fromkeys(of_reason(key)[1] for key in unexplained)),
        rejected=tuple(one for one in rejected if one.text),
    )
    if not lacking.languages and not lacking.topics:
        return
    repaired = await _answer(build_prompt(template, lacking), complete, spent)
    try:
        lines, reasons, _ = parse_reply(repaired.text, lacking)
    except ValueError:
        # Recorded as answered: the abstract's own sentence stands in, and the same answer is not paid for again.
        lines = dict.fromkeys(lacking.languages)
        reasons = dict.fromkeys(lacking.reasons)
    save(lacking, lines, reasons, repaired)


async def translate(
    wanted: Sequence[Translation],
    template: PromptFile,
    complete: Complete,
    save: Callable[[Paper, Lines, Completion], None],
) -> tuple[ModelError, ...]:
    """Ask for abstracts in other languages; one that fails its check twice is saved as left out."""

    async def one(want: Translation) -> None:
        def spent(completion: Completion) -> None:
            save(want.paper, {}, completion)

        for last in (False, True):
            completion = await _answer(build_translation(template, want), complete, spent)
            try:
                text = parse_translation(completion.text, want)
            except ValueError:
                text = None
            save(want.paper, {want.language: text} if text or last else {}, completion)
            if text:
                return

    return await _each(wanted, one)


async def _answer(prompt: Prompt, complete: Complete, spent: Callable[[Completion], None]) -> Completion:
    """A readable answer, requested in every possible form; the cost of unusable answers goes to `spent`.

    Raises RequestRefused if the text is refused, ModelUnreadable if no form brought an answer.
    """
    failed: tuple[str, ...] = ()
    while True:
        completion = await complete(replace(prompt, failed=failed))
        if completion.state in (AnswerState.GOOD, AnswerState.CUT):
            return completion
        spent(completion)
        failed = (*failed, completion.asked)
        if completion.state is AnswerState.REFUSED:
            raise RequestRefused(completion.model, completion.cause)
        if not completion.more or len(failed) >= _MOST_ASKS:
            raise ModelUnreadable(completion.model, completion.cause)


async def _each(wanted: Sequence[Asked], ask: Callable[[Asked], Awaitable[None]]) -> tuple[ModelError, ...]:
    """Ask for each, many at once, until everything would be refused; the errors."""
    room = asyncio.Semaphore(AT_ONCE)
    stop = asyncio.Event()

    async def one(want: Asked) -> ModelError | None:
        async with room:
            if stop.is_set():
                return None
            try:
                await ask(want)
            except ModelError as error:
                if isinstance(error, (ModelRefused, BudgetReached)):
                    stop.set()
                return error
            return None

    done = await asyncio.gather(*(one(want) for want in wanted))
    return tuple(error for error in done if error)


def _present(found: Lines) -> Lines:
    return {key: text for key, text in found.items() if text}


def _schema(arxiv_id: str, languages: Sequence[str], topics: Sequence[str]) -> Mapping[str, object]:
    """The answer's shape; every language and topic is required, as strict structured output demands."""
    row = {"id": _id(arxiv_id), "lines": _texts(languages), "reasons": _texts(topics)}
    return _rows("summaries", row)


def _rows(name: str, row: Mapping[str, object]) -> dict[str, object]:
    """One row about one paper."""
    return _object({name: {"type": "array", "items": _object(row), "minItems": 1, "maxItems": 1}})


def _id(arxiv_id: str) -> dict[str, object]:
    return {"type": "string", "pattern": f"^{re.escape(arxiv_id)}$"}


def _texts(keys: Sequence[str]) -> dict[str, object]:
    return _object({key: {"type": "string", "maxLength": _MOST_CHARACTERS} for key in keys})


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


__all__ = [
    "AT_ONCE",
    "ENGLISH",
    "Lines",
    "Rejected",
    "Translation",
    "Wanted",
    "build_prompt",
    "build_translation",
    "how_checked",
    "of_reason",
    "parse_reply",
    "parse_translation",
    "problem",
    "reason_key",
    "scripts_of",
    "spoken_in",
    "summarise",
    "translate",
    "wrong_language",
]
