"""When a reader whose mail comes back gets no more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from newsletter.models import Bounce

_NOBODY = ("5.1.1", "5.1.10", "5.2.1")  # no such mailbox, no mail accepted at all, disabled
_ADDRESS = ("5.1.", "5.2.")
_ISSUES = 2
_SOFT, _SOFT_WITHIN = 5, timedelta(days=7)


def verdict(history: Sequence[Bounce], now: datetime) -> str | None:
    """Why the reader is to be left out from now on, else None; `history` is oldest first, the newest the last."""
    if not history:
        return None
    newest = history[-1]
    if newest.permanent and newest.status in _NOBODY:
        return newest.status
    firm = {one.issue for one in history if _is_firm(one)}
    if _is_firm(newest) and len(firm) >= _ISSUES:
        return newest.status
    soft = [one for one in history if not one.permanent and now - one.at <= _SOFT_WITHIN]
    if not newest.permanent and len(soft) >= _SOFT:
        return newest.status or f"{len(soft)} bounces in {_SOFT_WITHIN.days} days"
    return None


def _is_firm(bounce: Bounce) -> bool:
    """Of the address or the mailbox; any other permanent failure is a server's or ours, however often it comes."""
    return bounce.permanent and (bounce.status or "").startswith(_ADDRESS)
