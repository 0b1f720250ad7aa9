"""What an inbound mail means: a table for every row of the decision, and nothing that makes it raise or be slow."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import inbound, tokens
from newsletter.inbound import charsets, cut, limits, parts, refusals, trust
from newsletter.models import Action, Command, Meaning
from newsletter.tokens import Purpose
from tests.conftest import REAL_DATA, REAL_FOLDER
from tests.growth import is_linear

KEYS = {2: b"k" * 32}
UNDONE = (Action.CONFIRM, Action.HUMAN)  # we ask, or a person decides
TODAY = date(2026, 3, 9)
READER = 7
TOKEN = {purpose: tokens.make(KEYS, purpose, READER) for purpose in Purpose}
REPLY_TO = f"news+{TOKEN[Purpose.REPLY]}@example.org"
ACTS = tuple(Action(command.value) for command in Command)


def mail(body: str, kind: str = "plain", **headers: str) -> bytes:
    """A reply as a client sends it; header names with _ for -."""
    given = {
        "From": "Ada <ada@example.com>",
        "To": REPLY_TO,
        "Subject": "Re: Morning arXiv",
        "Message-ID": "<1@example.com>",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in given.items())
    return f"{head}Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}".encode()


def read(raw: bytes, **more: str) -> Meaning:
    return inbound.read(raw, keys=KEYS, today=TODAY, **more)


# --- the grammar ------------------------------------------------------------------

REQUESTS = """
unsubscribe | Unsubscribe. | UNSUBSCRIBE!!! | please unsubscribe me | Can you please unsubscribe me?
Please unsubscribe me from this list. Thanks, Ada | Hi, please unsubscribe me. Thank you! | stop | Remove me please
take me off this list | I'd like to unsubscribe | stop sending me emails | “unsubscribe” | **unsubscribe** | opt-out
unsubscribe ada@example.com | Please remove ada@example.com from your mailing list
退订 | 退订，谢谢 | 请退订 | 請取消訂閱 | 取消订阅 | 麻烦帮我退订一下，谢谢！ | 您好，我想取消订阅这个邮件
“退订” | 退 订 | TD
请将我从邮件列表中移除 | 不要再发了 | 請停止寄送電子報
我要退訂，謝謝 | unsubscribe 退订 | 退订/unsubscribe | ＵＮＳＵＢＳＣＲＩＢＥ
配信停止 | 配信停止をお願いします。 | メルマガの配信停止を希望します | 購読解除してください
수신거부 | 수신 거부 부탁드립니다 | 구독 취소해 주세요
abmelden | Bitte abmelden | Bitte melden Sie mich vom Newsletter ab. | Bitte um Abmeldung | Newsletter abbestellen
Hallo, bitte tragen Sie mich aus dem Verteiler aus. Danke | Ich möchte mich abmelden
se désabonner | SE DESABONNER | Merci de me désabonner | Veuillez me désinscrire de cette liste, merci
darme de baja | Por favor, dar de baja | Quiero darme de baja de la lista | BAJA
cancelar inscrição | Por favor, cancelar a minha inscrição | Quero sair da lista
disiscrivimi | Vorrei disiscrivermi dalla newsletter, grazie | cancellatemi dalla lista
отписаться | Прошу отписать меня от рассылки | Отпишите меня, пожалуйста | Хочу отписаться
"""
FOR_A_PERSON = """
please don't unsubscribe me | Never unsubscribe me | Do not stop
stop it, I love this | unsubscribe? | How do I unsubscribe?
I might unsubscribe if this goes on | unsubscribe me from cs.CV only
My colleague wants to unsubscribe | Unsubscribe Bob
please unsubscribe her | unsubscribe me next month | unsubscribe eve@example.com | Unsubscribe, just kidding | pause
pause 2 years | pause for 0 days | 别退订我 | 不要退订 | 请不要退订 | 我同事想退订
如果太多我就退订 | 只退订 cs.CV | 怎么退订？ | 可以退订吗
bitte nicht abmelden | Ne me désabonnez pas | 配信停止しないで | 수신거부 하지 마세요 | не отписывайте меня
no quiero darme de baja | não quero cancelar a inscrição
"""
NOTHING = """
Thanks! | 谢谢！ | 收到 | Very nice issue today, paper 3 was great | I read about early stopping and pruning heads
Could you add cs.CR? | 第二篇很有意思，下次能介绍一下作者吗？ | Continue like this, great work | OK
"""


def split(table: str) -> list[str]:
    return [line.strip() for row in table.strip().splitlines() for line in row.split("|")]


@pytest.mark.parametrize("line", split(REQUESTS))
def test_a_request_is_found(line: str) -> None:
    """As the first line, and as the subject of an empty mail."""
    expected = (Action.UNSUBSCRIBE, READER)
    assert [(one.action, one.subscriber_id) for one in (read(mail(line)),)] == [expected]
    assert read(mail(f"Hello,\n\n{line}\n\nBest,\nAda Lovelace\n-- \nonly here")).action is Action.UNSUBSCRIBE
    if "ada@" not in line:
        assert read(mail("", Subject=f"回复: Re: {line}")).action is Action.UNSUBSCRIBE


@pytest.mark.parametrize("line", split(FOR_A_PERSON))
def test_what_could_be_meant_otherwise_goes_to_a_person(line: str) -> None:
    assert {read(mail(line)).action, read(mail("", Subject=f"Re: {line}")).action} <= {*UNDONE, Action.IGNORE}


@pytest.mark.parametrize("line", split(NOTHING))
def test_thanks_and_questions_stay_unread(line: str) -> None:
    assert read(mail(line)).action in (Action.IGNORE, Action.AGREE)  # to what nobody asked


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("pause 2 weeks", date(2026, 3, 23)),
        ("Please pause for a month, thanks", date(2026, 4, 9)),
        ("pause my subscription for 10 days", date(2026, 3, 19)),
        ("pause until 2026-04-01", date(2026, 4, 1)),
        ("暂停 2 周", date(2026, 3, 23)),
        ("请暂停两个月，谢谢", date(2026, 5, 9)),
        ("暫停 ３ 週", date(2026, 3, 30)),
        ("暂停到4月1日", date(2026, 4, 1)),
        ("暂停到1月1日", date(2027, 1, 1)),
        ("暂停半个月", date(2026, 3, 24)),
        ("pause until March 20", date(2026, 3, 20)),
        ("Pause until 20 March. Thanks!", date(2026, 3, 20)),
        ("Please pause until April 1, 2026", date(2026, 4, 1)),
        ("pause until the 1st of April", date(2026, 4, 1)),
        ("pause until 2026/4/1", date(2026, 4, 1)),
        ("pause until next Monday", date(2026, 3, 16)),
        ("pause till Friday", date(2026, 3, 13)),
        ("Pausieren bis 1. April", date(2026, 4, 1)),
        ("Pausieren bis 01.04.2026", date(2026, 4, 1)),
        ("Pause pendant deux semaines", date(2026, 3, 23)),
        ("Merci de suspendre l'envoi jusqu'au 1er avril", date(2026, 4, 1)),
        ("pausar por duas semanas", date(2026, 3, 23)),
        ("Pausar hasta el 1 de abril", date(2026, 4, 1)),
        ("Por favor, suspendam o envio até 15 de março", date(2026, 3, 15)),
        ("Sospendere per due settimane", date(2026, 3, 23)),
        ("Приостановите рассылку на две недели", date(2026, 3, 23)),
        ("Приостановить до 1 апреля", date(2026, 4, 1)),
    ],
)
def test_a_pause_has_an_end(line: str, until: date) -> None:
    meaning = read(mail(line))
    assert (meaning.action, meaning.until, meaning.subscriber_id) == (Action.PAUSE, until, READER)


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("pause my subscription for 10 days", date(2026, 3, 19)),
        ("Bitte 2 Wochen pausieren", date(2026, 3, 23)),
        ("Newsletter bitte für zwei Wochen pausieren", date(2026, 3, 23)),
        ("Bitte bis zum 1. April pausieren", date(2026, 4, 1)),
        ("2週間停止してください", date(2026, 3, 23)),
        ("一週間配信を停止してください", date(2026, 3, 16)),
        ("4月1日まで配信を停止してください", date(2026, 4, 1)),
        ("2주 동안 중지해 주세요", date(2026, 3, 23)),
        ("한 달간 일시정지 부탁드립니다", date(2026, 4, 9)),
        ("4월 1일까지 일시 중지", date(2026, 4, 1)),
        ("поставьте на паузу на месяц", date(2026, 4, 8)),
        ("2週間後に停止", None),
        ("两周后暂停", None),
        ("每2周暂停", None),
        ("暂停第2周", None),
        ("don't pause for 2 weeks", None),
        ("pause in 2 weeks", None),
        ("pause every 2 weeks", None),
        ("pause 2-3 weeks", None),
        ("pause from 20 march until 1 april", None),
        ("bis 1. März pausieren", None),
    ],
)
def test_the_time_may_stand_before_the_verb(line: str, until: date | None) -> None:
    meaning = read(mail(line))
    assert (meaning.action is Action.PAUSE, meaning.until if until else None) == (until is not None, until)


@pytest.mark.parametrize(
    "line",
    [
        "pause until March 1",
        "pause until March 1, 2025",
        "暂停到3月1日",
        "pause until 2027-04-01",
        "pause until 31 April",
    ],
)
def test_a_pause_into_the_past_or_beyond_a_year_is_for_a_person(line: str) -> None:
    assert read(mail(line)).action in UNDONE


@pytest.mark.parametrize(
    "line",
    ["continue", "Continue please", "Please continue sending, thanks!", "继续", "请继续发送！", "请继续推送，谢谢"],
)
def test_praise_ends_no_pause(line: str) -> None:
    assert read(mail(line)).action in (Action.IGNORE, *UNDONE)


def test_a_month_ends_with_the_month() -> None:
    meaning = inbound.read(mail("pause 1 month"), keys=KEYS, today=date(2026, 1, 31))
    assert meaning.until == date(2026, 2, 28)


RESUMES = split("""
resume | Please resume | unpause | 恢复 | 恢復訂閱 | 取消暂停 | 再開 | 配信を再開してください
재개 | 구독 재개 부탁드립니다
Bitte fortsetzen | Merci de reprendre l'envoi | Por favor, reanudar | Por favor, retomar o envio
Riprendete l'invio, grazie | Возобновите рассылку, пожалуйста
""")


@pytest.mark.parametrize("line", RESUMES)
def test_a_pause_can_be_ended(line: str) -> None:
    assert read(mail(line)).action is Action.RESUME


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ("Unsubscribe\nI get too many mails.", Action.UNSUBSCRIBE),
        ("退订\n\n张三\n某某大学计算机系", Action.UNSUBSCRIBE),
        ("Unsubscribe\n\nThis e-mail is intended only for the addressee.", Action.UNSUBSCRIBE),
        ("Unsubscribe\nonly from cs.CV please", Action.CONFIRM),
        ("退订\n开玩笑的", Action.CONFIRM),
        ("I no longer work on this.\nPlease unsubscribe me.", Action.UNSUBSCRIBE),
    ],
)
def test_the_lines_behind_a_command(body: str, action: Action) -> None:
    """They may say anything but take it back or narrow it."""
    assert read(mail(body)).action is action


NARROWED = """
Please remove me⏎from the robotics topic. | Please stop sending me emails⏎about robotics. | Unsubscribe⏎cs.CV
Please cancel my subscription⏎to the Vision topic. | unsubscribe⏎topic: robotics | 退订⏎cs.CV | 请退订⏎机器人主题
配信停止⏎cs.CV
Bitte abmelden⏎von cs.CV | Please stop the newsletter⏎on Fridays
Unsubscribe⏎I'd like to stay on the cs.LG list though.
Please unsubscribe:⏎bob@example.org | Please unsubscribe⏎bob@example.org | 退订⏎bob@example.org
配信停止⏎bob@example.org
Please remove⏎Bob Miller <bob@example.org> | Unsubscribe⏎Bob has retired and his mail is forwarded to me.
Bitte abmelden⏎Herr Müller arbeitet nicht mehr bei uns. | 退订⏎张三已经离职了，邮件转给我了
unsubscribe⏎Sorry, wrong recipient, please disregard. | unsubscribe⏎Oops, wrong thread.
Unsubscribe⏎Sent in error, sorry.
退订⏎发错了，请忽略 | abmelden⏎Sorry, falscher Empfänger, bitte ignorieren. | 配信停止⏎間違えました。無視してください
Unsubscribe.⏎Not! | Remove⏎Paper 3 | Unsubscribe⏎Scratch that | Désabonnement⏎Finalement non
Unsubscribe⏎- quantization | stop⏎I meant to send this to somebody else
Unsubscribe me!!⏎Haha, no, stay, this is great
Please stop the newsletter.⏎I'm on vacation for two weeks and want it again after that. | 停止发送⏎到四月一日
配信停止をお願いします。⏎4月1日までです。 | Please unsubscribe me.⏎In case you can switch it to weekly I'd stay.
退订⏎除非能改成每周一封
Bitte abmelden.⏎Ab Mai möchte ich ihn wieder erhalten. | 退订⏎テストです
"""
NARROWED_BELOW_A_SUBJECT = """
Unsubscribe: Hi,⏎please unsubscribe me from cs.CV.⏎Thanks
Unsubscribe: Please unsubscribe Bob Smith, he left the company.
unsubscribe request: Please unsubscribe bob@example.org | 退订: 请帮张三退订，他离职了
取消订阅: 请取消 cs.CV 的订阅，谢谢
Abmelden: Bitte melden Sie Herrn Müller ab. | Abmeldung: Bitte melden Sie mich von cs.CV ab.
配信停止: 山田さんの配信を停止してください
Désinscription: Merci de désinscrire Paul Martin qui a quitté le laboratoire. | Отписка: Прошу отписать Ивана Петрова
수신거부: 김철수 씨 메일을 수신거부 처리해 주세요 | Unsubscribe: I clicked this by accident.
Unsubscribe: Sorry, wrong button
Baja: Por favor den de baja a Juan Pérez, ya no trabaja aquí.
unsubscribe: is broken in your mails, the link gives 404
"""
EXPLAINED = """
unsubscribe⏎ada | Unsubscribe⏎⏎Jane Doe⏎PhD Candidate, MIT
Unsubscribe⏎J. Smith⏎jsmith@math.example.edu⏎+1 555 0100
Please unsubscribe me⏎from this newsletter.⏎Thanks
Hello,⏎please remove me from your⏎mailing list
I have too little time these days.⏎Please unsubscribe me.
Hope you are well!⏎Please unsubscribe me from these emails.⏎Many thanks,⏎Liz
unsubscribe⏎I get too many mails. | Unsubscribe⏎Keep up the good work! | 退订⏎谢谢老师⏎李雷 | 退订⏎邮件太多了
敬啟者：⏎請取消訂閱，謝謝。⏎陳大文 敬上
Unsubscribe.⏎Please unsubscribe me. | unsubscribe⏎Thanks for three great years!
"""


@pytest.mark.parametrize("text", ["Unsubscribe\nComputer Vision", "STOP\nJohn Smith", "Abmelden\nHerr Schmidt"])
def test_a_name_below_a_command_is_asked_about(text: str) -> None:
    """It may be whose mail it is, or what the command is about."""
    assert read(mail(text)).action is Action.CONFIRM


@pytest.mark.parametrize("text", split(NARROWED))
def test_a_command_that_goes_on_is_for_a_person(text: str) -> None:
    """Narrowed, about somebody else, for a time, or taken back on another line: nobody leaves by that."""
    assert read(mail(text.replace("⏎", "\n"))).action in (*UNDONE, Action.IGNORE)
    assert read(mail(text.replace("⏎", "\n\n"))).action in (*UNDONE, Action.IGNORE)


@pytest.mark.parametrize("text", split(NARROWED_BELOW_A_SUBJECT))
def test_a_subject_that_the_text_narrows_is_for_a_person(text: str) -> None:
    subject, _, body = text.partition(": ")
    assert read(mail(body.replace("⏎", "\n"), Subject=subject)).action in UNDONE


@pytest.mark.parametrize("text", split(EXPLAINED))
def test_a_command_with_its_reason_and_signature(text: str) -> None:
    assert read(mail(text.replace("⏎", "\n"))).action is Action.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("called", "line"),
    [
        ("Daily ML Digest", "Please unsubscribe me from Daily ML Digest"),
        ("Daily ML Digest", "unsubscribe - daily ml digest"),
        ("晨间论文", "请退订晨间论文"),
        ("Morning arXiv", "Bitte den Morning arXiv abbestellen"),
    ],
)
def test_our_own_name_is_the_newsletter(called: str, line: str) -> None:
    """People write the newsletter's name where others write `the newsletter`."""
    assert read(mail(line), called=called).action is Action.UNSUBSCRIBE


