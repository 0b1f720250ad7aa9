"""The RSS of arXiv's announcements."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from newsletter.demo.arxiv_xml import SCHEMA, attribute, element
from newsletter.demo.rows import SampleRow
from newsletter.models import AnnounceType

_RSS_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    f'<rss xmlns:arxiv="{SCHEMA}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">\n'
)
_LICENCE = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
_EASTERN = ZoneInfo("America/New_York")


def rss(asked: Sequence[str], day: date, items: Sequence[tuple[SampleRow, AnnounceType]]) -> bytes:
    """The feed of one day for the asked categories; without items, as at a weekend, only its head."""
    names = ", ".join(asked)
    address = attribute(f"http://rss.arxiv.org/rss/{'+'.join(asked)}")
    midnight = datetime.combine(day, time(), _EASTERN)
    built = midnight.astimezone(UTC) + timedelta(seconds=2)
    head = (
        element(4, "title", f"{names} updates on arXiv.org")
        + f"    <link>{address}</link>\n"
        + element(4, "description", f"{names} updates on the arXiv.org e-print archive.")
        + f'    <atom:link href="{address}" rel="self" type="application/rss+xml"/>\n'
        + element(4, "docs", "http://www.rssboard.org/rss-specification")
        + element(4, "language", "en-us")
        + element(4, "lastBuildDate", format_datetime(built))
        + element(4, "managingEditor", "rss-help@arxiv.org")
        + element(4, "pubDate", format_datetime(midnight))
        + "    <skipDays>\n      <day>Sunday</day>\n      <day>Saturday</day>\n    </skipDays>\n"
    )
    body = "".join(_item(row, kind, midnight) for row, kind in items)
    return f"{_RSS_HEAD}  <channel>\n{head}{body}  </channel>\n</rss>\n".encode()


def _item(row: SampleRow, kind: AnnounceType, midnight: datetime) -> str:
    name = f"{row.id}v{row.version}"
    return (
        "    <item>\n"
        + element(6, "title", " ".join(row.title.split()))
        + element(6, "link", f"https://arxiv.org/abs/{row.id}")
        + element(6, "description", f"arXiv:{name} Announce Type: {kind} \nAbstract: {row.abstract}")
        + element(6, "guid", f"oai:arXiv.org:{name}", ' isPermaLink="false"')
        + "".join(element(6, "category", category) for category in row.categories)
        + element(6, "pubDate", format_datetime(midnight))
        + element(6, "arxiv:announce_type", kind)
        + element(6, "dc:rights", _LICENCE)
        + element(6, "dc:creator", ", ".join(tex_accents(name) for name in row.authors))
        + (element(6, "arxiv:DOI", row.doi) if row.doi else "")
        + (element(6, "arxiv:journal_reference", row.journal_ref) if row.journal_ref else "")
        + "    </item>\n"
    )


_TEX_MARKS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip
_TEX_LETTERS = {"ø": r"{\o}", "Ø": r"{\O}", "ł": r"{\l}", "Ł": r"{\L}", "ß": r"{\ss}", "æ": r"{\ae}", "ı": r"{\i}"}


def tex_accents(name: str) -> str:
    r"""The name as arXiv's RSS writes it: é is `\'e`, ç is `\c{c}`, ø is `{\o}`; the API has Unicode."""
    return "".join(map(_tex_letter, unicodedata.normalize("NFC", name)))


def _tex_letter(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) != 2 or parts[1] not in _TEX_MARKS:
        return _TEX_LETTERS.get(letter, letter)
    mark = _TEX_MARKS[parts[1]]
    return rf"\{mark}{{{parts[0]}}}" if mark.isalpha() else rf"\{mark}{parts[0]}"
