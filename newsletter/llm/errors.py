"""What LiteLLM raises → our words: by status, by the exception's name, and by generic words of the message."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.errors import ModelRefused, ModelUnavailable, Refusal, RequestRefused, RequestTooLong
from newsletter.llm import hints, messages


class Outcome(StrEnum):
    """What an error means for the next request."""

    ACCOUNT = "account"  # every request of this account, or to this model, would be refused
    TEXT = "text"  # what this request holds
    LENGTH = "length"  # how long this request is
    FORM = "form"  # how it asks for JSON, or another parameter
    LATER = "later"  # down, throttled, silent
    OURS = "ours"  # nothing that a request to a provider can raise


class FormRefused(Exception):
    """The model refuses this way of asking for JSON, or the request in any form."""

    def __init__(self, problem: str, *, certain: bool = True) -> None:
        super().__init__(problem)
        self.problem, self.certain = problem, certain  # not certain: a server's error, which may pass


@dataclass
class ParameterRefused(Exception):
    """A parameter that the message names: to be left out, renamed or given another value."""

    problem: str
    name: str
    instead: str | None = None  # the parameter's other name
    value: object = None  # what the message says that it must be


# Every exception of LiteLLM's own list: a new one there fails a test until it has its line here. The status and the
# words of the message come first; this is what an exception means where they say nothing.
OUTCOMES = {
    "AuthenticationError": Outcome.ACCOUNT,
    "PermissionDeniedError": Outcome.ACCOUNT,
    "PaymentRequiredError": Outcome.ACCOUNT,
    "NotFoundError": Outcome.ACCOUNT,
    "LiteLLMUnknownProvider": Outcome.ACCOUNT,
    "ModelNotMappedError": Outcome.ACCOUNT,
    "BudgetExceededError": Outcome.ACCOUNT,
    "ContentPolicyViolationError": Outcome.TEXT,
    "RejectedRequestError": Outcome.TEXT,
    "GuardrailRaisedException": Outcome.TEXT,
    "BlockedPiiEntityError": Outcome.TEXT,
    "ModifyResponseException": Outcome.TEXT,
    "SensitiveDataRouteException": Outcome.TEXT,
    "ContextWindowExceededError": Outcome.LENGTH,
    "BadRequestError": Outcome.FORM,
    "InvalidRequestError": Outcome.FORM,
    "UnprocessableEntityError": Outcome.FORM,
    "UnsupportedParamsError": Outcome.FORM,
    "JSONSchemaValidationError": Outcome.FORM,
    "RateLimitError": Outcome.LATER,
    "Timeout": Outcome.LATER,
    "ServiceUnavailableError": Outcome.LATER,
    "BadGatewayError": Outcome.LATER,
    "InternalServerError": Outcome.LATER,
    "APIError": Outcome.LATER,
    "APIConnectionError": Outcome.LATER,
    "APIResponseValidationError": Outcome.LATER,
    "MidStreamFallbackError": Outcome.LATER,
    "OpenAIError": Outcome.LATER,
    "ImageFetchError": Outcome.OURS,
    "VectorStoreSearchError": Outcome.OURS,
    "MockException": Outcome.OURS,
}
# By status where neither words nor the exception's name say more; others of a class go with the class.
_STATUSES = {
    400: Outcome.FORM,
    401: Outcome.ACCOUNT,
    402: Outcome.ACCOUNT,
    403: Outcome.ACCOUNT,
    404: Outcome.ACCOUNT,
    405: Outcome.FORM,
    406: Outcome.FORM,
    410: Outcome.ACCOUNT,
    413: Outcome.LENGTH,
    414: Outcome.LENGTH,
    415: Outcome.FORM,
    422: Outcome.FORM,
    451: Outcome.TEXT,
    501: Outcome.FORM,
}


# The names of classes that LiteLLM puts before what the other side said.
_WRAPPING = re.compile(r"^(?:litellm\.)?(?:\w+(?:Error|Exception)\b(?: \w+(?:Error|Exception)\b)?\s*(?::|-)\s*)+(?=\S)")
_SECRET = re.compile(r"\b(?:sk|key|AIza)[-_A-Za-z0-9]{12,}")


def translate(
    model: str, error: Exception, now: datetime, *, parameters: Collection[str] = (), plain: bool = True
) -> Exception:
    """One of our errors. `parameters`: the names in the request; `plain`: it did not ask for JSON by a parameter."""
    said = _Said.of(error)
    kept = _SECRET.sub("…", said.first[:300]) or type(error).__name__
    if "LLM Provider NOT provided" in said.text:
        return ModelRefused(model, "unknown model; write it as provider/model", reason=Refusal.NAME)
    if refusal := _of_account(said):
        return ModelRefused(model, kept, reason=refusal)
    outcome = _outcome(said, plain=plain)
    if outcome is Outcome.FORM and (named := _parameter(said, kept, parameters)):
        return named
    match outcome:
        case Outcome.ACCOUNT | Outcome.OURS:
            return ModelRefused(model, kept, reason=_why_refused(said))
        case Outcome.TEXT:
            return RequestRefused(model, kept)
        case Outcome.LENGTH:
            return RequestTooLong(model, kept, limit=_limit(said.text))
        case Outcome.FORM:
            return FormRefused(kept)
    if said.status == 500 and not plain:
        return FormRefused(kept, certain=False)
    return ModelUnavailable(
        model, kept, hints.seconds(said.headers, said.text, now), throttled=said.status in (429, 529, 503)
    )


@dataclass(frozen=True)
class _Said:
    """The texts of an error and its causes, because LiteLLM often hides the body of an answer in the causes."""

    name: str
    status: int | None
    first: str  # line of the message, without the wrapping
    text: str  # message and body
    headers: dict[str, str]

    @classmethod
    def of(cls, error: Exception) -> _Said:
        chain = list(_chain(error))
        statuses = [_status_of(one) for one in chain]
        # LiteLLM puts a traceback behind errors of its own, with words of all kinds.
        texts = [str(error).partition("Traceback (most recent")[0], *(_body(one) for one in chain)]
        headers: dict[str, str] = {}
        for one in reversed(chain):
            headers |= {str(key): str(value) for key, value in (_headers(one) or {}).items()}
        # The innermost status is the server's own; LiteLLM's may be its reading of the words.
        server = next((status for status in reversed(statuses) if status), None)
        first = _WRAPPING.sub("", (str(error).splitlines() or [""])[0])
        return cls(type(error).__name__, server, first, "\n".join(filter(None, texts)), headers)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        yield following
        following = following.__cause__ or following.__context__


def _status_of(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    found = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return int(found) if isinstance(found, int) or (isinstance(found, str) and found.isdecimal()) else None


def _headers(error: BaseException) -> dict[str, str] | None:
    own = getattr(error, "litellm_response_headers", None)
    return own or getattr(getattr(error, "response", None), "headers", None)


def _body(error: BaseException) -> str:
    body = getattr(error, "body", None)
    try:
        text = getattr(getattr(error, "response", None), "text", None)
    except Exception:  # a stream that was never read
        text = None
    return f"{body or ''} {text if isinstance(text, str) else ''}".strip()[:1500]  # some echo the request behind it


def _of_account(said: _Said) -> Refusal | None:
    """Errors that affect every further request, whatever the status: key, money, account, unknown provider."""
    if said.status == 402 or (said.status in (None, 400, 401, 403, 429, 500) and messages.NO_MONEY.search(said.text)):
        return Refusal.MONEY
    if said.status == 429 and messages.QUOTA.search(said.text):
        return None if _hinted(said) else Refusal.MONEY
    if said.status in (None, 400, 401, 403, 500) and messages.NO_KEY.search(said.text):
        return Refusal.KEY
    if said.status in (400, 401, 403) and messages.ACCOUNT.search(said.text) and not messages.TEXT.search(said.text):
        return Refusal.ACCOUNT
    return None


def _hinted(said: _Said) -> bool:
    return hints.seconds(said.headers, said.text, _ANY_TIME) is not None


_ANY_TIME = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


def _outcome(said: _Said, *, plain: bool) -> Outcome:
    status, text = said.status, said.text
    by_name = OUTCOMES.get(said.name, Outcome.LATER)
    if status is None and by_name is not Outcome.LATER:
        return by_name
    if by_name is Outcome.LENGTH or messages.TOO_LARGE_FOR_LIMIT.search(text):
        return Outcome.LENGTH
    if by_name is Outcome.TEXT:
        return Outcome.TEXT
    if status in (400, 403, 404, 405, 406, 415, 422, 500, 501) and not plain and messages.FORM.search(text):
        return Outcome.FORM
    if status in (400, 413, 422, 500) and messages.LENGTH.search(text) and not _about_answer(text):
        return Outcome.LENGTH
    if status in (400, 403, 422, 451, 500) and messages.TEXT.search(text):
        return Outcome.TEXT
    if (
        status in (400, 404, 422)
        and messages.NO_SUCH_MODEL.search(text)
        and not re.search("parameter|argument", text, re.I)
    ):
        return Outcome.ACCOUNT
    if plain and status in (405, 501):
        return Outcome.ACCOUNT
    return _STATUSES.get(status or 0, Outcome.FORM if status and status == 400 else Outcome.LATER)


def _about_answer(text: str) -> bool:
    """Whether the length of the answer is refused (the parameter is named), not that of the prompt."""
    names = "|".join(map(re.escape, messages.ALIASES["max_tokens"]))
    return bool(re.search(names, text)) and not re.search(r"context|prompt|input", text, re.I)


def _why_refused(said: _Said) -> Refusal:
    if messages.NO_SUCH_MODEL.search(said.text):
        return Refusal.NAME
    if said.status in (404, 410):
        return Refusal.ACCOUNT if messages.ACCOUNT.search(said.text) else Refusal.NAME
    return Refusal.KEY if said.status == 401 else Refusal.ACCOUNT


_LIMITS = re.compile(
    r"(?:context|maximum|max|limit|window|at most|up to|n_ctx|size)[^\d\n]{0,60}(\d[\d,]{2,8})"
    r"|(\d[\d,]{2,8})[- ]token (?:context|limit)|(?:>|limit of|exceeds?) (\d[\d,]{2,8})",
    re.IGNORECASE,
)


def _limit(text: str) -> int | None:
    """How many tokens fit, if the message says so: the smallest number near such a word."""
    numbers = [int(one.replace(",", "")) for groups in _LIMITS.findall(text) for one in groups if one]
    return min((number for number in numbers if number >= 256), default=None)


def _parameter(said: _Said, kept: str, parameters: Collection[str]) -> ParameterRefused | None:
    """The parameter that the message refuses, among those that were sent; or one that it asks for."""
    text = said.text
    if required := messages.MUST_BE.search(text):
        name = required["name"]
        if name not in _names_of("max_tokens") and name not in ("response_format", "content_type"):
            return ParameterRefused(kept, name, value=_literal(required["value"]))
    if not messages.REFUSES.search(text):
        return None
    for name in parameters:
        if name == "response_format" or not any(_mentions(text, alias) for alias in _names_of(name)):
            continue
        return _replaced(kept, name, text)
    return None


def _replaced(kept: str, name: str, text: str) -> ParameterRefused:
    other = messages.INSTEAD.search(text)
    instead = (other["name"] or other["other"]) if other else None
    if instead and instead != name:
        return ParameterRefused(kept, name, instead=instead)
    if name == "max_tokens" and (most := messages.AT_MOST.search(text)):
        return ParameterRefused(kept, name, value=int(most["number"]))
    if name == "reasoning_effort" and (listed := messages.VALUES.search(text)):
        found = [one for one in messages.EFFORTS if re.search(rf"['\"`]{one}['\"`]|\b{one}\b", listed["values"])]
        if found:
            return ParameterRefused(kept, name, value=found[0])
    return ParameterRefused(kept, name)


def _names_of(name: str) -> tuple[str, ...]:
    return messages.ALIASES.get(name, (name,))


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", text) is not None


def _literal(text: str) -> object:
    words = {"false": False, "true": True, "none": None, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    return float(text) if "." in text else int(text)
