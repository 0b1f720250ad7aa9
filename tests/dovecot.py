"""A private Dovecot on a loopback port: a real IMAP server with one folder of mail."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

USER, PASSWORD = "news", "s3cret-of-the-mailbox"
MISSING = (
    None if shutil.which("dovecot") and os.geteuid() == 0 else "needs Debian's dovecot-imapd, and root to start it"
)

_CONFIGURATION = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
mail_location = maildir:{base}/mail
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
imap_capability = {capability}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
passdb {{
  driver = static
  args = {password}
}}
{oauth}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={base}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    port: int
    base: Path
    tls_port: int = 0

    @property
    def url(self) -> str:
        return f"imap://{USER}@127.0.0.1:{self.port}/INBOX"

    @property
    def tls_url(self) -> str:
        return f"imaps://{USER}@localhost:{self.tls_port}/INBOX"

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        """What the owner of the mailbox sees with a mail program of their own."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        with self.session() as client:
            status, answer = client.append(folder, "", "", raw)  # type: ignore[arg-type]
            assert "OK" == status, answer

    def mails(self, folder: str = "INBOX") -> dict[bytes, bool]:
        """The Message-IDs of a folder, each with whether it counts as read."""
        with self.session() as client:
            if client.select(f'"{folder}"', readonly=True)[0] != "OK":
                return {}
            found = {}
            for number in client.search(None, "ALL")[1][0].split():
                answer = client.fetch(number.decode(), "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
                flags = b" ".join(part if isinstance(part, bytes) else part[0] for part in answer)
                header = next(part[1] for part in answer if isinstance(part, tuple))
                found[header.split(b":", 1)[1].strip()] = b"\\Seen" in flags
            return found

    def empty(self) -> None:
        with self.session() as client:
            for folder in ("INBOX", "Newsletter.Done", "Newsletter/Done"):
                status, number = client.select(f'"{folder}"')
                if status == "OK" and number != [b"0"]:
                    client.store("1:*", "+FLAGS", r"(\Deleted)")
                    client.expunge()


_OAUTH = """
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {base}/oauth2.conf
}}
"""


@contextmanager
def dovecot(
    capability: str = "",
    certificate: tuple[Path, Path] | None = None,
    password: str = PASSWORD,
    tokeninfo: str = "",
) -> Iterator[Dovecot]:
    """A server of its own; `capability` replaces what it says of itself, with a certificate it speaks TLS.

    `tokeninfo` is where it asks whom an access token belongs to.
    """
    base = Path(mkdtemp(prefix="dovecot."))  # short: the paths of its sockets end at 107 octets
    base.chmod(0o755)
    (base / "mail").mkdir()
    shutil.chown(base / "mail", "nobody", "nogroup")
    with socket.create_server(("127.0.0.1", 0)) as chosen, socket.create_server(("127.0.0.1", 0)) as other:
        port, tls_port = chosen.getsockname()[1], other.getsockname()[1] if certificate else 0
    ssl = "yes\nssl_cert = <{}\nssl_key = <{}".format(*certificate) if certificate else "no"
    oauth = _OAUTH.format(base=base) if tokeninfo else ""
    (base / "oauth2.conf").write_text(f"tokeninfo_url = {tokeninfo}\nusername_attribute = email\n")
    text = _CONFIGURATION.format(
        base=base,
        port=port,
        tls_port=tls_port,
        ssl=ssl,
        password=_said(password),
        capability=capability,
        oauth=oauth,
    )
    if not capability:
        text = text.replace("imap_capability = \n", "")
    (base / "dovecot.conf").write_text(text)
    process = subprocess.Popen(["dovecot", "-F", "-c", base / "dovecot.conf"])
    try:
        _wait(base, port, process)
        yield Dovecot(port, base, tls_port)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(base, ignore_errors=True)


def _said(password: str) -> str:
    """For the static passdb, in base64: a configuration file has rules of its own for quotes and spaces."""
    return f"password={{PLAIN.b64}}{b64encode(password.encode()).decode()}"


def _wait(base: Path, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, (base / "log").read_text()
        try:
            client = imaplib.IMAP4("127.0.0.1", port, timeout=5)
            client.logout()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError((base / "log").read_text())
