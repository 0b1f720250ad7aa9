"""The content of an edition in the reader's language, including the footer: everything that the two templates use."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from newsletter.addresses import archive_link, leave_link, own_address
from newsletter.models import Abstracts, Edition, Letterhead, NoticeKind, Withdrawal
from newsletter.render.layout import FULL_RANKS, SHORT_RANKS, Level, Levels, Link, Shown, show
from newsletter.render.marking import Marking, marking, teach
from newsletter.render.slots import ARCHIVE, BLANK, LEAVE, PREFERENCES, SAVED
from newsletter.sentences import minutes, short_title
from newsletter.tex import clean, to_unicode
from newsletter.words import Words, bare

SUBJECT_LIMIT = 78
_PADDING = "\u034f\u200c\u00a0" * 40  # keeps the paragraph behind the preheader out of the inbox list
_OVERVIEW = 10
_FEWEST_LISTED = 6  # papers behind the first one: fewer need no list


class _Addresses(TypedDict):
    leave_url: str  # empty in a copy for a mailing list
    preferences_url: str | None
    saved_url: str | None
    archive_url: str | None  # ends with a slash
    marking: Marking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    leave_url: str
    preferences_url: str | None
    saved_url: str | None
    archive_url: str | None
    marking: Marking | None = None  # how to say what one likes; None in a copy for a mailing list
    one_click: bool
    replies_read: bool
    why: str
    replies: str  # what a reply can do, in words that are understood; empty where nobody reads them
    machine: str
    address: str
    join_url: str = ""  # for whom it was forwarded to; empty where nobody joins on the web
    list_note: str = ""  # in a copy for a mailing list, instead of what is one reader's
    usage: str = ""  # the first edition's templates ask for it; tokens and cost stand in the archive and in `status`


@dataclass(frozen=True, slots=True)
class Block:
    """Papers under one heading; `contents` follows the lead paper, and lists all others."""

    title: str
    papers: tuple[Shown, ...]
    is_topic: bool = False
    count: str = ""  # of a topic's papers
    contents: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one heading, as the first edition's templates know them."""

    title: str
    papers: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What passed and is not shown, with the page of the archive that has it."""

    label: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What the templates see as `m`."""

    language: str
    subject: str
    preheader: str
    brand: str
    day: str
    picked: str
    minutes: str
    notices: tuple[str, ...]
    blocks: tuple[Block, ...]
    more: str
    left_out: tuple[LeftOut, ...]
    page: str  # within the archive: the issue, or the front where the email is about several
    footer: Footer
    key: str = ""  # of the edition
    bar_question: str = ""  # whether the bar is too high, where that is why nothing passed
    marked: int = sys.maxsize  # papers that have room for links that say what one thinks of them, from the first

    def marks(self, number: int) -> tuple[Link, ...]:
        """These links; none where nobody would hear it."""
        return self.footer.marking.links(number) if self.footer.marking and number <= self.marked else ()

    def marks_page(self, number: int) -> str:
        """The page behind these links; empty where they write an email."""
        return self.footer.marking.page(number) if self.footer.marking else ""

    @property
    def papers(self) -> tuple[Shown, ...]:
        """All papers that are not hidden."""
        return tuple(paper for block in self.blocks for paper in block.papers)

    # --- names that the first edition's templates use ---

    @property
    def overview(self) -> tuple[Shown, ...]:
        """The first papers of a longer email."""
        return self.papers[:_OVERVIEW] if len(self.papers) > 2 else ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """The papers that are more than rows, by heading."""
        cards = ((block.title, tuple(one for one in block.papers if one.level >= Level.NONE)) for block in self.blocks)
        return tuple(Group(title, papers) for title, papers in cards if papers)

    @property
    def rows(self) -> tuple[Shown, ...]:
        """The other papers."""
        return tuple(paper for paper in self.papers if paper.level < Level.NONE)


def compose(edition: Edition, letterhead: Letterhead, levels: Levels, words: Words) -> Mail:
    """The email's content at these levels, with blanks for what belongs to one reader."""
    papers = {entry.number: show(entry, levels[entry.number], edition, words) for entry in edition.shown}
    visible = [paper for paper in papers.values() if paper.level > Level.HIDDEN]
    left_out = _left_out(edition, levels)
    subject_line, named = subject(edition, list(papers.values()), words)
    return Mail(
        language=words.language,
        subject=subject_line,
        preheader=_preheader(edition, list(papers.values()), named, words),
        brand=clean(edition.name),
        day=_day(edition, words),
        picked=_picked(edition, words, sum(left_out.values())),
        minutes=words.say("minutes", count=minutes(_texts(visible))) if visible and edition.entries else "",
        notices=_notices(edition, words),
        blocks=_blocks(edition, papers, words),
        more=words.say("left_out", count=sum(left_out.values())) if left_out else "",
        left_out=_pages(left_out, words),
        page=f"{edition.date}.html" if len(edition.issues) == 1 and edition.considered else "",
        footer=_footer(edition, letterhead, words),
        key=edition.key,
        bar_question=words.say("bar_question") if _kept_by_bar(edition) else "",
    )


