"""Every command is done, asked back or answered, by email and on a page: within limits, and never to machines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from newsletter import inbound
from newsletter.cli import reports
from newsletter.errors import TransportRefused
from newsletter.models import (
    Action,
    Command,
    Delivery,
    DeliveryState,
    Incoming,
    Leanings,
    MarkedBy,
    Meaning,
    Outcome,
    Outgoing,
    PrintedPaper,
    Rendered,
    Slotted,
    SubscriberState,
    Verdict,
)
from newsletter.readers import Counter, in_force, leave, prefer, suppress
from newsletter.replies import acting, answering, questions, receiving
from newsletter.replies.commands import _COMMANDS
from newsletter.replies.reading import Understood, read_here
from newsletter.settings import Settings
from newsletter.store import Store, open_store
from newsletter.subscribers.preferences import PREFERENCES, said
from newsletter.tokens import Purpose, make
from newsletter.words import load_words
from tests.conftest import ROOT
from tests.counters import MORNING, a_counter
from tests.factories import DAY, KEYS, a_letterhead, a_paper
from tests.issues import an_issue
from tests.morning import ROSTER, part
from tests.pages import judge
from tests.site import ADA, Site, undo_path

CHEN = "chen@example.org"
LATER = MORNING + timedelta(days=8)


@dataclass
class Ground:
    """A ledger with two readers, and what was posted to them."""

    counter: Counter
    posted: list[Outgoing]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def at(self, now: datetime) -> Ground:
        return replace(self, counter=replace(self.counter, now=lambda: now))

    def id(self, email: str = ADA) -> int:
        found = self.counter.store.subscriber(email)
        assert found is not None
        return found.id

    def say(self, action: Action, command: Command | None = None, value: str = "", **more: Any) -> list[EmailMessage]:
        """What Ada's email of this meaning is answered with."""
        given = {"subscriber_id": self.id()} | more
        meaning = Meaning(action=action, reason="test", command=command, value=value, **given)
        before = len(self.posted)
        receiving.handle(self.counter, Understood(meaning, f"<{next(self.numbers)}@mail.example>"))
        return [message_from_bytes(one.message.raw, policy=policy.default) for one in self.posted[before:]]

    def ask(self, command: Command, value: str = "", **more: Any) -> list[EmailMessage]:
        return self.say(Action.CONFIRM, command, value, **more)

    def do(self, command: Command, value: str = "", **more: Any) -> list[EmailMessage]:
        return self.say(Action(command.value), command, value, **more)

    def agree(self, question: EmailMessage, **more: Any) -> list[EmailMessage]:
        return self.say(Action.AGREE, answers=str(question["Message-ID"]), **more)

    def state(self, email: str = ADA) -> SubscriberState:
        found = self.counter.store.subscriber(email)
        assert found is not None
        return found.state

    def preferences(self) -> dict[str, str]:
        reader = self.counter.store.reader(self.id())
        assert reader is not None
        return {key: said(reader, key) for key in PREFERENCES}


@pytest.fixture
def ground(store: Store, tmp_path: Path) -> Ground:
    file = tmp_path / "subscribers.yaml"
    file.write_text(ROSTER, "utf-8")
    posted: list[Outgoing] = []
    counter = a_counter(store, file, posted=posted)
    in_force.take_in(counter, in_force.load(counter))
    return Ground(counter, posted)


def secret_of(mail: EmailMessage) -> str:
    (found,) = set(re.findall(r"https://news\.example\.org/a/([0-9a-f]{40})", part(mail, "html")))
    return found


# --- what is certain is done ---

CHANGES: list[tuple[Command, str, str, str, str]] = [
    # what is asked for; the key and its value then; what the answer says
    (Command.PAPERS, "5", "max_papers", "5", "at most 5 papers"),
    (Command.DAYS, "weekly", "frequency", "weekly", "once a week, on Monday"),
    (Command.DAYS, "daily", "frequency", "daily", "every day with new papers"),
    (Command.TIME, "07:30", "send_at", "07:30", "at 07:30 (UTC)"),
    (Command.LANGUAGES, "zh en", "languages", "zh, en", "these languages: Chinese, English"),
    (Command.LANGUAGES, "en", "languages", "en", "these languages: English"),
]


