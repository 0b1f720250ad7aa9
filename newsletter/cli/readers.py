"""`newsletter subscribers …`: the subscriber list with what the ledger knows."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from newsletter import app, readers
from newsletter.addresses import leave_mailto, own_address, plus
from newsletter.cli.importing import list_in_force
from newsletter.cli.morning import load_roster
from newsletter.errors import ConfigurationError
from newsletter.models import Consent, Finding, Reader, Source, Subscriber
from newsletter.readers import Changed, Counter, adopting, erasing, forgetting
from newsletter.readers.forgetting import Elsewhere
from newsletter.settings import Settings
from newsletter.store.papers import chunks
from newsletter.store.registers import Standing
from newsletter.subscribers.preferences import PREFERENCES, said
from newsletter.telling import counted
from newsletter.tokens import Purpose, make

_STILL_NEWS = timedelta(days=3)  # an email that was refused longer ago is not sent again


def list_readers(settings: Settings, *, as_json: bool) -> None:
    """One line for each reader of the file, and for those whom only the ledger knows, one after the other."""
    with app.open_counter(settings, peek=True) as counter:
        roster, store = load_roster(counter), counter.store
        for chunk in chunks(roster.readers):
            known = store.standings(reader.email.lower() for reader in chunk)
            for reader in chunk:
                _listed(known.get(reader.email.lower()), reader, as_json=as_json)
        of_file = {reader.email.lower() for reader in roster.readers}
        for standing in store.everybody():
            if standing.subscriber.email not in of_file:
                in_force = standing.reader if standing.reader and standing.reader.source is not Source.FILE else None
                _listed(standing, in_force, as_json=as_json)


def _listed(standing: Standing | None, reader: Reader | None, *, as_json: bool) -> None:
    """`reader`: what they get; None: they are in no list any more."""
    subscriber = standing.subscriber if standing else None
    email = reader.email if reader else subscriber.email if subscriber else ""
    if as_json:
        row = {"email": email, **_about_state(subscriber), **_about_source(standing, reader), **_about_wishes(reader)}
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    about = "not in the file"
    if reader is not None:
        wishes = reader.wishes
        hour = f"{reader.send_at:%H:%M} {reader.timezone}"
        about = f"{', '.join(wishes.topics)}; {'+'.join(wishes.languages)}; {hour}"
    click.echo(f"{email}  {_state(subscriber)}  {about}{_from(standing)}")


def _from(standing: Standing | None) -> str:
    """Where readers of the ledger come from."""
    if standing is None or standing.own is None:
        return ""
    register = f", register {standing.register}" if standing.register else ""
    also = ", also in the file" if standing.reader and standing.reader.in_file else ""
    return f"  from {standing.own.source}{register}{also}"


def _about_state(subscriber: Subscriber | None) -> dict[str, str | None]:
    if subscriber is None:
        return {"state": "new", "since": None, "why": None}
    return {"state": subscriber.state.value, "since": subscriber.since.isoformat(), "why": subscriber.why}


def _about_source(standing: Standing | None, reader: Reader | None) -> dict[str, object]:
    own = standing.own if standing else None
    return {
        "source": own.source.value if own else Source.FILE.value if reader else None,
        "register": standing.register if standing else None,
        "in_file": reader is not None and reader.in_file,
    }


def _about_wishes(reader: Reader | None) -> dict[str, object]:
    if reader is None:
        return {}
    return {key: said(reader, key) for key in PREFERENCES}


def _state(subscriber: Subscriber | None) -> str:
    if subscriber is None:
        return "new"
    return f"{subscriber.state} ({subscriber.why})" if subscriber.why else subscriber.state.value


def show(settings: Settings, email: str, *, as_json: bool) -> int:
    """What the ledger knows about one reader, with their own addresses."""
    with app.open_counter(settings) as counter:
        subscriber = known_reader(counter, email)
        last = counter.store.deliveries(reader=subscriber.id)
        standing = counter.store.standings([subscriber.email]).get(subscriber.email)
        consents = [_agreed(one) for one in counter.store.consents(subscriber.id)]
        marks = counter.store.mark_counts(subscriber.id)
    letterhead, keys = counter.letterhead, counter.keys
    own = own_address(letterhead)
    leave = make(keys, Purpose.LEAVE, subscriber.id)
    reply = make(keys, Purpose.REPLY, subscriber.id)
    row = {
        "email": subscriber.email,
        **_about_state(subscriber),
        "reply_to": plus(own, reply) if letterhead.plus_addressing else own,
        "unsubscribe_url": f"{letterhead.public_url}/u/{leave}" if letterhead.public_url else None,
        "unsubscribe_mailto": leave_mailto(letterhead, leave),
        "last_message_id": last[-1].message_id if last else None,
        "mails": len(last),
        **_about_source(standing, standing.reader if standing else None),
        "marks": marks,
    }
    if as_json:
        click.echo(json.dumps(row | {"consents": consents}, ensure_ascii=False))
    else:
        for name, value in row.items():
            if value is not None:
                click.echo(f"{name.replace('_', ' ')}: {_in_words(value)}")
        for one in consents:
            click.echo("consent: " + ", ".join(f"{name} {value}" for name, value in one.items() if value))
    return 0


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _agreed(one: Consent) -> dict[str, str | None]:
    return {
        "confirmed": one.confirmed.isoformat(),
        "asked": one.asked.isoformat() if one.asked else None,
        "source": one.source.value,
        "language": one.language,
        "text_hash": one.text_hash or None,
        "note": one.note,
    }


def to_ledger(settings: Settings) -> int:
    """Move the readers of the file into the ledger."""
    with list_in_force(settings) as (counter, _):
        try:
            moved = adopting.to_ledger(counter)
        except OSError as error:
            problem, remedy = f"cannot be changed: {error.strerror or error}", "make it writable; nobody is lost"
            raise ConfigurationError([Finding(str(counter.subscribers), None, problem, remedy)]) from error
    with list_in_force(settings):  # which is that of the file as it is now
        click.echo(f"{counted(moved, 'reader')} moved into the ledger; {settings.subscribers} names none now.")
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
        if counter.store.subscriber(email) is None and counter.store.forget_request(email):
            click.echo(f"{email} was no reader; the request to join is erased.")
            return 0
        known = known_reader(counter, email)
        erased = erasing.erase(counter, known)
        click.echo(f"{email} is forgotten; {counted(erased.files, 'email file')} erased.")
        if erased.entries:
            click.echo(f"{counter.subscribers}: entry removed.")
        if erased.problem:
            problem = f"still contains the entry and cannot be changed: {erased.problem}"
            click.echo(f"{counter.subscribers}: {problem}", err=True)
            click.echo("They will get no email all the same; remove the entry by hand.", err=True)
        _tell_elsewhere(forgetting.forget_elsewhere(counter, known), settings)
    return 1 if erased.problem else 0


def _tell_elsewhere(found: Elsewhere, settings: Settings) -> None:
    if found.copies_anew:
        click.echo(f"Copies of the ledger made anew without them: {found.copies_anew}.")
    if found.copies_removed:
        click.echo(f"Copies of the ledger removed, because they were named in them: {found.copies_removed}.")
    if found.emails:
        click.echo(f"{counted(found.emails, 'handled email')} deleted in the mailbox.")
    for problem in found.problems:
        click.echo(f"Not erased: {problem}", err=True)
    backups = [str(one) for one in sorted((settings.data_dir / "backups").glob("*/")) if one.is_dir()]
    click.echo(
        f"Not reached from here: backups{' (' + ', '.join(backups) + ')' if backups else ''}, lists and logs of your "
        "email provider, logs of mail servers and proxies, and emails that were moved by hand."
    )


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
