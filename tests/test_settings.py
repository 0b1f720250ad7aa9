"""Every mistake in the settings is one line with its place and its remedy; a secret stands in none of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter import settings
from newsletter.errors import ConfigurationError
from newsletter.models import Letterhead
from newsletter.settings import Settings

SECRET = "s3cret-9f2c"
SENDER = "Morning arXiv <news@example.org>"
BY_SMTP = {
    "NEWSLETTER_TRANSPORT": "smtp",
    "NEWSLETTER_SENDER": SENDER,
    "NEWSLETTER_SMTP_URL": "smtp://mail.example.org",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, so that no `.env` of anybody's is read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(**values: str) -> Settings:
    os.environ.update(values)
    return settings.load()


def findings(**values: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        load(**values)
    lines = str(error.value).split("\n")
    assert lines == [str(finding) for finding in error.value.findings]
    return lines


def test_defaults() -> None:
    """Nothing has to be set."""
    found = load()
    assert (found.transport, found.model, found.fallback_models, found.model_prices) == ("outbox", None, (), {})
    assert found.database == "sqlite:///var/newsletter.db"
    assert (found.host, found.port, found.arxiv_delay) == ("127.0.0.1", 8080, 3.0)


def test_everything() -> None:
    """Each setting is read under its name."""
    found = load(
        NEWSLETTER_SUBSCRIBERS="readers.yaml",
        NEWSLETTER_DATA_DIR="/data",
        NEWSLETTER_PUBLIC_URL="https://news.example.org/",
        NEWSLETTER_SENDER=SENDER,
        NEWSLETTER_REPLY_TO="reply@example.org",
        NEWSLETTER_PLUS_ADDRESSING="false",
        NEWSLETTER_MODEL="openai/a",
        NEWSLETTER_FALLBACK_MODELS=" openai/b, ,anthropic/c ",
        NEWSLETTER_MODEL_PRICES="openai/a=0.25/2, openai/b=1/4.5",
        NEWSLETTER_MAX_COST_USD="1.5",
        NEWSLETTER_TRANSPORT="smtp",
        NEWSLETTER_SMTP_URL="smtp://ada@example.org@mail.example.org:587",
        NEWSLETTER_SMTP_PASSWORD=SECRET,
        NEWSLETTER_ARXIV_DELAY="0",
        NEWSLETTER_PORT="0",
    )
    assert found.fallback_models == ("openai/b", "anthropic/c")
    assert found.model_prices == {"openai/a": (0.25, 2.0), "openai/b": (1.0, 4.5)}
    assert found.public_url == "https://news.example.org"
    assert found.database == "sqlite:////data/newsletter.db"
    assert found.smtp_password is not None
    assert found.smtp_password.get_secret_value() == SECRET
    assert found.letterhead == Letterhead(
        sender=SENDER,
        reply_to="reply@example.org",
        plus_addressing=False,
        replies_read=False,
        public_url="https://news.example.org",
    )


def test_a_mailbox_has_replies_read() -> None:
    """With a mailbox that the service reads, mails promise that a reply is enough."""
    found = load(NEWSLETTER_IMAP_URL="imaps://news%40example.org@mail.example.org/INBOX", **BY_SMTP)
    assert found.letterhead.replies_read
    assert not load(NEWSLETTER_IMAP_URL="", **BY_SMTP).letterhead.replies_read


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("imap://ada@mail.example.org", "is not an IMAP address"),
        ("https://mail.example.org", "is not an IMAP address"),
        ("imaps://ada:x@mail.example.org", "contains a password"),
        ("imaps://mail.example.org/INBOX", "names no user"),
    ],
)
def test_mailbox_addresses(url: str, told: str) -> None:
    """Passwords go over TLS or stay on this machine, and stand in a setting of their own."""
    (finding,) = findings(NEWSLETTER_IMAP_URL=url)
    assert told in finding
    assert "imaps://user@host/INBOX" in finding
    load(NEWSLETTER_IMAP_URL="imap://ada@127.0.0.1:1143")


def test_letterhead_of_the_outbox() -> None:
    """Without a sender mails come from an address that cannot exist, and replies are promised where they are tried."""
    letterhead = load().letterhead
    assert letterhead.sender == "Morning arXiv <newsletter@newsletter.invalid>"
    assert (letterhead.reply_to, letterhead.replies_read) == ("newsletter@newsletter.invalid", True)


@pytest.mark.parametrize("name", [name for name in settings._known_names() if "KEY" not in name])
def test_empty_is_unset(name: str) -> None:
    """An empty value means the default, as container files write it."""
    assert load(**{name: ""}) == Settings()


ADDRESS = "is not an address; write it as Name <name@example.org>"
WEB = "is not a web address; write https://host (plain http:// only on this machine)"
SERVICE = "is not a web address; write https://host/path"
SMTP = "is not an SMTP address; write smtp://user@host:587 or smtps://user@host"
DATABASE = "names no supported database; write sqlite:///path/to/newsletter.db or postgresql+psycopg://user@host/name"
NO_NUMBER = "NEWSLETTER_PORT: 'x' cannot be used; it should be a valid integer"
NO_FILE = "nowhere cannot be read (No such file or directory); choose a readable file"
PRICES = "write model=0.25/2, in dollars per million input and output tokens"


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("SENDER", "Ada", f"'Ada' {ADDRESS}"),
        ("SENDER", "a..b@example.org", f"'a..b@example.org' {ADDRESS}"),
        ("SENDER", "a b@example.org", f"'a b@example.org' {ADDRESS}"),
        ("SENDER", "Lovelace, Ada <a@example.org>", f"'Lovelace, Ada <a@example.org>' {ADDRESS}"),
        ("SENDER", "a@[1.2", f"'a@[1.2' {ADDRESS}"),
        ("SENDER", "jörg@example.org", f"'jörg@example.org' {ADDRESS}"),
        ("SENDER", "a@example.org\r\nBcc: b@example.org", f"'a@example.org\\r\\nBcc: b@example.org' {ADDRESS}"),
        ("REPLY_TO", "news", f"'news' {ADDRESS}"),
        ("ADMIN_EMAIL", "@example.org", f"'@example.org' {ADDRESS}"),
        ("PLUS_ADDRESSING", "maybe", "'maybe' cannot be used; it should be a valid boolean"),
        ("PUBLIC_URL", "news.example.org", f"'news.example.org' {WEB}"),
        ("PUBLIC_URL", "http://news.example.org", f"'http://news.example.org' {WEB}"),
        ("PUBLIC_URL", "https://[::1", f"'https://[::1' {WEB}"),
        ("PUBLIC_URL", "https://news.example.org:port", f"'https://news.example.org:port' {WEB}"),
        ("PUBLIC_URL", "https://news.example.org\nX: y", f"'https://news.example.org\\nX: y' {WEB}"),
        ("ARXIV_API_URL", "export.arxiv.org", f"'export.arxiv.org' {SERVICE}"),
        ("ARXIV_RSS_URL", "ftp://rss.arxiv.org", f"'ftp://rss.arxiv.org' {SERVICE}"),
        ("SENDGRID_URL", "https://:443", f"'https://:443' {SERVICE}"),
        ("MODEL_API_BASE", "localhost:8000", f"'localhost:8000' {SERVICE}"),
        ("MODEL_PRICES", "a=1", f"'a=1' cannot be read at 'a=1'; {PRICES}"),
        ("MODEL_PRICES", "a=1/2, b=1/-2", f"'a=1/2, b=1/-2' cannot be read at 'b=1/-2'; {PRICES}"),
        ("MAX_COST_USD", "0", "'0' cannot be used; it should be greater than 0"),
        ("MAX_COST_USD", "nan", "'nan' cannot be used; it should be greater than 0"),
        ("MAX_COST_USD", "$5", "'$5' cannot be used; it should be a valid number"),
        ("ARXIV_DELAY", "-1", "'-1' cannot be used; it should be greater than or equal to 0"),
        ("TRANSPORT", "smpt", "'smpt' cannot be used; it should be 'outbox', 'smtp', 'mailgun' or 'sendgrid'"),
        ("SMTP_URL", "mail.example.org", f"'mail.example.org' {SMTP}"),
        ("SMTP_URL", "smtp://mail.example.org:99999", f"'smtp://mail.example.org:99999' {SMTP}"),
        (
            "SMTP_URL",
            f"smtp://ada:{SECRET}@mail.example.org",
            ("'smtp://ada:…@mail.example.org' contains a password; write smtp://user@host:587 and set "
            "NEWSLETTER_SMTP_PASSWORD"),
        ),
        (
            "DATABASE_URL",
            f"mysql://ada:{SECRET}@db/news",
            DATABASE,
        ),
        ("PORT", "http", "'http' cannot be used; it should be a valid integer"),
        ("PORT", "70000", "'70000' cannot be used; it should be less than or equal to 65535"),
    ],
)  # fmt: skip
def test_finding(name: str, value: str, finding: str) -> None:
    """A value that cannot work is told with its name, what was given, and what to write instead."""
    assert findings(**{f"NEWSLETTER_{name}": value}) == [f"environment: NEWSLETTER_{name}: {finding}"]


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        (
            {"NEWSLETTER_TRANSPORT": "smtp"},
            "NEWSLETTER_SENDER and NEWSLETTER_SMTP_URL are missing; NEWSLETTER_TRANSPORT=smtp needs them",
        ),
        (
            {"NEWSLETTER_TRANSPORT": "smtp", "NEWSLETTER_SENDER": SENDER},
            "NEWSLETTER_SMTP_URL is missing; NEWSLETTER_TRANSPORT=smtp needs it",
        ),
        (
            {"NEWSLETTER_TRANSPORT": "sendgrid", "NEWSLETTER_SENDER": SENDER, "SENDGRID_API_KEY": ""},
            "SENDGRID_API_KEY is missing; NEWSLETTER_TRANSPORT=sendgrid needs it",
        ),
        (
            {"NEWSLETTER_PREFILTER": "0.5", "NEWSLETTER_PREFILTER_LOSS": "0.04"},
            "NEWSLETTER_PREFILTER and NEWSLETTER_PREFILTER_LOSS are both set; remove one of them",
        ),
    ],
)
def test_what_a_transport_needs(values: dict[str, str], finding: str) -> None:
    """What a way out needs and does not have is named at once."""
    assert findings(**values) == [f"settings: {finding}"]


def test_every_mistake_at_once() -> None:
    """All mistakes are told together, not one after each start."""
    found = findings(NEWSLETTER_PORT="x", NEWSLETTER_SENDER="y", NEWSLETTER_MODLE="z")
    assert [line.split(";")[0] for line in found] == [
        "environment: unknown setting NEWSLETTER_MODLE",
        "environment: NEWSLETTER_SENDER: 'y' is not an address",
        "environment: NEWSLETTER_PORT: 'x' cannot be used",
    ]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("NEWSLETTER_SENDR", "did you mean NEWSLETTER_SENDER?"),
        ("NEWSLETTER_MODLE", "did you mean NEWSLETTER_MODEL?"),
        ("NEWSLETTER_SENDGRID_API_KEY", "did you mean SENDGRID_API_KEY?"),
        ("NEWSLETTER_SMTP_PASWORD_FILE", "did you mean NEWSLETTER_SMTP_PASSWORD?"),
        ("NEWSLETTER_ZZZ", "remove it"),
    ],
)
def test_unknown_names(name: str, remedy: str) -> None:
    """A name that nobody reads is a mistake, and the nearest one is offered."""
    assert findings(**{name: SECRET}) == [f"environment: unknown setting {name}; {remedy}"]


def test_names_of_others() -> None:
    """Variables of other programs are none of ours."""
    load(NEWS="x", HOME_NEWSLETTER_X="y", MY_FILE="/nowhere")


# --- .env -----------------------------------------------------------------------


def test_env_file(folder: Path) -> None:
    """`.env` beside the roster is read, in quotes or not, also for other programs' names."""
    text = (
        f"# mine\nNEWSLETTER_SENDER='{SENDER}'\nexport NEWSLETTER_MODEL=openai/a # one\nOPENAI_API_KEY=${{X}}{SECRET}\n"
    )
    (folder / ".env").write_text(text)
    found = load()
    assert (found.sender, found.model) == (SENDER, "openai/a")
    assert os.environ["OPENAI_API_KEY"] == f"${{X}}{SECRET}"