@pytest.mark.parametrize(("command", "value", "key", "now", "told"), CHANGES)
def test_a_preference_is_set_and_confirmed(
    ground: Ground, command: Command, value: str, key: str, now: str, told: str
) -> None:
    """As on the page: in the ledger and in the file; the answer says what is so now, and leads to the page."""
    before = ground.preferences()
    (answer,) = ground.do(command, value)
    assert before | {key: now} == ground.preferences()
    if before[key] != now:
        assert f"    {key}: " in ground.counter.subscribers.read_text("utf-8")
    if command is Command.LANGUAGES and value.startswith("zh"):
        assert "中文、英语" in answer["Subject"]
    else:
        assert told in answer["Subject"]
    assert f"/p/{make(KEYS, Purpose.PREFERENCES, ground.id())}" in part(answer, "html")


WRONG = [
    (Command.PAPERS, "", "How many papers"), (Command.PAPERS, "0", "“0” is not a number from 1 to 100"),
    (Command.PAPERS, "many", "“many” is not a number"), (Command.DAYS, "", "How often"),
    (Command.DAYS, "monthly", "How often"), (Command.TIME, "", "At what time"),
    (Command.TIME, "25:00", "“25:00” is not a time of day"), (Command.LANGUAGES, "", "Which languages"),
    (Command.LANGUAGES, "fr", "“fr” is not offered here. Choose among en, zh"),
    (Command.LANGUAGES, "klingon!", "is not a language code"), (Command.PAUSE, "2026-03-09", "one year from now"),
    (Command.PAUSE, "2099-01-01", "one year from now"), (Command.PAUSE, "soon", "“soon” is not a date"),
    (Command.ADDRESS, "", "Which address should your emails go to?"), (Command.ADDRESS, ADA, "your address already"),
    (Command.ADDRESS, "postmaster@example.net", "The new address cannot be used here"),
]  # fmt: skip


@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize(("command", "value", "problem"), WRONG)
def test_what_cannot_be_read_is_answered_with_the_way_to_the_settings(
    ground: Ground, command: Command, value: str, problem: str, certain: bool
) -> None:
    """A value that is missing or that nobody offers: what is wrong, the page, and the words that work."""
    before = ground.preferences()
    (answer,) = ground.do(command, value) if certain else ground.ask(command, value)
    assert problem in " ".join(part(answer, "plain").split())
    assert "/p/" in part(answer, "html")
    assert "unsubscribe – no more emails" in part(answer, "plain")
    assert (before, SubscriberState.ACTIVE) == (ground.preferences(), ground.state())


ANSWERS = [
    (Command.UNSUBSCRIBE, "", "You have been unsubscribed from Morning arXiv.", SubscriberState.UNSUBSCRIBED),
    (Command.PAUSE, "2026-03-23", "Morning arXiv is paused until 23 March 2026.", SubscriberState.PAUSED),
    (Command.RESUME, "", "You are subscribed to Morning arXiv again.", SubscriberState.ACTIVE),
    (Command.JOIN, "", "You are subscribed to Morning arXiv.", SubscriberState.ACTIVE),
    (Command.HELP, "", "What you can write to us", SubscriberState.ACTIVE),
    (Command.SETTINGS, "", "Your settings", SubscriberState.ACTIVE),
    (Command.LIKE, "", "Please write the number of a paper behind it, for example “like 3”", SubscriberState.ACTIVE),
    (Command.PAUSE, "", "Please confirm", SubscriberState.ACTIVE),
]


@pytest.mark.parametrize(("command", "value", "subject", "state"), ANSWERS)
def test_each_command_has_its_answer(
    ground: Ground, command: Command, value: str, subject: str, state: SubscriberState
) -> None:
    """One email, to the address on record, whatever From says."""
    (answer,) = ground.do(command, value, sender="somebody.else@example.net")
    assert (subject, ADA, state) == (answer["Subject"], answer["To"], ground.state())
    assert f"This email is about the subscription of {ADA} to Morning arXiv." in " ".join(part(answer, "plain").split())


def test_who_is_not_in_the_list_has_no_preferences(ground: Ground) -> None:
    """Somebody whose line was deleted still leaves; what needs an entry is for a person."""
    ground.counter.subscribers.write_text(ROSTER.replace("  - ada@example.org\n", ""), "utf-8")
    in_force.take_in(ground.counter, in_force.load(ground.counter))
    for command, value in (
        (Command.PAPERS, "5"),
        (Command.DAYS, "weekly"),
        (Command.TIME, ""),
        (Command.LANGUAGES, ""),
    ):
        assert [] == ground.do(command, value) == ground.ask(command, value)
    assert 1 == len(ground.do(Command.UNSUBSCRIBE))


