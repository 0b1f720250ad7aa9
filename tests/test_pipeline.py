"""One morning: complete, honest about failure, and the same after a stop at any save."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter import app, collect, pipeline, readers, tex
from newsletter.delivery import Tally, holding
from newsletter.demo.faults import Fault
from newsletter.demo.rows import SampleRow, load_rows
from newsletter.demo.servers import Servers
from newsletter.errors import ArxivUnavailable, TransportError, TransportRefused, TransportUnavailable
from newsletter.models import (
    Answer,
    DeliveryState,
    Issue,
    IssueState,
    Outcome,
    Outgoing,
    SubscriberState,
    Verdict,
)
from newsletter.pipeline import Desk, Editor, NotOut, Planning, send
from newsletter.settings import Settings
from newsletter.times import calendar
from tests.conftest import REAL_FOLDER
from tests.counters import counter_of
from tests.factories import DAY
from tests.morning import MORNING, ROSTER, active, desk_of, outbox, part, practice, sample_rows, settings_for

READERS = {"ada@example.org", "chen@example.org"}


def run(settings: Settings, **more: Any) -> pipeline.Morning:
    with desk_of(settings, **more) as desk:
        return pipeline.run(desk)


def asked_about(servers: Servers) -> Counter[tuple[str, str]]:
    """How often the model was asked about each paper, by kind of request and title: ids are shortened for a model."""
    found: Counter[tuple[str, str]] = Counter()
    for body in servers.model.requests:
        kind = body["response_format"]["json_schema"]["name"]
        found.update((kind, title) for title in re.findall(r"<paper [^>]*>\n(.+)", body["messages"][-1]["content"]))
    return found


# --- a good morning ---


def test_a_morning_reaches_every_reader_once(tmp_path: Path) -> None:
    """Each reader has one mail with every picked paper in both languages; the same morning again sends nothing."""
    with practice(tmp_path) as (servers, settings):
        first = run(settings)
        asked = len(servers.model.requests)
        second = run(settings)
        assert asked == len(servers.model.requests)
    assert (2, 2) == (first.planned, first.tally.accepted)
    assert (0, 0) == (second.planned, second.tally.accepted)
    mails = outbox(settings)
    assert set(mails) == READERS
    issue = first.issues[0]
    assert issue.collected == issue.scored > 30
    assert 0 == issue.unscored + issue.ranked
    chinese, english = part(mails["chen@example.org"], "html"), part(mails["ada@example.org"], "html")
    assert '<html lang="zh' in chinese
    assert '<html lang="en' in english
    papers = {row.id: row for row in sample_rows()}
    shown = re.findall(r'https://arxiv\.org/abs/([\d.]+)"', english)
    assert issue.picked == len(set(shown)) == 15
    for arxiv_id in shown:
        for language in ("en", "zh"):
            line = papers[arxiv_id].lines[language]
            assert tex.to_unicode(line).split("&")[0].split("'")[0][:40] in english


def test_every_paper_is_accounted_for(tmp_path: Path) -> None:
    """collected = scored + ranked + unscored, and explain knows of each paper why."""
    with practice(tmp_path) as (_, settings):
        run(settings)
    with desk_of(settings) as desk:
        (issue,) = desk.store.issues()
        assert issue.collected == issue.scored + issue.ranked + issue.unscored == len(desk.store.papers(DAY))
        assert issue.usage.prompt_tokens > 10_000
        assert issue.usage.cost_usd == pytest.approx(
            (issue.usage.prompt_tokens * 0.25 + issue.usage.completion_tokens * 2.0) / 1e6
        )


def test_without_a_model_the_day_is_ordered_by_words_and_says_so(tmp_path: Path) -> None:
    """No key is needed: the closest tenth comes, without scores, with a plain sentence about it."""
    with practice(tmp_path, model=False) as (servers, settings):
        done = run(settings)
        assert [] == servers.model.requests
    (issue,) = done.issues
    assert (0, 0, issue.collected) == (issue.scored, issue.unscored, issue.ranked)
    text = part(outbox(settings)["ada@example.org"], "plain")
    assert "No language model" in text
    assert not re.search(r"\d/10|Relevance \d", text)
    assert issue.picked == -(-issue.collected // 10)


def test_a_reader_who_left_gets_nothing(tmp_path: Path) -> None:
    """The ledger decides: whoever has left stays left, whatever the file says."""
    with practice(tmp_path) as (_, settings):
        with counter_of(settings) as counter:
            ada = counter.store.enrol(["ada@example.org"], MORNING)["ada@example.org"]
            readers.leave(counter, ada.id, "by reply")
        assert "unsubscribed: 2026-03-09 by reply" in settings.subscribers.read_text("utf-8")
        settings.subscribers.write_text(ROSTER, "utf-8")  # the line is deleted by hand
        run(settings)
    assert set(outbox(settings)) == {"chen@example.org"}


def test_what_the_file_says_of_leaving_counts_in_a_new_database(tmp_path: Path) -> None:
    """With a new ledger, `unsubscribed:` and `paused_until:` in the file keep mails away."""
    roster = ROSTER + "  - email: gone@example.org\n    unsubscribed: 2026-03-01 by reply\n"
    roster += "  - email: away@example.org\n    paused_until: 2026-04-01\n"
    with practice(tmp_path, roster=roster) as (_, settings):
        run(settings)
        with desk_of(settings) as desk:
            gone = desk.store.subscriber("gone@example.org")
            assert gone is not None
            assert gone.state is SubscriberState.UNSUBSCRIBED
    assert set(outbox(settings)) == READERS


def test_a_new_reader_gets_the_newest_issue_on_the_next_run(tmp_path: Path) -> None:
    """Somebody added after the morning gets that issue by a manual run, the others nothing."""
    with practice(tmp_path) as (_, settings):
        run(settings)
        settings.subscribers.write_text(ROSTER + "  - new@example.org\n", "utf-8")
        assert 1 == run(settings).tally.accepted
    assert set(outbox(settings)) == READERS | {"new@example.org"}


def test_one_reader_alone(tmp_path: Path) -> None:
    """`--only` sends to that reader; the next run serves the rest."""
    with practice(tmp_path) as (_, settings):
        with desk_of(settings) as desk:
            assert 1 == pipeline.run(desk, only="Chen@Example.org").tally.accepted
        assert set(outbox(settings)) == {"chen@example.org"}
        assert 1 == run(settings).tally.accepted


# --- days ---


def test_a_day_that_is_not_out_yet_is_no_empty_day(tmp_path: Path) -> None:
    """Before arXiv has announced nothing is recorded and nothing is sent; afterwards the day is whole."""
    with practice(tmp_path) as (servers, settings):
        run(settings)
        later = MORNING + timedelta(days=1)
        done = run(settings, now=later)
        assert ((), (NotOut(date(2026, 3, 10)),)) == (done.issues, done.not_out)
        assert servers
        with desk_of(settings, later) as desk:
            assert desk.store.issue(date(2026, 3, 10)) is None


def test_an_announced_empty_day_is_said_in_one_line(tmp_path: Path) -> None:
    """Without papers half a day after its hour the day is quiet: one short mail, never yesterday's papers."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers([], DAY) as servers:
        settings = settings_for(servers, tmp_path)
        early = run(settings)
        done = run(settings, now=MORNING + timedelta(hours=7))
    assert ((), (NotOut(DAY, is_late=True),)) == (early.issues, early.not_out)
    assert [IssueState.QUIET] == [issue.state for issue in done.issues]
    mail = outbox(settings)["ada@example.org"]
    assert len(part(mail, "plain")) < 1500
    assert "arxiv.org/abs" not in part(mail, "plain")


