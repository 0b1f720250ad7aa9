"""An inbound mail → what it means and why, and nothing happens here.

    limits    what is kept of headers, before anything reads their values
    parts     raw bytes → headers, text, report parts; whatever bytes come (charsets: as what they are read)
    gate      our own mail, auto-replies, lists (subjects: where a subject begins)
    reports   bounces and complaints (refusals: whom a server's words accuse)
    identity  whose mail: by tokens, never by From:
    ours, html, cut the new text of a reply, without quotes and signatures (forms: how mail programs mark them)
    grammar   act, ask or leave it alone (lexicon: the words of each language; pause: until when; asking: a guess)

The order below is the decision: what is certain about the machine comes first, what a person may have meant last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from newsletter.inbound import cut, gate, grammar, html, identity, lexicon, ours, parts, reports
from newsletter.inbound.identity import Identity
from newsletter.inbound.parts import Mail
from newsletter.models import Action, Command, Meaning
from newsletter.tokens import Keys

__all__ = ["failure", "read", "visible_text"]

failure = reports.judged

_WORD = re.compile(r"[^\W\d_]{2,}")
_LONGEST_NAME = 60  # letters
_SHORTEST_NAME = 4  # letters; a shorter one may be a word
_TO_JOIN = (Action.JOIN, Action.AGREE)
_UNPROVEN = (Action.HUMAN, Action.AGREE)  # what needs no proof, since nothing comes of it alone


def read(
    raw: bytes,
    *,
    keys: Keys,
    today: date,
    own_domain: str | None = None,
    aligned: str | None = None,
    vouched: str | None = None,
    envelope_to: str | None = None,
    sent: Callable[[int], Iterable[str]] = lambda _: (),
    called: str = "",
) -> Meaning:
    """What an email asks for; never raises: what cannot be read is for a person, and `unreadable`.

    `sent` gives the texts of the mails that a reader got of us: what of them comes back in a reply is no wish.
    `called` is the newsletter's name, which people write where others write `the newsletter`.
    `aligned` is the address or domain for which a trusted Authentication-Results header names an aligned DKIM pass,
    `vouched` the same of a DMARC pass, which counts for joining alone,
    `envelope_to` the address that the mail was delivered to. A command without proof is CONFIRM. A command with such a
    pass instead of a token has `subscriber_id` None and its `sender` proven: whose it is, the caller looks up.
    """
    try:
        return _read(raw, keys, today, own_domain, aligned, vouched, envelope_to, sent, called)
    except Exception as error:  # whatever a stranger found out: the other emails are read all the same
        return Meaning(action=Action.HUMAN, reason=f"it cannot be read ({type(error).__name__})", unreadable=True)


def _read(
    raw: bytes,
    keys: Keys,
    today: date,
    own_domain: str | None,
    aligned: str | None,
    vouched: str | None,
    envelope_to: str | None,
    sent: Callable[[int], Iterable[str]],
    called: str,
) -> Meaning:
    mail = parts.parse(raw)
    loop = gate.is_loop(mail, keys, own_domain)
    if loop:
        return Meaning(action=Action.IGNORE, reason=loop)
    report = reports.read(mail)
    if report:
        issue, message_id = identity.returned(mail)
        return Meaning(
            action=report.action,
            reason=report.why,
            subscriber_id=identity.in_report(mail, keys, envelope_to),
            status=report.status,
            issue=issue,
            returned=message_id,
            blames_sender=report.blames_sender,
        )
    who = identity.identify(mail, keys, envelope_to, own_domain)
    known = () if who.subscriber_id is None else tuple(sent(who.subscriber_id))
    joins = identity.joins(mail, envelope_to, own_domain)
    return _from_person(mail, who, today, (aligned, vouched), known, called, joins=joins)


def visible_text(raw: bytes) -> str:
    """The new text of a reply, a line each: what a person should read of it."""
    return "\n".join(filter(None, _lines(parts.parse(raw))))


def _from_person(
    mail: Mail,
    who: Identity,
    today: date,
    domains: tuple[str | None, str | None],
    known: tuple[str, ...],
    called: str,
    *,
    joins: bool,
) -> Meaning:
    sender = identity.sender(mail)
    meant = Meaning(action=Action.IGNORE, reason="", subscriber_id=who.subscriber_id, sender=sender)
    if who.several:
        return replace(meant, action=Action.HUMAN, reason="tokens of several readers", subscriber_id=None)
    of_sender = (sender.lower(), sender.rpartition("@")[2].lower()) if sender else ()
    proven, may_join = (bool(one) and (one or "").lower() in of_sender for one in domains)
    may_join = may_join or proven
    if who.leaves:
        why = "sent to the address for leaving"
        return replace(meant, action=Action.UNSUBSCRIBE, command=Command.UNSUBSCRIBE, reason=why)
    automatic = gate.is_automatic(mail)
    if automatic:
        return replace(meant, reason=automatic, list_id=gate.list_id(mail))
    named = _Named(sender, identity.name(mail), identity.recipients(mail), called)
    written = _lines(mail, known)
    automatic = gate.says_so_first(written)
    if automatic:
        return replace(meant, reason=automatic)
    if joins:
        how = Action.JOIN if may_join or who.subscriber_id is not None else Action.CONFIRM
        why = "sent to the address for joining"
        return replace(meant, action=how, command=Command.JOIN, reason=why, is_proven=may_join)
    lines = [named.plain(line) for line in written]
    wish = grammar.read(named.plain(mail.first("subject")), lines, today)
    if wish is None:
        return replace(meant, reason="no request in it" if any(lines) else "nothing new written in it")
    if who.forged:
        return replace(meant, reason=f"{wish.why}, but its token is not ours")
    asked = replace(
        meant,
        action=wish.action,
        reason=wish.why,
        command=wish.command,
        value=wish.value,
        until=wish.until,
        answers=mail.first("in-reply-to").strip() or None,
        is_proven=proven or (may_join and wish.action in _TO_JOIN),
    )
    if wish.action in _UNPROVEN or who.subscriber_id is not None:
        return asked
    if proven:
        return replace(asked, reason=f"{wish.why}; DKIM proves the sender")
    if asked.is_proven:
        return asked
    return replace(asked, action=Action.CONFIRM, reason=f"{wish.why}, without a token")


class _Named:
    """What people write of themselves and of us: `unsubscribe ada@example.com from Morning arXiv`."""

    def __init__(self, sender: str | None, name: str, recipients: Iterable[str], called: str) -> None:
        self._sender = _pattern(re.escape(sender)) if sender else None
        self._names = frozenset(_WORD.findall(f"{name} {(sender or '').partition('@')[0]}".casefold())) - {"no", "me"}
        self._ours = _pattern("|".join(map(re.escape, sorted(recipients, key=len, reverse=True))) or "(?!)")
        # In Chinese a name stands without spaces around it.
        around = ("", "") if re.search(f"[{lexicon.CJK}]", called) else (r"(?<![a-z0-9])", r"(?![a-z0-9])")
        self._called = _pattern(re.escape(called).join(around)) if len(called) >= _SHORTEST_NAME else None

    def plain(self, line: str) -> str:
        """A line without their address and ours, and with `newsletter` for its name; nothing where it is their name."""
        if len(line) <= _LONGEST_NAME and self._names.issuperset(_WORD.findall(line.casefold())):
            return "" if _WORD.search(line) else line
        if self._sender:
            line = self._sender.sub("", line).strip()
        line = self._ours.sub("", line)
        return self._called.sub("newsletter", line) if self._called else line


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.I)


def _lines(mail: Mail, known: Iterable[str] = ()) -> list[str]:
    text = mail.text if mail.text.strip() else html.to_text(mail.html)
    # One letter may stand for eighteen: they are counted behind that.
    return cut.visible_lines(ours.quoted(unicodedata.normalize("NFKC", text)[: parts.MOST_TEXT], known))
