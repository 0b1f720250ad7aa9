"""What real models and providers answer, in their own wire forms: nothing lost, nothing blind, nothing false."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsletter.answers import is_answer
from newsletter.demo.faults import Response
from newsletter.demo.model_forms import Answer, Body, Question
from newsletter.demo.model_request import read_request
from newsletter.demo.model_server import ModelServer, as_json, count_tokens
from newsletter.demo.rows import SampleRow
from newsletter.errors import ModelRefused, ModelUnreadable, Refusal
from newsletter.llm import LiteLLM, parameters, servers, vendor
from newsletter.models import Completion, Paper, Score, Topic, Usage
from newsletter.scoring import Scored, parse_reply, score
from tests.conftest import ROOT
from tests.factories import a_paper
from tests.test_scoring import TEMPLATE

TOPIC = Topic(key="moe", title="Experts", categories=("cs.LG",), interests="Sparse experts, pruning and routing.")
OTHER = "openai/other-model"

# LiteLLM's name of a model of each provider, and where it is asked below the server's origin.
WIRES = {
    "openai/sample-model": "/v1",
    "azure/deployment": "",
    "anthropic/claude-haiku-4-5": "",
    "gemini/gemini-2.5-flash": "",
    "ollama_chat/llama3": "",
    "deepseek/deepseek-chat": "/v1",
    "dashscope/qwen-plus": "/v1",
    "openrouter/any/model": "/v1",
    "mistral/mistral-small-latest": "/v1",
    "hosted_vllm/any": "/v1",
    "llamafile/any": "/v1",
}
wires = pytest.mark.parametrize("wire", WIRES)
PLAIN_JSON = [name for name in WIRES if not name.startswith(("anthropic", "gemini", "ollama"))]  # OpenAI's own form
openai_like = pytest.mark.parametrize("wire", PLAIN_JSON)
Twist = Callable[[Question, Body, Answer], Answer | Response]


@pytest.fixture(autouse=True, scope="module")
def _no_client_is_left() -> Iterator[None]:
    """Those of these servers go with them."""
    yield
    vendor.litellm().in_memory_llm_clients_cache.flush_cache()
    gc.collect()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    servers.forget()
    for name in ("OPENAI", "AZURE", "ANTHROPIC", "GEMINI", "DEEPSEEK", "DASHSCOPE", "OPENROUTER", "MISTRAL"):
        monkeypatch.setenv(f"{name}_API_KEY", "practice")
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")


def papers(count: int) -> list[Paper]:
    return [a_paper(number) for number in range(1, count + 1)]


def row(paper: Paper) -> SampleRow:
    return SampleRow(
        id=paper.arxiv_id,
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        primary_category="cs.LG",
        categories=("cs.LG",),
        published=datetime(2026, 3, 6, tzinfo=UTC),
        updated=datetime(2026, 3, 6, tzinfo=UTC),
        announced=date(2026, 3, 9),
        scores={"moe": (8, 4)},
    )


ROWS = [row(paper) for paper in papers(300)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(ROWS) as running:
        yield running


@dataclass
class Clock:
    """Time that passes only when somebody waits."""

    time: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        until = self.time + seconds  # many wait at the same time
        self.waits.append(seconds)
        await asyncio.sleep(0)
        self.time = max(self.time, until)


@dataclass
class Done:
    """One topic's scoring: what it brought, and what the server was asked."""

    scored: Scored
    scores: dict[str, Score]
    usage: Usage
    models: set[str]
    requests: list[dict[str, Any]]
    refusals: list[ModelRefused]
    waits: list[float]

    @property
    def forms(self) -> list[str | None]:
        return [(body.get("response_format") or {}).get("type") for body in self.requests]

    @property
    def causes(self) -> str:
        return " | ".join([*self.scored.causes, *map(str, self.scored.errors)])


