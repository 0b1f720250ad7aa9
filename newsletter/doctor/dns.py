"""What DNS says about our email: without these records, large providers reject it or treat it as spam."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.resolver
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from newsletter.addresses import domain_of, own_address, split_mailbox
from newsletter.models import Finding
from newsletter.settings import Settings

_SECONDS = 5.0


def resolver() -> dns.resolver.Resolver:
    """This machine's resolver, with a time limit."""
    found = dns.resolver.Resolver()
    found.lifetime = found.timeout = _SECONDS
    return found


def examine(settings: Settings, resolve: dns.resolver.Resolver) -> Iterator[Finding]:
    """SPF and DMARC of the sender, DKIM where we sign, and whether replies can arrive."""
    domain = domain_of(split_mailbox(settings.letterhead.sender)[1])
    try:
        if not _texts(resolve, domain, "v=spf1"):
            yield _missing(
                f"{domain} has no SPF record", f"add a TXT record v=spf1 … that names your mail server to {domain}"
            )
        if not _texts(resolve, f"_dmarc.{domain}", "v=DMARC1"):
            yield _missing(f"{domain} has no DMARC record", f"add a TXT record v=DMARC1; p=none at _dmarc.{domain}")
        yield from _signature(settings, domain, resolve)
        replies = domain_of(own_address(settings.letterhead))
        if not any(_records(resolve, replies, kind) for kind in ("MX", "A", "AAAA")):
            remedy = "add an MX record, or set NEWSLETTER_REPLY_TO to an address that is read"
            yield Finding("NEWSLETTER_REPLY_TO", None, f"replies cannot be delivered to {replies}", remedy, fatal=False)
    except dns.exception.DNSException as error:
        yield Finding(
            "DNS", None, f"no answer: {error}", "check this machine's network and /etc/resolv.conf", fatal=False
        )


def _signature(settings: Settings, domain: str, resolve: dns.resolver.Resolver) -> Iterator[Finding]:
    """Our key against the published one."""
    file, selector = settings.dkim_key_file, settings.dkim_selector
    if file is None or selector is None:
        return
    name = f"{selector}._domainkey.{domain}"
    try:
        ours = public_key(file)
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        problem = f"{file} is not a private key ({type(error).__name__})"
        yield Finding("NEWSLETTER_DKIM_KEY_FILE", None, problem, "set it to a PEM file with an RSA or Ed25519 key")
        return
    published = [_tag(text, "p") for text in _texts(resolve, name, "")]
    record = f"v=DKIM1; k={'ed25519' if len(ours) < 60 else 'rsa'}; p={ours}"
    if not published:
        yield Finding(
            "NEWSLETTER_DKIM_SELECTOR", None, f"{name} is not in DNS", f"add the TXT record {record}", fatal=False
        )
    elif ours not in published:
        yield Finding(
            "NEWSLETTER_DKIM_KEY_FILE",
            None,
            f"{name} publishes a different key",
            f"set the TXT record to {record}",
            fatal=False,
        )


def public_key(file: Path) -> str:
    """The `p=` that DNS must hold for this private key: RFC 6376 §3.6.1, RFC 8463 §4."""
    key = serialization.load_pem_private_key(file.read_bytes(), None).public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes_raw()
    else:
        raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def _texts(resolve: dns.resolver.Resolver, name: str, beginning: str) -> list[str]:
    return [text for text in _records(resolve, name, "TXT") if text.startswith(beginning)]


def _records(resolve: dns.resolver.Resolver, name: str, kind: str) -> list[str]:
    """The records; none if the name or the kind does not exist. Raises DNSException if there is no answer."""
    try:
        found = resolve.resolve(name, kind)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    # A long text comes in several strings, which belong together.
    return [b"".join(one.strings).decode("utf-8", "replace") if kind == "TXT" else str(one) for one in found]


def _tag(text: str, name: str) -> str:
    found = re.search(rf"(?:^|;)\s*{name}\s*=\s*([^;]*)", text)
    return re.sub(r"\s", "", found[1]) if found else ""


def _missing(problem: str, remedy: str) -> Finding:
    return Finding("NEWSLETTER_SENDER", None, f"{problem}: many providers reject email without it", remedy, fatal=False)
