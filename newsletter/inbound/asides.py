"""What may stand around a command without changing it: greetings, thanks, who writes, and why they leave."""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import doubts, forms, phrases, words
from newsletter.inbound.phrases import folded, without_accents

# Said before a command they refuse something else; alone or behind one they take it back.
_REFUSALS = "no thanks|no thank you|no more(/ please)|no"
_CJK_THANKING = re.compile(
    r"(?:ありがとうございま(?:す|した)|感謝(?:して(?:います|おります)|いたします)|お世話になりました|"
    r"감사(?:합니다|했습니다|드립니다)|고마웠습니다)$"
)
_NAMED = re.compile(
    r"(?:my name is|this is|it's|ich bin|mein name ist|hier ist|je suis|je m'appelle|soy|me llamo|sou|chamo-me|sono|"
    r"mi chiamo|меня зовут) (?:[^\W\d_][\w.'-]{0,30} ?){1,4}|我是\w{1,12}|\w{1,12}(?:です|と申します|입니다)",
    re.I,
)
_BUT = re.compile(r"^(?:but|aber|mais|pero|mas|ma|но|但是?|不过|ただ) ?", re.I)
_LONGEST = 160  # letters of a reason
_BROKEN = re.compile(
    r"(?=.*(?:link|button|knopf|bouton|lien|enlace|bot[oó]n|bot[ãa]o|pulsante|ссылк|кнопк|链接|鏈接|連結|按钮|按鈕|"
    r"リンク|ボタン|링크|버튼))"
    r".*(?:n[o']t (?:work|load|open)|isn't working|is broken|broken|dead|fails|404|kaputt|geht nicht|"
    r"funktioniert nicht|"
    r"ne (?:marche|fonctionne) pas|no funciona|nao funciona|non (?:va|funziona)|не работает|打不开|打不開|坏了|壞了|"
    r"无效|失效|"
    r"点不开|動きません|動かない|押せません|開け(?:ません|ない)|開か(?:ない|ず)|没反应|沒反應|反応し(?:ない|ません)|"
    r"작동하지|안 ?돼|안 ?되|열리지)"
)
# A clause in Chinese that says what has changed.
_CHANGED = re.compile(r"[\u3400-\u9fff]{2,20}了")
_ANOTHER = re.compile(r"[您你他她它们們吗嗎么]|誰|谁|请|請")


def is_aside(line: str) -> bool:
    """Whether a line before a command only greets, thanks, names who writes, or says why."""
    return all(is_aside_clause(clause) for clause in forms.clauses(line))


def is_aside_clause(clause: str) -> bool:
    return is_fixed(clause) or is_free(clause)


def may_follow(clause: str) -> bool:
    """Whether a clause behind a command leaves it as it is."""
    return is_fixed(clause) or (not _says_more(clause) and (_is_reason(clause) or _is_of_a_link(clause)))


def is_fixed(clause: str) -> bool:
    """A clause that says the same wherever it stands."""
    return forms.is_courtesy_clause(clause) or folded(clause) in _reasons()


def is_free(clause: str) -> bool:
    """A clause in somebody's own words about themselves, without a word that could be more than that."""
    if folded(clause) in _refusals():
        return True
    if _says_more(clause):
        return False
    plain = without_accents(_BUT.sub("", clause))
    if _is_reason(clause) or _is_of_a_link(clause):
        return True
    if words.stems().search(plain):
        return False
    if _of_oneself().search(plain):
        return True
    return bool(_CHANGED.fullmatch(plain)) and not _ANOTHER.search(plain)


def _says_more(clause: str) -> bool:
    return len(clause) > _LONGEST or "?" in clause or doubts.in_line(clause)


def _is_of_a_link(clause: str) -> bool:
    """Whether a clause says that another way out does not work."""
    return bool(_BROKEN.search(without_accents(clause)))


def _is_reason(clause: str) -> bool:
    plain = without_accents(_BUT.sub("", clause))
    if _thanking().search(plain) or _CJK_THANKING.search(plain):
        return True
    return bool(_because().search(plain) or _NAMED.fullmatch(clause)) and not words.stems().search(plain)


@cache
def _reasons() -> frozenset[str]:
    return frozenset(folded(one) for one in phrases.split(phrases.table("asides_reasons")))


@cache
def _refusals() -> frozenset[str]:
    return frozenset(folded(one) for one in phrases.split(_REFUSALS))


@cache
def _because() -> re.Pattern[str]:
    return phrases.anywhere(phrases.table("asides_because"), at_start=True)


@cache
def _of_oneself() -> re.Pattern[str]:
    return phrases.anywhere(phrases.table("asides_of_oneself"), at_start=True)


@cache
def _thanking() -> re.Pattern[str]:
    return phrases.anywhere(phrases.table("asides_thanking"), at_start=True)
