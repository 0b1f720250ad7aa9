"""Where a paper was accepted: found in what its authors say, never invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.venues import of_comment, venue_of
from tests.conftest import ROOT
from tests.factories import a_paper
from tests.mails import real_papers

LABELS = ROOT / "tests" / "data" / "venues.txt"
FOUND = 0.95  # of the papers whose comment names a venue


def labels() -> dict[str, str]:
    rows = (line.partition(" ") for line in LABELS.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {arxiv_id: label for arxiv_id, _, label in rows}


def test_real_comments(real_data: Path) -> None:
    """Of 200 and more labelled by hand, nearly all names are found, and none where there is none."""
    folder = real_data / "arxiv"
    files = [*folder.glob("**/days/*.jsonl.gz"), folder / "seed-papers.jsonl", folder / "awkward.jsonl"]
    rows = (paper for file in files for paper in real_papers(real_data, str(file.relative_to(folder))))
    papers = {paper.arxiv_id: paper for paper in rows if paper.comment}
    known = labels()
    assert len(known) >= 200
    assert known.keys() <= papers.keys()
    said = {arxiv_id: venue_of(papers[arxiv_id]) for arxiv_id in known}
    assert {} == {arxiv_id: said[arxiv_id] for arxiv_id, label in known.items() if said[arxiv_id] and not label}
    named = [arxiv_id for arxiv_id, label in known.items() if label]
    right = [arxiv_id for arxiv_id in named if said[arxiv_id] == known[arxiv_id]]
    assert len(right) >= FOUND * len(named), [(one, known[one], said[one]) for one in named if said[one] != known[one]]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("Accepted at ICLR 2026", "ICLR 2026"),
        ("9 pages, 3 figures. ICLR2026", "ICLR 2026"),
        ("To appear in CHI '26; 8 pages", "CHI 2026"),
        ("AAAI-26", "AAAI 2026"),
        ("Accepted by CVPR Findings 2026", "CVPR 2026 Findings"),
        ("CPAL 2026 (Oral)", "CPAL 2026 oral"),
        ("Accepted to the Workshop on Sparse Things at ICLR 2026", "ICLR 2026 workshop"),
        ("Accepted at the 2026 IEEE International Conference on Robotics and Automation (ICRA)", "ICRA 2026"),
        ("Accepted at IEEE VR 2026", "IEEE VR 2026"),
        ("Submitted to ICML 2025 and accepted", "ICML 2025"),
        ("Rejected from CVPR 2026, accepted at BMVC 2026", "BMVC 2026"),
        # Names that no list knows.
        ("Accepted at SysNova 2031", "SysNova 2031"),
        ("In Proceedings QXL 2029, arXiv:2901.00001", "QXL 2029"),
        ("To appear in Letters on Imaginary Optics", "Letters on Imaginary Optics"),
        ("Accepted for publication in the Journal of Invented Results (JIR)", "JIR"),
        (
            "Accepted by the 7th European Symposium on Quiet Machines, Graz, 2030",
            "European Symposium on Quiet Machines 2030",
        ),
        # Nothing yet, or nothing of this paper.
        ("Submitted to ICML 2026", ""),
        ("Under review at NeurIPS 2026", ""),
        ("ACL 2026 submission", ""),
        ("Preprint for CHI 2026", ""),
        ("Not accepted at ICLR 2026", ""),
        ("Accepted", ""),
        ("Reproduction of a method (ICCV 2023). 9 pages", ""),
        ("A preliminary version appeared in the proceedings of NeurIPS 2021", ""),
        ("Winner of the KDD Cup 2025 challenge", ""),
        ("Code for GPT-4 and LLaMA 2 at https://example.org/ICLR2026", ""),
        ("12 pages, 4 figures, data of 2024", ""),
        ("", ""),
    ],
)
def test_the_form_decides(comment: str, expected: str) -> None:
    """A word of acceptance and a name, or a clause that is only a name and a year; else nothing."""
    assert of_comment(comment) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Phys.Lett.B573:94-100,2003", "Phys. Lett. B 2003"),
        ("Nature Communications 15, 1234 (2024)", "Nature Communications 2024"),
        ("Transactions on Machine Learning Research, 2025", "TMLR 2025"),
        ("Systems, Man, and Things 12(3):1-9, 2031", "Systems, Man, and Things 2031"),
        ("2024", ""),
        ("", ""),
    ],
)
def test_a_journal_reference_is_published(reference: str, expected: str) -> None:
    """Its name and its year, whatever is written between them; it goes before the comment."""
    assert venue_of(a_paper(1, journal_ref=reference)) == expected
    assert venue_of(a_paper(1, journal_ref=reference, comment="Accepted at ICRA 2026")) == expected or "ICRA 2026"


def test_other_conferences_do_not_become_known_ones() -> None:
    """A name that only begins or ends like a known one is another's."""
    for comment in (
        "Accepted at the International Conference on Machine Learning and Applications 2026",
        "Accepted by the European Semantic Web Conference 2026",
        "Accepted at the SIAM International Conference on Data Mining 2026",
        "Accepted at the Asian Conference on Machine Learning 2026",
    ):
        assert not {"ICML", "WWW", "ICDM"} & set(of_comment(comment).split()), comment
