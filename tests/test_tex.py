"""TeX → Unicode: tables of cases, anything at all, and the real papers."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tex import clean, to_unicode
from newsletter.tex.tables import SYMBOLS
from tests.growth import is_linear

ACCENTS = [
    (r"Gusm\~ao", "Gusmão"),
    (r"Gusm\~{a}o", "Gusmão"),
    (r"\'{e}", "é"),
    (r"{\"o}", "ö"),
    (r"\"{u}ber na\"ive", "über naïve"),
    (r"Fran\c cois \c{c}", "François ç"),
    (r"Erd\H{o}s, Ho\v s, \.Z, \'\i", "Erdős, Hoš, Ż, í"),
    (r"{\O}re \o stergaard \L ukasz \ss", "Øre østergaard Łukasz ß"),
    ("G{é}n{é}ralis{é}", "Généralisé"),
    ("Cafe\u0301", "Café"),
]
MATHS = [
    (r"\textbf{98$\times$}", "98×"),
    (r"62$\to$50\,ms", "62→50 ms"),
    (r"$\Theta(t^2)$", "Θ(t²)"),
    (r"$O(d\,\ln d\cdot (1-\epsilon^2))$", "O(d ln d·(1-ε²))"),
    (r"$O(d\log n)$", "O(d log n)"),
    (r"$\frac{a+1}{b}$, $\frac12$, $2\frac12$", "(a+1)/b, 1/2, 2 1/2"),
    (r"$\sqrt{n}$, $\sqrt[3]{x+1}$", "√n, ∛(x+1)"),
    (r"$x^{2n}$, $a_i^2$, H$_2$O, 10^5, 10^-3", "x²ⁿ, aᵢ², H₂O, 10⁵, 10⁻³"),
    (r"$p_{\mathrm{eff}}$, $e^{iq}$, $\ell_\infty$", "p_eff, e^iq, ℓ_∞"),
    (r"$x \in \mathbb{R}^d$, $\mathcal{O}(n)$", "x ∈ ℝᵈ, O(n)"),
    (r"$\tilde{\mathcal{O}}(ε^{-3})$, $\widehat{w_p}$", "Õ(ε⁻³), ŵₚ"),
    (r"$X^\top Y$, $360^\circ$, $n_\star$", "XᵀY, 360°, n_⋆"),
    (r"$ \\{ \lVert x \rVert \\} $", "{ ‖ x ‖ }"),
    (r"\(n\)-mode and \[ a \le b \]", "n-mode and a ≤ b"),
    (r"$O(L * s_ctx)$", "O(L * s_ctx)"),
    (r"$a \not\lesssim b \neq c$", "a ≴ b ≠ c"),
    (r"$\langle \texttt{/Think} \rangle$", "⟨/Think ⟩"),
]
TEXT = [
    (r"50\% of A\&B \#1", "50% of A&B #1"),
    ("25% of what follows stays", "25% of what follows stays"),
    ("files_touched", "files_touched"),
    ("$5 and $6", "$5 and $6"),
    (r"$5 for \textbf{x} and $6", "$5 for x and $6"),
    ("earns $80,000 a year, US$5 (A$7)", "earns $80,000 a year, US$5 (A$7)"),
    (r"(\$38k) for Tokens/\$", "($38k) for Tokens/$"),
    ("at $<$2% loss", "at <2% loss"),
    ("``quotes'' and `one' don't", "“quotes” and ‘one’ don't"),
    ("one--two---three a~b", "one–two—three a b"),
    ("run --flag ~5%", "run --flag ~5%"),
    (r"\emph{a} \texttt{b_c} {\sc Coden}", "a b_c Coden"),
    (r"\textbf{E}xpected \textbf{\underline{D}}is", "Expected Dis"),
    (r"\url{https://a.org/~x_y\%20}", "https://a.org/~x_y%20"),
    ("see https://a.org/~x_y--z.", "see https://a.org/~x_y--z."),
    (r"\href{https://a.org}{here}", "here (https://a.org)"),
    (r"shown~\cite{knuth84}", "shown [knuth84]"),
    (r"\ours{} and \ours, \rev{changed}", "ours and ours, changed"),
    (r"set-mem\-ber\-ship\\Next", "set-membership Next"),
    (r"foo\unicode{x2014}bar", "foo—bar"),
    (r"a \textitHow b", "a How b"),
    ("<b>bold</b> & <!--[if mso]>", "<b>bold</b> & <!–[if mso]>"),
]
DIRT = [
    ("a\x00b\x07c\x9fd", "abcd"),
    ("a\u2028b\u2029c\r\nd\te", "a b c d e"),
    ("a\u202eb\u2066c\u2069", "abc"),
    ("\ud800x", "\ufffdx"),
    ("שלום مرحبا 你好 🙂", "שלום مرحبا 你好 🙂"),
    (r"\unicode{x202e}\unicode{xd800}", "\ufffd"),
]


@pytest.mark.parametrize(("source", "expected"), ACCENTS + MATHS + TEXT + DIRT)
def test_case(source: str, expected: str) -> None:
    """Each form that authors use becomes what a reader expects."""
    assert expected == to_unicode(source)


DEEP = ["{" * 9000, "\\frac" * 3000, "$x_{" * 2000, "\\(" * 3000, "`" * 5000, "\\sqrt[" * 900, "$" * 9999]


@pytest.mark.parametrize("source", DEEP, ids=range(len(DEEP)))
def test_hostile_nesting_ends(source: str) -> None:
    """Depth and repetition neither raise nor take long."""
    assert isinstance(to_unicode(source), str)


SOUP = ["a", "word ", "7", "é", "中", "\u0301", "\u202e", "\x00", "\ud800", "🙂", "https://a.org/~x_y ", "$$", "\\\\"]
_PIECES = st.sampled_from([*r"\{}$^_~`'-%&#[]()| ", *"ab1é\u0301\u202e\x00", "\\frac", "\\textbf", "\\'", "\\", "$$"])


@given(st.one_of(st.text(), st.lists(_PIECES, max_size=60).map("".join)))
def test_never_raises_and_stays_encodable(source: str) -> None:
    """Whatever comes in, one encodable line without controls comes out."""
    result = to_unicode(source)
    result.encode()
    assert clean(result) == result
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in result)


@given(st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), min_size=1))
def test_plain_words_stay(words: list[str]) -> None:
    """Text without TeX is returned as it is."""
    assert to_unicode(" ".join(words)) == " ".join(words)


def test_twenty_thousand_strings_raise_nothing() -> None:
    """A soup of TeX, prices, paths and Unicode: always one line, and tenfold soup costs about tenfold."""
    soup = random.Random(20260309)
    atoms = [*r"\\{}$^_~`'-%&#[]() ", *SOUP, *(f"\\{name}" for name in soup.sample(sorted(SYMBOLS), 60))]
    for _ in range(20_000):
        source = "".join(soup.choices(atoms, k=soup.randrange(40)))
        result = to_unicode(source)
        assert result == clean(result), source
    assert is_linear(lambda size: partial(to_unicode, "".join(soup.choices(atoms, k=size))), 400)


@pytest.mark.parametrize("opening", [r"\[", r"\(", r"\cite[", r"\sqrt[", "$", "$$", "{", "^{"])
def test_what_is_never_closed_is_looked_for_once(opening: str) -> None:
    """A reader may send a megabyte of it in a bibliography."""
    assert is_linear(lambda size: partial(to_unicode, opening * size), 4_000)


# --- real papers, by a judge that shares nothing with the reader ------------

_OPERATORS = "log|ln|exp|sin|cos|tan|max|min|sup|inf|lim|arg|argmax|argmin|det|dim|mod|LaTeX|TeX"
_LETTERS = {"aa": "a", "AA": "A"} | {name: name for name in ("o", "O", "l", "L", "i", "ss", "ae", "AE", "oe", "OE")}
_FOLDED = {
    ord(char): plain
    for char, plain in zip("ßæÆœŒøØłŁıℓᵀ", ("ss", "ae", "AE", "oe", "OE", "o", "O", "l", "L", "i", "", ""), strict=True)
}


def _stream(text: str) -> str:
    """Letters and digits alone, accents and case folded away: what no conversion may change."""
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    return "".join(char for char in folded if char.isascii() and char.isalnum()).lower()


def _words_of_tex(source: str) -> str:
    """The raw text without the names of its commands, but with the words that some of them stand for."""
    said = re.sub(rf"\\({_OPERATORS})(?![A-Za-z])", r" \1 ", source)
    said = re.sub(r"\\([a-zA-Z]{1,2})(?![A-Za-z])", lambda found: _LETTERS.get(found[1], found[0]), said)
    return _stream(re.sub(r"\\[vucdrkHb](?=[ {])|\\[A-Za-z]+", "", said))


@pytest.mark.parametrize("name", ["seed-papers.jsonl", "awkward.jsonl"])
def test_real_papers_keep_every_word_and_lose_their_tex(real_data: Path, name: str) -> None:
    """Letter by letter the words of the raw text; no command and no formula's dollars are left."""
    rows = [json.loads(row) for row in (real_data / "arxiv" / name).read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 47
    for source in (row[field] for row in rows for field in ("title", "abstract")):
        result = to_unicode(source)
        assert _words_of_tex(source) == _stream(result), source
        assert not re.search(r"\\[A-Za-z]", result), result
        assert result.count("$") == len(re.findall(r"\\\$|\$\d+,\d{3}", source)), result  # prices


def test_real_authors_keep_every_letter(real_data: Path) -> None:
    """Names are accents and letters only."""
    rows = (real_data / "arxiv" / "awkward.jsonl").read_text(encoding="utf-8").splitlines()
    for author in (author for row in rows for author in json.loads(row)["authors"]):
        assert _words_of_tex(author) == _stream(to_unicode(author))
        assert "\\" not in to_unicode(author)
