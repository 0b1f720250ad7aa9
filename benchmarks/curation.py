"""What a morning's curation costs, how long it takes, and how well the order without a model finds what a model picks.

The model is the practice server, which gives the labels as scores; prices and tokens are LiteLLM's.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from benchmarks import filtering, order
from benchmarks.labelled import CATEGORIES, TOPIC, LabelledDay, folder, labelled_days
from benchmarks.table import Row
from newsletter import app, pipeline, scoring
from newsletter.demo.servers import Servers
from newsletter.llm.vendor import litellm
from newsletter.models import Completion, Issue, IssueState, Prompt, Ranked, Score, Usage, Wishes
from newsletter.pipeline.ranks import rank_topic
from newsletter.ports import Priced
from newsletter.readers import in_force
from newsletter.settings import Settings
from newsletter.times import calendar

MODEL = "gpt-5"
LATENCY, PER_TOKEN = 0.8, 1 / 80  # seconds an answer, and for each token of it
_ROSTER = f"""\
topics:
  {TOPIC.key}:
    title: {TOPIC.title}
    categories: [{", ".join(CATEGORIES)}]
    interests: |
{"".join(f"      {line}{chr(10)}" for line in TOPIC.interests.splitlines())}\
subscribers:
  - ada@example.org
"""


@dataclass
class Counted:
    """A model whose requests and answers are kept, with the seconds that each should take."""

    inner: Priced
    calls: list[tuple[Prompt, Completion]] = field(default_factory=list)

    async def __call__(self, prompt: Prompt) -> Completion:
        completion = await self.inner(prompt)
        self.calls.append((prompt, completion))
        return completion

    def price(self) -> tuple[float, float] | None:
        return self.inner.price()

    def tokens(self, name: str | None = None) -> tuple[int, int]:
        """Prompt and completion tokens by LiteLLM's tokenizer; `name` limits it to one kind of request."""
        count = litellm().token_counter
        into = out = 0
        for prompt, completion in self.calls:
            if name in (None, prompt.name):
                messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
                into += count(model=MODEL, messages=messages)
                out += count(model=MODEL, text=completion.text)
        return into, out

    def seconds(self, name: str) -> list[float]:
        """What the practice model takes for each request of a kind."""
        used = [done.usage.completion_tokens for prompt, done in self.calls if prompt.name == name]
        return [LATENCY + PER_TOKEN * tokens for tokens in used]


@dataclass(frozen=True, slots=True)
class Curated:
    """One prepared issue, what was asked for it, and how long scoring and summaries took."""

    issue: Issue
    counted: Counted
    seconds: float
    picked: frozenset[str]


@contextmanager
def _practice(day: LabelledDay, *, slow: bool) -> Iterator[Settings]:
    wait = {"latency": LATENCY, "per_token": PER_TOKEN} if slow else {}
    with tempfile.TemporaryDirectory() as place, Servers(day.rows, day.day, **wait) as servers:
        (Path(place) / "subscribers.yaml").write_text(_ROSTER, "utf-8")
        given = servers.environment()
        os.environ["OPENAI_API_KEY"] = given["OPENAI_API_KEY"]
        yield Settings(
            subscribers=Path(place) / "subscribers.yaml",
            data_dir=Path(place) / "var",
            arxiv_api_url=given["NEWSLETTER_ARXIV_API_URL"],
            arxiv_rss_url=given["NEWSLETTER_ARXIV_RSS_URL"],
            arxiv_delay=0,
            model=MODEL,
            model_api_base=given["NEWSLETTER_MODEL_API_BASE"],
        )


