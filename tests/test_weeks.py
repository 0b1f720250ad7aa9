"""Emails over several days: weekly ones, what was missed meanwhile, what is not shown, and what is withdrawn since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter import pipeline
from newsletter.delivery import due_issues
from newsletter.demo.rows import SampleRow
from newsletter.demo.servers import Servers
from newsletter.models import AnnounceType, Hours, SubscriberState
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.hours import is_due_day, last_hour
from tests.morning import active, desk_of, outbox, part, sample_rows, settings_for

FRIDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 9)
WEEK = [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12), date(2026, 3, 13), date(2026, 3, 16)]
ADA, BO = "ada@example.org", "bo@example.org"
ROSTER = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
subscribers:
  - {email: ada@example.org, frequency: weekly, max_papers: 4}
  - {email: bo@example.org, max_papers: 2}
"""


def spread(days: Sequence[date]) -> list[SampleRow]:
    """The sample day's papers, taken in turn by these days."""
    rows = sample_rows()
    return [_on(row, days[number % len(days)]) for number, row in enumerate(rows)]


def _on(row: SampleRow, day: date) -> SampleRow:
    start, end = calendar.window(day)
    return replace(row, announced=day, published=start + (end - start) / 2, updated=start + (end - start) / 2)


def morning(settings: Settings, servers: Servers, day: date, only: str | None = None) -> dict[str, EmailMessage]:
    """The emails of a run on this day."""
    servers.arxiv.announced = day
    for file in (settings.data_dir / "outbox").glob("*.eml"):
        file.unlink()
    with desk_of(settings, calendar.announced_at(day) + timedelta(hours=10)) as desk:
        pipeline.run(desk, only=only)
    return outbox(settings)


def read(mail: EmailMessage) -> str:
    return " ".join(part(mail, "plain").split())


def ids_in(mail: EmailMessage) -> list[str]:
    return re.findall(r"arXiv: https://arxiv\.org/abs/([\d.]+)", part(mail, "plain"))


def test_a_weekly_email_is_the_best_of_the_week(tmp_path: Path) -> None:
    """On Monday alone, over the issues since the last one; behind it the best of a pause; it never says today."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    days = [FRIDAY, MONDAY, *WEEK]
    with Servers(spread(days), FRIDAY) as servers:
        settings = settings_for(servers, tmp_path)
        assert {BO} == set(morning(settings, servers, FRIDAY))
        assert {ADA} == set(morning(settings, servers, FRIDAY, only=ADA))  # asked for, whatever the weekday
        with desk_of(settings) as desk:
            ada = desk.store.subscriber(ADA)
            assert ada is not None
            desk.store.set_subscriber(ada.id, SubscriberState.PAUSED, "test", datetime(2026, 3, 6, 12, tzinfo=UTC))
            desk.store.set_pause(ada.id, WEEK[0], None, datetime(2026, 3, 6, 12, tzinfo=UTC))
        for day in (MONDAY, *WEEK[:-1]):
            daily = morning(settings, servers, day)
            assert {BO} == set(daily)
            assert "── Paper of the day ──" in read(daily[BO])
        mail = morning(settings, servers, WEEK[-1])[ADA]
    text = read(mail)
    assert "Your week, 10–16 March" in text
    assert re.search(r"4 of \d+ new papers in 5 issues", text)
    assert "── Paper of the week ──" in text
    assert "── What you missed, 9 March ──" in text
    assert "today" not in text.lower()
    assert not re.search(r"today", part(mail, "html"), re.I)
    rows = {row.id: row for row in spread(days)}
    with desk_of(settings) as desk:
        editor, topic = pipeline.Editor(desk), desk.roster.topic("foundations")
        judged = [one for day in WEEK for one in editor.day(day, topic).judged]
    marks = {one.paper.arxiv_id: (one.score.relevance, one.score.novelty) for one in judged if one.score}
    assert sorted(marks.values(), reverse=True)[:4] == [marks[one] for one in ids_in(mail)[:4]]
    assert {MONDAY} == {rows[one].announced for one in ids_in(mail)[4:]}
    shown = {f"{day:%a} {day.day} March" for day in {rows[one].announced for one in ids_in(mail)}}
    assert shown == set(re.findall(r"cs\.\w+ · (\w+ \d+ March)", text))


def test_all_that_passed_is_counted_and_linked(tmp_path: Path) -> None:
    """What the reader's `max_papers` leaves out is counted by day, with the page that has it."""
    roster = ROSTER.replace(", frequency: weekly", "").replace(
        "topics:\n", "newsletter: {archive: public}\ntopics:\n", 1
    )
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    with Servers(spread([MONDAY, WEEK[0]]), MONDAY) as servers:
        settings = settings_for(servers, tmp_path).model_copy(update={"public_url": "https://news.example.org"})
        with desk_of(settings, calendar.announced_at(WEEK[0]) + timedelta(hours=10)) as desk:
            pipeline.prepare_days(desk, MONDAY)
            servers.arxiv.announced = WEEK[0]
            pipeline.prepare_days(desk, WEEK[0])
            reader = next(one for group in pipeline.groups(desk) for page in desk.store.pages(group.id) for one in page)
            editor, issues = pipeline.Editor(desk), (MONDAY, WEEK[0])
            passed = editor.passed(reader.wishes, issues)
            edition = editor.compose(reader.wishes, issues)
            assert len(passed) == len(edition.entries) + sum(count for _, count in edition.left_out)
            assert {day for day, _ in edition.left_out} <= set(issues)
            text = " ".join(editor.render(reader.wishes, issues).text.content.decode().split())
            pipeline.publish(desk)
    more = len(passed) - len(edition.entries)
    assert more > 3
    assert f"{more} more papers passed." in text
    for day, count in edition.left_out:
        assert re.search(rf"{day.day} March: {count}: https://news\.example\.org/{day}\.html", text)
        page = (settings.data_dir / "archive" / f"{day}.html").read_text("utf-8")
        assert all(pick.paper.arxiv_id in page for pick in passed if pick.issue == day)


