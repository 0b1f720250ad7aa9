"""An inbound mail → what it means → what changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter import inbound, unsubscribe
from newsletter.app.desk import open_ledger, utc_now
from newsletter.app.files import token_keys
from newsletter.models import Meaning
from newsletter.render.addresses import domain_of, own_address
from newsletter.settings import Settings


@dataclass(frozen=True, slots=True)
class Received:
    """One handled mail; `changed` is None where nothing happened."""

    meaning: Meaning
    changed: unsubscribe.Changed | None


def read(settings: Settings, raw: bytes, now: datetime) -> Meaning:
    """What a mail means here; nothing changes."""
    own_domain = domain_of(own_address(settings.letterhead))
    return inbound.read(raw, keys=token_keys(settings.data_dir), today=now.date(), own_domain=own_domain)


def receive(settings: Settings, raw: bytes) -> Received:
    """Handle one raw mail as a mailbox would hand it over."""
    now = utc_now()
    meaning = read(settings, raw, now)
    with open_ledger(settings) as store:
        return Received(meaning, unsubscribe.act(store, settings.subscribers, meaning, now))