def test_another_name_is_for_a_person() -> None:
    assert read(mail("Please unsubscribe me from Robotics Weekly"), called="Daily ML Digest").action in UNDONE


def test_subject_and_text_must_not_contradict() -> None:
    assert read(mail("resume", Subject="unsubscribe")).action in UNDONE
    assert read(mail("Sorry, I changed my mind, keep me.", Subject="unsubscribe")).action in UNDONE


# --- whose mail it is ---------------------------------------------------------------


def flipped(token: str) -> str:
    return token[:-5] + ("a" if token[-5] != "a" else "b") + token[-4:]


OTHER = tokens.make({2: b"x" * 32}, Purpose.REPLY, READER)
SECOND = tokens.make(KEYS, Purpose.REPLY, 8)


@pytest.mark.parametrize(
    ("headers", "action", "subscriber_id"),
    [
        ({}, Action.UNSUBSCRIBE, READER),
        ({"To": "news@example.org", "Delivered_To": REPLY_TO}, Action.UNSUBSCRIBE, READER),
        ({"To": REPLY_TO.upper()}, Action.UNSUBSCRIBE, READER),
        (
            {"To": "news@example.org", "In_Reply_To": f"<{TOKEN[Purpose.MESSAGE]}@example.org>"},
            Action.UNSUBSCRIBE,
            READER,
        ),
        ({"To": "a@b.org", "References": f"<{TOKEN[Purpose.MESSAGE]}@b.org>"}, Action.UNSUBSCRIBE, READER),
        ({"To": "news@example.org"}, Action.CONFIRM, None),
        ({"To": "news+morning@example.org"}, Action.CONFIRM, None),
        ({"To": f"news+{TOKEN[Purpose.MESSAGE]}@example.org"}, Action.CONFIRM, None),
        ({"To": f"news+{flipped(TOKEN[Purpose.REPLY])}@example.org"}, Action.IGNORE, None),
        ({"To": f"news+{TOKEN[Purpose.REPLY][:-1]}@example.org"}, Action.IGNORE, None),
        ({"To": f"news+{OTHER}@example.org"}, Action.IGNORE, None),
        ({"To": f"{REPLY_TO}, news+{SECOND}@example.org"}, Action.HUMAN, None),
        ({"To": f"news+{SECOND}@b.org", "In_Reply_To": f"<{TOKEN[Purpose.MESSAGE]}@b.org>"}, Action.HUMAN, None),
    ],
)
def test_only_a_token_proves_whose_mail_it_is(
    headers: dict[str, str], action: Action, subscriber_id: int | None
) -> None:
    meaning = read(mail("退订", **headers))
    assert (meaning.action, meaning.subscriber_id) == (action, subscriber_id)


