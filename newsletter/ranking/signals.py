"""The words by which people say what they want to read and what they do not, in English and Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto


class Turn(Enum):
    """What a word means for the text after it."""

    WANTED = auto()
    UNWANTED = auto()
    NEITHER = auto()  # "unless …": what would make the exception


def _any(*patterns: str) -> str:
    return "|".join(patterns)


# --- labels: `Keep:`, `Not relevant:`, `不关注：`, a heading, the line above a list ---

_NO_CHINESE = (
    "不感兴趣|不太感兴趣|没有?兴趣|不关注|不关心|不相关|无关|不需要|不要|不想看|不想要|不看|不喜欢|不包括|不收|不选"
    "|排除|过滤掉?|忽略|剔除|跳过|避免|去掉"
)
_UNWANTED_LABEL = re.compile(
    _any(
        r"\b(?:irrelevant|unwanted|uninterest\w*|unimportant|filter(?:ed)?|exclu\w+|avoid\w*|skip\w*|ignor\w+)",
        r"\b(?:drop\w*|omit\w*|reject\w*|discard\w*|except\w*|leave (?:out|these|them|this)|off[- ]topic|out of scope)",
        r"\b(?:applications?|negatives?|dislikes?|boring|noise|never|cons?|downrank|block(?:ed|list)?|blacklist)\b",
        r"\b(?:not?|non|don['’]?t|do not|doesn['’]?t|nothing|less|low(?:er)?|without|no longer|least)\b.{0,30}"
        r"\b(?:want\w*|relevan\w*|interest\w*|keep|include\w*|care|like|need\w*|show|send|pick|priority)",
        r"\b(?:not|nothing)\b.{0,30}\b(?:looking for|about|of interest)|^no(?:t|pe)?$",
        _NO_CHINESE,
        "应用类|^应用$|除外|屏蔽|低优先级",
    ),
    re.IGNORECASE,
)
_WANTED_LABEL = re.compile(
    _any(
        r"\b(?:relevant|wanted|want|keep|interest(?:s|ed|ing)?|includ\w+|focus\w*|prefer\w*|priorit\w+|topics?|love)\b",
        r"\b(?:likes?|must[- ]read|nice to have|looking for|care about|core|positives?|yes|pick|select|show|send)\b",
        r"\b(?:reads?|important|pros)\b",
        "感兴趣|关注|关心|想看|想读|要看|保留|相关|重点|优先|喜欢|包括|需要|希望|主题|兴趣|方向",
    ),
    re.IGNORECASE,
)
_LONGEST_LABEL = 8  # words; more are a sentence that happens to have a colon


def of_label(text: str) -> Turn | None:
    """Whether a label or heading says that what follows is wanted or not; None if it is a name of something."""
    return _of(text) if len(re.findall(r"[\w'’-]+", text)) <= _LONGEST_LABEL else None


def is_label(text: str) -> bool:
    """Whether the text is nothing but a label: "Not interested", a line of its own above a list without bullets."""
    rest = _WANTED_LABEL.sub(" ", _UNWANTED_LABEL.sub(" ", text))
    return of_label(text) is not None and not says_something(rest)


def of_opening(text: str) -> Turn | None:
    """The same of the whole sentence that introduces a list, of any length."""
    start = re.split(r"\b(?:unless|except|if)\b|除非", text, maxsplit=1, flags=re.IGNORECASE)[0]
    turns = [cue.lastgroup for cue in _CUES.finditer(start) if cue.lastgroup in ("WANTED", "UNWANTED")]
    return Turn[turns[-1]] if turns else _of(start) if len(start.split()) <= 2 * _LONGEST_LABEL else None


def _of(text: str) -> Turn | None:
    if _UNWANTED_LABEL.search(text):
        return Turn.UNWANTED
    return Turn.WANTED if _WANTED_LABEL.search(text) else None


# --- within a sentence ---

# "but keep", "I am interested in": wanted again, also behind what was not.
_BACK = _any(
    r"(?<!n['’]t )(?<!not )\b(?:but|however|yet|though|instead|also|and|only|please|we|i|do|always)[ ,]+"
    r"(?:(?!(?:not|never|no|don|am not|do not)\b)\w+ ){0,2}?"
    r"(?:keep|include|want|like|love|read|follow|prefer|welcome|care about|care for|interested in)\b",
    r"^(?:keep|include|prefer)\b",
    "但(?:是)?(?:请)?(?:保留|关注|需要|想看|包括|对)|(?<!不)(?:感兴趣的是|关注的是|想看的是)",
)
_AWAY = _any(
    r"\b(?:not|never|n['’]t|no longer|am not|are not|is not|isn['’]t|aren['’]t|don['’]t|do not|doesn['’]t|cannot)"
    r"(?: (?:really|particularly|very|so|that|at all|usually|want to|wish to|need to|care to|to|be|get|any))"
    r"{0,3} (?:want(?:ed)?|relevant|interest(?:ed|ing)?(?: in)?|care(?: about| for)?|like|need(?:ed)?|keep|enjoy|follow"
    r"|includ(?:e|ed|ing)|show|send|pick|select|read|see|looking for|about|of interest)\b",
    r"\b(?:irrelevant|unwanted|uninterested in|off[- ]topic|out of scope|unimportant)\b",
    r"\b(?:avoid|exclud(?:e|es|ed|ing)|skip|ignor(?:e|es|ing)|omit|discard|reject|filter(?:ed)? out|filter|drop)\b",
    r"\bleave (?:out|off|aside|these|those|them|all|any|away)?(?: to\b)?",
    r"\b(?:less|no|little|low) interest(?:ed)?(?: in)?|\bnothing (?:about|on|to do with|from|that)\b",
    r"\b(?:except(?: for)?|excepting|apart from|aside from|other than|rather than|instead of|as opposed to)\b",
    r"\b(?:but|and|or) not\b|,\s*not\b|\b(?:tired of|bored (?:by|with|of))\b",
    r"(?:^|(?<=[,;，；(] )|(?<=\band )|(?<=\bbut )|(?<=\bplease ))no (?!matter|longer|need|doubt|less|more)",
    _NO_CHINESE,
    "而不是|而非",
)
# "Surveys are not wanted": it speaks of what stands before.
_BEHIND = (
    r"\b(?:(?:is|are)(?: not|n['’]t)(?: very)? (?:relevant|wanted|interesting|needed|of interest)"
    r"|(?:is|are) (?:irrelevant|unwanted|off[- ]topic|out of scope|unimportant|uninteresting|excluded))\b"
)
_EXCEPTION = _any(
    r"\b(?:unless|only (?:if|when|where)|except (?:when|where|if)|if (?:they|it|the)|even (?:if|when|though))\b", "除非"
)
_CUES = re.compile(
    f"(?P<BEHIND>{_BEHIND})|(?P<NEITHER>{_EXCEPTION})|(?P<UNWANTED>{_AWAY})|(?P<WANTED>{_BACK})", re.IGNORECASE
)
# Behind something unwanted: what it lacks is what would be wanted.
_LACKING = re.compile(
    r"\b(?:without|lacking|that lacks?|with no|that (?:bring|offer|add|have) (?:no|little))\b"
    "|缺乏|没有(?=.{0,12}(?:新|创新|贡献))",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?:\s+(?:is|are|was|were|be|and|or|but|also|please|we|i)|[\s,，、也并且和而])+$", re.IGNORECASE)
# Words of any interest text that name no subject.
EMPTY = frozenset(
    re.findall(
        r"\w+",
        "we i am my us me they them it those these that this you your our the a an and or of in on to for by with from "
        "as at is are be been was also please paper papers article articles work works research study studies topic "
        "topics area areas field fields anything everything something stuff things thing about keyword keywords "
        "interest interests interested relevant irrelevant wanted unwanted keep filter only mainly mostly usually "
        "especially particularly particular etc and so forth any all other others such like e g following criteria use "
        "focus here there really very much do not no",
    )
)
_CHINESE_EMPTY = re.compile(
    "我们?|对|的|以及|和|等|论文|文章|研究|方向|工作|类|内容|主题|领域|相关|请|都|也|比较|特别|尤其|主要"
)


def says_something(text: str) -> bool:
    """Whether a piece names a subject at all."""
    return any(word.lower() not in EMPTY for word in re.findall(r"[^\W\d_]+", _CHINESE_EMPTY.sub(" ", text)))


def parts(sentence: str, turn: Turn) -> Iterator[tuple[Turn, str]]:
    """The pieces of a sentence and their meanings; `turn` applies up to the first word that changes it."""
    sentence = sentence.strip().rstrip(".;。；!！")
    cues = list(_CUES.finditer(sentence))
    starts = [0, *(cue.end() for cue in cues)]
    ends = [*(cue.start() for cue in cues), len(sentence)]
    texts = [sentence[start:end].strip(" ,，、:：") for start, end in zip(starts, ends, strict=True)]
    for own, text in zip(_meant(turn, cues, texts), texts, strict=True):
        whole = _LACKING.split(text, maxsplit=1)[0] if own is Turn.UNWANTED else text
        if whole and own is not Turn.NEITHER:
            yield own, _TAIL.sub("", whole)


def _meant(turn: Turn, cues: list[re.Match[str]], texts: list[str]) -> list[Turn]:
    """The meaning of each text, from the word before it, or from a word at its end."""
    turns = [turn, *(turn if cue.lastgroup == "BEHIND" else Turn[cue.lastgroup or "WANTED"] for cue in cues)]
    for number, cue in enumerate(cues):
        ends = turns[number + 1] is Turn.UNWANTED and not says_something(texts[number + 1])
        if cue.lastgroup == "BEHIND" or ends:
            turns[number] = Turn.UNWANTED
    return turns
