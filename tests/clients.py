"""How mail programs write a reply to our mail: what they put around, below and above the words that were typed."""

from __future__ import annotations

import base64
import html
import quopri
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

WHO = "Morning arXiv"


@dataclass(frozen=True)
class Original:
    """The mail that is answered."""

    text: str
    html: str  # the whole document
    reply_to: str
    message_id: str
    subject: str

    @property
    def body(self) -> str:
        """What stands between <body> and </body>, as programs paste it."""
        return re.sub(r"(?is)^.*?<body[^>]*>|</body>.*$", "", self.html)


def lines(text: str, prefix: str = "> ") -> str:
    return "\n".join(f"{prefix}{line}".rstrip() for line in text.splitlines())


# What programs put between the reply and the quote, by their language. {who}: name and address, {a}: the address.
ATTRIBUTIONS = {
    "gmail en": "On Mon, Mar 9, 2026 at 9:30 AM {n} <{a}> wrote:",
    "gmail en-gb": "On Mon, 9 Mar 2026 at 09:30, {n} <{a}> wrote:",
    "gmail zh": "{n} <{a}> 于2026年3月9日周一 09:30写道：",
    "gmail zh-tw": "{n} <{a}> 於 2026年3月9日 週一 上午9:30寫道：",
    "gmail ja": "2026年3月9日(月) 9:30 {n} <{a}>:",
    "gmail ko": "2026년 3월 9일 (월) 오전 9:30, {n} <{a}>님이 작성:",
    "gmail de": "Am Mo., 9. März 2026 um 09:30 Uhr schrieb {n} <{a}>:",
    "gmail fr": "Le lun. 9 mars 2026 à 09:30, {n} <{a}> a écrit :",
    "gmail es": "El lun, 9 mar 2026 a las 9:30, {n} (<{a}>) escribió:",
    "gmail pt": "Em seg., 9 de mar. de 2026 às 09:30, {n} <{a}> escreveu:",
    "gmail it": "Il giorno lun 9 mar 2026 alle ore 09:30 {n} <{a}> ha scritto:",
    "gmail ru": "пн, 9 мар. 2026 г. в 09:30, {n} <{a}>:",
    "gmail nl": "Op ma 9 mrt 2026 om 09:30 schreef {n} <{a}>:",
    "gmail pl": "pon., 9 mar 2026 o 09:30 {n} <{a}> napisał(a):",
    "gmail tr": "{n} <{a}>, 9 Mar 2026 Pzt, 09:30 tarihinde şunu yazdı:",
    "apple en": "On Mar 9, 2026, at 9:30 AM, {n} <{a}> wrote:",
    "apple zh": "在 2026年3月9日，09:30，{n} <{a}> 写道：",
    "apple zh 2": "{n} <{a}> 在 2026年3月9日 09:30 写道：",
    "apple zh-tw": "{n} <{a}> 於 2026年3月9日 上午9:30 寫道：",
    "apple ja": "2026/03/09 9:30、{n} <{a}>のメール:",
    "apple ko": "2026. 3. 9. 오전 9:30, {n} <{a}> 작성:",
    "apple de": "Am 09.03.2026 um 09:30 schrieb {n} <{a}>:",
    "apple fr": "Le 9 mars 2026 à 09:30, {n} <{a}> a écrit :",
    "apple es": "El 9 mar 2026, a las 9:30, {n} <{a}> escribió:",
    "apple pt": "Em 9 de mar. de 2026, à(s) 09:30, {n} <{a}> escreveu:",
    "apple it": "Il giorno 9 mar 2026, alle ore 09:30, {n} <{a}> ha scritto:",
    "apple ru": "9 марта 2026 г., в 09:30, {n} <{a}> написал(а):",
    "thunderbird en": "On 3/9/26 9:30 AM, {n} wrote:",
    "thunderbird zh": "在 2026/3/9 09:30, {n} 写道:",
    "thunderbird zh-tw": "{n} 於 2026/3/9 上午 09:30 寫道：",
    "thunderbird ja": "On 2026/03/09 9:30, {n} wrote:",
    "thunderbird ko": "2026-03-09 오전 9:30에 {n} 이(가) 쓴 글:",
    "thunderbird de": "Am 09.03.26 um 09:30 schrieb {n}:",
    "thunderbird fr": "Le 09/03/2026 à 09:30, {n} a écrit :",
    "thunderbird es": "El 9/3/26 a las 9:30, {n} escribió:",
    "thunderbird pt": "Em 09/03/2026 09:30, {n} escreveu:",
    "thunderbird it": "Il 09/03/26 09:30, {n} ha scritto:",
    "thunderbird ru": "09.03.2026 09:30, {n} пишет:",
    "yahoo en": "    On Monday, March 9, 2026 at 09:30:00 AM GMT+8, {n} <{a}> wrote:  ",
    "yahoo ja": "----- Original Message -----",
    "yahoo tw": "    {n} <{a}> 於 2026年3月9日 星期一 上午09:30:00 [GMT+8] 寫道：  ",
    "yahoo es": "    En lunes, 9 de marzo de 2026, 09:30:00 CET, {n} <{a}> escribió:  ",
    "yahoo de": "    Am Montag, 9. März 2026 um 09:30:00 MEZ hat {n} <{a}> Folgendes geschrieben:  ",
    "yahoo fr": "    Le lundi 9 mars 2026 à 09:30:00 UTC+1, {n} <{a}> a écrit :  ",
    "proton en": "On Monday, March 9th, 2026 at 9:30 AM, {n} <{a}> wrote:",
    "proton old": "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, March 9th, 2026 at 9:30 AM, {n} <{a}> wrote:",
    "yandex ru": '09.03.2026, 09:30, "{n}" <{a}>:',
    "mail.ru": "Понедельник, 9 марта 2026, 9:30 +03:00 от {n} <{a}>:",
    "netease web": 'At 2026-03-09 09:30:00, "{n}" <{a}> wrote:',
    "netease web zh": '在 2026-03-09 09:30:00，"{n}" <{a}> 写道：',
    "wps": "在2026年3月9日 09:30，{n}<{a}> 写道：",
    "mutt": "On Mon, Mar 09, 2026 at 09:30:00AM +0800, {n} wrote:",
    "gnus": "{n} <{a}> writes:",
    "roundcube": "On 2026-03-09 09:30, {n} wrote:",
    "roundcube de": "Am 2026-03-09 09:30, schrieb {n}:",
    "k9": "Am 9. März 2026 09:30:00 MEZ schrieb {n} <{a}>:",
    "superhuman": "On Mon, Mar 09, 2026 at 9:30 AM, {n} < {a} > wrote:",
    "lark": 'From: "{n}" <{a}>\nDate: Mon, Mar 9, 2026, 09:30\nSubject: {s}\nTo: <ada@example.com>',
}

