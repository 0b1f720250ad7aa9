"""What the visible lines of a reply ask for: act when all of it is certain, ask where it seems to be a command.

Certain is a text in which every clause is a command that consists of known words alone, or a courtesy, a reason or a
signature, and in which nothing takes the command back. The words are data, a file a language (see `lexicon`). Whether
any other text asks for something is guessed (see `asking`), and a guess is never acted on.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property, lru_cache

from newsletter.inbound import asking, lexicon, pause, subjects
from newsletter.inbound.lexicon import Labels, Language, Place, folded
from newsletter.models import Action, Command

_MOST_LINES, _MOST_TOKENS, _LONGEST_CLAUSE, _LONGEST_LINE = 60, 400, 40, 400
_MOST_CLAUSES, _LONGEST_TEXT = 100, 200  # clauses, and letters of one
_NEAR = 4  # words between a negation and what it turns
_SHORTEST_TYPO = 8  # letters: shorter words are too near to others
_MOST_SIGNED, _LONGEST_SIGNED, _DISCLAIMER = 8, 90, 120  # lines and letters
_MOST_NAMES = 3  # words
_MOST_OPENED = 5  # words behind a greeting or thanks
_TERSE, _AT_LENGTH = 5, 30  # words
_SUBJECT = -1  # its line
_CONTACT = re.compile(
    r"https?://|www\.|[\w.-]+@[\w-]+\.|\+?\(?\d[\d ()./-]{6,}\d|\w ?\| ?\w|"
    r"\b(?:tel|fon|phone|fax|mob\w*|orcid)\b ?[.:]|[话話机機真]\s?[:：]",
    re.I,
)
# A point within a number, an address or a name such as cs.CV ends nothing.
_CLAUSE = re.compile(
    rf"((?:\.(?=\s|$|[{lexicon.CJK}])(?<!\d\.)|\.(?=\s*$)|(?<=\w\w\w)\.(?=[A-ZÀ-ÞА-Я][a-zà-þа-я])|"
    rf"(?<!\d)[,、]|[,、](?! ?\d)|"
    rf"/(?=\s|$)|(?<=[\s{lexicon.CJK}])/|"
    r"[;!?¿¡~…|()\[\]{}<>\"“”‘„«»「」『』【】*。，；！？—–·•؟،؛\u2600-\u27bf\U0001f000-\U0001f44c\U0001f44f-\U0001faff]|"
    r"[:：](?!\d|//|\s?\S+@))+|(?<!\w)-|-(?!\w)|(?<!\w)'|'(?!\w))"
)
_ENDS = re.compile(r"[.!?:;,]\s*$")
_ASKED = re.compile(r"[?？؟]")
_ASKS = re.compile(r"[吗嗎么麼]$|까요?$")  # asked without a mark
_OBJECT = re.compile(r"@|\b[a-z-]+\.[A-Za-z]{2}\b|(?<!\d{6})\d\s*$")  # an address, a category of arXiv, a short number
_OPENS_QUOTE = re.compile(r"[\"“„«「『]|(?<!\w)'$")
_COLON = re.compile(r"[:：]$")
_COMMANDS = {"weekly": Command.DAYS, "daily": Command.DAYS}
# The values that a command needs: without one we ask.
_VALUES = {
    "pause": {"until"},
    "like": {"n"},
    "not": {"n"},
    "save": {"n"},
    "unmark": {"n"},
    "papers": {"n"},
    "time": {"time", "n"},
    "languages": {"language"},
    "address": {"address"},
}
_COURTESIES = frozenset({"courtesy"})
_SPEAKING = frozenset({"turns", "others", "no", "asks"})
_POLITE = frozenset({"please", "courtesy"})
_OF_OTHERS = ("join", "languages", "address")  # commands whose words stand in much that is no request
_SINGLE = ("help", "settings")  # commands that are one word: what else stands there makes another sense of it
_LEAVE, _PAUSE, _JOIN = Command.UNSUBSCRIBE.value, Command.PAUSE.value, Command.JOIN.value


Guessing = Callable[[str, Collection[str]], asking.Guess]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a text asks for: an action, or CONFIRM or HUMAN, with the command and its value; why in a clause."""

    action: Action
    why: str
    command: Command | None = None
    value: str = ""
    until: date | None = None


