"""What may stand around a command without changing it: greetings, thanks, who writes, and why they leave."""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import doubts, forms, phrases, words
from newsletter.inbound.phrases import folded, without_accents

# Whole clauses.
_REASONS = (
    "keep up the (good/great) work|leave me alone|(/way )too many (e/)mails|писем слишком много|"
    "(請/请)(幫忙/協助/帮忙/协助)(處理/处理)|"
    "原始邮件|原始郵件|original message|to|from|cc|subject|제목과 같습니다|件名の通りです|件名のとおりです|敬祝|研安|"
    "教安|时祺|時祺|"
    "台安|顺颂|順頌|"
    "(not/no longer) interested|(not/no longer) (relevant/needed/useful)(/ to me/ for me)|"
    "it is too much|too much|wrong (person/address/recipient)|you have the wrong (person/address)|"
    "(/the /this )newsletter|so|again|second request|third request|reminder|final request|urgent|enough|"
    "see (/the )subject(/ line)|as per subject|siehe betreff|voir l'objet|voir objet|ver asunto|ver assunto|"
    "vedi oggetto|"
    "см. тему|见标题|見標題|如题|如題|bonne continuation|"
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
# Said before a command they refuse something else; alone or behind one they take it back.
_REFUSALS = "no thanks|no thank you|no more(/ please)|no"
# The beginnings of reasons, on whichever side of a command they stand.
_BECAUSE = (
    "i no longer (work/read/need/use/have/do/study/am)|i'm no longer|i am no longer|"
    "i have (left/graduated/retired/moved/"
    "changed/too many)|i've (left/graduated/retired/moved/changed)|i (left/graduated/retired/changed)|i am (retired/"
    "retiring/leaving/too busy)|i'm (retired/retiring/leaving/too busy)|i (get/receive/have) (/way )too many|"
    "i don't have (the /)time|i do not have (the /)time|i have no time|i don't have enough time|"
    "as i (am/no longer/have)|"
    "since i (am/no longer/have)|because i|i signed up by|i subscribed by|i never (signed up/subscribed)|"
    "i did not (sign up/subscribe)|i didn't (sign up/subscribe)|我(已经/已/)(毕业/换工作/离职/退休)|我(没有/没)时间|"
    "ich habe keine zeit|ich bin nicht mehr|ich arbeite nicht mehr|je n'ai (plus/pas) le temps|je ne travaille plus|"
    "no tengo tiempo|ya no trabajo|não tenho (mais /)tempo|não trabalho mais|non ho (più /)tempo|non lavoro più|"
    "у меня нет времени|я больше не (работаю/занимаюсь)|"
    "we (have/get) (/way )too many|this is not relevant|it is not relevant|i'm getting too many|"
    "i am getting (too many/this twice)|"
    "ich bekomme zu viele|je reçois trop|recibo demasiados|recebo muitos|ricevo troppe|я получаю слишком|"
    "由于|由於|因为|因為|邮件太|郵件太|每天邮件|没时间|沒時間"
)
# The beginnings of clauses in which people speak of themselves: before a command, since behind one they may turn it.
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
    return frozenset(folded(one) for one in phrases.split(_REASONS))


@cache
def _refusals() -> frozenset[str]:
    return frozenset(folded(one) for one in phrases.split(_REFUSALS))


@cache
def _because() -> re.Pattern[str]:
    return phrases.anywhere(_BECAUSE, at_start=True)


@cache
def _of_oneself() -> re.Pattern[str]:
    return phrases.anywhere(_OF_ONESELF, at_start=True)


@cache
def _thanking() -> re.Pattern[str]:
    return phrases.anywhere(_THANKING, at_start=True)
