"""TeX and accents become readable Unicode; every word stays. Pure, and nothing ever raises.

Ready-made converters drop the text after `%`, or turn `files_touched` into `filesₜouched`; authors also mix TeX
with prices, paths and Markdown. So this reader assumes nothing: what it does not know only loses its backslash.
"""

from __future__ import annotations

import re
import unicodedata

from newsletter.tex.reader import Reader
from newsletter.tex.writer import to_tex

__all__ = ["clean", "to_tex", "to_unicode"]

_DROP = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """One line without control characters, bidi overrides and lone surrogates; letters of all scripts stay."""
    return " ".join(_SURROGATE.sub("\ufffd", _DROP.sub("", text)).split())


def to_unicode(text: str) -> str:
    """The text as one line of readable Unicode."""
    source = clean(text)
    if not re.search(r"[\\${}~^`'_-]", source):
        return unicodedata.normalize("NFC", source)
    reader = Reader(source)
    return clean(unicodedata.normalize("NFC", reader.run(0, len(source), math=False, depth=0)))
