"""LiteLLM: one request to one of several models, with a timeout, the only retry place, tokens and money."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from newsletter.errors import (
    ModelError,
    ModelRefused,
    ModelUnavailable,
    ModelUnreadable,
    Refusal,
    RequestRefused,
    RequestTooLong,
)
from newsletter.llm import parameters, reading, servers, vendor
from newsletter.llm.errors import FormRefused, ParameterRefused, translate
from newsletter.llm.known import Kept, Known
from newsletter.llm.lanes import Lanes
from newsletter.llm.parameters import FORMS, Server
from newsletter.llm.vendor import Prices
from newsletter.models import AnswerState, Completion, Prompt

log = structlog.get_logger()

_GIVE_UP = 3  # requests in a row without an answer, each after its own retries: the model is down
_SCOUT = 0.25  # seconds in which the first request to an unknown model may be refused before the others follow
_HOSTED, _LOCAL = 120.0, 300.0  # seconds for one answer; a local server's count from the last answer of anybody's
_HARD = 3600.0  # LiteLLM's own limit, where ours is counted from the last answer
_SPARE = 1.15  # tokens of TeX to our estimate, until the model's own are known
_REFUSES_ALL, _REFUSES_TEXTS = 3, 12  # requests refused without an answer in between: in every form, for their texts
_SAME_FORM = 2  # how often one request is asked in one form
_CHANGES = 6  # parameters that are changed for one request
_LONGEST_PAUSE = 30.0  # between two tries where nobody says how long


def _forget(_key: str) -> str | None:
    return None


def _keep_nothing(_key: str, _value: str) -> None:
    return None


def _tell_nobody(_model: str, _refusal: ModelRefused | None) -> None:
    return None


def _size(prompt: Prompt) -> int:
    """The length of the request with its answer by our own count, whatever we learn about a model's tokens."""
    return reading.sent(prompt) + 2 * prompt.expected_tokens + 50


