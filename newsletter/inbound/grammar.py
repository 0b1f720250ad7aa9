"""What the visible lines of a reply ask for, by a strict grammar on whole lines; everything else is for a person.

The first line that is not a greeting must be a command and nothing but a command; in the lines behind it anything may
stand that does not take the command back, narrow it or make it depend on something. Before it may stand why.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache

from newsletter.inbound import forms, pause, phrases, words
from newsletter.inbound.leaving_words import OFTEN_MISTYPED
from newsletter.inbound.phrases import folded, without_accents
from newsletter.models import Action

_LONGEST_COMMAND = 200
_MOST_LINES = 200
_SENTENCE_END = re.compile(r"[.!。!]+(?:\s+|(?=[\u3040-\u9fff\uac00-\ud7af]))|[。]")
_SUBJECT_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|ref|rif|r|res|rép|ré|odp|ynt|ha|回复|回覆|答复|答覆|回信|返信|답장|회신|"
    r"ответ|отв|на)"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*:|\[(?:ext|external|外部)[^\]]*\]|【外部[^】]*】)\s*",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a text asks for: one of UNSUBSCRIBE, PAUSE, RESUME, HUMAN; why in a clause; until when a pause lasts."""

    action: Action
    why: str
    until: date | None = None


def read(subject: str, lines: list[str], today: date) -> Wish | None:
    """The wish of a mail, None when it has none."""
    lines = lines[:_MOST_LINES]
    asked = _in_subject(subject, lines, today) or _in_first_line(lines, today)
    if asked is None:
        return _mentioned(subject, lines)
    wish, rest = asked
    other = _in_first_line(lines, today)
    if other and other[0].action is not wish.action:
        return Wish(Action.HUMAN, "subject and first line ask for different things")
    doubt = next((line for line in rest if _is_doubtful(line)), None)
    return Wish(Action.HUMAN, f"{wish.why}, but then {_short(doubt)}") if doubt else wish


def _in_subject(subject: str, lines: list[str], today: date) -> tuple[Wish, list[str]] | None:
    text = bare_subject(subject)
    wish = command(text, today)
    return (Wish(wish.action, f"subject says {_short(text)}", wish.until), lines) if wish else None


def _in_first_line(lines: list[str], today: date) -> tuple[Wish, list[str]] | None:
    start = next((index for index, line in enumerate(lines) if not _is_aside(line)), None)
    if start is None:
        return None
    line, rest = lines[start], lines[start + 1 :]
    wish = command(line, today)
    if wish is None and (parted := _first_sentence(line)):
        # A sentence of its own with an unmistakable word in it: what follows is as if it stood on the next line.
        line, more = parted
        wish, rest = command(line, today), [more, *rest]
    return (Wish(wish.action, f"first line says {_short(line)}", wish.until), rest) if wish else None


def _first_sentence(line: str) -> tuple[str, str] | None:
    """The first sentence that is no aside and names leaving, with what follows it; None where a question follows."""
    ends = [found.end() for found in _SENTENCE_END.finditer(line)]
    end = next((end for end in ends if not _is_aside(line[:end])), None)
    if end is None or "?" in line[end:] or not _stems().search(without_accents(line[:end])):
        return None
    return line[:end], line[end:]


def _is_aside(line: str) -> bool:
    """Whether a line only greets, thanks or says why."""
    return all(_is_aside_clause(clause) for clause in forms.clauses(line))


def _is_aside_clause(clause: str) -> bool:
    return forms.is_courtesy_clause(clause) or _is_reason(clause)


def _is_reason(clause: str) -> bool:
    text = folded(clause)
    if text in _reasons():
        return True
    begins = _reason_begins().search(without_accents(clause))
    return bool(begins) and not (_is_doubtful(clause) or _stems().search(without_accents(clause)))


def bare_subject(subject: str) -> str:
    """A subject without Re: and its kin in other languages."""
    text = unicodedata.normalize("NFKC", subject[:1_000]).strip()
    while found := _SUBJECT_PREFIX.match(text):
        text = text[found.end() :]
    return text.strip()


