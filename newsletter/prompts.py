"""Prompt files → requests. Used by the two stages that ask a model."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError
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
            return _compiled(text).render(values)
        except TemplateSyntaxError as error:
            raise TemplateError(self.file, first_line + error.lineno - 1, error.message or "syntax error") from error
        except _MISTAKES as error:
            raise TemplateError(self.file, first_line + _jinja_line(error) - 1, str(error)) from error


@lru_cache(maxsize=32)
def _compiled(text: str) -> Template:
    """Compiled once for all requests of a day: that costs as much as a request's whole way to the model."""
    return _environment.from_string(text)


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