def test_a_forged_token_is_named() -> None:
    assert "its token is not ours" in read(mail("退订", To=f"news+{OTHER}@example.org")).reason


def test_a_token_of_a_key_that_has_gone_is_only_missing() -> None:
    """A mail older than 400 days still gets a confirmation mail."""
    old = tokens.make({1: b"o" * 32}, Purpose.REPLY, READER)
    assert read(mail("退订", To=f"news+{old}@example.org")).action is Action.CONFIRM


def test_the_envelope_counts_as_an_address() -> None:
    assert read(mail("退订", To="news@example.org"), envelope_to=REPLY_TO).action is Action.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("sender", "aligned", "action"),
    [
        ("Ada <ada@example.com>", "ada@example.com", Action.UNSUBSCRIBE),
        ("Ada <ada@example.com>", "Example.com", Action.UNSUBSCRIBE),
        ("Ada <ada@example.com>", "example.org", Action.CONFIRM),
        ('"<ada@example.com>" <eve@evil.org>', "ada@example.com", Action.CONFIRM),
        ("ada@example.com, <eve@evil.org>", "ada@example.com", Action.CONFIRM),
        ("=?utf-8?q?ada=40example=2Ecom_=28?= <eve@evil.org>", "example.com", Action.CONFIRM),
        ("ada@example.com\nFrom: eve@evil.org", "example.com", Action.CONFIRM),
    ],
)
def test_dkim_stands_in_for_a_token(sender: str, aligned: str, action: Action) -> None:
    """Only for the one address in From: that it was checked for."""
    assert read(mail("退订", To="news@example.org", From=sender), aligned=aligned).action is action


@pytest.mark.parametrize("body", ["", "退订", "please don't", "anything"])
def test_the_address_for_leaving_needs_no_words(body: str) -> None:
    for where in (
        {"To": f"news+{TOKEN[Purpose.LEAVE]}@example.org"},
        {"Subject": f"unsubscribe {TOKEN[Purpose.LEAVE]}"},
    ):
        meaning = read(mail(body, **where))
        assert (meaning.action, meaning.subscriber_id) == (Action.UNSUBSCRIBE, READER)


# --- the gate -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Subject": "Automatic reply: Morning arXiv"},
        {"Subject": "自动回复：不在办公室"},
        {"Subject": "=?utf-8?B?6Ieq5Yqo5Zue5aSN77ya5LiN5Zyo?="},
        {"Subject": "Abwesenheitsnotiz"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<x.example.org>"},
    ],
)
def test_machines_are_not_answered(headers: dict[str, str]) -> None:
    assert read(mail("unsubscribe", **headers)).action is Action.IGNORE


@pytest.mark.parametrize(
    "subject",
    [
        "[EXT] Automatic reply",
        "【外部邮件】自动回复",
        "*** EXTERN *** Automatische Antwort: Morning arXiv",
        "EXTERNAL: Re: [list] Out of office",
        "External email - Automatic reply: papers",
        "{EXT} <Sender unbekannt> Abwesenheitsnotiz",
        "(外部)自動返信: 12 papers",
        "[Automatic reply] Morning arXiv",
        "Réponse automatique : bonjour",
        "Otomatik yanıt: papers",
    ],
)
def test_tags_of_gateways_hide_no_automatic_reply(subject: str) -> None:
    """Whatever brackets, rules and labels stand in front, in whatever order."""
    assert read(mail("unsubscribe", Subject=subject)).action is Action.IGNORE
    assert read(mail("退订", Subject=subject)).action is Action.IGNORE


@pytest.mark.parametrize(
    "first",
    [
        "Automatic reply",
        "This is an automatic reply.",
        "[EXTERNAL EMAIL]\n\nAutomatische Antwort: ich bin nicht da",
        "Sehr geehrte Damen und Herren,\ndies ist eine automatische Antwort.",
        "您好，这是一封自动回复邮件",
        "これは自動返信です",
        "CAUTION: This email originated from outside the organization.\n\nOut of office until 4 May",
    ],
)
@pytest.mark.parametrize("request_", ["unsubscribe", "退订"])
def test_what_says_first_that_it_is_automatic_is_no_command(first: str, request_: str) -> None:
    assert read(mail(f"{first}\n\n{request_}", Subject="Re: 12 papers")).action is Action.IGNORE


@pytest.mark.parametrize(
    "tag", ["[EXT]", "【外部邮件】", "*** EXTERNAL ***", "(Warning: external sender)", "<EXT> [Spam?]"]
)
def test_tags_of_gateways_hide_no_request(tag: str) -> None:
    """In the subject as in the text; and a paper about automatic replies makes nobody a machine."""
    assert read(mail("", Subject=f"{tag} unsubscribe")).action is Action.UNSUBSCRIBE
    assert read(mail("退订", Subject=f"{tag} Re: 12 papers: Automatic reply generation")).action is Action.UNSUBSCRIBE
    assert read(mail("", Subject="[unsubscribe]")).action is Action.UNSUBSCRIBE


