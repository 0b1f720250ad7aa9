"""LiteLLM against a model on loopback: what it costs, what is tried again, and what is not."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsletter import llm
from newsletter.demo.faults import Fault
from newsletter.demo.model_server import MODEL, ModelServer
from newsletter.demo.rows import SampleRow
from newsletter.errors import ModelError, ModelRefused, ModelUnavailable, RequestRefused
from newsletter.llm import LiteLLM, servers, vendor
from newsletter.models import Completion, Prompt, Usage

NAME, OTHER = f"openai/{MODEL}", "openai/other-model"
SCHEMA = {"type": "object", "properties": {"scores": {"type": "array"}}, "required": ["scores"]}
PROMPT = Prompt(
    'Answer with {"scores": [...]}.',
    '<topic key="moe">Sparse experts.</topic>\n<paper id="2603.00001">\nTitle: Sparse\nAbstract: Experts.\n</paper>',
    "scores",
    SCHEMA,
)
ANSWER = '{"scores":[{"id":"2603.00001","r":8,"n":4}]}'
TOKENS = (43, 11)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "practice")


@pytest.fixture(autouse=True)
def _no_lanes() -> None:
    servers.forget()


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_behind() -> Iterator[None]:
    """No socket stays open and no coroutine is lost: both are warnings, and warnings are errors."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_said(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """LiteLLM says nothing that an operator would have to read."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("LiteLLM")] == []


