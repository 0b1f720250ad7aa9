"""Canary secrets in every setting, and servers that repeat what they were sent: none of it comes out anywhere."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from click.testing import CliRunner

from newsletter import settings, web
from newsletter.cli import main
from newsletter.cli.console import configure_logs
from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.servers import Servers
from newsletter.errors import ArxivUnavailable, ConfigurationError, MailboxUnavailable, ModelRefused, TransportRefused
from newsletter.redaction import for_logs, hide, redacted
from newsletter.scheduler import Service
from tests.counters import service_of
from tests.morning import ROSTER, sample_rows

CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing to hide", "nothing to hide"),
        ("key=hunter2-and-more!", "key=…"),
        ("?key=hunter2-and-more%21&x=1", "?key=…&x=1"),  # in an address
        ("hunter2", "hunter2"),  # a part of it is not it
        ("longer-hunter2-and-more!-too", "…"),  # the longer secret first, so that nothing of it stays
    ],
)
def test_redacted(text: str, expected: str) -> None:
    """Known secrets are cut out, as they are and as an address writes them."""
    hide(["hunter2-and-more!", "longer-hunter2-and-more!-too", "short", ""])
    assert expected == redacted(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada.lovelace@example.org left", "a…@example.org left"),
        ("<news+aaaabbbb@example.org>", "<n…@example.org>"),
        ("smtp://news@mail.example.org:587", "smtp://n…@mail.example.org:587"),
        ("a@b.example, cc@d.example", "a…@b.example, c…@d.example"),
        ("at 09:30 @ noon", "at 09:30 @ noon"),
    ],
)
def test_for_logs(text: str, expected: str) -> None:
    """Nobody is named, and tokens in addresses are gone."""
    assert expected == for_logs(text)


@pytest.mark.parametrize(
    "error",
    [
        lambda text: ModelRefused("m", text), lambda text: TransportRefused("smtp", text),
        lambda text: MailboxUnavailable("host", text), lambda text: ArxivUnavailable("url", text),
    ],
)  # fmt: skip
def test_errors_carry_no_secret(error: type[Exception]) -> None:
    """Neither in their text nor in their fields."""
    hide([CANARY])
    raised = error(f"the server says {CANARY}")
    assert CANARY not in f"{raised} {raised!r} {vars(raised)}"


class Echo(Loopback):
    """Refuses with everything that it was sent, which is what careless servers do."""

    def answer(self, request: Request, fault: Fault | None) -> Response:
        said = json.dumps({"error": {"message": f"{request.path} {dict(request.headers)}", "code": "invalid_api_key"}})
        return Response(status=401, body=said.encode(), content_type="application/json")


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Servers, Path]]:
    """A folder with secrets in every setting that takes one, and a world in which each of them is refused."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers(sample_rows()) as servers, Echo() as echo:
        lines = {
            **{name: value for name, value in servers.environment().items() if "ARXIV" in name},
            "NEWSLETTER_MODEL": "openai/sample-model",
            "NEWSLETTER_MODEL_API_BASE": echo.origin.replace("//", f"//user:{CANARY}-base@"),
            "NEWSLETTER_FALLBACK_MODELS": "anthropic/claude-haiku-4-5",
            "OPENAI_API_KEY": f"sk-{CANARY}-openai",
            "ANTHROPIC_API_KEY": f"{CANARY}-anthropic",
            "ANTHROPIC_API_BASE": echo.origin,
            "NEWSLETTER_TRANSPORT": "sendgrid",
            "NEWSLETTER_SENDER": "News <news@example.org>",
            "SENDGRID_API_KEY": f"SG.{CANARY}-sendgrid",
            "NEWSLETTER_SENDGRID_URL": echo.origin,
            "NEWSLETTER_SMTP_PASSWORD": f"{CANARY}-smtp",
            "NEWSLETTER_IMAP_URL": "imap://news@127.0.0.1:1/INBOX",
            "NEWSLETTER_IMAP_PASSWORD": f"{CANARY}-imap",
            "NEWSLETTER_PING_URL": f"{echo.origin}/{CANARY}-ping",
            "NEWSLETTER_ADMIN_EMAIL": "admin@example.net",
        }
        for name, value in lines.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
        yield servers, tmp_path