def test_our_own_mail_is_a_loop() -> None:
    assert read(mail("unsubscribe", Message_ID=f"<{TOKEN[Purpose.MESSAGE]}@example.org>")).action is Action.IGNORE
    own = mail("unsubscribe", Message_ID="<1@example.org>", Auto_Submitted="auto-replied")
    assert read(own, own_domain="example.org").reason.startswith("from ourselves")


# --- the cut --------------------------------------------------------------------------

ISSUE = """Morning arXiv · Monday, 9 March 2026
1. Sparse experts that route themselves
无需路由器的专家混合，只要三分之一成本。

2. Stop words considered harmful
退订
Unsubscribe
unsubscribe
pause 2 weeks
To leave, reply “unsubscribe” or 退订.
配信停止
abmelden"""
QUOTED = "\n".join(f"> {line}" for line in ISSUE.splitlines())


def quoted(reply: str) -> Iterator[tuple[str, str]]:
    """A reply with our issue below (or above) it, as mail programs write that."""
    who = f"Morning arXiv <{REPLY_TO}>"
    yield "gmail", f"{reply}\n\nOn Mon, 9 Mar 2026 at 09:30, {who} wrote:\n\n{QUOTED}"
    yield "gmail, wrapped", f"{reply}\n\nOn Mon, 9 Mar 2026 at 09:30, Morning arXiv\n<{REPLY_TO}>\nwrote:\n\n{QUOTED}"
    yield "gmail zh", f"{reply}\n\n{who} 于2026年3月9日周一 09:30写道：\n\n{QUOTED}"
    yield "gmail zh, no marks", f"{reply}\n\n{who} 于2026年3月9日周一 09:30写道：\n\n{ISSUE}"
    yield "gmail ja", f"{reply}\n\n2026年3月9日(月) 9:30 {who}:\n\n{QUOTED}"
    yield "gmail ko", f"{reply}\n\n2026년 3월 9일 (월) 오전 9:30, {who}님이 작성:\n\n{QUOTED}"
    yield "apple de", f"{reply}\n\nVon meinem iPhone gesendet\n\n> Am 09.03.2026 um 09:30 schrieb {who}:\n> \n{QUOTED}"
    yield "gmail de", f"{reply}\n\nAm Mo., 9. März 2026 um 09:30 Uhr schrieb Morning arXiv <\n{REPLY_TO}>:\n\n{QUOTED}"
    yield "fr", f"{reply}\n\nLe lun. 9 mars 2026 à 09:30, {who} a écrit :\n\n{QUOTED}"
    yield "es", f"{reply}\n\nEl lun, 9 mar 2026 a las 9:30, {who} escribió:\n\n{QUOTED}"
    yield "ru", f"{reply}\n\nпн, 9 мар. 2026 г. в 09:30, {who}:\n\n{QUOTED}"
    yield "outlook", f"{reply}\n\n-----Original Message-----\nFrom: {who}\nSent: Monday\nTo: Ada\nSubject: x\n\n{ISSUE}"
    yield "outlook web", f"{reply}\n\n{'_' * 32}\nFrom: {who}\nSent: Monday\nTo: Ada\nSubject: x\n\n{ISSUE}"
    yield "outlook zh", f"{reply}\n\n发件人: {who}\n发送时间: 2026年3月9日 9:30\n收件人: Ada\n主题: x\n\n{ISSUE}"
    yield "outlook pt", f"{reply}\n\nDe: {who}\nEnviado: segunda\nPara: Ada\nAssunto: x\n\n{ISSUE}"
    yield "qq", f"{reply}\n\n\n------------------&nbsp;原始邮件&nbsp;------------------\n发件人: {who};\n\n{ISSUE}"
    yield (
        "netease",
        f"{reply}\n\n| |\nAda\n|\n签名由 网易邮箱大师 定制\n\n---- 回复的原邮件 ----\n| 发件人 | {who} |\n\n{ISSUE}",
    )
    yield (
        "foxmail",
        f"{reply}\n\n\nAda\n \n发件人： {who}\n发送时间： 2026-03-09 09:30\n收件人： ada\n主题： x\n{ISSUE}",
    )
    yield "below the quote", f"On Mon, 9 Mar 2026 at 09:30, {who} wrote:\n\n{QUOTED}\n\n{reply}\n"


def quoted_html(reply: str) -> Iterator[tuple[str, str]]:
    issue = "".join(f"<p>{line}</p>" for line in ISSUE.splitlines())
    yield (
        "gmail",
        f'<div dir="ltr">{reply}</div><div class="gmail_quote"><div class="gmail_attr">On …</div>{issue}</div>',
    )
    yield "outlook", f'<div>{reply}</div><hr><div id="divRplyFwdMsg"><b>From:</b> x<br></div><div>{issue}</div>'
    yield (
        "outlook desktop",
        f"<p class=MsoNormal>{reply}</p><p><b>From:</b> x<br><b>Sent:</b> y<br><b>To:</b> z</p>{issue}",
    )
    yield "apple", f'<div>{reply}</div><blockquote type="cite"><div>On x wrote:</div>{issue}</blockquote>'
    yield "yahoo", f'<div>{reply}</div><div class="yahoo_quoted"><div>On x</div>{issue}</div>'
    yield "netease", f'<div>{reply}</div><div class="ntes-mailmaster-quote">{issue}</div>'
    yield "netease web", f'<div>{reply}</div><div id="isReplyContent"><p>At 2026 wrote</p>{issue}</div>'
    yield "sina", f'<div>{reply}</div><div id="origbody">{issue}</div>'
    yield "qq", f"<div>{reply}</div><div>------------------&nbsp;原始邮件&nbsp;------------------</div>{issue}"


@pytest.mark.parametrize(
    ("reply", "action"),
    [("", Action.IGNORE), ("谢谢！", Action.IGNORE), ("退订", Action.UNSUBSCRIBE), ("Stop", Action.UNSUBSCRIBE)],
)
def test_our_own_words_below_a_reply_are_not_the_readers(reply: str, action: Action) -> None:
    """Whatever program quotes the issue, only what was typed counts."""
    found = {name: read(mail(body)).action for name, body in quoted(reply)}
    assert found == dict.fromkeys(found, action)
    in_html = {name: read(mail(body, "html")).action for name, body in quoted_html(reply)}
    assert in_html == dict.fromkeys(in_html, action)


ORIGINAL = f"Morning arXiv &lt;{REPLY_TO}&gt;"


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ("<pre>Unsubscribe\n\nThanks, John</pre>", Action.UNSUBSCRIBE),
        (
            f"<pre>Hello,\nplease unsubscribe me.\n\nThanks,\nJohn\n\nOn Monday {ORIGINAL} wrote:\n&gt; x</pre>",
            Action.UNSUBSCRIBE,
        ),
        ('<div style="white-space: pre-wrap">Hello,\nunsubscribe\n\nThanks, John</div>', Action.UNSUBSCRIBE),
        ('<div style="WHITE-SPACE:pre-line;color:red"><div>Hi</div>退订\n\nThanks, John</div>', Action.UNSUBSCRIBE),
        ("<pre>Unsubscribe\nonly from cs.CV</pre>", Action.CONFIRM),
        ("<pre>Hi</pre><div>My colleague would like to\nunsubscribe\nas well</div>", Action.HUMAN),
        (
            '<div style="white-space: pre"><p style="white-space: normal">Do not\nunsubscribe\nme</p></div>',
            Action.HUMAN,
        ),
        ('<span style="white-space: nowrap">Do not</span>\nunsubscribe', Action.HUMAN),
    ],
)
def test_lines_are_lines_where_the_page_keeps_them(body: str, action: Action) -> None:
    """In <pre> and by `white-space`; elsewhere a line break in the source is a space."""
    assert read(mail(body, "html")).action is action


