"""A ledger on a server that refuses, is busy, ends or is somebody else's: what is said, and what helps."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, make_url

from newsletter import settings as all_settings
from newsletter.doctor.database import database
from newsletter.errors import StoreError, StoreUnavailable, StoreUnreadable
from newsletter.settings import Settings
from newsletter.store import open_store
from newsletter.store import postgres as ours
from newsletter.store.roster import _ids
from newsletter.store.tables import hours, wishes
from tests.conftest import ROOT, Run
from tests.morning import MORNING, ROSTER
from tests.mounts import small_disk
from tests.postgres import Server, a_server, run

(SETTING_UP,) = re.findall(r"```sql\n(CREATE.*?)```", (ROOT / "docs/machines.md").read_text("utf-8"), re.S)


def refused(url: str, error: type[StoreError] = StoreUnavailable) -> str:
    with pytest.raises(error) as caught:
        open_store(url).close()
    return str(caught.value)


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """A server that asks for passwords, and has room for few."""
    with a_server({"max_connections": "6", "superuser_reserved_connections": "1"}) as server:
        server.sql("CREATE ROLE worker LOGIN PASSWORD 'canary-right'")
        server.sql("CREATE DATABASE ledger OWNER worker")
        rules = "local all postgres trust\nlocal all stranger reject\nlocal all all scram-sha-256\n"
        (server.folder / "data" / "pg_hba.conf").write_text(rules)
        server.sql("SELECT pg_reload_conf()")
        yield server


def strict_url(server: Server, user: str = "worker:canary-right", name: str = "ledger") -> str:
    return server.url(name).replace("postgres@", f"{user}@")


def test_who_is_not_let_in_is_told_why(strict: Server) -> None:
    """A wrong password, an unknown user, one whom the server rejects, no such database."""
    open_store(strict_url(strict)).close()
    login = "check the user and the password in NEWSLETTER_DATABASE_URL"
    for user in ("worker:canary-wrong", "nobody:canary-wrong", "stranger:canary-wrong"):
        said = refused(strict_url(strict, user))
        assert login in said
        assert "canary" not in said
    assert "create the database, or correct its name" in refused(strict_url(strict, name="elsewhere"))
    nowhere = refused("postgresql+psycopg://worker:canary-x@127.0.0.1:9/ledger")
    assert "check that the database server runs" in nowhere
    assert "refused" in nowhere.lower()
    assert "canary" not in nowhere


def test_a_server_without_room(strict: Server) -> None:
    """Every connection of other programs counts."""
    address = f"host={strict.folder} user=worker password=canary-right dbname=ledger"
    with ExitStack() as held:
        for _ in range(5):
            held.enter_context(psycopg.connect(address))
        assert "raise max_connections of the database server, or run fewer workers" in refused(strict_url(strict))


def test_no_output_has_the_password(strict: Server, tmp_path: Path, newsletter: Run) -> None:
    """Whether it is right or wrong, before the host or behind it; of commands, settings and findings."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER)
    behind = f"postgresql://worker@/ledger?host={strict.folder}&password=canary-wrong"
    for url in (strict_url(strict), strict_url(strict, "worker:canary-wrong"), behind):
        given = {"NEWSLETTER_DATABASE_URL": url}
        assert "canary" not in repr(Settings(database_url=url))  # type: ignore[arg-type]
        for command in ("status", "check"):
            done = newsletter(command, settings=given)
            assert "canary" not in done.stdout + done.stderr
            assert ("password authentication failed" in done.stderr) == ("wrong" in url)


def test_a_password_in_the_query_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """As libpq reads it."""
    monkeypatch.setenv(
        "NEWSLETTER_DATABASE_URL", "postgresql://u:one%40x@h/n?password=two&sslpassword=three&sslmode=require"
    )
    assert {"one@x", "two", "three"} <= set(all_settings._secrets())


