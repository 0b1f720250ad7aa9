"""What may stand around a command without changing it: greetings, thanks, who writes, and why they leave."""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import doubts, forms, phrases, words
from newsletter.inbound.phrases import folded, without_accents

# Whole clauses.
_REASONS = (
    "too many (e/)mails|(not/no longer) interested|(not/no longer) (relevant/needed/useful)(/ to me/ for me)|"
    "it is too much|too much|wrong (person/address/recipient)|you have the wrong (person/address)|no thanks|"
    "no thank you|no more(/ please)|(/the /this )newsletter|so|no|again|second request|third request|reminder|"
    "final request|urgent|enough|"
    "不需要了|用不上了|用不到了|不感兴趣(了/)|没兴趣了|沒興趣了|(邮件/郵件)太多(了/)|太多了|已(经/經/)毕业(了/)|"
    "已畢業|已(经/)离职|已换方向|"
    "(我/)(已经/已/)(不做/不再做/不研究)(这个/该/这/)(方向/领域)了|回复|回覆|回復|请尽快处理|請儘快處理|尽快处理|"
    "請盡快處理|申请|申請|劳驾|勞駕|亲|老师(好/)|老師(好/)|编辑(好/)|(我的/)邮箱(地址/)(是/为/)|(我的/)郵箱(是/)|"
    "my e(-/)mail(/ address)( is/)|e(-/)mail|"
    "恐れ入りますが|お手数ですが|お手数をおかけしますが|お手数をおかけいたしますが|大変恐縮ですが|恐縮ですが|"
    "申し訳ありませんが|申し訳ございませんが|勝手ながら|誠に勝手ながら|죄송하지만|죄송합니다만|번거로우시겠지만|"
    "kein interesse(/ mehr)|zu viele mails|falsche (person/adresse)|"
    "désolé(/e)|desole|lo siento|desculpe(/m)|scusate|mi dispiace|извините|tut mir leid|entschuldigung|"
    "plus intéressé|trop de mails|demasiados correos|ya no me interesa|muitos e-mails|troppe email|слишком много писем"
)
# The beginnings of clauses in which people speak of themselves.
_OF_ONESELF = (
    "i |i'm |i've |i'd |we |we're |we've |my |because i |because my |as i |since i |due to |owing to |unfortunately|"
    "it's been |it has been |this is not (for/relevant/useful)|not (really /)(interested/relevant/useful/my field)|"
    "no longer (interested/relevant/useful/needed)|hope (you/this)|under (the /)(gdpr/article)|pursuant to |gemass |"
    "ich |wir |mein |meine |da ich |weil ich |leider|aus zeitgründen|aus zeitmangel|kein interesse|keine zeit|wegen |"
    "je |j'|nous |mon |ma |malheureusement|faute de temps|par manque de temps|suite a |en raison de |n'etant plus |"
    "yo |ya no |mi |lamentablemente|desgraciadamente|debido a |por (falta/motivos/cambio)|he (dejado/cambiado) |"
    "eu |ja nao |minha |meu |infelizmente|devido a |por (falta/motivos/mudanca) |"
    "non (ho/sono/mi/lavoro/ne ho) |mi sono |purtroppo|per (motivi/mancanza) |a causa |ho (cambiato/lasciato) |"
    "я |у меня |мы |к сожалению|в связи с |так как я |поскольку я |из-за |больше не (интересно/актуально/занимаюсь)|"
    "我|本人|由于|由於|因为|因為|因|最近|现在|目前|实在|實在|每天|内容|內容|邮件|郵件|研究方向|工作(变/調/调)|"
    "私|当方|仕事|研究|異動|退職|卒業|最近|都合|多忙|もう|저는|제가|요즘|더이상|더 이상|업무|바빠|바쁘|졸업|퇴사"
)
_THANKING = (
    "thanks for |thank you for |thanks again|many thanks for |thanks but|thanks a lot|it's been great|great newsletter|"
    "i appreciate |i (enjoyed/liked/loved) |danke für |vielen dank für |herzlichen dank für |besten dank für |"
    "merci pour |merci beaucoup pour |merci bien pour |gracias por |muchas gracias por |obrigad(o/a) (pelo/pela/por) |"
    "muito obrigad(o/a) (pelo/pela/por) |grazie per |grazie mille per |molte grazie per |спасибо за |"
    "большое спасибо за |"
    "благодарю за |感谢|感謝|谢谢(您/你)(的/们)|謝謝(您/你)(的/們)|多谢(您/你)|辛苦"
)
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
# A clause in Chinese that says what has changed.
_CHANGED = re.compile(r"[\u3400-\u9fff]{2,20}了")
_ANOTHER = re.compile(r"[您你他她它们們吗嗎么]|誰|谁|请|請")


def is_aside(line: str) -> bool:
    """Whether a line only greets, thanks, names who writes, or says why."""
    return all(is_aside_clause(clause) for clause in forms.clauses(line))


def is_aside_clause(clause: str) -> bool:
    return is_fixed(clause) or is_free(clause)


def is_fixed(clause: str) -> bool:
    """A clause that says the same wherever it stands."""
    return forms.is_courtesy_clause(clause) or folded(clause) in _reasons()


def is_free(clause: str) -> bool:
    """A clause in somebody's own words about themselves, without a word that could be more than that."""
    plain = without_accents(_BUT.sub("", clause))
    if len(plain) > _LONGEST or "?" in plain or doubts.in_line(clause):
        return False
    if _thanking().search(plain) or _CJK_THANKING.search(plain):
        return True
    if words.stems().search(plain):
        return False
    if _of_oneself().search(plain) or _NAMED.fullmatch(clause):
        return True
    return bool(_CHANGED.fullmatch(plain)) and not _ANOTHER.search(plain)


@cache
def _reasons() -> frozenset[str]:
    return frozenset(folded(one) for one in phrases.split(_REASONS))


@cache
def _of_oneself() -> re.Pattern[str]:
    return phrases.anywhere(_OF_ONESELF, at_start=True)


@cache
def _thanking() -> re.Pattern[str]:
    return phrases.anywhere(_THANKING, at_start=True)
