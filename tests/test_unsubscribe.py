"""Leaving and coming back: the ledger first, and it alone decides; the file follows where it can be written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from newsletter import inbound, readers, subscribers
from newsletter.errors import TemplateError
from newsletter.models import Action, Letterhead, Meaning, Message, Subscriber, SubscriberState
from newsletter.render import answer
from newsletter.render.answer import Content
from newsletter.replies import acting, answers
from newsletter.replies.responses import Way
from newsletter.store import Store
from newsletter.subscribers import load
from newsletter.tokens import Purpose, make
from newsletter.words import load_words
from tests.counters import TEMPLATES, a_counter
from tests.factories import KEYS
from tests.morning import MORNING, ROSTER
from tests.responses import ADA, KINDS, SECRETS, written
from tests.test_web import make_unwritable

LEFT = "2026-03-09 by reply"
SHORT = Content(language="en", brand="B", title="A")


@pytest.fixture
def chen(store: Store) -> Subscriber:
    return store.enrol(["Chen@example.org", "ada@example.org"], MORNING)["chen@example.org"]


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    file = tmp_path / "subscribers.yaml"
    file.write_text(ROSTER + "# the end\n", "utf-8")
    return file


def state(store: Store, email: str = "chen@example.org") -> SubscriberState:
    found = store.subscriber(email)
    assert found is not None
    return found.state


def test_leaving_is_in_the_ledger_and_in_the_file(store: Store, chen: Subscriber, roster: Path) -> None:
    """Both say since when and how; every other byte of the file and every other reader stay."""
    changed = readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    assert changed is not None
    assert (SubscriberState.UNSUBSCRIBED, LEFT, MORNING) == (
        changed.subscriber.state,
        changed.subscriber.why,
        changed.subscriber.since,
    )
    assert changed.file_problem is None
    assert changed.line is not None
    lines = roster.read_text("utf-8").splitlines()
    assert f"    unsubscribed: {LEFT}" == lines.pop(changed.line - 1)
    assert (ROSTER + "# the end").splitlines() == lines
    assert SubscriberState.ACTIVE is state(store, "ada@example.org")


def test_the_ledger_comes_first(store: Store, chen: Subscriber, roster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the file is touched, the ledger has it already: a stop in between loses nothing."""
    seen: list[SubscriberState] = []
    write_fields = subscribers.write_fields

    def watching(*arguments: object) -> int | None:
        seen.append(state(store))
        return write_fields(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(subscribers, "write_fields", watching)
    readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    assert [SubscriberState.UNSUBSCRIBED] == seen


def test_twice_is_the_same(store: Store, chen: Subscriber, roster: Path) -> None:
    """Leaving again, later and another way, changes neither date nor reason, in ledger and file."""
    first = readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    text = roster.read_bytes()
    assert first == readers.leave(a_counter(store, roster, MORNING + timedelta(days=3)), chen.id, "by link")
    assert text == roster.read_bytes()


def test_a_line_deleted_by_hand_comes_back_with_its_date(store: Store, chen: Subscriber, roster: Path) -> None:
    """Who clicks again after the owner has removed the line is written down again, with the day they left."""
    readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    roster.write_text(ROSTER, "utf-8")
    readers.leave(a_counter(store, roster, MORNING + timedelta(days=3)), chen.id, "by link")
    assert f"unsubscribed: {LEFT}" in roster.read_text("utf-8")


@pytest.mark.parametrize(
    ("trouble", "told"), [("missing", "No such file"), ("read-only", "denied"), ("broken", "subscribers.yaml:")]
)
def test_a_file_that_cannot_be_written_changes_nothing_about_it(
    store: Store, chen: Subscriber, roster: Path, trouble: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file missing, read-only or broken the reader has still left, and the problem is told."""
    make_unwritable(roster, trouble, monkeypatch)
    changed = readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    assert changed is not None
    assert (SubscriberState.UNSUBSCRIBED, None) == (changed.subscriber.state, changed.line)
    assert changed.file_problem is not None
    assert "recorded in the ledger" in changed.file_problem
    assert told in changed.file_problem
    assert [] == [path for path in roster.parent.iterdir() if path != roster]


def test_a_reader_whom_the_file_does_not_name_leaves_all_the_same(store: Store, chen: Subscriber, roster: Path) -> None:
    """Somebody removed from the file but still in the ledger: no line, no problem, gone."""
    roster.write_text(ROSTER[: ROSTER.index("  - email: chen")], "utf-8")
    changed = readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    assert changed is not None
    assert (None, None) == (changed.line, changed.file_problem)
    assert SubscriberState.UNSUBSCRIBED is state(store)


def test_an_unknown_id_is_nobody(store: Store, roster: Path) -> None:
    """An id that the ledger does not hold changes nothing."""
    before = roster.read_bytes()
    assert readers.leave(a_counter(store, roster, MORNING), 42, "by reply") is None
    assert before == roster.read_bytes()


def test_coming_back(store: Store, chen: Subscriber, roster: Path) -> None:
    """Resubscribing makes the reader active and takes the mark out of the file, which is then as it was."""
    readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    changed = readers.come_back(a_counter(store, roster, MORNING + timedelta(days=1)), chen)
    assert (SubscriberState.ACTIVE, "2026-03-10 resubscribed") == (changed.subscriber.state, changed.subscriber.why)
    assert ROSTER + "# the end\n" == roster.read_text("utf-8")
    readers.come_back(a_counter(store, roster, MORNING + timedelta(days=2)), chen)
    assert ROSTER + "# the end\n" == roster.read_text("utf-8")


def test_coming_back_after_bounces(store: Store, chen: Subscriber, roster: Path) -> None:
    """A reader who was left out after bounces comes back in ledger and file."""
    roster.write_text(ROSTER + "    bounced: 2026-03-09 5.1.1\n", "utf-8")
    store.set_subscriber(chen.id, SubscriberState.SUPPRESSED, "2026-03-09 5.1.1", MORNING)
    readers.come_back(a_counter(store, roster, MORNING), chen)
    assert SubscriberState.ACTIVE is state(store)
    assert all(reader.bounced is None for reader in load(roster).readers)


def test_coming_back_with_a_broken_file(
    store: Store, chen: Subscriber, roster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger decides this way too; the file's mark is named as a problem."""
    readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    make_unwritable(roster, "broken", monkeypatch)
    changed = readers.come_back(a_counter(store, roster, MORNING), chen)
    assert SubscriberState.ACTIVE is changed.subscriber.state
    assert changed.file_problem is not None


UNTIL = date(2026, 3, 23)
ACTS = {
    # what proven mails do to an active reader
    Action.UNSUBSCRIBE: SubscriberState.UNSUBSCRIBED,
    Action.PAUSE: SubscriberState.PAUSED,
    Action.COMPLAINT: SubscriberState.SUPPRESSED,
    Action.BOUNCE_PERMANENT: SubscriberState.SUPPRESSED,
}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("proven", [True, False])
def test_only_a_proven_request_acts(store: Store, chen: Subscriber, roster: Path, action: Action, proven: bool) -> None:
    """Without proof nothing changes, whatever a mail means; with it only what asks for it."""
    meaning = Meaning(
        action=action, reason="test", subscriber_id=chen.id if proven else None, until=UNTIL, status="5.1.1"
    )
    before = roster.read_bytes()
    acting.act(a_counter(store, roster, MORNING), meaning)
    expected = ACTS.get(action, SubscriberState.ACTIVE) if proven else SubscriberState.ACTIVE
    assert expected is state(store)
    assert SubscriberState.ACTIVE is state(store, "ada@example.org")
    assert (expected is SubscriberState.ACTIVE) == (before == roster.read_bytes())


def test_a_sender_whom_dkim_proves_is_looked_up(store: Store, chen: Subscriber, roster: Path) -> None:
    """Where the mail's server is vouched for, the address stands for the token; unknown ones are nobody."""
    nobody = Meaning(action=Action.UNSUBSCRIBE, reason="test", sender="eve@example.org")
    assert acting.act(a_counter(store, roster, MORNING), nobody) is None
    known = Meaning(action=Action.UNSUBSCRIBE, reason="test", sender=chen.email.upper())
    assert acting.act(a_counter(store, roster, MORNING), known) is not None
    assert SubscriberState.UNSUBSCRIBED is state(store)


# --- pausing ---


def meant(action: Action, chen: Subscriber, **more: Any) -> Meaning:
    return Meaning(action=action, reason="test", subscriber_id=chen.id, **more)


def test_pause_and_resume(store: Store, chen: Subscriber, roster: Path) -> None:
    """Ledger and file say until when; resuming leaves the file as it was."""
    paused = acting.act(a_counter(store, roster, MORNING), meant(Action.PAUSE, chen, until=UNTIL))
    assert paused is not None
    assert (SubscriberState.PAUSED, UNTIL) == (paused.subscriber.state, paused.subscriber.paused_until)
    assert [None, UNTIL] == [reader.paused_until for reader in load(roster).readers]
    resumed = acting.act(a_counter(store, roster, MORNING), meant(Action.RESUME, chen))
    assert resumed is not None
    assert (SubscriberState.ACTIVE, None) == (resumed.subscriber.state, resumed.subscriber.paused_until)
    assert ROSTER + "# the end\n" == roster.read_text("utf-8")


def test_a_pause_does_not_bring_back_who_left(store: Store, chen: Subscriber, roster: Path) -> None:
    """Somebody who left and then writes `pause` has left."""
    readers.leave(a_counter(store, roster, MORNING), chen.id, "by reply")
    assert acting.act(a_counter(store, roster, MORNING), meant(Action.PAUSE, chen, until=UNTIL)) is None
    assert SubscriberState.UNSUBSCRIBED is state(store)


@pytest.mark.parametrize(
    ("how", "back"), [("by reply", True), ("by link", True), ("by the operator", False), ("by webhook", False)]
)
def test_readers_undo_what_they_did_themselves(
    store: Store, chen: Subscriber, roster: Path, how: str, back: bool
) -> None:
    """`resume` takes back one's own leaving; not what the operator decided."""
    readers.leave(a_counter(store, roster, MORNING), chen.id, how)
    changed = acting.act(a_counter(store, roster, MORNING), meant(Action.RESUME, chen))
    assert back == (changed is not None) == (SubscriberState.ACTIVE is state(store))


def test_complaints_are_not_undone(store: Store, chen: Subscriber, roster: Path) -> None:
    """A complaint is for good, until the operator takes the reader back; the file names it."""
    acting.act(a_counter(store, roster, MORNING), meant(Action.COMPLAINT, chen))
    assert "    bounced: 2026-03-09 complaint\n" in roster.read_text("utf-8")
    assert acting.act(a_counter(store, roster, MORNING), meant(Action.RESUME, chen)) is None
    assert SubscriberState.SUPPRESSED is state(store)


# --- bounces ---

HARD, SOFT = Action.BOUNCE_PERMANENT, Action.BOUNCE_TEMPORARY
BOUNCES: list[tuple[list[tuple[int, Action, str | None]], bool]] = [
    # (day, what, status) of each bounce; whether the reader is left out after the last one
    ([(0, HARD, "5.1.1")], True),
    ([(0, HARD, "5.1.10")], True),
    ([(0, HARD, "5.2.1")], True),
    ([(0, HARD, "5.1.2")], False),
    ([(0, HARD, "5.1.2"), (0, HARD, "5.1.2")], False),
    ([(0, HARD, "5.1.2"), (1, HARD, "5.2.2")], True),
    ([(0, HARD, "5.4.4"), (1, HARD, "5.4.4")], False),
    ([(0, HARD, None), (1, HARD, None)], False),
    ([(0, HARD, "5.1.100")], False),
    ([(day, HARD, "5.0.0") for day in range(6)], False),
    ([(day, HARD, None) for day in range(6)], False),
    ([(day, SOFT, "4.2.2") for day in range(4)], False),
    ([(day, SOFT, "4.2.2") for day in range(5)], True),
    ([(day, SOFT, None) for day in range(5)], True),
    ([(day * 2, SOFT, "4.2.2") for day in range(8)], False),
    ([(0, SOFT, "4.1.1"), (1, SOFT, "4.1.1")], False),
]


@pytest.mark.parametrize(("given", "out"), BOUNCES)
def test_when_bounces_leave_a_reader_out(
    store: Store, chen: Subscriber, roster: Path, given: list[tuple[int, Action, str | None]], out: bool
) -> None:
    """At once for an address that does not exist, after two issues or five soft ones in a week for the rest."""
    for number, (day, action, status) in enumerate(given):
        assert SubscriberState.ACTIVE is state(store)
        now = MORNING + timedelta(days=day)
        meaning = meant(action, chen, status=status, issue=now.date())
        acting.act(a_counter(store, roster, now), meaning, key=str(number))
    assert out == (SubscriberState.SUPPRESSED is state(store))
    assert out == ("bounced: " in roster.read_text("utf-8"))


def test_one_report_counts_once_and_the_sender_s_fault_never(store: Store, chen: Subscriber, roster: Path) -> None:
    """The same report again is the same bounce; a refusal for policy or spam is ours, not the reader's."""
    for _ in range(9):
        acting.act(a_counter(store, roster, MORNING), meant(SOFT, chen, status="4.2.2"), key="same")
    for number in range(9):
        blamed = meant(HARD, chen, status="5.1.1", blames_sender=True)
        assert acting.act(a_counter(store, roster, MORNING), blamed, key=str(number)) is None
    assert SubscriberState.ACTIVE is state(store)


def test_taken_back_the_count_begins_anew(store: Store, chen: Subscriber, roster: Path) -> None:
    """Bounces from before the operator took the reader back count no more."""
    for day in range(5):
        acting.act(a_counter(store, roster, MORNING + timedelta(days=day)), meant(SOFT, chen), key=str(day))
    assert SubscriberState.SUPPRESSED is state(store)
    readers.come_back(a_counter(store, roster, MORNING + timedelta(days=5)), chen)
    acting.act(a_counter(store, roster, MORNING + timedelta(days=5, hours=1)), meant(SOFT, chen), key="new")
    assert SubscriberState.ACTIVE is state(store)


# --- answers ---

LETTERHEAD = Letterhead(sender="Morning arXiv <news@news.example>", reply_to="news@news.example")
WEB = replace(LETTERHEAD, public_url="https://news.example")
LANGUAGES = ("en", "zh", "zh-Hant", "ja", "ko", "de", "fr", "es", "pt-BR", "it", "ru", "xx")
EVERYWHERE = ("left", "paused", "resumed", "confirm")
DAYS = {
    "en": "23 March 2026", "zh": "2026年3月23日", "zh-Hant": "2026年3月23日", "ja": "2026年3月23日",
    "ko": "2026년 3월 23일", "de": "23. März 2026", "fr": "23 mars 2026", "es": "23 de marzo de 2026",
    "pt-BR": "23 de março de 2026", "it": "23 marzo 2026", "ru": "23 марта 2026", "xx": "23 March 2026",
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "spoken"), [("nl", "en"), ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-CN", "zh"), ("pt-BR", "pt")]
)
def test_an_answer_says_which_language_it_is_in(asked: str, spoken: str) -> None:
    """A language that has no words gets English, and says so; Traditional Chinese is told apart by region."""
    assert spoken == load_words([TEMPLATES], asked).say("answer_language")


def an_answer(kind: str, language: str = "en", letterhead: Letterhead = LETTERHEAD, **more: str) -> Message:
    return written(KINDS[kind], ADA, load_words([TEMPLATES], language), letterhead, **more)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_in_the_reader_s_language(kind: str, language: str) -> None:
    """One short email as RFC 3834 wants it, in ASCII lines with CRLF, the same each time; days are written in words."""
    message = an_answer(kind, language)
    assert message == an_answer(kind, language)
    mail = message_from_bytes(message.raw, policy=policy.default)
    assert ("auto-replied", "<reply@example.org>") == (mail["Auto-Submitted"], mail["In-Reply-To"])
    assert [ADA.email] == [address.addr_spec for address in mail["To"].addresses]
    assert "" == message.envelope_from
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Reply-To"):
        assert 1 == len(mail.get_all(name)), name
    assert message.raw.isascii()
    assert b"\n" not in message.raw.replace(b"\r\n", b"")
    text, html = (mail.get_body((part,)).get_content() for part in ("plain", "html"))  # type: ignore[union-attr]
    assert "{" not in text
    assert "[[" not in text + html
    assert ADA.email in text
    assert (
        (kind in ("paused", "ask-pause")) == (DAYS[language] in text.replace("\xa0", " ")) == (DAYS[language] in html)
    )
    spoken = load_words([TEMPLATES], language).say("answer_language")
    assert f'<html lang="{spoken}" dir="ltr">' in html


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_a_confirmation_has_the_way_back_without_a_web_part(kind: str) -> None:
    """An email that says the same: a link that writes it."""
    message = an_answer(kind)
    assert "mailto:news+" in message.text
    assert "mailto:news+" in message.html


@pytest.mark.parametrize("kind", [kind for kind, response in KINDS.items() if response.asking])
def test_a_question_without_a_web_part_is_answered_by_email(kind: str) -> None:
    """By a link that writes the command, where our address can carry a token; a yes works in any case, and alone for
    papers, whose ids no command names."""
    mails = [link.split()[0] for link in an_answer(kind).text.partition("──")[0].split("mailto:")[1:]]
    by_word = kind not in ("ask-like", "ask-not", "ask-save", "ask-unmark")
    assert (3 if kind == "ask-how-long" else int(by_word)) == len(mails)
    bare = an_answer(kind, letterhead=replace(LETTERHEAD, plus_addressing=False)).text.partition("──")[0]
    assert (kind == "confirm") == ("mailto:" in bare)


@pytest.mark.parametrize("letters", [*range(4, 64)])
def test_an_answer_s_headers_arrive_as_they_are(letters: int) -> None:
    """Whatever the length of an address or a name, no header is folded or encoded into something else."""
    domain = f"{'d' * min(letters, 60)}.example"
    names = ["", "Morning arXiv", "n" * letters, "Dr. Lovelace, Ada " * 6, "晨间论文" * (letters // 4)]
    for name in names:
        letterhead = replace(LETTERHEAD, sender=f"{name} <news@{domain}>", reply_to=f"news@{domain}")
        message = an_answer(
            "left", letterhead=letterhead, newsletter=name or "x", replied=f"<{'i' * 5 * letters}@{domain}>"
        )
        head = message.raw.split(b"\r\n\r\n")[0] + b"\r\n"
        for header, value in message.headers:
            if header not in ("From", "Subject"):
                assert value == head.split(f"\r\n{header}: ".encode())[1].split(b"\r\n")[0].decode(), header
        # The newer policies put a space between two encoded words.
        mail = message_from_bytes(head, policy=policy.compat32)
        assert dict(message.headers)["Subject"] == str(make_header(decode_header(mail["Subject"].replace("\r\n", ""))))
        shown, address = parseaddr(mail["From"].replace("\r\n", ""))
        assert (name.strip(), f"news@{domain}") == (str(make_header(decode_header(shown))), address)
        assert max(map(len, head.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("kind", ["left", "paused", "confirm", "ask-pause"])
def test_an_answer_proves_and_undoes(kind: str) -> None:
    """With a web address each button is a page for that; the Message-ID is known as ours when it comes back."""
    message = an_answer(kind, letterhead=WEB)
    path = f"a/{SECRETS[Way.CONFIRM]}" if KINDS[kind].asking else f"undo/{SECRETS[Way.UNDO]}"
    assert f"https://news.example/{path}" in message.text
    assert f'href="https://news.example/{path}"' in message.html
    assert make(KEYS, Purpose.PREFERENCES, ADA.id) not in message.text
    meaning = inbound.read(message.raw, keys=KEYS, today=MORNING.date(), own_domain="news.example")
    assert (Action.IGNORE, True) == (meaning.action, "our own mail" in meaning.reason)


@pytest.mark.parametrize("kind", KINDS)
def test_another_service_does_not_answer_our_answer(kind: str) -> None:
    """Two services that write to each other end after one email each, whatever ours says."""
    other = {0: b"the key of another service, 32 octets"}
    meaning = inbound.read(an_answer(kind).raw, keys=other, today=MORNING.date(), own_domain="other.example")
    assert (Action.IGNORE, True) == (meaning.action, "auto-replied" in meaning.reason)


def test_a_hostile_message_id_breaks_no_line() -> None:
    """What somebody else wrote as Message-ID never adds a header."""
    evil = {"newsletter": "A\r\nBcc: eve@evil.example", "replied": "<a@b>\r\nBcc: eve@evil.example"}
    mail = message_from_bytes(an_answer("left", **evil).raw, policy=policy.default)
    assert (None, None) == (mail["Bcc"], mail["In-Reply-To"])


def test_own_templates_make_the_answers(tmp_path: Path) -> None:
    """A file beside the list wins; one that is broken is named by the check, and ours serves."""
    own = tmp_path / "answer.txt.j2"
    own.write_text("Ours: [[a.title]]\n", "utf-8")
    text, html = answer.parts([tmp_path, TEMPLATES], SHORT)
    assert ("Ours: A", True) == (text, "<h1" in html)
    for broken in ("Ours:\n[[a.kitchen]]\n", "Ours:\n[% if %]\n"):
        own.write_text(broken, "utf-8")
        with pytest.raises(TemplateError) as caught:
            answer.check([tmp_path, TEMPLATES])
        assert (str(own), 2) == (caught.value.file, caught.value.line)
        assert "A" == answer.parts([tmp_path, TEMPLATES], SHORT)[0].splitlines()[0]


def test_an_answer_from_right_to_left() -> None:
    """The page says so, and each such line of the text stands between marks."""
    arabic = Content(language="ar", brand="Morning arXiv", title="تم إلغاء اشتراكك", foot=("ada@example.net",))
    text, html = answer.parts([TEMPLATES], arabic)
    assert '<html lang="ar" dir="rtl">' in html
    assert text.startswith("\u2067تم")


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "de"])
@pytest.mark.parametrize("key", answers.WORDS)
def test_the_words_that_an_answer_lists_work(key: str, language: str) -> None:
    """As the subject of the email that its link writes, and as a reply."""
    word = load_words([TEMPLATES], language).say(f"answer_word_{key}")
    action = Action.DAYS if key in ("weekly", "daily") else Action(key)
    to = f"news+{make(KEYS, Purpose.REPLY, ADA.id)}@news.example"
    for subject, text in ((word, ""), ("Re: Morning arXiv", word)):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = ADA.email, to, subject, "<a@b.example>"
        mail.set_content(text)
        meaning = inbound.read(
            mail.as_bytes(policy=policy.SMTP), keys=KEYS, today=MORNING.date(), own_domain="news.example"
        )
        assert (action, ADA.id) == (meaning.action, meaning.subscriber_id), (word, subject)
