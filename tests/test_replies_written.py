"""2,665 replies in nineteen languages, written from the table of commands by somebody who had not seen our words."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pytest

from newsletter.inbound import cut, grammar
from newsletter.models import Action
from tests.conftest import ROOT

WRITTEN = ROOT / "tests" / "data" / "replies" / "written.jsonl"
# The languages that have certain phrases.
CERTAIN = ("en", "zh", "zh-Hant", "ja", "ko", "de", "fr", "es", "pt", "it", "ru")


@cache
def judged() -> tuple[tuple[dict[str, Any], str], ...]:
    """Each reply with what becomes of it: act, ask, agree, human, ignore."""
    return tuple((row, outcome(row["text"])) for row in map(json.loads, WRITTEN.read_text("utf-8").splitlines()))


def outcome(text: str) -> str:
    wish = grammar.read("Re: Morning arXiv", cut.visible_lines(text), date(2026, 3, 9))
    named = {Action.CONFIRM: "ask", Action.HUMAN: "human", Action.AGREE: "agree"}
    return "ignore" if wish is None else named.get(wish.action, "act")


def shares(kind: str, languages: tuple[str, ...] | None = None) -> dict[str, float]:
    found = [made for row, made in judged() if row["kind"] == kind and (languages is None or row["lang"] in languages)]
    return {made: count / len(found) for made, count in Counter(found).items()}


@pytest.mark.parametrize("kind", ["near", "ordinary"])
def test_nothing_else_is_acted_on(kind: str) -> None:
    assert [row["text"] for row, made in judged() if row["kind"] == kind and made == "act"] == []


@pytest.mark.parametrize("language", CERTAIN)
def test_plain_commands_are_acted_on(language: str) -> None:
    found = shares("plain", (language,))
    assert found["act"] >= 0.7
    assert found["act"] + found.get("ask", 0) >= 0.96


def test_requests_are_not_lost() -> None:
    plain, roundabout = shares("plain"), shares("request")
    assert plain["act"] + plain["ask"] >= 0.97
    assert roundabout["act"] + roundabout["ask"] >= 0.78


def test_ordinary_replies_are_left_alone() -> None:
    assert shares("ordinary").get("ask", 0) <= 0.05
