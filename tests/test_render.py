"""The mail: what it holds, how large it gets, how it looks, and whose it is."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import date
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape, unescape
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import tokens
from newsletter.addresses import split_mailbox
from newsletter.errors import TemplateError
from newsletter.inbound import cut, grammar
from newsletter.models import (
    AbstractLanguage,
    Abstracts,
    Edition,
    Letterhead,
    Line,
    Message,
    Notice,
    NoticeKind,
    Paper,
    PrintedPaper,
    Rendered,
    Section,
    Slotted,
    Wishes,
)
from newsletter.render import HTML_LIMIT, LEAVE, PREFERENCES, Renderer, mime
from newsletter.render import wrap as folding
from newsletter.render.layout import Level, first_levels, reductions
from newsletter.render.slots import FILLINGS, slotted
from newsletter.render.templates import Templates
from newsletter.render.wrap import columns, wrap
from newsletter.sentences import brief_title, result_alone, sentences, short, short_title, stand_in, whole
from newsletter.tex import to_unicode
from newsletter.tokens import Purpose
from newsletter.words import load_words
from tests.factories import DAY, KEYS, a_letterhead, a_paper, an_edition, an_entry
from tests.mails import HOSTILE, KINDS, TEMPLATES, a_mail, mailed


@pytest.fixture(scope="session")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    return Renderer([TEMPLATES], tmp_path_factory.mktemp("cache"))


def long_edition(papers: int, abstracts: Abstracts) -> Edition:
    sentence = "We propose a method whose words fill the abstract until it is as long as a real one. "
    abstract = (sentence * 20)[:1450].strip()
    entries = [an_entry(n, paper=a_paper(n, abstract=abstract)) for n in range(1, papers + 1)]
    return an_edition(entries, wishes=Wishes(topics=("f",), abstracts=abstracts, max_papers=papers))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.add(dict(attrs)["href"] or "")


def links(html: str) -> set[str]:
    parser = _Links()
    parser.feed(html)
    return parser.found


# --- sentences --------------------------------------------------------------

ABSTRACT = (
    "Models are large, e.g. GPT. Smith et al. Pruned them first. We propose a pruner for every layer. "
    "It has one parameter. Experiments show 3.5% better accuracy on four models."
)


def test_sentences_end_where_they_end() -> None:
    """Abbreviations end no sentence, and no character is lost."""
    assert sentences(ABSTRACT)[1] == "Smith et al. Pruned them first."
    assert " ".join(sentences(ABSTRACT)) == ABSTRACT


def test_contribution_leads() -> None:
    """The sentence that says what the authors did is marked; short keeps it with the result."""
    assert [piece.text for piece in whole(ABSTRACT) if piece.leads] == ["We propose a pruner for every layer."]
    result = "Experiments show 3.5% better accuracy on four models."
    assert [piece.text for piece in whole(ABSTRACT, of_result=True) if piece.leads] == [result]
    assert [piece.text for piece in result_alone(ABSTRACT)] == [f"… {result}"]
    assert [piece.text for piece in short(ABSTRACT)] == [
        "We propose a pruner for every layer.",
        "… Experiments show 3.5% better accuracy on four models.",
    ]
    assert stand_in("Nothing of the kind. Here.") == "Nothing of the kind."


@pytest.mark.parametrize(
    ("sentences_behind", "expected"),
    [
        ("We test it on Llama 3.1 and LLaMA-7B. It reaches 0.93 AUC.", "It reaches 0.93 AUC."),
        ("It is evaluated on GPT-4.1. It runs 4.5× faster.", "It runs 4.5× faster."),
        ("It is simple. Furthermore, we show that depth helps.", "We show that depth helps."),
        ("The layers differ. 2. Latency drops by 63 ms.", "Latency drops by 63 ms."),
        ("We prove that it converges. It improves accuracy by 2 points.", "It improves accuracy by 2 points."),
        ("It outperforms four baselines.", "It outperforms four baselines."),
        ("It is released with Llama 3.1 weights. Code is public.", None),
        ("", None),
    ],
)
def test_the_result_is_measured_or_shown(sentences_behind: str, expected: str | None) -> None:
    """The first sentence with a verb and a measured number, else one that says what was shown; a name is no number."""
    abstract = f"Models are large. We propose a pruner. {sentences_behind}".strip()
    assert [piece.text for piece in result_alone(abstract)] == ([f"… {expected}"] if expected else [])


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("LightMoE: Reducing Redundancy", "LightMoE"),
        ("Short Enough to Stay", "Short Enough to Stay"),
        ("Why Depth Matters in Parallelizable Sequence Models", "Why Depth Matters in Parallelizable…"),
        (
            "Causal Interpretation of Neural Network Computations",
            "Causal Interpretation of Neural…",
        ),
        ("Antidisestablishmentarianistically" * 2, f"{('Antidisestablishmentarianistically' * 2)[:36]}…"),
    ],
)
def test_brief_title(title: str, expected: str) -> None:
    """At most 36 characters and an ellipsis, never behind a word that leads on."""
    assert brief_title(title) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("LightMoE: Reducing Redundancy", "LightMoE"),
        ("Position: Reviews Are Broken", "Position: Reviews Are Broken"),
        ("No Colon Here", "No Colon Here"),
        ("X: Y", "X: Y"),
    ],
)
def test_short_title(title: str, expected: str) -> None:
    """The name before the colon stands for the title, unless it is none."""
    assert short_title(title) == expected


# --- wrapping ---------------------------------------------------------------


@given(st.text(alphabet="ab 退订论文，。x\u00a0", max_size=400))
def test_wrap_keeps_columns_and_characters(text: str) -> None:
    """No line is wider than 76 columns unless one word is, and only white space changes."""
    wrapped = wrap(text, "  ", "    ")
    assert "".join(wrapped.split()) == "".join(text.split())
    assert all(columns(line) <= 80 or " " not in line.strip() for line in wrapped.splitlines())


@given(st.lists(st.text("abcé²–“", min_size=1, max_size=90)), st.integers(10, 74), st.integers(10, 74))
def test_narrow_text_folds_as_any_text(words: list[str], room: int, rest: int) -> None:
    """What most texts are folded by is a shortcut: the same lines come out."""
    text = " ".join(words)
    assert [line.rstrip(" ") for line in folding._folded(text, room, rest)] == [
        line.rstrip(" ") for line in folding._folded_wide(text, room, rest)
    ]


def test_wrap_leaves_no_lonely_command() -> None:
    """A paragraph's last word never stands alone where it would read like a request."""
    text = "word " * 14 + "when to stop."
    assert wrap(text).splitlines()[-1] != "stop."


