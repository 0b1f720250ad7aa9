"""Who gets what, what an outcome means, and each mail once whatever happens in between."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery import Pace, Tally, decide, drain, due_issues
from newsletter.errors import TransportError, TransportRefused, TransportUnavailable
from newsletter.models import (
    REPEATED,
    Answer,
    Delivery,
    DeliveryState,
    DomainPause,
    Head,
    Header,
    Message,
    Outcome,
    Outgoing,
    Rendered,
    Slotted,
    Span,
    SubscriberState,
    Verdict,
)
from newsletter.store import Store
from newsletter.transports.outbox import Outbox
from tests.clocks import StillClock
from tests.factories import DAY

NOW = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAYS = [date(2026, 3, day) for day in (2, 3, 4, 5, 6, 9, 10)]


# --- which issues ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "had", "expected"),
    [
        ([], [], ()),
        (DAYS, [], (DAYS[-1],)),  # a new reader begins with the newest
        (DAYS, [DAYS[-1]], ()),
        (DAYS, [DAYS[-2]], (DAYS[-1],)),
        (DAYS[::-1], [DAYS[3]], tuple(DAYS[4:])),  # oldest first, whatever the order of what is ready
        (DAYS, [date(2026, 2, 27)], tuple(DAYS[2:])),  # at most five, the newest
        (DAYS, [DAYS[0], DAYS[-2]], (DAYS[-1],)),  # what was left out once is not brought up again
        ([DAYS[0]], [DAYS[1]], ()),
    ],
)
def test_due_issues(ready: list[date], had: list[date], expected: tuple[date, ...]) -> None:
    """A mail carries what is newer than the reader's last, oldest first, at most a week."""
    assert due_issues(ready, set(had)) == expected


@given(st.sets(st.sampled_from(DAYS)), st.sets(st.sampled_from(DAYS)))
def test_due_issues_never_twice(ready: set[date], had: set[date]) -> None:
    """Nobody is due what they have had, and after the mail nothing is due any more."""
    due = due_issues(ready, had)
    assert not set(due) & had
    assert list(due) == sorted(set(due) & ready)
    assert due_issues(ready, had | set(due)) == () or not ready


# --- what an outcome means ------------------------------------------------------


def a_delivery(**changes: object) -> Delivery:
    values: dict[str, object] = {
        "id": 1,
        "subscriber_id": 7,
        "email": "ada@example.org",
        "name": None,
        "edition": "k",
        "issues": (DAY,),
        "state": DeliveryState.SENDING,
        "message_id": "<1@example.org>",
        "date": NOW,
        "attempts": 1,
        "owner": "me",
    }
    return Delivery(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "state", "not_before", "error"),
    [
        (Outcome(Verdict.ACCEPTED, "250 OK"), DeliveryState.ACCEPTED, None, None),
        (Outcome(Verdict.PERMANENT, "550 no"), DeliveryState.FAILED, None, "550 no"),
        (Outcome(Verdict.PERMANENT), DeliveryState.FAILED, None, None),
        (Outcome(Verdict.UNKNOWN, "lost"), DeliveryState.UNKNOWN, None, "lost"),
        (Outcome(Verdict.UNWANTED, "550 5.7.1"), DeliveryState.QUEUED, NOW + 60 * MINUTE, "550 5.7.1"),
        (Outcome(Verdict.TEMPORARY, "451"), DeliveryState.QUEUED, NOW + MINUTE, "451"),
        (Outcome(Verdict.TEMPORARY, "429", 90.0), DeliveryState.QUEUED, NOW + 1.5 * MINUTE, "429"),
        (Outcome(Verdict.TEMPORARY, "429", 0.0), DeliveryState.QUEUED, NOW + timedelta(seconds=1), "429"),
        (Outcome(Verdict.TEMPORARY, "429", -5.0), DeliveryState.QUEUED, NOW + timedelta(seconds=1), "429"),
        (Outcome(Verdict.TEMPORARY, "429", 1e300), DeliveryState.QUEUED, NOW + timedelta(hours=6), "429"),
        (Outcome(Verdict.PERMANENT, "x" * 501), DeliveryState.FAILED, None, "x" * 500),
    ],
)
def test_decide(outcome: Outcome, state: DeliveryState, not_before: datetime | None, error: str | None) -> None:
    """Each verdict has one state, and nobody owns the mail any more."""
    expected = a_delivery(state=state, owner=None, not_before=not_before, error=error)
    assert decide(a_delivery(not_before=NOW), outcome, NOW) == expected


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 60), (24, 60)])
def test_pauses_grow(attempts: int, minutes: int) -> None:
    """A mail that is refused for now waits longer after each try, up to an hour."""
    decided = decide(a_delivery(attempts=attempts), Outcome(Verdict.TEMPORARY, "451"), NOW)
    assert decided.not_before == NOW + minutes * MINUTE


