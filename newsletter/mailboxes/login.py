"""Logging in to an IMAP server: passwords in any script, and who is asking."""

from __future__ import annotations

import imaplib
from contextlib import suppress

from imap_tools.errors import MailboxLoginError, UnexpectedCommandStatusError
from imap_tools.mailbox import BaseMailBox

from newsletter import __version__
from newsletter.oauth import Access, XOAuth2

_LONGEST = 200  # letters of what a server says
_WHO = f'("name" "paperletter" "version" "{__version__}")'


class LoginRefused(Exception):
    """The server's own words about a login that it refuses."""


def log_in(box: BaseMailBox, user: str, password: str) -> None:
    """Log in, and say who we are where the server asks for it (RFC 2971).

    Raises LoginRefused, and what imaplib raises where the connection ends.
    """
    plain = f"{user}{password}".isascii()
    try:
        if plain:
            box.login(user, password, initial_folder=None)
        elif "AUTH=PLAIN" in capabilities(box.client):
            box.login_utf8(user, password, initial_folder=None)
        else:
            _login_by_literals(box.client, user.encode(), password.encode())
    except imaplib.IMAP4.abort:
        raise
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        more = "" if plain else "; name or password have letters outside ASCII, which some servers do not take"
        raise LoginRefused(f"{said_by(error)}{more}") from error
    _introduce(box)


def log_in_by_token(box: BaseMailBox, user: str, token: str, access: Access) -> None:
    """With XOAUTH2; a token that is refused before its time, as after a change of permissions, is renewed once.

    Raises LoginRefused, what `Access.token` raises, and what imaplib raises where the connection ends.
    """
    said = _present(box, user, token)
    if said is not None and (renewed := access.token(refused=token)) != token:
        said = _present(box, user, renewed)
    if said is not None:
        raise LoginRefused(said)
    _introduce(box)


def _present(box: BaseMailBox, user: str, token: str) -> str | None:
    """None, or how the server refuses, with what it explained before."""
    login = XOAuth2(user, token)
    try:
        # Not the package's own: it answers an explanation with the token again.
        box.client.authenticate("XOAUTH2", login.respond)
    except imaplib.IMAP4.abort:
        raise  # the connection has ended
    except imaplib.IMAP4.error as error:
        return f"{said_by(error)} {login.explanation}".strip()
    return None


def _introduce(box: BaseMailBox) -> None:
    if "ID" in capabilities(box.client):
        # Servers of NetEase (163, 126) open no folder to whom they do not know: "Unsafe Login".
        with suppress(imaplib.IMAP4.error):
            box.client.xatom("ID", _WHO)


def capabilities(client: imaplib.IMAP4) -> list[str]:
    """Asked again each time: imaplib remembers what the server said before the login, which is less."""
    return client.capability()[1][0].decode("ascii", "replace").upper().split()  # type: ignore[no-any-return]


def said_by(error: BaseException) -> str:
    """What a server said, on one line."""
    text = str(error) or type(error).__name__
    if isinstance(error, UnexpectedCommandStatusError):
        text = answered(*error.command_result)
    return _line(text)


def answered(status: str, data: object) -> str:
    """An answer as the server wrote it: `NO [SERVERBUG] Internal error`."""
    pieces = data if isinstance(data, list) else [data]
    texts = (one.decode("utf-8", "replace") for piece in pieces for one in _flat(piece) if isinstance(one, bytes))
    return _line(" ".join((status, *texts)))


def _flat(piece: object) -> tuple[object, ...]:
    return piece if isinstance(piece, tuple) else (piece,)


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_LONGEST]


def _login_by_literals(client: imaplib.IMAP4, user: bytes, password: bytes) -> None:
    """LOGIN with both as literals, which hold any bytes; imaplib itself sends one literal a command."""
    client.literal = _Literals(user, password).next  # type: ignore[assignment]  # the stub knows no callable
    answer = client._simple_command("LOGIN", f"{{{len(user)}}}")
    if answer[0] != "OK":
        raise MailboxLoginError(answer, "OK")
    client.state = "AUTH"


class _Literals:
    """Each with the length of the one behind it."""

    def __init__(self, *values: bytes) -> None:
        self._rest = list(values)

    def next(self, _: bytes) -> bytes:
        """Called by imaplib for each continuation that the server asks for."""
        value = self._rest.pop(0) if self._rest else b""
        return value + (b" {%d}" % len(self._rest[0]) if self._rest else b"")
