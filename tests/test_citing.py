"""What readers take along: BibTeX and RIS by parsers that are not ours, Markdown, and what Zotero reads."""

from __future__ import annotations

import re
import shutil
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import bibtexparser
import lxml.html
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware, SeparateCoAuthors
from hypothesis import given
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from newsletter import archive, tex
from newsletter.archive import citing
from tests.factories import DAY, a_paper, an_edition, an_entry
from tests.issues import DATES, TEMPLATES, a_day, a_site, days, hostile_day

EARLIER = Path(__file__).parent / "data" / "archive_templates"  # the pages before their second design
ACCENTED = (
    (r"Emir Mu\~noz", "Emir Muñoz"),
    (r"Bj\"orn H{\aa}kansson", "Björn Håkansson"),
    (r"Franti\v{s}ek {\L}ukasz \c{C}elik", "František Łukasz Çelik"),
    (r"P\'al Erd\H{o}s", "Pál Erdős"),
    (r"S{\o}ren Gr\'egoire van der Wei\ss", "Søren Grégoire van der Weiß"),
    ("Nguyễn Văn Ước", "Nguyễn Văn Ước"),
    ("李雷", "李雷"),
    ("The LHCb Collaboration and Friends", "The LHCb Collaboration and Friends"),
)
TITLE = r"MoEless: 100\% of $\alpha$-Pruning & {Sch}r\"odinger's #1_bridge, 2$\times$ faster {unbalanced"


def parsed(text: str) -> list[dict[str, Any]]:
    """As a reference manager has it: decoded, the authors one by one."""
    library = bibtexparser.parse_string(text, append_middleware=[SeparateCoAuthors(), LatexDecodingMiddleware()])
    assert [] == library.failed_blocks
    found = [{"key": one.key} | {field.key: field.value for field in one.fields} for one in library.entries]
    # Which the middleware does not do in lists.
    return [one | {"author": [_decoded(name) for name in one["author"]]} if "author" in one else one for one in found]


@cache
def _decoded(name: str) -> str:
    return str(LatexNodes2Text().latex_to_text(name))


def a_single_day(**changes: Any) -> archive.Day:
    return a_day(edition=an_edition([an_entry(1, paper=a_paper(1, **changes))]))


def test_accents_and_signs_arrive_in_bibtex_and_ris() -> None:
    """Each name and the title, written in TeX on arXiv, read as Unicode by both parsers; nothing is lost."""
    papers = a_single_day(title=TITLE, authors=tuple(name for name, _ in ACCENTED))["papers"]
    names, title = [name for _, name in ACCENTED], tex.to_unicode(TITLE)
    (entry,) = parsed(citing.bibtex(papers))
    assert (title, names) == (entry["title"], entry["author"])
    (record,) = rispy.loads(citing.ris(papers))
    assert title == record["title"]
    assert names == [" ".join(reversed(one.split(", "))) for one in record["authors"]]
    assert "van der Weiß, Søren Grégoire" in record["authors"]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_characters="^\x7f"), max_size=60))
def test_any_text_survives_bibtex(text: str) -> None:
    """What stands in a title is in the parser's title, whatever signs of TeX it has."""
    title = tex.clean(f"x {text} y")
    papers = [a_day(edition=an_edition(1))["papers"][0] | {"title": title}]
    (entry,) = parsed(citing.bibtex(papers))
    assert _plain(title) == _plain(entry["title"])


def _plain(text: str) -> str:
    """Without what TeX itself joins: white space, and quotes and dashes of two signs."""
    return re.sub(r"[\s\u00a0'`‘’“”\"–—-]", "", unicodedata.normalize("NFC", text))


def test_where_it_appeared_is_said_and_never_invented() -> None:
    """A journal reference or a venue is a note, the DOI its field; a paper with neither has neither."""
    accepted = a_single_day(comment="Accepted at ICLR 2026")["papers"]
    printed = a_single_day(journal_ref="Phys. Rev. D 99 (2019) 1", doi="10.1103/PhysRevD.99.1")["papers"]
    bare = a_single_day(comment="12 pages, submitted to ICML 2026")["papers"]
    for papers, note, doi in (
        (accepted, "ICLR 2026", None),
        (printed, "Phys. Rev. D 99 (2019) 1", "10.1103/PhysRevD.99.1"),
        (bare, None, None),
    ):  # fmt: skip
        (entry,), (record,) = parsed(citing.bibtex(papers)), rispy.loads(citing.ris(papers))
        assert (note, doi) == (entry.get("note"), entry.get("doi"))
        assert ([note] if note else [], doi) == (record.get("notes", []), record.get("doi"))
    assert "cond-mat/0201082" == parsed(citing.bibtex([bare[0] | {"id": "cond-mat/0201082"}]))[0]["eprint"]


