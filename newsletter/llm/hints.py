"""How long a provider asks us to wait, in any form: headers, fields of a body, sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = (
    r"(?P<unit>milliseconds?|msecs?|ms|毫秒|seconds?|secs?|s|秒|minutes?|mins?|m|分钟?|hours?|hrs?|h|小时|days?|d|天)"
)
_PART = re.compile(rf"(?P<number>\d+(?:\.\d+)?)\s*{_UNIT}(?![a-zA-Z])|(?P<number_only>\d+(?:\.\d+)?)", re.I)
# "6m0s" and "1h2m3.5s": the letters stand between digits.
_COMPOUND = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.I)
_LEAST_EPOCH = 1_000_000_000  # a larger number is a moment, not a duration
_LEAST_EPOCH_MS = 100 * _LEAST_EPOCH

_TIME = r"(?P<time>\d[\dTZ:.+-]*(?:\s*[a-zA-Z]+|\s*[秒分小时天毫钟]+)?(?:\s*\d+(?:\.\d+)?\s*[a-zA-Z]+)*)"
# retryDelay, retry_after, retry-after-ms, Retry-After: as a field of JSON or in a sentence.
_FIELD = re.compile(rf"retry[-_ ]?(?:delay|after|in)(?P<ms>[-_ ]?ms)?[\"']*\s*[:=]\s*[\"']?{_TIME}", re.I)
_RESET_FIELD = re.compile(rf"rate[-_ ]?limit[-_ ]reset[-_\w]*[\"']*\s*[:=]\s*[\"']?{_TIME}", re.I)
_SENTENCE = re.compile(
    r"(?:try(?: it)? again|retry|wait|come back|available(?: again)?|resets?|请求|请)"
    r"\s*(?:for|in|after|at|until|about|于|在)?"
    rf"\s*(?:at least|about|approximately)?\s*{_TIME}\s*(?:后)?",
    re.I,
)
_CHINESE = re.compile(r"(?P<time>\d+(?:\.\d+)?\s*(?:毫秒|秒|分钟?|小时))\s*(?:后|之后)")


def seconds(headers: Mapping[str, str], text: str, now: datetime) -> float | None:
    """The seconds to wait from now on; None if nobody says. Headers come before bodies."""
    known = {name.lower().removeprefix("llm_provider-"): str(value) for name, value in headers.items()}
    found = _told_by_headers(known, now)
    return _told_by_text(text, now) if found is None else found


def _told_by_headers(headers: Mapping[str, str], now: datetime) -> float | None:
    after = [name for name in headers if re.search(r"retry[-_]?after", name)]
    for name in sorted(after, key=lambda name: not name.endswith("ms")):  # the finer one first
        if (told := duration(headers[name], now, 0.001 if name.endswith("ms") else 1.0)) is not None:
            return told
    resets = {name: headers[name] for name in headers if "ratelimit" in name.replace("-", "") and "reset" in name}
    spent = [name for name in resets if headers.get(name.replace("reset", "remaining"), "").strip() in ("0", "0.0")]
    told_all = [duration(resets[name], now) for name in spent or resets]
    return max((told for told in told_all if told is not None), default=None)


def _told_by_text(text: str, now: datetime) -> float | None:
    for pattern in (_FIELD, _RESET_FIELD, _SENTENCE, _CHINESE):
        for found in pattern.finditer(text):
            unit = 0.001 if found.groupdict().get("ms") else 1.0
            if (told := duration(found["time"], now, unit)) is not None:
                return told
    return None


def duration(text: str, now: datetime, unit: float = 1.0) -> float | None:
    """Seconds in `36`, `36s`, `6m0s`, `20 seconds`, a date in either form, or a moment in seconds since 1970."""
    text = text.strip().rstrip(".,;")
    compound = _COMPOUND.fullmatch(text.replace(" ", ""))
    if compound and any(compound.groups()):
        days, hours, minutes, whole, thousandths = (float(part or 0) for part in compound.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + whole + thousandths / 1000
    if (moment := _moment(text)) is not None:
        return max(0.0, (moment - now).total_seconds())
    found = _PART.match(text)
    if not found:
        return None
    if found["number"]:
        return float(found["number"]) * _factor(found["unit"].lower())
    if found.end() != len(text) and not text[found.end()].isspace():
        return None
    return _since_1970(float(found["number_only"]), now, unit)


def _factor(unit: str) -> float:
    if unit.startswith(("ms", "milli", "毫")):
        return _UNITS["ms"]
    letter = {"秒": "s", "分": "m", "小": "h", "天": "d"}.get(unit[0], unit[0])
    return _UNITS[letter]


def _since_1970(number: float, now: datetime, unit: float) -> float:
    if number >= _LEAST_EPOCH_MS:
        return max(0.0, number / 1000 - now.timestamp())
    return max(0.0, number - now.timestamp()) if number >= _LEAST_EPOCH else number * unit


def _moment(text: str) -> datetime | None:
    """A date of RFC 3339 or of HTTP; without a zone it is UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text) if re.search(r"\d{4}-\d\d-\d\d|[a-zA-Z]{3},? ", text) else None
        except (ValueError, TypeError):
            continue
        if found:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