@pytest.mark.parametrize(
    ("attempts", "hours", "state"),
    [
        (5, 2, DeliveryState.QUEUED),  # a server that is down for two hours loses nobody
        (20, 23.9, DeliveryState.QUEUED),
        (4, 48, DeliveryState.QUEUED),  # a clock that jumps ahead does not either
        (5, 24, DeliveryState.FAILED),
        (20, 240, DeliveryState.FAILED),
    ],
)
def test_given_up_after_a_day(attempts: int, hours: float, state: DeliveryState) -> None:
    """A mail is given up when it is a day old and was tried often, and says so."""
    outcome = Outcome(Verdict.TEMPORARY, "451 later")
    decided = decide(a_delivery(attempts=attempts), outcome, NOW + timedelta(hours=hours))
    assert decided.state is state
    assert decided.error == (f"{attempts} tries, last: 451 later" if state is DeliveryState.FAILED else "451 later")


OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Verdict),
    st.text(max_size=600),
    st.none() | st.floats(allow_nan=False),
)


@given(st.sampled_from(DeliveryState), st.integers(0, 100), OUTCOMES, st.integers(-10, 100))
def test_decide_always(state: DeliveryState, attempts: int, outcome: Outcome, hours: int) -> None:
    """Whatever comes back: never sending, never owned, the mail itself unchanged, and a wait has an end in sight."""
    now = NOW + timedelta(hours=hours)
    before = a_delivery(state=state, attempts=attempts)
    after = decide(before, outcome, now)
    kept = {name: getattr(before, name) for name in ("state", "owner", "not_before", "error", "attempts")}
    assert replace(after, **kept) == before
    assert after.attempts == max(attempts - (outcome.verdict is Verdict.UNTRIED), 0)
    assert after.state is not DeliveryState.SENDING
    assert after.owner is None
    waits = after.state is DeliveryState.QUEUED and outcome.verdict is not Verdict.UNTRIED
    assert (after.not_before is not None) == waits
    if after.not_before is not None:
        assert timedelta(seconds=1) <= after.not_before - now <= timedelta(hours=6)


def test_a_repeat_stays_named() -> None:
    """An email that was sent again keeps saying so."""
    repeated = decide(a_delivery(state=DeliveryState.SENDING, error=REPEATED), Outcome(Verdict.ACCEPTED), NOW)
    assert (repeated.state, repeated.error) == (DeliveryState.ACCEPTED, REPEATED)


# --- the loop -------------------------------------------------------------------


@dataclass
class Scripted:
    """A transport that gives the outcomes it was handed, then accepts; an error among them is its trouble or raised.

    With several lanes each call answers the oldest mail alone.
    """

    script: list[Outcome | BaseException] = field(default_factory=list)
    lanes: int = 1
    name: str = "scripted"
    trouble: TransportError | None = None
    sent: list[Outgoing] = field(default_factory=list)
    held: list[Outgoing] = field(default_factory=list)

    @property
    def room(self) -> int:
        return 0 if self.trouble else self.lanes - len(self.held)

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        taken = list(mails)
        assert len(taken) <= self.room
        self.held += taken
        return [Answer(mail.key, self._next(mail)) for mail in [self.held.pop(0)]] if self.held else []

    def _next(self, mail: Outgoing) -> Outcome:
        step = self.script.pop(0) if self.script else Outcome(Verdict.ACCEPTED)
        if isinstance(step, TransportError):
            self.trouble = step
            return Outcome(Verdict.UNTRIED, step.problem)
        if isinstance(step, BaseException):
            raise step
        self.sent.append(mail)
        return step

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Clock:
    time: datetime = NOW

    def __call__(self) -> datetime:
        return self.time