@pytest.mark.parametrize(
    ("command", "language", "told"),
    [(Command.UNSUBSCRIBE, "fr", "Vous êtes désabonné"), (Command.HELP, "en", "What you can write to us")],
)
def test_a_language_with_few_words_is_not_mixed(ground: Ground, command: Command, language: str, told: str) -> None:
    """French has words for confirmations alone: those are French, anything else is English from end to end."""
    text = ROSTER.replace("  - ada@example.org", f"  - {{email: {ADA}, languages: [fr, en]}}")
    ground.counter.subscribers.write_text(text, "utf-8")
    in_force.take_in(ground.counter, in_force.load(ground.counter))
    (answer,) = ground.do(command)
    assert told in answer["Subject"]
    assert f'<html lang="{language}"' in part(answer, "html")


def test_explaining_names_the_command_and_its_value(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`newsletter inbox --explain`: a field more, and one more where the command has a value."""
    meanings = [
        Meaning(action=Action.CONFIRM, reason="why", command=Command.PAPERS, value="5", subscriber_id=ground.id()),
        Meaning(action=Action.HELP, reason="why", command=Command.HELP, subscriber_id=ground.id()),
        Meaning(action=Action.IGNORE, reason="why"),
    ]
    given = iter(meanings)
    monkeypatch.setattr(reports.app, "open_counter", lambda _: nullcontext(ground.counter))
    monkeypatch.setattr(reports.receiving, "read_file", lambda *_: next(given))
    file = tmp_path / "1.eml"
    file.write_bytes(b"")
    reports.inbox(Settings(), [file] * 3)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [("papers", "5"), ("help", None), (None, None)] == [(row["command"], row.get("value")) for row in rows]


def test_every_command_is_known() -> None:
    """Each has an entry of its own."""
    assert set(Command) == set(_COMMANDS)


def test_nobody_else_is_answered(ground: Ground) -> None:
    """What is for a person, and strangers, also with every command: nothing."""
    for action in (Action.HUMAN, Action.IGNORE, Action.AGREE):
        assert [] == ground.say(action)
    for command in Command:
        assert [] == ground.do(command, "3", subscriber_id=None, sender="eve@example.org")
        assert [] == ground.ask(command, "3", subscriber_id=None, sender="eve@example.org")


@pytest.mark.parametrize("command", Command)
def test_who_gets_no_email_can_only_come_back(ground: Ground, command: Command) -> None:
    """After a complaint nothing is answered; somebody who left themselves may be asked whether they want to return."""
    left = ground.counter.store.subscriber(CHEN)
    leave(ground.counter, ground.id(), "by reply")
    assert left
    suppress(ground.counter, left, "complaint")
    assert [] == ground.ask(command, "5", subscriber_id=None, sender=ADA)
    assert [] == ground.ask(command, "5", subscriber_id=left.id)
    asked = ground.ask(command, "5")
    assert (command in (Command.JOIN, Command.RESUME)) == bool(asked)
    if asked:
        assert "Resume Morning arXiv" in part(asked[0], "plain")
        assert SubscriberState.UNSUBSCRIBED is ground.state()
        ground.agree(asked[0])
        assert SubscriberState.ACTIVE is ground.state()


def test_joining_again_is_asked(ground: Ground) -> None:
    """A certain "subscribe" of somebody who left: a question, and then they read again. Not whom the operator ended."""
    leave(ground.counter, ground.id(), "by link")
    (question,) = ground.do(Command.JOIN)
    assert "Please confirm" == question["Subject"]
    leave(ground.counter, ground.id(CHEN), "by the operator")
    assert [] == ground.do(Command.JOIN, subscriber_id=ground.id(CHEN))


# --- numbers ---


@pytest.fixture
def printed(ground: Ground) -> Ground:
    """Two emails that Ada got: of papers 1 to 3, and later of 11 to 13, both with the numbers 1 to 3."""
    store = ground.counter.store
    for first in (1, 11):
        day = DAY + timedelta(days=first // 10)
        papers = [a_paper(number) for number in range(first, first + 3)]
        store.save_collection(an_issue(day), papers, papers, [])
        shown = tuple(PrintedPaper(one.arxiv_id, 1, number, "f") for number, one in enumerate(papers, start=1))
        body = Slotted(b"")
        store.save_edition(Rendered(key=str(first), subject="", html=body, text=body, body=body, papers=shown))
        planned = Delivery(
            id=0, subscriber_id=ground.id(), email=ADA, name=None, edition=str(first), issues=(day,),
            state=DeliveryState.QUEUED, message_id=f"<{first}@news.example>", date=MORNING,
        )  # fmt: skip
        store.plan([planned])
    for one in store.deliveries():
        store.finish(replace(one, state=DeliveryState.ACCEPTED))
    return ground


@pytest.mark.parametrize("command", [Command.LIKE, Command.NOT, Command.SAVE])
@pytest.mark.parametrize(
    ("numbers", "replied", "marked", "edition"),
    [
        ("3", "<1@news.example>", [3], "1"),
        ("3 1", "<11@news.example>", [11, 13], "11"),
        ("2", None, [12], "11"),
        ("2", "<else@mail.example>", [12], "11"),
    ],
)
def test_numbers_are_those_of_the_email_that_was_answered(
    printed: Ground, command: Command, numbers: str, replied: str | None, marked: list[int], edition: str
) -> None:
    """Else of the newest. It is done without an answer, and twice is the same as once."""
    for _ in range(2):
        assert [] == printed.do(command, numbers, answers=replied)
    marks = printed.counter.store.marks(printed.id()).all
    assert sorted(one.arxiv_id for one in marks) == [f"2603.{number:05}" for number in marked]
    assert {(one.kind.value, one.how, one.edition) for one in marks} == {(command.value, MarkedBy.REPLY, edition)}


@pytest.mark.parametrize(
    ("numbers", "told", "marked"),
    [
        ("17", ["There is no paper 17 in that email"], 0),
        ("17 18 2", ["There is no paper 17, 18 in that email", "Noted as liked:", "2. Pruner12:"], 1),
        ("", ["Please write the number of a paper behind it"], 0),
    ],
)
def test_numbers_that_are_not_there_are_answered(printed: Ground, numbers: str, told: list[str], marked: int) -> None:
    (answer,) = printed.do(Command.LIKE, numbers)
    text = " ".join(part(answer, "plain").split())
    assert [] == [one for one in told if one not in text + f" {answer['Subject']}"]
    assert printed.counter.store.mark_counts()["like"] == marked


def test_whose_order_is_turned_off_is_told(printed: Ground) -> None:
    """No email would say that it was noted, and it changes none."""
    counter = printed.counter
    subscriber, before = counter.store.subscriber(ADA), counter.store.reader(printed.id())
    assert subscriber
    assert before
    prefer(
        counter, subscriber, before, replace(before, wishes=replace(before.wishes, leanings=Leanings(personal=False)))
    )
    (answer,) = printed.do(Command.SAVE, "2")
    assert answer["Subject"] == "Noted"
    text = " ".join(part(answer, "plain").split())
    assert "Saved: " in text
    assert "2. Pruner12" in text
    assert "Your own order is turned off" in text
    assert counter.store.mark_counts()["save"] == 1


def test_numbers_are_those_of_one_s_own_email(printed: Ground) -> None:
    """Who names the email of somebody else is not told what stood in it."""
    (answer,) = printed.do(Command.LIKE, "1", answers="<1@news.example>", subscriber_id=printed.id(CHEN))
    assert "Pruner" not in part(answer, "plain")
    assert printed.counter.store.mark_counts() == {"like": 0, "not": 0, "save": 0}


def test_not_replaces_like(printed: Ground) -> None:
    printed.do(Command.LIKE, "3")
    printed.do(Command.NOT, "3")
    assert printed.counter.store.mark_counts() == {"like": 0, "not": 1, "save": 0}


def test_marks_are_taken_back_by_reply(printed: Ground) -> None:
    """All of these papers and no others; what was not marked, or is repeated, is answered the same."""
    printed.do(Command.LIKE, "1 2")
    printed.do(Command.SAVE, "2")
    first, again = printed.do(Command.UNMARK, "2"), printed.do(Command.UNMARK, "2")
    assert printed.counter.store.mark_counts() == {"like": 1, "not": 0, "save": 0}
    for (answer,) in (first, again):
        assert answer["Subject"] == "Taken back"
        assert "2. " in part(answer, "plain")
    (absent,) = printed.do(Command.UNMARK, "99")
    assert "99" in absent["Subject"] + part(absent, "plain")
    assert printed.counter.store.mark_counts()["like"] == 1


@pytest.mark.parametrize(
    ("text", "command", "value"),
    [
        ("more like 3", Command.LIKE, "3"),
        ("mehr wie 3", Command.LIKE, "3"),
        ("多来点类似 3", Command.LIKE, "3"),
        ("unlike 3 7", Command.UNMARK, "3 7"),
        ("undo like 3", Command.UNMARK, "3"),
        ("take back 3 please", Command.UNMARK, "3"),
        ("3 zurücknehmen", Command.UNMARK, "3"),
        ("取消喜欢 3", Command.UNMARK, "3"),
        ("undo", None, ""),
        ("more 3", None, ""),
        ("less 5", None, ""),
        ("fewer papers", None, ""),
        ("更多 3", None, ""),
        ("I would like to undo what I did on 3 May", None, ""),
    ],
)
def test_words_that_mark_and_take_back(text: str, command: Command | None, value: str) -> None:
    token = make(KEYS, Purpose.REPLY, 7)
    raw = f"From: a@b.example\r\nTo: news+{token}@news.example.org\r\nSubject: Re: x\r\n\r\n{text}\r\n".encode()
    meaning = inbound.read(raw, keys=KEYS, today=DAY, own_domain="news.example.org", aligned=False)
    found = meaning.command if meaning.action == (command and command.value) else None
    assert (found, meaning.value if found else "") == (command, value)


# --- questions ---

ASKED = [
    (Command.UNSUBSCRIBE, "", "Someone (probably you) asked us to unsubscribe you"),
    (Command.PAUSE, "2026-03-23", "Pause Morning arXiv until 23 March 2026"),
    (Command.PAUSE, "", "Pause Morning arXiv: choose for how long"),
    (Command.RESUME, "", "Resume Morning arXiv"),
    (Command.PAPERS, "1", "At most 1 paper in each email"),
    (Command.PAPERS, "5", "At most 5 papers in each email"),
    (Command.DAYS, "weekly", "One email a week, on Monday"),
    (Command.DAYS, "daily", "An email every day with new papers"),
    (Command.TIME, "07:30", "Email at 07:30 (UTC)"),
    (Command.LANGUAGES, "zh en", "Languages: Chinese, English"),
]


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize(("command", "value", "told"), ASKED)
def test_what_is_not_certain_is_asked(ground: Ground, command: Command, value: str, told: str, proven: bool) -> None:
    """One email to the reader on record: what we think is meant, a button, and the words that work. Nothing changes."""
    before = ground.counter.subscribers.read_bytes()
    (question,) = ground.ask(command, value, **({} if proven else {"subscriber_id": None, "sender": ADA}))
    text = " ".join(part(question, "plain").split())
    assert ("Please confirm", ADA, "auto-replied") == (question["Subject"], question["To"], question["Auto-Submitted"])
    assert told in text
    assert "help – this list" in text
    assert questions.find(ground.counter, secret_of(question)) is not None
    assert command is Command.UNSUBSCRIBE or ("We think your email asks" in text) == proven
    assert (before, SubscriberState.ACTIVE) == (ground.counter.subscribers.read_bytes(), ground.state())


@pytest.mark.parametrize(("command", "value", "told"), ASKED)
def test_a_yes_does_it_once(ground: Ground, command: Command, value: str, told: str) -> None:
    """A reply to that very question, by the reader who was asked; a second yes does nothing."""
    (question,) = ground.ask(command, value)
    if command is Command.PAUSE and not value:
        assert "Pause" in part(ground.agree(question)[0], "plain")  # yes, but for how long?
        return
    before = (ground.state(), ground.preferences())
    assert [] == ground.agree(question, subscriber_id=ground.id(CHEN))
    assert [] == ground.agree(question, subscriber_id=None, sender=ADA)
    assert [] == ground.say(Action.AGREE, answers="<1@news.example>")
    assert [] == ground.say(Action.AGREE)
    assert [] == ground.at(LATER).agree(question)
    assert before == (ground.state(), ground.preferences())
    assert 1 == len(ground.agree(question))
    changed = (ground.state(), ground.preferences())
    assert command is Command.RESUME or (command, value) == (Command.DAYS, "daily") or before != changed
    assert [] == ground.agree(question)


def test_one_question_a_command_and_three_in_seven_days(ground: Ground) -> None:
    """However unclear somebody writes; after a week, or once it was answered, it may be asked again."""
    for command, value in ((Command.PAPERS, "5"), (Command.TIME, "07:30"), (Command.DAYS, "weekly")):
        assert 1 == len(ground.ask(command, value))
        assert [] == ground.ask(command, value)
    assert [] == ground.ask(Command.UNSUBSCRIBE)
    assert [] == ground.ask(Command.HELP)
    assert 1 == len(ground.at(LATER).ask(Command.PAPERS, "6"))


def test_after_a_yes_the_same_may_be_asked_again(ground: Ground) -> None:
    """Open is what nobody has answered."""
    (question,) = ground.ask(Command.PAPERS, "5")
    ground.agree(question)
    assert 1 == len(ground.ask(Command.PAPERS, "6"))


def test_five_answers_a_day(ground: Ground) -> None:
    """Of all kinds together; what is asked for is done all the same, and tomorrow is another day."""
    answered = [len(ground.do(Command.PAPERS, str(number))) for number in range(1, 9)]
    assert [1, 1, 1, 1, 1, 0, 0, 0] == answered
    assert "8" == ground.preferences()["max_papers"]
    assert [] == ground.ask(Command.TIME, "07:30")
    assert 1 == len(ground.at(MORNING + timedelta(days=1, hours=1)).do(Command.HELP))


def test_one_confirmation_in_seven_days(ground: Ground) -> None:
    """Of leaving, pausing and coming back; a yes to our question is confirmed in any case."""
    assert [1, 0] == [len(ground.do(Command.PAUSE, "2026-03-23")), len(ground.do(Command.RESUME))]
    (question,) = ground.ask(Command.UNSUBSCRIBE)
    assert "You have been unsubscribed from Morning arXiv." == ground.agree(question)[0]["Subject"]


def test_a_question_that_did_not_go_out_is_asked_anew(ground: Ground) -> None:
    """A server that is away: the email is handled again later, and the question is then sent, once."""
    away = replace(ground, counter=replace(ground.counter, post=lambda _: Outcome(Verdict.TEMPORARY, "away")))
    with pytest.raises(TransportRefused):
        away.ask(Command.PAPERS, "5")
    assert 1 == len(ground.ask(Command.PAPERS, "5"))


def test_an_email_that_is_read_once_more_asks_the_same(ground: Ground) -> None:
    """Stopped between the question and its record: the same link goes out again."""
    meaning = Meaning(action=Action.CONFIRM, reason="", command=Command.PAPERS, value="5", subscriber_id=ground.id())
    for _ in range(2):
        acted = acting.act(ground.counter, meaning)
        assert acted
        assert acted.response
        answering.answer(ground.counter, acted.response, acted.subscriber, "<same@mail.example>")
    assert ground.posted[0].message.raw == ground.posted[1].message.raw


def test_who_is_forgotten_leaves_no_question(ground: Ground) -> None:
    """Neither what was asked nor when it was answered."""
    (question,) = ground.ask(Command.PAPERS, "5")
    ground.counter.store.forget(ground.id(), "fingerprint", MORNING)
    assert questions.find(ground.counter, secret_of(question)) is None


# --- machines ---


def a_mail(to: str, sender: str, text: str, **more: str) -> bytes:
    mail = EmailMessage()
    given = {"From": sender, "To": to, "Subject": "Re: Morning arXiv", "Message-ID": "<one@mail.example>"}
    for name, value in (given | {name.replace("_", "-"): value for name, value in more.items()}).items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes(policy=policy.SMTP)


def handed(counter: Counter, raw: bytes) -> None:
    receiving.handle(counter, read_here(counter, Incoming(key="", raw=raw)))


MACHINES: dict[str, dict[str, str]] = {
    "out of office": {"Auto_Submitted": "auto-replied", "Subject": "Automatic reply: Morning arXiv"},
    "old out of office": {"X_Auto_Response_Suppress": "All", "X_Autoreply": "yes"},
    "ticket system": {"Auto_Submitted": "auto-generated", "Precedence": "bulk", "Subject": "[#4711] unsubscribe"},
    "mailing list": {"List_Id": "<all.institute.example>", "Precedence": "list"},
}


@pytest.mark.parametrize("text", ["unsubscribe", "help", "could you send this weekly?", "yes"])
@pytest.mark.parametrize("machine", MACHINES)
def test_machines_never_get_an_answer(ground: Ground, machine: str, text: str) -> None:
    """Whatever they say, and with the token in their To."""
    to = f"news+{make(KEYS, Purpose.REPLY, ground.id())}@example.org"
    handed(ground.counter, a_mail(to, ADA, text, **MACHINES[machine]))
    assert [] == ground.posted
    assert SubscriberState.ACTIVE is ground.state()


@pytest.mark.parametrize("text", ["unsubscribe", "help"])
def test_two_services_that_answer_each_other_stop_after_one_email_each(tmp_path: Path, text: str) -> None:
    """Each is a reader of the other; both begin at once with an email that a person might have written."""
    services: dict[str, tuple[Counter, list[Outgoing]]] = {}
    for own, other in (("a", "b"), ("b", "a")):
        file = tmp_path / own / "subscribers.yaml"
        file.parent.mkdir()
        file.write_text(ROSTER.replace(ADA, f"news@{other}.example"), "utf-8")
        posted: list[Outgoing] = []
        key, mine = {0: own.encode() * 32}, f"news@{own}.example"
        counter = replace(
            a_counter(open_store("sqlite://"), file, posted=posted),
            letterhead=a_letterhead(sender=mine, reply_to=mine), read_keys=lambda key=key: key,
        )  # fmt: skip
        in_force.take_in(counter, in_force.load(counter))
        services[mine] = (counter, posted)
    for mine, (counter, _) in services.items():
        (other,) = set(services) - {mine}
        found = counter.store.subscriber(other)
        assert found
        token = make(counter.keys, Purpose.REPLY, found.id)
        handed(counter, a_mail(mine.replace("@", f"+{token}@"), other, text))
    for _ in range(3):
        waiting = [one.message for _, posted in services.values() for one in posted]
        for message in waiting:
            handed(services[message.recipient][0], message.raw)
    assert all(len(posted) <= 1 for _, posted in services.values())
    assert text == "help" or [1, 1] == [len(posted) for _, posted in services.values()]


# --- the page ---


@pytest.fixture
def visited(site: Site) -> tuple[Site, Ground]:
    posted: list[Outgoing] = []

    def post(mail: Outgoing) -> Outcome:
        posted.append(mail)
        return Outcome(Verdict.ACCEPTED)

    counter = replace(site.counter, post=post, letterhead=a_letterhead())
    return site, Ground(counter, posted)


def page_of(question: EmailMessage) -> str:
    return f"/a/{secret_of(question)}"


UNTIL = "2026-03-23"


@pytest.mark.parametrize(("command", "value", "told"), [one for one in ASKED if one[:2] != (Command.PAUSE, UNTIL)])
def test_looking_at_a_question_changes_nothing(
    visited: tuple[Site, Ground], command: Command, value: str, told: str
) -> None:
    """The page says what would change, for machines too; nothing on the way keeps it."""
    site, ground = visited
    path = page_of(ground.ask(command, value)[0])
    before = site.snapshot()
    for method in ("GET", "HEAD", "GET"):
        shown = site.ask(method, path)
        assert (200, "no-store") == (shown.status, shown.headers["cache-control"])
    assert before == site.snapshot()
    title = re.search("<h1>(.*?)</h1>", shown.text)
    assert title
    assert title[1] in ("Unsubscribe from Morning arXiv", told)
    assert ADA in shown.text
    assert '<meta name="robots" content="noindex">' in shown.text


def test_a_click_does_it_once(visited: tuple[Site, Ground]) -> None:
    """The POST leaves and offers the way back; later the page says that it was done, also after the reader returned."""
    site, ground = visited
    path = page_of(ground.ask(Command.UNSUBSCRIBE)[0])
    done = site.ask("POST", path)
    assert (200, SubscriberState.UNSUBSCRIBED) == (done.status, site.state())
    assert "You have been unsubscribed from Morning arXiv." in done.text
    assert " by link" in site.settings.subscribers.read_text("utf-8")
    undo = undo_path(done)
    assert 200 == site.ask("POST", undo).status
    for method in ("POST", "GET"):
        assert "This was already confirmed" in site.ask(method, path).text
    assert SubscriberState.ACTIVE is site.state()


def test_a_click_changes_a_preference(visited: tuple[Site, Ground]) -> None:
    """In ledger and file, as on the reader's own page."""
    site, ground = visited
    done = site.ask("POST", page_of(ground.ask(Command.DAYS, "weekly")[0]))
    assert "You now get Morning arXiv once a week, on Monday." in done.text
    assert "frequency: weekly" in site.settings.subscribers.read_text("utf-8")
    assert "weekly" == ground.preferences()["frequency"]


@pytest.mark.parametrize("days", [7, 14, 30])
def test_how_long_a_pause_is_to_be_is_chosen_on_the_page(visited: tuple[Site, Ground], days: int) -> None:
    """Three buttons; a POST that says none of them asks again."""
    site, ground = visited
    path = page_of(ground.do(Command.PAUSE)[0])
    labels = re.findall(r'<button name="days" value="\d+">(.*?)</button>', site.ask("GET", path).text)
    assert ["For one week", "For two weeks", "For one month"] == labels
    for body in (b"", b"days=400", b"\xff", b"days=" + b"7" * 30_000):
        assert "For one week" in site.ask("POST", path, body).text
    assert SubscriberState.ACTIVE is site.state()
    site.ask("POST", path, f"days={days}".encode())
    found = site.counter.store.subscriber(ADA)
    assert found
    assert site.counter.today + timedelta(days=days) == found.paused_until


def test_a_link_that_is_over_says_so(visited: tuple[Site, Ground]) -> None:
    """Seven days, and only what we made; nothing is changed."""
    site, ground = visited
    old = ground.at(site.counter.now() - timedelta(days=8))
    path = page_of(old.ask(Command.UNSUBSCRIBE)[0])
    for gone in (path, f"/a/{'0' * 40}"):
        for method in ("GET", "POST"):
            answer = site.ask(method, gone)
            assert (404, True) == (answer.status, "This link is not valid" in answer.text)
    assert SubscriberState.ACTIVE is site.state()


def test_what_can_no_longer_be_done_says_so(visited: tuple[Site, Ground]) -> None:
    """Somebody who has left meanwhile does not pause."""
    site, ground = visited
    path = page_of(ground.ask(Command.PAPERS, "5")[0])
    site.leave()
    assert [404, 404] == [site.ask(method, path).status for method in ("GET", "POST")]
    assert "max_papers" not in site.settings.subscribers.read_text("utf-8")


@pytest.mark.parametrize("length", [34, 39, 40, 41])
def test_the_archive_of_a_reader_keeps_its_address(site: Site, length: int) -> None:
    """Below /a/ only what looks like the secret of a question is one."""
    shown = site.ask("GET", f"/a/{'0' * length}")
    assert ("works once, for seven days" in shown.text) == (length == 40)
    token = site.token(Purpose.ARCHIVE)
    assert (308, f"{token}/") == ((answer := site.ask("GET", f"/a/{token}")).status, answer.headers["location"])


# --- in a browser ---


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "de"])
def test_a_question_in_a_browser(visited: tuple[Site, Ground], browser: Any, axe: str, language: str) -> None:
    """From the look to the change and back to the same link, on a phone; nothing for axe-core to say."""
    site, ground = visited
    words = load_words([ROOT / "templates"], language)
    file = site.settings.subscribers
    file.write_text(ROSTER.replace("  - ada@example.org", f"  - {{email: {ADA}, languages: [{language}]}}"), "utf-8")
    in_force.take_in(site.counter, in_force.load(site.counter))
    page = browser.new_page(viewport={"width": 360, "height": 740})
    address = f"http://127.0.0.1:{site.port}{page_of(ground.do(Command.PAUSE)[0])}"
    page.goto(address)
    assert language == page.evaluate("document.documentElement.lang")
    judge(page, axe, f"asking-{language}")
    page.get_by_role("button", name=words.say("page_pause_14")).click()
    judge(page, axe, f"asked-{language}")
    assert SubscriberState.PAUSED is site.state()
    page.goto(address)
    assert words.say("page_confirm_used") in page.get_by_role("heading").inner_text()
    page.goto(f"http://127.0.0.1:{site.port}/a/{'0' * 40}")
    judge(page, axe, f"asking-over-{language}")
    page.close()