# --- levels and size --------------------------------------------------------


def test_smart_goes_by_rank() -> None:
    """Three whole, seven with their result, the rest as rows; the paper that is read first is whole at any rank."""
    levels = first_levels(an_edition(12))
    assert [levels[n] for n in (1, 3, 4, 10, 11, 12)] == [5, 5, 4, 4, 2, 2]
    turned = first_levels(an_edition([an_entry(n, rank=13 - n) for n in range(1, 13)]))
    assert [turned[n] for n in (1, 10, 11, 12)] == [5, 4, 5, 5]


def test_reductions_start_at_the_last_paper() -> None:
    """All papers lose their whole abstract before the first one loses its short one."""
    steps = reductions({1: Level.FULL, 2: Level.SHORT})
    assert steps[:3] == [(1, Level.SHORT), (2, Level.NONE), (1, Level.NONE)]


@pytest.mark.parametrize("abstracts", list(Abstracts))
@pytest.mark.parametrize("papers", [25, 60, 400])
def test_html_stays_below_the_clip(renderer: Renderer, papers: int, abstracts: Abstracts) -> None:
    """95,000 bytes hold whatever the reader asked for, and use most of it."""
    mail = mailed(renderer, long_edition(papers, abstracts))
    assert len(mail.html.encode()) <= HTML_LIMIT
    if abstracts is Abstracts.FULL and papers > 25:
        assert len(mail.html.encode()) > HTML_LIMIT * 0.95
    assert "2603.00001" in mail.html
    assert "/u/" in mail.html


def test_sixty_papers_are_all_named(renderer: Renderer) -> None:
    """Before anything is counted as "more", it stands there as a title."""
    mail = mailed(renderer, long_edition(60, Abstracts.FULL))
    assert all(f"https://arxiv.org/abs/2603.{n:05}" in mail.html and f"2603.{n:05}" in mail.text for n in range(1, 61))


# --- content ----------------------------------------------------------------


def test_both_parts_hold_the_same(renderer: Renderer) -> None:
    """Same titles and same links in HTML and text."""
    code = a_paper(2, abstract="We propose a tool. Code: https://github.com/example/tool_x.", title="Ünï & <Tool>")
    edition = an_edition([an_entry(1), an_entry(2, paper=code), *(an_entry(n) for n in range(3, 14))])
    mail = mailed(renderer, edition)
    shown = {re.sub(r"&m=\d$", "", link) for link in links(mail.html) if not link.startswith("#")}
    assert shown == {link.rstrip(".") for link in re.findall(r"https?://\S+", mail.text)}
    inner = {link for link in links(mail.html) if link.startswith("#")}
    assert inner == {f"#p{number}" for number in range(2, 14)}
    assert all(f'id="{link[1:]}"' in mail.html for link in inner)
    assert "https://github.com/example/tool_x" in links(mail.html)
    flat = " ".join(mail.text.split())
    assert all(entry.paper.title in flat for entry in edition.entries)


