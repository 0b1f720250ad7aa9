"""NEWSLETTER_PING_URL: an external monitor is called after each successful morning, and at `/fail` after a failed
one."""

from __future__ import annotations

import structlog
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

log = structlog.get_logger()

_SECONDS = 5.0  # a request; three of them end before anybody waits for us
_TRIES = 3


def ping(address: str | None, *, good: bool) -> None:
    """Call this address, and never fail: it is a dead man's switch, so silence raises the alarm."""
    if address is None:
        return
    import requests  # as long to import as a short command takes, and few have an address

    def call(url: str) -> None:
        with requests.get(url, timeout=_SECONDS, allow_redirects=True, stream=True) as response:
            response.raise_for_status()

    url = address.rstrip("/") + ("" if good else "/fail")
    retrying = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        stop=stop_after_attempt(_TRIES),
        wait=wait_fixed(1),
    )
    try:
        retrying(call, url)
    except RetryError as error:
        # By its class: the texts of `requests` hold the address, which is a secret.
        cause = error.last_attempt.exception()
        log.warning("ping.failed", good=good, error=type(cause).__name__)
