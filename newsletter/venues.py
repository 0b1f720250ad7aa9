"""Where a paper was accepted or published, as its authors say it in arXiv's comment or journal reference.

A rule of form: a word of acceptance and a name behind it, or a clause that is nothing but a name and a year. What is
only submitted or under review gives nothing. `venues.txt` beside this file knows how some names are written and
abbreviated; a name that is not in it is read all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from newsletter import tex
from newsletter.models import Paper

_LONGEST = 70  # characters of a name that has no abbreviation; what is longer is no name
_YEAR = r"(?:19|20)\d\d"
_SHORT_YEAR = r"[1-4]\d"  # 2010 to 2049, only with an apostrophe, a hyphen or nothing before it
_ABBREVIATION = r"(?-i:[A-Z])[A-Za-z0-9]*?(?:[/@+&-](?-i:[A-Z])[A-Za-z0-9]*?)*"
_TRACK = r"(?:workshops?|findings|main|industry|track|conference|demo|oral|posters?)\b"
_DATED = re.compile(
    rf"(?<![\w@/.-])(?P<first>{_ABBREVIATION}[ /])?(?!{_TRACK})(?P<name>{_ABBREVIATION})"
    rf"(?:(?:\s{_TRACK}){{0,2}}[\s-]*[’‘'(]?\s?(?P<year>{_YEAR})|[\s-]?[’‘']\s?(?P<apostrophe>\d\d)"
    rf"|[\s-]?(?P<short>{_SHORT_YEAR}))(?![\w%]|\.\d|[-–]\d)",
    re.I,
)
_BRACKETED = re.compile(rf"\((?P<name>(?:{_ABBREVIATION} )?{_ABBREVIATION})\)")
_PUBLISHER = re.compile(r"^(?:IEEE(?:/\w+)*|ACM(?:/\w+)*|Springer|IFIP|AAAI/ACM)[ /-]+", re.I)
_ANY_YEAR = re.compile(rf"(?<![\d.-]){_YEAR}(?![\d-])")
# What is said of the name: the last such word before it decides.
_ACCEPTED = re.compile(
    r"\b(?:accept(?:ed|d|ance)?|appear(?:s|ed|ing)?|published|publication|presented|presentation|proceedings?|proc\.|"
    r"in press|forthcoming|camera[- ]ready|contribution to|contributed to|received by|oral at|poster at)",
    re.I,
)
_NOT_YET = re.compile(
    r"\b(?:submi(?:t|ss)\w*|under (?:\w+ ){0,2}re(?:view|vision)\w*|in (?:peer )?re(?:view|vision)|preprint (?:for|to)|"
    r"prepar\w+ for|intended for|(?:to|will) be sent|rejected|not accepted|withdrawn from|target\w*)",
    re.I,
)
_ANOTHER = re.compile(
    r"\b(?:preliminary|earlier|previous\w*|prior|original\w*|reprod\w+|extend(?:s|ing)|extension of|builds? on|"
    r"based on|winn\w+|winning|challenge|competition|template|format|style file)\b",
    re.I,
)
_WORKSHOP = re.compile(r"workshops?\b|\bW(?:orksh)?\b", re.I)
_KINDS = (
    (_WORKSHOP, "workshop"),
    (re.compile(r"\bfindings\b", re.I), "Findings"),
    (re.compile(r"\boral\b", re.I), "oral"),
    (re.compile(r"\bspotlight\b", re.I), "spotlight"),
    (re.compile(r"\bdemo(?:nstrations?)?\b", re.I), "demo"),
)
# What may stand beside the name in a clause without a word of acceptance.
_BESIDE = re.compile(
    r"\b(?:the|an?|in|at|as|of|for|to|oral|posters?|spotlight|highlight|main|research|industry|special|conference|track|"
    r"findings|long|short|full|regular|paper|papers|presentation|camera|ready|version|workshops?|demo(?:nstration)?|demos|"
    r"session|proceedings|journal|ieee|acm|cvf|extended|abstract)\b",
    re.I,
)
_NOUN = re.compile(
    r"\b(?:Conference|Symposium|Workshop|Transactions|Journal|Letters|Proceedings|Congress|Annals|Magazine|Forum|Conf\.)",
    re.I,
)
_SMALL = r"(?:of|on|in|for|and|the|to|with|de|da|e|des|für|und|&|-|–)"
_CAPITAL = r"(?:\d+D\b|[A-ZÀ-Þ][\w’'./&+@-]*)"
_SERIES = rf"(?:,[ ]+{_CAPITAL})+,?[ ]+(?:and|&)[ ]+{_CAPITAL}"  # "Systems, Man, and Cybernetics"
_NAME = re.compile(rf"{_CAPITAL}(?:{_SERIES}|[ ]*[:&][ ]*{_CAPITAL}|[ ]+(?:{_SMALL}[ ]+){{0,2}}{_CAPITAL})*")
_LED_BY = re.compile(
    r"^(?:[\s:]|\b(?:as|an?|the|main|full|long|short|regular|conference|workshop|poster|oral|paper|papers|article|"
    r"presentation|publication|published|be|is|was|in|at|to|by|for|with|from|of|upcoming|proceedings?|volume|track|and|"
    r"presented|minor|revisions?|inclusion|journal|special issue|\d{1,4}(?:st|nd|rd|th|d)?)\b)*",
    re.I,
)
_ORDINAL = re.compile(
    r"^(?:(?:The|In|Proc(?:eedings)?\.?|Of|On)\b\s*|\d{1,3}(?:st|nd|rd|th)\s+|(?:19|20)\d\d\s+|"
    r"(?:(?:Twenty|Thirty|Forty|Fifty)[- ]?)?(?:First|Second|Third|Fourth|Fifth|Sixth|Seventh|Eighth|Ninth|Tenth|"
    r"Eleventh|Twelfth|Thirteenth|Fourteenth|Fifteenth|Sixteenth|Seventeenth|Eighteenth|Nineteenth|Twentieth|"
    r"Thirtieth|Fortieth|Fiftieth)\s+)+",
    re.I,
)
_NO_NAME = re.compile(
    r"(?:Pages?|Figures?|Tables?|Appendix|Code|Github|Project|Preprint|Paper|Journal|Conference|Proceedings|Workshop|"
    r"Publication|Version|Main|January|February|March|April|May|June|July|August|September|October|November|December|"
    r"IEEE|ACM|Xplore|IEEE Xplore|Springer|Elsevier|MDPI|ArXiv|LNCS|V\d+|Nov|Dec|Oct|Sept?|Aug|Feb|Jan|GPT|COVID)"
    r"(?: Conference| Paper)?\.?",
    re.I,
)
_LINK = re.compile(r"<?(?:https?://|www\.)\S+|\barXiv:\S+", re.I)
_CLAUSE = re.compile(r"[;\n|]|(?<=[\w)’'\"])[.!]\s+(?=[A-Z0-9\"“])|\s\.\s")
_CUT = re.compile(r"\b(?:Proc|Conf|Intl?|Trans|Lett|Phys|Vol|No|pp|al|vs|[A-Z])\.$")  # ends no clause


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    year: str
    start: int


@lru_cache(maxsize=4096)  # an email shows a paper several times while it is fitted
def venue_of(paper: Paper) -> str:
    """The venue, such as `ICLR 2026`, `CVPR 2026 Findings` or `NeurIPS 2025 workshop`; empty if none is stated."""
    referred = _of_reference(paper.journal_ref or "")
    commented = of_comment(paper.comment or "")
    return commented if referred and commented.startswith(referred) else referred or commented


def of_comment(comment: str) -> str:
    """The venue that arXiv's comment names, if the paper is accepted, published or presented there."""
    for clause in _clauses(comment):
        if found := _claimed(clause) or _bare(clause):
            return found
    return ""