def test_what_was_printed_is_told(renderer: Renderer) -> None:
    """An edition says which papers it shows, in printed order and with their numbers, nothing hidden."""
    first = [an_entry(n, topic="moe") for n in (1, 2, 3)]
    second = [an_entry(n, topic="nlp") for n in range(4, 13)]
    sections = (Section(title="Experts", entries=tuple(first)), Section(title="Language", entries=tuple(second)))
    rendered = renderer.render(an_edition([], sections=sections), a_letterhead())
    assert list(range(1, 13)) == [one.number for one in rendered.papers]
    assert PrintedPaper("2603.00003", 1, 3, "moe") == rendered.papers[2]
    many = renderer.render(long_edition(400, Abstracts.FULL), a_letterhead())
    shown = re.findall(r"^ *(?:arXiv: )?https://arxiv.org/abs/2603\.0*(\d+)$", many.text.content.decode(), re.M)
    assert 60 < len(shown) < 400
    assert list(map(int, shown)) == [one.number for one in many.papers]


def test_header_line_and_order(renderer: Renderer) -> None:
    """Brand, date, counts, the lead, contents, the others, footer: in this order; no tokens and no money."""
    text = " ".join(mailed(renderer, an_edition(13)).text.split())
    marks = [
        "Morning arXiv",
        "Monday, 9 March 2026",
        "13 of 493 new papers · ",
        "View on the web: https://news.example.org/2026-03-09.html",
        "── Paper of the day ── 1. Pruner1",
        "── In this email ── 2. Pruner2 – Lovelace",
        "── Read closely ── 2. ",
        "── Worth a look ── 4. ",
        "── Also today ── 11. ",
        "because you subscribed to Foundation models.",
        "machine-written (example/model)",
        "Not affiliated with arXiv.",
    ]
    assert sorted(marks, key=text.index) == marks
    assert not re.search(r"token|\$\d", text)


def test_leading_language_speaks(renderer: Renderer) -> None:
    """A Chinese reader gets Chinese words, dates and subject; the one-liners stay in both languages."""
    lines = (Line("zh", "为每一层分配预算。"), Line("en", "A budget for each layer."))
    edition = an_edition(
        [an_entry(n, lines=lines) for n in (1, 2, 3)], wishes=Wishes(topics=("f",), languages=("zh", "en"))
    )
    mail = mailed(renderer, edition)
    assert '<html lang="zh"' in mail.html
    assert "2026年3月9日 星期一" in mail.html
    assert '<p class="line quiet second" lang="en"' in mail.html
    assert dict(mail.headers)["Subject"].startswith("3 篇论文：Pruner1；")


def test_unknown_language_falls_back_to_english(renderer: Renderer) -> None:
    """A language without a catalogue is spoken in English."""
    edition = an_edition(3, wishes=Wishes(topics=("f",), languages=("xx", "en")))
    assert '<html lang="en"' in mailed(renderer, edition).html


def test_without_a_model_the_abstract_stands_in(renderer: Renderer) -> None:
    """No scores, no machine's words, and the authors' sentence is marked as theirs."""
    entries = [an_entry(n, lines=(), score=None, reason=None) for n in (1, 2, 3)]
    mail = mailed(renderer, an_edition(entries, model=None, notices=(Notice(NoticeKind.NO_MODEL),)))
    assert re.search(r'class="did"[^>]*>We propose a search', mail.html)
    assert "No language model is set up here" in mail.html
    assert "Relevance" not in mail.html + mail.text
    assert "machine-written" not in mail.html
    assert "selected by a program" in mail.html


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_notice_has_words(renderer: Renderer, kind: NoticeKind) -> None:
    """Each notice is a sentence in both parts, plural and all."""
    mail = mailed(renderer, an_edition(1, notices=(Notice(kind, 1, 274),)))
    if kind is NoticeKind.MISSING:
        assert "1 announced paper could not" in mail.html
    if kind is NoticeKind.UNSCORED:
        assert "1 of 274 papers could not be scored" in mail.text


def test_quiet_day_is_one_line(renderer: Renderer) -> None:
    """Nothing new: one honest sentence, no headings, never a blank."""
    mail = mailed(renderer, an_edition(0, considered=0, notices=(Notice(NoticeKind.QUIET),)))
    assert "Nothing new on arXiv for your topics today." in mail.html
    assert "<h2" not in mail.html
    assert dict(mail.headers)["Subject"] == "Morning arXiv: nothing new for you today"


