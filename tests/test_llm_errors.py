"""Every error of a provider has one meaning: its status, LiteLLM's name for it and generic words decide."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.errors import (
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Refusal,
    RequestRefused,
    RequestTooLong,
)
from newsletter.llm.errors import OUTCOMES, FormRefused, ParameterRefused, translate
from newsletter.llm.vendor import litellm

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
SENT = ("max_tokens", "reasoning_effort", "response_format", "chat_template_kwargs")


class Raised(Exception):
    """As LiteLLM raises it: a message, a status, and the answer itself behind it."""

    def __init__(self, status: int | None, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status_code = status
        self.litellm_response_headers = {name.replace("_", "-"): value for name, value in headers.items()}


def meant(error: Exception, *, plain: bool = False) -> Exception:
    return translate("m", error, NOW, parameters=SENT, plain=plain)


def test_every_exception_of_litellm_is_known() -> None:
    """LiteLLM's own list of exceptions and ours are the same: a new one needs a decision."""
    module = litellm().exceptions
    theirs = {
        name
        for name, found in vars(module).items()
        if inspect.isclass(found)
        and issubclass(found, Exception)
        and found.__module__.startswith(("litellm", "openai"))
    }
    listed = {found.__name__ for found in getattr(module, "LITELLM_EXCEPTION_TYPES", [])}
    assert theirs | listed == set(OUTCOMES)


MONEY = [
    (402, "Insufficient Balance"),
    (402, ""),
    (400, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."),
    (429, "You exceeded your current quota, please check your plan and billing details."),
    (429, "insufficient_quota"),
    (403, "This request requires more credits, or fewer max_tokens."),
    (400, "Access denied, please make sure your account is in good standing. Arrearage"),
    (429, "余额不足或无可用资源包，请充值。"),
    (403, "The free tier of the model has been exhausted."),
]
KEYS = [
    (401, "Incorrect API key provided: x."),
    (400, "API key not valid. Please pass a valid API key."),
    (401, "invalid x-api-key"),
    (None, "Missing Anthropic API Key"),
    (500, "Missing credentials. Please pass an `api_key`"),
    (401, ""),
]
NAMES = [
    (404, "The model `x` does not exist or you do not have access to it."),
    (404, 'model "qwen9" not found, try pulling it first'),
    (400, "Invalid model: x"),
    (404, ""),
    (None, "LLM Provider NOT provided."),
]
ACCOUNTS = [
    (403, "Your account has been suspended."),
    (403, "Access denied."),
    (404, "No allowed providers are available for the selected model."),
    (403, "Country, region, or territory not supported"),
]
TEXTS = [
    (400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."),
    (400, "content_filter"),
    (400, "data_inspection_failed"),
    (400, "Input data may contain inappropriate content."),
    (400, "Content Exists Risk"),
    (403, "Your chosen model requires moderation and your input was flagged for violence"),
    (400, "系统检测到输入或生成内容可能包含不安全或敏感内容"),
    (400, "Output blocked by content filtering policy"),
    (422, "The request was rejected because it was considered high risk"),
    (451, ""),
]
LENGTHS = [
    (400, "This model's maximum context length is 4096 tokens. However, your messages resulted in 5,012 tokens.", 4096),
    (400, "prompt is too long: 215000 tokens > 200000 maximum", 200000),
    (400, "the request exceeds the available context size (4096 tokens), try increasing it", 4096),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576),
    (400, "Range of input length should be [1, 30720]", None),
    (413, "Request Entity Too Large", None),
    (413, "", None),
    (429, "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 8123.", 6000),
    (422, "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000", None),
    (500, "input is too long for the context window: n_ctx 2048", 2048),
]
FORMS = [
    (404, "No endpoints found that support the requested parameters"),
    (404, "No endpoints found that can handle the requested parameters."),
    (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
    (400, "This response_format type is unavailable now"),
    (422, "Structured outputs are not supported by this deployment"),
    (500, "guided decoding backend not available: json_schema"),
    (501, "response_format is not implemented"),
    (405, ""),
    (501, ""),
    (400, "Invalid schema for response_format 'scores': 'pattern' is not permitted."),
    (400, 'Invalid JSON payload received. Unknown name "responseSchema"'),
    (400, "no"),
]
LATER = [
    (408, ""),
    (409, ""),
    (425, ""),
    (429, "Too many requests"),
    (500, "boom"),
    (502, ""),
    (503, "The model is overloaded."),
    (504, ""),
    (520, ""),
    (529, "Overloaded"),
    (None, "Connection error."),
]


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        *((*one, Refusal.MONEY) for one in MONEY),
        *((*one, Refusal.KEY) for one in KEYS),
        *((*one, Refusal.NAME) for one in NAMES),
        *((*one, Refusal.ACCOUNT) for one in ACCOUNTS),
    ],
)
def test_refused_for_the_account(status: int | None, text: str, reason: Refusal) -> None:
    """Every further request would be refused too; what to do depends on why."""
    found = meant(Raised(status, text))
    assert (type(found), getattr(found, "reason", None)) == (ModelRefused, reason)


