"""The JSON in a model's answer: after its thinking, with TeX repaired, and the last complete one of several."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

_MOST = 400_000  # characters that are read: an answer of ours has a few thousand
_MOST_STARTS = 200  # places where an object may begin that turn out to be none

# What ends a model's thinking, in the words of the templates in use: </think>, [/THINK], ◁/think▷, <|end_of_thought|>.
_THOUGHT = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad)"
_FINAL = r"<\|channel\|>\s*final[^<]*(?:<\|message\|>)?"
_CLOSING = re.compile(rf"(?:</[\w:]*|\[/|◁/|<\|(?:/|end_of_|end_)){_THOUGHT}\s*\|?[>\]▷]|{_FINAL}", re.I)
_OPENING = re.compile(rf"(?:<[\w:]*|\[|◁|<\|(?:begin_of_|begin_|start_)?){_THOUGHT}\s*\|?[>\]▷]", re.I)

_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKENS = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.S)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[a-zA-Z]+|.)", re.S)
# Commands whose first letter JSON takes for a new line or a tab. A model may mean one in a sentence, unless what
# follows makes one of these; a carriage return, a backspace or a form feed it never means before a letter.
_COMMANDS = frozenset(
    re.findall(
        r"\w+",
        """nabla ne nearrow neg neq newline nexists ni nleq nmid nolimits not notin nparallel nsim nsubseteq nu nwarrow
        tan tanh tau tbinom tensor text textbf textit textrm textsc textsf texttt tfrac therefore theta thinspace tilde
        times to top trace triangle triangleleft triangleq triangleright tt twoheadrightarrow
        """,
    )
)


def rows(reply: str, name: str, ids: Collection[str] = ()) -> list[Any]:
    """The list under `name` in the last complete answer; of one that is cut off, its complete rows.

    With `ids` an object that is about one of them comes before the others: the prompt's example, the schema, a remark.
    Raises ValueError.
    """
    text = repaired(spoken(reply))
    complete = [(found, end) for value, end in _values(text) if (found := _list_under(value, name)) is not None]
    lists = [found for found, _ in complete]
    if cut := _complete_rows(text, name, complete[-1][1] if complete else 0):
        lists.append(cut)
    if not lists:
        raise ValueError(f"the reply has no list {name!r}" if "{" in text else "no JSON object in the reply")
    about = [found for found in lists if any(_is_about(row, ids) for row in found)]
    return (about or lists)[-1]


def is_answer(reply: str, name: str, ids: Collection[str] = ()) -> bool:
    """Whether the reply holds the list, with a row about one of the ids."""
    try:
        found = rows(reply, name, ids)
    except ValueError:
        return False
    return not ids or any(_is_about(row, ids) for row in found)


def spoken(reply: str) -> str:
    """The text after the thinking: a draft is never the answer, and neither is unfinished thinking."""
    text = reply[-_MOST:]
    ends = [found.end() for found in _CLOSING.finditer(text)]
    text = text[ends[-1] :] if ends else text
    return _OPENING.split(text, maxsplit=1)[0]


def ends_with_answer(reply: str, name: str, ids: Collection[str] = ()) -> bool:
    """Whether the text is an answer to its end, or ends with one: thinking aloud that goes on afterwards is a draft."""
    text = repaired(spoken(reply))
    found = [(value, end) for value, end in _values(text) if _list_under(value, name) is not None]
    if not found or re.search(r"\w", text[found[-1][1] :]):
        return False
    given = _list_under(found[-1][0], name) or []
    return not ids or any(_is_about(row, ids) for row in given)


def repaired(text: str) -> str:
    r"""The text with TeX's backslashes doubled inside its strings, and without commas before a closing bracket.

    A backslash before anything but `"\/bfnrtu` is TeX, and so is one that would make a control character before a
    letter: `\frac`, `\beta`, `\times`, `\revise`.
    """
    doubled = _ESCAPE.sub(_doubled, text)
    return _TOKENS.sub(lambda found: "" if found[0] == "," else found[0], doubled)


def _doubled(found: re.Match[str]) -> str:
    """The escape as it is, or with its backslash doubled where it was TeX's."""
    said = found[1]
    takes = found.string[found.end() : found.end() + 1] == "{"  # \r{a}, \textcolor{red}
    is_json = said in '"\\/' or (said in tuple("bfnrt") and not takes) or re.fullmatch("u[0-9a-fA-F]{4}", said)
    is_control = said[0] in "nt" and said not in _COMMANDS and not takes
    return found[0] if is_json or is_control else "\\" + found[0]


def _values(text: str) -> Iterator[tuple[Any, int]]:
    """Every complete JSON object or list of the text, outermost only, with its end."""
    place, starts = 0, 0
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)
    while (found := re.compile(r"[{\[]").search(text, place)) and starts < _MOST_STARTS:
        try:
            value, end = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            starts, place = starts + 1, found.end()
            continue
        place = end
        if isinstance(value, (dict, list)):
            yield value, end


def _list_under(value: Any, name: str, depth: int = 2) -> list[Any] | None:
    """The list, also inside what some servers wrap around it: a tool's arguments, a `response`."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get(name), list):
        return list(value[name])
    inner = (_list_under(one, name, depth - 1) for one in value.values() if depth and isinstance(one, dict))
    return next((found for found in inner if found is not None), None)


def _complete_rows(text: str, name: str, start: int) -> list[Any]:
    """The whole objects and strings at the beginning of a last list, in an object that never ends; none is cut."""
    begun = list(re.compile(rf'"{re.escape(name)}"\s*:\s*\[').finditer(text, start))
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)
    found: list[Any] = []
    place = begun[-1].end() if begun else len(text)
    while row := re.compile(r'[\s,]*(?=[{"\[])').match(text, place):
        try:
            value, place = decoder.raw_decode(text, row.end())
        except (ValueError, RecursionError):
            break
        found.append(value)
    return found


def _is_about(row: Any, ids: Collection[str]) -> bool:
    """Whether the row names one of the ids, in any of the forms that models write a row in."""
    if isinstance(row, dict):
        return str(row.get("id", "")).strip() in ids
    first = row[0] if isinstance(row, list) and row else row
    return isinstance(first, str) and any(part in ids for part in re.split(r"[\s,;:|]+", first.strip())[:1])


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
