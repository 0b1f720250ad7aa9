"""LiteLLM: one request to one of several models, with a timeout, the only retry place, tokens and money."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity import wait_random_exponential as exponential

from newsletter.errors import ModelError, ModelRefused, ModelUnavailable, RequestRefused
from newsletter.llm import vendor
from newsletter.llm.errors import FormRefused, translate
from newsletter.llm.vendor import FORMS, Prices
from newsletter.models import Completion, Prompt

_GIVE_UP = 3  # requests in a row without an answer, each after its own retries: the model is down
_SCOUT = 0.25  # seconds in which the first request to an unknown model may be refused before the others follow


def _forget(_key: str) -> str | None:
    return None


def _keep_nothing(_key: str, _value: str) -> None:
    return None


def _tell_nobody(_model: str, _refusal: ModelRefused | None) -> None:
    return None


@dataclass
class _Model:
    """What is known of one model."""

    form: str | None = None  # how it is asked for JSON; None: nobody knows yet
    stored: str | None = None  # the same, as the next run will find it
    failures: int = 0  # in a row
    refusal: ModelRefused | None = None  # of every request
    scout: asyncio.Event | None = None
    reported: bool | None = None  # whether it was last said to answer


class LiteLLM:
    """`ports.Priced` over LiteLLM: the models are tried in order; what each can do is found out once.

    A model that refuses everybody, or gave no answer several times in a row, is not asked again in this object's life.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        api_base: str | None = None,
        api_base_of: str | None = None,
        prices: Prices | None = None,
        timeout: float = 120.0,
        tries: int = 4,
        patience: float = 180.0,
        recall: Callable[[str], str | None] = _forget,
        remember: Callable[[str, str], None] = _keep_nothing,
        report: Callable[[str, ModelRefused | None], None] = _tell_nobody,
    ) -> None:
        """`api_base` serves the models of the provider of `api_base_of` (without it, of the first model).

        `timeout`: seconds for one request; `patience`: seconds for one model, retries included. `recall` and
        `remember` keep from run to run how a model is asked for JSON. `report` is told of each model that refuses
        everybody, at once and also where a fallback answers, and of each that answers (None).
        """
        self._names, self._api_base, self._prices = tuple(models), api_base, prices or {}
        self._api_provider = vendor.provider(api_base_of or self._names[0])
        self._timeout, self._tries, self._patience = timeout, tries, patience
        self._recall, self._remember, self._report = recall, remember, report
        self._models = {name: _Model() for name in self._names}

    async def __call__(self, prompt: Prompt) -> Completion:
        for model in self._names[:-1]:
            try:
                return await self._ask(model, prompt)
            except ModelError:
                continue  # the next one may do; the last one's error is raised
        return await self._ask(self._names[-1], prompt)

    def price(self) -> tuple[float, float] | None:
        """Dollars per million prompt and completion tokens of the dearest model; None where one is unknown."""
        found = [vendor.price(name, self._prices) for name in self._names]
        known = [price for price in found if price is not None]
        return (max(p[0] for p in known), max(p[1] for p in known)) if len(known) == len(found) else None

    def price_known(self, model: str) -> bool:
        """Whether a call's cost can be computed: from the settings or from LiteLLM's table."""
        return vendor.price(model, self._prices) is not None

    async def _ask(self, model: str, prompt: Prompt) -> Completion:
        known = self._models[model]
        if known.form is None:
            stored = self._recall(self._key(model))
            known.form = known.stored = stored if stored in FORMS else None
        asked: Coroutine[Any, Any, Completion] = self._in_turn(model, prompt)
        try:
            completion = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, vendor.loop()))
        except ModelRefused as error:
            self._say(model, error)
            raise
        self._say(model, None)
        if known.form and known.form != known.stored:
            known.stored = known.form
            self._remember(self._key(model), known.form)
        return completion

    def _say(self, model: str, refusal: ModelRefused | None) -> None:
        """Once for each change: many requests hear the same refusal."""
        known, answers = self._models[model], refusal is None
        if known.reported is not answers:
            known.reported = answers
            self._report(model, refusal)

    async def _in_turn(self, model: str, prompt: Prompt) -> Completion:
        """One answer from one model, when its provider has room for one more request."""
        known = self._models[model]
        async with vendor.room(vendor.provider(model)):
            await self._let_scout_pass(known)
            if known.refusal:
                raise known.refusal
            if known.failures >= _GIVE_UP:
                raise ModelUnavailable(model, f"given up after {_GIVE_UP} requests in a row without an answer")
            try:
                completion = await self._retrying(model, prompt)
            except ModelUnavailable:
                known.failures += 1
                raise
            except ModelRefused as error:
                known.refusal = error
                raise
            finally:
                if known.scout:
                    known.scout.set()
            known.failures = 0
            return completion

    async def _let_scout_pass(self, known: _Model) -> None:
        """Of many requests to an unknown model the first goes a moment ahead: a form is refused at once, and once."""
        if known.form is not None:
            return
        if known.scout is None:
            known.scout = asyncio.Event()
            return
        try:
            await asyncio.wait_for(known.scout.wait(), _SCOUT)
        except TimeoutError:
            return

    async def _retrying(self, model: str, prompt: Prompt) -> Completion:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelUnavailable),
            stop=stop_after_attempt(self._tries) | stop_after_delay(self._patience),
            wait=_pause,
            reraise=True,
        )
        completion: Completion = await retrying(self._climb_down, model, prompt)
        return completion

    async def _climb_down(self, model: str, prompt: Prompt) -> Completion:
        """One request; where the model refuses a way to ask for JSON, the next simpler one is tried.

        It is kept only where it helped: a request that is refused in every way says nothing of the others.
        """
        known, problem = self._models[model], ""
        first = known.form or vendor.first_form(model)
        for form in FORMS[FORMS.index(first) :]:
            try:
                completion = await self._request(model, prompt, form)
            except FormRefused as error:
                problem = error.problem
                continue
            known.form = max(form, known.form or form, key=FORMS.index)
            return completion
        raise RequestRefused(model, problem)

    async def _request(self, model: str, prompt: Prompt, form: str) -> Completion:
        try:
            response = await vendor.litellm().acompletion(
                model=model,
                messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
                api_base=self._base_for(model),
                timeout=self._timeout,
                max_retries=0,
                **vendor.options(model, prompt, form),
            )
        except Exception as error:
            # Everything that LiteLLM raises is sorted by status here; it wraps vendors' errors in many classes.
            raise translate(model, error) from error
        if response is None:  # what LiteLLM makes of a second 422
            raise FormRefused("the request is refused (HTTP 422)")
        text = (response.choices[0].message.content if response.choices else None) or ""
        return Completion(text, vendor.usage(model, prompt, text, response, self._prices), model)

    def _base_for(self, model: str) -> str | None:
        """The configured server serves one provider's models; others have their own address."""
        return self._api_base if vendor.provider(model) == self._api_provider else None

    def _key(self, model: str) -> str:
        return f"model.form {model} {self._base_for(model) or ''}".strip()


def _pause(state: RetryCallState) -> float:
    problem = state.outcome.exception() if state.outcome else None
    if isinstance(problem, ModelError) and problem.retry_after is not None:
        return min(problem.retry_after, 120.0)
    return float(exponential(multiplier=1, max=30)(state))