@dataclass(frozen=True)
class _Clause:
    """A run of words between two marks."""

    text: str
    tokens: list[str]
    values: list[tuple[str, str]]
    found: tuple[tuple[Language, Labels], ...]
    asked: bool  # a question mark follows
    line: int
    quoted: bool = False  # between quotation marks, or announced by a colon

    @cached_property
    def signs(self) -> Mapping[str, tuple[_Sign, ...]]:
        """By strength, what may be meant in the languages that it may be written in."""
        made: dict[str, list[_Sign]] = {}
        for strength, command, places, language in lexicon.meant(self.found):
            made.setdefault(strength, []).append(_Sign(command, strength == "alone", places, language, self))
        return {strength: tuple(signs) for strength, signs in made.items()}

    @property
    def certain(self) -> tuple[_Sign, ...]:
        return self.signs.get("certain", ())

    @cached_property
    def told(self) -> _Sign | None:
        """The command that it is, and nothing else."""
        return _told(self)


@dataclass(frozen=True, slots=True)
class _Sign:
    """A command in a clause: how certain it is, and where."""

    command: str
    alone: bool
    places: tuple[Place, ...]
    language: Language
    clause: _Clause

    @property
    def weight(self) -> tuple[bool, int]:
        """Whether a value belongs to it, such as `until 1 April`, and how many words mean it."""
        words = [self.clause.tokens[number] for start, end in self.places for number in range(start, end)]
        return any(word[0] == "<" for word in words), len(words)


def read(subject: str, lines: Sequence[str], today: date, guessing: Guessing = asking.guess) -> Wish | None:
    """The wish of an email, None when it has none."""
    own = subjects.bare(subject)
    typed, head = _clauses(lines, today), _clauses([own], today)
    changed = own == subject.strip()  # else it is that of the email that is answered, as a rule one of ours
    if (changed or not typed) and head and _whole(head, [own]):
        typed = [*(replace(one, line=_SUBJECT) for one in head), *typed]
    elif changed:
        lines = [*lines, own]
        typed = [*typed, *(replace(one, asked=True) for one in head if one.certain)]
    if not typed:
        return None
    if all(_is_courtesy(one) or _tiled_in_any(one, "yes") for one in typed) and any(
        _tiled_in_any(one, "yes") for one in typed
    ):
        return Wish(Action.AGREE, f"says {_short(typed[0].text)}")
    head_first = typed[0].line == _SUBJECT
    text = " / ".join(filter(None, [own, *lines] if head_first else lines))
    whole = _whole(typed, lines)
    guess = guessing(text, _known(typed, whole))
    if whole:
        # `fine` is Italian for the end.
        return whole if guess.may_ask else replace(whole, action=Action.CONFIRM)
    return _guessed(typed, text, guess, today)


def only_greets(line: str) -> bool:
    """Whether a line is courtesies and nothing else."""
    return all(map(_is_courtesy, _clauses([line], date.min)))


# --- certain -------------------------------------------------------------------------------------


def _whole(typed: list[_Clause], lines: Sequence[str]) -> Wish | None:
    """The command, where the whole text is one, with what people say around it."""
    told: _Sign | None = None
    spoken: set[str] = set()  # commands that the rest touches
    reasons = signed = False
    for index, clause in enumerate(typed):
        below = told is not None and clause.line > told.clause.line
        if sign := clause.told:
            if told and _meant(sign, clause) != _meant(told, told.clause):
                return None
            told = told or sign
        elif _is_courtesy(clause):
            salutes = told is not None and told.clause.line == _SUBJECT and clause.line == 0 and _is_greeting(clause)
            signed = signed or (told is not None and not salutes)
        elif told and below and not signed and _is_block(typed[index:], lines):
            break
        elif not _is_harmless(clause):
            return None
        elif told is None or _goes_on(told, clause):
            reasons = True
            spoken.update(sign.command for sign in clause.certain)
        elif signed and not clause.certain and (below or _is_name(clause)):
            continue
        elif not _is_object(clause, told):
            return None
    if told is None or spoken - {told.command} or (reasons and _may_be_spoken_of(told)):
        return None
    if reasons and told.command not in (_LEAVE, _PAUSE):
        return None
    return _wish(told)


