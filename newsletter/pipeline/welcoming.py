"""The welcome of someone who joined: the newest issue at once, with three lines of advice on top. No model is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import structlog

from newsletter.delivery.restored import still_open
from newsletter.models import (
    Edition,
    Enrolled,
    IssueState,
    JoinRequest,
    JoinState,
    Notice,
    NoticeKind,
    Reader,
    Subscriber,
    SubscriberState,
)
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor, Issues
from newsletter.pipeline.planning import Due, mail_of

log = structlog.get_logger()

_ADVICE = (
    NoticeKind.WELCOME,
    NoticeKind.WELCOME_TEACH,
    NoticeKind.WELCOME_CHANGE,
    NoticeKind.WELCOME_LEAVE,
)
_RECENT = 10  # issues


def welcome(desk: Desk, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Plan the first emails of those who have joined; how many."""
    waiting = desk.store.join_requests(JoinState.JOINED)
    newest = _newest(desk) if waiting else ()
    if not newest:  # there is none yet: the first one will be their welcome
        return 0
    editor, planned = Editor(desk), 0
    for request in waiting:
        if stop():
            break
        planned += _plan(desk, editor, request, newest)
        # Marked behind it: planning an email once more adds none, since a reader has each issue once.
        desk.store.change_join(replace(request, state=JoinState.DONE), JoinState.JOINED)
    if planned:
        log.info("joins.welcomed", emails=planned)
    return planned


def _newest(desk: Desk) -> Issues:
    """The newest issue that is ready, if there is one."""
    ready = [one.date for one in desk.store.issues(_RECENT) if one.state is not IssueState.COLLECTED]
    return tuple(sorted(still_open(desk.store, ready))[-1:])


def _plan(desk: Desk, editor: Editor, request: JoinRequest, issues: Issues) -> int:
    subscriber = desk.store.subscriber(request.written)
    reader = desk.store.reader(subscriber.id) if subscriber else None
    if subscriber is None or reader is None or subscriber.state is not SubscriberState.ACTIVE:
        return 0  # who left meanwhile
    edition = _with_advice(editor.compose(replace(reader.wishes.shared, weekly=False), issues))
    rendered = editor.rendered(edition)
    desk.store.save_edition(rendered)
    return desk.store.plan([mail_of(desk, Due(_enrolled(subscriber, reader), issues), rendered.key)])


def _enrolled(subscriber: Subscriber, reader: Reader) -> Enrolled:
    return Enrolled(subscriber.id, reader.email, reader.name, reader.wishes)


def _with_advice(edition: Edition) -> Edition:
    return replace(
        edition,
        key=hashlib.sha256(f"{edition.key} welcome".encode()).hexdigest(),
        notices=(*map(Notice, _ADVICE), *edition.notices),
    )
