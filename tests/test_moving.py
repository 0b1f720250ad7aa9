"""A change of address: both addresses agree, everything else stays, and nobody learns who reads."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from newsletter import readers
from newsletter.models import (
    Action,
    Claim,
    Command,
    Delivery,
    DeliveryState,
    Meaning,
    Message,
    Moved,
    Rendered,
    Slotted,
    SubscriberState,
)
from newsletter.readers import erasing, forgetting, in_force, leave, moving, suppress
from newsletter.replies import moving as emails
from newsletter.replies import receiving
from newsletter.replies.acting import act
from newsletter.replies.reading import Understood
from newsletter.tokens import Purpose, make
from tests.factories import DAY
from tests.forked import Forks
from tests.interrupted import NEW
from tests.morning import part
from tests.pages import judge, nu_errors
from tests.test_asking import a_mail, handed
from tests.test_joining import EVE, OPEN, Join, Server
from tests.test_mail_judges import on_every_screen
from tests.test_rights import ADA, ask, everywhere, link, page_of, patient_at, press

CHEN = "chen@example.org"


@pytest.fixture
def join(tmp_path: Path, server: Server) -> Iterator[Join]:
    with patient_at(tmp_path, server) as opened:
        yield opened


def asked(join: Join, email: str = ADA, new: str = NEW) -> dict[str, Message]:
    """The emails of a request, by address; the answer is that of all others."""
    answer, messages = ask(join, "address", email, email=new)
    assert answer.status == 200
    assert 'role="status"' in answer.text
    return {one.recipient: one for one in messages}


def tick(join: Join) -> None:
    """What the service does each minute, as far as it matters here."""
    in_force.take_in(join.counter, in_force.look(join.counter))
    emails.settle(join.counter)


def told(join: Join) -> list[Message]:
    before = len(join.posted)
    tick(join)
    return [one.message for one in join.posted[before:]]


def file_of(join: Join) -> str:
    return join.settings.subscribers.read_text("utf-8")


def moved(join: Join, email: str = ADA, new: str = NEW) -> Message:
    """Move, all the way; the notice to the former address."""
    sent = asked(join, email, new)
    for recipient in (email, new):
        press(join, link(sent[recipient]))
    (notice,) = told(join)
    for _ in range(3):
        tick(join)
    return notice


def id_of(join: Join, email: str) -> int:
    found = join.counter.store.subscriber(email)
    assert found
    return found.id


# --- the whole way ---


@pytest.mark.parametrize("email", [EVE, ADA])
@pytest.mark.parametrize("new_first", [True, False])
def test_both_agree_in_any_order(join: Join, email: str, new_first: bool) -> None:
    """Only the second click changes anything; id, settings, consent and links stay, and the file follows."""
    if email == EVE:
        join.joined(topics=["", "robots"])
    ask(join, "save", email, send_at="05:45", max_papers="7")
    before, who = join.counter.store.reader(id_of(join, email)), id_of(join, email)
    text, page = file_of(join), page_of(join, email)
    sent = asked(join, email)
    assert set(sent) == {email, NEW}
    first, second = (NEW, email) if new_first else (email, NEW)
    assert NEW in join.ask("GET", link(sent[email])).text
    assert email not in join.ask("GET", link(sent[NEW])).text, "the new address is not told the old one"
    assert "One more click" in press(join, link(sent[first])).text
    assert "One more click" in press(join, link(sent[first])).text
    assert who == id_of(join, email)
    assert "Your address is changed" in press(join, link(sent[second])).text
    assert who == id_of(join, NEW)
    assert join.state(email) is None
    (notice,) = told(join)
    assert notice.recipient == email
    assert NEW not in notice.text
    people = {one.email for one in join.counter.store.subscribers()}
    for _ in range(3):
        assert told(join) == []
    assert people == {one.email for one in join.counter.store.subscribers()}, "nobody was added or removed"
    assert replace(before, email=NEW) == join.counter.store.reader(who)  # type: ignore[type-var]
    assert file_of(join) == text.replace(ADA, NEW if email == ADA else ADA)
    assert join.counter.store.moves() == {}
    assert NEW in join.ask("GET", page).text, "links in emails of before go on working"
    assert "Your address is changed" in press(join, link(sent[first])).text


def test_nothing_typed_is_in_the_emails(join: Join) -> None:
    """Besides To, neither address stands in the other's email."""
    sent = asked(join, new="Click.Here.For.A.Prize@example.net")
    old, new = sent[ADA], sent["Click.Here.For.A.Prize@example.net"]
    assert "rize" not in old.raw.decode("ascii").replace("=\r\n", "") + old.text
    assert "rize" not in new.text
    assert "ada@" not in new.text