# Header blocks below which the mail stands without marks.
BLOCKS = {
    "outlook en": "From: {n} <{a}>\nSent: Monday, March 9, 2026 9:30 AM\nTo: Ada <ada@example.com>\nSubject: {s}\n",
    "outlook line": "________________________________\nFrom: {n} <{a}>\nSent: Monday, March 9, 2026 9:30 AM\n"
    "To: Ada <ada@example.com>\nSubject: {s}\n",
    "outlook stars": "*From:* {n} <{a}>\n*Sent:* Monday, March 9, 2026 9:30 AM\n*To:* Ada\n*Subject:* {s}\n",
    "outlook original": "-----Original Message-----\nFrom: {n} <{a}>\nSent: Monday, March 9, 2026 9:30 AM\nTo: Ada\n"
    "Subject: {s}\n",
    "outlook zh": "发件人: {n} <{a}>\n发送时间: 2026年3月9日 9:30\n收件人: Ada <ada@example.com>\n主题: {s}\n",
    "outlook zh original": "-----邮件原件-----\n发件人: {n} <{a}>\n发送时间: 2026年3月9日 9:30\n收件人: Ada\n主题: {s}\n",
    "outlook zh-tw": "寄件者: {n} <{a}>\n寄件日期: 2026年3月9日 上午 09:30\n收件者: Ada\n主旨: {s}\n",
    "outlook ja": "差出人: {n} <{a}>\n送信日時: 2026年3月9日 9:30\n宛先: Ada\n件名: {s}\n",
    "outlook ko": "보낸 사람: {n} <{a}>\n보낸 날짜: 2026년 3월 9일 월요일 오전 9:30\n받는 사람: Ada\n제목: {s}\n",
    "outlook de": "Von: {n} <{a}>\nGesendet: Montag, 9. März 2026 09:30\nAn: Ada\nBetreff: {s}\n",
    "outlook fr": "De : {n} <{a}>\nEnvoyé : lundi 9 mars 2026 09:30\nÀ : Ada\nObjet : {s}\n",
    "outlook es": "De: {n} <{a}>\nEnviado el: lunes, 9 de marzo de 2026 9:30\nPara: Ada\nAsunto: {s}\n",
    "outlook pt": "De: {n} <{a}>\nEnviado: segunda-feira, 9 de março de 2026 09:30\nPara: Ada\nAssunto: {s}\n",
    "outlook it": "Da: {n} <{a}>\nInviato: lunedì 9 marzo 2026 09:30\nA: Ada\nOggetto: {s}\n",
    "outlook ru": "От: {n} <{a}>\nОтправлено: 9 марта 2026 г. 9:30\nКому: Ada\nТема: {s}\n",
    "outlook mobile": "Get Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: {n} <{a}>\n"
    "Sent: Monday, March 9, 2026 9:30:00 AM\nTo: Ada\nSubject: {s}\n",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "{n}" <{a}>;\n发送时间: 2026年3月9日(星期一) 上午9:30\n'
    '收件人: "Ada"<ada@example.com>;\n主题: {s}\n',
    "qq entity": '------------------&nbsp;原始邮件&nbsp;------------------\n发件人:&nbsp;"{n}"&nbsp;<{a}&gt;;\n'
    "发送时间:&nbsp;2026年3月9日(星期一) 上午9:30\n主题:&nbsp;{s}\n",
    "qq mobile": '---原始邮件---\n发件人: "{n}"<{a}>\n发送时间: 2026年3月9日(周一) 上午9:30\n主题: {s}\n',
    "qq en": '------------------ Original ------------------\nFrom: "{n}"<{a}>;\nDate: Mon, Mar 9, 2026 09:30 AM\n'
    'To: "Ada";\nSubject: {s}\n',
    "foxmail": " \n发件人： {n}\n发送时间： 2026-03-09 09:30\n收件人： ada\n主题： {s}\n",
    "foxmail en": " \nFrom: {n}\nDate: 2026-03-09 09:30\nTo: ada\nSubject: {s}\n",
    "netease master": "| |\nAda\n|\n|\nada@example.com\n|\n签名由 网易邮箱大师 定制\n\n---- 回复的原邮件 ----\n"
    "| 发件人 | {n}<{a}> |\n| 发送日期 | 2026年03月09日 09:30 |\n| 收件人 | ada@example.com |\n| 主题 | {s} |\n",
    "netease master old": "在2026年03月09日 09:30，{n} 写道：\n",
    "netease forward": '-------- 转发邮件信息 --------\n发件人："{n}" <{a}>\n发送日期：2026-03-09 09:30:00\n主题：{s}\n',
    "sina": "----- 原始邮件 -----\n发件人：{n} <{a}>\n收件人：ada@example.com\n主题：{s}\n日期：2026年03月09日 09点30分\n",
    "aliyun": "------------------------------------------------------------------\n发件人：{n} <{a}>\n"
    "发送时间：2026年3月9日(星期一) 09:30\n收件人：ada <ada@example.com>\n主　题：{s}\n",
    "aliyun en": "------------------------------------------------------------------\nSender:{n} <{a}>\n"
    "Sent At:2026 Mar. 9 (Mon.) 09:30\nRecipient:ada <ada@example.com>\nSubject:{s}\n",
    "sohu": "----- 原文 -----\n发件人：{n} <{a}>\n时间：2026-03-09 09:30\n主题：{s}\n",
    "139": '----邮件原文----\n发件人："{n}" <{a}>\n收件人：ada\n发送时间：2026-03-09 09:30:00\n主题：{s}\n',
    "lark zh": "发件人：{n}<{a}>\n日期：2026年3月9日（周一） 09:30\n主题：{s}\n收件人：<ada@example.com>\n",
    "dingtalk": "------------------------------------------------------------------\n发件人：{n}\n"
    "日　期：2026年03月09日 09:30:00\n收件人：ada\n主　题：{s}\n",
    "naver": '-----Original Message-----\nFrom: "{n}"<{a}>\nTo: <ada@example.com>\nCc:\nSent: 2026-03-09 (월) 09:30:00 (GMT+09:00)\n'
    "Subject: {s}\n",
    "daum": "--------- 원본 메일 ---------\n보낸사람: {n} <{a}>\n받는사람 : ada\n날짜: 2026년 3월 09일 월요일\n제목: {s}\n",
    "zimbra": '----- Original Message -----\nFrom: "{n}" <{a}>\nTo: "Ada"\nSent: Monday, March 9, 2026 9:30:00 AM\nSubject: {s}\n',
    "zimbra fr": 'De: "{n}" <{a}>\nÀ: "Ada"\nEnvoyé: Lundi 9 Mars 2026 09:30:00\nObjet: {s}\n',
    "lotus": "From:   {n} <{a}>\nTo:     Ada\nDate:   09/03/2026 09:30\nSubject:        {s}\n",
    "lotus wrote": '"{n}" <{a}>\n09/03/2026 09:30\nTo\nada@example.com\ncc\n\nSubject\n{s}\n',
    "gmx": 'Gesendet: Montag, 09. März 2026 um 09:30 Uhr\nVon: "{n}" <{a}>\nAn: ada@example.com\nBetreff: {s}\n',
    "web.de": "--\nDiese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.\n"
    "Am 09.03.26, 09:30 schrieb {n} <{a}>:\n",
    "orange": '> Message du 09/03/26 09:30\n> De : "{n}" <{a}>\n> A : ada\n> Copie à :\n> Objet : {s}\n>\n',
    "libero": "---------- Messaggio originale ----------\nDa: {n} <{a}>\nA: ada\nData: 9 marzo 2026 alle 9.30\nOggetto: {s}\n",
    "uol": 'De: "{n}" <{a}>\nEnviada: 2026/03/09 09:30:00\nPara: ada\nAssunto: {s}\n',
    "samsung": "-------- Original message --------\nFrom: {n} <{a}>\nDate: 09/03/2026 09:30 (GMT+08:00)\nTo: ada\nSubject: {s}\n",
    "samsung zh": "-------- 原始信息 --------\n由： {n} <{a}>\n日期： 2026/3/9 09:30 (GMT+08:00)\n收件人： ada\n主题： {s}\n",
    "samsung ko": "-------- 원본 이메일 --------\n발신: {n} <{a}>\n날짜: 26/3/9 오전 9:30 (GMT+09:00)\n받은 사람: ada\n제목: {s}\n",
    "huawei": "-------- 原始邮件 --------\n发件人：{n} <{a}>\n日期：2026年3月9日周一 09:30\n收件人：ada\n主 题：{s}\n",
    "mi": "{n} <{a}> 于 2026年3月9日周一 09:30写道：\n",
    "fastmail": "On Mon, 9 Mar 2026, at 9:30 AM, {n} wrote:\n",
}

