"""The body of a request, as far as it is not too long."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

_LONGEST_FORM = 64_000  # octets; the largest that our pages send has about 30,000, for whoever names 2,000 papers
_LONGEST_UPLOAD = 1 << 20  # python-multipart keeps as much in memory, and writes nothing to a disk

Form = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with a file, as it came."""

    content_type: str
    body: bytearray | None  # None: too long

    def file(self) -> bytes:
        """What is in the first file; nothing where there is none."""
        from python_multipart import parse_form  # with a package that is needed only where someone sends a file
        from python_multipart.exceptions import FormParserError

        found: list[bytes] = []

        def keep(file: Any) -> None:
            file.file_object.seek(0)
            found.append(file.file_object.read())
            file.close()

        body = self.body or b""
        headers = {
            "Content-Type": self.content_type.encode("latin-1", "replace"),
            "Content-Length": str(len(body)).encode(),
        }
        try:
            parse_form(headers, io.BytesIO(body), lambda _: None, keep)
        except (FormParserError, ValueError):
            return b""
        return found[0] if found else b""


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


async def read_upload(request: Request) -> Upload | None:
    """A form that may hold a file; None for any other."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        return None
    return Upload(content_type, await read_body(request, _LONGEST_UPLOAD))
