"""A transport is what lies in `newsletter/transports`: two files more, and it is set up, checked, used and heard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from newsletter.settings import Settings
from newsletter.transports import kinds
from tests.conftest import ROOT

ADAPTER = '''
"""Pigeons carry notes to a loft."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from newsletter.models import Answer, Finding, Outcome, Verdict
from newsletter.setting_values import revealed, service
from newsletter.transports import Kind, Question, TransportSettings


class PigeonSettings(TransportSettings):
    pigeon_loft: Path | None = None
    pigeon_url: Annotated[str, BeforeValidator(service)] = "https://pigeons.example"
    pigeon_token: SecretStr | None = Field(default=None, validation_alias="PIGEON_TOKEN")


class Pigeons:
    name, room, trouble = "pigeon", 1, None

    def __init__(self, loft):
        self._loft = loft

    def exchange(self, mails, wait):
        return [self._carry(mail) for mail in mails]

    def _carry(self, mail):
        (self._loft / mail.message.recipient).write_bytes(mail.message.raw)
        return Answer(mail.key, Outcome(Verdict.ACCEPTED))

    def close(self):
        """They come home by themselves."""


def hooks(settings):
    from newsletter.transports.pigeon.webhook import PigeonHook

    return (PigeonHook(revealed(settings.pigeon_token) or ""),)


def findings(settings):
    if settings.transport == "pigeon" and not settings.pigeon_loft.is_dir():
        yield Finding("NEWSLETTER_PIGEON_LOFT", None, "is no loft", "build one")


def try_online(settings, say):
    say("pigeons: fed")
    return ()


KIND = Kind(
    name="pigeon",
    settings=PigeonSettings,
    open=lambda settings: Pigeons(settings.pigeon_loft),
    needs=("sender", "pigeon_loft"),
    questions=(
        Question(setting="pigeon_loft", text="Where they live", form="a folder", example="/srv/loft"),
        Question(setting="pigeon_token", text="PIGEON_TOKEN"),
    ),
    findings=findings,
    try_online=try_online,
    hooks=hooks,
    hook_key="pigeon_token",
)
'''

WEBHOOK = '''
"""What comes back with a pigeon."""

from dataclasses import dataclass

from newsletter.models import Posted


@dataclass(frozen=True)
class PigeonHook:
    token: str
    path = "/hooks/pigeon/{secret}"
    most = 1000

    def is_open(self, secret):
        return bool(self.token) and secret == self.token

    def admits(self, headers, now):
        return True

    def read(self, headers, body, now):
        return Posted(source="pigeon", key=body.decode())
