"""What people write under a newsletter, by language: requests to leave, what only looks like one, and all the rest."""

from __future__ import annotations


def rows(table: str) -> list[str]:
    """The cases of a table: one a line, or several with | between."""
    return [case.strip() for line in table.strip().splitlines() for case in line.split(" | ") if case.strip()]


REQUESTS = {
    "en": """
Please do not send me any more emails. | Don't email me anymore. | Do not contact me again | Don't send me this newsletter | I want to stop receiving this newsletter | Please remove me from your distribution list.
Unsubscribe me from your weekly newsletter | take me off your subscription list | Please remove me from your list of subscribers | Can I be removed from this list please? | I need to be removed from this list | remove me form this list
Thanks for the great newsletter. Please unsubscribe me. | Thank you for your work, but I'd like to unsubscribe. | I have changed jobs, please unsubscribe this address. | Wrong person. Please remove me. | Please unsubscribe me as I no longer need this service.
I never signed up for this. Please remove me. | Plese unsubscribe | Please unsubscribe me and confirm. | Under GDPR, please delete my data and unsubscribe me. | Stop spamming me | I'd appreciate it if you could unsubscribe me.
unsubscribe | Unsubscribe | UNSUBSCRIBE | unsubscribe. | Unsubscribe! | UNSUBSCRIBE!!! | "unsubscribe" | 'Unsubscribe'
unsubscribe me | Unsubscribe me please | please unsubscribe | Please unsubscribe me. | pls unsubscribe | Plz unsubscribe me
please unsubscribe me from this list | Please unsubscribe me from this newsletter. | Unsubscribe from this newsletter
Please unsubscribe me from your mailing list. Thank you. | Kindly unsubscribe me | Kindly unsubscribe me from this list.
I want to unsubscribe | I would like to unsubscribe | I'd like to unsubscribe, please. | I’d like to unsubscribe
I want to unsubscribe from this newsletter. | I wish to unsubscribe | I would like to be unsubscribed.
I would like to be removed from this list | I want to be removed from your mailing list.
Could you please unsubscribe me? | Can you unsubscribe me please | Can you please remove me from this list?
Would you please unsubscribe me from this newsletter? Thanks! | Could you unsubscribe me from this mailing list?
Please remove me | Remove me from this list | Remove me from your list please | Please remove me from your mailing list
please remove my email | Please remove my email address from your list. | remove me from this mailing list please.
Please take me off this list | take me off your mailing list | Take me off the list. | take me off
stop | STOP | Stop. | Please stop | stop sending me these | Stop sending me emails | Please stop sending me these emails.
Please stop sending me this newsletter | stop emailing me | Stop emailing me please | Please stop sending emails to me.
Please stop sending me emails. Thanks. | No more emails please | No more emails, please. | Stop these emails
cancel my subscription | Please cancel my subscription. | Cancel subscription | I want to cancel my subscription
I would like to cancel my subscription to this newsletter. | Please cancel my subscription to Morning arXiv.
opt out | Opt-out | OPT OUT | opt me out | Please opt me out | I want to opt out | I would like to opt out.
unsubcribe | unsuscribe | unsubscibe | unsubsribe | unsubscrib | Unsubscirbe | unsubscripe | unscubscribe | unsubscribed
un-subscribe | Un subscribe | unsub | unsubscribe pls | unsubscribe thx | unsubscribe, thanks | Unsubscribe. Thank you!
Unsubscribe please! | unsubscribe now | UNSUBSCRIBE ME | please un-subscribe me | unsubscribe me now please
Please delete me from your list | Delete my subscription | Please delete my email address from your database.
I no longer want to receive these emails. | I no longer wish to receive this newsletter
I don't want to receive these emails anymore. | I do not wish to receive these emails any longer.
I don't want these emails anymore | I do not want to receive this newsletter anymore. | I don’t want to get these emails any more.
Hi, please unsubscribe me. Thanks. | Hello, I'd like to unsubscribe. Best regards, Ada | Hi there, unsubscribe please
Dear team, please unsubscribe me from this newsletter. Kind regards | Hey, can you unsubscribe me? Thanks!
Please remove me from the mailing list, thank you. | Please unsubscribe this email address. | unsubscribe this email
Please unsubscribe ada@example.com | unsubscribe ada@example.com | Please remove ada@example.com from your list.
Sorry, please unsubscribe me | Thanks, but please unsubscribe me. | Thank you but I'd like to unsubscribe.
Unsubscribe me from all emails | Unsubscribe from all | please unsubscribe me from all mailings | Unsubscribe all
Please unsubscribe me from Morning arXiv | unsubscribe from morning arxiv | I hereby unsubscribe. | end subscription
Please stop this newsletter. | Please stop this subscription | Please end my subscription. | *Unsubscribe* | **unsubscribe**
Remove. | REMOVE | remove me please! | Please take my name off your mailing list. | Get me off this list
I'm unsubscribing. | Unsubscribing | Subscription cancellation | Please discontinue my subscription.
Please process my unsubscribe request. | Unsubscribe request | I request to be unsubscribed. | Request to unsubscribe
""",
    "zh": """
感谢推送，请帮我退订 | 研究方向变了，退订 | 本人已退休，请取消订阅 | 老师您好，请帮我退订 | 由于工作变动，请取消订阅，谢谢 | 以后别发了 | 不用再发给我了 | 最近太忙，先退订了，谢谢 | 退订，邮箱 | 请把我从邮件列表中删掉
退订 | 退订。 | 退订！ | 退订!!! | “退订” | 「退订」 | 【退订】 | 退 订 | 退订，谢谢 | 退订 谢谢 | 退订谢谢 | 请退订 | 请退订。
我要退订 | 我想退订 | 我要退订。 | 我要退订这个邮件 | 申请退订 | 申请退订，谢谢 | 请帮我退订 | 帮我退订 | 麻烦帮我退订，谢谢
麻烦退订 | 麻烦退订一下 | 麻烦您帮我退订一下，谢谢！ | 请帮忙退订 | 请帮忙退订一下 | 请给我退订 | 请为我退订 | 请将我退订
取消订阅 | 请取消订阅 | 我要取消订阅 | 我想取消订阅 | 请帮我取消订阅 | 请取消我的订阅 | 取消我的订阅 | 申请取消订阅 | 取消订阅，谢谢！
取消 | 取消订阅此邮件 | 请取消订阅该邮件 | 停止订阅 | 终止订阅 | 停止发送 | 请停止发送 | 请停止发送邮件 | 请不要再给我发邮件了 | 不要再发了
请不要再发了 | 不要再发邮件了 | 别再发了 | 别再发邮件了 | 请勿再发 | 请勿再发送邮件 | 请不要再发送此邮件 | 不想再收到这些邮件 | 我不想再收到这些邮件了
不再订阅 | 我不想再订阅了 | 不想订阅了 | 不订了 | 我不订了 | 不需要了，请退订 | 退订邮件 | 退订此邮件 | 退订这个邮件 | 退订该邮件 | 退订本邮件
退订订阅 | 退订吧 | 退订了 | 退订一下 | 请退订，谢谢！ | 您好，请退订，谢谢！ | 你好，我想退订 | 你好 请退订 谢谢 | 您好，请帮我退订。谢谢！
老师您好，请帮我退订，谢谢。 | 尊敬的编辑，请帮我退订，谢谢。 | 请把我从列表中移除 | 请将我从邮件列表中删除 | 把我从邮件列表里删掉 | 请将我移出邮件列表
请从邮件列表中移除我 | 请把我从名单里移除 | 请删除我的邮箱 | 请删除我的邮箱地址 | 请将我的邮箱从列表中移除 | TD | td | 退定 | 退阅 | 退訂
我要退订，请尽快处理 | 请尽快退订 | 马上退订 | 立即退订 | 本人申请退订 | 现申请退订 | 特此申请退订 | 退订申请 | 申请：退订 | 取消邮件订阅
退订晨报 | 退订日报 | 我想退订你们的邮件 | 我想退订该邮件，谢谢 | 请取消对我的邮件发送 | 请取消推送 | 取消推送 | 停止推送 | 请停止推送 | 关闭推送
退订 Morning arXiv | 请退订 arXiv 邮件 | 退订/unsubscribe | 退订 unsubscribe | Unsubscribe 退订 | 我决定退订 | 已毕业，退订 | 请问可以帮我退订吗？谢谢
能帮我退订吗？ | 能否帮我退订？ | 可以帮我退订吗 | 麻烦帮忙取消订阅一下 | 劳驾，退订 | 拜托退订 | 退订🙏 | 退订～ | 退订… | 退订、 | 回复：退订 | 回复退订
请取消订阅，谢谢您！祝好 | 退订。祝好 | 不想收了，退订 | 邮件太多了，退订
""",
    "zh-hant": """
退訂 | 退訂，謝謝 | 請退訂 | 我要退訂 | 我想退訂 | 請幫我退訂 | 請幫我退訂，謝謝 | 麻煩退訂 | 麻煩幫我退訂，謝謝！ | 取消訂閱 | 請取消訂閱 | 我要取消訂閱
我想取消訂閱 | 請幫我取消訂閱 | 請取消我的訂閱 | 申請退訂 | 申請取消訂閱 | 停止訂閱 | 終止訂閱 | 請停止寄送 | 請停止寄送電子報 | 請勿再寄 | 不要再寄了
請不要再寄了 | 請不要再寄信給我 | 不想再收到 | 不想再收到電子報 | 我不想再收到這些郵件 | 不再訂閱 | 您好，請幫我取消訂閱，謝謝。 | 你好，我想退訂
請將我從名單中移除 | 請將我從郵件列表中移除 | 請把我從列表中刪除 | 取消訂閱電子報 | 退訂電子報 | 請取消訂閱電子報，謝謝 | 取消訂閱此電子報
「退訂」 | 退訂！ | 麻煩取消訂閱 | 麻煩您取消訂閱，感謝 | 請協助退訂 | 請協助取消訂閱，謝謝 | 煩請取消訂閱 | 不訂了 | 取消訂閱 unsubscribe | 停止接收
""",
    "ja": """
これまでありがとうございました。配信停止をお願いします。 | 田中です。配信停止をお願いします。 | 配信を希望しません | 配信停止をお願いできますでしょうか。
配信停止 | 配信停止。 | 配信停止希望 | 配信停止を希望します | 配信停止を希望します。 | 配信停止をお願いします | 配信停止お願いします | 配信停止してください
配信停止お願いいたします。 | 配信停止をお願いいたします。 | 配信を停止してください | 配信を停止してください。 | 配信の停止をお願いします。 | メールの配信停止をお願いします
メールの配信を停止してください。 | メルマガの配信停止をお願いします。 | メールマガジンの配信停止を希望します。 | ニュースレターの配信を停止してください
購読解除 | 購読解除してください | 購読解除をお願いします。 | 購読を解除してください | 購読を解除したいです。 | 購読停止 | 購読中止 | 購読をやめたいです
購読をキャンセルしてください | 購読をキャンセルしたいです。 | 登録解除 | 登録解除お願いします | 登録を解除してください。 | 登録を解除したいです | 登録削除お願いします
解除 | 解除してください | 解除お願いします。 | 解約 | 解約します | 解約したいです。 | 退会 | 退会します | 退会したいです | 退会希望です。 | 退会させてください | 停止
配信不要です | 配信不要です。 | 今後の配信は不要です。 | 今後のメールは不要です | メール不要です | メールの配信は不要です。 | メールを止めてください | メールを送らないでください
もう送らないでください | もうメールを送らないでください。 | 今後メールを送らないでください | お世話になっております。配信停止をお願いいたします。 | お世話になります。購読解除をお願いします。よろしくお願いします。
すみません、配信停止でお願いします。 | 恐れ入りますが、配信停止をお願いいたします。 | お手数ですが、配信停止をお願いします。 | 配信解除 | 配信解除希望 | 配信解除をお願いします
メーリングリストから外してください | リストから削除してください | メーリングリストから削除してください。 | 受信拒否 | 購読を停止してください | 購読停止をお願いします | アンサブスクライブ
配信を止めてください。 | 配信停止の手続きをお願いします。 | 配信停止していただけますか | 配信停止していただけますでしょうか。 | unsubscribe お願いします
""",
    "ko": """
그동안 감사했습니다. 구독 취소 부탁드립니다. | 안녕하세요. 홍길동입니다. 구독 취소 부탁드립니다. | 메일 그만 보내주시면 감사하겠습니다
수신거부 | 수신거부합니다 | 수신 거부 | 수신 거부합니다. | 수신거부 부탁드립니다 | 수신거부 해주세요 | 수신거부해주세요. | 수신 거부 부탁드립니다. | 수신거부 요청합니다 | 수신거부 신청합니다
구독취소 | 구독 취소 | 구독취소합니다 | 구독 취소해주세요 | 구독 취소해 주세요. | 구독 취소 부탁드립니다. | 구독 취소 요청드립니다 | 구독을 취소해 주세요. | 구독을 취소하고 싶습니다. | 구독 취소하고 싶어요
구독해지 | 구독 해지 | 구독 해지 부탁드립니다 | 구독 해지해 주세요. | 구독을 해지하고 싶습니다. | 구독 해지 신청합니다. | 구독 중단 | 구독 중단해 주세요 | 구독중지 | 해지 | 해지해 주세요 | 탈퇴
안녕하세요. 구독 취소 부탁드립니다. | 안녕하세요, 수신거부 부탁드립니다. 감사합니다. | 메일 수신을 거부합니다 | 메일 수신을 중단해 주세요 | 메일 발송을 중단해 주세요. | 메일 발송 중지 요청드립니다
더 이상 메일을 보내지 마세요 | 더 이상 메일을 보내지 말아 주세요. | 더이상 메일 받고 싶지 않습니다. | 메일 그만 보내주세요 | 그만 보내주세요 | 이제 메일 그만 보내주세요 | 뉴스레터 구독 취소 | 뉴스레터 구독을 취소해 주세요.
뉴스레터 수신거부 | 구독 해제 | 구독해제 부탁드립니다 | 메일링 리스트에서 삭제해 주세요 | 메일링 리스트에서 제외해 주세요. | 목록에서 삭제해주세요 | 저를 리스트에서 빼주세요 | 수신 거부요 | 구독 취소요 | 구독취소 바랍니다
""",
    "de": """
Vielen Dank für den Newsletter, aber ich möchte mich abmelden. | Ich habe kein Interesse mehr. Bitte streichen Sie mich aus dem Verteiler. | Bitte nicht mehr senden | Bitte löscht mich aus dem Verteiler | Danke für die tolle Arbeit, ich gehe in Rente. Bitte melden Sie mich ab.
abmelden | Abmelden | ABMELDEN | Abmelden! | Bitte abmelden | Bitte abmelden. | bitte abmelden, danke | Bitte melden Sie mich ab. | Bitte melde mich ab | Bitte mich abmelden
Ich möchte mich abmelden | Ich möchte mich abmelden. | Ich möchte mich vom Newsletter abmelden. | Ich will mich abmelden | Hiermit melde ich mich ab. | Hiermit melde ich mich vom Newsletter ab.
Bitte melden Sie mich vom Newsletter ab. Vielen Dank! | Abmeldung | Abmeldung vom Newsletter | Newsletter-Abmeldung | Newsletter Abmeldung | Bitte um Abmeldung | Ich bitte um Abmeldung vom Newsletter.
abbestellen | Bitte abbestellen | Newsletter abbestellen | Bitte Newsletter abbestellen | Ich möchte den Newsletter abbestellen. | Ich möchte diesen Newsletter abbestellen | Hiermit bestelle ich den Newsletter ab.
Abbestellung | Bitte um Abbestellung des Newsletters | austragen | Bitte austragen | Bitte tragen Sie mich aus. | Bitte tragen Sie mich aus dem Verteiler aus. | Bitte aus dem Verteiler streichen
Bitte streichen Sie mich aus dem Verteiler. | Bitte nehmen Sie mich aus dem Verteiler. | Bitte nehmen Sie mich aus Ihrem Verteiler. Danke. | Bitte entfernen Sie mich aus dem Verteiler. | Bitte entfernen Sie mich von der Liste.
Bitte löschen Sie mich aus dem Verteiler | Bitte löschen Sie meine E-Mail-Adresse aus dem Verteiler. | Bitte löschen Sie meine E-Mail-Adresse. | kündigen | Ich kündige. | Abo kündigen | Bitte Abo kündigen | Ich möchte mein Abo kündigen.
Hiermit kündige ich mein Abonnement. | Bitte kündigen Sie mein Abo. | Kündigung | Kündigung meines Abos | Stopp | Stop | deabonnieren | Bitte keine weiteren E-Mails. | Bitte keine E-Mails mehr | Keine weiteren Mails bitte
Bitte senden Sie mir keine weiteren E-Mails. | Bitte schicken Sie mir keinen Newsletter mehr. | Ich möchte keine weiteren E-Mails erhalten. | Ich möchte keinen Newsletter mehr erhalten. | Ich möchte diesen Newsletter nicht mehr erhalten.
Bitte keinen Newsletter mehr senden. | Guten Tag, bitte melden Sie mich ab. Mit freundlichen Grüßen | Hallo, ich möchte mich gerne abmelden. Danke und Gruß, Ada | Sehr geehrte Damen und Herren, bitte melden Sie mich vom Newsletter ab.
Könnten Sie mich bitte abmelden? | Können Sie mich bitte vom Newsletter abmelden? | Bitte unsubscriben | Unsubscribe bitte | Bitte vom Newsletter abmelden | mich bitte abmelden | Liebe Grüße, bitte abmelden
""",
    "fr": """
Merci pour votre travail mais je souhaite me désabonner. | Désolé, trop de mails, merci de me désinscrire. | Merci d'annuler mon abonnement
désabonner | se désabonner | Se désabonner | SE DÉSABONNER | desabonner | désabonnement | Désabonnement | Désabonnez-moi | désabonnez moi | Désabonnez-moi s'il vous plaît | Désabonnez-moi svp
Me désabonner | me désabonner svp | Veuillez me désabonner | Veuillez me désabonner de cette liste. | Veuillez me désabonner, merci. | Merci de me désabonner | Merci de me désabonner de cette newsletter.
Merci de me désabonner de votre liste de diffusion. | Merci de bien vouloir me désabonner. | Je souhaite me désabonner | Je souhaite me désabonner. | Je souhaite me désabonner de cette newsletter. | Je veux me désabonner
Je voudrais me désabonner | Je voudrais me désabonner de la newsletter, merci. | J'aimerais me désabonner | J’aimerais me désabonner. | Je désire me désabonner | Je me désabonne | Je me désinscris.
Désinscription | désinscrire | Me désinscrire | Veuillez me désinscrire | Merci de me désinscrire | Je souhaite me désinscrire. | Désinscrivez-moi | Demande de désinscription | Demande de désabonnement
Pouvez-vous me désabonner ? | Pouvez-vous me désabonner s'il vous plaît ? | Pourriez-vous me désinscrire de cette liste ? | Pourriez-vous me désabonner, s'il vous plaît ? Merci. | Arrêtez de m'envoyer des mails
Arrêtez de m'envoyer ces e-mails | Merci de ne plus m'envoyer d'e-mails. | Veuillez ne plus m'envoyer de mails | Je ne souhaite plus recevoir vos e-mails. | Je ne souhaite plus recevoir cette newsletter.
Je ne veux plus recevoir ces mails | Je ne veux plus recevoir vos emails. | Ne m'envoyez plus de mails | Merci de me retirer de la liste | Merci de me retirer de votre liste. | Retirez-moi de cette liste
Retirez-moi de votre liste de diffusion | Veuillez me retirer de cette liste. | Supprimez-moi de la liste | Merci de supprimer mon adresse. | Merci de supprimer mon adresse de votre liste | Veuillez supprimer mon adresse e-mail de votre liste.
Annuler mon abonnement | Veuillez annuler mon abonnement. | Je souhaite annuler mon abonnement. | Résilier | Résiliation | Je souhaite résilier mon abonnement | Résiliation de mon abonnement | STOP | Stop svp
Bonjour, merci de me désabonner. Cordialement, Ada | Bonjour, je souhaite me désabonner. Merci. | Bonjour, veuillez me désinscrire de cette liste. Bien cordialement | Bonjour, pouvez-vous me désabonner ? Merci d'avance.
""",
    "es": """
Gracias por todo, pero quiero darme de baja. | Por favor no enviar más correos.
baja | Baja | BAJA | Dar de baja | darme de baja | Darme de baja por favor | Dame de baja | Dadme de baja | Denme de baja | Dénme de baja por favor | Deme de baja por favor | Quiero darme de baja | Quiero darme de baja.
Quiero darme de baja de esta lista | Quiero darme de baja del boletín. | Quisiera darme de baja | Deseo darme de baja | Deseo darme de baja de la newsletter. | Me gustaría darme de baja | Me gustaría darme de baja, gracias.
Por favor, darme de baja | Por favor, denme de baja. | Por favor dar de baja | Por favor, dar de baja este correo. | Por favor, dadme de baja de la lista. | Solicito la baja | Solicito mi baja | Solicito baja de la lista
Solicito darme de baja | Me doy de baja | Me quiero dar de baja | Cancelar suscripción | Cancelar mi suscripción | Quiero cancelar mi suscripción. | Por favor, cancelen mi suscripción | Por favor cancele mi suscripción
Deseo cancelar la suscripción | Anular suscripción | Anular mi suscripción | desuscribir | Desuscribirme | Quiero desuscribirme | Desuscríbanme por favor | Desuscribirse | Desuscripción | desinscribirme
Eliminarme de la lista | Elimínenme de la lista por favor | Por favor, elimínenme de su lista de correo. | Por favor eliminen mi correo de la lista. | Quítenme de la lista | Por favor quítenme de esta lista | Bórrenme de la lista
Por favor, bórreme de su lista | Sáquenme de la lista | No quiero recibir más correos | No quiero recibir más correos. | No deseo recibir más correos | No deseo recibir más este boletín. | No quiero más correos
No me envíen más correos | Por favor no me envíen más correos | Dejen de enviarme correos | Por favor, dejen de enviarme correos. | Ya no quiero recibir estos correos | Ya no deseo recibir estos correos.
Hola, quiero darme de baja. Gracias. | Buenos días, por favor denme de baja de la lista. Un saludo, Ada | Estimados señores, solicito la baja. Saludos | Hola, me gustaría cancelar mi suscripción. Muchas gracias.
¿Pueden darme de baja, por favor? | ¿Podrían darme de baja? Gracias | ¿Me pueden dar de baja? | Stop
""",
    "pt": """
Obrigado pelo trabalho, mas gostaria de cancelar a inscrição. | Solicito remoção da lista
cancelar inscrição | Cancelar inscrição | cancelar inscricao | Cancelar a inscrição | Cancelar minha inscrição | Cancelar a minha inscrição | Por favor, cancelar minha inscrição | Por favor, cancele minha inscrição.
Por favor cancelem a minha inscrição | Quero cancelar minha inscrição | Quero cancelar a minha inscrição. | Gostaria de cancelar minha inscrição. | Gostaria de cancelar a minha subscrição | Desejo cancelar minha inscrição
Cancelar assinatura | Cancelar minha assinatura | Quero cancelar minha assinatura. | Gostaria de cancelar a assinatura | Cancelar subscrição | Anular subscrição | Anular a minha subscrição | Cancelamento | Solicito o cancelamento
Solicito o cancelamento da minha inscrição. | Solicito cancelamento da assinatura | descadastrar | Descadastrar | Quero me descadastrar | Gostaria de me descadastrar. | Descadastre-me por favor | Descadastre meu e-mail | Favor descadastrar
Por favor, me descadastre. | Descadastro | desinscrever | Quero me desinscrever | Desinscreva-me | Desinscrever-me | Me desinscreva por favor | Remover | Remover da lista | Por favor, remover meu e-mail da lista
Por favor, me remova da lista | Por favor, remova meu e-mail da lista. | Por favor, remova-me da lista | Remova-me desta lista | Me remova da lista | Favor remover meu e-mail | Favor me remover da lista | Remova meu e-mail, por favor
Me tire da lista | Por favor me tirem da lista | Tire-me da lista | Quero sair da lista | Quero sair desta lista. | Gostaria de sair da lista de e-mails | Sair da lista | Não quero mais receber | Não quero mais receber e-mails
Não quero mais receber esses e-mails. | Não desejo mais receber este boletim. | Não desejo receber mais e-mails | Não quero receber mais emails. | Parem de me enviar e-mails | Pare de me enviar e-mails por favor | Por favor, parem de enviar e-mails.
Não me enviem mais e-mails | Por favor, não me envie mais e-mails | Olá, quero cancelar minha inscrição. Obrigado. | Bom dia, por favor me remova da lista. Atenciosamente, Ada | Prezados, solicito o cancelamento. Obrigada
Olá, gostaria de cancelar a minha subscrição. Obrigado | Podem me remover da lista, por favor? | Poderia me descadastrar? Obrigado | Parar | Quero desinscrever-me
""",
    "it": """
Grazie mille per il lavoro, ma vorrei disiscrivermi. | Disdetta
disiscrivimi | Disiscrivimi | Disiscrivetemi | Disiscriversi | disiscrivermi | Disiscrizione | Richiesta di disiscrizione | Vorrei disiscrivermi | Vorrei disiscrivermi. | Voglio disiscrivermi | Voglio disiscrivermi dalla newsletter
Vorrei disiscrivermi dalla newsletter. Grazie | Desidero disiscrivermi | Per favore disiscrivetemi | Per favore, disiscrivetemi da questa lista. | Chiedo di essere disiscritto | Chiedo la disiscrizione | Richiedo la disiscrizione
Cancellami | Cancellatemi | Cancellatemi dalla lista | Cancellatemi per favore | Per favore cancellatemi dalla vostra lista. | Cancellami dalla lista | Cancellami dalla newsletter | Vorrei cancellarmi | Vorrei cancellarmi dalla newsletter.
Vorrei cancellare la mia iscrizione | Voglio cancellare l'iscrizione | Voglio cancellare la mia iscrizione. | Cancellare iscrizione | Cancella iscrizione | Cancella la mia iscrizione | Annulla iscrizione | Annulla la mia iscrizione
Annullare iscrizione | Annullare l'iscrizione | Vorrei annullare l'iscrizione | Vorrei annullare la mia iscrizione. | Desidero annullare l’iscrizione alla newsletter. | Cancellazione | Cancellazione dalla newsletter | Chiedo la cancellazione
Richiedo la cancellazione dalla lista | Chiedo di essere cancellato dalla lista | Chiedo di essere cancellata dalla vostra mailing list. | Rimuovimi | Rimuovetemi | Rimuovetemi dalla lista | Rimuovetemi dalla mailing list per favore
Si prega di rimuovermi dalla lista | Vi prego di rimuovermi dalla lista. | Vi prego di cancellarmi | Per favore rimuovete il mio indirizzo | Per favore rimuovete la mia email dalla lista. | Toglietemi dalla lista | Toglimi dalla lista
Non voglio più ricevere | Non voglio più ricevere queste email | Non voglio più ricevere email. | Non desidero più ricevere la newsletter. | Non desidero ricevere altre email | Non inviatemi più email | Per favore non inviatemi più email
Smettete di inviarmi email | Smettetela di mandarmi email | Basta email | Stop | Buongiorno, vorrei disiscrivermi. Grazie, Ada | Salve, vi chiedo di cancellarmi dalla lista. Cordiali saluti | Gentili signori, desidero disiscrivermi. Distinti saluti
Potete disiscrivermi? | Potete cancellarmi dalla lista, per favore? | Potreste disiscrivermi? Grazie mille | Ciao, disiscrivimi per favore
""",
    "ru": """
Прошу больше не присылать мне писем | Спасибо за рассылку, но прошу меня отписать. | Можете меня отписать?
отписаться | Отписаться | ОТПИСАТЬСЯ | Отписаться. | отписка | Отписка от рассылки | Отписать | Отпишите | Отпишите меня | Отпишите меня, пожалуйста | Отпишите меня от рассылки | Отпишите меня от рассылки, пожалуйста.
Пожалуйста, отпишите меня | Пожалуйста, отпишите меня от рассылки. | Пожалуйста отпишите | Прошу отписать меня | Прошу отписать меня от рассылки. | Прошу отписать | Прошу вас отписать меня от этой рассылки | Хочу отписаться
Хочу отписаться от рассылки | Я хочу отписаться | Я хочу отписаться от этой рассылки. | Хотел бы отписаться | Хотела бы отписаться от рассылки. | Я хотел бы отписаться. | Желаю отписаться | Отписываюсь
Отменить подписку | Отмените подписку | Отмените мою подписку | Прошу отменить подписку | Прошу отменить мою подписку. | Хочу отменить подписку | Отмена подписки | Отказаться от рассылки | Отказываюсь от рассылки
Хочу отказаться от рассылки. | Отказ от рассылки | Отказ от подписки | Удалите меня из рассылки | Удалите меня из списка рассылки | Пожалуйста, удалите меня из списка. | Прошу удалить меня из рассылки | Прошу удалить мой адрес
Прошу удалить мой адрес из рассылки. | Удалите мой адрес | Удалите мой email из рассылки | Исключите меня из рассылки | Прошу исключить меня из списка рассылки. | Уберите меня из рассылки | Прекратите рассылку
Прекратите рассылку, пожалуйста | Прекратите присылать мне письма | Прекратите слать письма | Прошу прекратить рассылку. | Больше не присылайте | Больше не присылайте мне письма | Не присылайте мне больше письма
Не присылайте больше писем. | Не хочу больше получать эти письма | Я больше не хочу получать эту рассылку. | Не хочу получать рассылку | Стоп | СТОП | Stop | Остановите рассылку
Здравствуйте, прошу отписать меня от рассылки. Спасибо. | Добрый день! Отпишите меня, пожалуйста. С уважением, Ада | Здравствуйте! Хочу отписаться. Спасибо | Можно отписаться? | Можно меня отписать? | Снимите меня с рассылки
""",
}

