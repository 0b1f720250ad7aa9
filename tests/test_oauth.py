# ruff: noqa: F811 - fixtures of other files are named where they are used
"""Logins without a password: tokens are had, kept, renewed and hidden, and real servers take them."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from aiosmtpd.smtp import SMTP, AuthResult
from click.testing import CliRunner

from newsletter import oauth, pipeline
from newsletter.backup import backup
from newsletter.cli import main
from newsletter.demo.faults import Fault
from newsletter.doctor import authorization
from newsletter.errors import (
    AuthorizationRefused,
    AuthorizationUnavailable,
    MailboxUnavailable,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.mailboxes.imap import Imap
from newsletter.models import DeliveryState, Rendered, Slotted, Verdict
from newsletter.oauth import Access, keeping
from newsletter.oauth.providers import PROVIDERS, Registration, authorize_url, token_url
from newsletter.oauth.signing_in import Asked, Listener, finish
from newsletter.redaction import redacted
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.transports.smtp.sending import Smtp, verify
from tests.conftest import ROOT
from tests.counters import MORNING, counter_of, desk_at
from tests.dovecot import MISSING, USER, dovecot
from tests.identity_server import CLIENT, SECRET, IdentityServer
from tests.morning import ROSTER
from tests.test_hooks import ADA
from tests.test_hooks import a_mail as a_delivery
from tests.test_mailboxes import a_mail, nothing
from tests.test_transports import OnAnyPort, Sink, certificate, outgoing, running, sent, trusted  # noqa: F401

GOOGLE, MICROSOFT = PROVIDERS["google"], PROVIDERS["microsoft"]


@pytest.fixture
def identity() -> Iterator[IdentityServer]:
    with IdentityServer() as server:
        yield server


def of(server: IdentityServer, **changes: Any) -> Registration:
    return Registration(**{"client_id": CLIENT, "client_secret": SECRET, "token_url": server.token_url} | changes)


def sign_in(server: IdentityServer, folder: Path) -> None:
    """As a person does, with a browser that follows where it is led."""
    with Listener() as listener:
        asked = Asked(provider=GOOGLE, of=of(server), redirect=listener.redirect)
        browser = threading.Thread(target=requests.get, args=(asked.address("news@example.org"),))
        listener.begin(asked)
        browser.start()
        code = listener.wait(30)
        browser.join()
    finish(asked, code, folder, now=1_000.0)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(identity: IdentityServer, tmp_path: Path, clock: Clock) -> Access:
    sign_in(identity, tmp_path)
    return Access(of(identity), tmp_path, now=clock)


# --- a person signs in ---


def test_signing_in(identity: IdentityServer, tmp_path: Path) -> None:
    """The code comes back to this machine, proves with PKCE that it is ours, and becomes tokens in a private file."""
    sign_in(identity, tmp_path / "var")
    (asked,) = identity.asked
    assert ("authorization_code", CLIENT, SECRET) == (asked["grant_type"], asked["client_id"], asked["client_secret"])
    file = tmp_path / "var" / "oauth-tokens"
    assert 0o600 == file.stat().st_mode & 0o777
    kept = json.loads(file.read_text())
    assert identity.refresh == kept["refresh_token"]
    assert kept["access_token"] in identity.valid
    assert [".oauth-tokens.lock", "oauth-tokens"] == names_in(tmp_path / "var")


def test_what_a_person_is_asked() -> None:
    """Enough for a refresh token, for the right account, with nothing secret in the address."""
    for provider, more in ((GOOGLE, {"access_type": "offline", "prompt": "consent"}), (MICROSOFT, {})):
        asked = Asked(
            provider=provider, of=Registration(client_id="id", client_secret="s3cret"), redirect="http://localhost:1"
        )
        parts = urlsplit(asked.address("news@example.org"))
        query = dict(parse_qsl(parts.query))
        expected = {"client_id": "id", "login_hint": "news@example.org", "code_challenge_method": "S256", **more}
        assert expected.items() <= query.items()
        assert asked.verifier not in parts.query
        assert "s3cret" not in parts.query
        assert "offline" in parts.query
    assert "/common/oauth2/v2.0/authorize" in parts.path


_AT_MICROSOFT = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("changes", "tokens", "agree"),
    [
        ({}, f"{_AT_MICROSOFT}/common/oauth2/v2.0/token", "authorize"),
        ({"tenant": "a.example"}, f"{_AT_MICROSOFT}/a.example/oauth2/v2.0/token", "authorize"),
        ({"token_url": "https://login.example.us/t/v2.0/token"}, "https://login.example.us/t/v2.0/token", "authorize"),
        ({"token_url": "https://a.us/token", "authorize_url": "https://a.us/auth"}, "https://a.us/token", "auth"),
    ],
)  # fmt: skip
def test_other_clouds(changes: dict[str, str], tokens: str, agree: str) -> None:
    """A token address of another cloud brings the address at which a person agrees."""
    application = Registration(client_id="id", **changes)
    assert tokens == token_url(MICROSOFT, application)
    assert f"{tokens.removesuffix('token')}{agree}" == authorize_url(MICROSOFT, application)


def test_what_comes_with_another_state_is_ignored(identity: IdentityServer, tmp_path: Path) -> None:
    """A page elsewhere cannot sign us in as somebody else, nor end the waiting."""
    with Listener() as listener:
        asked = Asked(provider=GOOGLE, of=of(identity), redirect=listener.redirect)
        listener.begin(asked)
        with ThreadPoolExecutor(1) as pool:
            code = pool.submit(listener.wait, 30)
            for forged in ("/?code=theirs&state=theirs", "/?code=theirs", "/?error=no", "/favicon.ico", "/?state=%FF"):
                assert 404 == requests.get(f"{listener.redirect}{forged}", timeout=10).status_code
            assert not code.done()
            assert 200 == requests.get(f"{listener.redirect}/?code=ours&state={asked.state}", timeout=10).status_code
            assert "ours" == code.result(10)


def test_a_person_says_no(identity: IdentityServer) -> None:
    """In the provider's words, with what to do."""
    with Listener() as listener:
        asked = Asked(provider=GOOGLE, of=of(identity), redirect=listener.redirect)
        listener.begin(asked)
        with ThreadPoolExecutor(1) as pool:
            code = pool.submit(listener.wait, 30)
            requests.get(f"{listener.redirect}/?error=access_denied&state={asked.state}", timeout=10)
            with pytest.raises(
                AuthorizationRefused, match="Google: access_denied; run `newsletter authorize google` again"
            ):
                code.result(10)


