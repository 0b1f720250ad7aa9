"""DKIM (RFC 6376, RFC 8463): the field that stands before an email, for the domain of its From; relaxed/simple.

Without a time in it, so that a repeat is the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from newsletter.models import Message

Key = RSAPrivateKey | Ed25519PrivateKey
# From twice: a second From that someone adds later breaks the signature (RFC 6376 section 8.15).
_FIELDS = (
    "from", "from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type", "list-id",
    "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-archive", "auto-submitted",
)  # fmt: skip
_FEWEST_BITS = 1024  # what receivers still verify; 2048 is what to make
_SELECTOR = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def signer(key_file: Path, selector: str) -> Callable[[Message], bytes]:
    """Reads the key once. Raises ValueError with a text meant for an operator."""
    if not _SELECTOR.fullmatch(selector):
        raise ValueError(f"{selector!r} is not a valid DNS name")
    key = _key(key_file)

    def sign(message: Message) -> bytes:
        return _field(message, selector, key)

    return sign


def _key(key_file: Path) -> Key:
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except OSError as error:
        raise ValueError(f"{key_file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:  # without its words, which may quote the file
        raise ValueError(f"{key_file} contains no PEM private key without a password") from error
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= _FEWEST_BITS):
        return key
    raise ValueError(f"{key_file} contains neither an Ed25519 key nor an RSA key of {_FEWEST_BITS} bits or more")


def _field(message: Message, selector: str, key: Key) -> bytes:
    head, _, body = message.raw.partition(b"\r\n\r\n")
    fields = _canonical(head)
    signed = [name for name in dict.fromkeys(_FIELDS) if name in fields]
    domain = fields["from"].rstrip(b">\r\n").rpartition(b"@")[2].decode()
    digest = base64.b64encode(hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()).decode()
    names = ":".join(name for name in _FIELDS if name in signed)
    kind = "rsa" if isinstance(key, RSAPrivateKey) else "ed25519"
    ours = f"v=1; a={kind}-sha256; c=relaxed/simple; d={domain}; s={selector};\r\n h={names};\r\n bh={digest};\r\n b="
    # The second From is not there, which adds nothing to what is hashed (section 5.4.2).
    text = b"".join(fields[name] for name in signed) + b"dkim-signature:" + re.sub(rb"\s+", b" ", ours.encode())
    return f"DKIM-Signature: {ours}{_folded(base64.b64encode(_signed(text, key)).decode())}\r\n".encode()


def _signed(text: bytes, key: Key) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(text, PKCS1v15(), SHA256())
    return key.sign(hashlib.sha256(text).digest())


def _canonical(head: bytes) -> dict[str, bytes]:
    """Each field in `relaxed` form, by its name; our fields occur once."""
    fields = {}
    for line in re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        key = name.strip().lower()
        fields[key.decode("ascii")] = key + b":" + re.sub(rb"[ \t]+", b" ", value).strip() + b"\r\n"
    return fields


def _folded(signature: str) -> str:
    return "\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