def _of_reference(reference: str) -> str:
    """A journal reference is published by its nature."""
    text = _LINK.sub("", tex.to_unicode(reference))
    if not text.strip():
        return ""
    if found := _stated(text):
        return _written(found, text)
    title = _NAME.match(_ORDINAL.sub("", re.sub(r"^In(?=[A-Z])", "", text.strip())))
    years = _ANY_YEAR.findall(text)
    name = re.sub(rf"[\s,]*{_YEAR}$|(?<=[A-Za-z.])\d+$", "", title[0].strip(" :-&")) if title else ""
    return _label(re.sub(r"\.(?=[A-Z])", ". ", name), years[-1] if years else "", "")


def _clauses(comment: str) -> Iterator[str]:
    text = _LINK.sub(" ", tex.to_unicode(comment))
    start = 0
    for end in _CLAUSE.finditer(text):
        is_cut = _CUT.search(text[start : end.start() + 1]) or re.match(r"[A-Z]\w{0,4}\.", text[end.end() :])
        if text[end.start()] in ";\n|" or not is_cut:
            yield text[start : end.start()].strip()
            start = end.end()
    yield text[start:].strip()


def _claimed(clause: str) -> str:
    """The name that stands with a word of acceptance: behind it, or before it ("ICRA 2026 accepted")."""
    for word in _ACCEPTED.finditer(clause):
        if _denied(clause[: word.start()]):
            continue
        behind = _until_denied(clause[word.end() :])
        before = clause[: word.start()].rpartition(",")[2]
        if found := _stated(behind) or _dated(before) or _named(behind):
            return _written(found, clause[: word.end()] + behind)
    return ""