def test_nobody_signs_in(identity: IdentityServer) -> None:
    with Listener() as listener:
        listener.begin(Asked(provider=GOOGLE, of=of(identity), redirect=listener.redirect))
        with pytest.raises(AuthorizationRefused, match="nobody signed in within 0 minutes"):
            listener.wait(0.01)


def test_a_sign_in_that_would_end_is_refused(tmp_path: Path) -> None:
    """Without a refresh token nothing is kept."""
    refused = pytest.raises(AuthorizationRefused, match="no refresh token came")
    with IdentityServer(offline=False) as identity, refused:
        sign_in(identity, tmp_path)
    assert not (tmp_path / "oauth-tokens").exists()


# --- the command ---


def settings_of(folder: Path, server: IdentityServer, **more: Any) -> Settings:
    (folder / "subscribers.yaml").write_text(ROSTER, "utf-8")
    given = {
        "subscribers": folder / "subscribers.yaml",
        "data_dir": folder / "var",
        "sender": "Morning arXiv <news@example.org>",
        "oauth_client_id": CLIENT,
        "oauth_client_secret": SECRET,
        "oauth_token_url": server.token_url,
    }
    return Settings(**given | more)


def environment(folder: Path, server: IdentityServer, **more: str) -> dict[str, str]:
    """Of the command in a folder of its own."""
    values = {"CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "TOKEN_URL": server.token_url} | more
    ours = {f"NEWSLETTER_OAUTH_{name}": value for name, value in values.items()}
    return {"PATH": os.environ["PATH"], "NEWSLETTER_DATA_DIR": str(folder / "var"), "PYTHONUNBUFFERED": "1", **ours}


def command(folder: Path, *arguments: str, **values: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "authorize", *arguments],
        cwd=folder,
        env=values | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_browser_on_this_machine(identity: IdentityServer, tmp_path: Path) -> None:
    """One that blocks the terminal until it is closed, as some do."""
    browser = f"{sys.executable} -c 'import sys, requests; requests.get(sys.argv[1])' %s"
    with command(tmp_path, "google", BROWSER=browser, **environment(tmp_path, identity)) as process:
        said, _ = process.communicate(timeout=60)
    assert 0 == process.returncode, said
    assert f"Signed in. The tokens are in {tmp_path / 'var' / 'oauth-tokens'}, which only you can read." in said
    assert "refresh_token" in (tmp_path / "var" / "oauth-tokens").read_text()


def test_pasting_the_address(identity: IdentityServer, tmp_path: Path) -> None:
    """Where no browser is, the address at which another one arrived is pasted; a wrong one is asked for again."""
    with command(tmp_path, "google", "--no-browser", **environment(tmp_path, identity)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = next(line for line in process.stdout if line.startswith(identity.origin)).strip()
        arrived = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]
        said, _ = process.communicate(f"{arrived.replace('state=', 'state=x')}\n  {arrived} \n", timeout=60)
    assert 0 == process.returncode, said
    assert "This is not the address to which this sign-in leads." in said
    assert (tmp_path / "var" / "oauth-tokens").exists()
    assert not any(secret in said for secret in (SECRET, identity.refresh, *identity.valid))


def test_an_application_signs_in_by_itself(identity: IdentityServer, tmp_path: Path) -> None:
    """Microsoft's client credentials: no person, no refresh token, and renewed all the same."""
    done = CliRunner(env=environment(tmp_path, identity)).invoke(main, ["authorize", "microsoft", "--application"])
    assert (0, "") == (done.exit_code, done.stderr)
    assert ("client_credentials", "https://outlook.office365.com/.default") == (
        identity.asked[0]["grant_type"],
        identity.asked[0]["scope"],
    )
    Access(of(identity), tmp_path / "var").renew()
    assert 2 == len(identity.valid)
    assert "refresh_token" not in identity.asked[1]


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        ("google --application", {}, "--application: Google has no such sign-in for mailboxes"),
        ("microsoft --application", {"CLIENT_SECRET": ""}, "NEWSLETTER_OAUTH_CLIENT_SECRET: is missing"),
        ("microsoft --application", {"TOKEN_URL": ""}, "NEWSLETTER_OAUTH_TENANT: is missing"),
        ("microsoft", {"CLIENT_ID": ""}, "NEWSLETTER_OAUTH_CLIENT_ID: is missing"),
        ("microsoft", {"TOKEN_URL": "http://id.example/token"}, "_TOKEN_URL: 'http://id.example/token' is not a web"),
        ("microsoft", {"AUTHORIZE_URL": "http://id.example/"}, "is not a web address; write https://host"),
        ("microsoft", {"TENANT": "a/b"}, "NEWSLETTER_OAUTH_TENANT: 'a/b' is not a tenant"),
    ],
)  # fmt: skip
def test_what_the_command_needs(
    identity: IdentityServer, tmp_path: Path, arguments: str, more: dict[str, str], said: str
) -> None:
    """Each mistake is named before anybody is asked; secrets go nowhere without TLS, except on this machine."""
    done = CliRunner(env=environment(tmp_path, identity, **more)).invoke(main, ["authorize", *arguments.split()])
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert [] == identity.asked