def addressed(mail: Mail, letterhead: Letterhead, slots: Mapping[str, str]) -> Mail:
    """The same email with these values for one reader's addresses."""
    if mail.footer.list_note:
        return mail
    known = mail.footer.marking.filled(slots) if mail.footer.marking else None
    return replace(mail, footer=replace(mail.footer, **_addresses(letterhead, slots, known)))


# --- the top ---


def subject(edition: Edition, papers: Sequence[Shown], words: Words) -> tuple[str, int]:
    """The count and the top titles, as many whole titles as fit; and how many these are."""
    if not edition.entries:
        quiet = "subject_quiet_week" if edition.wishes.weekly else "subject_quiet"
        return _cut(bare(words.say("subject_late" if _is_late(edition) else quiet, name=clean(edition.name)))), 0
    titles, named = papers[0].short_title, 1
    found = bare(words.say("subject", count=len(papers), titles=titles))
    for number, paper in enumerate(papers[1:4], start=2):
        titles += words.say("separator") + paper.short_title
        longer = bare(words.say("subject", count=len(papers), titles=titles))
        if len(longer) > SUBJECT_LIMIT:
            break
        found, named = longer, number
    return _cut(found), named


def _cut(text: str) -> str:
    if len(text) <= SUBJECT_LIMIT:
        return text
    kept = text[: SUBJECT_LIMIT - 1]
    return (kept.rsplit(" ", 1)[0] if " " in kept[SUBJECT_LIMIT // 2 :] else kept).rstrip(" ,;:-–—") + "…"


def _preheader(edition: Edition, papers: Sequence[Shown], named: int, words: Words) -> str:
    """The three titles behind those of the subject, or what the first paper says."""
    if not edition.entries:
        shown = next(iter(_notices(edition, words)), "") or _picked(edition, words)
    elif following := papers[named : named + 3]:
        shown = words.say("separator").join(paper.short_title for paper in following)
    else:
        shown = papers[0].said[0].text if papers[0].said else papers[0].title
    return shown + _PADDING


def _day(edition: Edition, words: Words) -> str:
    if edition.wishes.weekly and len(edition.current) > 1:
        return words.say("week", days=words.span(edition.current))
    return words.days(edition.current)


def _picked(edition: Edition, words: Words, left_out: int = 0) -> str:
    """How many of how many, naming those that passed and are not shown; on a quiet day, that none was good enough."""
    if not edition.considered or _is_late(edition):
        return ""
    values = {
        "count": edition.considered,
        "picked": sum(not section.missed for section in edition.sections for _ in section.entries),
    }
    if not edition.entries:
        return words.say("none_reached" if _kept_by_bar(edition) else "none_close", bar=edition.bar or 0, **values)
    if edition.wishes.weekly and len(edition.current) > 1:
        return words.say("chosen_issues", issues=len(edition.current), **values)
    if left_out:
        passed = values["picked"] + sum(count for _, count in edition.left_out)
        return words.say("chosen_part", passed=passed, **values | {"picked": passed - left_out})
    if len(edition.topics) > 1:
        return words.say("chosen_topics", topics=len(edition.topics), **values)
    return words.say("chosen", **values)


def _kept_by_bar(edition: Edition) -> bool:
    """Whether nothing passed because of its relevance."""
    return not edition.entries and edition.bar is not None and any(entry.score for entry in edition.nearest)


def _is_late(edition: Edition) -> bool:
    return any(notice.kind is NoticeKind.LATE for notice in edition.notices)


def _notices(edition: Edition, words: Words) -> tuple[str, ...]:
    said = [
        words.say(notice.kind.value, count=notice.count, total=notice.total)
        for notice in edition.notices
        if notice.kind is not NoticeKind.QUIET
    ]
    said += [_withdrawn(one, words) for one in edition.withdrawn]
    if not edition.entries and not edition.considered and not _is_late(edition):
        said.append(words.say("quiet_week" if edition.wishes.weekly else "quiet"))  # an email is never blank
    return tuple(said)


def _withdrawn(one: Withdrawal, words: Words) -> str:
    title = short_title(to_unicode(one.title))
    return words.say("withdrawn", title=title, id=f"arXiv:{one.arxiv_id}", day=words.row_day(one.issue))


# --- the papers under their headings ---


def _blocks(edition: Edition, papers: Mapping[int, Shown], words: Words) -> tuple[Block, ...]:
    """The papers from top to bottom: by rank where there is one topic, else by topic."""
    if not edition.entries:
        return (Block(words.say("nearest"), tuple(papers.values())),) if papers else ()
    found: list[Block] = []
    for section in edition.sections:
        shown = [papers[entry.number] for entry in section.entries if papers[entry.number].level > Level.HIDDEN]
        if shown and section.missed:
            found.append(Block(words.say("missed", days=words.span(edition.missed)), tuple(shown)))
        elif shown and section.title is not None:
            count = words.say("papers", count=len(shown))
            found.append(Block(to_unicode(section.title), tuple(shown), is_topic=True, count=count))
        elif shown:
            found += _by_rank(edition, shown, words)
    return _with_contents(edition, found, words)


def _by_rank(edition: Edition, shown: Sequence[Shown], words: Words) -> Iterator[Block]:
    period = _period(edition)
    closely = "worth" if edition.wishes.abstracts is Abstracts.NONE else "closely"  # nothing to read closely
    cuts = ((f"lead_{period}", 1), (closely, FULL_RANKS), ("worth", SHORT_RANKS), (f"also_{period}", len(shown)))
    start = 0
    for index, (key, end) in enumerate(cuts):
        goes_on = cuts[index + 1 : index + 2] and cuts[index + 1][0] == key
        if not goes_on and (papers := tuple(shown[start:end])):
            yield Block(words.say(key), papers)
        start = start if goes_on else end


def _period(edition: Edition) -> str:
    """What the email is about: no email about several days speaks of today."""
    if edition.wishes.weekly:
        return "week"
    return "today" if len(edition.issues) == 1 else "days"


def _with_contents(edition: Edition, found: Sequence[Block], words: Words) -> tuple[Block, ...]:
    """The list of the others behind the first paper of a longer email; no list stands before a paper."""
    listed = [paper for block in found for paper in block.papers][1:]
    if len(listed) < _FEWEST_LISTED or edition.wishes.abstracts is Abstracts.NONE:
        return tuple(found)
    lead, *rest = found[0].papers
    first = replace(found[0], papers=(lead,), contents=tuple(listed))
    more = (Block(words.say("more_in", topic=found[0].title), tuple(rest), is_topic=True),) if rest else ()
    return (first, *more, *found[1:])


def _texts(papers: Sequence[Shown]) -> list[str]:
    """Everything a reader reads, the contents' repetition left out."""
    texts = []
    for paper in papers:
        texts += [paper.title, *(run.text for run in (*paper.abstract, *paper.translated))]
        if paper.level > Level.TITLE:
            texts += [paper.reason, *(said.text for said in paper.said)]
    return texts


# --- what is not shown ---


def _left_out(edition: Edition, levels: Levels) -> Mapping[date, int]:
    """By issue, how many papers passed that this email does not show."""
    counts = Counter(dict(edition.left_out))
    counts.update(entry.issue for entry in edition.entries if levels[entry.number] is Level.HIDDEN)
    return dict(sorted(counts.items()))


def _pages(left_out: Mapping[date, int], words: Words) -> tuple[LeftOut, ...]:
    if len(left_out) == 1:
        return tuple(LeftOut(words.say("left_out_web"), f"{day}.html") for day in left_out)
    labels = {day: words.say("left_out_day", day=words.row_day(day), count=n) for day, n in left_out.items()}
    return tuple(LeftOut(label, f"{day}.html") for day, label in labels.items())


# --- the footer ---


def _addresses(letterhead: Letterhead, slots: Mapping[str, str], known: Marking | None) -> _Addresses:
    web = letterhead.public_url
    return {
        "leave_url": leave_link(letterhead, slots[LEAVE]),
        "preferences_url": f"{web}/p/{slots[PREFERENCES]}" if web else None,
        "saved_url": f"{web}/s/{slots[SAVED]}" if web else None,
        "archive_url": archive_link(letterhead, slots[ARCHIVE]),
        "marking": known,
    }


def _of_list(letterhead: Letterhead) -> _Addresses:
    """What everybody on a list may open."""
    archive = None if letterhead.private else archive_link(letterhead, "")
    return {"leave_url": "", "preferences_url": None, "saved_url": None, "archive_url": archive, "marking": None}


def _footer(edition: Edition, letterhead: Letterhead, words: Words) -> Footer:
    to_list = edition.wishes.mailing_list
    replies_read = letterhead.replies_read and not to_list
    topics = words.listed([to_unicode(one) for one in edition.topics])
    return Footer(
        **(_of_list(letterhead) if to_list else _addresses(letterhead, BLANK, marking(edition, letterhead, words))),
        one_click=bool(letterhead.public_url),
        replies_read=replies_read,
        join_url=f"{letterhead.public_url}/join" if letterhead.joins and letterhead.public_url else "",
        list_note=words.say("list_copy", list=clean(to_list), address=own_address(letterhead)) if to_list else "",
        why=words.say("why", topics=topics) if topics else "",
        replies=words.say("replies", **_commands(words)) + words.say("gap") + teach(words) if replies_read else "",
        machine=_machine(edition, words),
        address=clean(letterhead.postal_address or ""),
    )


def _commands(words: Words) -> Mapping[str, str]:
    return {name: words.say(f"answer_word_{name}") for name in ("weekly", "papers", "pause", "unsubscribe")}


def _machine(edition: Edition, words: Words) -> str:
    """Says who wrote it, and who chose it where nothing was written."""
    if not any(entry.lines or entry.score or entry.reason for entry in edition.shown):
        return words.say("machine_words")
    return words.say("machine", model=to_unicode(edition.model)) if edition.model else words.say("machine_unnamed")