def test_quiet_days_can_be_skipped(tmp_path: Path) -> None:
    """`quiet_days: skip` sends nothing on an empty day."""
    (tmp_path / "subscribers.yaml").write_text("newsletter:\n  quiet_days: skip\n" + ROSTER, "utf-8")
    with Servers([], DAY) as servers:
        settings = settings_for(servers, tmp_path)
        assert 0 == run(settings, now=MORNING + timedelta(hours=7)).tally.accepted


def test_arxiv_down_records_nothing(tmp_path: Path) -> None:
    """An outage is an error, not a day without papers; when arXiv is back the day is sent."""
    with practice(tmp_path) as (servers, settings):
        servers.arxiv.faults.extend(Fault(kind="status") for _ in range(15))
        with pytest.raises(ArxivUnavailable):
            run(settings)
        servers.arxiv.faults.clear()
        with desk_of(settings) as desk:
            assert [] == list(desk.store.issues())
        assert 2 == run(settings).tally.accepted


def test_papers_that_the_feed_knows_first_are_completed_later(tmp_path: Path) -> None:
    """A paper that only the feed knew is there at once; the next run brings what the API says of it."""
    with practice(tmp_path) as (servers, settings):
        with desk_of(settings) as desk:
            hidden = sorted(p.arxiv_id for p in collect.fetch(desk.source, [DAY], ("cs.LG",)).papers)[0]
            servers.arxiv.unknown = {hidden}
            (first,) = pipeline.collect_issues(desk, [DAY])
            assert isinstance(first, Issue)
            assert (hidden,) == first.provisional
            told = desk.store.paper(hidden)
        servers.arxiv.unknown = set()
        (issue,) = run(settings).issues
        assert (first.collected, (), ()) == (issue.collected, issue.missing, issue.provisional)
        assert issue.collected == issue.scored
        with desk_of(settings) as desk:
            known = desk.store.paper(hidden)
    assert told is not None
    assert known is not None
    assert (told[1], told[0].title) == (known[1], known[0].title)
    assert (
        told[0].published
        != known[0].published
        == next(row.published for row in servers.arxiv.papers if row.id == hidden)
    )


