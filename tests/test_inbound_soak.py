"""Samples of what `python -m soak.inbound` does at length."""

from __future__ import annotations

from soak.inbound import accepted_tokens, hostile, hurt


def test_no_random_or_flipped_token_is_accepted() -> None:
    """A hundred thousand random ones, and every single bit of valid ones turned."""
    assert [] == accepted_tokens(100_000)


def test_no_mutated_mail_hurts() -> None:
    """Of four hundred none raises, takes far more than an ordinary one, or lets anybody leave without proof."""
    assert [] == hurt(hostile(400, seed=11))