PLAIN = Rendered(
    key="k",
    subject="s",
    html=Slotted(b"<p>html</p>"),
    text=Slotted(b"text"),
    body=Slotted(b"\r\nbody\r\n"),
)


def build(delivery: Delivery) -> Message:
    return Message(
        recipient=delivery.email,
        recipient_name=delivery.name,
        head=Head((Header("To", "{to}", "{to}"), Header("Message-ID", "{id}", "{id}")), "news@example.org"),
        rendered=PLAIN,
        slots={"to": delivery.email, "id": delivery.message_id},
    )


def plan(store: Store, *names: str, edition: str = "k") -> None:
    slotted = Slotted(b"")
    store.save_edition(Rendered(key=edition, subject="s", html=slotted, text=slotted, body=slotted))
    people = store.enrol([f"{name}@example.org" for name in names], NOW)
    mails = [
        a_delivery(
            id=0,
            subscriber_id=one.id,
            email=one.email,
            edition=edition,
            state=DeliveryState.QUEUED,
            message_id=f"<2026-03-09.{one.id}@example.org>",
            attempts=0,
            owner=None,
        )
        for one in people.values()
    ]
    assert store.plan(mails) == len(names)


def states(store: Store) -> dict[str, str]:
    return {mail.email.partition("@")[0]: mail.state.value for mail in store.deliveries()}


@pytest.mark.parametrize("lanes", [1, 2, 10])
def test_drain(store: Store, lanes: int) -> None:
    """Every due mail is handed over once with its key, and its outcome recorded and reported; then nothing is due."""
    plan(store, "ada", "bob", "eve")
    transport = Scripted([Outcome(Verdict.ACCEPTED), Outcome(Verdict.PERMANENT, "550")], lanes)
    reported: list[Delivery] = []
    tally = drain(store, transport, build, owner="me", now=Clock(), report=reported.append)
    assert tally == Tally(accepted=2, failed=1)
    assert [(mail.key, mail.message.recipient) for mail in transport.sent] == [
        ("1", "ada@example.org"),
        ("2", "bob@example.org"),
        ("3", "eve@example.org"),
    ]
    assert states(store) == {"ada": "accepted", "bob": "failed", "eve": "accepted"}
    assert [one.id for one in reported] == [one.id for one in store.deliveries()]
    assert drain(store, transport, build, owner="me", now=Clock()) == Tally()
    assert len(transport.sent) == 3


def test_drain_to_the_outbox(store: Store, tmp_path: Path) -> None:
    """Through a real transport the same: one file for each reader."""
    plan(store, "ada", "bob")
    assert drain(store, Outbox(tmp_path), build, owner="me", now=Clock()) == Tally(accepted=2)
    assert sorted(path.name for path in tmp_path.glob("*.eml")) == [
        "2026-03-09_ada@example.org.eml",
        "2026-03-09_bob@example.org.eml",
    ]


def test_drain_sends_while_sending_is_recorded(store: Store) -> None:
    """Before the first byte the mail stands as sending in the ledger, so that a stop leaves a trace."""
    plan(store, "ada")
    seen: list[Delivery] = []

    class Watching(Scripted):
        def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
            seen.extend(store.deliveries())
            return super().exchange(mails, wait)

    drain(store, Watching(), build, owner="me", now=Clock())
    assert [(mail.state, mail.owner, mail.attempts) for mail in seen] == [(DeliveryState.SENDING, "me", 1)]


def test_drain_waits(store: Store) -> None:
    """A mail that is refused for now is not sent again before its pause is over."""
    plan(store, "ada", "bob")
    clock = Clock()
    transport = Scripted([Outcome(Verdict.TEMPORARY, "451")])
    assert drain(store, transport, build, owner="me", now=clock) == Tally(accepted=1, waiting=1)
    assert drain(store, transport, build, owner="me", now=clock) == Tally()
    clock.time += MINUTE
    assert drain(store, transport, build, owner="me", now=clock) == Tally(accepted=1)
    assert states(store) == {"ada": "accepted", "bob": "accepted"}