SIGNATURES = {
    "none": "",
    "iphone": "\n\nSent from my iPhone",
    "iphone zh": "\n\n发自我的 iPhone",
    "iphone zh-tw": "\n\n從我的 iPhone 傳送",
    "iphone ja": "\n\niPhoneから送信",
    "iphone ko": "\n\n나의 iPhone에서 보냄",
    "iphone de": "\n\nVon meinem iPhone gesendet",
    "iphone fr": "\n\nEnvoyé de mon iPhone",
    "iphone es": "\n\nEnviado desde mi iPhone",
    "iphone pt": "\n\nEnviado do meu iPhone",
    "iphone it": "\n\nInviato da iPhone",
    "iphone ru": "\n\nОтправлено с iPhone",
    "android ru": "\n\nОтправлено из мобильной Почты Mail.ru",
    "huawei": "\n\n发自我的华为手机",
    "mi": "\n\n从我的小米手机发送",
    "foxmail": "\n\n\n\nada@example.com",
    "outlook": "\n\nGet Outlook for Android",
    "outlook zh": "\n\n获取 Outlook for iOS",
    "yahoo": "\n\nSent from Yahoo Mail on Android",
    "proton": "\n\nSent with Proton Mail secure email.",
    "plain": "\n\n-- \nAda Lovelace\nAnalytical Engines Ltd\nonly serious enquiries",
    "named": "\n\nBest regards,\nAda Lovelace\nAssociate Professor | Example University\nTel. +44 20 5550 1234",
    "zh": "\n\n祝好\n张三\n某某大学计算机学院",
    "legal": "\n\nThis e-mail and any attachments are confidential. If you are not the intended recipient, do not read it\n"
    "and notify the sender. To unsubscribe from our own mailings write to stop@example.com.",
    "legal de": "\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie\n"
    "bitte den Absender. Abmelden: https://example.com/abmelden",
    "legal fr": "\n\nCe message est confidentiel. Si vous n'en êtes pas le destinataire, merci de le détruire.",
    "legal zh": "\n\n本邮件及其附件含有保密信息，如果您错收了本邮件，请您立即电话或邮件通知发件人并删除本邮件！",
    "legal ja": "\n\n本メールには機密情報が含まれている場合があります。もし宛先に心当たりがない場合は削除してください。",
    "marketing": "\n\n--\nAda Lovelace | Acme Inc.\nYou receive this because you are our customer. Unsubscribe: https://acme.example/u",
    "groups": '\n\n-- \nYou received this message because you are subscribed to the Google Groups "x" group.\n'
    "To unsubscribe from this group and stop receiving emails from it, send an email to x+unsubscribe@example.com.",
}