def scoring(
    server: ModelServer,
    wire: str,
    count: int,
    twist: Twist | None = None,
    *more: str,
    day: list[Paper] | None = None,
    **options: Any,
) -> Done:
    """Score so many papers through this wire form, or those of a day."""
    server.twist = twist
    clock, refusals = Clock(), []

    def report(_: str, refusal: ModelRefused | None) -> None:
        refusals.extend([refusal] if refusal else [])

    model = LiteLLM(
        (wire, *more),
        api_base=f"{server.origin}{WIRES[wire]}",
        report=report,
        **{"clock": clock, "sleep": clock.sleep} | options,
    )
    scores: dict[str, Score] = {}
    usages: list[Completion] = []

    def save(found: Any, completion: Completion) -> None:
        usages.append(completion)
        scores.update({paper.arxiv_id: one for paper, one in found.items()})

    scored = asyncio.run(score(day or papers(count), TOPIC, TEMPLATE, model, save))
    usage = sum((one.usage for one in usages), Usage())
    answered = {one.model for one in usages if one.text}
    return Done(scored, scores, usage, answered, list(server.requests), refusals, clock.waits)


def said(text: str | None = None, **changes: Any) -> Twist:
    """The same answer to everything."""
    return lambda _question, _body, answer: replace(answer, text=text, **changes)


def status(number: int, body: object, **headers: str) -> Response:
    found = as_json(number, body)
    return replace(found, headers={name.replace("_", "-"): value for name, value in headers.items()})


def problem(number: int, message: str, code: str | None = None, **headers: str) -> Response:
    return status(number, {"error": {"message": message, "code": code, "type": "error"}}, **headers)


def asked(question: Question) -> list[str]:
    return [paper.id for paper in read_request(question.user).papers]


def many(wire: str) -> int:
    """Papers of a whole day, 16 requests, in one wire form; in the others 4 requests show as much."""
    return 228 if wire == "openai/sample-model" else 60


def all_scored(done: Done, count: int) -> bool:
    return len(done.scores) == count and {(one.relevance, one.novelty) for one in done.scores.values()} == {(8, 4)}


