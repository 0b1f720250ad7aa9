"""Whose mail this is: the tokens in its addresses and references prove it, From: does not."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from newsletter import tokens
from newsletter.inbound.parts import Mail
from newsletter.tokens import Keys, Purpose

_RECIPIENTS = (
    "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "resent-to",
    "apparently-to", "x-delivered-to",
)  # fmt: skip
_SHAPE = re.compile(r"[a-z2-7]{34}")
# What stands where our tokens stand, whole or damaged; a `me+arxiv@` of the operator is shorter.
_IN_ADDRESS = re.compile(r"\+([a-z0-9]{20,64})@", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_WORD = r"[^<>(),;:@\s]"
# Begun only where a word begins: elsewhere a long word without @ would be searched from each of its letters.
_ADDRESS = re.compile(rf"(?<!{_WORD}){_WORD}{{1,100}}+@{_WORD}{{1,255}}+")
_FROM = re.compile(rf"[^<>(),;:@]*+<({_ADDRESS.pattern})>|({_ADDRESS.pattern})")
_OUR_MESSAGE = re.compile(r"<(?:late\.)?(\d{4}-\d\d-\d\d)\.[a-z2-7]{34}@[^<>\s]{1,200}>", re.ASCII)
_LONGEST = 20_000
_MOST_RECIPIENTS = 50  # each is looked for in each line


@dataclass(frozen=True, slots=True)
class Identity:
    """What the tokens of a mail prove."""

    subscriber_id: int | None = None
    leaves: bool = False  # a token for leaving: to use it is the request
    several: bool = False  # tokens of different readers
    forged: bool = False  # something in a token's place that our keys did not make


def identify(mail: Mail, keys: Keys, envelope_to: str | None, own_domain: str | None) -> Identity:
    """The reader a mail belongs to: by the address it was sent to, else by the mail it answers."""
    addressed = "\n".join([*mail.all(*_RECIPIENTS), envelope_to or ""])[:_LONGEST]
    leaving = _ids(keys, Purpose.LEAVE, f"{addressed}\n{mail.first('subject')}")
    if leaving:
        return Identity(leaving[0], leaves=True, several=len(leaving) > 1)
    if any(_is_forged(keys, token) for token in _claimed(mail, addressed, own_domain)):
        return Identity(forged=True)
    replying = _ids(keys, Purpose.REPLY, addressed)
    answered = _ids(keys, Purpose.MESSAGE, mail.first("in-reply-to"))
    # The last reference is the mail that was answered.
    found = [*replying, *answered] or _ids(keys, Purpose.MESSAGE, mail.first("references")[-_LONGEST:])[-1:]
    return Identity(found[0], several=len(set(found)) > 1) if found else Identity()


def joins(mail: Mail, envelope_to: str | None, own_domain: str | None) -> bool:
    """Whether it was sent to the address for joining: that says everything, as the one for leaving does."""
    addressed = "\n".join([*mail.all(*_RECIPIENTS), envelope_to or ""])[:_LONGEST].lower()
    ours = re.escape((own_domain or "").lower())
    return bool(ours) and re.search(rf"\+join@{ours}(?![\w.-])", addressed) is not None


def _claimed(mail: Mail, addressed: str, own_domain: str | None) -> list[str]:
    """What stands where tokens of ours stand and is none that we can read."""
    answered = mail.first("in-reply-to").lower()[:_LONGEST] if own_domain else ""
    own = re.findall(rf"([a-z0-9]{{20,64}})@{re.escape((own_domain or '').lower())}", answered)
    return [*_IN_ADDRESS.findall(addressed.lower()), *own]


def in_report(mail: Mail, keys: Keys, envelope_to: str | None) -> int | None:
    """The reader whose mail a bounce or complaint gives back, by any token of ours in it."""
    addressed = "\n".join([*mail.all(*_RECIPIENTS), envelope_to or ""])[:_LONGEST]
    returned = "\n".join([*mail.statuses, *mail.feedback, mail.returned, mail.text])
    bounced = tokens.find(keys, Purpose.BOUNCE, addressed)
    if bounced is not None:
        return bounced
    purposes = (Purpose.BOUNCE, Purpose.MESSAGE, Purpose.LEAVE, Purpose.REPLY)
    found = (tokens.find(keys, purpose, f"{addressed}\n{returned}") for purpose in purposes)
    return next((subscriber_id for subscriber_id in found if subscriber_id is not None), None)


def returned(mail: Mail) -> tuple[date | None, str | None]:
    """The issue whose mail a report gives back, and that mail's Message-ID, which we made."""
    for text in (mail.returned, mail.text[:_LONGEST]):
        if found := _OUR_MESSAGE.search(text):
            with suppress(ValueError):
                return date.fromisoformat(found[1]), found[0]
    return None, None


def name(mail: Mail) -> str:
    """The name in From:, which is nobody's proof; empty where there is none."""
    return mail.written_from[0].rpartition("<")[0].strip(' "')[:200] if mail.written_from else ""


def recipients(mail: Mail) -> frozenset[str]:
    """The addresses that a mail was sent to, ours among them."""
    found = _ADDRESS.findall("\n".join(mail.all(*_RECIPIENTS))[:_LONGEST])
    return frozenset(found[:_MOST_RECIPIENTS])


def sender(mail: Mail) -> str | None:
    """The one address in From:, without any claim that it is true; None where it can be read in two ways."""
    if len(mail.written_from) != 1:
        return None
    bare = _QUOTED.sub("", mail.written_from[0]).strip()
    found = _FROM.fullmatch(bare)
    return (found[1] or found[2]) if found else None


def _ids(keys: Keys, purpose: Purpose, text: str) -> list[int]:
    """The ids of all valid tokens in a text, each once, in order."""
    words = re.findall(r"(?<![a-z2-7])[a-z2-7]{34}(?![a-z2-7])", text.lower())
    found = (tokens.read(keys, purpose, word) for word in words)
    return list(dict.fromkeys(subscriber_id for subscriber_id in found if subscriber_id is not None))


def _is_forged(keys: Keys, token: str) -> bool:
    """Whether a word in a token's place is none of ours; one of a key older than all we hold is only too old."""
    if any(tokens.read(keys, purpose, token) is not None for purpose in Purpose):
        return False
    if not _SHAPE.fullmatch(token):
        return True
    head = base64.b32decode(token.upper() + "======")[8]
    return head >> 4 not in set(Purpose) or (head & 0x0F) >= min(keys, default=0)