def test_an_odd_entry_is_named_and_taken_in_later(tmp_path: Path) -> None:
    """The day is collected without it; notes and the administrator name it, and it comes once it can be read."""
    with practice(tmp_path) as (servers, settings):
        with desk_of(settings) as desk:
            start, end = calendar.window(DAY)
            row = next(
                row for row in servers.arxiv.papers if "cs.LG" in row.categories and start <= row.published < end
            )
            whole = len(collect.assign(collect.fetch(desk.source, [DAY], ("cs.LG", "cs.CL")), {}, {})[0].new)
            servers.arxiv.papers = [replace(one, abstract="  ") if one is row else one for one in servers.arxiv.papers]
            (first,) = pipeline.collect_issues(desk, [DAY])
            assert isinstance(first, Issue)
            assert (first.collected, first.missing) == (whole - 1, (row.id,))
            assert f"set aside, could not be read: {row.id} (no abstract)" in first.notes
            (trouble,) = [one for one in desk.store.troubles() if one.key == "entries"]
            assert row.id in trouble.problem
            servers.arxiv.papers = [row if one.id == row.id else one for one in servers.arxiv.papers]
        (issue,) = run(settings).issues
    assert (issue.collected, issue.scored, issue.missing) == (whole, whole, ())


# --- the model ---


@pytest.mark.parametrize("kind", ["not_json", "fenced", "missing_ids", "invented_ids", "out_of_range", "html"])
def test_a_bad_answer_costs_no_paper(tmp_path: Path, kind: str) -> None:
    """Answers that are cut, fenced, incomplete or invented are repaired or asked for again."""
    with practice(tmp_path) as (servers, settings):
        servers.model.faults.append(Fault(kind=kind))  # type: ignore[arg-type]
        (issue,) = run(settings).issues
    assert issue.collected == issue.scored
    assert 0 == issue.unscored


def test_a_dead_model_does_not_stop_the_mail(tmp_path: Path) -> None:
    """With every request refused the day goes out in the order by words, and says that the model failed."""
    with practice(tmp_path) as (servers, settings):
        refusal = '{"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}'
        yesterday = date(2026, 3, 6)
        with desk_of(settings) as desk:  # the first issue of a ledger is not sent without its model
            desk.store.save_collection(Issue(date=yesterday, state=IssueState.QUIET), (), (), {"cs.LG", "cs.CL"})
            pipeline.Planning(desk, pipeline.Editor(desk), [[pipeline.Due(active(desk)[0], (yesterday,))]]).finish()
            pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), []))
        servers.model.faults.extend(Fault(kind="status", status=401, body=refusal) for _ in range(200))
        done = run(settings)
    (issue,) = done.issues
    assert 2 == done.tally.accepted
    assert (0, issue.collected) == (issue.scored, issue.unscored)
    assert any("openai/sample-model" in note for note in issue.model_notes)
    assert "model" in part(outbox(settings)["ada@example.org"], "plain")
    assert len(servers.model.requests) < 60  # a refused key is not tried for every paper