# --- tokens are renewed ---


def test_renewed_before_it_expires(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """Not asked for while it is good; five minutes before its end it is another, and so is the refresh token."""
    first = access.token()
    clock.now += 3600 - 301
    assert first == access.token()
    clock.now += 2
    second = access.token()
    assert second != first
    assert second == access.token()
    clock.now += 3600
    assert access.token() not in (first, second)  # by the refresh token that came with the second
    assert ["authorization_code", "refresh_token", "refresh_token"] == [form["grant_type"] for form in identity.asked]


def test_a_provider_that_is_away_for_a_moment(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """A token that is to be renewed is used until its end, unless the renewal or the token is refused."""
    first = access.token()
    clock.now += 3600 - 60
    identity.refuses = (503, "temporarily_unavailable", "")
    assert first == access.token()
    with pytest.raises(AuthorizationUnavailable):
        access.token(refused=first)
    identity.refuses = (400, "invalid_grant", "")
    with pytest.raises(AuthorizationRefused):
        access.token()
    identity.refuses = (503, "temporarily_unavailable", "")
    clock.now += 31
    with pytest.raises(AuthorizationUnavailable):
        access.token()


def test_secrets_are_in_no_representation(access: Access, tmp_path: Path) -> None:
    """Whatever prints a value of ours."""
    kept = keeping.read(tmp_path)
    assert kept is not None
    asked = Asked(provider=GOOGLE, of=Registration(client_id="id", client_secret=SECRET), redirect="http://localhost:1")
    printed = f"{kept!r} {asked!r} {access!r}"
    assert not [one for one in (kept.refresh_token, kept.access_token, SECRET, asked.verifier) if one in printed]


@pytest.mark.parametrize(
    ("lifetime", "good", "old"),
    [("3599", 3298, 3300), (30, 23, 25), (None, 479, 481), ("soon", 479, 481), (-5, 479, 481), (True, 479, 481)],
)
def test_lifetimes(tmp_path: Path, clock: Clock, lifetime: object, good: float, old: float) -> None:
    """A number, a number in quotes, a very short one, or none that can be read."""
    with IdentityServer(lifetime=lifetime) as identity:
        sign_in(identity, tmp_path)
        access = Access(of(identity), tmp_path, now=clock)
        for age, asked in ((good, 1), (old, 2)):
            clock.now = 1_000.0 + age
            access.token()
            assert asked == len(identity.asked)


def test_a_clock_that_is_set_back(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """Whether a token of the future is good nobody knows, so it is renewed."""
    clock.now -= 7_200
    access.token()
    access.token()
    assert 2 == len(identity.asked)


def test_a_refused_token_is_renewed_once(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """A server may refuse a token before its time; one that is brand-new would be refused again."""
    first = access.token()
    clock.now += 61
    second = access.token(refused=first)
    assert second != first
    assert second == access.token(refused=first)  # another connection has renewed it meanwhile
    assert second == access.token(refused=second)
    assert 2 == len(identity.asked)


def test_many_at_once_renew_once(identity: IdentityServer, tmp_path: Path) -> None:
    """Refresh tokens that are good for one use survive eight connections of two processes' worth of objects."""
    sign_in(identity, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: Access(of(identity), tmp_path, now=lambda: 9_999.0).token(), range(16)))
    assert 1 == len(found)
    assert 2 == len(identity.asked)


def test_a_process_that_dies_leaves_the_old_or_the_new_file(
    access: Access, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be written is found before a refresh token is used up."""
    kept = (tmp_path / "oauth-tokens").read_bytes()
    clock.now += 9_999

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AuthorizationUnavailable, match="cannot be written: No space left on device"):
        access.token()
    monkeypatch.undo()
    assert kept == (tmp_path / "oauth-tokens").read_bytes()
    assert [".oauth-tokens.lock", "oauth-tokens"] == names_in(tmp_path)
    access.token()


_AGAIN, _CHECK = "run `newsletter authorize google`", "check NEWSLETTER_OAUTH_CLIENT_ID"
REFUSALS = [
    # HTTP, error, description, what is raised, what to do
    (400, "invalid_grant", "AADSTS700082: It has expired.\r\nTrace ID: 1", AuthorizationRefused, _AGAIN),
    (400, "interaction_required", "", AuthorizationRefused, "run `newsletter authorize google`"),
    (401, "invalid_client", "AADSTS7000222: The secret has expired.", AuthorizationRefused, _CHECK),
    (400, "unauthorized_client", "", AuthorizationRefused, "check NEWSLETTER_OAUTH_CLIENT_ID"),
    (400, "never_heard_of", "", AuthorizationRefused, "run `newsletter authorize google`"),
    (400, "temporarily_unavailable", "", AuthorizationUnavailable, ""),
    (429, "too_many", "", AuthorizationUnavailable, ""),
    (503, "server_error", "", AuthorizationUnavailable, ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error", "description", "kind", "remedy"), REFUSALS)
def test_a_renewal_that_is_refused(
    access: Access,
    identity: IdentityServer,
    clock: Clock,
    status: int,
    error: str,
    description: str,
    kind: type,
    remedy: str,
) -> None:
    """What passes is told from what a person has to change; both in the provider's words, in one line."""
    identity.refuses = (status, error, description)
    clock.now += 9_999
    with pytest.raises(kind) as refused:
        access.token()
    said = str(refused.value)
    assert f"HTTP {status} {error} {description.splitlines()[0] if description else ''}".strip() in said
    assert remedy in said
    assert "Trace" not in said
    identity.refuses = None
    access.token()  # nothing was lost


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="html"),
        Fault(kind="truncated"),
        Fault(kind="cut"),
        Fault(kind="silent"),
        Fault(kind="status", status=404, body="<h1>Not Found</h1>"),
        Fault(kind="status", status=407, body="proxy"),
        Fault(kind="status", status=307, headers={"Location": "http://127.0.0.1:9/"}),
        Fault(kind="status", status=200, body="[]"),
        Fault(kind="status", status=200, body='{"access_token": "a b"}'),
        Fault(kind="status", status=200, body='{"access_token": 7}'),
        Fault(kind="status", status=200, body='{"access_token": "abc", "token_type": "mac"}'),
        Fault(kind="status", status=200, body='{"error": 7, "access_token": "abc"}'),
        Fault(kind="status", status=200, body="x" * (1 << 19)),
        Fault(kind="status", status=200, body="[" * 100_000),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.body[:20]}",
)
def test_answers_that_are_none(access: Access, identity: IdentityServer, clock: Clock, fault: Fault) -> None:
    """Whatever stands in between, the sign-in stays, no redirection is followed, and the next try works."""
    clock.now += 9_999
    identity.refresh = json.loads((access._folder / "oauth-tokens").read_text())["refresh_token"]
    good = identity.refresh
    identity.faults.append(fault)
    with pytest.raises(AuthorizationUnavailable):
        access.token()
    identity.refresh = good  # the answer that was lost had used it up
    access.token()


def test_nobody_is_there(tmp_path: Path) -> None:
    with IdentityServer() as identity:
        sign_in(identity, tmp_path)
        access = Access(of(identity), tmp_path)
    with pytest.raises(AuthorizationUnavailable, match="does not answer"):
        access.token()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"provider": "google"}', "null", "\xff", "[" * 100_000])