def test_env_file_beside_the_roster(folder: Path) -> None:
    """The roster's folder decides which `.env` is read."""
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / ".env").write_text("NEWSLETTER_MODEL=there\n")
    (folder / ".env").write_text("NEWSLETTER_MODEL=here\n")
    assert load(NEWSLETTER_SUBSCRIBERS="elsewhere/subscribers.yaml").model == "there"


def test_environment_beats_env_file(folder: Path) -> None:
    """What is set in the environment wins, and what stands twice in the file counts as it stands last."""
    (folder / ".env").write_text("NEWSLETTER_MODEL=file\nNEWSLETTER_PORT=1\nNEWSLETTER_PORT=2\n")
    found = load(NEWSLETTER_MODEL="environment")
    assert (found.model, found.port) == ("environment", 2)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("NEWSLETTER_PORT=x\n", f".env:1: {NO_NUMBER}"),
        ("\n\n# two\n\nNEWSLETTER_PORT=x", f".env:5: {NO_NUMBER}"),
        ("A='1\n2\n3'\r\nNEWSLETTER_PORT=x\r\n", f".env:4: {NO_NUMBER}"),
        ("NEWSLETTER_PORT=1\nNEWSLETTER_PORT=x\n", f".env:2: {NO_NUMBER}"),
        ("\ufeffNEWSLETTER_PORT=x\n", f".env:1: {NO_NUMBER}"),
        ("\nNEWSLETTER_PROT=1\n", ".env:2: unknown setting NEWSLETTER_PROT; did you mean NEWSLETTER_PORT?"),
        ("A=1\nSENDGRID_API_KEY " + SECRET + "\n", ".env:2: this line cannot be read; write NAME=value"),
        ("A=1\nSENDGRID_API_KEY='" + SECRET + "\n", ".env:2: this line cannot be read; write NAME=value"),
        ("A=1\n\nB=" + SECRET + "\0\n", ".env:3: this line cannot be read; write NAME=value"),
        ("NEWSLETTER_SMTP_PASSWORD_FILE=nowhere\n", f".env:1: NEWSLETTER_SMTP_PASSWORD_FILE: {NO_FILE}"),
    ],
)  # fmt: skip
def test_env_file_lines(folder: Path, text: str, finding: str) -> None:
    """A mistake in `.env` is told with its line, and a line that cannot be read without its words."""
    (folder / ".env").write_text(text, newline="")
    assert findings() == [finding]


