"""What models write about picked papers: asked for once for all readers, kept in the ledger."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter import scoring, summarise
from newsletter.errors import ModelError
from newsletter.models import AbstractLanguage, Abstracts, Completion, Line, Paper, Summary, Topic, Wishes
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.judging import is_past
from newsletter.summarise import ENGLISH, Lines, Translation, Wanted, of_reason
from newsletter.summarise.checks import problem, translation_problem

_OF_ARXIV = "en"  # nearly all abstracts


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is wanted about one paper, over all emails."""

    paper: Paper
    issue: date
    languages: tuple[str, ...] = ()
    leading: tuple[str, ...] = ()  # the first language of each email: that of its reasons
    topics: tuple[Topic, ...] = ()
    translations: tuple[str, ...] = ()

    def joined(self, wishes: Wishes, topics: Sequence[Topic]) -> Texts:
        """This, plus what one more email needs."""
        return replace(
            self,
            languages=tuple(dict.fromkeys((*self.languages, *wishes.languages))),
            leading=tuple(dict.fromkeys((*self.leading, *wishes.languages[:1]))),
            topics=tuple({topic.key: topic for topic in (*self.topics, *topics)}.values()),
            translations=tuple(dict.fromkeys((*self.translations, *translated_into(wishes)))),
        )


def translated_into(wishes: Wishes) -> tuple[str, ...]:
    """The language that abstracts are to be translated into, where the reader asks for it and needs it."""
    asked = wishes.abstract_language is not AbstractLanguage.ORIGINAL and wishes.abstracts is not Abstracts.NONE
    return tuple(one for one in wishes.languages[:1] if asked and one.partition("-")[0] != _OF_ARXIV)


