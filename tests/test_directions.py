"""Languages that are written from right to left: each run says so, and an email or page that they lead is mirrored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml

from newsletter import archive
from newsletter.models import Edition, Line, Wishes
from newsletter.render import Renderer
from newsletter.render.bidi import isolated, mirrored
from newsletter.web import pages
from newsletter.web.pages import Voice
from newsletter.words import bare, direction, load_words
from tests import spoken
from tests.conftest import ROOT
from tests.factories import DAY, an_edition, an_entry
from tests.issues import a_day, a_site
from tests.mails import mailed
from tests.pages import ARTEFACTS, judge

SHIPPED = ROOT / "templates"
LINES = {
    "ar": "يقترح BERT طريقة جديدة لتقليم الشبكات ترفع الدقة بنسبة 3.2% عند نصف الحجم، دون تدريب إضافي.",
    "he": "שיטה חדשה לגיזום רשתות משפרת את הדיוק ב-3.2% בחצי מהגודל, ללא אימון נוסף.",
    "fa": "روشی تازه برای هرس شبکه‌ها که دقت را بدون آموزش بیشتر بالا می‌برد.",
}
INTERFACE = {
    "locale": "ar", "day": "EEEE، d MMMM y", "first_day": "EEEE، d MMMM", "short_day": "d MMM y",
    "subject": {"one": "ورقة واحدة: {titles}", "other": "{count} أوراق: {titles}"},
    "papers": {"one": "ورقة واحدة", "other": "{count} أوراق"},
    "chosen": {"one": "{picked} من ورقة جديدة", "other": "{picked} من أصل {count} ورقة جديدة"},
    "lead_today": "ورقة اليوم", "contents": "في هذه الرسالة", "closely": "للقراءة المتأنية", "worth": "تستحق نظرة",
    "scores": "الصلة {relevance}، الجدة {novelty}", "web": "عرض على الويب", "past": "الأعداد السابقة",
    "why": "تصلك هذه الرسالة لأنك مشترك في {topics}.", "unaffiliated": "لا صلة لنا بـ arXiv.",
    "preferences_short": "تفضيلاتك", "leave_short": "إلغاء الاشتراك",
    "replies": "يمكنك الرد أيضا: «{weekly}» أو «{papers}» يغير ما يصلك، و«{unsubscribe}» ينهيه.",
    "minutes": "قراءة {count} دقائق", "overview": "نظرة في دقيقة", "all_papers": "الأوراق",
    "also_today": "واليوم أيضا", "relevance": "الصلة {score}", "novelty": "الجدة {score}", "code": "الشيفرة",
    "from_abstract": "من الملخص:", "et_al": "وآخرون ({count})", "thanks": "شكرا لـ arXiv على الوصول المفتوح.",
    "leave_question": "رسائل كثيرة؟ ", "leave": "إلغاء الاشتراك بنقرة واحدة", "preferences": "تفضيلاتك",
    "leave_reply": "، أو الرد بكلمة «إلغاء»", "archive": "كل الأعداد على الويب",
    "machine": "الدرجات والأسباب والملخصات من صنع آلة ({model}) وقد تخطئ.",
    "late": "لم يصل إعلان arXiv بعد؛ تحتوي هذه الرسالة على المتاح.",
    "no-model": "لا نموذج لغويا هنا؛ رتبت الأوراق بحسب الكلمات.",
    "page_ask_title": "إلغاء الاشتراك؟", "page_ask_about": "لن تصلك رسائل أخرى من هذه النشرة.",
    "page_ask_button": "إلغاء الاشتراك", "archive_search": "بحث", "archive_abstract": "الملخص",
    "archive_lead_model": "اختيرت {papers} من أصل {collected} ({scored} قيّمها {model}، {tokens} رمزا، {cost}).",
    "archive_totals": "الأعداد والكلفة", "archive_contents": "المحتويات", "answer_language": "ar",
}  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return spoken.put(tmp_path_factory.mktemp("templates"), "ar", INTERFACE), SHIPPED


@pytest.fixture(scope="module")
def renderer(places: tuple[Path, ...]) -> Renderer:
    return Renderer(places, None)


def edition_in(*languages: str) -> Edition:
    lines = tuple(Line(one, LINES.get(one, "A plain line.")) for one in languages)
    entries = [an_entry(number, lines=lines) for number in range(1, 13)]
    return an_edition(entries, wishes=Wishes(topics=("f",), languages=languages))


@pytest.mark.parametrize(
    ("language", "towards"),
    [
        ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("ur", "rtl"), ("ar-EG", "rtl"), ("dv", "rtl"), ("yi", "rtl"),
        ("az-Arab", "rtl"), ("en", "ltr"), ("zh-Hant", "ltr"), ("az", "ltr"), ("no such", "ltr"), ("", "ltr"),
    ],
)  # fmt: skip
def test_the_direction_of_a_language(language: str, towards: str) -> None:
    """As Babel knows it, by language or by script; what nobody knows goes as English does."""
    assert towards == direction(language)


@pytest.mark.parametrize("language", ["ar", "he", "fa"])
def test_a_run_says_where_it_goes(renderer: Renderer, language: str) -> None:
    """In an English email each such line has `dir`, and each of its text lines stands between two marks."""
    mail = mailed(renderer, edition_in("en", language))
    tree = lxml.html.document_fromstring(mail.html)
    assert ["ltr"] == tree.xpath("/html/@dir")
    runs = tree.xpath(f"//*[@lang='{language}']")
    assert runs
    assert {"rtl"} == {run.get("dir") for run in runs}
    assert [] == tree.xpath("//body//*[@dir='ltr']")
    marked = [line for line in mail.text.splitlines() if LINES[language][:6] in line]
    assert marked
    assert all(line.lstrip().startswith("\u2067") and line.endswith("\u2069") for line in marked)
    assert all(line.count("\u2067") == line.count("\u2069") <= 1 for line in mail.text.splitlines())


def test_an_arabic_email_is_mirrored(renderer: Renderer) -> None:
    """The email says `rtl`, English runs in it say `ltr`; numbers and the link at the top change sides."""
    mail = mailed(renderer, edition_in("ar", "en"))
    tree = lxml.html.document_fromstring(mail.html)
    assert ["rtl"] == tree.xpath("/html/@dir")
    assert [] == tree.xpath("//body//*[@dir='rtl']")
    assert {"ltr"} == {one.get("dir") for one in tree.xpath("//*[@lang='en']")}
    assert "direction:ltr" not in mail.html
    assert "float:left" in mail.html
    assert "padding-right: 36px" in mail.html
    for line in mail.text.splitlines():
        if any("\u0600" <= letter <= "\u06ff" for letter in line):
            assert 1 == line.count("\u2067"), line
            assert line.count("\u2067") + line.count("\u2068") <= line.count("\u2069"), line
            assert "http" not in line[line.index("\u2067") : line.rindex("\u2069")], line
    assert "\u2068" not in mail.rendered.subject
    assert mail.text.replace("\u2067", "").replace("\u2069", "").startswith("Morning arXiv — الاثنين، 9 مارس 2026")


def test_marks_stand_on_each_line() -> None:
    """A paragraph of plain text ends with its line: a mark for the first line would not hold for the second."""
    assert "  \u2067א\u2069\n  \u2067ב\u2069" == isolated("  א\n  ב", "he")
    assert "a\nb" == isolated("a\nb", "en")


def test_a_mirror_of_a_mirror_is_the_thing() -> None:
    """Four values turn round, sides are exchanged, and nothing but styles is touched."""
    html = '<html dir="ltr"><p style="margin:1px 2px 3px 4px;padding-left:4px" title="left">left dir="ltr"</p>'
    turned = mirrored(html)
    assert (
        '<html dir="rtl"><p style="margin:1px 4px 3px 2px;padding-right:4px" title="left">left dir="ltr"</p>' == turned
    )


def test_a_page_says_where_it_goes(places: tuple[Path, ...]) -> None:
    """Small pages and the archive; an English title in an Arabic page says so itself."""
    assert '<html lang="ar" dir="rtl">' in pages.ask(Voice(load_words(places, "ar"), "Morning arXiv"), "ask", "")
    shown = archive.pages(a_site(languages=("ar", "en")), {DAY: _day()}, places)
    tree = lxml.html.document_fromstring(shown[f"{DAY}.html"].decode())
    assert (["ar"], ["rtl"]) == (tree.xpath("/html/@lang"), tree.xpath("/html/@dir"))
    assert {"ltr"} == set(tree.xpath("//a[@class='name']/@dir"))
    english = archive.pages(a_site(languages=("en", "ar")), {DAY: _day()}, places)
    assert 'class="line" lang="ar" dir="rtl"' in english[f"{DAY}.html"].decode()


def _day() -> archive.Day:
    return a_day(edition=edition_in("ar", "en"))


def test_arabic_in_a_browser(renderer: Renderer, places: tuple[Path, ...], browser: Any, axe: str) -> None:
    """The email, a small page and the archive, on phone and desk, light and dark; pictures are kept."""
    shown: Mapping[str, bytes] = archive.pages(a_site(languages=("ar", "en")), {DAY: _day()}, places)
    style = shown["archive.css"].decode()
    texts = {
        "rtl-email": mailed(renderer, edition_in("ar", "en")).html,
        "rtl-lines": mailed(renderer, edition_in("en", "ar", "he")).html,
        "rtl-page": pages.ask(Voice(load_words(places, "ar"), "Morning arXiv"), "ask", ""),
        "rtl-day": shown[f"{DAY}.html"].decode().replace("</head>", f"<style>{style}</style></head>"),
    }
    page = browser.new_page()
    for name, text in texts.items():
        page.set_content(text)
        if name in ("rtl-page", "rtl-day"):
            judge(page, axe, name)
        else:
            _pictures(page, name)
    page.close()


def _pictures(page: Any, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for scheme, width in (("light", 360), ("dark", 900)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        assert width >= page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=str(ARTEFACTS / f"{name}-{width}-{scheme}.png"), full_page=True)


def test_a_made_up_file_is_enough(places: tuple[Path, ...]) -> None:
    """The direction follows from `locale`: no other setting."""
    assert "rtl" == load_words(places, "ar").direction
    assert "ltr" == load_words([SHIPPED], "ar").direction  # nothing but English is shipped for it
    assert yaml.safe_load((places[0] / "words" / "ar.yaml").read_text("utf-8"))["locale"] == "ar"
    assert replace(edition_in("ar"), key="k").wishes.languages == ("ar",)


def test_what_a_language_lacks_keeps_its_own_direction(places: tuple[Path, ...]) -> None:
    """An English sentence on an Arabic page is kept apart with its full stop; subjects have no marks."""
    words = load_words(places, "ar")
    lent, own = words.say("page_link_reply"), words.say("page_ask_about")
    assert (lent[0], lent[-2:]) == ("\u2066", ".\u2069")
    assert "\u2066" not in own
    assert words.section("page_")["days_about"].startswith("\u2066")
    assert bare(words.say("subject_late", name="Morning")) == "Morning: arXiv is late"
    assert "\u2066" not in load_words(places, "en").say("page_link_reply")
    assert words.row_day(DAY)  # a pattern of dates is no sentence
