"""Whom a mail server's refusal accuses: us, or the address that we wrote to.

Read for what is said during a session and for what comes back as a mail: the same words mean the same in both.
"""

from __future__ import annotations

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.I)


# Links and addresses hold words that nobody says: help_spam_16.htm, policy@example.com, mx.antispam.example.
_NOT_SAID = re.compile(
    r"https?://\S+|<?[^\s<>()@]{1,100}@[^\s<>()@]{1,100}>?|\b(?:[\w-]{1,63}\.){2,9}[a-z]{2,20}\b", re.I
)

# The zones of block lists, as they are named behind "see" and "by".
_ZONES = re.compile(
    r"\b(?:spamhaus|spamcop|barracudacentral|uceprotect|sorbs|surbl|uribl)\.|\b(?:dns)?[rsu]?bl\d?\.[\w-]+\.", re.I
)

# Our own address or name, which some servers look for like one of theirs.
_OUR_ADDRESS = _any(
    r"sender (?:address|domain|e-?mail)?\s*(?:is |was )?(?:rejected|denied|refused|blocked|not allowed|not accepted)",
    r"(?:sender|return|mail from|envelope from)\S{0,60} (?:\S{1,60} ){0,4}(?:verif|call-?(?:out|back)|does not resolve|"
    r"domain (?:not found|does not exist))",
    r"domain of sender|sender domain|sender id\b|null sender",
)
_LISTS = _any(
    r"(?:black|block|deny|grey|gray)[ -]?list|\bblock(?:ed)? list|\b(?:dns)?[rs]?bl\b|\bdnsbl|\b(?:uri|sur|dnsw|r)bl\b",
    r"spamhaus|spam ?cop|\bsorbs\b|uceprotect|abuseat|abusix|invaluement|sender ?(?:base|score)|cloudmark",
    # Their names alone stand in many a report: half of all firms receive their mail there.
    r"(?:rejected|refused|block(?:ed)?) by (?:\S{1,60} )?(?:barracuda|proofpoint|mimecast|trend ?micro|message ?labs|"
    r"symantec|ironport|talos|sophos|rspamd|fortiguard)",
    r"(?<!not )\blisted (?:in|on|at|by)\b|reputation|poor(?:ly)? rated|\bS(?:3140|3150|775)\b|\b(?:SC|DY|OU)-00\d\b",
    r"黑名单|黑名單|信誉|信譽|liste noire|lista negra|lista nera|schwarze[nr]? liste|ч[её]рн\w+ спис|репутац|평판",
)
_CONTENT = _any(
    r"\b(?:anti-?)?spam\w*\b|\bUBE\b|unsolicited|\bjunk\b|bulk (?:e-?)?mail|phish|malware|\bvirus(?:es)?\b|"
    r"suspicious|suspicion",
    r"content (?:is |was |has been )?(?:rejected|denied|refused|blocked|not (?:accepted|allowed))|"
    r"content (?:filter|scan)",
    r"(?:by|due to|because of|for) (?:\S{1,60} )?(?:content|behaviou?r|signature|header based)",
    r"(?:message|e-?mail) (?:\S{1,60} ){0,2}(?:filtered|quarantined|considered)|illegal (?:attachment|content)",
    r"垃圾|病毒|违规|違規|迷惑メール|スパム|ウイルス|спам|вирус|스팸|바이러스|correo no deseado|indésirable|"
    r"e-mail indesejado|posta indesiderata|unerwünscht",
)
_POLICY = _any(
    r"\bpolic(?:y|ies)\b|prohibited|prohibition|not permitted to send|not authori[sz]ed to send|"
    r"(?<!rejected: )access denied|no smtp service|ask your postmaster|\bbanned\b|restrictions?\b",
    r"block(?:ed|ing) (?:by|using|due|for|because|from|with|see|sender|at|-)|reject(?:ed|ing)? (?:by|due to) \S*filter",
    r"\b(?:ip|ips|host|client|server|sender|domain|network|messages?|e-?mails?|mails?|connections?)\b[^a-z]{0,20}"
    r"(?:\S{1,60} ){0,5}(?:blocked|is bad\b)",
    r"(?:connection|access to this mail system has been|service|access) (?:rejected|refus[ée]\b)|"
    r"service (?:denied|refused)|connection denied|relay(?:ing)? (?:denied|not|access)|"
    r"(?:unable|not allowed|denied) to relay",
    r"service refus|connexion refus|mail rejet|message rejet|拒绝服务|拒絕服務|拦截|攔截|屏蔽|策略|ポリシー|richtlinie|"
    r"политик|정책|차단|ブロック",
)
_RATE = _any(
    r"frequen(?:cy|t)\b(?! of delivery)|too (?:many(?! hops)|fast)|rate[- ]?(?:limit|control)|"
    r"\brate\b.{0,20}exceed|exceed\w* .{0,20}\brate\b|"
    r"throttl|unexpected volume|unusual (?:rate|volume|traffic)|user complaints|"
    r"(?:connection|message|sending|hourly|daily|recipient|envelope)s? (?:rate |count )?(?:limit|quota)|"
    r"trop de connexions|gr[ea]y-?list|频率|頻率|频繁|頻繁|发信过|超过限制|送信制限|слишком (?:много|часто)|"
    r"zu viele|demasiad[ao]s|troppi|muitas? (?:conex|mensage)",
)
_IDENTITY = _any(
    r"\bdmarc\b|\bspf\b|\bdkim\b|\barc\b (?:fail|seal)|authenticat|unauthori[sz]ed (?:sender|server)|client host|"
    r"reverse[- ](?:dns|lookup|hostname|mapping)|\br?dns\b.{0,30}\bptr\b|\brdns\b|\bptr\b|forward[- ]confirmed|"
    r"(?:invalid|bad|rejected) (?:helo|ehlo)|\b(?:helo|ehlo)\b\S{0,60} (?:\S{1,60} ){0,4}(?:reject|invalid|denied|"
    r"resol|must|bad)|spoof|impersonat|must issue a starttls|\btls\b (?:is )?required|身份验证|认证失败|domain key",
)
# NetEase says why in two letters and three; Yahoo and Orange in brackets.
_CODES = re.compile(
    r"\b(?:DT|HL|MI|RP):[A-Z]{2,4}\b|\[(?:TSS?|BL|PH|GL|RL|IPTS)\d{2}\]|\bOFR_?(?!416)\d{3}|\bOFR\d{3}_\d{3}|"
    r"\bLPN\d{3}_\d{3}|\bANTISPAM_\w+"
)
_SENDER = (_OUR_ADDRESS, _LISTS, _CONTENT, _POLICY, _RATE, _IDENTITY, _CODES)