def test_the_cost_limit_stops_the_calls_and_is_said(tmp_path: Path) -> None:
    """At the limit no further call is made; the mail goes out and names it."""
    with practice(tmp_path) as (servers, settings):
        settings = settings.model_copy(update={"max_cost_usd": 0.001})
        done = run(settings)
        asked = len(servers.model.requests)
        run(settings)
        assert asked == len(servers.model.requests)
    (issue,) = done.issues
    assert 2 == done.tally.accepted
    assert any("limit of $0.001" in note for note in issue.model_notes)
    assert issue.usage.cost_usd is not None
    assert issue.usage.cost_usd < 0.02


# --- stopped anywhere ---


class Killed(BaseException):
    """A stop that no handler expects."""


class Counting:
    """Counts a port's writes, and stops before or after the one it is told."""

    WRITES = (
        "save_collection",
        "save_issue",
        "save_ranks",
        "save_scores",
        "save_summary",
        "save_edition",
        "plan",
        "claim",
        "finish",
    )

    def __init__(self, inner: Any, names: tuple[str, ...], at: int | None = None, *, after: bool = False) -> None:
        self._inner, self._names, self._at, self._after = inner, names, at, after
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self._at and not self._after:
                raise Killed
            result = found(*arguments, **options)
            if self.count == self._at:
                raise Killed
            return result

        return call


def _writes_of_a_morning(folder: Path) -> int:
    counting: list[Counting] = []

    def wrap(desk: Desk) -> Desk:
        counting.append(Counting(desk.store, Counting.WRITES))
        return replace(desk, store=counting[0])

    with practice(folder) as (_, settings):
        run(settings, wrap=wrap)
    return counting[0].count


