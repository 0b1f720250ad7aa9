"""The LiteLLM package: imported when first needed, kept off the network, and run in one loop."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from newsletter.models import Prompt, Usage

# LiteLLM fetches two files from the network on import unless told not to.
_OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True"}

Prices = Mapping[str, tuple[float, float]]  # model → dollars per million input and output tokens


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The only event loop in which LiteLLM runs, on its own thread.

    Its clients and its log queue belong to the loop that made them: a loop for each stage leaves open sockets behind,
    a queue that only grows, and connects anew each time.
    """
    running = asyncio.new_event_loop()
    threading.Thread(target=running.run_forever, name="litellm", daemon=True).start()
    return running


def litellm() -> Any:
    """The package."""
    for name, value in _OFFLINE.items():
        os.environ.setdefault(name, value)
    import litellm  # 3 to 6 s: only when a model is asked

    # Said by pydantic of LiteLLM's own types, at the first request of a process.
    warnings.filterwarnings("ignore", message=".*ReadOnly.* qualifier")
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True  # a parameter that a provider does not have is no reason to fail
    return litellm


def provider(model: str) -> str:
    """LiteLLM's prefix; a bare name belongs to a provider that only LiteLLM knows."""
    return model.partition("/")[0] if "/" in model else ""


def price(model: str, prices: Prices) -> tuple[float, float] | None:
    """Dollars per million input and output tokens: from the settings or from LiteLLM's table."""
    if model in prices:
        return prices[model]
    if provider(model).startswith("ollama"):  # one's own machine
        return 0.0, 0.0
    million = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
    into, out = told(litellm().cost_per_token, model=model, **million) or (0.0, 0.0)
    # Its table has a price of nothing for models that it does not really know.
    return (into, out) if into or out else None


def told(ask: Callable[..., Any], *arguments: object, **named: object) -> Any:
    """LiteLLM's entry for a model; None for an unknown one, for which LiteLLM raises a bare Exception."""
    try:
        return ask(*arguments, **named)
    except Exception:
        return None


def counted(response: Any) -> int:
    """The input tokens that the server says it read; 0 where it counts none."""
    return getattr(getattr(response, "usage", None), "prompt_tokens", None) or 0


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
    return Usage(into, out, told(litellm().completion_cost, completion_response=response, model=model))
