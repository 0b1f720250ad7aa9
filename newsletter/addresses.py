"""Email addresses as headers and links need them: ASCII domains, tokens after a plus sign, no control characters."""

from __future__ import annotations

import re
import textwrap
from email.header import Header
from functools import lru_cache
from urllib.parse import quote

import idna

from newsletter.models import Letterhead
from newsletter.tex import clean

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)

_PLAIN = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.-]+", re.ASCII)


# Cached where a morning asks the same of every email: the sender, its name, the subject.
@lru_cache(maxsize=64)
def split_mailbox(text: str) -> tuple[str, str]:
    """Name and address of `Name <a@b>` or `a@b`. The last bracket counts, because a name may contain anything."""
    line = clean(text)
    if line.endswith(">") and "<" in line:
        name, _, address = line[:-1].rpartition("<")
        bare = name.strip()
        if len(bare) > 1 and bare[0] == bare[-1] == '"':
            bare = re.sub(r"\\(.)", r"\1", bare[1:-1])
        return bare, ascii_domain(address)
    return "", ascii_domain(line)


def ascii_domain(address: str) -> str:
    """The address with its domain as A-labels and without what could end a header or a bracket."""
    if _PLAIN.fullmatch(address):
        return address  # nearly all of them, and each email asks
    local, _, domain = re.sub(r"[\s<>]", "", clean(address)).rpartition("@")
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return f"{local}@{domain}" if local else domain


def plus(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


@lru_cache(maxsize=8)
def own_address(letterhead: Letterhead) -> str:
    """Where replies go: reply_to, else the sender."""
    return ascii_domain(letterhead.reply_to) if letterhead.reply_to else split_mailbox(letterhead.sender)[1]


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def archive_link(letterhead: Letterhead, token: str) -> str | None:
    """Where past issues are, with the token where they are for readers alone; None if there are none."""
    if not letterhead.public_url or not letterhead.archive:
        return None
    return f"{letterhead.public_url}/a/{token}/" if letterhead.private else f"{letterhead.public_url}/"


def leave_link(letterhead: Letterhead, token: str) -> str:
    """The unsubscribe link for the email's body: the web page, or else an email."""
    return f"{letterhead.public_url}/u/{token}" if letterhead.public_url else leave_mailto(letterhead, token)


def leave_mailto(letterhead: Letterhead, token: str) -> str:
    """An email whose arrival is the request; its token is in the address or, without plus addressing, the subject."""
    address = own_address(letterhead)
    if letterhead.reply_to and letterhead.plus_addressing:
        return f"mailto:{quote(plus(address, token), safe='@+')}?subject=unsubscribe"
    return f"mailto:{quote(address, safe='@+')}?subject=unsubscribe%20{token}"


def mailbox(name: str | None, address: str, header: str) -> str:
    """`name <address>` as a folded header value; names outside ASCII become encoded words."""
    shown = phrase(clean(name or ""), header)
    if not shown:
        return address
    last = shown.rsplit("\n", 1)[-1]
    start = len(header) + 2 if "\n" not in shown else 0
    return f"{shown}{' ' if start + len(last) + len(address) < 75 else chr(13) + chr(10) + ' '}<{address}>"


@lru_cache(maxsize=256)
def phrase(text: str, header: str) -> str:
    """Words in front of an address: as they are, quoted, or encoded without splitting a character."""
    if not text or (_ATOM.fullmatch(text) and len(text) < 60 and "=?" not in text):
        return text
    if text.isascii() and len(text) < 60 and "=?" not in text:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return _encoded_words(text, header)


@lru_cache(maxsize=256)
def encoded(text: str, header: str) -> str:
    """Unstructured text, folded with CRLF: at its spaces where they suffice, else as encoded words."""
    if text.isascii() and "=?" not in text:
        if len(header) + 2 + len(text) <= 78:
            return text
        first, *rest = textwrap.wrap(f"{header}: {text}", 77, break_long_words=False, break_on_hyphens=False)
        if (
            " ".join([first, *rest]) == f"{header}: {text}"
            and first != f"{header}:"
            and all(len(one) < 78 for one in rest)
        ):
            return "\r\n ".join([first, *rest]).removeprefix(f"{header}: ")
    return _encoded_words(text, header)


def _encoded_words(text: str, header: str) -> str:
    return Header(text, charset="utf-8", header_name=header, maxlinelen=75).encode(linesep="\r\n")
