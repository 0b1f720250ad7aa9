"""`newsletter subscribers pending`, `approve` and `decline`: people who confirmed and wait for the operator."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from newsletter import app
from newsletter.cli.importing import list_in_force
from newsletter.models import JoinRequest, JoinState
from newsletter.readers import Counter, joining
from newsletter.settings import Settings


def pending(settings: Settings, *, as_json: bool) -> None:
    """One line for each, those first who asked first."""
    with app.open_counter(settings, peek=True) as counter:
        waiting = counter.store.join_requests(JoinState.CONFIRMED)
    for one in waiting:
        click.echo(json.dumps(_row(one), ensure_ascii=False) if as_json else _line(one))
    if not waiting and not as_json:
        click.echo("Nobody waits for approval.")


def _line(one: JoinRequest) -> str:
    given = "; ".join(f"{key}: {text}" for key, text in one.given)
    return (
        f"{one.written}  confirmed {one.confirmed or one.asked:%Y-%m-%d %H:%M} UTC  by {one.source}  {given}".rstrip()
    )


def _row(one: JoinRequest) -> dict[str, object]:
    return {
        "email": one.written,
        "source": one.source.value,
        "asked": one.asked.isoformat(),
        "confirmed": one.confirmed.isoformat() if one.confirmed else None,
        "given": dict(one.given),
        "note": one.note,
    }


def settle(settings: Settings, emails: Sequence[str], *, approved: bool) -> int:
    """Exit code 1 if one of them does not wait."""
    strangers = 0
    with list_in_force(settings) as (counter, masthead):
        for email in emails:
            request = _waiting(counter, email)
            if request is None:
                click.echo(f"{email}: does not wait for approval; see `newsletter subscribers pending`", err=True)
                strangers += 1
            elif approved:
                joining.admit(counter, masthead, request)
                click.echo(f"{request.written} is subscribed.")
            else:
                joining.decline(counter, request)
                click.echo(f"{request.written} is declined.")
    return 1 if strangers else 0


def _waiting(counter: Counter, email: str) -> JoinRequest | None:
    found = counter.store.join_request(joining.mailbox(email))
    return found if found and found.state is JoinState.CONFIRMED else None