# Negated, conditional, partial, by somebody else or asked: nobody may leave by these.
NO_REQUESTS = {
    "en": """
Will you stop the newsletter? | I no longer work on robotics, please remove it. | I clicked “unsubscribe” | The footer says: unsubscribe | Thanks! Please unsubscribe: Bob Smith | Please unsubscribe me. From the Vision topic, I mean. | Unsubscribe... nah, I love it
Please cancel my subscription. Or can you reduce it to five papers a day | Please unsubscribe me as soon as you stop covering robotics. | Please stop the emails for now | Unsubscribe me for two weeks | stop please, I'm on holiday until April | I am thinking about it, unsubscribe maybe
please don't unsubscribe me | Please do not unsubscribe me. | don't unsubscribe | Do not unsubscribe me! | I don't want to unsubscribe | I do not want to unsubscribe. | Never unsubscribe me | Don't stop | Please don't stop sending these
Don't ever stop | please never stop | I would never unsubscribe | I'm not unsubscribing | Not unsubscribing | I won't unsubscribe | don't remove me | Please do not remove me from the list. | Unsubscribe? No way! | Unsubscribe? Never.
How do I unsubscribe? | How can I unsubscribe? | How to unsubscribe | Where can I unsubscribe? | Can I unsubscribe? | unsubscribe? | Is there a way to unsubscribe? | What happens if I unsubscribe? | Did I unsubscribe? | Why did you unsubscribe me?
Was I unsubscribed? | Have I been unsubscribed? | I was unsubscribed by mistake | I got unsubscribed, please add me again. | I unsubscribed last week but still get mail | I accidentally unsubscribed | Please resubscribe me | resubscribe | undo unsubscribe
If this goes on I will unsubscribe | If you don't stop I'll unsubscribe | I might unsubscribe | I may unsubscribe soon | I was about to unsubscribe but this is great | I will unsubscribe next month | unsubscribe me next month | Unsubscribe me in June
Unsubscribe me if there are no more papers on pruning | unsubscribe me unless you add cs.CR | Unsubscribe me from cs.CV only | unsubscribe from cs.CV | Unsubscribe me from the vision topic | Please unsubscribe me only from weekends
Stop sending me papers about vision | Stop sending cs.CV | stop the abstracts | Please stop including abstracts | stop sending me two mails a day | Remove paper 3 | remove the abstracts | remove cs.CV from my topics | Please remove the scores
My colleague wants to unsubscribe | Please unsubscribe my colleague | Unsubscribe Bob | unsubscribe Bob Smith | please unsubscribe her | Unsubscribe him please | He wants to unsubscribe | She asked to be unsubscribed | My boss would like to unsubscribe.
unsubscribe eve@example.net | Please remove eve@example.net from your list | Please unsubscribe our whole team | Unsubscribe everyone in our group | Unsubscribe, just kidding | unsubscribe - no wait, keep me | Unsubscribe (joking!) | Unsubscribe is broken
The unsubscribe link does not work | Your unsubscribe link is broken. | I saw the unsubscribe link | unsubscribe link? | Nice that one can unsubscribe by mail | I like that you can reply unsubscribe | The word unsubscribe is misspelled in your footer
Stop it, I love this | stop words are great | Stop by my office | Early stopping helps | cancel the meeting | Please cancel my order | Remove duplicates first | Opt-out policies are interesting | I don't want to opt out | unsubscribe you
To unsubscribe or not to unsubscribe | Did you mean unsubscribe | I told my students to unsubscribe from everything else | Ignore my last mail, don't unsubscribe me | Please ignore my unsubscribe request | I take back my unsubscribe request
""",
    "zh": """
我退订了吗 | 退订了吗 | 你把我退订了 | 你取消了我的订阅 | 您取消了我的订阅吗 | 我不再收到邮件了 | 我现在不再收到邮件了 | 你要退订吗 | 你不订阅了吗 | 请删除这封邮件 | 停止发送两周 | 请停止发送，两周后恢复 | 退订，发错了
别退订我 | 不要退订 | 请不要退订我 | 请别给我退订 | 不退订 | 我不想退订 | 我不要退订 | 不是退订 | 我没有退订 | 我没要退订 | 千万别退订 | 无需退订 | 不用退订 | 先别退订 | 暂不退订 | 我不会退订的 | 舍不得退订 | 不要取消订阅 | 请不要取消我的订阅
怎么退订？ | 如何退订 | 怎样退订 | 请问如何退订？ | 在哪里退订？ | 退订在哪里 | 可以退订吗？ | 能退订吗 | 退订？ | 要退订吗？ | 退订链接打不开 | 退订按钮坏了 | 退订了吗？ | 退订成功了吗 | 我已经退订了吗？ | 为什么退订不了 | 为什么把我退订了？ | 误退订了，请恢复
如果太多我就退订 | 再发就退订 | 再这样我就退订了 | 要是没有新内容我就退订 | 下个月退订 | 下周再退订 | 年底退订 | 考虑退订 | 我在考虑退订 | 差点退订 | 本来想退订 | 只退订 cs.CV | 只退订视觉方向 | 退订 cs.CV | 退订计算机视觉主题 | 部分退订 | 除了 cs.LG 都退订
我同事想退订 | 帮我同事退订 | 我朋友要退订 | 他想退订 | 她要退订 | 张三要退订 | 请帮张三退订 | 我老板想取消订阅 | 请帮我导师退订 | 我们组的人都想退订 | 退订 eve@example.net | 不要再发视觉的论文了 | 不要再发摘要 | 别再发中文了 | 停止发送 cs.CV 的论文
开玩笑，退订 | 退订，开玩笑的 | 退订是什么意思 | “退订”二字写错了 | 我看到可以回复退订，很方便 | 回复退订就行吗？ | 不想退订，谢谢 | 请恢复订阅，不要退订 | 重新订阅 | 我想重新订阅 | 取消退订 | 撤销退订 | 取消一下第三篇 | 我想取消预约 | 不取消订阅
""",
    "zh-hant": """
不要退訂 | 請不要退訂我 | 別退訂 | 我不想退訂 | 不是要退訂 | 如何退訂？ | 怎麼取消訂閱？ | 如何取消訂閱 | 可以取消訂閱嗎？ | 要怎麼退訂 | 如果太多我就退訂 | 我同事想取消訂閱 | 請幫我同事退訂 | 他想退訂 | 只退訂 cs.CV | 下個月再退訂 | 退訂連結壞了 | 重新訂閱
我已經退訂了嗎？ | 為什麼幫我退訂？ | 不要取消訂閱 | 請勿取消我的訂閱 | 開玩笑的，退訂 | 考慮退訂
""",
    "ja": """
4月末まで配信停止してください | 間違えました、配信停止は無視してください | 解除 配信停止
配信停止しないでください | 配信停止しないで | 配信を停止しないでください。 | 配信停止の方法を教えてください | 配信停止はどうすればいいですか？ | どうやって購読解除しますか？ | 購読解除の方法は？ | 配信停止できますか？ | 配信停止したくないです | 配信停止は希望しません
配信停止のリンクが動きません | 配信停止になっていますか | 間違えて配信停止してしまいました | もし増えるなら配信停止します | cs.CVだけ配信停止してください | cs.CVのみ解除してください | 同僚が配信停止を希望しています | 同僚の購読解除をお願いします | 退会しません | 退会したくない
購読を続けたいです | 配信を再開しますか | 購読したいです | 来月解除します | 解除しないで | 停止しないでください | 配信停止について質問があります | 配信停止を取り消してください | 田中さんを配信停止してください
""",
    "ko": """
수신거부 해지 | 2주간 수신거부
수신거부 하지 마세요 | 구독 취소하지 마세요 | 구독 취소하지 말아 주세요. | 구독을 취소하고 싶지 않습니다 | 수신거부 안 합니다 | 구독 취소는 어떻게 하나요? | 어떻게 구독을 취소하나요? | 수신거부 방법을 알려주세요 | 구독 해지 가능한가요? | 구독 취소되었나요?
제 동료가 구독 취소를 원합니다 | 동료의 구독을 취소해 주세요 | cs.CV만 구독 취소해 주세요 | 메일이 더 많아지면 구독 취소하겠습니다 | 만약 계속되면 수신거부하겠습니다 | 실수로 구독 취소했습니다 | 구독 취소를 취소해 주세요 | 다음 달에 구독 취소할게요 | 구독 취소 링크가 작동하지 않습니다
구독하고 싶습니다 | 해지하지 마세요 | 탈퇴 안 해요
""",
    "de": """
Bitte tragen Sie mich ein | Bitte tragen Sie mich in den Verteiler ein. | Abmeldung erhalten | Melden Sie mich bitte | Bitte stoppen bis 1. April
bitte nicht abmelden | Bitte melden Sie mich nicht ab. | Ich möchte mich nicht abmelden | Ich will mich nicht abmelden! | Nicht abbestellen | Niemals abmelden | Auf keinen Fall abmelden | Bitte nicht kündigen | Wie kann ich mich abmelden? | Wie melde ich mich ab?
Wo kann ich den Newsletter abbestellen? | Kann ich mich abmelden? | Abmelden? | Bin ich abgemeldet? | Warum wurde ich abgemeldet? | Wenn das so weitergeht, melde ich mich ab. | Falls es mehr wird, bitte abmelden | Ich überlege, mich abzumelden | Ich werde mich vielleicht abmelden
Bitte nur von cs.CV abmelden | Bitte cs.CV abbestellen | Mein Kollege möchte sich abmelden | Bitte melden Sie meinen Kollegen ab | Meine Kollegin will sich abmelden | Bitte melden Sie Herrn Müller ab | Sie möchte sich abmelden | Der Abmeldelink funktioniert nicht | Der Link zum Abmelden ist kaputt
Abmelden, nur Spaß | Bitte wieder anmelden | Ich habe mich versehentlich abgemeldet | Nächsten Monat abmelden | Ich melde mich nächste Woche | Bitte entfernen Sie die Abstracts | Ich melde mich bald wieder ab | Stopp, nicht abmelden | Bitte stoppen Sie die Bilder
""",
    "fr": """
ne me désabonnez pas | Ne me désabonnez pas ! | Merci de ne pas me désabonner. | Je ne veux pas me désabonner | Je ne souhaite pas me désabonner. | Surtout ne me désabonnez pas | Comment me désabonner ? | Comment se désabonner ? | Comment puis-je me désinscrire ? | Où puis-je me désabonner ?
Puis-je me désabonner ? | Suis-je désabonné ? | Pourquoi m'avez-vous désabonné ? | Si ça continue je me désabonne | Si vous continuez, désabonnez-moi | Je vais peut-être me désabonner | Je pense me désabonner | Me désabonner de cs.CV seulement | Désabonnez-moi de cs.CV
Mon collègue souhaite se désabonner | Merci de désabonner mon collègue | Ma collègue veut se désinscrire | Il veut se désabonner | Elle souhaite se désabonner | Le lien de désabonnement ne marche pas | Désabonner ? Jamais ! | Je me suis désabonné par erreur | Veuillez me réabonner
Je me désabonnerai le mois prochain | Arrêtez les résumés | Retirez l'article 3 | Désabonnez-moi, je plaisante | N'arrêtez pas
""",
    "es": """
no quiero darme de baja | No me den de baja | Por favor no me den de baja | No deseo cancelar mi suscripción | no cancelar | ¿Cómo me doy de baja? | ¿Cómo puedo darme de baja? | Cómo darse de baja | ¿Dónde me doy de baja? | ¿Puedo darme de baja? | ¿Estoy dado de baja? | ¿Por qué me dieron de baja?
Si siguen así me doy de baja | Si no paran, denme de baja | Quizás me dé de baja | Estoy pensando en darme de baja | Darme de baja solo de cs.CV | Quiero darme de baja de cs.CV | Mi colega quiere darse de baja | Por favor den de baja a mi compañero | Mi compañera quiere darse de baja
Ella quiere darse de baja | El enlace de baja no funciona | Me di de baja por error | Baja, es broma | El mes que viene me doy de baja | Temperatura baja | La calidad es baja | No quiero recibir más artículos de visión | Dejen de enviar cs.CV | Nunca me daré de baja
""",
    "pt": """
não quero cancelar a inscrição | Não cancele minha inscrição | Por favor, não me removam da lista | Não quero sair da lista | Como cancelar a inscrição? | Como faço para cancelar? | Como posso me descadastrar? | Onde cancelo a inscrição? | Posso cancelar minha inscrição? | Fui descadastrado? | Por que me removeram?
Se continuar assim vou cancelar minha inscrição | Se não parar, me removam | Talvez eu cancele | Estou pensando em cancelar a assinatura | Cancelar inscrição apenas de cs.CV | Quero sair somente de cs.CV | Meu colega quer cancelar a inscrição | Por favor, remova meu colega da lista
Ela quer se descadastrar | O link de cancelamento não funciona | Cancelei por engano | Cancelar inscrição, brincadeira | Mês que vem vou cancelar | Parem de enviar cs.CV | Quero me inscrever de novo | Remova o artigo 3
""",
    "it": """
non disiscrivetemi | Per favore non disiscrivetemi | Non voglio disiscrivermi | Non cancellatemi | Non voglio cancellare la mia iscrizione | Come posso disiscrivermi? | Come mi disiscrivo? | Come faccio a cancellarmi? | Dove posso cancellarmi? | Posso disiscrivermi? | Sono stato disiscritto? | Perché mi avete cancellato?
Se continua così mi disiscrivo | Se non smettete, cancellatemi | Forse mi disiscriverò | Sto pensando di disiscrivermi | Disiscrivetemi solo da cs.CV | Vorrei disiscrivermi da cs.CV | Il mio collega vuole disiscriversi | Per favore disiscrivete il mio collega | Lei vuole disiscriversi
Il link per disiscriversi non funziona | Mi sono disiscritto per errore | Disiscrivetemi, scherzo | Il mese prossimo mi disiscrivo | Cancellate il terzo articolo | Vorrei iscrivermi di nuovo | Basta con la visione | Mai disiscrivermi
""",
    "ru": """
Отпишите мне, пожалуйста | Отпишитесь по результату | Спасибо, отпишитесь!
не отписывайте меня | Не надо меня отписывать | Пожалуйста, не отписывайте меня | Я не хочу отписываться | Не хочу отписаться | Не отписывать | Не отменяйте мою подписку | Как отписаться? | Как мне отписаться от рассылки? | Где отписаться? | Могу ли я отписаться? | Я отписан? | Почему меня отписали?
Если так будет продолжаться, я отпишусь | Если не прекратите, отпишите меня | Наверное, отпишусь | Думаю отписаться | Отпишите меня только от cs.CV | Хочу отписаться только от cs.CV | Отписаться от cs.CV | Мой коллега хочет отписаться | Отпишите моего коллегу | Она хочет отписаться
Ссылка для отписки не работает | Я случайно отписался | Отпишите, шучу | Отпишусь в следующем месяце | Удалите третью статью | Подпишите меня снова | Хочу подписаться | Никогда не отпишусь
""",
}