def test_a_damaged_file(access: Access, tmp_path: Path, text: str) -> None:
    """Is said without its words."""
    (tmp_path / "oauth-tokens").write_text(text)
    with pytest.raises(AuthorizationRefused, match=r"oauth-tokens: is damaged; run `newsletter authorize"):
        access.token()


def test_a_sign_in_of_another_application(access: Access, identity: IdentityServer, tmp_path: Path) -> None:
    """Its refresh token goes to no other address and to no other application."""
    for changes in ({"client_id": "another"}, {"token_url": f"{identity.origin}/elsewhere"}):
        with pytest.raises(AuthorizationRefused, match="belongs to another NEWSLETTER_OAUTH_CLIENT_ID"):
            Access(of(identity, **changes), tmp_path).token()
    assert 1 == len(identity.asked)


def test_tokens_are_hidden(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """Old and new ones, as they are and as a login has them."""
    for _ in range(3):
        token = access.token()
        login = oauth.XOAuth2("news@example.org", token)
        clock.now += 4_000
        for secret in (token, identity.refresh, base64.b64encode(login.first).decode()):
            assert "… was refused" == redacted(f"{secret} was refused")


def test_tokens_are_in_no_backup(access: Access, identity: IdentityServer, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, identity)
    sign_in(identity, settings.data_dir)
    (tmp_path / ".env").write_text(f"NEWSLETTER_OAUTH_CLIENT_ID={CLIENT}\nNEWSLETTER_OAUTH_CLIENT_SECRET={SECRET}\n")
    folder = backup(settings, tmp_path / "copy", MORNING)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if "oauth" in file.name]
    whole = b"".join(file.read_bytes() for file in files)
    assert not [secret for secret in (SECRET, identity.refresh, *identity.valid) if secret.encode() in whole]
    assert CLIENT.encode() in whole