FRAMED = [
    f"---- On Mon, 09 Mar 2026 09:30:00 +0800 Morning arXiv <{REPLY_TO}> wrote ---",
    f"---- On Mon, 09 Mar 2026 09:30:00 +0800 Morning arXiv\n<{REPLY_TO}>\nwrote ----",
    f"---- Le lun., 09 mars 2026 09:30:00 +0100 Morning arXiv <{REPLY_TO}> a écrit ----",
    f"---- 在 星期一, 2026-03-09 09:30:00 Morning arXiv <{REPLY_TO}> 撰写 ----",
    f"---- Am Mo., 09 März 2026 09:30:00 +0100 {REPLY_TO} schrieb ----",
]


@pytest.mark.parametrize("line", FRAMED)
def test_a_framed_line_without_a_colon_begins_a_quote(line: str) -> None:
    bodies = (f"退订\n\n{line}\n\n{ISSUE}", f"谢谢\n\n{line}\n\n{ISSUE}")
    assert [read(mail(body)).action for body in bodies] == [Action.UNSUBSCRIBE, Action.IGNORE]


WRAPPED = [
    f"Morning arXiv <{REPLY_TO}> 於\n2026年3月9日 週一 上午9:30 寫道：",
    f"Morning arXiv <{REPLY_TO}>, 9 Mar\n2026 Pzt, 09:30 tarihinde şunu yazdı:",
    f"pon., 9 mar 2026 o 09:30 Morning arXiv\n<{REPLY_TO}> napisał(a):",
    f"Pirm., 2026-03-09, 09:30, Morning arXiv\n<{REPLY_TO}> rašė:",
    f"原始邮件\n\n发件人：Morning arXiv <{REPLY_TO}>\n发件时间：2026年3月9日 09:30",
]


@pytest.mark.parametrize("above", WRAPPED)
@pytest.mark.parametrize("wish", ["配信停止", "Desuscribirme por favor", "new address <ada@new.example>"])
def test_what_stands_above_a_quote_is_known_by_the_sender_in_it(above: str, wish: str) -> None:
    """In any language, however it is wrapped; an address that the reader wrote stays theirs."""
    assert cut.visible_lines(f"{wish}\n\n{above}\n\n{QUOTED}") == [wish]
    assert wish in cut.visible_lines(f"{wish}\n{above}\n\n{QUOTED}")


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("──────", []),
        ("=====", []),
        ("· · ·", []),
        ("| |", []),
        ("…", []),
        ("?", ["?"]),
        ("?!", ["?!"]),
        ("😂", ["😂"]),
        ("☹", ["☹"]),
        ("1.", ["1."]),
    ],
)
def test_a_line_that_says_nothing_is_none(line: str, lines: list[str]) -> None:
    """The rules of our own footer stay behind where its words are known as ours."""
    assert inbound.visible_text(mail(f"{line}\n退订")).split("\n") == [*lines, "退订"]


def test_both_parts_of_a_mail_are_not_added_up() -> None:
    message = EmailMessage()
    message["To"], message["From"] = REPLY_TO, "ada@example.com"
    message.set_content("Thanks!")
    message.add_alternative("<p>退订</p>", subtype="html")
    assert read(message.as_bytes()).action is Action.IGNORE


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "big5", "utf-8", "utf-16", "unknown-8bit", "\x00"])
def test_chinese_in_any_charset(charset: str) -> None:
    """GB 18030 under the name gb2312, raw bytes under no name at all."""
    encoding = {"unknown-8bit": "gb18030", "\x00": "utf-8", "gb2312": "gb18030"}.get(charset, charset)
    raw = mail("", Content_Type="x").replace(b"text/plain; charset=utf-8", f"text/plain; charset={charset}".encode())
    raw = raw.replace(b"Content-Type: x\n", b"")
    assert read(raw + "退訂".encode(encoding)).action is Action.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        *(
            (one, "cp932", "配信停止をお願いします")
            for one in ("x-sjis", "windows-31j", "MS_Kanji", "csShiftJIS", "sjis")
        ),
        *(
            (one, "iso-2022-jp", "配信停止をお願いします")
            for one in ("cp50220", "csISO2022JP", "iso-2022-jp", "us-ascii")
        ),
        *((one, "euc-jp", "配信停止をお願いします") for one in ("x-euc-jp", "cp51932", "eucJP-ms", "x-unknown")),
        *((one, "gbk", "取消订阅") for one in ("x-gbk", "gb_2312-80", "chinese", "cp936", "iso-ir-58", "windows-936")),
        *((one, "big5", "請取消訂閱") for one in ("x-x-big5", "cn-big5", "cp950", "Big5-HKSCS", "unknown-8bit")),
        *(
            (one, "cp949", "수신거부 부탁드립니다")
            for one in ("ks_c_5601-1987", "x-windows-949", "korean", "ms949", "uhc")
        ),
        *(
            (one, "utf-8", "退订")
            for one in ("unicode-1-1-utf-8", "utf8", "x-unicode20utf8", "UTF-8//IGNORE", "nonsense")
        ),
        *((one, "koi8-r", "Прошу отписать меня") for one in ("koi", "cskoi8r", "unknown-8bit", "utf-8")),
        *((one, "cp1251", "Прошу отписать меня") for one in ("x-cp1251", "win-1251", "default", "utf-8")),
        *((one, "cp1252", "Désabonnement") for one in ("ansi", "x-cp1252", "latin1", "iso_8859-1:1987", "utf-8", "")),
        ("hz-gb-2312", "hz", "退订"),
        ("x-mac-cyrillic", "mac-cyrillic", "Отписаться"),
        ("unicode-1-1-utf-7", "utf-7", "退订"),
        # A label that is wrong.
        ("iso-8859-1", "utf-8", "退订"),
        ("windows-1252", "utf-8", "Désabonnement"),
        ("iso-8859-1", "gbk", "取消订阅"),
        ("utf-8", "gbk", "您好，请帮我退订，谢谢"),
        ("us-ascii", "gbk", "退订"),
        ("iso-8859-1", "cp1252", "“Désabonnement”"),
        ("iso-8859-1", "iso-8859-1", "Cancelar inscrição"),
        ("utf-8", "iso-8859-1", "Cancelar inscrição"),
    ],
)
def test_charsets_by_any_name(label: str, codec: str, text: str) -> None:
    """The labels of the encoding standard, those of mail programs, and bytes that are not what their label says."""
    raw = mail("").replace(b"text/plain; charset=utf-8", f'text/plain; charset="{label}"'.encode())
    assert (Action.UNSUBSCRIBE, text) == (
        read(raw + text.encode(codec)).action,
        charsets.decode(text.encode(codec), label),
    )


# In which bytes people write where their mail program says nothing; what they write is ours.
UNLABELLED = {
    ("cp932", "euc-jp"): (
        "配信停止してください",
        "購読を解除してください。よろしくお願いします。",
        "退会します",
        "メルマガを解約したいです",
    ),
    ("euc-kr", "cp949"): ("구독 취소", "구독을 취소해 주세요.", "수신거부", "구독 해지 부탁드립니다"),
    ("koi8-r", "cp1251"): ("отписаться", "Отпишите меня, пожалуйста.", "Прошу отписать меня от рассылки", "отписка"),
    ("koi8-u", "cp1251"): ("Прошу відписати мене від розсилки, дякую", "Відпишіть мене, будь ласка"),
    ("gbk", "gb18030"): ("退订", "请退订，谢谢。", "取消订阅", "请帮我退订一下", "我想取消订阅这个邮件"),
    ("big5",): ("退訂", "請退訂，謝謝。", "取消訂閱", "請幫我退訂一下"),
    ("cp1252",): (
        "Désabonnez-moi, merci",
        "Bitte vom Verteiler löschen",
        "Cancelar suscripción",
        "Quero cancelar a inscrição",
    ),
    ("cp1250",): ("Proszę mnie wypisać", "Chci se odhlásit, děkuji"),
    ("cp1254",): ("Abonelikten çıkmak istiyorum, teşekkürler",),
    ("cp1256",): ("إلغاء الاشتراك", "أرجو إلغاء اشتراكي"),
}


