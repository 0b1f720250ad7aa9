"""The one answer to a mail that changed something, or that asks for our question: sent by the configured transport."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from newsletter import unsubscribe
from newsletter.app.desk import load_roster, open_transport
from newsletter.app.files import token_keys
from newsletter.delivery import send_now
from newsletter.errors import NewsletterError, TransportRefused
from newsletter.models import Action, Newsletter, Outcome, Outgoing, Subscriber, Verdict
from newsletter.ports import Store
from newsletter.settings import Settings

log = structlog.get_logger()

ANSWERED = (Action.UNSUBSCRIBE, Action.PAUSE, Action.RESUME, Action.CONFIRM)


def answer(settings: Settings, store: Store, action: Action, reader: Subscriber, answers: str, now: datetime) -> None:
    """Send it, at most once in seven days. Raises TransportRefused for a question that did not go out.

    What a reader asked for is done without the answer too; without the question a reader could not leave.
    """
    if not store.claim_answer(reader.id, now, timedelta(days=unsubscribe.QUIET_DAYS)):
        log.info("answer.left-out", action=action.value, days=unsubscribe.QUIET_DAYS)
        return
    outcome = _sent(settings, action, reader, answers, now)
    log.info("answer.sent", action=action.value, outcome=outcome.verdict.value)
    if outcome.verdict in (Verdict.TEMPORARY, Verdict.PERMANENT):
        store.release_answer(reader.id)
        log.warning("answer.refused", action=action.value, detail=outcome.detail)
    if outcome.verdict is Verdict.TEMPORARY and action is Action.CONFIRM:
        raise TransportRefused(settings.transport, f"the question to a reader did not go out: {outcome.detail}")


def _sent(settings: Settings, action: Action, reader: Subscriber, answers: str, now: datetime) -> Outcome:
    newsletter, language = _known(settings, reader)
    message = unsubscribe.compose(
        action,
        settings.letterhead,
        keys=token_keys(settings.data_dir),
        reader=reader,
        newsletter=newsletter.name,
        language=language,
        answers=answers,
        now=now,
    )
    try:
        with open_transport(settings) as transport:
            return send_now(transport, Outgoing(key=f"answer-{reader.id}", message=message))
    except NewsletterError as error:
        return Outcome(Verdict.TEMPORARY, str(error))


def _known(settings: Settings, reader: Subscriber) -> tuple[Newsletter, str]:
    """The newsletter's name and the reader's leading language, as far as the file can be read."""
    try:
        roster = load_roster(settings)
    except NewsletterError:
        return Newsletter(), Newsletter().languages[0]
    mine = (one.wishes.languages for one in roster.readers if one.email.lower() == reader.email)
    return roster.newsletter, next(mine, roster.newsletter.languages)[0]