def _denied(before: str) -> bool:
    """Whether the clause begins by saying that it is not this paper's, or not yet."""
    claims = [found.end() for found in _ACCEPTED.finditer(before)]
    denials = [found.end() for found in _NOT_YET.finditer(before)]
    is_joined = re.search(r"(?:\b(?:and|but|now|then)|[,&:])\s*$", before)  # "submitted and accepted"
    is_other = _ANOTHER.search(before) or re.search(r"\bnot(?: yet)?\s*$", before, re.I)
    return bool(is_other) or (bool(denials) and not is_joined and max(denials) > max(claims, default=-1))


def _until_denied(behind: str) -> str:
    denials = [found.start() for pattern in (_NOT_YET, _ANOTHER) if (found := pattern.search(behind))]
    return behind[: min(denials, default=None)]


def _bare(clause: str) -> str:
    """A part of the clause between commas that holds only a name and a year, or begins as names of meetings do."""
    if _NOT_YET.search(clause) or _ANOTHER.search(clause):
        return ""
    for part in re.split(r",\s", clause):
        found = _dated(part) or _known(part)
        if found and not re.search(r"\w", _BESIDE.sub("", _without(part, found))):
            return _written(found, clause)
        if _NOUN.search(part) and re.search(r"\b(?:on|of|for|in)\b", part) and _is_title(part):
            found = _stated(clause) or _named(part)
            return _written(found, clause) if found else ""
    return ""


def _is_title(part: str) -> bool:
    """Whether the words are capitalised as those of a name are, from the first one on."""
    words = _ORDINAL.sub("", re.sub(r"\([^)]*\)", "", part).strip()).split()
    large = [word for word in words if not re.fullmatch(_SMALL, word)]
    return len(large) > 1 and all(word[0].isupper() or word[0].isdigit() for word in large)


def _without(part: str, found: _Found) -> str:
    dated = _DATED.search(part, found.start)
    rest = part[: found.start] + (part[dated.end() :] if dated else part[found.start + len(found.name) :])
    # A workshop's own name says nothing else.
    return re.sub(r"\bworkshop\b.*", "", rest, flags=re.I)


def _stated(text: str) -> _Found | None:
    """A name that can be told from other words wherever it stands; a known one before others."""
    dated = _dated(text)
    if dated and dated.name.upper() in _spellings():
        return dated
    return _spelled_out(text) or dated or _abbreviated(text)


def _dated(text: str) -> _Found | None:
    """The first abbreviation with a year, one that is known before others."""
    found = [one for match in _DATED.finditer(text) if (one := _of_match(match))]
    return next((one for one in found if one.name.upper() in _spellings()), next(iter(found), None))


