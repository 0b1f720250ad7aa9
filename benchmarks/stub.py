"""The practice SendGrid in a process of its own, and how fast it answers at best."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from newsletter.models import Message, Outgoing
from newsletter.transports.sendgrid.payload import payload
from tests.sendgrid_server import SendGridServer


class Stub:
    """A running practice server."""

    def __init__(self, process: subprocess.Popen[str], origin: str) -> None:
        self._process, self.origin = process, origin

    def calls(self) -> int:
        """Calls that it has accepted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print("calls?", file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def limit(self, messages: Sequence[Message], calls: int, at_once: int) -> float:
        """Milliseconds for so many calls with these mails, made ready before."""
        body = json.dumps(payload([Outgoing(key=str(n), message=one) for n, one in enumerate(messages)])).encode()
        headers = {"Authorization": "Bearer SG.practice", "Content-Type": "application/json"}

        def one_call(_: int) -> None:
            request = urllib.request.Request(f"{self.origin}/v3/mail/send", body, headers)
            urllib.request.urlopen(request).close()

        with ThreadPoolExecutor(at_once) as threads:
            begin = time.perf_counter()
            list(threads.map(one_call, range(calls)))
            return (time.perf_counter() - begin) * 1000


@contextmanager
def sendgrid_stub(seconds: float) -> Iterator[Stub]:
    """A server that takes so long for each call."""
    command = [sys.executable, "-m", "benchmarks.stub", str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Stub(process, process.stdout.readline().strip())
        finally:
            process.terminate()


def main() -> None:
    """Say where it listens, and how many calls it has accepted whenever it is asked."""
    with SendGridServer(seconds=float(sys.argv[1])) as server:
        print(server.origin, flush=True)
        for _ in sys.stdin:
            print(len(server.calls), flush=True)


if __name__ == "__main__":
    main()
