"""A backup is a newsletter of its own: started elsewhere it sends nothing twice, and goes on with the next issue."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter import app, pipeline, subscribers
from newsletter.app.files import token_keys
from newsletter.backup import backup
from newsletter.errors import ConfigurationError
from newsletter.models import DeliveryState, SubscriberState
from newsletter.pipeline import Morning
from newsletter.settings import Settings
from tests.conftest import Run
from tests.factories import DAY
from tests.morning import MORNING, desk_of, outbox, practice
from tests.test_scheduler import announce

TUESDAY, WEDNESDAY = date(2026, 3, 10), date(2026, 3, 11)
ENV = """\
# where
NEWSLETTER_DATA_DIR=/somewhere/else
NEWSLETTER_DATABASE_URL=sqlite:////somewhere/else/newsletter.db
NEWSLETTER_SENDER="Morning arXiv <news@example.org>" # the sender
NEWSLETTER_SMTP_URL=smtp://news@example.org@mail.example.org:587

NEWSLETTER_SMTP_PASSWORD=canary-1
OPENAI_API_KEY='canary-2'
SENDGRID_API_KEY=canary-3
AWS_SECRET_ACCESS_KEY=canary-4
HTTPS_PROXY=http://me:canary-5@proxy.example.org
NEWSLETTER_MODEL_API_BASE=http://me:canary-6@models.example.org
NEWSLETTER_SMTP_PASSWORD_FILE=/run/secrets/smtp
"""


def morning(settings: Settings, moment: str, day: date | None = None) -> Morning:
    with desk_of(settings, datetime.fromisoformat(moment).replace(tzinfo=UTC)) as desk:
        return pipeline.run(desk, day)


def restored(settings: Settings, folder: Path) -> Settings:
    """The backup in a new place."""
    backup(settings, folder, MORNING)
    return settings.model_copy(update={"subscribers": folder / "subscribers.yaml", "data_dir": folder / "var"})


def test_a_restored_folder_sends_nothing_twice(tmp_path: Path) -> None:
    """What was sent before the copy or since is not sent again; the next issue goes to everybody, once."""
    (tmp_path / "a").mkdir()
    with practice(tmp_path / "a", model=False) as (servers, settings):
        assert 2 == morning(settings, "2026-03-09 06:00").tally.accepted
        again = restored(settings, tmp_path / "b")
        announce(servers, TUESDAY)
        assert 2 == morning(settings, "2026-03-10 09:30").tally.accepted  # by the original, before its disk died
        done = morning(again, "2026-03-10 15:00")
        assert (0, (TUESDAY,)) == (done.tally.accepted, tuple(issue.date for issue in done.issues))
        announce(servers, WEDNESDAY)
        assert 2 == morning(again, "2026-03-11 09:30").tally.accepted
        with app.open_ledger(again) as store:
            assert [(DAY,)] * 2 + [(WEDNESDAY,)] * 2 == [mail.issues for mail in store.deliveries()]
        assert token_keys(settings.data_dir) == token_keys(again.data_dir)


def test_what_counts_as_sent_can_be_sent_all_the_same(tmp_path: Path) -> None:
    """The operator knows that Tuesday's never went out: `run --date` sends it, once."""
    (tmp_path / "a").mkdir()
    with practice(tmp_path / "a", model=False) as (servers, settings):
        morning(settings, "2026-03-09 06:00")
        again = restored(settings, tmp_path / "b")
        announce(servers, TUESDAY)
        assert 0 == morning(again, "2026-03-10 15:00").tally.accepted
        assert 2 == morning(again, "2026-03-10 15:01", TUESDAY).tally.accepted
        assert 0 == morning(again, "2026-03-10 15:02", TUESDAY).tally.accepted


def test_a_mail_that_waited_when_the_copy_was_made_is_named_and_not_sent(tmp_path: Path) -> None:
    """The original may have sent it a second later."""
    (tmp_path / "a").mkdir()
    with practice(tmp_path / "a", model=False) as (_, settings):
        with desk_of(settings) as desk:
            pipeline.prepare_days(desk, None)
            pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        again = restored(settings, tmp_path / "b")
        assert 2 == morning(settings, "2026-03-09 06:01").tally.accepted
        assert 0 == morning(again, "2026-03-09 08:00").tally.accepted
        assert {} == outbox(again)
        with app.open_ledger(again) as store:
            mails = store.deliveries()
    assert [DeliveryState.UNKNOWN] * 2 == [mail.state for mail in mails]
    assert all("when this ledger was copied (2026-03-09 06:00 UTC)" in (mail.error or "") for mail in mails)