def command(line: str, today: date) -> Wish | None:
    """The wish of a line that is a command and nothing else."""
    if not line or len(line) > _LONGEST_COMMAND:
        return None
    found: Wish | None = None
    thanked = False
    for clause in forms.clauses(line):
        wish = _clause(clause, today)
        if wish and (found is None or wish.action is found.action):
            found = found or wish
        elif wish or not (_is_aside_clause(clause) or (thanked and _is_name(clause))):
            return None
        thanked = thanked or forms.is_thanks(clause)
    if found and "?" in line and not _asks().search(without_accents(line)):
        return None
    return found


def _is_name(clause: str) -> bool:
    return len(clause.split()) <= 3 and all(word[0].isupper() or forms.CJK.match(word) for word in clause.split())


def _clause(clause: str, today: date) -> Wish | None:
    """The wish of one clause; where two scripts meet (`unsubscribe 退订`) each side is read by itself."""
    sides = [clause] if not forms.CJK.search(clause) else [clause, *forms.by_script(clause)]
    wishes = [_one_script(side, today) for side in sides]
    if wishes[0] or len(wishes) < 3:
        return wishes[0]
    found = [wish for wish, side in zip(wishes[1:], sides[1:], strict=True) if wish or not _is_aside_clause(side)]
    first = found[0] if found else None
    return first if first and all(wish and wish.action is first.action for wish in found) else None


def _one_script(clause: str, today: date) -> Wish | None:
    text = folded(clause)
    if phrases.is_whole(words.LEAVE, text) or phrases.is_whole(words.LEAVE, phrases.corrected(text, _mistyped())):
        return Wish(Action.UNSUBSCRIBE, "")
    if phrases.is_whole(words.RESUME, text):
        return Wish(Action.RESUME, "")
    for rest in phrases.remainders(words.PAUSE, text):
        until = pause.until(rest, today)
        if until:
            return Wish(Action.PAUSE, "", until)
    return None


@cache
def _mistyped() -> tuple[str, ...]:
    return tuple(folded(word) for word in phrases.split(OFTEN_MISTYPED))


@cache
def _reasons() -> frozenset[str]:
    return frozenset(folded(one) for one in phrases.split(words.REASONS))


@cache
def _reason_begins() -> re.Pattern[str]:
    return phrases.anywhere(words.REASON_BEGINS, at_start=True)


@cache
def _asks() -> re.Pattern[str]:
    return phrases.anywhere(words.ASKS)


@cache
def _stems() -> re.Pattern[str]:
    return phrases.anywhere(words.STEMS)


@cache
def _doubts() -> re.Pattern[str]:
    return phrases.anywhere(words.DOUBTS)


@cache
def _no_doubts() -> re.Pattern[str]:
    return phrases.anywhere(words.NO_DOUBTS)


def _mentioned(subject: str, lines: list[str]) -> Wish | None:
    """A command word outside the grammar."""
    bare = bare_subject(subject)
    if _stems().search(without_accents(bare)) or _begins_like_command(bare):
        return Wish(Action.HUMAN, f"subject says {_short(bare)}")
    line = next((line for line in lines if _stems().search(without_accents(line))), None)
    if line:
        return Wish(Action.HUMAN, f"a command word outside the grammar: {_short(line)}")
    first = next((line for line in lines if not _is_aside(line)), "")
    if _begins_like_command(first):
        return Wish(Action.HUMAN, f"begins like a command: {_short(first)}")
    return None


def _begins_like_command(line: str) -> bool:
    clause = next(iter(forms.clauses(line)), "")
    text = folded(clause)
    return (
        bool(text)
        and len(line) <= 80
        and any(phrases.is_whole(table, text) for table in (words.LEAVE, words.PAUSE, words.RESUME))
    )


def _is_doubtful(line: str) -> bool:
    return bool(_doubts().search(_no_doubts().sub("", without_accents(line))))


def _short(line: str) -> str:
    return f"“{line[:60]}…”" if len(line) > 60 else f"“{line}”"
