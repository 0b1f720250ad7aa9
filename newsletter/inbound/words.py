"""The words of the way out, by language. A command is `before* core after*`, each phrase as people write it.

Phrases are compared in small letters and without accents; where a script has no spaces, without spaces. A new language
is an entry here and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The phrases of one language, separated by `|`."""

    before: str
    core: str
    after: str


LEAVE: dict[str, Words] = {
    "en": Words(
        "please|pls|plz|kindly|yes|ok|okay|hi|hello|hey|sorry|thanks|thank you|i want to|i want you to|"
        "i would like to|i'd like to|i would like you to|i wish to|i need to|i'd love to|would like to|"
        "want to|wish to|can you|could you|would you|will you|request to|i request to|i hereby|hereby|just|"
        "now|to|be|i am requesting to|let me|go ahead and|do",
        "unsubscribe|unsubscribed|unsubscribing|unsubcribe|unsuscribe|unsubsribe|unsubscibe|unscribe|"
        "un-subscribe|un subscribe|unsubscribe me|un-subscribe me|unsub|unsubscribe request|unsubscription|"
        "stop|stop it|stop all|stop this|stop sending|stop mailing|stop emailing|stop these|stop subscription|"
        "remove|remove me|take me off|get me off|opt out|opt-out|optout|opt me out|cancel|"
        "cancel my subscription|cancel subscription|cancel the subscription|cancel this subscription|"
        "end my subscription|end subscription|stop my subscription|terminate my subscription|delete me|"
        "delete my subscription|sign off|signoff|drop me|quit",
        "me|my email|my e-mail|my email address|my address|my account|this email|this email address|"
        "this address|this e-mail|it|this|us|from this list|from your list|from the list|"
        "from this mailing list|mailing list|from your mailing list|from the mailing list|this list|your list|"
        "the list|from this newsletter|from your newsletter|from the newsletter|this newsletter|"
        "the newsletter|your newsletter|the mailing list|newsletter|your mailing list|this mailing list|"
        "from these emails|from these mails|from these|from this|from all emails|from all mailings|from all|"
        "from everything|all emails|from your emails|these emails|these mails|these messages|emails|mails|"
        "email|mail|messages|newsletters|sending|the emails|emailing me|mailing me|sending me emails|"
        "sending me mails|sending me these|sending me this|sending me these emails|me emails|me mails|"
        "me these|me these emails|me this|me this newsletter|sending me this newsletter|"
        "sending me newsletters|to me|now|right now|immediately|at once|today|asap|again|anymore|any more|"
        "any longer|please|pls|thanks|thank you|thx|from arxiv|from morning arxiv|morning arxiv|arxiv|"
        "subscription",
    ),
    "zh": Words(
        "请|請|麻烦|麻煩|麻烦您|麻煩您|麻烦你|烦请|煩請|劳烦|劳驾|敬请|帮我|幫我|帮忙|幫忙|替我|给我|給我|"
        "为我|為我|将我|將我|把我|我要|我想|我想要|我要求|我希望|我需要|我申请|我申請|我|想|想要|要|要求|需要|"
        "希望|申请|申請|立即|立刻|马上|馬上|现在|現在|尽快|儘快|确认|確認|您好|你好|拜托|拜託|谢谢|謝謝|能否|"
        "可否|您|你|从此|從此|也|就|本人|特此|此邮件|本邮件|这个|這個|把这个|把這個|的邮箱|的郵箱",
        "退订|退訂|退定|退阅|退閱|取消订阅|取消訂閱|取消订閱|取消定阅|取消订约|取订|取訂|停止订阅|停止訂閱|"
        "终止订阅|終止訂閱|解除订阅|解除訂閱|取消关注|停止发送|停止發送|停止寄送|停止推送|停发|停發|停止接收|"
        "不再订阅|不再訂閱|不想订阅|不想訂閱|不想再订阅|不想再訂閱|不要订阅|不订了|不訂了|不订阅了|不訂閱了|"
        "不想收到|不想再收到|不再接收|不希望再收到|不想再收|不要再发|不要再發|不要再发送|不要再給我發|"
        "不要再给我发|别再发|別再發|别再给我发|別再給我發|别发了|別發了|请勿再发|請勿再發|勿再发送|移除我|"
        "移出我|删除我|刪除我|将我移除|將我移除|把我移除|将我删除|將我刪除|把我删除|把我刪除|从列表中移除|"
        "从列表中删除|從列表中移除|從列表中刪除|从名单中移除|从名单中删除|從名單中移除|從名單中刪除|"
        "从邮件列表中移除|从邮件列表中删除|從郵件列表中移除|從郵件列表中刪除|除名|取消邮件订阅|取消郵件訂閱|"
        "退订邮件|退訂郵件|td",
        "我|吧|了|一下|啊|呀|哦|喽|咯|的|本邮件|本郵件|此邮件|此郵件|该邮件|這封郵件|这封邮件|这个邮件|"
        "这份邮件|这些邮件|這些郵件|邮件|郵件|你们的邮件|你們的郵件|您的邮件|贵司邮件|订阅|訂閱|此订阅|本订阅|"
        "這個訂閱|这个订阅|我的订阅|我的訂閱|电子报|電子報|通讯|通訊|快报|日报|日報|早报|早報|晨报|周报|推送|"
        "消息|信息|服务|服務|所有|全部|这份|這份|这个|這個|新闻|新聞|newsletter|arxiv|此|该|谢谢|謝謝|多谢|"
        "感谢|感謝|给我|給我|请|請|申请|申請|请求|請求|功能|列表|名单|這份電子報|此类邮件|此類郵件|任何邮件|"
        "任何郵件|来信|來信|寄送|发送",
    ),
    "ja": Words(
        "この|本|メール|メルマガ|メールマガジン|ニュースレター|の|を|は|から|こちらの|今後の|今後|"
        "恐れ入りますが|お手数ですが|すみませんが|申し訳ありませんが|購読|至急|どうか|私の|私を|リスト|登録|"
        "配信",
        "配信停止|配信を停止|配信の停止|配信解除|配信を解除|配信中止|配信不要|配信を止めて|配信をやめて|"
        "配信とめて|購読解除|購読を解除|購読停止|購読を停止|購読中止|購読を中止|購読をやめます|購読をやめたい|"
        "購読キャンセル|購読をキャンセル|登録解除|登録を解除|登録削除|登録を削除|解除|退会|停止|登録抹消|解約|"
        "アンサブスクライブ",
        "して|ください|下さい|を|お願い|お願いします|お願いいたします|お願い致します|をお願いします|"
        "をお願いいたします|をお願い致します|希望|希望です|希望します|を希望します|を希望いたします|します|"
        "いたします|致します|したいです|したい|たいです|手続き|手続|の|です|願います|で|頂きたい|いただきたい|"
        "いただけますか|いただけますでしょうか|メール|のお願い|依頼",
    ),
    "ko": Words(
        "이|본|제|메일|이메일|뉴스레터|을|를|의|저를|저는|부디|더이상|지금|즉시|메일링|리스트에서|목록에서|"
        "뉴스레터를|메일을|이메일을|이메일주소를",
        "수신거부|수신을거부|수신중단|수신해지|수신취소|구독취소|구독을취소|구독해지|구독을해지|구독중단|"
        "구독중지|구독을중단|구독해제|구독을해제|해지|탈퇴|발송중단|발송중지|삭제",
        "합니다|해주세요|하겠습니다|할게요|부탁드립니다|부탁합니다|부탁드려요|부탁해요|요청|요청합니다|"
        "요청드립니다|신청|신청합니다|하고싶습니다|하고싶어요|원합니다|원해요|바랍니다|해주십시오|해주시기|"
        "해주시기바랍니다|좀|을|를|요|주세요|처리",
    ),
    "de": Words(
        "bitte|ich möchte|ich will|ich würde gerne|möchte|mich|den newsletter|newsletter|diesen newsletter|"
        "hiermit|um|ich bitte um|bitte um|sie|mein|meine|meine e-mail-adresse|das|abo|mein abo|jetzt|sofort|"
        "können sie|könnt ihr|ich|vom newsletter|von diesem newsletter|von der liste|aus dem verteiler|"
        "aus der liste",
        "abmelden|abmeldung|abbestellen|abbestellung|austragen|austragung|kündigen|kündigung|stopp|stoppen|"
        "löschen|entfernen|abo kündigen|newsletter abbestellen|deabonnieren|melden sie mich|"
        "melden sie mich bitte|melde mich|tragen sie mich|tragen sie mich bitte|trag mich|streichen sie mich|"
        "unsubscriben|streichen",
        "bitte|danke|vielen dank|mich|vom newsletter|von diesem newsletter|von ihrem newsletter|von der liste|"
        "von dieser liste|von der mailingliste|aus dem verteiler|aus der liste|aus ihrem verteiler|"
        "des newsletters|meines abos|newsletter|den newsletter|sofort|jetzt|von allen|vom verteiler|ab|aus|"
        "heraus|lassen",
    ),
    "fr": Words(
        "veuillez|merci de|merci de bien vouloir|je souhaite|je souhaiterais|je veux|je voudrais|j'aimerais|"
        "svp|s'il vous plaît|s'il te plaît|prière de|pouvez-vous|pourriez-vous|je désire|bien vouloir|"
        "demande de|me|de me|je|ma|mon|j'",
        "désabonner|se désabonner|me désabonner|désabonnez-moi|désabonnez moi|désabonne-moi|désabonnement|"
        "désinscription|désinscrire|se désinscrire|me désinscrire|désinscrivez-moi|désinscrivez moi|arrêter|"
        "arrêt|résilier|résiliation|annuler mon abonnement|annuler l'abonnement|résilier mon abonnement|"
        "supprimez-moi|retirez-moi|retirer|me retirer|stopper|me désabonne|me désinscris|stop",
        "de cette liste|de la liste|de votre liste|de la liste de diffusion|de cette newsletter|"
        "de la newsletter|de votre newsletter|de ces e-mails|de ces emails|à cette newsletter|à la newsletter|"
        "svp|s'il vous plaît|merci|moi|immédiatement|mon adresse|mon email|mon abonnement|cette newsletter|"
        "la newsletter|les envois|l'envoi",
    ),
    "es": Words(
        "por favor|quiero|quisiera|deseo|solicito|favor de|me quiero|me gustaría|quería|podrían|pueden|necesito|"
        "les pido|le pido|pido|me",
        "baja|darme de baja|dar de baja|darse de baja|dame de baja|deme de baja|denme de baja|dénme de baja|"
        "cancelar suscripción|cancelar la suscripción|cancelar mi suscripción|cancelen mi suscripción|"
        "anular suscripción|anular la suscripción|anular mi suscripción|desuscribir|desuscribirme|desuscribirse|"
        "desuscríbeme|desuscríbanme|desinscribirme|eliminarme|elimínenme|elimíname|bórrenme|borrarme|quítenme|"
        "desuscripción|la baja|mi baja|stop",
        "por favor|gracias|de la lista|de esta lista|de su lista|de la lista de correo|del boletín|de este boletín|"
        "de la newsletter|de esta newsletter|del newsletter|este correo|mi correo|mi suscripción|la suscripción|"
        "suscripción|inmediatamente|ya|ahora|de todo",
    ),
    "pt": Words(
        "por favor|quero|gostaria de|desejo|favor|solicito|peço|queria|podem|poderia|me|preciso|preciso de",
        "cancelar inscrição|cancelar a inscrição|cancelar minha inscrição|cancelar a minha inscrição|"
        "cancelar assinatura|cancelar a assinatura|cancelar minha assinatura|cancelar a minha assinatura|"
        "cancelar subscrição|cancelar a subscrição|cancelar a minha subscrição|cancelamento|descadastrar|"
        "descadastre-me|descadastro|me descadastrar|desinscrever|desinscrever-me|me desinscrever|desinscreva-me|"
        "sair da lista|remover|remover-me|remova-me|me remova|removam-me|parar|pare de enviar|parem de enviar|"
        "anular subscrição|anular a subscrição|sair",
        "por favor|obrigado|obrigada|da lista|desta lista|da newsletter|desta newsletter|da lista de e-mails|"
        "da lista de emails|meu e-mail|meu email|o meu e-mail|me|imediatamente|já|agora|e-mails|emails",
    ),
    "it": Words(
        "per favore|vorrei|voglio|si prega di|desidero|chiedo di|vi prego di|ti prego di|potete|potreste|"
        "la prego di|prego|chiedo la|richiedo la|chiedo|mi|vi chiedo di",
        "disiscrivimi|disiscrivetemi|disiscriversi|disiscrivermi|disiscrivere|disiscrizione|cancellami|"
        "cancellatemi|cancellarmi|cancellate la mia iscrizione|cancellare la mia iscrizione|"
        "annulla iscrizione|annullare l'iscrizione|annullare iscrizione|annulla l'iscrizione|"
        "annullare la mia iscrizione|annulla la mia iscrizione|cancella iscrizione|cancella l'iscrizione|"
        "cancellare l'iscrizione|cancellazione|rimuovetemi|rimuovimi|rimuovermi|annullamento iscrizione|stop|"
        "basta email",
        "dalla lista|da questa lista|dalla newsletter|da questa newsletter|dalla vostra newsletter|"
        "dalla mailing list|dalla vostra lista|per favore|grazie|subito|il mio indirizzo|la mia email",
    ),
    "ru": Words(
        "пожалуйста|прошу|прошу вас|хочу|я хочу|хотел бы|хотела бы|я хотел бы|я хотела бы|просьба|немедленно|"
        "мне нужно|нужно|меня|мою|мой адрес|желаю|можно",
        "отписаться|отпишите|отпишите меня|отписать|отписка|отписываюсь|отпиши|отпиши меня|отменить подписку|"
        "отмените подписку|отмена подписки|отказаться от подписки|отказаться от рассылки|отказ от рассылки|"
        "удалите меня|удалите|удалить|прекратить подписку|прекратите рассылку|прекратить рассылку|"
        "остановить рассылку|остановите рассылку|стоп|отмените мою подписку|исключите меня",
        "меня|от рассылки|из рассылки|от этой рассылки|из этой рассылки|от вашей рассылки|из списка|"
        "из списка рассылки|пожалуйста|спасибо|немедленно|от подписки|мой адрес|мою подписку|от новостей",
    ),
}

