"""The body of a request, as far as it is not too long."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request

_LONGEST_FORM = 20_000  # octets; the largest that our pages send has about 1,000

Form = Mapping[str, list[str]]


def is_too_long(request: Request, most: int) -> bool:
    """Whether the announced length of the body is over the limit; checked before anything is read."""
    said = request.headers.get("content-length", "0")
    return not said.isdecimal() or len(said) > len(str(most)) + 1 or int(said) > most


async def read_body(request: Request, most: int) -> bytearray | None:
    """The whole body in octets, None as soon as it is over the limit."""
    if is_too_long(request, most):
        return None
    # Of its size from the start: one that grows leaves half as much again behind it, in memory that stays with us.
    found, filled = bytearray(int(request.headers.get("content-length", "0"))), 0
    async for piece in request.stream():
        found[filled : filled + len(piece)] = piece
        filled += len(piece)
        if filled > most:
            return None
    del found[filled:]
    return found


async def read_form(request: Request) -> Form:
    """What a form says; a longer body than any of ours, or another kind, asks for nothing that we know."""
    content = await read_body(request, _LONGEST_FORM)
    if content is None:
        return {"do": ["too long"]}
    try:
        return parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {"do": ["unreadable"]}