@pytest.mark.parametrize(
    ("wish", "original", "translated"),
    [
        (AbstractLanguage.ORIGINAL, True, False),
        (AbstractLanguage.FIRST, False, True),
        (AbstractLanguage.BOTH, True, True),
    ],
)
def test_translated_abstracts(renderer: Renderer, wish: str, original: bool, translated: bool) -> None:
    """They stand where they were asked for, are marked as a machine's and hold no link; without one, arXiv's stands."""
    said = "各层剪枝相同。我们提出逐层预算搜索。代码见 https://evil.example/x 。精度提高3.2%。"
    entries = [an_entry(1, translated=Line("zh", said)), an_entry(2)]
    mail = mailed(renderer, an_edition(entries, wishes=Wishes(topics=("f",), abstract_language=AbstractLanguage(wish))))
    assert mail.html.count("We propose a search") == 1 + original
    assert ('<p class="abs" lang="zh"' in mail.html) is translated
    assert ("Translated by machine: 各层剪枝相同。我们提出逐层预算搜索。" in mail.text) is translated
    assert not any("evil" in link for link in links(mail.html))


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "de"])
@pytest.mark.parametrize("kind", ["weekly", "topics-and-days"])
def test_several_days_are_never_today(renderer: Renderer, kind: str, language: str) -> None:
    """An email about several days speaks of none of them as today, whatever else it has to say."""
    edition = KINDS[kind]()
    wishes = replace(edition.wishes, languages=(language, "en"))
    empty, nothing = replace(edition, sections=()), replace(edition, sections=(), considered=0)
    for late, shown in product((True, False), (edition, empty, nothing)):
        notices = tuple(Notice(one, 3, 40) for one in NoticeKind if late or one is not NoticeKind.LATE)
        mail = mailed(renderer, replace(shown, wishes=wishes, notices=notices))
        if edition.wishes.weekly or shown.sections:
            said = f"{mail.rendered.subject} {mail.text} {mail.html}"
            assert not re.search(r"\btoday\b|今日|今天|本日|\bheute\b", said, re.I)


def test_more_than_fits_is_counted_and_linked(renderer: Renderer) -> None:
    """By day, with what the reader's wish leaves out and what the size does; all of it in both parts."""
    edition = replace(
        long_edition(400, Abstracts.FULL), left_out=((date(2026, 3, 5), 3),), issues=(date(2026, 3, 5), DAY)
    )
    mail = mailed(renderer, edition)
    shown = len(re.findall(r"^ *(?:arXiv: )?https://arxiv.org/abs/", mail.text, re.M))
    assert f"{403 - shown} more papers passed." in mail.text
    assert f"Mon 9 March: {400 - shown}: https://news.example.org/2026-03-09.html" in mail.text.replace("\u00a0", " ")
    assert 'href="https://news.example.org/2026-03-05.html"' in mail.html
    assert "more papers passed" not in mailed(renderer, an_edition(3)).text


def test_a_late_announcement_is_called_late(renderer: Renderer) -> None:
    """A mail that waited in vain does not say that there was nothing."""
    late = renderer.render(an_edition(0, notices=(Notice(NoticeKind.LATE),), considered=0), a_letterhead())
    assert "late" in late.subject
    assert "nothing new" not in late.subject
    assert "has not arrived yet" in late.text.content.decode()
    assert "nothing new" not in late.text.content.decode().lower()


def test_sections_days_and_authors(renderer: Renderer) -> None:
    """Several topics and several issues: headings, each paper's day, four authors and their number."""
    paper = a_paper(1, authors=tuple(f"Author {letter}" for letter in "ABCDEFGHIJKL"))
    sections = (
        Section(title="Vision", entries=(an_entry(1, paper=paper, by_author="Author C"),)),
        Section(title="Robots", entries=(an_entry(2),)),
    )
    edition = an_edition(0, sections=sections, issues=(date(2026, 3, 5), DAY), topics=("Vision", "Robots"))
    text = mailed(renderer, edition).text
    assert "── Vision (1 paper) ──" in text
    assert "── Robots (1 paper) ──" in text
    assert "Thursday, 5 March – Monday, 9 March 2026" in text
    assert "2 of 493 new papers in 2 topics" in text
    assert "cs.LG · Mon 9 March" in text
    assert "Author A, Author B, Author C, Author D et al. (12)" in text
    assert "You follow Author C." in text


def test_replies_are_promised_only_where_they_are_read(renderer: Renderer) -> None:
    """And no line of the mail is a command by itself."""
    promised = mailed(renderer, an_edition(2))
    silent = mailed(renderer, an_edition(2), a_letterhead(replies_read=False))
    assert "Replies work too" in promised.text
    assert "Replies work too" not in silent.text + silent.html
    commands = {"unsubscribe", "stop", "退订", "cancel", "remove me"}
    assert not {line.strip(" .!。“”").lower() for line in promised.text.splitlines()} & commands


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "de"])
def test_the_words_of_the_footer_are_understood(renderer: Renderer, language: str) -> None:
    """Each of them alone does what it says; the whole email below a word of thanks does nothing."""
    mail = mailed(renderer, an_edition(13, wishes=Wishes(topics=("f",), languages=(language, "en"))))
    words = load_words([TEMPLATES], language)
    footer = " ".join(mail.text[mail.text.rindex("──") :].split())
    for name, action in (("weekly", "days"), ("papers", "papers"), ("pause", "pause"), ("unsubscribe", "unsubscribe")):
        word = words.say(f"answer_word_{name}")
        assert word in footer
        wish = grammar.read("Re: x", cut.visible_lines(word), DAY)
        assert wish is not None
        assert wish.action == action
    assert grammar.read("Re: x", cut.visible_lines(f"Thanks, a good issue!\n\n{mail.text}"), DAY) is None


