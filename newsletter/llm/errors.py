"""What LiteLLM raises → our words."""

from __future__ import annotations

import re

from newsletter.errors import ModelRefused, ModelUnavailable, RequestRefused


class FormRefused(Exception):
    """The model refuses this way to ask for JSON, or the request in every way."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


# Refused for what they hold, not for how they ask: in every form, and no other request need share their fate.
_OF_THE_REQUEST = ("ContextWindowExceededError", "ContentPolicyViolationError")

# LiteLLM's and the vendors' packages' own words before they ask anybody; they come as 500, 401 or without a status.
_NO_KEY = re.compile(r"Missing (?:credentials|\w+ API key)|API key not valid|invalid x-api-key", re.IGNORECASE)
# The names of classes that LiteLLM puts before what the other side said.
_WRAPPING = re.compile(r"^(?:litellm\.)?(?:\w+(?:Error|Exception)\b\s*(?::|-)\s*)+(?=\S)")
_SECRET = re.compile(r"\b(?:sk|key|AIza)[-_A-Za-z0-9]{12,}")


def translate(model: str, error: Exception) -> Exception:
    """One of our errors, by status and name; vendors' errors come wrapped in many classes."""
    status = getattr(error, "status_code", None)
    first = _WRAPPING.sub("", (str(error).splitlines() or [""])[0])
    text = _SECRET.sub("…", first[:300]) or type(error).__name__
    name = type(error).__name__
    if "LLM Provider NOT provided" in text:
        return ModelRefused(model, "unknown model; write it as provider/model")
    if _NO_KEY.search(text):
        return ModelRefused(model, text)
    if name in _OF_THE_REQUEST:
        return RequestRefused(model, text)
    if status in (400, 422) or name == "BadRequestError":
        return FormRefused(text)
    if status in (401, 403, 404):
        return ModelRefused(model, text)
    headers = getattr(error, "litellm_response_headers", None) or {}
    after = str(headers.get("retry-after", ""))
    return ModelUnavailable(model, text, float(after) if after.isdecimal() else None)
