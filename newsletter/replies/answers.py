"""One short answer to an email: as RFC 3834 wants it, so that no machine answers in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from newsletter import tokens
from newsletter.addresses import ascii_domain, domain_of, leave_link, leave_mailto, own_address, plus
from newsletter.models import Command, Letterhead, Message, Subscriber
from newsletter.render import answer
from newsletter.render.answer import Button, Content, Word
from newsletter.render.short import short_mail
from newsletter.replies.responses import Asking, Response, Sentence, Way
from newsletter.tex import clean
from newsletter.tokens import Keys, Purpose
from newsletter.words import Words, bare

QUIET_DAYS = 7  # between two confirmations to the same reader
WORDS = (
    "unsubscribe", "pause", "resume", "papers", "weekly", "daily", "time", "languages", "settings", "help",
)  # fmt: skip
# What says the same as the button of a question, in an email that holds nothing else.
_COMMANDS: Mapping[Command, str] = {
    Command.PAUSE: "pause until {value}",
    Command.RESUME: "resume",
    Command.PAPERS: "{value} papers",
    Command.DAYS: "{value}",
    Command.TIME: "{value}",
    Command.LANGUAGES: "languages {value}",
}
_PAUSES = {"page_pause_7": "pause 1 week", "page_pause_14": "pause 2 weeks", "page_pause_30": "pause 1 month"}
_LEADS = {Way.UNDO: "answer_undo", Way.LEAVE: "answer_leave"}


class Writer:
    """What one answer to one reader is written with."""

    def __init__(
        self, letterhead: Letterhead, keys: Keys, reader: Subscriber, newsletter: str, words: Words, now: datetime
    ) -> None:
        self.letterhead, self.keys, self.reader, self.words, self.now = letterhead, keys, reader, words, now
        self.name = clean(newsletter)

    def write(self, sentence: Sentence) -> str:
        return sentence.write(self.words, name=self.name, email=self.reader.email)

    @property
    def is_partial(self) -> bool:
        """Whether this language has words for confirmations alone."""
        return self.words.language != self.words.say("answer_language")

    def message_id(self, answers: str) -> str:
        """Our token is in it: should it come back to us, it is known as our own, and whose."""
        token = tokens.make(self.keys, Purpose.MESSAGE, self.reader.id)
        return f"<answer.{_digest(answers, self.now)}.{token}@{domain_of(own_address(self.letterhead))}>"

    def reply_to(self) -> str:
        own = own_address(self.letterhead)
        token = tokens.make(self.keys, Purpose.REPLY, self.reader.id)
        return plus(own, token) if self.letterhead.plus_addressing else own

    def by_email(self, subject: str) -> str:
        """A link that writes us an email which says this and nothing else."""
        return f"mailto:{quote(self.reply_to(), safe='@+')}?subject={quote(subject)}"


def compose(
    response: Response, by: Writer, *, folders: Sequence[Path], answers: str, secrets: Mapping[Way, str]
) -> Message:
    """The answer to the email with the Message-ID `answers`; `secrets`: of the links that work once."""
    content = _content(response, by, secrets)
    text, html = answer.parts(folders, content)
    return short_mail(
        by.reader.email,
        _headers(by, answers, bare(content.title)),
        text,
        html,
        envelope_from="",  # RFC 3834 section 3.3: what cannot be delivered comes back to nobody
        boundary=f"answer-{_digest(answers, by.now)}",
    )


def _content(response: Response, by: Writer, secrets: Mapping[Way, str]) -> Content:
    words, letterhead = by.words, by.letterhead
    foot = (by.write(Sentence("answer_concerns")), letterhead.postal_address or "")
    listed = response.words and not by.is_partial
    return Content(
        language=words.say("answer_language"),
        brand=by.name,
        title=by.write(response.title).rstrip(":： "),
        lines=tuple(map(by.write, response.lines)),
        notes=tuple(note if isinstance(note, str) else by.write(note) for note in response.notes),
        buttons=tuple(button for way in response.ways for button in _buttons(way, response, by, secrets.get(way))),
        after=tuple(map(by.write, response.after)),
        words_title=words.say("answer_words"),
        words=tuple(_word(by, key) for key in WORDS if listed),
        words_first=response.words_first,
        foot=tuple(filter(None, foot)),
    )


def _word(by: Writer, key: str) -> Word:
    word, about = by.words.say(f"answer_word_{key}"), by.words.say(f"answer_word_{key}_about")
    return Word(word, about, by.by_email(bare(word)))


def _buttons(way: Way, response: Response, by: Writer, secret: str | None) -> list[Button]:
    """The page behind it, else an email that says the same; none where neither works."""
    if way is Way.CONFIRM and response.asking:
        return _confirming(response.asking, by, secret)
    lead = by.words.say(_LEADS[way]) if way in _LEADS else ""
    link = _link(way, by, secret)
    return [Button(by.words.say(f"answer_{way.value}_button"), link, lead)] if link else []


def _link(way: Way, by: Writer, secret: str | None) -> str:
    web, keys, reader = by.letterhead.public_url, by.keys, by.reader.id
    match way:
        case Way.LEAVE:
            return leave_link(by.letterhead, tokens.make(keys, Purpose.LEAVE, reader))
        case Way.UNDO:
            return f"{web}/undo/{secret}" if web and secret else by.by_email("resume")
        case Way.DOWNLOAD | Way.ERASE | Way.ADDRESS | Way.FEED:
            return f"{web}/t/{secret}" if web and secret else ""
    return f"{web}/p/{tokens.make(keys, Purpose.PREFERENCES, reader)}" if web else ""


def _confirming(asking: Asking, by: Writer, secret: str | None) -> list[Button]:
    leaving = asking.command is Command.UNSUBSCRIBE
    choosing = asking.command is Command.PAUSE and not asking.value
    key = "answer_leave_button" if leaving else "page_pause_button" if choosing else "page_confirm_button"
    label = by.words.say(key)
    if by.letterhead.public_url and secret:
        return [Button(label, f"{by.letterhead.public_url}/a/{secret}")]
    if leaving:
        token = tokens.make(by.keys, Purpose.LEAVE, by.reader.id)
        return [Button(label, leave_mailto(by.letterhead, token))]
    if not by.letterhead.plus_addressing:
        return []  # such an email would prove nothing; a reply to this one does
    if choosing:
        return [Button(by.words.say(key), by.by_email(command)) for key, command in _PAUSES.items()]
    if asking.command not in _COMMANDS:
        return []  # it names papers by their ids, which no words do: "yes" says the same
    return [Button(label, by.by_email(_COMMANDS[asking.command].format(value=asking.value)))]


def _headers(by: Writer, answers: str, subject: str) -> tuple[tuple[str, str], ...]:
    own = [
        ("From", by.letterhead.sender),
        ("To", ascii_domain(by.reader.email)),
        ("Reply-To", by.reply_to()),
        ("Subject", subject),
        ("Date", format_datetime(by.now)),
        ("Message-ID", by.message_id(answers)),
        ("Auto-Submitted", "auto-replied"),
    ]
    replied = "".join(answers.split())
    # Only what is an identifier: the header is somebody else's text.
    known = replied.startswith("<") and replied.endswith(">") and replied.isascii() and len(replied) < 500
    return (*own, ("In-Reply-To", replied), ("References", replied)) if known else tuple(own)


def _digest(answers: str, now: datetime) -> str:
    return hashlib.sha256(f"{answers} {now:%Y-%m-%d}".encode()).hexdigest()[:16]