class LiteLLM:
    """`ports.Priced` over LiteLLM: the models are tried in order; what each can do is found out once.

    A model that refuses everybody, that cannot be read in any form, or that gave no answer several times in a row is
    not asked again in this object's life. One call is one paid request at most.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        api_base: str | None = None,
        api_base_of: str | None = None,
        prices: Prices | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        parallel: int | None = None,
        window: int | None = None,
        tries: int | None = 4,
        patience: float = 180.0,
        recall: Callable[[str], str | None] = _forget,
        remember: Callable[[str, str], None] = _keep_nothing,
        report: Callable[[str, ModelRefused | None], None] = _tell_nobody,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`api_base` serves the models of the provider of `api_base_of` (without it, of the first model).

        `options`: further parameters of every request, or under a model's name of that model's. `timeout`: seconds for
        one answer; `parallel`: requests at once; `window`: tokens of one request with its answer; None: learned.
        `tries`: how often one request is tried where nobody says how long to wait (None: as long as `patience` lasts);
        `patience`: seconds without an answer after which a model is given up, the waits that it asks for included.
        `recall` and `remember` keep what worked from run to run. `report` is told of each model that refuses everybody,
        at once and also where a fallback answers, and of each that answers (None).
        """
        self._names, self._api_base, self._prices = tuple(models), api_base, prices or {}
        self._api_provider = vendor.provider(api_base_of or self._names[0])
        self._options = options or {}
        self._timeout, self._parallel, self._window = timeout, parallel, window
        self._tries, self._patience = tries, patience
        self._recall, self._remember, self._report = recall, remember, report
        self._clock, self._sleep, self._now = clock, sleep, now
        self._models = {name: Known() for name in self._names}

    async def __call__(self, prompt: Prompt) -> Completion:
        problems: list[ModelError] = []
        for model in self._names:
            try:
                return self._with_more(await self._ask(model, prompt), prompt)
            except ModelError as error:
                problems.append(error)  # the next one may do
        # What a smaller request may cure comes first; else the last one's error is told.
        raise next((one for one in problems if isinstance(one, RequestRefused)), problems[-1])

    def price(self) -> tuple[float, float] | None:
        """Dollars per million input and output tokens of the dearest model; None if one is unknown."""
        found = [vendor.price(name, self._prices) for name in self._names]
        known = [price for price in found if price is not None]
        return (max(p[0] for p in known), max(p[1] for p in known)) if len(known) == len(found) else None

    def price_known(self, model: str) -> bool:
        """Whether a call's cost can be computed: from the settings or from LiteLLM's table."""
        return vendor.price(model, self._prices) is not None

    # --- one model ---

    async def _ask(self, model: str, prompt: Prompt) -> Completion:
        known = self._models[model]
        if known.stored is None:
            known.stored = self._recall(self._key(model)) or ""
            known.kept = Kept.read(known.stored)
        asked: Coroutine[Any, Any, Completion] = self._in_turn(model, prompt)
        try:
            completion = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, vendor.loop()))
        except ModelRefused as error:
            self._say(model, error)
            raise
        finally:
            self._keep(model)
        self._say(model, None)
        return completion

    def _keep(self, model: str) -> None:
        """What was found out, for the next run; what worked only: a form is kept once it has brought an answer."""
        known = self._models[model]
        kept = known.kept if known.proven or known.stored else replace(known.kept, form=None)
        text = kept.text()
        if text not in (known.stored, "{}"):
            known.stored = text
            self._remember(self._key(model), text)

    def _say(self, model: str, refusal: ModelRefused | None) -> None:
        """Once for each change: many requests hear the same refusal."""
        known, answers = self._models[model], refusal is None
        if known.reported is not answers:
            known.reported = answers
            self._report(model, refusal)

    async def _in_turn(self, model: str, prompt: Prompt) -> Completion:
        """One answer from one model, when its server has room for one more request."""
        known = self._models[model]
        lanes = self._lanes(model)
        async with lanes.one():
            scout = await self._let_scout_pass(known)
            try:
                self._refuse_in_advance(model, prompt)
                completion = await self._persistently(model, prompt, lanes)
            except ModelUnavailable:
                known.failures += 1
                raise
            except ModelRefused as error:
                known.refusal = error
                raise
            except RequestRefused as error:
                self._note_refused(model, error)
                raise
            finally:
                if scout:
                    scout.set()
            known.failures = 0
            return completion

    def _note_refused(self, model: str, error: RequestRefused) -> None:
        """A model that refuses several requests in a row without ever answering refuses them all."""
        known = self._models[model]
        if isinstance(error, RequestTooLong) or known.answered:
            return
        known.refused += 1
        if known.refused >= (_REFUSES_TEXTS if error.certain else _REFUSES_ALL):
            known.refusal = ModelRefused(model, f"refuses every request: {error.problem}", reason=Refusal.ACCOUNT)
            raise known.refusal from error

    def _refuse_in_advance(self, model: str, prompt: Prompt) -> None:
        """What is known to fail is not sent."""
        known = self._models[model]
        if known.refusal:
            raise known.refusal
        if known.hopeless:
            raise ModelUnreadable(model, known.hopeless)
        if known.failures >= _GIVE_UP:
            raise ModelUnavailable(model, f"given up after {_GIVE_UP} requests in a row without an answer")
        if self._next_form(model, prompt) is None:
            raise ModelUnreadable(model, "no answer to this request could be read, in any form")
        window, longest = self._window_of(model), known.kept.longest
        if window and prompt.parts > 1 and self._need(model, prompt) > window:
            raise RequestTooLong(model, f"longer than {window} tokens with its answer", limit=window)
        if longest and prompt.parts > 1 and _size(prompt) > longest:
            raise RequestTooLong(model, "as long as one that was refused for its length")

    async def _let_scout_pass(self, known: Known) -> asyncio.Event | None:
        """Of many requests to an unknown model the first goes a moment ahead: a form is refused at once, and once.

        Once an answer could not be read, the others wait for a readable one: each of them would be paid for. What is
        returned is to be set when the request is over.
        """
        while not known.proven and (known.form is None or known.unreadable):
            ahead = known.scout
            if ahead is None or ahead.is_set():
                known.scout = asyncio.Event()
                return known.scout
            try:
                await asyncio.wait_for(ahead.wait(), None if known.unreadable else _SCOUT)
            except TimeoutError:
                return None
        return None

    async def _persistently(self, model: str, prompt: Prompt, lanes: Lanes) -> Completion:
        """The only place that retries: as long as the model is expected back within our patience."""
        known = self._models[model]
        started, tries = self._clock(), 0
        while True:
            await self._until_open(model, started)
            try:
                return await self._in_some_form(model, prompt, lanes)
            except ModelUnavailable as error:
                tries += error.retry_after is None or not error.throttled
                if error.throttled:
                    lanes.throttled()
                pause = servers.pause(tries, _LONGEST_PAUSE) if error.retry_after is None else error.retry_after
                spent = self._tries is not None and tries >= self._tries
                if spent or self._clock() + pause - max(started, known.progress) > self._patience:
                    raise
                if error.retry_after is not None and error.throttled:
                    known.closed_until = max(known.closed_until, self._clock() + pause)
                else:
                    await self._sleep(pause)

    async def _until_open(self, model: str, started: float) -> None:
        """Wait as long as the model has asked everyone to wait."""
        known = self._models[model]
        while (pause := known.closed_until - self._clock()) > 0:
            if self._clock() + pause - max(started, known.progress) > self._patience:
                raise ModelUnavailable(model, f"asks for {pause:.0f} s more", pause, throttled=True)
            await self._sleep(pause)

    # --- one request ---

    async def _in_some_form(self, model: str, prompt: Prompt, lanes: Lanes) -> Completion:
        """One answer; where the model refuses a way to ask for JSON, the next simpler one is tried.

        It is kept only where it helped: a request that is refused in every way says nothing of the others.
        """
        known, problem = self._models[model], ""
        first = self._next_form(model, prompt) or FORMS[-1]
        for form in parameters.forms_from(model, first):
            try:
                return await self._with_parameters(model, prompt, form, lanes)
            except FormRefused as error:
                if not error.certain:  # after two of them the next simpler form is tried
                    known.server_errors += 1
                    raise ModelUnavailable(model, error.problem) from error
                problem = error.problem
        raise RequestRefused(model, problem, certain=False)

    def _next_form(self, model: str, prompt: Prompt) -> str | None:
        """The form to ask this in: not one in which it could not be read twice; None: there is none left."""
        known = self._models[model]
        first = FORMS.index(known.form or parameters.first_form(model))
        if not known.proven and known.server_errors >= _SAME_FORM:
            first = min(first + known.server_errors - 1, len(FORMS) - 1)
        simpler = parameters.forms_from(model, FORMS[first])
        forms = (form for form in simpler if prompt.failed.count(f"{model} {form}") < _SAME_FORM)
        return next(forms, None)

    async def _with_parameters(self, model: str, prompt: Prompt, form: str, lanes: Lanes) -> Completion:
        """One answer; a parameter that the model refuses by name is changed, and remembered."""
        known = self._models[model]
        for _ in range(_CHANGES):
            try:
                return await self._request(model, prompt, form, lanes)
            except ParameterRefused as error:
                if not known.change(error.name, error.instead, error.value):
                    raise FormRefused(error.problem) from error
                log.info("model.parameter-changed", model=model, parameter=error.name, why=error.problem)
        raise FormRefused("too many parameters are refused")

    async def _request(self, model: str, prompt: Prompt, form: str, lanes: Lanes) -> Completion:
        found = self._parameters(model, prompt, form)
        plain = "response_format" not in found
        started = self._clock()
        try:
            response = await self._in_time(model, prompt, found, lanes)
        except ModelUnavailable:
            raise
        except Exception as error:
            # Everything that LiteLLM raises is sorted by status here; it wraps vendors' errors in many classes.
            translated = translate(model, error, self._now(), parameters=parameters.names(found), plain=plain)
            if isinstance(translated, RequestTooLong):
                self._learn_window(model, prompt, translated.limit)
            raise translated from error
        if response is None:  # what LiteLLM makes of a second 422
            raise FormRefused("the request is refused (HTTP 422)")
        return self._judged(model, prompt, form, response, lanes, self._clock() - started)

    async def _in_time(self, model: str, prompt: Prompt, found: dict[str, Any], lanes: Lanes) -> Any:
        """The response. A slow server answers one after another: its time counts from its last answer to anybody."""
        server = self._server(model)
        limit = self._timeout or (_LOCAL if server.may_be_slow else _HOSTED)
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        call = vendor.litellm().acompletion(
            model=model,
            messages=messages,
            api_base=server.base,
            timeout=_HARD if server.may_be_slow else limit,
            max_retries=0,
            **found,
        )
        if not server.may_be_slow:
            return await call
        task, started = asyncio.ensure_future(call), self._clock()
        try:
            while not task.done():
                left = max(started, lanes.progress) + limit - self._clock()
                if left <= 0:
                    raise ModelUnavailable(model, f"no answer within {limit:.0f} s")
                await asyncio.wait({task}, timeout=left)
            return task.result()
        finally:
            task.cancel()

    def _judged(self, model: str, prompt: Prompt, form: str, response: Any, lanes: Lanes, seconds: float) -> Completion:
        known, read = self._models[model], reading.judge(prompt, response)
        usage = vendor.usage(model, prompt, read.text, response, self._prices)
        known.progress, known.answered = self._clock(), True
        lanes.answered(prompt.name, reading.sent(prompt) / 12 + max(usage.completion_tokens, 1), seconds)
        if self._server(model).may_be_slow:
            known.kept.parallel = lanes.limit if lanes.limit < servers.MOST else None
        counted = vendor.counted(response)
        completion = Completion(read.text, usage, model, read.state, read.cause, f"{model} {form}")
        if self._was_blind(known, prompt, counted):
            cause = f"the server read {counted} of about {reading.sent(prompt)} tokens: it may have cut the prompt"
            completion = replace(completion, state=AnswerState.BLIND, cause=cause)
        elif read.state is AnswerState.UNREADABLE:
            known.bad(form, read.cause)
        elif read.state is AnswerState.CUT and not reading.answers_it(prompt, read.text):
            known.brief = True
        elif read.state is not AnswerState.REFUSED:
            known.good(form)
        if completion.cause:
            log.info("model.answer", model=model, state=completion.state.value, cause=completion.cause)
        return completion

    def _was_blind(self, known: Known, prompt: Prompt, counted: int) -> bool:
        """Whether the server cut the prompt. If the ratio is the same with half the prompt, the model just counts
        differently."""
        sent = reading.sent(prompt)
        short = reading.read_too_little(prompt, counted, known.kept.least)
        if known.suspect:
            before_sent, before_read = known.suspect
            if sent < 0.75 * before_sent and counted:
                known.suspect = None
                if counted / sent < 1.2 * before_read / before_sent:
                    known.kept.ratio = known.kept.least = counted / sent
                    return False
                known.kept.window = min(before_read, known.kept.window or before_read)
        if short and known.suspect is None:
            known.suspect = (sent, counted)
        if not short and counted and sent >= reading.LEAST_TOKENS:
            known.kept.ratio = round(max(counted / sent, known.kept.ratio or 0.0), 2)
            known.kept.least = round(min(counted / sent, known.kept.least or 9.0), 2)
        return short

    def _learn_window(self, model: str, prompt: Prompt, limit: int | None) -> None:
        """The size that was refused is not sent again."""
        kept = self._models[model].kept
        kept.window = min((one for one in (limit, kept.window) if one), default=None)
        kept.longest = min(int(0.9 * _size(prompt)), kept.longest or _size(prompt))

    # --- what is known ---

    def _with_more(self, completion: Completion, prompt: Prompt) -> Completion:
        """Whether the same request can still be asked in another way, by this model or a later one."""
        failed = replace(prompt, failed=(*prompt.failed, completion.asked))
        usable = (one for one in self._names if not self._models[one].hopeless and not self._models[one].refusal)
        return replace(completion, more=any(self._next_form(model, failed) for model in usable))

    def _parameters(self, model: str, prompt: Prompt, form: str) -> dict[str, Any]:
        known = self._models[model]
        return parameters.build(
            model,
            self._server(model),
            prompt,
            form,
            window=self._window_of(model),
            need=self._need(model, prompt),
            brief=known.brief,
            dropped=known.kept.dropped,
            renamed=known.kept.renamed,
            values=known.kept.values,
        )

    def _need(self, model: str, prompt: Prompt) -> int:
        """Tokens of the request with its answer, rather too many than too few."""
        ratio = self._models[model].kept.ratio
        return _size(prompt) + int(reading.sent(prompt) * ((ratio * 1.05 if ratio else _SPARE) - 1))

    def _window_of(self, model: str) -> int | None:
        return self._window or self._models[model].kept.window or self._server(model).default_window

    def _server(self, model: str) -> Server:
        return Server(vendor.provider(model), self._base_for(model), dict(self._options_for(model)))

    def _options_for(self, model: str) -> Iterator[tuple[str, Any]]:
        """The operator's parameters for this model; those under its own name win."""
        yield from ((name, value) for name, value in self._options.items() if name not in self._names)
        yield from self._options.get(model, {}).items()

    def _lanes(self, model: str) -> Lanes:
        server = self._server(model)
        remembered = self._models[model].kept.parallel if server.may_be_slow else None
        return servers.lanes(server, self._parallel, remembered, self._clock)

    def _base_for(self, model: str) -> str | None:
        """The configured server serves one provider's models; others have their own address."""
        return self._api_base if vendor.provider(model) == self._api_provider else None

    def _key(self, model: str) -> str:
        return f"model.form {model} {self._base_for(model) or ''}".strip()