ROW = SampleRow(
    id="2603.00001",
    title="Sparse",
    abstract="Experts.",
    authors=("Ada Lovelace",),
    primary_category="cs.LG",
    categories=("cs.LG",),
    published=datetime(2026, 3, 6, tzinfo=UTC),
    updated=datetime(2026, 3, 6, tzinfo=UTC),
    announced=date(2026, 3, 9),
    scores={"moe": (8, 4)},
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer([ROW]) as running:
        yield running


def a_model(server: ModelServer, *models: str, faults: Sequence[Fault | None] = (), **options: Any) -> LiteLLM:
    server.faults.extend(faults)
    return LiteLLM(models or (NAME,), api_base=server.api_base, **options)


def ask(model: LiteLLM, prompt: Prompt = PROMPT) -> Completion:
    return asyncio.run(model(prompt))


def forms(server: ModelServer) -> list[str | None]:
    """How each request asked for JSON."""
    return [request.get("response_format", {}).get("type") for request in server.requests]


def status(number: int, body: str = "", **headers: str) -> Fault:
    return Fault(kind="status", status=number, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_one_request(server: ModelServer) -> None:
    """One request carries both messages and the strict schema, and brings text, tokens and the model's name."""
    completion = ask(a_model(server))
    assert completion == Completion(ANSWER, Usage(*TOKENS, None), NAME)
    (request,) = server.requests
    assert request["model"] == MODEL
    assert request["messages"] == [
        {"role": "system", "content": PROMPT.system},
        {"role": "user", "content": PROMPT.user},
    ]
    assert request["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "scores", "schema": SCHEMA, "strict": True},
    }


@pytest.mark.parametrize(
    ("model", "prices", "cost"),
    [
        (NAME, {NAME: (1.0, 10.0)}, (43 * 1.0 + 11 * 10.0) / 1e6),
        (NAME, {NAME: (0.0, 0.0)}, 0.0),
        (NAME, {OTHER: (1.0, 10.0)}, None),
        ("openai/gpt-4o-mini", {}, (43 * 0.15 + 11 * 0.6) / 1e6),
    ],
)
def test_cost(server: ModelServer, model: str, prices: dict[str, tuple[float, float]], cost: float | None) -> None:
    """The cost comes from the settings or from LiteLLM's table, and is unknown where neither has it."""
    asked = a_model(server, model, prices=prices)
    assert ask(asked).usage == Usage(*TOKENS, pytest.approx(cost) if cost is not None else None)
    assert asked.price_known(model) is (cost is not None)


def test_again_in_another_loop(server: ModelServer) -> None:
    """One stage after another runs its own loop: connections and clients survive, and nothing piles up."""
    model = a_model(server)
    assert [ask(model).text for _ in range(3)] == [ANSWER] * 3

    async def many() -> list[Completion]:
        return await asyncio.gather(*(model(PROMPT) for _ in range(20)))

    assert [completion.text for completion in asyncio.run(many())] == [ANSWER] * 20


def passed(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the server that are over."""
    over: list[float] = []
    pause = server.pause
    monkeypatch.setattr(server, "pause", lambda seconds: [pause(seconds), over.append(seconds)])
    return over


def test_given_up_by_the_caller(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who is cancelled does not wait for the answer."""
    over = passed(server, monkeypatch)
    model = a_model(server, faults=[None, Fault(kind="slow", seconds=60)])
    ask(model)

    async def impatient() -> None:
        await asyncio.wait_for(model(PROMPT), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert 60 not in over


# --- refusals -------------------------------------------------------------------


@pytest.mark.parametrize("number", [401, 403, 404])
def test_refused_at_once(server: ModelServer, number: int) -> None:
    """A wrong key or name is told at once, without a second try."""
    with pytest.raises(ModelRefused, match=f"model {NAME}: "):
        ask(a_model(server, faults=[status(number)] * 9))
    assert len(server.faults) == 8


def test_no_key(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the model is refused and nobody is asked."""
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelRefused):
        ask(a_model(server))
    assert server.requests == []


def test_unknown_provider(server: ModelServer) -> None:
    """A name without a known provider is refused with the form that it should have."""
    with pytest.raises(ModelRefused) as error:
        ask(a_model(server, "nowhere/x"))
    assert str(error.value) == "model nowhere/x: unknown model; write it as provider/model"


TOO_LONG = {"message": "This model's maximum context length is 10 tokens.", "code": "context_length_exceeded"}
UNSAFE = {"message": "Rejected as a result of our safety system.", "code": "content_policy_violation"}


@pytest.mark.parametrize("problem", [TOO_LONG, UNSAFE], ids=["length", "content"])
def test_one_request_refused(server: ModelServer, problem: dict[str, str]) -> None:
    """A request refused for its length or content is its own trouble: asked once, and the next goes out as before."""
    body = json.dumps({"error": problem | {"type": "invalid_request_error", "param": None}})
    model = a_model(server, faults=[status(400, body)])
    with pytest.raises(RequestRefused):
        ask(model)
    assert server.faults == []
    ask(model)
    assert forms(server) == ["json_schema", "json_schema"]


# --- climbing down --------------------------------------------------------------


# LiteLLM itself repeats a request after a 422.
@pytest.mark.parametrize(
    ("refusals", "form"), [([400], "json_object"), ([400, 400], None), ([422, 422], "json_object"), ([422] * 4, None)]
)
def test_climbs_down(server: ModelServer, refusals: list[int], form: str | None) -> None:
    """Where a way to ask for JSON is refused the next simpler one is used, and kept for the next request."""
    model = a_model(server, faults=[status(number) for number in refusals])
    assert ask(model).text == ANSWER
    assert ask(model).text == ANSWER
    assert server.faults == []
    assert forms(server)[-2:] == [form, form]


def test_refused_in_every_form(server: ModelServer) -> None:
    """A request that is refused in every form says so, and the next one begins as before."""
    model = a_model(server, faults=[status(400, "no")] * 3)
    with pytest.raises(RequestRefused):
        ask(model)
    assert ask(model).text == ANSWER
    assert forms(server)[-1] == "json_schema"


def test_each_model_climbs_for_itself(server: ModelServer) -> None:
    """What one model cannot do does not change how another is asked."""
    model = a_model(server, NAME, OTHER, faults=[status(400), None, status(401)])
    ask(model)
    ask(model)
    assert [(request["model"], form) for request, form in zip(server.requests, forms(server), strict=True)][-2:] == [
        (MODEL, "json_object"),
        ("other-model", "json_schema"),
    ]


# --- trying again ---------------------------------------------------------------


def test_limit_is_obeyed(server: ModelServer) -> None:
    """After a 429 the model is asked again when it said, no sooner."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    model = a_model(server, faults=[status(429, Retry_After="7")], clock=lambda: sum(pauses), sleep=sleep)
    assert ask(model).text == ANSWER
    assert [round(seconds) for seconds in pauses] == [7]


@pytest.mark.parametrize(
    "fault",
    [status(500), status(503), Fault(kind="html"), Fault(kind="truncated"), Fault(kind="cut"), Fault(kind="silent")],
    ids=lambda fault: f"{fault.kind}-{fault.status}" if fault.kind == "status" else fault.kind,
)
def test_trouble_that_passes(server: ModelServer, fault: Fault) -> None:
    """A server in trouble is asked again."""
    assert ask(a_model(server, faults=[fault])).text == ANSWER


@pytest.mark.parametrize("tries", [1, 2])
def test_tries_end(server: ModelServer, tries: int) -> None:
    """A model that stays in trouble is given up after the tries that were allowed, and may be asked later."""
    with pytest.raises(ModelUnavailable):
        ask(a_model(server, faults=[status(500)] * 9, tries=tries))
    assert len(server.faults) == 9 - tries


def test_patience_ends(server: ModelServer) -> None:
    """A model that asks us to wait for longer than was allowed is not waited for."""
    with pytest.raises(ModelUnavailable):
        ask(a_model(server, faults=[status(429, Retry_After="1")] * 9, tries=9, patience=0.5))
    assert len(server.faults) == 8


def test_time_out(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent model is given up after the time-out, not when it hangs up."""
    over = passed(server, monkeypatch)
    with pytest.raises(ModelUnavailable):
        ask(a_model(server, faults=[Fault(kind="silent", seconds=60)], tries=1, timeout=0.3))
    assert 60 not in over


def test_nobody_listens() -> None:
    """A server that is not there is a model in trouble, not a crash."""
    with pytest.raises(ModelUnavailable):
        asyncio.run(LiteLLM([NAME], api_base="http://127.0.0.1:9/v1", tries=1)(PROMPT))


# --- fallbacks ------------------------------------------------------------------


@pytest.mark.parametrize("fault", [status(401), status(500), status(400, json.dumps({"error": TOO_LONG}))])
def test_fallback(server: ModelServer, fault: Fault) -> None:
    """Where the first model gives nothing the next is asked, and the answer names it."""
    model = a_model(server, NAME, OTHER, faults=[fault], tries=1, prices={OTHER: (1.0, 1.0)})
    assert ask(model) == Completion(ANSWER, Usage(*TOKENS, pytest.approx(54e-6)), OTHER)


def test_fallbacks_end(server: ModelServer) -> None:
    """Where no model gives anything the last one's error is told."""
    with pytest.raises(ModelError, match=f"model {OTHER}: "):
        ask(a_model(server, NAME, OTHER, faults=[status(401)] * 2))


def test_api_base_is_for_its_own_provider(server: ModelServer) -> None:
    """The configured server is asked for the models of its provider, others at their own."""
    model = a_model(server, NAME, OTHER, "anthropic/claude")
    assert [model._base_for(name) for name in (NAME, OTHER, "anthropic/claude")] == [server.api_base] * 2 + [None]


# --- what is remembered, and when a model is given up ---------------------------------


def test_what_a_model_can_do_is_remembered(server: ModelServer) -> None:
    """How a model is asked for JSON is found out once, also for the next run, and for each server by itself."""
    kept: dict[str, str] = {}
    memory: dict[str, Any] = {"recall": kept.get, "remember": kept.__setitem__}
    ask(a_model(server, faults=[status(400)], **memory))
    assert [json.loads(text)["form"] for text in kept.values()] == ["json_object"]
    ask(a_model(server, **memory))
    assert forms(server) == ["json_schema", "json_object", "json_object"]
    kept[next(iter(kept))] = "of a later version"
    ask(a_model(server, **memory))
    assert forms(server)[-1] == "json_schema"


def test_many_requests_find_out_once(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many requests to an unknown model one goes ahead: a form is refused once, not by each of them."""
    monkeypatch.setattr(llm, "_SCOUT", 60.0)  # however busy this machine is
    model = a_model(server, faults=[status(400)])

    async def many() -> list[Completion]:
        return await asyncio.gather(*(model(PROMPT) for _ in range(20)))

    assert [completion.text for completion in asyncio.run(many())] == [ANSWER] * 20
    assert forms(server).count("json_schema") == 1


def test_a_model_that_is_down_is_given_up(server: ModelServer) -> None:
    """After three requests in a row without an answer the next ones fail at once, and the fallback is asked at once."""
    model = a_model(server, faults=[status(500)] * 9, tries=1)
    for _ in range(5):
        with pytest.raises(ModelUnavailable):
            ask(model)
    assert len(server.faults) == 6
    server.faults.clear()
    with pytest.raises(ModelUnavailable, match="given up after 3 requests in a row"):
        ask(model)


def test_an_answer_begins_the_count_anew(server: ModelServer) -> None:
    """Single failures between answers are no reason to give a model up."""
    model = a_model(server, faults=[status(500), status(500), None] * 3, tries=1)
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                ask(model)
        assert ask(model).text == ANSWER


def test_a_refusal_is_believed(server: ModelServer) -> None:
    """A key that was refused is not tried again; the fallback answers from then on."""
    model = a_model(server, NAME, OTHER, faults=[status(401)])
    assert [ask(model).model for _ in range(3)] == [OTHER] * 3
    assert [request["model"] for request in server.requests] == [MODEL, "other-model", "other-model", "other-model"]


def test_the_answer_is_cut_where_money_is_limited(server: ModelServer) -> None:
    """A request says how long its answer may be only where somebody limits it."""
    ask(a_model(server), replace(PROMPT, most_tokens=77))
    ask(a_model(server))
    assert [request.get("max_tokens") for request in server.requests] == [77, None]


@pytest.mark.parametrize(
    ("models", "prices", "price"),
    [
        (("openai/gpt-4o-mini",), {}, (0.15, 0.6)),
        (("openai/gpt-4o-mini", NAME), {}, None),
        (("openai/gpt-4o-mini", NAME), {NAME: (0.1, 9.0)}, (0.15, 9.0)),
        ((NAME,), {NAME: (0.0, 0.0)}, (0.0, 0.0)),
        (("ollama_chat/any",), {}, (0.0, 0.0)),
    ],
)
def test_price(
    models: tuple[str, ...], prices: dict[str, tuple[float, float]], price: tuple[float, float] | None
) -> None:
    """The price before asking is that of the dearest model that may answer, or unknown."""
    found = LiteLLM(models, prices=prices).price()
    assert found == (pytest.approx(price) if price else None)


def test_a_model_that_thinks_is_told_to_be_brief(server: ModelServer) -> None:
    """Hidden thinking is paid like an answer: where LiteLLM knows how, the model is asked to think least."""
    model = LiteLLM(["gpt-5-mini"], api_base=server.api_base)
    assert ask(model).text == ANSWER
    assert server.requests[0]["reasoning_effort"] == "minimal"
    server.faults.append(status(400))
    assert ask(model).text == ANSWER
    assert "reasoning_effort" not in server.requests[-1]
    assert forms(server)[-1] == "json_schema"


def test_each_provider_has_a_limit_of_its_own(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of all stages and models share the room of their server; another server's is its own."""
    flying: dict[str, int] = {"deepseek": 0, "openai": 0}
    most = dict(flying)

    async def request(model: str, *_: object) -> Completion:
        provider = vendor.provider(model)
        flying[provider] += 1
        most[provider] = max(most[provider], flying[provider])
        await asyncio.sleep(0.001)
        flying[provider] -= 1
        return Completion(ANSWER, Usage(), model)

    known: dict[str, Any] = {"recall": lambda _: "json_schema"}
    models = [LiteLLM([name], parallel=3, **known) for name in ("deepseek/a", "deepseek/b")]
    models.append(LiteLLM([NAME], **known))
    for model in models:
        monkeypatch.setattr(model, "_request", request)

    async def many() -> None:
        await asyncio.gather(*(model(PROMPT) for model in models * 20))

    asyncio.run(many())
    assert most["deepseek"] == 3
    assert most["openai"] > 3
