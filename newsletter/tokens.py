"""Tokens that prove who an email or a link belongs to: id, purpose, key number and a 96-bit MAC in 34 letters.

Lower-case base32 survives everything mail systems do to a local part (case folding included), and its
fixed width lets a token be spliced into ready bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

WIDTH = 34
_BITS = 5 * WIDTH
_ALPHABET = bytes.maketrans(bytes(range(32)), b"abcdefghijklmnopqrstuvwxyz234567")
_SHAPE = re.compile(r"[a-z2-7]{34}", re.ASCII)


class Purpose(IntEnum):
    """What a token is for; it proves nothing for other purposes."""

    REPLY = 1  # Reply-To: whose reply this is; the reply must still say something
    LEAVE = 2  # List-Unsubscribe, web and mailto: using it is the request
    PREFERENCES = 3  # the preferences page
    MESSAGE = 4  # in Message-ID, found again in In-Reply-To and References
    BOUNCE = 5  # envelope sender
    ARCHIVE = 6  # reading an archive that is private; shows nothing of the reader and changes nothing
    MARKS = 9  # saying what one likes of an email's papers
    SAVED = 10  # the page of saved papers
    FEED = 11  # the feed of saved papers; of an epoch, since it is pasted into other programs for good


Keys = Mapping[int, bytes]  # key number (0 to 15) → secret; the highest number signs


@lru_cache(maxsize=32)
def _begun(key: bytes) -> hmac.HMAC:
    return hmac.new(key, b"newsletter token\0", hashlib.sha256)


def _mac(keys: Keys, number: int, head: bytes, epoch: str) -> bytes:
    mac = _begun(keys[number]).copy()
    mac.update(head + epoch.encode())
    return mac.digest()[:12]


def make(keys: Keys, purpose: Purpose, subscriber_id: int, epoch: str = "") -> str:
    """The token of one subscriber for one purpose, 34 letters of [a-z2-7]; another epoch ends it."""
    return make_all(keys, [purpose], subscriber_id, epoch)[0]


def make_all(keys: Keys, purposes: Sequence[Purpose], subscriber_id: int, epoch: str = "") -> list[str]:
    """The same for several purposes."""
    number = max(keys)
    bits = 0
    for purpose in purposes:
        head = (subscriber_id << 8 | purpose << 4 | number).to_bytes(9, "big")
        bits = bits << _BITS | int.from_bytes(head + _mac(keys, number, head, epoch), "big") << 2
    letters = _letters(bits, WIDTH * len(purposes))
    return [letters[start : start + WIDTH] for start in range(0, len(letters), WIDTH)]


def _letters(bits: int, number: int) -> str:
    """Base32 of so many letters. Each email has seven tokens; the standard library takes ten times as long for them."""
    for low, high, by in _steps(number):
        bits = bits & low | (bits & high) << by
    return bits.to_bytes(number, "big").translate(_ALPHABET).decode()


@lru_cache(maxsize=16)
def _steps(number: int) -> list[tuple[int, int, int]]:
    """How so many groups of five bits become bytes: in halves, then quarters, until each stands alone.

    In each step the upper half of every run of groups moves up by three bits for each group of the lower half.
    """
    steps, run = [], 1 << (number - 1).bit_length()
    while run > 1:
        half = run // 2
        low = sum((1 << 5 * half) - 1 << 8 * start for start in range(0, number, run))
        steps.append((low, low << 5 * half, 3 * half))
        run = half
    return steps


def read(keys: Keys, purpose: Purpose, text: str, epoch_of: Callable[[int], str | None] = lambda _: "") -> int | None:
    """The subscriber id that the token proves for this purpose, or None; compares in constant time.

    `epoch_of`: the epoch whose tokens are valid for a subscriber, None where none are.
    """
    token = text.lower()
    if not _SHAPE.fullmatch(token):
        return None
    raw = base64.b32decode(token.upper() + "=" * 6)
    head, mac = raw[:9], raw[9:]
    number = head[8] & 0x0F
    if number not in keys or head[8] >> 4 != purpose:
        return None
    # 34 letters hold 170 bits, the token 168: the two spare bits must be zero, or one token would have four spellings.
    canonical = _letters(int.from_bytes(raw, "big") << 2, WIDTH) == token
    subscriber_id = int.from_bytes(head[:8], "big")
    epoch = epoch_of(subscriber_id)
    if epoch is None or not canonical:
        return None
    return subscriber_id if hmac.compare_digest(mac, _mac(keys, number, head, epoch)) else None


def find(keys: Keys, purpose: Purpose, text: str) -> int | None:
    """The subscriber id of the first valid token anywhere in the text, or None."""
    found = (read(keys, purpose, match) for match in re.findall(r"(?<![a-z2-7])[a-z2-7]{34}(?![a-z2-7])", text.lower()))
    return next((subscriber_id for subscriber_id in found if subscriber_id is not None), None)


def secret(keys: Keys, what: str, text: str) -> str:
    """The secret part of a one-time link, 40 letters of [0-9a-f]; the same for the same text."""
    _, key = max(keys.items())
    return hmac.new(key, f"newsletter {what}\0{text}".encode(), hashlib.sha256).hexdigest()[:40]
