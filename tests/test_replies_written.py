"""Replies in nineteen languages, written from the table of commands by people who had not seen our words.

What is learned from them (`benchmarks.asking`) is held to more; `unseen`, `apart` and half of `fresh` were kept apart.
`python -m benchmarks.asking --judge` leaves out each collection in turn.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from benchmarks import asking as learning
from newsletter.inbound import asking, grammar
from newsletter.models import Action, Command

# The languages that have certain phrases.
CERTAIN = ("en", "zh", "zh-Hant", "ja", "ko", "de", "fr", "es", "pt", "it", "ru")


def kept() -> bytes:
    return (Path(asking.__file__).parent / asking.WEIGHTS).read_bytes()


@cache
def judged(*, seen: bool) -> tuple[tuple[learning.Row, str], ...]:
    """Each reply with what becomes of it: act, ask, agree, human, ignore."""
    replies = learning.rows("written") if seen else learning.kept_apart()
    return tuple((row, outcome(row["text"])) for row in replies)


def outcome(text: str) -> str:
    return learning.outcome(learning.wish(text))


def guessed(text: str) -> asking.Guess:
    heard = learning.told({"text": text})
    assert heard
    return asking.guess(*heard)


def shares(kind: str, languages: Sequence[str] = (), *, seen: bool = True) -> Counter[str]:
    found = [
        made for row, made in judged(seen=seen) if row["kind"] == kind and row["lang"] in (languages or row["lang"])
    ]
    return Counter({made: count / len(found) for made, count in Counter(found).items()})  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["near", "ordinary"])
def test_nothing_else_is_acted_on(kind: str) -> None:
    all_of_them = chain(judged(seen=True), judged(seen=False))
    assert [row["text"] for row, made in all_of_them if row["kind"] == kind and made == "act"] == []


@pytest.mark.parametrize("language", CERTAIN)
def test_plain_commands_are_acted_on(language: str) -> None:
    found = shares("plain", (language,))
    assert found["act"] >= 0.7
    assert found["act"] + found["ask"] >= 0.96


@pytest.mark.parametrize(("seen", "roundabout"), [(True, 0.95), (False, 0.75)])
def test_requests_are_not_lost(seen: bool, roundabout: float) -> None:
    plain, others = shares("plain", seen=seen), shares("request", seen=seen)
    assert plain["act"] + plain["ask"] >= 0.99
    assert others["act"] + others["ask"] >= roundabout


@pytest.mark.parametrize(("seen", "most"), [(True, 0.01), (False, 0.03)])
def test_ordinary_replies_are_left_alone(seen: bool, most: float) -> None:
    assert shares("ordinary", seen=seen)["ask"] <= most


@pytest.mark.parametrize("text", ["ja, tack", "Ja graag", "ano", "Tak, proszę", "так", "Evet", "ya", "Vâng ạ", "نعم"])
def test_a_yes_in_other_languages(text: str) -> None:
    """Also in languages of whose commands no phrase is certain."""
    assert outcome(text) == "agree"


@pytest.mark.parametrize(
    "text", ["engelska", "Engels", "angličtina", "angielski", "англійська", "İngilizce", "الإنجليزية"]
)
def test_names_of_languages_in_other_languages(text: str) -> None:
    wish = grammar.read("Re: Morning arXiv", [text], date(2026, 3, 9))
    assert wish
    assert (wish.command, wish.value) == (Command.LANGUAGES, "en")


def test_a_plain_request_is_never_ignored() -> None:
    """However unlikely it is guessed to be: a command in the subject, one to leave on its own line."""
    walk = "The weather was lovely today and the children played in the garden with the dog until dinner."
    for subject, lines in [
        ("Unsubscribe", [walk]),
        ("Re: x", [walk, "", "please unsubscribe me", "", walk, "", "Ada"]),
    ]:
        wish = grammar.read(subject, lines, date(2026, 3, 9))
        assert wish
        assert wish.command is Command.UNSUBSCRIBE


@pytest.mark.parametrize(
    "text",
    [
        "Vou estar fora até 10 de abril, não enviem nada até lá por favor.",
        "Je pars en mission, n'envoyez rien jusqu'au 10 avril.",
        "Jag är på resa till den 10 april, skicka inget förrän dess.",
    ],
)
def test_whoever_wants_nothing_until_a_day_pauses(text: str) -> None:
    wish = learning.wish(text)
    assert wish
    assert wish.action in (Action.CONFIRM, Action.PAUSE)
    assert (wish.command, wish.value) == (Command.PAUSE, "2026-04-10")


@pytest.mark.parametrize(
    ("below", "becomes"),
    [("电话：010-62781234", "act"), ("Tel. 0555010446", "act"), ("3", "ask"), ("hep-th 2401", "ask")],
)
def test_a_telephone_number_below_is_a_signature(below: str, becomes: str) -> None:
    """Another number may be what the command is about."""
    assert outcome(f"退订\n\n{below}") == becomes


def test_what_known_words_ask_for_is_asked_about() -> None:
    assert outcome("can you please send me my settings") == "ask"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("more 3", Command.LIKE),
        ("less 5", Command.NOT),
        ("fewer papers", Command.PAPERS),
        ("mehr 4", Command.LIKE),
        ("moins 2", Command.NOT),
        ("更多 3", Command.LIKE),
        ("mniej 5", Command.NOT),
        ("меньше статей", Command.PAPERS),
    ],
)
def test_more_and_less_are_asked_about(text: str, command: Command) -> None:
    """They may mean the paper of this number, or so many papers."""
    wish = learning.wish(text)
    assert wish
    assert (wish.action, wish.command) == (Action.CONFIRM, command)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("I'm back from my trip. Please start sending again.", "act"),
        ("My inbox is overflowing. Once a week please.", "act"),
        ("Please unsubscribe me. The papers on robotics are not for me.", "ask"),  # may narrow it
        ("My inbox is overflowing. How do I unsubscribe?", "ask"),
        ("My colleague left the institute. Please unsubscribe.", "ask"),
    ],
)
def test_reasons_before_a_command(text: str, becomes: str) -> None:
    """Where the guess is sure of the whole text, what stands before a certain command does not stop it."""
    assert outcome(text) == becomes


def test_a_guess_alone_is_never_acted_on() -> None:
    """What no certain phrase says is asked about, however sure the guess is."""
    text = "I wish to be struck from whatever register you hold"
    assert guessed(text).is_asked(hinted=False)
    assert outcome(text) == "ask"


def test_the_same_replies_teach_the_same() -> None:
    replies = learning.rows("training")[::30]
    packed = learning.learn(replies)
    assert packed == learning.learn(replies)
    model = asking.loaded(packed)
    asked, other = (asking.guess(text, (), model) for text in ("please unsubscribe me", "thank you"))
    assert asked.likely > other.likely
    assert asked.wanted > other.wanted


def test_the_weights_know_every_command() -> None:
    """After a new command they have to be learned again; until then the file is still read."""
    packed = learning.learn(learning.rows("training")[::30])
    content = zlib.decompress(packed)
    older = zlib.compress(content.replace(b" unmark ", b" forgotten ", 1))
    assert "unmark" not in asking.loaded(older).kinds
    assert set(asking.loaded(kept()).kinds) == set(asking.KINDS)
    for text, kind in [("could you undo number 3, it was a slip", "unmark"), ("please unsubscribe me", "unsubscribe")]:
        assert guessed(text).kind == kind