def a_mail_full_of(renderer: Renderer, text: str) -> Message:
    """A mail with this text in every field that somebody else fills in."""
    paper = a_paper(1, title=text, abstract=text, authors=(text,) * 187, comment=text)
    entry = an_entry(1, paper=paper, lines=(Line("en", text),), reason=text, by_author=text)
    edition = an_edition(0, sections=(Section(title=text, entries=(entry,)),), name=text, model=text)
    letterhead = a_letterhead(sender=f"{text} <news@example.org>", postal_address=text)
    return mailed(renderer, edition, letterhead, name=text)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_text(renderer: Renderer, hostile: str) -> None:
    """Whatever a title, an abstract, a model or a name says is shown as it is; no tag, link or header comes of it."""
    mail, calm = a_mail_full_of(renderer, hostile), a_mail_full_of(renderer, "calm")
    assert links(mail.html) == links(calm.html)
    assert re.findall(r"</?[a-z!-]+", mail.html) == re.findall(r"</?[a-z!-]+", calm.html)
    assert not re.search(r"[\x00\u2028\u202e\u2067]", mail.html + mail.text)
    assert unescape(mail.html).count(to_unicode(hostile)) >= 9
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.default)
    assert sorted(parsed.keys()) == sorted(email.message_from_bytes(calm.raw).keys())
    assert len(parsed["Subject"]) <= 78
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, mail.raw.splitlines())) <= 998


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("Code (https://github.com/a/b_c). More.", ["https://github.com/a/b_c"]),
        (
            "At https://a.org/x_(y), and http://b.org:8080/?q=1&r=2#s!",
            ["https://a.org/x_(y)", "http://b.org:8080/?q=1&r=2#s"],
        ),
        (r"See \url{https://a.org/~x\_y} or \href{https://b.org}{here}.", ["https://a.org/~x_y", "https://b.org"]),
        ("在https://a.org/x。中文", ["https://a.org/x"]),
        ("javascript:alert(1) ftp://a.org mailto:a@b.org www.a.org //a.org data:text/html,x", []),
        ("https://localhost/x https://arxiv.org@evil.example/x https://user:pass@evil.example xhttps://a.org", []),
        ('https://a.org/"onmouseover="x https://a.org/<script>', ["https://a.org/"]),
    ],
)
def test_only_the_abstract_has_links(renderer: Renderer, text: str, urls: list[str]) -> None:
    """http(s) addresses of arXiv's text become links that show where they lead; a model's words never do."""
    calm = links(mailed(renderer, an_edition(1)).html)
    named = mailed(renderer, an_edition([an_entry(1, paper=a_paper(1, abstract=text))]))
    assert links(named.html) - calm - set(a_paper(1, abstract=text).code_urls) == set(urls) - {
        "https://github.com/a/b_c"
    }
    assert all(f">{escape(url)}</a>" in named.html for url in urls)
    said = mailed(renderer, an_edition([an_entry(1, lines=(Line("en", text),), reason=text)], model=text))
    assert links(said.html) == calm


@given(titles=st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_subject_is_short_and_one_line(renderer: Renderer, titles: list[str]) -> None:
    """At most 78 characters and no line break, whatever the titles are."""
    entries = [an_entry(n, paper=a_paper(n, title=title)) for n, title in enumerate(titles, start=1)]
    mail = mailed(renderer, an_edition(entries))
    subject = dict(mail.headers)["Subject"]
    assert len(subject) <= 78
    assert len(subject.splitlines()) == 1
    assert email.message_from_bytes(mail.raw, policy=email.policy.default)["Subject"] == subject


# --- slots and MIME ---------------------------------------------------------

TOKEN = st.from_regex(r"[a-z2-7]{34}", fullmatch=True)


@given(leave=TOKEN, preferences=TOKEN, shift=st.integers(0, 76))
@settings(max_examples=60, deadline=None)
def test_filling_equals_building(leave: str, preferences: str, shift: int) -> None:
    """Spliced bytes are, byte for byte, what the standard library builds with the real tokens."""

    def build(slots: Any) -> bytes:
        text = f"{'é' * 9}{'x' * shift} https://a.org/u/{slots[LEAVE]}/{slots[PREFERENCES]} and {slots[LEAVE]}\n"
        return mime.body(text, f"<p>{text}</p>", key="k", language="en")

    made = slotted(*map(build, FILLINGS))
    values = {LEAVE: leave, PREFERENCES: preferences}
    assert made.fill(values) == build(values)
    assert sum(span.length for span in made.spans) == 6 * tokens.WIDTH


def test_raw_mail_holds_its_parts(renderer: Renderer) -> None:
    """What a mail program decodes is the text and HTML we say we sent, with this reader's tokens."""
    mail = mailed(renderer, an_edition(15))
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.default)
    text, html = parsed.iter_parts()
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n").rstrip() == mail.html.rstrip()
    assert tokens.make(KEYS, Purpose.LEAVE, 7) in mail.html
    assert tokens.make(KEYS, Purpose.PREFERENCES, 7) in mail.text
    body = mail.raw[mail.raw.index(b"MIME-Version") :]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert mail.raw.isascii()


