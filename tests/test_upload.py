"""A bibliography on the preferences page: its arXiv ids are added to what the reader likes, and it is not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from urllib3 import encode_multipart_formdata

from newsletter.subscribers import load
from newsletter.tokens import Purpose
from tests.site import ADA, Answer, Site, server, site

__all__ = ["server", "site"]
BIB = (
    b"@misc{a, eprint={2402.01306}}\n@misc{b, title={No number}}\n@misc{c, url={https://arxiv.org/abs/2310.06825v2}}\n"
)
RIS = b"TY  - UNPB\nUR  - https://arxiv.org/abs/2402.01308\nER  - \n"


def _path(site: Site) -> str:
    return f"/p/{site.token(Purpose.PREFERENCES)}"


def _send(site: Site, content: bytes, name: str = "mine.bib") -> Answer:
    body, kind = encode_multipart_formdata({"bibliography": (name, content, "text/plain"), "do": "upload"})
    return site.ask("POST", _path(site), body, {"Content-Type": kind})


def _liked(site: Site, email: str = ADA) -> tuple[str, ...]:
    reader = site.counter.store.reader(site.ids[email])
    assert reader
    return reader.wishes.leanings.like


def _words(site: Site) -> tuple[tuple[str, int], ...]:
    reader = site.counter.store.reader(site.ids[ADA])
    assert reader
    return reader.wishes.leanings.library


def test_its_papers_are_added(site: Site) -> None:
    answer = _send(site, BIB)
    assert answer.status == 200
    assert (
        "Papers added from your file: 2. Entries without an arXiv identifier, of which the words count: 1."
        in answer.text
    )
    assert 'value="2402.01306, 2310.06825"' in answer.text
    _send(site, RIS, "export.ris")
    again = _send(site, BIB)
    assert "Papers added from your file: 0." in again.text
    assert _liked(site) == ("2402.01306", "2310.06825", "2402.01308")
    assert _liked(site, "chen@example.org") == ()
    assert _words(site) == (("number", 1),), "a second time adds nothing"
    (ada,) = (one for one in load(site.settings.subscribers).readers if one.email == ADA)
    assert ada.wishes.leanings.like == _liked(site), "the file follows"
    assert ada.wishes.leanings.library == _words(site)
    site.ask("POST", _path(site), b"do=save&library=", {"Content-Type": "application/x-www-form-urlencoded"})
    assert _words(site) == ()


def test_what_cannot_be_read_is_said_and_the_rest_counts(site: Site) -> None:
    answer = _send(site, BIB + b"@misc{d, title={open\n")
    assert "Line 4 and what belongs to it could not be read." in answer.text
    assert len(_liked(site)) == 2


def _of(count: int) -> bytes:
    return b"".join(b"@misc{a, eprint={2402.%05d}}\n" % number for number in range(count))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither an arXiv identifier nor a title"),
        (b"\x89PNG\r\n" + bytes(range(256)) * 50, "neither an arXiv identifier nor a title"),
        (b"@misc{a, note={No number}}", "neither an arXiv identifier nor a title"),
        (_of(2_001), "more than 2,000 papers"),
        (BIB + b" " * (1 << 20), "larger than 1 MiB"),
    ],
)
def test_what_is_refused_changes_nothing(site: Site, content: bytes, said: str) -> None:
    before = site.snapshot()
    answer = _send(site, content)
    assert (answer.status, said in answer.text) == (422, True)
    assert (_liked(site), site.snapshot()) == ((), before)


def test_the_most_fit_on_the_page(site: Site) -> None:
    """And the page can be saved with them."""
    assert _send(site, _of(2_000)).status == 200
    assert len(_liked(site)) == 2_000
    assert _send(site, BIB).status == 422, "with those that are there"
    saved = site.ask(
        "POST", _path(site), b"do=save&like=" + "%2C+".join(_liked(site)[:-1]).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert (saved.status, len(_liked(site))) == (200, 1_999)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=other", "multipart/form-data; x"]
)
def test_broken_forms_change_nothing(site: Site, kind: str) -> None:
    body, _ = encode_multipart_formdata({"bibliography": ("mine.bib", BIB, "text/plain")})
    assert site.ask("POST", _path(site), body[:-9], {"Content-Type": kind}).status == 422
    assert _liked(site) == ()


def test_the_name_of_a_file_is_only_a_name(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on the server is not opened, and what was sent never lay on a disk."""
    (tmp_path / "own.bib").write_bytes(RIS)
    assert _send(site, b"own.bib", str(tmp_path / "own.bib")).status == 422
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there is none"))
    large = BIB + b"%" * ((1 << 20) - len(BIB) - 1_000)
    assert _send(site, large, "../../x.bib").status == 200
    assert [file.name for file in tmp_path.rglob("*.bib")] == ["own.bib"]
    assert _liked(site) == ("2402.01306", "2310.06825")


def test_in_a_browser_without_scripts(site: Site, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_bytes(BIB)
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"http://127.0.0.1:{site.port}{_path(site)}")
    page.set_input_files("#bibliography", file)
    page.click("button[value=upload]")
    assert "Papers added from your file: 2." in page.content()
    page.close()
    assert len(_liked(site)) == 2
