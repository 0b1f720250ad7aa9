"""What an email means here. Those of strangers are read by a process of its own, which they may end."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from threading import Timer
from types import TracebackType
from typing import Any

from newsletter import inbound
from newsletter.addresses import domain_of, own_address, split_mailbox
from newsletter.errors import MailUnread
from newsletter.inbound import limits, trust
from newsletter.models import Action, Command, Incoming, Meaning
from newsletter.readers import Counter

_WORKER = "newsletter.replies.worker"
_WAIT = 15.0  # seconds for one email: the system ends a reader after five of the processor
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")  # no password and no key: a reader needs none


@dataclass(frozen=True, slots=True)
class Understood:
    """An email that was read; by its key two copies are one."""

    meaning: Meaning
    key: str


Read = Callable[[Counter, Incoming], Understood]


def read_here(counter: Counter, mail: Incoming) -> Understood:
    """Within this process: for files that an operator names."""
    meaning = inbound.read(
        mail.raw,
        keys=counter.keys,
        today=counter.today,
        own_domain=domain_of(own_address(counter.letterhead)),
        aligned=mail.aligned or trust.aligned(mail.raw, mail.authserv_id),
        vouched=trust.vouched(mail.raw, mail.authserv_id),
        envelope_to=mail.envelope_to or trust.envelope_to(mail.raw),
        sent=lambda subscriber_id: _sent(counter, subscriber_id),
        called=split_mailbox(counter.letterhead.sender)[0],
    )
    return Understood(meaning, _key(limits.message_id(mail.raw), mail.raw))


class Worker:
    """A process that reads emails, begun with the first one and again after one that ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def read(self, counter: Counter, mail: Incoming) -> Understood:
        """What it means. Raises MailUnread for one that ends its reader, or that the reader cannot read."""
        process = self._begun()
        # Whatever it waits for, the end of the process ends it: each pipe breaks.
        limit = Timer(_WAIT, process.kill)
        limit.start()
        try:
            answer = _asked(process, counter, mail)
        except (OSError, ValueError) as error:
            raise MailUnread(f"reading it was ended {_why(self._end())}") from error
        finally:
            limit.cancel()
        meaning = _meaning(answer["meaning"])
        if meaning.unreadable:
            raise MailUnread(meaning.reason)
        return Understood(meaning, _key(answer["message_id"], mail.raw))

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
            command = [sys.executable, "-m", _WORKER]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(  # noqa: S603 - our own module, and nothing of an email is in the command
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
            )
        return self._process

    def _end(self) -> int:
        """The process's exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not written yet goes nowhere
                if pipe:
                    pipe.close()
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _asked(process: subprocess.Popen[bytes], counter: Counter, mail: Incoming) -> Mapping[str, Any]:
    given, answers = process.stdin, process.stdout
    if given is None or answers is None:
        raise ValueError("no pipe")

    def say(row: object, content: bytes = b"") -> Any:
        given.write(json.dumps(row).encode() + b"\n" + content)
        given.flush()
        return json.loads(answers.readline())

    answer = say(_task(counter, mail), mail.raw)
    if "sent" in answer:
        answer = say(_sent(counter, int(answer["sent"])))
    return answer  # type: ignore[no-any-return]


def _task(counter: Counter, mail: Incoming) -> Mapping[str, Any]:
    return {
        "size": len(mail.raw),
        "keys": {number: key.hex() for number, key in counter.keys.items()},
        "today": counter.today.isoformat(),
        "own_domain": domain_of(own_address(counter.letterhead)),
        "called": split_mailbox(counter.letterhead.sender)[0],
        "authserv_id": mail.authserv_id,
        "aligned": mail.aligned,
        "envelope_to": mail.envelope_to,
    }


def _meaning(fields: dict[str, Any]) -> Meaning:
    days = {name: date.fromisoformat(fields[name]) if fields[name] else None for name in ("until", "issue")}
    command = Command(fields["command"]) if fields["command"] else None
    return Meaning(**{**fields, **days, "action": Action(fields["action"]), "command": command})


def _why(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _key(message_id: str | None, raw: bytes) -> str:
    """The Message-ID, else a hash of the email."""
    return message_id or hashlib.sha256(raw).hexdigest()


def _sent(counter: Counter, subscriber_id: int) -> Sequence[str]:
    """The texts of the emails that this reader got last."""
    editions = counter.store.sent_to(subscriber_id)
    return [part.content.decode("utf-8", "replace") for one in editions for part in (one.text, one.html)]