@pytest.mark.on_file  # several mornings, each with a folder and keys of its own
# The stop tears an event loop down in the middle of requests: the coroutines that it leaves are the point of the test.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_save_the_morning_is_finished_once(tmp_path: Path, after: bool) -> None:
    """Stop at each write of the ledger in turn and run again: every reader has one mail, no answer is paid twice."""
    (tmp_path / "whole").mkdir()
    total = _writes_of_a_morning(tmp_path / "whole")
    assert total > 20
    for at in range(1, total + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        with practice(folder) as (servers, settings):
            with pytest.raises(Killed):
                run(
                    settings,
                    wrap=lambda d, at=at: replace(d, store=Counting(d.store, Counting.WRITES, at, after=after)),
                )
            stored = _stored(settings)
            before = asked_about(servers)
            run(settings)
            again = asked_about(servers) - before
            assert stored <= set(before), f"write {at}"
        assert set(outbox(settings)) == READERS, f"write {at}"
        assert not [key for key in again if key in stored], f"write {at}"
        _all_accepted_once(settings)


def _stored(settings: Settings) -> set[tuple[str, str]]:
    """The (kind, title) pairs whose answers the ledger holds."""
    titles = "SELECT title FROM {} JOIN paper USING (arxiv_id)"
    with app.open_ledger(settings) as store, store._engine.connect() as connection:  # type: ignore[attr-defined]
        scored = connection.exec_driver_sql(titles.format("score")).scalars().all()
        summed_up = connection.exec_driver_sql(titles.format("summary")).scalars().all()
    return {("scores", title) for title in scored} | {("summaries", title) for title in summed_up}


def _all_accepted_once(settings: Settings) -> None:
    with app.open_ledger(settings) as store:
        mails = store.deliveries()
    assert [DeliveryState.ACCEPTED] * 2 == [mail.state for mail in mails]
    assert READERS == {mail.email for mail in mails}


class Flaky:
    """The outbox, stopped after a mail is written and before anybody knows; or refusing in a way it is told."""

    name, room = "flaky", 1
    trouble: TransportError | None = None

    def __init__(self, inner: Any, outcomes: Iterator[Any]) -> None:
        self._inner, self._outcomes = inner, outcomes
        self.sent: list[bytes] = []

    def exchange(self, made: Iterable[Outgoing], wait: float) -> Any:
        mails = list(made)
        if not mails:
            return []
        planned = next(self._outcomes, None)
        if isinstance(planned, TransportError):
            self.room, self.trouble = 0, planned
            planned = Outcome(Verdict.UNTRIED, planned.problem)
        if planned is None or planned is Killed:
            self.sent += [mail.message.raw for mail in mails]
            result = self._inner.exchange(mails, wait)
            if planned is Killed:
                raise Killed
            return result
        return [Answer(mail.key, planned) for mail in mails]

    def close(self) -> None:
        self._inner.close()


def flaky(outcomes: list[Any]) -> tuple[list[Flaky], Any]:
    made: list[Flaky] = []

    def wrap(desk: Desk) -> Desk:
        made.append(Flaky(desk.transport, iter(outcomes)))
        return replace(desk, transport=made[-1])

    return made, wrap


@pytest.mark.on_file  # on a server it waits for the end of the lease, see test_workers
def test_a_mail_in_doubt_is_repeated_as_the_same_bytes_and_named(tmp_path: Path) -> None:
    """Stopped between sending and recording, the mail goes out again with the same Message-ID, and status names it."""
    with practice(tmp_path) as (_, settings):
        first, wrap = flaky([Killed])
        with pytest.raises(Killed):
            run(settings, wrap=wrap)
        second, wrap = flaky([])
        run(settings, wrap=wrap)
        assert first[0].sent[0] == second[0].sent[0]
        assert 2 == len(second[0].sent)
        with app.open_ledger(settings) as store:
            assert [True, False] == [bool(mail.error) for mail in store.deliveries()]


def test_refusals_wait_or_end_and_the_others_go_on(tmp_path: Path) -> None:
    """A refusal for good ends one mail, one for now waits its time; both are counted."""
    with practice(tmp_path) as (_, settings):
        _, wrap = flaky([Outcome(Verdict.PERMANENT, "550 no such user"), Outcome(Verdict.TEMPORARY, "451 later", 60)])
        done = run(settings, wrap=wrap)
        assert (0, 1, 1) == (done.tally.accepted, done.tally.waiting, done.tally.failed)
        assert 0 == run(settings).tally.accepted  # its time has not come
        assert 1 == run(settings, now=MORNING + timedelta(minutes=2)).tally.accepted


def test_a_transport_that_refuses_everybody_loses_nobody(tmp_path: Path) -> None:
    """A refused login stops the run; with the key mended everybody gets their mail."""
    with practice(tmp_path) as (_, settings):
        _, wrap = flaky([TransportRefused("smtp", "the login is refused")])
        with pytest.raises(TransportRefused):
            run(settings, wrap=wrap)
        assert 2 == run(settings).tally.accepted
    assert set(outbox(settings)) == READERS


def test_a_hold_lasts_until_its_time_or_the_operator(tmp_path: Path) -> None:
    """A server that is down holds the service's rounds; it tells after the second, and a run clears it."""
    down = TransportUnavailable("smtp", "cannot connect", 600.0)
    with practice(tmp_path) as (_, settings):
        told: list[tuple[str, str]] = []

        class Heard:
            def trouble(self, key: str, problem: str, remedy: str) -> None:
                told.append((key, problem))

            def over(self, key: str) -> None:
                told.append((key, "over"))

        def round_of(minutes: float, outcomes: list[Any]) -> Tally:
            _, wrap = flaky(outcomes)
            with desk_of(settings, now=MORNING + timedelta(minutes=minutes), wrap=wrap) as desk:
                return send(replace(desk, alarm=Heard()), Planning(desk, Editor(desk), []))

        _, wrap = flaky([down])
        assert run(settings, wrap=wrap).tally.held == "smtp: cannot connect"
        assert told == []
        assert round_of(9, []) == Tally()
        assert round_of(11, [down]).held == "smtp: cannot connect"
        assert told == [("sending", "emails wait: smtp: cannot connect")]
        with app.open_ledger(settings) as store:
            assert "next try at 2026-03-09 06:21 UTC" in str(holding.read(store))
            assert {mail.attempts for mail in store.deliveries()} == {0}
        assert round_of(12, []) == Tally()
        assert run(settings, now=MORNING + timedelta(minutes=13)).tally.accepted == 2
        with app.open_ledger(settings) as store:
            assert holding.read(store) is None


# --- real papers ---

_REAL_ROSTER = """\
topics:
  foundations:
    categories: [cs.LG, cs.AI]
    interests: Mixture of experts, sparsity, pruning, quantization, low-rank methods, training dynamics.
subscribers:
  - ada@example.org
  - email: chen@example.org
    languages: [zh, en]
    abstracts: full
"""


def real_rows(folder: Path) -> list[SampleRow]:
    """The 228 papers that arXiv announced in two categories on 9 March 2026."""
    rows = load_rows(folder / "arxiv" / "days" / "2026-03-09.jsonl.gz", calendar.window)
    wanted = [row for row in rows if {"cs.LG", "cs.AI"} & set(row.categories)]
    assert 228 == len(wanted)
    return wanted


@pytest.fixture(scope="module")
def real_servers() -> Iterator[Servers | None]:
    if not REAL_FOLDER:
        yield None
        return
    start, _ = calendar.window(DAY)
    held = {"2106.00283": start - timedelta(days=1737), "2603.03668": start - timedelta(days=2)}
    dated = [replace(row, published=held.get(row.id, row.published)) for row in real_rows(Path(REAL_FOLDER))]
    with Servers(dated, DAY) as servers:
        yield servers


@pytest.mark.parametrize("model", [True, False], ids=["model", "words"])
def test_a_real_day_is_complete(real_data: Path, real_servers: Servers, tmp_path: Path, model: bool) -> None:
    """All 228 papers of a real day, two of them submitted days and years before, each counted once."""
    assert real_data
    (tmp_path / "subscribers.yaml").write_text(_REAL_ROSTER, "utf-8")
    settings = settings_for(real_servers, tmp_path, model=model)
    with desk_of(settings) as desk:
        done = pipeline.run(desk, DAY)
        papers = {paper.arxiv_id for paper in desk.store.papers(DAY)}
    (issue,) = done.issues
    assert 228 == issue.collected == len(papers)
    assert {"2106.00283", "2603.03668"} <= papers
    assert issue.collected == issue.scored + issue.ranked + issue.unscored
    assert (228 if model else 0) == issue.scored
    assert issue.picked > 0
    mails = outbox(settings)
    assert set(mails) == READERS
    for mail in mails.values():
        assert len(part(mail, "html").encode()) <= 95_000


def test_a_first_issue_holds_what_was_submitted_long_before(real_data: Path, tmp_path: Path) -> None:
    """After a holiday most announced papers are older than the window: the feed decides, and none is left out."""
    early, whole = timedelta(days=20), real_rows(real_data)
    rows = [*whole[:41], *(replace(row, published=row.published - early) for row in whole[41:])]
    (tmp_path / "subscribers.yaml").write_text(_REAL_ROSTER, "utf-8")
    with Servers(rows, DAY) as servers, desk_of(settings_for(servers, tmp_path, model=False)) as desk:
        (issue,) = pipeline.run(desk, DAY).issues
    assert 228 == issue.collected


@pytest.mark.on_file  # several mornings, each with a folder and keys of its own
def test_all_seed_papers_reach_the_mail(real_data: Path, tmp_path: Path) -> None:
    """The 55 seed papers from collect to mail: every title and abstract readable, eleven papers a mail."""
    day = date(2026, 3, 27)
    rows = load_rows(real_data / "arxiv" / "seed-papers.jsonl", calendar.window(day), day)
    rows = [replace(row, announced=day, published=calendar.window(day)[0] + timedelta(hours=1)) for row in rows]
    categories = sorted({category for row in rows for category in row.categories})
    for start in range(0, 55, 11):
        some = rows[start : start + 11]
        folder = tmp_path / str(start)
        folder.mkdir()
        followed = sorted({row.authors[0] for row in some})
        (folder / "subscribers.yaml").write_text(_following(categories, followed), "utf-8")
        with Servers(some, day) as servers:
            settings = settings_for(servers, folder, model=False)
            with desk_of(settings, MORNING + timedelta(days=18)) as desk:
                pipeline.run(desk, day)
        text = " ".join(part(outbox(settings)["ada@example.org"], "plain").split())
        for row in some:
            assert _words(tex.to_unicode(row.title)) in _words(text), row.id
            assert _words(tex.to_unicode(row.abstract)) in _words(text), row.id
            assert _words(tex.to_unicode(row.authors[0])) in _words(text), row.id


def _words(text: str) -> str:
    """Letters and digits alone: wrapping may break a line at a hyphen."""
    return re.sub(r"\W+", "", text)


def _following(categories: list[str], authors: list[str]) -> str:
    quoted = ", ".join('"' + author.replace("\\", "\\\\") + '"' for author in authors)
    return (
        f"topics:\n  all:\n    categories: [{', '.join(categories)}]\n    interests: Language models.\n"
        f"    authors: [{quoted}]\n"
        "subscribers:\n  - email: ada@example.org\n    abstracts: full\n    max_papers: 50\n"
    )