FULL = _any(
    r"(?:mail)?box (?:is )?(?:full|over)|over ?quota|quota (?:exceed|violat)|exceed\w* (?:\w+ )?(?:quota|"
    r"storage|space)|disk (?:full|quota)|insufficient (?:disk )?space|not enough (?:disk )?space|"
    r"storage limit|mailbox has exceeded|mailbox (?:\S+ ){0,4}exceed|too many messages in|容量|空间不足|空間不足|"
    r"已满|已滿|voll\b|boîte pleine|bo[iî]te aux lettres pleine|bu[zs][óo]n lleno|переполнен|용량"
)
NO_USER = _any(
    r"user unknown|unknown (?:user|recipient|local|account|mailbox|address)|no such (?:\w+ )?(?:user|address|"
    r"account|mailbox|recipient|person|local)|(?:user|recipient|mailbox|account|"
    r"address)\S* (?:\S+ ){0,4}(?:not found|does not exist|doesn't exist|unknown|not exist|is unknown|"
    r"is invalid|not known|isn't)|not a (?:valid|known) (?:user|recipient|mailbox|address)|does(?: not|"
    r"n't) have (?:a|an) (?:\S+ )?account|no mailbox here|invalid (?:recipient|address|mailbox|user)|"
    r"unrouteable address|unknown or illegal|not listed in|isn't in my list|"
    r"user doesn|not our customer|no account|宛先|ユーザー?が|存在しません|見つかりません|用户不存在|不存在|"
    r"could not be found|not in directory|no existe|addressee unknown|unknown in|no valid recipient|"
    r"destinataire (?:inconnu|invalide)|n'existe pas|existiert nicht|empfänger unbekannt|не существует|"
    r"не найден|존재하지|NoSuchUser"
)
DISABLED = _any(
    r"disabled|inactive|suspended|deactivated|no longer (?:active|available|valid|in use|at|with|accepts?)|"
    r"account (?:is |has been )?(?:closed|locked|expired|blocked)|not active|terminated|禁用|停用|已注销|冻结|"
    r"ящик (?:\S+ )?(?:заблокирован|отключ)"
)
NO_HOST = _any(
    r"host unknown|unknown host|host (?:or domain )?(?:name )?not found|domain (?:\S+ ){0,3}(?:not found|"
    r"does not exist|not exist)|no such (?:host|domain)|couldn't find any host|bad destination|"
    r"name service error|unrouteable mail domain|no mx|unable to route|cannot resolve|illegal host"
)
# Said of an unknown reader, and of much else: never enough to leave somebody out at once.
REFUSED_ADDRESS = _any(
    r"recipient (?:address )?(?:was |is )?rejected|mailbox unavailable|"
    r"(?:user|recipient|mailbox|account|address)\S* (?:\S+ ){0,4}(?:not recognized|undefined)"
)
_READER = (FULL, NO_USER, DISABLED)


def accuses_us(status: str | None, said: str) -> bool:
    """Whether a refusal is for what we are: policy, frequency, spam, authentication (RFC 3463 x.7 among it)."""
    words = _NOT_SAID.sub(" ", said)
    if _OUR_ADDRESS.search(words) or (status and status[1:] in (".1.7", ".1.8")):
        return True
    ours = bool(_ZONES.search(said)) or any(pattern.search(words) for pattern in _SENDER)
    theirs = any(pattern.search(words) for pattern in _READER)
    kind = status[1:3] if status else ""
    if kind in (".1", ".2"):
        return ours and not theirs
    return ours or (kind == ".7" and not theirs)


def enhanced(reply: str) -> str | None:
    """The RFC 3463 status with which the text of a reply begins."""
    found = re.match(r"\s*(?:[245]\d\d[ -])?\s*#?([245]\.\d{1,3}\.\d{1,3})\b", reply)
    return found[1] if found else None
