"""How mail programs mark what is not new: tables that `cut` reads."""

from __future__ import annotations

import re

_WROTE = (
    r"wrote|writes|schrieb(?: .*)?|a écrit|escribió|escreveu|ha scritto|schreef(?: .*)?|skrev(?: .*)?|skreiv|"
    r"kirjoitti|napisał(?:\(?a\)?)?|napsal\(?a?\)?|написал[а]?(?:\(а\))?|пишет|пише|写道|寫道|书写|のメール|"
    r"書きました|さんからのメッセージ|님이 작성|작성|쓴 글|님의 말|folgendes geschrieben|yazdı|viết|a scris|írta|"
    r"撰写|撰寫"
)
_ADDRESS = r"[^<>()@\s]{1,100}@[^<>()@\s]{1,100}"
# Zoho: `---- On … wrote ---`, without a colon.
_FRAMED = rf"(?=.*---$)-{{3,}} ?\w.{{4,400}}(?:(?:{_WROTE})|<{_ADDRESS}>.{{0,60}}) ?-{{3,}}"
# `On … wrote:` and its kin. With an address in angle brackets any sentence that ends in a colon counts.
ATTRIBUTION = re.compile(
    rf"(?:(?=.*:$).{{4,400}}(?:{_WROTE}) ?:|.{{0,200}}<{_ADDRESS}>.{{0,100}}:|.{{0,200}}<{_ADDRESS}> ?wrote:?|"
    rf"\d{{4}}年\d{{1,2}}月\d{{1,2}}日.{{0,100}}[<(]{_ADDRESS}[>)]:?|{_FRAMED})",
    re.I,
)
ATTRIBUTION_BEGINS = re.compile(
    r"(?:-{3,} ?\w|On|At|Am|Le|El|Em|Il|Op|Den|Dnia|W dniu|Dne|Il giorno|在|于|於|"
    r"Пн|Вт|Ср|Чт|Пт|Сб|Вс|\d{1,4}[-./年년 ]|"
    r"понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)",
    re.I,
)
# The first of several lines of one: with the sender's address, or with year and time.
SENT_BY = re.compile(rf"<{_ADDRESS}>|\b\d{{4}}\b.{{1,40}}\b\d{{1,2}}:\d\d")

_ORIGINAL = (
    "original(?: message| mail| e-?mail| appointment)?|forwarded (?:message|by .*)|reply message|reply to .*|"
    "ursprüngliche (?:nachricht|e-?mail)|original-?nachricht|weitergeleitete nachricht|message d'origine|"
    "message original|message transféré|mensaje original|mensaje reenviado|mensagem original|"
    "mensagem encaminhada|messaggio (?:originale|inoltrato)|исходное сообщение|пересылаемое сообщение|"
    "пересланное сообщение|原始邮件|原始郵件|原邮件|原郵件|原始信件|回复的(?:原)?邮件|回覆的(?:原)?郵件|"
    "转发的?邮件(?:信息)?|轉寄郵件|元のメッセージ|元のメール|転送されたメッセージ|원본 ?메시지|원본 ?메일|"
    "original besked|ursprungligt meddelande|oorspronkelijk bericht|wiadomość oryginalna|oryginalna wiadomość"
)
_FORWARDS = re.compile(
    r"(?:begin forwarded message|début du message (?:réexpédié|transféré)|anfang der weitergeleiteten nachricht|"
    r"inizio messaggio inoltrato|inicio del mensaje reenviado|início da mensagem reencaminhada|下面是被转发的邮件|"
    r"以下是轉寄的郵件):?",
    re.I,
)
_RULE = "-_*=—─–‐ :"
NAMED_RULE = re.compile(_ORIGINAL, re.I)


def is_separator(line: str) -> bool:
    """Whether a line says that another mail begins: `---- Original Message ----`, or any words between rules."""
    name = line.strip(_RULE)
    if line[:2].strip(_RULE) == "" and len(line) > 2 and name and len(name) <= 80:
        framed = line.startswith("---") and line.endswith("---") and len(name) <= 60
        return framed or NAMED_RULE.fullmatch(name) is not None
    return _FORWARDS.fullmatch(line) is not None


_LABELS = (
    "from|sent|date|to|cc|subject|reply-to|von|gesendet|datum|an|betreff|de|envoyé|envoyé le|à|objet|enviado|"
    "enviado el|enviada em|enviado em|fecha|para|asunto|assunto|data|da|inviato|a|oggetto|от|отправлено|дата|"
    "кому|тема|van|verzonden|aan|onderwerp|fra|sendt|til|emne|från|skickat|till|ämne|od|wysłano|do|temat|"
    "发件人|发送时间|发件时间|发送日期|日期|时间|收件人|抄送|抄送人|主题|寄件者|寄件人|寄件日期|傳送時間|"
    "傳送日期|收件者|副本|主旨|主題|差出人|送信者|送信日時|日時|送信元|宛先|件名|보낸 사람|보낸사람|보낸 날짜|"
    "날짜|받는 사람|받는사람|제목"
)
HEADER_LINE = re.compile(rf"[|*>\s]{{0,6}}(?:{_LABELS})\*?\s?(?::|\|)\*?\s?\S", re.I)

