"""The content of an edition in the reader's language, including the footer: everything that the two templates use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict

from newsletter.addresses import archive_link, leave_link, own_address
from newsletter.models import Bill, Edition, Letterhead, NoticeKind, Usage
from newsletter.render.layout import OVERVIEW_RANKS, Group, Level, Levels, Shown, groups, show
from newsletter.render.sentences import minutes
from newsletter.render.slots import ARCHIVE, BLANK, LEAVE, PREFERENCES
from newsletter.tex import clean, to_unicode
from newsletter.words import Words, bare

SUBJECT_LIMIT = 78
_PADDING = "\u034f\u200c\u00a0" * 40  # keeps the paragraph behind the preheader out of the inbox list


class _Addresses(TypedDict):
    leave_url: str  # empty in a copy for a mailing list
    preferences_url: str | None
    archive_url: str | None  # ends with a slash


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    leave_url: str
    preferences_url: str | None
    archive_url: str | None
    one_click: bool
    replies_read: bool
    machine: str
    usage: str
    address: str
    list_note: str = ""  # in a copy for a mailing list, instead of what is one reader's


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
    overview: tuple[Shown, ...]
    groups: tuple[Group, ...]
    rows: tuple[Shown, ...]
    more: str
    page: str  # of the newest issue, within the archive
    footer: Footer

    @property
    def papers(self) -> tuple[Shown, ...]:
        """All papers that are not hidden."""
        return (*(paper for group in self.groups for paper in group.papers), *self.rows)


def compose(edition: Edition, letterhead: Letterhead, levels: Levels, words: Words) -> Mail:
    """The email's content at these levels, with blanks for what belongs to one reader."""
    papers = {entry.number: show(entry, levels[entry.number], edition, words) for entry in edition.entries}
    visible = [paper for paper in papers.values() if paper.level > Level.HIDDEN]
    hidden = len(papers) - len(visible)
    return Mail(
        language=words.language,
        subject=subject(edition, list(papers.values()), words),
        preheader=_preheader(edition, list(papers.values()), words),
        brand=clean(edition.name),
        day=words.days(edition.issues),
        picked=_picked(edition, words),
        minutes=words.say("minutes", count=minutes(_texts(visible))) if visible else "",
        notices=_notices(edition, words),
        overview=_overview(visible),
        groups=groups(edition, papers),
        rows=tuple(paper for paper in visible if paper.level < Level.NONE),
        more=words.say("more", count=hidden) if hidden else "",
        page=f"{edition.date}.html",
        footer=_footer(edition, letterhead, words),
    )


def addressed(mail: Mail, letterhead: Letterhead, slots: Mapping[str, str]) -> Mail:
    """The same email with these values for one reader's addresses."""
    return (
        mail if mail.footer.list_note else replace(mail, footer=replace(mail.footer, **_addresses(letterhead, slots)))
    )


def subject(edition: Edition, papers: list[Shown], words: Words) -> str:
    """The count and the top titles, as many whole titles as fit."""
    if not papers:
        late = any(notice.kind is NoticeKind.LATE for notice in edition.notices)
        return _cut(bare(words.say("subject_late" if late else "subject_quiet", name=clean(edition.name))))
    found = bare(words.say("subject", count=len(papers), titles=papers[0].short_title))
    titles = papers[0].short_title
    for paper in papers[1:4]:
        titles += words.say("separator") + paper.short_title
        longer = bare(words.say("subject", count=len(papers), titles=titles))
        if len(longer) > SUBJECT_LIMIT:
            break
        found = longer
    return _cut(found)


