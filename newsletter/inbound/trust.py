"""What the receiving server vouches for: the Authentication-Results that it wrote itself (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message

from newsletter.inbound.limits import LONGEST, headers_of

_PASSED = re.compile(r"\s*dkim\s*=\s*pass\b(?P<properties>.*)", re.I | re.S)
_SIGNED_BY = re.compile(r"\bheader\.(?:d\s*=\s*\"?|i\s*=\s*\"?[^@\s;\"]*@)(?P<domain>[a-z0-9.-]+)", re.I)
_ENVELOPE = ("delivered-to", "x-original-to")


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
    headers = headers_of(raw)
    domain = None if headers.left_out else _sender_domain(headers)
    return domain if domain and any(_covers(signer.lower(), domain) for signer in signers) else None


def _results(header: str) -> tuple[str, list[str]]:
    """The server's name and its findings."""
    first, *rest = _without_comments(header).split(";")
    words = first.split()
    # Where the header was cut, half a domain would prove another one, and the rest of a comment anything.
    return (words[0].strip('"') if words else ""), (rest if len(header) < LONGEST else [])


def _without_comments(header: str) -> str:
    """A blank for each pair of brackets, whatever is nested in it; brackets without their other half stay."""
    kept: list[str] = []
    opened: list[int] = []
    for piece in re.split(r"([()])", header):
        if piece == ")" and opened:
            del kept[opened.pop() :]
            piece = " "
        elif piece == "(":
            opened.append(len(kept))
        kept.append(piece)
    return "".join(kept)


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
