"""What a model said becomes the rows of its last complete answer, or a ValueError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.answers import ends_with_answer, is_answer, repaired, rows, spoken

DRAFT, FINAL = '{"s": ["a 1 1", "b 1 1"]}', '{"s": ["a 8 5", "b 9 6"]}'
IDS = ("a", "b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"s": [{"id": 1}, 2, "x", None, [], {}]}, [{"id": 1}, 2, "x", None, [], {}]), ({"s": []}, [])],
)
def test_rows(value: object, expected: list[object]) -> None:
    """Whatever stands in the list is a row; what it is worth the reader of the rows decides."""
    assert rows(json.dumps(value), "s") == expected


@pytest.mark.parametrize("value", [{}, {"s": None}, {"s": {}}, {"s": "x"}, {"S": []}])
def test_rows_refuses(value: object) -> None:
    """A reply without the list is a ValueError that names it."""
    with pytest.raises(ValueError, match="the reply has no list 's'"):
        rows(json.dumps(value), "s")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "no",
        "[1, 2]",
        "}{",
        '{"s": 1',
        '{"s": NaN}',
        "{'s': [1]}",
        '{"s":' * 100_000 + "1" + "}" * 100_000,
        '{"s": ' + "9" * 5000 + "}",
    ],
    ids=lambda reply: reply[:20],
)
def test_what_is_no_answer(reply: str) -> None:
    """Whatever holds no JSON object with the list is a ValueError, the deepest and the longest too."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are not what matters
        rows(reply, "s")


@pytest.mark.parametrize(
    "reply",
    [
        FINAL,
        f"Here you are:\n```json\n{FINAL}\n```\nAnything else?",
        f"\ufeff {FINAL} ",
        f"{FINAL}]}}",
        # the last complete answer, never a draft
        f"Draft: {DRAFT} Final answer: {FINAL}",
        f"```json\n{DRAFT}\n```\nOn reflection:\n```json\n{FINAL}\n```",
        f"{DRAFT}{FINAL}",
        f"<think>{DRAFT}</think>{FINAL}",
        f"{DRAFT} so much for that </think>\n\n{FINAL}",
        f"{DRAFT}</thinking>{FINAL}",
        f"{DRAFT}</seed:think>{FINAL}",
        f"[THINK]{DRAFT}[/THINK]{FINAL}",
        f"◁think▷{DRAFT}◁/think▷{FINAL}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{FINAL}",
        f"<think>{DRAFT}</think><think>more {DRAFT}</think>{FINAL}",
        # what is about none of the ids is no answer
        f'{FINAL} as in the example {{"s": ["id 3 5"]}}',
        f'{FINAL} {{"type": "object", "s": []}}',
        # wrapped
        f'{{"name": "s", "arguments": {FINAL}}}',
        f'{{"response": {{"result": {FINAL}}}}}',
        # nearly JSON
        '{"s": ["a 8 5", "b 9 6",]}',
        '{"s": ["a 8 5", "b 9 6"],}',
    ],
)
def test_the_last_complete_answer_counts(reply: str) -> None:
    """Thinking, drafts, fences, wrappings and the prompt's own example do not hide what the model answered."""
    assert rows(reply, "s", IDS) == ["a 8 5", "b 9 6"]
    assert is_answer(reply, "s", IDS)


@pytest.mark.parametrize(
    "reply",
    [
        '{"s": ["id 3 5", "id 8 6"]}',
        '{"type": "object", "properties": {"s": {"type": "array", "items": {"type": "string"}}}}',
        f"{DRAFT} </think> I am not sure.",
        f"{DRAFT}</think>",
        f"<think>Perhaps {DRAFT}",
        f"<think>Perhaps {DRAFT} or {FINAL}",
        " " * 5000,
    ],
)
def test_what_only_looks_like_an_answer(reply: str) -> None:
    """The prompt's example, the schema, and a draft before or within thinking are none."""
    assert not is_answer(reply, "s", IDS)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"s": ["a", "b", "c', ["a", "b"]),
        ('{"s": [{"id": 1}, {"id": 2', [{"id": 1}]),
        ('Sure: {"x": 1, "s" : [ ["a", 1] , ["b', [["a", 1]]),
        ('{"s": ["a"], "t": [', ["a"]),
        (f'{DRAFT} Better: {{"s": ["a 8 5", "b 9', ["a 8 5"]),
    ],
)
def test_rows_of_a_reply_that_is_cut_off(reply: str, expected: list[object]) -> None:
    """The rows that are complete count, and those of an answer rather than of the draft before it."""
    assert rows(reply, "s") == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\alpha and \"q\"", '\\alpha and "q"'),
        (r"50\% of \$x_1\$", r"50\% of \$x_1\$"),
        (r"\frac{1}{2}, \beta, \times, \theta, \rho, \nabla, \nu_t, \underline{x}", None),
        (r"\revise and \r{ho}, \textcolor{red}{x}, \newmacro{y}, \foo, \bar", None),
        (r"\\alpha stays", r"\alpha stays"),
        (r"one\ntwo\tthree", "one\ntwo\tthree"),
        (r"does\nnot, the\nnew", "does\nnot, the\nnew"),
        (r"\u00e9\u4e2d", "é中"),
        (r"a\/b", "a/b"),
        (r"\(x\) and \[y\]", r"\(x\) and \[y\]"),
    ],
)
def test_tex_inside_json(written: str, meant: str | None) -> None:
    """A backslash that was TeX's is kept as one, and no command becomes a control character."""
    (found,) = rows(f'{{"s": ["{written}"]}}', "s")
    assert found == (written if meant is None else meant)


def test_a_good_answer_is_not_changed() -> None:
    """What a JSON encoder wrote is read as it was."""
    texts = [r"$\frac{a}{b}$ and \n", "a\nb\t\u0001", 'say "x,]"', "\\", "\\\\n"]
    for ascii_only in (True, False):
        assert json.loads(repaired(json.dumps(texts[:2] + texts[3:], ensure_ascii=ascii_only))) == texts[:2] + texts[3:]
        assert rows(json.dumps({"s": texts}, ensure_ascii=ascii_only), "s") == texts


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(FINAL, True), (f"Hm. {DRAFT} No: {FINAL}\n```", True), (f"{DRAFT} but wait, is that right?", False), ("", False)],
)
def test_thinking_aloud_that_ends_with_an_answer(reply: str, expected: bool) -> None:
    """What goes on after the JSON was a draft."""
    assert ends_with_answer(reply, "s", IDS) is expected


def test_spoken() -> None:
    """What a model says after it has thought."""
    assert spoken("<think>x</think> y") == " y"
    assert spoken("y") == "y"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["s", "id", "r", ""]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text(st.sampled_from('{}[]":,s1eN\\u0 \nthink</>'), max_size=40))
def test_rows_always(reply: str) -> None:
    """Whatever a model says is a list or a ValueError."""
    try:
        found = rows(reply, "s", ("s",))
    except ValueError:
        return
    assert isinstance(found, list)