def _is_object(clause: _Clause, told: _Sign) -> bool:
    """`unsubscribe - the newsletter`."""
    labels = _labels(clause, told.language).keys() & {"mail", "me", "this"}
    return (
        clause.line == told.clause.line
        and bool(labels)
        and _tiled(clause, told.language, told.language.tiles[told.command])
    )


def _may_be_spoken_of(sign: _Sign) -> bool:
    return sign.alone or sign.clause.quoted


def _is_harmless(clause: _Clause) -> bool:
    """Whether a clause, whatever it tells, takes nothing back."""
    turned = any(found.get("turns") or found.get("others") for _, found in clause.found)
    return not (turned or clause.asked or clause.quoted)


def _goes_on(told: _Sign, clause: _Clause) -> bool:
    """Whether a clause behind a command gives a reason, in a language that the command may be written in."""
    languages = [language for language, _ in told.clause.found]
    found = [labels for language, labels in clause.found if language in languages]
    return any(start == 0 for labels in found for start, _ in labels.get("self", ()))


def _meant(sign: _Sign, clause: _Clause) -> tuple[str, list[str]]:
    return sign.command, [value for _, value in clause.values]


def _told(clause: _Clause) -> _Sign | None:
    """The command that a clause is, and nothing else."""
    best: _Sign | None = None
    if any(_tiled(clause, language, _COURTESIES) for language, _ in clause.found):
        return None  # `buon fine settimana`
    told = [sign for sign in clause.certain if _is_told(sign)]
    if told:
        best = max(told, key=lambda sign: sign.weight)
        certain = [one for one in clause.certain if one.command != _JOIN]  # whose words are those of any subscription
        apart = any(one.command != best.command and not _overlap(one.places, best.places) for one in certain)
        if apart or any(one.command != best.command and one.weight > best.weight for one in clause.certain):
            return None  # two commands in one clause
    return best or _alone(clause)


def _is_told(sign: _Sign) -> bool:
    """Whether the whole clause is this command: known words, nothing negated, no question but a polite one."""
    clause, found = sign.clause, _labels(sign.clause, sign.language)
    if not _is_spelt(sign, _POLITE if sign.command in _SINGLE else _beside(sign)):
        return False
    return not clause.asked or (sign.command == _LEAVE and bool(found.get("asks")))


def _is_spelt(sign: _Sign, known: frozenset[str]) -> bool:
    """Whether the clause is nothing but the command and known words, none of them a negation."""
    whole = _tiled(sign.clause, sign.language, known, sign.places)
    return whole and not _is_turned(sign, _labels(sign.clause, sign.language))


def _beside(sign: _Sign) -> frozenset[str]:
    """The labels of what may stand beside a command."""
    return sign.language.tiles[sign.command] | _VALUES.get(sign.command, set())


def _overlap(one: Iterable[Place], other: Iterable[Place]) -> bool:
    return any(start < last and first < end for start, end in one for first, last in other)


def _alone(clause: _Clause) -> _Sign | None:
    """`Stop.` and its kin: with nothing but a courtesy beside them."""
    for sign in clause.signs.get("alone", ()):
        if not clause.asked and _tiled(clause, sign.language, _POLITE, sign.places):
            return sign
    return None


def _tiled(clause: _Clause, language: Language, labels: frozenset[str], places: Iterable[Place] = ()) -> bool:
    """Whether phrases with these labels, and these places, cover the clause from end to end."""
    found = _labels(clause, language)
    spans = {place for label in labels for place in found.get(label, ())}.union(places)
    reached = {0}
    for start, end in sorted(spans):
        if start in reached:
            reached.add(end)
    return len(clause.tokens) in reached


def _is_turned(sign: _Sign, found: Labels) -> bool:
    """Whether a negation stands in the clause that is no part of the command's own phrases."""
    return any(not _within(one, sign.places) for one in found.get("no", ()))


def _within(one: Place, places: Iterable[Place]) -> bool:
    return any(low <= one[0] and one[1] <= high for low, high in places)


def _is_courtesy(clause: _Clause) -> bool:
    if clause.asked:
        return False
    polite = not clause.certain and any(_tiled(clause, language, _POLITE) for language, _ in clause.found)
    return polite or _is_greeting(clause)


def _tiled_in_any(clause: _Clause, *labels: str) -> bool:
    return not clause.asked and any(_tiled(clause, language, frozenset(labels)) for language, _ in clause.found)


