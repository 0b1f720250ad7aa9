"""Editions of single readers: what they share is stored once; each is a list of parts, rebuilt and checked.

A paper's lines are the same in every email that shows it at the same place. The bytes are cut where their content
says so (content-defined chunking), so that equal runs of lines are equal parts, whatever stands around them.
"""

from __future__ import annotations

import hashlib
import zlib
from binascii import a2b_qp
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select, update

from newsletter.errors import StoreUnreadable
from newsletter.models import Rendered, Slotted
from newsletter.store.engine import add_missing
from newsletter.store.papers import chunks
from newsletter.store.tables import edition, part

Value = TypeVar("Value")

_MEAN = 8  # lines in a part
_MOST = 64  # lines: a run that nowhere asks for a cut
_HASH, _WHOLE = 16, 32  # octets
_FRESH = timedelta(days=1)  # a part that was used as lately is not noted again


def save(connection: Connection, contents: Sequence[bytes], now: datetime) -> list[bytes]:
    """Store the parts of these contents that are not there yet; the recipe of each."""
    found: dict[bytes, bytes] = {}
    recipes = []
    for content in contents:
        order = []
        for piece in _cut(content):
            key = _hash(piece)
            found[key] = piece
            order.append(key)
        recipes.append(hashlib.sha256(content).digest() + b"".join(order))
    for some in chunks(found):
        there = _by_hash(connection, part.c.used, some)
        fresh = [{"hash": one, "content": found[one], "used": now} for one in some if one not in there]
        add_missing(connection, part, fresh)
        if old := [one for one, used in there.items() if used < now - _FRESH]:
            connection.execute(update(part).where(part.c.hash.in_(old)).values(used=now))
    return recipes


def load(connection: Connection, recipe: bytes) -> bytes:
    """The content, exactly as it was saved. Raises StoreUnreadable."""
    whole, order = recipe[:_WHOLE], _order(recipe)
    found: dict[bytes, bytes] = {}
    for some in chunks(dict.fromkeys(order)):
        found.update(_by_hash(connection, part.c.content, some))
    content = b"".join(found.get(one, b"") for one in order)
    if hashlib.sha256(content).digest() != whole:
        raise StoreUnreadable("ledger", "the parts of an email do not make up the bytes that were planned")
    return content


def of_editions(connection: Connection, readers: Sequence[int]) -> set[bytes]:
    """The parts of these readers' own editions."""
    recipes = select(edition.c.recipe).where(edition.c.subscriber_id.in_(readers), edition.c.recipe.is_not(None))
    return {one for recipe in connection.scalars(recipes) for one in _order(recipe)}


def remove_unused(connection: Connection, some: set[bytes]) -> None:
    """Remove those of these parts that no edition is made of: what one reader was told about their taste."""
    left = set(some)
    for recipe in connection.scalars(select(edition.c.recipe).where(edition.c.recipe.is_not(None))) if left else ():
        left.difference_update(_order(recipe))
    for few in chunks(left):
        connection.execute(delete(part).where(part.c.hash.in_(few)))


def both_texts(body: bytes) -> Mapping[str, bytes]:
    """The text and the HTML out of a body as we write it: two parts in quoted-printable."""
    boundary = body.partition(b'boundary="')[2].partition(b'"')[0]
    _, text, html, _ = body.split(b"--" + boundary)
    decoded = (a2b_qp(one.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")) for one in (text, html))
    return dict(zip(("text", "html"), (one.replace(b"\r\n", b"\n") for one in decoded), strict=True))


def slim(rendered: Rendered) -> Mapping[str, Slotted]:
    """What stands in the row beside the recipe: where the slots are."""
    return {name: Slotted(b"", getattr(rendered, name).spans) for name in ("html", "text", "body")}


def _order(recipe: bytes) -> list[bytes]:
    return [recipe[at : at + _HASH] for at in range(_WHOLE, len(recipe), _HASH)]


def _cut(content: bytes) -> Iterator[bytes]:
    piece: list[bytes] = []
    for line in content.splitlines(keepends=True):
        piece.append(line)
        if zlib.crc32(line) % _MEAN == 0 or len(piece) == _MOST:
            yield b"".join(piece)
            piece = []
    if piece:
        yield b"".join(piece)


def _by_hash(connection: Connection, column: ColumnElement[Value], hashes: Sequence[bytes]) -> dict[bytes, Value]:
    rows = connection.execute(select(part.c.hash, column).where(part.c.hash.in_(hashes)))
    return {row[0]: row[1] for row in rows}


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_HASH).digest()
