"""arXiv's categories, for "did you mean"; one that arXiv adds later is a warning, never refused.

https://arxiv.org/category_taxonomy
"""

from __future__ import annotations

import re

from newsletter.subscribers import shapes
from newsletter.subscribers.shapes import shaped
from newsletter.subscribers.tree import Unfit, nearest

_SHAPE = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]{2}|\.[a-z]+(?:-[a-z]+)*)?", re.ASCII)
_SUBJECTS = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC "
    "SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "nlin": "AO CD CG PS SI",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph "
    "geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "stat": "AP CO ME ML OT TH",
}
_WHOLE = ("gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nucl-ex", "nucl-th", "quant-ph")
KNOWN = frozenset([*_WHOLE, *(f"{archive}.{one}" for archive, all_ in _SUBJECTS.items() for one in all_.split())])
_BY_LOWER = {name.lower(): name for name in KNOWN}


@shaped(
    {
        "anyOf": [
            {"enum": sorted(KNOWN)},
            shapes.text(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]{2}|\.[a-z]+(?:-[a-z]+)*)?")
            | {"not": {"enum": sorted({*_SUBJECTS, *_BY_LOWER} - KNOWN)}},
        ]
    }
)
def category(text: str) -> str:
    """The name of one category as arXiv spells it."""
    if text in KNOWN:
        return text
    if text in _SUBJECTS:
        raise Unfit(
            f"{text!r} is an archive of several categories", f"name them, e.g. {text}.{_SUBJECTS[text].split()[0]}"
        )
    if text.lower() in _BY_LOWER or not _SHAPE.fullmatch(text):
        meant = meant_by(text)
        raise Unfit(f"{text!r} is not an arXiv category", f"did you mean {meant!r}?" if meant else "write it as cs.LG")
    return text


def meant_by(text: str) -> str | None:
    """The known category that is nearest to a word."""
    return _BY_LOWER.get(text.lower()) or _BY_LOWER.get(nearest(text, _BY_LOWER) or "")
