"""LiteLLM: one request to one of several models, with a timeout, the only retry place, tokens and money."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Coroutine, Mapping, Sequence
from functools import cache
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity import wait_random_exponential as exponential

from newsletter.errors import ModelError, ModelRefused, ModelUnavailable, RequestRefused
from newsletter.models import Completion, Prompt, Usage

_FORMATS = ("json_schema", "json_object", "plain")  # climbed down when a model refuses one

# LiteLLM fetches two files from the network on import unless told not to.
_OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True"}

Prices = Mapping[str, tuple[float, float]]  # model → dollars per million prompt and completion tokens


class LiteLLM:
    """`ports.Complete` over LiteLLM: the models are tried in order; what each can do is found out once."""

    def __init__(
        self,
        models: Sequence[str],
        *,
        api_base: str | None = None,
        api_base_of: str | None = None,
        prices: Prices | None = None,
        timeout: float = 120.0,
        tries: int = 4,
        patience: float = 180.0,
    ) -> None:
        """`api_base` serves the models of the provider of `api_base_of` (without it, of the first model).

        `timeout`: seconds for one request; `patience`: seconds for one model, retries included."""
        self._models, self._api_base, self._prices = tuple(models), api_base, prices or {}
        self._api_provider = _provider(api_base_of or self._models[0])
        self._timeout, self._tries, self._patience = timeout, tries, patience
        self._format = dict.fromkeys(models, 0)

    async def __call__(self, prompt: Prompt) -> Completion:
        for model in self._models[:-1]:
            try:
                return await self._ask(model, prompt)
            except ModelError:
                continue  # the next one may do; the last one's error is raised
        return await self._ask(self._models[-1], prompt)

    def price_known(self, model: str) -> bool:
        """Whether a call's cost can be computed: from the settings or from LiteLLM's table."""
        if model in self._prices:
            return True
        try:
            _litellm().cost_per_token(model=model, prompt_tokens=1, completion_tokens=1)
        except Exception:  # LiteLLM raises a bare one for a model that it has no price of
            return False
        return True

    async def _ask(self, model: str, prompt: Prompt) -> Completion:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelUnavailable),
            stop=stop_after_attempt(self._tries) | stop_after_delay(self._patience),
            wait=_pause,
            reraise=True,
        )
        asked: Coroutine[Any, Any, Completion] = retrying(self._climb_down, model, prompt)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, _loop()))

    async def _climb_down(self, model: str, prompt: Prompt) -> Completion:
        """One request; where the model refuses a way to ask for JSON, the next simpler one is tried.

        It is kept only where it helped: a request that is refused in every way says nothing of the others.
        """
        problem = ""
        for level in range(self._format[model], len(_FORMATS)):
            try:
                completion = await self._request(model, prompt, _FORMATS[level])
            except _FormRefused as error:
                problem = error.problem
                continue
            self._format[model] = max(self._format[model], level)
            return completion
        raise RequestRefused(model, problem)

    async def _request(self, model: str, prompt: Prompt, form: str) -> Completion:
        litellm = _litellm()
        try:
            response = await litellm.acompletion(
                model=model,
                messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
                api_base=self._base_for(model),
                timeout=self._timeout,
                max_retries=0,
                **_response_format(prompt, form),
            )
        except Exception as error:
            # Everything that LiteLLM raises is sorted by status here; it wraps vendors' errors in many classes.
            raise _translate(model, error) from error
        if response is None:  # what LiteLLM makes of a second 422
            raise _FormRefused("the request is refused (HTTP 422)")
        text = response.choices[0].message.content if response.choices else None
        return Completion(text or "", self._usage(model, response), model)

    def _base_for(self, model: str) -> str | None:
        """The configured server serves one provider's models; others have their own address."""
        return self._api_base if _provider(model) == self._api_provider else None

    def _usage(self, model: str, response: Any) -> Usage:
        prompt, completion = response.usage.prompt_tokens, response.usage.completion_tokens
        if model in self._prices:
            into, out = self._prices[model]
            return Usage(prompt, completion, (prompt * into + completion * out) / 1e6)
        try:
            cost = _litellm().completion_cost(completion_response=response, model=model)
        except Exception:  # as in price_known
            return Usage(prompt, completion, None)
        return Usage(prompt, completion, cost)


def _provider(model: str) -> str:
    """LiteLLM's prefix; a bare name belongs to a provider that only LiteLLM knows."""
    return model.partition("/")[0] if "/" in model else ""


class _FormRefused(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The one loop that LiteLLM runs in, on a thread of its own.

    Its clients and its log queue belong to the loop that made them: a loop for each stage leaves open sockets behind,
    a queue that only grows, and connects anew each time.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="litellm", daemon=True).start()
    return loop


def _litellm() -> Any:
    for name, value in _OFFLINE.items():
        os.environ.setdefault(name, value)
    import litellm  # 3 to 6 s: only when a model is asked

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True  # a parameter that a provider does not have is no reason to fail
    return litellm


def _response_format(prompt: Prompt, form: str) -> dict[str, Any]:
    if form == "plain":
        return {}
    if form == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = {"name": prompt.name, "schema": dict(prompt.schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


# Refused for what they hold, not for how they ask: in every form, and no other request need share their fate.
_OF_THE_REQUEST = ("ContextWindowExceededError", "ContentPolicyViolationError")

# LiteLLM's and the vendors' packages' own words before they ask anybody; they come as 500, 401 or without a status.
_NO_KEY = re.compile(r"Missing (?:credentials|\w+ API key)", re.IGNORECASE)


def _translate(model: str, error: Exception) -> Exception:
    status = getattr(error, "status_code", None)
    text = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    name = type(error).__name__
    if "LLM Provider NOT provided" in text:
        return ModelRefused(model, "unknown model; write it as provider/model")
    if _NO_KEY.search(text):
        return ModelRefused(model, text)
    if name in _OF_THE_REQUEST:
        return RequestRefused(model, text)
    if status in (400, 422) or name == "BadRequestError":
        return _FormRefused(text)
    if status in (401, 403, 404):
        return ModelRefused(model, text)
    headers = getattr(error, "litellm_response_headers", None) or {}
    after = str(headers.get("retry-after", ""))
    return ModelUnavailable(model, text, float(after) if after.isdecimal() else None)


def _pause(state: RetryCallState) -> float:
    problem = state.outcome.exception() if state.outcome else None
    if isinstance(problem, ModelError) and problem.retry_after is not None:
        return min(problem.retry_after, 120.0)
    return float(exponential(multiplier=1, max=30)(state))