def test_a_day_on_which_nothing_passes_shows_the_nearest(tmp_path: Path) -> None:
    """Three papers, marked as such, with what was written about them; a word that is excluded stays out."""
    roster = ROSTER.replace(", frequency: weekly", "").replace(
        "    interests", "    min_relevance: 10\n    min_novelty: 10\n    interests"
    )
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    with Servers(spread([MONDAY]), MONDAY) as servers:
        settings = settings_for(servers, tmp_path)
        mail = morning(settings, servers, MONDAY)[ADA]
    text = read(mail)
    assert re.search(r"None of \d+ new papers reached your bar \(relevance 10\)\.", text)
    assert "── Nearest to your interests ── 1. " in text
    assert 3 == len(ids_in(mail))
    assert text.count("针对") + text.count("，") > 3  # one-liners in the second language too
    assert mail["Subject"] == "Morning arXiv: nothing new for you today"


def test_the_bar_of_single_readers(tmp_path: Path) -> None:
    """A lower one brings what others are told is below theirs, and a higher one less; nobody else's email changes."""
    roster = ROSTER.replace(", frequency: weekly", "") + "  - {email: cat@example.org, min_relevance: 9}\n"
    roster += "  - {email: dan@example.org, max_papers: 100, min_relevance: 1}\n"
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    with Servers(spread([MONDAY]), MONDAY) as servers:
        settings = settings_for(servers, tmp_path).model_copy(update={"public_url": "https://news.example.org"})
        mails = morning(settings, servers, MONDAY)
        with desk_of(settings, calendar.announced_at(MONDAY) + timedelta(hours=10)) as desk:
            editor, topic = pipeline.Editor(desk), desk.roster.topic("foundations")
            scores = {one.paper.arxiv_id: one.score.relevance for one in editor.day(MONDAY, topic).judged if one.score}
            wishes = {one.email: one.wishes for one in active(desk)}
            passed = [pick.paper.arxiv_id for pick in editor.picks(replace(wishes[ADA], max_papers=100), (MONDAY,))]
            low = editor.compose(wishes["dan@example.org"], (MONDAY,))
            pipeline.publish(desk)
    assert min(scores[one] for one in passed) == 8
    assert {9, 10} >= {scores[one] for one in ids_in(mails["cat@example.org"])}
    below = [entry for entry in low.entries if entry.paper.arxiv_id not in passed]
    assert len(below) > 10
    assert {True} == {bool(one.lines) for one in below[:10]}
    assert {False} == {bool(one.lines) for one in below[10:]}  # what one reader sets does not make it expensive
    assert () == low.left_out
    page = (settings.data_dir / "archive" / f"{MONDAY}.html").read_text("utf-8")
    assert all(one in page for one in passed)
    assert not any(entry.paper.arxiv_id in page for entry in below)


