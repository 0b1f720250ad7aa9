"""The one email back, where there is something to say: sent by the configured transport, and within limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import structlog

from newsletter.errors import NewsletterError, TransportRefused
from newsletter.models import Newsletter, Outcome, Outgoing, Subscriber, Verdict
from newsletter.readers import Counter, in_force, undoing
from newsletter.replies import answers, questions
from newsletter.replies.answers import Writer
from newsletter.replies.responses import Response, Way
from newsletter.words import Words, speak

log = structlog.get_logger()

_MOST = 5  # answers to one reader a day
_EVERYWHERE = frozenset(("answer_left", "answer_paused", "answer_resumed", "answer_confirm"))  # in every language


def answer(
    counter: Counter,
    response: Response,
    reader: Subscriber,
    message_id: str,
    links: Mapping[Way, str] = MappingProxyType({}),
) -> None:
    """Answer the email of this Message-ID, to the address on record; `links`: the secret parts of one-time links.

    What a reader asked for is done without the answer too; without the question a reader could not leave: raises
    TransportRefused for one that did not go out.
    """
    by, said = _writer(counter, response, reader), response.title.key
    if response.confirms and not counter.store.claim_answer(reader.id, by.now, timedelta(days=answers.QUIET_DAYS)):
        log.info("answer.left-out", said=said, days=answers.QUIET_DAYS)
        return
    secrets = _secrets(counter, response, by, message_id, links)
    if secrets is None:
        log.info("question.left-out", said=said)
        return
    if not counter.store.count_answer(reader.id, message_id, by.now, _MOST):
        log.info("answer.left-out", said=said, most=_MOST)
        _take_back(counter, response, reader, secrets)
        return
    outcome = _sent(counter, response, by, message_id, secrets)
    log.info("answer.sent", said=said, outcome=outcome.verdict.value)
    if outcome.verdict in (Verdict.TEMPORARY, Verdict.PERMANENT):
        _take_back(counter, response, reader, secrets)
        log.warning("answer.refused", said=said, detail=outcome.detail)
    if outcome.verdict is Verdict.TEMPORARY and response.asking:
        raise TransportRefused("answer", f"the question to a reader did not go out: {outcome.detail}")


def _secrets(
    counter: Counter, response: Response, by: Writer, message_id: str, links: Mapping[Way, str]
) -> Mapping[Way, str] | None:
    """Of the links that work once; None where nothing is to be asked now."""
    found = dict(links)
    if Way.UNDO in response.ways:
        found[Way.UNDO] = undoing.offer(counter, by.reader)
    if response.asking:
        secret = questions.begin(counter, by.reader, response.asking, message_id, by.message_id(message_id))
        return found | {Way.CONFIRM: secret} if secret else None
    return found


def _take_back(counter: Counter, response: Response, reader: Subscriber, secrets: Mapping[Way, str]) -> None:
    """It certainly was not sent."""
    if response.confirms:
        counter.store.release_answer(reader.id)
    if response.asking:
        questions.withdraw(counter, secrets[Way.CONFIRM])


def _sent(counter: Counter, response: Response, by: Writer, message_id: str, secrets: Mapping[Way, str]) -> Outcome:
    try:
        message = answers.compose(response, by, folders=counter.templates, answers=message_id, secrets=secrets)
        return counter.post(Outgoing(key=f"answer-{by.reader.id}", message=message))
    except NewsletterError as error:
        return Outcome(Verdict.TEMPORARY, str(error))


def _writer(counter: Counter, response: Response, reader: Subscriber) -> Writer:
    """The newsletter's name and the reader's leading language, as the ledger has them."""
    known, entry = in_force.last_good(counter.store), counter.store.reader(reader.id)
    newsletter = known.masthead.newsletter if known else Newsletter()
    language = (entry.wishes.languages if entry else newsletter.languages)[0]
    return Writer(
        counter.letterhead, counter.keys, reader, newsletter.name, _words(counter, response, language), counter.now()
    )


def _words(counter: Counter, response: Response, language: str) -> Words:
    """Of a language that has words for confirmations alone, those; anything else is said in one that has all."""
    words = speak(counter.templates, language)
    everywhere = any(sentence.key in _EVERYWHERE for sentence in (response.title, *response.lines))
    return words if everywhere else speak(counter.templates, words.language)