def test_no_canary_comes_out(
    canaries: tuple[Servers, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two mornings of a service whose every key is refused, with a bug on top: logs, files, pages, status, mails."""
    _, folder = canaries
    before, opened = structlog.get_config(), ExitStack()
    try:
        configure_logs()
        loaded = settings.load()
        assert loaded.sendgrid_api_key
        key = loaded.sendgrid_api_key.get_secret_value()
        now = [datetime(2026, 3, 9, 0, 30, tzinfo=UTC)]
        service = opened.enter_context(service_of(loaded, lambda: now[0]))
        for hour in range(14):
            now[0] += timedelta(hours=1)
            if hour == 10:
                monkeypatch.setattr("newsletter.pipeline.send", lambda *_, **__: {}[key])
            service.tick()
            service.poll()
        pages = [page(service, path) for path in ("/healthz", "/metrics", "/nothing")]
        commands = [CliRunner().invoke(main, words).output for words in (["status"], ["status", "--json"], ["check"])]
        refused = CliRunner().invoke(main, ["inbox", "--once"]).output
    finally:
        opened.close()
        structlog.configure(**before)
    said = capfd.readouterr()
    everything = [said.out, said.err, *pages, *commands, refused]
    assert "model.refused" in said.err or "trouble" in said.err
    assert "KeyError" in said.err  # the bug was told, with its traceback
    assert "newsletter_mails" in pages[1]
    assert [] == [text[max(0, text.find(CANARY) - 200) :][:400] for text in everything if CANARY in text]
    files = [file for file in (folder / "var").rglob("*") if file.is_file()]
    assert files
    assert [] == [file.name for file in files if CANARY.encode() in file.read_bytes()]
    assert not [line for line in said.err.splitlines() if "ada@example.org" in line]


def page(service: Service, path: str) -> str:
    async def ask() -> str:
        transport = httpx.ASGITransport(web.build(service.counter, service.pulse))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get(path)
            return f"{answer.headers} {answer.text}"

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSLETTER_SMTP_URL", f"smtp://user:{CANARY}@mail.example.org"),
        ("NEWSLETTER_IMAP_URL", f"imaps://user:{CANARY}@mail.example.org"),
        ("NEWSLETTER_PING_URL", f"{CANARY} is no address"),
        ("NEWSLETTER_DATABASE_URL", f"mysql://user:{CANARY}@db.example.org/x"),
        ("NEWSLETTER_MODEL_API_BASE", f"ftp://user:{CANARY}@models.example.org"),
        ("NEWSLETTER_PORT", "many"),
    ],
)
def test_a_wrong_setting_is_told_without_its_secret(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pydantic's errors hold the values; ours do not, and neither does a traceback of them."""
    monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD", f"{CANARY}-smtp")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as error:
        settings.load(Path("/nowhere"))
    assert name in str(error.value)
    assert CANARY not in str(error.value)
    with_causes = "".join(traceback.format_exception(error.value))
    assert CANARY not in for_logs(with_causes)


@pytest.mark.parametrize("as_json", [False, True])
def test_lines_of_other_packages_are_cleaned_too(as_json: bool) -> None:
    """Whatever a library logs goes through the same filter, tracebacks included."""
    hide([f"{CANARY}-library"])
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = []
    try:
        configure_logs(as_json=as_json)
        (handler,) = root.handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        try:
            raise RuntimeError(f"{CANARY}-library of ada@example.org")
        except RuntimeError:
            logging.getLogger("urllib3").exception("for ada@example.org")
    finally:
        root.handlers[:] = before
        structlog.reset_defaults()
    assert "RuntimeError: … of a…@example.org" in stream.getvalue()
    assert "ada@" not in stream.getvalue()
    if as_json:
        assert ("urllib3", "error") == (json.loads(stream.getvalue())["logger"], json.loads(stream.getvalue())["level"])


def test_our_lines_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    """One object a line, also with a traceback; a secret with quotes in it is found before they are escaped."""
    secret = f'{CANARY}-"quoted"\\'
    hide([secret])
    configure_logs(as_json=True)
    log = structlog.get_logger()
    log.info("mail.sent", email="ada@example.org", issues=[date(2026, 3, 9)], count=3, key=secret)
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        log.exception("service.bug")
    sent, bug = map(json.loads, capfd.readouterr().err.splitlines())
    assert {
        "event": "mail.sent", "email": "a…@example.org", "issues": ["2026-03-09"], "count": 3, "key": "…",
        "level": "info",
    } == {key: value for key, value in sent.items() if key != "timestamp"}  # fmt: skip
    assert sent["timestamp"].endswith("Z")
    assert ("service.bug", "error") == (bug["event"], bug["level"])
    assert bug["exception"].endswith("RuntimeError: …")
