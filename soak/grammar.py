"""Emails that nobody would write: a grammar of headers, parts, charsets and encodings, each gone wrong at times."""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Iterator

_NAMES = (
    b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References", b"Delivered-To", b"Auto-Submitted",
    b"Authentication-Results", b"Received", b"Return-Path", b"Content-Disposition", b"X-Failed-Recipients", b"X",
)  # fmt: skip
_CHARSETS = (
    "utf-8", "gb2312", "big5", "iso-2022-jp", "euc-kr", "koi8-r", "utf-7", "utf-16", "hz", "punycode", "idna", "rot13",
    "unknown-8bit", "x" * 300, "a\x00b", "base64", "utf-8'en'", "unicode_escape", "raw_unicode_escape", "zlib",
)  # fmt: skip
_ENCODINGS = (b"7bit", b"8bit", b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"base64;base64", b"")
_TYPES = (
    b"text/plain", b"text/html", b"text/", b"/", b"message/rfc822", b"message/delivery-status", b"text/rfc822-headers",
    b"message/feedback-report", b"multipart/mixed", b"multipart/alternative", b"multipart/report", b"application/pdf",
)  # fmt: skip
_TEXTS = (
    "unsubscribe", "退订", "please don't unsubscribe me", "> quoted", "On Monday Ada wrote:", "pause 2 weeks", "\x00",
    "<p>退订</p>", "<!--", "<blockquote>", "<div style='display:none'>", "&#x110000;", "&#" + "9" * 50 + ";", "--",
    "Action: failed\nStatus: 5.1.1", "Feedback-Type: abuse", "=?utf-8?b?6YCA6K6i?=", "\u202e", "- " * 300, "((" * 300,
)  # fmt: skip
_DEEPEST = 14
_REPEATED = (
    *_TEXTS, "\n", "\r", "\n ", "x\n", "x", " ", "> \n", "X: y\n", ":\n", "From \n", "--b0\n", "- ", "--\n",
    "=?a?q? ", "=?utf-8?q?a?= ", "?=", "(", ")", '"', ";", "; a=b", "a@b.c, ", "<a@b.c>", "<", ">", "<p>", "</p>",
    "<p a=b>", "<pre>", "<p style='white-space:pre'>x", "<a ", f"<p {'a' * 3_900}>", "&", "&a", "&#9;", "&nbsp;",
    "On <a@b", "wrote:", f"{'On <a@b' * 140}:\n", f"{'- ' * 480}\n", "From: a\n", "Sent: \n", "我想要", "退订\n",
    f"{'我想要' * 66}\n", "é", "e\u0301", "\u200b", "\ufdfa", "\x1b$B", "unsubscribe\n", "please ", "do not ",
    "pause ", "thanks, ", "hello\n", "http://a.b ", "12 ", ". ", "dkim=pass ", f"{'a' * 34} ", f"+{'a' * 34}@",
    "begin 666 x\n", "Content-Type: message/rfc822\n\n",
)  # fmt: skip
_HEAD = b"From: a@b.c\nSubject: x\n"
_BODIES = ("text/plain", "text/html", "text/plain; charset=iso-2022-jp", "text/plain; charset=utf-7", "message/rfc822")
_REPORTS = ("message/delivery-status", "message/feedback-report", "message/rfc822", "text/html")


def generated(count: int, seed: int = 7) -> Iterator[bytes]:
    """Emails out of the grammar."""
    chance = random.Random(seed)
    for _ in range(count):
        yield b"".join(_header(chance) for _ in range(_often(chance, 8))) + _part(chance, 0)


def repeated(octets: int) -> Iterator[bytes]:
    """Every piece so often in every place: a header, the headers, a body, its encodings, a part."""
    for piece in (one.encode() for one in _REPEATED):
        many = piece * (octets // len(piece))
        one_line = many.replace(b"\n", b" ").replace(b"\r", b" ")
        for name in (b"Subject", b"From", b"To", b"References", b"Authentication-Results", b"Content-Type"):
            yield name + b": " + one_line + b"\n" + _HEAD + b"\nx"
        yield (b"To: " + one_line[:600] + b"\n") * 190 + _HEAD + b"\n" + b"unsubscribe x@y.z\n" * 3_000
        yield many + _HEAD + b"\nx"
        for kind in _BODIES:
            yield _HEAD + b"Content-Type: " + kind.encode() + b"\n\n" + many
        encoded = base64.encodebytes(many)
        yield _HEAD + b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + encoded
        report = _HEAD + b"Content-Type: multipart/report; boundary=b0\n\n--b0\n"
        yield report + many
        for kind in _REPORTS:
            yield report + b"Content-Type: " + kind.encode() + b"\n\n" + many


def _often(chance: random.Random, usual: int) -> int:
    """Mostly a few, at times very many."""
    return chance.choice((1, usual, usual, usual, usual * 3, 0, usual * chance.choice((1, 100))))


def _header(chance: random.Random) -> bytes:
    end = chance.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n \r\n"))
    return chance.choice(_NAMES) + chance.choice((b": ", b":", b" : ", b"\t:", b"")) + _value(chance) + end


def _value(chance: random.Random) -> bytes:
    pieces = (
        b"ada@example.org", b"<a@b.c>", b'"quoted \\" name" <a@b>', b"(comment (nested))", b"=?utf-8?q?=E9=80=80?=",
        b"=?gb2312?b?zcu2qQ==?=", b"=?a?q? ", b"=?utf-8?b?!!!?=", b"\r\n\t", b"; a=b", b"; a*0*=utf-8''%e9",
        b"\xff\xfe", b"mx.example; dkim=pass header.d=example.org", b"auto-replied", b"<>", b",", b"((", b"x" * 200,
    )  # fmt: skip
    return b" ".join(chance.choice(pieces) for _ in range(_often(chance, 2)))


def _part(chance: random.Random, depth: int) -> bytes:
    kind = chance.choice(_TYPES)
    boundary = b"b%d" % chance.randrange(depth + 2)  # now and then that of the part around it
    charset = chance.choice(_CHARSETS)
    lines = [b"Content-Type: " + kind + b'; charset="' + charset.encode() + b'"; boundary="' + boundary + b'"']
    encoding = chance.choice(_ENCODINGS)
    lines += [b"Content-Transfer-Encoding: " + encoding] if chance.random() < 0.7 else []
    head = b"\r\n".join(lines) + b"\r\n" + (b"" if chance.random() < 0.05 else b"\r\n")
    if kind.startswith((b"multipart", b"message/rfc822")) and depth < _DEEPEST:
        inner = [_part(chance, depth + 1) for _ in range(chance.choice((0, 1, 2, 2, 3)))]
        end = chance.choice((b"--" + boundary + b"--\r\n", b""))
        return head + b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in inner) + end
    return head + _encoded(chance, charset, encoding)


def _encoded(chance: random.Random, charset: str, encoding: bytes) -> bytes:
    text = "\n".join(chance.choice(_TEXTS) for _ in range(_often(chance, 4)))
    try:
        raw = text.encode(charset, "replace")
    except (LookupError, ValueError, TypeError):
        raw = text.encode()
    if encoding == b"base64":
        raw = base64.encodebytes(raw)
    elif encoding == b"quoted-printable":
        raw = quopri.encodestring(raw)
    return raw[: chance.randrange(len(raw) + 1)] if chance.random() < 0.2 else raw