def text_replies(reply: str, original: Original) -> Iterator[tuple[str, str]]:
    """(program, text/plain body), the quote below the reply."""
    values = {"n": WHO, "a": original.reply_to, "s": original.subject}
    for name, line in ATTRIBUTIONS.items():
        said = line.format(**values)
        yield name, f"{reply}\n\n{said}\n\n{lines(original.text)}\n"
        if "gmail" in name or "yahoo" in name or "netease" in name or "apple" in name:
            yield f"{name}, no marks", f"{reply}\n\n{said}\n\n{original.text}\n"
        if name.startswith(("apple", "k9")):
            yield f"{name}, quoted line", f"{reply}\n\n> {said}\n> \n{lines(original.text)}\n"
        if len(said) > 76 and "\n" not in said:
            yield f"{name}, wrapped", f"{reply}\n\n{textwrap.fill(said, 76)}\n\n{lines(original.text)}\n"
        yield f"{name}, below", f"{said}\n{lines(original.text)}\n\n{reply}\n"
    for name, block in BLOCKS.items():
        yield name, f"{reply}\n\n{block.format(**values)}\n{original.text}\n"
    for prefix in (">", "| ", ">> ", "＞ ", ": "):
        yield f"marks {prefix}", f"{reply}\n\n{lines(original.text, prefix)}\n"
    yield "no attribution", f"{reply}\n\n{lines(original.text)}\n"
    yield "inline", f"{lines(chr(10).join(original.text.splitlines()[:4]))}\n\n{reply}\n\n{lines(original.text)}\n"
    yield "nothing quoted", f"{reply}\n"


