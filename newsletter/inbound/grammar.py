"""What the visible lines of a reply ask for, by a strict grammar on whole lines; everything else is for a person.

The first line that is no aside must be a command and nothing but a command. Before it people may say who they are and
why; behind it may stand reasons, thanks, the same command and a signature, nothing that takes it back or narrows it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache

from newsletter.inbound import asides, doubts, forms, pause, phrases, signatures, words
from newsletter.inbound.phrases import folded, without_accents
from newsletter.models import Action

_LONGEST_COMMAND = 200
_MOST_LINES = 200
_MOST_WRAPPED = 3
_ENDS = re.compile(r"[.!?。!?…:;,]\s*$")
_ASKED = re.compile(r"\?|[吗嗎]\W*$")
# Where a sentence begins to say why, or a thank-you to ask.
_JOINTS = re.compile(
    r"\s(?=(?:as|since|because) (?:i|we|my)\b|due to |da ich |weil ich |car je |puisque je |porque |ya que |perch[ée] |"
    r"так как |потому что )|\s(?:but|aber|pero|mas|но)\s|\smais (?=je |j'|merci|veuillez|pouv)|"
    r"\s(?:and|und|et|y|e|и) (?=unsubscribe|remove me|take me|meld|désabonn|desinscri|отпиш)|"
    r"\sma (?=vorrei|voglio|desidero|per favore|chiedo|pote|puoi|mi )",
    re.I,
)
# What is left of a wrapped `On 9 March 2026 at 09:30 Morning arXiv <our address> wrote:`.
_OF_A_QUOTE = re.compile(r"<>|20\d\d.*\b\d{1,2}[:.]\d{2}\b|\b\d{1,2}[:.]\d{2}\b.*20\d\d")
_QUOTES = re.compile(r"[\"“”„«»「」『』:]")  # as NFKC leaves them
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
    wish, told, rest = asked
    other = _in_first_line(lines, today)
    if other and other[0].action is not wish.action:
        return Wish(Action.HUMAN, "subject and first line ask for different things")
    doubt = _doubt(told, rest, wish.action, today)
    return Wish(Action.HUMAN, f"{wish.why}, but then {_short(doubt)}") if doubt else wish


def _in_subject(subject: str, lines: list[str], today: date) -> tuple[Wish, str, list[str]] | None:
    text = bare_subject(subject)
    wish = command(text, today)
    if wish is None or (_is_vague(text) and not all(command(line, today) or asides.is_aside(line) for line in lines)):
        return None
    return Wish(wish.action, f"subject says {_short(text)}", wish.until), text, lines


def _in_first_line(lines: list[str], today: date) -> tuple[Wish, str, list[str]] | None:
    told = (index for index, line in enumerate(lines) if command(line, today) or not asides.is_aside(line))
    start = next(told, None)
    if start is None:
        return None
    line, height = _unwrapped(lines[start:], today)
    rest = lines[start + height :]
    wish = command(line, today)
    if wish is None and (parted := _first_sentence(line, today)):
        # A sentence of its own with an unmistakable word in it: what follows is as if it stood on the next line.
        line, more = parted
        wish, rest = command(line, today), [more, *rest]
    if wish is None or (_is_vague(line) and any(map(asides.is_free, lines[:start]))):
        return None
    return Wish(wish.action, f"first line says {_short(line)}", wish.until), line, rest


def _unwrapped(lines: list[str], today: date) -> tuple[str, int]:
    """The first line with those that a mail program has cut off it, and how many they are."""
    for height in range(1, _MOST_WRAPPED + 1):
        joined = " ".join(lines[:height])
        ended = height >= len(lines) or _ENDS.search(lines[height - 1])
        if command(joined, today) and (ended or not _is_cut_off(lines[height], today)):
            return joined, height
        if ended:
            break
    return lines[0], 1


def _is_cut_off(line: str, today: date) -> bool:
    """Whether a line only goes on with what the one before began."""
    return doubts.goes_on(line) and not (asides.is_aside(line) or command(line, today))


def _doubt(told: str, rest: list[str], action: Action, today: date) -> str | None:
    """The first line behind a command that could change it: any but reasons, thanks, the command again, a signature.

    Behind a sign-off stands whose mail it is, and whatever they put below all their mails.
    """
    signed, first = False, True
    for line in rest:
        if _OF_A_QUOTE.search(line) and _is_vague(line):
            continue
        if doubts.in_line(line):
            return line
        clauses = forms.clauses(line)
        known = all(map(asides.may_follow, clauses)) or _again(line, action, today)
        # `Remove` and below it `Paper 3`.
        object_of_it = _is_vague(told) and any(letter.isdigit() for letter in line)
        if not (known or signed or (_signs(line, first) and not object_of_it)):
            return line
        first = first and known
        signed = signed or (bool(clauses) and forms.is_thanks(clauses[-1]))
    return None


def _signs(line: str, first: bool) -> bool:
    """Whether a line is part of a signature; right below a command an address or a topic may be its object."""
    return signatures.is_signature(line) and not (first and (doubts.goes_on(line) or doubts.ADDRESS.search(line)))


def _again(line: str, action: Action, today: date) -> bool:
    """Whether every sentence of a line is the same command once more, or leaves it as it is."""
    parts = [part for part in _SENTENCE_END.split(line) if not all(map(asides.may_follow, forms.clauses(part)))]
    wishes = [command(part, today) for part in parts]
    return all(wish and wish.action is action for wish in wishes)


def _first_sentence(line: str, today: date) -> tuple[str, str] | None:
    """The first sentence that is no aside and names leaving, with what follows it; None where a question follows."""
    ends = [found.end() for found in _SENTENCE_END.finditer(line)]
    end = next((end for end in ends if command(line[:end], today) or not asides.is_aside(line[:end])), None)
    if end is None or "?" in line[end:] or _is_vague(line[:end]):
        return None
    return line[:end], line[end:]


def _is_vague(line: str) -> bool:
    """Whether a line could speak of something else than the newsletter: `Stop.`, `remove it`."""
    return not words.stems().search(without_accents(line))


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
    free = signs = False
    for clause in (clause for part in _JOINTS.split(line) for clause in forms.clauses(part)):
        wish = _clause(clause, today)
        if wish and (found is None or wish.action is found.action):
            found = found or wish
        elif wish or not _stands_beside(clause, found is not None, signs):
            return None
        free = free or (wish is None and not asides.is_fixed(clause) and asides.is_free(clause))
        signs = wish is None and found is not None and forms.is_thanks(clause)
    if found and (free and (_is_vague(line) or _QUOTES.search(line))):
        return None  # who tells something and then says `stop`, or quotes a word, may mean something else
    if found and _ASKED.search(line) and not _asks().search(without_accents(line)):
        return None
    return found


def _stands_beside(clause: str, behind: bool, signs: bool) -> bool:
    """Whether a clause of a command's line leaves it as it is."""
    if not behind:
        return asides.is_aside_clause(clause)
    tail = phrases.is_tail(words.LEAVE, folded(clause))
    return tail or asides.may_follow(clause) or (signs and _is_name(clause))


