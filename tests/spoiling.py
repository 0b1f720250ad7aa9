"""Bad answers of models: a table of what can be wrong with scores and with texts, and a model that gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from newsletter.models import Completion, Prompt
from newsletter.ports import Priced

Spoil = Callable[[str], str]

# Every text that must never reach a reader has this word in it.
MARK = "evil"
LINK = f"https://{MARK}.example/x"


def _rows(change: Callable[[list[Any]], Any]) -> Spoil:
    def spoil(text: str) -> str:
        name, rows = next(iter(json.loads(text).items()))
        return json.dumps({name: change(rows)}, ensure_ascii=False)

    return spoil


def _scores(change: Callable[[list[str]], list[str]]) -> Spoil:
    """Each row is changed in its parts: id, relevance, novelty."""
    return _rows(lambda rows: [" ".join(change(row.split())) for row in rows])


def _texts(change: Callable[[str], object]) -> Spoil:
    """Every line, reason and translation is changed."""

    def one(row: dict[str, Any]) -> dict[str, Any]:
        groups = {
            name: {key: change(text) for key, text in row[name].items()} for name in ("lines", "reasons") if name in row
        }
        return row | groups | ({"text": change(row["text"])} if "text" in row else {})

    return _rows(lambda rows: [one(row) for row in rows])


def _swapped(lines: dict[str, str]) -> dict[str, str]:
    return dict(zip(lines, list(lines.values())[::-1], strict=True))


ANY: dict[str, Spoil] = {
    "empty": lambda _: "",
    "prose": lambda _: f"I cannot help with that; see {LINK}.",
    "html": lambda _: f"<html><body><script>{MARK}()</script></body></html>",
    "cut early": lambda text: text[:9],
    "cut in the middle": lambda text: text[: len(text) // 2],
    "cut at the end": lambda text: text[:-1],
    "fenced": lambda text: f"Here you are:\n```json\n{text}\n```\nAnything else?",
    "fenced and cut": lambda text: f"```json\n{text[: len(text) * 3 // 4]}",
    "no object": lambda text: json.dumps(list(json.loads(text).values())),
    "other name": lambda text: json.dumps({MARK: next(iter(json.loads(text).values()))}),
    "twice": lambda text: text + text,
    "deep": lambda _: "[" * 100_000,
    "null": _rows(lambda _: None),
    "no rows": _rows(lambda _: []),
    "rows of nothing": _rows(lambda rows: [None, 3, [], {}, True] * len(rows)),
    "doubled": _rows(lambda rows: rows * 2),
    "with NUL": lambda text: text.replace(" ", "\0", 1),
}
SCORES: dict[str, Spoil] = {
    "missing ids": _rows(lambda rows: rows[1::2]),
    "invented ids": _rows(lambda rows: [*rows, "99999 10 10", f"{MARK} 10 10", "9912.99999 10 10"]),
    "only invented ids": _scores(lambda row: ["9" * 5, "10", "10"]),
    "another's id": _rows(lambda rows: [f"{rows[0].split()[0]} 10 10" for _ in rows]),
    "too high": _scores(lambda row: [row[0], "11", row[2]]),
    "too low": _scores(lambda row: [row[0], "0", "-1"]),
    "not a number": _scores(lambda row: [row[0], "NaN", "Infinity"]),
    "words": _scores(lambda row: [row[0], "eight", "high"]),
    "halves": _scores(lambda row: [row[0], "7.5", row[2]]),
    "one number": _scores(lambda row: row[:2]),
    "a remark": _scores(lambda row: [*row, f"<b>{MARK}</b>"]),
    "objects": _rows(lambda rows: [dict(zip("irn", row.split(), strict=True)) for row in rows]),
    "huge": _scores(lambda row: [row[0], "9" * 400, "9" * 400]),
}
TEXTS: dict[str, Spoil] = {
    "empty line": _texts(lambda _: ""),
    "no line": _texts(lambda _: None),
    "a list": _texts(lambda text: [text]),
    "other language": _texts(lambda _: "Это предложение написано совсем на другом языке, чем просили."),
    "swapped languages": _rows(lambda rows: [row | {"lines": _swapped(row.get("lines", {}))} for row in rows]),
    "5,000 characters": _texts(lambda text: f"{MARK} {text}" * 100),
    "two lines": _texts(lambda text: f"{text}\n{MARK}"),
    "separator": _texts(lambda text: f"{text}\u2028{MARK}"),
    "turned": _texts(lambda text: f"\u202e{MARK} {text}"),
    "invented number": _texts(lambda text: f"{MARK} 87654.3 {text}"),
    "a link": _texts(lambda text: f"{text} {LINK}"),
    "a bare link": _texts(lambda text: f"{MARK}.com {text}"),
    "a mail address": _texts(lambda text: f"{text} a@{MARK}.org"),
    "markdown link": _texts(lambda text: f"[{text}]({LINK})"),
    "markup": _texts(lambda text: f"<b onclick={MARK}()>{text}</b>"),
    "script": _texts(lambda text: f"<script>{MARK}()</script>{text}"),
    "conditional comment": _texts(lambda text: f"<!--[if mso]>{MARK}<![endif]-->{text}"),
    "entity": _texts(lambda text: f"&lt;{MARK}&gt; {text}"),
    "javascript": _texts(lambda text: f"javascript:{MARK}() {text}"),
    "bold": _texts(lambda text: f"**{MARK}** {text}"),
    "formula": _texts(lambda text: f"$\\href{{{LINK}}}{{x}}$ {text}"),
    "another paper": _rows(lambda rows: [row | {"id": "9912.99999"} for row in rows]),
    "no lines": _rows(lambda rows: [{"id": row["id"]} for row in rows]),
    "half a letter": _texts(lambda text: f"{MARK}\ud800{text}"),
}  # fmt: skip


@dataclass
class Spoiling:
    """A model whose answers are spoilt, one kind after the other; `given` counts the bad ones."""

    inner: Priced
    order: Iterator[tuple[Spoil, Spoil]]  # for scores and for texts
    given: list[str] = field(default_factory=list)

    async def __call__(self, prompt: Prompt) -> Completion:
        completion = await self.inner(prompt)
        scores, texts = next(self.order)
        spoilt = (scores if prompt.name == "scores" else texts)(completion.text)
        if spoilt != completion.text:
            self.given.append(spoilt)
        return replace(completion, text=spoilt)

    def price(self) -> tuple[float, float] | None:
        return self.inner.price()


def in_turn(start: int, *, scores_every: int, texts_every: int) -> Iterator[tuple[Spoil, Spoil]]:
    """The kinds one after another from `start` on; with 2 each second answer is good, with 0 all are."""
    scores: Sequence[Spoil] = [*ANY.values(), *SCORES.values()]
    texts: Sequence[Spoil] = [*ANY.values(), *TEXTS.values()]
    number = 0
    while True:
        place = start + number
        yield (
            scores[place % len(scores)] if scores_every and number % scores_every == 0 else str,
            texts[place % len(texts)] if texts_every and number % texts_every == 0 else str,
        )
        number += 1
