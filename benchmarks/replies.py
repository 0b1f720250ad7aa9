"""`python -m benchmarks.replies`: what our reading of replies and bounces gets right, over real and written mails.

Real mails come from the folder that NEWSLETTER_REAL_DATA names; without it only the written ones are judged. Every text
is answered from under our own newsletter, in the way of every program that `tests.clients` knows.
"""

from __future__ import annotations

import email
import html
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from email import policy
from itertools import cycle, islice
from pathlib import Path

from newsletter import inbound
from newsletter.app import files
from newsletter.models import Action, Command, Meaning
from newsletter.render import Renderer
from tests import clients, wishes
from tests.clients import Original
from tests.factories import KEYS, a_letterhead
from tests.mails import KINDS, mailed

ACTS = tuple(Action(command.value) for command in Command)
_STATUS = re.compile(r"^Status:\s*([245])\.\d+\.\d+", re.M | re.I)
_ACTION = re.compile(r"^Action:\s*(\w+)", re.M | re.I)


def originals() -> list[Original]:
    """Our newsletter in English and in Chinese, as a reader gets it."""
    renderer = Renderer(files.folders("templates", Path("subscribers.yaml")), None)
    made = []
    for kind in ("english", "chinese"):
        message = mailed(renderer, KINDS[kind](), a_letterhead(replies_read=True))
        parsed = email.message_from_bytes(message.raw, policy=policy.default)
        made.append(
            Original(
                text=message.text,
                html=message.html,
                reply_to=str(parsed["Reply-To"]),
                message_id=str(parsed["Message-ID"]),
                subject=str(parsed["Subject"]),
            )
        )
    return made


def answered(reply: str, original: Original) -> Iterator[tuple[str, bytes]]:
    """The reply as every program writes it."""
    for name, body in clients.text_replies(reply, original):
        yield f"text {name}", clients.as_mail(original, body)
    for name, body in clients.html_replies(reply, original):
        yield f"html {name}", clients.as_mail(original, body, "html")
        yield f"both {name}", clients.as_mail(original, body, "html", alternative=f"{reply}\n\n{original.text}")


def unmarked(reply: str, original: Original) -> Iterator[tuple[str, bytes]]:
    """The reply as a program writes it that marks nothing."""
    for name, body in clients.unmarked_replies(reply, original):
        yield f"text {name}", clients.as_mail(original, body)
    for name, body in clients.unmarked_html(reply, original):
        yield f"html {name}", clients.as_mail(original, body, "html")


def read(raw: bytes, original: Original) -> Meaning:
    return inbound.read(
        raw,
        keys=KEYS,
        today=date(2026, 3, 9),
        own_domain="news.example.org",
        sent=lambda _: (original.text, original.html),
        called="Morning arXiv",
    )


def judged(
    replies: Sequence[str], ways: Callable[[str, Original], Iterator[tuple[str, bytes]]], every: int = 1
) -> tuple[Counter[Action], list[tuple[str, str, Action]]]:
    """How often each action was found, and (program, reply, action) of all; of every fifth reply every n-th way."""
    counted: Counter[Action] = Counter()
    found = []
    offset = cycle(range(every))
    for reply in replies[:: 1 if every == 1 else 5]:
        for original in originals_once():
            for name, raw in islice(ways(reply, original), next(offset), None, every):
                action = read(raw, original).action
                counted[action] += 1
                found.append((name, reply, action))
    return counted, found


_made: list[Original] = []


def originals_once() -> list[Original]:
    if not _made:
        _made.extend(originals())
    return _made


def real_replies(folder: Path) -> list[str]:
    """What people typed, with the quotes and signatures that their own programs added."""
    found = [path for path in sorted((folder / "replies").rglob("*.txt")) if not {"elided", "matchers"} & {*path.parts}]
    return [path.read_text("utf-8", "replace") for path in found if path.parent.parent.name != "mail"]


def real_bounces(folder: Path) -> list[tuple[str, bytes]]:
    kinds = (".eml", ".txt")
    return [(str(path), path.read_bytes()) for path in sorted((folder / "bounces").rglob("*")) if path.suffix in kinds]


def promised(raw: bytes) -> Action | None:
    """What a bounce's own standard fields say: RFC 3464 Action and Status; None where it has none."""
    text = raw.decode("latin-1")
    action, status = _ACTION.search(text), _STATUS.search(text)
    if not (action and status) or action[1].lower() != "failed" or status[1] == "2":
        return None
    return Action.BOUNCE_PERMANENT if status[1] == "5" else Action.BOUNCE_TEMPORARY


def main(every: int = 41) -> None:
    """Print one line a figure."""
    folder = Path(os.environ.get("NEWSLETTER_REAL_DATA", "/nowhere")) / "mail"
    requests = [one for table in wishes.REQUESTS.values() for one in wishes.rows(table)]
    ordinary = [one for table in wishes.ORDINARY.values() for one in wishes.rows(table)]
    doubtful = [one for table in wishes.NO_REQUESTS.values() for one in wishes.rows(table)]
    for ways in (answered, unmarked):
        for name, texts, wanted in (
            ("requests", requests, (Action.UNSUBSCRIBE,)),
            ("ordinary", ordinary, (Action.IGNORE,)),
            ("doubtful", doubtful, (Action.HUMAN, Action.IGNORE)),
        ):
            _say(f"written {name}, {ways.__name__}", *judged(texts, ways, every), wanted)
    if not folder.is_dir():
        return
    replies = real_replies(folder)
    _say(f"{len(replies)} real replies, answered", *judged(replies, answered, every), (Action.IGNORE, Action.HUMAN))
    _bounces(folder)


def _say(name: str, counted: Counter[Action], found: list[tuple[str, str, Action]], wanted: tuple[Action, ...]) -> None:
    total = sum(counted.values())
    right = sum(counted[action] for action in wanted)
    acted = sum(counted[action] for action in ACTS)
    print(
        f"{name}: {total:,} mails, {right / total:.2%} {' or '.join(wanted)}, {acted:,} acted on, "
        f"{counted[Action.HUMAN] / total:.2%} human"
    )
    if "-v" in sys.argv:
        for program, reply, action in [one for one in found if one[2] not in wanted][:40]:
            print(f"    {program}: {html.escape(reply[:70])!r} {action}")


def _bounces(folder: Path) -> None:
    bounces = real_bounces(folder)
    meanings = [(path, promised(raw), inbound.read(raw, keys=KEYS, today=date(2026, 3, 9))) for path, raw in bounces]
    told = [(path, said, meaning) for path, said, meaning in meanings if said]
    right = sum(said is meaning.action for _, said, meaning in told)
    acted = sum(meaning.action in ACTS for _, _, meaning in meanings)
    print(
        f"{len(bounces)} real bounces: {acted} acted on; named rightly {right} of {len(told)} ({right / len(told):.1%})"
    )
    if "-v" in sys.argv:
        for path, said, meaning in told:
            if said is not meaning.action:
                print(f"    {Path(path).name}: {said} but {meaning.action} {meaning.reason}")


if __name__ == "__main__":
    main(1 if "--all" in sys.argv else 41)
