"""What the receiving server vouches for: the Authentication-Results that it wrote itself (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message

from newsletter.inbound.limits import LONGEST, headers_of

_PASSED = re.compile(r"\s*dkim\s*=\s*pass\b(?P<properties>.*)", re.I | re.S)
_SIGNED_BY = re.compile(r"\bheader\.(?:d\s*=\s*\"?|i\s*=\s*\"?[^@\s;\"]*@)(?P<domain>[a-z0-9.-]+)", re.I)
_DMARC = re.compile(r"\s*dmarc\s*=\s*pass\b(?P<properties>.*)", re.I | re.S)
_OF_FROM = re.compile(r"\bheader\.from\s*=\s*\"?(?P<domain>[a-z0-9.-]+)", re.I)
_ENVELOPE = ("delivered-to", "x-original-to")


def envelope_to(raw: bytes) -> str | None:
    """The address that the mail was delivered to, as the receiving server noted it on top."""
    named = (str(value).strip() for name, value in headers_of(raw).items() if name.lower() in _ENVELOPE)
    return next(named, None)


def aligned(raw: bytes, authserv_id: str | None) -> str | None:
    """The domain in From: where our own server found a DKIM signature of that domain or of one above it."""
    return covered(raw, _signers(_ours(raw, authserv_id)))


def vouched(raw: bytes, authserv_id: str | None) -> str | None:
    """The domain in From: where our own server found its DMARC policy met, which the sending host alone may do.

    That is enough to answer someone who asks to join, and no proof of who wrote.
    """
    passed = (_DMARC.match(finding) for finding in _ours(raw, authserv_id))
    found = {of["domain"].lower() for one in passed if one for of in _OF_FROM.finditer(one["properties"])}
    headers = headers_of(raw)
    domain = None if headers.left_out else _sender_domain(headers)
    return domain if domain in found else None


def _ours(raw: bytes, authserv_id: str | None) -> list[str]:
    """What our own server found: in the topmost header with its name, since whoever sends can write others below."""
    if not authserv_id:
        return []
    results = (str(value) for value in headers_of(raw).get_all("authentication-results", []))
    named = (found for found in map(_results, results) if found[0].casefold() == authserv_id.casefold())
    return next(named, ("", []))[1]


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