def _is_greeting(clause: _Clause) -> bool:
    """`Dear Morning arXiv team`: a greeting and a few words, which no command is among."""
    ends = [end for _, found in clause.found for start, end in found.get("opens", ()) if start == 0]
    spaced = not re.search(f"[{lexicon.CJK}]", clause.text)
    room = _MOST_OPENED if spaced else 2 * _MOST_OPENED
    turned = any(found.get("turns") for _, found in clause.found)
    return bool(ends) and len(clause.tokens) - max(ends) <= room and not clause.certain and not turned


def _is_name(clause: _Clause) -> bool:
    words = clause.text.split()
    named = all(word[0].isupper() or re.match(f"[{lexicon.CJK}]", word) for word in words)
    return len(clause.tokens) <= _MOST_NAMES and named


def _is_block(rest: Sequence[_Clause], lines: Sequence[str]) -> bool:
    """Whether what follows without a word of courtesy is someone's signature: behind an empty line a few short ones
    that begin with a name, or a telephone number or link among them; or one long one that firms put below every email.
    Nothing in it may change a command: `Computer Vision` below one may be its object."""
    first = rest[0].line
    below = [line for line in lines[first:] if line]
    head = [one for one in rest if one.line == first and one.tokens != [one.text[:1].casefold()]]  # no initials
    known = any(labels.keys() & {"fill", "paper", "this"} for one in head for _, labels in one.found)
    odd = any(one.certain or any(found.get("no") for _, found in one.found) for one in rest)
    if not below or odd or not all(map(_is_harmless, rest)):
        return False
    apart = first > 0 and not lines[first - 1]
    if len(below) == 1 and len(below[0]) > _DISCLAIMER:
        return apart
    short = len(below) <= _MOST_SIGNED and all(len(line) <= _LONGEST_SIGNED for line in below)
    contact = any(map(_CONTACT.search, below))
    named = not (known or below[0][0].islower() or _OBJECT.search(below[0]))
    return short and named and (contact or (apart and len(below) > 1))


def _known(typed: Sequence[_Clause], whole: Wish | None) -> set[str]:
    """What is known of a text, for the guess."""
    known = {f"command {sign.command}" for clause in typed for sign in clause.certain}
    known.update(f"told {clause.told.command}" for clause in typed if clause.told)
    known.update(kind for clause in typed for kind, _ in clause.values)
    known.update(_SPEAKING & {label for clause in typed for _, found in clause.found for label in found})
    of_all = {
        "asked": any(clause.asked for clause in typed),
        "single": len(typed) == 1,
        "terse": _words(typed) <= _TERSE,
        "whole": whole is not None,
    }
    return known | {name for name, holds in of_all.items() if holds}


def _words(typed: Sequence[_Clause]) -> int:
    return sum(len(clause.tokens) for clause in typed)


# --- guessed -------------------------------------------------------------------------------------


def _guessed(typed: Sequence[_Clause], text: str, guess: asking.Guess, today: date) -> Wish | None:
    """What we ask back about: a clause that is a command, else what the text seems to ask for; HUMAN where it speaks of
    a command and asks for none."""
    if guess.is_sure and (wish := _sure(typed, guess.kind)):
        return wish
    told = next((clause.told for clause in typed if clause.told), None)
    if told and (guess.may_ask or _stands_out(told)):
        return replace(_wish(told), action=Action.CONFIRM, why=f"perhaps: {_short(told.clause.text)}")
    day = pause.marked(folded(text[:_LONGEST_LINE]), today)[1] if guess.kind in (_PAUSE, _LEAVE) else None
    if not guess.is_wanted and not day and any(map(_turned_away, typed)):
        return Wish(Action.HUMAN, f"negated or about someone else: {_short(text)}")
    spoken, words = any(clause.certain for clause in typed), _words(typed)
    hinted = spoken or words <= _TERSE
    if guess.is_asked(dated=bool(day), hinted=hinted, at_length=words > _AT_LENGTH):
        values = [value for clause in typed for value in clause.values]
        kind = guess.kind
        if day:
            values.append(("until", day.isoformat()))
            kind = _PAUSE  # nobody leaves until January
        wish = _wished(_COMMANDS.get(kind) or Command(kind), kind, values)
        return replace(wish, action=Action.CONFIRM, why=f"perhaps {kind}: {_short(text)}")
    return Wish(Action.HUMAN, f"about a command, not for one: {_short(text)}") if spoken else None