def test_links_are_over_after_an_hour_and_when_asked_anew(join: Join) -> None:
    sent = asked(join)
    join.now += timedelta(hours=1)
    assert press(join, link(sent[ADA])).status == 404
    join.now += timedelta(days=1)
    first = asked(join)
    press(join, link(first[NEW]))
    join.now += timedelta(minutes=1)
    asked(join, new="other@example.com")
    assert press(join, link(first[ADA])).status == press(join, link(first[NEW])).status == 404
    assert join.state(ADA) is SubscriberState.ACTIVE


def test_never_again(join: Join) -> None:
    """Whoever has the new address and knows nothing of it can end that."""
    sent = asked(join)
    assert "never" in sent[NEW].text
    assert "We will not write again" in press(join, link(sent[NEW]), do="never").text
    assert press(join, link(sent[ADA])).status == 404
    join.now += timedelta(days=2)
    assert set(asked(join)) == {ADA}


# --- who may move where ---


def _known(join: Join) -> None:
    join.joined(NEW)


def _left(join: Join) -> None:
    join.joined(NEW)
    leave(join.counter, id_of(join, NEW), "by link")


def _complained(join: Join) -> None:
    join.joined(NEW)
    found = join.counter.store.subscriber(NEW)
    assert found
    suppress(join.counter, found, "complaint")


def _barred(join: Join) -> None:
    join.counter.store.bar(forgetting.fingerprint(join.counter.keys, NEW), join.now)


@pytest.mark.parametrize("make_known", [_known, _left, _complained, _barred])
def test_nobody_learns_who_has_the_new_address(join: Join, make_known: Callable[[Join], None]) -> None:
    """The page, the email to the old address and the page behind it are those of a free address."""
    free = asked(join, CHEN, "free@example.com")
    half = press(join, link(free[CHEN])).text
    make_known(join)
    join.now += timedelta(days=1)
    sent = asked(join, CHEN)
    assert set(sent) == {CHEN}
    assert [one.split("/t/")[0] for one in (sent[CHEN].text, free[CHEN].text)] == [sent[CHEN].text.split("/t/")[0]] * 2
    assert press(join, link(sent[CHEN])).text == half.replace("free@example.com", NEW)
    assert join.state(CHEN) is SubscriberState.ACTIVE


@pytest.mark.parametrize(
    ("new", "status", "told"),
    [
        ("", 422, "is not an email address"),
        ("nobody", 422, "is not an email address"),
        ("postmaster@example.net", 422, "shared or system"),
        ("ADA@example.org", 422, "your address already"),
        ("ada@example.org\r\nBcc: eve@example.net", 422, "is not an email address"),
    ],
)
def test_what_cannot_be_an_address_is_said(join: Join, new: str, status: int, told: str) -> None:
    answer, sent = ask(join, "address", email=new)
    assert (answer.status, sent) == (status, [])
    assert told in answer.text


def test_rules_of_joining_hold(tmp_path: Path, server: Server) -> None:
    """Its domains, its limit of emails a day, one a day for an address, three until it is confirmed."""
    roster = OPEN.replace("join: open", "join: open\n  join_domains: [example.com]\n  join_limit: 3")
    with patient_at(tmp_path, server, roster) as join:
        answer, sent = ask(join, "address", email="ada@example.net")
        assert (answer.status, sent) == (422, [])
        for number in range(5):
            people = (ADA, CHEN)[number % 2]
            asked(join, people, f"a+{number}@example.com")
        assert 1 == len([one for one in join.posted if one.message.recipient.startswith("a+")])
        for _ in range(6):
            join.now += timedelta(days=1, minutes=1)
            asked(join, ADA, "a@example.com")
        assert 3 == len([one for one in join.posted if one.message.recipient.startswith("a")]) - 9
        join.now += timedelta(days=1, minutes=1)
        for name in "bcd":
            asked(join, ADA, f"{name}@example.com")
        join.now += timedelta(days=8)
        for _ in join.counter.store.clear(join.now, timedelta(days=400)):
            pass
        assert [] == everywhere(join.counter, "b@example.com")
        join.now -= timedelta(days=8)
        for name in "bcd":
            asked(join, CHEN, f"{name}@example.com")
        answer, sent = ask(join, "address", email="f@example.com")
        assert (answer.status, sent) == (422, [])
        assert "try again tomorrow" in answer.text