def test_env_file_in_another_encoding(folder: Path) -> None:
    """A file that is not UTF-8 is refused, not guessed at."""
    (folder / ".env").write_bytes("NEWSLETTER_SENDER=晨报 <a@b>".encode("gb18030"))
    (found,) = findings()
    assert found.startswith(".env: cannot be read: 'utf-8' codec can't decode")
    assert found.endswith("; save it as UTF-8")


# --- secrets --------------------------------------------------------------------


def test_secret_files(folder: Path) -> None:
    """NAME_FILE reads the secret from a file, also a provider's key, and an explicit value wins."""
    (folder / "secret").write_text(f"{SECRET}\n")
    path = str(folder / "secret")
    found = load(
        NEWSLETTER_SMTP_PASSWORD_FILE=path,
        SENDGRID_API_KEY_FILE=path,
        OPENAI_API_KEY_FILE=path,
        GEMINI_API_KEY_FILE=path,
        GEMINI_API_KEY="explicit",
    )
    assert found.smtp_password is not None
    assert found.sendgrid_api_key is not None
    assert (found.smtp_password.get_secret_value(), found.sendgrid_api_key.get_secret_value()) == (SECRET, SECRET)
    assert (os.environ["OPENAI_API_KEY"], os.environ["GEMINI_API_KEY"]) == (SECRET, "explicit")


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), (b"\xff\xfe", "it is not UTF-8 text")]
)
def test_secret_files_that_cannot_be_read(folder: Path, content: bytes | None, why: str) -> None:
    """A secret's file that cannot be read is told by its name and path."""
    path = folder / "secret"
    if content is not None:
        path.write_bytes(content)
    problem = f"NEWSLETTER_SMTP_PASSWORD_FILE: {path} cannot be read ({why})"
    assert findings(NEWSLETTER_SMTP_PASSWORD_FILE=str(path)) == [f"environment: {problem}; choose a readable file"]


