"""NEWSLETTER_PING_URL: a watchman elsewhere hears of each good morning, and at `/fail` of a bad one."""

from __future__ import annotations

import requests
import structlog
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from newsletter.settings import Settings

log = structlog.get_logger()

_SECONDS = 5.0  # a request; three of them end before anybody waits for us
_TRIES = 3


def ping(settings: Settings, *, good: bool) -> None:
    """Call it, and never fail: a watchman who hears nothing raises the alarm by himself."""
    if settings.ping_url is None:
        return
    url = settings.ping_url.get_secret_value().rstrip("/") + ("" if good else "/fail")
    retrying = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        stop=stop_after_attempt(_TRIES),
        wait=wait_fixed(1),
    )
    try:
        retrying(_call, url)
    except RetryError as error:
        # By its class: the texts of `requests` hold the address, which is a secret.
        cause = error.last_attempt.exception()
        log.warning("ping.failed", good=good, error=type(cause).__name__)


def _call(url: str) -> None:
    with requests.get(url, timeout=_SECONDS, allow_redirects=True, stream=True) as response:
        response.raise_for_status()