def test_drain_refused(store: Store) -> None:
    """Where nobody can be served sending stops, and the claimed mails are queued again as if they were not tried."""
    plan(store, "ada", "bob", "eve")
    transport = Scripted([Outcome(Verdict.ACCEPTED), TransportRefused("scripted", "401")])
    with pytest.raises(TransportRefused):
        drain(store, transport, build, owner="me", now=Clock())
    ada, bob, eve = store.deliveries()
    assert ada.state is DeliveryState.ACCEPTED
    assert (bob.state, bob.attempts, bob.owner, bob.error) == (DeliveryState.QUEUED, 0, None, "401")
    assert (eve.state, eve.attempts, eve.error) == (DeliveryState.QUEUED, 0, None)
    assert drain(store, Scripted(), build, owner="me", now=Clock()) == Tally(accepted=2)


@pytest.mark.parametrize(("retry_after", "held_for"), [(None, 0), (3600.0, 3600)])
def test_drain_unavailable(store: Store, retry_after: float | None, held_for: int) -> None:
    """A server that is down ends the round with its reason; mails in flight elsewhere end well, and none used a try."""
    plan(store, "ada", "bob", "eve", "ian")
    down = TransportUnavailable("scripted", "down", retry_after)
    transport = Scripted([down], lanes=2)
    tally = drain(store, transport, build, owner="me", now=Clock())
    assert tally == Tally(accepted=1, waiting=1, held="scripted: down", held_for=timedelta(seconds=held_for))
    assert [mail.message.recipient for mail in transport.sent] == ["bob@example.org"]
    assert states(store) == {"ada": "queued", "bob": "accepted", "eve": "queued", "ian": "queued"}
    assert {mail.attempts for mail in store.deliveries([DeliveryState.QUEUED])} == {0}


def test_drain_waits_for_a_server_that_names_a_moment(store: Store) -> None:
    """A limit that is lifted soon is waited for, and the mail goes out in the same round."""
    plan(store, "ada", "bob")

    class Limited(Scripted):
        def _next(self, mail: Outgoing) -> Outcome:
            outcome = super()._next(mail)
            threading.Timer(0.05, self._lift).start()
            return outcome

        def _lift(self) -> None:
            self.trouble = None

    transport = Limited([TransportUnavailable("scripted", "429", 0.05)])
    assert drain(store, transport, build, owner="me", now=Clock()) == Tally(accepted=2, waiting=1)
    assert {mail.attempts for mail in store.deliveries()} == {1}


SAME = "{0} of {0} recipients were refused in the same words, so the fault is the sender's: 550 go away"


@pytest.mark.parametrize(
    ("outcomes", "answered", "problem", "failed"),
    [
        ("F" * 30, 11, SAME.format(11), 0),
        ("R" * 30, 11, "11 of the first 11 emails were rejected permanently", 11),
        ("A" * 300 + "F" * 30, 320, SAME.format(20), 0),
        ("A" * 300 + "R" * 30, 320, "20 emails in a row were rejected permanently", 20),
        ("FAAA" * 60, 41, "11 of the first 41 emails were rejected permanently", 11),
        (("A" * 19 + "F") * 15, None, None, 15),  # 5 % of the first 200
        ("A" * 200 + "FA" * 50, None, None, 50),  # later only a row tells
        ("F" * 10 + "A" * 30, None, None, 10),
        ("A" * 200 + "FA" * 5 + "R" * 20, 230, "20 emails in a row were rejected permanently", 25),
    ],
)
def test_drain_stops_itself(
    store: Store, outcomes: str, answered: int | None, problem: str | None, failed: int
) -> None:
    """An issue whose readers are refused too often stops: the rest stays queued, with the reason.

    What all of them were told is no reader's fault; F: "550 go away", R: certainly the reader's.
    """
    plan(store, *(f"reader{number}" for number in range(len(outcomes))))
    verdicts = {"A": Verdict.ACCEPTED, "F": Verdict.PERMANENT, "R": Verdict.PERMANENT}
    script = [Outcome(verdicts[one], "550 go away", of_reader=one == "R") for one in outcomes]
    tally = drain(store, Scripted([*script]), build, owner="me", now=Clock())
    assert tally.held == problem
    assert tally.held_for == timedelta(hours=(1 if tally.ours else 20) if problem else 0)
    assert tally.failed == failed == len(store.deliveries([DeliveryState.FAILED]))
    assert tally.accepted + tally.failed + tally.waiting == (answered or len(outcomes))
    assert len(store.deliveries([DeliveryState.QUEUED])) == len(outcomes) - tally.accepted - failed


class AllAtOnce(Scripted):
    """Answers all that it holds in one go, in their order."""

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        return [Answer(mail.key, self._next(mail)) for mail in mails]


