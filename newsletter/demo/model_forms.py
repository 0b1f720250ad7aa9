"""The wire forms of other providers around the same answers: Anthropic's, Gemini's and Ollama's."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What every form says: two messages, and the schema's name or properties where JSON is asked for."""

    system: str
    user: str
    task: str | None = None  # the list that the schema asks for


@dataclass(frozen=True, slots=True)
class Answer:
    """What every form says back."""

    text: str | None
    prompt_tokens: int
    completion_tokens: int
    model: str
    thinking: str = ""
    finish: str = "stop"  # or length, or filter: each form has its own word
    refusal: str | None = None


_FINISHED = {
    "anthropic": {"stop": "end_turn", "length": "max_tokens", "filter": "refusal"},
    "gemini": {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"},
    "openai": {"filter": "content_filter"},
}


def finished(form: str, answer: Answer) -> str:
    """Why the answer ended, in the form's word."""
    return _FINISHED[form].get(answer.finish, answer.finish)


def said(content: object) -> str:
    """A message's text, which in most forms may also come in parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    raise ValueError("a message without text")


def _named(schema: object) -> str | None:
    """The list that an answer by this schema holds."""
    names = list(schema.get("properties", {})) if isinstance(schema, dict) else []
    return str(names[0]) if names else None


# --- Anthropic: https://docs.anthropic.com/en/api/messages ---


def read_anthropic(body: Body) -> Question:
    tools = body.get("tools") or []
    written = body.get("output_format") or (body.get("output_config") or {}).get("format") or {}
    task = _named(tools[0]["input_schema"]) if tools else _named(written.get("schema"))
    users = [said(message["content"]) for message in body["messages"] if message["role"] == "user"]
    return Question(said(body.get("system") or ""), "\n".join(users), task)


def write_anthropic(body: Body, answer: Answer) -> Body:
    block: Body = {"type": "text", "text": answer.text or ""}
    thought: list[Body] = (
        [{"type": "thinking", "thinking": answer.thinking, "signature": "s"}] if answer.thinking else []
    )
    if answer.text and (tools := body.get("tools")):
        with suppress(ValueError):  # a spoilt answer is no JSON: said as text, as by a model that leaves its tool alone
            block = {"type": "tool_use", "id": "toolu_1", "name": tools[0]["name"], "input": json.loads(answer.text)}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [*thought, block] if answer.text else thought,
        "stop_reason": "tool_use" if block["type"] == "tool_use" else finished("anthropic", answer),
        "stop_sequence": None,
        "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens},
    }


# --- Gemini: https://ai.google.dev/api/generate-content ---


def read_gemini(body: Body) -> Question:
    options = body.get("generationConfig") or body.get("generation_config") or {}
    schema = next((options[name] for name in options if name.lower().replace("_", "").endswith("schema")), None)
    system = body.get("systemInstruction") or body.get("system_instruction") or {"parts": []}
    users = [said(content["parts"]) for content in body["contents"]]
    return Question(said(system["parts"]), "\n".join(users), _named(schema))


def write_gemini(_body: Body, answer: Answer) -> Body:
    usage = {
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": answer.completion_tokens,
        "totalTokenCount": answer.prompt_tokens + answer.completion_tokens,
    }
    thought: list[Body] = [{"text": answer.thinking, "thought": True}] if answer.thinking else []
    parts = [*thought, {"text": answer.text}] if answer.text else thought
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finished("gemini", answer), "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": answer.model}


# --- Ollama: https://github.com/ollama/ollama/blob/main/docs/api.md ---


def read_ollama(body: Body) -> Question:
    texts = {message["role"]: said(message["content"]) for message in body["messages"]}
    return Question(texts.get("system", ""), texts["user"], _named(body.get("format")))


def write_ollama(_body: Body, answer: Answer) -> Body:
    return {
        "model": answer.model,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "message": {"role": "assistant", "content": answer.text or ""}
        | ({"thinking": answer.thinking} if answer.thinking else {}),
        "done": True,
        "done_reason": answer.finish,
        "prompt_eval_count": answer.prompt_tokens,
        "eval_count": answer.completion_tokens,
    }


# By the path of a request, with the way to read it and to answer it.
FORMS = (
    (re.compile(r".*/messages"), read_anthropic, write_anthropic),
    (re.compile(r".*:generateContent"), read_gemini, write_gemini),
    (re.compile(r".*/api/chat"), read_ollama, write_ollama),
)
