"""The words by which people say what they want to read and what they do not, in English and Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto


class Turn(Enum):
    """What a word makes of the text behind it."""

    WANTED = auto()
    UNWANTED = auto()
    NEITHER = auto()  # "unless …", "without …": what would make the exception


# --- labels: `Keep:`, `Not relevant:`, `不关注：`, a heading, the line above a list ---

_UNWANTED_LABEL = re.compile(
    r"\b(?:irrelevant|unwanted|uninterest\w*|filter(?:ed)?(?: out)?|exclu\w+|avoid\w*|skip\w*|ignor\w+|drop\w*|omit\w*"
    r"|reject\w*|discard\w*|except\w*|leave (?:out|these|them|this)|off[- ]topic|out of scope|applications?|negatives?"
    r"|dislikes?|boring|noise|never|cons?|downrank|block(?:ed|list)?|blacklist|unimportant"
    r"|(?:not?|non|don['’]?t|do not|doesn['’]?t|nothing|less|low(?:er)?|without|no longer|least)\b.{0,30}"
    r"\b(?:want\w*|relevan\w*|interest\w*|keep|include\w*|care|like|need\w*|show|send|pick|priority|looking for|about|of))"
    r"|^no(?:t|pe)?$|不感兴趣|不太感兴趣|没兴趣|没有兴趣|不关注|不关心|不相关|无关|不需要|不要|不想|不看|不喜欢|不包括|不收|不选"
    r"|排除|过滤|忽略|剔除|跳过|避免|除外|屏蔽|去掉|应用类|^应用$|低优先级",
    re.IGNORECASE,
)
_WANTED_LABEL = re.compile(
    r"\b(?:relevant|wanted|want|keep|interest(?:s|ed|ing)?|includ\w+|focus\w*|prefer\w*|priorit\w+|topics?|love|likes?"
    r"|must[- ]read|looking for|care about|core|positives?|yes|pick|select|show|send|read|important|pros|reads?)\b"
    r"|感兴趣|关注|关心|想看|想读|要看|保留|相关|重点|优先|喜欢|包括|需要|希望|主题|兴趣|方向",
    re.IGNORECASE,
)
_LONGEST_LABEL = 8  # words; more are a sentence that happens to have a colon


def of_label(text: str) -> Turn | None:
    """Whether a label or heading says that what follows is wanted or not; None where it is a name of something."""
    words = re.findall(r"[\w'’-]+", text)
    if len(words) > _LONGEST_LABEL:
        return None
    return _of(text)


def of_opening(text: str) -> Turn | None:
    """The same of the whole sentence that introduces a list, of any length."""
    start = re.split(r"\b(?:unless|except|if)\b|除非", text, maxsplit=1, flags=re.IGNORECASE)[0]
    turns = [turn for turn, _ in _turns(start) if turn is not Turn.NEITHER]
    return turns[-1] if turns else _of(start) if len(start.split()) <= 2 * _LONGEST_LABEL else None


def _of(text: str) -> Turn | None:
    if _UNWANTED_LABEL.search(text):
        return Turn.UNWANTED
    return Turn.WANTED if _WANTED_LABEL.search(text) else None


# --- within a sentence ---

_NOT = r"(?:not|never|n['’]t|no longer)(?: really| particularly| very| so| at all| usually| necessarily| that| to)*"
_TURNS = (
    # "but keep", "I am interested in": back to wanted, also behind what was not.
    (
        Turn.WANTED,
        r"\b(?:but|however|yet|though|instead|also|and|only|please|we|i|do|always|,)[ ,]+(?:\w+ ){0,2}?"
        r"(?:keep|include|want|like|love|read|follow|prefer|welcome|care about|care for|interested in)\b"
        r"|^(?:keep|include|prefer)\b|但(?:是)?(?:请)?(?:保留|关注|需要|想看|包括|对)|(?<!不)(?:感兴趣的是|关注的是|想看的是)",
    ),
    (
        Turn.UNWANTED,
        rf"\b(?:{_NOT}|am not|are not|is not|isn['’]t|aren['’]t|don['’]t|do not|doesn['’]t|cannot)"
        r"(?: really| particularly| very| so| at all| usually| want to| wish to| need to| care to| to| be| get| any){0,3} "
        r"(?:want(?:ed)?|relevant|interest(?:ed|ing)?(?: in)?|care(?: about| for)?|like|need(?:ed)?|keep|includ(?:e|ed|ing)|show|send"
        r"|pick|select|read|see|looking for|about|of interest|enjoy|follow)\b"
        r"|\b(?:irrelevant|unwanted|uninterested in|off[- ]topic|out of scope|unimportant)\b"
        r"|\b(?:avoid|exclud(?:e|es|ed|ing)|skip|ignor(?:e|es|ing)|omit|discard|reject|filter(?:ed)? out|filter|drop)\b"
        r"|\bleave (?:out|off|aside|these|those|them|all|any|away)?(?: to\b)?|\b(?:less|no|little|low) interest(?:ed)?(?: in)?"
        r"|\b(?:except(?: for)?|excepting|apart from|aside from|other than|rather than|instead of|as opposed to)\b"
        r"|\b(?:but|and|or|,) not\b|,\s*not\b|\bnothing (?:about|on|to do with|from|that)\b|\b(?:tired of|bored (?:by|with|of))\b"
        r"|(?:^|(?<=[,;，；(] )|(?<=\band )|(?<=\bbut )|(?<=\bplease ))no (?!matter|longer|need|doubt|less|more)"
        r"|不感兴趣|不太感兴趣|没有?兴趣|不关注|不关心|不相关|无关|不需要|不要|不想看|不想要|不看|不喜欢|不包括|不收|不选"
        r"|排除|过滤掉?|忽略|剔除|跳过|避免|去掉|而不是|而非",
    ),
    (
        Turn.NEITHER,
        r"\b(?:unless|only (?:if|when|where)|except (?:when|where|if)|if (?:they|it|the)|even (?:if|when|though))\b|除非",
    ),
)  # fmt: skip
_CUES = re.compile("|".join(f"(?P<{turn.name}>{pattern})" for turn, pattern in reversed(_TURNS)), re.IGNORECASE)
# Behind something unwanted: what it lacks is what would be wanted.
_LACKING = re.compile(
    r"\b(?:without|lacking|that lacks?|with no|that (?:bring|offer|add|have) (?:no|little))\b|缺乏|没有(?=.{0,12}(?:新|创新|贡献))",
    re.IGNORECASE,
)
# Words of any interest text that name no subject.
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "we i am my us me they them it those these that this you your our the a an and or of in on to for by with from as at "
        "is are be been was also please paper papers article articles work works research study studies topic topics area "
        "areas field fields anything everything something stuff things thing about keyword keywords interest interests "
        "interested relevant irrelevant wanted unwanted keep filter only mainly mostly usually especially particularly "
        "particular etc and so forth any all other others such like e g i following criteria use focus here there really "
        "very much do not no",
    )
)
_CHINESE_EMPTY = re.compile(r"(?:我们?|对|的|以及|和|等|论文|文章|研究|方向|工作|类|内容|主题|领域|相关|请|都|也|比较|特别|尤其|主要)")


def says_something(text: str) -> bool:
    """Whether a piece names a subject at all."""
    return any(word.lower() not in _EMPTY for word in re.findall(r"[^\W\d_]+", _CHINESE_EMPTY.sub(" ", text)))


def parts(sentence: str, turn: Turn) -> Iterator[tuple[Turn, str]]:
    """The pieces of a sentence and what each is; `turn` counts up to the first word that says otherwise."""
    sentence = sentence.strip().rstrip(".;。；!！")
    cues = list(_turns(sentence))
    starts = [0, *(found.end() for _, found in cues)]
    ends = [*(found.start() for _, found in cues), len(sentence)]
    texts = [sentence[start:end].strip(" ,，、:：") for start, end in zip(starts, ends, strict=True)]
    turns = [turn, *(found for found, _ in cues)]
    for place in range(1, len(texts)):
        # "Surveys are not wanted": what is meant stands before.
        if turns[place] is Turn.UNWANTED and not says_something(texts[place]) and turns[place - 1] is not Turn.UNWANTED:
            turns[place - 1] = Turn.UNWANTED
    for own, text in zip(turns, texts, strict=True):
        if text and own is not Turn.NEITHER:
            yield own, _LACKING.split(text, maxsplit=1)[0].strip(" ,，") if own is Turn.UNWANTED else text


def _turns(sentence: str) -> Iterator[tuple[Turn, re.Match[str]]]:
    for found in _CUES.finditer(sentence):
        yield Turn[found.lastgroup or "WANTED"], found
