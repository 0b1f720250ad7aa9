"""Bounces and complaints: what the other side reports about a mail of ours (RFC 3464, RFC 5965, and free text)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.inbound import refusals
from newsletter.inbound import report_words as words
from newsletter.inbound.html import to_text
from newsletter.inbound.parts import Mail
from newsletter.models import Action

_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:/@-])([45]\d\d)(?=[ \-:]|$)(?!-\d)")
_FIELD = re.compile(r"^([A-Za-z-]{3,40})[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.M)
_MOST = 16_000  # characters of explanation
_OF_READERS = (".1", ".2")  # RFC 3463: of the address, of the mailbox
_VAGUE = re.compile(r"5\.(?:3\.0|[45]\.\d+)$")  # of the system or the way there


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine reports; `status` is RFC 3463, `blames_sender` when the recipient is not at fault."""

    action: Action
    why: str
    status: str | None = None
    blames_sender: bool = False


class _Recipient(NamedTuple):
    action: str
    status: str
    diagnostic: str


def read(mail: Mail) -> Report | None:
    """The report that a mail is, None when it is none."""
    return _complaint(mail) or _delivery_status(mail) or _free_text(mail)


def _complaint(mail: Mail) -> Report | None:
    source = "\n".join(mail.feedback)
    if mail.returned and words.COMPLAINT_SUBJECT.match(mail.first("subject")):
        return Report(Action.COMPLAINT, "complaint: its subject says so")
    if not source and "feedback-report" not in mail.content_type:
        return None
    kind = _fields(source).get("feedback-type", "abuse").lower().strip()
    if kind in words.NO_COMPLAINTS:
        return Report(Action.IGNORE, f"feedback report of the kind {kind[:20]}: nobody complains")
    return Report(Action.COMPLAINT, f"complaint: Feedback-Type: {kind[:20]}")


def _fields(text: str) -> dict[str, str]:
    return {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(text)}


def _delivery_status(mail: Mail) -> Report | None:
    """RFC 3464: the first recipient that failed decides, else the news is not about failure."""
    if not mail.statuses:
        return None
    blocks = [_fields(block) for status in mail.statuses for block in re.split(r"\n\s*\n", status)]
    recipients = [
        _Recipient(
            fields.get("action", "").lower().split(" ")[0], fields.get("status", ""), fields.get("diagnostic-code", "")
        )
        for fields in blocks
        if "final-recipient" in fields or "action" in fields or "status" in fields
    ]
    if not recipients:
        return _free_text(mail)
    failed = next((one for one in recipients if one.action in words.FAILED), None)
    if failed:
        return _failure(failed, _explanation(mail))
    return Report(Action.IGNORE, f"delivery status: {recipients[0].action[:20]}, the mail has not failed")


def _failure(recipient: _Recipient, explanation: str) -> Report:
    written = _CODE.search(recipient.status)
    told = _CODE.search(recipient.diagnostic)
    status = written[1] if written else None
    # x.0.0 says nothing; what the remote server said says more.
    if told and (status is None or status.endswith(".0.0") or status[0] == told[1][0] != "2"):
        status = told[1] if status is None else f"{status[0]}{told[1][1:]}" if status.endswith(".0.0") else status
    return judged(status, explanation if not recipient.diagnostic else recipient.diagnostic)


def _free_text(mail: Mail) -> Report | None:
    """A bounce in a sentence of its own: known by its sender, its subject and its words."""
    explanation = _explanation(mail)
    if not _is_bounce(mail, explanation):
        return None
    if words.DELAYED.search(f"{mail.first('subject')}\n{explanation[:3_000]}") and not words.GIVEN_UP.search(
        explanation
    ):
        return Report(Action.IGNORE, "delay notice: the mail is still being tried")
    code = next((found for found in _CODE.findall(explanation) if found[0] != "2"), None)
    return judged(code, explanation)


def _is_bounce(mail: Mail, explanation: str) -> bool:
    """A machine wrote it and it speaks of failure; from anybody else it must also give back a mail.

    Without that a reader who writes about a bounced mail would be taken for one.
    """
    subject = bool(words.SUBJECT.search(mail.first("subject")))
    if words.DAEMON.search(mail.first("from")) or mail.first("x-failed-recipients"):
        return subject or bool(words.BODY.search(explanation))
    if mail.first("return-path") == "<>" or "delivery-status" in mail.content_type:
        return subject or bool(words.STRONG.search(explanation))
    if not subject or words.ANSWER.match(mail.first("subject")):
        return False
    return bool(words.BODY.search(explanation)) and bool(mail.returned or words.RETURNED.search(mail.text))


def _explanation(mail: Mail) -> str:
    """The words of the report, without the mail that it gives back."""
    text = mail.text if mail.text.strip() else to_text(mail.html)
    found = words.RETURNED.search(text)
    return (text[: found.start()] if found else text)[:_MOST]


def judged(status: str | None, explanation: str) -> Report:
    """What a failure means, by its RFC 3463 status, where it has one, and by what the server said."""
    reply = _REPLY_CODE.search(explanation)
    blames = refusals.accuses_us(status or None, explanation)
    cause = _cause(explanation, blames)
    status = _completed(status or None, cause, reply[1] if reply else None)
    if status is not None:
        permanent = status.startswith("5")
    else:
        permanent = bool(reply and reply[1].startswith("5")) or bool(not reply and words.GIVEN_UP.search(explanation))
    said = " ".join(filter(None, (status, cause and cause.name))) or (f"{reply[1]} reply" if reply else "no code")
    action = Action.BOUNCE_PERMANENT if permanent else Action.BOUNCE_TEMPORARY
    return Report(action, f"bounce: {said}{', the sender is blamed' if blames else ''}", status, blames)


class _Cause(NamedTuple):
    status: str
    name: str


_BLAMED = _Cause("5.7.1", "refused as spam or by policy")


def _cause(explanation: str, blames: bool) -> _Cause | None:
    if blames:
        return _BLAMED
    return next((_Cause(code, name) for code, name, pattern in words.CAUSES if pattern.search(explanation)), None)


def _completed(status: str | None, cause: _Cause | None, reply: str | None) -> str | None:
    """The status as far as the server's words tell more; whether it is permanent, its own field says better."""
    if cause is None:
        return status
    if status is None or status.endswith(".0.0"):
        said_first = status or (reply if reply and cause.status[0] == "5" else cause.status)
        return said_first[0] + cause.status[1:]
    if _VAGUE.match(status) and cause.status[1:3] in _OF_READERS:
        # Microsoft says 5.4.1 of unknown readers: another word for it, which has to come twice.
        return f"{status[0]}{cause.status[1:3]}.0"
    return status
