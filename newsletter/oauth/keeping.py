"""The file that holds a sign-in: for its owner alone, whole or as it was before, changed by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from newsletter import redaction
from newsletter.errors import AuthorizationRefused, AuthorizationUnavailable

NAME = "oauth-tokens"
_LOOKS, _BETWEEN_LOOKS = 900, 0.05  # somewhat longer than one request for tokens can take


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who agreed to what, with the tokens that came of it."""

    provider: str
    client_id: str
    token_url: str
    scope: str
    refresh_token: str = field(default="", repr=False)  # empty: the application signs in by itself
    access_token: str = field(default="", repr=False)
    since: float = 0.0  # Unix time at which the access token came
    lifetime: float = 0.0  # seconds


def read(folder: Path) -> SignIn | None:
    """None where nobody has signed in. Raises AuthorizationRefused for a file that is none of ours."""
    file = folder / NAME
    try:
        found = json.loads(file.read_text("utf-8"))
        sign_in = SignIn(**found)
        if any(type(getattr(sign_in, one.name)) is not type(getattr(_SAMPLE, one.name)) for one in fields(SignIn)):
            raise TypeError
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuthorizationUnavailable(str(file), f"cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, RecursionError):
        # Without the error itself, whose words may quote a token.
        remedy = "run `newsletter authorize microsoft` or `newsletter authorize google`"
        raise AuthorizationRefused(str(file), "is damaged", remedy) from None
    _hide(sign_in)
    return sign_in


_SAMPLE = SignIn(provider="", client_id="", token_url="", scope="")


def write(folder: Path, sign_in: SignIn) -> None:
    """Raises AuthorizationUnavailable; the old one then stays."""
    _hide(sign_in)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{NAME}.", dir=folder)  # readable by us alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(asdict(sign_in), stream)
                stream.flush()
                os.fsync(stream.fileno())
            Path(part).replace(folder / NAME)
        except OSError:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AuthorizationUnavailable(str(folder / NAME), f"cannot be written: {error.strerror}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While one process renews, others wait: a refresh token may be good for one use only."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / f".{NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AuthorizationUnavailable(str(folder / NAME), f"cannot be locked: {error.strerror}") from error
    try:
        _wait(lock, folder)
        yield
    finally:
        os.close(lock)


def _wait(lock: int, folder: Path) -> None:
    for _ in range(_LOOKS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_BETWEEN_LOOKS)
    raise AuthorizationUnavailable(str(folder / NAME), "is being renewed by another process, which takes too long")


def _hide(sign_in: SignIn) -> None:
    redaction.hide_for_now(filter(None, (sign_in.refresh_token, sign_in.access_token)))