@dataclass(frozen=True, slots=True)
class Writer:
    """Asks for texts and reads saved ones."""

    desk: Desk

    def ask(self, wanted: Sequence[Texts]) -> tuple[ModelError, ...]:
        """Ask for what the ledger lacks; each answer is saved as it comes, under the issue that its cost belongs to."""
        by_issue: dict[date, list[Texts]] = defaultdict(list)
        for want in wanted:
            by_issue[want.issue].append(want)
        errors: list[ModelError] = []
        for day, texts in sorted(by_issue.items()):
            errors += self._ask_for_lines(day, self._lacking(texts, past=is_past(self.desk, day)))
            errors += self._ask_for_translations(day, texts)
        return tuple(errors)

    def _ask_for_lines(self, day: date, lacking: Sequence[Wanted]) -> tuple[ModelError, ...]:
        desk, complete, done = self.desk, self.desk.writing_within_budget(day), 0
        if not lacking or complete is None:
            return ()

        def save(want: Wanted, lines: Lines, reasons: Lines, completion: Completion) -> None:
            nonlocal done
            hashes = {topic.key: scoring.topic_hash(topic) for topic in want.topics}
            by_hash = {(hashes[topic], language): text for topic, language, text in _of_reasons(reasons)}
            key = desk.summary_prompt.hash, completion.model
            desk.store.save_summary(day, want.paper, *key, lines, by_hash, completion.usage)
            done += not want.rejected
            desk.progress("writing one-liners", min(done, len(lacking)), len(lacking))

        return asyncio.run(summarise.summarise(lacking, desk.summary_prompt, complete, save))

    def _ask_for_translations(self, day: date, texts: Sequence[Texts]) -> tuple[ModelError, ...]:
        desk, complete, template = self.desk, self.desk.writing_within_budget(day), self.desk.translate_prompt
        stored = self._translated_of(texts, past=is_past(desk, day))
        lacking = [
            Translation(one.paper, language)
            for one in texts
            for language in one.translations
            if (one.paper.arxiv_id, language) not in stored
        ]
        if not lacking or complete is None or template is None:
            return ()

        def save(paper: Paper, lines: Lines, completion: Completion) -> None:
            key = template.hash, completion.model
            desk.store.save_summary(day, paper, *key, lines, {}, completion.usage, "translation")
            desk.progress("translating abstracts", 1, len(lacking))

        return asyncio.run(summarise.translate(lacking, template, complete, save))

    def _lacking(self, texts: Sequence[Texts], *, past: bool) -> list[Wanted]:
        """The lines and reasons that no model has been asked for yet."""
        topics = {topic.key: topic for one in texts for topic in one.topics}
        lines, reasons = self._stored(_languages(texts), list(topics.values()), [one.paper for one in texts], past=past)
        lacking = []
        for want in texts:
            arxiv_id = want.paper.arxiv_id
            languages = tuple(one for one in want.languages if (arxiv_id, one) not in lines)
            missing = [
                (topic, language)
                for topic in want.topics
                for language in want.leading
                if (arxiv_id, scoring.topic_hash(topic), language) not in reasons
            ]
            if languages or missing:
                unknown = {topic.key: topic for topic, _ in missing}
                in_languages = tuple(dict.fromkeys(language for _, language in missing))
                lacking.append(Wanted(want.paper, languages, tuple(unknown.values()), reason_languages=in_languages))
        return lacking

    def left_out(self, texts: Sequence[Texts]) -> int:
        """How many of these lines and translations failed their check twice."""
        lines, _ = self._stored(_languages(texts), (), [one.paper for one in texts], past=False)
        translated = self._translated_of(texts, past=False)
        asked = {(one.paper.arxiv_id, language) for one in texts for language in one.languages}
        wanted = {(one.paper.arxiv_id, language) for one in texts for language in one.translations}
        return sum(lines.get(key, "") is None for key in asked) + sum(translated.get(key, "") is None for key in wanted)

    def _translated_of(self, texts: Sequence[Texts], *, past: bool) -> Mapping[tuple[str, str], str | None]:
        languages = dict.fromkeys(language for one in texts for language in one.translations)
        return self._translated(list(languages), [one.paper for one in texts], past=past)

    def summaries(self, papers: Sequence[Paper], wishes: Wishes, topics: Sequence[Topic]) -> Mapping[str, Summary]:
        """What the ledger has about these papers for these wishes, by arXiv id."""
        # An issue that is made anew has its lines by now; what an earlier prompt or model wrote serves the others.
        lines, reasons = self._stored(wishes.languages, topics, papers, past=True)
        translated = self._translated(translated_into(wishes), papers, past=True)
        found = {}
        for arxiv_id in (paper.arxiv_id for paper in papers):
            texts = [(language, lines.get((arxiv_id, language))) for language in wishes.languages]
            why = {topic.key: _reason(reasons, arxiv_id, topic, wishes.languages) for topic in topics}
            abstracts = [(language, translated.get((arxiv_id, language))) for language in wishes.languages]
            found[arxiv_id] = Summary(
                arxiv_id=arxiv_id,
                lines=tuple(Line(language, text) for language, text in texts if text),
                reasons={key: line for key, line in why.items() if line},
                abstract=next((Line(language, text) for language, text in abstracts if text), None),
            )
        return found

    def _stored(
        self, languages: Sequence[str], topics: Sequence[Topic], papers: Sequence[Paper], *, past: bool
    ) -> tuple[Mapping[tuple[str, str], str | None], Mapping[tuple[str, str, str], str | None]]:
        store, key = self.desk.store, (self.desk.summary_prompt.hash, self.desk.writing_models)
        hashes = [scoring.topic_hash(topic) for topic in topics]
        fits = _fits(papers, problem) if past else None
        lines = store.lines(languages, *key, papers, past=fits)
        return lines, store.reasons([*languages, ENGLISH], hashes, *key, papers, past=past)

    def _translated(
        self, languages: Sequence[str], papers: Sequence[Paper], *, past: bool
    ) -> Mapping[tuple[str, str], str | None]:
        template = self.desk.translate_prompt
        if template is None or not languages:
            return {}
        fits = _fits(papers, translation_problem) if past else None
        return self.desk.store.lines(languages, template.hash, self.desk.writing_models, papers, past=fits)


def _fits(papers: Sequence[Paper], check: Callable[[str, Paper, str], str | None]) -> Callable[[str, str, str], bool]:
    """Whether a text from another prompt passes the check for texts of this kind."""
    by_id = {paper.arxiv_id: paper for paper in papers}
    return lambda arxiv_id, language, text: check(text, by_id[arxiv_id], language) is None


def _languages(texts: Sequence[Texts]) -> list[str]:
    return list(dict.fromkeys(language for one in texts for language in one.languages))


def _of_reasons(reasons: Lines) -> Iterator[tuple[str, str, str | None]]:
    for key, text in reasons.items():
        yield *of_reason(key), text


def _reason(
    reasons: Mapping[tuple[str, str, str], str | None], arxiv_id: str, topic: Topic, languages: Sequence[str]
) -> Line | None:
    """In the reader's leading language, else in English (older ones are), else in another language of theirs."""
    for language in (*languages[:1], ENGLISH, *languages):
        if text := reasons.get((arxiv_id, scoring.topic_hash(topic), language)):
            return Line(language, text)
    return None