'''

# Finds the made-up transport beside the shipped ones, then is `newsletter`, or runs what is handed over.
START = """
import sys
from newsletter import transports
transports.__path__.append("more")
if sys.argv[1] == "python":
    exec(sys.argv[2])
else:
    from newsletter.cli import main
    main()
"""

POST_AND_SEND = """
import asyncio, json, sys
import httpx
from newsletter import app, web
from newsletter.models import Outgoing
from newsletter.render.short import short_mail
from newsletter.settings import load

async def ask(application, path):
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return (await client.post(path, content=b"one note")).status_code

with app.open_counter(load()) as counter:
    head = (("From", "news@example.org"), ("Subject", "A note"))
    mail = short_mail("ada@example.org", head, "text", "page", envelope_from="news@example.org", boundary="x")
    verdict = counter.post(Outgoing(key="1", message=mail)).verdict
    statuses = [asyncio.run(ask(web.build(counter), f"/hooks/pigeon/{part}")) for part in ("coo-coo-coo", "crow")]
print(json.dumps([verdict.value, statuses]), file=sys.stderr)
"""

SET_UP = {
    "NEWSLETTER_TRANSPORT": "pigeon",
    "NEWSLETTER_SENDER": "News <news@example.org>",
    "NEWSLETTER_PIGEON_LOFT": "loft",
    "PIGEON_TOKEN": "coo-coo-coo",
}
Pigeon = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pigeon(tmp_path: Path) -> Pigeon:
    """`newsletter` in a folder of its own, with one more transport."""
    for name, text in {"__init__.py": ADAPTER, "webhook.py": WEBHOOK}.items():
        (tmp_path / "more" / "pigeon").mkdir(parents=True, exist_ok=True)
        (tmp_path / "more" / "pigeon" / name).write_text(text)
    (tmp_path / "loft").mkdir()

    def run(*arguments: str, settings: Mapping[str, str] = SET_UP) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
        command = [sys.executable, "-c", START, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_transport_brings_its_settings(pigeon: Pigeon) -> None:
    """Its names are read, a wrong value and a name nobody reads are told, and what it needs is asked for."""
    assert "unknown setting NEWSLETTER_PIGEON_LOFFT; did you mean NEWSLETTER_PIGEON_LOFT?" in (
        pigeon("check", settings=SET_UP | {"NEWSLETTER_PIGEON_LOFFT": "x"}).stderr
    )
    wrong = pigeon("check", settings=SET_UP | {"NEWSLETTER_PIGEON_URL": "up"}).stderr
    assert "NEWSLETTER_PIGEON_URL: 'up' is not a web address; write https://host/path" in wrong
    needs = pigeon("check", settings={"NEWSLETTER_TRANSPORT": "pigeon", "NEWSLETTER_SENDER": "a@example.org"}).stderr
    assert "NEWSLETTER_PIGEON_LOFT is missing; NEWSLETTER_TRANSPORT=pigeon needs it" in needs
    other = pigeon("check", settings={"NEWSLETTER_TRANSPORT": "crow"}).stderr
    assert "it should be 'outbox', 'smtp', 'mailgun', 'pigeon' or 'sendgrid'" in other


def test_a_transport_is_asked_about_and_checked(pigeon: Pigeon, tmp_path: Path) -> None:
    """`init` writes its answers into `.env`, and `check` says what it finds."""
    begun = pigeon("init", "--email", "ada@example.org", "--transport", "pigeon", "--pigeon-loft", "loft", settings={})
    assert "" == begun.stderr
    written = (tmp_path / ".env").read_text().splitlines()
    assert {"NEWSLETTER_TRANSPORT=pigeon", "NEWSLETTER_PIGEON_LOFT=loft", "#PIGEON_TOKEN="} <= set(written)
    found = pigeon("check").stdout
    assert "PIGEON_TOKEN: no provider can reach this webhook; set NEWSLETTER_PUBLIC_URL too" in found
    assert "NEWSLETTER_PIGEON_LOFT" not in found
    (tmp_path / "loft").rmdir()
    assert "NEWSLETTER_PIGEON_LOFT: is no loft; build one" in pigeon("check").stdout


def test_a_transport_sends_and_its_hook_is_routed(pigeon: Pigeon, tmp_path: Path) -> None:
    """An email goes by it; its provider is answered, and nobody else is."""
    done = pigeon("python", POST_AND_SEND)
    assert ["accepted", [200, 404]] == json.loads(done.stderr)
    assert ["ada@example.org"] == [file.name for file in (tmp_path / "loft").iterdir()]


@pytest.mark.parametrize("name", kinds())
def test_what_a_transport_says_of_itself_is_there(name: str) -> None:
    """The settings that it names are its own or everybody's, and it is called as its folder."""
    kind = kinds()[name]
    assert name == kind.name
    assert name == kind.open.__module__.split(".")[2]
    named = {*kind.needs, *filter(None, [kind.hook_key]), *(question.setting for question in kind.questions)}
    assert named <= Settings.model_fields.keys()


def test_describing_is_cheap() -> None:
    """Reading the settings imports nothing that only sending, checking or hearing needs."""
    heavy = "sendgrid, python_http_client, smtplib, requests, cryptography, python_multipart, starlette"
    look = f"import sys, newsletter.settings; print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