def test_a_quiet_day_leads_to_the_bar(tmp_path: Path) -> None:
    """The email names the bar and links to where it is set; whoever set it lower has papers."""
    roster = ROSTER.replace(", frequency: weekly", "").replace("    interests", "    min_relevance: 10\n    interests")
    others = "  - {email: dan@example.org, min_relevance: 7}\n  - {email: all@example.org, list: true}\n"
    (tmp_path / "subscribers.yaml").write_text(roster + others, "utf-8")
    rows = [row for row in spread([MONDAY]) if max(row.scores.values(), default=(0, 0))[0] < 10]
    with Servers(rows, MONDAY) as servers:
        settings = settings_for(servers, tmp_path).model_copy(update={"public_url": "https://news.example.org"})
        mails = morning(settings, servers, MONDAY)
    text = read(mails[ADA])
    assert re.search(r"Is the bar too high\? Lower it in your preferences: https://news\.example\.org/p/\w+", text)
    assert re.search(r'Is the bar too high\? <a [^>]*href="https://news\.example\.org/p/', part(mails[ADA], "html"))
    assert "bar too high" not in read(mails["all@example.org"])
    assert "bar" not in read(mails["dan@example.org"])
    assert "── Paper of the day ──" in read(mails["dan@example.org"])


def test_a_withdrawn_paper_is_told_once_to_whom_had_it(tmp_path: Path) -> None:
    """One request for the replaced papers that an email carried; other replacements stay silent."""
    roster = ROSTER.replace(", frequency: weekly", "")
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    rows = spread([MONDAY, WEEK[0], WEEK[1]])
    with Servers(rows, MONDAY) as servers:
        settings = settings_for(servers, tmp_path)
        first = ids_in(morning(settings, servers, MONDAY)[ADA])
        assert 4 == len(first)
        said = {
            first[0]: "This paper has been withdrawn by the authors due to an error in Lemma 2",
            first[3]: "v2: typos",
        }
        unseen = next(row.id for row in rows if row.announced == MONDAY and row.id not in first)
        replaced = {**said, unseen: "Withdrawn"}

        def again(row: SampleRow) -> SampleRow:
            kind = AnnounceType.REPLACE
            return replace(row, version=2, announced=WEEK[0], announce_type=kind, comment=replaced[row.id])

        servers.arxiv.papers = [again(row) if row.id in replaced else row for row in rows]
        settings.subscribers.write_text(roster + "  - {email: new@example.org}\n", "utf-8")
        asked = len(servers.arxiv.requests)
        mails = morning(settings, servers, WEEK[0])
        by_id = [path for _, path in servers.arxiv.requests[asked:] if re.search(r"id_list=\d", path)]
        after = morning(settings, servers, WEEK[1])
    title = next(row.title for row in rows if row.id == first[0])
    assert 1 == len(by_id)
    assert first[0] in by_id[0]
    assert unseen not in by_id[0]
    told = read(mails[ADA])
    assert "Withdrawn since your email about Mon 9 March: “" in told
    assert f"(arXiv:{first[0]})" in told
    assert title.partition(":")[0].split()[0] in told
    assert 1 == told.count("Withdrawn")
    assert "Withdrawn" not in read(mails["new@example.org"])
    assert not [to for to, mail in after.items() if "Withdrawn" in read(mail)]


def hours(days: frozenset[int], *, weekly: bool = True) -> Hours:
    return Hours(send_at=time(9, 30), wait_until=time(12), timezone="UTC", days=days, weekly=weekly)


@pytest.mark.parametrize(
    ("days", "now", "due"),
    [
        (frozenset(range(1, 8)), "2026-03-09 10:00", True),  # a Monday
        (frozenset(range(1, 8)), "2026-03-11 10:00", False),
        (frozenset({3, 5}), "2026-03-11 10:00", True),
        (frozenset({3, 5}), "2026-03-13 10:00", False),
    ],
)
def test_weekly_is_the_first_of_the_days(days: frozenset[int], now: str, due: bool) -> None:
    """Monday, or the earliest of the reader's own days."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert due is is_due_day(hours(days), moment)
    assert due is (last_hour(hours(days), moment) is not None)
    assert last_hour(hours(days, weekly=False), datetime(2026, 3, 13, 10, tzinfo=UTC)) is not None


def test_the_issues_of_a_weekly_email() -> None:
    """A new reader's are of the last seven days; others get all since their last, at most five weeks."""
    ready = [date(2026, 3, 16) - timedelta(days=number) for number in range(40)]
    assert due_issues(ready, (), weekly=True) == tuple(sorted(ready[:7]))
    assert due_issues(ready, (), weekly=False) == (ready[0],)
    assert due_issues(ready, (ready[9],), weekly=True) == tuple(sorted(ready[:9]))
    assert len(due_issues(ready, (ready[39],), weekly=True)) == 25
    assert due_issues([], (), weekly=True) == ()
