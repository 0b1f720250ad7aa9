"""How far a change travels: changes from one file of the package to another, calls and returns, on a second trip."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

from starlette.testclient import TestClient

import newsletter
from newsletter import app, web
from newsletter.models import Incoming
from newsletter.readers import Counter, in_force
from newsletter.replies import receiving
from newsletter.replies.reading import read_here
from newsletter.settings import Settings
from newsletter.tokens import Purpose, make

_PACKAGE = f"{Path(newsletter.__file__).parent}/"
_LIST = """\
topics:
  foundations: {categories: [cs.LG], interests: Pruning and quantisation of language models.}
subscribers:
"""
_FORM = {"do": "save", "send_at": "08:15", "abstracts": "full", "timezone": "Europe/London"}


def lines() -> Iterator[str]:
    """One line a trip: a reply that says "unsubscribe", a POST of the preferences page, one more line in the list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "subscribers.yaml"
        file.write_text(_LIST + "".join(_entry(number) for number in range(4)), "utf-8")
        settings = Settings(
            subscribers=file,
            data_dir=folder / "var",
            public_url="https://news.example.org",
            sender="Morning arXiv <news@example.org>",
        )
        with app.open_counter(settings) as counter:
            in_force.take_in(counter, in_force.load(counter))
            client, follower = TestClient(web.build(counter), base_url="http://127.0.0.1"), in_force.Follower(counter)
            yield _second("reply", lambda number: _replies(counter, number))
            yield _second("POST", lambda number: _posts(counter, client, number + 2))
            follower.look()
            yield _second("edit", lambda number: _edits(file, follower, number + 4))


def _entry(number: int) -> str:
    return f"  - {{email: reader{number}@example.org, topics: [foundations]}}\n"


def _replies(counter: Counter, number: int) -> Callable[[], object]:
    sender = f"reader{number}@example.org"
    raw = (
        f"From: {sender}\r\nTo: news+{_token(counter, Purpose.REPLY, number)}@example.org\r\nSubject: Re: News\r\n"
        f"Message-ID: <a{number}@example.org>\r\n\r\nunsubscribe\r\n"
    )
    mail = Incoming(key="", raw=raw.encode())
    return lambda: receiving.handle(counter, read_here(counter, mail))


def _posts(counter: Counter, client: TestClient, number: int) -> Callable[[], object]:
    path, kind = f"/p/{_token(counter, Purpose.PREFERENCES, number)}", "application/x-www-form-urlencoded"
    return lambda: client.post(path, content=urlencode(_FORM), headers={"Content-Type": kind})


def _edits(file: Path, follower: in_force.Follower, number: int) -> Callable[[], object]:
    file.write_text(file.read_text("utf-8") + _entry(number), "utf-8")
    return follower.look


def _token(counter: Counter, purpose: Purpose, number: int) -> str:
    subscriber = counter.store.subscriber(f"reader{number}@example.org")
    assert subscriber is not None
    return make(counter.keys, purpose, subscriber.id)


def _second(name: str, prepare: Callable[[int], Callable[[], object]]) -> str:
    prepare(0)()
    files, changes = _followed(prepare(1))
    return f"{name}: {changes} changes of file, {files} files"


def _followed(call: Callable[[], object]) -> tuple[int, int]:
    seen: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        now = frame if event == "call" else frame.f_back if event == "return" else None
        if now and now.f_code.co_filename.startswith(_PACKAGE) and seen[-1:] != [now.f_code.co_filename]:
            seen.append(now.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return len(set(seen)), len(seen) - 1
