"""Bytes and the charset that a mail claims for them → text. Labels are the WHATWG's and what mail programs write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

# Codec → its labels in small letters and digits alone; what Python knows by itself is not listed. Where a charset
# promises less than its senders use, the codec is the wider one: Chinese clients say gb2312 and write gbk.
_LABELS = {
    "utf-8": "unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 utf8n utf8bom",
    "utf-7": "unicode11utf7 unicode20utf7 xunicode20utf7 csutf7",
    "utf-16": "csunicode iso10646ucs2 ucs2 unicodefeff unicode",
    "utf-16-be": "unicodefffe",
    "gb18030": (
        "gb18030 chinese csgb2312 csiso58gb231280 gb2312 gb231280 gbk isoir58 xgbk cp936 ms936 windows936 xcp936 gb "
        "euccn xeuccn csgb18030 xmswincp936"
    ),
    "hz": "hz hzgb2312 hzgb",
    "big5hkscs": "big5 big5hkscs cnbig5 csbig5 xxbig5 big5eten xbig5 cp950 ms950 windows950 big5tw xwindows950",
    "cp932": (
        "shiftjis csshiftjis ms932 mskanji sjis windows31j xsjis cswindows31j cp932 cp943 cp943c xmscp932 windows932 "
        "sjiswin xshiftjis"
    ),
    "euc_jis_2004": "eucjp xeucjp cseucpkdfmtjapanese cp51932 eucjpms xeucjplinux cp33722 eucjpwin ujis",
    "iso-2022-jp": "iso2022jp csiso2022jp cp50220 cp50221 cp50222 iso2022jpms xwindows50220 xwindows50221 jis",
    "cp949": (
        "euckr cseuckr csksc56011987 isoir149 korean ksc56011987 ksc56011989 ksc5601 windows949 xwindows949 "
        "ms949 uhc xeuckr cp949 xcp949 5601"
    ),
    "iso2022_kr": "csiso2022kr",
    "cp866": "866 csibm866 dos866",
    "koi8-r": "koi koi8 cskoi8r xkoi8r",
    "koi8-u": "koi8ru",
    "mac-roman": "mac csmacintosh xmacroman macintosh",
    "mac-cyrillic": "xmaccyrillic xmacukrainian",
    "cp874": "dos874 iso885911 tis620 windows874 xwindows874",
    "cp1250": "xcp1250 win1250",
    "cp1251": "xcp1251 win1251 cyrillicwin",
    "cp1252": (
        "ansix341968 ansix341986 cp819 csisolatin1 ibm819 iso88591 isoir100 iso885911987 l1 latin1 xcp1252 win1252 "
        "windows1252 cp1252 iso8859 8859 88591"
    ),
    "cp1253": "xcp1253 win1253",
    "cp1254": "iso88599 isoir148 iso885991989 l5 latin5 csisolatin5 xcp1254 win1254 windows1254 turkish",
    "cp1255": "xcp1255 win1255",
    "cp1256": "xcp1256 win1256",
    "cp1257": "xcp1257 win1257",
    "cp1258": "xcp1258 win1258",
    "iso8859-8": "iso88598i csiso88598i iso88598e csiso88598e logical visual dos862",
    "iso8859-6": "asmo708 iso88596i iso88596e csiso88596i csiso88596e",
    "iso8859-7": "suneugreek elot928 ecma118",
    "iso8859-15": "csisolatin9 l9",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
# One byte a letter: they take any bytes, so what reads as UTF-8 is that.
_SINGLE = re.compile(r"cp(?:125\d|8\d\d)|iso[-_]?8859|koi|mac|latin|windows-?125")
_WESTERN = ("cp1252", "iso8859-15", "latin-1", "mac-roman")
# Labels that say nothing; and that of host names, which no text has and whose codec takes quadratic time.
_NONE = (
    "usascii", "ascii", "unknown8bit", "xunknown", "unknown", "default", "8bit", "binary", "xuserdefined", "ansi",
    "punycode",
)  # fmt: skip
_MOST = 16_000  # bytes that are looked at

_JIS_ESCAPE = re.compile(rb"\x1b\$[@B]")
_JIS_RUN = re.compile(rb"(?:\x1b(\$[@B]|\([BJI]))?([^\x1b]*)")
# High bytes one by one, or two within a word of ASCII letters: rare Chinese characters at best.
_LATIN = re.compile(
    rb"(?:[\x00-\x7f]|(?<![\x80-\xff])(?:[\x80-\xac\xae-\xff]|(?<=[A-Za-z])[\xe0-\xff]{2}|(?<=[A-Za-z])[\xc0-\xff]{2}"
    rb"(?=[A-Za-z]))(?![\x80-\xff]))*+"
)
_KANA = re.compile("[ぁ-ヶー]{2}")
_JAPANESE = ("cp932", "euc_jis_2004")
_WIDE = (*_JAPANESE, "cp949", "gb18030", "big5hkscs")  # letters of two bytes: no western text happens to fit


def decode(content: bytes, charset: str | None) -> str:
    """Bytes as text: as declared where that can be, else UTF-8, else what they look like, else every byte a letter."""
    for codec in _likely(content, _codec(charset)):
        try:
            return _japanese(content) if codec == "iso-2022-jp" else content.decode(codec)
        except (LookupError, ValueError):  # an unknown name, or one with a NUL in it
            continue
    return content.decode("latin-1")


def _codec(charset: str | None) -> str | None:
    """The codec of a label; None for one that says nothing."""
    label = (charset or "").strip("\"' ").lower().partition("//")[0]
    squeezed = re.sub(r"[^a-z0-9]", "", label)
    return None if not squeezed or squeezed in _NONE else _CODECS.get(squeezed, label)


def _likely(content: bytes, codec: str | None) -> Iterator[str]:
    """Codecs in the order in which they are to be tried."""
    if _JIS_ESCAPE.search(content):
        yield "iso-2022-jp"
    if codec and not _SINGLE.match(codec):
        yield codec
    yield "utf-8"
    guess = _looks_like(content)
    if codec and not (codec in _WESTERN and guess in _WIDE):
        yield codec
    yield from (guess, codec or "gb18030", "gb18030")


def _looks_like(content: bytes) -> str:
    """A codec that makes sense of bytes whose label does not."""
    sample = content if len(content) <= _MOST else content[:_MOST].rstrip(bytes(range(128, 256)))
    if (codec := _with_kana(sample)) and not _LATIN.fullmatch(sample):
        return codec
    import chardet  # nearly every email says what it is, or is UTF-8

    era = chardet.EncodingEra.MODERN_WEB
    found = chardet.detect(sample, prefer_superset=True, compat_names=False, encoding_era=era)["encoding"] or "cp1252"
    return "cp1252" if found in _WIDE and _LATIN.fullmatch(sample) else found


def _with_kana(sample: bytes) -> str | None:
    """Japanese of a few words is Chinese of rare ones: kana tell them apart."""
    for codec in _JAPANESE:
        with suppress(ValueError):
            if _KANA.search(sample.decode(codec)):
                return codec
    return None


def _japanese(content: bytes) -> str:
    """ISO-2022-JP with the rows that Microsoft added, in which ① and 髙 stand. Raises ValueError."""
    text, shift = [], b"(B"
    for escape, run in _JIS_RUN.findall(content):
        shift = escape or shift
        if shift.startswith(b"$"):
            run = b"".join(map(_shifted, *[iter(run)] * 2))
        elif shift == b"(I":
            run = bytes(letter | 0x80 for letter in run)
        text.append(run.decode("cp932"))
    return "".join(text)


def _shifted(first: int, second: int) -> bytes:
    """A JIS X 0208 code in Shift_JIS."""
    row = (first - 0x21 >> 1) + (0x81 if first < 0x5F else 0xC1)
    return bytes((row, second + ((0x1F if second < 0x60 else 0x20) if first & 1 else 0x7E)))
