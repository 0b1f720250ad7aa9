"""An answer is checked before it is used: its content, its thinking, why it ended, and how much the server read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from newsletter import answers
from newsletter.models import AnswerState, Prompt

SUSPECT = 0.6  # of the tokens that were sent, by our estimate: a server that reads fewer may have cut the prompt
LEAST_TOKENS = 500  # a prompt that is too short to be suspected
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_CUT = ("length", "max_tokens", "model_length", "model_context_window_exceeded", "incomplete")
_BLOCKED = re.compile(
    r"content_?filter|refus|safety|block|prohibited|recitation|spii|sensitive|guardrail|moderat", re.I
)
# A refusal in plain words, as models without a field for it write it; only where there is no answer beside it.
_SORRY = re.compile(
    r"\b(?:can(?:no|')t|can ?not|unable to|won't|not able to|must decline)\b.{0,40}\b(?:assist|help|comply|provide|"
    r"answer|process|continue|fulfil|discuss|engage|complete|rate|score|judge)|against (?:my|our) (?:guidelines|polic)"
    r"|(?:无法|不能|不便).{0,10}(?:回答|提供|处理|协助|讨论|满足)|换个话题",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The content of an answer and whether it is usable."""

    text: str
    state: AnswerState
    cause: str = ""


def estimate(text: str) -> int:
    """A rough count of tokens: one for four letters, one for each Chinese, Japanese or Korean character."""
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide + 3) // 4


def sent(prompt: Prompt) -> int:
    """Our estimate of the prompt's tokens."""
    return estimate(prompt.system) + estimate(prompt.user)


def judge(prompt: Prompt, response: Any) -> Reading:
    """The text of the answer with its state; of what the server read nothing is said here."""
    choice = response.choices[0] if getattr(response, "choices", None) else None
    message = getattr(choice, "message", None)
    finish = str(getattr(choice, "finish_reason", None) or "nothing")
    content = _text(getattr(message, "content", None))
    if answers_it(prompt, content):
        return Reading(content, AnswerState.CUT if finish in _CUT else AnswerState.GOOD, _why(finish, finish in _CUT))
    thinking = _thinking(message)
    # Thinking that used up the answer's length is full of drafts.
    if not content.strip() and finish not in _CUT and answers.ends_with_answer(thinking, prompt.name, prompt.ids):
        return Reading(thinking, AnswerState.GOOD)
    return _bad(message, content, finish, thinking=thinking)


def answers_it(prompt: Prompt, text: str) -> bool:
    """Whether the text contains rows about the requested ids; without ids, whether it contains the requested list."""
    return answers.is_answer(text, prompt.name, prompt.ids)


def _bad(message: Any, content: str, finish: str, *, thinking: str) -> Reading:
    refusal = _text(_field(message, "refusal"))
    if refusal or _BLOCKED.search(finish) or _SORRY.search(content[:400]):
        said = (refusal or content).strip()[:120]
        return Reading(content, AnswerState.REFUSED, f"the answer was refused ({_finished(finish)}){_quoted(said)}")
    if finish in _CUT and (not content or content.strip()):
        spent = "thinking used up its length" if thinking and not content else "it was cut before its first row"
        return Reading(content, AnswerState.CUT, f"the answer was empty: {spent} ({_finished(finish)})")
    what = "nothing but white space" if content else "empty"
    if content.strip():
        what = "not about what was asked" if "{" in content else "not JSON"
    return Reading(content, AnswerState.UNREADABLE, f"the answer was {what} ({_finished(finish)})")


def _quoted(text: str) -> str:
    return f': "{" ".join(text.split())}"' if text else ""


def _why(finish: str, cut: bool) -> str:
    return f"the answer was cut short ({_finished(finish)})" if cut else ""


def _finished(finish: str) -> str:
    return f"finish_reason {finish}"


def _text(content: object) -> str:
    """A message's text, which some servers send in parts."""
    if isinstance(content, list):
        parts = (part.get("text", "") if isinstance(part, dict) else getattr(part, "text", "") for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _thinking(message: Any) -> str:
    """The reasoning channel, under whichever name it came."""
    return next(
        (text for name in ("reasoning_content", "reasoning", "thinking") if (text := _text(_field(message, name)))), ""
    )


def _field(message: Any, name: str) -> object:
    more = getattr(message, "provider_specific_fields", None) or {}
    return getattr(message, name, None) or (more.get(name) if isinstance(more, dict) else None)


def read_too_little(prompt: Prompt, counted: int, least: float | None) -> bool:
    """Whether the server says it read much less than it was sent. `least`: its tokens to ours, where that is known.

    A server that counts nothing is believed.
    """
    expected = sent(prompt)
    if not counted or expected < LEAST_TOKENS:
        return False
    return counted < expected * (SUSPECT if least is None else 0.75 * least)