def test_splicing_equals_the_standard_library(renderer: Renderer) -> None:
    """For each reader the spliced bytes are those of an EmailMessage with this reader's own text and HTML."""
    rendered = renderer.render(an_edition(15), a_letterhead())
    for reader in (1, 7, 2**63):
        mail = a_mail(rendered, subscriber_id=reader)
        built = EmailMessage(policy=email.policy.SMTP)
        built.set_content(mail.text, cte="quoted-printable")
        built.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        for part in built.iter_parts():
            del part["MIME-Version"]
        parsed = email.message_from_bytes(mail.raw, policy=email.policy.SMTP)
        built.set_boundary(str(parsed.get_boundary()))
        built["Content-Language"] = "en, zh"
        assert mail.raw.endswith(b"\r\n" + built.as_bytes())
        assert tokens.make(KEYS, Purpose.LEAVE, reader) in mail.html
        assert tokens.make(KEYS, Purpose.LEAVE, 99) not in mail.html


def test_no_part_is_latin_1_only(renderer: Renderer) -> None:
    """Gmail clips Latin-1-only text at any size."""
    mail = mailed(renderer, an_edition(0, considered=0))
    assert max(mail.text) > "\xff"
    assert max(mail.html) > "\xff"


def test_same_arguments_same_bytes(renderer: Renderer) -> None:
    """A repeat after a crash is the same mail."""
    edition = an_edition(4)
    again = Renderer([TEMPLATES], None)
    assert mailed(renderer, edition).raw == mailed(again, edition).raw


# --- headers ----------------------------------------------------------------


def test_headers_of_a_full_letterhead(renderer: Renderer) -> None:
    """Every header once, with the token that its purpose asks for."""
    mail = mailed(renderer, an_edition(2))
    token = {purpose: tokens.make(KEYS, purpose, 7) for purpose in Purpose}
    leave = token[Purpose.LEAVE]
    assert mail.headers == (
        ("From", "Morning arXiv <news@example.org>"),
        ("To", "Ada <ada@example.net>"),
        ("Reply-To", f"news+{token[Purpose.REPLY]}@example.org"),
        ("Subject", "2 papers: Pruner1; Pruner2"),
        ("Date", "Mon, 09 Mar 2026 12:00:00 +0000"),
        ("Message-ID", f"<2026-03-09.{token[Purpose.MESSAGE]}@example.org>"),
        ("List-Id", "Morning arXiv <newsletter.example.org>"),
        (
            "List-Unsubscribe",
            f"<https://news.example.org/u/{leave}>, <mailto:news+{leave}@example.org?subject=unsubscribe>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-Help", "<https://news.example.org/>"),
        ("List-Archive", "<https://news.example.org/>"),
        ("Auto-Submitted", "auto-generated"),
    )
    assert mail.envelope_from == f"news+{token[Purpose.BOUNCE]}@example.org"
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.default)
    assert {name: parsed[name] for name, _ in mail.headers} == dict(mail.headers)
    assert all(len(parsed.get_all(name)) == 1 for name in parsed)
    assert parsed["Content-Language"] == "en, zh"


@pytest.mark.parametrize(
    ("letterhead", "shown"), [({}, True), ({"joins": False}, False), ({"public_url": None}, False)]
)
def test_whoever_it_was_forwarded_to(renderer: Renderer, letterhead: dict[str, Any], shown: bool) -> None:
    """A link without any token to the page where people join, where there is one."""
    mail = mailed(renderer, an_edition(1), a_letterhead(**letterhead))
    url = "https://news.example.org/join"
    assert (shown, shown) == (url in links(mail.html), f"Get your own: {url}" in mail.text)


def test_ways_out_without_a_web_part(renderer: Renderer) -> None:
    """No https: a mail is the way out, no one-click header; without plus addressing the subject holds the token."""
    leave = tokens.make(KEYS, Purpose.LEAVE, 7)
    plus = mailed(renderer, an_edition(1), a_letterhead(public_url=None))
    plain = mailed(renderer, an_edition(1), a_letterhead(public_url=None, plus_addressing=False))
    bare = mailed(renderer, an_edition(1), Letterhead(sender="news@example.org"))
    assert f"mailto:news+{leave}@example.org?subject=unsubscribe" in links(plus.html)
    assert f"mailto:news@example.org?subject=unsubscribe%20{leave}" in plain.text
    assert dict(plain.headers)["Reply-To"] == "news@example.org"
    assert plain.envelope_from == "news@example.org"
    assert "List-Unsubscribe-Post" not in dict(plus.headers)
    assert f"mailto:news@example.org?subject=unsubscribe%20{leave}" in bare.text
    assert {"Reply-To", "List-Unsubscribe"}.isdisjoint(dict(bare.headers))