def test_only_who_reads_moves(join: Join) -> None:
    """Who left meanwhile stays where they are."""
    sent = asked(join)
    press(join, link(sent[NEW]))
    leave(join.counter, id_of(join, ADA), "by link")
    assert press(join, link(sent[ADA])).status == 404
    assert join.state(ADA) is SubscriberState.UNSUBSCRIBED


# --- back again ---


def test_undone_within_fourteen_days(join: Join) -> None:
    """By the former address, once; the file follows, and the address that is left is told."""
    before = file_of(join)
    back = link(moved(join))
    join.now += timedelta(days=13, hours=23)
    assert ADA in join.ask("GET", back).text
    assert id_of(join, NEW)
    assert "The change is undone" in press(join, back).text
    (notice,) = told(join)
    assert notice.recipient == NEW
    assert "/t/" not in notice.text
    for _ in range(3):
        tick(join)
    assert join.state(ADA) is SubscriberState.ACTIVE
    assert before == file_of(join)
    assert join.state(NEW) is None
    assert press(join, back).status == 404


def test_not_after_fourteen_days(join: Join) -> None:
    back = link(moved(join))
    join.now += timedelta(days=14)
    assert press(join, back).status == 404
    assert id_of(join, NEW)


def test_moving_on_keeps_nobody_from_undoing(join: Join) -> None:
    """Whoever took an account over and moved it twice has no link left after the first owner's undo."""
    who = id_of(join, ADA)
    first = link(moved(join))
    second = link(moved(join, NEW, "further@example.com"))
    pending = asked(join, "further@example.com", "third@example.com")
    assert "The change is undone" in press(join, first).text
    assert who == id_of(join, ADA)
    assert press(join, second).status == 404
    assert {press(join, link(one)).status for one in pending.values()} == {404}
    tick(join)
    assert who == id_of(join, ADA)


def test_an_undo_does_not_take_somebody_else_s_address(join: Join) -> None:
    back = link(moved(join))
    join.now += timedelta(days=1)
    join.joined(ADA)
    assert press(join, back).status == 404
    assert id_of(join, NEW) != id_of(join, ADA)
    erasing.erase(join.counter, join.counter.store.subscriber(ADA))  # type: ignore[arg-type]
    assert "The change is undone" in press(join, back).text, "once it is free again"


def test_a_used_link_does_not_move_them_again(join: Join) -> None:
    """Sent once more after the undo, the confirmed form changes nothing."""
    sent = asked(join)
    paths = [link(sent[one]) for one in (ADA, NEW)]
    for path in paths:
        press(join, path)
    (notice,) = told(join)
    press(join, link(notice))
    assert {press(join, path).status for path in paths} == {404}
    assert id_of(join, ADA)


# --- emails on their way ---


def _mail(join: Join, number: int, state: DeliveryState) -> Delivery:
    return Delivery(
        id=0,
        subscriber_id=id_of(join, ADA),
        email=ADA,
        name=None,
        edition="0" * 64,
        issues=(DAY - timedelta(days=number),),
        state=state,
        message_id=f"<{number}@news.example.org>",
        date=join.now,
    )


def test_emails_that_wait_go_to_the_new_address(join: Join) -> None:
    """What was begun may have arrived: it is repeated as it was. Its coming back says nothing of the new address."""
    store, empty = join.counter.store, Slotted(b"")
    store.save_edition(Rendered(key="0" * 64, subject="", html=empty, text=empty, body=empty))
    store.plan([_mail(join, 1, DeliveryState.QUEUED)])
    (begun,) = store.turn([], Claim(owner="test", limit=1, now=join.now))
    store.plan([_mail(join, 2, DeliveryState.QUEUED)])
    moved(join)
    now = {one.message_id: (one.email, one.state) for one in store.deliveries(reader=id_of(join, NEW))}
    assert now["<2@news.example.org>"] == (NEW, DeliveryState.QUEUED)
    assert now[begun.message_id] == (ADA, DeliveryState.SENDING)
    meaning = Meaning(
        action=Action.BOUNCE_PERMANENT, reason="test", subscriber_id=id_of(join, NEW), status="5.1.1",
        returned=begun.message_id,
    )  # fmt: skip
    for number in range(3):
        act(join.counter, meaning, key=str(number))
    assert join.state(NEW) is SubscriberState.ACTIVE
    act(join.counter, replace(meaning, returned="<2@news.example.org>"), key="its own")
    assert join.state(NEW) is SubscriberState.SUPPRESSED