def unmarked_replies(reply: str, original: Original) -> Iterator[tuple[str, str]]:
    """Programs that nobody knows: our mail stands there without any sign of it."""
    yield "below, bare", f"{reply}\n\n{original.text}\n"
    yield "above, bare", f"{original.text}\n\n{reply}\n"
    yield "below, unknown line", f"{reply}\n\n~~~ {WHO} @ 2026-03-09 ~~~\n{original.text}\n"
    yield "below, rewrapped", f"{reply}\n\n" + "\n".join(textwrap.wrap(original.text.replace("\n", " "), 60))
    yield "the footer only", f"{reply}\n\n" + "\n".join(original.text.splitlines()[-10:])
    yield "bullets", f"{reply}\n\n{lines(original.text, '* ')}\n"


def html_replies(reply: str, original: Original) -> Iterator[tuple[str, str]]:
    """(program, text/html body)."""
    typed = "<br>".join(html.escape(line) for line in reply.splitlines())
    divs = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in reply.splitlines())
    n, a, s, body = WHO, original.reply_to, html.escape(original.subject), original.body
    quoted = f'<blockquote type="cite">{body}</blockquote>'
    yield (
        "gmail",
        f'<div dir="ltr">{divs}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Mar 9, 2026 at 9:30 AM {n} &lt;<a href="mailto:{a}">{a}</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0">{body}</blockquote></div>',
    )
    yield (
        "gmail container",
        f'<div dir="ltr">{divs}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{n} 于2026年3月9日周一 09:30写道：<br></div><blockquote class="gmail_quote">{body}</blockquote></div>',
    )
    yield (
        "outlook web",
        f'<div class="elementToProof">{divs}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> {n} &lt;{a}&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ada<br><b>Subject:</b> {s}</font></div><div>{body}</div>',
    )
    yield (
        "outlook desktop",
        f'<div class="WordSection1"><p class="MsoNormal">{typed}<o:p></o:p></p><p class="MsoNormal">&nbsp;</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0 0 0"><p class="MsoNormal"><b>From:</b> {n} &lt;{a}&gt; <br><b>Sent:</b> Monday, March 9, 2026 9:30 AM<br><b>To:</b> Ada<br><b>Subject:</b> {s}</p></div>{body}</div>',
    )
    yield (
        "outlook desktop zh",
        f'<div class="WordSection1"><p class="MsoNormal">{typed}<o:p></o:p></p><div><div style="border-top:solid #B5C4DF 1.0pt"><p class="MsoNormal"><b>发件人<span lang="EN-US">:</span></b><span lang="EN-US"> {n} &lt;{a}&gt; <br></span><b>发送时间<span lang="EN-US">:</span></b> 2026年3月9日<br><b>收件人<span>:</span></b> Ada<br><b>主题<span>:</span></b> {s}</p></div></div>{body}</div>',
    )
    yield (
        "outlook mobile",
        f'<div>{divs}</div><div id="ms-outlook-mobile-signature"><div>Get <a href="https://aka.ms/x">Outlook for iOS</a></div></div><div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message"><hr><div><b>From:</b> {n}<br><b>Date:</b> Monday<br><b>To:</b> Ada<br><b>Subject:</b> {s}</div>{body}</div></div>',
    )
    yield (
        "apple",
        f'<html><body dir="auto">{divs}<div><br></div><div><br><blockquote type="cite"><div>On Mar 9, 2026, at 9:30 AM, {n} &lt;{a}&gt; wrote:</div><br class="Apple-interchange-newline">{body}</blockquote></div></body></html>',
    )
    yield (
        "apple ios",
        f'<html><body dir="auto">{divs}<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">发自我的 iPhone</div><div dir="ltr"><br><blockquote type="cite">{n} &lt;{a}&gt; 在 2026年3月9日 09:30 写道：<br><br></blockquote></div>{quoted}</body></html>',
    )
    yield (
        "thunderbird",
        f'<p>{typed}</p><div class="moz-cite-prefix">On 3/9/26 9:30 AM, {n} wrote:<br></div><blockquote type="cite" cite="mid:x">{body}</blockquote><div class="moz-signature">-- <br>Ada</div>',
    )
    yield (
        "thunderbird below",
        f'<div class="moz-cite-prefix">On 3/9/26 9:30 AM, {n} wrote:<br></div><blockquote type="cite" cite="mid:x">{body}</blockquote><p>{typed}</p>',
    )
    yield (
        "yahoo",
        f'<div class="yahoo-style-wrap">{divs}</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>On Monday, {n} &lt;{a}&gt; wrote:</div>{body}</div>',
    )
    yield (
        "proton",
        f'<div style="font-family: Arial">{divs}</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with <a href="https://proton.me">Proton Mail</a> secure email.</div></div><div class="protonmail_quote">On Monday, {n} &lt;{a}&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">{body}</blockquote></div>',
    )
    yield (
        "qq",
        f'<div>{divs}</div><div><includetail><div>&nbsp;</div><div style="font:Verdana">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="background:#efefef"><div><b>发件人:</b>&nbsp;"{n}"&nbsp;&lt;{a}&gt;;</div><div><b>发送时间:</b>&nbsp;2026年3月9日</div><div><b>主题:</b>&nbsp;{s}</div></div>{body}</includetail></div>',
    )
    yield (
        "qq new",
        f'<div class="qmbox">{divs}<div class="qmbox"><div>原始邮件</div><hr><div id="original-content">发件人：{n} &lt;{a}&gt;<br>发件时间：2026年3月9日 09:30<br>收件人：ada<br>主题：{s}<br>{body}</div></div></div>',
    )
    yield (
        "qq mobile",
        f'<div>{divs}</div><div id="qqmail_signature">Ada</div><div><div>---原始邮件---</div><div><b>发件人:</b> "{n}"&lt;{a}&gt;</div><div><b>发送时间:</b> 2026</div><div><b>主题:</b> {s}</div></div>{body}',
    )
    yield (
        "netease",
        f'<div>{divs}</div><div class="ntes-mailmaster-quote" style="padding-top:1px"><div>---- 回复的原邮件 ----</div><table><tr><td>发件人</td><td>{n}</td></tr></table><div>{body}</div></div>',
    )
    yield (
        "netease web",
        f'<div style="line-height:1.7">{divs}<br><p>At 2026-03-09 09:30:00, "{n}" &lt;{a}&gt; wrote:</p><blockquote id="isReplyContent">{body}</blockquote></div>',
    )
    yield (
        "netease web div",
        f'<div>{divs}</div><div id="divNeteaseMailCard"></div><br><pre>At 2026-03-09 09:30:00, "{n}" &lt;{a}&gt; wrote:</pre><div id="isReplyContent">{body}</div>',
    )
    yield (
        "sina",
        f'<div>{divs}</div><div id="origbody"><div style="background:#f2f2f2">----- 原始邮件 -----<br>发件人：{n}<br>主题：{s}<br></div><br>{body}</div>',
    )
    yield (
        "foxmail",
        f'<div><span></span>{divs}</div><div><br></div><hr id="FMSigSeperator" style="width:210px" align="left"><div><span id="_FoxFROMNAME">Ada</span></div><blockquote style="margin-top:0"><div>&nbsp;</div><div style="border-top:solid #B5C4DF 1.0pt"><div><b>发件人：</b>&nbsp;{n}</div><div><b>发送时间：</b>&nbsp;2026-03-09</div></div>{body}</blockquote>',
    )
    yield (
        "foxmail plain divs",
        f'<div>{divs}</div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt"><div style="font-size:12px"><div><b>发件人：</b>&nbsp;<a href="mailto:{a}">{n}</a></div><div><b>发送时间：</b>&nbsp;2026-03-09&nbsp;09:30</div><div><b>收件人：</b>&nbsp;ada</div><div><b>主题：</b>&nbsp;{s}</div></div></div><div>{body}</div>',
    )
    yield (
        "aliyun",
        f'<div class="__aliyun_email_body_block"><div>{divs}</div><blockquote style="margin-right:0"><div>------------------------------------------------------------------</div><div>发件人：{n} &lt;{a}&gt;</div><div>发送时间：2026年3月9日</div><div>主　题：{s}</div>{body}</blockquote></div>',
    )
    yield (
        "aliyun divs",
        f'<div class="__aliyun_email_body_block"><div>{divs}</div><div>------------------------------------------------------------------</div><div>发件人：{n} &lt;{a}&gt;</div><div>发送时间：2026年3月9日(星期一) 09:30</div><div>收件人：ada</div><div>主　题：{s}</div>{body}</div>',
    )
    yield (
        "lark",
        f'<div>{divs}</div><div class="history-quote-wrapper" id="lark-mail-quote-1"><div data-html-block="quote"><div class="adit-html-block adit-html-block--collapsed"><div><div id="lark-mail-quote-meta">From: "{n}"&lt;{a}&gt;<br>Date: Mon<br>Subject: {s}</div>{body}</div></div></div></div>',
    )
    yield (
        "yandex",
        f'<div>{divs}</div><div><br></div><div>09.03.2026, 09:30, "{n}" &lt;{a}&gt;:</div><blockquote>{body}</blockquote><div>-- <br>Ада</div>',
    )
    yield (
        "mail.ru",
        f'<div>{divs}</div><blockquote style="border-left:1px solid #0857A6">Понедельник, 9 марта 2026, 9:30 +03:00 от {n} &lt;{a}&gt;:<br><div id="mail-app-auto-default-signature"></div><div class="js-helper js-readmsg-msg">{body}</div></blockquote>',
    )
    yield (
        "mail.ru div",
        f'<div>{divs}</div><div class="mail-quote-collapse"><div>Понедельник, 9 марта 2026, 9:30 от {n} &lt;{a}&gt;:</div>{body}</div>',
    )
    yield (
        "naver",
        f'<div>{divs}</div><p class="NHN_MAIL_ORIGIN">-----Original Message-----<br><b>From:</b> "{n}"&lt;{a}&gt;<br><b>To:</b> ada<br><b>Sent:</b> 2026-03-09<br><b>Subject:</b> {s}</p>{body}',
    )
    yield (
        "daum",
        f"<div>{divs}</div><div><p>--------- 원본 메일 ---------</p><blockquote>보낸사람: {n}<br>받는사람: ada<br>제목: {s}<br>{body}</blockquote></div>",
    )
    yield (
        "zimbra",
        f'<div style="font-family: arial">{divs}<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"{n}" &lt;{a}&gt;<br><b>To: </b>"Ada"<br><b>Sent: </b>Monday<br><b>Subject: </b>{s}<br></div><div data-marker="__QUOTED_TEXT__">{body}</div></div>',
    )
    yield (
        "lotus",
        f"<font size=2>{typed}</font><br><br><font size=1 color=#5f5f5f>From: </font><font size=1>{n} &lt;{a}&gt;</font><br><font size=1 color=#5f5f5f>To: </font>Ada<br><font>Date: </font>09/03/2026<br><font>Subject: </font>{s}<hr noshade>{body}",
    )
    yield (
        "gmx",
        f'<div>{divs}</div><div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5"><div><b>Gesendet:</b> Montag<br><b>Von:</b> {n}<br><b>An:</b> ada<br><b>Betreff:</b> {s}</div><div name="quoted-content">{body}</div></div>',
    )
    yield (
        "k9",
        f'<!DOCTYPE html><html><body>{typed}<br><br><div class="gmail_quote">Am 9. März 2026 schrieb {n} &lt;{a}&gt;:<blockquote class="gmail_quote">{body}</blockquote></div></body></html>',
    )
    yield (
        "samsung",
        f'<div dir="auto">{divs}</div><div id="composer_signature" dir="auto">Sent from my Galaxy</div><div><br></div><div><div style="font-size:100%" dir="auto"><!-- originalMessage --><div>-------- Original message --------</div><div>From: {n} &lt;{a}&gt; </div><div>Date: 09/03/2026  09:30  (GMT+08:00) </div><div>Subject: {s} </div></div>{body}</div>',
    )
    yield (
        "exchange server",
        f'<p>{typed}</p><hr tabindex="-1"><div id="x_divRplyFwdMsg"><b>Von:</b> {n}<br><b>Gesendet:</b> Montag</div>{body}',
    )
    yield (
        "roundcube",
        f'<p>{typed}</p><p id="reply-intro">On 2026-03-09 09:30, {n} wrote:</p><blockquote type="cite" style="padding: 0 0.4em">{body}</blockquote>',
    )
    yield (
        "hey",
        f'<div class="trix-content">{divs}</div><div class="quoted-text"><div>On March 9, 2026, {n} &lt;{a}&gt; wrote:</div><blockquote>{body}</blockquote></div>',
    )
    yield (
        "fastmail",
        f'<div>{divs}</div><div>On Mon, 9 Mar 2026, at 9:30 AM, {n} wrote:<br></div><blockquote type="cite" id="qt">{body}</blockquote>',
    )
    yield (
        "evolution",
        f'<div>{divs}</div><div>On Mon, 2026-03-09 at 09:30 +0800, {n} wrote:</div><blockquote type="cite">{body}</blockquote>',
    )
    yield (
        "libero",
        f"<div>{divs}</div><div>---------- Messaggio originale ----------<br>Da: {n} &lt;{a}&gt;<br>A: ada<br>Data: 9 marzo 2026<br>Oggetto: {s}<br><br>{body}</div>",
    )
    yield (
        "orange",
        f'<p>{typed}</p><blockquote style="border-left: #324e72 2px solid"><p>&gt; Message du 09/03/26<br>&gt; De : {n}</p>{body}</blockquote>',
    )


