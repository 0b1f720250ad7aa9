"""`python -m newsletter.replies.worker`: reads emails of strangers in a process that may end over any of them.

On standard input comes a line of JSON and behind it the email; on standard output goes a line of JSON: what it means.
In between it may ask, once, for the texts that a reader got of us. It has no settings, no ledger and no network, and
the system ends it where an email takes too much time or memory.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, BinaryIO

from newsletter import inbound
from newsletter.inbound import limits, trust

SECONDS = 5  # of the processor, for one email
MEMORY = 200 << 20  # octets, the program itself included


def main(given: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nothing more is given."""
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_DATA, MEMORY)

    def say(row: object) -> None:
        answers.write(json.dumps(row, default=str).encode() + b"\n")
        answers.flush()

    def sent(subscriber_id: int) -> Sequence[str]:
        say({"sent": subscriber_id})
        texts: Sequence[str] = json.loads(given.readline())
        return texts

    for line in iter(given.readline, b""):
        task = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        _bound(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + SECONDS)
        say(_read(given.read(task["size"]), task, sent))


def _read(raw: bytes, task: dict[str, Any], sent: Callable[[int], Sequence[str]]) -> dict[str, Any]:
    meaning = inbound.read(
        raw,
        keys={int(number): bytes.fromhex(key) for number, key in task["keys"].items()},
        today=date.fromisoformat(task["today"]),
        own_domain=task["own_domain"],
        aligned=task["aligned"] or trust.aligned(raw, task["authserv_id"]),
        vouched=trust.vouched(raw, task["authserv_id"]),
        envelope_to=task["envelope_to"] or trust.envelope_to(raw),
        sent=sent,
        called=task["called"],
    )
    return {"meaning": asdict(meaning), "message_id": limits.message_id(raw)}


def _bound(kind: int, most: int) -> None:
    hardest = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hardest == resource.RLIM_INFINITY else min(most, hardest), hardest))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
