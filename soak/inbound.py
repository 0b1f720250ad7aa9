"""`python -m soak.inbound`: what nobody can forge and no mail can break, in numbers too large for every day."""

from __future__ import annotations

import base64
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path

from newsletter import inbound, tokens
from newsletter.inbound import trust
from newsletter.models import Action, Meaning
from newsletter.tokens import Purpose
from soak import grammar

KEYS = {0: b"0123456789abcdef0123456789abcdef"}
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
SLOWEST = 25  # times the CPU time of an ordinary email of that size; 4 is the most that was measured
MOST = 0.2  # CPU seconds of one email
LARGEST = 100 << 10  # KiB above what the process held before
_SENTENCE = b"The second table of the third paper looks odd to me; did they train on the test set?\r\n"
_PIECES = (
    b"\r\n", b"\n\n", b"--", b"=?utf-8?b?", b"?=", b"\x00", b"\xff\xfe", b"<", b"<!--", b"&#", b"> ", b"(", b'"',
    b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Transfer-Encoding: base64\r\n", "退订".encode(),
    b"unsubscribe\r\n", b"Content-Type: message/rfc822\r\n\r\n", b'charset="utf-7"', b"\x1b$B",
    b"Action: failed\r\nStatus: 5.1.1\r\n",
)  # fmt: skip


def accepted_tokens(count: int, seed: int = 7) -> list[str]:
    """Of this many random tokens and of every single-bit flip of a valid one, those that prove anything."""
    chance = random.Random(seed)
    random_ones = ("".join(chance.choices(LETTERS, k=tokens.WIDTH)) for _ in range(count))
    return [one for one in random_ones if _proves(one)] + [one for one in flips() if _proves(one)]


def flips() -> Iterator[str]:
    """A valid token of each purpose with each of its 168 bits turned, and with the two spare ones."""
    for purpose in Purpose:
        token = tokens.make(KEYS, purpose, 7)
        raw = base64.b32decode(token.upper() + "======")
        for bit in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            yield base64.b32encode(bytes(changed)).decode().rstrip("=").lower()
        last = LETTERS.index(token[-1])
        yield from (token[:-1] + LETTERS[last ^ spare] for spare in (1, 2, 3))


def _proves(token: str) -> bool:
    return any(tokens.read(KEYS, purpose, token) is not None for purpose in Purpose)


def mutated(sources: list[bytes], count: int, seed: int = 7) -> Iterator[bytes]:
    """Mails with bytes turned, cut out, doubled and put in."""
    chance = random.Random(seed)
    for _ in range(count):
        mail = bytearray(chance.choice(sources))
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(mail) + 1)
            match chance.randrange(5):
                case 0:
                    mail[at:at] = chance.choice(_PIECES) * chance.choice((1, 1, 1, 50, 2_000))
                case 1:
                    del mail[at : at + chance.randint(1, 200)]
                case 2:
                    mail[at:at] = mail[at : at + chance.randint(1, 5_000)] * chance.randint(1, 3)
                case 3:
                    mail[at:at] = chance.randbytes(chance.randint(1, 40))
                case _:
                    other = chance.choice(sources)
                    mail[at:] = other[chance.randrange(len(other) + 1) :]
        yield bytes(mail)


def hostile(count: int, seed: int = 7) -> Iterator[bytes]:
    """One half are real emails that were spoiled, the other comes out of a grammar."""
    yield from mutated(sources(), count // 2, seed)
    yield from grammar.generated(count - count // 2, seed)


def hurt(mails: Iterator[bytes]) -> list[str]:
    """The mails that raise, take too long or too much memory, or make a reader leave without proof."""
    _read(b"From: ada@example.org\n\npause until 1 April\n")  # the words, which are loaded once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    problems = []
    for number, raw in enumerate(mails):
        try:
            meaning = _read(raw)
            if meaning.unreadable:
                problems.append(f"email {number}: {meaning.reason}")
            if meaning.action is Action.UNSUBSCRIBE and meaning.subscriber_id is None:
                problems.append(f"mail {number}: left without proof")
        except Exception as error:
            problems.append(f"mail {number}: {type(error).__name__}: {error}")
            continue
        allowed = SLOWEST * _ordinary_cost(1 << max(10, len(raw).bit_length()))
        first = _cost(raw, tries=1)
        if first > MOST and _cost(raw) > MOST:
            problems.append(f"email {number}: more than {MOST} seconds of the processor, {len(raw):,} octets")
        if first > allowed and _cost(raw) > allowed:
            problems.append(f"email {number}: more than {SLOWEST} times an ordinary one of {len(raw):,} octets")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return [*problems, f"{grown >> 10} MiB"] if grown > LARGEST else problems


def _read(raw: bytes) -> Meaning:
    aligned = trust.aligned(raw, "mx.example")
    return inbound.read(raw, keys=KEYS, today=date(2026, 3, 9), own_domain="news.example.org", aligned=aligned)


def _cost(raw: bytes, tries: int = 5) -> float:
    """CPU seconds of reading an email: the least of several tries."""

    def measured() -> float:
        began = time.process_time()
        _read(raw)
        return time.process_time() - began

    return min(measured() for _ in range(tries))


@cache
def _ordinary_cost(size: int) -> float:
    """CPU seconds for an ordinary reply of this many octets."""
    return _cost(b"From: a@b.c\r\nSubject: Re: x\r\n\r\n" + _SENTENCE * (size // len(_SENTENCE)))


def sources() -> list[bytes]:
    """Real mails where NEWSLETTER_REAL_DATA names them, and our own."""
    folder = Path(os.environ.get("NEWSLETTER_REAL_DATA", "/nowhere")) / "mail"
    found = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.suffix in (".eml", ".txt")]
    reply = f"From: a@b.c\r\nTo: news+{tokens.make(KEYS, Purpose.REPLY, 7)}@news.example.org\r\nSubject: Re: x\r\n"
    own = [
        f"{reply}Content-Type: text/{kind}; charset=utf-8\r\n\r\n<p>退订</p>\r\n".encode() for kind in ("plain", "html")
    ]
    return found + own * max(1, len(found) // 10)


def main() -> int:
    """A million tokens, ten thousand emails, and every piece in every place for a megabyte."""
    accepted = accepted_tokens(1_000_000)
    print(f"1,000,000 random tokens and {len(list(flips()))} flipped ones: {len(accepted)} accepted")
    problems = hurt(chain(hostile(10_000), grammar.repeated(1 << 20)))
    print(
        "\n".join(problems)
        or f"10,000 hostile emails and 1,500 of 1 MiB: none raised, took {MOST} s, {SLOWEST} times an ordinary one, "
        "or 100 MiB"
    )
    return 1 if accepted or problems else 0


if __name__ == "__main__":
    sys.exit(main())