def unmarked_html(reply: str, original: Original) -> Iterator[tuple[str, str]]:
    typed = "<br>".join(html.escape(line) for line in reply.splitlines())
    yield "below, bare", f"<div>{typed}</div><br><div>{original.body}</div>"
    yield "below, unknown div", f'<div>{typed}</div><div class="x-quote-9"><p>~ {WHO} ~</p>{original.body}</div>'
    yield "above, bare", f"<div>{original.body}</div><br><div>{typed}</div>"


CHARSETS = ("utf-8", "gb18030", "gbk", "gb2312", "big5", "iso-2022-jp", "shift_jis", "euc-kr", "koi8-r", "windows-1251",
            "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16", "utf-7")  # fmt: skip
ENCODINGS = ("8bit", "quoted-printable", "base64")


def as_mail(
    original: Original,
    body: str,
    kind: str = "plain",
    *,
    charset: str = "utf-8",
    encoding: str = "8bit",
    sender: str = "Ada <ada@example.com>",
    subject: str | None = None,
    parameters: str = "",
    alternative: str | None = None,
) -> bytes:
    """A reply to the original as it comes over the wire; what the charset lacks becomes a question mark."""
    content = body.encode(charset, "replace")
    if encoding == "base64":
        content = base64.encodebytes(content)
    elif encoding == "quoted-printable":
        content = quopri.encodestring(content)
    titled = subject if subject is not None else f"Re: {original.subject}"
    encoded = f"=?utf-8?b?{base64.b64encode(titled.encode()).decode()}?=" if not titled.isascii() else titled
    head = (
        f"From: {sender}\r\nTo: {original.reply_to}\r\nSubject: {encoded}\r\nMessage-ID: <reply.1@example.com>\r\n"
        f"In-Reply-To: {original.message_id}\r\nReferences: {original.message_id}\r\nMIME-Version: 1.0\r\n"
    )
    part = f"Content-Type: text/{kind}; charset={charset}{parameters}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    if alternative is None:
        return (head + part).encode() + content
    plain = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{alternative}\r\n"
    boundary = "----=_NextPart_1"
    start = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n--{boundary}\r\n'
    return f"{head}{start}{plain}--{boundary}\r\n{part}".encode() + content + f"\r\n--{boundary}--\r\n".encode()