@pytest.mark.parametrize(
    ("codec", "text"), [(codec, text) for codecs, texts in UNLABELLED.items() for codec in codecs for text in texts]
)
def test_bytes_without_a_label_are_read(codec: str, text: str) -> None:
    """Neither a charset nor an encoding is named, or one that says nothing."""
    plain = mail("").replace(b"text/plain; charset=utf-8", b"text/plain")
    for raw in (plain, plain.replace(b"text/plain", b'text/plain; charset="unknown-8bit"')):
        assert text == parts.parse(raw + text.encode(codec)).text.strip()


def test_japanese_letters_that_microsoft_added() -> None:
    """ISO-2022-JP as Outlook writes it: ① and 髙 lie outside JIS X 0208, ｱ is of half the width."""
    written = b"\x1b$B-!|b\x1b(B abc \x1b(I1\x1b(B \x1b$BG[?.Dd;_\x1b(B"
    assert "①髙 abc ｱ 配信停止" == charsets.decode(written, "iso-2022-jp")


def test_visible_text_is_what_a_person_should_read() -> None:
    body = dict(quoted("谢谢！\n第二篇很好"))["qq"]
    assert inbound.visible_text(mail(body)) == "谢谢!\n第二篇很好"


# --- reports ----------------------------------------------------------------------------


def report(
    fields: str, token: str = TOKEN[Purpose.BOUNCE], returned: str = "Subject: x", kind: str = "delivery-status"
) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.net\nTo: news+{token}@example.org\nReturn-Path: <>\n"
        "Subject: Undelivered Mail\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n--b\nContent-Type: text/plain\n\nSorry.\n'
        f"--b\nContent-Type: message/{kind}\n\nReporting-MTA: dns; mx\n\n{fields}\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}\n\nunsubscribe\n--b--\n"
    ).encode()


RECIPIENT = "Final-Recipient: rfc822; ada@example.com\n"


@pytest.mark.parametrize(
    ("fields", "action", "status", "blames"),
    [
        ("Action: failed\nStatus: 5.1.1", Action.BOUNCE_PERMANENT, "5.1.1", False),
        ("Action: failed\nStatus: 4.2.2", Action.BOUNCE_TEMPORARY, "4.2.2", False),
        (
            "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 user unknown",
            Action.BOUNCE_PERMANENT,
            "5.1.1",
            False,
        ),
        (
            "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 policy",
            Action.BOUNCE_PERMANENT,
            "5.7.1",
            True,
        ),
        (
            "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 554 blocked using spamhaus",
            Action.BOUNCE_PERMANENT,
            "5.7.1",
            True,
        ),
        ("Action: delayed\nStatus: 4.4.1", Action.IGNORE, None, False),
        ("Action: relayed\nStatus: 2.0.0", Action.IGNORE, None, False),
    ],
)
def test_a_bounce_by_rfc_3464(fields: str, action: Action, status: str | None, blames: bool) -> None:
    """A delay is no failure; policy and spam accuse us, not the reader."""
    meaning = read(report(RECIPIENT + fields))
    assert (meaning.action, meaning.status, meaning.blames_sender, meaning.subscriber_id) == (
        action,
        status,
        blames,
        READER,
    )


# What servers say to a sender whom they do not want, and the families that they belong to.
BLOCKS = """
554 DT:SPM 163 smtp14,AAA http://mail.163.com/help/help_spam_16.htm | 554 DT:SUM 163 smtp14 | 550 HL:IPB 163
550 MI:SPF 163 smtp1 | 554 MI:SFQ 163 smtp8 | 421 HL:REP 163 | 550 RP:TRC 163 | 550 Ip frequency limited
550 Connection frequency limited | 550 Sender frequency limited | 550 Mail content denied | 550 Suspected spam
550 SPF check failed | 550 Reject by content, AntiSpam | 553 Spam Mail | 550 发信频率过高 | 550 您的IP在黑名单中
554 Reject by behaviour spam at Rcpt State(Connection IP address:192.0.2.1)ANTISPAM_BAT[01201311R166e4]
550 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3150)
550 SC-001 (BAY004-MC1F3) Unfortunately, messages from 192.0.2.1 weren't sent. | 550 5.7.1 Command rejected
550 5.7.606 Access denied, banned sending IP [192.0.2.1] | 550 Access denied, sending domain does not pass DMARC
550 5.7.26 This mail has been blocked because the sender is unauthenticated | 550 does not have a PTR record setup
553 [BL21] Connections will not be accepted | 554 Message not allowed - [PH01] Email not accepted
421 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints
554 Message rejected under suspicion of SPAM | 550 Your IP is blacklisted
550 Access from ip address 192.0.2.1 blocked. Visit http://mail.ru
554 Reject due to policy restrictions | 554 No SMTP service | 554 Bad DNS PTR resource record
554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help) | 421 Service refuse. OFR004_104
550 Mail rejete. Mail rejected. OFR_506 [506] | 554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1
554 Service unavailable; Client host [192.0.2.1] blocked using b.barracudacentral.org | 550 rejected: zen.spamhaus.org
550 Rejected by header based Anti-Spoofing policy | 550 rejected due to the sending MTA's poor reputation
550 Message contains a virus | 451 Greylisting in action, please come back later | 550 DKIM verification failed
550 5.1.8 <x@example.org>: Sender address rejected: Domain not found | 550 Sender address rejected: User unknown
550 relay not permitted | 550 too many connections from your IP | 550 you are sending too fast
550 5.1.1 <news@example.org>: Recipient rejected by policy
"""


@pytest.mark.parametrize("said", split(BLOCKS))
def test_words_of_policy_and_spam_accuse_us(said: str) -> None:
    """The same in a bounce, whatever status it has, as in a session; and repeated they leave nobody out."""
    in_bounce = read(report(f"{RECIPIENT}Action: failed\nStatus: {said[0]}.0.0\nDiagnostic-Code: smtp; {said}"))
    in_session = refusals.accuses_us(refusals.enhanced(said), said)
    assert (True, True) == (in_bounce.blames_sender, in_session)


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        ("5.0.0", "550 User not found: ada@163.com", "5.1.1"),
        ("5.0.0", "550 Invalid User http://mail.163.com/help/help_spam_16.htm", "5.1.1"),
        ("5.1.1", "550 5.1.1 <spam@example.com>: Recipient address rejected: User unknown", "5.1.1"),
        ("5.1.1", "host mx.antispam.example.com[192.0.2.1] said: 550 5.1.1 user unknown", "5.1.1"),
        ("5.0.0", "host eu-smtp-1.mimecast.com[192.0.2.1] said: 550 Invalid Recipient", "5.1.1"),
        ("5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416", "5.1.1"),
        ("5.0.0", "550 User suspended", "5.2.1"),
        ("5.2.2", "552 5.2.2 mailbox full: too many messages in mailbox", "5.2.2"),
        # Another word for an unknown reader, which has to come twice.
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "5.1.0"),
        ("5.4.1", "550 5.4.1 [ada@example.com]: Recipient address rejected: Access denied", "5.1.0"),
        ("5.7.1", "550 5.7.1 No such user!", "5.7.1"),
        ("5.0.0", "550 Requested action not taken: mailbox unavailable", "5.1.0"),
        ("5.4.4", "Host or domain name not found. Name service error for name=nosuch.example", "5.1.0"),
        # Nobody's fault that we could name.
        ("5.0.0", "552 Requested mail action aborted: exceeded mailsize limit", "5.0.0"),
        ("5.0.0", "500 command not recognized", "5.0.0"),
        ("5.4.6", "554 5.4.6 Too many hops", "5.4.6"),
        ("4.4.1", "connect to mx.example.com[192.0.2.1]:25: Connection refused", "4.4.1"),
    ],
)
def test_words_about_the_reader_do_not(status: str, said: str, told: str) -> None:
    meaning = read(report(f"{RECIPIENT}Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}"))
    assert (False, told) == (meaning.blames_sender, meaning.status)
    assert not refusals.accuses_us(refusals.enhanced(said), said)