# --- SMTP ---


class OnlyTokens(SMTP):
    """A server that knows no passwords, with room for long tokens (RFC 4954 section 4)."""

    line_length_limit = 1 << 14

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.command_size_limits["AUTH"] = 12_288


class TokenSink(Sink):
    """Takes what an identity provider calls valid, and explains a refusal as Gmail does."""

    identity: IdentityServer
    logins: list[str]
    taken: Callable[[str], bool]

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        user, _, token = base64.b64decode(args[1]).decode().partition("\1auth=Bearer ")
        self.logins.append(token.removesuffix("\1\1"))
        if user == "user=news@example.org" and self.taken(self.logins[-1]):
            return AuthResult(success=True)
        explained = await server.challenge_auth(b'{"status":"400","scope":"https://mail.google.com/"}')
        assert b"" == explained
        return AuthResult(success=False, handled=False, message="535 5.7.8 Username and Token not accepted")


class Waiting(OnAnyPort):
    """Knows its connections, because a client that was refused hangs up without a word."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        self.open: set[SMTP] = set()
        super().__init__(sink, **options)

    def factory(self) -> SMTP:
        controller = self

        class Counted(OnlyTokens):
            def connection_made(self, transport: Any) -> None:
                controller.open.add(self)
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                super().connection_lost(error)
                controller.open.discard(self)

        return Counted(self.handler, **self.SMTP_kwargs)


@contextmanager
def serving(controller: Waiting) -> Iterator[int]:
    """Until the last connection has ended."""
    with running(controller) as port:
        yield port
        deadline = time.monotonic() + 30
        while controller.open and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.fixture
def token_sink(identity: IdentityServer) -> TokenSink:
    made = TokenSink(offers=("PIPELINING",))
    made.logins, made.taken = [], lambda token: token in identity.valid
    return made


@pytest.fixture
def token_port(token_sink: TokenSink, certificate: tuple[Path, Path]) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    options = {"tls_context": context, "require_starttls": True, "auth_required": True}
    with serving(Waiting(token_sink, **options, auth_exclude_mechanism=("LOGIN", "PLAIN"))) as port:
        yield port


@contextmanager
def smtp(port: int, access: Access) -> Iterator[Smtp]:
    with closing(Smtp(f"smtp://news@example.org@localhost:{port}", access=access, connections=1, timeout=10)) as made:
        yield made


def send(port: int, access: Access) -> tuple[Verdict, Exception | None]:
    """What becomes of an email, and the trouble of the transport."""
    with smtp(port, access) as transport:
        (outcome,) = sent(transport, outgoing())
        return outcome.verdict, transport.trouble


@pytest.mark.usefixtures("trusted")
def test_smtp_with_a_token(access: Access, token_sink: TokenSink, token_port: int) -> None:
    """Emails go out over a login with a token of several thousand characters."""
    assert (Verdict.ACCEPTED, None) == send(token_port, access)
    assert [access.token()] == token_sink.logins
    verify(f"smtp://news@example.org@localhost:{token_port}", None, 10, access=access)


@pytest.mark.usefixtures("trusted")
def test_smtp_renews_what_it_needs(
    access: Access, identity: IdentityServer, token_sink: TokenSink, token_port: int, clock: Clock
) -> None:
    """An expired token is not even presented; one that the server refuses before its time is renewed once."""
    clock.now += 9_999
    assert (Verdict.ACCEPTED, None) == send(token_port, access)
    assert (2, 1) == (len(identity.asked), len(token_sink.logins))
    identity.valid.clear()
    clock.now += 100
    assert (Verdict.ACCEPTED, None) == send(token_port, access)
    assert (3, 3) == (len(identity.asked), len(token_sink.logins))


@pytest.mark.usefixtures("trusted")
def test_smtp_refuses_every_token(access: Access, token_sink: TokenSink, token_port: int, clock: Clock) -> None:
    """The explanation is answered with an empty line, and both it and the refusal are shown."""
    token_sink.taken = lambda _: False
    clock.now += 100
    verdict, trouble = send(token_port, access)
    assert Verdict.UNTRIED is verdict
    assert isinstance(trouble, TransportRefused)
    assert "refuses the login: 535 5.7.8 Username and Token not accepted" in str(trouble)
    assert '{"status":"400","scope":"https://mail.google.com/"}' in str(trouble)
    assert 2 == len(token_sink.logins)


@pytest.mark.usefixtures("trusted")
def test_smtp_and_a_refused_renewal(
    access: Access, identity: IdentityServer, token_sink: TokenSink, token_port: int, clock: Clock
) -> None:
    """Stops sending and says what to do; a provider that is down is tried again by the round after."""
    clock.now += 9_999
    identity.refuses = (400, "invalid_grant", "expired")
    verdict, trouble = send(token_port, access)
    assert (Verdict.UNTRIED, TransportRefused) == (verdict, type(trouble))
    assert "invalid_grant expired; run `newsletter authorize google`" in str(trouble)
    identity.refuses = (503, "temporarily_unavailable", "")
    verdict, trouble = send(token_port, access)
    assert (Verdict.UNTRIED, TransportUnavailable) == (verdict, type(trouble))
    identity.refuses = None
    assert (Verdict.ACCEPTED, None) == send(token_port, access)
    assert 1 == len(token_sink.logins)


@pytest.mark.usefixtures("trusted")
def test_smtp_without_xoauth2(access: Access, certificate: tuple[Path, Path]) -> None:
    """A server that knows passwords only is named; no token leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(Waiting(Sink(), tls_context=context, auth_required=True)) as port:
        _, trouble = send(port, access)
    assert "does not offer XOAUTH2; set NEWSLETTER_SMTP_PASSWORD" in str(trouble)


