"""What `newsletter run` does with a model that does not serve: one rule, as real processes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.demo.faults import Fault, Response, apply_fault
from newsletter.demo.servers import Servers
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from tests.morning import ROSTER
from tests.test_cli import READERS, Ended, Folder, todays_servers

NOBODY = "http://127.0.0.1:9/v1"  # a port that nothing listens on
KEY = json.dumps({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}})
MONEY = json.dumps({"error": {"message": "Your credit balance is too low", "type": "billing_error"}})
REFUSED = [
    pytest.param(Fault(kind="status", status=401, body=KEY), id="key"),
    pytest.param(Fault(kind="status", status=402, body=MONEY), id="money"),
    pytest.param(Fault(kind="status", status=404, body='{"error": {"message": "model not found"}}'), id="name"),
]
AWAY = [
    pytest.param(Fault(kind="status", status=502, body="{}"), id="server-error"),
    pytest.param(Fault(kind="status", status=503, body="{}"), id="busy"),
    pytest.param(Fault(kind="status", status=429, body="{}", headers={"Retry-After": "7200"}), id="throttled"),
    pytest.param(None, id="nobody-listens"),
]


@pytest.fixture
def servers() -> Iterator[Servers]:
    with todays_servers() as running:
        yield running


@pytest.fixture
def first(tmp_path: Path, servers: Servers) -> Folder:
    """A ledger from which nothing was ever sent."""
    made = Folder(tmp_path, dict(servers.environment()))
    made.write("subscribers.yaml", ROSTER)
    return made


@pytest.fixture
def later(first: Folder) -> Folder:
    """A ledger that has sent an issue: the one before, a day without papers."""
    before = calendar.previous(calendar.newest(utc_now()))
    ended = first("run", "--date", str(before), "--without-model")
    assert (0, Counter(READERS)) == (ended.returncode, first.outbox()), ended.said
    return first


def spoil(servers: Servers, fault: Fault | None, times: int = 500) -> dict[str, str]:
    """Every request is answered so; the settings that are needed for it."""
    servers.model.faults.extend([fault] * times if fault else [])
    return {} if fault else {"NEWSLETTER_MODEL_API_BASE": NOBODY}


def issue(folder: Folder) -> dict[str, Any]:
    """The newest issue, as `status` has it."""
    found = json.loads(folder("status", "--json").stdout)
    return {**found["issues"][0], "troubles": [one["key"] for one in found["troubles"]]}


def went_out(folder: Folder, ended: Ended, emails: int) -> None:
    """The day went out by word match, exit code 1, and `status` says why."""
    assert ended.returncode == 1, ended.said
    assert folder.outbox() == Counter(dict.fromkeys(READERS, emails))
    found = issue(folder)
    assert (found["state"], found["scored"]) == ("ready", 0)
    assert found["deliveries"] == {"accepted": 2}


# --- nothing was ever sent ----------------------------------------------------------


@pytest.mark.parametrize("fault", [*REFUSED, *AWAY])
def test_a_first_issue_without_its_model(first: Folder, servers: Servers, fault: Fault | None) -> None:
    """Refused or away: exit code 1 at once, nothing is sent or used up, and the next run sends it as if first."""
    ended = first("run", "--patience", "60", **spoil(servers, fault))
    assert ended.returncode == 1
    assert "--without-model" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert first.outbox() == Counter()
    assert len(servers.model.requests) < 60
    servers.model.faults.clear()
    again = first("run")
    assert again.returncode == 0, again.said
    assert first.outbox() == Counter(READERS)
    assert issue(first)["scored"] == issue(first)["collected"]


def test_a_first_issue_that_is_to_go_out_without_a_model(first: Folder, servers: Servers) -> None:
    """`--without-model` asks nobody, sends it by word match, and is no failure."""
    ended = first("run", "--without-model", **spoil(servers, Fault(kind="status", status=401, body=KEY)))
    assert ended.returncode == 0, ended.said
    assert first.outbox() == Counter(READERS)
    assert issue(first)["model_outcome"] == "skipped"
    assert servers.model.requests == []


# --- an issue was sent before -------------------------------------------------------


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refused_model_is_not_waited_for(later: Folder, servers: Servers, fault: Fault) -> None:
    """Whatever the patience: the day goes out at once, exit code 1, the administrator is told what to do."""
    ended = later("run", "--patience", "600", **spoil(servers, fault))
    went_out(later, ended, 2)
    found = issue(later)
    assert found["model_outcome"] == "refused"
    assert any(key.startswith("model ") for key in found["troubles"])


@pytest.mark.parametrize(("fault", "outcome"), [(one.values[0], one.id) for one in AWAY])
def test_patience_that_is_over(later: Folder, servers: Servers, fault: Fault | None, outcome: str) -> None:
    """Away for longer than the patience, or asking for more than it: the day goes out, exit code 1, and is told."""
    ended = later("run", "--patience", "0", **spoil(servers, fault))
    went_out(later, ended, 2)
    found = issue(later)
    assert found["model_outcome"] == ("throttled" if outcome in ("throttled", "busy") else "unreached")
    assert "scores" in found["troubles"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=503, body="{}", headers={"Retry-After": "0"}),
        Fault(kind="status", status=429, body="{}", headers={"Retry-After": "0"}),
        Fault(kind="status", status=529, body="{}", headers={"Retry-After": "0"}),
    ],
    ids=lambda fault: str(fault.status),
)
def test_patience_that_is_rewarded(later: Folder, servers: Servers, fault: Fault) -> None:
    """More refusals than a few tries would stand: within the patience the model comes back, and all is scored."""
    ended = later("run", "--patience", "10", **spoil(servers, fault, times=40))
    assert ended.returncode == 0, ended.said
    assert len(servers.model.requests) > 40
    found = issue(later)
    assert (found["scored"], found["model_outcome"]) == (found["collected"], "served")
    assert later.outbox() == Counter(dict.fromkeys(READERS, 2))


def test_a_later_issue_that_is_to_go_out_without_a_model(later: Folder, servers: Servers) -> None:
    """`--without-model` is the same rule for every issue: nobody is asked, no failure."""
    ended = later("run", "--without-model")
    assert ended.returncode == 0, ended.said
    assert servers.model.requests == []
    assert issue(later)["model_outcome"] == "skipped"


@pytest.mark.parametrize("fault", [REFUSED[0], AWAY[0]])
def test_a_fallback_serves(later: Folder, servers: Servers, fault: Fault) -> None:
    """A model behind the first that answers is a model that serves: exit code 0; what is wrong is told all the same."""
    named = servers.environment()["NEWSLETTER_MODEL"]

    def only_the_second(_question: Any, body: Any, answer: Any) -> Any:
        return answer if body["model"] == "second" else refusal

    refusal = apply_fault(fault, Response())
    servers.model.twist = only_the_second
    prices = {"NEWSLETTER_MODEL_PRICES": f"{named}=1/1,openai/second=1/1"}
    ended = later("run", "--patience", "0", NEWSLETTER_FALLBACK_MODELS="openai/second", **prices)
    assert ended.returncode == 0, ended.said
    found = issue(later)
    assert (found["scored"], found["model_outcome"]) == (found["collected"], "served")


@pytest.mark.parametrize("patience", ["-1", "soon"])
def test_a_patience_that_is_none(first: Folder, patience: str) -> None:
    """It is a mistake in the command, said in one line."""
    ended = first("run", "--patience", patience)
    assert ended.returncode == 2
    assert "--patience" in ended.stderr
