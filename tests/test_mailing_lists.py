"""A mailing list as a subscriber: its copy is nobody's own, and no member acts for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter import doctor, pipeline, readers
from newsletter.models import Action, Command, Meaning, SubscriberState
from newsletter.replies import acting, receiving
from newsletter.settings import Settings
from newsletter.tokens import Purpose, make
from tests.conftest import Run
from tests.counters import counter_of
from tests.morning import ROSTER, desk_of, outbox, part, practice
from tests.site import Switch, server, site_of

__all__ = ["server"]  # a fixture

ALL = "all@institute.example.com"
LISTED = ROSTER + f"  - {{email: {ALL}, list: true}}\n"
WITH_ALL = {"sender": "Morning arXiv <news@news.example>", "public_url": "https://news.example/news"}


def morning(settings: Settings) -> None:
    with desk_of(settings) as desk:
        pipeline.run(desk)


@pytest.mark.parametrize("archive", ["public", "private", "none"])
def test_nothing_in_its_copy_is_one_readers(tmp_path: Path, archive: str) -> None:
    """No link and no header that acts; the footer says how to get one's own. Others get theirs as before."""
    roster = f"newsletter: {{archive: {archive}}}\n{LISTED}"
    with practice(tmp_path, model=False, roster=roster) as (_, given):
        settings = given.model_copy(update=WITH_ALL)
        morning(settings)
        with counter_of(settings) as counter:
            known = counter.store.subscriber(ALL)
            assert known is not None
            personal = {make(counter.keys, one, known.id) for one in Purpose if one is not Purpose.MESSAGE}
    mails = outbox(settings)
    copy, own = mails[ALL], mails["ada@example.org"]
    text, page = part(copy, "plain"), part(copy, "html")
    for token in personal:
        assert token not in copy.as_string()
    assert "unsubscribe" not in f"{text}{page}".casefold()
    assert "/u/" not in text + page
    assert "/p/" not in text + page
    assert ("https://news.example/news/" in text) == (archive == "public")
    for shown in (text, page):
        assert f"list {ALL}" in " ".join(shown.split())
        assert "news@news.example" in shown
    assert f"<mailto:news@news.example?subject=unsubscribe%20{ALL.replace('@', '%40')}>" == copy["List-Unsubscribe"]
    assert (None, "news@news.example") == (copy["List-Unsubscribe-Post"], copy["Reply-To"])
    assert "List-Unsubscribe=One-Click" == own["List-Unsubscribe-Post"]
    assert "/u/" in part(own, "plain")


def test_no_member_acts_for_all(tmp_path: Path, server: tuple[Switch, int]) -> None:
    """By reply with the token of the Message-ID, by an old link, by a complaint: the list goes on; a bounce counts."""
    (tmp_path / "subscribers.yaml").write_text(LISTED, "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with site_of(settings, server) as site:
        who, before = site.ids[ALL], site.snapshot()
        for action in (Action.UNSUBSCRIBE, Action.PAUSE, Action.CONFIRM, Action.PAPERS, Action.COMPLAINT, Action.HELP):
            command = None if action is Action.COMPLAINT else Command.UNSUBSCRIBE
            for proof in (who, None):  # without one, it comes from the list's own address, as many lists write it
                meaning = Meaning(action=action, reason="x", subscriber_id=proof, command=command, sender=ALL)
                assert acting.act(site.counter, meaning) is None, action
        assert readers.leave(site.counter, who, readers.BY_LINK) is None
        assert 404 == site.ask("POST", f"/u/{site.token(Purpose.LEAVE, ALL)}").status
        assert 404 == site.ask("POST", f"/p/{site.token(Purpose.PREFERENCES, ALL)}", b"do=leave").status
        assert before == site.snapshot()
        gone = Meaning(action=Action.BOUNCE_PERMANENT, reason="x", subscriber_id=who, status="5.1.1")
        acting.act(site.counter, gone, key="1")
        assert SubscriberState.SUPPRESSED is site.state(ALL)


def test_check_suggests_the_key(tmp_path: Path, newsletter: Run) -> None:
    """For addresses that are named as lists are, unless the entry says what it is; nothing is wrong with them."""
    names = ("all@x.example.com", "lab-members@x.example.com", "staff@x.example.com", "vision@lists.x.example.com")
    entries = "".join(f"  - {name}\n" for name in names)
    said = "  - {email: team@x.example.com, list: false}\n  - allen@x.example.com\n"
    (tmp_path / "subscribers.yaml").write_text(ROSTER + entries + said, "utf-8")
    ended = newsletter("check")
    hints = [line for line in ended.stdout.splitlines() if "may be a mailing list" in line]
    assert list(names) == [line.split()[2] for line in hints], ended.stdout + ended.stderr
    assert all("list: true" in line for line in hints)


def test_a_reply_through_a_list_is_a_finding(tmp_path: Path) -> None:
    """Its token is the subscriber's, its List-Id the list's."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER + "  - crew@x.example.com\n", "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with counter_of(settings) as counter:
        known = counter.store.enrol(["crew@x.example.com"], counter.now())["crew@x.example.com"]
        token = make(counter.keys, Purpose.REPLY, known.id)
        head = f"From: a@b.example\nTo: news+{token}@n.example\nSubject: unsubscribe\n"
        raw = f"{head}List-Id: Crew <crew.x.example.com>\n\n"
        receiving.receive(counter, raw.encode())
        found = [str(one) for one in doctor.examine(settings, counter) if "came through" in str(one)]
        (said,) = found
        assert "'crew@x.example.com' came through the list Crew <crew.x.example.com>; add list: true" in said
        settings.subscribers.write_text(ROSTER + "  - {email: crew@x.example.com, list: true}\n", "utf-8")
        assert not [one for one in doctor.examine(settings, counter) if "came through" in str(one)]