@pytest.mark.parametrize(
    ("outcomes", "held"),
    [("F" * 10 + "A" * 20 + "F" * 10 + "A", False), ("A" * 10 + "F" * 20 + "A" * 10, True)],
    ids=["apart", "together"],
)
def test_a_row_is_counted_in_the_order_of_the_answers(store: Store, outcomes: str, held: bool) -> None:
    """Answers that come twenty at a time are judged as they came, across two turns too."""
    script = "A" * 200 + outcomes
    plan(store, *(f"reader{number}" for number in range(len(script))))
    steps = [Outcome(Verdict.PERMANENT if one == "F" else Verdict.ACCEPTED, "550 go away") for one in script]
    tally = drain(store, AllAtOnce([*steps], lanes=20), build, owner="me", now=Clock())
    assert tally.held == (SAME.format(20) if held else None)
    assert tally.failed == (0 if held else 20)


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """The collector as Python has it, not as the tests do."""
    ours, pythons = gc.get_threshold(), (700, 10, 10)
    gc.unfreeze()
    gc.set_threshold(*pythons)
    yield pythons
    gc.set_threshold(*ours)


def test_drain_keeps_no_garbage(store: Store, usual: tuple[int, int, int]) -> None:
    """What was garbage before a round is gone after it, and a long one looks through what is old no more than once."""

    class Knot:
        def __init__(self) -> None:
            self.itself = self

    plan(store, *(f"reader{number}" for number in range(1_000)))
    knot, thresholds = weakref.ref(Knot()), []
    drain(
        store,
        AllAtOnce(lanes=100),
        build,
        owner="me",
        now=Clock(),
        report=lambda _: thresholds.append(gc.get_threshold()),
    )
    assert (knot(), gc.get_threshold()) == (None, usual)
    assert thresholds[0] == usual
    assert thresholds[-1][:2] == usual[:2]
    assert thresholds[-1][2] > usual[2]
    collections = [generation["collections"] for generation in gc.get_stats()]
    gc.disable()
    try:
        drain(store, Scripted(), build, owner="me", now=Clock())
        assert [generation["collections"] for generation in gc.get_stats()] == collections
    finally:
        gc.enable()


def test_a_domain_that_refuses_us_waits(store: Store) -> None:
    """Once one mail to a domain is refused for what we are, the others there are not tried; nobody has failed."""
    plan(store, "ada", "bob", "eve")
    (zoe,) = store.enrol(["zoe@example.net"], NOW).values()
    other = {"email": zoe.email, "subscriber_id": zoe.id, "message_id": "<2026-03-09.zoe@example.org>"}
    store.plan([a_delivery(id=0, state=DeliveryState.QUEUED, attempts=0, owner=None, **other)])
    blamed: list[str] = []

    def pause(delivery: Delivery) -> None:
        blamed.append(f"{delivery.email}: {delivery.error}")
        store.pause_domain(DomainPause("example.org", NOW + timedelta(hours=6), "5.7.1"))

    refusal = Outcome(Verdict.UNWANTED, "550 5.7.1 spam")
    transport = Scripted([refusal])
    assert drain(store, transport, build, owner="me", now=Clock(), unwanted=pause) == Tally(accepted=1, waiting=1)
    assert blamed == ["ada@example.org: 550 5.7.1 spam"]
    assert [mail.message.recipient for mail in transport.sent] == ["ada@example.org", "zoe@example.net"]
    assert states(store) == {"ada": "queued", "bob": "queued", "eve": "queued", "zoe": "accepted"}
    assert drain(store, transport, build, owner="me", now=Clock(NOW + timedelta(hours=7))) == Tally(accepted=3)


def test_who_refuses_us_everywhere_stops_the_issue(store: Store) -> None:
    """A sender whom everybody turns away is at fault: twenty different domains are enough to see it."""
    plan(store, *(f"reader{number}" for number in range(30)))
    tally = drain(store, Scripted([Outcome(Verdict.UNWANTED, "554 5.7.1")] * 60), build, owner="me", now=Clock())
    assert tally.held == SAME.format(11).replace("550 go away", "554 5.7.1")
    assert (tally.failed, tally.waiting, tally.ours) == (0, 11, {"example.org"})