def test_no_token_without_tls(access: Access) -> None:
    """Not even on this machine, like passwords."""
    with serving(Waiting(Sink(), auth_require_tls=False)) as port:
        _, trouble = send(port, access)
    assert "does not offer STARTTLS; nothing was sent in the clear" in str(trouble)


# --- IMAP ---


@contextmanager
def mailbox_of(server: Any, access: Access) -> Iterator[Imap]:
    opened = Imap(server.url, None, access=access, timeout=10)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
def test_imap_with_a_token(access: Access, identity: IdentityServer, clock: Clock) -> None:
    """A real Dovecot that asks the provider: read, renewed when refused before its time, and refused in its words."""
    identity.user = USER
    with dovecot(tokeninfo=f"{identity.origin}/tokeninfo?access_token=") as server:
        server.deliver(a_mail())
        with mailbox_of(server, access) as mailbox:
            assert 1 == len(list(mailbox.waiting(nothing)))
        identity.valid.clear()
        clock.now += 100
        with mailbox_of(server, access) as mailbox:
            assert 1 == len(list(mailbox.waiting(nothing)))
        assert 2 == len(identity.asked)
        identity.valid.clear()
        with mailbox_of(server, access) as mailbox, pytest.raises(MailboxUnavailable) as refused:
            list(mailbox.waiting(nothing))
        assert "refuses the login: [AUTHENTICATIONFAILED]" in str(refused.value)
        assert not refused.value.lasting
        clock.now += 9_999
        identity.refuses = (400, "invalid_grant", "expired")
        with mailbox_of(server, access) as mailbox, pytest.raises(MailboxUnavailable) as ended:
            list(mailbox.waiting(nothing))
        assert "invalid_grant expired; run `newsletter authorize google`" in str(ended.value)
        assert ended.value.lasting


