"""`/metrics` in Prometheus' text form, counted from the ledger at each scrape. Nobody's address is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter import __version__
from newsletter.alarms import Pulse
from newsletter.errors import StoreError
from newsletter.models import DeliveryState, Figures, Issue, IssueState, SubscriberState, Worker
from newsletter.store import Store
from newsletter.times import calendar


def endpoint(store: Store, pulse: Pulse) -> Callable[[Request], Awaitable[Response]]:
    """The route for this ledger and this service loop."""

    def scrape() -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_collected(store, pulse))
        return generate_latest(registry)

    async def answer(_: Request) -> Response:
        try:
            return Response(await run_in_threadpool(scrape), headers={"Content-Type": CONTENT_TYPE_LATEST})
        except StoreError:
            return PlainTextResponse("the ledger cannot be read\n", 503)

    return answer


def families(store: Store, pulse: Pulse) -> Iterator[Metric]:
    """Every family with its figures now."""
    return _collected(store, pulse).collect()


def _collected(store: Store, pulse: Pulse) -> _Collected:
    ready = next((one for one in store.issues(10) if one.state is not IssueState.COLLECTED), None)
    workers = [one for one in store.workers() if one.lives] if store.on_server else []
    return _Collected(store.figures(), ready, store.last_request(), pulse, workers, store.jobs())


class _Collected(Collector):
    """The figures of one scrape."""

    def __init__(
        self,
        figures: Figures,
        newest: Issue | None,
        last_request: float,
        pulse: Pulse,
        workers: Sequence[Worker],
        jobs: Mapping[str, int],
    ) -> None:
        self._figures, self._newest, self._last_request, self._pulse = figures, newest, last_request, pulse
        self._workers, self._jobs = workers, jobs

    def collect(self) -> Iterator[Metric]:
        """A flat list of families; every state is there from the start, so that a rate has something to begin with."""
        figures, pulse = self._figures, self._pulse
        build = GaugeMetricFamily("newsletter_build_info", "The running version.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield _by("newsletter_issues", "Issues by state.", "state", _every(IssueState, figures.issues))
        yield _by("newsletter_mails", "Emails by state.", "state", _every(DeliveryState, figures.mails))
        yield _by("newsletter_readers", "Readers by state.", "state", _every(SubscriberState, figures.readers))
        yield _by("newsletter_inbound", "Incoming emails by meaning.", "action", figures.received)
        waiting = pulse.now() - figures.oldest_waiting if figures.oldest_waiting else None
        age = waiting.total_seconds() if waiting else 0.0
        yield GaugeMetricFamily(
            "newsletter_queue_age_seconds", "Age of the oldest email that has not been sent.", value=age
        )
        yield from self._issue()
        yield from self._models()
        yield from self._at_work()
        yield _time("newsletter_arxiv_request", "arXiv was last asked", self._last_request)
        yield _time("newsletter_tick", "a tick of the service last ended well", pulse.last_tick)
        yield _time("newsletter_mailbox_poll", "the mailbox was last read", pulse.last_poll)
        overdue = 1.0 if pulse.overdue else 0.0
        yield GaugeMetricFamily(
            "newsletter_issue_overdue", "1 while an issue is still missing after wait_until.", value=overdue
        )

    def _at_work(self) -> Iterator[Metric]:
        """Only where several machines share a ledger."""
        if not (self._workers or self._jobs):
            return
        working = GaugeMetricFamily("newsletter_workers", "Living processes.", labels=["role", "version"])
        for (role, version), number in sorted(Counter((one.role, one.version) for one in self._workers).items()):
            working.add_metric([role, version], number)
        sent = GaugeMetricFamily("newsletter_worker_mails", "Emails that it has sent.", labels=["owner", "host"])
        for one in self._workers:
            sent.add_metric([one.owner, one.host], one.sent)
        yield from (working, sent, _by("newsletter_jobs", "Jobs of the queue by state.", "state", self._jobs))

    def _issue(self) -> Iterator[Metric]:
        issue = self._newest
        announced = calendar.announced_at(issue.date) if issue else None
        yield _time("newsletter_last_issue", "the newest prepared issue was announced", announced)
        kinds = ("collected", "scored", "ranked", "unscored", "picked")
        papers = {kind: getattr(issue, kind) if issue else 0 for kind in kinds}
        yield _by("newsletter_last_issue_papers", "Papers of the newest prepared issue.", "kind", papers)

    def _models(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("newsletter_model_calls", "Answered requests.", labels=["model"])
        tokens = CounterMetricFamily("newsletter_model_tokens", "Tokens.", labels=["model", "kind"])
        cost = CounterMetricFamily("newsletter_model_cost_dollars", "Cost, as far as it is known.", labels=["model"])
        for model, (count, into, out, dollars) in sorted(self._figures.usage.items()):
            calls.add_metric([model], count)
            tokens.add_metric([model, "prompt"], into)
            tokens.add_metric([model, "completion"], out)
            cost.add_metric([model], dollars)
        yield from (calls, tokens, cost)


def _every(
    states: type[IssueState] | type[DeliveryState] | type[SubscriberState], counted: Mapping[str, int]
) -> Mapping[str, int]:
    return {state.value: 0 for state in states} | dict(counted)


def _by(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _time(name: str, event: str, moment: datetime | float | None) -> Metric:
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment or 0.0
    return GaugeMetricFamily(f"{name}_timestamp_seconds", f"When {event}, seconds since 1970; 0: never.", value=seconds)