def _of_match(match: re.Match[str]) -> _Found | None:
    first, name = (match["first"] or "").strip(" /"), match["name"].rpartition("@")[2]
    is_known = name.upper() in _spellings()
    if not is_known and (_NO_NAME.fullmatch(name) or sum(letter.isupper() for letter in name) < 2):
        return None
    if match["short"] and not (is_known or (name.isupper() and " " not in match[0])):
        return None
    if (first.upper() in _spellings() and not is_known) or (_PUBLISHER.match(f"{first} ") and len(name) < 3):
        name = f"{first} {name}"
    year = match["year"] or f"20{match['apostrophe'] or match['short']}"
    stated = _ANY_YEAR.findall(match.string)  # "(HPCA-32), 2026"
    return _Found(name, stated[0] if match["short"] and stated and year not in stated else year, match.start())


def _abbreviated(text: str) -> _Found | None:
    """`… Conference on Robotics and Automation (ICRA)`, the year anywhere beside it."""
    for match in _BRACKETED.finditer(text):
        name, year = _PUBLISHER.sub("", match["name"]), _ANY_YEAR.search(text)
        if not _NO_NAME.fullmatch(name) and (name.upper() in _spellings() or _abbreviates(name, text[: match.start()])):
            return _Found(match["name"] if len(name) < 3 else name, year[0] if year else "", match.start("name"))
    return None


def _abbreviates(short: str, long: str) -> bool:
    """Whether the letters follow one another in the text, the first one as an initial."""
    letters = ".*".join(map(re.escape, re.sub(r"\W|\d", "", short)))
    return len(short) > 1 and re.search(rf"\b{letters}", long, re.I) is not None


def _known(text: str) -> _Found | None:
    """A known abbreviation without a year."""
    for match in re.finditer(r"[A-Z][\w-]+", text):
        if match[0] in _spellings().values():
            return _Found(match[0], "", match.start())
    return None


def _spelled_out(text: str) -> _Found | None:
    """A known long name anywhere among the capitalised words."""
    for match in _NAME.finditer(text):
        name = re.sub(rf"[\s,]*\b{_YEAR}$", "", match[0])
        if short := _short_of(name):
            year = _ANY_YEAR.search(text)
            return _Found(short, year[0] if year else "", match.start())
    return None


def _named(text: str) -> _Found | None:
    """The capitalised words right behind the claim."""
    led = _LED_BY.match(text)
    start = led.end() if led else 0
    match = _NAME.match(text, start)
    if match is None or re.search(r"\bas(?: an?)?[\s:]*$", text[:start]):
        return None
    name = _ORDINAL.sub("", re.sub(rf"[\s,]*\b{_YEAR}$", "", match[0])).strip(" .-:")
    if not name or _NO_NAME.fullmatch(name) or not name[0].isupper():
        return None
    year = _ANY_YEAR.search(text)
    return _Found(name, year[0] if year else "", start)


def _written(found: _Found, clause: str) -> str:
    name = found.name
    is_workshop = name.endswith("W") and name[:-1].upper() in _spellings()
    kind = next((word for pattern, word in _KINDS if pattern.search(clause)), "")
    return _label(name[:-1] if is_workshop else name, found.year, "workshop" if is_workshop else kind)


def _label(name: str, year: str, kind: str) -> str:
    bare = _PUBLISHER.sub("", name)
    short = bare if re.fullmatch(r"[A-Z][A-Za-z/@&-]{2,}", bare) and " " not in bare else name
    shown = _spellings().get(short.upper()) or _short_of(name) or short
    if len(shown) > _LONGEST or not re.search(r"[A-Za-z]{2}", shown):
        return ""
    return " ".join(filter(None, (shown, year, "" if kind.lower() in shown.lower() else kind)))


def _short_of(name: str) -> str:
    """The abbreviation of a known name; what goes on behind it is another name."""
    bare = _plain(name)
    return next((short for long, short in _long_names().items() if f" {bare}".endswith(f" {long}")), "")


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[a-z]+", name.lower().replace("&", " and ")))


@cache
def _lines() -> tuple[tuple[str, str], ...]:
    text = resources.files("newsletter").joinpath("venues.txt").read_text("utf-8")
    rows = (line.partition("#")[0].split("|") for line in text.splitlines())
    return tuple((short.strip(), long[0].strip() if long else "") for short, *long in rows if short.strip())


@cache
def _spellings() -> Mapping[str, str]:
    return {short.upper(): short for short, _ in _lines()}


@cache
def _long_names() -> Mapping[str, str]:
    return {_plain(long): short for short, long in _lines() if long}
