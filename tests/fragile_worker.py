"""The worker that reads emails, with a weak spot: a subject says what happens to it."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from newsletter import inbound
from newsletter.replies import worker

worker.SECONDS = 1  # of the processor, before one is ended
_read = inbound.read


def read(raw: bytes, **more: Any) -> Any:
    if b"Subject: spin" in raw:
        while True:
            pass
    if b"Subject: sleep" in raw:
        time.sleep(3_600)
    if b"Subject: eat" in raw:
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    if b"Subject: die" in raw:
        os._exit(3)
    return _read(raw, **more)


if __name__ == "__main__":
    inbound.read = read
    worker.main(sys.stdin.buffer, sys.stdout.buffer)
