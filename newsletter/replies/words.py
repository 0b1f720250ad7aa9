"""The answers in the languages in which readers write to us. `{name}`: the newsletter, `{until}`: a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """What each answer says; behind `undo`, `leave` and `confirm` stands an address."""

    left: str
    paused: str
    resumed: str
    confirm: str
    undo: str
    leave: str
    if_not: str


_ENGLISH = Words(
    "You are unsubscribed from {name}.", "{name} is paused until {until}.", "You get {name} again.",
    "Somebody, probably you, asked us to unsubscribe you from {name}. To leave:", "To undo this:", "To leave:",
    "If it was not you, do nothing: you stay subscribed.",
)  # fmt: skip
_SIMPLIFIED = Words(
    "您已退订 {name}。", "{name} 已暂停，{until} 恢复。", "{name} 已恢复发送。",
    "有人（可能是您）要求退订 {name}。确认退订：", "撤销：", "退订：", "如果不是您本人，请忽略本邮件，订阅不变。",
)  # fmt: skip
_TRADITIONAL = Words(
    "您已取消訂閱 {name}。", "{name} 已暫停，{until} 恢復。", "{name} 已恢復寄送。",
    "有人（可能是您）要求取消訂閱 {name}。確認取消：", "復原：", "取消訂閱：",
    "如果不是您本人，請忽略本郵件，訂閱不變。",
)  # fmt: skip

BY_LANGUAGE: Mapping[str, Words] = {
    "en": _ENGLISH,
    "zh": _SIMPLIFIED,
    "zh-hant": _TRADITIONAL,
    "zh-tw": _TRADITIONAL,
    "zh-hk": _TRADITIONAL,
    "ja": Words(
        "{name} の配信を停止しました。", "{name} を {until} まで休止します。", "{name} の配信を再開しました。",
        "{name} の配信停止の依頼がありました。停止する場合：", "取り消す：", "配信を停止する：",
        "お心当たりがなければ、このままで配信は続きます。",
    ),
    "ko": Words(
        "{name} 구독이 해지되었습니다.", "{name} 발송을 {until}까지 멈춥니다.", "{name} 발송을 다시 시작합니다.",
        "{name} 구독 해지 요청을 받았습니다. 해지하려면:", "취소하려면:", "해지하려면:",
        "본인이 아니라면 그대로 두세요. 구독은 유지됩니다.",
    ),
    "de": Words(
        "Sie sind von {name} abgemeldet.", "{name} pausiert bis {until}.", "Sie bekommen {name} wieder.",
        "Jemand, vermutlich Sie, möchte Sie von {name} abmelden. Zum Abmelden:", "Rückgängig machen:", "Abmelden:",
        "Waren Sie es nicht, tun Sie nichts: Sie bleiben angemeldet.",
    ),
    "fr": Words(
        "Vous êtes désabonné de {name}.", "{name} est en pause jusqu’au {until}.", "Vous recevez de nouveau {name}.",
        "Quelqu’un, sans doute vous, a demandé à se désabonner de {name}. Pour vous désabonner :", "Annuler :",
        "Se désabonner :", "Si ce n’était pas vous, ne faites rien : vous restez abonné.",
    ),
    "es": Words(
        "Se ha dado de baja de {name}.", "{name} queda en pausa hasta el {until}.", "Vuelve a recibir {name}.",
        "Alguien, probablemente usted, pidió darse de baja de {name}. Para darse de baja:", "Deshacer:",
        "Darse de baja:", "Si no fue usted, no haga nada: sigue suscrito.",
    ),
    "pt": Words(
        "Sua inscrição em {name} foi cancelada.", "{name} está em pausa até {until}.", "Você volta a receber {name}.",
        "Alguém, provavelmente você, pediu para cancelar {name}. Para cancelar:", "Desfazer:", "Cancelar:",
        "Se não foi você, não faça nada: a inscrição continua.",
    ),
    "it": Words(
        "L’iscrizione a {name} è annullata.", "{name} è in pausa fino al {until}.", "Riceve di nuovo {name}.",
        "Qualcuno, probabilmente lei, ha chiesto di annullare {name}. Per annullare:", "Ripristinare:",
        "Annullare l’iscrizione:", "Se non è stato lei, non faccia nulla: resta iscritto.",
    ),
    "ru": Words(
        "Вы отписаны от {name}.", "{name}: пауза до {until}.", "Вы снова получаете {name}.",
        "Кто-то, вероятно вы, попросил отписать вас от {name}. Отписаться:", "Отменить:", "Отписаться:",
        "Если это были не вы, ничего не делайте: подписка остаётся.",
    ),
}  # fmt: skip


def words_of(language: str) -> Words:
    """In this language, its nearest kin, or English."""
    wanted = language.lower()
    return BY_LANGUAGE.get(wanted) or BY_LANGUAGE.get(wanted.split("-")[0], _ENGLISH)
