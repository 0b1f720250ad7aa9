"""Prompt files → requests, and model answers → JSON. Used by the two stages that ask a model."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import SandboxedEnvironment

from newsletter.errors import TemplateError

# A title may say "</paper>": what comes from outside must not be able to close the marks around it.
_MARK = re.compile(r"<(?=/?(?:paper|topic|languages?|reasons|rejected)\b)", re.IGNORECASE)
_environment = SandboxedEnvironment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
    finalize=lambda value: _MARK.sub("&lt;", value) if isinstance(value, str) else value,
)
# What a template of an operator's may raise: an unknown name, a forbidden one, {{ 1 / 0 }}, {% include %}.
_MISTAKES = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt file's two messages as Jinja templates, and a hash that changes with its text."""

    file: str
    system: str
    user: str
    hash: str
    system_line: int  # where the messages begin in the file, to name its lines in errors
    user_line: int

    @classmethod
    def parse(cls, text: str, file: str) -> PromptFile:
        """Split at the headings `# System` and `# User`. Raises TemplateError."""
        found = re.fullmatch(r"\s*# System[ \t]*\n(?P<system>.*?)^# User[ \t]*\n(?P<user>.*)", text, re.S | re.M)
        if not found:
            raise TemplateError(file, 1, "a prompt has the headings '# System' and, below it, '# User'")
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        messages = found["system"].strip(), found["user"].strip()
        lines = (_line_of(text, found.start(name)) for name in ("system", "user"))
        return cls(file, *messages, digest, *lines)

    def fill(self, **values: Any) -> tuple[str, str]:
        """System and user message with the values in place. Raises TemplateError with the file's line."""
        return self._render(self.system, self.system_line, values), self._render(self.user, self.user_line, values)

    def _render(self, text: str, first_line: int, values: dict[str, Any]) -> str:
        try:
            return _environment.from_string(text).render(values)
        except TemplateSyntaxError as error:
            raise TemplateError(self.file, first_line + error.lineno - 1, error.message or "syntax error") from error
        except _MISTAKES as error:
            raise TemplateError(self.file, first_line + _jinja_line(error) - 1, str(error)) from error


def _line_of(text: str, start: int) -> int:
    """The number of the first line from `start` on that is not blank."""
    blank = len(text[start:]) - len(text[start:].lstrip())
    return text.count("\n", 0, start + blank) + 1


def _jinja_line(error: Exception) -> int:
    trace, line = error.__traceback__, 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def read_object(reply: str) -> dict[str, Any]:
    """The JSON object in a model's reply, also from inside a fence or between words. Raises ValueError."""
    start, end = reply.find("{"), reply.rfind("}")
    if start < 0 or end < start:
        raise ValueError("no JSON object in the reply")
    try:
        found = json.loads(reply[start : end + 1], parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("the reply is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("the reply is not a JSON object")
    return found


def rows(reply: str, name: str) -> list[Any]:
    """The list under `name` in a model's reply; of a reply that is cut off, what is complete. Raises ValueError."""
    try:
        found = read_object(reply).get(name)
    except ValueError:
        return _complete_rows(reply, name)
    if not isinstance(found, list):
        raise ValueError(f"the reply has no list {name!r}")
    return found


def _complete_rows(reply: str, name: str) -> list[Any]:
    """The whole objects and strings at the beginning of a list that never ends: each closes itself, so none is cut."""
    start = re.search(rf'"{re.escape(name)}"\s*:\s*\[', reply)
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    found: list[Any] = []
    place = start.end() if start else len(reply)
    while row := re.compile(r'[\s,]*(?=[{"\[])').match(reply, place):
        try:
            value, place = decoder.raw_decode(reply, row.end())
        except (ValueError, RecursionError):
            break
        found.append(value)
    if not found:
        raise ValueError("no JSON object in the reply, and no complete row of one")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
