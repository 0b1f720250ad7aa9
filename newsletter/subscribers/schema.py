"""`subscribers.yaml` as JSON Schema 2020-12, for editors: made of the readings that validate, so that a key which is
defined there is in it.

A schema sees one value at a time: whether a topic exists or an address is there twice, only `newsletter check` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import time
from typing import Any

from newsletter.models import Newsletter, Topic
from newsletter.subscribers import readers, roster, topics, values
from newsletter.subscribers.shapes import Shape, shape_of
from newsletter.subscribers.tree import Reading

SCHEMA_FILE = "subscribers.schema.json"  # beside the list that `newsletter init` writes
_UNSET: Shape = {"enum": [None, ""]}  # a key with nothing behind it keeps its default


def schema() -> Shape:
    """The schema of a whole subscriber list."""
    entry = readers.Defaults(Newsletter(), ()).readings
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "subscribers.yaml",
        "description": "Who gets which arXiv papers, and when.",
        **_block(
            {
                "newsletter": {
                    "description": "The name, and what holds for readers whose entry says nothing else.",
                    "anyOf": [_UNSET, _readings(roster.with_topics(()), Newsletter)],
                },
                "topics": {
                    "description": "What groups of readers want; at least one.",
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": shape_of(values.topic_key),
                    "additionalProperties": _readings(topics.READINGS, Topic, topics.NEEDED),
                },
                "subscribers": {
                    "description": "Who gets emails: an address alone, or one with keys.",
                    "anyOf": [
                        _UNSET,
                        shape_of(values.email),
                        {
                            "type": "array",
                            "items": {"anyOf": [shape_of(values.email), _readings(entry, needed=("email",))]},
                        },
                    ],
                },
            },
            ("topics", "subscribers"),
        ),
    }


def schema_text() -> str:
    """The schema as a file of its own."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _block(properties: Mapping[str, Shape], needed: tuple[str, ...] = ()) -> Shape:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **({"required": list(needed)} if needed else {}),
    }


def _readings(readings: Mapping[str, Reading], kind: type | None = None, needed: tuple[str, ...] = ()) -> Shape:
    usual = _defaults(kind) if kind else {}
    return _block({key: _key(reading, key in needed) | usual.get(key, {}) for key, reading in readings.items()}, needed)


def _key(reading: Reading, is_needed: bool) -> Shape:
    one = shape_of(reading.convert)
    ways = [one]
    if reading.many:
        ways.append({"type": "array", "items": one, **({"minItems": 1} if reading.some else {})})
    about = {"description": reading.about} if reading.about else {}
    return {**about, "anyOf": ways, "not": _UNSET} if is_needed else {**about, "anyOf": [*ways, _UNSET]}


def _defaults(kind: type) -> dict[str, Shape]:
    return {one.name: {"default": _plain(one.default)} for one in fields(kind) if one.default is not MISSING}


def _plain(value: Any) -> Any:
    """A value as it is written in the file."""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return list(value) if isinstance(value, tuple) else value