@pytest.mark.parametrize(("status", "text"), TEXTS)
def test_refused_for_the_text(status: int, text: str) -> None:
    """Another request may pass."""
    assert type(meant(Raised(status, text))) is RequestRefused


@pytest.mark.parametrize(("status", "text", "limit"), LENGTHS)
def test_refused_for_the_length(status: int, text: str, limit: int | None) -> None:
    """A part of it may pass; the limit is read where the message has it."""
    found = meant(Raised(status, text))
    assert isinstance(found, RequestTooLong)
    assert found.limit == limit or limit is None


@pytest.mark.parametrize(("status", "text"), FORMS)
def test_refused_for_the_form(status: int, text: str) -> None:
    """The next simpler way to ask for JSON may pass."""
    assert isinstance(meant(Raised(status, text)), FormRefused)


@pytest.mark.parametrize(("status", "text"), LATER)
def test_may_pass(status: int | None, text: str) -> None:
    """Later it may work."""
    found = meant(Raised(status, text), plain=True)
    assert type(found) is ModelUnavailable


def test_a_limit_that_passes_is_no_lack_of_money() -> None:
    """The same sentence with a hint how long to wait is a limit of so many requests a minute."""
    text = 'You exceeded your current quota, please check your plan and billing details. {"retryDelay": "36s"}'
    found = meant(Raised(429, text))
    assert isinstance(found, ModelUnavailable)
    assert (found.retry_after, found.throttled) == (36.0, True)


@pytest.mark.parametrize(
    ("text", "name", "instead", "value"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
            None,
        ),
        ("max_tokens is too large: 6000. This model supports at most 4096 completion tokens", "max_tokens", None, 4096),
        ("Unrecognized request argument supplied: reasoning_effort", "reasoning_effort", None, None),
        (
            "Unsupported value: 'reasoning_effort' is not 'minimal'. Supported values are: 'low', 'medium', 'high'.",
            "reasoning_effort",
            None,
            "low",
        ),
        ("body.chat_template_kwargs: Extra inputs are not permitted", "chat_template_kwargs", None, None),
        ("unknown field 'chat_template_kwargs'", "chat_template_kwargs", None, None),
        (
            "parameter.enable_thinking must be set to false for non-streaming calls",
            "enable_thinking",
            None,
            False,
        ),
    ],
)
def test_a_parameter_that_the_message_names(text: str, name: str, instead: str | None, value: object) -> None:
    """It is left out, renamed, or given the value that the message asks for."""
    found = meant(Raised(400, text))
    assert isinstance(found, ParameterRefused)
    assert (found.name, found.instead, found.value) == (name, instead, value)


def test_the_answer_behind_the_error_is_read() -> None:
    """LiteLLM keeps the body of many an answer in the errors behind its own."""
    error, behind = Raised(429, "slow down"), Raised(429, "slow down")
    behind.response = SimpleNamespace(  # type: ignore[attr-defined]
        status_code=429, text=json.dumps({"error": {"details": [{"retryDelay": "36s"}]}}), headers={}
    )
    error.__cause__ = behind
    found = meant(error)
    assert isinstance(found, ModelError)
    assert found.retry_after == 36.0


@pytest.mark.parametrize("text", ["key sk-proj-abcdefghijklmnop is wrong", "AIzaabcdefghijklmnop is wrong"])
def test_no_key_in_an_error(text: str) -> None:
    """An error that quotes a key is told without it."""
    assert "abcdefgh" not in str(meant(Raised(400, text)))


def test_anything_is_translated() -> None:
    """An error without status or words is one of ours too."""
    found: Any = meant(ValueError())
    assert isinstance(found, ModelUnavailable)
