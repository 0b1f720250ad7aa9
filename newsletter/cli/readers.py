"""`newsletter subscribers …`: the subscriber list with what the ledger knows."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from newsletter import app, readers, subscribers
from newsletter.addresses import leave_mailto, own_address, plus
from newsletter.cli.morning import load_roster
from newsletter.errors import ConfigurationError
from newsletter.models import Finding, Subscriber
from newsletter.readers import Changed, Counter, forgetting, guard
from newsletter.settings import Settings
from newsletter.telling import counted
from newsletter.tokens import Purpose, make

_STILL_NEWS = timedelta(days=3)  # an email that was refused longer ago is not sent again


def list_readers(settings: Settings) -> None:
    """One line for each reader of the file, and for those whom only the ledger knows."""
    with app.open_counter(settings, peek=True) as counter:
        roster = load_roster(counter)
        known = {subscriber.email: subscriber for subscriber in counter.store.subscribers()}
    for reader in roster.readers:
        subscriber = known.pop(reader.email.lower(), None)
        wishes = reader.wishes
        hour = f"{reader.send_at:%H:%M} {reader.timezone}"
        about = f"{', '.join(wishes.topics)}; {'+'.join(wishes.languages)}; {hour}"
        click.echo(f"{reader.email}  {_state(subscriber)}  {about}")
    for subscriber in known.values():
        click.echo(f"{subscriber.email}  {_state(subscriber)}  not in the file")


def _state(subscriber: Subscriber | None) -> str:
    if subscriber is None:
        return "new"
    return f"{subscriber.state} ({subscriber.why})" if subscriber.why else subscriber.state.value


def show(settings: Settings, email: str, *, as_json: bool) -> int:
    """What the ledger knows about one reader, with their own addresses."""
    with app.open_counter(settings) as counter:
        subscriber = known_reader(counter, email)
        last = counter.store.deliveries(reader=subscriber.id)
        marks = counter.store.mark_counts(subscriber.id)
    letterhead, keys = counter.letterhead, counter.keys
    own = own_address(letterhead)
    leave = make(keys, Purpose.LEAVE, subscriber.id)
    reply = make(keys, Purpose.REPLY, subscriber.id)
    row = {
        "email": subscriber.email,
        "state": subscriber.state.value,
        "since": subscriber.since.isoformat(),
        "why": subscriber.why,
        "reply_to": plus(own, reply) if letterhead.plus_addressing else own,
        "unsubscribe_url": f"{letterhead.public_url}/u/{leave}" if letterhead.public_url else None,
        "unsubscribe_mailto": leave_mailto(letterhead, leave),
        "last_message_id": last[-1].message_id if last else None,
        "mails": len(last),
        "marks": marks,
    }
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        for name, value in row.items():
            click.echo(f"{name.replace('_', ' ')}: {value}")
    return 0


def unsubscribe_reader(settings: Settings, email: str) -> int:
    """Record that a reader has left, in the ledger and in the file."""
    with app.open_counter(settings) as counter:
        changed = readers.leave(counter, known_reader(counter, email).id, "by the operator")
    click.echo(f"{email} is unsubscribed.")
    return _told(changed, settings)


def resubscribe(settings: Settings, email: str) -> int:
    """Resume sending to a reader."""
    with app.open_counter(settings) as counter:
        forgetting.take_back(counter, email)
        known = known_reader(counter, email)
        changed = readers.come_back(counter, known)
        again = counter.store.revive(known.id, counter.now() - _STILL_NEWS)
    click.echo(f"{email} is subscribed again, from the next issue on.")
    if again:
        click.echo(f"{counted(again, 'email')} rejected by their server will be sent again.")
    return _told(changed, settings)


def forget(settings: Settings, email: str) -> int:
    """Erase a reader from ledger, files and subscriber list; exit code 1 while the list still names them."""
    with app.open_counter(settings) as counter:
        erased = forgetting.forget(counter, known_reader(counter, email))
        click.echo(f"{email} is forgotten; {counted(erased, 'email file')} erased.")
        return _removed(counter, email)


def _removed(counter: Counter, email: str) -> int:
    """Take the entry out of the file; exit code 1 if that is impossible."""
    try:
        if subscribers.remove_entry(counter.subscribers, email):
            guard.one_less(counter.store)
            click.echo(f"{counter.subscribers}: entry removed.")
    except (OSError, ConfigurationError) as error:
        click.echo(f"{counter.subscribers}: still contains the entry and cannot be changed: {error}", err=True)
        click.echo("They will get no email all the same; remove the entry by hand.", err=True)
        return 1
    return 0


def _told(changed: Changed | None, settings: Settings) -> int:
    if changed and changed.line:
        click.echo(f"{settings.subscribers}:{changed.line} changed.")
    if changed and changed.file_problem:
        click.echo(f"{settings.subscribers}: {changed.file_problem}", err=True)
    return 0


def known_reader(counter: Counter, email: str) -> Subscriber:
    """The reader as recorded in the ledger; one who is only in the file so far is added."""
    subscriber = counter.store.subscriber(email)
    if subscriber is not None:
        return subscriber
    if email.lower() not in {reader.email.lower() for reader in load_roster(counter).readers}:
        problem = "is neither in the subscriber list nor in the ledger"
        raise ConfigurationError([Finding(email, None, problem, "see `newsletter subscribers list`")])
    return counter.store.enrol([email], counter.now())[email.lower()]