PAUSE: dict[str, Words] = {
    "en": Words(
        "please|pls|kindly|i want to|i would like to|i'd like to|can you|could you",
        "pause|pause it|pause my subscription|pause the newsletter|pause this newsletter|pause emails|pause mails|"
        "pause sending|suspend|suspend my subscription|hold|snooze",
        "for|me|please|thanks|the next|my subscription|the newsletter|it",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|先|想",
        "暂停|暫停|暂停订阅|暫停訂閱|暂停发送|暫停發送|暂停推送|暂停邮件|暂停接收|暫停接收|停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|接收|为期|為期",
    ),
    "de": Words(
        "bitte|ich möchte|den newsletter|newsletter", "pausieren|pause|unterbrechen", "für|bitte|danke|den newsletter"
    ),
}

RESUME: dict[str, Words] = {
    "en": Words(
        "please|pls|kindly|i want to|i would like to|i'd like to|can you|could you",
        "resume|resume it|resume sending|resume emails|resume mails|resume my subscription|resume the newsletter|"
        "unpause|un-pause|end pause|end the pause|continue|continue sending",
        "now|please|thanks|me|my subscription|the newsletter|today|it|again|emails|mails",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|想",
        "恢复|恢復|恢复订阅|恢復訂閱|恢复发送|恢復發送|恢复推送|恢复接收|继续|繼續|继续订阅|繼續訂閱|继续发送|"
        "繼續發送|继续推送|取消暂停|取消暫停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|了",
    ),
    "de": Words("bitte|ich möchte|den newsletter|newsletter", "fortsetzen|wieder aufnehmen", "bitte|danke"),
}