# --- the file ---


def test_killed_before_the_file_followed(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the list is read for meanwhile, it is the same reader; the file follows when it can."""
    sent, who = asked(join), id_of(join, ADA)
    for message in sent.values():
        press(join, link(message))
    with monkeypatch.context() as patched:
        patched.setattr("newsletter.subscribers.edit.replace_file", _refuse)
        for number in range(3):
            join.settings.subscribers.write_text(file_of(join) + f"# {number}\n", "utf-8")
            tick(join)
            ask(join, "save", NEW, max_papers=str(5 + number))
            assert {ADA: NEW} == dict(join.counter.store.moves())
            assert {NEW, CHEN} == {one.email for one in join.counter.store.subscribers()}
            reader = join.counter.store.reader(who)
            assert reader
            assert (reader.email, reader.wishes.max_papers) == (NEW, 5 + number)
        assert ADA in file_of(join)
    ask(join, "save", NEW, max_papers="9")
    assert f"- email: {ADA}\n    max_papers: 9" in file_of(join), "the entry is found under its old address"
    join.settings.subscribers.write_text(file_of(join) + "# writable again\n", "utf-8")
    for _ in range(4):
        tick(join)
    assert f"- email: {NEW}\n    max_papers: 9" in file_of(join)
    assert ADA not in file_of(join)
    assert {} == join.counter.store.moves()
    assert who == id_of(join, NEW)


def _refuse(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("point", ["after the address", "after the new address", "before the file", "after the file"])
def test_killed(join: Join, point: str, forks: Forks) -> None:
    """Wherever a process ends, pressing both links again and the next ticks lead to one state."""
    who = id_of(join, ADA)
    folder = join.settings.data_dir.parent
    program = f"from tests.interrupted import move_until; move_until({point!r}, {str(folder)!r})"
    ended = forks.run((), folder=folder, environment=os.environ, timeout=60, first=program)
    assert -signal.SIGKILL == ended.returncode, ended.stderr
    old, new = ended.stdout.split()[-2:]
    assert Moved.NOT not in (moving.agree(join.counter, moving.OLD, old), moving.agree(join.counter, moving.NEW, new))
    notices = [one for _ in range(4) for one in told(join)]
    assert [ADA] == [one.recipient for one in notices]
    assert who == id_of(join, NEW)
    assert {NEW, CHEN} == {one.email for one in join.counter.store.subscribers()}
    assert (NEW in file_of(join), ADA in file_of(join)) == (True, False)
    assert {} == join.counter.store.moves()


def test_killed_before_the_former_address_was_told(join: Join) -> None:
    """A notice that did not go out goes out with a later tick, once."""
    for message in asked(join).values():
        press(join, link(message))
    join.refusing = True
    assert told(join) == []
    join.refusing = False
    assert [ADA] == [one.recipient for one in told(join)]
    assert told(join) == []


def test_an_edit_by_hand_afterwards_counts(join: Join) -> None:
    """Once the file has the new address, writing the old one again adds its reader, as ever."""
    moved(join)
    join.settings.subscribers.write_text(file_of(join).replace(f"- {NEW}", f"- {NEW}\n  - {ADA}"), "utf-8")
    tick(join)
    assert id_of(join, ADA) != id_of(join, NEW)
    assert {ADA, NEW, CHEN} == {one.email for one in join.counter.store.subscribers()}


def test_moved_between_reading_the_list_and_taking_it_in(join: Join) -> None:
    """A list that was read before the change is not taken for one with another reader."""
    join.settings.subscribers.write_text(file_of(join) + "# seen\n", "utf-8")
    roster = in_force.look(join.counter)
    who = id_of(join, ADA)
    for message in asked(join).values():
        press(join, link(message))
    in_force.take_in(join.counter, roster)
    assert {NEW, CHEN} == {one.email for one in join.counter.store.subscribers()}
    for _ in range(4):
        tick(join)
    assert {NEW, CHEN} == {one.email for one in join.counter.store.subscribers()}
    reader = join.counter.store.reader(who)
    assert reader
    assert reader.email == NEW
    assert NEW in file_of(join)


@pytest.mark.parametrize("file_follows", [True, False])
def test_erased_after_moving(join: Join, monkeypatch: pytest.MonkeyPatch, file_follows: bool) -> None:
    """Neither address is left anywhere, and the file's old line brings nobody back."""
    for message in asked(join).values():
        press(join, link(message))
    if file_follows:
        for _ in range(4):
            tick(join)
    found = join.counter.store.subscriber(NEW)
    assert found
    with monkeypatch.context() as patched:
        if not file_follows:
            patched.setattr("newsletter.subscribers.removing.replace_file", _refuse)
        erasing.erase(join.counter, found)
    tick(join)
    assert [[], []] == [everywhere(join.counter, one) for one in (ADA, NEW)]
    assert file_follows == (ADA not in file_of(join))
    assert NEW not in file_of(join)


# --- races ---


def _at_once(*jobs: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [one.result() for one in [pool.submit(job) for job in jobs]]


def _secrets(join: Join, new: str) -> tuple[str, str]:
    ada = join.counter.store.subscriber(ADA)
    assert ada
    return moving.begin(join.counter, ada, new)


def test_twenty_times_both_at_once(join: Join) -> None:
    """Of two clicks at the same moment, one is the first and one the second; three of one are one."""
    who = id_of(join, ADA)
    for number in range(20):
        old, new = _secrets(join, f"ada{number}@example.com")

        def press_old(secret: str = old) -> Moved:
            return moving.agree(join.counter, moving.OLD, secret)

        def press_new(secret: str = new) -> Moved:
            return moving.agree(join.counter, moving.NEW, secret)

        outcomes = _at_once(press_old, press_new, press_old, press_new)
        assert set(outcomes) <= {Moved.HALF, Moved.DONE}
        assert Moved.DONE in outcomes
        assert f"ada{number}@example.com" == join.counter.store.subscriber(who).email  # type: ignore[union-attr]
        (change,) = join.counter.store.untold_moves()
        back = moving.link_back(join.counter, change)
        assert back
        assert moving.take_back(join.counter, back)
        assert who == id_of(join, ADA)
        for one in join.counter.store.untold_moves():
            join.counter.store.told_move(one)


def test_ten_times_leaving_while_moving(join: Join) -> None:
    """Who leaves has left, in the ledger and in the file, whichever of both addresses is theirs in the end."""
    who = id_of(join, ADA)
    for number in range(10):
        old, new = _secrets(join, f"ada{number}@example.com")
        moving.agree(join.counter, moving.NEW, new)

        def follow() -> None:
            for _ in range(2):
                in_force.take_in(join.counter, in_force.look(join.counter))

        def move(secret: str = old) -> None:
            moving.agree(join.counter, moving.OLD, secret)
            follow()

        _at_once(lambda: leave(join.counter, who, "by link"), move)
        for _ in range(3):
            follow()
        subscriber = join.counter.store.subscriber(who)
        assert subscriber
        assert subscriber.state is SubscriberState.UNSUBSCRIBED
        assert {subscriber.email, CHEN} == {one.email for one in join.counter.store.subscribers()}
        assert f"- email: {subscriber.email}\n    unsubscribed:" in file_of(join)
        readers.come_back(join.counter, subscriber)
        for change in join.counter.store.untold_moves():
            back = moving.link_back(join.counter, change)
            assert back
            assert moving.take_back(join.counter, back)
            for one in join.counter.store.untold_moves():
                join.counter.store.told_move(one)
        for _ in range(3):
            follow()
        assert ADA in file_of(join)


# --- by email ---


def say(join: Join, action: Action, value: str = "", command: Command | None = None, **more: Any) -> list[EmailMessage]:
    before = len(join.posted)
    given = {"subscriber_id": id_of(join, ADA)} | more
    meaning = Meaning(action=action, reason="test", command=command, value=value, **given)
    receiving.handle(join.counter, Understood(meaning, f"<{before}@mail.example>"))
    return [message_from_bytes(one.message.raw, policy=policy.default) for one in join.posted[before:]]


def test_asked_for_by_reply(join: Join) -> None:
    """A certain one leads to both emails; one that is not is asked about first, without what was written."""
    old, new = say(join, Action.ADDRESS, NEW)
    assert (old["To"], new["To"]) == (ADA, NEW)
    assert old["Subject"] == "Change of address"
    join.now += timedelta(days=1, minutes=1)
    unproven = {"subscriber_id": None, "sender": ADA}
    (question,) = say(join, Action.CONFIRM, NEW, Command.ADDRESS, **unproven)
    assert "Send Morning arXiv to another address" in part(question, "plain")
    assert NEW not in part(question, "plain")
    asking = re.search(r"https://news\.example\.org(/a/[0-9a-f]{40})", part(question, "plain"))
    assert asking
    before = len(join.posted)
    assert "Please confirm at both addresses" in join.post(asking[1], {"do": "confirm"}).text
    join.done()
    assert [ADA, NEW] == [one.message.recipient for one in join.posted[before:]]
    for one in join.posted[before:]:
        press(join, link(one.message))
    assert id_of(join, NEW)


def test_written_in_an_email(join: Join) -> None:
    """From the bytes of a reply to both links."""
    token = make(join.counter.keys, Purpose.REPLY, id_of(join, ADA))
    raw = a_mail(f"news+{token}@example.org", ADA, f"New address: {NEW}\n\nThanks!\nAda\n")
    handed(join.counter, raw)
    assert [ADA, NEW] == [one.message.recipient for one in join.posted]
    handed(join.counter, raw)
    assert 2 == len(join.posted), "a copy is not another request"


def test_without_a_page_of_its_own_the_operator_does_it(tmp_path: Path, server: Server) -> None:
    with patient_at(tmp_path, server, public_url=None) as join:
        (answer,) = say(join, Action.ADDRESS, NEW)
        assert "ask whoever sends you this newsletter" in " ".join(part(answer, "plain").split())
        assert "Change my address" not in join.ask("GET", page_of(join)).text
        assert join.post(page_of(join), {"do": "address", "email": NEW}).status == 400


# --- in a browser ---


@pytest.mark.parametrize("language", ["en", "zh"])
def test_in_a_browser(tmp_path: Path, server: Server, browser: Any, axe: str, language: str) -> None:
    """From the preferences to the undo, on a phone; nothing for axe-core or the Nu checker to say."""
    roster = OPEN.replace("languages: [en, zh]", f"languages: [{language}]")
    with patient_at(tmp_path, server, roster) as join:
        field, move, confirm, undo = {
            "en": ("Your new address", "Change my address", "Confirm this change", "Undo"),
            "zh": ("新邮箱地址", "更换邮箱地址", "确认更换", "撤销"),
        }[language]
        here = f"http://127.0.0.1:{join.port}"
        page = browser.new_page(viewport={"width": 360, "height": 740})
        contents = []

        def seen(name: str) -> None:
            judge(page, axe, f"address-{name}-{language}")
            contents.append(page.content())

        page.goto(here + page_of(join))
        page.get_by_label(field).fill("postmaster@example.net")
        page.get_by_role("button", name=move).click()
        page.get_by_role("alert").wait_for()
        page.get_by_label(field).fill(NEW)
        page.get_by_role("button", name=move).click()
        page.get_by_role("status").wait_for()
        join.done()
        old, new = (one.message for one in join.posted[-2:])
        for name, message in (("old", old), ("new", new)):
            page.goto(here + link(message))
            seen(name)
            page.get_by_role("button", name=confirm).click()
            page.get_by_role("button", name=confirm).wait_for(state="detached")
            seen(f"{name}-pressed")
        (notice,) = told(join)
        page.goto(here + link(notice))
        seen("undo")
        page.get_by_role("button", name=undo).click()
        page.get_by_role("button", name=undo).wait_for(state="detached")
        seen("undone")
        page.close()
        shown = browser.new_page()
        for name, message in (("address-old", old), ("address-new", new), ("address-moved", notice)):
            on_every_screen(shown, axe, f"{name}-{language}", message.html)
        for number, content in enumerate(contents):
            (tmp_path / f"{number}.html").write_text(content, "utf-8")
        assert [] == nu_errors(sorted(tmp_path.glob("?.html")))