# Neither a request nor about leaving: they stay unread for the owner.
ORDINARY = {
    "en": """
Thanks! | Thank you | Thanks a lot, very useful. | Great issue today | Love it | Paper 3 was great, thanks for including it. | Could you add cs.CR? | Can I get two more topics? | Received, thanks | Got it | OK | Yes | No | Nice | Interesting | lol | +1
I read the paper on stopping criteria and it convinced me. | Which model do you use for scoring? | Is there an archive? | The link to the second paper is broken. | Can you send it at 7:00 instead? | Hi, who maintains this? | Please add my colleague Eve to the list
I think the score of paper 5 is too low. | Would it be possible to get abstracts in full? | FYI @Bob see number 4 | Let's discuss this on Monday. | Forwarding this to the group. | What is the arXiv id of the MoE paper? | Please send me the PDF | Happy new year!
Do these papers have code? | Thanks, I was away and will read them next week. | I cancelled my meeting to read this | The removal of layers in paper 2 is clever | Attention is all you need | My address has changed to ada@new.example | Could the summaries be longer?
""",
    "zh": """
谢谢 | 谢谢！ | 收到 | 收到，谢谢 | 好的 | 很好 | 赞 | 不错 | 第二篇很有意思 | 能多发点系统方向的吗？ | 今天的论文质量很高 | 请问评分用的什么模型？ | 能增加 cs.CR 吗 | 可以改成早上七点发吗？ | 麻烦把我同事也加上 | 第三篇的链接打不开 | 辛苦了 | 666 | 这篇的代码在哪里？
想要完整摘要 | 我换邮箱了 | 请问有往期吗？ | 非常感谢，很有帮助 | 剪枝那篇写得很好 | 建议增加多模态方向 | 下周组会讨论第一篇 | 转发给大家看看 | 请问可以订阅吗？ | 我想订阅另一个主题 | 早停的那篇很有意思 | 新年快乐
""",
    "zh-hant": """
謝謝 | 收到 | 很棒 | 第二篇很有意思 | 可以改成早上七點寄嗎？ | 請問評分用什麼模型？ | 能增加 cs.CR 嗎 | 辛苦了 | 我換信箱了 | 非常感謝
""",
    "ja": """
ありがとうございます。 | ありがとう | 了解です | 承知しました | 3番の論文が面白かったです。 | cs.CRも追加できますか？ | 送信時間を7時に変更できますか | 毎朝楽しみにしています。 | どのモデルを使っていますか？ | リンクが切れています | お疲れ様です。 | よろしくお願いいたします。
早期停止の論文が良かったです | 解説をもう少し長くしてほしいです
""",
    "ko": """
감사합니다 | 고맙습니다! | 잘 받았습니다 | 3번 논문이 좋네요 | cs.CR도 추가해 주실 수 있나요? | 아침 7시에 보내주실 수 있나요? | 어떤 모델을 쓰시나요? | 링크가 깨졌어요 | 수고하세요 | 네 알겠습니다
""",
    "de": """
Danke, ich melde mich! | Ich melde mich schnellstmöglich. | Melde mich jetzt
Danke! | Vielen Dank | Sehr interessant | Super Ausgabe heute | Könnten Sie cs.CR hinzufügen? | Welches Modell nutzen Sie? | Der Link zum dritten Artikel geht nicht. | Ich melde mich nächste Woche | Kann man das um 7 Uhr bekommen? | Habe ich erhalten, danke | Wir sprechen am Montag darüber.
Artikel 2 ist großartig | Bitte auch meine Kollegin Eva aufnehmen
""",
    "fr": """
Merci ! | Merci beaucoup | Très intéressant | Bien reçu, merci | Pourriez-vous ajouter cs.CR ? | Quel modèle utilisez-vous ? | Le lien du troisième article est cassé. | L'article 2 est excellent | Est-ce possible de le recevoir à 7 h ? | Bonne journée | L'arrêt précoce est une bonne idée
""",
    "es": """
¡Gracias! | Muchas gracias | Muy interesante | Recibido | ¿Podrían añadir cs.CR? | ¿Qué modelo usan? | El enlace del tercer artículo está roto. | ¿Se puede recibir a las 7? | Buen trabajo | Me gusta el artículo 2 | La tasa de error es más baja en el 3
""",
    "pt": """
Obrigado! | Muito obrigada | Muito interessante | Recebido, obrigado | Podem adicionar cs.CR? | Qual modelo vocês usam? | O link do terceiro artigo está quebrado. | Gostei do artigo 2 | Bom dia | É possível receber às 7h?
""",
    "it": """
Grazie! | Molte grazie | Molto interessante | Ricevuto, grazie | Potete aggiungere cs.CR? | Che modello usate? | Il link del terzo articolo non funziona. | Bello l'articolo 2 | È possibile riceverla alle 7? | Buona giornata
""",
    "ru": """
Спасибо! | Большое спасибо | Очень интересно | Получил, спасибо | Можно добавить cs.CR? | Какую модель вы используете? | Ссылка на третью статью не работает. | Отличный выпуск | Можно присылать в 7 утра? | Хорошего дня
""",
}
