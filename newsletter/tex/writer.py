"""The way back: Unicode as TeX that every engine reads, classic BibTeX included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from newsletter.tex.tables import ACCENTS, SYMBOLS

_SPECIAL = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "–": "--", "—": "---", "“": "``", "”": "''", "\u00a0": "~",
    "{": r"\ensuremath{\lbrace}", "}": r"\ensuremath{\rbrace}",  # BibTeX counts those behind a backslash
    **{mark: f"\\{mark}" for mark in "$&#%_"},
    **{mark: f"\\ensuremath{{{mark}}}" for mark in "<>|"},
}  # fmt: skip
_UNPLAIN = re.compile(r"[^ -~]|[\\{}$&#%_^~<>|]")
_LETTERS = "ss ae AE oe OE aa AA o O l L i dh DH th TH dj DJ ng NG"
# What LaTeX itself knows; of the Greek letters the form that looks like its character.
_MATH = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma varsigma tau upsilon "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega times cdot div pm mp oplus otimes "
    "cap cup vee wedge leq geq ll gg neq equiv approx sim simeq propto in notin subset subseteq perp rightarrow "
    "leftarrow leftrightarrow Rightarrow Leftrightarrow mapsto infty partial nabla forall exists emptyset ell sum prod "
    "int"
)


def to_tex(text: str) -> str:
    """The text with accents, common symbols and special characters as commands; all else stays Unicode."""
    return _UNPLAIN.sub(lambda found: _letter(found[0]), unicodedata.normalize("NFC", text))


@cache
def _letter(one: str) -> str:
    if found := _commands().get(one):
        return found
    parts = unicodedata.normalize("NFD", one)
    base, mark = parts[0], parts[1:]
    if mark in _accents() and base.isascii():
        name = _accents()[mark]
        return f"{{\\{name}{{{base}}}}}" if name.isalpha() else f"{{\\{name}{base}}}"
    return one


@cache
def _commands() -> Mapping[str, str]:
    letters = {SYMBOLS[name]: f"{{\\{name}}}" for name in _LETTERS.split()}
    return _SPECIAL | letters | {SYMBOLS[name]: f"\\ensuremath{{\\{name}}}" for name in _MATH.split()}


@cache
def _accents() -> Mapping[str, str]:
    return {mark: name for name, mark in ACCENTS.items() if len(name) == 1}