def test_a_bounce_in_words() -> None:
    body = (
        f"<ada@example.com>: 550 user unknown\n\n--- Below this line is a copy.\n\nReply-To: {REPLY_TO}\n\nunsubscribe"
    )
    meaning = read(mail(body, From="MAILER-DAEMON@x.org", To="news@example.org", Subject="failure notice"))
    assert (meaning.action, meaning.status, meaning.subscriber_id) == (Action.BOUNCE_PERMANENT, "5.1.1", READER)


@pytest.mark.parametrize("token", ["", flipped(TOKEN[Purpose.BOUNCE]), "a" * 34])
def test_a_bounce_without_our_token_is_only_named(token: str) -> None:
    """Or anyone could remove anyone."""
    meaning = read(report(RECIPIENT + "Action: failed\nStatus: 5.1.1", token=token))
    assert (meaning.action, meaning.subscriber_id) == (Action.BOUNCE_PERMANENT, None)


def test_a_reader_who_writes_about_bounces_is_none() -> None:
    assert (
        read(mail("My last mail could not be delivered, mailbox not found.", Subject="Re: bounce")).action
        is Action.IGNORE
    )


@pytest.mark.parametrize(("kind", "action"), [("abuse", Action.COMPLAINT), ("not-spam", Action.IGNORE)])
def test_a_complaint_by_rfc_5965(kind: str, action: Action) -> None:
    returned = f"Message-ID: <{TOKEN[Purpose.MESSAGE]}@example.org>"
    meaning = read(report(f"Feedback-Type: {kind}", token="", returned=returned, kind="feedback-report"))
    assert (meaning.action, meaning.subscriber_id) == (action, READER)


# --- hostile mail -------------------------------------------------------------------------

PIECES = [
    b"From: a@b.c\n",
    b"To: " + REPLY_TO.encode() + b"\n",
    b"Subject: =?utf-8?B?//?=\n",
    b"Content-Type: text/html; charset=\x00\n",
    b"Content-Type: multipart/mixed; boundary=a\n",
    b"\n--a\n",
    b"--a--\n",
    b"Content-Type: message/rfc822\n",
    b"\n\n",
    b"\r",
    b"Content-Type: message/delivery-status\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: x-uuencode\n",
    b"Content-Type: text/plain; charset*=a'b'c\n",
    b"begin 666 x\n",
    b"From: <@>,(((\n",
    "退订\n".encode("gbk"),
    "退订\n".encode(),
    b"<blockquote>",
    b"<!--",
    b"&#9999999999;",
    b"> ",
    b"unsubscribe\n",
    b"\xff\xfe\x00",
    b"Action: failed\n",
    b"Status: 5.1.1\n",
]


@given(st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)))
@settings(max_examples=400, deadline=None)
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    meaning = inbound.read(raw, keys=KEYS, today=TODAY, own_domain="x.org", aligned="b.c", envelope_to="y")
    assert meaning.reason
    assert inbound.visible_text(raw) is not None


HEAD = f"From: a@b.c\nTo: {REPLY_TO}\nSubject: x\n".encode()
HTML = HEAD + b"Content-Type: text/html\n\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n"
RESULTS = b"Authentication-Results: mx.example; "

# What is repeated in a hostile email, and how often; ten times as much is compared with it.
HOSTILE: dict[str, tuple[Callable[[int], bytes], int]] = {
    "deep": (
        lambda n: HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (i, i) for i in range(n)),
        500,
    ),
    "nested": (lambda n: HEAD + b"Content-Type: message/rfc822\n\n" * n, 500),
    "parts": (lambda n: MIXED + b"--a\n\nx\n" * n, 10_000),
    "large": (lambda n: HEAD + b"\n" + b"text " * n, 400_000),
    "comments": (lambda n: HTML + b"<!--" * n, 25_000),
    "tags": (lambda n: HTML + b"<a " * n, 30_000),
    "paragraphs": (lambda n: HTML + b"<p>" * n, 30_000),
    "named entities": (lambda n: HTML + b"&a" * n, 50_000),
    "wide letters": (lambda n: HEAD + b"\n" + "\ufdfa".encode() * n, 30_000),
    "shifts": (lambda n: HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B" * n, 30_000),
    "empty lines": (lambda n: MIXED + b"\n" * n, 100_000),
    "nameless headers": (lambda n: b":\n" * n + HEAD + b"\nx", 50_000),
    "attributes": (lambda n: HTML + (b"<p " + b"a" * 3_900 + b">") * n, 10),
    "attributions": (lambda n: HEAD + b"\n" + (b"On <a@b" * 140 + b":\n") * n, 20),
    "rules": (lambda n: HEAD + b"\n" + (b"- " * 480 + b"\n") * n, 100),
    "phrases": (lambda n: HEAD + b"\n" + ("我想要" * 66 + "\n").encode() * n, 100),
    "quoted lines": (lambda n: HEAD + b"\n" + b"> text\n" * n, 10_000),
    "long line": (lambda n: HEAD + b"\n" + b"x" * n, 100_000),
    "headers": (lambda n: b"X: y\n" * n + HEAD + b"\nx", 20_000),
    "headers of a part": (lambda n: MIXED + b"--a\n" + b"X: y\n" * n + b"\nx\n--a--\n", 20_000),
    "from": (lambda n: b"From: " + b"((" * n + b"\n\nx", 10_000),
    "spaces": (lambda n: b"Subject: x" + b" " * n + b"x\n" + HEAD + b"\nx", 2_000),
    "folds": (lambda n: b"Subject: x" + b"\n " * n + b"x\n" + HEAD + b"\nx", 2_000),
    "long headers": (lambda n: (b"Subject: x" + b" " * 20_000 + b"x\n") * n + HEAD + b"\nx", 2),
    "address": (lambda n: b"From: a@b.c\nTo: " + b"a" * n + b"\nSubject: x\n\nx", 2_000),
    "addresses": (lambda n: b"To: " + b"a@b.c, " * n + b"\nFrom: a@b.c\nSubject: x\n\n" + b"x@y.z\n" * n, 200),
    "parameters": (lambda n: HEAD + b"Content-Type: text/plain" + b"; a=b" * n + b"\n\nx", 20_000),
    "continued parameters": (
        lambda n: HEAD + b"Content-Type: text/plain" + b"".join(b"; a*%d=b" % i for i in range(n)) + b"\n\nx",
        20_000,
    ),
    "parameters of a part": (
        lambda n: MIXED + b"--a\nContent-Type: text/plain" + b"; a=b" * n + b"\n\nx\n--a--\n",
        20_000,
    ),
    "encoded words": (lambda n: b"Subject: " + b"=?a?q? " * n + b"\n" + HEAD + b"\nx", 200),
    "encoded words of a part": (
        lambda n: MIXED + b"--a\nContent-Type: message/rfc822\n\nX: " + b"=?a?q? " * n + b"\n\nx\n--a--\n",
        200,
    ),
    "comments in results": (lambda n: RESULTS + b"(" * n + b")" * n + b"\n" + HEAD + b"\nx", 500),
    "open comments in results": (lambda n: RESULTS + b"(" * n + b"; dkim=pass\n" + HEAD + b"\nx", 2_000),
    "numeric entity": (lambda n: HTML + b"&#" + b"9" * n + b";", 4_000),
    "hexadecimal entity": (lambda n: HTML + b"&#x" + b"9" * n + b";", 4_000),
    "numeric entities": (lambda n: HTML + b"&#99999999999;" * n, 1_000),
    # What people measured on the first edition.
    "a header of spaces": (lambda n: b"X-A: x" + b" " * n + b"y\n" + HEAD + b"\nx", 40_000),
    "an endless recipient": (lambda n: b"From: a@b.c\nTo: " + b"a" * n + b"\nSubject: x\n\nx", 20_000),
    "open divisions": (lambda n: HTML + b"<div>" * n, 10_000),
    "tags of gateways": (lambda n: b"Subject: " + b"[EXT] " * n + b"\n" + HEAD + b"\nx", 100),
    "an open tag": (lambda n: b"Subject: " + b"[(<{*#" * n + b"\n" + HEAD + b"\nx", 100),
    "words before an answer": (lambda n: HEAD + b"\n" + b"a-" * n + b"\n", 100),
    "unlabelled Cyrillic": (lambda n: HEAD + b"\n" + "привет, ".encode("koi8-r") * n, 1_500),
    "unlabelled Chinese": (lambda n: HEAD + b"\n" + "你好，".encode("gbk") * n, 1_500),
    "unlabelled bytes": (lambda n: HEAD + b"\n" + bytes(range(128, 256)) * n, 100),
    "host name": (lambda n: HEAD + b"Content-Type: text/plain; charset=punycode\n\n-" + b"ab9" * n, 30_000),
}


