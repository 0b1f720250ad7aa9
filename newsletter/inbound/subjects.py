"""Where a subject begins: behind Re: in any language, and behind the tags that mail gateways put in front of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_LONGEST = 1_000
_MOST_TAGS = 8
_PAIRS = ("[]", "【】", "()", "{}", "<>", "〔〕", "〖〗", "「」", "『』", "《》", "〈〉", "«»")
_BRACKETED = "|".join(rf"\{first}([^\{first}\{last}]{{1,60}})\{last}" for first, last in map(tuple, _PAIRS))
_RULES = "*#=~|!_"
# `[EXT]`, `【外部邮件】`, `*** EXTERNAL ***`
_TAG = re.compile(rf"\s*(?:{_BRACKETED}|[{_RULES}]{{1,6}}([^{_RULES}]{{1,40}})[{_RULES}]{{1,6}})\s*")
# `Re:`, `AW[2]:`, `回复：`
_PREFIX = re.compile(r"\s*[^\W\d_]{1,6}\.?\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*")
# `EXTERNAL:`, `External email - `
_LABEL = re.compile(r"\s*[^\W\d_]{1,20}(?: [^\W\d_]{1,20})?\s?(?:[:：|]|[-–—](?=\s))\s*")


def bare(subject: str) -> str:
    """A subject without tags and without Re: and its kin: a short word and a colon, in whatever language."""
    text = _normal(subject)
    while found := _TAG.match(text) or _PREFIX.match(text):
        if found.end() == len(text) and found.lastindex:
            return str(found[found.lastindex]).strip()  # a tag and nothing else is the subject
        text = text[found.end() :]
    return text.strip()


def beginnings(subject: str) -> Iterator[str]:
    """Every place in which it may begin: itself, within and behind each tag, label and prefix."""
    text = _normal(subject)
    for _ in range(_MOST_TAGS):
        yield text.lstrip()
        tag = _TAG.match(text)
        if tag and tag.lastindex:
            yield str(tag[tag.lastindex]).strip()
        found = tag or _PREFIX.match(text) or _LABEL.match(text)
        if found is None:
            return
        text = text[found.end() :]


def _normal(subject: str) -> str:
    return unicodedata.normalize("NFKC", subject[:_LONGEST])[:_LONGEST].strip()