@wires
def test_a_good_model_is_asked_once_a_batch(server: ModelServer, wire: str) -> None:
    """Sixteen requests for 228 papers, none of them twice; every wire form."""
    count = many(wire)
    done = scoring(server, wire, count)
    assert all_scored(done, count)
    assert done.causes == ""
    assert len(done.requests) == -(-count // 15) or wire.startswith("ollama")  # whose window makes them shorter


# --- A: an empty or unreadable answer -------------------------------------------


@pytest.mark.parametrize("wire", [one for one in WIRES if not one.startswith("gemini")])  # whose thoughts are summaries
def test_the_answer_in_the_reasoning_channel(server: ModelServer, wire: str) -> None:
    """An empty answer whose JSON is in the reasoning channel is read from there: no request is paid twice."""
    done = scoring(server, wire, 30, lambda _q, _b, answer: replace(answer, text="", thinking=answer.text or ""))
    assert all_scored(done, 30)
    assert done.usage.completion_tokens > 0
    assert len({json.dumps(body["messages"]) for body in done.requests}) == len(done.requests)


@openai_like
def test_an_empty_answer_is_asked_for_in_simpler_forms(server: ModelServer, wire: str) -> None:
    """A model that answers nothing to a schema is asked plainly, and no request in one form more than twice."""

    def twist(_question: Question, body: Body, answer: Answer) -> Answer:
        return replace(answer, text=None) if body.get("response_format") else answer

    done = scoring(server, wire, 30, twist)
    assert all_scored(done, 30)
    assert "the answer was empty (finish_reason stop)" in done.causes
    _at_most_twice(done)


def _at_most_twice(done: Done) -> None:
    every = [json.dumps(body, sort_keys=True) for body in done.requests]
    assert max(map(every.count, every)) <= 2


SCHEMA = '{"type": "object", "properties": {"scores": {"type": "array"}}}'


@wires
@pytest.mark.parametrize(
    "text", ["", None, SCHEMA, '{"scores":["id 3 5","id 8 6"]}', "Sure, I can do that!", " \n" * 3000, "{}"]
)
def test_a_model_that_never_answers(server: ModelServer, wire: str, text: str | None) -> None:
    """It is given up with the reason, each request in one form at most twice, and the fallback answers."""
    done = scoring(server, wire, 30, said(text))
    assert done.scores == {}
    assert any(isinstance(error, ModelUnreadable) for error in done.scored.errors), done.causes
    assert "finish_reason" in done.causes
    _at_most_twice(done)

    server.requests.clear()

    def only_the_first(_question: Question, body: Body, answer: Answer) -> Answer:
        return answer if body.get("model") == "other-model" else replace(answer, text=text)

    if wire == "openai/sample-model":
        done = scoring(server, wire, 30, only_the_first, OTHER)
        assert all_scored(done, 30)


@openai_like
def test_thinking_that_used_up_the_answer(server: ModelServer, wire: str) -> None:
    """It is asked about fewer papers once, and what stood in the thinking is no answer."""

    def twist(question: Question, _body: Body, answer: Answer) -> Answer:
        if len(asked(question)) > 8:
            return replace(answer, text=None, finish="length", thinking=(answer.text or "").replace("8 4", "1 1"))
        return answer

    done = scoring(server, wire, 15, twist)
    assert all_scored(done, 15)
    assert "thinking used up its length (finish_reason length)" in done.causes
    assert len(done.requests) == 3


@wires
def test_an_answer_that_was_cut(server: ModelServer, wire: str) -> None:
    """Its complete rows count, and the rest is asked for."""

    def twist(question: Question, _body: Body, answer: Answer) -> Answer:
        if len(asked(question)) < 10:
            return answer
        return replace(answer, text=(answer.text or "")[:60], finish="length")

    done = scoring(server, wire, 12, twist)
    assert all_scored(done, 12)


# --- A, B: refusals of a text ---------------------------------------------------

FLAGGED = {"00004", "00029", "00141", "00201"}
REFUSALS: dict[str, Callable[[Answer], Answer | Response]] = {
    "refusal": lambda answer: replace(answer, text=None, refusal="I can't help with that."),
    "finish": lambda answer: replace(answer, text=None, finish="filter"),
    "words": lambda answer: replace(answer, text="I'm sorry, but I cannot assist with that request."),
    "azure": lambda _: problem(
        400, "The response was filtered due to the prompt triggering our policy", "content_filter"
    ),
    "dashscope": lambda _: problem(400, "Input data may contain inappropriate content.", "data_inspection_failed"),
    "deepseek": lambda _: problem(400, "Content Exists Risk", "invalid_request_error"),
    "openrouter": lambda _: problem(403, "Your input was flagged. It requires moderation.", "403"),
}


def _has_field(refusal: str, wire: str) -> bool:
    """Whether this wire form has the field that this refusal is told in."""
    return {"refusal": wire in PLAIN_JSON, "finish": not wire.startswith("ollama")}.get(refusal, True)


@pytest.mark.parametrize(
    ("refusal", "wire"), [(one, wire) for one in REFUSALS for wire in WIRES if _has_field(one, wire)]
)
def test_a_flagged_paper_costs_itself_only(server: ModelServer, wire: str, refusal: str) -> None:
    """Papers of a day, some of them flagged: the others scored, those named, at most ten further requests for each."""
    count = 228 if many(wire) == 228 else 30
    flagged = {one for one in FLAGGED if int(one) <= count}

    def twist(question: Question, _body: Body, answer: Answer) -> Answer | Response:
        return REFUSALS[refusal](answer) if FLAGGED & set(asked(question)) else answer

    done = scoring(server, wire, count, twist)
    assert all_scored(done, count - len(flagged))
    assert {paper.arxiv_id[-5:] for paper in done.scored.refused} == flagged
    assert len(done.requests) <= -(-count // 15) + 10 * len(flagged) or wire.startswith("ollama")


# --- B, D: windows --------------------------------------------------------------


@openai_like
@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens. However, your messages resulted in {count} tokens.",
        "the request exceeds the available context size (4096 tokens), try increasing it",
        "prompt is too long: {count} tokens",
    ],
)
def test_a_window_of_4096(server: ModelServer, wire: str, message: str) -> None:
    """What is too long is divided, the size is remembered, and all papers are scored."""

    def twist(question: Question, _body: Body, answer: Answer) -> Answer | Response:
        count = answer.prompt_tokens + answer.completion_tokens
        if count <= 1800:
            return answer
        refused.append(count)
        return problem(400, message.format(count=count), "context_length_exceeded")

    refused: list[int] = []
    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__}
    count = many(wire)
    assert all_scored(scoring(server, wire, count, twist, **memory), count)
    assert refused
    for _ in range(2):  # what is learned of the model's tokens in between changes nothing
        refused.clear()
        assert all_scored(scoring(server, wire, count, twist, **memory), count)
        assert refused == []


