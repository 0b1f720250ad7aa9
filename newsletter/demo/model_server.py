"""A model on loopback: OpenAI's chat completions, and other wire forms, over what the sample day's authors say."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.model_answers import TASKS, Known, spoken
from newsletter.demo.model_forms import FORMS, Answer, Body, Question, finished, said
from newsletter.demo.model_request import read_request
from newsletter.demo.model_words import steady
from newsletter.demo.rows import SampleRow

MODEL = "sample-model"
Twist = Callable[[Question, Body, Answer], Answer | Response]  # what is asked, and the good answer → what goes out
_TERSE = re.compile(r'"scores"\s*:\s*\[\s*"')  # the example in a prompt shows strings


class ModelServer(Loopback):
    """`/v1/chat/completions`, `/v1/models` and the paths of `model_forms`: rows with scores are known by heart, others
    judged by their words.
    """

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
        self.twist: Twist | None = None  # another server's ways, for tests
        super().__init__()
        self.faults.extend(faults)
        self.api_base = f"{self.origin}/v1"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        if not _has_key(request):
            return refused(401, "You didn't provide an API key.", "invalid_request_error", "invalid_api_key")
        path = request.path.partition("?")[0]
        if (request.method, path) == ("GET", "/v1/models"):
            return as_json(200, {"object": "list", "data": [_MODEL_CARD]})
        other = next((form for form in FORMS if form[0].fullmatch(path)), None)
        if request.method != "POST" or (other is None and not path.endswith("/chat/completions")):
            return refused(404, f"Invalid URL ({request.method} {path})", "invalid_request_error", None)
        try:
            body = json.loads(request.body)
            self.requests.append(body)
            if other is None:
                return self._respond(_question(body), body, _completion, fault)
            return self._respond(other[1](body), body, other[2], fault)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return refused(400, f"The request cannot be read: {error}", "invalid_request_error", None)

    def _respond(
        self, question: Question, body: Body, write: Callable[[Body, Answer], Body], fault: Fault | None
    ) -> Response:
        task = question.task or next((task for task in TASKS if f'"{task}"' in question.system), None)
        if task not in TASKS:
            raise ValueError('neither the schema nor the system message names "scores", "summaries" or "abstracts"')
        asked = read_request(question.user)
        items = [TASKS[task](self.known, asked, paper) for paper in asked.papers]
        text = spoken(task, items, fault, terse=bool(_TERSE.search(question.system)))
        into = count_tokens(question.system) + count_tokens(question.user) + 8
        answer: Answer | Response = Answer(text, into, count_tokens(text), body.get("model", MODEL))
        if self.twist:
            answer = self.twist(question, body, cast("Answer", answer))
        if isinstance(answer, Response):
            return answer
        return as_json(200, write(body, answer), self.latency + self.per_token * answer.completion_tokens)


def _has_key(request: Request) -> bool:
    """In any provider's way; Ollama, on one's own machine, has none."""
    names = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
    given = any(request.headers.get(name, "").removeprefix("Bearer ").strip() for name in names)
    return given or "key=" in request.path.partition("?")[2] or request.path.startswith("/api/")


def count_tokens(text: str) -> int:
    """Roughly as tokenizers count: a token for four letters, one for each Chinese, Japanese or Korean sign."""
    wide = len(re.findall(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]", text))
    return wide + (len(text) - wide + 3) // 4


# --- OpenAI's form --------------------------------------------------------------

_MODEL_CARD = {"id": MODEL, "object": "model", "created": 1767225600, "owned_by": "newsletter-demo"}


def _question(body: Body) -> Question:
    if body.get("stream"):
        raise ValueError("stream is not offered here")
    wanted = body.get("response_format") or {}
    kind = wanted.get("type", "text")
    if kind not in ("text", "json_object", "json_schema"):
        raise ValueError(f"response_format {kind!r} is unknown")
    texts = {message["role"]: said(message["content"]) for message in body["messages"]}
    task = wanted["json_schema"]["name"] if kind == "json_schema" else None
    return Question(texts.get("system", ""), texts["user"], task)


def _completion(_body: Body, answer: Answer) -> Body:
    used = answer.prompt_tokens, answer.completion_tokens
    return {
        "id": f"chatcmpl-{steady(answer.text or answer.thinking):012x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
                | ({"reasoning_content": answer.thinking} if answer.thinking else {}),
                "logprobs": None,
                "finish_reason": finished("openai", answer),
            }
        ],
        "usage": {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)},
        "system_fingerprint": None,
    }


def refused(status: int, message: str, kind: str, code: str | None) -> Response:
    return as_json(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def as_json(status: int, value: object, wait: float = 0.0) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status=status, body=body, content_type="application/json", wait=wait)
