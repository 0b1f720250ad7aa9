"""The words in which mail servers report failure, gathered from what they really send."""

from __future__ import annotations

import re

from newsletter.inbound import refusals


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.I)


# Kinds of feedback that are no complaint of a reader.
NO_COMPLAINTS = ("not-spam", "auth-failure", "dmarc", "miscategorized")
# Outlook.com reports by a subject in place of RFC 5965.
COMPLAINT_SUBJECT = re.compile(r"\s*complaint about message from ", re.I)

# RFC 3464 knows "failed"; the rest is what servers write instead, nothing included.
FAILED = ("failed", "fail", "failure", "error", "expired", "undeliverable", "")

ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|fwd?|wg|tr|回复|答复|转发|返信|답장)\s*[:：]", re.I)
DAEMON = _any(
    r"mailer[-_ ]?daemon|mail[-_ ]?daemon|post[-_]?master|mail delivery (?:sub)?system|mail administrator|"
    r"^mailer@|mailscanner|mail server|\bmmdf\b|smtp gateway|mail[- ]?router|system administrator|"
    r"administrator@|microsoftexchange|delivery system|\bmajordomo\b|\buucp\b"
)
SUBJECT = _any(
    r"undeliver|un-?deliverable|returned (?:mail|to sender|message)|delivery (?:status|failure|has failed|"
    r"report|error|problem|notification|unsuccessful|failed|to the following)|failure (?:notice|delivery|"
    r"notification)|failed (?:mail|delivery|to deliver)|mail (?:delivery|system error|could not|failure|error|"
    r"status)|message (?:delivery|not delivered|status|you sent)|non[- ]?(?:delivery|recapit|remise)|bounce|"
    r"rejected|nondeliverable|unzustellbar|nicht zugestellt|nicht zustellbar|échec|non remis|"
    r"no se (?:ha podido|puede) entregar|no entregado|mancato recapito|não entregue|falha na entrega|"
    r"недоставлен|не доставлен|ошибка доставки|退信|系统退信|系統退信|投递失败|配信(?:不能|エラー|できません)|"
    r"配送(?:不能|エラー)|メールエラー|エラーメール|送信できません|unknown user|user unknown|"
    r"warning: (?:could not|message)|delayed|notificación de estado|nachricht wurde nicht|does not exist|"
    r"error sending|could not be delivered|quota exceeded|over quota|couldn't be delivered"
)
# Said of a mail and of nothing else.
STRONG = _any(
    r"could not be delivered|couldn't be delivered|(?:unable|not able|failed) to deliver|"
    r"delivery (?:has )?failed|no valid recipients were found|requested action not taken|wasn't possible to|"
    r"undelivered mail"
)
BODY = _any(
    r"could not be delivered|couldn't be delivered|unable to deliver|wasn't able to deliver|"
    r"not able to deliver|undeliver|delivery (?:to the following|has failed|failed|of your)|was not delivered|"
    r"not be delivered|had (?:permanent|transient) (?:fatal|non-fatal) errors|user unknown|unknown (?:user|"
    r"recipient|address|account|local)|no such (?:user|address|account|mailbox|recipient)|mailbox (?:is full|"
    r"full|unavailable|not found|does not|exceeded)|recipient (?:rejected|address rejected|unknown|not found|"
    r"does not)|over quota|quota exceeded|host unknown|can(?:not|'t) be delivered|did not reach|"
    r"returned to (?:you|sender)|message was rejected|permanent (?:error|failure)|retry time|failed recipient|"
    r"undelivered|退信|无法投递|無法投遞|投递失败|送信できません|配信できません|届きません|見つかりません|"
    r"not found|does not exist|5\.\d\.\d|nicht zugestellt|n'a pas pu|no se ha podido|delivery of your message|"
    r"delivery error|rejected"
)
DELAYED = _any(
    r"delay(?:ed)?\b|still undelivered|not (?:yet )?been delivered (?:for|after|yet)|will (?:continue|"
    r"keep) (?:to try|trying)|will be retried|no action is required|warning message only|"
    r"warning: could not send|temporarily undeliver|transient non-fatal|do not need to resend"
)
GIVEN_UP = _any(
    r"giv(?:en|ing) up|not going to try again|permanent|fatal error|could not be delivered|no such|unknown|"
    r"failed after|retry time(?:out)? (?:not reached|exceeded)|too long|unable to deliver|does not exist|"
    r"not found|disabled|returned|undeliverable|rejected|was not delivered|没有此|不存在|失败|invalid"
)
RETURNED = re.compile(
    r"^(?:[-=_*> ]{2,}+.{0,60}(?:original|returned|below this line|copy of|unsent|undelivered|message header|"
    r"header[s]? follow|included).{0,60}$|(?:return-path|received|message-id):|(?:original|"
    r"returned) message(?: follows)?:?\s*$|the (?:header|text) (?:part )?of (?:your|the) )",
    re.I | re.M,
)
_SILENT = _any(
    r"timed? ?out|connection (?:refused|lost|dropped|reset)|establish an smtp connection|not (?:respond|reach)|"
    r"unreachable|no answer|too long|retry time|expired|unable to connect|couldn't connect|host (?:is )?down|"
    r"network"
)
# Status where the report has none of use, name, what servers say of who was written to; the first one counts.
CAUSES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("4.2.2", "mailbox full", refusals.FULL),
    ("5.1.1", "no such user", refusals.NO_USER),
    ("5.2.1", "mailbox disabled", refusals.DISABLED),
    ("5.1.2", "no such host", refusals.NO_HOST),
    ("5.1.0", "address refused", refusals.REFUSED_ADDRESS),
    ("4.4.1", "host does not answer", _SILENT),
)