def _cut(question: Question, body: Body, answer: Answer, window: int) -> Answer:
    """As Ollama cuts: the tail stays, and the model answers what it sees."""
    if answer.prompt_tokens <= window:
        return answer
    tail = (question.system + question.user)[-4 * window :]
    seen = "Sparse experts, pruning and routing." in tail
    return replace(
        answer, prompt_tokens=window, text=answer.text if seen else (answer.text or "").replace("8 4", "3 3")
    )


@pytest.mark.parametrize(("wire", "window"), [("ollama_chat/llama3", 0), ("openai/sample-model", 1100)])
def test_a_prompt_that_the_server_cuts(server: ModelServer, wire: str, window: int) -> None:
    """No score comes from a model that never saw the interests: the prompt fits what is asked for, or is divided."""

    def twist(question: Question, body: Body, answer: Answer) -> Answer:
        return _cut(question, body, answer, window or int(body["options"]["num_ctx"]))

    done = scoring(server, wire, 228, twist)
    assert all_scored(done, 228)


def test_ollama_is_told_the_window(server: ModelServer) -> None:
    """Its own default is 4,096 tokens on most machines: the window is sent, the same each time, and requests fit it."""
    done = scoring(server, "ollama_chat/llama3", 60)
    assert {body["options"]["num_ctx"] for body in done.requests} == {4096}
    assert all_scored(done, 60)
    server.requests.clear()
    wide = scoring(server, "ollama_chat/llama3", 60, window=16384)
    assert {body["options"]["num_ctx"] for body in wide.requests} == {16384}


def test_a_tokenizer_that_counts_less_is_believed(server: ModelServer) -> None:
    """A ratio that stays with half the prompt is the model's way of counting, and is remembered."""

    def twist(_question: Question, _body: Body, answer: Answer) -> Answer:
        return replace(answer, prompt_tokens=int(answer.prompt_tokens * 0.5))

    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__, "parallel": 1}
    done = scoring(server, "openai/sample-model", 60, twist, **memory)
    assert all_scored(done, 60)
    assert len(done.requests) <= 4 + 8
    server.requests.clear()
    assert len(scoring(server, "openai/sample-model", 60, twist, **memory).requests) == 4


# --- C, F: forms and parameters -------------------------------------------------


@openai_like
@pytest.mark.parametrize(
    ("number", "message"),
    [
        (404, "No endpoints found that support the requested parameters"),
        (405, "Method not allowed"),
        (501, "Not implemented"),
        (500, "Internal server error"),
        (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported"),
        (422, "response_format: extra fields not permitted"),
    ],
)
def test_a_form_that_is_refused(server: ModelServer, wire: str, number: int, message: str) -> None:
    """Whatever status says that JSON cannot be asked for: it is asked for in a simpler form, and that is remembered."""

    def twist(_question: Question, body: Body, answer: Answer) -> Answer | Response:
        return problem(number, message) if body.get("response_format") else answer

    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__}
    done = scoring(server, wire, 30, twist, **memory)
    assert all_scored(done, 30)
    assert done.refusals == []
    server.requests.clear()
    again = scoring(server, wire, 30, twist, **memory)
    assert all_scored(again, 30)
    assert set(again.forms) == {None}


@wires
@pytest.mark.parametrize(
    ("number", "message", "reason"),
    [
        (402, "Insufficient Balance", Refusal.MONEY),
        (400, "Your credit balance is too low to access the API.", Refusal.MONEY),
        (429, "You exceeded your current quota, please check your plan and billing details.", Refusal.MONEY),
        (401, "Incorrect API key provided.", Refusal.KEY),
        (404, "The model does not exist.", Refusal.NAME),
    ],
)
def test_an_account_that_is_refused(server: ModelServer, wire: str, number: int, message: str, reason: Refusal) -> None:
    """It is asked no more, the reason is told at once, and nobody waits."""
    done = scoring(server, wire, 60, lambda *_: problem(number, message))
    assert {error.reason for error in done.scored.errors if isinstance(error, ModelRefused)} == {reason}
    assert [one.reason for one in done.refusals] == [reason]
    assert len(done.requests) <= 4
    assert done.waits == []


@pytest.mark.parametrize("wire", [one for one in PLAIN_JSON if not one.startswith("mistral")])  # which has one name
def test_a_renamed_parameter(server: ModelServer, wire: str) -> None:
    """`max_tokens` becomes `max_completion_tokens` where the message says so, and stays so."""

    def twist(_question: Question, body: Body, answer: Answer) -> Answer | Response:
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return problem(400, text, "unsupported_parameter") if "max_tokens" in body else answer

    done = scoring(server, wire, 30, twist, options={"max_tokens": 500})
    assert all_scored(done, 30)
    assert done.requests[-1].get("max_tokens") is None


