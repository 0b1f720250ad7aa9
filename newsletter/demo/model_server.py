"""A model on loopback: OpenAI's chat completions over what the sample day's authors would say."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.model_answers import TASKS, Known, spoken
from newsletter.demo.model_request import read_request
from newsletter.demo.model_words import steady
from newsletter.demo.rows import SampleRow

MODEL = "sample-model"


class ModelServer(Loopback):
    """`/v1/chat/completions` and `/v1/models`: rows with scores are known by heart, others judged by their words."""

    def __init__(
        self,
        rows: Sequence[SampleRow],
        *,
        latency: float = 0.0,
        per_token: float = 0.0,
        faults: Sequence[Fault | None] = (),
    ) -> None:
        self.known = Known(rows)
        self.latency = latency  # seconds a request
        self.per_token = per_token  # seconds a completion token
        self.requests: list[dict[str, Any]] = []  # parsed bodies of completions
        super().__init__()
        self.faults.extend(faults)
        self.api_base = f"{self.origin}/v1"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if not request.headers.get("authorization", "").removeprefix("Bearer ").strip():
            return _error(401, "You didn't provide an API key.", "invalid_request_error", "invalid_api_key")
        path = request.path.partition("?")[0]
        if (request.method, path) == ("GET", "/v1/models"):
            return _json(200, {"object": "list", "data": [_MODEL_CARD]})
        if (request.method, path) != ("POST", "/v1/chat/completions"):
            return _error(404, f"Invalid URL ({request.method} {path})", "invalid_request_error", None)
        try:
            body = json.loads(request.body)
            self.requests.append(body)
            return self._complete(body, fault)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _error(400, f"The request cannot be read: {error}", "invalid_request_error", None)

    def _complete(self, body: Mapping[str, Any], fault: Fault | None) -> Response:
        if body.get("stream"):
            raise ValueError("stream is not offered here")
        texts = {message["role"]: _said(message["content"]) for message in body["messages"]}
        task = _task(body.get("response_format") or {}, texts.get("system", ""))
        asked = read_request(texts["user"])
        items = [TASKS[task](self.known, asked, paper) for paper in asked.papers]
        text = spoken(task, items, fault)
        spent = count_tokens(text)
        usage = {"prompt_tokens": sum(map(count_tokens, texts.values())) + 8, "completion_tokens": spent}
        answer = _completion(body.get("model", MODEL), text, usage)
        wait = self.latency + self.per_token * spent
        return _json(200, answer, wait)


def count_tokens(text: str) -> int:
    """Roughly as tokenizers count: a token for four letters, one for each Chinese, Japanese or Korean sign."""
    wide = len(re.findall(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]", text))
    return wide + (len(text) - wide + 3) // 4


def _said(content: object) -> str:
    """A message's text, which OpenAI also takes in parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    raise ValueError("a message without text")


def _task(response_format: Mapping[str, Any], system: str) -> str:
    kind = response_format.get("type", "text")
    if kind not in ("text", "json_object", "json_schema"):
        raise ValueError(f"response_format {kind!r} is unknown")
    name = response_format["json_schema"]["name"] if kind == "json_schema" else None
    task = name or next((task for task in TASKS if f'"{task}"' in system), None)
    if task not in TASKS:
        raise ValueError('neither the schema nor the system message names "scores" or "summaries"')
    return str(task)


# --- OpenAI's form --------------------------------------------------------------

_MODEL_CARD = {"id": MODEL, "object": "model", "created": 1767225600, "owned_by": "newsletter-demo"}


def _completion(model: str, text: str, usage: Mapping[str, int]) -> Mapping[str, object]:
    return {
        "id": f"chatcmpl-{steady(text):012x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {**usage, "total_tokens": sum(usage.values())},
        "system_fingerprint": None,
    }


def _error(status: int, message: str, kind: str, code: str | None) -> Response:
    return _json(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def _json(status: int, value: object, wait: float = 0.0) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status=status, body=body, content_type="application/json", wait=wait)