def everything_read(raw: bytes) -> None:
    assert read(raw).action in (*UNDONE, Action.IGNORE)
    trust.aligned(raw, "mx.example")
    trust.envelope_to(raw)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_mail_makes_it_slow(kind: str) -> None:
    """Tenfold input costs about tenfold, whatever is repeated."""
    made, size = HOSTILE[kind]
    assert is_linear(lambda n: partial(everything_read, made(n)), size)


REPORT = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\n\n--a\n\nx\n--a\n"
STATUS = REPORT + b"Content-Type: message/delivery-status\n\n"
RETURNED = STATUS + b"Final-Recipient: rfc822; a@b.c\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 "
DAEMON = b"From: MAILER-DAEMON@b.c\nTo: " + REPLY_TO.encode() + b"\nSubject: Undelivered Mail\n\n"
REPORTS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "fields": (lambda n: STATUS + b"A-B: c\n" * n + b"\n--a--\n", 2_000),
    "folded fields": (lambda n: STATUS + b"A-B: c" + b"\n d" * n + b"\n\n--a--\n", 2_000),
    "recipients": (lambda n: STATUS + b"Final-Recipient: rfc822; a@b.c\nAction: failed\n\n" * n + b"--a--\n", 500),
    "codes": (lambda n: RETURNED + b"5.1.1 4.2.2 " * n + b"\n\n--a--\n", 100),
    "numbers": (lambda n: RETURNED + b"550-5" * n + b"\n\n--a--\n", 100),
    "words": (lambda n: RETURNED + b"user mailbox not " * n + b"\n\n--a--\n", 100),
    "spaces": (lambda n: RETURNED + b" " * n + b"x\n\n--a--\n", 1_000),
    "prose": (lambda n: DAEMON + b"could not be delivered to a@b.c user unknown 550 " * n, 1_000),
    "prose without ends": (lambda n: DAEMON + b"x" * n, 50_000),
    "returned headers": (
        lambda n: STATUS + b"\n--a\nContent-Type: text/rfc822-headers\n\n" + b"X-A: b\n" * n + b"\n--a--\n",
        2_000,
    ),
}


@pytest.mark.parametrize("kind", REPORTS)
def test_no_report_makes_it_slow(kind: str) -> None:
    """As above, for what is read as a bounce."""
    made, size = REPORTS[kind]
    assert is_linear(lambda n: partial(read, made(n)), size)


def test_a_long_text_is_cut_between_letters() -> None:
    """The request on top of it is read, whatever the charset has for a letter."""
    for charset in ("utf-8", "gb18030", "big5", "iso-2022-jp"):
        text = "unsubscribe\n> " + "中" * parts.MOST_TEXT
        raw = mail("").replace(b"utf-8", charset.encode()) + text.encode(charset, "replace")
        assert read(raw).action is Action.UNSUBSCRIBE, charset


# What the limits leave of headers, and of what they leave out nothing is proven.


def test_many_headers_are_cut_and_prove_nothing() -> None:
    """Behind two hundred headers there may be a second From: nothing vouches for the first."""
    results = b"Authentication-Results: mx.example; dkim=pass header.d=b.c\n"
    full = results + HEAD + b"X: y\n" * (limits.MOST_HEADERS - 4)
    assert ("b.c", None) == tuple(trust.aligned(raw + b"\nx", "mx.example") for raw in (full, full + b"X: y\n"))
    assert limits.MOST_HEADERS == len(limits.headers_of(full + b"X: y\n" * 1_000))


def test_a_large_header_block_is_cut_in_parts_too() -> None:
    large = b"X: " + b"y" * 4_000 + b"\n"
    part = limits.parsed(MIXED + b"--a\n" + large * 100 + b"\nx\n--a--\n").get_payload(0)
    top = limits.headers_of(large * 100 + HEAD + b"\nx")
    assert (True, True) == tuple(sum(map(len, one.values())) <= limits.MOST_OCTETS for one in (part, top))
    assert top.left_out


@pytest.mark.parametrize(
    ("name", "length"), [("Subject", limits.LONGEST), ("Content-Type", 1_024), ("References", limits.LONGEST)]
)
def test_a_long_header_is_cut(name: str, length: int) -> None:
    """Of References the end stays: the last one is the email that was answered."""
    value = f"first {'x ' * 5_000}last"
    expected = value[-length:] if name == "References" else value[:length]
    for raw in (f"{name}: {value}\n\nx", f"Content-Type: message/rfc822\n\n{name}: {value}\n\nx"):
        message = limits.parsed(raw.encode())
        assert expected == (message.get_payload(0) if message.is_multipart() else message)[name]


def test_the_text_behind_many_headers_counts() -> None:
    """Where the address with the token is left out too, the request is unproven."""
    assert read(b"X: y\n" * 50_000 + mail("退订")).action is Action.CONFIRM
    assert read(mail("退订", References="<x@y> " * 5_000)).action is Action.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("entity", "text"), [("&#36864;", "退"), ("&#x9000;", "退"), ("&#000036864;", ""), ("&#x000009000", "")]
)
def test_numeric_entities_of_more_than_eight_digits_are_dropped(entity: str, text: str) -> None:
    assert [text + "订"] == inbound.visible_text(mail(f"{entity}订", "html")).splitlines()


def test_raw_bytes_in_an_address_are_text() -> None:
    """What else is left of them, no database takes."""
    assert "jörg@b.c" == read("From: jörg@b.c\nSubject: unsubscribe\n\nx".encode()).sender


def test_of_a_mail_over_the_limits_the_beginning_counts() -> None:
    assert read(mail("退订\n" + "Thanks! " * 500_000)).action is Action.UNSUBSCRIBE


# --- real mail ----------------------------------------------------------------------------


@pytest.fixture
def real() -> Path:
    if not REAL_FOLDER:
        pytest.skip(f"{REAL_DATA} names no folder with real mails")
    return Path(REAL_FOLDER) / "mail"


def test_no_real_reply_unsubscribes_anybody(real: Path) -> None:
    """None of these people asked to leave, whatever our issue below their words says."""
    paths = [
        path for path in (real / "replies").rglob("*.txt") if "elided" not in path.parts and path.parent.parent != real
    ]
    texts = [path.read_text(errors="replace") for path in paths]
    found = [
        (path.name, name)
        for path, text in zip(paths, texts, strict=True)
        for name, body in [("bare", text), *quoted(text)]
        if read(mail(body)).action in ACTS
    ]
    in_html = [
        (path.name, name)
        for path, text in zip(paths, texts, strict=True)
        for name, body in quoted_html("<br>".join(html.escape(text).splitlines()))
        if read(mail(body, "html")).action in ACTS
    ]
    assert (len(paths) > 200, found, in_html) == (True, [], [])
    asked = [path.name for path, text in zip(paths, texts, strict=True) if read(mail(text)).action is Action.CONFIRM]
    assert len(asked) <= 0.05 * len(paths), asked


def test_real_bounces_are_named(real: Path) -> None:
    """Nine in ten by free text and all with a status; nobody without our token is touched."""
    paths = sorted((real / "bounces").rglob("*.eml")) + sorted((real / "bounces").rglob("*.txt"))
    meanings = [read(path.read_bytes()) for path in paths]
    counted = Counter(meaning.action for meaning in meanings)
    reports = counted[Action.BOUNCE_PERMANENT] + counted[Action.BOUNCE_TEMPORARY] + counted[Action.COMPLAINT]
    assert reports > 0.9 * len(paths)
    assert ({meaning.subscriber_id for meaning in meanings}, sum(counted[act] for act in ACTS)) == ({None}, 0)