def test_the_operator_s_parameters(server: ModelServer) -> None:
    """A parameter for every model, one for a model's own, and one that takes ours away."""
    options = {"temperature": 0.1, "openai/sample-model": {"enable_thinking": False}, OTHER: {"top_k": 9}}
    done = scoring(server, "openai/sample-model", 5, options=options)
    (body,) = done.requests
    assert (body["temperature"], body["enable_thinking"], "top_k" in body) == (0.1, False, False)


def test_a_parameter_that_a_server_needs(server: ModelServer) -> None:
    """What a message asks for is sent from then on."""

    def twist(_question: Question, body: Body, answer: Answer) -> Answer | Response:
        text = "parameter.enable_thinking must be set to false for non-streaming calls"
        return answer if body.get("enable_thinking") is False else problem(400, text)

    assert all_scored(scoring(server, "openai/sample-model", 30, twist), 30)


QUIET = {
    "ollama_chat/qwen3:8b": ("think", False),
    "ollama_chat/deepseek-r1:14b": ("think", False),
    "dashscope/qwen-plus": ("enable_thinking", False),
    "dashscope/qwen3-235b-a22b": ("enable_thinking", False),
    "openai/Qwen/Qwen3-8B": ("chat_template_kwargs", {"enable_thinking": False, "thinking": False}),
    "openai/zai-org/GLM-4.6": ("chat_template_kwargs", {"enable_thinking": False, "thinking": False}),
    "hosted_vllm/Qwen/Qwen3-14B": ("chat_template_kwargs", {"enable_thinking": False, "thinking": False}),
    "llamafile/qwen3-4b": ("chat_template_kwargs", {"enable_thinking": False, "thinking": False}),
}


def origin_of(wire: str) -> str:
    return "" if wire.startswith("ollama") else "/v1"


@pytest.mark.parametrize("wire", QUIET)
def test_thinking_is_switched_off(server: ModelServer, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the wire stands what this server reads, at the top of the body and nowhere else."""
    monkeypatch.setitem(WIRES, wire, origin_of(wire))
    name, value = QUIET[wire]
    done = scoring(server, wire, 30)
    assert all_scored(done, 30)
    assert all(body[name] == value for body in done.requests)
    assert not any("extra_body" in body or name in body.get("options", {}) for body in done.requests)


@pytest.mark.parametrize("wire", QUIET)
@pytest.mark.parametrize(
    "message",
    [
        "Unknown parameter: '{name}'.",
        "body.{name}: Extra inputs are not permitted",
        '"model" does not support {name}',
        "unexpected keyword argument '{name}'",
    ],
)
def test_a_server_that_knows_no_such_switch(
    server: ModelServer, wire: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked without it, once refused, and the next run does not try it again."""
    monkeypatch.setitem(WIRES, wire, origin_of(wire))
    name, _ = QUIET[wire]
    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__}

    def twist(_question: Question, body: Body, answer: Answer) -> Answer | Response:
        return problem(400, message.format(name=name)) if name in body else answer

    done = scoring(server, wire, 60, twist, **memory)
    assert all_scored(done, 60)
    assert 1 <= sum(name in body for body in done.requests) <= 4  # those that were on their way
    server.requests.clear()
    servers.forget()
    done = scoring(server, wire, 60, twist, **memory)
    assert all_scored(done, 60)
    assert not any(name in body for body in done.requests)


