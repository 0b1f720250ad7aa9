"""arXiv ids out of BibTeX and RIS, and such files beside the subscriber list."""

from __future__ import annotations

import re
from pathlib import Path

import bibtexparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import subscribers
from newsletter.archive import citing
from newsletter.archive.day import paper_json
from newsletter.models import Entry, Roster
from newsletter.subscribers import references
from newsletter.subscribers.files import is_unchanged
from newsletter.subscribers.preferences import with_preference
from newsletter.subscribers.tree import Unfit
from tests.factories import a_paper
from tests.growth import is_linear
from tests.ledger import MONDAY

WAYS = {
    "@misc{a, eprint = {2402.01306}, archivePrefix = {arXiv}, primaryClass={cs.LG}}": "2402.01306",
    "@misc{a, eprint = {2402.01306v3}, eprinttype = {arxiv}}": "2402.01306",
    "@article{a, eprint = {hep-th/9901001}}": "hep-th/9901001",
    "@article{a, journal = {arXiv preprint arXiv:1706.03762}, year = 2017}": "1706.03762",
    "@article{a, journal = {CoRR}, volume = {abs/1706.03762}}": "1706.03762",
    '@article{a, url = "https://arxiv.org/pdf/1706.03762v5.pdf"}': "1706.03762",
    "@article(a, doi = {10.48550/arXiv.1706.03762})": "1706.03762",
    '@article{a, note = "see {\\"u} " # lab # " arXiv:1706.03762"}': "1706.03762",
    "@ARTICLE {a,\n TITLE = {{A \\} and {wide}}},\n URL = {http://export.arxiv.org/abs/1706.03762}\n}": "1706.03762",
    "@misc{a, arxivId = {1706.03762},\n}": "1706.03762",
    "TY  - JOUR\nTI  - One\nUR  - https://arxiv.org/abs/2402.01306\nER  - \n": "2402.01306",
    "TY  - UNPB\r\nDO  - 10.48550/arXiv.2402.01306\r\nER  -\r\n": "2402.01306",
    "@article{a, eprint = {2402013}, archiveprefix = {jstor}}": None,
    "@article{a, title = {Beyond arXiv:1706.03762}, abstract = {We extend arXiv:1706.03762.}}": None,
    "@article{a, doi = {10.1145/1706.03762}}": None,
    "TY  - JOUR\nAB  - As in arXiv:1706.03762\nER  - \n": None,
}


@pytest.mark.parametrize(("text", "expected"), WAYS.items())
def test_where_an_id_stands(text: str, expected: str | None) -> None:
    found = references.read(text.encode())
    assert (found.ids, found.broken) == ((expected,) if expected else (), None)
    assert (found.entries, found.described + found.without) == (1, 0 if expected else 1)


def test_what_has_no_id_gives_its_words() -> None:
    """Of titles and abstracts alone, each word once for a paper, without what TeX writes."""
    found = references.read(
        b'@article{a, title={{Pruning} of G{\\"o}del networks}, abstract={Pruning, \\emph{pruned}.}, year={x}}'
        b"@article{b, title={Pruning again}, eprint={2402.01306}}\n@article{c, year=2020}\n"
        b"TY  - JOUR\n@article{d, title={More pruning}}"
    )
    assert (found.ids, found.described, found.without) == (("2402.01306",), 2, 1)
    assert dict(found.words) == {"pruning": 2, "gödel": 1, "networks": 1, "pruned": 1, "more": 1}
    (word,) = references.read(b"TY  - JOUR\nT1  - Sparsity\nER  - ").words
    assert word == ("sparsity", 1)


def test_our_own_files_are_read_back() -> None:
    """What readers take along from us, several times over, each paper once."""
    papers = [a_paper(number, title="On {GPU}s, $x_{i}$ and “@misc{”") for number in range(1, 40)]
    rows = [paper_json(Entry(number=1, paper=one, issue=MONDAY, topics=()), ()) for one in papers]
    for form in ("bib", "ris"):
        text = citing.taken_along(rows, "Saved")[form]
        found = references.read(text + text)
        assert found.ids == tuple(one.arxiv_id for one in papers)
        assert (found.entries, found.without, found.broken) == (78, 0, None)


@pytest.mark.parametrize(
    ("text", "line", "ids"),
    [
        ("@misc{a,\n eprint={2402.01306}}\n@misc{b,\n title={open,\n}\n@misc{c, eprint={2402.01308}}", 3, (6, 8)),
        ("@misc{a, eprint={2402.01306}}\n\n@misc{b, title 5}\n@misc{c, eprint={2402.01308}}", 3, (6, 8)),
        ("@misc{a, eprint={2402.01306}", 1, ()),
        ('@misc{a, eprint={2402.01306}}\n@misc{b, url="x', 2, (6,)),
        ("TY  - A\nUR  - arxiv.org/abs/2402.01306\nTY  - A\nUR  - arxiv.org/abs/2402.01308\nER  - \n", 1, (8,)),
        ("TY  - A\nUR  - arxiv.org/abs/2402.01306\nER  - \nUR  - x\nTY  - A", 4, (6,)),
        ("\n%PDF-1.5", 1, ()),
    ],
)
def test_what_is_broken_costs_itself_alone(text: str, line: int, ids: tuple[int, ...]) -> None:
    found = references.read(text.encode())
    assert found.broken
    assert (found.broken[0], found.ids) == (line, tuple(f"2402.0130{one}" for one in ids))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text('@misc{}()"#,= \n\\aTYER-', max_size=80).map(str.encode)))
