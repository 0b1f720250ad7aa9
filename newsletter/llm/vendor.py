"""The LiteLLM package: imported when first needed, kept off the network, and run in one loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from newsletter.models import Prompt, Usage

# LiteLLM fetches two files from the network on import unless told not to.
_OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True"}

Prices = Mapping[str, tuple[float, float]]  # model → dollars per million prompt and completion tokens

# Ways to ask for JSON, climbed down when a model refuses one. `brief` also asks a reasoning model to think little:
# the judgements are short, and hidden thinking is paid like an answer.
FORMS = ("brief", "json_schema", "json_object", "plain")

_AT_ONCE = {"ollama": 4, "ollama_chat": 4}  # one machine's own models
_USUAL_AT_ONCE = 32


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The one loop that LiteLLM runs in, on a thread of its own.

    Its clients and its log queue belong to the loop that made them: a loop for each stage leaves open sockets behind,
    a queue that only grows, and connects anew each time.
    """
    running = asyncio.new_event_loop()
    threading.Thread(target=running.run_forever, name="litellm", daemon=True).start()
    return running


@cache
def room(provider: str) -> asyncio.Semaphore:
    """The requests in flight to one provider, of whatever stage and model. Only to be used in `loop()`."""
    return asyncio.Semaphore(_AT_ONCE.get(provider, _USUAL_AT_ONCE))


def litellm() -> Any:
    """The package."""
    for name, value in _OFFLINE.items():
        os.environ.setdefault(name, value)
    import litellm  # 3 to 6 s: only when a model is asked

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True  # a parameter that a provider does not have is no reason to fail
    return litellm


def provider(model: str) -> str:
    """LiteLLM's prefix; a bare name belongs to a provider that only LiteLLM knows."""
    return model.partition("/")[0] if "/" in model else ""


def first_form(model: str) -> str:
    """`brief` where LiteLLM knows that the model thinks, and how to tell it not to."""
    return FORMS[0] if _effort(model) else FORMS[1]


def options(model: str, prompt: Prompt, form: str) -> dict[str, Any]:
    """The arguments of a request that depend on how JSON is asked for."""
    found: dict[str, Any] = {"max_tokens": prompt.most_tokens} if prompt.most_tokens else {}
    if form == "brief":
        found["reasoning_effort"] = _effort(model)
    if form in ("brief", "json_schema"):
        schema = {"name": prompt.name, "schema": dict(prompt.schema), "strict": True}
        found["response_format"] = {"type": "json_schema", "json_schema": schema}
    if form == "json_object":
        found["response_format"] = {"type": "json_object"}
    return found


@cache
def _effort(model: str) -> str | None:
    """How to tell this model to think least; None where it does not think unless asked, or nobody knows."""
    if provider(model) not in ("", "openai", "azure"):
        return None
    known = _told(litellm().get_model_info, model)
    if known is None:
        return None
    for effort in ("none", "minimal"):
        if known.get(f"supports_{effort}_reasoning_effort"):
            return effort
    return "low" if known.get("supports_reasoning") else None


def price(model: str, prices: Prices) -> tuple[float, float] | None:
    """Dollars per million prompt and completion tokens: from the settings or from LiteLLM's table."""
    if model in prices:
        return prices[model]
    if provider(model).startswith("ollama"):  # one's own machine
        return 0.0, 0.0
    million = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
    into, out = _told(litellm().cost_per_token, model=model, **million) or (0.0, 0.0)
    # Its table has a price of nothing for models that it does not really know.
    return (into, out) if into or out else None


def _told(ask: Callable[..., Any], *arguments: object, **named: object) -> Any:
    """What LiteLLM's tables say; None for a model that they do not know, for which it raises a bare Exception."""
    try:
        return ask(*arguments, **named)
    except Exception:
        return None


def usage(model: str, prompt: Prompt, text: str, response: Any, prices: Prices) -> Usage:
    """Tokens and cost of an answer; where the server counts none, ours are counted."""
    said = getattr(response, "usage", None)
    into, out = (getattr(said, name, None) or 0 for name in ("prompt_tokens", "completion_tokens"))
    if not into and not out:
        count = litellm().token_counter
        into = count(model=model, text=f"{prompt.system}\n{prompt.user}")
        out = count(model=model, text=text) if text else 0
    known = price(model, prices)
    if known is None or model in prices or not any(known):
        return Usage(into, out, None if known is None else (into * known[0] + out * known[1]) / 1e6)
    # By the response, which knows what the provider took from its cache.
    return Usage(into, out, _told(litellm().completion_cost, completion_response=response, model=model))