def _sure(typed: Sequence[_Clause], kind: str) -> Wish | None:
    """The command that the last clause is, behind others that ask for nothing and take nothing back: what stands behind
    a command may narrow it."""
    told = [clause.told for clause in typed if clause.told]
    beside = [clause for clause in typed if not clause.told and not _is_courtesy(clause)]
    if not told or told[0].command != kind or kind in _OF_OTHERS or any(map(_may_be_spoken_of, told)):
        return None
    last = max(typed.index(clause) for clause in beside) if beside else -1
    alike = all(_meant(sign, sign.clause) == _meant(told[0], told[0].clause) for sign in told)
    apart = last < typed.index(told[0].clause)
    return _wish(told[0]) if alike and apart and all(map(_says_why, beside)) else None


def _says_why(clause: _Clause) -> bool:
    """Whether a clause beside a command touches none, and asks and denies nothing: `my inbox is full`."""
    return _is_harmless(clause) and not clause.certain and not clause.values


def _stands_out(told: _Sign) -> bool:
    """Whether a command is too plain to be passed over, whatever else the text says: it is the subject, or to leave."""
    return told.clause.line == _SUBJECT or (told.command == _LEAVE and not told.alone)


def _turned_away(clause: _Clause) -> _Sign | None:
    """A command in the clause that is negated or about someone else."""
    for sign in clause.certain:
        found = _labels(clause, sign.language)
        low, high = min(sign.places)[0], max(end for _, end in sign.places)
        near = [one for one in found.get("no", ()) if one[1] > low - _NEAR and one[0] < high + _NEAR]
        if found.get("others") or any(not _within(one, sign.places) for one in near):
            return sign
    return None


# --- clauses and their signs -----------------------------------------------------------------------


def _clauses(lines: Sequence[str], today: date) -> list[_Clause]:
    """The clauses of a text, those that two joined commands or reasons make each by itself."""
    made: list[_Clause] = []
    count = 0
    for number, line in _unwrapped(lines[:_MOST_LINES]):
        pieces = _CLAUSE.split(line[:_LONGEST_LINE])
        marks = [mark or "" for mark in pieces[1::2]]
        for text, before, after in zip(pieces[::2], ["", *marks], [*marks, ""], strict=True):
            if count >= _MOST_TOKENS or len(made) >= _MOST_CLAUSES:
                return made
            text = text[:_LONGEST_TEXT]
            clause = _clause(text, bool(_ASKED.search(after) or _ASKS.search(text)), number, today)
            if clause.tokens:
                count += len(clause.tokens)
                quoted = bool(_OPENS_QUOTE.search(before)) or (len(clause.tokens) == 1 and bool(_COLON.search(before)))
                made.extend(replace(part, quoted=quoted) for part in _parted(clause))
    return made