def test_a_worker_needs_no_right_to_change_the_schema() -> None:
    """Set up as the documentation says: the owner makes the tables; without rights a user is told what to grant."""
    advice = r"give this user SELECT, INSERT, UPDATE and DELETE on all tables and USAGE on all sequences"
    with a_server() as server:
        script = server.folder / "setting-up.sql"
        script.write_text(SETTING_UP)
        script.chmod(0o644)
        run("psql", "-h", str(server.folder), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-qf", str(script))
        server.sql("CREATE ROLE stranger LOGIN")
        as_worker = server.url("newsletter").replace("postgres@", "newsletter_worker@")
        assert "let the owner of the tables make or upgrade the ledger" in refused(as_worker)
        open_store(as_worker.replace("_worker", "")).close()
        with closing(open_store(as_worker)) as store:
            store.remember("a", "note")
            store.enrol(["ada@example.org"], MORNING)
            with store._engine.begin() as connection:
                connection.execute(insert(hours), {"text": "{}"})
            assert "note" == store.recall("a")
            with pytest.raises(StoreUnavailable, match="must be owner|" + advice), store._engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE meta ADD COLUMN more text")
        assert advice in refused(as_worker.replace("newsletter_worker", "stranger"))


def test_a_server_that_can_only_be_read(postgres: Server, url: str) -> None:
    """What is there can be read; what cannot be written is an error with the remedy."""
    with closing(open_store(url)) as store:
        store.remember("a", "note")
    postgres.sql(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    with closing(open_store(url)) as store:
        assert "note" == store.recall("a")
        with pytest.raises(StoreUnavailable, match="this one is a standby, or read-only"):
            store.remember("a", "change")


def test_a_server_with_a_full_disk() -> None:
    """An error with the remedy; what was there stays."""
    with a_server() as server:
        disk = server.folder / "disk"
        disk.mkdir()
        with small_disk(disk, 24):
            shutil.chown(disk, server.folder.owner(), server.folder.group())
            server.sql(f"CREATE TABLESPACE small LOCATION '{disk}'")
            server.sql("CREATE DATABASE full_one TABLESPACE small")
            with closing(open_store(server.url("full_one"))) as store:
                store.remember("a", "note")
                noise = random.Random(1).randbytes(12_000_000).hex()
                with pytest.raises(StoreUnavailable, match="free some disk space on the database server"):
                    store.remember("large", noise)
                assert "note" == store.recall("a")
            server.stop("fast")


def test_a_server_that_ends_and_comes_back() -> None:
    """An error while it is gone; afterwards the same process goes on, also where its connection was ended alone."""
    with a_server() as server, closing(open_store(server.url("postgres"))) as store:
        store.remember("a", "note")
        for mode in ("immediate", "fast"):
            server.stop(mode)
            with pytest.raises(StoreUnavailable, match="check that the database server runs"):
                store.recall("a")
            server.start()
            assert "note" == store.recall("a")
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'newsletter'")
        assert "note" == store.recall("a")
        with (
            pytest.raises(StoreUnavailable, match="wait until the database server is up again"),
            store._engine.begin() as connection,
        ):
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        assert "note" == store.recall("a")


@pytest.mark.parametrize(
    ("table", "said"),
    [("theirs", "this database belongs to another program"), ("meta", "column meta.value does not exist")],
)
def test_the_database_of_another_program_is_left_alone(postgres: Server, url: str, table: str, said: str) -> None:
    """Also where a table has the name of one of ours."""
    name = make_url(url).database or ""
    postgres.sql(f"CREATE TABLE {table} (id int)", name)
    assert f"{said}; restore a backup, or write another database into" in refused(url, StoreUnreadable)
    assert "1" == postgres.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", name)


def test_what_readers_wish_may_be_long(url: str) -> None:
    """A thousand topics with their words: more than an ordered index holds. Each text is still there once."""
    drawn = random.Random(1)
    texts = ["{}", *(json.dumps([drawn.random() for _ in range(number)]) for number in (200, 20_000))]
    with closing(open_store(url)) as store, store._engine.begin() as connection:
        first = _ids(connection, wishes, texts)
        assert len(texts) == len(set(first.values()))
        assert first == _ids(connection, wishes, reversed(texts))
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql("EXPLAIN SELECT id FROM wishes WHERE text IN ('{}', '[]')").scalars().all()
        assert any("wishes_text_excl" in line for line in plan)


def test_an_old_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made there."""
    monkeypatch.setattr(ours, "_OLDEST_SERVER", 99)
    assert "is too old; use version 99 or newer" in refused(url, StoreUnreadable)


# --- TLS ---


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that its own key has signed, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = (folder / f"{name}.crt", folder / f"{name}.key")
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Path]]:
    """A server with TLS: the end of its URL, its certificate, and one that does not belong to it."""
    folder = tmp_path_factory.mktemp("tls")
    host = socket.gethostname()
    mine, key = certificate(host, folder)
    others, _ = certificate("elsewhere.example.org", folder)
    port = free_port()
    with a_server({"listen_addresses": "*", "port": str(port)}) as server:
        data = server.folder / "data"
        for source, name in ((mine, "server.crt"), (key, "server.key")):
            (data / name).write_bytes(source.read_bytes())
            (data / name).chmod(0o600)
            os.chown(data / name, data.stat().st_uid, data.stat().st_gid)
        (data / "pg_hba.conf").write_text("hostssl all all all trust\n")
        server.stop("fast")
        server._settings["ssl"] = "on"
        server.start()
        yield f"{host}:{port}/postgres", mine, others


def test_a_server_must_prove_its_name(encrypted: tuple[str, Path, Path]) -> None:
    """By an authority that this machine trusts or the URL names; the URL may say that any server will do."""
    there, mine, others = encrypted
    url = f"postgresql+psycopg://postgres@{there}"
    advice = "write sslrootcert=/path/to/its/authority.pem into the URL, or sslmode=require to trust any server"
    for wrong in (url, f"{url}?sslrootcert={others}", f"{url}?sslrootcert=/nowhere.pem"):
        said = refused(wrong)
        assert "certificate" in said
        assert advice in said
    open_store(f"{url}?sslrootcert={mine}").close()
    open_store(f"{url}?sslmode=require").close()
    address = ip_address(socket.gethostbyname(socket.gethostname()))
    by_address = url.replace(socket.gethostname(), str(address))
    if not address.is_loopback:  # the certificate has no such name
        assert "does not match host name" in refused(f"{by_address}?sslrootcert={mine}")
    assert "no encryption" in refused(f"{url}?sslmode=disable")  # which this server does not allow


def test_this_machine_needs_no_certificate(strict: Server) -> None:
    """A socket and a loopback address; not a name that only may lead here."""
    near = ("postgresql+psycopg:///n", "postgresql+psycopg://localhost/n", "postgresql+psycopg://[::1]/n",
            "postgresql+psycopg://127.0.0.2/n", f"postgresql+psycopg:///n?host={strict.folder}")  # fmt: skip
    far = ("postgresql+psycopg://db/n", "postgresql+psycopg://10.0.0.1/n", "postgresql+psycopg:///n?host=/run,db",
           "postgresql+psycopg:///n?host=localhost:1&host=db.example.org:2")  # fmt: skip
    far += ("postgresql+psycopg:///n?service=s", "postgresql+psycopg://localhost/n?hostaddr=10.0.0.1")
    assert [True] * 5 == [ours.is_near(make_url(one)) for one in near]
    assert [False] * 6 == [ours.is_near(make_url(one)) for one in far]


# --- newsletter check ---


def test_check_looks_at_the_server(postgres: Server, url: str, tmp_path: Path) -> None:
    """Emails that stay in folders, a server that forgets in a crash, clocks that differ; nothing of a file."""
    settings = Settings(data_dir=tmp_path, database_url=url)  # type: ignore[arg-type]
    now = datetime.now(UTC)
    with closing(open_store(url)) as store:
        (outbox,) = database(settings, store, now)
        assert "since the transport is outbox" in outbox.problem
        assert not outbox.fatal
        (_, skewed) = database(settings, store, now + timedelta(seconds=90))
        assert "the server's clock shows" in skewed.problem
    postgres.sql(f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")
    with closing(open_store(url)) as store:
        found = database(settings, store, now)
        assert any("set synchronous_commit=on" in one.remedy for one in found)
    with closing(open_store("sqlite://")) as store:
        assert [] == database(settings, store, MORNING)
