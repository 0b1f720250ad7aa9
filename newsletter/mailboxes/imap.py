"""An IMAP folder: read without marking anything as read, handled emails moved away.

Nothing is ever deleted but handled emails of someone who is forgotten.
"""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from imap_tools.errors import ImapToolsError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.utils import encode_folder

from newsletter.errors import AuthorizationError, AuthorizationRefused, MailboxUnavailable
from newsletter.mailboxes.containing import names
from newsletter.mailboxes.login import LoginRefused, answered, capabilities, log_in, log_in_by_token, said_by
from newsletter.models import Incoming
from newsletter.oauth import Access

_SECONDS = 20.0
_MOST = (2 << 20) + 1  # octets fetched of one email: of a larger one `inbound` reads only the beginning
_DONE = ("Newsletter", "Done")
_MOST_DROPS = 5  # connections that end over an email, in one look


class _Kept(Exception):
    """The server does not hand this email out; its words."""


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
        drops = 0
        for key, uid in uids.items():
            if key in seen:
                continue
            # Not parsed here: that may be what goes wrong.
            mail = Incoming(key=key, raw=b"", place=f"UID {uid} in {self._folder}", authserv_id=self._authserv_id)
            with self._translated():
                self._connected()  # no fault of this email's, where that fails
            try:
                found = self._fetch(uid)
            except _Kept as kept:
                yield replace(mail, kept=str(kept))
            except MailboxUnavailable as error:
                if (drops := drops + 1) > _MOST_DROPS:
                    raise
                yield replace(mail, kept=error.problem)
            else:
                if found is not None:
                    raw, arrived = found
                    yield replace(mail, raw=raw, arrived=arrived)

    def put_away(self, mail: Incoming) -> None:
        uid = mail.key.rpartition(".")[2]
        with self._translated():
            box = self._connected()
            self._done = self._done or _done_folder(box)
            _move(box, uid, self._done)

    def erase(self, words: Sequence[str]) -> int:
        with self._translated():
            box = self._connected()
            name = _existing_done(box)
            if name is None:
                return 0
            box.folder.set(name)
            found = {uid for word in words for uid in _search(box, word)}
        # A server finds parts of words too, and `da@example.org` in `ada@example.org`.
        gone = [uid for uid in sorted(found, key=int) if names(self._whole(uid), words)]
        with self._translated():
            if gone:
                _delete(box, gone)
            box.folder.set(self._folder)
        return len(gone)

    def _whole(self, uid: str) -> bytes:
        try:
            found = self._fetch(uid)
        except _Kept:
            return b""
        return found[0] if found else b""

    def close(self) -> None:
        if self._box is not None:
            with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
                self._box.logout()
            self._box = None

    def _fetch(self, uid: str) -> tuple[bytes, datetime | None] | None:
        """The email and when it arrived, with PEEK, so that it stays unread for its owner; None if it has gone.

        Raises _Kept if the server refuses, MailboxUnavailable if the connection ends over it.
        """
        with self._translated():
            status, found = self._connected().client.uid("FETCH", uid, f"(INTERNALDATE BODY.PEEK[]<0.{_MOST}>)")
        raw = next((bytes(part[1]) for part in found if isinstance(part, tuple)), None)
        if status != "OK" or (raw is None and any(found)):
            raise _Kept(answered(status, found))
        return None if raw is None else (raw, _arrived(found))

    def _connected(self) -> BaseMailBox:
        if self._box is None:
            token = self._access.token() if self._access else ""
            with ExitStack() as undone:
                box = self._open()
                undone.callback(box.client.shutdown)
                if self._access:
                    log_in_by_token(box, self._user, token, self._access)
                else:
                    log_in(box, self._user, self._password)
                box.folder.set(self._folder)
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
        except LoginRefused as error:
            raise MailboxUnavailable(self._host, f"refuses the login: {error}") from error
        except AuthorizationError as error:
            lasting = isinstance(error, AuthorizationRefused)
            raise MailboxUnavailable(self._host, str(error), lasting=lasting) from error
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            box, self._box = self._box, None
            if box is not None:
                with suppress(OSError):
                    box.client.shutdown()
            raise MailboxUnavailable(self._host, said_by(error)) from error


def _arrived(answer: Iterable[object]) -> datetime | None:
    """The INTERNALDATE among what stands around the email."""
    around = (part[0] if isinstance(part, tuple) else part for part in answer)
    local = imaplib.Internaldate2tuple(b" ".join(piece for piece in around if isinstance(piece, bytes)))
    return datetime.fromtimestamp(time.mktime(local), UTC) if local else None


def _number(response: list[bytes | None]) -> str:
    return next((value.decode("ascii", "replace") for value in response if value), "0")


def _expect(status: str, answer: object) -> None:
    if status != "OK":
        raise imaplib.IMAP4.error(answered(status, answer))


def _existing_done(box: BaseMailBox) -> str | None:
    delimiter = next((folder.delim for folder in box.folder.list("", "")), "/")
    plain = delimiter.join(_DONE)
    return next((name for name in (plain, f"INBOX{delimiter}{plain}") if box.folder.exists(name)), None)


def _search(box: BaseMailBox, word: str) -> Sequence[str]:
    """The emails in whose headers or text this may stand."""
    if not word.isascii() or set(word) & set('"\\'):
        return ()
    status, found = box.client.uid("SEARCH", f'TEXT "{word}"')
    _expect(status, found)
    return b" ".join(one for one in found if one).decode("ascii").split()


def _delete(box: BaseMailBox, uids: Sequence[str]) -> None:
    """Delete these for good, and nothing else that someone marked."""
    client, chosen = box.client, ",".join(uids)
    _expect(*client.uid("STORE", chosen, "+FLAGS.SILENT", r"(\Deleted)"))
    if "UIDPLUS" in capabilities(client):
        _expect(*client.uid("EXPUNGE", chosen))
        return
    marked = client.uid("SEARCH", "DELETED")[1]
    if set(b" ".join(one for one in marked if one).decode("ascii").split()) <= set(uids):
        _expect(*client.expunge())


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
    offered = capabilities(client)
    if "MOVE" in offered:
        _expect(*client.uid("MOVE", uid, target))  # type: ignore[arg-type]  # imaplib's stub knows text only
        return
    _expect(*client.uid("COPY", uid, target))  # type: ignore[arg-type]
    if "UIDPLUS" in offered:
        _expect(*client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        _expect(*client.uid("EXPUNGE", uid))
