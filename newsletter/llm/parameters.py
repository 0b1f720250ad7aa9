"""The parameters of one request: how JSON is asked for, how long the answer may be, and what the operator adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from newsletter.llm import vendor
from newsletter.models import Prompt

# Ways to ask for JSON, climbed down when a model refuses one. `brief` also asks a reasoning model to think little:
# the judgements are short, and hidden thinking is paid like an answer.
FORMS = ("brief", "json_schema", "json_object", "plain")

OLLAMA = ("ollama", "ollama_chat")
_NO_JSON_MODE = ("anthropic",)  # asked for JSON without a schema it is asked plainly
_ONE_MACHINE = (*OLLAMA, "lm_studio", "llamafile", "docker_model_runner", "lemonade", "xinference")
_CLOUDS = ("azure", "azure_ai", "bedrock", "vertex_ai", "gemini", "anthropic", "openrouter", "mistral", "deepseek")
_LOCAL_WINDOW = 4096  # Ollama's own default on most machines
_STEP = 2048  # by which the window of a request that cannot be divided grows
# Thinking is switched off where that is known to work: by the model's name, and as its server is told. Names that say
# that a model always thinks, or never, are left alone.
_HYBRID = (
    r"qwen3(?!.*(?:coder|instruct|2507))|glm-?4\.[5-9]|smollm3|hunyuan|exaone-?4|exaone-deep|deepseek-v3\.[1-9]"
    r"|nemotron|granite-?3\.[23]|cogito"
)
_OLLAMA_QUIET = re.compile(rf"{_HYBRID}|deepseek-r1|magistral", re.I)
_DASHSCOPE_QUIET = re.compile(r"qwen3(?!.*(?:coder|instruct|thinking))|qwen-(?:plus|turbo|flash)", re.I)
# vLLM, SGLang and llama.cpp pass it to the model's own template, which knows one of the two and ignores the other.
_TEMPLATE_QUIET = re.compile(_HYBRID, re.I)
_TO_TEMPLATE = {"enable_thinking": False, "thinking": False}
_CAP, _CAP_TIMES = (
    2048,
    8,
)  # tokens of a local server's answer at most: it may write white space to the end of its window
_STRICT_ONLY = frozenset({"pattern", "minItems", "maxItems", "minLength", "maxLength"})


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is asked, and the operator's settings for it."""

    provider: str
    base: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """On this machine or in this network."""
        host = (urlsplit(self.base).hostname or "") if self.base else ""
        near = re.fullmatch(
            r"localhost|127\..*|::1|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|.*\.(?:local|lan|internal)|[^.]+",
            host,
        )
        return self.provider in _ONE_MACHINE or bool(near)

    @property
    def may_be_slow(self) -> bool:
        """Whether it may be one machine that answers requests one after another: an address of the operator's own."""
        return self.is_local or (self.base is not None and self.provider not in _CLOUDS)

    @property
    def takes_template(self) -> bool:
        """Whether this may be a server that applies the model's own template."""
        return self.may_be_slow or self.provider in ("hosted_vllm", "lm_studio", "llamafile")

    @property
    def starts_slowly(self) -> bool:
        """Whether it is known to answer one request after another until it has shown otherwise."""
        return self.provider in _ONE_MACHINE

    @property
    def default_window(self) -> int | None:
        """Of one request with its answer, where we have to say it; others refuse what is too long."""
        return _LOCAL_WINDOW if self.provider in OLLAMA else None


def first_form(model: str) -> str:
    """`brief` where LiteLLM knows that the model thinks, and how to tell it not to."""
    return FORMS[0] if effort(model) else FORMS[1]


def forms_from(model: str, first: str) -> list[str]:
    """This form and all simpler ones that differ for this model's provider."""
    rest = FORMS[FORMS.index(first) :]
    return [form for form in rest if form != "json_object" or vendor.provider(model) not in _NO_JSON_MODE]


def build(
    model: str,
    server: Server,
    prompt: Prompt,
    form: str,
    *,
    window: int | None,
    need: int,
    brief: bool,
    dropped: list[str],
    renamed: Mapping[str, str],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """The arguments of a request beside its messages; `need`: tokens of prompt and answer by our estimate."""
    found = (
        _own(model, server, prompt, form, window=window, need=need, brief=brief) | dict(values) | dict(server.options)
    )
    kept = {
        renamed.get(name, name): value for name, value in found.items() if name not in dropped and value is not None
    }
    return _placed(server.provider, kept)


def _own(
    model: str, server: Server, prompt: Prompt, form: str, *, window: int | None, need: int, brief: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if most := prompt.most_tokens or _cap(server, prompt):
        found["max_tokens"] = most
    if form == "brief":
        found["reasoning_effort"] = effort(model)
    elif brief:
        found["reasoning_effort"] = "low"
    if server.provider in OLLAMA:
        found["num_ctx"] = max(window or _LOCAL_WINDOW, -(-need // _STEP) * _STEP if prompt.parts == 1 else 0)
    found |= _quiet(model, server)
    if form in ("brief", "json_schema"):
        # A schema that changes with each request is compiled anew each time by hosted providers: seconds of waiting.
        schema = dict(prompt.schema) if server.base else relaxed(prompt.schema)
        found["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": prompt.name, "schema": schema, "strict": True},
        }
    if form == "json_object":
        found["response_format"] = {"type": "json_object"}
    return found


def _quiet(model: str, server: Server) -> dict[str, Any]:
    """How this server is told not to let this model think."""
    if server.provider in OLLAMA:
        return {"think": False} if _OLLAMA_QUIET.search(model) else {}
    if server.provider == "dashscope":
        return {"enable_thinking": False} if _DASHSCOPE_QUIET.search(model) else {}
    told = server.takes_template and _TEMPLATE_QUIET.search(model)
    return {"chat_template_kwargs": dict(_TO_TEMPLATE)} if told else {}


def _cap(server: Server, prompt: Prompt) -> int | None:
    return _CAP + _CAP_TIMES * prompt.expected_tokens if server.is_local and prompt.expected_tokens else None


def relaxed(schema: Any) -> Any:
    """The schema without the papers and counts of this request."""
    if isinstance(schema, Mapping):
        return {name: relaxed(value) for name, value in schema.items() if name not in _STRICT_ONLY}
    return [relaxed(one) for one in schema] if isinstance(schema, list) else schema


def _placed(provider: str, found: dict[str, Any]) -> dict[str, Any]:
    """Parameters that LiteLLM does not know go into the body as they are: for `think` it would ask the server twice."""
    loose = {name: found.pop(name) for name in ("think", "chat_template_kwargs", "enable_thinking") if name in found}
    if loose and provider not in ("anthropic", "gemini", "vertex_ai"):
        found["extra_body"] = {**loose, **found.get("extra_body", {})}
    return found


def names(found: Mapping[str, Any]) -> list[str]:
    """The parameters of a request by name, as a message may refuse them."""
    return [*(name for name in found if name != "extra_body"), *found.get("extra_body", {})]


@cache
def effort(model: str) -> str | None:
    """How to make this model think as little as possible; None if it does not by default, or if unknown."""
    if vendor.provider(model) not in ("", "openai", "azure"):
        return None
    known = vendor.told(vendor.litellm().get_model_info, model)
    if known is None:
        return None
    for least in ("none", "minimal"):
        if known.get(f"supports_{least}_reasoning_effort"):
            return least
    return "low" if known.get("supports_reasoning") else None