def _cut(text: str) -> str:
    if len(text) <= SUBJECT_LIMIT:
        return text
    kept = text[: SUBJECT_LIMIT - 1]
    return (kept.rsplit(" ", 1)[0] if " " in kept[SUBJECT_LIMIT // 2 :] else kept).rstrip(" ,;:-–—") + "…"


def _preheader(edition: Edition, papers: list[Shown], words: Words) -> str:
    titles = words.say("separator").join(paper.short_title for paper in papers[:3])
    shown = words.say("preheader", count=len(papers), titles=titles) if papers else _notices(edition, words)[0]
    return shown + _PADDING


def _picked(edition: Edition, words: Words) -> str:
    if not edition.entries:
        return ""
    papers = words.say("papers", count=len(edition.entries))
    return words.say("picked", papers=papers, considered=edition.considered)


def _notices(edition: Edition, words: Words) -> tuple[str, ...]:
    said = []
    for notice in edition.notices:
        if notice.kind is not NoticeKind.QUIET:
            said.append(words.say(notice.kind.value, count=notice.count, total=notice.total))
    quiet = any(notice.kind is NoticeKind.QUIET for notice in edition.notices)
    if not edition.entries and (quiet or not said):  # an email is never blank, whatever the notices say
        count = edition.considered
        said.append(words.say("quiet_none", count=count) if count else words.say("quiet"))
    return tuple(said)


def _overview(visible: list[Shown]) -> tuple[Shown, ...]:
    return tuple(visible[:OVERVIEW_RANKS]) if len(visible) > 2 else ()


def _texts(papers: list[Shown]) -> list[str]:
    """Everything a reader reads, the overview's repetition left out."""
    texts = []
    for paper in papers:
        texts += [paper.title, *(run.text for run in (*paper.abstract, *paper.translated))]
        if paper.level > Level.TITLE:
            texts += [paper.reason, *(said.text for said in paper.said)]
    return texts


def _addresses(letterhead: Letterhead, slots: Mapping[str, str]) -> _Addresses:
    web = letterhead.public_url
    return {
        "leave_url": leave_link(letterhead, slots[LEAVE]),
        "preferences_url": f"{web}/p/{slots[PREFERENCES]}" if web else None,
        "archive_url": archive_link(letterhead, slots[ARCHIVE]),
    }


def _of_list(letterhead: Letterhead) -> _Addresses:
    """What everybody on a list may open."""
    archive = None if letterhead.private else archive_link(letterhead, "")
    return {"leave_url": "", "preferences_url": None, "archive_url": archive}


def _footer(edition: Edition, letterhead: Letterhead, words: Words) -> Footer:
    to_list = edition.wishes.mailing_list
    return Footer(
        **(_of_list(letterhead) if to_list else _addresses(letterhead, BLANK)),
        one_click=bool(letterhead.public_url),
        replies_read=letterhead.replies_read and not to_list,
        list_note=words.say("list_copy", list=clean(to_list), address=own_address(letterhead)) if to_list else "",
        machine=_machine(edition, words),
        usage=_usage(edition, words),
        address=clean(letterhead.postal_address or ""),
    )


def _machine(edition: Edition, words: Words) -> str:
    """Says who wrote it, where anything is a machine's."""
    if not any(entry.lines or entry.score or entry.reason for entry in edition.entries):
        return ""
    return words.say("machine", model=to_unicode(edition.model)) if edition.model else words.say("machine_unnamed")


def _usage(edition: Edition, words: Words) -> str:
    """The bill: the whole, then each stage, with its model where there are several."""
    usage = edition.usage
    if not usage.prompt_tokens + usage.completion_tokens:
        return ""
    total = _spent("usage", usage, words)
    several = len({bill.model for bill in edition.bills}) > 1
    parts = [_part(bill, words, named=several) for bill in edition.bills if bill.stage]
    if len(parts) < 2:
        return words.say("usage_total", total=total)
    return words.say("usage_parts", total=total, parts=words.say("usage_between").join(parts))


def _part(bill: Bill, words: Words, *, named: bool) -> str:
    model = f" {to_unicode(bill.model)}" if named else ""
    return _spent("usage_of", bill.usage, words, stage=words.say(f"stage_{bill.stage}"), model=model)


def _spent(key: str, usage: Usage, words: Words, **more: str) -> str:
    cost = words.say("cost_unknown") if usage.cost_usd is None else words.dollars(usage.cost_usd)
    return words.say(key, prompt=usage.prompt_tokens, completion=usage.completion_tokens, cost=cost, **more)