# Units of a pause; days per unit, months by the calendar.
DAY_UNITS = "day|days|d|天|日|tag|tage|tagen"
WEEK_UNITS = "week|weeks|w|wk|wks|周|週|星期|礼拜|禮拜|个星期|個星期|个礼拜|個禮拜|woche|wochen"
MONTH_UNITS = "month|months|个月|個月|月|monat|monate|monaten"
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "一": 1, "二": 2,
    "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十二": 12,
}  # fmt: skip
UNTIL = "until|till|til|to|bis|直到|到|至"

# A question is a request only where it begins like one.
ASKS = (
    "can you|could you|would you|will you|können sie|könnt ihr|pouvez-vous|pourriez-vous|podrían|pueden|"
    "podem|poderia|potete|potreste|можно|能否|可否|いただけ"
)

# Whoever writes one of these speaks about leaving; outside the grammar a person reads it.
STEMS = (
    "unsubscri|un-subscri|unsubcri|unsuscri|unsub |opt out|opt-out|optout|remove me|take me off|get me off|"
    "stop sending|stop emailing|stop mailing|cancel my|cancel the subscription|my subscription|your mailing list|"
    "the mailing list|this mailing list|off the list|"
    "resubscri|退订|退訂|退阅|取消订阅|取消訂閱|取消订閱|停止订阅|停止訂閱|不再订阅|不订阅|不訂閱|不想订阅|"
    "不想訂閱|不想再收|不要再发|不要再發|别再发|別再發|停止发送|停止發送|暂停|暫停|恢复订阅|恢復訂閱|配信停止|"
    "配信を停止|配信解除|購読|登録解除|退会|수신거부|수신 거부|구독취소|구독 취소|구독해지|구독 해지|abmelden|"
    "abmeldung|abbestell|austragen|verteiler|desabonn|desinscri|desuscri|dar de baja|darme de baja|de baja|"
    "suscripcion|descadastr|desinscrev|cancelar a inscricao|disiscri|cancellami|cancellatemi|"
    "la mia iscrizione|отпис|рассылк|подписк|pause|pausier|don't stop|do not stop|dont stop|never stop|"
    "please stop|stop the |stop this"
)