# --- what the operator is told ---


def test_a_mailbox_that_needs_a_person_is_told_at_once(identity: IdentityServer, tmp_path: Path) -> None:
    """Not after half an hour, as an outage is, and with what to do."""
    settings = settings_of(tmp_path, identity, imap_url="imap://news@127.0.0.1:9/INBOX")
    with counter_of(settings, MORNING) as counter:
        service = Service(settings, counter)
        service.poll()
        (trouble,) = counter.store.troubles()
        assert "mailbox" == trouble.key
        assert "nobody has signed in yet; run `newsletter authorize microsoft`" in trouble.problem


def test_emails_that_need_a_person_wait(identity: IdentityServer, tmp_path: Path, token_port: int) -> None:
    """A refused renewal is an alarm that says what to do, and no email is lost or blamed on its reader."""
    smtp_url = f"smtp://news@example.org@localhost:{token_port}"
    settings = settings_of(tmp_path, identity, transport="smtp", smtp_url=smtp_url)
    sign_in(identity, settings.data_dir)
    identity.refuses = (400, "invalid_grant", "expired")
    with desk_at(settings, MORNING) as desk:
        empty = Slotted(b"")
        desk.store.save_edition(Rendered(key="e", subject="s", html=empty, text=empty, body=empty))
        desk.store.plan([a_delivery(ADA, desk.store.enrol([ADA], MORNING)[ADA].id)])
        with pytest.raises(TransportRefused):
            pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), []))
        (trouble,) = desk.store.troubles()
        assert "sending" == trouble.key
        assert "invalid_grant expired; run `newsletter authorize google`" in trouble.problem
        assert [DeliveryState.QUEUED] == [one.state for one in desk.store.deliveries()]