def test_older_days_have_their_venue_from_the_comment() -> None:
    """A day that was published before venues were written down is whole, and its papers name them."""
    paper = a_single_day(comment="Accepted at ICLR 2026")["papers"][0]
    older = {key: value for key, value in paper.items() if key not in ("venue", "journal_ref", "doi")}
    assert "ICLR 2026" == citing.venue_of(older)
    day = a_single_day() | {"papers": [older]}
    files = archive.pages(a_site(), {DAY: day}, TEMPLATES)
    assert "ICLR 2026" in files[f"{DAY}.html"].decode()
    assert archive.day.is_whole(day, DAY)


def test_keys_are_of_one_kind_and_each_only_once() -> None:
    """Surname, year and first word, folded to ASCII; a second of the same gets a number."""
    papers = a_single_day(title="The Über-Model: what it is", authors=("Kurt Gödel",))["papers"]
    assert ["godel2026uber", "godel2026uber-2"] == [one["key"] for one in parsed(citing.bibtex(papers * 2))]
    nobody = [papers[0] | {"authors": [], "title": "评测"}]
    assert ["arxiv2026"] == [one["key"] for one in parsed(citing.bibtex(nobody))]


def test_every_file_of_an_archive_parses() -> None:
    """Days and papers alike, hostile ones too: as many entries and records as papers, and nothing fails to parse."""
    content = {**days(*DATES), DAY: hostile_day()}
    files = archive.pages(a_site(), content, TEMPLATES)
    for name in (name for name in files if name.endswith(".bib")):
        entries = parsed(files[name].decode())
        assert entries, name
        if not name.startswith("papers/"):
            records = rispy.loads(files[name.replace(".bib", ".ris")].decode())
            assert len(entries) == len(records) == files[name.replace(".bib", ".md")].decode().count("](http"), name
    assert len(content[DAY]["papers"]) == len(parsed(files[f"{DAY}.bib"].decode()))


def test_a_paper_page_says_what_zotero_reads() -> None:
    """`citation_*` elements with title, each author, date, id and PDF, its entry to copy; no token anywhere."""
    files = archive.pages(a_site(), days(DAY), TEMPLATES)
    tree = lxml.html.document_fromstring(files["papers/2603.00902.html"].decode())

    def stated(name: str) -> list[str]:
        return [str(one) for one in tree.xpath(f"//head/meta[@name='citation_{name}']/@content")]

    assert ["Zebrafish on day 9"] == stated("title")
    assert ["Noël Müller", "Ada Lovelace"] == stated("author")
    assert (["2603.00902"], ["https://arxiv.org/pdf/2603.00902"]) == (stated("arxiv_id"), stated("pdf_url"))
    assert ["2026/03/06"] == stated("publication_date")
    assert [f"../{DAY}.bib"] == tree.xpath("//a[@data-copy='2603.00902']/@href")  # of the day, which a script cuts
    (shown,) = (one.text for one in tree.xpath("//pre"))
    assert shown in files[f"{DAY}.bib"].decode()
    assert "{Zebrafish on day 9}" in shown
    assert ["https://news.example.org/papers/2603.00902.html"] == tree.xpath("//a[@data-copy-link]/@href")
    private = archive.pages(a_site(private=True, public_url=None), days(DAY), TEMPLATES)
    shared = lxml.html.document_fromstring(private["papers/2603.00902.html"].decode()).xpath(
        "//a[@data-copy-link]/@href"
    )
    assert ["https://arxiv.org/abs/2603.00902"] == shared  # a page behind a token is its reader's alone


@pytest.mark.parametrize("name", sorted(path.name for path in EARLIER.glob("*.j2")))
def test_own_pages_of_the_first_edition_still_serve(tmp_path: Path, name: str) -> None:
    """An operator's copy of any page as it was before, among ours as they are now."""
    shutil.copy(EARLIER / name, tmp_path)
    files = archive.pages(a_site(), days(*DATES), (tmp_path, *TEMPLATES))
    assert "Zebrafish on day 9" in files[f"{DAY}.html"].decode()
    assert b"citation_title" in files["papers/2603.00902.html"] or name in (
        "archive-base.html.j2",
        "archive-paper.html.j2",
    )