def test_what_is_in_a_backup(tmp_path: Path) -> None:
    """Roster, interests, prompts, templates, state and settings; no secret, and nobody else may read it."""
    home = tmp_path / "home"
    (home / "wants").mkdir(parents=True)
    (home / "templates").mkdir()
    (home / "wants" / "ml.md").write_text("Sparsity.")
    (home / "templates" / "footer.html.j2").write_text("[# mine #]")
    (home / "readers.yaml").write_text(
        "topics:\n  ml:\n    categories: [cs.LG]\n    interests: 'wants/ml.md'\nsubscribers: [ada@example.org]\n"
    )
    (home / ".env").write_text(ENV)
    settings = Settings(subscribers=home / "readers.yaml", data_dir=tmp_path / "state")
    with app.open_ledger(settings) as store:
        ada = store.enrol(["ada@example.org"], MORNING)["ada@example.org"]
        store.set_subscriber(ada.id, SubscriberState.UNSUBSCRIBED, "by reply", MORNING)
    folder = backup(settings, None, MORNING)
    assert tmp_path / "state" / "backups" / "2026-03-09T060000Z" == folder
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert {
        ".env", "subscribers.yaml", "wants/ml.md", "templates/footer.html.j2", "var/newsletter.db", "var/token-keys",
    } == found  # fmt: skip
    assert "Sparsity." == subscribers.load(folder / "subscribers.yaml").topics[0].interests
    with app.open_ledger(Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")) as store:
        left = store.subscriber("ada@example.org")
        assert left
        assert SubscriberState.UNSUBSCRIBED is left.state
    assert 0o700 == folder.stat().st_mode & 0o777
    kept = (folder / ".env").read_text()
    assert "canary" not in kept
    assert 6 == kept.count("left out of the backup")
    assert "NEWSLETTER_SMTP_URL=smtp://news@example.org@mail.example.org:587" in kept
    assert "NEWSLETTER_SMTP_PASSWORD_FILE=/run/secrets/smtp" in kept
    assert not [line for line in kept.splitlines() if "/somewhere/else" in line]


def test_a_backup_never_writes_over_anything(tmp_path: Path) -> None:
    """A folder that is there already is refused, and stays as it was."""
    (tmp_path / "subscribers.yaml").write_text("topics: {}")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigurationError, match="there cannot be written: it already exists"):
        backup(settings, tmp_path / "there", MORNING)
    assert [] == list((tmp_path / "there").iterdir())


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """No half copy stays behind that somebody might restore."""
    settings = Settings(subscribers=tmp_path / "nowhere.yaml", data_dir=tmp_path / "var")
    with pytest.raises(ConfigurationError, match=r"cannot be written: No such file"):
        backup(settings, tmp_path / "copies" / "one", MORNING)
    assert [] == list((tmp_path / "copies").iterdir())


def test_a_backup_beside_the_running_service(tmp_path: Path, newsletter: Run) -> None:
    """The command needs no lock; its copy is checked by SQLite, and `check` is content with the restored folder."""
    with practice(tmp_path, model=False) as (servers, settings):
        morning(settings, "2026-03-09 06:00")
        given = {name: value for name, value in servers.environment().items() if "ARXIV" in name}
        with (
            app.open_ledger(settings) as store,
            app.work_folder(settings, store, "serve", lambda: MORNING),
        ):
            done = newsletter("backup", "../copy", settings=given)
        assert (0, "../copy") == (done.returncode, done.stdout.strip())
        copied = tmp_path.parent / "copy"
        for file in (tmp_path / "subscribers.yaml", tmp_path / "var"):
            os.renames(file, tmp_path / "gone" / file.name)
        shutil.copytree(copied, tmp_path, dirs_exist_ok=True)
        shutil.rmtree(copied)
        checked = newsletter("check", settings=given)
        assert 0 == checked.returncode, checked.stdout + checked.stderr
        again = newsletter("run", "--date", "2026-03-09", settings=given)
    assert "Sent 0 emails" in again.stdout, again.stderr
