"""What a worker does: it sends what is planned, and takes back what another one left when it ended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from queue import SimpleQueue

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from newsletter import app, pipeline
from newsletter.delivery.tally import WELL
from newsletter.errors import NewsletterError, TransportRefused
from newsletter.jobs.queue import QUEUE, Queue, application, ask_again, connector_of
from newsletter.pipeline import Sender
from newsletter.readers import Counter
from newsletter.settings import Settings
from newsletter.store import Store

log = structlog.get_logger()

ROLE = "send"  # of a row in the ledger: one for each slot
_LONGEST = 60.0  # seconds of a job: an upgrade waits as long at most
_LOOK, _STALLED = 0.2, 60.0  # seconds between two looks
_MOST_FAILURES = 5  # until someone is told
_OTHER_THREADS = 4  # beside those that send
_BREATH = 2.0  # seconds until the queue is tried again


@contextmanager
def workers(settings: Settings, counter: Counter, slots: int, told: threading.Event) -> Iterator[Workers]:
    """So many rounds of sending at once, each with its own lease, which is given back in the end."""
    with ExitStack() as opened:
        senders = []
        for _ in range(slots):
            lease = app.new_lease(counter.store, ROLE, settings.lease)
            opened.enter_context(lease.kept())
            senders.append(opened.enter_context(app.open_sender(settings, counter, lease)))
        yield Workers(counter, settings.database, senders, told, settings.lease / 4)


class Workers:
    """Rounds of sending in several slots, each with a transport and a lease of its own."""

    def __init__(
        self, counter: Counter, url: str, senders: Sequence[Sender], told: threading.Event, every: float
    ) -> None:
        """`every`: seconds between two looks at what other workers left."""
        self._counter, self._url, self._told, self._every = counter, url, told, every
        self._slots = len(senders)
        self._free: SimpleQueue[Sender] = SimpleQueue()
        for sender in senders:
            self._free.put(sender)
        self._failures = 0  # rounds, one after another
        self._unfinished: set[int] = set()  # the slots that have had their time, or have more to do

    @contextmanager
    def working(self) -> Iterator[None]:
        """In a thread of its own, until the end of the block."""
        thread = threading.Thread(target=self.run, name="worker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._told.set()
            thread.join()

    def run(self) -> None:
        """Until told to stop; emails that are on their way are finished."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        threads = ThreadPoolExecutor(self._slots + _OTHER_THREADS, "worker")
        asyncio.get_running_loop().set_default_executor(threads)
        while not self._told.is_set():
            queue = application(connector_of(self._url), self._round)
            try:
                async with queue.open_async():
                    await self._work(queue)
            except (ConnectorException, OSError) as error:
                log.warning("queue.lost", error=str(error.__cause__ or error))
            except Exception:
                # The queue's tables may have been emptied under it; the ledger still knows what is to be sent.
                log.exception("queue.failed")
            await self._rest(_BREATH)

    async def _work(self, queue: App) -> None:
        working = asyncio.create_task(
            queue.run_worker_async(
                queues=[QUEUE], concurrency=self._slots, install_signal_handlers=False, delete_jobs="always"
            )
        )
        watching = asyncio.create_task(self._watch(queue))
        try:
            await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, working):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await working
        if watching.done() and not watching.cancelled() and (problem := watching.exception()):
            raise problem

    async def _watch(self, queue: App) -> None:
        """Ends when told to stop. Meanwhile what a worker that ended had begun is sent by those that are left."""
        recovered = cleared = time.monotonic()
        while not self._told.is_set():
            await self._rest(_LOOK)
            if time.monotonic() - recovered >= self._every:
                recovered = time.monotonic()
                if await asyncio.to_thread(self._recover):
                    self._unfinished.add(0)
            while self._unfinished:
                await ask_again(queue, self._unfinished.pop())
            if time.monotonic() - cleared >= _STALLED:
                cleared = time.monotonic()
                for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
                    await queue.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _rest(self, seconds: float) -> None:
        await asyncio.to_thread(self._told.wait, seconds)

    def _recover(self) -> int:
        try:
            found = self._counter.store.recover("")
        except NewsletterError as error:
            log.warning("recovery.failed", error=str(error))
            return 0
        if found:
            log.warning("mails.recovered", mails=found)
        return found

    def _round(self, slot: int) -> None:
        """One round; whatever becomes of it, the job is done: the next tick asks for the same work again."""
        until = time.monotonic() + _LONGEST
        sender = self._free.get()
        try:
            tally = pipeline.send(
                replace(sender, keys=self._counter.keys),
                stop=lambda: self._told.is_set() or time.monotonic() >= until,
            )
            if tally.accepted or tally.failed or tally.waiting:
                log.info("mails.sent", accepted=tally.accepted, waiting=tally.waiting, failed=tally.failed)
            # How many were refused counts for a morning, not for each minute of it; what it led to, the hold remembers.
            goes_on = tally.was_busy and not tally.health.problem
            sender = replace(sender, health=tally.health if goes_on else WELL)
            self._went_well()
            if time.monotonic() >= until:
                self._unfinished.add(slot)
        except TransportRefused as error:
            log.error("transport.refused", error=str(error))  # who sends has told of it
        except Exception as error:
            self._failed(sender, error)
        finally:
            self._free.put(sender)

    def _went_well(self) -> None:
        if self._failures >= _MOST_FAILURES:
            self._counter.alarms.over("job send")
        self._failures = 0

    def _failed(self, sender: Sender, error: Exception) -> None:
        """What the round had handed over must not leave later: it is free for everybody from now on."""
        log.error("round.failed", error=str(error), exc_info=not isinstance(error, NewsletterError))
        self._failures += 1
        sender.transport.close()
        try:
            self._counter.store.recover(sender.lease.owner if sender.lease else "")
            if self._failures == _MOST_FAILURES:
                remedy = "see the worker's log; each tick asks for the same work again"
                self._counter.alarms.trouble("job send", f"sending failed again and again: {error}", remedy)
        except NewsletterError as untold:
            log.warning("recovery.failed", error=str(untold))


def open_queue(settings: Settings, store: Store) -> Queue:
    """The queue of this ledger, with its tables. Raises StoreUnavailable."""
    queue = Queue(settings.database, lambda: store.living(ROLE))
    queue.prepare()
    return queue
