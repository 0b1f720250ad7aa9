"""What the receiving server vouches for: the Authentication-Results that it wrote itself (RFC 8601)."""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterable
from email.message import Message

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_MOST = 256 << 10  # octets of headers
_COMMENT = re.compile(r"\([^()]*\)")
_PASSED = re.compile(r"\s*dkim\s*=\s*pass\b(?P<properties>.*)", re.I | re.S)
_SIGNED_BY = re.compile(r"\bheader\.(?:d\s*=\s*\"?|i\s*=\s*\"?[^@\s;\"]*@)(?P<domain>[a-z0-9.-]+)", re.I)
_ENVELOPE = ("delivered-to", "x-original-to")


def headers_of(raw: bytes) -> Message:
    """The header of a mail; of one that cannot be parsed an empty one."""
    found = _HEADER_END.search(raw, 0, _MOST)
    try:
        return email.parser.BytesHeaderParser().parsebytes(raw[: found.end() if found else _MOST])
    except Exception:
        return Message()  # the parser is meant never to raise, and hostile charsets make it raise all the same


def envelope_to(raw: bytes) -> str | None:
    """The address that the mail was delivered to, as the receiving server noted it on top."""
    named = (str(value).strip() for name, value in headers_of(raw).items() if name.lower() in _ENVELOPE)
    return next(named, None)


def aligned(raw: bytes, authserv_id: str | None) -> str | None:
    """The domain in From: where our own server found a DKIM signature of that domain or of one above it.

    Believed is only the topmost header with our server's name: whoever sends a mail can write others below it.
    """
    if not authserv_id:
        return None
    headers = headers_of(raw)
    wanted = authserv_id.casefold()
    results = (str(value) for value in headers.get_all("authentication-results", []))
    ours = next((found for found in map(_results, results) if found[0].casefold() == wanted), None)
    return covered(raw, _signers(ours[1])) if ours else None


def covered(raw: bytes, signers: Iterable[str]) -> str | None:
    """The domain in From: where one of the domains whose signature was found good is that domain or above it."""
    domain = _sender_domain(headers_of(raw))
    return domain if domain and any(_covers(signer.lower(), domain) for signer in signers) else None


def _results(header: str) -> tuple[str, list[str]]:
    """The server's name and its findings."""
    bare = header
    while (shorter := _COMMENT.sub(" ", bare)) != bare:
        bare = shorter
    first, *rest = bare.split(";")
    words = first.split()
    return (words[0].strip('"') if words else ""), rest


def _signers(findings: list[str]) -> list[str]:
    passed = (_PASSED.match(finding) for finding in findings)
    return [signer["domain"].lower() for one in passed if one for signer in _SIGNED_BY.finditer(one["properties"])]


def _covers(signer: str, domain: str) -> bool:
    # A signature of a top-level domain proves nothing about those below it.
    return signer == domain or ("." in signer and domain.endswith(f".{signer}"))


def _sender_domain(headers: Message) -> str | None:
    written = [str(value) for value in headers.get_all("from", [])]
    found = re.search(r"@([A-Za-z0-9.-]+)>?\s*$", written[0]) if len(written) == 1 else None
    return found[1].lower() if found else None