def test_drain_walks_on(store: Store) -> None:
    """Mails that wait at the head of the queue hold up nobody, and what becomes due meanwhile goes out at the end."""
    plan(store, "ada", "bob", "eve")
    clock = Clock()
    transport = Scripted([Outcome(Verdict.TEMPORARY, "451", 1.0)])

    def tick(_: Delivery) -> None:
        clock.time += timedelta(seconds=1)

    assert drain(store, transport, build, owner="me", now=clock, report=tick) == Tally(accepted=3, waiting=1)
    assert [mail.key for mail in transport.sent] == ["1", "2", "3", "1"]


def test_drain_at_a_rate(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails are spread evenly, however many lanes there are: 1,200 a minute are twenty a second."""
    plan(store, *(f"reader{number}" for number in range(8)))
    clock = StillClock()
    monkeypatch.setattr("newsletter.delivery.draining.time", clock)
    made = [clock.moment]

    def timed(claimed: Delivery) -> Message:
        made.append(clock.moment)
        return build(claimed)

    assert drain(store, Scripted(lanes=8), timed, owner="me", now=Clock(), rate=1200) == Tally(accepted=8)
    assert [0, *[1 / 20] * 7] == pytest.approx([then - before for before, then in pairwise(made)], abs=1e-5)


def test_planning_goes_in_step_with_sending(store: Store) -> None:
    """The first email leaves before the second page is planned, and an error of planning leaves nothing in doubt."""
    pages = [["ada", "bob"], ["eve", "ian"]]
    transport, sent_before_page = Scripted(lanes=4), []

    def more() -> bool:
        sent_before_page.append(len(transport.sent))
        if not pages:
            raise RuntimeError("no third page")
        plan(store, *pages.pop(0))
        return True

    with pytest.raises(RuntimeError, match="no third page"):
        drain(store, transport, build, owner="me", now=Clock(), supply=more)
    assert 0 == sent_before_page[0] < sent_before_page[1] < sent_before_page[2]
    assert {DeliveryState.ACCEPTED} == {mail.state for mail in store.deliveries()}


def test_pace() -> None:
    """A pause saves up one second's worth of mails, not more."""
    clock = iter([0.0, 0.0, 0.1, 3600.0, 3600.5, 3602.0]).__next__
    pace = Pace(120, clock)
    allowed = []
    for begun in (1, 0, 2, 1, 2):
        allowed.append(pace.allowed())
        pace.begin(begun)
    assert allowed == [1, 0, 2, 1, 2]
    assert pace.wait() == 0.5
    assert (Pace(None, lambda: 0.0).allowed(), Pace(None, lambda: 0.0).wait()) == (None, 0.0)


def test_drain_of_one(store: Store) -> None:
    """`only` sends one reader's mail and leaves the others queued."""
    plan(store, "ada", "bob")
    assert drain(store, Scripted(), build, owner="me", now=Clock(), only="BOB@example.org") == Tally(accepted=1)
    assert states(store) == {"ada": "queued", "bob": "accepted"}


def test_drain_stops(store: Store) -> None:
    """When it is told to stop the mail in flight is finished and no other begun."""
    plan(store, "ada", "bob")
    transport = Scripted()
    drain(store, transport, build, owner="me", now=Clock(), stop=lambda: bool(transport.sent))
    assert states(store) == {"ada": "accepted", "bob": "queued"}


def test_drain_leaves_out_who_left(store: Store) -> None:
    """Somebody who leaves while the others are being sent gets nothing."""
    plan(store, "ada", "bob")

    class Leaving(Scripted):
        def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
            bob = store.subscriber("bob@example.org")
            assert bob is not None
            store.set_subscriber(bob.id, SubscriberState.UNSUBSCRIBED, "by reply", NOW)
            return super().exchange(mails, wait)

    assert drain(store, Leaving(), build, owner="me", now=Clock()) == Tally(accepted=1)
    assert states(store) == {"ada": "accepted", "bob": "skipped"}


@pytest.mark.parametrize("lanes", [1, 3])
def test_drain_of_a_mail_that_cannot_be_made(store: Store, lanes: int) -> None:
    """One mail that cannot be made waits, named; the others go out."""
    plan(store, "ada", "bob", "eve")

    def break_one(delivery: Delivery) -> Message:
        if delivery.email.startswith("bob"):
            raise LookupError("edition k is not in the ledger")
        return build(delivery)

    tally = drain(store, Scripted(lanes=lanes), break_one, owner="me", now=Clock())
    assert tally == Tally(accepted=2, waiting=1)
    assert states(store) == {"ada": "accepted", "bob": "queued", "eve": "accepted"}
    assert store.deliveries()[1].error == "cannot be made: edition k is not in the ledger"


def test_drain_with_a_mistake_in_the_transport(store: Store) -> None:
    """An error that no transport should raise leaves one mail in doubt, named; the others go out."""
    plan(store, "ada", "bob")
    tally = drain(store, Scripted([KeyError("From")]), build, owner="me", now=Clock())
    assert tally == Tally(accepted=1, waiting=1)
    assert states(store) == {"ada": "unknown", "bob": "accepted"}
    assert store.deliveries()[0].error == "KeyError: 'From'"


def test_drain_with_two_mistakes_at_once(store: Store) -> None:
    """A mail that could not be made before the transport's own mistake was certainly not sent: it is in no doubt."""
    plan(store, "ada", "bob")

    def break_one(delivery: Delivery) -> Message:
        if delivery.email.startswith("ada"):
            raise LookupError("no edition")
        return build(delivery)

    tally = drain(store, Scripted([KeyError("From")], lanes=2), break_one, owner="me", now=Clock())
    assert tally == Tally(waiting=2)
    assert states(store) == {"ada": "queued", "bob": "unknown"}


def test_drain_stopped_in_flight(store: Store) -> None:
    """After a stop in the middle of a send the mail in flight is repeated once, and named; nobody is skipped."""
    plan(store, "ada", "bob")
    with pytest.raises(KeyboardInterrupt):
        drain(store, Scripted([KeyboardInterrupt()]), build, owner="me", now=Clock())
    assert states(store) == {"ada": "sending", "bob": "queued"}
    store.recover("me")
    assert drain(store, Scripted(), build, owner="me", now=Clock()) == Tally(accepted=2)
    assert [mail.error for mail in store.deliveries()] == [REPEATED, None]


def test_unknown_is_repeated_once(store: Store) -> None:
    """A mail of which nobody knows is sent once more and then left, by name: not skipped, and not sent every minute."""
    plan(store, "ada")
    transport = Scripted([Outcome(Verdict.UNKNOWN, "lost")] * 5)
    for _ in range(4):
        store.recover("me")
        drain(store, transport, build, owner="me", now=Clock())
    (ada,) = store.deliveries()
    assert (ada.state, ada.attempts, ada.error) == (DeliveryState.UNKNOWN, 2, "lost")
    assert len({mail.message.raw for mail in transport.sent}) == 1
    assert len(transport.sent) == 2


# --- slots ----------------------------------------------------------------------


def test_fill() -> None:
    """A slot's letters land at their places, also where a value is spread over several."""
    slotted = Slotted(b"<aaaa> x=\r\n<aa=\r\naa>", (Span(1, 4, "a", 0), Span(12, 2, "a", 0), Span(17, 2, "a", 2)))
    assert slotted.fill({"a": "bcde", "b": "none"}) == b"<bcde> x=\r\n<bc=\r\nde>"
    assert slotted.content == b"<aaaa> x=\r\n<aa=\r\naa>"


LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@given(st.binary(max_size=200), st.data())
def test_fill_always(content: bytes, data: st.DataObject) -> None:
    """Filling keeps the length and every byte outside the slots."""
    places = sorted(data.draw(st.sets(st.integers(0, len(content)))))
    spans = tuple(Span(start, end - start, "s", 0) for start, end in zip(places[::2], places[1::2], strict=False))
    value = data.draw(st.text(LETTERS, min_size=len(content), max_size=len(content)))
    filled = Slotted(content, spans).fill({"s": value})
    inside = {place for span in spans for place in range(span.offset, span.offset + span.length)}
    assert len(filled) == len(content)
    assert all(filled[place] == content[place] for place in range(len(content)) if place not in inside)
    assert all(filled[s.offset : s.offset + s.length] == value[: s.length].encode() for s in spans)


def test_fill_needs_every_slot() -> None:
    """A slot without a value is an error, never a mail with somebody's blank."""
    with pytest.raises(KeyError):
        Slotted(b"aaaa", (Span(0, 4, "a", 0),)).fill({"b": "bcde"})
