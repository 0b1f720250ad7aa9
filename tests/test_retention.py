"""What is old goes: emails' bytes soon, rows after `NEWSLETTER_KEEP_DAYS`; nobody is sent an old issue for it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import app
from newsletter.models import Claim, Delivery, DeliveryState, Incoming
from newsletter.pipeline import clear_old
from newsletter.readers import in_force
from newsletter.replies import receiving
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.tokens import Purpose, make
from soak import retention
from tests.conftest import Run
from tests.counters import MORNING, a_counter
from tests.factories import KEYS
from tests.ledger import MONDAY, NOW, a_delivery, a_rendered

KEEP = timedelta(days=400)


def cleared(store: Store, after: timedelta, keep: timedelta = KEEP) -> int:
    """How many rows went, so long after the morning."""
    return sum(store.clear(NOW + after, keep))


def sent(store: Store) -> Delivery:
    """One email that was planned and accepted."""
    store.save_edition(a_rendered())
    (reader,) = store.enrol(["ada@example.org"], NOW).values()
    store.plan([a_delivery(reader.id, reader.email)])
    (claimed,) = store.turn([], Claim(owner="me", limit=9, now=NOW))
    store.turn([replace(claimed, state=DeliveryState.ACCEPTED)], Claim(owner="me", limit=0, now=NOW))
    return claimed


def test_many_mornings(tmp_path: Path) -> None:
    """A sample of the sweep: no table grows any more, and no issue is sent twice."""
    rows, problems = retention.run(tmp_path, mornings=70, readers=3, keep=timedelta(days=60))
    assert [] == problems
    assert rows["edition"] < 50


def test_an_edition_loses_its_bytes_first_and_its_text_later(store: Store) -> None:
    """After 14 days it cannot be sent as it was; after 60 its lines are no longer known; its papers stay."""
    mail = sent(store)
    cleared(store, timedelta(days=13))
    assert a_rendered() == store.edition("k1")
    cleared(store, timedelta(days=15))
    assert store.edition("k1") is None
    assert [a_rendered().text] == [one.text for one in store.sent_to(mail.subscriber_id)]
    cleared(store, timedelta(days=61))
    assert [] == list(store.sent_to(mail.subscriber_id))
    assert 1 == len(store.deliveries())


def test_an_edition_that_is_wanted_again_is_kept_anew(store: Store) -> None:
    """A reader who gets the issue three weeks later: the bytes are made again."""
    sent(store)
    cleared(store, timedelta(days=21))
    store.save_edition(a_rendered(subject="made again"))
    again = store.edition("k1")
    assert again
    assert (again.subject, again.body) == ("made again", a_rendered().body)


@pytest.mark.parametrize("state", [DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN])
def test_what_is_not_settled_stays(store: Store, state: DeliveryState) -> None:
    """An email that may still be sent keeps its edition, however old it is."""
    mail = sent(store)
    store.finish(replace(mail, state=state, attempts=1))
    with store._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET state = '{state}'")
    cleared(store, timedelta(days=500))
    assert [state] == [one.state for one in store.deliveries()]
    assert a_rendered() == store.edition("k1")


def test_what_a_reader_had_is_known_when_the_rows_are_gone(store: Store) -> None:
    """The email is gone, and the same issue is not planned again."""
    mail = sent(store)
    cleared(store, timedelta(days=401))
    assert [] == list(store.deliveries())
    assert 0 == store.plan([a_delivery(mail.subscriber_id, mail.email, message_id="<another@example.org>")])
    assert store.kept_since() == (NOW + timedelta(days=1)).date()


def test_once_a_day_and_in_portions(store: Store) -> None:
    """A stop leaves the rest for the next tick; a clock that was set back does not wait for the old day."""
    sent(store)
    later = NOW + timedelta(days=401)
    clear_old(store, later, KEEP, stop=lambda: True)
    assert store.edition("k1") is None
    assert 1 == len(store.deliveries())
    clear_old(store, later, KEEP)
    assert 0 == len(store.deliveries())
    sent_again = replace(sent_on(store, later), state=DeliveryState.ACCEPTED)
    clear_old(store, later + KEEP, KEEP, stop=lambda: True)
    assert [sent_again.id] == [one.id for one in store.deliveries()]


def sent_on(store: Store, day: datetime) -> Delivery:
    """One more email of that day."""
    reader = store.subscriber("ada@example.org")
    assert reader
    issues = (day.date(),)
    store.save_edition(a_rendered("k2"))
    store.plan([a_delivery(reader.id, reader.email, issues, "k2", date=day)])
    (claimed,) = store.turn([], Claim(owner="me", limit=9, now=day))
    store.turn([replace(claimed, state=DeliveryState.ACCEPTED)], Claim(owner="me", limit=0, now=day))
    return claimed


# --- what came in -----------------------------------------------------------------


@dataclass
class Folder:
    """A mailbox in memory, with the time at which each email arrived."""

    mails: dict[str, tuple[bytes, datetime]]
    name: str = "imap"
    away: list[str] = field(default_factory=list)

    def waiting(self, known: Callable[[Iterable[str]], Container[str]]) -> Iterator[Incoming]:
        seen = known(self.mails)
        for key, (raw, arrived) in list(self.mails.items()):
            if key not in seen:
                yield Incoming(key=key, raw=raw, arrived=arrived)

    def put_away(self, mail: Incoming) -> None:
        del self.mails[mail.key]


LIST = "topics: {a: {categories: [cs.LG], interests: Pruning.}}\nsubscribers: [ada@example.org]\n"


@pytest.mark.parametrize(("age", "state"), [(timedelta(days=399), "unsubscribed"), (timedelta(days=401), "active")])
def test_an_email_that_is_older_than_we_remember_is_not_acted_on(
    store: Store, tmp_path: Path, age: timedelta, state: str
) -> None:
    """It may have been acted on before: a mailbox that numbers its emails anew shows all of them again."""
    file = tmp_path / "subscribers.yaml"
    file.write_text(LIST)
    counter = a_counter(store, file)
    in_force.take_in(counter, in_force.load(counter))
    ada = store.subscriber("ada@example.org")
    assert ada
    to = f"news+{make(KEYS, Purpose.REPLY, ada.id)}@example.org"
    raw = f"From: ada@example.org\r\nTo: {to}\r\nMessage-ID: <1@example.org>\r\n\r\nunsubscribe\r\n".encode()
    mailbox = Folder({"1.1": (raw, MORNING - age)})
    receiving.poll(replace(counter, open_mailbox=lambda: nullcontext(mailbox)))
    after = store.subscriber("ada@example.org")
    assert after
    assert after.state == state


def test_records_of_what_still_lies_in_the_mailbox_stay(store: Store, tmp_path: Path) -> None:
    """Else it would be read again at every poll."""
    store.record("imap", {"1.1": "ignore", "1.2": "unsubscribe"}, MORNING)
    store.record("mail", {"<1@example.org>": "left"}, MORNING)
    mailbox = Folder({"1.1": (b"Subject: thanks\r\n\r\nThanks\r\n", MORNING)})
    counter = replace(a_counter(store, tmp_path / "none", now=MORNING + timedelta(days=401)))
    receiving.poll(replace(counter, open_mailbox=lambda: nullcontext(mailbox)))
    clear_old(store, counter.now(), counter.keep)
    assert {"1.1": "ignore"} == store.handled("imap", ["1.1", "1.2"])
    assert {} == store.handled("mail", ["<1@example.org>"])


def test_a_day_that_nobody_remembers_is_refused(newsletter: Run, tmp_path: Path) -> None:
    """`run --date` says since when it is known who had an issue."""
    (tmp_path / "subscribers.yaml").write_text(LIST)
    newsletter("status")
    with app.open_ledger(Settings(data_dir=tmp_path / "var")) as store:
        cleared(store, timedelta(), keep=timedelta(days=60))
    done = newsletter("run", "--date", "2026-01-05")
    assert 1 == done.returncode
    assert "issue 2026-01-05 is too old to be sent" in done.stderr
    assert date(2026, 1, 8).isoformat() in done.stderr


def test_issues_of_several_days_in_one_email(store: Store) -> None:
    """An email that carries an old issue and a newer one stays as long as the newer one."""
    store.save_edition(a_rendered())
    (reader,) = store.enrol(["ada@example.org"], NOW).values()
    late = NOW + timedelta(days=10)
    store.plan([a_delivery(reader.id, reader.email, (MONDAY, late.date()), date=NOW)])
    (claimed,) = store.turn([], Claim(owner="me", limit=9, now=NOW))
    store.turn([replace(claimed, state=DeliveryState.ACCEPTED)], Claim(owner="me", limit=0, now=NOW))
    cleared(store, timedelta(days=405))
    assert 1 == len(store.deliveries())
