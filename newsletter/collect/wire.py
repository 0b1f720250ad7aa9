"""One polite connection to arXiv: paced, timed and retried only here; returns only complete answers."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
import structlog
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity import wait_random_exponential as exponential
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError, SSLError

from newsletter import __version__
from newsletter.collect import entries
from newsletter.collect.entries import ATOM
from newsletter.errors import ArxivError, ArxivRefused, ArxivUnavailable, ArxivUnreachable

log = structlog.get_logger()

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_CONNECT_SECONDS, _READ_SECONDS, _WHOLE_SECONDS = 10.0, 60.0, 180.0
_QUIET_SECONDS = 3.0  # without an answer before it is said what we wait for
_MOST_BYTES = 64 * 1024 * 1024  # 2,000 papers are about 8 MB
_MOST_REDIRECTS = 3

# What an error entry says of arXiv's own trouble, which may be over at the next request.
_PASSES = re.compile(r"internal|time[d -]*out|temporar|unavailable|overload|try again|busy", re.IGNORECASE)

_NO_CONNECTION = (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError)
_LOOK_UP = "its name cannot be looked up"

Check = Callable[[bytes, str], bytes]  # the body, as far as it can be shown


class RequestClock(Protocol):
    """When arXiv was last asked, in seconds since 1970; kept from one command to the next."""

    def last_request(self) -> float: ...

    def mark_request(self, moment: float) -> None: ...

    def next_moment(self, name: str, every: float) -> float:
        """Reserve the next free moment of this name, one in so many seconds for all machines; how far off it is."""
        ...


class Wire(requests.Session):
    """The session that the `arxiv` package and our RSS reader share.

    The package itself has no timeout, ignores Retry-After and takes an HTML page or half an answer for an empty
    result; so whatever passes through `get` has been read whole and checked. Raises ArxivUnavailable after the last
    try, ArxivRefused at once.
    """

    def __init__(
        self, *, delay: float, contact: str | None, clock: RequestClock | None, tries: int, patience: float
    ) -> None:
        """`delay`: seconds between requests; `patience`: seconds until giving up on one request, retries included."""
        super().__init__()
        self._told: set[str | None] = set()
        self._delay, self._tries, self._patience, self._clock = delay, tries, patience, clock
        # A command before this one may just have asked; a clock that went back must not make us wait for hours.
        ago = time.time() - clock.last_request() if clock else delay
        self._last = time.monotonic() - min(max(ago, 0.0), delay)
        about = f"; mailto:{contact}" if contact else ""
        self._agent = f"paperletter/{__version__} (self-hosted newsletter{about})"

    def get(self, url: str | bytes, **_: object) -> requests.Response:
        """One whole, well-formed answer; a query's answer is complete by its own totals."""
        address = url.decode() if isinstance(url, bytes) else url
        check = check_atom if "search_query=" in address or "id_list=" in address else check_rss
        retrying = Retrying(
            retry=retry_if_exception_type(ArxivUnavailable),
            stop=stop_after_attempt(self._tries) | stop_after_delay(self._patience),
            wait=self._pause,
            reraise=True,
        )
        with self._telling(address):
            return retrying(self._once, address, check)

    @contextmanager
    def _telling(self, url: str) -> Iterator[None]:
        """Whoever watches reads at once that there is no connection, and after a few seconds what is waited for."""
        timer = threading.Timer(_QUIET_SECONDS, self._tell, [url, "has not answered yet, which may take a minute"])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _tell(self, url: str, problem: str) -> None:
        """Once for each server."""
        host = urlsplit(url).hostname
        if host not in self._told:
            self._told.add(host)
            log.warning(
                "arxiv.waiting", about=f"{host} {problem}; asking again for up to {self._patience / 60:.0f} min"
            )

    def _pause(self, state: RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        if isinstance(problem, ArxivError) and problem.retry_after is not None:
            return problem.retry_after
        # In proportion to the delay, so that a loopback server with delay 0 is asked again at once.
        return float(exponential(multiplier=self._delay, max=60)(state)) + self._delay

    def _once(self, url: str, check: Check) -> requests.Response:
        try:
            response = self._fetch(url)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if (unreachable := _unreachable(url, error)) is None:
                raise ArxivUnavailable(url, _plain(error)) from error
            self._tell(url, f"cannot be reached: {unreachable.problem}")
            raise unreachable from error
        _refuse_bad_status(response, url)
        response._content = check(response.content, url)
        return response

    def _fetch(self, url: str, redirects: int = _MOST_REDIRECTS) -> requests.Response:
        self._wait_for_turn()
        response = self.request(
            "GET",
            url,
            headers={"User-Agent": self._agent},
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
            stream=True,
        )
        try:
            response._content = _read_whole(response, url)
        finally:
            self._last = time.monotonic()
            if self._clock:
                self._clock.mark_request(time.time())
            response.close()
        target = response.headers.get("Location")
        if response.is_redirect and target:
            return self._fetch(_same_site(url, urljoin(url, target), redirects), redirects - 1)
        return response

    def _wait_for_turn(self) -> None:
        # https://info.arxiv.org/help/api/tou.html: one request every three seconds over all arXiv's services together.
        shared = self._clock.next_moment("arxiv", self._delay) if self._clock and self._delay else 0.0
        time.sleep(max(0.0, shared, self._last + self._delay - time.monotonic()))


def _read_whole(response: requests.Response, url: str) -> bytes:
    end = time.monotonic() + _WHOLE_SECONDS
    body = bytearray()
    # read1: what has come, however little. A plain read would wait for a whole chunk of a server that drips.
    while chunk := response.raw.read1(64 * 1024, decode_content=True):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ArxivRefused(url, f"the answer is longer than {_MOST_BYTES // 2**20} MiB")
        if time.monotonic() > end:
            raise ArxivUnavailable(url, f"the answer was not complete after {_WHOLE_SECONDS:.0f} s")
    return bytes(body)


def _same_site(url: str, target: str, redirects: int) -> str:
    here, there = urlsplit(url), urlsplit(target)
    trusted = there.netloc == here.netloc or (there.scheme == "https" and f".{there.hostname}".endswith(".arxiv.org"))
    if not trusted or redirects <= 0:
        raise ArxivRefused(url, f"redirects to {target}")
    return target


def _refuse_bad_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    if status in (408, 429) or status >= 500:
        raise ArxivUnavailable(url, f"HTTP {status}", _retry_after(response.headers.get("Retry-After")))
    if status == 400:
        check_atom(response.content, url, status=status)
    raise ArxivRefused(url, f"HTTP {status}")


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header in either form, at most an hour."""
    if not value:
        return None
    if value.strip().isdigit():
        return min(float(value), 3600.0)
    try:
        return min(max(0.0, parsedate_to_datetime(value).timestamp() - time.time()), 3600.0)
    except ValueError:
        return None


def check_rss(body: bytes, url: str) -> bytes:
    """The body, if it is a complete RSS document; single items may be broken."""
    root, _ = entries.parts(body, url, "rss", "item", "channel")
    if root.find("channel") is None:
        raise ArxivUnavailable(url, "the feed has no channel")
    return body


def check_atom(body: bytes, url: str, status: int = 200) -> bytes:
    """The page, with a placeholder for each entry that cannot be used. Raises if it does not match its own totals."""
    root, found = entries.parts(body, url, f"{ATOM}feed", "entry", "feed")
    for part in found:
        if "/api/errors" in (part.element.findtext(f"{ATOM}id") or ""):
            said = part.element.findtext(f"{ATOM}summary") or "without a word"
            if _PASSES.search(said):
                raise ArxivUnavailable(url, f"error entry: {said}")
            raise ArxivRefused(url, f"error entry: {said}", of_query=True)
    cleaned = entries.without_odd(root, found, url)
    if status != 200:
        raise ArxivRefused(url, f"HTTP {status}")
    asked = parse_qs(urlsplit(url).query)
    start, most = int(asked.get("start", ["0"])[0]), int(asked.get("max_results", ["10"])[0])
    total = root.findtext(f"{OPENSEARCH}totalResults")
    if total is None or not total.strip().isdigit():
        raise ArxivUnavailable(url, "the answer has no totalResults")
    promised = max(0, min(most, int(total) - start))
    if len(found) < promised:
        raise ArxivUnavailable(url, f"the page has {len(found)} entries, but its totals say {promised}")
    return cleaned or body


def _unreachable(url: str, error: Exception) -> ArxivUnreachable | None:
    """The error, if there was no connection, in words that say what to check."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if not isinstance(reason, _NO_CONNECTION):
        return None
    inner = _innermost(error)
    if isinstance(inner, ssl.SSLError):
        why = getattr(inner, "verify_message", "") or inner.reason or "TLS failed"
        return ArxivUnreachable(url, f"{why}; check this machine's clock, certificates and proxy")
    said = _LOOK_UP if isinstance(reason, NameResolutionError) else _silent_or(inner)
    return ArxivUnreachable(url, f"{said}; check this machine's network, DNS and proxy")


def _silent_or(error: BaseException) -> str:
    if isinstance(error, TimeoutError | ConnectTimeoutError):
        return "no answer"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error.__context__, Exception):
        error = error.__context__
    return error


def _plain(error: Exception) -> str:
    """The innermost reason of a network error in one line, without object addresses."""
    inner = _innermost(error)
    return f"{type(inner).__name__}: {inner}".splitlines()[0][:200]
