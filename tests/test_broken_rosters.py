"""Three hundred rosters, each broken in its own way: the others still get mail, and each finding names its line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from newsletter import app, subscribers
from newsletter.errors import ConfigurationError
from newsletter.settings import Settings
from tests.counters import service_of
from tests.morning import MORNING, active, desk_of

HEAD = """\
newsletter:
  name: Morning
topics:
  ml:
    categories: [cs.LG]
    interests: pruning
  nlp:
    categories: [cs.CL]
    interests: parsing
subscribers:
"""
GOOD = [
    "  - {email: %s}\n",  # all topics
    "  - {email: %s, topics: ml}\n",
    "  - email: %s\n    topics: [ml, nlp]\n",
    "  - email: %s   # a comment\n    topics: nlp\n    send_at: 09:30\n    days: [mon, fri]\n",
    '  - "email": "%s"\n    topics:\n      - ml\n',
]
BROKEN = [
    "  - {email: %s, topics: mll}\n",
    "  - {email: %s, topics: ml, sned_at: 9:30}\n",
    "  - {email: %s, topics: ml, send_at: 25:00}\n",
    "  - {email: %s, topics: ml, send_at: soon}\n",
    "  - {email: %s, topics: ml, timezone: Moon/Base}\n",
    "  - {email: %s, topics: ml, days: [monday, funday]}\n",
    "  - {email: %s, topics: ml, days: []}\n",
    "  - {email: %s, topics: ml, max_papers: many}\n",
    "  - {email: %s, topics: ml, max_papers: -1}\n",
    "  - {email: %s, topics: ml, languages: klingonish}\n",
    "  - {email: %s, topics: ml, abstracts: half}\n",
    "  - {email: %s, topics: ml, abstract_language: third}\n",
    "  - {email: %s, topics: ml, paused_until: 2026-02-31}\n",
    "  - {email: %s, topics: ml, paused_until: tomorrow}\n",
    "  - {email: %s, topics: ml, name: [a, b]}\n",
    "  - {email: %s, topics: ml, topics: nlp}\n",
    "  - {email: %s, topics: {ml: nlp}}\n",
    "  - {email: x%s@, topics: ml}\n",
    "  - {email: no-address-%.3s, topics: ml}\n",
    "  - {name: %s, topics: ml}\n",
    "  - [%s]\n",
    "  - {email: [%s], topics: ml}\n",
    "  - {email: {a: %s}, topics: ml}\n",
    "  - &one {email: %s, topics: ml}\n",
    "  - !reader {email: %s, topics: ml}\n",
    "  - {email: %s, topics: ml, <<: {name: B}}\n",
    "  - {email: ada.0@example.com, topics: ml}  # %s\n",  # the first reader again
    "  -  # %s\n",
    "  - 7  # %s\n",
]


def broken_roster(seed: int) -> tuple[str, list[str], list[tuple[int, int]]]:
    """A file, the readers who are fine, and from which to which line each broken entry stands."""
    chance = random.Random(seed)
    text, fine, wrong = HEAD, [], []
    broken_at = set(chance.sample(range(1, 12), chance.randint(1, 4)))
    for number in range(12):
        address = f"ada.{number}@example.com"
        is_broken = number in broken_at
        entry = (BROKEN[(seed + number) % len(BROKEN)] if is_broken else chance.choice(GOOD)) % address
        first = text.count("\n") + 1
        text += chance.choice(["", "\n", "  # a remark\n"])
        first = text.count("\n") + 1
        text += entry
        if is_broken:
            wrong.append((first, text.count("\n")))
        else:
            fine.append(address)
    return text.replace("\n", chance.choice(["\n", "\n", "\r\n"])), fine, wrong


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_broken_entries_are_named_and_the_others_stay(start: int) -> None:
    for seed in range(start, start + 50):
        text, fine, wrong = broken_roster(seed)
        roster = subscribers.parse(text, "subscribers.yaml", Path())
        assert fine == [reader.email for reader in roster.readers], text
        lines = roster.skipped
        assert [True] * len(wrong) == [any(first <= line <= last for line in lines) for first, last in wrong], text
        assert [True] * len(lines) == [any(first <= line <= last for first, last in wrong) for line in lines], text
        assert all(finding.problem and finding.remedy for finding in roster.findings)


def test_the_others_get_mail(tmp_path: Path) -> None:
    """Those whom the parser leaves in are those whom the morning serves."""
    for seed in range(0, 300, 30):
        text, fine, _ = broken_roster(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "subscribers.yaml").write_text(text, "utf-8", newline="")
        with desk_of(Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var"), MORNING) as desk:
            assert sorted(fine) == [reader.email for reader in active(desk)]


SPOILT = [
    "\t- x\n",
    "  - {email: a@b.example\n",
    "  - 'open\n",
    "]\n",
    "%\x00\n",
    "topics: {}\n",
    "&a [*a]\n",
    "\ud800",
]


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_file_that_nobody_can_read_leaves_the_last_good_roster(tmp_path: Path, spoilt: str) -> None:
    """The service goes on with the readers it had; the finding names the file and a line."""
    path = tmp_path / "subscribers.yaml"
    good = HEAD + GOOD[0] % "ada@example.com"
    path.write_text(good, "utf-8")
    settings = Settings(subscribers=path, data_dir=tmp_path / "var")
    with service_of(settings) as service:
        before = service._current_list()
        path.write_bytes((good + spoilt).encode("utf-8", "surrogatepass"))
        with pytest.raises(ConfigurationError) as stopped:
            subscribers.load(path)
        assert [True] == [finding.line is not None for finding in stopped.value.findings]
        assert before == service._current_list()
        with app.open_desk(service.settings, service.counter, before) as desk:
            assert ["ada@example.com"] == [reader.email for reader in active(desk)]
