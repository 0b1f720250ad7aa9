"""An IMAP folder: read without marking anything as read, handled emails moved away, nothing ever deleted."""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.utils import encode_folder

from newsletter.errors import AuthorizationError, AuthorizationRefused, MailboxUnavailable
from newsletter.models import Incoming
from newsletter.oauth import Access, XOAuth2

_SECONDS = 20.0
_MOST = (2 << 20) + 1  # octets fetched of one email: of a larger one `inbound` reads only the beginning
_DONE = ("Newsletter", "Done")


class Imap:
    """One folder of one account, connected from the first call until `close`."""

    name = "imap"

    def __init__(
        self,
        url: str,
        password: str | None,
        *,
        authserv_id: str | None = None,
        timeout: float = _SECONDS,
        access: Access | None = None,
    ) -> None:
        """`url`: `imaps://user@host/INBOX`; plain `imap://` is for this machine.

        `access` logs in instead of a password.
        """
        parts = urlsplit(url)
        self._secure = parts.scheme == "imaps"
        self._host, self._port = parts.hostname or "", parts.port or (993 if self._secure else 143)
        self._user, self._password = unquote(parts.username or ""), password or ""
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        self._authserv_id, self._timeout, self._access = authserv_id, timeout, access
        self._box: BaseMailBox | None = None
        self._done: str | None = None

    def waiting(self, known: Callable[[Iterable[str]], Container[str]]) -> Iterator[Incoming]:
        with self._translated():
            box = self._connected()
            box.folder.set(self._folder)  # again: what has come since, and the answer that names UIDVALIDITY
            validity = _number(box.client.response("UIDVALIDITY")[1])
            uids = {f"{validity}.{uid}": uid for uid in box.uids("ALL", charset=None)}
        seen = known(uids)
        for key, uid in uids.items():
            if key not in seen and (found := self._fetch(uid)) is not None:
                # Not parsed here: that may be what goes wrong.
                raw, arrived = found
                place = f"UID {uid} in {self._folder}"
                yield Incoming(key=key, raw=raw, place=place, authserv_id=self._authserv_id, arrived=arrived)

    def put_away(self, mail: Incoming) -> None:
        uid = mail.key.rpartition(".")[2]
        with self._translated():
            box = self._connected()
            self._done = self._done or _done_folder(box)
            _move(box, uid, self._done)

    def close(self) -> None:
        if self._box is not None:
            with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
                self._box.logout()
            self._box = None

    def _fetch(self, uid: str) -> tuple[bytes, datetime | None] | None:
        """The email and when it arrived, with PEEK, so that it stays unread for its owner; None if it has gone."""
        with self._translated():
            status, found = self._connected().client.uid("FETCH", uid, f"(INTERNALDATE BODY.PEEK[]<0.{_MOST}>)")
        _expect(status, found)
        said = b" ".join(part[0] if isinstance(part, tuple) else part for part in found if part)
        local = imaplib.Internaldate2tuple(said)
        arrived = datetime.fromtimestamp(time.mktime(local), UTC) if local else None
        return next(((bytes(part[1]), arrived) for part in found if isinstance(part, tuple)), None)

    def _connected(self) -> BaseMailBox:
        if self._box is None:
            token = self._access.token() if self._access else ""
            with ExitStack() as undone:
                box = self._open()
                undone.callback(box.client.shutdown)
                if self._access:
                    _login_by_token(box, self._user, token, self._access)
                    box.folder.set(self._folder)
                else:
                    box.login(self._user, self._password, initial_folder=self._folder)
                undone.pop_all()
            self._box = box
        return self._box

    def _open(self) -> BaseMailBox:
        if self._secure:
            # The package's own default would accept any certificate.
            context = ssl.create_default_context()
            return MailBox(self._host, self._port, timeout=self._timeout, ssl_context=context)
        return MailBoxUnencrypted(self._host, self._port, timeout=self._timeout)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translates the library's errors into ours; closes the connection, whatever its state."""
        try:
            yield
        except MailboxLoginError as error:
            raise MailboxUnavailable(self._host, "refuses the login") from error
        except AuthorizationError as error:
            lasting = isinstance(error, AuthorizationRefused)
            raise MailboxUnavailable(self._host, str(error), lasting=lasting) from error
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            box, self._box = self._box, None
            if box is not None:
                with suppress(OSError):
                    box.client.shutdown()
            raise MailboxUnavailable(self._host, str(error) or type(error).__name__) from error


def _login_by_token(box: BaseMailBox, user: str, token: str, access: Access) -> None:
    """With XOAUTH2; a token that is refused before its time, as after a change of permissions, is renewed once."""
    said = _present(box, user, token)
    if said is not None and (renewed := access.token(refused=token)) != token:
        said = _present(box, user, renewed)
    if said is not None:
        raise imaplib.IMAP4.error(f"refuses the login: {said}")


def _present(box: BaseMailBox, user: str, token: str) -> str | None:
    """None, or how the server refuses, with what it explained before."""
    login = XOAuth2(user, token)
    try:
        # Not the package's own: it answers an explanation with the token again.
        box.client.authenticate("XOAUTH2", login.respond)
    except imaplib.IMAP4.abort:
        raise  # the connection has ended
    except imaplib.IMAP4.error as error:
        return f"{error} {login.explanation}".strip()
    return None


def _number(response: list[bytes | None]) -> str:
    return next((value.decode("ascii", "replace") for value in response if value), "0")


def _expect(status: str, answer: object) -> None:
    if status != "OK":
        raise imaplib.IMAP4.error(f"{status}: {answer!r}"[:300])


def _done_folder(box: BaseMailBox) -> str:
    """`Newsletter/Done` in the server's own spelling; created if missing."""
    delimiter = next((folder.delim for folder in box.folder.list("", "")), "/")
    plain = delimiter.join(_DONE)
    for name in (plain, f"INBOX{delimiter}{plain}"):  # some servers allow folders only below the inbox
        if box.folder.exists(name):
            return name
        with suppress(ImapToolsError):
            box.folder.create(name)
            return name
    raise imaplib.IMAP4.error(f"the folder {plain} cannot be made")


def _move(box: BaseMailBox, uid: str, folder: str) -> None:
    """Move one email and touch no other: the package's own move expunges whatever someone else marked as deleted."""
    client, target = box.client, encode_folder(folder)
    # Asked again: imaplib remembers what the server said before the login, which is less.
    capabilities = client.capability()[1][0].decode("ascii", "replace").upper().split()
    if "MOVE" in capabilities:
        _expect(*client.uid("MOVE", uid, target))  # type: ignore[arg-type]  # imaplib's stub knows text only
        return
    _expect(*client.uid("COPY", uid, target))  # type: ignore[arg-type]
    if "UIDPLUS" in capabilities:
        _expect(*client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        _expect(*client.uid("EXPUNGE", uid))