def test_what_check_says(identity: IdentityServer, tmp_path: Path) -> None:
    """Without a sign-in nothing can be sent; with one, `--online` renews it."""
    sends = {"transport": "smtp", "smtp_url": "smtp://news@example.org@smtp.example.org:587"}
    settings = settings_of(tmp_path, identity, **sends)
    (finding,) = authorization.signed_in(settings)
    assert finding.fatal
    assert "nobody has signed in yet" in str(finding)
    assert "run `newsletter authorize microsoft` or `newsletter authorize google`" in str(finding)
    sign_in(identity, settings.data_dir)
    said: list[str] = []
    assert [] == [*authorization.signed_in(settings), *authorization.renewed(settings, said.append)]
    assert ["OAuth: the sign-in was renewed"] == said
    assert 2 == len(identity.asked)
    identity.refuses = (400, "invalid_grant", "expired")
    assert ["invalid_grant" in str(one) for one in authorization.renewed(settings, said.append)] == [True]
    reads = settings_of(tmp_path, identity, imap_url="imaps://news@example.org@imap.example.org/INBOX")
    assert [False] == [one.fatal for one in authorization.renewed(reads, said.append)]
    passwords = settings_of(tmp_path, identity, **sends, smtp_password="s3cret-s3cret")
    assert [] == authorization.renewed(passwords, said.append)
    assert [] == authorization.renewed(settings_of(tmp_path, identity), said.append)


@pytest.mark.usefixtures("trusted")
def test_check_logs_in_with_a_token(
    identity: IdentityServer, tmp_path: Path, token_sink: TokenSink, token_port: int
) -> None:
    """As the transport does."""
    smtp_url = f"smtp://news@example.org@localhost:{token_port}"
    settings = settings_of(tmp_path, identity, transport="smtp", smtp_url=smtp_url)
    sign_in(identity, settings.data_dir)
    said: list[str] = []
    assert [] == list(settings.kind.try_online(settings, said.append))
    assert ["mail server: accepts our login over TLS"] == said
    token_sink.taken = lambda _: False
    (finding,) = settings.kind.try_online(settings, said.append)
    assert "check that the account may send with this application" in str(finding)


def test_an_address_without_a_user(identity: IdentityServer, tmp_path: Path) -> None:
    """Nobody would log in."""
    settings = settings_of(tmp_path, identity, transport="smtp", smtp_url="smtp://smtp.example.org:587")
    assert ["names no user, so nobody would log in with OAuth"] == [
        one.problem for one in settings.kind.findings(settings)
    ]