def test_a_private_archive_is_named_with_the_readers_token(renderer: Renderer) -> None:
    """Footer, text and List-Archive carry a token of its own, which can change nothing; "more" leads to the day."""
    letterhead = a_letterhead(private=True)
    mail = mailed(renderer, an_edition([an_entry(n, paper=_long(n)) for n in range(1, 101)]), letterhead)
    link = f"https://news.example.org/a/{tokens.make(KEYS, Purpose.ARCHIVE, 7)}/"
    assert f'href="{link}"' in mail.html
    assert f'href="{link}2026-03-09.html"' in mail.html
    assert link in mail.text
    assert f"<{link}>" == dict(mail.headers)["List-Archive"]
    assert "news.example.org/a/" not in mailed(renderer, an_edition(2)).html


def _long(number: int) -> Paper:
    return a_paper(number, title=f"Number {number} " + "of a very long series " * 40)


def test_the_archive_is_named_only_where_it_leads_somewhere(renderer: Renderer) -> None:
    """Without public pages the way out and the preferences stay, and nothing links to the root."""
    mail = mailed(renderer, an_edition(2), a_letterhead(archive=False))
    page = f"https://news.example.org/p/{tokens.make(KEYS, Purpose.PREFERENCES, 7)}"
    assert "https://news.example.org/" not in links(mail.html)
    assert page in links(mail.html)
    assert page in mail.text
    assert "Past issues" not in mail.html + mail.text
    assert "View on the web" not in mail.html + mail.text
    assert "List-Archive" not in dict(mail.headers)
    assert dict(mail.headers)["List-Help"] == f"<{page}>"


NAMES = [
    "Ada Lovelace",
    'Lovelace, Ada "A"',
    "Ада",
    "阿达" * 30,
    "=?utf-8?q?x?=",
    "é" * 80,
    "x" * 200,
    "",
    "a@b <c>",
    "{leave} {0} {{}",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_survive(renderer: Renderer, name: str) -> None:
    """Any display name comes back from the wire as it was, in folded ASCII lines."""
    letterhead = a_letterhead(sender=f"{name} <news@bücher.example>")
    mail = mailed(renderer, an_edition(1), letterhead, name=name)
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.compat32)
    phrase, _, address = parsed["To"].replace("\r\n", "").rpartition("<")
    assert address.rstrip(">") == "ada@example.net"
    assert parseaddr(parsed["From"])[1] == "news@xn--bcher-kva.example"
    shown = str(make_header(decode_header(phrase.strip())))
    assert (shown if "=?" in phrase else parseaddr(parsed["To"])[0]) == name
    assert mail.raw.isascii()
    assert max(map(len, (parsed["From"] + "\r\n" + parsed["To"]).split("\r\n"))) <= 76


@given(name=st.text(max_size=90))
@settings(max_examples=100, deadline=None)
def test_no_name_breaks_a_header(name: str) -> None:
    """A name never adds a header or an address."""
    rendered = Rendered(key="k", subject=name, html=Slotted(b""), text=Slotted(b""), body=Slotted(b"X: 1\r\n\r\n"))
    mail = a_mail(rendered, a_letterhead(sender=f"{name} <news@example.org>"), name=name)
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.compat32)
    assert parsed.keys() == [*(header for header, _ in mail.headers), "X"]
    assert mail.recipient == "ada@example.net"
    assert parsed["To"].endswith("ada@example.net>") or parsed["To"] == "ada@example.net"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name <a@b.org>", ("Name", "a@b.org")),
        ('"Last, First" <a@b.org>', ("Last, First", "a@b.org")),
        ("a@b.org", ("", "a@b.org")),
        ("<a@b.org>", ("", "a@b.org")),
        ("x <y@z> <a@b.org>", ("x <y@z>", "a@b.org")),
        ("N\r\nBcc: e@f.org <a@b.org\r\n>", ("N Bcc: e@f.org", "a@b.org")),
    ],
)
def test_split_mailbox(text: str, expected: tuple[str, str]) -> None:
    """The last bracket holds the address; nothing ends a line."""
    assert split_mailbox(text) == expected


# --- templates --------------------------------------------------------------


def a_folder(tmp_path: Path, name: str, change: tuple[str, str]) -> Path:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    assert change[0] in source
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source.replace(*change, 1), encoding="utf-8")
    return tmp_path


def test_shipped_templates_are_right() -> None:
    """The check passes on what we ship, with no cache folder."""
    Renderer([TEMPLATES], None).check()


@pytest.mark.parametrize(
    ("name", "change", "line_of", "problem"),
    [
        ("digest.mjml", ("<mj-section>", "<mj-sektion>"), "<mj-sektion>", "unknown MJML tag"),
        ("digest.mjml", ("[[m.day]]", "[[m.dya]]"), "[[m.dya]]", "dya"),
        ("papers.html.j2", ("[[p.place]]", "[[p.palce]]"), "[[p.palce]]", "palce"),
        ("papers.html.j2", ("[% endfor %]", "[% endfro %]"), "[% endfro %]", "endfro"),
        ("digest.txt.j2", ("[[m.day]]", "[[mm.day]]"), "[[mm.day]]", "mm"),
        ("footer.html.j2", ('w("thanks")', 'w("thx")'), 'w("thx")', "thx"),
        ("words/en.yaml", ("locale: en_GB", "locale: [en"), None, "YAML"),
    ],
)
def test_check_names_file_and_line(
    tmp_path: Path, name: str, change: tuple[str, str], line_of: str | None, problem: str
) -> None:
    """A broken template is named with its file, its line and what is wrong."""
    folder = a_folder(tmp_path, name, change)
    with pytest.raises(TemplateError, match=problem) as caught:
        Renderer([folder, TEMPLATES], None).check()
    assert caught.value.file == str(folder / name)
    if line_of:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        assert line_of in lines[(caught.value.line or 0) - 1]