@pytest.mark.parametrize(
    "wire", ["openai/gpt-5-mini", "ollama_chat/llama3", "dashscope/qwen3-coder", "hosted_vllm/any"]
)
def test_a_model_that_does_not_think_is_left_alone(
    server: ModelServer, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no such switch is sent none."""
    monkeypatch.setitem(WIRES, wire, origin_of(wire))
    (body, *_) = scoring(server, wire, 5).requests
    assert not {"think", "enable_thinking", "chat_template_kwargs"} & body.keys()


@wires
def test_a_server_that_refuses_everything(server: ModelServer, wire: str) -> None:
    """It is asked a few times, not for every half of every batch."""
    done = scoring(server, wire, many(wire), lambda *_: problem(400, "no"))
    assert done.scores == {}
    assert any(isinstance(error, ModelRefused) for error in done.scored.errors)
    assert len(done.requests) <= (100 if many(wire) == 228 else 40)


# --- E: waiting -----------------------------------------------------------------


@wires
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"error": {"message": "slow", "details": [{"@type": "…RetryInfo", "retryDelay": "36s"}]}}, {}),
        ({"error": {"message": "Rate limit reached. Please try again in 36s."}}, {}),
        ({"error": {"message": "slow"}}, {"retry_after": "36"}),
        ({"error": {"message": "slow"}}, {"retry_after_ms": "36000"}),
        ({"error": {"message": "slow"}}, {"x_ratelimit_reset_requests": "36s"}),
    ],
    ids=["retryDelay", "sentence", "retry-after", "retry-after-ms", "x-ratelimit-reset"],
)
def test_ten_requests_a_minute(server: ModelServer, wire: str, body: object, headers: dict[str, str]) -> None:
    """A free tier: we wait as told, in whatever form it is told, and all papers are scored."""
    count = many(wire)
    clock, most = Clock(), 10 if count == 228 else 2
    passed: list[float] = []

    def twist(_question: Question, _body: Body, answer: Answer) -> Answer | Response:
        recent = [moment for moment in passed if moment > clock.time - 30]
        if len(recent) >= most:
            return status(429, body, **headers)
        passed.append(clock.time)
        return answer

    done = scoring(server, wire, count, twist, clock=clock, sleep=clock.sleep)
    assert all_scored(done, count)
    assert done.causes == ""
    assert clock.waits
    assert max(clock.waits) <= 36


def test_a_wait_beyond_the_deadline_is_not_begun(server: ModelServer) -> None:
    """Where the provider says to come back later than we may wait, nobody waits."""
    done = scoring(server, "openai/sample-model", 30, lambda *_: problem(429, "slow", retry_after="7200"))
    assert (done.scores, done.waits) == ({}, [])
    assert all(getattr(error, "throttled", False) for error in done.scored.errors)


def test_waiting_ends_without_progress(server: ModelServer) -> None:
    """A model that always asks for a minute more is given up when the patience is over."""
    done = scoring(
        server, "openai/sample-model", 15, lambda *_: problem(429, "slow", retry_after="60"), patience=600.0, tries=None
    )
    assert done.scores == {}
    assert 540 <= sum(done.waits) <= 600


# --- G: drafts ------------------------------------------------------------------


@wires
@pytest.mark.parametrize(
    "around",
    [
        "{draft}\n</think>\n\n{answer}",
        "Draft: {draft} Final answer: {answer}",
        "```json\n{draft}\n```\n```json\n{answer}\n```",
    ],
)
def test_the_last_answer_wins(server: ModelServer, wire: str, around: str) -> None:
    """A draft before the answer is no answer, whatever stands between."""

    def twist(_question: Question, body: Body, answer: Answer) -> Answer:
        if body.get("tools"):
            return answer
        draft = (answer.text or "").replace("8 4", "1 1")
        return replace(answer, text=around.replace("{draft}", draft).replace("{answer}", answer.text or ""))

    assert all_scored(scoring(server, wire, 30, twist), 30)


# --- J: local servers -----------------------------------------------------------


def test_one_after_another(server: ModelServer) -> None:
    """A server with one slot: nothing is abandoned, and it is soon asked no more than two things at once."""
    slot, flying, most = threading.Lock(), [0], [0]

    def twist(_question: Question, _body: Body, answer: Answer) -> Answer:
        flying[0] += 1
        most.append(flying[0])
        with slot:
            server.pause(0.1)
        flying[0] -= 1
        return answer

    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__}
    real: dict[str, Any] = {"clock": __import__("time").monotonic, "sleep": asyncio.sleep}
    done = scoring(server, "openai/sample-model", 228, twist, **memory, **real)
    assert all_scored(done, 228)
    assert len(done.requests) == 16
    assert json.loads(next(iter(kept.values())))["parallel"] <= 4
    most.clear()
    servers.forget()
    scoring(server, "openai/sample-model", 228, twist, **memory, **real)
    assert max(most) <= 5


@dataclass
class Laptop:
    """One slot, 250 tokens/s in and 20 out: time passes by the tokens that it works on, whoever waits for them."""

    clock: Clock
    work: float = 0.0
    slot: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _question: Question, _body: Body, answer: Answer) -> Answer:
        seconds = answer.prompt_tokens / 250 + answer.completion_tokens / 20
        with self.slot:
            self.work += seconds
            self.clock.time += seconds
        return answer


def long_papers(count: int) -> list[Paper]:
    """With abstracts as long as arXiv's, longer and shorter ones."""
    words = re.findall(r"\w+", "sparse experts route tokens through layers that were pruned after a short search")
    return [
        a_paper(
            number, abstract=" ".join(words[(number + place) % len(words)] for place in range(90 + 13 * number % 220))
        )
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("wire", ["openai/sample-model", "ollama_chat/llama3", "hosted_vllm/any", "llamafile/any"])
def test_a_laptop(server: ModelServer, wire: str) -> None:
    """All 228 papers are scored, no request is abandoned or asked again, in at most 1.3 times the serial work."""
    day, clock = long_papers(228), Clock()
    serial = Laptop(Clock())
    scoring(server, "openai/sample-model", 228, serial, day=day, parallel=1)
    servers.forget()
    server.requests.clear()
    laptop = Laptop(clock)
    done = scoring(server, wire, 228, laptop, day=day, clock=clock, sleep=clock.sleep)
    assert all_scored(done, 228)
    assert done.causes == ""
    every = [read_request(str(body["messages"][-1]["content"])).papers for body in done.requests]
    assert sum(map(len, every)) == 228  # each paper was sent once: whatever was asked was waited for
    assert laptop.work == pytest.approx(clock.time)  # and nobody waited for anything but work
    assert clock.time <= 1.3 * serial.work


@pytest.mark.parametrize(
    ("provider", "base", "slow"),
    [
        ("openai", "http://gpu.lab.example:8000/v1", True),
        ("hosted_vllm", "https://llm.institute.example/v1", True),
        ("ollama_chat", None, True),
        ("openai", None, False),
        ("azure", "https://ours.openai.azure.com", False),
        ("mistral", "https://api.mistral.example", False),
    ],
)
def test_whose_time_counts_from_its_last_answer(provider: str, base: str | None, slow: bool) -> None:
    """A server at an address of the operator's own may be one machine, wherever it stands; a cloud is none."""
    assert parameters.Server(provider, base).may_be_slow is slow


# --- K: the answer form ---------------------------------------------------------


def test_the_schema_names_the_papers(server: ModelServer) -> None:
    """A model that fills in a schema can only answer about these papers, each once, from 1 to 10."""
    done = scoring(server, "openai/sample-model", 4)
    rows = done.requests[0]["response_format"]["json_schema"]["schema"]["properties"]["scores"]
    assert (rows["minItems"], rows["maxItems"]) == (4, 4)
    assert [bool(re.search(rows["items"]["pattern"], text)) for text in ("00001 8 5", "id 3 5", "00009 8 5")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", ["score", "summarise", "translate"])
def test_the_example_is_no_answer(name: str) -> None:
    """Whoever sends the prompt's own example back has answered nothing, whatever the papers are called."""
    text = (ROOT / "prompts" / f"{name}.md").read_text("utf-8")
    example = next(line for line in text.splitlines() if line.startswith('{"'))
    ((list_name, rows),) = json.loads(example).items()
    assert rows
    for ids in (("00001", "2603.00001"), ("3", "5"), ("hep-th/9901001",), ("id", "ID")):
        scores = parse_reply(example, ids).scores if name == "score" else {}
        assert scores == {}
        assert name == "score" or not is_answer(example, list_name, ids)


def test_a_hosted_provider_gets_one_schema_for_all() -> None:
    """It compiles each new schema: what changes from request to request is left out there."""
    from newsletter.scoring import build_prompt

    hosted = parameters.Server("openai")
    built = [
        parameters.build(
            "openai/gpt-5-mini",
            hosted,
            build_prompt(TEMPLATE, TOPIC, papers(count)),
            "json_schema",
            window=None,
            need=100,
            brief=False,
            dropped=[],
            renamed={},
            values={},
        )
        for count in (3, 4)
    ]
    assert built[0] == built[1]


def test_counting() -> None:
    """The practice server counts as we estimate."""
    from newsletter.llm.reading import estimate

    assert count_tokens("针对 expert pruning") == estimate("针对 expert pruning")
