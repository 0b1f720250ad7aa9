"""`newsletter init`: the files of a new newsletter, checked by the code that will read them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from tzlocal import get_localzone_name

from newsletter import subscribers
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.settings import variable
from newsletter.transports import Question, kinds

INTERESTS = "Mixture of experts, sparsity, pruning, quantization, training dynamics."
CATEGORIES = ("cs.LG", "cs.CL")
# The variables in which providers' packages look for their key.
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "gemini": "GEMINI_API_KEY",
         "openrouter": "OPENROUTER_API_KEY", "mistral": "MISTRAL_API_KEY", "deepseek": "DEEPSEEK_API_KEY",
         "azure": "AZURE_API_KEY"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What someone says of their new newsletter."""

    email: str
    categories: tuple[str, ...] = CATEGORIES
    interests: str = INTERESTS
    languages: tuple[str, ...] = ("en", "zh")
    timezone: str = "UTC"
    send_at: str = "09:30"
    model: str = ""
    model_key: str = ""
    transport: str = "outbox"
    sender: str = ""
    own: Mapping[str, str] = field(default_factory=dict)  # what the transport has asked, by setting


def local_zone() -> str:
    """This machine's time zone, if readers can have it."""
    try:
        return ZoneInfo(get_localzone_name() or "UTC").key
    except (KeyError, ValueError, OSError):
        return "UTC"


def key_variable(model: str) -> str | None:
    """The variable in which this model's provider looks for its key."""
    return _KEYS.get(model.partition("/")[0])


def questions() -> list[Question]:
    """What the transports ask."""
    return [question for kind in kinds().values() for question in kind.questions]


def write(folder: Path, answers: Answers) -> list[Path]:
    """Writes the new files; never touches one that exists. Raises ConfigurationError with nothing written."""
    files = _files(answers)
    if there := [folder / name for name in files if (folder / name).exists()]:
        remedy = "choose an empty folder, or remove the file to start over"
        raise ConfigurationError(
            [Finding(str(file), None, "already exists; nothing was written", remedy) for file in there]
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".newsletter-init.", dir=folder) as draft:
            for name, text in files.items():
                _write(Path(draft) / name, text)
            _check(Path(draft))
            return [_put(Path(draft) / name, folder / name) for name in files]
    except OSError as error:
        problem = f"{folder} cannot be written: {error.strerror or error}"
        raise ConfigurationError([Finding("init", None, problem, "choose a folder that you can write to")]) from error


def _files(answers: Answers) -> Mapping[str, str]:
    return {
        "subscribers.yaml": _roster(answers),
        subscribers.SCHEMA_FILE: subscribers.schema_text(),
        "prompts/topics/papers.md": f"{answers.interests.strip()}\n",
        ".env": _environment(answers),
    }


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if file.name == ".env" else 0o644)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def _check(draft: Path) -> None:
    """As `newsletter check` will read it, but named by what was asked."""
    try:
        findings = [*subscribers.load(draft / "subscribers.yaml").findings]
    except ConfigurationError as error:
        findings = [*error.findings]
    if findings:
        raise ConfigurationError([Finding("init", None, one.problem, one.remedy) for one in findings])


def _put(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(file, target)  # unlike a rename it fails where someone was faster
    return target


def _roster(answers: Answers) -> str:
    quoted = json.dumps  # every JSON string is a YAML string
    return f"""\
# yaml-language-server: $schema={subscribers.SCHEMA_FILE}
# Who gets what. Saved changes take effect without a restart; `newsletter check` says what is wrong.
newsletter:
  send_at: {answers.send_at}      # local time of each reader
  timezone: {answers.timezone}
  languages: [{", ".join(answers.languages)}]   # the first one leads

topics:
  papers:
    categories: [{", ".join(answers.categories)}]
    interests: prompts/topics/papers.md   # what your readers care about: papers are scored against it

subscribers:
  - {quoted(answers.email, ensure_ascii=False)}
"""


def _environment(answers: Answers) -> str:
    lines = ["# Settings. Lines that start with # keep their defaults. `newsletter check --online` tries the settings."]
    key = key_variable(answers.model) or "OPENAI_API_KEY"
    lines += ["", "# The model that scores and summarises papers. Without one, papers are ordered by word match."]
    lines += _setting("NEWSLETTER_MODEL", answers.model, "openai/gpt-5-mini")
    lines += _setting(key, answers.model_key, "")
    lines += ["", f"# How to send emails: {_ways()}."]
    lines += _setting("NEWSLETTER_TRANSPORT", answers.transport, "")
    lines += _setting("NEWSLETTER_SENDER", answers.sender, "Morning arXiv <news@example.org>")
    for asked in questions():
        lines += _setting(variable(asked.setting), answers.own.get(asked.setting, ""), asked.example)
    lines += ["", "# For a newsletter that others read.", "#NEWSLETTER_PUBLIC_URL=https://news.example.org"]
    lines += ["#NEWSLETTER_IMAP_URL=imaps://news@example.org@mail.example.org/INBOX", "#NEWSLETTER_IMAP_PASSWORD="]
    lines += [f"NEWSLETTER_ADMIN_EMAIL={answers.email}   # gets one email for each problem and one when it is resolved"]
    return "\n".join(lines) + "\n"


def _ways() -> str:
    named = (f"{kind.name} (files in var/{kind.folder})" if kind.folder else kind.name for kind in kinds().values())
    *names, last = named
    return f"{', '.join(names)} or {last}"


def _setting(name: str, value: str, example: str) -> list[str]:
    if not value:
        return [f"#{name}={example}"]
    # dotenv's single quotes: nothing in them is special but the quote and the backslash.
    plain = value.replace("\\", "\\\\").replace("'", "\\'")
    return [f"{name}='{plain}'" if set(value) & set(" #'\"\\$") else f"{name}={value}"]
