"""Everything that is held about one reader, as one JSON text for them; nothing about anybody else, and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from newsletter.models import Masthead, Reader, Source, Subscriber
from newsletter.readers import in_force, joining
from newsletter.readers.counter import Counter
from newsletter.store.own_data import Rows
from newsletter.subscribers.preferences import PREFERENCES, said

_BROUGHT = {
    Source.FILE: "the subscriber list",
    Source.PAGE: "yourself",
    Source.EMAIL: "yourself",
    Source.IMPORT: "an import, or yourself",
    Source.COMMAND: "whoever runs the newsletter, or yourself",
}


def collected(counter: Counter, subscriber: Subscriber) -> str:
    """The text of the file that this reader downloads."""
    rows = counter.store.rows_about(subscriber.id)
    known, reader = in_force.last_good(counter.store), counter.store.reader(subscriber.id)
    about: dict[str, Any] = {"newsletter": known.masthead.newsletter.name if known else None, "made": counter.now()}
    if known and reader:
        about["reader"] = {"email": reader.email, "name": reader.name, "came_by": reader.source.value}
        about["settings"] = _settings(known.masthead, reader, rows["changed_settings"])
    return json.dumps(about | dict(rows), ensure_ascii=False, indent=2, default=_text) + "\n"


def _settings(masthead: Masthead, reader: Reader, changed: Rows) -> Mapping[str, Mapping[str, str]]:
    """Each setting as it is in force, and whose it is."""
    own = {one["key"]: one["value"] for one in changed}
    usual = joining.newcomer(masthead, reader.email, reader.source)

    def origin(key: str, value: str) -> str:
        if own.get(key) == value:
            return "yourself"
        if key in dict(reader.stated):
            return _BROUGHT[Source.FILE]
        return "the newsletter's default" if value == said(usual, key) else _BROUGHT[reader.source]

    values = {key: said(reader, key) for key in PREFERENCES}
    return {key: {"value": value, "from": origin(key, value)} for key, value in values.items()}


def _text(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written into a download")
