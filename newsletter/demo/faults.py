"""What can go wrong with one request to a practice server, as values that tests queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

FaultKind = Literal[
    # both servers
    "status",  # `status` and `headers` instead of the answer
    "silent",  # not one byte for `seconds`, then the connection ends
    "slow",  # the right answer after `seconds`
    "html",  # HTTP 200 and a web page
    "truncated",  # HTTP 200, a complete response with half of the body
    "cut",  # the connection ends in the middle of the promised body
    # arXiv
    "empty_page",  # totals promise papers, the page holds none
    "error_entry",  # an Atom entry titled Error, sent with `status`
    # model; all of these are good HTTP with a bad message
    "text",  # `body` is what the model says
    "not_json",  # a message that ends in the middle
    "fenced",  # the right JSON between a sentence and a Markdown fence
    "missing_ids",  # every second paper is left out
    "invented_ids",  # a paper nobody asked about stands in the answer
    "out_of_range",  # scores of 0 and 11, one-liners of one word
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one request; `where` limits it to requests whose path contains that text."""

    kind: FaultKind
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    body: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str  # with its query string
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0  # seconds before the first byte
    send: int | None = None  # octets of the body to send before hanging up; None: all


_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body><p>Back in a moment.</p></body></html>\n"


def apply_fault(fault: Fault, good: Response) -> Response:
    """The response as this fault spoils it; faults that only one server knows leave it as it is."""
    match fault.kind:
        case "status":
            body = (fault.body or f"HTTP {fault.status}").encode()
            return Response(status=fault.status, headers=fault.headers, body=body)
        case "silent":
            return Response(wait=fault.seconds, send=0)
        case "slow":
            return replace(good, wait=good.wait + fault.seconds)
        case "html":
            return Response(body=_PAGE, content_type="text/html; charset=utf-8")
        case "truncated":
            return replace(good, body=good.body[: len(good.body) // 2])
        case "cut":
            return replace(good, send=len(good.body) // 2)
        case _:
            return good