def _is_name(clause: str) -> bool:
    return len(clause.split()) <= 3 and all(word[0].isupper() or forms.CJK.match(word) for word in clause.split())


def _clause(clause: str, today: date) -> Wish | None:
    """The wish of one clause; where two scripts meet (`unsubscribe 退订`) each side is read by itself."""
    sides = [clause] if not forms.CJK.search(clause) else [clause, *forms.by_script(clause)]
    wishes = [_one_script(side, today) for side in sides]
    if wishes[0] or len(wishes) < 3:
        return wishes[0]
    found = [wish for wish, side in zip(wishes[1:], sides[1:], strict=True) if wish or not asides.is_aside_clause(side)]
    first = found[0] if found else None
    return first if first and all(wish and wish.action is first.action for wish in found) else None


def _one_script(clause: str, today: date) -> Wish | None:
    text = folded(clause)
    if phrases.is_whole(words.LEAVE, text) or phrases.is_whole(words.LEAVE, phrases.corrected(text, _mistyped())):
        return Wish(Action.UNSUBSCRIBE, "")
    if phrases.is_whole(words.RESUME, text):
        return Wish(Action.RESUME, "")
    until = pause.asked(text, today)
    return Wish(Action.PAUSE, "", until) if until else None


@cache
def _mistyped() -> tuple[str, ...]:
    return tuple(folded(word) for word in phrases.split(phrases.table("words_often_mistyped")))


@cache
def _asks() -> re.Pattern[str]:
    return phrases.anywhere(phrases.table("words_asks"))


def _mentioned(subject: str, lines: list[str]) -> Wish | None:
    """A command word outside the grammar."""
    bare = bare_subject(subject)
    if words.stems().search(without_accents(bare)) or _begins_like_command(bare):
        return Wish(Action.HUMAN, f"subject says {_short(bare)}")
    line = next((line for line in lines if words.stems().search(without_accents(line))), None)
    if line:
        return Wish(Action.HUMAN, f"a command word outside the grammar: {_short(line)}")
    first = next((line for line in lines if not all(map(asides.is_fixed, forms.clauses(line)))), "")
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


def _short(line: str) -> str:
    return f"“{line[:60]}…”" if len(line) > 60 else f"“{line}”"