def curate(
    day: LabelledDay,
    past: Sequence[LabelledDay] = (),
    *,
    prefilter: float | None = None,
    slow: bool = False,
    measured: bool = True,
    leading: Sequence[str] = ("en",),
) -> Curated:
    """Prepare this day; `past` days are in the ledger as this model scored them.

    They are ranked by training on the days before each, or, not `measured`, as if that had found everything.
    """
    now = calendar.announced_at(day.day) + timedelta(hours=1)
    with _practice(day, slow=slow) as settings, ExitStack() as held:
        counter = held.enter_context(app.open_counter(settings, now=lambda: now))
        roster = in_force.load(counter)
        desk = held.enter_context(app.open_desk(settings, counter, roster.masthead))
        assert desk.scorer is not None
        counted = Counted(desk.scorer)
        desk = replace(desk, scorer=counted, summariser=counted, prefilter=prefilter)
        for one in past:
            _remember(desk, one, measured=measured)
        issue = Issue(date=day.day, state=IssueState.COLLECTED, collected=len(day.rows))
        desk.store.save_collection(issue, day.papers, (), CATEGORIES)
        rank_topic(desk, day.day, desk.roster.topics[0], day.papers)  # a step of its own, not timed here
        if slow:
            _warm_up(counted.inner)
        started = time.perf_counter()
        issue = pipeline.prepare(desk, issue, [_led_by(roster.readers[0].wishes, one) for one in leading])
        seconds = time.perf_counter() - started
        picks = pipeline.Editor(desk).day(day.day, desk.roster.topics[0]).picks()
        return Curated(issue, counted, seconds, frozenset(pick.paper.arxiv_id for pick in picks))


def _led_by(wishes: Wishes, language: str) -> Wishes:
    return replace(wishes, languages=tuple(dict.fromkeys((language, *wishes.languages))))


def _remember(desk: pipeline.Desk, day: LabelledDay, *, measured: bool) -> None:
    issue = Issue(date=day.day, state=IssueState.READY, collected=len(day.rows))
    desk.store.save_collection(issue, day.papers, (), CATEGORIES)
    topic, papers = desk.roster.topics[0], day.papers
    if measured:
        rank_topic(desk, day.day, topic, papers)
    else:
        perfect = {paper: Ranked(value=float(paper.arxiv_id in day.selected), trained=True) for paper in papers}
        desk.store.save_ranks(scoring.topic_hash(topic), perfect)
    scores = {paper: Score(paper.arxiv_id, *row.scores[TOPIC.key]) for paper, row in zip(papers, day.rows, strict=True)}
    key = scoring.topic_hash(topic), desk.score_prompt.hash, MODEL
    desk.store.save_scores(day.day, *key, scores, Usage())


def rows() -> Iterator[Row]:
    """A real day with a model that takes as long as a real one, beside the same requests one after another."""
    if place := folder():
        day = labelled_days(place)[-1]
        done = curate(day, slow=True)
        scores, lines = (done.counted.seconds(name) for name in ("scores", "summaries"))
        what = f"score and summarise {len(day.rows)} papers, 32 requests at once"
        yield Row(what, done.seconds * 1000, "the same requests one after another", sum(scores + lines) * 1000)
        yield Row(what, done.seconds * 1000, "the slowest chain of two requests", (max(scores) + max(lines)) * 1000)


def _warm_up(model: Priced) -> None:
    """Neither LiteLLM's import nor finding out what a model can do is part of a usual morning."""
    asyncio.run(model(Prompt("", "", "scores", {"type": "object", "properties": {"scores": {"type": "array"}}})))


def figures() -> Iterator[str]:
    """Tokens, cost and the quality of the order without a model, each in one line."""
    place = folder()
    if place is None:
        yield "curation: NEWSLETTER_REAL_DATA names no folder, so cost and ranking were not measured."
        return
    days = labelled_days(place)
    yield from _cost(days)
    yield from order.figures(place)
    yield from filtering.figures(place)


def _cost(days: Sequence[LabelledDay]) -> Iterator[str]:
    day, past = days[-1], [one for one in days if one.day < days[-1].day]
    for what, done in (
        ("everything scored", curate(day)),
        ("everything scored, reasons in English and Chinese", curate(day, leading=("en", "zh"))),
        ("trained prefilter, half asked for", curate(day, past, prefilter=0.5)),
    ):
        into, out = done.counted.tokens()
        scoring_tokens, line_tokens = (done.counted.tokens(name) for name in ("scores", "summaries"))
        cost = sum(litellm().cost_per_token(model=MODEL, prompt_tokens=into, completion_tokens=out))
        found = len(done.picked & day.selected), len(day.selected)
        yield (
            f"{day.day}, {len(day.rows)} papers, {MODEL} at list price, {what}: {into:,} + {out:,} tokens, ${cost:.3f} "
            f"(scores {scoring_tokens[0]:,} + {scoring_tokens[1]:,}, lines {line_tokens[0]:,} + {line_tokens[1]:,}); "
            f"{done.issue.scored} scored, {found[0]} of {found[1]} labelled papers picked"
        )
    yield "the peer's page of that day: 274 papers, 40,909 + 35,068 tokens, $0.40"
