"""A token proves one reader for one purpose under our keys, and nothing else does."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import tokens
from newsletter.tokens import Purpose

ids = st.integers(0, 2**64 - 1)
purposes = st.sampled_from(list(Purpose))
keys = st.dictionaries(st.integers(0, 15), st.binary(min_size=16, max_size=32), min_size=1)


@given(keys, purposes, ids)
def test_a_token_reads_back(keys: dict[int, bytes], purpose: Purpose, subscriber_id: int) -> None:
    """What was made is read again, in capitals too, for mail systems fold case."""
    token = tokens.make(keys, purpose, subscriber_id)
    assert re.fullmatch(rf"[a-z2-7]{{{tokens.WIDTH}}}", token)
    assert (tokens.read(keys, purpose, token), tokens.read(keys, purpose, token.upper())) == (subscriber_id,) * 2


@given(keys, st.lists(purposes, max_size=9), ids, st.sampled_from(["", "2"]))
def test_several_at_once(keys: dict[int, bytes], wanted: list[Purpose], subscriber_id: int, epoch: str) -> None:
    """They are those that are made one by one, in the standard library's letters."""
    made = tokens.make_all(keys, wanted, subscriber_id, epoch)
    assert made == [tokens.make(keys, one, subscriber_id, epoch) for one in wanted]
    for token in made:
        raw = base64.b32decode(f"{token.upper()}======")
        assert base64.b32encode(raw).decode().rstrip("=").lower() == token


@given(purposes, ids, st.data())
def test_one_changed_letter_proves_nothing(purpose: Purpose, subscriber_id: int, data: st.DataObject) -> None:
    """Every letter counts, the last one with its two spare bits included."""
    key = {1: b"k" * 32}
    token = tokens.make(key, purpose, subscriber_id)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from([one for one in "abcdefghijklmnopqrstuvwxyz234567" if one != token[place]]))
    changed = token[:place] + letter + token[place + 1 :]
    assert [tokens.read(key, one, changed) for one in Purpose] == [None] * len(Purpose)


@given(purposes, purposes, ids)
def test_another_purpose_proves_nothing(made: Purpose, asked: Purpose, subscriber_id: int) -> None:
    key = {0: b"k" * 32}
    expected = subscriber_id if made is asked else None
    assert tokens.read(key, asked, tokens.make(key, made, subscriber_id)) == expected


@given(purposes, ids, st.binary(min_size=16, max_size=32).filter(lambda key: key != b"k" * 32))
def test_another_key_proves_nothing(purpose: Purpose, subscriber_id: int, other: bytes) -> None:
    assert tokens.read({0: b"k" * 32}, purpose, tokens.make({0: other}, purpose, subscriber_id)) is None


def test_rotation_keeps_old_mails_working() -> None:
    """The highest key signs; an old one still proves until it is taken away."""
    old = tokens.make({1: b"a" * 32}, Purpose.REPLY, 7)
    both = {1: b"a" * 32, 2: b"b" * 32}
    assert (tokens.read(both, Purpose.REPLY, old), tokens.make(both, Purpose.REPLY, 7) == old) == (7, False)
    assert tokens.read({2: b"b" * 32}, Purpose.REPLY, old) is None


@pytest.mark.parametrize("around", ["news+{}@example.org", "<{}@example.org>", "a {} b", "{}", "\n{}\n"])
def test_find_sees_a_token_in_any_text(around: str) -> None:
    key = {1: b"k" * 32}
    token = tokens.make(key, Purpose.MESSAGE, 9)
    assert tokens.find(key, Purpose.MESSAGE, "x" * 34 + " " + around.format(token)) == 9
    assert tokens.find(key, Purpose.MESSAGE, around.format(token + "a")) is None


@given(st.text())
def test_find_survives_any_text(text: str) -> None:
    assert tokens.find({1: b"k" * 32}, Purpose.REPLY, text) is None