# What turns a request around, narrows it or ties it to a condition, read in the lines that follow a command.
DOUBTS = (
    "only|except|apart from|but not|but keep|but please keep|but still|keep sending|keep me|unless|instead|"
    "ignore this|ignore that|changed my mind|change my mind|just kidding|joking|a joke|colleague|on behalf|"
    "she wants|he wants|they want|do not unsubscribe|don't unsubscribe|dont unsubscribe|not unsubscribe|"
    "don't stop|do not stop|don't remove|do not remove|don't want to unsubscribe|resubscribe|instead of|"
    "rather than|for example|what happens|if you|if i|if it|只|仅|僅|除了|除非|如果|假如|要是|但是|但保留|"
    "保留|不要退|别退|別退|不退订|不想退|不是要退|算了|开玩笑|開玩笑|同事|他想|她想|他要|她要|朋友|改主意|"
    "のみ|だけ|もし|しないで|冗談|만 |하지 마|nur |falls |wenn |ausser|nicht abmelden|nicht abbestellen|"
    "kollege|seulement|uniquement|sauf|si vous|ne pas |ne me desabonnez pas|collegue|solo |excepto|salvo |"
    "si no|colega|apenas |somente|exceto|soltanto|tranne|se non|только|кроме|если|не отпис|не нужно отпис|"
    "коллег"
)
