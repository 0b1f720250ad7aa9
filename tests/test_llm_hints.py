"""One reader of waiting hints for all providers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.llm.hints import seconds

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "Mon, 09 Mar 2026 12:00:36 GMT"}, 36.0),
        ({"retry-after": "Mon, 09 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "2026-03-09T12:00:36Z"}, 36.0),
        ({"retry-after": "36s"}, 36.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"llm_provider-retry-after": "7"}, 7.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m12.5s"}, 372.5),
        (
            {
                "x-ratelimit-reset-requests": "1h0m0s",
                "x-ratelimit-remaining-requests": "99",
                "x-ratelimit-reset-tokens": "850ms",
                "x-ratelimit-remaining-tokens": "0",
            },
            0.85,
        ),
        ({"x-ratelimit-reset": "1773057636"}, 36.0),
        ({"x-ratelimit-reset": "1773057636000"}, 36.0),
        ({"x-ratelimit-reset": "36"}, 36.0),
        ({"ratelimit-reset": "36"}, 36.0),
        ({"anthropic-ratelimit-requests-reset": "2026-03-09T12:00:36Z"}, 36.0),
        (
            {
                "anthropic-ratelimit-input-tokens-reset": "2026-03-09T12:00:05Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-03-09T12:01:00Z",
                "anthropic-ratelimit-requests-remaining": "12",
            },
            5.0,
        ),
        ({"x-request-id": "36", "date": "Mon, 09 Mar 2026 12:00:00 GMT"}, None),
    ],
)
def test_headers(headers: dict[str, str], expected: float | None) -> None:
    """Every header form in use; what is exhausted decides where several things are limited."""
    assert seconds(headers, "", NOW) == (pytest.approx(expected) if expected is not None else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("Too many requests", None),
        ('{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36s"}', 36.0),
        ('{"retryDelay": "36.5s"}', 36.5),
        ('{"retry_after": 12}', 12.0),
        ('{"retry_after_ms": 1500}', 1.5),
        ("{'retryAfter': '12'}", 12.0),
        ('{"metadata":{"headers":{"X-RateLimit-Reset":"1773057636000"}}}', 36.0),
        ("Rate limit reached for gpt-4o. Please try again in 6m0s.", 360.0),
        ("Please try again in 1.75s. Visit https://x.example to learn more.", 1.75),
        ("Please try again in 20ms.", 0.02),
        ("Please retry in 36.123456789s.", 36.123456789),
        ("Please retry after 20 seconds.", 20.0),
        ("Try again in 2 minutes.", 120.0),
        ("please wait 30 seconds before the next request", 30.0),
        ("The limit resets in 1h2m3s", 3723.0),
        ("Retry after 2026-03-09T12:00:36Z", 36.0),
        ("请求过于频繁，请在 30 秒后重试", 30.0),
        ("请求过于频繁，请30秒后重试", 30.0),
        ("请2分钟后重试", 120.0),
        ("Limit 30000, Used 29000, Requested 2000.", None),
        ("Please try again later.", None),
    ],
)
def test_bodies_and_sentences(text: str, expected: float | None) -> None:
    """Fields of bodies and sentences, in words and in short forms."""
    assert seconds({}, text, NOW) == (pytest.approx(expected) if expected is not None else None)


def test_headers_come_first() -> None:
    """Where both say something the header does."""
    assert seconds({"retry-after": "3"}, "try again in 9s", NOW) == 3.0