def test_anything_is_read_to_its_end(raw: bytes) -> None:
    found = references.read(raw)
    assert found.entries >= found.described + found.without
    assert found.entries or found.broken or not re.search(rb"[A-Za-z0-9]", raw) or b"@" in raw, "nothing is said of it"


@pytest.mark.parametrize(
    "piece",
    ["@a{", "@a{b,c={", '@a{b,c="', "@a\n", "@a{b,c=d # ", "@a{b" + " " * 50, " \n" * 40, "((", "TY  - A\n", "arxiv:"],
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    """Whatever is repeated: what is never closed, and what could be tried from every place."""
    assert is_linear(lambda size: lambda: references.read((piece * size).encode()), 1_000)
    assert is_linear(lambda size: lambda: references.read(("@a{b, c = {" + piece * size).encode()), 1_000)


TEXT = st.text("abc {}é,=#", max_size=20).filter(lambda text: text.count("{") == text.count("}") == 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99_999), TEXT, TEXT), min_size=1, max_size=5, unique_by=lambda one: one[0]))
def test_as_the_well_kept_parser_reads_it(entries: list[tuple[int, str, str]]) -> None:
    text = "".join(
        f'@misc{{k{number},\n title = {{{title}}},\n note = "{note}",\n eprint = {{2402.{number:05}}}\n}}\n'
        for number, title, note in entries
    )
    read = bibtexparser.parse_string(text)
    assert not read.failed_blocks
    assert references.read(text.encode()).ids == tuple(one["eprint"] for one in read.entries)


ROSTER = """\
topics:
  moe: {{categories: [cs.LG], interests: mixture of experts}}
subscribers:
  - email: ada@example.org
    like: {0}
  - email: bob@example.org
    like: [mine.bib]
"""


def _load(folder: Path, like: str) -> Roster:
    (folder / "subscribers.yaml").write_text(ROSTER.format(like), "utf-8")
    return subscribers.load(folder / "subscribers.yaml")


def test_a_file_beside_the_list(tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_text("@misc{a, eprint={2402.01306}}\n@misc{b, note={x}}\n@misc{c, url={arxiv.org/abs/2402.01308}}")
    roster = _load(tmp_path, "[2402.01306, 2310.06825, mine.bib]")
    ada, bob = roster.readers
    assert ada.wishes.leanings.like == ("2402.01306", "2310.06825", "2402.01308")
    assert bob.wishes.leanings.like == ("2402.01306", "2402.01308")
    (finding,) = roster.findings
    assert not finding.fatal
    assert "1 of 3 entries" in finding.problem
    assert is_unchanged(roster.made_of)
    file.write_text("@misc{a, eprint={2402.01309}}")
    assert not is_unchanged(roster.made_of)


def test_a_broken_file_is_one_finding_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.bib").write_text("@misc{a, eprint={2402.01306}}\n@misc{b, title={x\n\n@misc{c, title={y\n")
    roster = _load(tmp_path, "mine.bib")
    (finding,) = roster.findings
    assert (Path(finding.where).name, finding.line, finding.fatal) == ("mine.bib", 2, False)
    assert (len(roster.readers), roster.skipped) == (2, ())
    assert {one.wishes.leanings.like for one in roster.readers} == {("2402.01306",)}


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    roster = _load(tmp_path, "[2310.06825, mine.bib]")
    (finding,) = roster.findings
    assert "cannot read" in finding.problem
    assert "2 times" in finding.problem
    assert [one.wishes.leanings.like for one in roster.readers] == [("2310.06825",), ()]
    assert is_unchanged(roster.made_of)
    (tmp_path / "mine.bib").write_text("@misc{a, eprint={2402.01306}}")
    assert not is_unchanged(roster.made_of)


def test_a_reader_names_no_file(tmp_path: Path) -> None:
    """Neither on a page nor by a reply."""
    (tmp_path / "mine.bib").write_text("@misc{a, eprint={2402.01306}}")
    ada = _load(tmp_path, "mine.bib").readers[0]
    for text in ("mine.bib", str(tmp_path / "mine.bib"), "2402.01306, ../etc/passwd.ris"):
        with pytest.raises(Unfit):
            with_preference(ada, "like", text, ["moe"])