def _unwrapped(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines as they were typed, each with its number: programs break them, and the rest begins with a small letter."""
    joined, first = "", 0
    for number, line in enumerate(lines):
        if line and joined and line[:1].islower() and not _ENDS.search(joined):
            joined = f"{joined} {line}"
            continue
        if joined:
            yield first, joined
        joined, first = line, number
    if joined:
        yield first, joined


def _clause(text: str, asked: bool, line: int, today: date, *, mistyped: bool = True) -> _Clause:
    read, until = lexicon.read(text), []
    if read.may_pause:
        marked, day = pause.marked(read.plain, today)
        timed = lexicon.read(marked)
        if any(command == _PAUSE for _, command, _, _ in lexicon.meant(timed.found)):
            read, until = timed, [("until", day.isoformat() if day else "")]
    clause = _Clause(text.strip(), read.tokens, [*read.values, *until], read.found, asked, line)
    return _corrected(clause, today) if mistyped else clause


def _corrected(clause: _Clause, today: date) -> _Clause:
    """With long words that are nearly a word of a command, and begin like it, as that word."""
    if len(clause.tokens) > _LONGEST_CLAUSE or clause.certain:
        return clause
    known = {start for _, found in clause.found for places in found.values() for start, _ in places}
    odd = [n for n, token in enumerate(clause.tokens) if n not in known and len(token) >= _SHORTEST_TYPO][:3]
    for number in odd:
        token = clause.tokens[number]
        if right := _slip_of(token, _near(token[:30])):
            text = folded(clause.text).replace(token, right)
            return _clause(text, clause.asked, clause.line, today, mistyped=False)
    return clause


@lru_cache(maxsize=2048)  # long words of one email, and of one language, come again
def _near(token: str) -> Sequence[str]:
    return difflib.get_close_matches(token, _long_words(), n=3, cutoff=0.85)


def _slip_of(token: str, near: Sequence[str]) -> str | None:
    """The word that one is mistyped of; a form of one, such as `unsubscribed`, is no slip."""
    if any(map(token.startswith, near)):
        return None
    return next((word for word in near if word[:2] == token[:2]), None)


@cache
def _long_words() -> list[str]:
    """The long words of leaving."""
    entries = (listed for one in lexicon.languages() for listed in one.entries.get("certain", {}).values())
    labels = {label for listed in entries for command, parts in listed if command == _LEAVE for label in parts}
    words = {word.rstrip("*") for label in labels for word in re.findall(r"[^\W_]+\*?", folded(label))}
    return sorted(word for word in words if len(word) >= _SHORTEST_TYPO)


def _parted(clause: _Clause) -> list[_Clause]:
    """A clause in its parts at words such as `because`, where a part of it is a command then."""
    if clause.told or not clause.certain or len(clause.tokens) > _LONGEST_CLAUSE:
        return [clause]
    for _, found in clause.found:
        behind_no = {end for _, end in found.get("no", ())}  # `non è` begins nothing new
        for start, end in sorted(one for one in found.get("joints", ()) if one[0] not in behind_no):
            for cut in {start, end}:
                first, second = (_sliced(clause, part) for part in (slice(0, cut), slice(cut, None)))
                if first and second and (first.told or second.told):
                    return [*_parted(first), *_parted(second)]
    return [clause]


def _sliced(clause: _Clause, part: slice) -> _Clause | None:
    tokens = clause.tokens[part]
    if not tokens:
        return None
    kinds = [token[1:-1] for token in tokens if token[0] == "<"]
    values = [one for one in clause.values if one[0] in kinds]
    found = lexicon.find(tokens)
    return replace(clause, tokens=tokens, values=values, found=found, text=" ".join(tokens))


def _labels(clause: _Clause, language: Language) -> Labels:
    return next((found for known, found in clause.found if known is language), {})


def _wish(sign: _Sign) -> Wish:
    command = _COMMANDS.get(sign.command) or Command(sign.command)
    wish = _wished(command, sign.command, sign.clause.values)
    return replace(wish, why=f"says {_short(sign.clause.text)}")


def _wished(command: Command, kind: str, told: Sequence[tuple[str, str]]) -> Wish:
    """The command with its value; where it needs one and has none, we ask."""
    value = _value(command, kind, told)
    action = Action.CONFIRM if command.value in _VALUES and not value else Action(command.value)
    until = date.fromisoformat(value) if command is Command.PAUSE and value else None
    return Wish(action, "", command, value, until)


def _value(command: Command, kind: str, told: Sequence[tuple[str, str]]) -> str:
    """The value of a command, as `Command` says."""
    match command:
        case Command.PAUSE:
            return next((value for name, value in told if name == "until"), "")
        case Command.DAYS:
            return kind
        case Command.LIKE | Command.NOT | Command.SAVE | Command.UNMARK:
            return " ".join(value for name, value in told if name == "n")
        case Command.PAPERS:
            return next((value for name, value in told if name == "n"), "")
        case Command.TIME:
            return next((_hour(value) for name, value in told if name == "time"), "")
        case Command.LANGUAGES:
            return " ".join(dict.fromkeys(value for name, value in told if name == "language"))
        case Command.ADDRESS:
            return next((value for name, value in told if name == "address"), "")
    return ""


def _hour(text: str) -> str:
    """`7 pm`, `19h`, `7:00` as 19:00 and the like; nothing where there is no such hour."""
    numbers = [int(one) for one in re.findall(r"\d+", text)]
    hour, minute = (*numbers, 0)[:2]
    if "p" in text and hour < 12:
        hour += 12
    elif "a" in text and hour == 12:
        hour = 0
    return f"{hour:02}:{minute:02}" if hour < 24 else ""


def _short(line: str) -> str:
    return f"“{line[:60]}…”" if len(line) > 60 else f"“{line}”"