SIGNATURE_MARK = re.compile(r"(?:--|—|––|_{2,}|-{2,}|\*{3,}|={3,})")
_PRODUCT = re.compile(
    r"\b(?:outlook|i ?phone|i ?pad|i ?os|android|samsung|galaxy|pixel|huawei|xiaomi|redmi|oppo|vivo|honor|blackberry|"
    r"yahoo|gmail|proton|gmx|web\.de|t-online|bluemail|spark|airmail|thunderbird|edison|foxmail|qq|naver|daum|yandex|mail\.ru|"
    r"mobile|smartphone|handy|telefon|phone|tablet)|华为|華為|小米|网易|網易|新浪|手机|手機|钉钉|飞书|"
    r"邮箱大师|スマートフォン|스마트폰|휴대폰|네이버",
    re.I,
)
_LONGEST_FOOTER = 90


def is_mobile_footer(line: str) -> bool:
    """Whether a last line is what programs put there: short, with the name of a product and no telephone number."""
    return len(line) <= _LONGEST_FOOTER and bool(_PRODUCT.search(line)) and not re.search(r"\d{4}|@", line)


DISCLAIMER = re.compile(
    r"(?:disclaimer|confidential|confidentiality|privileged|legal notice|caution:|important notice|notice:|"
    r"this (?:e-?mail|message|communication|transmission)"
    r"(?: \(|,| and| is| may| contains| was| has|\b.{0,40} intended)|"
    r"the (?:information|contents?) (?:contained )?(?:in|of|transmitted)|if you (?:are not|have received|received)|"
    r"diese e-?mail|diese nachricht|der inhalt dieser|vertraulich|ce message|ce courriel|"
    r"cet? e-?mail|les informations contenues|este (?:mensaje|correo|e-?mail)|esta mensagem|esta comunicaci|"
    r"la información contenida|as informações contidas|questo messaggio|questa e-?mail|le informazioni contenute|"
    r"данное (?:сообщение|письмо)|настоящее (?:сообщение|письмо)|это (?:сообщение|письмо) (?:и|может|содержит)|"
    r"本(?:邮件|郵件|电子邮件|電子郵件|信件|信函)(?:及|包含|所|内容|內容|可能|含)|此(?:邮件|郵件|信件)(?:及|包含|所|"
    r"可能)|"
    r"免责声明|免責聲明|保密|"
    r"本(?:メール|電子メール)(?:は|に|には|の内容)|このメールには|機密|"
    r"이 (?:메일|이메일|전자우편)(?:은|에는)|"
    r"본 (?:메일|이메일|메시지|전자우편)(?:은|에는)|please consider the environment|p (?:please )?consider|"
    r"пожалуйста подумайте|antes de imprimir|pensez à l'environnement|bitte prüfen sie)",
    re.I,
)
# What firms write below everybody's mail about leaving their own lists.
FOOTER = re.compile(
    r"^you (?:receive|are receiving|received|have received|got) this|"
    r"^to (?:unsubscribe|stop receiving|opt out)\b.{0,80}"
    r"(?:click|visit|send|go to|e-?mail|write|http|www\.|link|here)|click here to|"
    r"unsubscribe\W{0,5}(?:https?:|www\.|here|"
    r"at )|if you (?:no longer|do not|don't) (?:wish|want) to receive .{0,80}(?:click|unsubscribe|http|here|link|"
    r"let us)|"
    r"(?:abmelden|abbestellen|désabonner|désinscrire|baja|cancelar|descadastrar|disiscriver\w+|отписаться|退订|退訂|"
    r"取消订阅|取消訂閱|配信停止|수신거부|구독 ?취소)\W{0,5}(?:https?:|www\.)|(?:请|請)?(?:点击|點擊|按)(?:此处|这里|"
    r"這裡|此處|链接)|"
    r"(?:um|pour|para|per|чтобы) .{0,60}(?:klicken|cliquez|haga clic|clique|clicca|нажмите)",
    re.I,
)
# What mail servers put above mails from elsewhere.
BANNER = re.compile(
    r"^\W*(?:caution|warning|external(?: e-?mail| sender)?|attention|achtung|extern|注意|警告|外部(?:邮件|郵件|"
    r"メール)?)\W{1,4}"
    r".{0,80}(?:outside|external|originated|sender|recognize|extern|außerhalb|外部|发件人|送信元)|"
    r"^you don't often get (?:e-?mail|email) from|^\[?external(?: e-?mail)?\]?$|^do not click (?:on )?(?:any )?links|"
    r"^(?:此|该|這)(?:邮件|郵件)来自外部|^这封邮件来自外部",
    re.I,
)