def test_marks_that_mjml_would_lose_are_found(tmp_path: Path) -> None:
    """What stands between sections without mj-raw vanishes from MJML's output: said, not swallowed."""
    folder = a_folder(tmp_path, "digest.mjml", ("<mj-section>", "[[m.brand]]<mj-section>"))
    with pytest.raises(TemplateError, match="mj-raw"):
        Renderer([folder, TEMPLATES], None).check()


def test_first_folder_wins(tmp_path: Path) -> None:
    """One file of one's own replaces that file only."""
    folder = a_folder(tmp_path, "footer.html.j2", ('[[w("thanks")]]', "Mine."))
    assert "<p" in mailed(Renderer([folder, TEMPLATES], None), an_edition(1)).html
    assert "Mine." in mailed(Renderer([folder, TEMPLATES], None), an_edition(1)).html


def test_compiled_once_per_content(tmp_path: Path) -> None:
    """The cache holds one file per template content; a second process compiles nothing."""
    Renderer([TEMPLATES], tmp_path).render(an_edition(1), a_letterhead())
    (cached,) = tmp_path.iterdir()
    cached.write_text(cached.read_text(encoding="utf-8").replace("</body>", "from cache</body>"), encoding="utf-8")
    assert "from cache" in mailed(Renderer([TEMPLATES], tmp_path), an_edition(1)).html
    assert len(list(tmp_path.iterdir())) == 1


def test_a_template_is_compiled_again_when_its_text_is_another(tmp_path: Path) -> None:
    """Renderers of one process share what Jinja made of a file and of the HTML, as long as it is what stands there."""
    folder = a_folder(tmp_path, "digest.txt.j2", ("[[m.brand]]", "First [[m.brand]]"))

    def code() -> tuple[object, object]:
        templates = Templates([folder, TEMPLATES], None)
        return templates.text().root_render_func.__code__, templates.html().root_render_func.__code__

    text, html = code()
    again = code()
    assert text is again[0]
    assert html is again[1]
    assert "First Morning" in mailed(Renderer([folder, TEMPLATES], None), an_edition(1)).text
    own = folder / "digest.txt.j2"
    own.write_text(own.read_text("utf-8").replace("First", "Second"), "utf-8")
    assert "Second Morning" in mailed(Renderer([folder, TEMPLATES], None), an_edition(1)).text
    assert html is code()[1]
    assert text is not code()[0]


def test_nothing_remote_in_the_mail(renderer: Renderer) -> None:
    """No image, font, script or style sheet is fetched."""
    html = mailed(renderer, an_edition(12)).html
    assert not re.search(r"<(?:img|link|script|iframe)|@import|url\(|googleapis", html)


def test_every_colour_has_a_dark_one(renderer: Renderer) -> None:
    """Each element with an inline colour has a class that the dark rules name."""
    html = mailed(renderer, an_edition(12)).html
    dark = html[
        html.index("prefers-color-scheme:dark") : html.index("</style>", html.index("prefers-color-scheme:dark"))
    ]
    named = set(re.findall(r"\.([a-z]+)", dark)) | {"text"}
    for classes in re.findall(r'<\w+ class="([^"]+)"[^>]*style="[^"]*color:', html):
        assert set(classes.split()) & named, classes


WHOLE = ("zh", "zh-Hant", "de")


@pytest.mark.parametrize("language", WHOLE)
def test_whole_catalogues_are_complete(language: str) -> None:
    """Each has every phrase that English has, with the same placeholders; nothing is half translated."""
    english, other = (
        yaml.safe_load((TEMPLATES / "words" / f"{name}.yaml").read_text("utf-8")) for name in ("en", language)
    )
    assert english.keys() == other.keys()
    for key, phrase in other.items():
        texts, ours = (set(re.findall(r"{\w+}", str(one))) for one in (phrase, english[key]))
        assert texts == ours, key


def test_names_do_not_break_at_hyphens(renderer: Renderer) -> None:
    """A short name stays on its line, its letters as they are; in a long one each word does."""
    names = ("Jean-Pierre Serre", "Hans-Georg of the Upper Valley-Hills")
    mail = mailed(renderer, an_edition([an_entry(1, paper=a_paper(1, authors=names))]))
    kept = re.findall(r'<span style="white-space:nowrap">([^<]*)</span>', mail.html)
    assert ["Jean-Pierre\u00a0Serre", "Hans-Georg", "Valley-Hills"] == kept
    assert "Jean-Pierre Serre, Hans-Georg of the Upper Valley-Hills" in mail.text
