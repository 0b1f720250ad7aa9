"""The one answer to an email that changed something, or that needs our question: sent by the configured transport."""

from __future__ import annotations

from datetime import timedelta

import structlog

from newsletter.errors import NewsletterError, TransportRefused
from newsletter.models import Action, Newsletter, Outcome, Outgoing, Subscriber, Verdict
from newsletter.readers import Counter, in_force, undoing
from newsletter.replies import answers
from newsletter.words import speak

log = structlog.get_logger()

ANSWERED = (Action.UNSUBSCRIBE, Action.PAUSE, Action.RESUME, Action.CONFIRM)

_UNDONE = (Action.UNSUBSCRIBE, Action.PAUSE)


def answer(counter: Counter, action: Action, reader: Subscriber, message_id: str) -> None:
    """Answer the email of this Message-ID, at most once in seven days.

    What a reader asked for is done without the answer too; without the question a reader could not leave: raises
    TransportRefused for one that did not go out.
    """
    if not counter.store.claim_answer(reader.id, counter.now(), timedelta(days=answers.QUIET_DAYS)):
        log.info("answer.left-out", action=action.value, days=answers.QUIET_DAYS)
        return
    outcome = _sent(counter, action, reader, message_id)
    log.info("answer.sent", action=action.value, outcome=outcome.verdict.value)
    if outcome.verdict in (Verdict.TEMPORARY, Verdict.PERMANENT):
        counter.store.release_answer(reader.id)
        log.warning("answer.refused", action=action.value, detail=outcome.detail)
    if outcome.verdict is Verdict.TEMPORARY and action is Action.CONFIRM:
        raise TransportRefused("answer", f"the question to a reader did not go out: {outcome.detail}")


def _sent(counter: Counter, action: Action, reader: Subscriber, message_id: str) -> Outcome:
    newsletter, language = _known(counter, reader)
    try:
        message = answers.compose(
            action,
            counter.letterhead,
            keys=counter.keys,
            reader=reader,
            newsletter=newsletter.name,
            words=speak(counter.templates, language).section("answer_"),
            answers=message_id,
            now=counter.now(),
            undo=undoing.offer(counter, reader) if action in _UNDONE else None,
        )
        return counter.post(Outgoing(key=f"answer-{reader.id}", message=message))
    except NewsletterError as error:
        return Outcome(Verdict.TEMPORARY, str(error))


def _known(counter: Counter, reader: Subscriber) -> tuple[Newsletter, str]:
    """The newsletter's name and the reader's leading language, as the ledger has them."""
    known, entry = in_force.last_good(counter.store), counter.store.reader(reader.id)
    newsletter = known.masthead.newsletter if known else Newsletter()
    return newsletter, (entry.wishes.languages if entry else newsletter.languages)[0]