def test_secrets_are_not_shown(folder: Path) -> None:
    """Neither the settings' text nor any finding holds a secret."""
    secrets = {"NEWSLETTER_SMTP_PASSWORD": SECRET, "SENDGRID_API_KEY": SECRET}
    found = load(**secrets)
    assert SECRET not in repr(found) + str(found)
    assert SECRET not in str(found.model_dump())
    url = f"smtp://ada:{SECRET}@mail.example.org"
    for name in ("SMTP_URL", "DATABASE_URL", "PUBLIC_URL", "SENDGRID_URL", "MODEL_API_BASE"):
        value = url if name != "MODEL_API_BASE" else f"postgres://a:{SECRET}/@x@y"
        assert SECRET not in "".join(findings(**secrets, **{f"NEWSLETTER_{name}": value}))
        del os.environ[f"NEWSLETTER_{name}"]


NAMES = st.sampled_from(settings._known_names())


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(NAMES, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)))
def test_settings_always(values: dict[str, str]) -> None:
    """Whatever is set, the answer is settings or findings, each on one line."""
    before = dict(os.environ)
    values.pop("NEWSLETTER_SUBSCRIBERS", None)
    try:
        load(**values)
    except ConfigurationError as error:
        found = [str(finding) for finding in error.findings]
    else:
        found = ["settings"]
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert found
    assert all("\n" not in finding for finding in found)
