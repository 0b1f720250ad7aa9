"""Common phrases in providers' messages that reject an account, a text, a length, a form or a parameter."""

from __future__ import annotations

import re


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# LiteLLM's and the vendors' packages' own words before they ask anybody; they come as 500, 401 or without a status.
NO_KEY = _words(
    r"Missing (?:credentials|\w+ API key)",
    r"(?:invalid|incorrect|wrong|expired|missing|no|unknown|revoked|disabled).{0,20}\b(?:api[ _-]?|x-api-"
    r"|access |auth\w* )?(?:key|token)\b(?!s)",
    r"API[ _-]?key.{0,30}(?:not valid|invalid|expired|not found|incorrect|missing|required|revoked|disabled|leaked)",
    r"unauthori[sz]ed|unauthenticated|authentication (?:fail|error|required)",
)
NO_MONEY = _words(
    r"insufficient[\w ]{0,20}(?:balance|credit|fund|quota)",
    r"(?:credit|account|prepaid) balance|balance (?:is )?(?:too low|not enough|insufficient|exhausted)",
    r"(?:out of|no|not enough|purchase|add|buy|more|run out of|exhausted)[\w ]{0,20}credits?\b",
    r"payment[ _]required|requires? payment|billing (?:hard )?limit|billing_(?:hard_limit|not_active)"
    r"|spend(?:ing)? limit",
    r"billing (?:is )?(?:not|in)active|overdue|arrear|top[ -]?up|recharge|余额|欠费|充值",
    r"(?:key|usage|monthly|weekly) limit exceeded|free tier of the model has been exhausted|AllocationQuota",
)
# Also what a provider says of a limit that passes: without a hint how long, it is money.
QUOTA = _words(r"exceeded your current quota|check your plan and billing|quota (?:is )?exhausted")
ACCOUNT = _words(
    r"(?:account|organi[sz]ation|project|user|api|service|access)\b.{0,40}(?:suspend|deactivat|disabled"
    r"|banned|blocked|restricted|"
    r"terminated|not (?:been )?(?:activ|enabled|allowed|verified|used))",
    r"not (?:have|allowed|permitted|authori[sz]ed).{0,30}(?:access|permission|model)|no access to|access denied",
    r"data policy|privacy settings|guardrail restrictions|allowed providers|country, region|unsupported_country",
)
FORM = _words(
    r"response[_ ]?(?:format|schema|mime)",
    r"json[_ -]?(?:schema|object|mode|output|format)|structured[_ -]?outputs?|guided[_ ]|\bgrammar"
    r"|output_(?:config|format)",
    r"\bschema\b|\b(?:tools?|functions?|tool_choice|function calling)\b.{0,60}(?:support|allow|enabl)"
    r"|support.{0,30}\btool",
    r"no endpoints found that (?:support|can handle)|support (?:the|all|your)?\s*(?:requested )?parameters",
    r"\bformat\b.{0,40}(?:support|invalid|unknown|implement)|(?:support|implement|invalid|unknown).{0,40}\bformat\b",
)
LENGTH = _words(
    r"(?:context|input|prompt|request|sequence|message|content|text|query|token)[\w' ()-]{0,40}"
    r"(?:too (?:long|large|big|many)|exceed|longer than|over the|beyond)",
    r"(?:exceed|longer than|more than|over|beyond|reduce|larger than|greater than|maximum|max)[\w' ]{0,40}"
    r"(?:context|prompt|input|tokens?\b|length|window|sequence)",
    r"too many (?:input |prompt )?tokens|too (?:long|large)|context[ _](?:length|window|size|limit)"
    r"|string_above_max_length",
    r"range of input length|payload too large|entity too large|num_ctx|n_ctx|上下文|过长|超长|超过.{0,10}(?:长度|限制)",
)
TEXT = _words(
    r"content[ _-]*(?:filter|polic|manag|moder|exists? risk|inspect|safety|security|violat|block|flag)",
    r"data_?inspection|inappropriate|moderat|\bflagged|prohibited|\bsensitive|\bharmful|\bunsafe|offensive"
    r"|disallowed",
    r"safety|responsible ?ai|usage polic|acceptable use|policy violation|violat\w* .{0,30}polic|guardrail|\brisk",
    r"(?:prompt|input|content|request|response) (?:was |has been |is )?(?:blocked|filtered|rejected)"
    r"|block_?reason|recitation",
    r"敏感|违规|不当|不合规|安全策略|审核|有害|风险",
)
TOO_LARGE_FOR_LIMIT = _words(
    r"request too large|too large for .{0,60}(?:tokens per|TPM)|single request.{0,40}(?:exceed|limit)"
)
NO_SUCH_MODEL = _words(
    r"model\b.{0,80}(?:not (?:found|exist|available|supported|loaded)|does ?n.t exist|unknown|deprecated"
    r"|decommission|retired|removed)",
    r"(?:unknown|invalid|no such|not a valid|unsupported) model|try pulling it|model_not_found|invalid model",
)

# What a message says about a parameter: the name is looked for among those that the request has.
REFUSES = _words(
    r"(?:un|not |n.t |no longer |in)(?:support|recogni|permit|allow|expect|known|valid)",
    r"unknown|extra (?:input|field|propert)|additional propert|deprecated|incompatible|not implemented|unexpected",
    r"supported values|must be|at most|too large|less than|greater than|out of range|expected|cannot|can't|only",
)
INSTEAD = re.compile(
    r"\buse [`'\"]?(?P<name>[a-z]\w*_\w+)[`'\"]? instead|instead(?: of|,)? use [`'\"]?(?P<other>\w+)", re.I
)
MUST_BE = re.compile(
    r"(?:parameters?\.)?[`'\"]?(?P<name>[a-z]\w*_\w+|think)[`'\"]? (?:must|should|needs? to"
    r"|has to) (?:only )?be (?:set )?(?:to )?"
    r"[`'\"]?(?P<value>false|true|none|null|\d+(?:\.\d+)?)",
    re.I,
)
AT_MOST = re.compile(
    r"(?:at most|maximum|\bmax(?!_)|<=|less than or equal to|up to|not exceed|between 1 and|\[1, ?)"
    r"[^\d\n]{0,40}(?P<number>\d{2,7})",
    re.I,
)
VALUES = re.compile(
    r"(?:supported values|one of|must be|expected|allowed values)\b.{0,20}?:?(?P<values>.*)", re.I | re.S
)
EFFORTS = ("none", "minimal", "low", "medium")
# A parameter goes by other names in messages.
ALIASES = {
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "num_predict"),
    "reasoning_effort": ("reasoning_effort", "reasoning.effort", "reasoning", "thinking"),
}
